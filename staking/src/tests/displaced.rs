//! A line that was displaced from a seat that a set had takes another from the next epoch on, and every other line that lost one from the epoch
//! behind that: so no smaller stake keeps for long what a larger one asks for, and no line has a new seat in two epochs behind each other.

use rand::Rng;

use super::*;

/// Line 9 has just taken the seat of line 2, most of its stake is lent, and it is epoch 4. Gives the position that is lent.
fn displaced() -> (World, u64) {
    let mut world = World::new(2, &[9 * UNIT, 5 * UNIT]);
    world.to(4);
    world.join(9, 9, UNIT, false);
    let lent = world.delegate(who(1), 9, 5 * UNIT);
    world.act(take_seat(9));
    assert_eq!(world.line(line(2, 2)).until, 5);
    (world, lent)
}

fn stakes(world: &mut World, epoch: u64) -> Vec<(u8, u128)> {
    let place = ring_place(epoch, world.rules.ring);
    let members = (0..world.rules.seats).filter_map(|seat| {
        let member: MemberLeaf = world.leaf((place, seat));
        member.standing.map(|one| (one.line.operator[0], one.stake))
    });
    members.collect()
}

/// The stake goes in whatever epoch: the line that it displaced is in the set behind the next one, and not the one that kept the least.
#[test]
fn who_was_displaced_takes_back_at_once_what_a_stake_that_left_again_keeps() {
    for away in 5..9 {
        let (mut world, lent) = displaced();
        let too_soon = Reject::LostSeat { from: 5 };
        assert_eq!(world.refuse(take_seat(2)), too_soon);
        world.delegate(account_of(op(2)), 2, 9 * UNIT);
        assert_eq!(world.refuse(take_seat(2)), too_soon);
        world.act(undelegate(account_of(op(2)), world.made(), 9 * UNIT));
        for epoch in 5..=away {
            world.to(epoch);
            let (stake, needed) = (5 * UNIT, 6 * UNIT + 1);
            let below = Reject::StakeBelowSeat { stake, needed };
            assert_eq!(world.refuse(take_seat(2)), below);
        }
        world.act(undelegate(who(1), lent, 5 * UNIT));
        world.act(take_seat(2));
        world.to(away + 1);
        for epoch in 6..away + 2 {
            let all = stakes(&mut world, epoch);
            assert_eq!(all, [(1, 9 * UNIT), (9, 6 * UNIT)], "{away}: {epoch}");
        }
        let all = stakes(&mut world, away + 2);
        assert_eq!(all, [(1, 9 * UNIT), (2, 5 * UNIT)], "{away}");
    }
}

/// An accomplice with an old seat withdraws, not the line that took the seat.
#[test]
fn who_was_displaced_takes_the_seat_of_whoever_is_the_weakest_by_then() {
    let (mut world, _) = displaced();
    world.to(5);
    world.act(undelegate(account_of(op(1)), 1, 8 * UNIT));
    world.act(take_seat(2));
    world.to(6);
    assert_eq!(
        stakes(&mut world, 7),
        [(2, 5 * UNIT), (9, 6 * UNIT)],
        "line 1 kept one unit"
    );
    world.check();
}

/// A line that nobody displaced asks again when its last set is over, though that set has it.
#[test]
fn a_line_that_gave_its_seat_back_or_lost_it_otherwise_waits_until_its_last_set_is_over() {
    let own = account_of(op(2));
    for loss in [
        leave(2),
        undelegate(own, 2, 5 * UNIT - 1),
        Input::Tombstone([2; 20]),
    ] {
        let mut world = World::new(2, &[9 * UNIT, 5 * UNIT]);
        world.to(4);
        world.act(loss);
        assert_eq!(world.line(line(2, 2)).until, 5);
        world.act(registration(2, 9, 9));
        world.delegate(own, 2, 5 * UNIT);
        for epoch in [4, 5] {
            world.to(epoch);
            assert_eq!(world.refuse(take_seat(2)), Reject::LostSeat { from: 6 });
        }
        world.to(6);
        world.act(take_seat(2));
        world.to(7);
        let stands = [5, 6, 7, 8].map(|epoch| stakes(&mut world, epoch).len());
        assert_eq!(stands, [2, 1, 1, 2]);
        world.check();
    }
}

