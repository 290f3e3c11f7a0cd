//! The bridge's service: deposits and forced transactions that a wallet sends as they are prepared, checkpoints and shares as root
//! knows them, proofs verified by a stranger, and claims that pay.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolEvent};
use plasmid::{
    cli::bridge::{message_index, root_sender_bytes},
    ledger::{Account, Slot, Transaction, Value, leaf::Withdrawal as Leaf, transaction::Body},
    localnet::found,
};
use plasmid_bridge::{
    abi::{IInbox, IRootChain, IToken, IVault},
    client::{rpc::Call, wallet::Wallet},
    proof::{
        bls,
        checkpoint::Checkpoint,
        tree::{Inclusion, value_hash, verify_absence},
    },
};
use plasmid_proto::bridge::v1::{
    CheckpointStage, GetCheckpointRequest, GetProofRequest, GetProofResponse, GetSharesRequest,
    GetWithdrawalRequest, LeafProof, ListCheckpointsRequest, ListWithdrawalsRequest,
    PrepareClaimRequest, PrepareDepositRequest, PrepareForceRequest, RootCall, SubmitShareRequest,
    TokenBalanceId, Withdrawal, WithdrawalStage, get_proof_request::Leaf as Wanted,
};
use tonic::Code;

use super::{
    net::{Net, refused},
    submission::{NATIVE, forced, pay},
};

/// Where the withdrawals of this file go: it never sends, so that it gets what claims pay and nothing else.
pub const RECIPIENT: Address = Address::repeat_byte(0x9d);

/// What a wallet does with a prepared call: it sends it as it stands.
async fn send(net: &Net, from: &Wallet, call: Option<RootCall>) -> u64 {
    let call = call.expect("a call");
    assert_eq!(call.chain_id, net.status.root_chain_id);
    let call = Call {
        from: None,
        to: Some(net.contract(&call.to)),
        value: U256::from_str_radix(&call.value, 10).expect("wei"),
        data: call.data.into(),
    };
    let receipt = from.execute(call).await.expect("root takes it");
    message_index(net.contract(&net.status.inbox), &receipt.logs).unwrap_or(0)
}

fn deposit(recipient: &Account, amount: &str) -> PrepareDepositRequest {
    PrepareDepositRequest {
        recipient: recipient.to_string(),
        token: String::new(),
        amount: amount.into(),
        native_amount: String::new(),
        refund: RECIPIENT.to_string(),
    }
}

pub async fn deposits(net: &Net) {
    let inbox = net.contract(&net.status.inbox);
    let vault = net.contract(&net.status.vault);
    let before = net
        .view(
            vault,
            IVault::totalsCall {
                token: Address::ZERO,
            },
        )
        .await;
    let request = deposit(&net.bob.account, "12345");
    let told = net
        .bridge()
        .prepare_deposit(request)
        .await
        .expect("calldata")
        .into_inner();
    let price = net.view(inbox, IInbox::priceCall {}).await;
    assert!(told.price == price.to_string() && told.approval.is_none());
    let quote = net.view(vault, IVault::quoteCall { native: 12_345 }).await;
    assert_eq!(told.call.as_ref().expect("a call").value, quote.to_string());
    let first = send(net, &net.carol.wallet, told.call).await;
    let after = net
        .view(
            vault,
            IVault::totalsCall {
                token: Address::ZERO,
            },
        )
        .await;
    assert_eq!(after.deposited - before.deposited, 12_345);

    let request = PrepareDepositRequest {
        token: net.token.to_string(),
        native_amount: "99".into(),
        ..deposit(&net.bob.account, "5000")
    };
    let told = net
        .bridge()
        .prepare_deposit(request)
        .await
        .expect("calldata")
        .into_inner();
    let approval = told.approval.expect("a token is approved first");
    let approve = IToken::approveCall::abi_decode(&approval.data).expect("an approval");
    assert_eq!((approve.spender, approve.value), (vault, U256::from(5_000)));
    send(net, &net.carol.wallet, Some(approval)).await;
    let second = send(net, &net.carol.wallet, told.call).await;
    assert!(second > first);
    net.wait_message(second).await;

    let good = deposit(&net.bob.account, "1");
    let edit = |edit: fn(&mut PrepareDepositRequest)| {
        let mut request = good.clone();
        edit(&mut request);
        request
    };
    let cases = [
        (edit(|r| r.amount = "0".into()), "amount is zero"),
        (edit(|r| r.amount = "-5".into()), "\"-5\""),
        (
            edit(|r| r.amount = "340282366920938463463374607431768211456".into()),
            "too large",
        ),
        (edit(|r| r.recipient = "somebody".into()), "\"somebody\""),
        (edit(|r| r.refund = String::new()), "address \"\""),
        (
            edit(|r| r.refund = "0x9D9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d".into()),
            "address",
        ),
        (edit(|r| r.native_amount = "5".into()), "native_amount"),
        (edit(|r| r.token = "ETH".into()), "\"ETH\""),
    ];
    for (request, words) in cases {
        let answer = net.bridge().prepare_deposit(request).await;
        refused(answer, Code::InvalidArgument, &[words]);
    }
    // Nobody could use or claim what one of the deployment's contracts gets, or the token itself.
    let contracts = [&net.status.inbox, &net.status.vault, &net.status.root_chain];
    let unusable = contracts.map(|contract| (String::new(), contract.clone()));
    let token = net.token.to_string();
    for (token, account) in unusable.into_iter().chain([(token.clone(), token)]) {
        for to_refund in [false, true] {
            let mut request = good.clone();
            request.token.clone_from(&token);
            match to_refund {
                true => request.refund.clone_from(&account),
                false => request.recipient.clone_from(&account),
            }
            let answer = net.bridge().prepare_deposit(request).await;
            refused(answer, Code::InvalidArgument, &["nobody could ever use"]);
        }
    }
}

