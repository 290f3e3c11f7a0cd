//! The application's pool under attack, on real blocks of a simulated network: who cannot pay has nothing in it, and whoever
//! can is in the next block.

use plasmid::app::App;
use plasmid::app::pool::{Pending, Purse, Replaces};
use plasmid::chain::committed::leaf;
use plasmid::engine::abci::Handler;
use plasmid::ledger::leaf::AccountLeaf;
use plasmid::ledger::transaction::Body;
use plasmid::ledger::{Code, Slot, check};
use plasmid_bridge::proof::inbox::{Body as Message, Payload};
use plasmid_tests::harness::people::{FEE, People};
use plasmid_tests::harness::{Network, Plan};
use prost::bytes::Bytes;
use tendermint_proto::v0_38::abci::{CheckTxType, RequestCheckTx};

/// A network in which nothing happens by itself, and keys without money beside the eight people that have some.
fn quiet() -> Network {
    let mut network = Network::new(Plan {
        transactions: 0,
        messages: 0,
        evidence: 0,
        ..Plan::default()
    });
    let domain = network.nodes[0].app().deployment().domain;
    network.people = People::new(255, domain);
    network.run(1);
    network
}

fn ask(app: &App, bytes: &Bytes, kind: CheckTxType) -> u32 {
    let request = RequestCheckTx {
        tx: bytes.clone(),
        r#type: kind.into(),
    };
    app.check_tx(request).unwrap().code
}

fn pay(network: &Network, from: u8, to: u8, sequence: u64, fee: u128, amount: u128) -> Bytes {
    let body = Body::Transfer {
        to: People::account(to),
        token: [0; 20],
        amount,
    };
    network.people.sign(from, sequence, fee, u64::MAX, body)
}

fn account(network: &Network, number: u8) -> AccountLeaf {
    let state = network.nodes[0].app().state();
    let slot = Slot::Account(People::account(number));
    leaf(&state.tree, &slot).unwrap().unwrap_or_default()
}

/// Whether the last block holds these bytes.
fn included(network: &Network, bytes: &Bytes) -> bool {
    let (block, _) = network.chain.last().expect("a block");
    block.transactions.contains(bytes)
}

#[test]
fn a_hundred_thousand_transactions_of_keys_without_money_leave_the_pool_empty() {
    let mut network = quiet();
    let app = network.nodes[0].app();
    // The sender stands behind kind and scheme, the sequence behind it and the lane: neither signature nor key is made anew,
    // so each would be a wrong sender if anybody looked at it.
    let mut bytes = pay(&network, 0, 1, 0, FEE, 1).to_vec();
    for number in 0..100_000u32 {
        bytes[3..7].copy_from_slice(&number.to_be_bytes());
        bytes[32] = (number % 65) as u8;
        let code = ask(app, &bytes.clone().into(), CheckTxType::New);
        assert_eq!(code, Code::InsufficientBalance.number());
    }
    assert!(app.pool().is_empty());
    let honest = pay(&network, 0, 1, 0, FEE, 1);
    for node in &mut network.nodes {
        assert_eq!(node.offer(&honest), 0);
    }
    network.step();
    assert!(included(&network, &honest));
}

#[test]
fn keys_with_dust_have_in_the_pool_what_they_can_pay_and_an_honest_sender_is_in_the_next_block() {
    let mut network = quiet();
    // Two hundred keys with enough for one transaction each.
    for rich in 0..4u8 {
        for place in 0..50u8 {
            let to = 10 + rich * 50 + place;
            let bytes = pay(&network, rich, to, place.into(), FEE, FEE + 5);
            network
                .nodes
                .iter_mut()
                .for_each(|node| assert_eq!(node.offer(&bytes), 0));
        }
    }
    network.step();
    assert_eq!(account(&network, 10).balance, FEE + 5);
    // Each has one accepted and nothing behind it, in whatever order it is sent.
    for poor in 10..210u8 {
        for (sequence, code) in [
            (1, Code::Ok),
            (0, Code::InsufficientBalance),
            (2, Code::InsufficientBalance),
        ] {
            let bytes = pay(&network, poor, 1, sequence, FEE, 1);
            for node in &mut network.nodes {
                assert_eq!(node.offer(&bytes), code.number());
            }
        }
    }
    let honest = pay(&network, 0, 1, 50, FEE, 1);
    network
        .nodes
        .iter_mut()
        .for_each(|node| assert_eq!(node.offer(&honest), 0));
    network.step();
    assert!(included(&network, &honest));
    assert!(
        !network
            .nodes
            .iter()
            .any(|node| node.app().pool().is_empty()),
        "the held ones wait"
    );
}

