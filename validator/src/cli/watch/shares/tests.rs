//! Which epochs a node is asked for.

use std::ops::Range;

use super::*;

/// The epochs that are asked for in as many turns, of a node that has these.
fn asked(turns: &mut EpochTurns, has: Range<u64>, count: u64) -> Vec<u64> {
    let mut asked = Vec::new();
    for _ in 0..count {
        for epoch in turns.epochs() {
            asked.push(epoch);
            if has.contains(&epoch) {
                turns.has(epoch);
            }
        }
    }
    asked
}

#[test]
fn a_node_that_lacks_the_first_epoch_is_read_on_from_what_it_has() {
    let mut turns = EpochTurns::new(84);
    // It was made from a snapshot, and has nothing of before.
    let told = asked(&mut turns, 100..105, 24);
    assert!((100..105).all(|epoch| told.contains(&epoch)), "{told:?}");
    assert_eq!(turns.next, 105);
}

#[test]
fn the_newest_epochs_are_asked_again_and_what_comes_next_each_time() {
    let mut turns = EpochTurns::new(3);
    assert_eq!(asked(&mut turns, 0..0, 3), [3, 4, 3, 5, 3, 6]);
    turns.has(3);
    turns.has(4);
    assert_eq!(asked(&mut turns, 0..0, 1), [3, 4, 5, 6]);
    turns.has(9);
    turns.has(5);
    assert_eq!(asked(&mut turns, 0..0, 1), [7, 8, 9, 10, 11]);
    // It is looked for as far as the watcher listens, and then from the beginning.
    let told = asked(&mut EpochTurns::new(0), 0..0, 200);
    assert_eq!(told.iter().max(), Some(&AHEAD));
    assert_eq!(told.iter().filter(|epoch| **epoch == 1).count(), 3);
}