pub async fn forced_transactions(net: &Net) {
    let prepare = |bytes: Vec<u8>| async move {
        let request = PrepareForceRequest { transaction: bytes };
        net.bridge().prepare_force(request).await
    };
    let sequence = net.client.sequence(&net.bob.account).await.expect("bob");
    let target = Account::ethereum([0x6f; 20]);
    let sign = |header| {
        net.bob
            .signer
            .sign(header, pay(target, 77), &net.domain)
            .encode()
    };
    let good = sign(forced(net.bob.account, sequence));
    let told = prepare(good.clone()).await.expect("calldata").into_inner();
    let call = told.call.clone().expect("a call");
    assert_eq!(call.to, net.status.inbox);
    let force = IInbox::forceCall::abi_decode(&call.data).expect("a call of force");
    assert_eq!(force.transaction.to_vec(), good);
    assert_eq!(call.value, told.price);
    let first = send(net, &net.carol.wallet, told.call).await;
    let own = root_sender_bytes(net.carol.account.id, pay(target, 11));
    let told = prepare(own).await.expect("calldata").into_inner();
    let second = send(net, &net.carol.wallet, told.call).await;
    assert!(second > first);
    net.wait_message(second).await;
    let (_, leaf) = net.proven(&Slot::Account(target).key(), 0).await;
    let leaf = plasmid::ledger::leaf::AccountLeaf::decode(&leaf.expect("a leaf")).expect("a leaf");
    assert_eq!(leaf.balance, 88);

    let header = forced(net.bob.account, sequence + 1);
    let mut short = sign(header);
    short.pop();
    let lane = root_sender_bytes(net.carol.account.id, pay(target, 1));
    let mut numbered = Transaction::decode(&lane).expect("a transaction");
    numbered.header.sequence = 4;
    let cases = [
        (vec![1; 513], "513"),
        (short, ""),
        (
            sign(plasmid::ledger::transaction::Header { fee: 1, ..header }),
            "fee 0",
        ),
        (
            sign(plasmid::ledger::transaction::Header {
                valid_until: 9,
                ..header
            }),
            "2^64 - 1",
        ),
        (numbered.encode(), "sequence 0"),
    ];
    for (bytes, words) in cases {
        refused(prepare(bytes).await, Code::InvalidArgument, &[words]);
    }
}

async fn checkpoint(net: &Net, epoch: u64) -> Option<plasmid_proto::bridge::v1::Checkpoint> {
    let request = GetCheckpointRequest { epoch };
    let answer = net.bridge().get_checkpoint(request).await.ok()?;
    answer.into_inner().checkpoint
}

pub async fn wait_stage(
    net: &Net,
    epoch: u64,
    stage: CheckpointStage,
) -> plasmid_proto::bridge::v1::Checkpoint {
    net.until(&format!("checkpoint {epoch} at {stage:?}"), async || {
        let found = checkpoint(net, epoch).await?;
        (found.stage >= stage as i32).then_some(found)
    })
    .await
}

