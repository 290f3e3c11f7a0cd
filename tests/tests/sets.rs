//! Sets that change, power that stops, and cuts, in one process: after every block all that `harness::stakes` looks at holds.

use std::sync::atomic::Ordering;

use plasmid::ledger::Account;
use plasmid::ledger::transaction::{Body, StakeBody};
use plasmid_bridge::proof::inbox::{Body as Message, Deposit, Registration};
use plasmid_staking::Line;
use plasmid_tests::harness::network::STAKE;
use plasmid_tests::harness::people::{FEE, People};
use plasmid_tests::harness::{Network, Plan};

/// Blocks of an epoch.
const K: u64 = 16;

fn operator(node: usize) -> [u8; 20] {
    [0x10 + node as u8; 20]
}

/// The number of the registration of a node, which is also its line's.
fn registration(node: usize) -> u64 {
    node as u64 + 1
}

/// An operator asks through the inbox, so that nobody signs for it.
fn ask(network: &Network, node: usize, body: StakeBody) {
    let asked = People::through_root(operator(node), Body::Stake(body));
    network.inbox.push(asked);
}

/// The operator of a node that has no seat registers on root, bonds and takes one.
fn join(network: &Network, node: usize, stake: u128) {
    let (operator, number) = (operator(node), registration(node));
    let keys = &network.nodes[node];
    network.inbox.push(Message::Registration(Registration {
        operator,
        registration: number,
        consensus_key: keys.consensus_key(),
        checkpoint_key: keys.checkpoint.public_key(),
        bounty_bond: 1,
    }));
    let mut symbol = [0; 32];
    symbol[..3].copy_from_slice(b"ETH");
    network.inbox.push(Message::Deposit(Deposit {
        token: [0; 20],
        amount: stake,
        native: 0,
        recipient: Account::ethereum(operator).bytes(),
        refund: operator,
        depositor: operator,
        decimals: 18,
        symbol_length: 3,
        symbol,
    }));
    let bond = StakeBody::Delegate {
        operator,
        amount: stake,
        line: number,
        max_commission: 0,
    };
    ask(network, node, bond);
    ask(network, node, StakeBody::TakeSeat);
}

/// Blocks until these nodes are the members, each of them the old set or the new one.
fn turn(network: &mut Network, wanted: &[usize]) {
    let old = network.members();
    for _ in 0..6 * K {
        let members = network.members();
        if members == wanted {
            return;
        }
        assert_eq!(members, old, "a set that nobody asked for");
        network.step();
    }
    panic!("the members are {:?}", network.members());
}

/// Blocks until an epoch begins.
fn to_epoch(network: &mut Network) {
    while !network.height().is_multiple_of(K) {
        network.step();
    }
}

#[test]
fn four_validators_become_seven_and_four_again_while_people_pay_and_nodes_crash() {
    for seed in [11, 12] {
        let mut network = Network::new(Plan {
            seed,
            joiners: 3,
            crashes: 20,
            ..Plan::default()
        });
        let (four, seven) = ([0, 1, 2, 3], [0, 1, 2, 3, 4, 5, 6]);
        network.run(K);
        for node in 4..7 {
            join(&network, node, STAKE);
        }
        turn(&mut network, &seven);
        network.run(2 * K);
        to_epoch(&mut network);
        for _ in 0..2 {
            (4..7).for_each(|node| ask(&network, node, StakeBody::Leave));
            turn(&mut network, &four);
            network.run(K);
            to_epoch(&mut network);
            (4..7).for_each(|node| ask(&network, node, StakeBody::TakeSeat));
            turn(&mut network, &seven);
            network.run(K);
            to_epoch(&mut network);
        }
    }
}

