//! A running network that lacks shares for its checkpoints, and one that leaves out messages that were due: checkpoints wait for the shares
//! and are accepted late, and nothing is final before what was skipped is consumed.

use alloy_primitives::{Address, B256};
use alloy_sol_types::SolCall;
use plasmid::ledger::Account;
use plasmid::node::keystore;
use plasmid::node::local::found::{ETHER, relayer_secret};
use plasmid::node::local::{Local, PASSWORD};
use plasmid::node::sign_state::{Identity, SignState, SignStateError};
use plasmid_bridge::abi::{IRootChain, IVault};
use plasmid_bridge::client::rpc::Call;
use plasmid_bridge::client::wallet::{Key, WalletError};
use plasmid_bridge::proof::bls;
use plasmid_bridge::relay::seen::Which;
use plasmid_proto::bridge::v1::{
    CheckpointStage, GetProofRequest, GetSharesRequest, GetWithdrawalRequest, PrepareClaimRequest,
    SubmitShareRequest, SubmitShareResponse, WithdrawalStage, get_proof_request,
};
use plasmid_proto::chain::v1::GetBlockRequest;
use plasmid_tests::running::proxy::Behaviour;
use plasmid_tests::running::{Person, Plan, Running, View, person};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tonic::{Code, Status};

const SEED: u64 = 0x5a_e5;
/// The nodes without checkpoint keys: half of the power.
const KEYLESS: [usize; 2] = [2, 3];
/// Epochs that end without a certificate.
const INCOMPLETE: u64 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_running_network_stands_missing_shares_and_skipped_messages() {
    let plan = Plan {
        seed: SEED,
        keyless: KEYLESS.to_vec(),
        ..Plan::default()
    };
    let mut random = ChaCha8Rng::seed_from_u64(plan.seed);
    let mut running = Running::start(&plan).await;
    println!("missing shares");
    shares_are_missing_and_brought_late(&mut running, &mut random).await;
    running.agree().await;
    println!("a skipped message");
    let alice = person(&running, "alice").await;
    a_due_message_is_skipped(&mut running, &mut random, &alice).await;
    running.agree().await;
    running.stop().await;
}

/// A validator that is asked by hand: the key and the sign state of its own folder.
struct Hand {
    number: u32,
    key: bls::SecretKey,
    state: SignState,
}

impl Hand {
    fn open(running: &Running, node: usize, number: u32) -> Self {
        let path = running.key_path(node).with_extension("aside");
        let (_, secret) = keystore::open(&path, PASSWORD).expect("the key file");
        let key = bls::SecretKey::from_bytes(&secret).expect("a key");
        let identity = Identity {
            deployment: running.domain.deployment,
            key: key.public_key(),
        };
        let path = Local::home(&running.network.folder, node).sign_state_path();
        let state = SignState::create(&path, identity).expect("it never signed");
        Self { number, key, state }
    }

