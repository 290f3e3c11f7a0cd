//! A watcher against a real anvil and the contracts: two certified checkpoints that a failed transaction shows, taken to the Court by one that is killed
//! at each of its stages; and what it makes of lies, of a chain that is reorganised, of a second endpoint, a budget and a dry run.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolCall, SolEvent};
use plasmid_bridge::abi::{ICourt, IRootChain, signer_words};
use plasmid_bridge::client::follower::view_call;
use plasmid_bridge::client::rpc::{At, Call, Rpc};
use plasmid_bridge::client::wallet::Wallet;
use plasmid_bridge::client::watcher::{
    ChildNews, ChildSource, WatchNotice, WatchOptions, Watcher, handed,
};
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::checkpoint::certificate::{self, Certificate};
use plasmid_bridge::proof::deployment;
use plasmid_bridge::relay::outbox::Notice;
use plasmid_bridge::relay::seen::Which;
use plasmid_bridge::relay::watch::statement::{DoubleStatement, TwoShares};
use plasmid_staking::Member;
use plasmid_tests::anvil::Anvil;
use plasmid_tests::stage::{Stage, key_of, wallet};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::root::{Child, follow, relayer, run_until};

/// Who is paid.
const BENEFICIARY: Address = Address::repeat_byte(0x77);
/// Who signs both checkpoints.
const CULPRITS: [u16; 3] = [1, 2, 3];
/// How long something may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A node of the child that tells the genesis set, whatever the epoch.
struct OneNode {
    places: Vec<String>,
    members: Vec<Member>,
}

impl ChildSource for OneNode {
    fn places(&self) -> &[String] {
        &self.places
    }

    fn sources(&self) -> Range<usize> {
        0..1
    }

    async fn members(&self, _: usize, _: u64) -> Result<Vec<Member>, String> {
        Ok(self.members.clone())
    }
}

/// A watcher that is run piece by piece.
struct Scene<'a> {
    stage: &'a Stage,
    anvil: &'a Anvil,
    folder: &'a Path,
    options: WatchOptions,
    second: Option<Arc<Rpc>>,
    said: Vec<WatchNotice>,
}

impl<'a> Scene<'a> {
    fn new(stage: &'a Stage, anvil: &'a Anvil, folder: &'a Path) -> Self {
        Self {
            stage,
            anvil,
            folder,
            options: WatchOptions {
                beneficiary: BENEFICIARY,
                dry_run: false,
                budget: None,
                challenge_budget: 0,
            },
            second: None,
            said: Vec::new(),
        }
    }

    async fn reporter(&self) -> Wallet {
        wallet(self.anvil, key_of("reporter")).await
    }

    /// Runs a watcher until it says something, then drops it where it stands.
    async fn until(
        &mut self,
        statements: &[DoubleStatement],
        told: Vec<ChildNews>,
        wanted: impl Fn(&WatchNotice) -> bool,
    ) {
        let (said_in, mut said) = mpsc::unbounded_channel();
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
        let all = self.drive(statements, told, said_in, wait).await;
        self.said.extend(all);
    }

