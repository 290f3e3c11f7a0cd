//! What is ripe, as root's events and its words show it.

use alloy_primitives::{B256, U256};
use alloy_sol_types::SolCall;
use serde_json::{Value, json};

use super::*;
use crate::client::rpc::Limits;
use crate::client::wallet::tests::node::{Node, Said, accepted_log};
use crate::proof::checkpoint::Checkpoint;

const DEPLOYMENT: [u8; 20] = [7; 20];
const ROOT_CHAIN: Address = Address::repeat_byte(3);
const CHALLENGE_SECS: u64 = 400;

fn acceptance(epoch: u64) -> Acceptance {
    let checkpoint = Checkpoint {
        deployment: DEPLOYMENT,
        epoch,
        state_root: B256::from(U256::from(epoch + 1)),
        ..Checkpoint::decode(&[0; Checkpoint::BYTES]).expect("any bytes are one")
    };
    Acceptance {
        epoch,
        digest: checkpoint.digest(),
        carrier: Address::ZERO,
        checkpoint,
        signers: [0; 64],
        time: 1_000 + 10 * epoch,
        block: 100 + epoch,
        due_count: epoch,
        tau: 0,
    }
}

/// An endpoint with the acceptances of epochs 0 to 9, and this word for each.
async fn endpoint(word: fn(&Acceptance) -> B256) -> Node {
    holding(word, u64::MAX).await
}

/// An endpoint with these acceptances, on which no epoch from `held` on may become final.
async fn holding(word: fn(&Acceptance) -> B256, held: u64) -> Node {
    Node::start_asked(move |request, _| {
        let params = &request["params"][0];
        match request["method"].as_str().unwrap_or_default() {
            "eth_getLogs" => {
                let bound = |name: &str| {
                    let digits = params[name].as_str().unwrap_or_default();
                    u64::from_str_radix(digits.trim_start_matches("0x"), 16).expect("a number")
                };
                let blocks = bound("fromBlock")..=bound("toBlock");
                let all = (0..10).map(acceptance);
                let all = all.filter(|one| blocks.contains(&one.block));
                let all = all.map(|one| accepted_log(ROOT_CHAIN, &one));
                Said::Result(Value::from_iter(all).to_string())
            }
            "eth_call" => {
                let data = params["data"].as_str().unwrap_or_default();
                let data = alloy_primitives::hex::decode(data).expect("calldata");
                if let Ok(call) = IRootChain::isFinalCall::abi_decode(&data) {
                    let is_free = U256::from(call.checkpoint.epoch < held);
                    return Said::Result(json!(B256::from(is_free)).to_string());
                }
                let call = IRootChain::recordCall::abi_decode(&data).expect("a record is asked");
                let word = word(&acceptance(call.epoch));
                Said::Result(json!(word).to_string())
            }
            _ => Said::Honest,
        }
    })
    .await
}

fn head(finalized: u64, cursor: u64) -> IRootChain::Head {
    IRootChain::Head {
        accepted: 10,
        finalized,
        inboxCursor: cursor,
        standing: 10,
        ..Default::default()
    }
}

async fn looks(ripe: &mut Ripe, node: &Node, time: u64, head: &IRootChain::Head) -> Option<u64> {
    looks_at(ripe, node, (200, time), head).await
}

async fn looks_at(
    ripe: &mut Ripe,
    node: &Node,
    (number, time): (u64, u64),
    head: &IRootChain::Head,
) -> Option<u64> {
    let rpc = Rpc::new(&node.url, Limits::default()).expect("an address");
    let latest = Block {
        number,
        hash: B256::repeat_byte(9),
        parent: B256::ZERO,
        time,
    };
    let found = ripe.look(&rpc, &latest, head).await;
    found.map(|found| found.epoch)
}

/// A relayer that lets nobody go first for the first checkpoint, nor for epoch 6.
fn ripe() -> Ripe {
    let of = |number: u64| {
        let me = Address::from_word(B256::from(U256::from(number)));
        Ripe::new(DEPLOYMENT, ROOT_CHAIN, CHALLENGE_SECS, me)
    };
    let first = |one: &Ripe| one.stagger(0) == 0 && one.stagger(6) == 0;
    (0..100_000).map(of).find(first).expect("one of many")
}

#[tokio::test]
async fn the_newest_ripe_checkpoint_is_found_once_the_oldest_one_is_ripe_for_an_interval() {
    let node = endpoint(Acceptance::record).await;
    let all = head(0, 100);
    // Epoch 0 is ripe at 1,400, and an interval is 50 seconds.
    assert_eq!(looks(&mut ripe(), &node, 1_399, &all).await, None);
    assert_eq!(looks(&mut ripe(), &node, 1_449, &all).await, None);
    assert_eq!(looks(&mut ripe(), &node, 1_450, &all).await, Some(5));
    assert_eq!(looks(&mut ripe(), &node, 9_000, &all).await, Some(9));
    // Of epoch 3 more was due than is consumed by what root accepted last.
    let skipping = head(0, 2);
    assert_eq!(looks(&mut ripe(), &node, 9_000, &skipping).await, Some(2));
    // The oldest one that is not final is epoch 6.
    assert_eq!(looks(&mut ripe(), &node, 1_509, &head(6, 100)).await, None);
    assert_eq!(
        looks(&mut ripe(), &node, 1_510, &head(6, 100)).await,
        Some(9)
    );
    // All are final.
    assert_eq!(looks(&mut ripe(), &node, 9_000, &head(10, 100)).await, None);
}