#[test]
fn a_balance_that_a_block_took_covers_nothing_any_more_at_the_next_recheck() {
    let mut network = quiet();
    let all = account(&network, 2).balance;
    let waiting: Vec<Bytes> = (1..20)
        .map(|sequence| pay(&network, 2, 1, sequence, FEE, 1))
        .collect();
    for bytes in &waiting {
        network
            .nodes
            .iter_mut()
            .for_each(|node| assert_eq!(node.offer(bytes), 0));
    }
    // Another node's proposer holds a transaction that takes everything; this node never saw it.
    let drain = pay(&network, 2, 3, 0, FEE, all - FEE);
    let domain = network.nodes[0].app().deployment().domain;
    for node in &network.nodes {
        let checked = check(&drain, &domain).unwrap();
        let purse = Purse {
            next: 0,
            native: u128::MAX,
            ..Purse::default()
        };
        let pending = Pending::new(drain.to_vec(), checked, 0);
        node.app()
            .pool()
            .add(pending, &purse, Replaces::Never)
            .unwrap();
    }
    network.step();
    assert!(included(&network, &drain));
    for node in &network.nodes {
        assert!(node.app().pool().is_empty());
        assert!(
            node.mempool.is_empty(),
            "the engine was told to give them up"
        );
        for bytes in &waiting {
            let code = ask(node.app(), bytes, CheckTxType::Recheck);
            assert_eq!(code, Code::PoolFull.number());
        }
    }
}

#[test]
fn a_block_is_filled_with_what_applies_however_many_of_the_best_bids_do_not() {
    let mut network = quiet();
    let domain = network.nodes[0].app().deployment().domain;
    let honest = pay(&network, 0, 1, 0, FEE, 1);
    network
        .nodes
        .iter_mut()
        .for_each(|node| assert_eq!(node.offer(&honest), 0));
    // What no rule lets in stands in every pool: 240 keys without money, at higher bids, each with followers.
    for poor in 10..250u8 {
        for sequence in 0..4 {
            let bytes = pay(&network, poor, 1, sequence, FEE * 2, 1);
            for node in &network.nodes {
                let pending = Pending::new(bytes.to_vec(), check(&bytes, &domain).unwrap(), 0);
                let purse = Purse {
                    next: 0,
                    native: u128::MAX,
                    ..Purse::default()
                };
                node.app()
                    .pool()
                    .add(pending, &purse, Replaces::Never)
                    .unwrap();
            }
        }
    }
    network.step();
    assert!(included(&network, &honest));
    // The proposer has tried each sender once and given it up; the others find them by looking at some after each block.
    let heads: usize = network
        .nodes
        .iter()
        .map(|node| node.app().pool().len())
        .sum();
    network.run(60);
    let left: usize = network
        .nodes
        .iter()
        .map(|node| node.app().pool().len())
        .sum();
    assert!(left < heads && left == 0, "{left} of {heads} are left");
}

#[test]
fn a_forced_transaction_that_uses_a_sequence_makes_what_waits_behind_it_ready() {
    let mut network = quiet();
    let next = pay(&network, 4, 1, 1, FEE, 1);
    let forced = pay(&network, 4, 2, 0, 0, 7);
    for node in &mut network.nodes {
        assert_eq!(node.offer(&next), 0);
    }
    network.run(2);
    assert_eq!(
        account(&network, 4).sequence,
        0,
        "it waits for what is missing"
    );
    let payload = Payload::new(forced.to_vec()).expect("a short transaction");
    network.inbox.push(Message::Forced {
        sender: [9; 20],
        transaction: payload,
    });
    network.nodes.iter().for_each(|node| node.seen.look(0));
    network.run(6);
    assert_eq!(account(&network, 4).sequence, 2);
    for node in &network.nodes {
        assert!(node.app().pool().is_empty() && node.mempool.is_empty());
    }
}

#[test]
fn what_an_engine_lost_by_starting_again_leaves_the_pool_too() {
    let mut network = quiet();
    let held = pay(&network, 4, 1, 3, FEE, 1);
    let ready = pay(&network, 5, 1, 0, FEE, 1);
    for node in &mut network.nodes {
        assert_eq!((node.offer(&held), node.offer(&ready)), (0, 0));
        node.flush();
    }
    let chain = network.chain.clone();
    network
        .nodes
        .iter_mut()
        .for_each(|node| node.restart_engine(&chain));
    // What is ready stands in the next block although no engine offers it; what can never apply is forgotten.
    network.step();
    assert!(included(&network, &ready));
    network.run(40);
    for node in &network.nodes {
        assert!(node.app().pool().is_empty());
        assert_eq!(
            ask(node.app(), &held, CheckTxType::New),
            0,
            "its sender may send it again"
        );
    }
}

#[test]
fn what_comes_before_the_first_block_of_a_node_that_starts_again_waits_for_a_block() {
    let mut network = quiet();
    // More blocks than those after which a transaction that the engine never asked about counts as lost.
    network.run(40);
    network.nodes[0].flush();
    network.nodes[0].crash();
    network.nodes[0].restart(&network.file, &network.chain);
    let bytes = pay(&network, 0, 1, 0, FEE, 1);
    assert_eq!(ask(network.nodes[0].app(), &bytes, CheckTxType::New), 0);
    network.run(1);
    let waits = network.nodes[0].app().pool().len() == 1;
    assert!(waits || included(&network, &bytes));
}