#[test]
fn all_seats_are_replaced_in_one_epoch() {
    let mut network = Network::new(Plan {
        seed: 21,
        seats: 4,
        joiners: 4,
        transactions: 0,
        messages: 0,
        ..Plan::default()
    });
    network.run(2 * K);
    for node in 4..8 {
        join(&network, node, 2 * STAKE);
    }
    turn(&mut network, &[4, 5, 6, 7]);
    network.run(4 * K);
    // The old operators come back with more, all at once.
    to_epoch(&mut network);
    for node in 0..4 {
        let (operator, line) = (operator(node), registration(node));
        let bond = StakeBody::Delegate {
            operator,
            amount: 2 * STAKE,
            line,
            max_commission: 0,
        };
        let sequence = node as u64;
        let bytes = network
            .people
            .sign(7, sequence, FEE, u64::MAX, Body::Stake(bond));
        for node in network.up() {
            network.nodes[node].offer(&bytes);
        }
        network.step();
        ask(&network, node, StakeBody::TakeSeat);
    }
    turn(&mut network, &[0, 1, 2, 3]);
    network.run(3 * K);
}

fn three(last_less: u128) -> Network {
    Network::new(Plan {
        seed: 31,
        validators: 3,
        last_less,
        ..Plan::default()
    })
}

#[test]
fn a_third_of_the_power_that_stops_halts_the_chain_and_it_resumes() {
    let mut network = three(0);
    network.run(K + 3);
    network.nodes[2].crash();
    let height = network.height();
    let roots = |network: &Network| {
        let apps = [0, 1].map(|node| network.nodes[node].app());
        apps.map(|app| app.state().tree.root())
    };
    let before = roots(&network);
    for _ in 0..3 * K {
        assert!(!network.try_step(), "two thirds decide nothing");
    }
    assert_eq!((network.height(), roots(&network)), (height, before));
    network.nodes[2].restart(&network.file, &network.chain);
    network.run(4 * K);
}

#[test]
fn a_bit_less_than_a_third_that_stops_halts_nothing() {
    let unit = three(0).nodes[0].app().parameters().unit;
    let mut network = three(unit);
    network.run(K + 3);
    network.nodes[2].crash();
    for _ in 0..4 * K {
        network.step();
        if network.nodes[2].is_up() {
            network.nodes[2].crash();
        }
    }
}

#[test]
fn shares_of_exactly_two_thirds_make_no_certificate_and_of_a_bit_more_they_do() {
    let unit = three(0).nodes[0].app().parameters().unit;
    for (less, certified) in [(0, false), (unit, true)] {
        let mut network = three(less);
        network.run(2 * K);
        network.nodes[2].mute.store(true, Ordering::SeqCst);
        // The shares for the epoch that has ended are in the blocks of this one.
        network.certified = certified;
        network.run(3 * K);
        network.nodes[2].mute.store(false, Ordering::SeqCst);
        network.certified = true;
        network.run(3 * K);
    }
}

#[test]
fn a_cut_takes_from_who_stood_behind_the_epoch_of_the_offence_and_the_others_keep_all() {
    let mut network = Network::new(Plan {
        seed: 41,
        joiners: 1,
        transactions: 0,
        messages: 0,
        ..Plan::default()
    });
    network.run(K);
    join(&network, 4, STAKE);
    turn(&mut network, &[0, 1, 2, 3, 4]);
    network.run(K);
    let (operator, registration) = (operator(4), registration(4));
    let epoch = network.height() / K;
    network.inbox.push(Message::Freeze {
        operator,
        registration,
        epoch,
    });
    network.inbox.push(Message::Settlement {
        operator,
        registration,
        epoch,
        fraction: 250_000_000,
    });
    turn(&mut network, &[0, 1, 2, 3]);
    // The founders have positions 1 to 4, and the delegations of the genesis 5 to 8.
    let apply = StakeBody::ApplyCut { position: 9 };
    let bytes = network.people.sign(7, 0, FEE, u64::MAX, Body::Stake(apply));
    for node in network.up() {
        assert_eq!(network.nodes[node].offer(&bytes), 0);
    }
    let stake = |network: &Network| {
        let id = plasmid_staking::LineId {
            operator,
            line: registration,
        };
        network.stakes.line(network.nodes[0].app(), id)
    };
    let of = |line: Line| (line.stake, line.self_stake);
    assert_eq!(of(stake(&network)), (STAKE, STAKE));
    network.run(8);
    let left = STAKE / 4 * 3;
    assert_eq!(of(stake(&network)), (left, left));
    network.run(2 * K);
}
