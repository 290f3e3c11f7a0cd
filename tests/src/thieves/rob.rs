//! The robbery of a local network by its first three validators of four: they sign a forged checkpoint of the epoch that runs, and never the true one.
//!
//! ```text
//! all epochs before are accepted ──▶ the three nodes sign nothing any more ──▶ the epoch ends ──▶ forged, shown, signed, carried to root
//! ```

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::Address;
use plasmid::chain::genesis::file::Loaded;
use plasmid::ledger::Account;
use plasmid::localnet::{Local, found, loopback};
use plasmid::node::config::Home;
use plasmid::node::founding;
use plasmid_bridge::abi::IRootChain;
use plasmid_bridge::client::ceremony::{self, OperatorKeys};
use plasmid_bridge::client::follower::{Follower, view_call};
use plasmid_bridge::client::relayer::{self, Relayer, Source};
use plasmid_bridge::client::rpc::{At, Limits, Rpc};
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::relay::outbox::{CheckpointOffer, Notice, Policy};
use plasmid_bridge::relay::seen::Anchor;
use plasmid_proto::chain::v1::{GetStatusRequest, chain_service_client::ChainServiceClient};
use plasmid_staking::Member;
use serde_json::{Value, json};
use tonic::transport::Channel;

use super::forge::{Forged, MINTED, SEGMENT, Victim};
use super::node::ThievesNode;

/// The thieves, by number; the node behind them is honest.
pub const THIEVES: std::ops::Range<usize> = 0..3;
/// The honest one.
const HONEST: usize = 3;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// What is robbed, and how.
#[derive(Debug)]
pub struct Robbery {
    /// The folder of the local network.
    pub folder: PathBuf,
    /// The address on root whose account gets the money.
    pub purse: Address,
    /// Where the thieves' node answers.
    pub port: u16,
    /// Whether that keeps back the bytes of the one segment that is false.
    pub withholds: bool,
}

/// From now on, or no more, the disk of a node does not take its sign state, as if it were full: a folder stands where the new file would be written.
///
/// # Panics
/// When the file system refuses.
pub fn fill_sign_state(home: &Home, full: bool) {
    let place = home.sign_state_path().with_extension("new");
    match full {
        true => std::fs::create_dir_all(place.join("full")),
        false => std::fs::remove_dir_all(place),
    }
    .expect("the folder");
}

/// A checkpoint with the shares of these members over it, by member number.
#[must_use]
pub fn signed<'a>(
    checkpoint: Checkpoint,
    members: &[Member],
    keys: impl IntoIterator<Item = (u16, &'a OperatorKeys)>,
) -> CheckpointOffer {
    let digest = checkpoint.digest();
    let keys = keys.into_iter();
    let shares = keys.map(|(number, one)| (number, one.checkpoint().sign_checkpoint(&digest)));
    CheckpointOffer {
        checkpoint,
        members: members.to_vec(),
        shares: shares.collect(),
    }
}

/// The one checkpoint that the thieves carry.
struct Loot(CheckpointOffer);

impl Source for Loot {
    async fn offers(&self, epoch: u64) -> Result<Vec<CheckpointOffer>, String> {
        let is_it = self.0.checkpoint.epoch == epoch;
        Ok(is_it.then(|| self.0.clone()).into_iter().collect())
    }
}

/// The keys of the thieves, by member number.
fn stolen_keys(members: &[Member]) -> Vec<(u16, OperatorKeys)> {
    let keys = THIEVES.map(|number| {
        let own = found::operator_keys(number).expect("published keys");
        let place = members
            .iter()
            .position(|member| member.checkpoint_key == own.checkpoint_key());
        let place = place.expect("a thief is a member");
        (u16::try_from(place).expect("a number"), own)
    });
    keys.collect()
}

impl Robbery {
    /// Robs the network and shows what was forged. Says which epoch is chosen, and that root has accepted what was forged of it. Does not end.
    ///
    /// # Panics
    /// When the network is none, or does not answer.
    pub async fn run(&self, mut say: impl FnMut(&Value)) {
        let local = Local::read(&self.folder).expect("its folder");
        let local = local.expect("a network");
        let genesis = self.genesis();
        let url = format!("http://{}", loopback(local.root_port));
        let rpc = Arc::new(Rpc::new(&url, Limits::default()).expect("an address"));
        let created = ceremony::read_back(&*rpc, local.registry).await;
        let created = created.expect("a deployment");
        let node = format!("http://{}", loopback(local.nodes[HONEST].grpc));
        let node = Channel::from_shared(node).expect("an address");
        let node = node.connect_lazy();
        let mut client = ChainServiceClient::new(node.clone());
        let epoch = self.choose(&mut client, &rpc, created.root_chain).await;
        say(&json!({ "event": "chosen", "epoch": epoch }));
        while running(&mut client).await == epoch {
            tokio::time::sleep(LOOK).await;
        }
        let victim = Victim {
            node,
            genesis: &genesis,
        };
        let forged = victim.forge(epoch, Account::ethereum(self.purse.into_array()));
        let Forged { chain, block } = forged.await;
        let checkpoint = chain.epochs[0].checkpoint;
        let withheld = self.withholds.then_some((block, SEGMENT));
        let _node = ThievesNode::without(chain, self.port, withheld).await;
        let members = &genesis.built.members;
        let keys = stolen_keys(members);
        let keys = keys.iter().map(|(number, one)| (*number, one));
        let loot = Loot(signed(checkpoint, members, keys));
        let secret = found::operator_secret(THIEVES.start);
        let wallet = found::wallet(&rpc, &secret).await.expect("their account");
        let finality = founding::finality(&genesis.genesis.parameters);
        let config = relayer::follow(&created, finality);
        let follower = Follower::start(config, Anchor::GENESIS, None, &[url]);
        let follower = follower.expect("an endpoint");
        let (inbox, root_chain) = (created.inbox, created.root_chain);
        let carries = Relayer::open(wallet, follower, inbox, root_chain, Policy::new(0)).await;
        let told = |notice: &Notice| {
            eprintln!("{notice:?}");
            if matches!(notice, Notice::Accepted { epoch: one, .. } if *one == epoch) {
                say(&json!({
                    "event": "robbed", "epoch": epoch, "block": block, "segment": SEGMENT, "minted": MINTED.to_string(),
                }));
            }
        };
        let ended = carries.expect("root").run(&loot, told).await;
        eprintln!("{ended}");
        // What was shown is shown on: whoever looks for it finds it.
        std::future::pending::<()>().await;
    }

    fn genesis(&self) -> Loaded {
        let home = Local::home(&self.folder, HONEST);
        home.read_genesis().expect("a genesis")
    }

    /// Waits until root has accepted all epochs but the one that runs; the thieves' nodes sign nothing from that one on. Gives it.
    async fn choose(
        &self,
        client: &mut ChainServiceClient<Channel>,
        rpc: &Rpc,
        root_chain: Address,
    ) -> u64 {
        let epoch = loop {
            let epoch = running(client).await;
            let head = view_call(rpc, root_chain, IRootChain::headCall {}, At::Latest).await;
            if epoch > 0 && head.expect("root").accepted == epoch {
                break epoch;
            }
            tokio::time::sleep(LOOK).await;
        };
        for number in THIEVES {
            fill_sign_state(&Local::home(&self.folder, number), true);
        }
        epoch
    }
}

/// The epoch of a node's last block.
async fn running(client: &mut ChainServiceClient<Channel>) -> u64 {
    let status = client.get_status(GetStatusRequest {}).await;
    status.expect("the honest node").into_inner().epoch
}
