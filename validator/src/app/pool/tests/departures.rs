//! Whatever was taken and leaves without a block is remembered with its reason, for a while.

use super::super::departures::{MAX_BLOCKS, MAX_REMEMBERED, MAX_SECONDS};
use super::*;

fn hash(pool: &Pool, sender: u16, sequence: u64) -> Hash {
    pool.at(&account(sender), sequence)
        .expect("it waits")
        .offer
        .hash
}

#[test]
fn what_waits_or_never_waited_has_not_gone() {
    let mut pool = small(10);
    let one = pending(1, 0, 10, 9);
    assert_eq!(pool.why_gone(&one.offer.hash), None);
    pool.put(Arc::clone(&one), 0).unwrap();
    assert_eq!(pool.why_gone(&one.offer.hash), None);
    assert_eq!(pool.gone_with_digest(one.checked.digest()), None);
    // What its sender's next sequence is past stands in a block, or another one of that sequence does.
    pool.settle(&account(1), &rich(1));
    assert!(pool.is_empty());
    assert_eq!(pool.why_gone(&one.offer.hash), None);
}

#[test]
fn each_way_out_but_a_block_is_told_and_by_the_digest_too() {
    let mut pool = small(4);
    let [first, second] = [100, 200].map(|fee| pending(1, 0, fee, u64::MAX));
    pool.put(Arc::clone(&first), 0).unwrap();
    pool.put(second, 0).unwrap();
    assert_eq!(pool.why_gone(&first.offer.hash), Some(Departure::Replaced));
    let digest = first.checked.digest();
    assert_eq!(pool.gone_with_digest(digest), Some(first.offer.hash));

    for sender in 2..=4 {
        pool.put(pending(sender, 0, 10, u64::MAX), 0).unwrap();
    }
    let lowest = pool.order.first().expect("they wait").hash;
    pool.put(pending(5, 0, 50, u64::MAX), 0).unwrap();
    assert_eq!(pool.why_gone(&lowest), Some(Departure::MadeRoom));

    let mut pool = small(20);
    let (until, mut seen) = (5, Vec::new());
    pool.put(pending(1, 0, 10, until), 0).unwrap();
    pool.put(pending(2, 0, 10, u64::MAX), 0).unwrap();
    pool.put(pending(2, 1, 10, u64::MAX), 0).unwrap();
    pool.put(pending(3, 0, 10, u64::MAX), 0).unwrap();
    pool.put(pending(4, 3, 10, u64::MAX), 0).unwrap();
    seen.push((hash(&pool, 1, 0), Departure::Expired));
    seen.push((hash(&pool, 2, 1), Departure::Uncovered));
    seen.push((hash(&pool, 3, 0), Departure::Useless(Code::Stake)));
    seen.push((hash(&pool, 4, 3), Departure::Behind));
    pool.begin(until);
    pool.settle(&account(2), &with_balance(0, 19));
    pool.remove(&seen[2].0, Code::Stake);
    for height in until + 1..=until + 64 {
        pool.begin(height);
        pool.watch();
    }
    seen.push((hash(&pool, 2, 0), Departure::Ended));
    pool.clear();
    for (hash, why) in seen {
        assert_eq!(pool.why_gone(&hash), Some(why));
        assert_ne!(why.code(), Code::Ok);
    }
    pool.assert_sound();
}

/// A wallet that asks what to sign next is told the sequence of what was evicted, and the same bytes wait again.
#[test]
fn what_was_evicted_is_its_senders_next_sequence_and_may_come_back() {
    let mut pool = small(4);
    for sequence in 0..4 {
        pool.put(pending(1, sequence, 10, 99), 0).unwrap();
    }
    assert_eq!(pool.next_sequence(&account(1), 0), 4);
    let last = Arc::clone(pool.at(&account(1), 3).unwrap());
    pool.put(pending(2, 0, 20, 99), 0).unwrap();
    let gone = &last.offer.hash;
    assert_eq!(pool.why_gone(gone), Some(Departure::MadeRoom));
    assert_eq!(pool.next_sequence(&account(1), 0), 3);
    // In the middle of a queue, too: what is behind it still waits.
    let middle = hash(&pool, 1, 1);
    pool.remove(&middle, Code::Stake);
    assert_eq!(pool.next_sequence(&account(1), 0), 1);
    assert!(pool.at(&account(1), 2).is_some());
    pool.put(pending(1, 1, 10, 99), 0).unwrap();
    assert_eq!(pool.why_gone(&middle), None);
    assert_eq!(pool.next_sequence(&account(1), 0), 3);
    pool.settle(&account(2), &rich(1));
    pool.put(Arc::clone(&last), 0).unwrap();
    assert_eq!(pool.why_gone(gone), None);
    assert_eq!(pool.gone_with_digest(last.checked.digest()), None);
    assert_eq!(pool.next_sequence(&account(1), 0), 4);
    pool.assert_sound();
}

