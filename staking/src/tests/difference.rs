//! Laws of the difference of two sets, against an engine that is a map.

use rand::Rng;

use super::*;

pub(super) fn member(seat: u16, key: u8, power: u64) -> Member {
    Member {
        at_risk: true,
        seat,
        operator: [key; 20],
        registration: 1,
        consensus_key: [key; 32],
        checkpoint_key: [key; 96],
        power,
    }
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