    /// Signs the checkpoint as the node would, the sign state first, and brings the share to node 0.
    async fn bring(&mut self, view: &View, epoch: u64) -> Result<SubmitShareResponse, Status> {
        let checkpoint = view.checkpoint(0, epoch).await.expect("its epoch is over");
        let digest = B256::from_slice(&checkpoint.digest);
        self.state.record(epoch, digest).expect("the only digest");
        let signature = self.key.sign_checkpoint(&digest);
        submit(view, epoch, self.number, &signature).await
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

/// Half of the power signs nothing: no certificate, and the epochs go on. Its shares are brought by gRPC, the newest first, and root accepts
/// the checkpoints in order.
async fn shares_are_missing_and_brought_late(running: &mut Running, random: &mut ChaCha8Rng) {
    running
        .until("three epochs are over", |view| async move {
            let status = view.try_status(0).await?;
            (status.epoch >= INCOMPLETE).then_some(())
        })
        .await;
    let view = running.view();
    assert_eq!(view.head().await.accepted, 0);
    let first = view.checkpoint(0, 0).await.expect("checkpoint 0");
    assert_eq!(first.stage, CheckpointStage::Signing as i32);
    assert_eq!(first.signed_power * 2, first.total_power);
    waits_for_quorum(running).await;
    let mut hands: Vec<Hand> = Vec::new();
    for node in KEYLESS {
        let number = member_number(running, node).await;
        hands.push(Hand::open(running, node, number));
    }
    refused_shares(&view, &mut hands).await;

    let mut late: Vec<u64> = (1..INCOMPLETE).collect();
    late.shuffle(random);
    for epoch in &late {
        let hand = random.random_range(0..hands.len());
        let answer = hands[hand].bring(&view, *epoch).await.expect("a share");
        assert!(answer.added && answer.signed_power * 4 == answer.total_power * 3);
    }
    assert_eq!(view.head().await.accepted, 0, "checkpoint 0 is first");
    let answer = hands[0].bring(&view, 0).await.expect("a share");
    assert!(answer.added);
    let again = hands[0].bring(&view, 0).await;
    assert!(again.is_ok_and(|answer| !answer.added) || view.head().await.accepted > 0);
    running
        .until("root accepted the late checkpoints", |view| async move {
            (view.head().await.accepted >= INCOMPLETE).then_some(())
        })
        .await;
    let refused = hands[1].bring(&view, 0).await;
    assert!(refused.is_err_and(|status| status.message().contains("needs no share")));
    keys_return(running, hands).await;
    in_order(running).await;
}

async fn waits_for_quorum(running: &Running) {
    for _ in 0..600 {
        let said = running.relayer_said();
        if said
            .iter()
            .any(|line| line["event"] == "waiting" && line["epoch"] == 0)
        {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the relayer never said that it waits for a quorum");
}

async fn member_number(running: &Running, node: usize) -> u32 {
    let path = running.key_path(node).with_extension("aside");
    let about = keystore::describe(&path).expect("the key file");
    let request = GetSharesRequest { epoch: 0 };
    let answer = running.view().bridge(0).get_shares(request).await;
    let members = answer.expect("the node answers").into_inner().members;
    let member = members
        .iter()
        .find(|member| hex::encode(&member.checkpoint_key) == about.public);
    member.expect("the node is a member").number
}

/// What is no share of that member over that checkpoint is refused, and counts for nothing.
async fn refused_shares(view: &View, hands: &mut [Hand]) {
    let checkpoint = view.checkpoint(0, 0).await.expect("checkpoint 0");
    let digest = B256::from_slice(&checkpoint.digest);
    hands[0].state.record(0, digest).expect("the only digest");
    let other = hands[0].state.record(0, B256::repeat_byte(1));
    assert!(matches!(other, Err(SignStateError::Equivocation { .. })));
    let good = hands[0].key.sign_checkpoint(&digest);
    let elsewhere = hands[0].key.sign_checkpoint(&B256::repeat_byte(1));
    let mut flipped = good;
    flipped[100] ^= 1;
    let (own, its) = (hands[0].number, hands[1].number);
    for (what, epoch, member, signature) in [
        ("over another digest", 0, own, elsewhere.as_slice()),
        ("for another epoch", 1, own, &good),
        ("of another member", 0, its, &good),
        ("of nobody", 0, 99, &good),
        ("with a bit flipped", 0, own, &flipped),
        ("too short", 0, own, &good[1..]),
    ] {
        let answer = submit(view, epoch, member, signature).await;
        let code = answer.expect_err(what).code();
        assert_eq!(code, Code::InvalidArgument, "a share {what}");
    }
    let answer = submit(view, 1_000, own, &good).await;
    assert_eq!(answer.expect_err("no such epoch").code(), Code::NotFound);
    let after = view.checkpoint(0, 0).await.expect("checkpoint 0");
    assert_eq!(after.signed_power, checkpoint.signed_power);
}

/// One of the two starts again with its key and signs by itself; the other's shares are brought for the epochs between, then it returns too.
async fn keys_return(running: &mut Running, mut hands: Vec<Hand>) {
    let last = hands.pop().expect("two hands");
    let first = hands.pop().expect("two hands");
    // The sign state belongs to the process from here on.
    drop(first);
    running.restart_with_key(KEYLESS[0]).await;
    let mut last = last;
    let now = running.view().status(0).await.epoch;
    // The epoch that was running when it returned may have ended before it signed the one before.
    for epoch in INCOMPLETE..now {
        let brought = last.bring(&running.view(), epoch).await;
        let settled = brought
            .as_ref()
            .is_err_and(|status| status.message().contains("needs no share"));
        assert!(brought.is_ok() || settled, "{epoch}: {brought:?}");
    }
    running
        .until("root accepted all of them", |view| async move {
            (view.head().await.accepted > now).then_some(())
        })
        .await;
    drop(last);
    running.restart_with_key(KEYLESS[1]).await;
    let now = running.view().status(0).await.epoch;
    running
        .until("all four sign", |view| async move {
            let checkpoint = view.checkpoint(0, now + 1).await?;
            (checkpoint.signed_power == checkpoint.total_power).then_some(())
        })
        .await;
}

/// Root's events are in order, carried by the relayer, each under a certificate of more than two thirds; the late ones lack one signer.
async fn in_order(running: &Running) {
    let relayer = Key::from_bytes(&relayer_secret()).expect("a key").address();
    let accepted = running.view().accepted().await;
    for (epoch, record) in (0..).zip(&accepted) {
        let signers: u32 = record.event.acceptance.signers.iter().map(ones).sum();
        assert_eq!(record.event.epoch, epoch);
        assert_eq!(record.event.carrier, relayer);
        if epoch < INCOMPLETE {
            assert_eq!(signers, 3, "epoch {epoch}");
        } else {
            assert!(signers >= 3, "epoch {epoch}");
        }
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
    assert_eq!(after - before, alloy_primitives::U256::from(ETHER));
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
        // Those that were final long ago cannot be proven against any more.
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
