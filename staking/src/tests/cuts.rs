//! Cuts: what one costs, hand-computed, and that nothing passes by it.

use rand::Rng;

use super::*;
use crate::cuts::{greatest, record};

const OWNER: Account = who(1);

/// Three seated founders with 5, 4 and 3 units, in epoch 4, and a position behind the first.
fn world(amount: u128) -> (World, u64) {
    let mut world = World::new(4, &[5 * UNIT, 4 * UNIT, 3 * UNIT]);
    world.to(4);
    let position = world.delegate(OWNER, 1, amount);
    (world, position)
}

/// Freezes and settles at once.
fn cut(world: &mut World, operator: u8, epoch: u64, percent: u64) {
    world.freeze(operator, u64::from(operator), epoch);
    world.settle(operator, u64::from(operator), epoch, percent * PERCENT);
}

fn held(world: &mut World, number: u64) -> u128 {
    world.position(number).held_down()
}

#[test]
fn the_tree_names_the_greatest_cut_of_a_range_that_a_scan_names() {
    let mut rng = rng(8);
    for spread in [40u16, 700, u16::MAX] {
        let mut leaves = MemoryLeaves::default();
        let mut model = BTreeMap::new();
        for _ in 0..60 {
            let offset = rng.random_range(0..=spread);
            let fraction = rng.random_range(0..=WHOLE);
            record(&mut leaves, line(1, 1), offset, fraction).unwrap();
            let held = model.entry(offset).or_insert(0);
            *held = fraction.max(*held);
        }
        for _ in 0..300 {
            let first = rng.random_range(0..=spread);
            let last = rng.random_range(first..=spread);
            let scanned = model.range(first..=last).map(|(_, cut)| *cut).max();
            leaves.take_touched();
            let found = greatest(&mut leaves, line(1, 1), first, last).unwrap();
            assert_eq!(found, scanned.unwrap_or(0), "{first} to {last}");
            assert!(leaves.take_touched().len() <= 7);
        }
        assert_eq!(greatest(&mut leaves, line(1, 1), 5, 4).unwrap(), 0);
    }
}

#[test]
fn a_cut_hits_what_backed_the_epoch_and_nothing_else() {
    for (epoch, left) in [(5, 1_001), (6, 900), (8, 900), (9, 900)] {
        let (mut world, position) = world(1_001);
        world.to(8);
        world.act(undelegate(OWNER, position, 1_001));
        world.to(10);
        cut(&mut world, 1, epoch, 10);
        let applied = world.try_act(apply_cut(position)).is_ok();
        assert_eq!(
            (applied, held(&mut world, position)),
            (left < 1_001, left),
            "{epoch}"
        );
        // Own stake from epoch 0 on is hit by each of them; the remainder of rounding is burned with the cut.
        world.act(apply_cut(1));
        assert_eq!(held(&mut world, 1), 4_500);
        assert_eq!(world.burned, 500 + 1_001 - left);
        let nothing = Reject::NothingToApply { number: position };
        assert_eq!(world.refuse(apply_cut(position)), nothing);
        world.check();
        world.drain();
    }
}

#[test]
fn only_apply_is_valid_while_a_cut_waits_and_anybody_may() {
    let (mut world, number) = world(1_000);
    let twin = world.delegate(OWNER, 2, 10);
    world.to(7);
    cut(&mut world, 1, 6, 10);
    let allow = crate::rules::restake::AllowRestake {
        owner: OWNER,
        position: number,
        allowed: true,
    };
    for input in [
        undelegate(OWNER, number, 1),
        redelegate(OWNER, number, 100, 2),
        cancel(OWNER, number),
        claim_stake(OWNER, number),
        claim_rewards(OWNER, &[number]),
        merge(OWNER, number, twin),
        merge(OWNER, twin, number),
        restake(OWNER, number),
        Input::AllowRestake(allow),
    ] {
        assert_eq!(world.refuse(input), Reject::CutPending { number });
    }
    let burned = Effect::Burn { amount: 100 };
    let effects = world.act(apply_cut(number));
    let position = number;
    assert_eq!(
        effects,
        [
            Effect::Cut {
                position,
                amount: 100
            },
            burned
        ]
    );
    world.act(undelegate(OWNER, number, 1_000));
    world.check();
}

