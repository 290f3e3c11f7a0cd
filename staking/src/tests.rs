//! Laws of seats, minima, sets and differences, checked against naive scans over seeded random sequences.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::minima::{self, Node, Weight};
use crate::*;

const UNIT: u128 = 1_000;

fn rng(seed: u64) -> ChaCha8Rng {
    println!("seed {seed}");
    ChaCha8Rng::seed_from_u64(seed)
}

fn rules(seats: u16) -> Rules {
    Rules {
        seats,
        unit: UNIT,
        ring: 3,
    }
}

fn place(seat: u16, stake: u128) -> Place {
    let mut consensus_key = [7; 32];
    consensus_key[..2].copy_from_slice(&seat.to_be_bytes());
    let mut operator = [9; 20];
    operator[..2].copy_from_slice(&seat.to_be_bytes());
    Place {
        seat,
        operator,
        registration: u64::from(seat) + 1,
        consensus_key,
        checkpoint_key: [3; 96],
        stake,
    }
}

fn member(seat: u16, key: u8, power: u64) -> Member {
    Member {
        seat,
        operator: [key; 20],
        registration: 1,
        consensus_key: [key; 32],
        checkpoint_key: [key; 96],
        power,
    }
}

fn seat_of(leaves: &mut MemoryLeaves, seat: u16) -> Seat {
    leaves.read(seat).unwrap().unwrap()
}

fn naive_weakest(leaves: &mut MemoryLeaves, seats: u16) -> Weight {
    (0..seats)
        .map(|seat| Weight {
            stake: seat_of(leaves, seat).weight(),
            seat,
        })
        .min()
        .unwrap()
}

#[test]
fn the_tree_of_minima_names_the_weakest_seat_that_a_scan_names() {
    let mut rng = rng(1);
    for seats in [1u16, 2, 15, 16, 17, 31, 33, 255, 256, 257, 300, 511, 512] {
        let rules = rules(seats);
        let mut leaves = MemoryLeaves::new(seats);
        let mut order: Vec<u16> = (0..seats).collect();
        for i in (1..order.len()).rev() {
            order.swap(i, rng.random_range(0..=i));
        }
        for seat in order {
            let stake =
                UNIT * u128::from(rng.random_range(1..5u8)) + u128::from(rng.random_range(0..3u8));
            let effects = apply(
                &mut leaves,
                &rules,
                Input::Place {
                    place: place(seat, stake),
                    total: 0,
                },
            )
            .unwrap();
            let scanned = naive_weakest(&mut leaves, seats);
            assert_eq!(effects[1], Effect::Weakest(scanned), "{seats} seats");
            assert_eq!(minima::weakest(&mut leaves, seats).unwrap(), scanned);
        }
        let stakes: Vec<u128> = (0..seats)
            .map(|seat| seat_of(&mut leaves, seat).weight())
            .collect();
        for (level, nodes) in minima::build(&stakes).into_iter().enumerate() {
            for (index, node) in nodes.into_iter().enumerate() {
                let held: Option<Node> = leaves.read((level as u8, index as u16)).unwrap();
                assert_eq!(
                    held,
                    Some(node),
                    "{seats} seats, level {level}, node {index}"
                );
            }
        }
    }
}

#[test]
fn the_levels_of_minima_have_one_node_for_sixteen_below_up_to_a_single_one() {
    for (seats, widths) in [
        (0u16, vec![]),
        (1, vec![1]),
        (16, vec![1]),
        (17, vec![2, 1]),
        (256, vec![16, 1]),
        (257, vec![17, 2, 1]),
        (512, vec![32, 2, 1]),
    ] {
        assert_eq!(minima::widths(seats), widths);
        let built = minima::build(&vec![0; usize::from(seats)]);
        assert_eq!(
            built
                .iter()
                .map(|level| level.len() as u16)
                .collect::<Vec<_>>(),
            widths
        );
    }
    assert_eq!(Node::default().least(), Weight::UNUSED);
}

