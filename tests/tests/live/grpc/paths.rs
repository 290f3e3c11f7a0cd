//! Every gRPC read is an `abci_query` path too: each is asked both ways, well and badly, and both answers are compared.

use std::collections::BTreeSet;

use plasmid_proto::{
    DESCRIPTORS,
    bridge::v1 as bridge,
    chain::v1 as chain,
    ledger::v1::{self as ledger, get_transaction_request::Id},
    stake::v1 as stake,
};
use prost::Message;
use tonic::Code;

use super::{net::Net, web};

/// What is no read of the engine's: it hands something in, follows, asks root for its price, or reads whole states.
const NO_READS: [&str; 9] = [
    "/plasmid.bridge.v1.BridgeService/GetLeaves",
    "/plasmid.bridge.v1.BridgeService/PrepareDeposit",
    "/plasmid.bridge.v1.BridgeService/PrepareForce",
    "/plasmid.bridge.v1.BridgeService/SubmitShare",
    "/plasmid.chain.v1.ChainService/ListVotes",
    "/plasmid.ledger.v1.TransactionService/Follow",
    "/plasmid.ledger.v1.TransactionService/Submit",
    "/plasmid.ledger.v1.TransactionService/SubmitMany",
    "/plasmid.stake.v1.StakeService/FollowEvents",
];

/// Every method of the descriptors that reflection serves.
fn methods() -> BTreeSet<String> {
    let set = prost_types::FileDescriptorSet::decode(DESCRIPTORS).expect("descriptors");
    let ours = set
        .file
        .iter()
        .filter(|file| file.package().starts_with("plasmid."));
    ours.flat_map(|file| {
        file.service.iter().flat_map(|service| {
            let methods = service.method.iter();
            methods
                .map(|method| format!("/{}.{}/{}", file.package(), service.name(), method.name()))
        })
    })
    .collect()
}

struct Question {
    path: &'static str,
    request: Vec<u8>,
    good: bool,
}