/// Root's own events of accepted checkpoints.
pub(super) async fn accepted(net: &Net) -> Vec<IRootChain::CheckpointAccepted> {
    let address = net.contract(&net.status.root_chain);
    let topics = [IRootChain::CheckpointAccepted::SIGNATURE_HASH];
    let filter = serde_json::json!([{ "address": address, "fromBlock": "0x0", "toBlock": "latest", "topics": topics }]);
    let logs = net.root.read("eth_getLogs", filter).await.expect("root");
    let logs = logs.as_array().expect("a list").iter().map(|log| {
        let text = |value: &serde_json::Value| value.as_str().expect("hex").to_owned();
        let topics = log["topics"].as_array().expect("topics").iter();
        let topics: Vec<B256> = topics
            .map(|topic| text(topic).parse().expect("a topic"))
            .collect();
        let data: Bytes = text(&log["data"]).parse().expect("data");
        IRootChain::CheckpointAccepted::decode_raw_log(topics, &data).expect("an event")
    });
    logs.collect()
}

/// Checkpoints are the ones that root accepted, byte by byte, and their shares are of root's set.
pub async fn checkpoints(net: &Net) {
    wait_stage(net, 0, CheckpointStage::Accepted).await;
    let epoch = net.now().await.checkpoints_accepted - 1;
    let told = wait_stage(net, epoch, CheckpointStage::Accepted).await;
    let events = accepted(net).await;
    let event = events.iter().find(|event| event.epoch == epoch);
    let event = event.expect("root's own event");
    assert_eq!(event.digest.as_slice(), &told.digest[..]);
    let content = Checkpoint::decode(&told.encoded).expect("a checkpoint");
    assert_eq!(content.digest(), event.digest);
    assert_eq!(content.state_root, event.checkpoint.stateRoot);
    assert_eq!(told.state_root, event.checkpoint.stateRoot.to_vec());
    assert_eq!(told.blocks_root, event.checkpoint.blocksRoot.to_vec());
    assert_eq!(told.inbox_cursor, event.checkpoint.inboxCursor);
    assert_eq!(told.next_set, event.checkpoint.nextSet.to_vec());
    assert_eq!(net.contract(&told.relayer), event.checkpoint.relayer);
    assert_eq!(told.accepted_at, event.acceptance.time);
    assert_eq!(told.final_at, event.acceptance.time + 4);
    assert_eq!(
        (told.signed_power, told.total_power > 0),
        (told.total_power, true)
    );

    let answer = net.bridge().get_shares(GetSharesRequest { epoch }).await;
    let answer = answer.expect("shares").into_inner();
    assert_eq!(answer.checkpoint.expect("it").digest, told.digest);
    assert_eq!((answer.members.len(), answer.shares.len()), (1, 1));
    let key: [u8; 96] = answer.members[0]
        .checkpoint_key
        .clone()
        .try_into()
        .expect("a key");
    let share: [u8; 192] = answer.shares[0]
        .signature
        .clone()
        .try_into()
        .expect("a share");
    assert!(bls::verify_share(&key, &event.digest, &share).is_ok());

    let request = ListCheckpointsRequest {
        page_size: 1,
        page_token: String::new(),
    };
    let page = net
        .bridge()
        .list_checkpoints(request)
        .await
        .expect("a page")
        .into_inner();
    assert_eq!(page.checkpoints.len(), 1, "newest first");
    let newest = page.checkpoints[0].epoch;
    assert_eq!(page.next_page_token.is_empty(), newest == 0);
    // Page by page from the newest to the first: how many there are depends on how fast the chain is.
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListCheckpointsRequest {
            page_size: 0,
            page_token,
        };
        let page = net.bridge().list_checkpoints(request).await;
        let page = page.expect("a page").into_inner();
        assert!(!page.checkpoints.is_empty(), "no page is empty");
        all.extend(page.checkpoints);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let epochs: Vec<u64> = all.iter().map(|one| one.epoch).collect();
    let expected: Vec<u64> = (0..=epochs[0]).rev().collect();
    assert_eq!(epochs, expected);
    assert!(epochs[0] >= newest);
    for (newer, older) in all.iter().zip(all.iter().skip(1)) {
        assert_eq!(newer.previous, older.digest);
    }
    let request = GetCheckpointRequest { epoch: 5_000 };
    let answer = net.bridge().get_checkpoint(request).await;
    refused(answer, Code::NotFound, &["5000", "is running"]);
    let answer = net
        .bridge()
        .get_shares(GetSharesRequest { epoch: 5_000 })
        .await;
    refused(answer, Code::NotFound, &["5000"]);
    let request = ListCheckpointsRequest {
        page_size: 1,
        page_token: "-1".into(),
    };
    refused(
        net.bridge().list_checkpoints(request).await,
        Code::InvalidArgument,
        &["-1"],
    );
}

