//! In which turn blocks are read again.

use super::*;

/// All that are read again at one tip, in their order.
fn turns(
    rereading: &mut Rereading,
    later: &BTreeMap<u64, BTreeSet<u64>>,
    accepted: u64,
) -> Vec<Later> {
    let ready = later.keys().copied().collect();
    let mut turns = Vec::new();
    while let Some(next) = rereading.next(later, &ready, |epoch| epoch < accepted) {
        turns.push(next);
    }
    turns
}

#[test]
fn a_block_that_comes_back_is_read_once_at_each_tip_and_keeps_none_out() {
    let later = BTreeMap::from([(3, BTreeSet::from([10, 11])), (5, BTreeSet::from([9]))]);
    let mut rereading = Rereading::default();
    rereading.look(B256::repeat_byte(1), &later);
    let ready = BTreeSet::from([3, 5]);
    assert_eq!(rereading.next(&later, &ready, |_| true), Some((3, 10)));
    // The next tip comes before the others had their turn, and the circle goes on behind the last one.
    rereading.look(B256::repeat_byte(2), &later);
    assert_eq!(turns(&mut rereading, &later, 9), [(3, 11), (5, 9), (3, 10)]);
    rereading.look(B256::repeat_byte(2), &later);
    assert_eq!(turns(&mut rereading, &later, 9), []);
    rereading.look(B256::repeat_byte(3), &later);
    assert_eq!(
        rereading.next(&later, &BTreeSet::from([5]), |_| true),
        Some((5, 9))
    );
}

#[test]
fn what_stands_in_the_book_takes_no_turn_before_root_accepts_something_of_its_epoch() {
    let later = BTreeMap::from([(3, BTreeSet::from([10])), (4, BTreeSet::from([10, 12]))]);
    let mut rereading = Rereading::default();
    rereading.look(B256::repeat_byte(1), &later);
    rereading.book(3, 10);
    rereading.book(4, 12);
    rereading.book(9, 1);
    assert_eq!(turns(&mut rereading, &later, 3), [(4, 10)]);
    rereading.look(B256::repeat_byte(2), &later);
    assert_eq!(turns(&mut rereading, &later, 4), [(3, 10), (4, 10)]);
    assert_eq!(rereading.booked, BTreeSet::from([(3, 10), (4, 12)]));
    // A restart has no book.
    let mut other = Rereading::default();
    other.look(B256::repeat_byte(2), &later);
    assert_eq!(turns(&mut other, &later, 0), [(3, 10), (4, 10), (4, 12)]);
}
