//! A running network that lacks shares for its checkpoints, and one that leaves out messages that were due: checkpoints wait for the shares
//! and are accepted late, and nothing is final before what was skipped is consumed.

use std::ops::Range;
use std::process::Command;
use std::time::Duration;

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall;
use plasmid::ledger::Account;
use plasmid::localnet::PASSWORD;
use plasmid::localnet::found::{ETHER, relayer_secret};
use plasmid::localnet::process::Child;
use plasmid::node::keystore;
use plasmid::node::sign_state::{SignState, SignStateError, SignStateIdentity};
use plasmid_bridge::abi::{IRootChain, IVault};
use plasmid_bridge::client::rpc::Call;
use plasmid_bridge::client::wallet::{Key, WalletError};
use plasmid_bridge::proof::bls;
use plasmid_bridge::relay::seen::Which;
use plasmid_proto::bridge::v1::{
    CheckpointStage, GetProofRequest, GetSharesRequest, GetWithdrawalRequest, PrepareClaimRequest,
    SubmitShareRequest, SubmitShareResponse, WithdrawalStage, get_proof_request,
};
use plasmid_proto::chain::v1::{GetBlockRequest, MissingShare};
use plasmid_tests::running::proxy::Behaviour;
use plasmid_tests::running::{Person, Plan, Running, View, person};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tonic::{Code, Status};

const SEED: u64 = 0x5a_e5;
/// The node whose disk takes no sign state.
const FULL: usize = 2;
/// The node that is down.
const DOWN: usize = 3;
/// How long a process may take to start or to end.
const READY: Duration = Duration::from_secs(60);
/// Epochs that end without a certificate.
const INCOMPLETE: u64 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_running_network_stands_missing_shares_and_skipped_messages() {
    let plan = Plan {
        seed: SEED,
        ..Plan::default()
    };
    let mut random = ChaCha8Rng::seed_from_u64(plan.seed);
    let mut running = Running::start(&plan).await;
    println!("missing shares");
    shares_are_missing_and_repaired(&mut running).await;
    running.agree().await;
    println!("a skipped message");
    let alice = person(&running, "alice").await;
    a_due_message_is_skipped(&mut running, &mut random, &alice).await;
    running.agree().await;
    running.stop().await;
}

/// One of four nodes is down and another one cannot write its sign state, so the chain commits and no checkpoint has a quorum. Whichever
/// of the two is repaired first signs what it owes without being asked, root accepts all checkpoints in order, and a withdrawal of that
/// time is paid.
async fn shares_are_missing_and_repaired(running: &mut Running) {
    let carol = person(running, "carol").await;
    running.fill_sign_state(FULL, true);
    running.stop_node(DOWN).await;
    members_need_their_keys(running);
    let recipient = Address::repeat_byte(0x53);
    let number = running.withdraw(0, &carol, recipient, ETHER).await;
    let short = epochs_without_a_quorum(running).await;
    misses_are_named(running).await;
    refused_shares(running, short.start).await;

    println!("the disk has room again");
    running.fill_sign_state(FULL, false);
    all_accepted(running, &short).await;
    signed_by(running, &short, &[0, 1, FULL]).await;
    claim_is_paid(running, &carol, number, recipient).await;

    println!("the disk is full again, and the node that was down returns");
    running.fill_sign_state(FULL, true);
    let short = epochs_without_a_quorum(running).await;
    a_lost_sign_state_begins_above_what_root_has(running).await;
    running.start_node(DOWN).await;
    all_accepted(running, &short).await;
    signed_by(running, &short, &[0, 1, DOWN]).await;
    running.fill_sign_state(FULL, false);
    let now = running.view().status(0).await.epoch;
    running
        .until("all four sign", |view| async move {
            let checkpoint = view.checkpoint(0, now + 1).await?;
            (checkpoint.signed_power == checkpoint.total_power).then_some(())
        })
        .await;
    in_order(running).await;
}

