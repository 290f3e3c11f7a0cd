//! Keys, fees, and what a wallet makes of what nodes say; what it does on a chain is tested against anvil in the workspace's tests.

use alloy_primitives::{address, hex, keccak256};

use super::*;

pub(crate) mod node;

use node::{Node, Said, wallet};

#[test]
fn a_key_has_the_address_that_every_wallet_gives_it() {
    let bytes = hex!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
    let key = Key::from_bytes(&bytes).unwrap();
    assert_eq!(
        key.address(),
        address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266")
    );
    assert!(!format!("{key:?}").contains("ac0974"));
}

#[test]
fn zero_and_the_order_of_the_curve_are_no_keys() {
    assert!(Key::from_bytes(&[0; 32]).is_err());
    assert!(Key::from_bytes(&[0xff; 32]).is_err());
}

#[test]
fn a_signature_recovers_to_the_address_and_has_a_low_s() {
    for seed in 0u8..50 {
        let key = Key::from_bytes(&keccak256([seed]).0).unwrap();
        let digest = keccak256([seed, 1]);
        let signature = key.sign(&digest);
        assert!(signature.normalize_s().is_none(), "s is low already");
        assert_eq!(
            signature.recover_address_from_prehash(&digest).unwrap(),
            key.address()
        );
    }
}

#[test]
fn a_bump_is_at_least_an_eighth_of_each_fee_and_never_overflows() {
    for fee in [0, 1, 7, 8, 9, 1_000_000_007, u128::MAX] {
        let fees = Fees { max: fee, tip: fee };
        let bumped = fees.bumped_up();
        let least = fee.saturating_add(fee / 8);
        assert!(bumped.max >= least && bumped.tip >= least);
        assert!(fee == u128::MAX || bumped.max > fee);
    }
}

#[test]
fn a_cap_on_the_whole_lowers_what_is_offered_only_as_far_as_the_base_fee_leaves_room() {
    let fees = Fees {
        max: 2 * 60 + 3,
        tip: 3,
    };
    assert_eq!(fees.within(1_000_000, 10), fees);
    assert_eq!(fees.within(1_000, 10), Fees { max: 100, tip: 3 });
    assert_eq!(fees.within(500, 10), Fees { max: 63, tip: 3 });
    assert_eq!(fees.within(500, 0), fees);
}

#[tokio::test]
async fn a_tip_that_a_node_names_is_taken_up_to_the_policys_own() {
    for (named, taken) in [
        ("\"0x0\"", 1_000_000),
        ("\"0x3b9aca00\"", 1_000_000_000),
        ("\"0xffffffffffffffff\"", 10_000_000_000),
    ] {
        let node = Node::start(move |method, _| match method {
            "eth_maxPriorityFeePerGas" => Said::Result(named.into()),
            _ => Said::Honest,
        });
        let node = node.await;
        let fees = wallet(&node).await.fees().await.unwrap();
        assert_eq!(fees.tip, taken, "{named}");
    }
}

#[tokio::test]
async fn what_a_transaction_may_cost_is_bounded_and_the_option_that_raises_it_is_named() {
    let node = Node::start(|_, _| Said::Honest).await;
    let mut wallet = wallet(&node).await;
    wallet.policy.options = Some(Options {
        max_fee: "--max-fee",
        max_tip: Some("--max-tip"),
        max_cost: Some("--max-cost"),
    });
    let fees = wallet.fees().await.unwrap();
    wallet.policy.max_cost = Some(fees.max * 99_999);
    assert!(wallet.check(fees, 99_999).is_ok());
    let error = wallet.send_at(Call::default(), 7, 100_000, fees).await;
    let error = error.unwrap_err();
    assert!(matches!(error, WalletError::TooCostly { .. }), "{error}");
    assert!(error.to_string().contains("--max-cost"), "{error}");
    // What is left of a sum bounds it too, under its own name.
    wallet.limit(Some((fees.max * 50_000, "--budget")));
    assert!(wallet.check(fees, 50_000).is_ok());
    let error = wallet.check(fees, 50_001).unwrap_err().to_string();
    assert!(error.contains("--budget"), "{error}");
    let left = U256::from(fees.max) * U256::from(50_000);
    assert_eq!(wallet.max_cost((50_000, fees))[1], left);
    wallet.limit(None);
    wallet.policy.max_fee = 1;
    let error = wallet.fees().await.unwrap_err().to_string();
    assert!(error.contains("--max-fee"), "{error}");
    assert_eq!(node.asked("eth_sendRawTransaction"), 0);
}

