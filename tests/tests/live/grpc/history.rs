//! What is kept, and found again: events by account in the engine's index, results long after their block, proofs of checkpoints
//! that are not settled, all of it after a restart too.

use alloy_primitives::B256;
use plasmid::ledger::{Account, Slot};
use plasmid_proto::{
    bridge::v1::{CheckpointStage, GetProofRequest, get_proof_request::Leaf},
    ledger::v1::{Status, get_transaction_request::Id},
};
use tonic::Code;

use super::{
    bridge::{RECIPIENT, wait_stage},
    net::{Net, refused},
    submission::{as_the_engine_says, look},
};

/// Blocks of an epoch.
const K: u64 = 64;

async fn found(net: &Net, query: &str, wanted: usize) -> Vec<(u64, Vec<String>)> {
    net.until(query, async || {
        let answer = net
            .engine
            .tx_search(query, 1, 100)
            .await
            .expect("the engine searches");
        let all: Vec<(u64, Vec<String>)> = answer
            .txs
            .iter()
            .map(|tx| {
                let events = tx.tx_result.events.iter();
                (
                    tx.height.value(),
                    events.map(|event| event.kind.clone()).collect(),
                )
            })
            .collect();
        (all.len() >= wanted).then_some(all)
    })
    .await
}

/// Sender, recipient, deposit and withdrawal, each by the account that it concerns.
pub async fn events(net: &Net, transfer: &Status) {
    let of = |account: &Account| format!("plasmid.account='{account}'");
    let has = |found: &[(u64, Vec<String>)], name: &str| {
        let mut kinds = found.iter().flat_map(|(_, kinds)| kinds);
        assert!(kinds.any(|kind| kind == name), "no {name} in {found:?}");
    };
    // What alice sent, and what carol got by it.
    for account in [&net.alice.account, &net.carol.account] {
        let all = found(net, &of(account), 4).await;
        assert!(all.iter().any(|(height, _)| *height == transfer.height));
        has(&all, "transfer");
    }
    let bobs = found(net, &of(&net.bob.account), 6).await;
    for name in [
        "deposit",
        "withdrawal",
        "payout",
        "record",
        "forced",
        "transaction",
    ] {
        has(&bobs, name);
    }
    let recipient = Account::ethereum(RECIPIENT.into_array());
    let withdrawn = found(net, &of(&recipient), 3).await;
    has(&withdrawn, "withdrawal");
    let token = format!("deposit.token='{}'", net.token);
    assert_eq!(found(net, &token, 1).await.len(), 1);
    let digest = B256::from_slice(&transfer.digest);
    let one = found(net, &format!("transaction.digest='{digest}'"), 1).await;
    assert_eq!((one.len(), one[0].0), (1, transfer.height));
    let nobody = Account::ethereum([0x5e; 20]);
    let none = net
        .engine
        .tx_search(&of(&nobody), 1, 100)
        .await
        .expect("the engine searches");
    assert!(none.txs.is_empty());
}

/// Results are what they were when their block was new.
pub async fn results(net: &Net, included: &[Status]) {
    let tip = net.now().await.height;
    for before in included {
        assert!(tip > before.height + 80, "they are of a folded block");
        let now = look(net, Id::Digest(before.digest.clone())).await;
        assert_eq!((&now.hash, &now.digest), (&before.hash, &before.digest));
        assert_eq!(
            (now.code, &now.data, now.gas_used),
            (before.code, &before.data, before.gas_used)
        );
        assert_eq!(now.events, before.events);
        as_the_engine_says(net, &now).await;
    }
}

/// Every checkpoint that is not final, and every one that was not final for another window, can be proven against; what was is given
/// up, and the answer says so.
pub async fn retention(net: &Net) {
    let key = Slot::Account(net.alice.account).key();
    net.until("states that are kept", async || {
        (kept(net, &key).await > 0).then_some(())
    })
    .await;
    let request = GetProofRequest {
        epoch: Some(0),
        leaf: Some(Leaf::Key(key.to_vec())),
    };
    refused(
        net.bridge().get_proof(request).await,
        Code::NotFound,
        &["checkpoint 0 cannot be proven"],
    );
    let answer = net
        .engine
        .abci_query("/leaf", key.to_vec(), K, true)
        .await
        .expect("an answer");
    assert!(
        answer.log.contains(&format!("height {K} is not kept")),
        "{}",
        answer.log
    );
    let answer = net
        .engine
        .abci_query("/leaf", key.to_vec(), K + 1, true)
        .await
        .expect("an answer");
    assert!(answer.log.contains("is not kept"), "{}", answer.log);
}

/// Asks for the state of every checkpoint that somebody may have to prove, and gives how many of them were still wanted at the end.
async fn kept(net: &Net, key: &B256) -> usize {
    let status = net.now().await;
    let (ended, last_final) = (status.height / K, status.checkpoints_final);
    assert!(last_final >= 3, "{last_final} are final");
    let mut count = 0;
    // The newest final one is what claims are made under.
    for epoch in last_final - 1..ended {
        let height = (epoch + 1) * K;
        let found = net.find_leaf(key, height).await;
        let request = GetProofRequest {
            epoch: Some(epoch),
            leaf: Some(Leaf::Key(key.to_vec())),
        };
        let answer = net.bridge().get_proof(request).await;
        // What became final while it was asked for may be given up.
        if net.now().await.checkpoints_final > epoch + 1 {
            continue;
        }
        let (at, value) = found.expect("it is kept");
        assert_eq!((at, value.is_some()), (height, true));
        assert!(answer.is_ok(), "{answer:?}");
        count += 1;
    }
    count
}

/// Waits until the first checkpoint is given up.
pub async fn settled(net: &Net) {
    wait_stage(net, 2, CheckpointStage::Final).await;
    let key = Slot::Parameters.key();
    net.until("checkpoint 0 to be given up", async || {
        let answer = net
            .engine
            .abci_query("/leaf", key.to_vec(), K, true)
            .await
            .expect("an answer");
        (!answer.code.is_ok()).then_some(())
    })
    .await;
}
