//! The application's pool under attack, on real blocks of a simulated network: who cannot pay has nothing in it, and whoever
//! can is in the next block.

use std::sync::Arc;
use std::time::Instant;

use plasmid::app::pool::{Limits, Pending, Purse, Replaces};
use plasmid::app::{App, Handed, Submission};
use plasmid::chain::committed::leaf;
use plasmid::engine::abci::Handler;
use plasmid::ledger::leaf::AccountLeaf;
use plasmid::ledger::transaction::{Body, Data, MAX_TRANSACTION_BYTES, StakeBody};
use plasmid::ledger::{Account, Code, OwnContracts, Reject, Slot, check};
use plasmid::wire::engine_hash;
use plasmid_bridge::proof::deployment;
use plasmid_bridge::proof::inbox::{Body as Message, Payload};
use plasmid_bridge::relay::acceptance::DeploymentEnd;
use plasmid_tests::harness::people::{FEE, People};
use plasmid_tests::harness::requests::prepare;
use plasmid_tests::harness::{Network, Plan};
use prost::bytes::Bytes;
use tendermint_proto::v0_38::abci::{CheckTxType, RequestCheckTx};

#[path = "mempool/bundles.rs"]
mod bundles;
#[path = "mempool/handing.rs"]
mod handing;

/// A network in which nothing happens by itself, and keys without money beside the eight people that have some.
fn quiet() -> Network {
    let mut network = Network::quiet();
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

/// Has every node's pool hold what its rules would refuse: as if they had a gap.
fn slip_in(network: &Network, bytes: &Bytes) {
    let domain = network.nodes[0].app().deployment().domain;
    let pending = Pending::new(bytes.to_vec(), check(bytes, &domain).unwrap(), 0);
    let purse = Purse {
        next: 0,
        native: u128::MAX,
        ..Purse::default()
    };
    for node in &network.nodes {
        let mut pool = node.app().pool();
        let pending = Arc::clone(&pending);
        pool.add(pending, &purse, Replaces::Never).unwrap();
    }
}

/// Offers to every node; all give this code.
fn offer(network: &mut Network, bytes: &Bytes, code: Code) {
    for node in &mut network.nodes {
        assert_eq!(node.offer(bytes), code.number());
    }
}

/// Pays each of these strangers `amount`, from people who have enough, and makes the blocks for it.
fn fund(network: &mut Network, strangers: std::ops::Range<u32>, amount: u128) {
    network.people.strangers = strangers.end;
    let mut next = [0u64; 8];
    for (number, to) in strangers.clone().enumerate() {
        let from = number % 8;
        let body = Body::Transfer {
            to: People::stranger(to),
            token: [0; 20],
            amount,
        };
        let bytes = network
            .people
            .sign(from as u8, next[from], FEE, u64::MAX, body);
        next[from] += 1;
        offer(network, &bytes, Code::Ok);
        if number % 256 == 255 {
            network.step();
        }
    }
    network.step();
    for to in strangers {
        let state = network.nodes[0].app().state();
        let held: Option<AccountLeaf> =
            leaf(&state.tree, &Slot::Account(People::stranger(to))).unwrap();
        assert_eq!(held.map(|leaf| leaf.balance), Some(amount));
    }
}

fn pay_of(from: &Network, stranger: u32, sequence: u64, fee: u128) -> Bytes {
    let body = Body::Transfer {
        to: People::account(1),
        token: [0; 20],
        amount: 1,
    };
    let people = &from.people;
    people.sign_stranger(stranger, sequence, fee, u64::MAX, body)
}

/// To all that own a payment of everything is sent to the nodes with seats, behind a gap, where it costs nothing; what they send to the node
/// without a seat no other node takes then.
#[test]
fn a_node_without_a_seat_is_not_filled_for_long_with_what_no_other_node_takes() {
    let mut network = Network::new(Plan {
        joiners: 1,
        transactions: 0,
        messages: 0,
        evidence: 0,
        ..Plan::default()
    });
    network.run(1);
    let (accounts, fee) = (157u32, FEE * 4);
    let owned = fee * 64;
    fund(&mut network, 0..accounts, owned);
    for stranger in 0..accounts {
        let body = Body::Transfer {
            to: People::stranger(stranger),
            token: [0; 20],
            amount: owned - fee,
        };
        let people = &network.people;
        let all = people.sign_stranger(stranger, 64, fee, u64::MAX, body);
        for node in &mut network.nodes[..4] {
            assert_eq!(node.offer(&all), 0);
        }
    }
    let mut taken = 0;
    for stranger in 0..accounts {
        for sequence in 0..64 {
            let body = Body::SetPayout { payout: [5; 20] };
            let people = &network.people;
            let one = people.sign_stranger(stranger, sequence, fee, u64::MAX, body);
            if sequence == 0 {
                let refused = Code::InsufficientBalance.number();
                assert_eq!(network.nodes[0].offer(&one), refused);
            }
            taken += usize::from(network.nodes[4].offer(&one) == 0);
        }
    }
    assert_eq!(taken, Limits::default().places);
    let honest = pay(&network, 0, 1, 20, FEE, 1);
    for _ in 0..8 {
        let code = network.nodes[4].offer(&honest);
        assert_eq!(code, Code::PoolFull.number());
        network.step();
    }
    // The first block may have been made before they came.
    network.step();
    for sequence in 20..84 {
        let honest = pay(&network, 0, 1, sequence, FEE, 1);
        offer(&mut network, &honest, Code::Ok);
        if sequence == 83 {
            network.step();
            assert!(included(&network, &honest));
        }
    }
    assert_eq!(
        waiting(&network)[4],
        taken - 64,
        "the others stay while there is room"
    );
}

fn waiting(network: &Network) -> Vec<usize> {
    let nodes = network.nodes.iter();
    nodes.map(|node| node.app().pool().len()).collect()
}

/// The owner of a position lets everybody restake its rewards, and switches that off and on around what strangers send, in each block: they
/// bid what they like, because they never pay.
#[test]
fn what_the_owner_of_a_position_switches_off_and_on_keeps_nobody_out_of_the_pool() {
    let mut network = quiet();
    let stake = |network: &Network, from, sequence, fee, body| {
        let people = &network.people;
        people.sign(from, sequence, fee, u64::MAX, Body::Stake(body))
    };
    let delegate = StakeBody::Delegate {
        operator: [0x10; 20],
        amount: 1 << 60,
        line: 1,
        max_commission: 0,
    };
    let allow = StakeBody::AllowRestake {
        position: 9,
        allowed: true,
    };
    for (sequence, body) in [(0, delegate), (1, allow)] {
        let bytes = stake(&network, 0, sequence, FEE, body);
        for node in network.up() {
            assert_eq!(network.nodes[node].offer(&bytes), 0);
        }
        network.run(1);
        assert!(included(&network, &bytes));
    }
    // Fees are shared out at the end of an epoch, among the stake that the set had.
    for sequence in 0..64 {
        let bytes = pay(&network, 1, 2, sequence, FEE, 1);
        for node in network.up() {
            assert_eq!(network.nodes[node].offer(&bytes), 0);
        }
        network.run(1);
    }
    let restake = StakeBody::Restake { position: 9 };
    let first = stake(&network, 2, 0, FEE << 8, restake.clone());
    for from in 2..8 {
        let bytes = stake(&network, from, 0, FEE << 8, restake.clone());
        let code = match from {
            2 => Code::Ok,
            _ => Code::ReplacementUnderpriced,
        };
        offer(&mut network, &bytes, code);
    }
    assert_eq!(waiting(&network), [1; 4]);
    // Once it is off, every node finds that behind the block, whether it proposed it or not, and before it comes to it in turn.
    let crowd = 0..600u32;
    let earlier = crowd.clone().map(People::stranger);
    let earlier = earlier.filter(|stranger| *stranger < People::account(2));
    assert!(earlier.count() > 64);
    for stranger in crowd {
        slip_in(&network, &pay_of(&network, stranger, 0, FEE));
    }
    let off = StakeBody::AllowRestake {
        position: 9,
        allowed: false,
    };
    let bytes = stake(&network, 0, 2, FEE << 9, off);
    offer(&mut network, &bytes, Code::Ok);
    network.step();
    assert!(included(&network, &bytes));
    for node in &network.nodes {
        assert!(node.app().pool().get(&engine_hash(&first)).is_none());
    }
}

/// What waits behind one of stake is held, and is in the same block all the same.
#[test]
fn two_of_stake_in_a_row_and_a_payment_behind_them_are_in_one_block() {
    let mut network = quiet();
    let delegate = Body::Stake(StakeBody::Delegate {
        operator: [0x10; 20],
        amount: 1 << 60,
        line: 1,
        max_commission: 0,
    });
    let sign = |sequence| {
        let people = &network.people;
        people.sign(0, sequence, FEE, u64::MAX, delegate.clone())
    };
    let all = [sign(0), sign(1), pay(&network, 0, 1, 2, FEE, 1)];
    for bytes in &all {
        offer(&mut network, bytes, Code::Ok);
    }
    network.step();
    assert!(all.iter().all(|bytes| included(&network, bytes)));
    assert_eq!(waiting(&network), [0; 4]);
}

#[test]
fn what_can_never_apply_does_not_wait_behind_a_gap() {
    let mut network = quiet();
    let registry = network.nodes[0].app().parameters().registry.into_array();
    let token = [0x77; 20];
    let own = deployment::contracts(&registry);
    let mut poison = Vec::new();
    let judges = [
        deployment::checkpoint_judge(&registry),
        deployment::segment_judge(&registry),
    ];
    for contract in own.into_iter().chain(judges) {
        let to = Account::ethereum(contract);
        let native = [0; 20];
        poison.push(Body::SetPayout { payout: contract });
        poison.push(Body::Transfer {
            to,
            token: native,
            amount: 1,
        });
        poison.push(Body::Withdraw {
            recipient: contract,
            token: native,
            amount: 1,
        });
        assert!(
            OwnContracts::of_registry(&registry)
                .check(to, native)
                .is_err()
        );
    }
    for body in poison {
        for sequence in [0, 1, 2, 64] {
            let bytes = network
                .people
                .sign(0, sequence, FEE << 10, u64::MAX, body.clone());
            offer(&mut network, &bytes, Code::BadRecipient);
        }
    }
    // A token that nobody deposited, at the token's own address too.
    for to in [Account::ethereum(token), People::account(1)] {
        let amount = 1;
        let body = Body::Transfer { to, token, amount };
        let bytes = network.people.sign(0, 3, FEE, u64::MAX, body);
        let code = ask(network.nodes[0].app(), &bytes, CheckTxType::New);
        let refused = [Code::BadRecipient, Code::InsufficientBalance];
        assert!(refused.iter().any(|one| one.number() == code), "{code}");
    }
    assert_eq!(waiting(&network), [0; 4]);
    let honest = pay(&network, 0, 1, 0, FEE, 1);
    offer(&mut network, &honest, Code::Ok);
    network.step();
    assert!(included(&network, &honest));
}

#[test]
fn what_comes_to_the_front_of_a_queue_with_a_block_is_tried_by_every_node_behind_that_block() {
    let mut network = quiet();
    let registry = network.nodes[0].app().parameters().registry.into_array();
    let poor = 0..200u32;
    fund(&mut network, poor.clone(), FEE * 3);
    // Each has one that applies at the lowest fee, and behind it one that never can, at a bid above everybody's.
    let mut first = Vec::new();
    for stranger in poor.clone() {
        let bytes = pay_of(&network, stranger, 0, FEE / 2);
        offer(&mut network, &bytes, Code::Ok);
        first.push(bytes);
        let body = Body::SetPayout { payout: registry };
        let poison = network
            .people
            .sign_stranger(stranger, 1, FEE, u64::MAX, body);
        slip_in(&network, &poison);
    }
    network.step();
    assert!(first.iter().all(|bytes| included(&network, bytes)));
    assert_eq!(waiting(&network), [0; 4], "no proposer meets them again");
}

/// What an operator does to its line makes what waits for it useless, whoever sent it: no block of theirs tells the pool.
#[test]
fn what_waits_behind_an_operator_is_tried_by_every_node_behind_the_block_that_closes_its_line() {
    let mut network = quiet();
    let crowd = 0..300u32;
    fund(&mut network, crowd.clone(), FEE * 64);
    let retire = People::through_root([0x10; 20], Body::Stake(StakeBody::Retire));
    network.inbox.push(retire);
    network.nodes.iter().for_each(|node| node.seen.look(0));
    // Whatever comes before the block that has the message is in a block; what waits then is in none.
    let mut last = None;
    for sequence in 0..20 {
        for stranger in crowd.clone() {
            let delegate = StakeBody::Delegate {
                operator: [0x10; 20],
                amount: 1,
                line: 1,
                max_commission: 10_000,
            };
            let body = Body::Stake(delegate);
            let people = &network.people;
            let bytes = people.sign_stranger(stranger, sequence, FEE, u64::MAX, body);
            offer(&mut network, &bytes, Code::Ok);
            last = Some(bytes);
        }
        network.step();
        if last.as_ref().is_some_and(|last| !included(&network, last)) {
            assert_eq!(waiting(&network), [0; 4]);
            return;
        }
    }
    panic!("the operator has not retired");
}

#[test]
fn ten_thousand_better_bids_that_do_not_apply_leave_a_block_for_one_that_does() {
    let mut network = quiet();
    let honest = pay(&network, 0, 1, 0, FEE, 1);
    offer(&mut network, &honest, Code::Ok);
    let places = Limits::default().places as u32 - 1;
    for stranger in 0..places {
        slip_in(&network, &pay_of(&network, stranger, 0, FEE * 2));
    }
    assert_eq!(waiting(&network), [places as usize + 1; 4]);
    let begun = Instant::now();
    network.step();
    println!(
        "a block over a pool of {places} that fail took {:?}",
        begun.elapsed()
    );
    assert!(included(&network, &honest));
    // The proposer tries the best of them again behind the block; whoever is looked at in turn goes everywhere.
    let before: usize = waiting(&network).iter().sum();
    assert!(before < places as usize * 4);
    let next = pay(&network, 0, 1, 1, FEE, 1);
    offer(&mut network, &next, Code::Ok);
    network.step();
    assert!(included(&network, &next));
    assert!(waiting(&network).iter().sum::<usize>() < before);
}

#[test]
fn what_is_longer_than_the_rest_of_a_block_leaves_it_to_what_fits() {
    let mut network = quiet();
    let honest = pay(&network, 0, 1, 0, FEE, 1);
    offer(&mut network, &honest, Code::Ok);
    // More than any bound on what is tried in vain ever was, none of which fits.
    let data = Data::new(vec![7; 1_024]).expect("short data");
    for stranger in 0..1_500 {
        let body = Body::Record {
            topic: [1; 32],
            data: data.clone(),
        };
        let people = &network.people;
        let long = people.sign_stranger(stranger, 0, FEE * 8, u64::MAX, body);
        slip_in(&network, &long);
    }
    let frame = network.frame();
    let build = |bytes: i64| {
        let request = prepare(&frame, network.last.clone(), Vec::new(), bytes);
        let app = network.nodes[0].app();
        app.prepare_proposal(request).expect("a proposal").txs
    };
    // Nothing but the record of the block fits at first.
    let record: usize = build(1 << 12)[0].len();
    let room = record + honest.len() + 16;
    let block = build(room as i64);
    assert_eq!(block.len(), 2);
    assert_eq!(block[1], honest);
    // Nor is anything tried for which there is no room at all.
    assert_eq!(build(record as i64 + 100).len(), 1);
    assert_eq!(waiting(&network)[0], 1_501, "none of them failed");
}

#[test]
fn what_would_end_with_the_next_block_is_not_taken() {
    let mut network = quiet();
    network.run(3);
    let tip = network.height();
    let body = || Body::Transfer {
        to: People::account(1),
        token: [0; 20],
        amount: 1,
    };
    // Between a proposal and its block the application is still at the height before.
    for (from, until) in (0..).zip([tip - 1, tip, tip + 1, tip + 2, tip + 3]) {
        let bytes = network.people.sign(from, 0, FEE << 4, until, body());
        offer(&mut network, &bytes, Code::Expired);
    }
    assert_eq!(waiting(&network), [0; 4]);
    let bytes = network.people.sign(5, 0, FEE, tip + 4, body());
    offer(&mut network, &bytes, Code::Ok);
    network.step();
    assert!(included(&network, &bytes));
}

#[test]
fn all_that_expired_is_gone_with_the_block_however_much_it_is() {
    let mut network = quiet();
    let last = network.height() + 1;
    for stranger in 0..2_600 {
        let body = Body::SetPayout { payout: [5; 20] };
        let people = &network.people;
        slip_in(
            &network,
            &people.sign_stranger(stranger, 0, FEE * 2, last, body),
        );
    }
    network.step();
    assert_eq!(waiting(&network), [0; 4]);
}

#[test]
fn held_ones_that_are_replaced_leave_others_their_room_to_replace() {
    let mut network = quiet();
    let keys = 208u32;
    fund(&mut network, 0..keys, FEE * 64);
    let data = Data::new(vec![7; 1_024]).expect("short data");
    let honest = pay(&network, 0, 1, 26, FEE, 1);
    offer(&mut network, &honest, Code::Ok);
    // Three places each, behind a gap, replaced as often as a sender may during one block: it never pays for any of them.
    let (mut taken, mut refused) = (0, 0);
    for turn in 0..9u32 {
        for stranger in 0..keys {
            let body = Body::Record {
                topic: [1; 32],
                data: data.clone(),
            };
            let fee = (FEE * 2) << (turn / 2);
            let fee = fee + fee / 8 * u128::from(turn % 2);
            let people = &network.people;
            let bytes = people.sign_stranger(stranger, 1, fee, u64::MAX, body);
            for node in &mut network.nodes {
                match node.offer(&bytes) {
                    0 => taken += 1,
                    code => {
                        assert_eq!(code, Code::PoolFull.number());
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(taken >= 208 * 4 && refused > 0, "{taken} and {refused}");
    // They have used up what held ones may replace, and nothing of what others may.
    let dearer = pay(&network, 0, 1, 26, FEE * 2, 1);
    offer(&mut network, &dearer, Code::Ok);
    network.step();
    assert!(included(&network, &dearer));
}

#[test]
fn what_is_longer_than_any_transaction_is_refused_by_its_length() {
    let network = quiet();
    for length in [MAX_TRANSACTION_BYTES + 1, 128 << 10, 1 << 20] {
        let bytes = Bytes::from(vec![1; length]);
        for kind in [CheckTxType::New, CheckTxType::Recheck] {
            let code = ask(network.nodes[0].app(), &bytes, kind);
            assert_eq!(code, Code::TooLarge.number());
        }
    }
}

#[test]
fn a_million_transactions_of_keys_without_money_leave_the_pool_empty() {
    let mut network = quiet();
    let app = network.nodes[0].app();
    // The sender stands behind kind and scheme, the sequence behind it and the lane: neither signature nor key is made anew,
    // so each would be a wrong sender if anybody looked at it.
    let template = pay(&network, 0, 1, 0, FEE, 1);
    let send = &|numbers: std::ops::Range<u32>| {
        let mut bytes = template.to_vec();
        for number in numbers {
            bytes[3..7].copy_from_slice(&number.to_be_bytes());
            bytes[32] = (number % 65) as u8;
            let code = ask(app, &bytes.clone().into(), CheckTxType::New);
            assert_eq!(code, Code::InsufficientBalance.number());
        }
    };
    std::thread::scope(|scope| {
        for part in 0..4 {
            scope.spawn(move || send(part * 250_000..(part + 1) * 250_000));
        }
    });
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
    slip_in(&network, &drain);
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
    let honest = pay(&network, 0, 1, 0, FEE, 1);
    network
        .nodes
        .iter_mut()
        .for_each(|node| assert_eq!(node.offer(&honest), 0));
    // What no rule lets in stands in every pool: 240 keys without money, at higher bids, each with followers.
    for poor in 10..250u8 {
        for sequence in 0..4 {
            slip_in(&network, &pay(&network, poor, 1, sequence, FEE * 2, 1));
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
    network.run(80);
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
fn what_waits_is_in_a_block_though_the_engine_lost_it_and_what_never_can_is_forgotten() {
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
    network.run(70);
    for node in &network.nodes {
        assert!(node.app().pool().is_empty());
    }
}

#[test]
fn what_comes_before_the_first_block_of_a_node_that_starts_again_waits_for_a_block() {
    let mut network = quiet();
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

/// What comes by gRPC: the code of what is not taken.
fn hand_in(app: &App, bytes: &Bytes) -> Option<Code> {
    hand_in_all(app, &[(bytes, false)])[0]
}

/// Why it is not taken.
fn refusal(app: &App, bytes: &Bytes) -> Reject {
    let one = Submission {
        bytes: bytes.to_vec(),
        replace: false,
    };
    let mut judged = app.hand_in(&[one]);
    match judged.remove(0).unwrap() {
        Handed::Refused(reject) => reject,
        other => panic!("{other:?}"),
    }
}

/// Several together, with what each says of replacing another.
fn hand_in_all(app: &App, batch: &[(&Bytes, bool)]) -> Vec<Option<Code>> {
    let batch = batch.iter().map(|(bytes, replace)| Submission {
        bytes: bytes.to_vec(),
        replace: *replace,
    });
    let batch: Vec<_> = batch.collect();
    let judged = app.hand_in(&batch).into_iter();
    judged
        .map(|one| match one.unwrap() {
            Handed::Taken => None,
            Handed::Known => Some(Code::Known),
            Handed::Refused(reject) => Some(reject.code()),
        })
        .collect()
}

#[test]
fn what_follows_another_one_of_the_same_batch_is_not_refused_as_if_that_were_missing() {
    let network = quiet();
    let app = network.nodes[0].app();
    let limits = Limits::default();
    // Others hold all places behind gaps.
    let mut held = 0;
    for sender in [0, 2, 3, 4, 5] {
        for sequence in 1..=64 {
            let one = pay(&network, sender, 2, sequence, 2 * FEE, 1);
            held += usize::from(ask(app, &one, CheckTxType::New) == 0);
        }
    }
    assert_eq!(held, limits.held / 2);
    let row: Vec<_> = (0..66)
        .map(|sequence| pay(&network, 1, 2, sequence, FEE, 1))
        .collect();
    let alone = hand_in(app, &row[1]);
    assert_eq!(alone, Some(Code::PoolFull), "nothing is before it");
    let batch: Vec<_> = row.iter().map(|bytes| (bytes, false)).collect();
    // In another order, or where one is missing in the batch, nothing follows.
    let turned = hand_in_all(app, &[batch[1], batch[0], batch[2]]);
    assert_eq!(turned, [Some(Code::PoolFull), None, Some(Code::PoolFull)]);
    // Nor behind another sender's; but that one closes a gap, so that there is room behind gaps.
    let mixed = hand_in_all(app, &[batch[2], batch[1], batch[2]]);
    assert_eq!(mixed, [Some(Code::PoolFull), None, None]);
    let other = pay(&network, 2, 1, 0, FEE, 1);
    let room = hand_in_all(app, &[(&other, false), batch[5], batch[5]]);
    assert_eq!(room, [None, None, Some(Code::Known)]);
    let judged = hand_in_all(app, &batch);
    assert_eq!(judged[..3], [Some(Code::Known); 3]);
    // As far ahead as a sequence may be.
    assert_eq!(judged[3..5], [None; 2]);
    assert_eq!(judged[5], Some(Code::Known));
    assert_eq!(judged[6..65], [None; 59]);
    assert_eq!(judged[65], Some(Code::NonceAhead));
    // What waits at its sequence: nobody asked to replace that.
    let second = pay(&network, 1, 2, 1, 4 * FEE, 1);
    let dearer = pay(&network, 1, 2, 0, 4 * FEE, 1);
    let judged = hand_in_all(app, &[(&dearer, true), (&second, false), (&second, true)]);
    assert_eq!(judged, [None, Some(Code::ReplacementUnderpriced), None]);
    let junk = Bytes::from_static(&[1; 40]);
    let judged = hand_in_all(app, &[(&junk, true), (&junk, false)]);
    assert_eq!(judged, [Some(Code::Malformed); 2]);
    // Two that wait are replaced together, though the new second one and the old first one would be too much for their sender.
    let owned = account(&network, 6).balance;
    let pair = |first: u128, second: u128, fee: u128| {
        [(0, first), (1, second)].map(|(at, amount)| pay(&network, 6, 1, at, fee, amount))
    };
    let [first, second] = pair(owned - 2 * FEE - 10, 5, FEE);
    assert_eq!(
        hand_in_all(app, &[(&first, false), (&second, false)]),
        [None; 2]
    );
    let [first, second] = pair(5, owned - 4 * FEE - 10, 2 * FEE);
    assert_eq!(
        hand_in_all(app, &[(&first, true), (&second, true)]),
        [None; 2]
    );
    // The same twice: the second one is known.
    let more = pay(&network, 3, 1, 0, FEE, 1);
    let twice = hand_in_all(app, &[(&more, false), (&more, false)]);
    assert_eq!(twice, [None, Some(Code::Known)]);
}

#[test]
fn who_hands_in_another_ones_replacement_does_not_make_it_replace_nothing() {
    let network = quiet();
    let app = network.nodes[0].app();
    let first = pay(&network, 1, 2, 0, FEE, 1);
    let second = pay(&network, 1, 2, 0, 2 * FEE, 1);
    assert_eq!(ask(app, &first, CheckTxType::New), Code::Ok.number());
    // Who did not ask to replace is refused, and nothing is remembered of that when the same bytes come from another node.
    for _ in 0..2 {
        assert_eq!(hand_in(app, &second), Some(Code::ReplacementUnderpriced));
    }
    assert_eq!(ask(app, &second, CheckTxType::New), Code::Ok.number());
    assert!(app.pool().get(&engine_hash(&second)).is_some());
    assert_eq!(hand_in(app, &second), Some(Code::Known));
}

#[test]
fn what_is_refused_is_not_remembered_and_what_stands_in_a_block_is_known() {
    let mut network = quiet();
    let poor = pay_of(&network, 0, 0, 2 * FEE);
    for _ in 0..2 {
        let refused = hand_in(network.nodes[0].app(), &poor);
        assert_eq!(refused, Some(Code::InsufficientBalance));
    }
    fund(&mut network, 0..1, 10 * FEE);
    let app = network.nodes[0].app();
    let first = pay_of(&network, 0, 0, FEE);
    assert_eq!(ask(app, &first, CheckTxType::New), Code::Ok.number());
    assert_eq!(ask(app, &poor, CheckTxType::New), Code::Ok.number());
    // What stands in a block is known, though its sequence is used.
    let paid = Body::Transfer {
        to: People::stranger(0),
        token: [0; 20],
        amount: 10 * FEE,
    };
    let stands = network.people.sign(0, 0, FEE, u64::MAX, paid);
    assert!(included(&network, &stands));
    assert_eq!(hand_in(app, &stands), Some(Code::Known));
    let other = pay(&network, 0, 2, 0, FEE, 1);
    assert_eq!(hand_in(app, &other), Some(Code::NonceUsed));
}

/// The deployment ends at one node: it refuses what could only lose, by every way in, and no block depends on it.
#[test]
fn while_it_closes_no_stake_is_taken_and_when_root_takes_nothing_any_more_nothing_is_and_no_block_is_refused()
 {
    let mut network = quiet();
    let closing = DeploymentEnd {
        exit_at: Some(70),
        ..DeploymentEnd::default()
    };
    let void = DeploymentEnd {
        void_from: Some(0),
        ..closing
    };
    let delegate = |network: &Network, sequence| {
        let body = Body::Stake(StakeBody::Delegate {
            operator: [0x10; 20],
            amount: 1 << 60,
            line: 1,
            max_commission: 10_000,
        });
        let people = &network.people;
        people.sign(1, sequence, FEE * 4, u64::MAX, body)
    };
    let withdraw = |network: &Network, sequence| {
        let body = Body::Withdraw {
            recipient: [9; 20],
            token: [0; 20],
            amount: 1,
        };
        network.people.sign(2, sequence, FEE * 4, u64::MAX, body)
    };
    // It is open: both are judged by other rules than its end.
    let refused = Code::NotAllowedHere.number();
    let waits = pay(&network, 3, 1, 0, FEE, 1);
    {
        let app = network.nodes[0].app();
        assert_ne!(ask(app, &delegate(&network, 0), CheckTxType::New), refused);
        network.nodes[0].seen.end_at(closing, false);
        // Another sequence: what waits already is known.
        let staked = delegate(&network, 1);
        assert_eq!(ask(app, &staked, CheckTxType::New), refused);
        assert_eq!(hand_in(app, &staked), Some(Code::NotAllowedHere));
        let said = refusal(app, &staked).to_string();
        assert!(said.contains("root time 70"), "{said}");
        assert_eq!(ask(app, &withdraw(&network, 0), CheckTxType::New), 0);
        assert_eq!(ask(app, &waits, CheckTxType::New), 0);
        for (end, words) in [
            (void, "checkpoint 0 and all behind it void"),
            (closing, "exit mode began at root time 70"),
        ] {
            network.nodes[0].seen.end_at(end, true);
            for bytes in [delegate(&network, 2), withdraw(&network, 1)] {
                assert_eq!(ask(app, &bytes, CheckTxType::New), refused);
                let reject = refusal(app, &bytes);
                assert_eq!(reject.code(), Code::NotAllowedHere);
                let said = reject.to_string();
                assert!(
                    said.contains(words) && said.contains("plasmid exit"),
                    "{said}"
                );
            }
        }
        assert!(!app.pool().is_empty());
    }
    // The other nodes take it and propose it: this one finds the block valid all the same, and gives up what waits here.
    let others = pay(&network, 4, 1, 0, FEE, 1);
    for node in &mut network.nodes[1..] {
        assert_eq!(node.offer(&others), 0);
    }
    network.run(2);
    assert!(
        network
            .chain
            .iter()
            .any(|(block, _)| block.transactions.contains(&others))
    );
    let app = network.nodes[0].app();
    assert!(app.pool().is_empty());
    assert_eq!(ask(app, &waits, CheckTxType::Recheck), refused);
    assert_eq!(
        network.nodes[0].app().height(),
        network.nodes[1].app().height()
    );
}

/// More of it waits than is looked at behind a block: a proposer that knows that the deployment is closing proposes none of it.
#[test]
fn stake_that_waited_before_the_deployment_was_closing_is_not_proposed_any_more() {
    for is_closing in [false, true] {
        let mut network = quiet();
        let body = Body::Stake(StakeBody::Delegate {
            operator: [0x10; 20],
            amount: 1 << 60,
            line: 1,
            max_commission: 10_000,
        });
        let delegate = network.people.sign(1, 0, FEE * 4, u64::MAX, body);
        let paid = pay(&network, 3, 0, 0, FEE, 1);
        for node in &mut network.nodes {
            assert_eq!((node.offer(&delegate), node.offer(&paid)), (0, 0));
            if is_closing {
                let closing = DeploymentEnd {
                    exit_at: Some(70),
                    ..DeploymentEnd::default()
                };
                node.seen.end_at(closing, false);
            }
        }
        network.run(2);
        let stands = |bytes| {
            let mut blocks = network.chain.iter();
            blocks.any(|(block, _)| block.transactions.contains(bytes))
        };
        assert_eq!((stands(&delegate), stands(&paid)), (!is_closing, true));
        assert!(network.nodes[0].app().pool().is_empty());
    }
}
