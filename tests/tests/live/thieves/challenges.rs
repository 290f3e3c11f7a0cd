//! Data that root is asked for: an honest network's watcher answers whoever asks, thieves that withhold lose the checkpoint, and what they show on root is judged.

use std::cell::RefCell;
use std::collections::BTreeSet;

use alloy_primitives::U256;
use plasmid::court::OpenedEpoch;
use plasmid::node::accepted::accepted_by;
use plasmid_bridge::abi::IDataChallenges;
use plasmid_bridge::client::rpc::Call;
use plasmid_bridge::client::watcher::challenges::DataNotice;
use plasmid_bridge::relay::acceptance::Acceptance;
use plasmid_bridge::relay::challenges::{DataEvent, DataTarget, asking};
use plasmid_bridge::relay::seen::Finality;

use super::*;

/// A, in seconds, and C.
const ANSWER_SECS: u64 = 8;
const ASK_SECS: u64 = 48;
/// What a question is sent with: more than it costs, and the rest comes back.
const VALUE: u128 = 10_u128.pow(17);

async fn scene(folder: &Path) -> Scene {
    let scene = Scene::with_genesis(folder, |genesis| {
        genesis.challenges.answerSecs = ANSWER_SECS;
        genesis.challenges.proveSecs = 4;
        genesis.rootChain.challengeSecs = ASK_SECS + ANSWER_SECS + 4;
        genesis.rootChain.evidenceSecs = 70;
        genesis.rootChain.unbondingSecs = 110;
    });
    scene.await
}

fn segment(block: u32, number: u32) -> DataTarget {
    DataTarget::Segment {
        epoch: 0,
        block,
        number,
    }
}

fn event(notice: &WatchNotice) -> Option<&DataEvent> {
    match notice {
        WatchNotice::Data(DataNotice::Root(event)) => Some(event),
        _ => None,
    }
}

/// What events of a kind are about; a watcher that starts again may tell one twice.
fn told(said: &[WatchNotice], wanted: impl Fn(&DataEvent) -> bool) -> BTreeSet<DataTarget> {
    let events = said.iter().filter_map(event).filter(|one| wanted(one));
    let targets = events.map(|event| match event {
        DataEvent::Asked { target, .. }
        | DataEvent::Answered { target, .. }
        | DataEvent::Withheld { target }
        | DataEvent::PaidBack { target, .. } => *target,
    });
    targets.collect()
}

const fn is_asked(event: &DataEvent) -> bool {
    matches!(event, DataEvent::Asked { .. })
}

const fn is_paid_back(event: &DataEvent) -> bool {
    matches!(event, DataEvent::PaidBack { .. })
}

impl Scene {
    fn data_challenges(&self) -> Address {
        deployment::data_challenges(&self.stage.created.registry.into_array()).into()
    }

    async fn acceptance(&self, epoch: u64) -> Acceptance {
        let root_chain = self.stage.created.root_chain;
        let found = accepted_by(&self.anvil.rpc(), root_chain, epoch, Finality::Depth(0)).await;
        found.expect("root accepted it")
    }

    async fn ask(&self, who: &str, target: DataTarget) {
        let accepted = self.acceptance(target.epoch()).await;
        let call = Call {
            value: U256::from(VALUE),
            ..Call::to(self.data_challenges(), asking(&accepted, target))
        };
        let wallet = wallet(&self.anvil, key_of(who)).await;
        wallet.execute(call).await.expect("root takes it");
    }

    async fn challenged(&self, target: DataTarget) -> IDataChallenges::Challenge {
        let call = IDataChallenges::challengedCall {
            target: target.into(),
        };
        let told = view_call(&self.anvil.rpc(), self.data_challenges(), call, At::Latest).await;
        told.expect("root")
    }

    async fn open(&self, targets: &[DataTarget]) -> bool {
        for target in targets {
            if self.challenged(*target).await.deadline != 0 {
                return true;
            }
        }
        false
    }

    async fn balance(&self, of: Address) -> U256 {
        self.anvil.rpc().balance(of).await.expect("root")
    }
}