fn questions(net: &Net, hash: &[u8], number: u64, tip: u64) -> Vec<Question> {
    let mut all = Vec::new();
    let mut ask = |path, request: Vec<u8>, good| {
        all.push(Question {
            path,
            request,
            good,
        })
    };
    let alice = net.alice.account.to_string();
    let path = "/plasmid.ledger.v1.AccountService/GetAccount";
    ask(
        path,
        ledger::GetAccountRequest {
            account: alice.clone(),
        }
        .encode_to_vec(),
        true,
    );
    ask(
        path,
        ledger::GetAccountRequest {
            account: "x".into(),
        }
        .encode_to_vec(),
        false,
    );
    let path = "/plasmid.ledger.v1.AccountService/ListBalances";
    let request = ledger::ListBalancesRequest {
        account: alice,
        page_size: 1,
        page_token: "1".into(),
    };
    ask(path, request.encode_to_vec(), true);
    ask(path, Vec::new(), false);
    let path = "/plasmid.ledger.v1.AccountService/ListTokens";
    ask(path, Vec::new(), true);
    let request = ledger::ListTokensRequest {
        page_size: 0,
        page_token: "?".into(),
    };
    ask(path, request.encode_to_vec(), false);
    let path = "/plasmid.ledger.v1.TransactionService/Simulate";
    let request = ledger::SimulateRequest {
        transaction: vec![1; 9],
        skip_authentication: true,
    };
    ask(path, request.encode_to_vec(), true);
    let path = "/plasmid.ledger.v1.TransactionService/QuoteFee";
    ask(
        path,
        ledger::QuoteFeeRequest {
            length: 267,
            leaves_made: 1,
        }
        .encode_to_vec(),
        true,
    );
    let path = "/plasmid.ledger.v1.TransactionService/GetTransaction";
    let request = |id| ledger::GetTransactionRequest { id }.encode_to_vec();
    ask(path, request(Some(Id::Hash(hash.to_vec()))), true);
    ask(path, request(Some(Id::Hash(vec![9; 32]))), false);
    ask(path, request(None), false);
    let path = "/plasmid.chain.v1.ChainService/GetStatus";
    ask(path, Vec::new(), true);
    let path = "/plasmid.chain.v1.ChainService/GetBlock";
    ask(
        path,
        chain::GetBlockRequest { height: 3 }.encode_to_vec(),
        true,
    );
    ask(
        path,
        chain::GetBlockRequest { height: 1 << 33 }.encode_to_vec(),
        false,
    );
    let path = "/plasmid.chain.v1.ChainService/ListBlocks";
    ask(
        path,
        chain::ListBlocksRequest { first: 1, count: 2 }.encode_to_vec(),
        true,
    );
    ask(path, Vec::new(), false);
    let path = "/plasmid.chain.v1.ChainService/ListValidators";
    ask(path, Vec::new(), true);
    ask(
        path,
        chain::ListValidatorsRequest {
            epoch: Some(1 << 40),
        }
        .encode_to_vec(),
        false,
    );
    ask(
        "/plasmid.chain.v1.ChainService/GetParameters",
        Vec::new(),
        true,
    );
    ask("/plasmid.chain.v1.ChainService/GetSupply", Vec::new(), true);
    let path = "/plasmid.bridge.v1.BridgeService/GetCheckpoint";
    ask(
        path,
        bridge::GetCheckpointRequest { epoch: 0 }.encode_to_vec(),
        true,
    );
    ask(
        path,
        bridge::GetCheckpointRequest { epoch: 1 << 40 }.encode_to_vec(),
        false,
    );
    let path = "/plasmid.bridge.v1.BridgeService/ListCheckpoints";
    ask(path, Vec::new(), true);
    let path = "/plasmid.bridge.v1.BridgeService/GetShares";
    ask(
        path,
        bridge::GetSharesRequest { epoch: 0 }.encode_to_vec(),
        true,
    );
    ask(
        path,
        bridge::GetSharesRequest { epoch: 1 << 40 }.encode_to_vec(),
        false,
    );
    let path = "/plasmid.bridge.v1.BridgeService/GetProof";
    let leaf = Some(bridge::get_proof_request::Leaf::Withdrawal(number));
    ask(
        path,
        bridge::GetProofRequest { epoch: None, leaf }.encode_to_vec(),
        true,
    );
    ask(path, Vec::new(), false);
    let path = "/plasmid.bridge.v1.BridgeService/GetSegments";
    // A node drops the segments of an early block once root has settled its epoch.
    let (height, first) = (tip, 0);
    ask(
        path,
        bridge::GetSegmentsRequest { height, first }.encode_to_vec(),
        true,
    );
    let height = 1 << 40;
    ask(
        path,
        bridge::GetSegmentsRequest { height, first }.encode_to_vec(),
        false,
    );
    let path = "/plasmid.bridge.v1.BridgeService/GetGenesisParameters";
    ask(path, Vec::new(), true);
    let path = "/plasmid.bridge.v1.BridgeService/GetWithdrawal";
    ask(
        path,
        bridge::GetWithdrawalRequest { number }.encode_to_vec(),
        true,
    );
    ask(
        path,
        bridge::GetWithdrawalRequest { number: 1 << 40 }.encode_to_vec(),
        false,
    );
    let path = "/plasmid.bridge.v1.BridgeService/ListWithdrawals";
    ask(path, Vec::new(), true);
    let path = "/plasmid.stake.v1.StakeService/GetPosition";
    let position = |number| {
        let request = stake::GetPositionRequest {
            number,
            ..stake::GetPositionRequest::default()
        };
        request.encode_to_vec()
    };
    ask(path, position(1), true);
    ask(path, position(1 << 40), false);
    let stranger = format!("0x{}", "09".repeat(20));
    let path = "/plasmid.stake.v1.StakeService/ListDelegations";
    let delegations = |owner: &str| {
        stake::ListDelegationsRequest {
            owner: owner.to_owned(),
            ..Default::default()
        }
        .encode_to_vec()
    };
    ask(path, delegations(&stranger), true);
    ask(path, delegations("x"), false);
    let path = "/plasmid.stake.v1.StakeService/ListValidators";
    let request = stake::ListValidatorsRequest {
        page_token: "d1".into(),
        ..Default::default()
    };
    ask(path, request.encode_to_vec(), false);
    ask(path, Vec::new(), true);
    let path = "/plasmid.stake.v1.StakeService/Prepare";
    let request = stake::PrepareRequest {
        sender: stranger.clone(),
        action: Some(stake::prepare_request::Action::Leave(stake::Leave {})),
        ..Default::default()
    };
    ask(path, request.encode_to_vec(), true);
    ask(path, Vec::new(), false);
    let path = "/plasmid.stake.v1.StakeService/GetValidator";
    let request = stake::GetValidatorRequest {
        operator: stranger.clone(),
    };
    ask(path, request.encode_to_vec(), false);
    let path = "/plasmid.stake.v1.StakeService/ListLines";
    let request = stake::ListLinesRequest {
        operator: stranger,
        ..Default::default()
    };
    ask(path, request.encode_to_vec(), false);
    ask(
        "/plasmid.stake.v1.StakeService/GetRewards",
        Vec::new(),
        true,
    );
    ask(
        "/plasmid.stake.v1.StakeService/GetMaturity",
        Vec::new(),
        true,
    );
    let path = "/plasmid.bridge.v1.BridgeService/PrepareClaim";
    ask(
        path,
        bridge::PrepareClaimRequest {
            withdrawals: vec![number],
        }
        .encode_to_vec(),
        true,
    );
    ask(path, Vec::new(), false);
    all
}

