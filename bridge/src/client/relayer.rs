//! The body of `plasmid relay`: carries checkpoints to root, holds no validator's key, and may be stopped at any moment.
//!
//! What to do is decided by [`crate::relay::outbox`]; this reads root and the child, hands transactions in, and says what happened. Stopping
//! is dropping the future of [`Relayer::run`]: a transaction that was handed in stays in the node's pool, and the next run finds it by
//! the account's nonces.
//!
//! Its follower keeps messages until no submission can need them: those within the inbox's delay, and those since the last acceptance.
//! [`KEPT_MESSAGES`] bounds them; past that, checkpoints wait until the delay of enough of them is over.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::Address;
use alloy_sol_types::SolCall;

use super::ceremony::Created;
use super::follower::{Follower, Progress, now_ms, view_call};
use super::rpc::{At, Call, Rpc, RpcError};
use super::wallet::{Sent, Wallet, WalletError};
use crate::abi::{IInbox, IRootChain};
use crate::relay::acceptance::Acceptance;
use crate::relay::config::Config;
use crate::relay::events;
use crate::relay::inbox::View;
use crate::relay::outbox::{
    CheckpointOffer, Deployment, Notice, Outbox, Outcome, Parcel, Policy, RootState, Task,
    tail::{self, Contracts, Tail},
};
use crate::relay::seen::{Block, Finality, Which};
use crate::relay::track::EndpointStanding;

mod ended;
mod ripe;
mod signed;
mod told;

pub use ended::Ended;

use ripe::Ripe;
use signed::{Errand, Signed};
use told::Told;

/// Messages that a relayer's follower should keep, at most: two a second for three days, which take half a gigabyte. A node's keeps few,
/// because it waits for them to be consumed.
pub const KEPT_MESSAGES: usize = 1 << 19;
/// Pages of the newest events that are read at one look, at most.
const MAX_PAGES: usize = 16;

/// Where checkpoints and shares come from: nodes of the child, none of which is believed.
pub trait Source {
    /// The checkpoint of `epoch`, the members of set epoch + 1 and the shares so far: one offer where all nodes tell the same, none
    /// while the epoch is not over.
    fn offers(
        &self,
        epoch: u64,
    ) -> impl Future<Output = Result<Vec<CheckpointOffer>, String>> + Send;
}

/// What a relayer's follower follows: the deployment as root says it. Of checkpoints it needs the last accepted one only.
#[must_use]
pub fn follow(created: &Created, finality: Finality) -> Config {
    Config {
        kept_messages: KEPT_MESSAGES,
        kept_checkpoints: 1,
        ..Config::new(
            finality,
            created.id,
            created.root_chain_id,
            created.inbox,
            created.root_chain,
            created.block,
            created.parent_hash,
        )
    }
}

/// A relayer.
#[derive(Debug)]
pub struct Relayer {
    wallet: Wallet,
    follower: Follower,
    contracts: Contracts,
    machine: Outbox,
    tail: Tail,
    signed: Signed,
    ripe: Ripe,
    /// Root's time at the newest block that was looked at.
    time: u64,
    /// The account's next nonce at the newest block that was looked at.
    nonce: u64,
    /// When exit mode begins, once the deployment is closing.
    closing: Option<u64>,
    told: Told,
}

/// What a look at root gave, when the node answered.
enum Looked {
    /// All of it fits together.
    State(Box<RootState>),
    /// Something is missing, or does not fit; the next look may be better.
    NotUsable(String),
    /// Root accepts nothing any more.
    Ended(Ended),
}

impl Relayer {
    /// A relayer for the deployment at these addresses. The follower must be its own, begun at genesis or at an anchor below the last
    /// accepted checkpoint's cursor: it forgets what no submission needs.
    pub async fn open(
        wallet: Wallet,
        follower: Follower,
        inbox: Address,
        root_chain: Address,
        policy: Policy,
    ) -> Result<Self, RpcError> {
        let rpc = wallet.rpc();
        let id = view_call(rpc, root_chain, IRootChain::deploymentCall {}, At::Latest).await?;
        let sets = view_call(rpc, root_chain, IRootChain::genesisSetsCall {}, At::Latest).await?;
        let parameters =
            view_call(rpc, root_chain, IRootChain::parametersCall {}, At::Latest).await?;
        let me = wallet.address();
        let deployment = Deployment {
            id: id.0,
            genesis_set: sets.set1,
            me,
            epoch_max_secs: parameters.epochMaxSecs,
        };
        let contracts = Contracts {
            deployment: id.0,
            inbox,
            root_chain,
        };
        Ok(Self {
            wallet,
            follower,
            contracts,
            machine: Outbox::new(deployment, policy),
            tail: Tail::new(contracts),
            signed: Signed::default(),
            ripe: Ripe::new(id.0, root_chain, parameters.challengeSecs, me),
            time: 0,
            nonce: 0,
            closing: None,
            told: Told::new(),
        })
    }

