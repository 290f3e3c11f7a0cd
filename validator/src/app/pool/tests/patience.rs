//! What one sender may keep behind a gap, and for how long.

use super::*;

/// A block that holds these, as the application goes through it.
fn block(pool: &mut Pool, height: u64, used: &[(u16, u64)]) {
    let held = used.iter().map(|(sender, sequence)| {
        let bytes = pending(*sender, *sequence, 10, u64::MAX).bytes.clone();
        ((account(*sender), *sequence), bytes.into())
    });
    pool.pass_over(height, &Fill::default(), &held.collect());
    pool.begin(height);
    for (sender, sequence) in used {
        pool.settle(&account(*sender), &rich(sequence + 1));
    }
    pool.watch();
    pool.assert_sound();
}

fn ahead(expected: u64, found: u64) -> Result<(), Reject> {
    Err(Reject::NonceAhead { expected, found })
}

fn put(pool: &mut Pool, sender: u16, sequence: u64, next: u64) -> Result<(), Reject> {
    pool.put(pending(sender, sequence, 10, u64::MAX), next)
}

#[test]
fn what_lies_behind_a_gap_goes_after_64_blocks_and_comes_back_when_its_sender_has_paid() {
    let mut pool = Pool::new(Limits::default());
    put(&mut pool, 1, 2, 0).unwrap();
    put(&mut pool, 2, 0, 0).unwrap();
    for height in 1..64 {
        block(&mut pool, height, &[]);
        assert_eq!(pool.len(), 2);
        // Who takes it away and brings another one wins no time.
        let gone = pool.at(&account(1), 2).unwrap().offer.hash;
        pool.remove(&gone);
        put(&mut pool, 1, 2, 0).unwrap();
    }
    block(&mut pool, 64, &[]);
    assert!(pool.at(&account(1), 2).is_none());
    assert!(pool.at(&account(2), 0).is_some(), "no gap lies before it");
    for height in 65..80 {
        assert_eq!(put(&mut pool, 1, 2, 0), ahead(0, 2));
        assert_eq!(put(&mut pool, 1, 1, 0), ahead(0, 1));
        block(&mut pool, height, &[]);
    }
    // What closes the gap is taken, and so is what follows it.
    put(&mut pool, 1, 0, 0).unwrap();
    put(&mut pool, 1, 1, 0).unwrap();
    assert_eq!(put(&mut pool, 1, 3, 0), ahead(2, 3));
    block(&mut pool, 80, &[(1, 0)]);
    put(&mut pool, 1, 3, 1).unwrap();
    pool.assert_sound();
}

#[test]
fn who_pays_now_and_then_keeps_what_lies_behind_a_gap() {
    let mut pool = Pool::new(Limits::default());
    for next in 0..200 {
        put(&mut pool, 1, next, next).unwrap();
        put(&mut pool, 1, next + 2, next).unwrap();
        block(&mut pool, next + 1, &[(1, next)]);
        assert!(pool.at(&account(1), next + 2).is_some());
        let skipped = pool.at(&account(1), next + 2).unwrap().offer.hash;
        pool.remove(&skipped);
    }
    // The last block alone counts.
    assert_eq!(pool.patience.len(), 1);
}

#[test]
fn one_sender_has_an_eighth_of_the_places_behind_gaps_however_its_gap_comes() {
    let mut pool = Pool::new(Limits::default());
    let most = Limits::default().gaps_of_one() as u64;
    assert_eq!((Limits::default().gaps(), most), (312, 39));
    for sequence in 1..=most {
        put(&mut pool, 1, sequence, 0).unwrap();
    }
    assert_eq!(put(&mut pool, 1, most + 1, 0), ahead(0, most + 1));
    // Another one in a place that it has already is no second one.
    let dearer = pending(1, most, 11, u64::MAX);
    pool.put(dearer, 0).unwrap();
    // Others have room, and so has what closes the gap.
    put(&mut pool, 2, 1, 0).unwrap();
    put(&mut pool, 1, 0, 0).unwrap();
    for sequence in most + 1..=64 {
        put(&mut pool, 1, sequence, 0).unwrap();
    }
    pool.assert_sound();
    // When the first one goes, as many stay as one may have, until the next block at the latest.
    let first = pool.at(&account(1), 0).unwrap().offer.hash;
    pool.remove(&first);
    block(&mut pool, 1, &[]);
    assert_eq!(pool.gaps as u64, most + 1);
    assert!(pool.at(&account(1), most).is_some());
    assert!(pool.at(&account(1), most + 1).is_none());
}

#[test]
fn a_sender_whose_transactions_went_to_another_node_has_no_gap_here() {
    let mut pool = Pool::new(Limits::default());
    // The block behind which the pool is not swept yet used what this node never saw.
    put(&mut pool, 1, 40, 0).unwrap();
    for height in 1..=64 {
        block(&mut pool, height, &[]);
    }
    assert_eq!(put(&mut pool, 1, 5, 3), ahead(3, 5));
    put(&mut pool, 1, 3, 3).unwrap();
    put(&mut pool, 1, 4, 3).unwrap();
    pool.assert_sound();
}

#[test]
fn what_is_remembered_of_gaps_is_bounded() {
    use super::super::passed::MAX_REMEMBERED;
    let mut pool = Pool::new(Limits::default());
    for number in 0..MAX_REMEMBERED as u64 {
        let mut id = [0; 20];
        id[..8].copy_from_slice(&number.to_be_bytes());
        pool.patience.remember(Account::ethereum(id), number);
    }
    put(&mut pool, 1, 1, 0).unwrap();
    block(&mut pool, 1 << 40, &[]);
    let left = MAX_REMEMBERED + 1 - MAX_REMEMBERED / 16;
    assert_eq!(pool.patience.len(), left);
    block(&mut pool, (1 << 40) + 1, &[]);
    assert_eq!(pool.patience.len(), left, "no more than need be");
}
