//! Laws of sets: how seats become members, and the one accessor of them.

use rand::Rng;

use super::*;
use crate::leaf::Key;

fn roll(epoch: u64, first: u16, count: u16, total: u64) -> Input {
    Input::Roll(Roll {
        epoch,
        first,
        count,
        total,
    })
}

/// A state whose seats have random holders.
fn random_seats(seats: u16, seed: u64) -> World {
    let mut rng = rng(seed);
    let mut world = World::new(seats, &[]);
    for number in 0..seats {
        let operator = number as u8 + 1;
        if rng.random_bool(0.6) {
            let stake = UNIT * rng.random_range(1..100) + 999;
            world.join(operator, u64::from(number) + 1, stake, true);
        }
    }
    world
}

#[test]
fn rolling_in_ranges_gives_the_set_that_rolling_at_once_gives() {
    let mut world = random_seats(40, 2);
    world.act(roll(2, 0, 40, 0));
    let mut total = 0;
    for first in [0u16, 16, 32] {
        let count = 16.min(40 - first);
        let effects = world.act(roll(3, first, count, total));
        let Some(Effect::Rolled { next, total: sum }) = effects.last() else {
            panic!("no end: {effects:?}")
        };
        assert_eq!(*next, first + count);
        total = *sum;
    }
    let (at_once, in_ranges) = (world.set(2), world.set(3));
    assert_eq!(at_once, in_ranges);
    assert_eq!(total_power(&in_ranges), Ok(total));
    for member in &in_ranges {
        let stake = world.leaf::<Seat>(member.seat).stake;
        assert_eq!(
            u128::from(member.power),
            stake / UNIT,
            "the rest of a unit has no weight"
        );
    }
}

#[test]
fn a_seat_that_is_not_active_counts_as_zero_and_gives_no_member() {
    for state in [SeatState::Jailed, SeatState::Empty] {
        let mut world = World::new(4, &[5 * UNIT; 4]);
        let held: Seat = world.leaf(2);
        let changed = match state {
            SeatState::Empty => Seat::default(),
            state => Seat { state, ..held },
        };
        assert_eq!(changed.weight(), 0);
        world.leaves.write(2, &changed).unwrap();
        world.act(roll(2, 0, 4, 0));
        let seats: Vec<u16> = world.set(2).iter().map(|member| member.seat).collect();
        assert_eq!(seats, [0, 1, 3]);
        let absent = MemberLeaf {
            epoch: 2,
            standing: None,
        };
        assert_eq!(world.leaf::<MemberLeaf>((2, 2)), absent);
    }
}

#[test]
fn a_set_is_read_by_height_and_only_while_the_ring_holds_it() {
    let mut world = World::new(2, &[UNIT]);
    world.rules.ring = 3;
    for epoch in 0..=4 {
        world.act(roll(epoch, 0, 2, 0));
    }
    let rules = world.rules;
    let mut set = |height| set_at(&mut world.leaves, &rules, height, 16);
    for (height, held) in [
        (1, false),
        (32, false),
        (33, true),
        (48, true),
        (80, true),
        (81, false),
    ] {
        assert_eq!(set(height).is_ok(), held, "height {height}");
    }
    let gone = Reject::SetNotHeld {
        epoch: 0,
        seat: 0,
        held: Some(3),
    };
    assert_eq!(set(1), Err(Error::Reject(gone)));
    let none = Reject::NoEpoch {
        height: 0,
        epoch_blocks: 16,
    };
    assert_eq!(set(0), Err(Error::Reject(none)));
}

#[test]
fn epochs_are_exactly_k_blocks() {
    for (height, epoch) in [
        (0, None),
        (1, Some(0)),
        (64, Some(0)),
        (65, Some(1)),
        (128, Some(1)),
        (129, Some(2)),
    ] {
        assert_eq!(epoch_of(height, 64), epoch, "height {height}");
    }
    assert_eq!(epoch_of(1, 0), None);
    assert_eq!(epoch_of(u64::MAX, 16), Some((u64::MAX - 1) / 16));
    assert_eq!(first_height(2, 64), Some(129));
    assert_eq!(first_height(u64::MAX, 16), None);
}

#[test]
fn ranges_out_of_bounds_are_refused_and_a_missing_leaf_is_a_fault() {
    let mut world = World::new(4, &[]);
    for (first, count) in [(0, 0), (0, 5), (4, 1), (u16::MAX, u16::MAX)] {
        let copy = Input::Copy(Copy {
            epoch: 2,
            first,
            count,
            total: 0,
        });
        for input in [roll(2, first, count, 0), copy] {
            let end = u32::from(first) + u32::from(count);
            let seats = 4;
            assert_eq!(world.refuse(input), Reject::Range { first, end, seats });
        }
    }
    let rules = rules(5);
    let context = Context {
        rules: &rules,
        epoch: 0,
    };
    let missing = apply(&mut world.leaves, &context, &roll(2, 0, 5, 0));
    assert_eq!(missing, Err(Error::Missing(Key::Seat(4))));
}

#[test]
fn power_beyond_the_bound_is_refused() {
    let mut world = World::new(1, &[UNIT]);
    let bound = MAX_TOTAL_POWER;
    let power = u128::from(bound) + 1;
    let above = Reject::Power(PowerError::AboveBound { power, bound });
    assert_eq!(world.refuse(roll(2, 0, 1, bound)), above);
}
