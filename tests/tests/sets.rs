//! Sets that change, power that stops, and cuts, in one process: after every block all that `harness::stakes` looks at holds.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use alloy_primitives::Address;
use ed25519_zebra::{SigningKey, VerificationKey};
use plasmid::app::App;
use plasmid::app::reads::events::{self, Whose};
use plasmid::app::reads::{Component, Reader, Source};
use plasmid::chain::committed::leaf;
use plasmid::engine::abci::Handler;
use plasmid::ledger::leaf::Participation;
use plasmid::ledger::transaction::{Body, StakeBody};
use plasmid::ledger::{Slot, ring_place};
use plasmid::wire::engine_hash;
use plasmid_bridge::proof::inbox::{Body as Message, Registration};
use plasmid_proto::ledger::v1::Event;
use plasmid_proto::stake::v1::FollowEventsResponse;
use plasmid_staking::{Key, Line, LineId, Maturity, Position};
use plasmid_tests::harness::network::STAKE;
use plasmid_tests::harness::people::{FEE, People};
use plasmid_tests::harness::reads::served;
use plasmid_tests::harness::requests::validator;
use plasmid_tests::harness::{Network, Plan};
use tendermint_proto::v0_38::abci::Misbehavior;

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
    network.register(node);
    network.fund(node, stake);
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
            max_commission: 10_000,
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

/// A new consensus key, beside the checkpoint key that is kept, stands in the set of the epoch after next. Until then the member signs with the old one: its votes count and are paid, and what
/// it signs wrongly cuts its line through the old registration, however late that is shown.
#[test]
fn a_member_that_rotates_signs_with_its_old_key_as_long_as_that_is_in_the_set() {
    let mut network = Network::new(Plan {
        seed: 51,
        messages: 0,
        jail_divisor: 16,
        ..Plan::default()
    });
    let all = [0, 1, 2, 3];
    let (operator, old, new) = (operator(3), registration(3), 9);
    let next = SigningKey::from([0x77; 32]);
    let line = |network: &Network| {
        let id = LineId {
            operator,
            line: old,
        };
        network.stakes.line(network.nodes[0].app(), id)
    };
    network.run(K);
    network.inbox.push(Message::Registration(Registration {
        operator,
        registration: new,
        consensus_key: VerificationKey::from(&next).into(),
        checkpoint_key: network.nodes[3].checkpoint.public_key(),
        bounty_bond: 1,
    }));
    let index = line(&network).index;
    while network.height() < 3 * K {
        assert_eq!(network.members(), all, "at {}", network.height());
        network.step();
    }
    let held = line(&network);
    assert_eq!((held.jailed, held.seat), (0, 3));
    assert!(held.index > index, "it was paid");
    let app = network.nodes[0].shared();
    for epoch in [1, 2] {
        let place = ring_place(epoch, app.parameters().ring);
        let counted: Option<Participation> =
            leaf(&app.state().tree, &Slot::Participation { place }).expect("it reads");
        let votes = counted.expect("it was counted").0;
        assert!(votes[3] > 8, "{} votes in epoch {epoch}", votes[3]);
    }
    // Now the set has the new key, and nobody has the old one.
    assert_eq!(network.members(), [0, 1, 2]);
    network.nodes[3].consensus = next;
    assert_eq!(network.members(), all);
    network.run(2 * K);
    assert_eq!(line(&network).jailed, 0);
    network.inbox.push(Message::Freeze {
        operator,
        registration: old,
        epoch: 2,
    });
    network.inbox.push(Message::Settlement {
        operator,
        registration: old,
        epoch: 2,
        fraction: 250_000_000,
    });
    turn(&mut network, &[0, 1, 2]);
    // The founders have positions 1 to 4.
    ask(&network, 3, StakeBody::ApplyCut { position: 4 });
    network.run(8);
    assert_eq!(position(&network, 4).held_down(), STAKE / 4 * 3);
}

/// All that a node tells of stake from a place on to those whom it concerns.
fn told(app: Arc<App>, whose: &Whose, from: (u64, u32)) -> Vec<FollowEventsResponse> {
    let (served, never) = (served(app, Arc::default()), AtomicBool::new(false));
    let reader = Reader::new(&served, &never);
    let (tip, _) = served.moment();
    let (mut all, mut next) = (Vec::new(), from);
    while next.0 <= tip {
        let part = events::part(&reader, whose, next).expect("the block is kept");
        assert!(part.next > next, "the stream goes on");
        all.extend(part.told);
        next = part.next;
    }
    all
}

fn named<'a>(all: &'a [FollowEventsResponse], name: &str) -> Vec<&'a Event> {
    let events = all.iter().flat_map(|one| &one.events);
    events.filter(|event| event.name == name).collect()
}

