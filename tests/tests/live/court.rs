//! A validator signs two votes, and a stranger's watcher takes them from a block to the Court on root, though it is killed at each of its stages: the
//! validator's line is frozen on the child, its set goes on without it, and when reports are closed the stake behind it is cut by what root
//! computed. The watcher pays for four transactions, and no more.

use std::path::Path;
use std::time::Duration;

use alloy_primitives::{Address, U256};
use plasmid::localnet::double_vote;
use plasmid::localnet::process::Child;
use plasmid_bridge::abi::{ICourt, IRegistry};
use plasmid_bridge::client::rpc::At;
use plasmid_bridge::proof::{court, deployment};
use plasmid_proto::stake::v1::{GetPositionRequest, GetValidatorRequest, Line};
use plasmid_tests::running::{Plan, Running, View, operator, person};
use serde_json::Value;

mod equivocator;

/// Who signs twice.
const CULPRIT: usize = 3;
/// The genesis position of its own stake.
const POSITION: u64 = CULPRIT as u64 + 1;
/// Within this time a watcher ends that was asked to.
const PATIENCE: Duration = Duration::from_secs(150);
/// Who is paid.
const BENEFICIARY: Address = Address::repeat_byte(0x77);

/// What the watcher has said when it is killed, in this order.
const STAGES: [fn(&Value) -> bool; 9] = [
    |said| said["event"] == "found",
    |said| is_step(said, "commit"),
    |said| said["event"] == "committed",
    |said| is_step(said, "reveal"),
    |said| said["event"] == "revealed",
    |said| is_step(said, "collect"),
    |said| said["event"] == "collected",
    |said| said["event"] == "counted",
    |said| is_step(said, "settle"),
];

/// The place of the reveal among them.
const REVEALED: usize = 4;

