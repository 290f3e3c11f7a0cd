//! Thieves with two thirds of the power, on a real anvil with the real contracts: each of their checkpoints breaks one rule, root accepts it, and a watcher that asks
//! their own nodes makes it void. A sound chain is never accused, a node that lies costs nothing, and a watcher that is killed at any stage pays once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::Address;
use plasmid::cli::watch::checkpoints::{self, Deployed, challenged};
use plasmid::cli::watch::shares;
use plasmid::ledger::Domain;
use plasmid_bridge::abi::{ICourt, IRegistry, IRootChain};
use plasmid_bridge::client::follower::view_call;
use plasmid_bridge::client::rpc::At;
use plasmid_bridge::client::watcher::{ChildSource, WatchNotice, WatchOptions, Watcher};
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::deployment;
use plasmid_bridge::relay::outbox::{CheckpointOffer, Notice};
use plasmid_bridge::relay::watch::{OffenceId, Subject};
use plasmid_proto::bridge::v1::Share;
use plasmid_staking::Member;
use plasmid_tests::anvil::Anvil;
use plasmid_tests::stage::{Stage, key_of, wallet};
use plasmid_tests::thieves::node::{self, ThievesNode as Node};
use plasmid_tests::thieves::rob::signed;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::root::{relayer, run_until};
use chain::{Break, Chain, breaks};

mod chain;
mod challenges;
mod mints;

/// How long something may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The thieves' checkpoints, with everybody's share.
struct Thieves<'a> {
    stage: &'a Stage,
    checkpoints: Vec<Checkpoint>,
}

impl plasmid_bridge::client::relayer::Source for Thieves<'_> {
    async fn offers(&self, epoch: u64) -> Result<Vec<CheckpointOffer>, String> {
        let place = usize::try_from(epoch).expect("a number");
        let Some(checkpoint) = self.checkpoints.get(place).copied() else {
            return Ok(Vec::new());
        };
        let keys = (0u16..).zip(&self.stage.keys);
        Ok(vec![signed(checkpoint, &self.stage.members, keys)])
    }
}

/// Nodes that all tell the same set.
struct OneSet(Vec<String>, Vec<Member>);

impl ChildSource for OneSet {
    fn places(&self) -> &[String] {
        &self.0
    }

    fn sources(&self) -> std::ops::Range<usize> {
        0..self.0.len()
    }

    async fn members(&self, _: usize, _: u64) -> Result<Vec<Member>, String> {
        Ok(self.1.clone())
    }
}

/// A deployment, and what its thieves and its watchers do.
struct Scene {
    anvil: Anvil,
    stage: Stage,
    /// The network's genesis.json, and whether its watchers have it.
    genesis: PathBuf,
    knows_genesis: bool,
    /// Wei that a watcher's questions may hold.
    questions: u128,
}

impl Scene {
    async fn new(folder: &Path) -> Self {
        Self::with_genesis(folder, |_| {}).await
    }

    async fn with_genesis(folder: &Path, change: impl FnOnce(&mut IRegistry::Genesis)) -> Self {
        let anvil = Anvil::start(folder).await;
        let stage = Stage::with_genesis(&anvil, 4, chain::genesis().root(), change).await;
        stage.account(&anvil, "watcher").await;
        stage.account(&anvil, "carrier").await;
        let genesis = folder.join("genesis.json");
        let file = serde_json::to_vec(&chain::genesis_file(&stage.created));
        std::fs::write(&genesis, file.expect("it is JSON")).expect("written");
        Self {
            anvil,
            stage,
            genesis,
            knows_genesis: true,
            questions: 0,
        }
    }

    fn domain(&self) -> Domain {
        let created = &self.stage.created;
        Domain {
            root_chain_id: created.root_chain_id,
            root_chain: created.root_chain.into_array(),
            deployment: created.id,
        }
    }

    fn chain(&self) -> Chain {
        let created = &self.stage.created;
        Chain::new(self.domain(), created.time, created.set)
    }