#[tokio::test]
async fn where_a_challenge_holds_one_up_those_before_it_are_found() {
    for held in 0..11 {
        let node = holding(Acceptance::record, held).await;
        let expected = held.min(10).checked_sub(1);
        let found = looks(&mut ripe(), &node, 9_000, &head(0, 100)).await;
        assert_eq!(found, expected, "{held}");
        // The newest one is asked first, and then half of what is left.
        let most = if held > 9 { 2 } else { 6 };
        assert!(node.asked("eth_call") <= most, "{held}");
    }
}

#[tokio::test]
async fn it_is_looked_for_once_an_interval_and_let_go_of_when_somebody_else_made_it_final() {
    let node = endpoint(Acceptance::record).await;
    let mut ripe = ripe();
    assert_eq!(looks(&mut ripe, &node, 1_450, &head(0, 100)).await, Some(5));
    let asked = node.asked("eth_getLogs");
    assert_eq!(looks(&mut ripe, &node, 1_451, &head(0, 100)).await, Some(5));
    assert_eq!(looks(&mut ripe, &node, 1_452, &head(6, 100)).await, None);
    assert_eq!(looks(&mut ripe, &node, 1_499, &head(6, 100)).await, None);
    assert_eq!(node.asked("eth_getLogs"), asked);
    assert_eq!(looks(&mut ripe, &node, 1_600, &head(6, 100)).await, Some(9));
    // It was sent.
    ripe.rests(1_600);
    assert_eq!(looks(&mut ripe, &node, 1_649, &head(6, 100)).await, None);
    assert_eq!(looks(&mut ripe, &node, 1_650, &head(6, 100)).await, Some(9));
}

#[tokio::test]
async fn an_event_that_is_not_what_root_keeps_is_nothing_to_pay_for() {
    let node = endpoint(|one| {
        Acceptance {
            due_count: 50,
            ..one.clone()
        }
        .record()
    })
    .await;
    assert_eq!(looks(&mut ripe(), &node, 9_000, &head(0, 100)).await, None);
}

/// A node that keeps no old events stops no checkpoint.
#[tokio::test]
async fn a_node_that_does_not_tell_of_older_ones_is_named_and_asked_again_later() {
    let node = Node::start(|method, _| match method {
        "eth_getLogs" => Said::Error("events of that block are gone"),
        _ => Said::Honest,
    })
    .await;
    let mut ripe = ripe();
    assert_eq!(looks(&mut ripe, &node, 1_450, &head(0, 100)).await, None);
    let trouble = ripe.trouble.take().expect("it is told");
    assert!(
        trouble.contains("events of that block are gone"),
        "{trouble}"
    );
    let asked = node.asked("eth_getLogs");
    assert_eq!(looks(&mut ripe, &node, 1_460, &head(0, 100)).await, None);
    assert_eq!(node.asked("eth_getLogs"), asked);
    // It is asked again, and the same is not told again.
    assert_eq!(looks(&mut ripe, &node, 1_480, &head(0, 100)).await, None);
    assert!(node.asked("eth_getLogs") > asked);
    assert_eq!(ripe.trouble, None);
}

/// Root makes a block a second, and a challenge window has hundreds of thousands of them.
#[tokio::test]
async fn a_search_that_is_longer_than_a_look_goes_on_where_it_was_and_new_blocks_alone_are_read_then()
 {
    let node = endpoint(Acceptance::record).await;
    let (mut ripe, all) = (ripe(), head(0, 100));
    let (mut found, mut looks) = (None, 0);
    while found.is_none() {
        looks += 1;
        assert!(looks < 9, "it never ends");
        found = looks_at(&mut ripe, &node, (300_000 + looks, 1_450), &all).await;
    }
    assert_eq!((found, looks), (Some(5), 3));
    // 151 pages of 2,000 blocks, and one for each new block.
    assert_eq!(node.asked("eth_getLogs"), 152);
    ripe.rests(1_450);
    let again = looks_at(&mut ripe, &node, (300_100, 1_500), &all).await;
    assert_eq!((again, node.asked("eth_getLogs")), (Some(9), 153));
}

#[tokio::test]
async fn relayers_make_the_same_final_at_different_moments_within_half_an_interval() {
    let moments = (0..=255).map(|number| {
        let me = Address::repeat_byte(number);
        Ripe::new(DEPLOYMENT, ROOT_CHAIN, CHALLENGE_SECS, me).stagger(3)
    });
    let moments: std::collections::BTreeSet<u64> = moments.collect();
    assert_eq!(moments.len(), 26);
    assert_eq!(moments.last(), Some(&25));
    // Whoever is not the first one looks again in its own moment, and not an interval later.
    let node = endpoint(Acceptance::record).await;
    let me = Address::repeat_byte(1);
    let mut late = Ripe::new(DEPLOYMENT, ROOT_CHAIN, CHALLENGE_SECS, me);
    let moment = 1_450 + late.stagger(0);
    assert!(moment > 1_450);
    assert_eq!(looks(&mut late, &node, 1_449, &head(0, 100)).await, None);
    assert_eq!(
        looks(&mut late, &node, moment - 1, &head(0, 100)).await,
        None
    );
    let newest = (moment - 1_400) / 10;
    let found = looks(&mut late, &node, moment, &head(0, 100)).await;
    assert_eq!(found, Some(newest));
}