#[test]
fn cuts_of_one_line_count_by_the_greatest_in_any_order() {
    let offences = [(6, 30), (7, 10), (8, 50), (8, 20)];
    for order in [[0, 1, 2, 3], [2, 1, 0, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
        for eager in [false, true] {
            let (mut world, position) = world(1_000);
            world.to(9);
            for (epoch, _) in offences {
                world.freeze(1, 1, epoch);
            }
            for (epoch, percent) in order.map(|place| offences[place]) {
                world.settle(1, 1, epoch, percent * PERCENT);
                if eager {
                    let _ = world.try_act(apply_cut(position));
                }
            }
            let _ = world.try_act(apply_cut(position));
            assert_eq!(held(&mut world, position), 500);
            assert_eq!(world.line(line(1, 1)).freezes, Freezes::default());
            world.check();
        }
    }
}

/// In which order the court settles two lines, in which order positions have their cuts applied, and whether they do so between two
/// settlements, changes neither what anybody holds nor what is burned.
#[test]
fn the_order_of_settlements_and_of_those_who_apply_them_is_nothing() {
    const ORDERS: [[usize; 3]; 6] = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    let mut seen = BTreeMap::new();
    for order in ORDERS {
        for (lines, eager) in [
            ([1, 2], false),
            ([2, 1], false),
            ([1, 2], true),
            ([2, 1], true),
        ] {
            let (mut world, moved) = world(1_001);
            let (stays, other) = (world.delegate(OWNER, 1, 777), world.delegate(OWNER, 2, 333));
            world.to(8);
            world.act(redelegate(OWNER, moved, 1_001, 2));
            world.to(12);
            for (operator, epoch) in [(1, 8), (2, 11)] {
                world.freeze(operator, operator.into(), epoch);
            }
            let positions = order.map(|place| [moved, stays, other][place]);
            for operator in lines {
                let (epoch, percent) = if operator == 1 { (8, 33) } else { (11, 17) };
                world.settle(operator, operator.into(), epoch, percent * PERCENT);
                for number in positions.iter().filter(|_| eager) {
                    let _ = world.try_act(apply_cut(*number));
                }
            }
            for number in positions {
                let _ = world.try_act(apply_cut(number));
            }
            let left = [moved, stays, other].map(|number| held(&mut world, number));
            *seen.entry((left, world.burned)).or_insert(0) += 1;
            world.check();
        }
    }
    let kept = |amount: u64, percents: &[u64]| -> u128 {
        let left = percents
            .iter()
            .fold(u128::from(amount), |left, cut| left * u128::from(100 - cut));
        left / 100u128.pow(u32::try_from(percents.len()).unwrap())
    };
    let left = [kept(1_001, &[33, 17]), kept(777, &[33]), kept(333, &[17])];
    let burned = 1_001 + 777 + 333 - left.iter().sum::<u128>();
    assert_eq!(seen, BTreeMap::from([((left, burned), 24)]));
}

#[test]
fn legs_of_two_lines_count_each() {
    let (mut world, position) = world(1_000);
    world.to(8);
    world.act(redelegate(OWNER, position, 1_000, 2));
    world.to(11);
    cut(&mut world, 1, 9, 10);
    world.act(apply_cut(position));
    assert_eq!(held(&mut world, position), 900);
    assert_eq!(world.line(line(2, 2)).stake, 4 * UNIT + 900);
    // Before its first epoch the second leg backs nothing.
    cut(&mut world, 2, 9, 90);
    assert_eq!(
        world.refuse(apply_cut(position)),
        Reject::NothingToApply { number: position }
    );
    cut(&mut world, 2, 10, 25);
    world.act(apply_cut(position));
    assert_eq!(held(&mut world, position), 675);
    assert_eq!(world.position(position).cuts, [WHOLE / 10, WHOLE / 4]);
    world.check();
    world.drain();
}

#[test]
fn legs_of_one_line_count_together() {
    let (mut world, position) = world(1_000);
    world.to(8);
    world.act(undelegate(OWNER, position, 1_000));
    world.to(10);
    world.act(cancel(OWNER, position));
    world.to(13);
    // The legs are 6 to 9, and 12 on; 11 lies between them.
    for (epoch, percent, left) in [(11, 99, 1_000), (8, 20, 800), (12, 10, 800), (12, 30, 700)] {
        cut(&mut world, 1, epoch, percent);
        let _ = world.try_act(apply_cut(position));
        assert_eq!(held(&mut world, position), left, "{epoch}");
    }
    // When the first leg is folded, its cut is a floor, and the base stays.
    world.to(14);
    world.mature(10);
    world.act(undelegate(OWNER, position, 1_000));
    let folded = world.position(position);
    assert_eq!((folded.base, folded.cuts), (1_000, [WHOLE / 10 * 3, 0]));
    assert!(!folded.has_two_legs());
    world.check();
    world.drain();
}

#[test]
fn a_first_leg_that_has_matured_is_folded_with_its_cut() {
    let (mut world, position) = world(1_001);
    world.to(8);
    world.act(redelegate(OWNER, position, 1_001, 2));
    world.to(12);
    cut(&mut world, 1, 9, 10);
    world.act(apply_cut(position));
    world.mature(9);
    world.act(undelegate(OWNER, position, 1));
    assert!(world.position(position).has_two_legs(), "9 has not matured");
    world.check();
    world.mature(10);
    world.act(undelegate(OWNER, position, 500));
    let folded = world.position(position);
    // ⌊1,000·9/10⌋ = 900 is the base now, and 500 of it are a part.
    assert_eq!(
        (folded.base, folded.cuts, folded.has_two_legs()),
        (400, [0, 0], false)
    );
    world.check();
    world.drain();
}

#[test]
fn what_rounding_takes_from_a_split_is_burned() {
    let (mut world, position) = world(1_000);
    world.to(7);
    cut(&mut world, 1, 6, 33);
    world.act(apply_cut(position));
    assert_eq!((held(&mut world, position), world.burned), (670, 330));
    world.act(undelegate(OWNER, position, 1));
    let part = world.made();
    // ⌊1·67/100⌋ and ⌊999·67/100⌋ are 0 and 669.
    assert_eq!(
        (held(&mut world, part), held(&mut world, position)),
        (0, 669)
    );
    assert_eq!(world.burned, 331);
    assert_eq!(world.line(line(1, 1)).stake, 5 * UNIT + 669);
    world.check();
    world.drain();
}

#[test]
fn the_whole_is_cut_and_more_than_the_whole_is_the_whole() {
    for fraction in [u64::from(WHOLE), u64::from(WHOLE) + 1, u64::MAX] {
        let (mut world, position) = world(777);
        world.to(7);
        world.freeze(1, 1, 6);
        world.settle(1, 1, 6, fraction);
        for number in [position, 1] {
            world.act(apply_cut(number));
            assert_eq!(held(&mut world, number), 0);
        }
        assert_eq!(world.burned, 777 + 5 * UNIT);
        world.check();
        world.drain();
    }
}

#[test]
fn rewards_that_are_not_settled_are_of_what_is_left_after_the_cut() {
    let (mut world, position) = world(5 * UNIT);
    world.to(6);
    // Power 10 of 17: 10,000 for a stake of 10,000.
    world.boundary(17_000);
    cut(&mut world, 1, 6, 40);
    world.act(apply_cut(position));
    assert_eq!(world.position(position).pending, 3 * UNIT);
    let before = world.paid(OWNER);
    world.act(claim_rewards(OWNER, &[position]));
    assert_eq!(world.paid(OWNER) - before, 3_000);
    world.act(apply_cut(1));
    let ends = world.drain();
    let mut ends = ends;
    // 2,000 of each of the two halves stay in what is owed, and nobody is paid them.
    assert_eq!(ends.leaf::<Rewards>(()).owed, 4 * UNIT);
}

#[test]
fn a_position_of_a_frozen_line_collects_alone() {
    let (mut world, position) = world(UNIT);
    let other = world.delegate(OWNER, 2, UNIT);
    world.to(6);
    world.boundary(10_000);
    world.freeze(1, 1, 6);
    let alone = Reject::Alone { number: position };
    assert_eq!(
        world.refuse(claim_rewards(OWNER, &[position, other])),
        alone
    );
    assert_eq!(
        world.refuse(claim_rewards(OWNER, &[other, position])),
        alone
    );
    world.act(claim_rewards(OWNER, &[position]));
    world.act(claim_rewards(OWNER, &[other]));
}

#[test]
fn a_position_whose_leg_was_cut_weighs_less_at_once_where_it_is_now() {
    let mut world = World::new(2, &[5 * UNIT, UNIT]);
    world.to(4);
    let position = world.delegate(OWNER, 1, UNIT);
    world.to(8);
    world.act(redelegate(OWNER, position, UNIT, 2));
    world.act(Input::Edit(Edit {
        min_self_stake: Some(UNIT),
        ..edit(2)
    }));
    world.to(9);
    world.act(undelegate(OWNER, position, 1));
    cut(&mut world, 1, 8, 50);
    world.act(apply_cut(position));
    // ⌊999 / 2⌋ are left.
    assert_eq!(world.leaf::<Seat>(1).stake, UNIT + 499);
    world.check();
}

#[test]
fn a_cut_takes_a_seat_away_that_is_too_small_without_it() {
    let mut world = World::new(2, &[5 * UNIT]);
    world.join(2, 2, UNIT / 2, false);
    let position = world.delegate(OWNER, 1, UNIT / 2);
    world.to(5);
    world.act(redelegate(OWNER, position, UNIT / 2, 2));
    world.act(take_seat(2));
    world.to(8);
    cut(&mut world, 1, 5, 1);
    world.act(apply_cut(position));
    assert_eq!(world.leaf::<Seat>(1), Seat::default());
    assert_eq!(world.line(line(2, 2)).until, 9);
    world.check();
}

#[test]
fn a_position_that_was_cut_as_a_whole_and_folded_can_still_be_ended() {
    let (mut world, position) = world(1_000);
    world.to(8);
    world.act(redelegate(OWNER, position, 1_000, 2));
    world.to(12);
    cut(&mut world, 1, 9, 100);
    world.act(apply_cut(position));
    world.mature(10);
    assert_eq!(
        world.refuse(undelegate(OWNER, position, 1)),
        Reject::NotEnough { amount: 1, held: 0 }
    );
    world.act(undelegate(OWNER, position, 0));
    world.check();
    world.drain();
}