#[tokio::test]
async fn no_answer_about_a_receipt_ends_the_wait() {
    let troubles = [
        Said::Error("transaction indexing is in progress"),
        Said::Error("the receipt is still being indexed"),
        Said::Error("rate limit"),
        Said::Result("null".into()),
        Said::Result("{\"status\":\"maybe\"}".into()),
        Said::Result("[]".into()),
        Said::Status(502),
        Said::Status(413),
        Said::Status(429),
        Said::Garbage,
        Said::Silence,
    ];
    let count = troubles.len();
    let node = Node::start(move |method, nth| match method {
        "eth_getTransactionReceipt" => troubles.get(nth).cloned().unwrap_or(Said::Honest),
        _ => Said::Honest,
    });
    let node = node.await;
    let receipt = wallet(&node).await.execute(Call::default()).await.unwrap();
    assert!(receipt.succeeded);
    assert!(node.asked("eth_getTransactionReceipt") > count);
}

#[tokio::test]
async fn a_receipt_that_is_not_final_gives_no_leave_to_send_the_same_again() {
    let receipt = format!(
        "{{\"status\":\"0x0\",\"blockNumber\":\"0x2\",\"blockHash\":\"{}\",\"gasUsed\":\"0x1\",\"effectiveGasPrice\":\"0x1\",\"logs\":[]}}",
        B256::ZERO
    );
    let node = Node::start(move |method, _| match method {
        "eth_getTransactionReceipt" => Said::Result(receipt.clone()),
        // The wallet asks for the reason of a revert.
        "eth_call" => Said::Error("execution reverted"),
        _ => Said::Honest,
    });
    let node = node.await;
    let wallet = wallet(&node).await;
    let error = wallet.execute(Call::default()).await.unwrap_err();
    assert!(matches!(error, WalletError::Reverted { .. }), "{error}");
    assert!(!error.hashes().is_empty() && !error.may_repeat());
    let text = error.to_string();
    assert!(text.contains("only when that block is final"), "{text}");
}

#[tokio::test]
async fn a_submission_whose_answer_is_lost_or_odd_is_waited_for() {
    let answers = [
        Said::Silence,
        Said::Garbage,
        Said::Status(502),
        Said::Result("null".into()),
        Said::Result("\"0x12\"".into()),
        Said::Result(format!("\"{}\"", B256::repeat_byte(3))),
        Said::Error("already known"),
        Said::Error("INTERNAL_ERROR: existing tx with same hash"),
    ];
    for first in answers {
        // After the first one, the node says that the nonce is used: by this very transaction.
        let then = first.clone();
        let node = Node::start(move |method, nth| match (method, nth) {
            ("eth_sendRawTransaction", 0) => first.clone(),
            ("eth_sendRawTransaction", _) => Said::Error("nonce too low"),
            ("eth_getTransactionReceipt", 0..2) => Said::Result("null".into()),
            _ => Said::Honest,
        });
        let node = node.await;
        let receipt = wallet(&node).await.execute(Call::default()).await;
        assert!(receipt.is_ok(), "{then:?}: {receipt:?}");
    }
}

