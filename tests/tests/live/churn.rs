//! Sets change under real CometBFT while people pay each other: three operators come, three founders go, and all who hold a set hold the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use plasmid::client::signer::Signer;
use plasmid::client::{Client, Terms};
use plasmid::ledger::Account;
use plasmid::ledger::transaction::{Body, StakeBody};
use plasmid::localnet::found::{self, ETHER};
use plasmid_bridge::proof::set;
use plasmid_proto::ledger::v1::Stage;
use plasmid_staking::epoch_of;
use plasmid_tests::running::{
    NATIVE, Plan, Running, Storm, member, message_index, operator, person,
};

/// Who is there from the genesis on, and who comes.
const FOUNDERS: usize = 4;
const COMING: usize = 3;
/// What a newcomer bonds: as much as a founder has.
const BOND: u128 = found::STAKE;

#[tokio::test(flavor = "multi_thread")]
async fn four_become_seven_and_four_again_while_people_pay() {
    let plan = Plan::default();
    let mut running = Running::start(&plan).await;
    let mut storm = Storm::default();
    let client = client(&running, 0).await;
    storm.add(pays(client, person(&running, "carol").await.signer));

    let mut newcomers = Vec::new();
    for _ in 0..COMING {
        newcomers.push(comes(&mut running).await);
    }
    let honest = newcomers[0];
    let backup = backup(&mut running, honest).await;
    for number in newcomers {
        bonds(&running, number).await;
    }
    lasts(&mut running, FOUNDERS + COMING).await;
    dies_and_returns(&mut running, honest, &backup).await;
    for number in 1..FOUNDERS {
        acts(&running, number, StakeBody::Leave).await;
    }
    lasts(&mut running, FOUNDERS).await;
    storm.end().await;
    running.agree().await;
    let away = running.engine(honest).status().await.expect("it answers");
    let away = away.validator_info.address.as_bytes().to_vec();
    let mut sizes = one_set_at_every_height(&running, plan.parameters.epoch_blocks, &away).await;
    sizes.dedup();
    assert_eq!(sizes.first(), Some(&FOUNDERS));
    assert!(sizes.contains(&(FOUNDERS + COMING)));
    assert_eq!(sizes.last(), Some(&FOUNDERS));
    running.stop().await;
}

/// A connection to a node, for signing.
pub async fn client(running: &Running, node: usize) -> Client {
    let url = running.network.grpc(node);
    let client = Client::connect(&url, running.domain).await;
    client.expect("the node answers")
}

/// Pays again and again; each payment stands in a block before the next one is signed.
pub async fn pays(client: Client, signer: Signer) {
    let to = Account::ethereum([0x77; 20]);
    loop {
        let body = transfer(to, 1);
        carried_out(&client, &signer, body).await;
    }
}

fn transfer(to: Account, amount: u128) -> Body {
    Body::Transfer {
        to,
        token: NATIVE,
        amount,
    }
}

async fn carried_out(client: &Client, signer: &Signer, body: Body) {
    let signed = client.prepare(signer, body, &Terms::default()).await;
    let submitted = client.submit(&signed.expect("it can be carried out")).await;
    let status = submitted.expect("it is taken").until(Stage::Included).await;
    assert_eq!(status.expect("it stands in a block").code, 0);
}

/// A transaction of stake by the operator of a validator, whom alice gives what it needs.
async fn acts(running: &Running, number: usize, body: StakeBody) {
    let client = client(running, 0).await;
    let alice = person(running, "alice").await;
    let own = operator(number);
    carried_out(&client, &alice.signer, transfer(own.account(), ETHER)).await;
    carried_out(&client, &own, Body::Stake(body)).await;
}

/// One more operator registers, and its node follows until it is level; gives its number.
async fn comes(running: &mut Running) -> usize {
    let joined = running.join().await;
    running.consumed(0, message_index(&joined.receipt)).await;
    let height = running.view().status(0).await.height;
    running.reaches(joined.number, height).await;
    joined.number
}

async fn bonds(running: &Running, number: usize) {
    let client = client(running, 0).await;
    let alice = person(running, "alice").await;
    let own = operator(number);
    carried_out(&client, &alice.signer, transfer(own.account(), BOND)).await;
    let delegation = StakeBody::Delegate {
        operator: own.account().id,
        amount: BOND,
        line: number as u64 + 1,
        max_commission: 10_000,
    };
    acts(running, number, delegation).await;
    acts(running, number, StakeBody::TakeSeat).await;
}

/// A copy of a node's folder from before it is a member: it has signed nothing, and knows no set but the first ones.
async fn backup(running: &mut Running, number: usize) -> PathBuf {
    running.stop_node(number).await;
    let backup = running.network.folder.join("backup");
    copy(running.home(number).path(), &backup);
    running.start_node(number).await;
    backup
}

/// A member is killed; its folder is lost and comes back from the old copy, with which it does not vote; another machine takes over with the old copy's chain and the
/// files that remember what was signed. Each time it validates again. That nothing was signed twice is seen at the end: no block has evidence.
async fn dies_and_returns(running: &mut Running, number: usize, backup: &Path) {
    let node = running.network.nodes[number].as_mut().expect("it runs");
    node.engine.process().kill().expect("it is killed");
    node.app.kill().expect("it is killed");
    running.network.nodes[number] = None;
    running.start_node(number).await;
    running.takes_turns(number, "after a kill").await;

    running.stop_node(number).await;
    let folder = running.home(number).path().to_owned();
    let lost = running.network.folder.join("lost");
    fs::rename(&folder, &lost).expect("the folder is lost");
    copy(backup, &folder);
    does_not_vote_from_an_old_copy(running, number).await;
    running.start_node(number).await;
    running
        .takes_turns(number, "from an old copy, above what it had signed")
        .await;

    running.stop_node(number).await;
    let home = running.home(number);
    let remembered = [home.sign_state_path(), home.engine().sign_state_path()];
    let kept = remembered.map(|path| (fs::read(&path).expect("it remembers"), path));
    fs::remove_dir_all(&folder).expect("the machine is gone");
    copy(backup, &folder);
    for (bytes, path) in kept {
        fs::write(path, bytes).expect("it is carried over");
    }
    running.start_node(number).await;
    running.takes_turns(number, "on another machine").await;
}

