//! What a node says of its keys while it runs and its operator takes a seat, gives it back, or registers other keys.

use std::sync::Arc;

use alloy_primitives::B256;
use plasmid::app::ports::Sight;
use plasmid::app::reads::{Contracts, Facts, Served, Source};
use plasmid::ledger::transaction::{Body, StakeBody};
use plasmid::node::{comet::Client, config::Home, signer::KeyWatch};
use plasmid_bridge::proof::bls::SecretKey;
use plasmid_bridge::proof::inbox::{Body as Message, Registration};
use plasmid_bridge::relay::inbox::View;
use plasmid_bridge::relay::seen::{Anchor, Block};
use plasmid_tests::harness::people::People;
use plasmid_tests::harness::{Network, Plan};

/// Blocks of an epoch.
const K: u64 = 16;
/// The validator whose operator comes and goes.
const NODE: usize = 3;
const OPERATOR: [u8; 20] = [0x13; 20];

struct Root;

impl Sight for Root {
    fn view(&self) -> Arc<View> {
        Arc::new(View {
            finalized: Some(Block {
                number: 1,
                hash: B256::ZERO,
                parent: B256::ZERO,
                time: 1,
            }),
            anchor: Anchor::GENESIS,
            entries: Vec::new(),
            acceptances: Default::default(),
            accepted: 0,
            healthy: true,
            stale_at: u64::MAX,
            standings: Vec::new(),
        })
    }

    fn is_sound(&self) -> bool {
        true
    }
}

/// A watch over a node whose application is that of the network's first one.
fn watch(network: &Network, own: Option<[u8; 96]>) -> KeyWatch {
    let app = network.nodes[0].shared();
    let [registry, inbox, vault, root_chain] = [[1; 20], [2; 20], [3; 20], [4; 20]].map(Into::into);
    let facts = Facts {
        chain_id: app.deployment().chain_id.clone(),
        domain: app.deployment().domain,
        parameters: *app.parameters(),
        contracts: Contracts {
            registry,
            inbox,
            vault,
            root_chain,
        },
    };
    KeyWatch {
        engine: Client::with_url("http://127.0.0.1:1".to_owned()).unwrap(),
        engine_elsewhere: false,
        home: Home::new("node"),
        served: Arc::new(Served::new(Arc::clone(&app), Arc::new(Root), facts)),
        app,
        own,
        hands_in: true,
    }
}

/// What `status`, the health service and the metrics say of the keys after a look.
fn said(watch: &KeyWatch, consensus: [u8; 32]) -> Option<String> {
    watch.look(Some(&consensus)).unwrap();
    watch.served.vitals().signing.keys
}

#[test]
fn a_seat_that_a_running_node_has_no_key_for_and_keys_that_were_replaced_under_it_are_told() {
    let mut network = Network::new(Plan {
        transactions: 0,
        messages: 0,
        evidence: 0,
        ..Plan::default()
    });
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