/// `hash` is of a final transaction, `number` of a claimable withdrawal.
pub async fn both_ways(net: &Net, hash: &[u8], number: u64) {
    let tip = net.now().await.height;
    let questions = questions(net, hash, number, tip);
    let asked: BTreeSet<String> = questions.iter().map(|one| one.path.to_owned()).collect();
    let mut reads = methods();
    assert_eq!(reads.len(), 38, "{reads:?}");
    for path in NO_READS {
        assert!(reads.remove(path), "{path} is no method");
        let answer = net
            .engine
            .abci_query(path, Vec::new(), 0, false)
            .await
            .expect("an answer");
        assert!(
            !answer.code.is_ok() && answer.log.contains("no read has the path"),
            "{}",
            answer.log
        );
    }
    assert_eq!(asked, reads, "a read without a question here");
    for question in &questions {
        same(net, question).await;
    }
    let junk = net
        .engine
        .abci_query(questions[0].path, vec![0xff; 9], 0, false)
        .await;
    let junk = junk.expect("an answer");
    assert_eq!(junk.code.value(), 1, "{}", junk.log);
    let path = "/plasmid.chain.v1.ChainService/GetBlock";
    let past = net
        .engine
        .abci_query(path, Vec::new(), 1, false)
        .await
        .expect("an answer");
    assert!(past.log.contains("reads the tip"), "{}", past.log);
    let proven = net
        .engine
        .abci_query(path, Vec::new(), 0, true)
        .await
        .expect("an answer");
    assert!(proven.log.contains("has no proof"), "{}", proven.log);
}

/// Blocks come in between: asked by gRPC before and after, the answer by ABCI must be the same when those two are.
async fn same(net: &Net, question: &Question) {
    let path = question.path;
    for _ in 0..200 {
        let before = web::call(net, path, &question.request).await;
        let answer = net
            .engine
            .abci_query(path, question.request.clone(), 0, false)
            .await;
        let answer = answer.expect("the engine answers");
        let after = web::call(net, path, &question.request).await;
        assert_eq!(before.code == 0, question.good, "{path}: {before:?}");
        assert_eq!(answer.code.is_ok(), question.good, "{path}: {}", answer.log);
        if (&before.message, &before.words) != (&after.message, &after.words) {
            continue;
        }
        if question.good {
            assert_eq!(answer.value, before.message, "{path}");
        } else {
            assert!(before.code != Code::Internal as i32 && !answer.log.is_empty());
            assert_eq!(answer.log, before.words, "{path}");
        }
        return;
    }
    panic!("{path} was never twice the same");
}