#[test]
fn a_seat_that_is_not_active_counts_as_zero_and_gives_no_member() {
    let rules = rules(4);
    for state in [SeatState::Jailed, SeatState::Tombstoned, SeatState::Empty] {
        let mut leaves = MemoryLeaves::new(4);
        for seat in 0..4 {
            apply(
                &mut leaves,
                &rules,
                Input::Place {
                    place: place(seat, 5 * UNIT),
                    total: 0,
                },
            )
            .unwrap();
        }
        let held = seat_of(&mut leaves, 2);
        let changed = match state {
            SeatState::Empty => Seat::default(),
            state => Seat { state, ..held },
        };
        assert_eq!(changed.weight(), 0);
        leaves.write(2, &changed).unwrap();
        let effects = apply(
            &mut leaves,
            &rules,
            Input::Roll {
                epoch: 2,
                first: 0,
                count: 4,
                total: 0,
            },
        )
        .unwrap();
        let seats: Vec<u16> = effects
            .iter()
            .filter_map(|effect| {
                if let Effect::Member(member) = effect {
                    Some(member.seat)
                } else {
                    None
                }
            })
            .collect();
        assert_eq!(seats, [0, 1, 3]);
        assert_eq!(
            leaves.read::<MemberLeaf>((2, 2)).unwrap(),
            Some(MemberLeaf::absent(2))
        );
    }
}

#[test]
fn rolling_in_ranges_gives_the_set_that_rolling_at_once_gives() {
    let mut rng = rng(2);
    let rules = rules(40);
    let mut leaves = MemoryLeaves::new(40);
    for seat in 0..40 {
        if rng.random_bool(0.6) {
            let stake = UNIT * u128::from(rng.random_range(1..100u8)) + 999;
            apply(
                &mut leaves,
                &rules,
                Input::Place {
                    place: place(seat, stake),
                    total: 0,
                },
            )
            .unwrap();
        }
    }
    apply(
        &mut leaves,
        &rules,
        Input::Roll {
            epoch: 2,
            first: 0,
            count: 40,
            total: 0,
        },
    )
    .unwrap();
    let mut total = 0;
    for first in [0u16, 16, 32] {
        let count = 16.min(40 - first);
        let effects = apply(
            &mut leaves,
            &rules,
            Input::Roll {
                epoch: 3,
                first,
                count,
                total,
            },
        )
        .unwrap();
        let Some(Effect::Rolled { next, total: sum }) = effects.last() else {
            panic!("no end: {effects:?}")
        };
        assert_eq!(*next, first + count);
        total = *sum;
    }
    let at_once = set_at(&mut leaves, &rules, 2 * 16 + 1, 16).unwrap();
    let in_ranges = set_at(&mut leaves, &rules, 3 * 16 + 1, 16).unwrap();
    assert_eq!(at_once, in_ranges);
    assert_eq!(total_power(&in_ranges), Ok(total));
    for member in &in_ranges {
        let stake = seat_of(&mut leaves, member.seat).stake;
        assert_eq!(
            u128::from(member.power),
            stake / UNIT,
            "the rest of a unit has no weight"
        );
    }
}

