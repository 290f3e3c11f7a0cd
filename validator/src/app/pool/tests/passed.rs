//! Whom blocks pass over.

use super::*;
use crate::ledger::transaction::StakeBody;

/// A block of this height comes, with room for `fill`. Of these senders it holds what waits here in front of their next sequences.
fn block(pool: &mut Pool, height: u64, fill: &Fill, used: &[(u16, u64)]) {
    let held = used.iter().map(|(one, next)| {
        let place = (account(*one), next - 1);
        let bytes = pool.at(&place.0, place.1).expect("it waits").bytes.clone();
        (place, bytes.into())
    });
    let held = held.collect();
    travel(pool);
    pool.pass_over(height, fill, &held);
    behind(pool, height, used);
}

/// The sweep behind a block.
fn behind(pool: &mut Pool, height: u64, used: &[(u16, u64)]) {
    pool.begin(height);
    for (sender, at) in used {
        pool.settle(&account(*sender), &rich(*at));
    }
    travel(pool);
    pool.watch();
    pool.assert_sound();
}

/// The engine asks about all of it: it travels.
fn travel(pool: &mut Pool) {
    for hash in pool.hashes.keys().copied().collect::<Vec<_>>() {
        assert_eq!(pool.carries_itself(&hash, true), Some(true));
    }
}

fn empty() -> Fill {
    Fill::new(Vec::new(), 1 << 20, 100)
}

fn has_right(pool: &Pool, sender: u16) -> bool {
    let first = pool.senders[&account(sender)].waiting.first_key_value();
    let (_, first) = first.expect("something waits");
    first.rank.unwrap().readiness != Readiness::Passed
}

#[test]
fn a_block_had_room_for_what_fits_behind_all_that_bids_at_least_nearly_as_much() {
    // Three of 100 bytes each; 50 bytes are left.
    let users = vec![(30, 100), (10, 100), (20, 100)];
    for (is_open, bid, bytes, expected) in [
        (true, 1, 50, true),
        (true, 1, 51, false),
        (false, 1, 50, false),
        // What bids a tenth more than the lowest would have been taken before it.
        (false, 11, 150, true),
        (false, 11, 151, false),
        (true, 10, 51, false),
        (false, 10, 50, false),
        (true, 22, 250, true),
        (true, 21, 151, false),
        (false, 33, 350, true),
        (false, 1 << 100, 351, false),
    ] {
        let fill = Fill::new(users.clone(), 50, u32::from(is_open));
        let found = fill.had_room(bid, bytes);
        assert_eq!(found, expected, "{is_open} {bid} {bytes}");
    }
    assert!(!Fill::new(Vec::new(), 50, 0).had_room(1 << 100, 1));
    assert!(Fill::new(Vec::new(), 50, 1).had_room(0, 50));
}

/// All of it is ready, is covered, bids what nobody else does, and waits on this node alone.
#[test]
fn who_fills_a_pool_with_what_no_block_takes_keeps_nobody_out_behind_eight_blocks() {
    let mut pool = Pool::new(Limits::default());
    for sender in 0..157 {
        for sequence in 1..=64 {
            let one = pending(sender, sequence, 1 << 60, u64::MAX);
            let _ = pool.put(one, 1);
        }
    }
    assert_eq!((pool.len(), pool.held), (10_000, 0));
    let full = Err(Reject::PoolFull {
        held: 10_000,
        limit: 10_000,
    });
    pool.watch();
    for height in 1..=8 {
        assert_eq!(pool.put(pending(1_000, 0, 1, 99), 0), full);
        block(&mut pool, height, &empty(), &[]);
    }
    // Whoever comes takes their places, and is safe from them, whatever they bid; what is held takes them too.
    for sender in 1_000..1_500 {
        pool.put(pending(sender, 0, 1, 99), 0).unwrap();
        let _ = pool.put(pending(sender - 1_000, 65, 1 << 100, u64::MAX), 1);
    }
    assert_eq!((pool.len(), pool.held), (10_000, 312));
    let honest = (1_000..1_500).filter(|one| pool.at(&account(*one), 0).is_some());
    assert_eq!(honest.count(), 500);
    pool.assert_sound();
    // What is there still may be in a block of this node, by what it bids.
    let best = pool.heads.last().unwrap().0;
    assert_eq!(best, 1 << 60);
}