/// Waits until three epochs are over that two of four members did not sign; says which.
async fn epochs_without_a_quorum(running: &mut Running) -> Range<u64> {
    // An epoch's checkpoint is signed in the next one, and a node may be ahead of another: what the node with the full disk had signed
    // before is in front of the epoch that it was in.
    let mut first = 0;
    for node in [0, 1, FULL] {
        first = running.view().status(node).await.epoch.max(first);
    }
    let short = first..first + INCOMPLETE;
    running
        .until(
            "three epochs are over without a quorum",
            |view| async move {
                let status = view.try_status(0).await?;
                (status.epoch > first + INCOMPLETE).then_some(())
            },
        )
        .await;
    let view = running.view();
    assert!(view.head().await.accepted <= short.start);
    for epoch in short.clone() {
        let checkpoint = view.checkpoint(0, epoch).await.expect("its epoch is over");
        assert_eq!(checkpoint.stage, CheckpointStage::Signing as i32);
        assert_eq!(checkpoint.signed_power * 2, checkpoint.total_power);
    }
    short
}

async fn all_accepted(running: &mut Running, short: &Range<u64>) {
    let end = short.end;
    running
        .until("root accepted the late checkpoints", |view| async move {
            (view.head().await.accepted >= end).then_some(())
        })
        .await;
}

/// `status` and the relayer name the two members whose shares are missing, by seat and operator.
async fn misses_are_named(running: &mut Running) {
    let awaited = running
        .until("the status says what root waits for", |view| async move {
            let awaited = view.try_status(0).await?.awaited?;
            (awaited.missing.len() == 2).then_some(awaited)
        })
        .await;
    assert_eq!(awaited.signed_power * 2, awaited.total_power);
    let mut expected = Vec::new();
    for node in [FULL, DOWN] {
        let member = member(running, node).await;
        expected.push(MissingShare {
            seat: member.seat,
            operator: Address::from_slice(&member.operator).to_string(),
        });
    }
    assert_eq!(awaited.missing, expected);
    let named = serde_json::json!(
        expected
            .iter()
            .map(|one| serde_json::json!({ "seat": one.seat, "operator": one.operator }))
            .collect::<Vec<_>>()
    );
    let log = running.network.folder.join("relayer.log");
    let is_it = |line: &serde_json::Value| {
        line["event"] == "waiting" && line["epoch"] == awaited.epoch && line["missing"] == named
    };
    running
        .until("the relayer says whom it waits for", |_| {
            let text = std::fs::read_to_string(&log).expect("the relayer's log");
            let mut said = text
                .lines()
                .filter_map(|line| serde_json::from_str(line).ok());
            let found = said.any(|line| is_it(&line));
            async move { found.then_some(()) }
        })
        .await;
}

async fn member(running: &Running, node: usize) -> plasmid_proto::bridge::v1::Member {
    let about = keystore::describe(&running.home(node).checkpoint_key_path()).expect("a key file");
    let request = GetSharesRequest { epoch: 0 };
    let answer = running.view().bridge(0).get_shares(request).await;
    let members = answer.expect("the node answers").into_inner().members;
    let member = members
        .into_iter()
        .find(|member| Some(hex::encode(&member.checkpoint_key)) == about.public);
    member.expect("the node is a member")
}

/// A member's node without one of its keys does not start, and says which and what to do; CometBFT has made another one in one case.
fn members_need_their_keys(running: &Running) {
    let home = running.home(DOWN);
    let checkpoint = home.checkpoint_key_path();
    let (consensus, node) = (
        home.engine().consensus_key_path(),
        home.engine().node_key_path(),
    );
    for (path, words) in [
        (&checkpoint, "its checkpoint key is missing"),
        (&consensus, "CometBFT would make another one without a word"),
        (&node, "the other nodes know this one by its old id"),
    ] {
        let aside = path.with_extension("aside");
        std::fs::rename(path, &aside).expect("the key is put aside");
        let said = start_fails(running, DOWN);
        assert!(said.contains(words), "{said}");
        assert!(said.contains("from your backup"), "{said}");
        if path == &consensus {
            let made = home.engine().ensure_consensus_key(&[9; 32]);
            made.expect("another key");
            let said = start_fails(running, DOWN);
            assert!(
                said.contains("CometBFT may have made another key"),
                "{said}"
            );
        }
        std::fs::rename(&aside, path).expect("the key is put back");
    }
}

fn start(running: &Running, node: usize) -> Command {
    let mut command = Command::new(plasmid_tests::binary());
    command
        .arg("start")
        .arg("--home")
        .arg(running.home(node).path());
    command
        .arg("--password-file")
        .arg(running.network.password_file());
    command
}