#[tokio::test]
async fn a_refusal_names_the_hash_and_asks_for_a_look_before_the_same_is_sent_again() {
    type Kind = fn(&WalletError) -> bool;
    let not_taken: Kind = |error| matches!(error, WalletError::NotTaken { .. });
    let refusals: [(&'static str, Kind); 8] = [
        ("nonce too low: next nonce 8, tx nonce 7", |error| {
            matches!(error, WalletError::NonceTaken { .. })
        }),
        ("OldNonce", |error| {
            matches!(error, WalletError::NonceTaken { .. })
        }),
        ("INTERNAL_ERROR: could not replace existing tx", |error| {
            matches!(error, WalletError::Underpriced { .. })
        }),
        (
            "tx fee (1.20 ether) exceeds the configured cap (1.00 ether)",
            |error| matches!(error, WalletError::OverNodeCap { .. }),
        ),
        ("txpool is full", not_taken),
        ("something new", not_taken),
        ("execution reverted", not_taken),
        ("insufficient funds for gas * price + value", not_taken),
    ];
    for (said, kind) in refusals {
        let node = Node::start(move |method, _| match method {
            "eth_sendRawTransaction" => Said::Error(said),
            "eth_getTransactionByHash" => Said::Result("null".into()),
            _ => Said::Honest,
        });
        let node = node.await;
        let error = wallet(&node).await.execute(Call::default()).await;
        let error = error.unwrap_err();
        assert!(kind(&error), "{said}: {error:?}");
        assert_held(&error);
    }
}

/// That an error names a transaction that the node may still use.
fn assert_held(error: &WalletError) {
    let text = error.to_string();
    assert!(!error.hashes().is_empty(), "{text}");
    for hash in error.hashes() {
        assert!(text.contains(&hash.to_string()), "{hash}: {text}");
    }
    assert!(text.contains("look at each hash"), "{text}");
    assert!(!text.contains("nothing was"), "{text}");
    assert!(!error.may_repeat());
}

#[tokio::test]
async fn a_node_that_limits_the_rate_of_submissions_has_the_bytes() {
    let node = Node::start(|method, _| match method {
        "eth_sendRawTransaction" => Said::Status(429),
        _ => Said::Honest,
    });
    let node = node.await;
    let mined = wallet(&node).await.execute(Call::default()).await;
    assert!(mined.is_ok(), "{mined:?}");
    let node = Node::start(|method, _| match method {
        "eth_sendRawTransaction" => Said::Status(429),
        "eth_getTransactionReceipt" => Said::Result("null".into()),
        _ => Said::Honest,
    });
    let node = node.await;
    let mut wallet = wallet(&node).await;
    wallet.policy.give_up = std::time::Duration::from_millis(700);
    let error = wallet.execute(Call::default()).await.unwrap_err();
    assert!(matches!(error, WalletError::Lost { .. }), "{error}");
    assert!(!error.hashes().is_empty() && !error.may_repeat());
}

#[tokio::test]
async fn what_is_signed_is_told_before_its_bytes_leave() {
    static TOLD: std::sync::Mutex<Vec<(B256, u64)>> = std::sync::Mutex::new(Vec::new());
    let node = Node::start(|method, _| match method {
        "eth_sendRawTransaction" => {
            assert_eq!(TOLD.lock().unwrap().len(), 1, "it is told before");
            Said::Honest
        }
        _ => Said::Honest,
    });
    let node = node.await;
    let wallet = wallet(&node).await;
    let wallet = wallet.telling(|hash, nonce| TOLD.lock().unwrap().push((hash, nonce)));
    let receipt = wallet.execute(Call::default()).await.unwrap();
    assert_eq!(*TOLD.lock().unwrap(), [(receipt.hash, 7)]);
}

#[tokio::test]
async fn a_refusal_of_what_the_node_has_already_is_none() {
    let node = Node::start(|method, _| match method {
        "eth_sendRawTransaction" => Said::Error("nonce too low"),
        _ => Said::Honest,
    });
    assert!(
        wallet(&node.await)
            .await
            .execute(Call::default())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_transaction_that_is_lost_sight_of_is_named_and_not_to_be_repeated() {
    let node = Node::start(|method, nth| match (method, nth) {
        ("eth_getTransactionReceipt", _) => Said::Error("transaction indexing is in progress"),
        ("eth_sendRawTransaction", 1..) => Said::Error("replacement transaction underpriced"),
        _ => Said::Honest,
    });
    let node = node.await;
    let mut wallet = wallet(&node).await;
    wallet.policy.give_up = std::time::Duration::from_millis(700);
    let error = wallet.execute(Call::default()).await.unwrap_err();
    assert!(matches!(error, WalletError::Lost { .. }), "{error}");
    assert!(!error.may_repeat());
    let text = error.to_string();
    assert!(text.contains(&error.hashes()[0].to_string()), "{text}");
    assert!(text.contains("do not send it again"), "{text}");
    assert!(text.contains("indexing is in progress"), "{text}");
}

#[tokio::test]
async fn a_nonce_that_another_transaction_used_ends_the_wait() {
    let node = Node::start(|method, nth| match (method, nth) {
        ("eth_getTransactionReceipt" | "eth_getTransactionByHash", _) => {
            Said::Result("null".into())
        }
        ("eth_getTransactionCount", 1..) => Said::Result("\"0x8\"".into()),
        _ => Said::Honest,
    });
    let node = node.await;
    let error = wallet(&node).await.execute(Call::default()).await;
    let error = error.unwrap_err();
    assert!(matches!(error, WalletError::NonceTaken { .. }), "{error}");
    assert_held(&error);
}

#[tokio::test]
async fn every_transaction_that_was_signed_for_a_nonce_is_named_at_the_end() {
    use std::sync::atomic::{AtomicBool, Ordering};
    static TOLD: std::sync::Mutex<Vec<B256>> = std::sync::Mutex::new(Vec::new());
    let refusals = [
        None,
        Some("replacement transaction underpriced"),
        Some("txpool is full"),
        Some("nonce too low"),
    ];
    for (refusal, used) in refusals
        .iter()
        .flat_map(|refusal| [(*refusal, true), (*refusal, false)])
    {
        TOLD.lock().unwrap().clear();
        let is_used = AtomicBool::new(false);
        let node = Node::start(move |method, nth| match method {
            "eth_sendRawTransaction" if nth > 0 => {
                is_used.store(used && (refusal.is_some() || nth > 1), Ordering::Relaxed);
                refusal.map_or(Said::Honest, Said::Error)
            }
            "eth_getTransactionReceipt" | "eth_getTransactionByHash" => Said::Result("null".into()),
            "eth_getTransactionCount" if is_used.load(Ordering::Relaxed) => {
                Said::Result("\"0x8\"".into())
            }
            _ => Said::Honest,
        });
        let node = node.await;
        let mut wallet = wallet(&node).await;
        wallet.policy.give_up = std::time::Duration::from_millis(if used { 60_000 } else { 3_000 });
        let wallet = wallet.telling(|hash, _| TOLD.lock().unwrap().push(hash));
        let error = wallet.execute(Call::default()).await.unwrap_err();
        let is_taken = matches!(error, WalletError::NonceTaken { .. });
        assert_eq!(is_taken, used, "{refusal:?}: {error}");
        let mut told = TOLD.lock().unwrap().clone();
        told.dedup();
        assert!(told.len() > 1, "{refusal:?}: {error}");
        assert_eq!(error.hashes(), told, "{refusal:?}: {error}");
        let text = error.to_string();
        for hash in told {
            assert!(text.contains(&hash.to_string()), "{text}");
        }
        assert!(text.contains("this very payment"), "{text}");
        assert!(!error.may_repeat());
    }
}

#[tokio::test]
async fn a_node_that_holds_receipts_back_does_not_call_a_transaction_replaced() {
    let node = Node::start(|method, nth| match (method, nth) {
        ("eth_getTransactionReceipt", _) => Said::Result("null".into()),
        ("eth_getTransactionCount", 1..) => Said::Result("\"0x8\"".into()),
        _ => Said::Honest,
    });
    let node = node.await;
    let mut wallet = wallet(&node).await;
    wallet.policy.give_up = std::time::Duration::from_millis(700);
    let error = wallet.execute(Call::default()).await.unwrap_err();
    assert!(matches!(error, WalletError::Lost { .. }), "{error}");
    assert!(!error.may_repeat() && !error.hashes().is_empty());
}

#[tokio::test]
async fn a_node_that_calls_every_offer_too_low_gets_no_tip_above_the_bound() {
    let said = [
        "transaction underpriced",
        "replacement transaction underpriced",
        "ReplacementNotAllowed",
        "max fee per gas less than block base fee",
    ];
    for said in said {
        let node = Node::start(move |method, _| match method {
            // A base fee of nothing leaves all of the most per gas to the tip.
            "eth_getBlockByNumber" => Said::Result(format!(
                "{{\"number\":\"0x1\",\"hash\":\"{0}\",\"parentHash\":\"{0}\",\"timestamp\":\"0x1\",\"baseFeePerGas\":\"0x0\"}}",
                B256::ZERO
            )),
            "eth_maxPriorityFeePerGas" => Said::Result("\"0xffffffffffffffff\"".into()),
            "eth_sendRawTransaction" => Said::Error(said),
            "eth_getTransactionByHash" | "eth_getTransactionReceipt" => Said::Result("null".into()),
            _ => Said::Honest,
        })
        .await;
        let mut wallet = wallet(&node).await;
        wallet.policy.max_tip = 2_000_000_000;
        let mut last = None;
        // Round after round, and by replacing what is waited for.
        for round in 0..4 {
            let before = node.submitted().len();
            let error = wallet.bid(Call::default(), 7, last).await.unwrap_err();
            let source = match &error {
                WalletError::Earlier { source, .. } => source,
                plain => plain,
            };
            let too_high = matches!(source, WalletError::TipTooHigh { .. });
            assert!(too_high, "{said}: {error}");
            // What the node said it did not take is named, and no more is.
            let hashes = error.hashes();
            assert_eq!(hashes.len(), node.submitted().len() - before, "{error}");
            assert_eq!(hashes.is_empty(), round > 0, "{error}");
            assert_eq!(error.may_repeat(), round > 0, "{error}");
            for hash in hashes {
                assert!(error.to_string().contains(&hash.to_string()), "{error}");
            }
            let offered = node.submitted();
            last = offered.last().map(|newest| Fees {
                max: newest.max_fee_per_gas,
                tip: newest.max_priority_fee_per_gas,
            });
        }
        let bound = 2 * wallet.policy.max_tip;
        let mut sent = Sent {
            call: Call::default(),
            nonce: 7,
            gas: 21_000,
            fees: last.unwrap(),
            hashes: Vec::new(),
        };
        assert!(wallet.replace(&mut sent).await.is_err());
        let tips = node.submitted();
        let tips = tips.iter().map(|sent| sent.max_priority_fee_per_gas);
        let highest = tips.max().unwrap();
        assert!(highest <= bound, "{said}: {highest}");
        assert!(highest > wallet.policy.max_tip, "a replacement has room");
    }
}

#[tokio::test]
async fn what_the_account_cannot_pay_for_is_never_signed() {
    let fees = Fees { max: 10, tip: 1 };
    let most = 100_000 * 10 + 5;
    let node = Node::start(move |method, _| match method {
        "eth_getBalance" => Said::Result(format!("\"{:#x}\"", most - 1)),
        _ => Said::Honest,
    })
    .await;
    let wallet = wallet(&node).await;
    let call = Call {
        value: U256::from(5),
        ..Call::default()
    };
    let refused = wallet.send_with(call.clone(), 100_000, fees).await;
    assert!(
        matches!(refused, Err(WalletError::InsufficientFunds(_))),
        "{refused:?}"
    );
    assert_eq!(node.submitted().len(), 0);
    let less = Call {
        value: U256::from(4),
        ..call
    };
    wallet.send_with(less, 100_000, fees).await.unwrap();
    assert_eq!(node.submitted().len(), 1);
}

#[tokio::test]
async fn every_way_to_send_stays_below_the_cap_that_nodes_have_on_the_whole() {
    let node = Node::start(|method, _| match method {
        // Twice this base fee for all the gas that a transaction may have passes one ether.
        "eth_getBlockByNumber" => Said::Result(format!(
            "{{\"number\":\"0x1\",\"hash\":\"{0}\",\"parentHash\":\"{0}\",\"timestamp\":\"0x1\",\"baseFeePerGas\":\"{1:#x}\"}}",
            B256::ZERO,
            55_000_000_000u64
        )),
        "eth_estimateGas" => Said::Result("\"0xc00000\"".into()),
        _ => Said::Honest,
    })
    .await;
    let wallet = wallet(&node).await;
    let sent = wallet.send(Call::default()).await.unwrap();
    let bid = wallet.bid(Call::default(), 9, None).await.unwrap();
    let mut replaced = bid.clone();
    wallet.replace(&mut replaced).await.unwrap();
    let with = wallet.send_with(
        Call::default(),
        GAS_CAP,
        Fees {
            max: 110_000_000_001,
            tip: 1,
        },
    );
    let with = with.await.unwrap();
    assert_eq!(node.submitted().len(), 4);
    for sent in [sent, bid, replaced, with] {
        let highest = sent.fees.max * u128::from(sent.gas);
        assert!(highest <= hand_in::NODE_CAP, "{highest}");
        assert!(sent.fees.max > 55_000_000_000, "it can be mined");
    }
}
