//! Whoever changes its keys, one or both, back and forth, in whatever state it is, loses as much as if it had not, and is jailed as long.

use super::*;

/// Operator 1 registers under this number; whether the child took it.
fn rotate(trial: &mut Trial, number: u64, keys: [u8; 2]) -> bool {
    trial.operate(registration_of(1, number, keys));
    let held: Option<Registration> = trial.find((op(1), number));
    held.is_some()
}

/// Operator 1 registers under this number with a key that it had before, and the child does not take it.
fn never_again(trial: &mut Trial, number: u64, keys: [u8; 2]) {
    assert!(!rotate(trial, number, keys), "{keys:?} came back");
}

#[test]
fn nobody_evades_by_a_rotation_that_keeps_a_key() {
    let keeps: [fn(&mut Trial); 2] = [
        |trial| _ = rotate(trial, 50, [1, 50]),
        |trial| _ = rotate(trial, 50, [50, 1]),
    ];
    for step in keeps {
        let done = at_every_offset(&[step, undelegate_all]);
        done.are("Register", &["NoEffect"], closed);
        done.are("Undelegate", &["Frozen"], never);
    }
}

/// One key after the other, so that nothing is left of the first registration, and then the way back.
#[test]
fn nobody_evades_by_rotating_and_going_back() {
    let done = at_every_offset(&[
        |trial| _ = rotate(trial, 50, [50, 1]),
        |trial| {
            let is_kept = rotate(trial, 51, [50, 51]);
            if is_kept {
                never_again(trial, 52, [1, 51]);
                never_again(trial, 52, [1, 52]);
            }
        },
        undelegate_all,
    ]);
    // Where the line was closed before the first step, the second one's keys are both new, and open another line.
    done.are("Register", &["NoEffect"], never);
    done.are("Undelegate", &["Frozen"], never);
}

/// The engine has shown two votes of the key: it is out, the other one stays while the line is open, and the seat is taken again.
#[test]
fn nobody_evades_by_a_rotation_behind_a_tombstone() {
    let done = at_every_offset(&[
        |trial| {
            trial.operate(Input::Tombstone([1; 20]));
            never_again(trial, 50, [1, 50]);
            rotate(trial, 51, [51, 1]);
        },
        |trial| {
            never_again(trial, 52, [1, 52]);
            seat_again(trial);
        },
        seat_again,
        undelegate_all,
    ]);
    done.are("Tombstone", &[], never);
    let defences = [
        "InJail",
        "LineClosed",
        "LostSeat",
        "StakeBelowSeat",
        "Tombstoned",
    ];
    done.are("TakeSeat", &defences, |at| at < -1 || closed(at));
    done.are("Undelegate", &["Frozen"], never);
}

/// A line in jail changes its keys and comes out no earlier; where the court has closed it, only with two new keys, and behind it.
#[test]
fn nobody_evades_by_rotating_in_jail() {
    for keys in [[1, 50], [50, 1], [50, 50]] {
        let mut all = Outcomes::default();
        for offence in [0, 4] {
            for court in every_court(offence) {
                for away in 0..offence + 5 {
                    let absent = Some(away);
                    let jailed = Play {
                        absent,
                        ..Play::of(court)
                    };
                    let done = play(jailed, |trial, before| {
                        if before && trial.epoch == away + 1 {
                            rotate(trial, 50, keys);
                            undelegate_all(trial);
                        }
                        if before && (away + 1..away + 4).contains(&trial.epoch) {
                            trial.operate(unjail(1));
                        }
                    });
                    all.add(done, away);
                }
            }
        }
        all.are("Register", &["NoEffect"], never);
        all.are("Undelegate", &["Frozen"], never);
        let defences = ["InJail", "NotSeated", "NotJailed"];
        all.are("Unjail", &defences, |behind| behind != 3);
    }
}

/// An operator rotates in each epoch: the set of each has the keys that it had when that was fixed, and the court finds every one of them.
#[test]
fn every_registration_of_a_row_can_be_cut() {
    let mut all = Outcomes::default();
    for offence in [0, 3] {
        for court in every_court(offence) {
            let done = play(Play::of(court), |trial, before| {
                let number = 50 + trial.epoch;
                if !before || trial.newest(1) != line(1, 1) {
                    return;
                }
                let operator: Operator = trial.leaf(op(1));
                let held: Registration = trial.leaf((op(1), operator.registration));
                let [consensus, checkpoint] = [held.consensus_key[0], held.checkpoint_key[0]];
                let new = number as u8;
                let keys = match number % 2 {
                    0 => [consensus, new],
                    _ => [new, checkpoint],
                };
                rotate(trial, number, keys);
                let epoch = trial.epoch;
                if let Some(found) = member(trial, epoch) {
                    let expected = epoch.checked_sub(2).map_or(1, |fixed| 50 + fixed);
                    assert_eq!(found, expected, "the set of epoch {epoch}");
                }
            });
            all.add(done, offence);
        }
    }
    all.are("Register", &["NoEffect"], closed);
}