/// A seat that is taken from its line, or emptied by evidence against an older key, before any set had it: the whole next epoch is without one.
#[test]
fn a_line_that_lost_a_new_seat_waits_for_one_epoch_more() {
    for tombstoned in [false, true] {
        let mut world = World::new(2, &[9 * UNIT, 5 * UNIT]);
        world.to(4);
        world.join(8, 8, 6 * UNIT, true);
        if tombstoned {
            world.act(Input::Tombstone([8; 20]));
            world.act(registration(8, 10, 10));
        } else {
            world.join(9, 9, 7 * UNIT, true);
        }
        assert!(!world.line(line(8, 8)).seated());
        world.delegate(who(1), 8, 9 * UNIT);
        for epoch in [4, 5] {
            world.to(epoch);
            assert_eq!(world.refuse(take_seat(8)), Reject::LostSeat { from: 6 });
        }
        world.to(6);
        world.act(take_seat(8));
        world.check();
    }
}

/// Evidence comes when another line has its seat already: it waits as if the evidence had emptied that, with whichever keys it has by then.
#[test]
fn a_line_that_was_displaced_and_whose_key_is_tombstoned_then_waits_until_its_last_set_is_over() {
    for rotates in [false, true] {
        let (mut world, lent) = displaced();
        if rotates {
            world.act(registration(2, 10, 10));
        }
        assert_eq!(world.line(line(2, 2)).seat, 1);
        world.act(Input::Tombstone([2; 20]));
        let held = world.line(line(2, 2));
        assert_eq!((held.seat, held.until), (Line::NO_SEAT, 5));
        world.act(registration(2, 11, 11));
        world.to(5);
        world.act(undelegate(who(1), lent, 5 * UNIT));
        assert_eq!(world.refuse(take_seat(2)), Reject::LostSeat { from: 6 });
        world.to(6);
        world.act(take_seat(2));
        world.check();
    }
}

/// A line whose seat was jailed had it in no set any more, so it waits as well: longer than any jail it never does.
#[test]
fn a_line_that_lost_a_jailed_seat_is_back_when_its_jail_and_the_next_epoch_are_over() {
    let mut world = World::new(2, &[9 * UNIT, 5 * UNIT]);
    world.boundary_with(0, |seat| if seat == 1 { 0 } else { COUNTED });
    world.join(9, 9, UNIT, true);
    assert_eq!(world.line(line(2, 2)).until, 2);
    world.to(2);
    let jailed = Reject::InJail { until: 3, epoch: 2 };
    assert_eq!(world.refuse(take_seat(2)), jailed);
    world.to(3);
    world.act(take_seat(2));
    // Its jail is over long before somebody takes the seat that it did not ask back.
    let mut world = World::new(2, &[9 * UNIT, 5 * UNIT]);
    world.boundary_with(0, |seat| if seat == 1 { 0 } else { COUNTED });
    world.to(7);
    world.join(9, 9, UNIT, true);
    world.to(8);
    assert_eq!(world.refuse(take_seat(2)), Reject::LostSeat { from: 9 });
    world.to(9);
    world.act(take_seat(2));
}

/// It is absent in its last set, and takes a seat in that epoch: its jail takes the power of that seat, for which it was the larger.
#[test]
fn who_is_absent_in_its_last_set_is_jailed_in_the_seat_that_it_took_there() {
    let (mut world, lent) = displaced();
    world.to(5);
    world.act(undelegate(who(1), lent, 5 * UNIT));
    world.act(take_seat(2));
    // It stands in the set of epoch 5 at seat 1, which it has just taken again.
    world.boundary_with(0, |seat| if seat == 1 { 0 } else { COUNTED });
    assert_eq!(world.leaf::<Seat>(1).state, SeatState::Jailed);
    assert_eq!(world.line(line(2, 2)).jailed, 8);
    assert_eq!(stakes(&mut world, 7), [(1, 9 * UNIT)]);
    // Whom it displaced takes the seat back in the next epoch, because the set of that one has it.
    world.act(take_seat(9));
    world.to(7);
    assert_eq!(stakes(&mut world, 8), [(1, 9 * UNIT), (9, UNIT)]);
    world.check();
}