/// A block shows a vote of the node's key that the copy knows nothing of: it ends before it votes, each time, until its person has done what it says.
async fn does_not_vote_from_an_old_copy(running: &mut Running, number: usize) {
    let log = running.home(number).path().join("plasmid.log");
    let state = running.home(number).engine().sign_state_path();
    let before = fs::read(&state).expect("the copy's sign state");
    for _ in 0..2 {
        // The engine may end before it has answered.
        let started = running.network.start_node(number).await;
        let node = running.network.nodes[number].take();
        running
            .until("an old copy says what it is", async |_| {
                let said = fs::read_to_string(&log).ok()?;
                said.contains("this folder is an older copy").then_some(())
            })
            .await;
        if let (Ok(()), Some(mut node)) = (started, node) {
            running
                .until("its application ends", |_| {
                    let ended = node.app.exited().expect("a child").is_some();
                    async move { ended.then_some(()) }
                })
                .await;
        }
        assert_eq!(
            fs::read(&state).expect("it stands"),
            before,
            "nothing was signed"
        );
        fs::remove_file(&log).expect("the log is read");
    }
    let height = running.view().status(0).await.height + 10;
    let above = format!(r#"{{"height":"{height}","round":0,"step":3}}"#);
    fs::write(state, above).expect("written");
}

/// Copies a folder; sockets stay behind.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the folder").flatten() {
        let (kind, target) = (
            entry.file_type().expect("a kind"),
            to.join(entry.file_name()),
        );
        if kind.is_dir() {
            copy(&entry.path(), &target);
        } else if kind.is_file() {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// Waits until a set of `count` has stood for an epoch, and root has accepted a checkpoint that it signed.
async fn lasts(running: &mut Running, count: usize) {
    let what = format!("the set has {count} members");
    let epoch = running
        .until(&what, |view| async move {
            let set = view.set_of(None).await;
            (set.validators.len() == count).then_some(set.epoch)
        })
        .await;
    let what = format!("root has accepted what {count} members signed");
    running
        .until(&what, |view| async move {
            let accepted = view.head().await.accepted;
            // The set of an epoch signs the checkpoint of the one before.
            (accepted > epoch && view.status(0).await.epoch > epoch + 1).then_some(())
        })
        .await;
}

/// At every height the engine has the set that root committed to, nobody else signed, and nobody is shown to have signed twice; at every
/// epoch's end each member had signed but the one that was away. Gives the sizes of the sets by epoch.
pub async fn one_set_at_every_height(
    running: &Running,
    epoch_blocks: u32,
    away: &[u8],
) -> Vec<usize> {
    let view = running.view();
    let engine = running.engine(0);
    let accepted: BTreeMap<u64, _> = view
        .accepted()
        .await
        .into_iter()
        .map(|one| (one.event.epoch, one.event.checkpoint.nextSet))
        .collect();
    // Up to the newest epoch whose set root knows.
    let known = accepted.last_key_value().expect("a checkpoint").0 + 3;
    let height = view.status(0).await.height - 1;
    let last = height.min(known * u64::from(epoch_blocks));
    let (mut sizes, mut epoch, mut members) = (Vec::new(), None, BTreeMap::new());
    let mut signed = BTreeSet::new();
    for height in 1..=last {
        let now = epoch_of(height, epoch_blocks).expect("an epoch");
        if epoch != Some(now) {
            // Each member's vote stands in a block of an epoch that has ended.
            let silent: Vec<_> = members
                .keys()
                .filter(|key: &&Vec<u8>| key.as_slice() != away && !signed.contains(*key))
                .collect();
            assert!(
                silent.is_empty(),
                "epoch {epoch:?}: {silent:?} signed nothing"
            );
            let set = view.set_of(Some(now)).await.validators;
            if let Some(before) = now.checked_sub(2) {
                let committed = set::commit(&set.iter().map(member).collect::<Vec<_>>());
                let committed = committed.expect("a set").commitment;
                assert_eq!(
                    accepted.get(&before),
                    Some(&committed),
                    "the set of epoch {now}"
                );
            }
            sizes.push(set.len());
            members = set
                .iter()
                .map(|one| (one.consensus_address.clone(), one.power))
                .collect();
            (epoch, signed) = (Some(now), BTreeSet::new());
        }
        let held = engine.validators(height).await.expect("the set");
        let held: BTreeMap<_, _> = held
            .iter()
            .map(|info| (info.address.as_bytes().to_vec(), info.power.value()))
            .collect();
        assert_eq!(held, members, "the engine's set at height {height}");
        let commit = engine.commit(Some(height)).await.expect("the block");
        let commit = commit.signed_header.commit;
        assert_eq!(commit.signatures.len(), members.len(), "height {height}");
        let block = engine.block(Some(height)).await.expect("the block").block;
        let evidence = block.evidence.iter().count();
        assert_eq!(evidence, 0, "somebody signed twice: height {height}");
        let voters = commit.signatures.iter().filter(|one| one.is_commit());
        for voter in voters.filter_map(|one| one.validator_address()) {
            let voter = voter.as_bytes().to_vec();
            assert!(members.contains_key(&voter), "height {height}: {voter:?}");
            signed.insert(voter);
        }
    }
    println!("members by epoch: {sizes:?}");
    sizes
}