/// A share by gRPC for an epoch that has just ended; then those that are refused.
pub async fn late_shares(net: &Net) {
    let key = found::operator_keys(0).expect("a key");
    let key = key.checkpoint();
    let submit = |epoch: u64, member: u32, signature: Vec<u8>| async move {
        let request = SubmitShareRequest {
            epoch,
            member,
            signature,
        };
        net.bridge().submit_share(request).await
    };
    wait_stage(net, 0, CheckpointStage::Accepted).await;
    // Root accepts a checkpoint soon after its epoch: where it was faster than this test, the next epoch serves as well.
    net.until("a checkpoint that root has not accepted", async || {
        let epoch = net.now().await.epoch;
        let told = net
            .until("the end of the epoch", async || {
                checkpoint(net, epoch).await
            })
            .await;
        let digest = B256::from_slice(&told.digest);
        let share = key.sign_checkpoint(&digest).to_vec();
        let mut wrong = share.clone();
        wrong[100] ^= 1;
        let first = submit(epoch, 0, share.clone()).await;
        let again = submit(epoch, 0, share.clone()).await;
        let refusals = [
            (
                submit(epoch, 0, wrong).await,
                ["member 0", "does not verify"],
            ),
            (
                submit(epoch, 1, share.clone()).await,
                ["1 members", "no number 1"],
            ),
            (submit(epoch, 0, share[1..].to_vec()).await, ["192", "191"]),
        ];
        if net.now().await.checkpoints_accepted > epoch {
            return None;
        }
        let first = first.expect("it is taken").into_inner();
        assert_eq!(first.signed_power, first.total_power);
        assert!(!again.expect("it is known").into_inner().added);
        for (answer, words) in refusals {
            refused(answer, Code::InvalidArgument, &words);
        }
        Some(())
    })
    .await;
    refused(
        submit(0, 0, vec![0; 192]).await,
        Code::InvalidArgument,
        &["checkpoint 0 needs no share: root has accepted it"],
    );
    refused(
        submit(9_000, 0, vec![0; 192]).await,
        Code::NotFound,
        &["9000"],
    );
}

fn inclusion(proof: &LeafProof) -> Inclusion {
    let siblings: Vec<B256> = proof
        .siblings
        .iter()
        .map(|one| B256::from_slice(one))
        .collect();
    Inclusion {
        index: proof.index,
        count: proof.leaf_count,
        key: B256::from_slice(&proof.leaf_key),
        next: B256::from_slice(&proof.next_key),
        value_hash: value_hash(u8::try_from(proof.kind).expect("a kind"), &proof.value),
        siblings: siblings.try_into().expect("32 siblings"),
    }
}

/// A proof under the newest checkpoint that root has accepted, and root's own event of it. States are given up as time passes, so
/// one that is gone before it is asked for is no failure: a newer one is there.
async fn prove_under_the_newest(
    net: &Net,
    leaf: Wanted,
) -> (GetProofResponse, IRootChain::CheckpointAccepted) {
    net.until("a proof under the newest checkpoint", async || {
        let epoch = net.now().await.checkpoints_accepted.checked_sub(1)?;
        let request = GetProofRequest {
            epoch: Some(epoch),
            leaf: Some(leaf.clone()),
        };
        let told = match net.bridge().get_proof(request).await {
            Ok(told) => told.into_inner(),
            Err(status) => {
                assert_eq!(status.code(), Code::NotFound, "{status}");
                return None;
            }
        };
        let events = accepted(net).await;
        let event = events.into_iter().find(|event| event.epoch == epoch);
        Some((told, event.expect("root's own event")))
    })
    .await
}

async fn prove(net: &Net, epoch: Option<u64>, leaf: Wanted) -> GetProofResponse {
    let request = GetProofRequest {
        epoch,
        leaf: Some(leaf),
    };
    let answer = net.bridge().get_proof(request).await;
    answer.expect("a proof").into_inner()
}