    /// Runs a watcher until its file is as wanted.
    async fn until_kept(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let (said_in, _said) = mpsc::unbounded_channel();
        let wait = async {
            loop {
                let bytes = std::fs::read(self.folder.join("watch.json")).expect("its file");
                let kept = serde_json::from_slice(&bytes).expect("it is JSON");
                if wanted(&kept) {
                    return kept;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        self.drive(&[], Vec::new(), said_in, wait).await
    }

    async fn drive<T>(
        &self,
        statements: &[DoubleStatement],
        told: Vec<ChildNews>,
        said: mpsc::UnboundedSender<WatchNotice>,
        wait: impl Future<Output = T>,
    ) -> T {
        let child = OneNode {
            places: vec!["node".to_owned()],
            members: self.stage.members.clone(),
        };
        let (created, second) = (self.stage.created.clone(), self.second.clone());
        let reporter = self.reporter().await;
        let opened = Watcher::open(reporter, second, created, child, self.folder, self.options);
        let mut watcher = opened.await.expect("the watcher opens");
        for statement in statements {
            watcher.hand_over("a file", statement.clone());
        }
        let (news, heard) = mpsc::channel(64);
        let mut say = |notice: &WatchNotice| {
            said.send(notice.clone()).expect("somebody listens");
        };
        let tell = async {
            for one in told {
                news.send(one).await.expect("it listens");
            }
            std::future::pending::<()>().await;
        };
        let run = async {
            watcher.prepare(&mut say).await;
            watcher.run(heard, &mut say).await;
        };
        tokio::select! {
            done = wait => done,
            () = tell => panic!("it ended"),
            () = run => panic!("it ended"),
            () = tokio::time::sleep(PATIENCE) => panic!("it never comes to that"),
        }
    }

    fn has_said(&self, wanted: impl Fn(&WatchNotice) -> bool) -> usize {
        self.said.iter().filter(|notice| wanted(notice)).count()
    }
}

fn is_sent(notice: &WatchNotice, name: &str) -> bool {
    matches!(notice, WatchNotice::Sent { step, .. } if *step == name)
}

/// Another checkpoint of the same epoch.
fn twin(one: &Checkpoint) -> Checkpoint {
    Checkpoint {
        state_root: B256::repeat_byte(0xee),
        ..*one
    }
}

fn certified(stage: &Stage, one: &Checkpoint) -> Certificate {
    let digest = one.digest();
    let share = |number: &u16| {
        let keys = &stage.keys[usize::from(*number)];
        (*number, keys.checkpoint().sign_checkpoint(&digest))
    };
    let shares: Vec<_> = CULPRITS.iter().map(share).collect();
    certificate::build(&stage.members, &digest, &shares).expect("a quorum")
}

/// Two shares of one member.
fn two_shares(stage: &Stage, number: u16, one: Checkpoint) -> DoubleStatement {
    let checkpoints = [one, twin(&one)];
    let keys = &stage.keys[usize::from(number)];
    let share = |one: &Checkpoint| keys.checkpoint().sign_checkpoint(&one.digest());
    DoubleStatement::Shares(Box::new(TwoShares {
        number,
        checkpoints,
        shares: [share(&checkpoints[0]), share(&checkpoints[1])],
    }))
}

/// A checkpoint of epoch 0 that nobody carried to root.
fn first(stage: &Stage) -> Checkpoint {
    Checkpoint {
        deployment: stage.created.id,
        epoch: 0,
        ..Checkpoint::decode(&[0; Checkpoint::BYTES]).expect("any bytes are one")
    }
}

fn court(stage: &Stage) -> Address {
    deployment::court(&stage.created.registry.into_array()).into()
}

/// Commitments that stand on root.
async fn commitments(stage: &Stage, rpc: &Rpc) -> usize {
    let latest = rpc
        .block(Which::Latest)
        .await
        .expect("root")
        .expect("a block");
    let topic = ICourt::Committed::SIGNATURE_HASH;
    let logs = rpc.logs(0, latest.number, &[court(stage)], &[topic]).await;
    logs.expect("root").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_certificates_cut_all_who_signed_both_by_a_watcher_that_is_killed_at_each_stage() {
    let folder = tempfile::tempdir().expect("a folder");
    let anvil = Anvil::start(folder.path()).await;
    let stage = Stage::set(&anvil, 4).await;
    let account = stage.account(&anvil, "reporter").await.address();
    let carrier = stage.account(&anvil, "carrier").await;
    let rpc = anvil.rpc();
    let follower = follow(&stage, &[anvil.url()]);
    let mut child = Child::new(&stage, &follower, 1);
    let carries = relayer(&stage, &anvil, "carrier").await;
    run_until(carries, &child, |notice| {
        matches!(notice, Notice::Accepted { .. })
    })
    .await;

    // Colluders carry another one to root, which refuses it: its calldata stays.
    let second = twin(&child.checkpoint(0));
    let certificate = certified(&stage, &second);
    let submission = IRootChain::Submission {
        checkpoint: (&second).into(),
        signers: signer_words(&certificate.bitmap),
        signature: certificate.signature.to_vec().into(),
        ..Default::default()
    };
    let call = IRootChain::submitCall { submission };
    let call = Call::to(stage.created.root_chain, call.abi_encode());
    let fees = carrier.fees().await.expect("fees");
    let sent = carrier
        .send_with(call, 1_000_000, fees)
        .await
        .expect("it is sent");
    carrier.wait(sent).await.expect_err("root refuses it");

    let watched = folder.path().join("watch");
    let mut scene = Scene::new(&stage, &anvil, &watched);
    scene.options.budget = Some(u128::from(u64::MAX));
    let before = rpc.balance(account).await.expect("root");
    let stages: [fn(&WatchNotice) -> bool; 10] = [
        |said| matches!(said, WatchNotice::Found { kind, .. } if *kind == "certificates"),
        |said| is_sent(said, "commit"),
        |said| matches!(said, WatchNotice::Committed { .. }),
        |said| is_sent(said, "show"),
        |said| is_sent(said, "reveal"),
        |said| {
            matches!(
                said,
                WatchNotice::Overlapped {
                    mine: true,
                    members: 3,
                    ..
                }
            )
        },
        |said| is_sent(said, "freeze"),
        |said| matches!(said, WatchNotice::Convicted { .. }),
        |said| is_sent(said, "collect"),
        |said| matches!(said, WatchNotice::Collected { mine: true, .. }),
    ];
    for stage in stages {
        scene.until(&[], Vec::new(), stage).await;
    }
    // Checkpoints go on, and reports of the next epoch are closed.
    child.epochs = 4;
    let carries = relayer(&stage, &anvil, "carrier").await;
    let third = |notice: &Notice| matches!(notice, Notice::Accepted { epoch: 3, .. });
    run_until(carries, &child, third).await;
    rpc.once("evm_increaseTime", json!([120]))
        .await
        .expect("anvil");
    scene
        .until(&[], Vec::new(), |said| is_sent(said, "settle"))
        .await;
    let settled = std::cell::RefCell::new(BTreeSet::new());
    let all = |said: &WatchNotice| {
        if let WatchNotice::Settled { offence, fraction } = said {
            assert_eq!(*fraction, 1_000_000_000, "all that they have");
            settled.borrow_mut().insert(offence.operator);
        }
        settled.borrow().len() == CULPRITS.len()
    };
    scene.until(&[], Vec::new(), all).await;
    // What was sent last is looked after once more.
    scene
        .until(
            &[],
            Vec::new(),
            |said| matches!(said, WatchNotice::Paid { step, .. } if step == "settle"),
        )
        .await;

    for number in CULPRITS {
        let operator = stage.members[usize::from(number)].operator.into();
        let call = ICourt::offenceCall { operator, epoch: 1 };
        let offence = view_call(&rpc, court(&stage), call, At::Latest)
            .await
            .expect("root");
        assert!(offence.settled && offence.counted, "{number}");
    }
    let call = ICourt::overlapCall { number: 1 };
    let overlap = view_call(&rpc, court(&stage), call, At::Latest)
        .await
        .expect("root");
    assert_eq!(overlap.pending, [U256::ZERO; 2], "the epoch is released");
    // One set shown, one reveal, one batch, and for each a reward and a cut: nothing twice, whatever was killed.
    let nonce = rpc.nonce(account, At::Latest).await.expect("root");
    let made = commitments(&stage, &rpc).await as u64;
    assert_eq!(
        nonce,
        made + 3 + 2 * CULPRITS.len() as u64,
        "{:#?}",
        scene.said
    );
    let refused = scene.has_said(|said| {
        matches!(
            said,
            WatchNotice::Paid {
                succeeded: false,
                ..
            }
        )
    });
    assert_eq!(refused, 0);
    let paid = rpc.balance(BENEFICIARY).await.expect("root");
    assert!(
        paid > U256::from(3 * (10_u128.pow(18) / 3) / 2),
        "three halves and gas: {paid}"
    );
    // What the folder counts as spent is what was paid, to the wei.
    let kept = scene.until_kept(|kept| kept["cases"] == json!([])).await;
    let spent: U256 = kept["spent"]
        .as_str()
        .expect("a number")
        .parse()
        .expect("a number");
    let after = rpc.balance(account).await.expect("root");
    assert_eq!(before - after, spent);
    assert_eq!(kept["sending"], Value::Null, "nothing is left to do");
}

#[tokio::test(flavor = "multi_thread")]
async fn lies_cost_nothing_and_what_a_reorganisation_takes_is_made_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let other_folder = tempfile::tempdir().expect("a folder");
    let anvil = Anvil::start(folder.path()).await;
    let stage = Stage::set(&anvil, 4).await;
    let account = stage.account(&anvil, "reporter").await.address();
    let rpc = anvil.rpc();
    let watched = folder.path().join("watch");
    let mut scene = Scene::new(&stage, &anvil, &watched);
    let nonce = async || rpc.nonce(account, At::Latest).await.expect("root");

    // A node that invents evidence, has some of another chain, and never ends.
    let foreign = Checkpoint {
        deployment: [9; 20],
        ..first(&stage)
    };
    let invented = |byte: u8| {
        let checkpoints = [
            first(&stage),
            Checkpoint {
                state_root: B256::repeat_byte(byte),
                ..first(&stage)
            },
        ];
        DoubleStatement::Shares(Box::new(TwoShares {
            number: u16::from(byte % 4),
            checkpoints,
            shares: [[byte; 192]; 2],
        }))
    };
    let accuses = |statement| ChildNews::Accuses {
        node: 0,
        statement,
        taken: oneshot::channel().0,
    };
    let mut told: Vec<ChildNews> = (1..=250).map(|byte| accuses(invented(byte))).collect();
    told.insert(0, accuses(two_shares(&stage, 0, foreign)));
    for byte in 1..100 {
        let checkpoint = Checkpoint {
            state_root: B256::repeat_byte(byte),
            ..first(&stage)
        };
        told.push(ChildNews::Signs {
            node: 0,
            checkpoint: Box::new(checkpoint),
            shares: vec![(0, [byte; 192])],
        });
    }
    let lie = |part: &'static str| move |said: &WatchNotice| matches!(said, WatchNotice::Lie { reason, .. } if reason.contains(part));
    let lies = [
        "that no member signed",
        "not of the accused's key",
        "two of one epoch of this deployment",
    ];
    let seen = std::cell::RefCell::new(BTreeSet::new());
    let all = |said: &WatchNotice| {
        let named = lies.into_iter().filter(|part| lie(part)(said));
        seen.borrow_mut().extend(named);
        seen.borrow().len() == lies.len()
    };
    scene.until(&[], told, all).await;
    for part in lies {
        assert_eq!(scene.has_said(lie(part)), 1, "said once: {part}");
    }
    assert_eq!(
        scene.has_said(|said| matches!(said, WatchNotice::Found { .. })),
        0
    );

    // A person hands the evidence over in a file: nothing is sent in a dry run, over a budget, or against a second endpoint.
    let path = folder.path().join("evidence.json");
    let statement = two_shares(&stage, 2, first(&stage));
    std::fs::write(&path, handed::write(&[statement]).expect("it encodes")).expect("a file");
    let statements = handed::read(&path).expect("it is read");
    scene.options.dry_run = true;
    let would = |said: &WatchNotice| matches!(said, WatchNotice::WouldSend { step, .. } if *step == "commit");
    scene.until(&statements, Vec::new(), would).await;
    scene.options.dry_run = false;
    scene.options.budget = Some(1);
    let over = |said: &WatchNotice| matches!(said, WatchNotice::OverBudget { .. });
    scene.until(&[], Vec::new(), over).await;
    scene.options.budget = None;
    let other = Anvil::start(other_folder.path()).await;
    for _ in 0..4 {
        other
            .rpc()
            .once("anvil_mine", json!(["0x40"]))
            .await
            .expect("anvil");
    }
    scene.second = Some(Arc::new(other.rpc()));
    let differ = |said: &WatchNotice| matches!(said, WatchNotice::Disagree { .. });
    scene.until(&[], Vec::new(), differ).await;
    assert_eq!(nonce().await, 0, "nothing was sent");

    // With one that says the same it goes on. The block of the commitment vanishes, and that of the reveal.
    scene.second = Some(Arc::new(anvil.rpc()));
    let committed = |said: &WatchNotice| matches!(said, WatchNotice::Committed { .. });
    scene.until(&[], Vec::new(), committed).await;
    let mut depth = 1;
    while commitments(&stage, &rpc).await > 0 {
        depth += 1;
        anvil.reorganise(depth).await;
    }
    assert_eq!(nonce().await, 0);
    let revealed = |said: &WatchNotice| matches!(said, WatchNotice::Revealed { mine: true, .. });
    scene.until(&[], Vec::new(), revealed).await;
    let operator = stage.members[2].operator.into();
    let call = ICourt::offenceCall { operator, epoch: 1 };
    let known = async || {
        let known = view_call(&rpc, court(&stage), call.clone(), At::Latest).await;
        known.expect("root")
    };
    depth = 1;
    while known().await.registration != 0 {
        depth += 1;
        anvil.reorganise(depth).await;
    }
    let collected = |said: &WatchNotice| matches!(said, WatchNotice::Collected { mine: true, .. });
    scene.until(&[], Vec::new(), collected).await;
    let offence = known().await;
    assert!(
        offence.counted && offence.leader.is_zero(),
        "it is collected"
    );
    // On the chain as it is: the commitment (again where its time was over), one reveal, one collection.
    let made = commitments(&stage, &rpc).await as u64;
    assert_eq!(nonce().await, made + 2, "{:#?}", scene.said);
}