/// Against a history that the test keeps: a line takes a seat when it was displaced from the one before in an earlier epoch, or lost it otherwise
/// two epochs ago at least, and took that one two epochs ago at least; nothing else makes a larger stake wait.
#[test]
fn whoever_has_more_than_the_weakest_takes_its_seat_unless_it_took_or_lost_one_just_now() {
    let (mut takes, mut waits) = (0, 0);
    for seed in 0..40 {
        let mut rng = rng(seed);
        let mut world = World::new(3, &[20 * UNIT, 19 * UNIT]);
        for operator in 3..=7 {
            let stake = rng.random_range(1..20) * UNIT;
            world.join(operator, u64::from(operator), stake, false);
        }
        let mut took: BTreeMap<u8, u64> = BTreeMap::new();
        let mut free_from: BTreeMap<u8, u64> = BTreeMap::new();
        for _ in 0..200 {
            let operator = rng.random_range(1..=7);
            let id = line(operator, u64::from(operator));
            match rng.random_range(0..6) {
                0 => drop(world.delegate(who(operator), operator, UNIT)),
                1 => {
                    let mut all = world.positions().into_iter();
                    let mine = all.find(|(_, one)| one.owner == who(operator) && one.is_bonded());
                    let away = mine.map(|(number, one)| undelegate(one.owner, number, one.base));
                    let _ = away.map(|away| world.try_act(away).is_ok());
                }
                2 => drop(world.try_act(leave(operator)).is_ok()),
                _ => {
                    let held = world.line(id);
                    let weakest = minima::weakest(&mut world.leaves, 3).unwrap().stake;
                    let enough = held.stake > weakest && held.stake >= world.rules.min_seat;
                    let epoch = world.epoch;
                    let free = took.get(&operator).is_none_or(|at| at + 2 <= epoch)
                        && free_from.get(&operator).is_none_or(|from| *from <= epoch);
                    let is_taken = world.try_act(take_seat(operator)).is_ok();
                    assert_eq!(is_taken, !held.seated() && enough && free);
                    takes += u32::from(is_taken);
                    waits += u32::from(!held.seated() && enough && !free);
                    if is_taken {
                        took.insert(operator, epoch);
                    }
                }
            }
            for effect in &world.effects {
                if let Effect::Unseated { line, why, .. } = effect {
                    let waits = if *why == Loss::Displaced { 1 } else { 2 };
                    free_from.insert(line.operator[0], world.epoch + waits);
                }
            }
            world.effects.clear();
            if rng.random_bool(0.15) {
                world.boundary(0);
            }
        }
    }
    println!("{takes} seats were taken, {waits} times a larger stake waited");
    assert!(takes > 300 && waits > 100, "{takes}, {waits}");
}

/// Lines of which one takes from the other what it has: V has the second seat of two, A and C more stake than V and no seat, B less.
const V: u8 = 2;
const A: u8 = 9;
const B: u8 = 8;
const C: u8 = 7;

fn contested() -> World {
    let mut world = World::new(2, &[90 * UNIT, 5 * UNIT]);
    for (operator, stake) in [(A, 7), (C, 6), (B, 1)] {
        world.join(operator, operator.into(), stake * UNIT, false);
    }
    world.to(4);
    world
}

/// Whose the second seat is now; at the end of an epoch, who is in the set that is fixed there.
fn holder(world: &mut World) -> Option<u8> {
    let seat: Seat = world.leaf(1);
    (seat.state == SeatState::Active).then_some(seat.line.operator[0])
}