    /// Root accepts all checkpoints of a chain.
    async fn carry(&self, chain: &Chain) {
        let checkpoints: Vec<Checkpoint> = chain.epochs.iter().map(|one| one.checkpoint).collect();
        let last = checkpoints.len() as u64 - 1;
        let stage = &self.stage;
        let thieves = Thieves { stage, checkpoints };
        let carries = relayer(stage, &self.anvil, "carrier").await;
        let accepted =
            |notice: &Notice| matches!(notice, Notice::Accepted { epoch, .. } if *epoch == last);
        run_until(carries, &thieves, accepted).await;
    }

    async fn nonce(&self) -> u64 {
        let account = wallet(&self.anvil, key_of("watcher")).await.address();
        let nonce = self.anvil.rpc().nonce(account, At::Latest).await;
        nonce.expect("root")
    }

    /// The first void checkpoint; none where all stand.
    async fn void_from(&self) -> Option<u64> {
        let call = IRootChain::headCall {};
        let root_chain = self.stage.created.root_chain;
        let head = view_call(&self.anvil.rpc(), root_chain, call, At::Latest).await;
        let head = head.expect("root");
        (head.standing < head.accepted).then_some(head.standing)
    }

    /// Runs a watcher that asks these nodes until it says something, then drops it where it stands. Gives all that it said.
    async fn watch(
        &self,
        folder: &Path,
        nodes: &[&Node],
        wanted: impl Fn(&WatchNotice) -> bool,
    ) -> Vec<WatchNotice> {
        let (said_in, mut said) = mpsc::unbounded_channel();
        let own = wallet(&self.anvil, key_of("watcher")).await;
        let options = WatchOptions {
            beneficiary: Address::repeat_byte(0x77),
            dry_run: false,
            budget: Some(10_u128.pow(18)),
            challenge_budget: self.questions,
        };
        let places = nodes.iter().map(|node| node.url.clone()).collect();
        let created = self.stage.created.clone();
        let child = OneSet(places, self.stage.members.clone());
        let opened = Watcher::open(own, None, created, child, folder, options).await;
        let mut watcher = opened.expect("it opens");
        let (news, heard) = mpsc::channel(64);
        let channels = nodes.iter().map(|node| node.channel()).enumerate();
        shares::follow(channels.clone().collect(), 0, &news);
        let deployed = Deployed {
            domain: self.domain(),
            state_root: self.stage.created.state_root,
            time: self.stage.created.time,
            genesis: self.knows_genesis.then(|| self.genesis.clone()),
        };
        let accepted = watcher.accepted();
        let archive = checkpoints::archive(folder.to_owned());
        challenged::follow(
            channels.clone().collect(),
            deployed.clone(),
            (folder.to_owned(), Arc::clone(&archive)),
            accepted.clone(),
            watcher.dialogue().expect("nobody took it"),
            &news,
        );
        checkpoints::follow(channels.collect(), deployed, archive, accepted, &news);
        let mut say = |notice: &WatchNotice| {
            said_in.send(notice.clone()).expect("somebody listens");
        };
        let run = async {
            watcher.prepare(&mut say).await;
            watcher.run(heard, &mut say).await;
        };
        let wait = async {
            let mut all = Vec::new();
            while let Some(notice) = said.recv().await {
                println!("{notice:?}");
                let found = wanted(&notice);
                all.push(notice);
                if found {
                    break;
                }
            }
            all
        };
        tokio::select! {
            all = wait => all,
            () = run => panic!("it ended"),
            () = tokio::time::sleep(PATIENCE) => panic!("it never comes to that"),
        }
    }

    async fn snapshot(&self) -> Value {
        let taken = self.anvil.rpc().once("evm_snapshot", json!([])).await;
        taken.expect("anvil")
    }