fn of<'a>(event: &'a Event, key: &str) -> &'a str {
    let mut attributes = event.attributes.iter();
    let found = attributes.find(|attribute| attribute.key == key);
    &found
        .unwrap_or_else(|| panic!("{} has no {key}", event.name))
        .value
}

fn epochs(events: &[&Event]) -> Vec<u64> {
    let epochs = events.iter().map(|event| of(event, "epoch").parse());
    epochs.map(|epoch| epoch.expect("a number")).collect()
}

fn address(operator: [u8; 20]) -> String {
    Address::from(operator).to_checksum(None)
}

/// What a node says of the set in its status and to the health service.
fn alarm(app: Arc<App>) -> Option<String> {
    let served = served(app, Arc::default());
    let vitals = served.vitals();
    let mut troubles = vitals.troubles();
    troubles.find_map(|(component, why)| (component == Component::Set).then_some(why))
}

fn send(network: &mut Network, from: u8, sequence: u64, body: StakeBody) {
    let bytes = network
        .people
        .sign(from, sequence, FEE, u64::MAX, Body::Stake(body));
    for node in network.up() {
        assert_eq!(network.nodes[node].offer(&bytes), 0, "it is taken");
    }
}

fn position(network: &Network, number: u64) -> Position {
    let state = network.nodes[0].app().state();
    let held = leaf(&state.tree, &Slot::from(Key::Position(number)));
    held.expect("the state reads").expect("it was made")
}

/// Epochs below this one have matured.
fn matured(network: &Network) -> u64 {
    let state = network.nodes[0].app().state();
    let held: Option<Maturity> = leaf(&state.tree, &Slot::from(Key::Maturity)).expect("it reads");
    held.expect("genesis makes it").matured
}

#[test]
fn a_set_that_would_have_nobody_is_copied_and_said_so_and_what_waits_for_it_matures_all_the_same() {
    let mut network = Network::quiet();
    network.run(K + 2);
    let allow = StakeBody::AllowRestake {
        position: 1,
        allowed: true,
    };
    ask(&network, 0, allow);
    let held = position(&network, 5);
    let backed = held.newest().line;
    let owner = (0..8).find(|number| People::account(*number).bytes() == held.owner);
    let owner = owner.expect("the genesis delegates for people");
    let undelegate = StakeBody::Undelegate {
        position: 5,
        amount: held.base,
    };
    send(&mut network, owner, 0, undelegate);
    network.run(2);
    (0..4).for_each(|node| ask(&network, node, StakeBody::Leave));
    let segments = |network: &Network| network.nodes[0].app().state().work.segments;
    let mut before = 0;
    while network.nodes[0].app().copied().is_none() {
        assert!(network.height() < 4 * K, "all have left");
        before = segments(&network);
        network.step();
    }
    let (height, copied) = (network.height(), network.height() / K + 1);
    // The record; 20 seats in steps of 8, of 16, and of 16 again. Two of the nodes execute all of them again from witnesses.
    assert_eq!(segments(&network) - before, 1 + 3 + 2 + 2);
    for node in [0, 1] {
        let work = network.nodes[node].app().state().work;
        assert_eq!(work.reexecuted, work.segments);
    }
    // The alarm follows from the state: it is there after a replay, and after a start from the disk alone.
    for flushed in [false, true] {
        if flushed {
            network.nodes[1].flush();
        }
        network.nodes[1].crash();
        network.nodes[1].restart(&network.file, &network.chain);
        for node in 0..4 {
            assert_eq!(network.nodes[node].app().copied(), Some(copied));
            let why = alarm(network.nodes[node].shared()).expect("it is said");
            assert!(
                why.contains(&format!("the set of epoch {copied} ")),
                "{why}"
            );
        }
    }
    while network.height() < (copied + 1) * K {
        network.step();
    }
    let answers = network.chain.iter().skip(height as usize - 1);
    for (_, answer) in answers {
        assert!(
            answer.validator_updates.is_empty(),
            "the engine's set stays"
        );
    }
    assert_eq!(network.members(), [0, 1, 2, 3]);

    // What was ended backed the epoch before, so it waits until the record of the copied epoch is accepted.
    assert_eq!(position(&network, 5).newest().last, copied - 1);
    network.accept(1..=copied - 1, K);
    assert_eq!(matured(&network), copied - 1);
    network.accept(copied..=copied, K);
    assert_eq!(matured(&network), copied);
    let of_owner = Whose::of(&People::account(owner).to_string(), "").expect("an account");
    let his = told(network.nodes[0].shared(), &of_owner, (1, 0));
    let rewarded = named(&his, "rewarded");
    assert_eq!(epochs(&rewarded), Vec::from_iter(0..copied));
    let behind = |event: &&Event| of(event, "operator") == address(backed.operator);
    assert!(rewarded.iter().all(behind), "other lines concern others");
    assert_eq!(named(&his, "undelegated").len(), 1);
    let claim = StakeBody::ClaimStake {
        position: 5,
        to: People::account(owner),
    };
    send(&mut network, owner, 1, claim);
    network.run(2);
    assert!(position(&network, 5).is_gone(), "it was paid");

    (0..4).for_each(|node| ask(&network, node, StakeBody::TakeSeat));
    let limit = network.height() + 5 * K;
    while network.nodes[0].app().copied().is_some() {
        assert!(network.height() < limit, "the seats count again");
        network.step();
    }
    assert_eq!(alarm(network.nodes[0].shared()), None);
    network.run(2 * K);
    what_is_told(&network, copied);
}

