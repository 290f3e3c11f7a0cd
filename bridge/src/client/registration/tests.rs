//! What a registration sends, and whom it believes when it is mined.

use alloy_primitives::hex;
use serde_json::json;

use super::*;
use crate::client::wallet::tests::node::{Node, Said, logging, wallet};
use crate::proof::bls;

const REGISTRY: Address = Address::repeat_byte(0x11);
const BOND: u128 = 3_000_000_000_000_000_000;

fn keys(byte: u8) -> OperatorKeys {
    let checkpoint = bls::SecretKey::from_entropy(&[byte; 32]).unwrap();
    OperatorKeys::new(&[byte; 32], checkpoint)
}

fn registered(operator: Address, keys: &OperatorKeys) -> IRegistry::Registered {
    IRegistry::Registered {
        operator,
        registration: 9,
        consensusKey: keys.consensus_key().into(),
        checkpointKey: Bytes::copy_from_slice(&keys.checkpoint_key()),
        stake: U256::ZERO,
        bond: U256::from(BOND),
    }
}

#[tokio::test]
async fn a_registration_sends_its_value_with_its_bond_and_is_known_by_its_own_keys_alone() {
    let honest = Node::start(|_, _| Said::Honest).await;
    let own = wallet(&honest).await.address();
    let value = U256::from(BOND + 7);
    for (address, event, number) in [
        (REGISTRY, registered(own, &keys(1)), Some(9)),
        (REGISTRY, registered(own, &keys(2)), None),
        (REGISTRY, registered(REGISTRY, &keys(1)), None),
        (own, registered(own, &keys(1)), None),
    ] {
        let node = logging(address, &event).await;
        let wallet = wallet(&node).await;
        let call = call(&wallet, REGISTRY, &keys(1), BOND, value)
            .await
            .unwrap();
        let limits = wallet.limits(&call).await.unwrap();
        let done = register(&wallet, REGISTRY, &keys(1), call, limits).await;
        let sent = node.submitted();
        assert_eq!(sent.len(), 1);
        assert_eq!((sent[0].value, sent[0].gas_limit), (value, limits.0));
        let call = IRegistry::registerKeysCall::abi_decode(&sent[0].input).unwrap();
        assert_eq!(call.bond, BOND);
        assert_eq!(call.consensusKey, B256::from(keys(1).consensus_key()));
        match (done, number) {
            (Ok((given, _)), Some(number)) => assert_eq!(given, number),
            (Err(CeremonyError::EventMissing { event, .. }), None) => {
                assert!(event.starts_with("Registered("), "{event}");
            }
            (done, _) => panic!("{done:?}"),
        }
    }
}

#[tokio::test]
async fn a_bond_is_raised_where_the_registry_says_so_of_this_registration() {
    let raised = |registration| IRegistry::BondRaised {
        operator: Address::repeat_byte(5),
        registration,
        from: Address::repeat_byte(6),
        amount: U256::from(7),
        bond: U256::from(BOND + 7),
    };
    for (said, told) in [(4, true), (5, false)] {
        let node = logging(REGISTRY, &raised(said)).await;
        let wallet = wallet(&node).await;
        let operator = Address::repeat_byte(5);
        let done = top_up(&wallet, REGISTRY, operator, 4, U256::from(7)).await;
        assert_eq!(node.submitted()[0].value, U256::from(7));
        match done {
            Ok((bond, _)) => assert!(told && bond == U256::from(BOND + 7)),
            Err(error) => assert!(
                !told && matches!(error, CeremonyError::EventMissing { .. }),
                "{error}"
            ),
        }
    }
}

#[tokio::test]
async fn an_entry_is_read_by_operator_and_number_and_none_is_none() {
    let member = |registration| IRegistry::Member {
        operator: Address::repeat_byte(5),
        registration,
        consensusKey: B256::repeat_byte(1),
        checkpointKey: Bytes::from(vec![2; 96]),
        stake: U256::ZERO,
        bond: U256::from(BOND),
    };
    for (registration, found) in [(7, true), (0, false)] {
        let entry = IRegistry::registrationOfCall::abi_encode_returns(&member(registration));
        let number = IRegistry::newestOfCall::abi_encode_returns(&registration);
        let node = Node::start(move |method, nth| match (method, nth) {
            ("eth_call", 0) => Said::Result(json!(hex::encode_prefixed(&number)).to_string()),
            ("eth_call", _) => Said::Result(json!(hex::encode_prefixed(&entry)).to_string()),
            _ => Said::Honest,
        })
        .await;
        let wallet = wallet(&node).await;
        let read = newest(wallet.rpc(), REGISTRY, Address::repeat_byte(5)).await;
        assert_eq!(read.unwrap(), found.then(|| member(7)));
    }
}