/// Puts `count` transactions of one sender into the pool.
fn row(pool: &mut Pool, count: u64) -> Vec<Arc<Pending>> {
    let all: Vec<_> = (0..count)
        .map(|sequence| pending(1, sequence, 10, 9))
        .collect();
    for one in &all {
        pool.put(Arc::clone(one), 0).unwrap();
    }
    all
}

#[test]
fn another_one_of_the_same_sequence_in_a_block_is_told_and_its_own_block_is_not() {
    let mut pool = small(10);
    let all = row(&mut pool, 3);
    let bytes = |one: &Pending| one.bytes.clone().into();
    let other = pending(1, 1, 11, 9);
    let held = Held::from([
        ((account(1), 0), bytes(&all[0])),
        ((account(1), 1), bytes(&other)),
    ]);
    pool.displace(&account(1), 2, &held);
    pool.settle(&account(1), &rich(2));
    let told = all.iter().map(|one| pool.why_gone(&one.offer.hash));
    let told: Vec<_> = told.collect();
    assert_eq!(told, [None, Some(Departure::Displaced), None]);
    assert_eq!(pool.len(), 1);
    pool.assert_sound();
    // A forced one has no bytes in the block that wait here.
    pool.displace(&account(1), 3, &Held::new());
    pool.settle(&account(1), &rich(3));
    assert_eq!(
        pool.why_gone(&all[2].offer.hash),
        Some(Departure::Displaced)
    );
    pool.assert_sound();
}

/// Between the block and the sweep behind it another one of the same sender comes.
#[test]
fn what_a_new_one_finds_used_is_told_as_displaced() {
    let mut pool = small(10);
    let one = pending(1, 0, 10, 9);
    pool.put(Arc::clone(&one), 0).unwrap();
    pool.put(pending(1, 1, 10, 9), 1).unwrap();
    pool.displace(&account(1), 1, &Held::new());
    pool.settle(&account(1), &rich(1));
    let told = pool.why_gone(&one.offer.hash);
    assert_eq!((told, pool.len()), (Some(Departure::Displaced), 1));
    pool.assert_sound();
}

#[test]
fn a_gap_that_opens_tells_those_for_which_it_leaves_no_room() {
    let mut pool = small(10);
    let all = row(&mut pool, 8);
    pool.remove(&all[0].offer.hash, Code::Stake);
    let behind = all[1..].iter();
    let told = behind.filter(|one| pool.why_gone(&one.offer.hash) == Some(Departure::Behind));
    assert_eq!((told.count(), pool.len()), (5, 2));
    pool.assert_sound();
}

#[test]
fn departures_are_forgotten_after_blocks_and_seconds_and_are_never_too_many() {
    let mut pool = small(10);
    let one = pending(1, 0, 10, u64::MAX);
    let name = one.offer.hash;
    let leave = |pool: &mut Pool| {
        pool.put(Arc::clone(&one), 0).unwrap();
        pool.remove(&name, Code::Stake);
    };
    leave(&mut pool);
    // It went once more a block later: it is remembered from then on.
    pool.begin(1);
    leave(&mut pool);
    pool.begin(1 + MAX_BLOCKS);
    assert_eq!(pool.why_gone(&name), Some(Departure::Useless(Code::Stake)));
    // An engine that comes back brings many blocks in no time.
    pool.begin(2 + MAX_BLOCKS);
    assert!(pool.why_gone(&name).is_some());
    for _ in 0..MAX_SECONDS {
        pool.pass_second();
    }
    pool.begin(1 << 20);
    assert!(pool.why_gone(&name).is_some());
    pool.pass_second();
    pool.begin(1 << 20);
    assert_eq!(pool.why_gone(&name), None);
    assert_eq!(pool.remembered_departures(), [0, 0, 0]);
    for _ in 0..=MAX_REMEMBERED {
        leave(&mut pool);
    }
    assert_eq!(pool.remembered_departures(), [1, 1, MAX_REMEMBERED]);
    let others = [2, 3].map(|sender| pending(sender, 0, 10, u64::MAX));
    for other in others {
        let hash = other.offer.hash;
        pool.put(other, 0).unwrap();
        pool.remove(&hash, Code::Stake);
    }
    assert_eq!(pool.remembered_departures(), [3, 3, MAX_REMEMBERED]);
}