    /// Relays until it is dropped, or until root accepts nothing any more. It cannot run again: what became of its last task would not be known.
    pub async fn run<S: Source>(mut self, source: &S, mut say: impl FnMut(&Notice)) -> Ended {
        loop {
            let now = now_ms();
            let Some(task) = self.machine.next(now) else {
                let wait = self.machine.wake().saturating_sub(now).clamp(1, 1_000);
                tokio::time::sleep(Duration::from_millis(wait)).await;
                continue;
            };
            let outcome = match task {
                Task::Look => {
                    let paid = self.signed.paid(&self.wallet, self.nonce).await;
                    for notice in self.root_notices().into_iter().chain(paid) {
                        say(&notice);
                    }
                    match self.look(&mut say).await {
                        Ok(outcome) => outcome,
                        Err(ended) => return ended,
                    }
                }
                Task::Fetch(epoch) => fetch(source, epoch).await,
                Task::Submit(parcel) => self.submit(*parcel).await,
                Task::Finalize(ripe, nonce) => self.finalize(&ripe, nonce).await,
            };
            for notice in self.machine.answer(now_ms(), outcome) {
                if let Notice::ReadsAgain { .. } = notice {
                    self.follower.read_all();
                }
                say(&notice);
            }
        }
    }

    async fn look(&mut self, say: &mut impl FnMut(&Notice)) -> Result<Outcome, Ended> {
        let view = Arc::clone(&self.follower.view().borrow());
        if let Some(needless) = tail::needless(&view).filter(|_| view.healthy) {
            let released = Progress::Released(needless);
            self.follower.progress().send_replace(released);
        }
        let looked = self.root_state(&view).await;
        if let Some(exit_at) = self.closing.filter(|_| !self.told.is_closing) {
            self.told.is_closing = true;
            say(&Notice::Root(format!(
                "the deployment is closing: checkpoints are accepted until root time {exit_at}, when exit mode begins"
            )));
        }
        if let Some(trouble) = self.ripe.trouble.take() {
            say(&Notice::Trouble(trouble));
        }
        match looked {
            Ok(Looked::State(state)) => Ok(Outcome::Root(state)),
            Ok(Looked::NotUsable(reason)) => Ok(Outcome::Failed(reason)),
            Ok(Looked::Ended(ended)) => Err(ended),
            Err(error) => Ok(Outcome::Failed(error.to_string())),
        }
    }

    async fn root_state(&mut self, view: &View) -> Result<Looked, RpcError> {
        let Some(finalized) = view.finalized.filter(|_| view.healthy) else {
            let standing = view
                .standings
                .first()
                .unwrap_or(&EndpointStanding::Starting);
            return Ok(Looked::NotUsable(format!(
                "the root chain is not followed to a final block now: {standing}"
            )));
        };
        let rpc = &Arc::clone(self.wallet.rpc());
        let Some(latest) = rpc.block(Which::Latest).await? else {
            return Ok(Looked::NotUsable(
                "the root chain has no newest block".into(),
            ));
        };
        let Contracts {
            inbox, root_chain, ..
        } = self.contracts;
        let at = At::Hash(latest.hash);
        let head = view_call(rpc, root_chain, IRootChain::headCall {}, at).await?;
        if let Some(ended) = Ended::of(&head, latest.time) {
            return Ok(Looked::Ended(ended));
        }
        self.closing = (head.exitAt != 0).then_some(head.exitAt);
        let count = view_call(rpc, inbox, IInbox::countCall {}, at).await?;
        let contracts = [inbox, root_chain];
        if let Some(reason) = read_tail(&mut self.tail, rpc, contracts, &finalized, &latest).await?
        {
            return Ok(Looked::NotUsable(reason));
        }
        let (entries, previous) = match self.tail.extend(view, count) {
            Ok(tail) => tail,
            Err(reason) => {
                self.tail.clear();
                return Ok(Looked::NotUsable(reason));
            }
        };
        let seen = previous
            .as_ref()
            .map_or(0, |last| last.epoch.saturating_add(1));
        let known = match view.entries.len() < KEPT_MESSAGES {
            true => entries.last().map_or(view.anchor.index, |last| last.index),
            // The follower has no room for more, and what comes behind what it has is not known.
            false => count,
        };
        self.tail.compare((known, seen), (count, head.accepted));
        if seen != head.accepted {
            return Ok(Looked::NotUsable(format!(
                "root accepted {} checkpoints, and its events show {seen}",
                head.accepted
            )));
        }
        // A node that cannot tell what waits in its pool leaves it to the fees who is first.
        let ripe = self.ripe.look(rpc, &latest, &head).await;
        let pool = view_call(rpc, root_chain, IRootChain::headCall {}, At::Pending).await;
        let me = self.wallet.address();
        // At the same block as the count, so that an endpoint whose replicas differ does not show an old count beside a new nonce.
        let nonce = rpc.nonce(me, at).await?;
        (self.nonce, self.time) = (nonce, latest.time);
        let pending_nonce = rpc.nonce(me, At::Pending).await?;
        Ok(Looked::State(Box::new(RootState {
            time: latest.time,
            accepted: head.accepted,
            accepted_with_pool: pool.as_ref().map_or(head.accepted, |pool| pool.accepted),
            tau: head.tau,
            previous,
            anchor: view.anchor.index,
            anchor_link: view.anchor.link,
            entries,
            count,
            nonce,
            pending_nonce,
            // What another one makes final now is left to that one.
            ripe: ripe.filter(|ripe| {
                // An endpoint that tells nothing of its pool leaves that to the fees.
                pool.as_ref()
                    .map_or(true, |pool| pool.finalized <= ripe.epoch)
            }),
        })))
    }