#[test]
fn a_set_is_read_by_height_and_only_while_the_ring_holds_it() {
    let rules = rules(2);
    let mut leaves = MemoryLeaves::new(2);
    apply(
        &mut leaves,
        &rules,
        Input::Place {
            place: place(1, UNIT),
            total: 0,
        },
    )
    .unwrap();
    for epoch in 0..=4 {
        apply(
            &mut leaves,
            &rules,
            Input::Roll {
                epoch,
                first: 0,
                count: 2,
                total: 0,
            },
        )
        .unwrap();
    }
    for (height, held) in [
        (1, false),
        (32, false),
        (33, true),
        (48, true),
        (80, true),
        (81, false),
    ] {
        assert_eq!(
            set_at(&mut leaves, &rules, height, 16).is_ok(),
            held,
            "height {height}"
        );
    }
    let gone = set_at(&mut leaves, &rules, 1, 16).unwrap_err();
    assert_eq!(
        gone,
        Error::Reject(Reject::SetNotHeld {
            epoch: 0,
            seat: 0,
            held: Some(3)
        })
    );
    let none = set_at(&mut leaves, &rules, 0, 16).unwrap_err();
    assert_eq!(
        none,
        Error::Reject(Reject::NoEpoch {
            height: 0,
            epoch_blocks: 16
        })
    );
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
fn what_cannot_be_placed_is_refused_and_writes_nothing() {
    let rules = rules(4);
    let mut leaves = MemoryLeaves::new(4);
    apply(
        &mut leaves,
        &rules,
        Input::Place {
            place: place(0, UNIT),
            total: 0,
        },
    )
    .unwrap();
    let bound = MAX_TOTAL_POWER;
    let cases: [(Place, u64, Reject); 6] = [
        (
            place(0, UNIT),
            0,
            Reject::Taken {
                seat: 0,
                state: SeatState::Active,
            },
        ),
        (
            place(4, UNIT),
            0,
            Reject::Range {
                first: 4,
                end: 5,
                seats: 4,
            },
        ),
        (
            place(u16::MAX, UNIT),
            0,
            Reject::Range {
                first: u16::MAX,
                end: 65_536,
                seats: 4,
            },
        ),
        (
            Place {
                operator: [0; 20],
                ..place(1, UNIT)
            },
            0,
            Reject::NoOperator { seat: 1 },
        ),
        (
            place(1, UNIT - 1),
            0,
            Reject::BelowUnit {
                stake: UNIT - 1,
                unit: UNIT,
            },
        ),
        (
            place(1, UNIT),
            bound,
            PowerError::AboveBound {
                power: u128::from(bound) + 1,
                bound,
            }
            .into(),
        ),
    ];
    let before = format!("{leaves:?}");
    for (place, total, reject) in cases {
        let error = apply(&mut leaves, &rules, Input::Place { place, total }).unwrap_err();
        assert_eq!(error, Error::Reject(reject));
        assert_eq!(format!("{leaves:?}"), before, "a reject wrote something");
    }
    let huge = apply(
        &mut leaves,
        &rules,
        Input::Place {
            place: place(1, u128::MAX),
            total: 0,
        },
    )
    .unwrap_err();
    let power = u128::MAX / UNIT;
    assert_eq!(
        huge,
        Error::Reject(PowerError::AboveBound { power, bound }.into())
    );
}

#[test]
fn rules_and_ranges_out_of_bounds_are_refused() {
    let mut leaves = MemoryLeaves::new(4);
    let roll = |first, count| Input::Roll {
        epoch: 2,
        first,
        count,
        total: 0,
    };
    for (rules, input) in [
        (
            Rules {
                seats: 0,
                unit: UNIT,
                ring: 3,
            },
            roll(0, 1),
        ),
        (
            Rules {
                seats: 513,
                unit: UNIT,
                ring: 3,
            },
            roll(0, 1),
        ),
        (
            Rules {
                seats: 4,
                unit: 0,
                ring: 3,
            },
            roll(0, 1),
        ),
        (rules(4), roll(0, 0)),
        (rules(4), roll(0, 5)),
        (rules(4), roll(4, 1)),
        (rules(4), roll(u16::MAX, u16::MAX)),
    ] {
        let error = apply(&mut leaves, &rules, input.clone()).unwrap_err();
        assert!(matches!(error, Error::Reject(_)), "{input:?}: {error:?}");
    }
    let missing = apply(&mut leaves, &rules(5), roll(0, 5)).unwrap_err();
    assert_eq!(
        missing,
        Error::Missing(Key::Seat(4)),
        "a missing leaf is a fault, not a reject"
    );
}

#[test]
fn the_difference_applied_to_one_set_gives_the_other() {
    let mut rng = rng(3);
    for _ in 0..2_000 {
        let (old, new) = (random_set(&mut rng), random_set(&mut rng));
        let mut engine: BTreeMap<[u8; 32], u64> =
            old.iter().map(|m| (m.consensus_key, m.power)).collect();
        match difference(&old, &new).unwrap() {
            Difference::KeepOld => assert!(new.is_empty()),
            Difference::Updates(updates) => {
                for Update {
                    consensus_key,
                    power,
                } in &updates
                {
                    match power {
                        0 => assert!(
                            engine.remove(consensus_key).is_some(),
                            "an absent key was removed"
                        ),
                        _ => assert_ne!(
                            engine.insert(*consensus_key, *power),
                            Some(*power),
                            "nothing changed"
                        ),
                    }
                }
                let keys: std::collections::BTreeSet<_> =
                    updates.iter().map(|u| u.consensus_key).collect();
                assert_eq!(keys.len(), updates.len(), "a key was named twice");
                let wanted: BTreeMap<_, _> =
                    new.iter().map(|m| (m.consensus_key, m.power)).collect();
                assert_eq!(engine, wanted);
            }
        }
    }
}

fn random_set(rng: &mut ChaCha8Rng) -> Vec<Member> {
    let mut keys: Vec<u8> = (0..12).collect();
    let mut set = Vec::new();
    for seat in 0..12 {
        if rng.random_bool(0.5) {
            let key = keys.swap_remove(rng.random_range(0..keys.len()));
            set.push(member(seat, key, rng.random_range(1..4)));
        }
    }
    set
}

#[test]
fn the_difference_is_ordered_by_seat_and_a_removal_stands_before_the_arrival() {
    let old = [member(0, 1, 5), member(3, 2, 5), member(7, 3, 5)];
    let new = [
        member(0, 1, 5),
        member(3, 4, 6),
        member(5, 5, 7),
        member(7, 3, 9),
    ];
    let update = |key: u8, power| Update {
        consensus_key: [key; 32],
        power,
    };
    let expected = vec![update(2, 0), update(4, 6), update(5, 7), update(3, 9)];
    assert_eq!(difference(&old, &new), Ok(Difference::Updates(expected)));
    assert_eq!(difference(&old, &old), Ok(Difference::Updates(vec![])));
    assert_eq!(difference(&old, &[]), Ok(Difference::KeepOld));
}

#[test]
fn a_set_that_no_engine_could_run_is_refused() {
    let good = [member(0, 1, 5)];
    for (bad, error) in [
        (
            vec![member(0, 1, 5), member(1, 1, 5)],
            DifferenceError::DuplicateKey {
                first: 0,
                second: 1,
            },
        ),
        (vec![member(0, 1, 0)], DifferenceError::NoPower { seat: 0 }),
        (
            vec![member(1, 1, 5), member(0, 2, 5)],
            DifferenceError::Order {
                first: 1,
                second: 0,
            },
        ),
        (
            vec![member(1, 1, 5), member(1, 2, 5)],
            DifferenceError::Order {
                first: 1,
                second: 1,
            },
        ),
    ] {
        assert_eq!(difference(&good, &bad), Err(error));
        assert_eq!(difference(&bad, &good), Err(error));
    }
}

#[test]
fn power_rounds_down_and_stays_below_the_bound() {
    assert_eq!(power_down(1_999, 1_000), Ok(1));
    assert_eq!(power_down(0, 1_000), Ok(0));
    assert_eq!(power_down(1, 0), Err(PowerError::ZeroUnit));
    assert_eq!(
        power_down(u128::from(MAX_TOTAL_POWER), 1),
        Ok(MAX_TOTAL_POWER)
    );
    assert!(power_down(u128::from(MAX_TOTAL_POWER) + 1, 1).is_err());
    // All that fits the escrow on root, at the smallest unit.
    assert_eq!(power_down(1 << 112, MIN_UNIT), Ok(MAX_TOTAL_POWER));
    assert!(power_down(1 << 112, MIN_UNIT - 1).is_err());
    let half = MAX_TOTAL_POWER / 2;
    assert_eq!(
        total_power(&[member(0, 1, half), member(1, 2, half)]),
        Ok(MAX_TOTAL_POWER)
    );
    assert!(total_power(&[member(0, 1, half), member(1, 2, half + 1)]).is_err());
    assert!(total_power(&[member(0, 1, u64::MAX), member(1, 2, u64::MAX)]).is_err());
}

#[test]
fn state_bytes_are_those_of_the_protocol() {
    for (byte, state) in [
        (0, SeatState::Empty),
        (1, SeatState::Active),
        (2, SeatState::Jailed),
        (3, SeatState::Tombstoned),
    ] {
        assert_eq!(
            (state.byte(), SeatState::from_byte(byte)),
            (byte, Some(state))
        );
    }
    assert!((4..=255).all(|byte| SeatState::from_byte(byte).is_none()));
}
