//! Stake that is lent to an old seat: what came in an epoch behind a line that has a seat stays until the next one. So behind a set with a
//! smaller stake what is lent has to be in the next one, unless lines give the seat to each other, and whoever put it there waits for the end of
//! that epoch. Two sets behind each other have together what the seat showed: a line that ends what it has of its own too, by turns, has a part of it in each.

use super::*;

/// The line with the old seat, the least of the two, and what it has of its own; and the line that asks for the seat.
const SMALL: u8 = 2;
const OWN: u128 = 3 * UNIT;
const LARGER: u8 = 9;
const ASKS: u128 = 5 * UNIT;
/// What makes the small line the larger one.
const LENT: u128 = 2 * UNIT;
const LENDER: Account = who(1);

/// It is epoch 4, and the larger line has no seat yet.
fn world() -> World {
    let mut world = World::new(2, &[9 * UNIT, OWN]);
    world.to(4);
    world.join(LARGER, u64::from(LARGER), ASKS, false);
    world
}

/// The stake of the lines at the second seat in the sets from epoch 6 on.
fn sets(world: &mut World, epochs: u64) -> Vec<(u8, u128)> {
    let ring = world.rules.ring;
    let places = (6..6 + epochs).map(|epoch| ring_place(epoch, ring));
    let members = places.map(|place| world.leaf::<MemberLeaf>((place, 1)));
    let standing = members.filter_map(|member| member.standing);
    standing
        .map(|one| (one.line.operator[0], one.stake))
        .collect()
}

/// What an account has behind the small line, bonded or not.
fn behind(world: &World, owner: Account) -> Vec<(u64, Position)> {
    let all = world.positions().into_iter();
    let of = all.filter(|(_, one)| one.owner == owner);
    of.filter(|(_, one)| one.newest().line.operator[0] == SMALL)
        .collect()
}

fn mine(world: &World) -> impl Iterator<Item = (u64, Position)> {
    let all = world.positions().into_iter();
    all.filter(|(_, one)| one.owner == LENDER)
}

fn bonded(world: &World) -> Vec<(u64, u128)> {
    let bonded = mine(world).filter(|(_, one)| one.is_bonded());
    bonded.map(|(number, one)| (number, one.base)).collect()
}

/// All that was lent, each time that it was.
fn lent(world: &World) -> u128 {
    mine(world).map(|(_, one)| one.base).sum()
}

/// A delegation, a redelegation, a restake and a cancel of an older end all make a leg, and none goes in its epoch; nor does a part of it.
#[test]
fn what_came_in_this_epoch_behind_a_line_with_a_seat_stays_until_the_next_one() {
    let kept = Reject::NewStake { seat: 1 };
    let mut world = World::new(2, &[9 * UNIT, OWN]);
    let moved = world.delegate(LENDER, 1, LENT);
    let ended = world.delegate(LENDER, SMALL, LENT);
    let earns = world.delegate(LENDER, SMALL, LENT);
    world.to(3);
    world.act(undelegate(LENDER, ended, LENT));
    world.boundary(10 * UNIT);
    world.mature(1);
    world.act(redelegate(LENDER, moved, LENT, SMALL));
    world.act(cancel(LENDER, ended));
    world.act(restake(LENDER, earns));
    let restaked = world.made();
    let made = world.delegate(LENDER, SMALL, LENT);
    world.to(4);
    for number in [moved, ended, restaked, made] {
        let base = world.position(number).base;
        for amount in [world.rules.min_redelegation, base] {
            let input = undelegate(LENDER, number, amount);
            assert_eq!(world.refuse(input), kept, "position {number}");
        }
    }
    let away = redelegate(LENDER, made, LENT, 1);
    assert_eq!(world.refuse(away), kept);
    // What was there before goes when it likes, also when its end was taken back in the same epoch.
    world.act(undelegate(LENDER, earns, LENT));
    world.act(cancel(LENDER, earns));
    world.act(undelegate(LENDER, earns, LENT));
    world.to(5);
    for number in [moved, ended, restaked, made] {
        let base = world.position(number).base;
        world.act(undelegate(LENDER, number, base));
        let leg = *world.position(number).newest();
        assert_eq!((leg.first, leg.last), (6, 6), "it was at risk in one set");
    }
    world.check();
}