/// What `plasmid start` says when it refuses.
fn start_fails(running: &Running, node: usize) -> String {
    let output = start(running, node).output().expect("it runs");
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Without its sign state a member does not start. With the flag it makes one, which begins above what root has accepted and lets the
/// node sign all that it still owes.
async fn a_lost_sign_state_begins_above_what_root_has(running: &Running) {
    let path = running.home(DOWN).sign_state_path();
    let held = sign_state(running, &["show"]);
    assert!(held["signed"].as_u64() > Some(0), "{held}");
    std::fs::remove_file(&path).expect("the sign state is lost");
    let said = start_fails(running, DOWN);
    assert!(said.contains("--new-sign-state"), "{said}");
    assert!(!path.exists(), "none is made without the flag");

    let accepted = running.view().head().await.accepted;
    let mut command = start(running, DOWN);
    command.args(["--new-sign-state", "--output", "json"]);
    let log = running.home(DOWN).path().join("new_sign_state.log");
    let mut child = Child::spawn("the node", command, &log).expect("it starts");
    let ready = || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        async move {
            let ready = text.contains("\"signs\":true");
            ready.then_some(()).ok_or("it is not ready")
        }
    };
    child.ready(READY, ready).await.expect("it is ready");
    child.stop(READY).await.expect("it ends");
    let made = sign_state(running, &["show"]);
    // As far as the node saw root finalized when it started.
    let floor = made["refused_below"].as_u64().expect("a floor");
    assert!(0 < floor && floor <= accepted, "{made}");
    let epoch = (floor / 2).to_string();
    let lower = sign_state(running, &["refuse-below", &epoch]);
    assert_eq!(
        lower["refused_below"], made["refused_below"],
        "it never comes down"
    );
}

/// What `plasmid sign-state` says of the node that is down.
fn sign_state(running: &Running, arguments: &[&str]) -> serde_json::Value {
    let mut command = Command::new(plasmid_tests::binary());
    command.args(["sign-state", "--output", "json"]);
    command.args(arguments);
    command.arg("--home").arg(running.home(DOWN).path());
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).expect("an object")
}

/// What is no share of that member over that checkpoint is refused, and counts for nothing.
async fn refused_shares(running: &Running, epoch: u64) {
    let view = &running.view();
    let home = running.home(DOWN);
    let (_, secret) = keystore::open(&home.checkpoint_key_path(), PASSWORD).expect("the key");
    let key = bls::SecretKey::from_bytes(&secret).expect("a key");
    let identity = SignStateIdentity {
        deployment: running.domain.deployment,
        key: key.public_key(),
    };
    let mut state = SignState::open(&home.sign_state_path(), identity).expect("it is not in use");
    let (own, its) = (
        member(running, DOWN).await.number,
        member(running, FULL).await.number,
    );
    let checkpoint = view.checkpoint(0, epoch).await.expect("its epoch is over");
    let digest = B256::from_slice(&checkpoint.digest);
    state.record(epoch, digest, 0).expect("the only digest");
    let other = state.record(epoch, B256::repeat_byte(1), 0);
    assert!(matches!(other, Err(SignStateError::Equivocation { .. })));
    let good = key.sign_checkpoint(&digest);
    let elsewhere = key.sign_checkpoint(&B256::repeat_byte(1));
    let mut flipped = good;
    flipped[100] ^= 1;
    for (what, epoch, member, signature) in [
        ("over another digest", epoch, own, elsewhere.as_slice()),
        ("for another epoch", epoch + 1, own, &good),
        ("of another member", epoch, its, &good),
        ("of nobody", epoch, 99, &good),
        ("with a bit flipped", epoch, own, &flipped),
        ("too short", epoch, own, &good[1..]),
    ] {
        let answer = submit(view, epoch, member, signature).await;
        let code = answer.expect_err(what).code();
        assert_eq!(code, Code::InvalidArgument, "a share {what}");
    }
    let answer = submit(view, 1_000, own, &good).await;
    assert_eq!(answer.expect_err("no such epoch").code(), Code::NotFound);
    let after = view.checkpoint(0, epoch).await.expect("a checkpoint");
    assert_eq!(after.signed_power, checkpoint.signed_power);
    // A node that took long to stop may have left the first epoch without a quorum as well.
    if view.head().await.accepted > 0 {
        let settled = submit(view, 0, own, &good).await;
        let message = settled.expect_err("root has it").message().to_owned();
        assert!(message.contains("needs no share"), "{message}");
    }
}

