//! How seats are taken, lost, jailed and given new keys.

use rand::Rng;

use super::*;
use crate::rules::edit::Describe;

fn weakest_take(world: &mut World, operator: u8) -> (u16, u128) {
    let effects = world.act(take_seat(operator));
    match effects.last() {
        Some(Effect::Seated { seat, stake, .. }) => (*seat, *stake),
        other => panic!("{other:?}"),
    }
}

fn unseated(id: LineId, seat: u16, why: Loss) -> Effect {
    Effect::Unseated {
        line: id,
        seat,
        why,
    }
}

#[test]
fn the_weakest_seat_is_taken_by_more_stake_and_by_no_less() {
    let mut world = World::new(3, &[5 * UNIT, 3 * UNIT, 3 * UNIT]);
    world.join(4, 4, 3 * UNIT, false);
    let refused = world.refuse(take_seat(4));
    let (stake, needed) = (3 * UNIT, 3 * UNIT + 1);
    assert_eq!(refused, Reject::StakeBelowSeat { stake, needed });
    world.delegate(who(1), 4, 1);
    assert_eq!(weakest_take(&mut world, 4), (1, 3 * UNIT + 1));
    assert!(
        world
            .effects
            .contains(&unseated(line(2, 2), 1, Loss::Displaced))
    );
    assert_eq!(world.line(line(2, 2)).until, 1);
    let seated = world.refuse(take_seat(4));
    assert_eq!(seated, Reject::Seated { seat: 1 });
    world.check();
}

/// Whether the set of the line's last epoch has it at the seat that it lost last.
fn stood(world: &mut World, held: &Line, id: LineId) -> bool {
    if held.seat == Line::NO_SEAT {
        return false;
    }
    let place = ring_place(held.until, world.rules.ring);
    let member: MemberLeaf = world.leaf((place, held.seat));
    member
        .standing
        .is_some_and(|standing| standing.line == id && standing.stake > 0)
}

#[test]
fn after_each_take_no_smaller_stake_has_a_seat_than_the_one_that_took_it() {
    for seed in 0..20 {
        no_smaller_stake_has_a_seat(seed);
    }
}

fn no_smaller_stake_has_a_seat(seed: u64) {
    let mut rng = rng(seed);
    let mut world = World::new(5, &[]);
    for operator in 1..=12 {
        let stake = rng.random_range(1..20) * UNIT;
        world.join(operator, u64::from(operator), stake, false);
    }
    for _ in 0..300 {
        let operator = rng.random_range(1..=12);
        if rng.random_bool(0.2) {
            world.delegate(who(1), operator, rng.random_range(1..3) * UNIT);
        }
        let before: Vec<u128> = (0..5)
            .map(|seat| world.leaf::<Seat>(seat).weight())
            .collect();
        let least = *before.iter().min().unwrap();
        let id = line(operator, u64::from(operator));
        let held = world.line(id);
        // A line waits for the end of its last set, but for one that another displaced from a seat at which that set has it; nobody else does.
        let stands = held.until != 0 && held.until >= world.epoch;
        let is_back = held.until == world.epoch && stood(&mut world, &held, id);
        let took = world.try_act(take_seat(operator)).is_ok();
        let may = !held.seated() && (!stands || is_back);
        assert_eq!(took, may && held.stake > least, "seed {seed}");
        let after = (0..5).map(|seat| world.leaf::<Seat>(seat).weight());
        assert!(
            !took
                || after.min().unwrap() > least
                || before.iter().filter(|w| **w == least).count() > 1
        );
        world.check();
        if rng.random_bool(0.3) {
            world.boundary(0);
        }
    }
}