    /// Root as it was; a snapshot is good once.
    async fn revert(&self, snapshot: &Value) {
        let done = self.anvil.rpc().once("evm_revert", json!([snapshot])).await;
        done.expect("anvil");
    }
}

fn is_void(notice: &WatchNotice) -> bool {
    matches!(
        notice,
        WatchNotice::Ends {
            void_from: Some(_),
            ..
        }
    )
}

fn is_sound(notice: &WatchNotice, wanted: u64) -> bool {
    matches!(notice, WatchNotice::Sound { epoch } if *epoch == wanted)
}

fn broken(said: &[WatchNotice]) -> Vec<(u64, String)> {
    let of = |notice: &WatchNotice| match notice {
        WatchNotice::Broken { epoch, rule, .. } => Some((*epoch, rule.clone())),
        _ => None,
    };
    said.iter().filter_map(of).collect()
}

/// Each rule broken, in its first epoch or behind a sound one: the watcher says which one, and root voids exactly that checkpoint.
#[tokio::test(flavor = "multi_thread")]
async fn every_broken_link_and_signature_is_found_and_made_void() {
    let folder = tempfile::tempdir().expect("a folder");
    let scene = Scene::new(folder.path()).await;
    let mut snapshot = scene.snapshot().await;
    for (number, Break { rule, epoch, edit }) in breaks().into_iter().enumerate() {
        println!("case {number}: {rule} in epoch {epoch}");
        let mut chain = scene.chain();
        for sound in 0..epoch {
            chain.add(sound, |_| {});
        }
        chain.add(epoch, edit);
        scene.carry(&chain).await;
        let node = Node::start(chain, None).await;
        let watched = folder.path().join(format!("watch {number}"));
        let said = scene.watch(&watched, &[&node], is_void).await;
        // Whatever else the same break shows comes behind it, and nothing of another checkpoint.
        let found = broken(&said);
        assert_eq!(found[0], (epoch, rule.to_owned()), "case {number}");
        assert!(
            found.iter().all(|(other, _)| *other == epoch),
            "case {number}"
        );
        assert_eq!(scene.void_from().await, Some(epoch), "case {number}");
        assert_eq!(scene.nonce().await, 1, "case {number}");
        scene.revert(&snapshot).await;
        snapshot = scene.snapshot().await;
    }
}