/// Blocks with a place free, one in three, among full ones of higher bids: who waits behind those keeps its right for ever.
#[test]
fn blocks_that_have_no_room_begin_the_count_anew() {
    let mut pool = Pool::new(Limits::default());
    pool.put(pending(1, 0, 10, u64::MAX), 0).unwrap();
    pool.watch();
    let full = Fill::new(vec![(1 << 60, 1_000)], 0, 0);
    for height in 1..=60 {
        let fill = if height % 3 == 0 { &full } else { &empty() };
        block(&mut pool, height, fill, &[]);
        assert!(has_right(&pool, 1), "{height}");
    }
    // A right that is lost does not come back so.
    for height in 61..=68 {
        block(&mut pool, height, &empty(), &[]);
    }
    assert!(!has_right(&pool, 1));
    block(&mut pool, 69, &full, &[]);
    assert!(!has_right(&pool, 1));
}

#[test]
fn who_is_in_the_eighth_block_has_lost_nothing_and_begins_anew() {
    let mut pool = Pool::new(Limits::default());
    for sequence in 0..4 {
        pool.put(pending(1, sequence, 10, u64::MAX), 0).unwrap();
    }
    pool.watch();
    for height in 1..=7 {
        block(&mut pool, height, &empty(), &[]);
    }
    block(&mut pool, 8, &empty(), &[(1, 1)]);
    for height in 9..=15 {
        block(&mut pool, height, &empty(), &[]);
        assert!(has_right(&pool, 1));
    }
    block(&mut pool, 16, &empty(), &[]);
    assert!(!has_right(&pool, 1));
    // A block that holds one of it gives the right back, though the state was seen before the sweep.
    let bytes = pool.at(&account(1), 1).unwrap().bytes.clone();
    pool.advance(&account(1), 2, None);
    assert!(!has_right(&pool, 1));
    let held = Held::from([((account(1), 1), bytes.into())]);
    travel(&mut pool);
    pool.pass_over(17, &empty(), &held);
    behind(&mut pool, 17, &[(1, 2)]);
    assert!(has_right(&pool, 1));
}

/// What this node holds bids much; a cheap one with the same sequence, which another node was sent, is in a block now and then.
#[test]
fn who_pays_with_another_transaction_than_the_one_that_waits_gets_no_right_back() {
    let mut pool = Pool::new(Limits::default());
    for sequence in 0..10 {
        let one = pending(1, sequence, 1 << 60, u64::MAX);
        pool.put(one, 0).unwrap();
    }
    pool.watch();
    for height in 1..=8 {
        let next = height - 1;
        let cheap = pending(1, next, 1, u64::MAX).bytes.clone();
        let held = Held::from([((account(1), next), cheap.into())]);
        assert!(has_right(&pool, 1), "{height}");
        travel(&mut pool);
        pool.pass_over(height, &empty(), &held);
        behind(&mut pool, height, &[(1, height)]);
    }
    assert!(!has_right(&pool, 1));
    // Not by an expiry between two either: nothing waits, another one is paid, and the same comes again.
    for sequence in 8..10 {
        let hash = pool.at(&account(1), sequence).unwrap().offer.hash;
        pool.remove(&hash, Code::Stake);
    }
    assert!(pool.is_empty());
    let cheap = pending(1, 8, 1, u64::MAX).bytes.clone();
    travel(&mut pool);
    pool.pass_over(9, &empty(), &Held::from([((account(1), 8), cheap.into())]));
    behind(&mut pool, 9, &[]);
    pool.put(pending(1, 9, 1 << 60, u64::MAX), 9).unwrap();
    assert!(!has_right(&pool, 1));
    pool.watch();
    // The one that waits gives it back.
    block(&mut pool, 10, &empty(), &[(1, 10)]);
    pool.put(pending(1, 10, 1 << 60, u64::MAX), 10).unwrap();
    assert!(has_right(&pool, 1));
}