#[test]
fn a_seat_that_is_lost_in_an_epoch_backs_up_to_the_next() {
    let mut world = World::new(3, &[5 * UNIT, 3 * UNIT]);
    world.to(4);
    world.act(leave(2));
    assert_eq!(world.effects, [unseated(line(2, 2), 1, Loss::Left)]);
    assert_eq!(world.line(line(2, 2)).until, 5);
    assert_eq!(world.refuse(leave(2)), Reject::NotSeated);
    world.to(6);
    for (epoch, seats) in [(4, 2), (5, 2), (6, 1), (7, 1)] {
        assert_eq!(world.set(epoch).len(), seats, "epoch {epoch}");
    }
    world.act(take_seat(2));
    assert_eq!(world.line(line(2, 2)).until, Line::UNLIMITED);
}

#[test]
fn a_seat_that_was_taken_in_this_epoch_is_not_given_back_in_it() {
    let mut world = World::new(2, &[5 * UNIT, 3 * UNIT]);
    world.to(4);
    let own = world.join(9, 9, 4 * UNIT, true);
    let owner = account_of(op(9));
    assert_eq!(world.line(line(9, 9)).seat, 1);
    // The stake would be at risk in no epoch, and the line that was displaced would be in no set: at the end of every epoch anew.
    let kept = Reject::NewSeat { seat: 1 };
    assert_eq!(world.refuse(leave(9)), kept);
    assert_eq!(world.refuse(retire(9)), kept);
    assert_eq!(world.refuse(undelegate(owner, own, 4 * UNIT)), kept);
    assert_eq!(world.refuse(redelegate(owner, own, 4 * UNIT, 1)), kept);
    world.act(Input::Edit(Edit {
        min_self_stake: Some(4 * UNIT),
        ..edit(9)
    }));
    assert_eq!(world.refuse(undelegate(owner, own, 1)), kept);
    world.to(5);
    assert!(world.set(6).iter().any(|member| member.operator == op(9)));
    world.act(undelegate(owner, own, 1));
    assert!(!world.line(line(9, 9)).seated());
    world.check();
}

/// The operator under another account: it displaces a member, takes two units away again before the epoch ends, and no set would have either
/// of the two. Only the two units would wait, and the next two do the same in the next epoch. Nor does it take away what the line can spare.
#[test]
fn what_others_take_away_does_not_empty_a_seat_that_was_taken_in_this_epoch() {
    for away in [
        undelegate as fn(Account, u64, u128) -> Input,
        |owner, number, amount| redelegate(owner, number, amount, 1),
    ] {
        let mut world = World::new(2, &[5 * UNIT, UNIT]);
        world.to(4);
        world.join(9, 9, UNIT - 10, false);
        let other = world.delegate(who(1), 9, 11);
        let more = world.delegate(who(1), 9, UNIT);
        world.act(take_seat(9));
        assert_eq!(world.line(line(9, 9)).seat, 1);
        let kept = Reject::NewSeat { seat: 1 };
        assert_eq!(world.refuse(away(who(1), more, UNIT)), kept);
        assert_eq!(world.refuse(away(who(1), other, 11)), kept);
        world.to(5);
        assert!(world.set(6).iter().any(|member| member.operator == op(9)));
        // Once a set has it, everybody goes whenever it likes.
        world.act(away(who(1), more, UNIT));
        assert!(world.line(line(9, 9)).seated());
        world.act(away(who(1), other, 11));
        assert!(!world.line(line(9, 9)).seated());
        world.check();
    }
}

#[test]
fn a_seat_is_lost_below_the_least_stake_of_a_seat_and_of_the_operators_own() {
    let mut world = World::new(3, &[5 * UNIT, 3 * UNIT]);
    let own = account_of(op(1));
    world.act(Input::Edit(Edit {
        min_self_stake: Some(4 * UNIT),
        ..edit(1)
    }));
    world.delegate(who(1), 1, 90 * UNIT);
    world.act(undelegate(own, 1, UNIT));
    assert!(world.line(line(1, 1)).seated());
    world.act(undelegate(own, 1, 1));
    assert!(
        world
            .effects
            .contains(&unseated(line(1, 1), 0, Loss::TooSmall))
    );
    let (own_stake, minimum) = (4 * UNIT - 1, 4 * UNIT);
    let below = Reject::SelfStakeBelow {
        own: own_stake,
        minimum,
    };
    assert_eq!(world.refuse(take_seat(1)), below);
    world.act(undelegate(account_of(op(2)), 2, 2 * UNIT));
    assert!(world.line(line(2, 2)).seated());
    world.act(undelegate(account_of(op(2)), 2, 1));
    assert!(
        world
            .effects
            .contains(&unseated(line(2, 2), 1, Loss::TooSmall))
    );
    world.check();
}

