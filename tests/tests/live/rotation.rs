//! A validator changes both its keys under real CometBFT, while people pay and delegate: its operator registers new ones on root, a second node has
//! them and follows, the set of a later epoch has the new key in the place of the old one, and the old node goes. Its line, its seat and those who
//! back it stay. Meanwhile operators and owners of stake type what the demo does not.

use plasmid::ledger::Parameters;
use plasmid::localnet::Joined;
use plasmid_tests::running::{Plan, Running, Storm, message_index, operator, person};
use serde_json::Value;

use super::churn;

/// Who rotates.
const FOUNDER: usize = 3;
/// The number of its line, and of its first registration.
const LINE: u64 = FOUNDER as u64 + 1;

#[tokio::test(flavor = "multi_thread")]
async fn a_seated_validator_rotates_its_keys_while_people_pay_and_delegate() {
    let mut plan = Plan::default();
    plan.parameters = Parameters {
        jail_divisor: 16,
        jail_epochs: 1,
        ..plan.parameters
    };
    let mut running = Running::start(&plan).await;
    let mut storm = Storm::default();
    let client = churn::client(&running, 0).await;
    storm.add(churn::pays(client, person(&running, "carol").await.signer));

    running.keeps_operator(FOUNDER, "founder");
    let own = operator(FOUNDER).account();
    let paid = running.typed(&format!(
        "tx transfer --from alice --to {own} --amount 5 --wait"
    ));
    assert_eq!(paid["code"], 0, "{paid}");
    running.applied("tx stake describe --from founder --name Four --website https://four.example");
    let delegate = format!("tx stake delegate --from alice --to {own} --amount");
    let kept = position(&running.applied(&format!("{delegate} 2")));
    let other = position(&running.applied(&format!("{delegate} 1")));

    let (joined, epoch) = rotates(&mut running).await;
    earns(&mut running, kept, other).await;
    signs_alone(&mut running, &joined, epoch).await;
    let blocks = plan.parameters.epoch_blocks;
    is_replaced_at_once(&running, epoch, u64::from(blocks), joined.registration).await;
    // No block lacks a known validator's key.
    let sizes = churn::one_set_at_every_height(&running, blocks, &[]).await;
    assert!(sizes.iter().all(|size| *size == 4), "{sizes:?}");

    is_jailed_and_returns(&mut running, joined.number).await;
    storm.end().await;
    // The old node has a key that nobody knows any more, and follows.
    running.start_node(FOUNDER).await;
    running.agree().await;
    running.stop().await;
}

fn position(answer: &Value) -> u64 {
    let number = answer["position"].as_u64();
    number.unwrap_or_else(|| panic!("no position was made: {answer}"))
}

/// Registers new keys and starts a node with them; gives the first epoch whose set has them.
async fn rotates(running: &mut Running) -> (Joined, u64) {
    let joined = running.rotate(FOUNDER).await;
    running.consumed(0, message_index(&joined.receipt)).await;
    let shown = running.typed("query stake validator founder");
    assert_eq!(shown["registration"], joined.registration, "{shown}");
    let registration = joined.registration;
    let epoch = running
        .until("the set has the new keys", |view| async move {
            let set = view.set_of(None).await;
            let mut all = set.validators.iter();
            all.any(|one| one.registration == registration)
                .then_some(set.epoch)
        })
        .await;
    let before = running.view().set_of(Some(epoch - 1)).await.validators;
    let old = before.iter().any(|one| one.registration == LINE);
    assert!(old, "the set before has the old keys: {before:?}");
    (joined, epoch)
}

/// The old node goes when root has what its key had to sign; the new key goes on, and root accepts what it signs.
async fn signs_alone(running: &mut Running, joined: &Joined, epoch: u64) {
    running
        .until(
            "root has accepted what the old key signs",
            |view| async move {
                // The set of an epoch signs the checkpoint of the one before.
                (view.head().await.accepted >= epoch - 1).then_some(())
            },
        )
        .await;
    running.stop_node(FOUNDER).await;
    running
        .takes_turns(joined.number, "with the new keys")
        .await;
    let now = running.view().status(0).await.epoch;
    running
        .until(
            "root has accepted what the new key signs",
            |view| async move { (view.head().await.accepted > now).then_some(()) },
        )
        .await;
}