    async fn submit(&mut self, parcel: Parcel) -> Outcome {
        let call = IRootChain::submitCall {
            submission: parcel.submission,
        };
        let call = Call::to(self.contracts.root_chain, call.abi_encode());
        let last = self.signed.fees(parcel.nonce).filter(|_| parcel.replaces);
        let bid = self.wallet.bid(call, parcel.nonce, last).await;
        self.signed
            .add(Errand::Carry(parcel.epoch), parcel.nonce, &bid);
        outcome(bid)
    }

    /// Makes a checkpoint final, with all before it. Whatever comes of it, it is left alone for a while then.
    async fn finalize(&mut self, ripe: &Acceptance, nonce: u64) -> Outcome {
        self.ripe.rests(self.time);
        let call = IRootChain::finalizeCall {
            checkpoint: (&ripe.checkpoint).into(),
            acceptance: ripe.into(),
        };
        let call = Call::to(self.contracts.root_chain, call.abi_encode());
        let bid = self.wallet.bid(call, nonce, None).await;
        self.signed.add(Errand::Finalize(ripe.epoch), nonce, &bid);
        outcome(bid)
    }
}

fn outcome(bid: Result<Sent, WalletError>) -> Outcome {
    match bid {
        Ok(sent) => Outcome::Sent(sent.hash()),
        Err(WalletError::WouldRevert(reason)) => Outcome::Refused(reason),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// Reads the events after the final block on to the newest one, as far as one look goes; says what is missing.
async fn read_tail(
    tail: &mut Tail,
    rpc: &Rpc,
    contracts: [Address; 2],
    finalized: &Block,
    latest: &Block,
) -> Result<Option<String>, RpcError> {
    tail.finalized(finalized.number);
    if let Err(reason) = tail.check_distance(latest.number) {
        return Ok(Some(reason));
    }
    if let Some(number) = tail.seen() {
        let there = rpc.block(Which::Number(number)).await?;
        tail.check(there.map(|block| block.hash));
    }
    let topics = [events::MESSAGE, events::ACCEPTANCE];
    for _ in 0..MAX_PAGES {
        let Some(page) = tail.page(latest.number) else {
            return Ok(None);
        };
        match rpc.logs(page.0, page.1, &contracts, &topics).await {
            Ok(logs) => {
                if let Err(reason) = tail.take(page, (latest.number, latest.hash), &logs) {
                    return Ok(Some(reason));
                }
            }
            Err(error) if tail.fail(page, &error.failure()) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(tail.page(latest.number).map(|(next, _)| {
        format!(
            "the root chain's newest events are read up to block {} of {}",
            next.saturating_sub(1),
            latest.number
        )
    }))
}

async fn fetch<S: Source>(source: &S, epoch: u64) -> Outcome {
    match source.offers(epoch).await {
        Ok(offers) => Outcome::Offers(offers),
        Err(reason) => Outcome::Failed(format!("the child's node: {reason}")),
    }
}