#[test]
fn nobody_is_left_and_the_set_before_is_copied_without_stake() {
    let mut world = World::new(3, &[5 * UNIT, 3 * UNIT]);
    world.act(leave(1));
    world.act(leave(2));
    world.boundary(0);
    let copied = world.set(2);
    let mut before = world.set(1);
    for member in &mut before {
        assert!(member.at_risk);
        member.at_risk = false;
    }
    assert_eq!(copied, before);
    assert_eq!(copied.len(), 2);
    let stake = |world: &mut World, epoch| {
        let leaf: MemberLeaf = world.leaf((ring_place(epoch, 16), 0));
        leaf.standing.unwrap().stake
    };
    assert_eq!((stake(&mut world, 1), stake(&mut world, 2)), (5 * UNIT, 0));
    world.to(2);
    world.act(take_seat(1));
    world.boundary(1_000);
    assert_eq!(
        world.leaf::<Rewards>(()).owed,
        0,
        "a copied set is paid nothing"
    );
    assert_eq!((world.set(3).len(), world.set(4).len()), (2, 1));
    world.drain();
}

#[test]
fn who_is_absent_is_jailed_in_whatever_seat_it_holds_and_returns_after_its_time() {
    let mut world = World::new(3, &[5 * UNIT, 3 * UNIT]);
    assert_eq!(world.refuse(unjail(2)), Reject::NotJailed);
    world.act(leave(2));
    assert_eq!(world.refuse(unjail(2)), Reject::NotSeated);
    world.delegate(who(1), 2, UNIT);
    world.to(2);
    world.act(take_seat(2));
    world.to(4);
    let id = line(2, 2);
    // One vote of 15 counted blocks is a sixteenth; none is less.
    world.boundary_with(0, |_| 1);
    assert_eq!(world.line(id).jailed, 0);
    world.boundary_with(0, |seat| if seat == 1 { 0 } else { COUNTED });
    assert_eq!(world.leaf::<Seat>(1).state, SeatState::Jailed);
    assert_eq!(world.line(id).jailed, 5 + 1 + 2);
    let (until, epoch) = (8, 6);
    assert_eq!(world.refuse(unjail(2)), Reject::InJail { until, epoch });
    assert_eq!((world.set(6).len(), world.set(7).len()), (2, 1));
    world.act(leave(2));
    assert_eq!(world.refuse(take_seat(2)), Reject::InJail { until, epoch });
    world.to(8);
    world.act(take_seat(2));
    world.check();
}

#[test]
fn a_jailed_seat_returns_unless_somebody_took_it() {
    let mut world = World::new(2, &[5 * UNIT, 3 * UNIT]);
    let absent = |seat| if seat == 1 { 0 } else { COUNTED };
    world.boundary_with(0, absent);
    world.delegate(who(1), 2, 7 * UNIT);
    assert_eq!(minima::weakest(&mut world.leaves, 2).unwrap().stake, 0);
    world.to(4);
    assert_eq!(
        world.act(unjail(2)),
        [Effect::Unjailed { line: line(2, 2) }]
    );
    assert_eq!(world.leaf::<Seat>(1).weight(), 10 * UNIT);
    world.to(6);
    world.boundary_with(0, absent);
    world.join(3, 3, UNIT, true);
    assert!(
        world
            .effects
            .contains(&unseated(line(2, 2), 1, Loss::Displaced))
    );
    assert_eq!(world.line(line(2, 2)).until, world.epoch + 1);
    assert_eq!(world.refuse(unjail(2)), Reject::NotSeated);
}