/// V asks in the first block of each epoch. A displaces it, gives the seat to B in the last block of an epoch, and displaces V again.
#[test]
fn a_larger_line_that_leaves_does_not_displace_again_whom_it_displaced_before_that_is_in_a_set() {
    for stays in 1..5 {
        let mut world = contested();
        world.act(take_seat(A));
        let left = 4 + stays;
        for epoch in 5..=left {
            world.to(epoch);
            let below = world.refuse(take_seat(V));
            assert!(matches!(below, Reject::StakeBelowSeat { .. }), "{below:?}");
        }
        world.act(leave(A));
        world.act(take_seat(B));
        world.to(left + 1);
        world.act(take_seat(V));
        let from = left + 2;
        assert_eq!(world.refuse(take_seat(A)), Reject::LostSeat { from });
        world.to(from);
        let sets = [left + 2, left + 3].map(|epoch| stakes(&mut world, epoch));
        assert_eq!(sets.map(|set| set[1]), [(B, UNIT), (V, 5 * UNIT)]);
        world.check();
    }
}

/// Every sequence of plays, one an epoch, behind a member that asks in the first block of each: who has the seat at the end of an epoch in which the
/// smaller line had it at the end of the one before, without repetitions.
fn behind_the_smaller(plays: &[&[Input]]) -> Vec<Option<u8>> {
    let mut behind = Vec::new();
    let mut open = vec![(contested(), None, 0)];
    while let Some((world, before, depth)) = open.pop() {
        for play in plays {
            let mut world = world.clone();
            let _ = world.try_act(take_seat(V));
            for step in *play {
                let _ = world.try_act(step.clone());
            }
            let fixed = holder(&mut world);
            if before == Some(B) && !behind.contains(&fixed) {
                behind.push(fixed);
            }
            if depth < 4 {
                world.boundary(0);
                open.push((world, fixed, depth + 1));
            }
        }
    }
    behind.sort();
    behind
}

/// One larger line cannot displace the member again at once; of two the other one can, and the smaller line is in no two sets behind each other.
#[test]
fn behind_every_set_with_a_smaller_line_is_one_with_the_member_or_with_a_second_larger_line() {
    let one: [&[Input]; 8] = [
        &[],
        &[take_seat(A)],
        &[leave(A)],
        &[leave(A), take_seat(B)],
        &[leave(A), take_seat(B), take_seat(A)],
        &[leave(B), take_seat(A)],
        &[take_seat(B), take_seat(A)],
        &[leave(A), take_seat(A)],
    ];
    assert_eq!(behind_the_smaller(&one), [Some(V)]);
    let two: [&[Input]; 7] = [
        &[],
        &[take_seat(A)],
        &[take_seat(C), take_seat(A)],
        &[leave(A), take_seat(B)],
        &[leave(C), take_seat(B)],
        &[leave(C), take_seat(B), take_seat(A)],
        &[leave(A), take_seat(B), take_seat(C)],
    ];
    assert_eq!(behind_the_smaller(&two), [V, C, A].map(Some));
}

/// What DESIGN names as the limit: one larger line that leaves and comes back has the smaller one in every third set, two have it in every second,
/// and none of the three transactions of a round ends any stake.
#[test]
fn larger_lines_that_come_and_go_have_a_smaller_one_in_every_third_set_or_two_in_every_second() {
    for (larger, round, expected) in [(&[A][..], 3, vec![A, B, V]), (&[A, C], 2, vec![A, B, C, B])]
    {
        let mut world = contested();
        let mut sets = Vec::new();
        for epoch in 0..24 {
            let _ = world.try_act(take_seat(V));
            let turn = larger[epoch / round % larger.len()];
            match epoch % round {
                0 => drop(world.act(take_seat(turn))),
                1 => {
                    world.act(leave(turn));
                    world.act(take_seat(B));
                }
                _ => {}
            }
            sets.extend(holder(&mut world));
            world.boundary(0);
        }
        assert!(
            sets.chunks(expected.len()).all(|some| some == expected),
            "{sets:?}"
        );
        let stakes = larger
            .iter()
            .map(|one| world.line(line(*one, (*one).into())).stake);
        assert!(stakes.into_iter().all(|stake| stake > 5 * UNIT));
        world.check();
    }
}