/// The stream of a network whose set of epoch `first`, and of some behind it, was copied.
fn what_is_told(network: &Network, first: u64) {
    let everybody = Whose::default();
    let all = told(network.nodes[0].shared(), &everybody, (1, 0));
    let other = told(network.nodes[1].shared(), &everybody, (1, 0));
    assert!(all == other, "a node that was started again tells the same");
    let ended = network.height() / K;
    let copied = epochs(&named(&all, "set_copied"));
    assert_eq!(copied.first(), Some(&first));
    let copied = BTreeSet::from_iter(copied);
    let fixed = epochs(&named(&all, "set_fixed"));
    let sets = copied
        .union(&BTreeSet::from_iter(fixed))
        .copied()
        .collect::<Vec<_>>();
    assert_eq!(sets, Vec::from_iter(2..ended + 2), "each set is told");
    let paid = |epoch: &u64| !copied.contains(epoch);
    let paid: Vec<u64> = (0..ended).filter(paid).collect();
    let four = paid.iter().flat_map(|epoch| [*epoch; 4]);
    assert_eq!(epochs(&named(&all, "rewarded")), Vec::from_iter(four));
    let matured = epochs(&named(&all, "matured"));
    assert_eq!(matured, Vec::from_iter(0..first));
    for one in &all {
        let (proposal, _) = &network.chain[one.height as usize - 1];
        let is_behind = one.index as usize >= proposal.transactions.len();
        assert_eq!(
            (one.hash.is_empty(), one.digest.is_empty()),
            (is_behind, is_behind)
        );
        assert!(!is_behind || one.events.len() == 1 && one.height.is_multiple_of(K));
    }
    for (place, one) in all.iter().enumerate().step_by(7) {
        let next = (one.next_height, one.next_index);
        let rest = told(network.nodes[0].shared(), &everybody, next);
        assert!(rest[..] == all[place + 1..], "behind {next:?}");
    }

    let address = address(operator(0));
    let of_operator = Whose::of("", &address).expect("an operator");
    let his = told(network.nodes[0].shared(), &of_operator, (1, 0));
    let rewarded = named(&his, "rewarded");
    assert_eq!(epochs(&rewarded), paid);
    assert!(
        rewarded
            .iter()
            .all(|event| of(event, "operator") == address)
    );
    let own = |name: &str| {
        named(&his, name)
            .iter()
            .filter(|event| of(event, "operator") == address)
            .count()
    };
    assert_eq!((own("unseated"), own("seated")), (1, 1));
    assert_eq!(
        named(&his, "set_copied").len(),
        copied.len(),
        "it concerns all"
    );
    assert!(named(&his, "set_fixed").is_empty() && named(&his, "opened").is_empty());
    let forced = named(&his, "forced");
    let kinds: Vec<&str> = forced.iter().map(|event| of(event, "kind")).collect();
    assert_eq!(kinds, ["allow_restake", "leave", "take_seat"]);
}

#[test]
fn two_votes_of_one_key_are_told_and_found_by_the_operator() {
    let mut network = Network::quiet();
    network.run(3);
    let mut frame = network.frame();
    frame.misbehavior = vec![Misbehavior {
        r#type: 1,
        validator: Some(validator(&network.nodes[3].consensus_key(), 1_000)),
        height: 2,
        time: Some(frame.time),
        total_voting_power: 4_000,
    }];
    let proposal = network.propose(0, &frame);
    let app = network.nodes[0].shared();
    app.finalize_block(proposal.finalize()).expect("a block");
    app.commit().expect("commit answers");
    let of_operator = Whose::of("", &address(operator(3))).expect("an operator");
    let [one] = &told(Arc::clone(&app), &of_operator, (1, 0))[..] else {
        panic!("one thing happened");
    };
    let names: Vec<&str> = one.events.iter().map(|event| &event.name[..]).collect();
    assert_eq!(names, ["tombstoned", "unseated", "plasmid"]);
    assert_eq!((one.height, one.index, one.code), (4, 1, 0));
    assert_eq!(one.hash, engine_hash(&proposal.transactions[1]));
    let stranger = Whose::of("", &address(operator(2))).expect("an operator");
    assert!(told(app, &stranger, (1, 0)).is_empty());
}