#[test]
fn a_line_that_left_its_seat_is_jailed_for_the_epochs_that_it_still_owes() {
    let mut world = World::new(2, &[5 * UNIT, 3 * UNIT]);
    world.act(leave(2));
    world.boundary_with(0, |seat| if seat == 1 { 0 } else { COUNTED });
    assert_eq!(world.line(line(2, 2)).jailed, 3);
    assert!(matches!(world.refuse(take_seat(2)), Reject::InJail { .. }));
}

#[test]
fn a_rotation_gives_the_seat_its_keys_at_once_and_the_set_two_epochs_later() {
    let mut world = World::new(2, &[5 * UNIT, 3 * UNIT]);
    let delegated = world.delegate(who(1), 1, UNIT);
    world.act(registration(1, 9, 9));
    let seat: Seat = world.leaf(0);
    assert_eq!((seat.registration, seat.consensus_key), (9, [9; 32]));
    assert_eq!((seat.line, seat.stake), (line(1, 1), 6 * UNIT));
    assert_eq!(world.position(delegated).newest().line, line(1, 1));
    world.to(2);
    let keys = |world: &mut World, epoch| world.set(epoch)[0].consensus_key;
    assert_eq!(
        (keys(&mut world, 1), keys(&mut world, 2)),
        ([1; 32], [9; 32])
    );
}

#[test]
fn a_registration_is_refused_for_a_key_that_is_known_and_for_a_number_that_is_not_new() {
    let mut world = World::new(3, &[5 * UNIT, 3 * UNIT]);
    for (input, why) in [
        (
            registration(2, 5, 1),
            "the consensus key was registered before",
        ),
        (
            registration(1, 1, 7),
            "the number of the registration is not new",
        ),
        (
            registration(3, 0, 7),
            "the number of the registration is not new",
        ),
    ] {
        assert_eq!(world.refuse(input), Reject::NoEffect(why));
    }
    world.act(registration(1, 2, 7));
    // A key that was replaced does not return, with an open line or a closed one.
    let why = "the consensus key was registered before";
    assert_eq!(world.refuse(registration(1, 3, 1)), Reject::NoEffect(why));
    world.act(retire(1));
    assert_eq!(world.refuse(registration(1, 3, 1)), Reject::NoEffect(why));
}

#[test]
fn a_rotation_keeps_one_key_and_replaces_the_other() {
    let mut world = World::new(2, &[5 * UNIT, 3 * UNIT]);
    let keys = |world: &mut World| {
        let seat: Seat = world.leaf(0);
        (seat.registration, seat.consensus_key, seat.checkpoint_key)
    };
    world.act(registration_of(1, 9, [9, 1]));
    assert_eq!(keys(&mut world), (9, [9; 32], [1; 96]));
    world.act(registration_of(1, 10, [9, 10]));
    assert_eq!(keys(&mut world), (10, [9; 32], [10; 96]));
    assert_eq!(world.leaf::<Signer>([9; 20]).registration, 10);
    assert_eq!(world.leaf::<Signer>([1; 20]).registration, 1);
    for (number, key) in [(1, [1; 32]), (9, [9; 32]), (10, [9; 32])] {
        let held: Registration = world.leaf((op(1), number));
        assert_eq!((held.line, held.consensus_key), (1, key));
    }
    world.to(2);
    // The sets before have the keys that were theirs.
    let stood = |world: &mut World, epoch| world.set(epoch)[0].registration;
    assert_eq!((stood(&mut world, 1), stood(&mut world, 2)), (1, 10));
    world.check();
}