async fn submit(
    view: &View,
    epoch: u64,
    member: u32,
    signature: &[u8],
) -> Result<SubmitShareResponse, Status> {
    let request = SubmitShareRequest {
        epoch,
        member,
        signature: signature.to_vec(),
    };
    let answer = view.bridge(0).submit_share(request).await?;
    Ok(answer.into_inner())
}

/// The certificates of these epochs are those of these nodes, whose members have their numbers.
async fn signed_by(running: &Running, epochs: &Range<u64>, nodes: &[usize]) {
    let mut expected = [0u8; 64];
    for node in nodes {
        let number = member(running, *node).await.number as usize;
        expected[number / 8] |= 1 << (number % 8);
    }
    let accepted = running.view().accepted().await;
    for epoch in epochs.clone() {
        let record = &accepted[usize::try_from(epoch).expect("small")];
        assert_eq!(
            record.event.acceptance.signers.concat(),
            expected,
            "epoch {epoch}"
        );
    }
}

/// The withdrawal can be claimed, and its recipient is paid.
async fn claim_is_paid(running: &mut Running, from: &Person, number: u64, recipient: Address) {
    let request = move || PrepareClaimRequest {
        withdrawals: vec![number],
    };
    let prepared = running
        .until("the withdrawal can be claimed", |view| async move {
            let answer = view.bridge(0).prepare_claim(request()).await;
            answer.ok()?.into_inner().call
        })
        .await;
    let before = running.rpc.balance(recipient).await.expect("root answers");
    let call = Call::to(running.vault, prepared.data);
    from.wallet.execute(call).await.expect("the claim is paid");
    let after = running.rpc.balance(recipient).await.expect("root answers");
    assert_eq!(after - before, U256::from(ETHER));
}

/// Root's events are in order, carried by the relayer, each under a certificate of more than two thirds.
async fn in_order(running: &Running) {
    let relayer = Key::from_bytes(&relayer_secret()).expect("a key").address();
    let accepted = running.view().accepted().await;
    for (epoch, record) in (0..).zip(&accepted) {
        let signers: u32 = record.event.acceptance.signers.iter().map(ones).sum();
        assert_eq!(record.event.epoch, epoch);
        assert_eq!(record.event.carrier, relayer);
        assert!(signers >= 3, "epoch {epoch}");
    }
    assert!(accepted.len() as u64 > INCOMPLETE);
}

fn ones(word: &B256) -> u32 {
    word.iter().map(|byte| byte.count_ones()).sum()
}