fn is_step(said: &Value, step: &str) -> bool {
    said["event"] == "sent" && said["step"] == step
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_two_votes_is_frozen_and_cut_by_a_watcher_that_is_killed_at_each_stage() {
    let plan = Plan::default();
    let blocks = u64::from(plan.parameters.epoch_blocks);
    let mut running = Running::start(&plan).await;
    let reporter = person(&running, "alice").await.wallet.address();
    let registry = running.network.local.registry;
    let court = Address::from(deployment::court(&registry.into_array()));
    let network = running.network.folder.clone();
    // It runs before the offence.
    let mut watcher = watch(&running);
    let mut begun = 0;

    // An epoch whose set a checkpoint committed to.
    let epoch = running
        .until("root knows the set of an epoch", |view| async move {
            let now = view.try_status(0).await?.epoch;
            (now >= 2 && view.head().await.accepted > now - 2).then_some(now)
        })
        .await;
    let height = epoch * blocks + 1;
    running.reaches(0, height + 2).await;
    let nonce = running.rpc.nonce(reporter, At::Latest).await.expect("root");
    let culprit = Address::from(operator(CULPRIT).account().id);
    let registration = registration(&running.view(), culprit).await;
    let before = bond(&running, culprit, registration).await;
    let signed = double_vote(&running.engine(0), CULPRIT, height).await;
    let signed = signed.expect("the culprit is a member");
    let handed_in = running.engine(0).broadcast_evidence(signed).await;
    handed_in.expect("the engine takes evidence");

    for (place, stage) in STAGES.into_iter().enumerate() {
        says(&mut running, &mut watcher, stage).await;
        watcher.kill().expect("it is killed");
        begun = watching(&network).len();
        watcher = watch(&running);
        if place == REVEALED {
            // The child consumes the freeze, which the settlement lifts: the line is closed until then.
            running
                .until("the line is frozen", |view| async move {
                    let freezes = line(&view, culprit).await.freezes?;
                    let frozen = (freezes.count, freezes.lowest, freezes.highest);
                    (frozen == (1, epoch, epoch)).then_some(())
                })
                .await;
        }
    }
    says(&mut running, &mut watcher, |said| {
        said["event"] == "settled"
    })
    .await;

    // One commitment, one reveal, one reward, one cut: four transactions of the account, and each took effect.
    let after = running.rpc.nonce(reporter, At::Latest).await.expect("root");
    assert_eq!(after - nonce, 4, "{:#?}", said(&network));
    let said = said(&network);
    let refused = said.iter().find(|one| one["succeeded"] == false);
    assert!(refused.is_none(), "{refused:?}");
    let cost = said
        .iter()
        .find(|one| one["step"] == "reveal" && one["event"] == "paid");
    println!("the reveal: {cost:?}");
    let call = ICourt::offenceCall {
        operator: culprit,
        epoch,
    };
    let offence = running.view().read(court, call).await;
    assert!(offence.counted && offence.settled);

    // A second watcher of one folder refuses to start, once the first one has the folder.
    let place = network.clone();
    let watching = running
        .until("the last watcher watches", move |_| {
            let mut all = watching(&place);
            let last = all.pop().filter(|_| all.len() >= begun);
            async move { last }
        })
        .await;
    assert_eq!(watching["account"], reporter.to_string());
    let folder = network.join("watch");
    assert_eq!(watching["folder"], folder.display().to_string());
    let log = running.network.folder.join("second.log");
    let mut second = Child::spawn("second watcher", command(&running), &log).expect("it starts");
    running
        .until("the second watcher has ended", |_| {
            let ended = second.exited().expect("a process");
            async move { ended }
        })
        .await;
    let told = std::fs::read_to_string(&log).expect("its log");
    assert!(told.contains("another watcher runs"), "{told}");

    // The reward, from the culprit's bond; the other half is burned.
    let paid = running.rpc.balance(BENEFICIARY).await.expect("a balance");
    let reward = U256::from(plan.parameters.reporter_reward);
    assert!(paid > reward / U256::from(2), "half, and the gas: {paid}");
    let taken = before - bond(&running, culprit, registration).await;
    assert_eq!(taken, paid + reward - reward / U256::from(2));

    // The child consumed the freeze and the cut: the line is closed, its seat empty, and the stake behind it less.
    let fraction = court::cut(
        &[court::Offence {
            operator: culprit.into_array(),
            epoch,
            share: court::share(1, 4),
        }],
        &[],
        epoch,
        plan.parameters.min_cut,
    );
    let position = running
        .until("the child has applied the cut", |view| async move {
            let request = GetPositionRequest {
                number: POSITION,
                ..GetPositionRequest::default()
            };
            let answer = view.stake(0).get_position(request).await.ok()?;
            let position = answer.into_inner().position?;
            (!position.cuts.is_empty()).then_some(position)
        })
        .await;
    let cut = position.cuts.first().expect("a cut");
    assert_eq!((cut.epoch, u64::from(cut.fraction)), (epoch, fraction));
    let waits: u128 = position.cut_waits.parse().expect("an amount");
    let base: u128 = position.base.parse().expect("an amount");
    let taken = base * u128::from(fraction) / u128::from(court::WHOLE);
    assert!(waits.abs_diff(taken) <= 1, "{waits} of {base}");
    // Anybody takes the cut from the position.
    running.applied(&format!("tx stake apply-cut {POSITION} --from alice"));
    let shown = running.typed(&format!("query stake position {POSITION}"));
    assert_eq!(shown["cut_waits"], "", "{shown}");
    let line = line(&running.view(), culprit).await;
    assert_eq!(line.seat, None);
    let freezes = line.freezes.expect("a line tells of freezes");
    assert_eq!(freezes.count, 0, "the settlement lifts the freeze");
    assert_eq!(running.view().set_of(None).await.validators.len(), 3);
    let ended = watcher.stop(PATIENCE).await;
    assert!(ended.expect("it ends").success(), "SIGTERM ends it cleanly");
    running.agree().await;
    running.stop().await;
}

/// The watcher as a stranger starts it, from two addresses and a key: the votes are those that the node shows of its engine.
fn command(running: &Running) -> std::process::Command {
    let network = &running.network;
    let mut command = plasmid_tests::plasmid();
    command
        .args(["watch", "--from", "alice", "--json"])
        .args(["--beneficiary", &BENEFICIARY.to_string()])
        .args(["--root", network.anvil.url()])
        .args(["--registry", &network.local.registry.to_string()])
        .arg("--folder")
        .arg(network.folder.join("watch"))
        .arg("--keys")
        .arg(network.folder.join("keys"))
        .arg("--password-file")
        .arg(network.password_file());
    command.args(["--node", &network.grpc(0)]);
    command
}

fn watch(running: &Running) -> Child {
    let log = running.network.folder.join("watch.log");
    Child::spawn("watcher", command(running), &log).expect("the watcher starts")
}

/// What all runs of the watcher have said, one object a line.
fn said(network: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(network.join("watch.log")).expect("its log");
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    lines.collect()
}

/// What each run has said when it had its folder.
fn watching(network: &Path) -> Vec<Value> {
    let mut said = said(network);
    said.retain(|one| one["event"] == "watching");
    said
}

/// Waits until one of its runs has said it.
async fn says(running: &mut Running, watcher: &mut Child, is_it: impl Fn(&Value) -> bool) {
    let network = running.network.folder.clone();
    let log = network.join("watch.log");
    let found = running
        .until("the watcher says it", |_| {
            watcher.check().expect("the watcher runs");
            let text = std::fs::read_to_string(&log).expect("its log");
            let mut lines = text
                .lines()
                .filter_map(|line| serde_json::from_str(line).ok());
            let found = lines.find(|line: &Value| is_it(line));
            async move { found }
        })
        .await;
    println!("{found}");
}

async fn line(view: &View, operator: Address) -> Line {
    let request = GetValidatorRequest {
        operator: operator.to_string(),
    };
    let answer = view.stake(0).get_validator(request).await;
    let found = answer.expect("the node answers").into_inner();
    found.line.expect("a line")
}

async fn registration(view: &View, operator: Address) -> u64 {
    let told = view.set_of(None).await.validators;
    let own = |one: &&plasmid_proto::chain::v1::Validator| one.operator == operator.to_string();
    told.iter().find(own).expect("a member").registration
}

async fn bond(running: &Running, operator: Address, number: u64) -> U256 {
    let registry = running.network.local.registry;
    let asked = IRegistry::registrationOfCall { operator, number };
    running.view().read(registry, asked).await.bond
}