/// Evidence of the engine names the key alone: it finds the seat that the key has now, whichever registration it had when it signed twice.
#[test]
fn nobody_keeps_its_seat_by_a_rotation_that_keeps_the_key_which_signed_twice() {
    for rotations in 1..4 {
        let mut world = World::new(3, &[5 * UNIT, 3 * UNIT]);
        for number in 0..rotations {
            world.act(registration_of(2, 9 + number, [2, 20 + number as u8]));
        }
        let effects = world.act(Input::Tombstone([2; 20]));
        let registration = 8 + rotations;
        let operator = op(2);
        assert_eq!(
            effects,
            [
                Effect::Tombstoned {
                    operator,
                    registration
                },
                unseated(line(2, 2), 1, Loss::Tombstoned),
            ]
        );
        let tombstoned = Reject::Tombstoned { registration };
        assert_eq!(world.refuse(take_seat(2)), tombstoned);
        // The key stays out of every later registration, and the operator comes back with another, its checkpoint key too if it likes.
        let why = Reject::NoEffect("the consensus key is tombstoned");
        assert_eq!(world.refuse(registration_of(2, 30, [2, 30])), why);
        world.act(registration_of(2, 31, [31, 19 + rotations as u8]));
        world.to(2);
        world.act(take_seat(2));
        let again = Reject::NoEffect("the registration is tombstoned already");
        assert_eq!(world.refuse(Input::Tombstone([2; 20])), again);
        assert_eq!(world.leaf::<Seat>(1).registration, 31);
        world.check();
    }
}

#[test]
fn no_key_passes_to_another_operator_or_from_a_closed_line_to_the_next() {
    for close in [retire(2), freeze(2, 2, 0)] {
        let mut world = World::new(3, &[5 * UNIT, 3 * UNIT]);
        let before = Reject::NoEffect("the consensus key was registered before");
        assert_eq!(world.refuse(registration_of(1, 9, [2, 9])), before);
        assert_eq!(world.refuse(registration_of(3, 9, [2, 9])), before);
        world.act(close);
        let why = "a key of a closed line does not return";
        for keys in [[2, 9], [9, 2], [2, 2]] {
            assert_eq!(
                world.refuse(registration_of(2, 9, keys)),
                Reject::NoEffect(why)
            );
        }
        world.act(registration(2, 9, 9));
        // The closed line's key leads to its own registration, and evidence about it does nothing to the new line's seat.
        world.delegate(who(1), 2, 4 * UNIT);
        assert_eq!(world.leaf::<Signer>([2; 20]).registration, 2);
        assert_eq!(world.act(Input::Tombstone([2; 20])).len(), 1);
    }
}

#[test]
fn a_tombstone_empties_the_seat_of_the_line_under_whichever_keys_it_is_held() {
    let mut world = World::new(3, &[5 * UNIT, 3 * UNIT]);
    let effects = world.act(Input::Tombstone([2; 20]));
    assert_eq!(effects.len(), 2);
    assert_eq!(effects[1], unseated(line(2, 2), 1, Loss::Tombstoned));
    let again = "the registration is tombstoned already";
    assert_eq!(
        world.refuse(Input::Tombstone([2; 20])),
        Reject::NoEffect(again)
    );
    let unknown = "the consensus address is not known";
    assert_eq!(
        world.refuse(Input::Tombstone([77; 20])),
        Reject::NoEffect(unknown)
    );
    let refused = Reject::Tombstoned { registration: 2 };
    assert_eq!(world.refuse(take_seat(2)), refused);
    // Another key of the same line takes a seat, with the stake that is there.
    world.act(registration(2, 9, 9));
    world.to(2);
    world.act(take_seat(2));
    assert_eq!(world.leaf::<Seat>(1).registration, 9);
    // Whoever rotates before the evidence comes loses as much: the seat, and the keys that hold it by then. One in the middle is as before.
    world.act(registration(1, 10, 10));
    world.act(registration(1, 11, 11));
    let tombstoned = |registration| Effect::Tombstoned {
        operator: op(1),
        registration,
    };
    let effects = world.act(Input::Tombstone([1; 20]));
    let lost = || unseated(line(1, 1), 0, Loss::Tombstoned);
    assert_eq!(effects, [tombstoned(1), tombstoned(11), lost()]);
    let refused = Reject::Tombstoned { registration: 11 };
    assert_eq!(world.refuse(take_seat(1)), refused);
    for key in [1, 11] {
        assert_eq!(
            world.refuse(Input::Tombstone([key; 20])),
            Reject::NoEffect(again)
        );
    }
    assert_eq!(world.act(Input::Tombstone([10; 20])), [tombstoned(10)]);
    // The consensus key that goes is no longer one to keep, and the next keys take the seat again.
    let why = Reject::NoEffect("the consensus key is tombstoned");
    assert_eq!(world.refuse(registration_of(1, 12, [11, 12])), why);
    world.act(registration(1, 12, 12));
    world.to(4);
    world.act(take_seat(1));
    let effects = world.act(Input::Tombstone([12; 20]));
    assert_eq!(effects, [tombstoned(12), lost()]);
    world.check();
}