/// Where it keeps nobody out of a seat it goes at once: behind a line without a seat, one that lost it since, and one in jail.
#[test]
fn what_keeps_nobody_out_of_a_seat_goes_in_the_epoch_in_which_it_came() {
    let losses: [fn(&mut World); 4] = [
        |world| world.freeze(SMALL, 2, 4),
        |world| drop(world.act(Input::Tombstone([SMALL; 20]))),
        |world| drop(world.act(leave(SMALL))),
        |world| {
            let own = account_of(op(LARGER));
            world.delegate(own, LARGER, 9 * UNIT);
            world.act(take_seat(LARGER));
        },
    ];
    for loss in losses {
        let mut world = world();
        let number = world.delegate(LENDER, SMALL, LENT);
        let kept = Reject::NewStake { seat: 1 };
        assert_eq!(world.refuse(undelegate(LENDER, number, LENT)), kept);
        loss(&mut world);
        world.act(undelegate(LENDER, number, LENT));
        assert!(world.position(number).newest().is_empty());
    }
    let mut world = world();
    let number = world.delegate(LENDER, LARGER, LENT);
    world.act(undelegate(LENDER, number, LENT));
    world.boundary_with(0, |seat| if seat == 1 { 0 } else { COUNTED });
    let number = world.delegate(LENDER, SMALL, LENT);
    world.act(undelegate(LENDER, number, LENT));
    // When the operator has returned, it counts again.
    let number = world.delegate(LENDER, SMALL, LENT);
    world.to(7);
    world.act(undelegate(LENDER, number, LENT));
    let number = world.delegate(LENDER, SMALL, LENT);
    world.act(unjail(SMALL));
    let kept = Reject::NewSeat { seat: 1 };
    assert_eq!(world.refuse(undelegate(LENDER, number, LENT)), kept);
    world.check();
}

/// A seat that was lost in the epoch in which the stake came, and taken back in the next one, holds it there once more, and never for a third epoch.
#[test]
fn stake_that_came_is_held_for_two_epochs_at_most() {
    let mut world = world();
    let number = world.delegate(LENDER, SMALL, LENT);
    let away = || undelegate(LENDER, number, LENT);
    assert_eq!(world.refuse(away()), Reject::NewStake { seat: 1 });
    let other = world.delegate(LENDER, LARGER, UNIT);
    world.act(take_seat(LARGER));
    assert!(!world.line(line(SMALL, 2)).seated());
    world.to(5);
    world.act(undelegate(LENDER, other, UNIT));
    world.delegate(who(2), SMALL, UNIT);
    world.act(take_seat(SMALL));
    assert_eq!(world.refuse(away()), Reject::NewSeat { seat: 1 });
    world.to(6);
    world.act(away());
    world.check();
}

/// What the lender and the operators do before the larger line asks, and what behind it, at the end of an epoch.
#[derive(Clone, Copy)]
enum Play {
    /// Behind whoever has the second seat.
    Delegates,
    Cancels,
    Ends,
    EndsOld,
    /// The line at the second seat gives it back, what came to it is ended, and the other small line takes the seat.
    Swaps,
}

/// Another line with less than the one that asks.
const ACCOMPLICE: u8 = 8;

fn at_the_seat(world: &mut World) -> u8 {
    world.leaf::<Seat>(1).line.operator[0]
}

impl Play {
    fn act(self, world: &mut World) {
        let mine = world
            .positions()
            .into_iter()
            .filter(|(_, one)| one.owner == LENDER);
        let mine: Vec<(u64, Position)> = mine.collect();
        let bonded = mine.iter().filter(|(_, one)| one.is_bonded());
        let mut ends = bonded.map(|(number, one)| undelegate(LENDER, *number, one.base));
        match self {
            Self::Delegates => {
                let holder = at_the_seat(world);
                let to = line(holder, holder.into());
                let _ = world.try_act(delegate(LENDER, to, LENT));
            }
            Self::Cancels => {
                for (number, _) in mine.iter().filter(|(_, one)| !one.is_bonded()) {
                    let _ = world.try_act(cancel(LENDER, *number));
                }
            }
            Self::Ends => ends.for_each(|away| _ = world.try_act(away).is_ok()),
            Self::EndsOld => _ = ends.next().map(|away| world.try_act(away).is_ok()),
            Self::Swaps => {
                let holder = at_the_seat(world);
                let next = if holder == SMALL { ACCOMPLICE } else { SMALL };
                gives(world, holder, next);
            }
        }
    }
}

