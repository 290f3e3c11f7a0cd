//! One endpoint, and two that agree or differ.

use serde_json::json;

use super::*;
use crate::abi::IRegistry;
use crate::client::rpc::Limits;
use crate::client::wallet::tests::node::{Node, Said};

const REGISTRY: Address = Address::repeat_byte(0x11);

fn rpc(node: &Node) -> Rpc {
    let limits = Limits {
        attempts: 1,
        ..Limits::default()
    };
    Rpc::new(&node.url, limits).expect("an address")
}

/// A node that answers calls, code and blocks alike with this.
async fn saying(answer: serde_json::Value) -> Node {
    Node::start(move |method, _| match method {
        "eth_call" | "eth_getCode" => Said::Result(answer.to_string()),
        _ => Said::Honest,
    })
    .await
}

fn word(byte: u8) -> serde_json::Value {
    json!(hex::encode_prefixed([[0; 31].as_slice(), &[byte]].concat()))
}

#[tokio::test]
async fn what_both_say_is_taken_and_one_alone_is_believed() {
    let (one, two) = (saying(word(1)).await, saying(word(1)).await);
    let (one, two) = (rpc(&one), rpc(&two));
    for second in [None, Some(&two)] {
        let both = Endpoints::new(&one, second);
        let created = both.view(REGISTRY, IRegistry::createdCall {}).await;
        assert!(created.expect("they agree"));
        assert_eq!(both.code(REGISTRY).await.expect("they agree").len(), 32);
        assert_eq!(both.chain_id().await.expect("they agree"), 31_337);
    }
}

#[tokio::test]
async fn coin_goes_to_no_address_where_one_of_both_shows_no_code_or_other_code() {
    let (one, same) = (saying(word(1)).await, saying(word(1)).await);
    let (other, nothing) = (saying(word(2)).await, saying(json!("0x")).await);
    let [one, same, other, nothing] = [&one, &same, &other, &nothing].map(rpc);
    let of = async |first: &Rpc, second: Option<&Rpc>| {
        let both = Endpoints {
            patience: Duration::ZERO,
            ..Endpoints::new(first, second)
        };
        both.require_code(&[REGISTRY]).await
    };
    assert!(of(&one, Some(&same)).await.is_ok());
    for second in [&other, &nothing] {
        let refused = of(&one, Some(second)).await;
        assert!(matches!(refused, Err(EndpointsError::Differ { .. })));
    }
    let refused = of(&nothing, None).await;
    assert!(matches!(refused, Err(EndpointsError::NoCode(REGISTRY))));
}

#[tokio::test]
async fn a_difference_that_stays_names_both_and_the_reading() {
    let (one, two) = (saying(word(1)).await, saying(word(0)).await);
    let nothing = saying(json!("0x")).await;
    let refusing = Node::start(|_, _| Said::Error("execution reverted")).await;
    let one = rpc(&one);
    for (second, told) in [
        (rpc(&two), format!("0x{}", "00".repeat(32))),
        (rpc(&nothing), "that there is nothing".to_owned()),
        (rpc(&refusing), "execution reverted".to_owned()),
    ] {
        for (first, second) in [(&one, &second), (&second, &one)] {
            let both = Endpoints {
                patience: Duration::ZERO,
                ..Endpoints::new(first, Some(second))
            };
            let created = both.view(REGISTRY, IRegistry::createdCall {}).await;
            let said = created.expect_err("they differ").to_string();
            for part in [&one.place(), &second.place(), &told] {
                assert!(said.contains(part), "{part}: {said}");
            }
            assert!(said.contains("created() of 0x1111"), "{said}");
            assert!(both.code(REGISTRY).await.is_err());
        }
    }
}

#[tokio::test]
async fn an_endpoint_that_is_a_block_behind_is_waited_for() {
    let ahead = saying(word(1)).await;
    let behind = Node::start(|method, nth| match (method, nth) {
        ("eth_call", 0) => Said::Result(word(0).to_string()),
        ("eth_call", _) => Said::Result(word(1).to_string()),
        _ => Said::Honest,
    })
    .await;
    let (ahead, late) = (rpc(&ahead), rpc(&behind));
    let both = Endpoints::new(&ahead, Some(&late));
    let created = both.view(REGISTRY, IRegistry::createdCall {}).await;
    assert!(created.expect("they agree in the end"));
    assert_eq!(behind.asked("eth_call"), 2);
}

/// A chain whose newest block is this one; each block's time is a multiple of its number.
async fn at(newest: u64, seconds: u64) -> Node {
    Node::start_asked(move |request, _| {
        let number = match request["params"][0].as_str() {
            Some("latest") => newest,
            Some(number) => u64::from_str_radix(&number[2..], 16).expect("a number"),
            None => panic!("blocks are asked for"),
        };
        let block = json!({
            "number": format!("{number:#x}"), "hash": B256::repeat_byte(1), "parentHash": B256::ZERO,
            "timestamp": format!("{:#x}", number * seconds), "baseFeePerGas": "0x7",
        });
        Said::Result(match number <= newest {
            true => block.to_string(),
            false => "null".to_owned(),
        })
    })
    .await
}

#[tokio::test]
async fn roots_clock_is_asked_of_both_and_neither_turns_it_back_or_on() {
    let (one, same, fast, behind) = (
        at(9, 12).await,
        at(9, 12).await,
        at(9, 13).await,
        at(3, 12).await,
    );
    let [one, same, fast, behind] = [&one, &same, &fast, &behind].map(rpc);
    let of = async |second: Option<&Rpc>| {
        let both = Endpoints {
            patience: Duration::ZERO,
            ..Endpoints::new(&one, second)
        };
        both.time().await.map_err(|error| error.to_string())
    };
    assert_eq!(of(None).await, Ok(108));
    assert_eq!(of(Some(&same)).await, Ok(108));
    for other in [&fast, &behind] {
        let said = of(Some(other)).await.expect_err("they differ");
        assert!(said.contains("the time of block 9"), "{said}");
    }
}

#[tokio::test]
async fn one_of_two_that_does_not_answer_is_named() {
    let one = saying(word(1)).await;
    let limits = Limits {
        attempts: 1,
        ..Limits::default()
    };
    let gone = Rpc::new("http://user:secret@127.0.0.1:1/key?k=v", limits).expect("an address");
    let one = rpc(&one);
    let both = Endpoints::new(&one, Some(&gone));
    let said = both.chain_id().await.expect_err("it is gone").to_string();
    assert!(said.contains("http://127.0.0.1:1"), "{said}");
    assert!(!said.contains("secret") && !said.contains("key"), "{said}");
}

#[test]
fn of_a_long_answer_the_word_that_differs_is_shown() {
    let (mut one, two) = ([0; 96], [0; 96]);
    one[40] = 7;
    assert!(shown(&one, &two).ends_with("in word 1"));
    assert_eq!(shown(&one, &two[..64]), "96 bytes");
    assert_eq!(shown(&[1], &[]), "0x01");
    assert_eq!(shown(&[], &[1]), "that there is nothing");
}