#[test]
fn a_retired_line_takes_no_stake_and_the_next_registration_opens_another() {
    let mut world = World::new(3, &[5 * UNIT, 3 * UNIT]);
    let effects = world.act(retire(2));
    assert_eq!(
        effects,
        [
            unseated(line(2, 2), 1, Loss::Retired),
            Effect::Closed { line: line(2, 2) }
        ]
    );
    for input in [
        retire(2),
        take_seat(2),
        Input::Edit(edit(2)),
        redelegate(account_of(op(1)), 1, UNIT, 2),
    ] {
        assert_eq!(world.refuse(input), Reject::LineClosed);
    }
    assert_eq!(world.refuse(leave(2)), Reject::NotSeated);
    world.act(registration(2, 9, 9));
    assert_eq!(world.line(line(2, 9)).stake, 0);
    assert_eq!(world.line(line(2, 2)).stake, 3 * UNIT);
    world.delegate(who(1), 2, UNIT);
    assert_eq!(world.line(line(2, 9)).stake, UNIT);
    world.check();
}

/// What an operator does to be in jail no more, or to be judged never.
fn reopened(world: &mut World, number: u8) {
    let own = account_of(op(2));
    world.act(registration(2, number.into(), number));
    world.delegate(own, 2, 3 * UNIT);
}

#[test]
fn nobody_leaves_jail_by_closing_its_line_and_opening_another() {
    type Close = fn(&mut World);
    let closes: [Close; 2] = [
        |world| {
            world.act(retire(2));
        },
        |world| world.freeze(2, 2, world.epoch),
    ];
    for close in closes {
        // Jailed, and then closed: line 2 stands in the sets of epochs 1 and 2, and two epochs of jail are behind the last of them.
        let mut world = World::new(3, &[5 * UNIT, 3 * UNIT]);
        world.boundary_with(0, |seat| if seat == 1 { 0 } else { COUNTED });
        close(&mut world);
        reopened(&mut world, 9);
        let jailed = |epoch| Reject::InJail { until: 5, epoch };
        assert_eq!(world.refuse(take_seat(2)), jailed(1));
        // Nor by another line behind that one, which was never seated.
        world.act(retire(2));
        reopened(&mut world, 10);
        world.to(4);
        assert_eq!(world.refuse(take_seat(2)), jailed(4));
        world.to(5);
        world.act(take_seat(2));
    }
}