/// Three nodes lose their root: the child stands still in the inbox while root goes on. A checkpoint that leaves out what was due is accepted,
/// its withdrawal cannot be claimed after the window, and can as soon as a later checkpoint has consumed the messages.
async fn a_due_message_is_skipped(running: &mut Running, random: &mut ChaCha8Rng, alice: &Person) {
    for node in 1..4 {
        let failure = match random.random_range(0..3) {
            0 => Behaviour::Silent,
            1 => Behaviour::Drop,
            _ => Behaviour::RateLimited,
        };
        running.behave(&[node], false, &failure);
    }
    let to = Account::ethereum([0x51; 20]);
    let recipient = Address::repeat_byte(0x52);
    let index = running.deposit(alice, &to, 19).await;
    let block = running.view().root_block(Which::Latest).await;
    let due = block.expect("a block").time + Plan::default().parameters.inbox_delay_secs;
    running
        .until("the deposit is due", |view| async move {
            let request = GetBlockRequest { height: 0 };
            let tip = view.chain(0).get_block(request).await.ok()?.into_inner();
            (tip.time / 1_000_000_000 > due).then_some(())
        })
        .await;
    // Its epoch ends after the due time, so its checkpoint leaves the deposit out.
    let number = running.withdraw(0, alice, recipient, ETHER).await;
    let record = running
        .until(
            "root accepted the withdrawal's checkpoint",
            |view| async move {
                let epoch = holding(&view, number).await?;
                let accepted = view.accepted().await;
                accepted.into_iter().nth(usize::try_from(epoch).ok()?)
            },
        )
        .await;
    let event = record.event;
    assert!(event.checkpoint.inboxCursor < index && index <= event.acceptance.dueCount);
    let window = running
        .view()
        .read(running.root_chain, IRootChain::parametersCall {})
        .await
        .challengeSecs;
    let final_at = event.acceptance.time + window;
    running
        .until("node 0 saw its window end", |view| async move {
            let height = view.try_status(0).await?.root_height;
            let block = view.root_block(Which::Number(height)).await?;
            (block.time > final_at).then_some(())
        })
        .await;
    let view = running.view();
    let epoch = event.epoch;
    let seen = view.checkpoint(0, epoch).await.expect("a checkpoint");
    assert_eq!(seen.stage, CheckpointStage::Accepted as i32);
    assert_eq!(seen.final_at, final_at);
    let status = view.status(0).await;
    assert!(status.checkpoints_final <= epoch && status.checkpoints_accepted > epoch);
    assert!(status.inbox_cursor < index && status.inbox_seen >= index);
    assert_eq!(
        stage(&view, number).await,
        WithdrawalStage::Checkpointed as i32
    );
    let prepared = view
        .bridge(0)
        .prepare_claim(PrepareClaimRequest {
            withdrawals: vec![number],
        })
        .await;
    assert_eq!(
        prepared.expect_err("no final checkpoint has it").code(),
        Code::Unavailable
    );
    let claim = claim(running, &event, number, recipient).await;
    let refused = alice.wallet.gas(&claim).await;
    let Err(WalletError::WouldRevert(reason)) = &refused else {
        panic!("the claim is not refused: {refused:?}");
    };
    assert!(
        reason.contains("left out messages that were due"),
        "{reason}"
    );

    running.behave(&[1, 2, 3], false, &Behaviour::Pass);
    running
        .until("the checkpoint is final", |view| async move {
            let seen = view.checkpoint(0, epoch).await?;
            (seen.stage == CheckpointStage::Final as i32).then_some(())
        })
        .await;
    let view = running.view();
    let consumed = view.head().await.inboxCursor;
    assert!(consumed >= event.acceptance.dueCount, "{consumed}");
    let later = view.accepted().await;
    assert!(later.iter().any(|record| record.event.epoch > epoch));
    assert_eq!(
        stage(&view, number).await,
        WithdrawalStage::Claimable as i32
    );
    let before = running.rpc.balance(recipient).await.expect("root answers");
    alice
        .wallet
        .execute(claim)
        .await
        .expect("the same claim is paid");
    let after = running.rpc.balance(recipient).await.expect("root answers");
    assert_eq!(after - before, U256::from(ETHER));
    running.consumed(0, index).await;
    assert_eq!(running.view().balance(0, &to).await, 19);
}

/// The first checkpoint that root accepted and that holds the withdrawal.
async fn holding(view: &View, number: u64) -> Option<u64> {
    for epoch in 0..view.head().await.accepted {
        let request = GetProofRequest {
            epoch: Some(epoch),
            leaf: Some(get_proof_request::Leaf::Withdrawal(number)),
        };
        // Checkpoints that were final long ago serve for no proof any more.
        let answer = view.bridge(0).get_proof(request).await;
        let proof = answer.ok().and_then(|answer| answer.into_inner().proof);
        if proof.is_some_and(|proof| proof.present) {
            return Some(epoch);
        }
    }
    None
}

async fn stage(view: &View, number: u64) -> i32 {
    let request = GetWithdrawalRequest { number };
    let answer = view.bridge(0).get_withdrawal(request).await;
    let withdrawal = answer.expect("the node answers").into_inner().withdrawal;
    withdrawal.expect("the withdrawal").stage
}

/// The claim of a withdrawal under this very checkpoint, with the node's proof.
async fn claim(
    running: &Running,
    event: &IRootChain::CheckpointAccepted,
    number: u64,
    recipient: Address,
) -> Call {
    let request = GetProofRequest {
        epoch: Some(event.epoch),
        leaf: Some(get_proof_request::Leaf::Withdrawal(number)),
    };
    let answer = running.view().bridge(0).get_proof(request).await;
    let proof = answer.expect("the node answers").into_inner().proof;
    let proof = proof.expect("a proof");
    assert!(proof.present);
    let call = IVault::claimCall {
        base: IVault::Base {
            checkpoint: event.checkpoint.clone(),
            acceptance: event.acceptance.clone(),
            leafCount: proof.leaf_count,
        },
        withdrawal: IVault::Withdrawal {
            index: proof.index,
            number,
            recipient,
            token: Address::ZERO,
            amount: ETHER,
            next: B256::from_slice(&proof.next_key),
        },
        siblings: proof
            .siblings
            .iter()
            .map(|sibling| B256::from_slice(sibling))
            .collect(),
    };
    Call::to(running.vault, call.abi_encode())
}