/// A stranger asks an honest network for leaves and segments, also for those that are not there. The watcher, killed at each stage, answers each once, and the checkpoint becomes final.
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_answered_once_whenever_the_watcher_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let scene = scene(folder.path()).await;
    scene.stage.account(&scene.anvil, "stranger").await;
    let mut chain = scene.chain();
    chain.add(0, |_| {});
    scene.carry(&chain).await;
    let leaf = |index| DataTarget::Leaf { epoch: 0, index };
    let targets = [
        leaf(3),
        segment(3, 1),
        segment(15, 200),
        leaf(u32::MAX),
        segment(0, 0),
    ];
    for target in targets {
        scene.ask("stranger", target).await;
    }
    let node = Node::start(chain.clone(), None).await;
    let watched = folder.path().join("watch");
    let stages: [fn(&WatchNotice) -> bool; 3] = [
        |one| event(one).is_some_and(is_asked),
        |one| matches!(one, WatchNotice::Sent { step: "answer", .. }),
        |one| {
            matches!(
                one,
                WatchNotice::Paid {
                    succeeded: true,
                    ..
                }
            )
        },
    ];
    for stage in stages {
        scene.watch(&watched, &[&node], stage).await;
    }
    while scene.open(&targets).await {
        let paid = |one: &WatchNotice| matches!(one, WatchNotice::Paid { .. });
        scene.watch(&watched, &[&node], paid).await;
    }
    for target in targets {
        let told = scene.challenged(target).await;
        assert!(!told.challenger.is_zero(), "{target}");
    }
    // Each was paid for once.
    assert_eq!(scene.nonce().await, targets.len() as u64);
    assert_eq!(scene.void_from().await, None);
    let later = json!([ASK_SECS + 2 * ANSWER_SECS + 120]);
    let passed = scene.anvil.rpc().once("evm_increaseTime", later).await;
    passed.expect("anvil");
    let stage = &scene.stage;
    let checkpoints = chain.epochs.iter().map(|one| one.checkpoint).collect();
    let thieves = Thieves { stage, checkpoints };
    let carries = relayer(stage, &scene.anvil, "carrier").await;
    let is_final = |notice: &Notice| matches!(notice, Notice::PaidFinal { epoch: 0, succeeded, .. } if *succeeded);
    run_until(carries, &thieves, is_final).await;
}

/// Thieves show records and no bytes: the watcher asks, nobody answers, the checkpoint falls, and all that was paid in comes back.
#[tokio::test(flavor = "multi_thread")]
async fn what_thieves_withhold_is_asked_for_and_voids_and_the_price_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut scene = scene(folder.path()).await;
    scene.questions = 10_u128.pow(18);
    let mut chain = scene.chain();
    chain.add(0, |_| {});
    chain.add(1, |_| {});
    scene.carry(&chain).await;
    let thief = Node::start(chain, Some(node::BYTES)).await;
    let watched = folder.path().join("watch");
    let mut said = scene
        .watch(&watched, &[&thief], |one| {
            matches!(one, WatchNotice::Sent { step: "ask", .. })
        })
        .await;
    // What falls first is what was asked for first; the lower one falls behind it.
    let is_all_void = |one: &WatchNotice| {
        matches!(
            one,
            WatchNotice::Ends {
                void_from: Some(0),
                ..
            }
        )
    };
    said.extend(scene.watch(&watched, &[&thief], is_all_void).await);
    assert_eq!(scene.void_from().await, Some(0));
    let own = wallet(&scene.anvil, key_of("watcher")).await.address();
    let asked = told(&said, is_asked);
    let left = RefCell::new(&asked - &told(&said, is_paid_back));
    let is_last = |one: &WatchNotice| {
        let back = told(std::slice::from_ref(one), is_paid_back);
        left.borrow_mut().retain(|target| !back.contains(target));
        left.borrow().is_empty()
    };
    said.extend(scene.watch(&watched, &[&thief], is_last).await);
    assert!(asked.len() > 1, "{said:?}");
    assert_eq!(broken(&said), []);
    let all_own = said.iter().filter_map(event).all(|event| match event {
        DataEvent::Asked { challenger, .. } | DataEvent::PaidBack { challenger, .. } => {
            *challenger == own
        }
        DataEvent::Answered { .. } => false,
        DataEvent::Withheld { .. } => true,
    });
    assert!(all_own, "{said:?}");
    assert_eq!(scene.balance(scene.data_challenges()).await, U256::ZERO);
    // A transaction for each question, for each void, and for each refund.
    let void = told(&said, |one| matches!(one, DataEvent::Withheld { .. }));
    assert_eq!(scene.nonce().await, (2 * asked.len() + void.len()) as u64);
}

