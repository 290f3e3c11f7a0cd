//! Witnesses of messages, from a chain that is built as the Inbox builds it.

use alloy_primitives::{U256, hex};

use super::*;
use crate::client::rpc::Limits;
use crate::client::wallet::tests::node::{Node, Said};
use crate::proof::inbox::{Body, Message, link, message_hash};

/// Messages 1 to `count`, as their events show them.
pub(super) fn chain(count: u64) -> Vec<(u64, Sent)> {
    let mut before = B256::ZERO;
    (1..=count)
        .map(|index| {
            let block = 100 + index;
            let message = Message {
                index,
                arrival: index,
                root_height: block,
                due: index * 1_000,
                body: Body::RewardFunding {
                    amount: u128::from(index),
                    funder: [7; 20],
                },
            };
            let bytes = message.encode();
            before = link(index, &before, &message_hash(&bytes));
            let sent = Sent {
                index,
                link: before,
                bytes: bytes.into(),
            };
            (block, sent)
        })
        .collect()
}

/// What the Inbox does: it hashes forward from the message to a link that it keeps.
fn leads_to(one: &Shown) -> (u64, B256) {
    let mut index = one.message.index;
    let mut at = link(index, &one.before, &message_hash(&one.bytes));
    for hash in &one.behind {
        index += 1;
        at = link(index, &at, hash);
    }
    (index, at)
}

#[test]
fn each_message_is_shown_by_a_link_that_the_inbox_keeps() {
    for (cursor, count) in [
        (0, 1),
        (0, 300),
        (4, 5),
        (31, 600),
        (32, 600),
        (33, 600),
        (599, 600),
    ] {
        let chain = chain(count);
        let from = usize::try_from(cursor.max(1) - 1).expect("small");
        let all = shown(&chain[from..], cursor, count).expect("it fits");
        assert_eq!(all.len() as u64, count - cursor);
        for (one, index) in all.iter().zip(cursor + 1..) {
            assert_eq!(one.message.index, index);
            let (kept, hash) = leads_to(one);
            assert!(kept % 32 == 0 || kept + 256 > count, "{index} by {kept}");
            let place = usize::try_from(kept - 1).expect("small");
            assert_eq!(hash, chain[place].1.link);
        }
    }
}

#[test]
fn messages_that_do_not_follow_one_another_are_refused() {
    let chain = chain(40);
    assert!(shown(&chain[4..], 5, 40).is_ok());
    for wrong in [
        shown(&chain[5..], 5, 40),
        shown(&chain[..], 5, 40),
        shown(&[], 5, 40),
        shown(&chain[4..39], 5, 40),
        shown(&[&chain[4..20], &chain[21..]].concat(), 5, 40),
    ] {
        assert!(wrong.is_err());
    }
    let mut forged = chain.clone();
    forged[20].1.bytes = forged[21].1.bytes.clone();
    assert!(shown(&forged[4..], 5, 40).is_err());
}

#[test]
fn the_stage_follows_from_root_s_clock_and_the_base() {
    let seen = |exit_at, now, opened| Ending {
        number: 1,
        now,
        head: IRootChain::Head {
            exitAt: exit_at,
            ..Default::default()
        },
        parameters: IRootChain::Parameters::default(),
        base: IExits::Base {
            opened,
            ..Default::default()
        },
        held: None,
        begins: None,
    };
    assert_eq!(seen(0, 50, false).stage(), Stage::Open);
    assert_eq!(seen(51, 50, false).stage(), Stage::Closing);
    assert_eq!(seen(50, 50, false).stage(), Stage::ExitMode);
    assert_eq!(seen(50, 90, true).stage(), Stage::Paying);
}

#[test]
fn the_contracts_are_those_of_the_manifest() {
    let registry = Address::repeat_byte(9);
    let made = [1, 2, 4, 6, 7].map(|nonce| registry.create(nonce));
    let [inbox, vault, exits, data_challenges, root_chain] = made;
    let all = Contracts {
        data_challenges,
        exits,
        inbox,
        root_chain,
        vault,
    };
    assert_eq!(Contracts::of(registry), all);
}