/// A line gives its seat back, what came to it is ended, and the next one takes the seat.
fn gives(world: &mut World, holder: u8, next: u8) {
    if world.try_act(leave(holder)).is_ok() {
        Play::Ends.act(world);
        let _ = world.try_act(take_seat(next));
    }
}

/// The most sets behind each other that have less at the second seat than the line that asks, in every sequence of plays of five epochs.
fn longest(behind: &[&[Play]]) -> usize {
    let before: [&[Play]; 4] = [
        &[],
        &[Play::Delegates],
        &[Play::Cancels],
        &[Play::Delegates, Play::Cancels],
    ];
    let mut start = world();
    start.quiet = true;
    start.join(ACCOMPLICE, u64::from(ACCOMPLICE), OWN, false);
    let (mut open, mut longest) = (vec![(start, 0, 0)], 0);
    while let Some((world, so_far, depth)) = open.pop() {
        for first in before {
            for last in behind {
                let mut world = world.clone();
                first.iter().for_each(|play| play.act(&mut world));
                let _ = world.try_act(take_seat(LARGER));
                if at_the_seat(&mut world) == LARGER {
                    continue;
                }
                last.iter().for_each(|play| play.act(&mut world));
                let seat: Seat = world.leaf(1);
                let small = match (1..ASKS).contains(&seat.weight()) {
                    true => so_far + 1,
                    false => 0,
                };
                longest = longest.max(small);
                if depth < 4 {
                    world.boundary(0);
                    open.push((world, small, depth + 1));
                }
            }
        }
    }
    longest
}

/// Where what the line has of its own stays, and only what is lent moves. With a second small line, which takes the seat where the first one leaves it, there is one set more before what is lent has to be in one.
#[test]
fn by_what_is_lent_alone_one_line_has_the_smaller_stake_in_one_set_and_two_have_it_in_two_sets_behind_each_other()
 {
    let one: [&[Play]; 3] = [&[], &[Play::Ends], &[Play::EndsOld]];
    assert_eq!(longest(&one), 1);
    let two: [&[Play]; 3] = [&[], &[Play::Ends], &[Play::Swaps]];
    assert_eq!(longest(&two), 2);
}

/// What DESIGN names as the price: the smaller stake is in every second set, what is lent is at risk in the others, and what ended serves
/// again once. So it takes what the line is short of once for four epochs of an unbonding, and once more.
#[test]
fn a_smaller_stake_in_every_second_set_takes_what_it_is_short_of_once_for_four_epochs_of_an_unbonding()
 {
    const WAIT: u64 = 12;
    let mut world = world();
    world.rules.ring = 64;
    for epoch in 4..4 + 2 * WAIT {
        if epoch > 4 + WAIT {
            world.mature(epoch - WAIT);
        }
        if epoch % 2 == 0 {
            let mine = world
                .positions()
                .into_iter()
                .filter(|(_, one)| one.owner == LENDER);
            let ended: Vec<u64> = mine.map(|(number, _)| number).collect();
            let again = ended.into_iter().rev().any(|number| {
                let input = cancel(LENDER, number);
                world.try_act(input).is_ok()
            });
            if !again {
                world.delegate(LENDER, SMALL, LENT);
            }
        }
        let (stake, needed) = (ASKS, OWN + LENT + 1);
        let below = Reject::StakeBelowSeat { stake, needed };
        assert_eq!(world.refuse(take_seat(LARGER)), below, "epoch {epoch}");
        for (number, base) in bonded(&world) {
            let away = world.try_act(undelegate(LENDER, number, base)).is_ok();
            assert_eq!(away, epoch % 2 == 1, "epoch {epoch}");
        }
        world.boundary(0);
    }
    let sets = sets(&mut world, 2 * WAIT);
    let expected = [(SMALL, OWN + LENT), (SMALL, OWN)];
    assert!(sets.chunks(2).all(|two| two == expected), "{sets:?}");
    let lent = lent(&world);
    println!("{lent} were lent in {WAIT} epochs of unbonding");
    assert_eq!(lent, LENT * u128::from(WAIT / 4 + 1));
}