/// Every way to name a leaf, each proof led to the state root that root accepted.
pub async fn proofs(net: &Net, number: u64, epoch: u64) {
    wait_stage(net, epoch, CheckpointStage::Accepted).await;
    let account = net.bob.account;
    let balance = TokenBalanceId {
        account: account.to_string(),
        token: net.token.to_string(),
    };
    let record = plasmid_proto::bridge::v1::RecordId {
        account: net.alice.account.to_string(),
        topic: vec![0x52; 32],
    };
    let topic = [0x52; 32];
    let cases = [
        (
            Wanted::Account(account.to_string()),
            Slot::Account(account),
            true,
        ),
        (Wanted::Withdrawal(number), Slot::Withdrawal(number), true),
        (
            Wanted::Withdrawal(1 << 50),
            Slot::Withdrawal(1 << 50),
            false,
        ),
        (
            Wanted::TokenBalance(balance),
            Slot::TokenBalance(account, net.token.into_array()),
            true,
        ),
        (
            Wanted::Record(record),
            Slot::Record(net.alice.account, topic),
            true,
        ),
        (
            Wanted::Key(Slot::FeePool.key().to_vec()),
            Slot::FeePool,
            true,
        ),
    ];
    for (wanted, slot, present) in cases {
        let (told, event) = prove_under_the_newest(net, wanted.clone()).await;
        let proof = told.proof.expect("a proof");
        assert_eq!(
            (proof.present, &proof.key[..]),
            (present, slot.key().as_slice()),
            "{wanted:?}"
        );
        let (shown, root) = (inclusion(&proof), event.checkpoint.stateRoot);
        assert_eq!(proof.state_root, root.to_vec());
        match present {
            true => {
                assert_eq!(shown.key, slot.key());
                assert_eq!(shown.verify(&root), Ok(()));
            }
            false => assert_eq!(verify_absence(&slot.key(), &shown, &root), Ok(())),
        }
        assert_eq!(told.checkpoint.expect("it").digest, event.digest.to_vec());
    }
    let newest = prove(net, None, Wanted::Account(account.to_string())).await;
    assert!(newest.checkpoint.expect("it").epoch >= epoch);
    let ask = |epoch, leaf| async move {
        net.bridge()
            .get_proof(GetProofRequest { epoch, leaf })
            .await
    };
    refused(
        ask(None, None).await,
        Code::InvalidArgument,
        &["name the leaf"],
    );
    refused(
        ask(None, Some(Wanted::Key(vec![1; 33]))).await,
        Code::InvalidArgument,
        &["32", "33"],
    );
    refused(
        ask(Some(7_000), Some(Wanted::Withdrawal(1))).await,
        Code::NotFound,
        &["7000"],
    );
}

async fn withdrawal(net: &Net, number: u64) -> Withdrawal {
    let answer = net
        .bridge()
        .get_withdrawal(GetWithdrawalRequest { number })
        .await;
    answer
        .expect("it exists")
        .into_inner()
        .withdrawal
        .expect("it")
}

/// Two withdrawals; gives their numbers and the epoch in which they stand.
pub async fn withdraw(net: &Net) -> ([u64; 3], u64) {
    let mut numbers = Vec::new();
    let mut height = 0;
    for (token, amount) in [(NATIVE, 1_001), (net.token.into_array(), 700), (NATIVE, 30)] {
        let body = Body::Withdraw {
            recipient: RECIPIENT.into_array(),
            token,
            amount,
        };
        let status = net.include(&net.bob, body).await;
        height = status.height;
        numbers.push(u64::from_be_bytes(
            status.data.try_into().expect("a number"),
        ));
    }
    let told = withdrawal(net, numbers[2]).await;
    assert!(told.stage >= WithdrawalStage::Included as i32);
    if told.stage == WithdrawalStage::Included as i32 {
        assert!(told.seconds_to_claim.is_none_or(|left| left >= 4));
    }
    let (_, leaf) = net.proven(&Slot::Withdrawal(numbers[1]).key(), 0).await;
    let leaf = Leaf::decode(&leaf.expect("a leaf")).expect("a withdrawal");
    assert_eq!((leaf.recipient, leaf.amount), (RECIPIENT.into_array(), 700));
    let told = withdrawal(net, numbers[1]).await;
    assert_eq!(
        (told.recipient, told.token, told.amount.as_str()),
        (RECIPIENT.to_string(), net.token.to_string(), "700")
    );
    let prepare = |withdrawals| async move {
        net.bridge()
            .prepare_claim(PrepareClaimRequest { withdrawals })
            .await
    };
    // A block is far behind its checkpoint's finality, so the answer is a refusal; where this machine slept in between, it is calldata.
    let early = prepare(vec![numbers[2]]).await;
    let told = withdrawal(net, numbers[2]).await;
    if told.stage < WithdrawalStage::Claimable as i32 {
        refused(early, Code::Unavailable, &["final"]);
    }
    let answer = net
        .bridge()
        .get_withdrawal(GetWithdrawalRequest { number: 0 })
        .await;
    refused(answer, Code::NotFound, &["no withdrawal 0"]);
    (numbers.try_into().expect("three"), (height - 1) / 64)
}