/// What thieves show on root is an answer for everybody: the watcher that asked goes on with it, and so does one that did not ask.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_on_root_is_judged_by_every_watcher() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut scene = scene(folder.path()).await;
    scene.stage.account(&scene.anvil, "thief").await;
    scene.questions = 10_u128.pow(18);
    let mut chain = scene.chain();
    chain.add(0, |_| {});
    scene.carry(&chain).await;
    let thief = Node::start(chain.clone(), Some(node::ONE)).await;
    let watched = folder.path().join("watch");
    let said = scene
        .watch(&watched, &[&thief], |one| event(one).is_some_and(is_asked))
        .await;
    let asked = said.iter().filter_map(event).find(|one| is_asked(one));
    let Some(DataEvent::Asked { target, .. }) = asked else {
        panic!("{said:?}");
    };
    assert_eq!(*target, segment(3, 1));
    let epoch = &chain.epochs[0];
    let blocks = epoch.blocks.iter().map(|(block, _)| *block).collect();
    let accepted = scene.acceptance(0).await;
    let opened = OpenedEpoch::new(accepted, blocks, chain::BLOCKS as u32).expect("its blocks");
    let answer = opened.segment_answer(3, &epoch.blocks[3].1, 1);
    let call = Call::to(scene.data_challenges(), answer.expect("it has its bytes"));
    let wallet = wallet(&scene.anvil, key_of("thief")).await;
    wallet.execute(call).await.expect("root takes it");
    // It is shown nowhere else.
    let sound = |one: &WatchNotice| is_sound(one, 0);
    scene.watch(&watched, &[&thief], sound).await;
    scene.questions = 0;
    let other = folder.path().join("other");
    let said = scene.watch(&other, &[&thief], sound).await;
    assert_eq!(broken(&said), []);
    assert_eq!((scene.nonce().await, scene.void_from().await), (1, None));
}

/// No node shows anything, and root shows two blocks of sixteen: what they break is proven from these alone, and from the genesis that the watcher has.
#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_root_alone_shows_is_proven_by_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let scene = scene(folder.path()).await;
    for who in ["thief", "stranger"] {
        scene.stage.account(&scene.anvil, who).await;
    }
    let mut snapshot = scene.snapshot().await;
    let shown = [
        ("L1", 0, [3, 9]),
        ("L3", 0, [3, 2]),
        ("bad_signature", 1, [3, 9]),
    ];
    for (rule, number, blocks) in shown {
        let mut breaks = breaks().into_iter();
        let case = breaks.find(|one| one.rule == rule && one.epoch == 0);
        let case = case.expect("there is one");
        let mut chain = scene.chain();
        chain.add(0, case.edit);
        scene.carry(&chain).await;
        let accepted = scene.acceptance(0).await;
        let epoch = &chain.epochs[0];
        let own = epoch.blocks.iter().map(|(block, _)| *block).collect();
        let opened = OpenedEpoch::new(accepted, own, chain::BLOCKS as u32).expect("its blocks");
        let thief = wallet(&scene.anvil, key_of("thief")).await;
        for block in blocks {
            scene.ask("stranger", segment(block, number)).await;
            let segments = &epoch.blocks[block as usize].1;
            let answer = opened.segment_answer(block, segments, number);
            let call = Call::to(scene.data_challenges(), answer.expect("it has its bytes"));
            thief.execute(call).await.expect("root takes it");
        }
        let watched = folder.path().join(format!("watch {rule}"));
        let said = scene.watch(&watched, &[], is_void).await;
        assert_eq!(broken(&said)[0], (0, rule.to_owned()));
        assert_eq!(scene.void_from().await, Some(0), "{rule}");
        scene.revert(&snapshot).await;
        snapshot = scene.snapshot().await;
    }
}