/// What thieves withhold of one part hides nothing in another.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_withheld_hides_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let scene = Scene::new(folder.path()).await;
    let mut snapshot = scene.snapshot().await;
    let breaks = breaks();
    let cases = [
        ("L4", node::NO_LEAVES),
        ("L5", node::NO_LEAVES),
        ("L11", node::NO_LEAVES),
        ("bad_signature", node::NO_LEAVES),
        ("L3", node::SILENT),
        ("L4", node::SILENT),
        ("L12", node::SILENT),
        ("L15", node::SILENT),
        ("L10", node::BYTES),
    ];
    for (number, (wanted, lie)) in cases.into_iter().enumerate() {
        // The last one of a rule: of L4 it is the state that a checkpoint steals.
        let mut alike = breaks.iter().filter(|one| one.rule == wanted);
        let one = alike.next_back().expect("a case of each");
        let mut chain = scene.chain();
        for sound in 0..one.epoch {
            chain.add(sound, |_| {});
        }
        chain.add(one.epoch, one.edit);
        scene.carry(&chain).await;
        let node = Node::start(chain, Some(lie)).await;
        let watched = folder.path().join(format!("watch {number}"));
        let said = scene.watch(&watched, &[&node], is_void).await;
        assert_eq!(
            broken(&said)[0],
            (one.epoch, wanted.to_owned()),
            "case {number}"
        );
        scene.revert(&snapshot).await;
        snapshot = scene.snapshot().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_chain_is_not_accused_whatever_a_node_lies_and_a_killed_watcher_pays_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut scene = Scene::new(folder.path()).await;
    let mut chain = scene.chain();
    chain.add(0, |_| {});
    chain.add(1, |_| {});
    scene.carry(&chain).await;
    let honest = Node::start(chain.clone(), None).await;
    // Nodes that lie in every part are told of, and the honest one behind them is heard.
    for (lie, what) in node::LIES.into_iter().enumerate() {
        let liar = Node::start(chain.clone(), Some(lie)).await;
        let watched = folder.path().join(format!("lies {lie}"));
        let mut said = scene
            .watch(&watched, &[&liar, &honest], |one| is_sound(one, 1))
            .await;
        // Alone, such a node makes nobody pay: it is as good as one that shows nothing.
        let alone = folder.path().join(format!("alone {lie}"));
        let ends = |one: &WatchNotice| match lie {
            node::PARAMETERS => is_sound(one, 1),
            _ => matches!(one, WatchNotice::Withheld { .. }),
        };
        said.extend(scene.watch(&alone, &[&liar], ends).await);
        // Which of two is asked depends on who was faster; of one alone what it lies in is told.
        let lied = said
            .iter()
            .any(|one| matches!(one, WatchNotice::Lie { .. }));
        assert_eq!(
            lied,
            ![node::SILENT, node::BYTES, node::PARAMETERS].contains(&lie),
            "{what}: {said:?}"
        );
        assert_eq!(broken(&said), [], "{what}");
    }
    // The parameters are those of the genesis that the watcher has; nodes are asked for them where it has none.
    scene.knows_genesis = false;
    let liar = Node::start(chain.clone(), Some(node::PARAMETERS)).await;
    let watched = folder.path().join("without genesis");
    let lies = |one: &WatchNotice| matches!(one, WatchNotice::Lie { .. });
    scene.watch(&watched, &[&liar], lies).await;
    scene.knows_genesis = true;
    // What was judged once is judged again from the folder, whoever serves it.
    let watched = folder.path().join("lies 0");
    let silent = Node::start(chain.clone(), Some(node::SILENT)).await;
    let said = scene
        .watch(&watched, &[&silent], |one| is_sound(one, 1))
        .await;
    assert_eq!(broken(&said), []);
    assert_eq!((scene.nonce().await, scene.void_from().await), (0, None));

    // The thieves' next checkpoint is broken. Killed at each stage, the watcher pays for one proof.
    let [first, ..] = breaks();
    chain.add(2, first.edit);
    scene.carry(&chain).await;
    let thief = Node::start(chain, None).await;
    let watched = folder.path().join("killed");
    let stages: [fn(&WatchNotice) -> bool; 4] = [
        |one| {
            matches!(
                one,
                WatchNotice::Broken {
                    is_provable: true,
                    ..
                }
            )
        },
        |one| matches!(one, WatchNotice::Sent { step, .. } if *step == "prove"),
        |one| {
            matches!(
                one,
                WatchNotice::Paid {
                    succeeded: true,
                    ..
                }
            )
        },
        is_void,
    ];
    for stage in stages {
        scene.watch(&watched, &[&thief], stage).await;
    }
    assert_eq!((scene.nonce().await, scene.void_from().await), (1, Some(2)));
}