/// An endpoint of root that says of an account that it named this address and that its next naming has this nonce, and of every leaf whether it is paid.
async fn endpoint(payout: Address, nonce: u64, paid: bool, exit_at: u64) -> (Node, Rpc) {
    let node = Node::start_asked(move |request, _| {
        let data = request["params"][0]["data"].as_str().unwrap_or_default();
        let data = hex::decode(data).unwrap_or_default();
        let selector = data.first_chunk::<4>().copied().unwrap_or_default();
        let returned = match selector {
            IExits::namedCall::SELECTOR => {
                let named = IExits::namedReturn { payout, nonce };
                IExits::namedCall::abi_encode_returns(&named)
            }
            IVault::claimedCall::SELECTOR => IVault::claimedCall::abi_encode_returns(&paid),
            IVault::refundedCall::SELECTOR => IVault::refundedCall::abi_encode_returns(&paid),
            IRootChain::headCall::SELECTOR => {
                let head = IRootChain::Head {
                    exitAt: exit_at,
                    ..Default::default()
                };
                IRootChain::headCall::abi_encode_returns(&head)
            }
            _ => vec![0; 32 * 40],
        };
        match request["method"].as_str() {
            Some("eth_call") => Said::Result(format!("\"{}\"", hex::encode_prefixed(returned))),
            _ => Said::Honest,
        }
    })
    .await;
    let rpc = Rpc::new(&node.url, Limits::default()).expect("an address");
    (node, rpc)
}

#[tokio::test]
async fn one_of_two_endpoints_can_neither_invent_a_nonce_nor_an_end_nor_say_that_all_is_paid() {
    let contracts = Contracts::of(Address::repeat_byte(1));
    let (_one, honest) = endpoint(Address::repeat_byte(5), 3, false, 77).await;
    let (_two, other) = endpoint(Address::repeat_byte(5), 3, false, 77).await;
    let both = Endpoints::impatient(&honest, Some(&other));
    assert_eq!(
        named(both, &contracts, 1, [2; 20]).await.expect("the same"),
        (Some(Address::repeat_byte(5)), 3)
    );
    assert!(!is_paid(both, &contracts, 7).await.expect("the same"));
    assert!(
        !is_refunded(both, &contracts, (7, true))
            .await
            .expect("the same")
    );
    assert_eq!(
        look(both, &contracts).await.expect("the same").head.exitAt,
        77
    );
    // A nonce to come would give a signature that can be kept; the others would leave money where it is.
    let (_three, liar) = endpoint(Address::repeat_byte(5), 4, true, 0).await;
    for both in [
        Endpoints::impatient(&honest, Some(&liar)),
        Endpoints::impatient(&liar, Some(&honest)),
    ] {
        let differ = |error: EndpointsError| matches!(error, EndpointsError::Differ { .. });
        assert!(named(both, &contracts, 1, [2; 20]).await.is_err_and(differ));
        assert!(is_paid(both, &contracts, 7).await.is_err_and(differ));
        let back = is_refunded(both, &contracts, (7, true)).await;
        assert!(back.is_err_and(differ));
        assert!(look(both, &contracts).await.is_err_and(differ));
    }
}

#[tokio::test]
async fn what_the_vault_owes_of_a_token_is_root_s_word_and_what_it_holds_is_the_token_s_if_it_says_it()
 {
    let contracts = Contracts::of(Address::repeat_byte(1));
    let token = Address::repeat_byte(0x70);
    for (said, holds) in [
        (Some(hex::encode_prefixed([0; 32])), Some(U256::ZERO)),
        (Some("0x".to_owned()), None),
        (Some("0x01".to_owned()), None),
        (None, None),
    ] {
        let node = Node::start_asked(move |request, _| {
            let asked = &request["params"][0];
            let to = asked["to"].as_str().unwrap_or_default();
            match (request["method"].as_str(), &said) {
                (Some("eth_call"), Some(said)) if to.contains("7070") => {
                    Said::Result(format!("\"{said}\""))
                }
                (Some("eth_call"), None) if to.contains("7070") => {
                    Said::Error("execution reverted")
                }
                (Some("eth_call"), _) => Said::Result(format!(
                    "\"{}\"",
                    hex::encode_prefixed([[0; 31].as_slice(), &[5]].concat())
                )),
                _ => Said::Honest,
            }
        })
        .await;
        let rpc = Rpc::new(&node.url, Limits::default()).expect("an address");
        let found = backing((&rpc).into(), &contracts, token).await;
        let owes = U256::from(5);
        assert_eq!(
            found.expect("the Vault answers"),
            TokenBacking { owes, holds }
        );
    }
}