pub async fn list(net: &Net, numbers: [u64; 3]) {
    let mut found = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListWithdrawalsRequest {
            recipient: RECIPIENT.to_string(),
            page_size: 2,
            page_token,
        };
        let page = net
            .bridge()
            .list_withdrawals(request)
            .await
            .expect("a page")
            .into_inner();
        assert!(page.withdrawals.len() <= 2);
        found.extend(page.withdrawals.iter().map(|one| one.number));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(found, numbers);
    let all = net
        .bridge()
        .list_withdrawals(ListWithdrawalsRequest::default())
        .await;
    let all = all.expect("a page").into_inner();
    assert!(all.next_page_token.is_empty(), "all are on one page");
    let all = all.withdrawals;
    let expected: Vec<u64> = (1..=numbers[2]).collect();
    assert_eq!(
        all.iter().map(|one| one.number).collect::<Vec<_>>(),
        expected
    );
    let request = ListWithdrawalsRequest {
        recipient: "0x12".into(),
        ..Default::default()
    };
    refused(
        net.bridge().list_withdrawals(request).await,
        Code::InvalidArgument,
        &["\"0x12\""],
    );
}

/// Claims, one alone and two under one proof: carol carries them, and the money is the recipient's.
pub async fn claims(net: &Net, [one, two, three]: [u64; 3]) {
    for number in [one, two, three] {
        net.until("claimable", async || {
            let told = withdrawal(net, number).await;
            (told.stage == WithdrawalStage::Claimable as i32).then(|| {
                assert_eq!(told.seconds_to_claim, Some(0));
            })
        })
        .await;
    }
    let prepare = |withdrawals| async move {
        net.bridge()
            .prepare_claim(PrepareClaimRequest { withdrawals })
            .await
    };
    let told = prepare(vec![two]).await.expect("calldata").into_inner();
    let call = told.call.as_ref().expect("a call");
    assert_eq!((&call.to, call.value.as_str()), (&net.status.vault, "0"));
    let claim = IVault::claimCall::abi_decode(&call.data).expect("a claim");
    let root_chain = net.contract(&net.status.root_chain);
    let last = IRootChain::isFinalCall {
        checkpoint: claim.base.checkpoint,
        acceptance: claim.base.acceptance,
    };
    assert!(net.view(root_chain, last).await, "root says so itself");
    send(net, &net.carol.wallet, told.call).await;
    let owner = RECIPIENT;
    let tokens = net.view(net.token, IToken::balanceOfCall { owner }).await;
    assert_eq!(tokens, U256::from(700));
    let told = prepare(vec![three, one])
        .await
        .expect("calldata")
        .into_inner();
    send(net, &net.carol.wallet, told.call).await;
    assert_eq!(
        net.root.balance(RECIPIENT).await.expect("root"),
        U256::from(1_031)
    );
    let told = prepare(vec![one])
        .await
        .expect("calldata")
        .into_inner()
        .call
        .expect("a call");
    let again = Call::to(net.contract(&told.to), told.data);
    assert!(
        net.carol.wallet.execute(again).await.is_err(),
        "claimed before"
    );
    refused(
        prepare(Vec::new()).await,
        Code::InvalidArgument,
        &["0 withdrawals", "1 to 28"],
    );
    refused(prepare(vec![1; 29]).await, Code::InvalidArgument, &["29"]);
    refused(
        prepare(vec![one, one]).await,
        Code::InvalidArgument,
        &["twice"],
    );
    refused(
        prepare(vec![1 << 40]).await,
        Code::Unavailable,
        &["1099511627776"],
    );
}