/// Nodes that each keep something back show all of it together, and one that never answers holds nothing up.
#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_is_judged_from_what_several_nodes_show_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let scene = Scene::new(folder.path()).await;
    let mut chain = scene.chain();
    chain.add(0, |_| {});
    let mut broken_one = chain.clone();
    let breaks = breaks();
    let mut signed = breaks.iter().filter(|one| one.rule == "bad_signature");
    let wrong = signed.next_back().expect("a case of each");
    broken_one.add(1, wrong.edit);
    chain.add(1, |_| {});
    let snapshot = scene.snapshot().await;
    scene.carry(&chain).await;
    let withheld = |one: &WatchNotice| matches!(one, WatchNotice::Withheld { .. });
    let odd = Node::start(chain.clone(), Some(node::ODD_ONES)).await;
    let even = Node::start(chain.clone(), Some(node::EVEN_ONES)).await;
    let late = Node::start(chain.clone(), Some(node::LATE)).await;
    // The oldest checkpoint is judged first: of both it has read then what this node shows.
    let all_withheld = |one: &WatchNotice| matches!(one, WatchNotice::Withheld { epoch: 1, .. });
    for (number, one) in [&odd, &even].into_iter().enumerate() {
        let watched = folder.path().join(format!("alone {number}"));
        let said = scene.watch(&watched, &[one], all_withheld).await;
        assert_eq!(broken(&said), []);
        // What it showed stands in the folder: the other one needs to show the rest alone.
        let other = [&even, &odd][number];
        let said = scene
            .watch(&watched, &[other], |one| is_sound(one, 1))
            .await;
        assert_eq!(broken(&said), []);
    }
    let watched = folder.path().join("together");
    let nodes = [&late, &odd, &even];
    let said = scene.watch(&watched, &nodes, |one| is_sound(one, 0)).await;
    assert_eq!(broken(&said), []);
    let is_lie = |one: &WatchNotice| matches!(one, WatchNotice::Lie { .. });
    assert!(
        !said.iter().any(|one| withheld(one) || is_lie(one)),
        "{said:?}"
    );
    scene.revert(&snapshot).await;
    scene.carry(&broken_one).await;
    let odd = Node::start(broken_one.clone(), Some(node::ODD_ONES)).await;
    let even = Node::start(broken_one, Some(node::EVEN_ONES)).await;
    let watched = folder.path().join("broken");
    let said = scene.watch(&watched, &[&odd, &even], is_void).await;
    assert_eq!(broken(&said)[0], (1, wrong.rule.to_owned()));
}

/// Nobody hands anything over: a member's two shares are read from what two nodes serve.
#[tokio::test(flavor = "multi_thread")]
async fn two_shares_of_one_key_that_two_nodes_serve_are_found_and_taken_to_root() {
    let folder = tempfile::tempdir().expect("a folder");
    let scene = Scene::new(folder.path()).await;
    let (mut chain, mut other) = (scene.chain(), scene.chain());
    chain.add(0, |_| {});
    other.add(0, |draft| draft.later = 1);
    let signed = |chain: &Chain, number: u16| {
        let digest = chain.epochs[0].checkpoint.digest();
        let keys = &scene.stage.keys[usize::from(number)];
        Share {
            member: u32::from(number),
            signature: keys.checkpoint().sign_checkpoint(&digest).to_vec(),
        }
    };
    // Only the second member signed both; a share that nobody made is named.
    let invented = Share {
        signature: signed(&chain, 0).signature,
        ..signed(&other, 0)
    };
    let shares = [
        vec![signed(&chain, 0), signed(&chain, 2)],
        vec![signed(&other, 1), signed(&other, 2), invented],
    ];
    let [own, others] = shares;
    let nodes = [
        Node::with_shares(chain, own).await,
        Node::with_shares(other, others).await,
    ];
    let watched = folder.path().join("watch");
    let revealed = |one: &WatchNotice| matches!(one, WatchNotice::Revealed { mine: true, .. });
    let nodes_seen = [&nodes[0], &nodes[1]];
    let said = scene.watch(&watched, &nodes_seen, revealed).await;
    let found = said.iter().filter_map(|one| match one {
        WatchNotice::Found { subject, kind, .. } => Some((*subject, *kind)),
        _ => None,
    });
    let operator: Address = scene.stage.members[2].operator.into();
    let offence = OffenceId { epoch: 1, operator };
    let found: Vec<_> = found.collect();
    assert_eq!(found, [(Subject::Offence(offence), "checkpoints")]);
    let court = deployment::court(&scene.stage.created.registry.into_array()).into();
    let call = ICourt::offenceCall { operator, epoch: 1 };
    let known = view_call(&scene.anvil.rpc(), court, call, At::Latest).await;
    assert_ne!(known.expect("root").registration, 0);
}
