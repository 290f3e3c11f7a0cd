//! The duty of a member: a share over the checkpoint of every epoch that root has not accepted, for as long as that takes.
//!
//! ```text
//! accepted on root ◀──── signed, a batch a round ────▶ over          the votes of an epoch carry the share over the one before
//!        └── late votes, and handed to others ─▶ all but the last one that is over
//! ```
//! A share that no vote carried in time (the node was down, its disk full, its precommit late) is signed when that can be done, kept with the
//! shares of others, from where relayers take it, carried by this node's later votes while it has a seat, and handed to the nodes of
//! `share_with`. What is signed comes from this node's own committed
//! state and goes through the sign state; nobody can ask for it. A round does a bounded number of epochs, and all that is remembered is
//! a position: root accepts in order, so the oldest go first.

use std::{
    convert::Infallible,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use plasmid_proto::bridge::v1::{SubmitShareRequest, bridge_service_client::BridgeServiceClient};
use plasmid_staking::Member;
use tokio::{sync::watch, task::JoinSet, time::Instant};
use tonic::{Code, Status, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use super::root::RootReader;
use crate::{
    app::{App, ports::Unsigned, shares::Own},
    chain::extension::LateShare,
    client::{self, ClientError},
    engine::abci::Fault,
    plain,
};

/// Time between two rounds.
const PACE: Duration = Duration::from_millis(500);
/// Time until a node that did not take a share is tried again.
const REST: Duration = Duration::from_secs(5);
/// Time after which shares over an epoch that is still not accepted are handed in again: the other node may have lost them.
const AGAIN: Duration = Duration::from_secs(60);
/// How long another node may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Epochs of one round.
const BATCH: u64 = 64;

/// A position among the epochs that root has not accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Position {
    next: u64,
    /// Checkpoints that root had accepted at the last round.
    accepted: u64,
}

impl Position {
    /// The epochs of a round: the first ones that are not done, of those that root has not accepted and that are below `end`.
    fn round(&mut self, accepted: u64, end: u64) -> Range<u64> {
        // The number of checkpoints that root has accepted never falls: what was said before was a lie, or this is one. Nothing in between may be left unsigned.
        if accepted < self.accepted {
            self.next = accepted;
        }
        self.accepted = accepted;
        self.next = self.next.max(accepted);
        self.next..end.min(self.next.saturating_add(BATCH))
    }

    /// That this epoch of the round needs nothing more.
    fn done(&mut self, epoch: u64) {
        self.next = self.next.max(epoch.saturating_add(1));
    }
}

/// Another node.
#[derive(Clone, Debug)]
pub struct Other {
    place: String,
    channel: Channel,
    /// Whether it could not be reached, or did not take a share, when it was last tried.
    fails: Arc<AtomicBool>,
}

impl Other {
    /// A node at this address, connected when there is something to hand in.
    fn new(address: &str) -> Result<Self, ClientError> {
        let endpoint = client::endpoint(address)?;
        Ok(Self {
            place: plain::place(address),
            channel: endpoint
                .connect_timeout(PATIENCE)
                .timeout(PATIENCE)
                .connect_lazy(),
            fails: Arc::default(),
        })
    }

    /// How it answered now. The first of several failures is logged.
    fn answered(&self, answer: Result<(), Status>) -> bool {
        let failure = answer.err();
        let failed = self.fails.swap(failure.is_some(), Ordering::Relaxed);
        if let Some(status) = &failure
            && !failed
        {
            let (node, why) = (&self.place, status.message());
            tracing::warn!(
                node,
                why,
                "a node of share_with takes no share of this one; trying again"
            );
        }
        failure.is_none()
    }

    /// Whether it can be reached, before there is a share for it.
    async fn probe(&self) -> Result<(), Status> {
        let mut client = HealthClient::new(self.channel.clone());
        client.check(HealthCheckRequest::default()).await.map(drop)
    }
}

/// The nodes at these addresses.
///
/// # Errors
/// The address that is wrong, and why.
pub fn others(addresses: &[String]) -> Result<Vec<Other>, (String, ClientError)> {
    let others = addresses.iter();
    others
        .map(|address| Other::new(address).map_err(|why| (address.clone(), why)))
        .collect()
}

/// Whether the shares of the member with this key stay at this node when no vote carries them: others sign, too, and none of the nodes to
/// which it hands them takes them.
pub fn shares_stay(key: Option<[u8; 96]>, members: &[Member], others: &[Other]) -> bool {
    let with_others = |key| members.iter().any(|member| member.checkpoint_key != key);
    let fails = |other: &Other| other.fails.load(Ordering::Relaxed);
    others.iter().all(fails) && key.is_some_and(with_others)
}

/// What the parts of the duty share.
#[derive(Clone)]
struct Duty {
    app: Arc<App>,
    root: RootReader,
}

/// Does the duty until it is dropped. A node without a checkpoint key has none.
///
/// # Errors
/// [`Fault`] when the state or the store cannot be read.
pub async fn run(app: Arc<App>, root: RootReader, others: Vec<Other>) -> Result<Infallible, Fault> {
    let duty = Duty { app, root };
    let (signed, until) = watch::channel(0);
    let mut handing = JoinSet::new();
    for other in others {
        handing.spawn(duty.clone().hand_in(other, until.clone()));
    }
    let mut position = Position::default();
    loop {
        tokio::time::sleep(PACE).await;
        let Some(accepted) = duty.accepted() else {
            continue;
        };
        for epoch in position.round(accepted, duty.app.ended()) {
            match duty.own_share(epoch).await? {
                // What the sign state refuses for ever is not asked for again; it has said so.
                Own::Share(_) | Own::None | Own::Unsigned(Unsigned::ForEver) => {
                    position.done(epoch);
                }
                Own::Unsigned(Unsigned::ForNow) => break,
            }
        }
        signed.send_replace(position.next);
        duty.by_votes(accepted..position.next).await?;
        while let Some(ended) = handing.try_join_next() {
            ended.map_err(Fault::new)??;
        }
    }
}

impl Duty {
    /// Number of checkpoints that root has accepted; `None` until root has been read.
    fn accepted(&self) -> Option<u64> {
        self.root.finalized()?;
        Some(self.root.accepted())
    }

    /// Signing waits for the disk, so it is not for the threads that serve.
    async fn own_share(&self, epoch: u64) -> Result<Own, Fault> {
        let app = Arc::clone(&self.app);
        tokio::task::spawn_blocking(move || app.own_share(epoch))
            .await
            .map_err(Fault::new)?
    }

    /// Chooses what this node's votes carry of these epochs, and keeps what those of others carried.
    async fn by_votes(&self, signed: Range<u64>) -> Result<(), Fault> {
        let app = Arc::clone(&self.app);
        let end = signed.end.min(app.ended().saturating_sub(1));
        let work = move || {
            app.offer_late(signed.start..end)?;
            app.take_late().map(drop)
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(Fault::new)?
    }

    /// Hands the shares that are signed to another node. While an epoch lasts, its votes carry the share over the one before.
    async fn hand_in(
        self,
        other: Other,
        signed: watch::Receiver<u64>,
    ) -> Result<Infallible, Fault> {
        let mut position = Position::default();
        let mut since = (0, Instant::now());
        let mut probed: Option<Instant> = None;
        loop {
            tokio::time::sleep(PACE).await;
            // An address that is wrong is said before a share needs it.
            if probed.is_none_or(|probed| probed.elapsed() > AGAIN) {
                probed = Some(Instant::now());
                other.answered(other.probe().await);
            }
            let Some(accepted) = self.accepted() else {
                continue;
            };
            if since.0 != accepted {
                since = (accepted, Instant::now());
            } else if since.1.elapsed() > AGAIN {
                since.1 = Instant::now();
                position = Position::default();
            }
            let end = self.app.ended().saturating_sub(1).min(*signed.borrow());
            for epoch in position.round(accepted, end) {
                let share = match self.own_share(epoch).await? {
                    Own::Share(share) => share,
                    Own::Unsigned(Unsigned::ForNow) => break,
                    Own::None | Own::Unsigned(Unsigned::ForEver) => {
                        position.done(epoch);
                        continue;
                    }
                };
                if !other.answered(submit(&other, &share).await) {
                    // It may lag behind, or be down: what it lacks is handed in later.
                    tokio::time::sleep(REST).await;
                    break;
                }
                position.done(epoch);
            }
        }
    }
}

/// Hands one share in. A node that refuses it because it knows better is not asked again.
async fn submit(other: &Other, share: &LateShare) -> Result<(), Status> {
    let request = SubmitShareRequest {
        epoch: share.epoch,
        member: u32::from(share.member),
        signature: share.signature.to_vec(),
    };
    let mut client = BridgeServiceClient::new(other.channel.clone());
    match client.submit_share(request).await {
        Err(status) if status.code() != Code::InvalidArgument => Err(status),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn the_oldest_epochs_that_root_has_not_accepted_go_first_and_a_round_has_a_bound() {
        let mut position = Position::default();
        assert_eq!(position.round(3, 5), 3..5);
        // Nothing was done: the same again.
        assert_eq!(position.round(3, 1_000_000), 3..3 + BATCH);
        for epoch in 3..3 + BATCH {
            position.done(epoch);
        }
        assert_eq!(position.round(3, 1_000_000).start, 3 + BATCH);
        // Root may be ahead of a node that catches up.
        assert!(position.round(100, 90).is_empty());
        assert_eq!(position.round(100, 110), 100..110);
    }

    #[test]
    fn a_lie_about_what_root_accepted_leaves_no_epoch_unsigned_once_it_is_over() {
        let mut random = ChaCha8Rng::seed_from_u64(0xd117);
        let (mut position, mut done) = (Position::default(), BTreeSet::new());
        let (mut accepted, mut ended) = (0, 0);
        for _ in 0..2_000 {
            ended += random.random_range(0..3);
            accepted = ended.min(accepted + random.random_range(0..2));
            let lie = random.random_range(0..=ended + 50);
            let said = if random.random_ratio(1, 4) {
                lie
            } else {
                accepted
            };
            for epoch in position.round(said, ended) {
                done.insert(epoch);
                position.done(epoch);
            }
        }
        while !position.round(accepted, ended).is_empty() {
            for epoch in position.round(accepted, ended) {
                done.insert(epoch);
                position.done(epoch);
            }
        }
        let open = (accepted..ended).filter(|epoch| !done.contains(epoch));
        assert_eq!(open.collect::<Vec<_>>(), [0; 0]);
    }

    #[tokio::test]
    async fn only_addresses_that_can_be_called_are_taken() {
        let good = ["http://node:9090", "https://node:9090"].map(str::to_owned);
        assert_eq!(others(&good).map(|others| others.len()).unwrap(), 2);
        for wrong in ["node:9090", "", "http://", "https://", "http://a b"] {
            let told = others(&["http://node:9090".to_owned(), wrong.to_owned()]);
            assert_eq!(
                told.map(|_| ()).map_err(|(address, _)| address),
                Err(wrong.to_owned())
            );
        }
    }

    #[tokio::test]
    async fn shares_stay_where_others_sign_too_and_no_other_node_takes_them() {
        let member = |seat: u16, key| Member {
            at_risk: true,
            seat,
            operator: [1; 20],
            registration: 1,
            consensus_key: [2; 32],
            checkpoint_key: key,
            power: 1,
        };
        let own = member(0, [1; 96]);
        let set = [own.clone(), member(1, [2; 96])];
        let places = ["http://one:9090", "http://two:9090"].map(str::to_owned);
        let others = others(&places).unwrap();
        let [one, two] = &others[..] else {
            panic!("two addresses");
        };
        let failed = || Err(Status::unavailable("nobody listens"));
        assert!(shares_stay(Some([1; 96]), &set, &[]));
        assert!(!shares_stay(Some([1; 96]), &set, &others), "not yet tried");
        assert!(!one.answered(failed()) && !one.answered(failed()));
        assert!(!shares_stay(Some([1; 96]), &set, &others), "one takes them");
        assert!(!two.clone().answered(failed()));
        assert!(shares_stay(Some([1; 96]), &set, &others));
        assert!(!shares_stay(Some([1; 96]), &[own], &[]), "it is alone");
        assert!(!shares_stay(None, &set, &[]), "it signs nothing");
        assert!(two.answered(Ok(())));
        assert!(!shares_stay(Some([1; 96]), &set, &others), "it came back");
    }

    #[tokio::test]
    async fn a_node_is_found_to_be_reached_before_there_is_a_share_for_it() {
        let (_, health) = tonic_health::server::health_reporter();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = format!("http://{}", listener.local_addr().unwrap());
        let other = Other::new(&place).unwrap();
        let stream = tokio_stream::wrappers::TcpListenerStream::new(listener);
        let server = tonic::transport::Server::builder().add_service(health);
        tokio::spawn(server.serve_with_incoming(stream));
        assert!(other.answered(other.probe().await));
        assert!(!other.fails.load(Ordering::Relaxed));
        let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = format!("http://{}", nobody.local_addr().unwrap());
        drop(nobody);
        let other = Other::new(&place).unwrap();
        assert!(!other.answered(other.probe().await));
        assert!(other.fails.load(Ordering::Relaxed));
    }
}