#[test]
fn what_came_behind_the_last_block_and_what_no_block_has_room_for_is_passed_over_by_nobody() {
    let mut pool = Pool::new(Limits::default());
    pool.put(pending(1, 0, 10, u64::MAX), 0).unwrap();
    let bytes = crate::chain::propose::proto_bytes(pool.at(&account(1), 0).unwrap().bytes.len());
    // Full of higher bids; full but for less than it takes; full of what bids as much.
    let full = [
        Fill::new(vec![(20, 9_000)], bytes - 1, 9),
        Fill::new(vec![(20, 9_000)], bytes, 0),
        Fill::new(vec![(20, 9_000), (10, 9_000)], 0, 0),
    ];
    pool.watch();
    for (height, fill) in (1..).zip(full.iter().cycle().take(60)) {
        block(&mut pool, height, fill, &[]);
    }
    assert!(has_right(&pool, 1) && pool.passed.is_empty());
    // The next one may be made already when a transaction comes.
    pool.put(pending(2, 0, 10, u64::MAX), 0).unwrap();
    for height in 61..=68 {
        block(&mut pool, height, &empty(), &[]);
    }
    assert!(!has_right(&pool, 1) && has_right(&pool, 2));
    block(&mut pool, 69, &empty(), &[]);
    assert!(!has_right(&pool, 2));
}

#[test]
fn who_sends_the_same_again_when_it_expired_or_raises_its_bid_is_remembered() {
    let mut pool = Pool::new(Limits::default());
    pool.put(pending(1, 0, 10, 5), 0).unwrap();
    pool.watch();
    let mut height = 0;
    let mut next = |pool: &mut Pool| {
        height += 1;
        block(pool, height, &empty(), &[]);
    };
    (0..5).for_each(|_| next(&mut pool));
    assert!(pool.is_empty());
    pool.put(pending(1, 0, 10, 99), 0).unwrap();
    // It came behind the fifth block, and the sixth may be made already.
    next(&mut pool);
    for raise in 1..=2 {
        pool.put(pending(1, 0, 10 << raise, 99), 0).unwrap();
        next(&mut pool);
        assert!(has_right(&pool, 1));
    }
    pool.put(pending(1, 0, 80, 99), 0).unwrap();
    next(&mut pool);
    assert!(!has_right(&pool, 1));
    pool.put(pending(1, 0, 160, 99), 0).unwrap();
    assert!(!has_right(&pool, 1));
    // What comes behind a gap of it, or behind one of stake, comes no earlier.
    pool.put(pending(1, 2, 1 << 60, 99), 0).unwrap();
    let stake = StakeBody::Restake { position: 3 };
    pool.put(about(1, 1, 200, stake), 0).unwrap();
    assert_eq!((pool.held, pool.order.len()), (0, 3));
    assert!(
        pool.order
            .iter()
            .all(|rank| rank.readiness == Readiness::Passed)
    );
    pool.assert_sound();
    // With the right, what stands behind one of stake is held again.
    pool.watch();
    block(&mut pool, 10, &empty(), &[(1, 1)]);
    assert_eq!((pool.held, has_right(&pool, 1)), (1, true));
}

