//! What a node says of its keys while it runs and its operator takes a seat, gives it back, or registers other keys.

use std::sync::Arc;

use plasmid::app::reads::Source;
use plasmid::ledger::transaction::{Body, StakeBody};
use plasmid::node::{comet::Client, config::Home, signer::KeyWatch};
use plasmid_bridge::proof::bls::SecretKey;
use plasmid_bridge::proof::inbox::{Body as Message, Registration};
use plasmid_tests::harness::Network;
use plasmid_tests::harness::people::People;
use plasmid_tests::harness::reads::served;

/// Blocks of an epoch.
const K: u64 = 16;
/// The validator whose operator comes and goes.
const NODE: usize = 3;
const OPERATOR: [u8; 20] = [0x13; 20];

/// A watch over a node whose application is that of the network's first one.
fn watch(network: &Network, own: Option<[u8; 96]>) -> KeyWatch {
    let app = network.nodes[0].shared();
    KeyWatch {
        engine: Client::with_url("http://127.0.0.1:1".to_owned()).unwrap(),
        engine_elsewhere: false,
        home: Home::new("node"),
        served: Arc::new(served(Arc::clone(&app), Arc::default())),
        app,
        own,
        others: Vec::new(),
    }
}

/// What `status`, the health service and the metrics say of the keys after a look.
fn said(watch: &KeyWatch, consensus: [u8; 32]) -> Option<String> {
    watch.look(Some(&consensus)).unwrap();
    watch.served.vitals().signing.keys
}

#[test]
fn a_seat_that_a_running_node_has_no_key_for_and_keys_that_were_replaced_under_it_are_told() {
    let mut network = Network::quiet();
    let consensus = network.nodes[NODE].consensus_key();
    let checkpoint = network.nodes[NODE].checkpoint.public_key();
    let (follower, signer) = (watch(&network, None), watch(&network, Some(checkpoint)));
    assert_eq!(said(&signer, consensus), None);
    assert_eq!(said(&follower, [9; 32]), None);
    network.inbox.push(People::through_root(
        OPERATOR,
        Body::Stake(StakeBody::Leave),
    ));
    network.run(4 * K);
    assert_eq!(said(&follower, consensus), None, "no seat");
    assert_eq!(said(&signer, consensus), None);
    network.inbox.push(People::through_root(
        OPERATOR,
        Body::Stake(StakeBody::TakeSeat),
    ));
    network.run(4 * K);
    let told = said(&follower, consensus).expect("it votes and signs nothing");
    assert!(told.contains("without a checkpoint key"), "{told}");
    assert_eq!(said(&signer, consensus), None);
    // Other keys of the same operator: the node with the old ones says so, one with the new ones does not, though it starts early.
    let new = SecretKey::from_entropy(&[0x77; 32]).unwrap().public_key();
    let successor = watch(&network, Some(new));
    network.inbox.push(Message::Registration(Registration {
        operator: OPERATOR,
        registration: 100,
        consensus_key: [0x55; 32],
        checkpoint_key: new,
        bounty_bond: 1,
    }));
    let mut told = false;
    for _ in 0..4 * K {
        network.run(1);
        assert_eq!(said(&successor, [0x55; 32]), None);
        let says = said(&signer, consensus);
        assert!(!told || says.is_some(), "it stays so");
        told = says.is_some_and(|said| said.contains("keys are not those"));
    }
    assert!(told);
}
