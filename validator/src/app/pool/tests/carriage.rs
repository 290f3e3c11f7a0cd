//! What carries the pool's transactions, and what is packed.

use super::*;
use crate::app::bundle;

/// The transactions of bundles, by sender and sequence, in their order.
fn packed(pool: &Pool, bundles: &[Bundle]) -> Vec<Vec<(Account, u64)>> {
    let of = |one: &Bundle| {
        let read = bundle::read(&one.bytes).expect("a bundle");
        let members = read.iter().map(|(hash, _)| {
            let header = pool.get(hash).expect("it waits").offer.header;
            (header.sender, header.sequence)
        });
        members.collect()
    };
    bundles.iter().map(of).collect()
}

/// Everything that a look packs, in all.
fn count(pool: &mut Pool, packing: Packing) -> usize {
    let bundles = pool.pack(packing, 100);
    packed(pool, &bundles).iter().map(Vec::len).sum()
}

fn brought(pool: &mut Pool, one: Arc<Pending>) -> Hash {
    let hash = one.offer.hash;
    pool.put(one, 0).unwrap();
    pool.brought_here(&hash);
    hash
}

#[test]
fn what_came_here_is_packed_at_once_and_what_came_otherwise_when_it_was_loose_for_a_turn() {
    let mut pool = Pool::new(Limits::default());
    brought(&mut pool, pending(1, 0, 10, 99));
    pool.put(pending(2, 0, 10, 99), 0).unwrap();
    let bundles = pool.pack(Packing::Own, 10);
    assert_eq!(packed(&pool, &bundles), [[(account(1), 0)]]);
    assert_eq!(count(&mut pool, Packing::Own), 0);
    assert_eq!(count(&mut pool, Packing::All), 0, "it came in this turn");
    assert_eq!(count(&mut pool, Packing::Own), 0);
    let bundles = pool.pack(Packing::All, 10);
    assert_eq!(packed(&pool, &bundles), [[(account(2), 0)]]);
    assert_eq!(count(&mut pool, Packing::All), 0, "all is carried");
    pool.assert_sound();
}

#[test]
fn what_lies_behind_a_gap_is_packed_when_the_gap_closes_with_all_that_comes_before_it() {
    let mut pool = Pool::new(Limits::default());
    brought(&mut pool, pending(1, 1, 10, 99));
    brought(&mut pool, pending(1, 2, 10, 99));
    assert_eq!(count(&mut pool, Packing::Own), 0);
    // Another node sent the first one, which would not have its turn yet.
    pool.put(pending(1, 0, 10, 99), 0).unwrap();
    let bundles = pool.pack(Packing::Own, 10);
    let all = [0, 1, 2].map(|sequence| (account(1), sequence));
    assert_eq!(packed(&pool, &bundles), [all]);
    pool.assert_sound();
}

#[test]
fn a_bundle_goes_once_less_than_half_of_it_waits_and_the_rest_is_packed_again() {
    let mut pool = Pool::new(Limits::default());
    let hashes: Vec<Hash> = (1..=4)
        .map(|sender| brought(&mut pool, pending(sender, 0, 10, 99)))
        .collect();
    let [bundle] = &pool.pack(Packing::Own, 10)[..] else {
        panic!("one bundle has room for all");
    };
    let bundle = bundle.hash;
    for (gone, hash) in hashes[..2].iter().enumerate() {
        assert!(pool.keeps(&bundle), "{gone}");
        pool.remove(hash, Code::Stake);
    }
    // Its head and its lengths count, so half of its transactions are less than half of its bytes.
    assert!(!pool.keeps(&bundle) && !pool.is_carrier(&bundle));
    assert!(pool.is_loose(&hashes[2]) && pool.is_loose(&hashes[3]));
    pool.assert_sound();
    assert_eq!(count(&mut pool, Packing::Own), 0, "it was packed once");
    assert_eq!(count(&mut pool, Packing::All), 0);
    assert_eq!(count(&mut pool, Packing::All), 2);
}

#[test]
fn a_bundle_goes_after_half_a_minute_and_what_is_alone_does_not() {
    let mut pool = Pool::new(Limits::default());
    let alone = pending(1, 0, 10, 99);
    let name = alone.offer.hash;
    pool.put(alone, 0).unwrap();
    assert_eq!(pool.carries_itself(&name, false), Some(true));
    brought(&mut pool, pending(2, 0, 10, 99));
    let bundle = pool.pack(Packing::Own, 10)[0].hash;
    for _ in 0..30 {
        pool.pass_second();
        assert!(pool.keeps(&bundle) && pool.keeps(&name));
    }
    pool.pass_second();
    assert!(!pool.keeps(&bundle) && pool.keeps(&name));
    pool.assert_sound();
}