/// One block hands the engine both changes, and it takes them: at no height has it both keys of the validator, or neither.
async fn is_replaced_at_once(running: &Running, epoch: u64, blocks: u64, registration: u64) {
    let view = running.view();
    let key = async |epoch, registration| {
        let set = view.set_of(Some(epoch)).await.validators;
        let mut all = set.into_iter();
        let member = all.find(|one| one.registration == registration);
        member.expect("a member").consensus_address
    };
    let (old, new) = (key(epoch - 1, LINE).await, key(epoch, registration).await);
    let engine = running.engine(0);
    for (height, there, away) in [
        (epoch * blocks, &old, &new),
        (epoch * blocks + 1, &new, &old),
    ] {
        let held = engine.validators(height).await.expect("the set");
        let mut held = held.iter().map(|info| info.address.as_bytes());
        let has = held.clone().any(|address| address == there.as_slice());
        let gone = held.all(|address| address != away.as_slice());
        assert!(has && gone, "the engine's set at height {height}");
    }
}

/// What owners and the operator type: nothing of it is lost by the rotation.
async fn earns(running: &mut Running, kept: u64, other: u64) {
    // A founder changes its commission once the genesis epoch has matured.
    let edit = "tx stake edit --from founder --commission 100 --yes --wait";
    waits(running, "the commission is changed", |running| {
        running
            .try_typed(edit)
            .is_ok_and(|answer| answer["code"] == 0)
    })
    .await;
    let rewards = format!("query stake position {kept}");
    let owed = |running: &Running, line: &str| {
        let text = running.typed(line)["rewards"].as_str().map(str::to_owned);
        text.is_some_and(|text| text.parse::<u128>().expect("an amount") > 1_000_000)
    };
    waits(running, "the position has rewards", |running| {
        owed(running, &rewards)
    })
    .await;
    running.applied(&format!("tx stake claim-rewards {kept} --from alice"));
    waits(running, "it has some again", |running| {
        owed(running, &rewards)
    })
    .await;
    let restaked = position(&running.applied(&format!("tx stake restake {kept} --from alice")));
    let shown = running.typed(&format!("query stake position {restaked}"));
    assert_eq!(shown["legs"][0]["line"], LINE, "{shown}");
    // Both have to be older than what has matured.
    let merge = format!("tx stake merge {kept} {other} --from alice --yes --wait");
    waits(running, "the positions are merged", |running| {
        running
            .try_typed(&merge)
            .is_ok_and(|answer| answer["code"] == 0)
    })
    .await;
    let gone = running.try_typed(&format!("query stake position {other}"));
    assert!(gone.is_err(), "{gone:?}");
    let ends = format!("tx stake undelegate {kept} --amount 0.5 --from alice");
    let ended = position(&running.applied(&ends));
    let shown = running.typed(&format!("query stake position {ended}"));
    assert_eq!(shown["bonded"], false, "{shown}");
    running.applied(&format!("tx stake cancel-unbonding {ended} --from alice"));
    let shown = running.typed(&format!("query stake position {ended}"));
    assert_eq!(shown["bonded"], true, "{shown}");
    let held = running.typed(&rewards);
    assert_eq!(
        (&held["held"], &held["bonded"], &held["legs"][0]["line"]),
        (&"2500000000000000000".into(), &true.into(), &LINE.into()),
        "{held}"
    );
    waits(running, "the operator has commission", |running| {
        let shown = running.typed("query stake validator founder");
        let owed = shown["commission_owed"].as_str();
        owed.is_some_and(|owed| owed != "0")
    })
    .await;
    running.applied(&format!("tx stake claim-commission {LINE} --from founder"));
    let shown = running.typed("query stake validator founder");
    assert_eq!(shown["name"], "Four", "{shown}");
}

/// Waits for what the program answers.
async fn waits(running: &mut Running, what: &str, is: impl Fn(&Running) -> bool) {
    let start = std::time::Instant::now();
    while !is(running) {
        running.nodes_run();
        assert!(
            start.elapsed().as_secs() < 150,
            "waited until {what}, and that did not happen"
        );
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    println!("{:>7.1?}  {what}", start.elapsed());
}

/// Its node stands still for an epoch, and its line loses its rewards until the operator says that it is back.
async fn is_jailed_and_returns(running: &mut Running, node: usize) {
    running.stop_node(node).await;
    running
        .until("it is jailed", |view| async move {
            (view.set_of(None).await.validators.len() == 3).then_some(())
        })
        .await;
    running.start_node(node).await;
    let height = running.view().status(0).await.height;
    running.reaches(node, height).await;
    waits(running, "the time in jail is over", |running| match running
        .try_typed("tx stake unjail --from founder --yes --wait")
    {
        Ok(answer) => answer["code"] == 0,
        Err(why) => {
            assert!(why.contains("jail"), "{why}");
            false
        }
    })
    .await;
    running
        .until("it is back", |view| async move {
            (view.set_of(None).await.validators.len() == 4).then_some(())
        })
        .await;
    running.takes_turns(node, "after the jail").await;
}