/// Sets of accounts take turns, each for fewer blocks than strip it of its right, and its transactions expire then. When all had their turn, longer
/// ago than anything else is remembered for, the first ones come again.
#[test]
fn accounts_that_take_turns_have_their_places_for_eight_blocks_and_never_again() {
    const SET: u16 = 4;
    let mut pool = Pool::new(Limits::default());
    let mut height = 0;
    let turn = |pool: &mut Pool, height: &mut u64, first: u16, blocks: u64| {
        for sender in first..first + SET {
            let one = pending(sender, 0, 1 << 60, *height + blocks);
            pool.put(one, 0).unwrap();
        }
        pool.watch();
        for _ in 0..blocks {
            *height += 1;
            travel(pool);
            pool.pass_over(*height, &empty(), &Held::new());
            pool.begin(*height);
            pool.watch();
        }
        *height += 1;
        pool.begin(*height);
        assert!(pool.is_empty());
    };
    let firsts = (0..2_400).step_by(usize::from(SET));
    for first in firsts.clone() {
        turn(&mut pool, &mut height, first, 7);
    }
    assert_eq!((pool.passed.len(), height), (2_400, 4_800));
    for first in firsts.take(20) {
        turn(&mut pool, &mut height, first, 1);
        let again = pending(first, 0, 1 << 60, u64::MAX);
        pool.put(Arc::clone(&again), 0).unwrap();
        assert!(!has_right(&pool, first));
        pool.remove(&again.offer.hash, Code::Stake);
    }
    pool.assert_sound();
    // Whose first one is in a block has its right, and is not remembered any more.
    pool.put(pending(0, 0, 1 << 60, u64::MAX), 0).unwrap();
    pool.watch();
    block(&mut pool, height + 1, &empty(), &[(0, 1)]);
    assert_eq!(pool.passed.len(), 2_399);
    pool.put(pending(0, 1, 1 << 60, u64::MAX), 1).unwrap();
    assert!(has_right(&pool, 0));
}

#[test]
fn what_is_remembered_of_senders_is_bounded() {
    use super::super::passed::MAX_REMEMBERED;
    let mut pool = Pool::new(Limits::default());
    // More than it remembers, in two blocks: the elder ones go.
    for (height, ids) in [(9_000, 0..100u16), (9_001, 100..200)] {
        let new = ids.map(|id| (account(id), passed::PassedOver::once(height)));
        pool.passed.extend(new);
    }
    for number in 0..MAX_REMEMBERED as u64 - 199 {
        let mut id = [0; 20];
        id[..8].copy_from_slice(&number.to_be_bytes());
        let new = passed::PassedOver::once(9_002 + number);
        pool.passed.insert(Account::ethereum(id), new);
    }
    pool.put(pending(7, 0, 10, u64::MAX), 0).unwrap();
    assert_eq!(pool.passed.len(), MAX_REMEMBERED + 1);
    block(&mut pool, 9_002, &empty(), &[]);
    let left = MAX_REMEMBERED + 1 - MAX_REMEMBERED / 16;
    assert_eq!(pool.passed.len(), left);
    assert!(pool.passed.contains_key(&account(7)), "it waits");
    assert!(!pool.passed.contains_key(&account(8)) && !pool.passed.contains_key(&account(105)));
    block(&mut pool, 9_003, &empty(), &[]);
    assert_eq!(pool.passed.len(), left, "no more than need be");
}

/// No other node may have seen it: the engine was away, or lost it.
#[test]
fn what_nothing_carries_is_passed_over_by_nobody_and_who_was_passed_over_is_packed_last() {
    let mut pool = Pool::new(Limits::default());
    pool.put(pending(1, 0, 10, u64::MAX), 0).unwrap();
    pool.watch();
    for height in 1..=20 {
        pool.pass_over(height, &empty(), &Held::new());
        pool.begin(height);
        pool.watch();
    }
    assert!(has_right(&pool, 1));
    // It travels from behind block 21 on, and eight blocks pass over it.
    for height in 21..=29 {
        assert!(has_right(&pool, 1), "{height}");
        pool.pass_over(height, &empty(), &Held::new());
        behind(&mut pool, height, &[]);
    }
    assert!(!has_right(&pool, 1));
    // It is dropped by the engine: it travels all the same, behind the others and apart from them.
    pool.put(pending(2, 0, 1, u64::MAX), 0).unwrap();
    for height in 30..=40 {
        pool.begin(height);
    }
    pool.pack(Packing::All, 0);
    let bundles = pool.pack(Packing::All, 10);
    let bundles: Vec<usize> = bundles
        .iter()
        .map(|one| crate::app::bundle::read(&one.bytes).unwrap().len())
        .collect();
    assert_eq!(bundles, [1, 1]);
    pool.assert_sound();
}