#[test]
fn what_the_engine_asks_about_no_more_or_did_not_take_is_loose_again() {
    let mut pool = Pool::new(Limits::default());
    let [first, second] = [1, 2].map(|sender| brought(&mut pool, pending(sender, 0, 10, 99)));
    let bundle = pool.pack(Packing::Own, 10)[0].hash;
    pool.not_taken(&bundle);
    assert!(pool.is_loose(&first) && pool.is_loose(&second));
    assert_eq!(count(&mut pool, Packing::All), 0);
    let again = pool.pack(Packing::All, 10);
    assert_eq!(again[0].hash, bundle);
    for height in 1..=10 {
        pool.begin(height);
        assert!(pool.keeps(&bundle));
    }
    for height in 11..=13 {
        pool.begin(height);
        assert!(pool.is_carrier(&bundle), "{height}");
    }
    pool.begin(14);
    assert!(!pool.is_carrier(&bundle) && pool.is_loose(&first));
    pool.assert_sound();
}

#[test]
fn a_bundle_is_let_in_while_half_of_it_is_carried_by_nothing_else() {
    let mut pool = Pool::new(Limits::default());
    let all: Vec<_> = (1..=8).map(|sender| pending(sender, 0, 10, 99)).collect();
    let hashes: Vec<Hash> = all.iter().map(|one| one.offer.hash).collect();
    let bytes: usize = all.iter().map(|one| one.bytes.len() + 2).sum();
    for one in all {
        pool.put(one, 0).unwrap();
    }
    for hash in &hashes[..4] {
        assert_eq!(pool.carries_itself(hash, false), Some(true));
    }
    assert!(pool.carry([1; 32], hashes.clone(), bytes));
    assert!(
        !pool.carry([2; 32], hashes.clone(), bytes),
        "all of it is carried"
    );
    assert!(!pool.is_carrier(&[2; 32]));
    // What a bundle carries does not travel by itself too.
    assert_eq!(pool.carries_itself(&hashes[6], false), Some(false));
    pool.remove(&hashes[0], Code::Stake);
    pool.put(pending(1, 0, 11, 99), 0).unwrap();
    assert!(!pool.carry([3; 32], hashes[1..].to_vec(), bytes));
    // Nobody is carried for nothing.
    assert!(!pool.carry([4; 32], Vec::new(), 0));
    pool.assert_sound();
}

#[test]
fn the_best_bids_go_first_and_what_does_not_fit_stays_for_the_next_bundle() {
    let mut pool = Pool::new(Limits {
        places: 1_000,
        ..Limits::default()
    });
    for sender in 0..150 {
        brought(&mut pool, long(sender, 0, 3 * (u128::from(sender) + 1)));
    }
    let bundles = pool.pack(Packing::Own, 1);
    let [members] = &packed(&pool, &bundles)[..] else {
        panic!("one bundle");
    };
    assert!(bundles[0].bytes.len() <= bundle::MAX_BUNDLE_BYTES);
    let most = members.len() as u16;
    assert!((40..60).contains(&most), "{most}");
    let best: BTreeSet<_> = (150 - most..150)
        .map(|sender| (account(sender), 0))
        .collect();
    assert_eq!(members.iter().copied().collect::<BTreeSet<_>>(), best);
    assert!(members.is_sorted());
    let mut rest = 150 - usize::from(most);
    while rest > 0 {
        let some = pool.pack(Packing::Own, 1);
        rest -= packed(&pool, &some)[0].len();
    }
    assert_eq!(count(&mut pool, Packing::Own), 0);
    pool.assert_sound();
}

#[test]
fn what_comes_back_is_carried_by_nothing() {
    let mut pool = Pool::new(Limits::default());
    let one = pending(1, 0, 10, 99);
    let hash = brought(&mut pool, Arc::clone(&one));
    brought(&mut pool, pending(2, 0, 10, 99));
    let bundle = pool.pack(Packing::Own, 10)[0].hash;
    pool.remove(&hash, Code::Stake);
    pool.put(one, 0).unwrap();
    assert!(pool.is_loose(&hash) && pool.is_carrier(&bundle));
    pool.assert_sound();
    pool.not_taken(&bundle);
    pool.assert_sound();
    pool.clear();
    assert!(pool.is_empty());
    pool.assert_sound();
}

/// Else whoever asks about one of them by itself, without an engine that holds it, would keep it from bundles.
#[test]
fn what_was_carried_once_travels_by_itself_only_where_the_engine_holds_it() {
    let mut pool = Pool::new(Limits::default());
    let one = pending(1, 0, 10, 99);
    let hash = one.offer.hash;
    pool.put(one, 0).unwrap();
    assert_eq!(pool.carries_itself(&hash, false), Some(true));
    for height in 1..=4 {
        // Asking anew says nothing of what the engine holds.
        assert_eq!(pool.carries_itself(&hash, false), Some(true), "{height}");
        pool.begin(height);
    }
    assert!(pool.is_loose(&hash));
    assert_eq!(pool.carries_itself(&hash, false), Some(false));
    assert_eq!(count(&mut pool, Packing::All), 0);
    assert_eq!(count(&mut pool, Packing::All), 1);
    // One whose question came late is still held.
    let late = pending(2, 0, 10, 99);
    let name = late.offer.hash;
    pool.put(late, 0).unwrap();
    assert_eq!(pool.carries_itself(&name, false), Some(true));
    pool.not_taken(&name);
    assert_eq!(pool.carries_itself(&name, true), Some(true));
    pool.assert_sound();
}