#[test]
fn nobody_closes_its_line_before_the_epoch_is_judged_in_which_it_is_absent() {
    let mut world = World::new(3, &[5 * UNIT, 3 * UNIT]);
    world.act(retire(2));
    reopened(&mut world, 9);
    let jailed = Reject::InJail { until: 4, epoch: 0 };
    assert_eq!(world.refuse(take_seat(2)), jailed);
    world.boundary_with(0, |seat| if seat == 1 { 0 } else { COUNTED });
    world.boundary_with(0, |seat| if seat == 1 { 0 } else { COUNTED });
    world.to(4);
    world.act(take_seat(2));
    // Who comes back when all sets of the closed line are judged, never had a seat, or lives where nobody is jailed, does not wait.
    world.to(5);
    world.act(retire(2));
    world.to(9);
    reopened(&mut world, 10);
    world.act(take_seat(2));
    world.act(registration(4, 11, 11));
    world.act(retire(4));
    world.act(registration(4, 12, 12));
    assert_eq!(world.line(line(4, 12)).jailed, 0);
    world.rules.jail_divisor = 0;
    world.to(10);
    world.act(retire(2));
    reopened(&mut world, 13);
    world.act(take_seat(2));
}

#[test]
fn neither_another_key_nor_another_seat_ends_a_jail() {
    let mut world = World::new(3, &[5 * UNIT, 3 * UNIT]);
    world.boundary_with(0, |seat| if seat == 1 { 0 } else { COUNTED });
    let jailed = Reject::InJail { until: 3, epoch: 1 };
    world.act(registration(2, 9, 9));
    assert_eq!(world.refuse(unjail(2)), jailed);
    assert_eq!(world.leaf::<Seat>(1).state, SeatState::Jailed);
    world.act(leave(2));
    assert_eq!(world.refuse(take_seat(2)), jailed);
    // A key that signed two votes stays out, whatever the operator registered before; another key is in jail as long as the line.
    world.act(Input::Tombstone([9; 20]));
    let registration = 9;
    let tombstoned = Reject::Tombstoned { registration };
    assert_eq!(world.refuse(take_seat(2)), tombstoned);
    world.act(super::registration(2, 10, 10));
    assert_eq!(world.refuse(take_seat(2)), jailed);
    world.to(3);
    world.act(take_seat(2));
}

#[test]
fn an_operator_that_is_not_known_does_nothing() {
    let mut world = World::new(1, &[UNIT]);
    let operator = op(7);
    let description = Box::new([0; 256]);
    for input in [
        take_seat(7),
        leave(7),
        retire(7),
        unjail(7),
        Input::Edit(edit(7)),
        Input::Describe(Describe {
            operator,
            description,
        }),
        redelegate(account_of(op(1)), 1, UNIT, 7),
    ] {
        assert_eq!(world.refuse(input), Reject::NoOperator);
    }
}

/// Much stake of one owner is behind a line for one block: in it the line takes the seat of a member with more stake of its own than the line
/// has, and a set later has the line with what is left, unless the member asks in time.
#[test]
fn what_a_seat_was_taken_with_stays_behind_its_line_until_the_next_epoch() {
    for away in [
        undelegate as fn(Account, u64, u128) -> Input,
        |owner, number, amount| redelegate(owner, number, amount, 1),
    ] {
        let mut world = World::new(2, &[9 * UNIT, 5 * UNIT]);
        world.to(4);
        world.join(9, 9, UNIT, false);
        let lent = world.delegate(who(1), 9, 5 * UNIT);
        world.act(take_seat(9));
        assert_eq!(world.line(line(2, 2)).until, 5);
        let kept = Reject::NewSeat { seat: 1 };
        for amount in [world.rules.min_redelegation, 5 * UNIT] {
            assert_eq!(world.refuse(away(who(1), lent, amount)), kept);
        }
        world.to(5);
        let held: MemberLeaf = world.leaf((ring_place(6, world.rules.ring), 1));
        assert_eq!(held.standing.map(|one| one.stake), Some(6 * UNIT));
        // In the next epoch everybody goes when it likes, and was at risk in the set that has the line.
        world.act(away(who(1), lent, 5 * UNIT));
        let position = world.position(lent);
        assert_eq!((position.legs[0].first, position.legs[0].last), (6, 6));
        world.check();
    }
}
