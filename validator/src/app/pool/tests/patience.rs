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
        pool.remove(&gone, Code::Stake);
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
        pool.remove(&skipped, Code::Stake);
    }
    // The last block alone counts.
    assert_eq!(pool.patience.len(), 1);
}

#[test]
fn what_a_wallet_sends_at_once_is_held_whatever_order_it_comes_in() {
    let mut pool = Pool::new(Limits::default());
    for sequence in (1..=64).rev() {
        put(&mut pool, 1, sequence, 0).unwrap();
    }
    pool.assert_sound();
    put(&mut pool, 1, 0, 0).unwrap();
    assert_eq!((pool.len(), pool.gaps), (65, 0));
    // What lies behind the first one, when that goes, is no more than one may have.
    let first = pool.at(&account(1), 0).unwrap().offer.hash;
    pool.remove(&first, Code::Stake);
    block(&mut pool, 1, &[]);
    assert_eq!(pool.gaps, 64);
}

#[test]
fn one_sender_has_an_eighth_of_the_places_behind_gaps_and_more_only_where_nobody_gives_way() {
    let limits = Limits::default();
    let (eighth, most) = (limits.gaps_of_one(), limits.most_gaps_of_one());
    assert_eq!((limits.gaps(), eighth, most), (312, 39, 64));
    let mut pool = Pool::new(limits);
    // Four senders with all that one may have, and a fifth with one place less than is left for it.
    for sender in 1..=5 {
        for sequence in 1..=if sender < 5 { 64 } else { 55 } {
            put(&mut pool, sender, sequence, 0).unwrap();
        }
    }
    assert_eq!(pool.gaps, 311);
    put(&mut pool, 5, 56, 0).unwrap();
    // Now that it is full, a higher bid takes a place of others up to an eighth, and no further.
    let dearer = |pool: &mut Pool, sender: u16, sequence: u64| {
        pool.put(pending(sender, sequence, 1_000, u64::MAX), 0)
    };
    assert_eq!(dearer(&mut pool, 5, 57), ahead(0, 57));
    for sequence in 1..=39 {
        dearer(&mut pool, 6, sequence).unwrap();
    }
    assert_eq!(dearer(&mut pool, 6, 40), ahead(0, 40));
    assert_eq!(pool.gaps, 312);
    pool.assert_sound();
    // Another one in a place that it has already is no second one, and what closes the gap is taken.
    let kept = (1..=5).find(|sender| pool.at(&account(*sender), 50).is_some());
    dearer(&mut pool, kept.unwrap(), 50).unwrap();
    for sender in [5, 6] {
        put(&mut pool, sender, 0, 0).unwrap();
    }
    pool.assert_sound();
    // Their places are free now, and one may have more than an eighth again.
    for sequence in 1..=64 {
        put(&mut pool, 7, sequence, 0).unwrap();
    }
    pool.assert_sound();
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