/// One line that ends what it has of its own in the last block of one epoch, and what it was lent in that of the next one, shows both to whoever asks, and every
/// set has one of them alone. Two sets behind each other have together what the seat showed, and that is all that holds. Each half serves again
/// once, so it takes as much as the smaller stake in every second set does.
#[test]
fn one_line_that_ends_its_own_stake_and_the_lent_one_by_turns_has_the_smaller_one_in_every_set() {
    const WAIT: u64 = 12;
    let mut world = world();
    world.rules.ring = 64;
    let halves = [(LENDER, LENT), (account_of(op(SMALL)), OWN)];
    for (epoch, turn) in (4..4 + 2 * WAIT).zip(0_usize..) {
        if epoch > 4 + WAIT {
            world.mature(epoch - WAIT);
        }
        let [(comes, amount), (goes, _)] = [halves[turn % 2], halves[(turn + 1) % 2]];
        let ended = behind(&world, comes).into_iter().rev();
        let mut ended = ended.filter(|(_, one)| !one.is_bonded());
        if !ended.any(|(number, _)| world.try_act(cancel(comes, number)).is_ok()) {
            world.delegate(comes, SMALL, amount);
        }
        let (stake, needed) = (ASKS, OWN + LENT + 1);
        let below = Reject::StakeBelowSeat { stake, needed };
        assert_eq!(world.refuse(take_seat(LARGER)), below, "epoch {epoch}");
        for (number, one) in behind(&world, goes) {
            if one.is_bonded() {
                world.act(undelegate(goes, number, one.base));
            }
        }
        world.boundary(0);
    }
    let sets = sets(&mut world, 2 * WAIT);
    let expected = [(SMALL, LENT), (SMALL, OWN)];
    assert!(sets.chunks(2).all(|two| two == expected), "{sets:?}");
    for (owner, amount) in halves {
        let all = behind(&world, owner).into_iter();
        let all: u128 = all.map(|(_, one)| one.base).sum();
        println!("{all} in pieces of {amount} in {WAIT} epochs of unbonding");
        assert_eq!(all, amount * u128::from(WAIT / 4 + 1));
    }
}

/// Three small lines that give the seat to each other in the last block of every epoch: what is lent to the one that leaves goes at once, and the
/// smaller stake is in every set. It takes what they are short of once for two epochs of an unbonding, and the own stake of all three.
#[test]
fn three_small_lines_that_take_turns_have_the_smaller_stake_in_every_set_for_twice_as_much() {
    const WAIT: u64 = 12;
    const THIRD: u8 = 7;
    let mut world = world();
    world.rules.ring = 64;
    for operator in [ACCOMPLICE, THIRD] {
        world.join(operator, operator.into(), OWN, false);
    }
    let turns = [SMALL, ACCOMPLICE, THIRD];
    for (epoch, turn) in (4..4 + 3 * WAIT).zip(0..) {
        if epoch > 4 + WAIT {
            world.mature(epoch - WAIT);
        }
        let [holder, next] = [turn, turn + 1].map(|turn| turns[turn % 3]);
        assert_eq!(at_the_seat(&mut world), holder);
        let mine = world.positions().into_iter();
        let mut ended = mine.filter(|(_, one)| one.owner == LENDER);
        let again = ended.any(|(number, one)| {
            let is_here = one.newest().line.operator[0] == holder;
            is_here && world.try_act(cancel(LENDER, number)).is_ok()
        });
        if !again {
            world.delegate(LENDER, holder, LENT);
        }
        let (stake, needed) = (ASKS, OWN + LENT + 1);
        let below = Reject::StakeBelowSeat { stake, needed };
        assert_eq!(world.refuse(take_seat(LARGER)), below, "epoch {epoch}");
        gives(&mut world, holder, next);
        world.boundary(0);
    }
    let sets = sets(&mut world, 3 * WAIT);
    assert!(sets.iter().all(|(_, stake)| *stake == OWN), "{sets:?}");
    let lent = lent(&world);
    println!("{lent} were lent, {LENT} once, in {WAIT} epochs of unbonding");
    assert_eq!(lent, LENT * u128::from(WAIT / 2 + 3));
}
