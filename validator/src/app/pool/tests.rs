//! The pool: cover, held sequences, replacement, room, sweeping, and what a proposer is given.

use std::sync::Mutex;

use super::fixture::*;
use super::*;
use crate::chain::propose::{Candidates, MAX_REFUSED, MAX_SKIPPED, Tried};
use crate::ledger::leaf::NATIVE;
use crate::ledger::transaction::Body;

mod carriage;
mod churn;
mod departures;
mod doubt;
mod passed;
mod patience;

/// Bids and sequences in the order in which a proposer is given them when all of them apply.
fn given(pool: Pool) -> Vec<(u128, u64)> {
    let pool = Mutex::new(pool);
    let mut feed = Feed::new(&pool, |_| true);
    let mut out = Vec::new();
    while let Some((_, checked)) = feed.next() {
        out.push((checked.header().fee, checked.header().sequence));
        feed.tried(Tried::Applied);
    }
    out
}

fn small(places: usize) -> Pool {
    Pool::new(Limits {
        places,
        held: 4,
        churn: 100,
        idle_churn: 100,
    })
}

#[test]
fn sequences_up_to_64_ahead_are_held_and_no_further() {
    let mut pool = Pool::new(Limits::default());
    pool.put(pending(1, 5 + 64, 10, 9), 5).unwrap();
    assert_eq!(
        pool.put(pending(1, 5 + 65, 10, 9), 5),
        Err(Reject::NonceAhead {
            expected: 5,
            found: 70
        })
    );
    assert_eq!(
        pool.put(pending(1, 4, 10, 9), 5),
        Err(Reject::NonceUsed {
            expected: 5,
            found: 4
        })
    );
    pool.assert_sound();
    assert!(given(pool).is_empty(), "held, not ready");
}

#[test]
fn a_gap_that_closes_makes_all_behind_it_ready() {
    let mut pool = Pool::new(Limits::default());
    for sequence in [2, 1, 3] {
        pool.put(pending(1, sequence, 10, 9), 0).unwrap();
    }
    assert_eq!((pool.held, pool.heads.len()), (3, 0));
    assert_eq!(pool.next_sequence(&account(1), 0), 0);
    pool.put(pending(1, 0, 10, 9), 0).unwrap();
    assert_eq!(pool.held, 0);
    assert_eq!(pool.next_sequence(&account(1), 0), 4);
    pool.assert_sound();
    assert_eq!(given(pool), vec![(10, 0), (10, 1), (10, 2), (10, 3)]);
}

#[test]
fn what_waits_of_a_sender_is_covered_by_what_it_owns() {
    let mut pool = Pool::new(Limits::default());
    let purse = |native, token| Purse {
        next: 0,
        native,
        tokens: BTreeMap::from([(TOKEN, token)]),
    };
    let add = |pool: &mut Pool, pending, purse| pool.add(pending, &purse, Replaces::ForTenthMore);
    // Each takes a fee of 10. Held or ready makes no difference.
    add(&mut pool, transfer(1, 2, NATIVE, 30), purse(100, 5)).unwrap();
    add(&mut pool, transfer(1, 0, TOKEN, 3), purse(100, 5)).unwrap();
    add(&mut pool, transfer(1, 1, TOKEN, 2), purse(100, 5)).unwrap();
    let short = |asset, balance, needed| {
        Err(Reject::QueueNotCovered {
            sender: account(1),
            asset: crate::ledger::Asset(asset),
            balance,
            needed,
        })
    };
    let token = add(&mut pool, transfer(1, 3, TOKEN, 1), purse(100, 5));
    assert_eq!(token, short(TOKEN, 5, 6));
    let native = add(&mut pool, transfer(1, 3, NATIVE, 31), purse(100, 5));
    assert_eq!(native, short(NATIVE, 100, 101));
    // What it replaces is not counted.
    let dearer = signed(1, 2, 11, 9, Body::SetPayout { payout: [1; 20] }, 0);
    add(&mut pool, dearer, purse(31, 5)).unwrap();
    // An account without a leaf owns nothing.
    let nobody = add(&mut pool, pending(2, 0, 1, 9), Purse::default());
    assert!(matches!(
        nobody,
        Err(Reject::QueueNotCovered {
            balance: 0,
            needed: 1,
            ..
        })
    ));
    let huge = transfer(3, 0, NATIVE, u128::MAX);
    let over = add(&mut pool, huge, purse(u128::MAX - 1, 0));
    assert!(matches!(over, Err(Reject::QueueNotCovered { .. })));
    pool.assert_sound();
}

#[test]
fn a_replacement_pays_a_tenth_more_and_is_asked_for_by_who_can_ask() {
    let mut pool = Pool::new(Limits::default());
    pool.put(pending(1, 0, 101, 9), 0).unwrap();
    pool.put(pending(1, 1, 50, 9), 0).unwrap();
    assert_eq!(
        pool.put(pending(1, 0, 111, 9), 0),
        Err(Reject::ReplacementUnderpriced {
            pending: 101,
            minimum: 112,
            fee: 111
        })
    );
    assert_eq!(pool.put(pending(1, 0, 101, 9), 0), Err(Reject::Known));
    assert_eq!(
        pool.add(pending(1, 0, 500, 9), &rich(0), Replaces::Never),
        Err(Reject::SequenceWaits {
            sequence: 0,
            next: 2,
            minimum: 112
        })
    );
    pool.put(pending(1, 0, 112, 9), 0).unwrap();
    assert_eq!(pool.len(), 2);
    pool.assert_sound();
    assert_eq!(given(pool), vec![(112, 0), (50, 1)]);
}

#[test]
fn a_sender_replaces_only_a_few_times_during_one_block() {
    let mut pool = Pool::new(Limits::default());
    let mut fee = 100;
    pool.put(pending(1, 0, fee, 99), 0).unwrap();
    for _ in 0..2 {
        for _ in 0..8 {
            fee *= 2;
            pool.put(pending(1, 0, fee, 99), 0).unwrap();
        }
        let more = pool.put(pending(1, 0, fee * 2, 99), 0);
        assert_eq!(more, Err(Reject::ReplacedOften { times: 8 }));
        assert_eq!(
            pool.given_up(Readiness::Ready),
            8 * (1 + usize::from(pool.height > 0)),
            "the engine holds each until it asks again"
        );
        pool.begin(pool.height + 1);
    }
    pool.assert_sound();
}

#[test]
fn a_transaction_is_found_by_its_hash_and_by_its_digest_while_it_waits() {
    let mut pool = Pool::new(Limits::default());
    let (first, second) = (pending(1, 0, 100, 9), pending(1, 0, 200, 9));
    let names = |pending: &Pending| (pending.offer.hash, *pending.checked.digest());
    let (old, new) = (names(&first), names(&second));
    pool.put(first, 0).unwrap();
    let found = pool.with_digest(&old.1).map(|found| found.offer.hash);
    assert_eq!(found, Some(old.0));
    pool.put(second, 0).unwrap();
    assert!(pool.with_digest(&old.1).is_none() && pool.get(&old.0).is_none());
    let found = pool.with_digest(&new.1).map(|found| found.offer.hash);
    assert_eq!(found, Some(new.0));
    assert_eq!(pool.carries_itself(&new.0, false), Some(true));
    assert_eq!(pool.carries_itself(&old.0, false), None);
    pool.remove(&new.0, Code::Stake);
    assert!(pool.with_digest(&new.1).is_none());
    pool.assert_sound();
}

#[test]
fn the_best_bids_come_first_and_each_sender_keeps_its_order() {
    let mut pool = Pool::new(Limits::default());
    pool.put(pending(1, 0, 10, 9), 0).unwrap();
    pool.put(pending(1, 1, 90, 9), 0).unwrap();
    pool.put(pending(2, 0, 50, 9), 0).unwrap();
    pool.put(pending(3, 0, 20, 9), 0).unwrap();
    // A large fee that is mostly the price of leaves, and one that is spread over three places.
    let leaves = signed(4, 0, 1_000, 9, Body::SetPayout { payout: [7; 20] }, 985);
    assert_eq!((leaves.offer.bid, long(5, 0, 36).offer.bid), (15, 12));
    pool.put(leaves, 0).unwrap();
    pool.put(long(5, 0, 36), 0).unwrap();
    let order = vec![(50, 0), (20, 0), (1_000, 0), (36, 0), (10, 0), (90, 1)];
    assert_eq!(given(pool), order);
}

#[test]
fn a_proposer_is_given_nothing_more_of_a_sender_whose_transaction_failed() {
    let mut pool = Pool::new(Limits::default());
    for sequence in 0..3 {
        pool.put(pending(1, sequence, 100, 9), 0).unwrap();
        pool.put(pending(2, sequence, 50, 9), 0).unwrap();
    }
    let pool = Mutex::new(pool);
    let mut feed = Feed::new(&pool, |_| true);
    let mut tried = Vec::new();
    while let Some((_, checked)) = feed.next() {
        let header = *checked.header();
        tried.push((header.fee, header.sequence));
        let failed = header.sender == account(1) && header.sequence == 1;
        feed.tried(if failed {
            Tried::Refused
        } else {
            Tried::Applied
        });
    }
    assert_eq!(tried, vec![(100, 0), (100, 1), (50, 0), (50, 1), (50, 2)]);
    let mut pool = pool.into_inner().unwrap();
    // It is judged again after the block, as is what is first of a sender of that block, the best bid first. The engine still
    // holds all of it, so no place is free before.
    assert_eq!(pool.len(), 6);
    pool.settle(&account(2), &rich(1));
    let doubtful = pool.doubtful(&[account(2), account(3)], 9);
    let named: Vec<(u128, u64)> = doubtful
        .iter()
        .map(|one| (one.offer.header.fee, one.offer.header.sequence))
        .collect();
    assert_eq!(named, [(100, 1), (50, 1)]);
    assert!(pool.doubtful(&[], 9).is_empty(), "each is judged once");
    assert_eq!(
        pool.doubtful(&[account(1), account(2)], 1)[0].offer.bid,
        100
    );
    pool.remove(&doubtful[0].offer.hash, Code::Stake);
    assert_eq!((pool.len(), pool.held), (4, 1));
    assert_eq!(
        pool.given_up(Readiness::Ready),
        0,
        "the engine asks behind the sweep"
    );
    pool.assert_sound();
    pool.put(pending(1, 1, 100, 9), 0).unwrap();
    assert_eq!(given(pool).len(), 5);
}

#[test]
fn a_full_pool_gives_up_the_lowest_bid_for_one_a_tenth_higher() {
    let mut pool = small(2);
    pool.put(pending(1, 0, 100, 9), 0).unwrap();
    pool.put(pending(2, 0, 50, 9), 0).unwrap();
    assert_eq!(
        pool.put(pending(3, 0, 54, 9), 0),
        Err(Reject::PoolFull { held: 2, limit: 2 })
    );
    pool.put(pending(3, 0, 55, 9), 0).unwrap();
    assert_eq!(pool.len(), 2);
    // One that needs three places takes none when it cannot have all.
    assert!(matches!(
        pool.put(long(4, 0, 3_000), 0),
        Err(Reject::PoolFull { .. })
    ));
    pool.assert_sound();
    assert_eq!(given(pool), vec![(100, 0), (55, 0)]);
}

#[test]
fn how_full_it_is_counts_places_and_not_transactions() {
    let mut pool = small(4);
    assert_eq!(pool.percent(), 0);
    pool.put(long(1, 0, 30), 0).unwrap();
    assert_eq!((pool.len(), pool.percent()), (1, 75));
    pool.put(pending(2, 0, 30, 9), 0).unwrap();
    assert_eq!(pool.percent(), 100);
}

#[test]
fn what_is_given_up_of_a_queue_is_its_end() {
    let mut pool = small(4);
    for (sequence, fee) in [(0, 10), (1, 90), (2, 80)] {
        pool.put(pending(1, sequence, fee, 9), 0).unwrap();
    }
    pool.put(pending(2, 0, 30, 9), 0).unwrap();
    // What follows a bid of 10 is worth 10, and its end goes first.
    pool.put(pending(3, 0, 20, 9), 0).unwrap();
    pool.put(pending(4, 0, 20, 9), 0).unwrap();
    pool.assert_sound();
    assert_eq!(given(pool), vec![(30, 0), (20, 0), (20, 0), (10, 0)]);
}

#[test]
fn held_ones_have_a_small_share_and_go_first() {
    let mut pool = small(4);
    pool.put(pending(1, 0, 5, 9), 0).unwrap();
    pool.put(pending(2, 3, 1_000, 9), 0).unwrap();
    pool.put(pending(3, 7, 2_000, 9), 0).unwrap();
    // Their share is full: another one has to beat one of them.
    assert_eq!(
        pool.put(pending(4, 1, 1_099, 9), 0),
        Err(Reject::PoolFull { held: 2, limit: 2 })
    );
    pool.put(pending(4, 1, 1_100, 9), 0).unwrap();
    assert!(pool.at(&account(2), 3).is_none());
    pool.assert_sound();
    // Ready ones of the lowest bid take the places of held ones of the highest.
    for sender in 5..8 {
        pool.put(pending(sender, 0, 1, 9), 0).unwrap();
    }
    assert_eq!((pool.len(), pool.held), (4, 0));
    // And no held one takes the place of a ready one.
    assert!(matches!(
        pool.put(pending(9, 1, 9_000, 9), 0),
        Err(Reject::PoolFull { .. })
    ));
    pool.assert_sound();
}

#[test]
fn a_gap_that_opens_leaves_no_more_held_than_their_share() {
    let mut pool = small(10);
    for sequence in 0..8 {
        pool.put(pending(1, sequence, 10, 9), 0).unwrap();
    }
    let first = pool.at(&account(1), 0).unwrap().offer.hash;
    pool.remove(&first, Code::Stake);
    assert_eq!((pool.len(), pool.held), (2, 2));
    pool.assert_sound();
}

#[test]
fn no_more_is_given_up_between_two_blocks_than_the_engine_has_room_for() {
    let mut pool = Pool::new(Limits {
        places: 2,
        held: 1,
        churn: 3,
        idle_churn: 2,
    });
    pool.put(pending(1, 0, 10, 99), 0).unwrap();
    pool.put(pending(2, 0, 10, 99), 0).unwrap();
    let mut fee = 10;
    let mut sender = 2;
    let mut next = |pool: &mut Pool| {
        fee *= 2;
        sender += 1;
        pool.put(pending(sender, 0, fee, 99), 0)
    };
    for _ in 0..3 {
        next(&mut pool).unwrap();
    }
    assert_eq!(next(&mut pool), Err(Reject::MadeRoomOften));
    // The engine asks again after the block; one block more is counted, should it not have come to the end.
    pool.begin(1);
    assert_eq!(next(&mut pool), Err(Reject::MadeRoomOften));
    pool.begin(2);
    for _ in 0..3 {
        next(&mut pool).unwrap();
    }
    assert_eq!(next(&mut pool), Err(Reject::MadeRoomOften));
    // With room there is nothing to give up.
    let best = given_hashes(&pool);
    pool.remove(&best[0], Code::Stake);
    next(&mut pool).unwrap();
    pool.assert_sound();
}

fn given_hashes(pool: &Pool) -> Vec<Hash> {
    pool.heads
        .iter()
        .rev()
        .map(|(_, Reverse(hash))| *hash)
        .collect()
}

#[test]
fn the_engine_has_room_for_all_that_it_may_hold() {
    let limits = Limits::default();
    let most = limits.places + 2 * limits.churn + limits.idle_churn;
    assert!(most < MIN_ENGINE_TRANSACTIONS as usize);
    assert!((most * PLACE_BYTES) as u64 <= MIN_ENGINE_BYTES);
    // Half of a carrier waits when it comes, and when the engine has asked about it.
    let carried = 2 * (limits.places + 2 * limits.churn + limits.idle_churn);
    assert!((carried * PLACE_BYTES) as u64 <= MIN_ENGINE_BYTES);
    assert!(limits.held * 16 <= limits.places);
    // A proposer tries all that waits.
    assert!(limits.places <= MAX_REFUSED as usize && limits.places <= MAX_SKIPPED as usize);
}

/// Whoever bids with the best quarter of a full pool evicts others because a block takes it soon: within forty blocks, however small a
/// genesis makes them.
#[test]
fn the_smallest_blocks_that_a_genesis_allows_take_the_best_quarter_of_a_full_pool_soon() {
    use crate::ledger::parameters::{MIN_USER_BYTES, MIN_USERS, worst_case};
    use crate::ledger::{Parameters, transaction::MAX_TRANSACTION_BYTES};
    assert_eq!(PLACE_BYTES as u64, MIN_USER_BYTES);
    assert!((MAX_PLACES / 4) as u64 <= 40 * MIN_USERS);
    let parameters = Parameters::local();
    let worst = worst_case(&parameters);
    let smallest = Parameters {
        max_block_transactions: worst.transactions as u32,
        max_block_bytes: worst.bytes,
        ..parameters
    };
    smallest.validate().expect("it is the smallest");
    // The record, the messages and the misbehavior of a block leave this for users.
    let others =
        1 + u64::from(parameters.inbox_batch) + u64::from(parameters.max_evidence_bytes) / 66;
    assert_eq!(worst.transactions - others, MIN_USERS);
    assert!(MIN_USERS * MIN_USER_BYTES >= MAX_TRANSACTION_BYTES as u64);
    for (bytes, transactions) in [(1, 0), (0, 1)] {
        let smaller = Parameters {
            max_block_transactions: smallest.max_block_transactions - transactions,
            max_block_bytes: smallest.max_block_bytes - bytes,
            ..smallest
        };
        assert!(smaller.validate().is_err());
    }
}

#[test]
fn a_block_takes_what_was_used_and_what_can_no_longer_be_paid_for() {
    let mut pool = Pool::new(Limits::default());
    for sequence in 0..5 {
        pool.put(pending(1, sequence, 10, 99), 0).unwrap();
    }
    pool.put(transfer(1, 5, TOKEN, 4), 0).unwrap();
    pool.put(pending(1, 7, 10, 99), 0).unwrap();
    assert_eq!(pool.tokens(&account(1)), Some(BTreeSet::from([TOKEN])));
    assert_eq!(pool.tokens(&account(2)), None);
    // Two were used; the others are still covered.
    pool.settle(&account(1), &rich(2));
    assert_eq!(pool.len(), 5);
    // Now there is enough for all but the last, whose token went too.
    let tokens = BTreeMap::from([(TOKEN, 3)]);
    let purse = Purse {
        next: 2,
        native: 1_000,
        tokens,
    };
    pool.settle(&account(1), &purse);
    assert_eq!(pool.len(), 3);
    pool.settle(&account(1), &with_balance(2, 20));
    assert_eq!(pool.len(), 2);
    assert_eq!(pool.next_sequence(&account(1), 2), 4);
    pool.assert_sound();
    pool.settle(&account(1), &with_balance(2, 0));
    assert!(pool.is_empty());
    pool.assert_sound();
}

#[test]
fn what_expired_goes_and_leaves_nothing_behind() {
    let mut pool = Pool::new(Limits::default());
    for sequence in 0..5 {
        pool.put(pending(1, sequence, 10, 10 + sequence), 0)
            .unwrap();
    }
    pool.begin(9);
    assert_eq!(pool.len(), 5);
    pool.begin(11);
    assert_eq!(
        (pool.len(), pool.held),
        (3, 3),
        "what is left lies behind a gap"
    );
    pool.assert_sound();
    pool.begin(100);
    assert!(pool.is_empty());
    pool.assert_sound();
}

#[test]
fn everybody_is_looked_at_in_turn() {
    let mut pool = Pool::new(Limits::default());
    for sender in 0..5 {
        pool.put(pending(sender, 0, 10, 99), 0).unwrap();
    }
    pool.put(pending(6, 1, 10, 99), 0).unwrap();
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let heads = pool.examine(2);
        seen.extend(heads.iter().map(|head| head.offer.hash));
    }
    assert_eq!(seen.len(), 5, "each head once, and of a held one none");
    pool.assert_sound();
}

#[test]
fn what_came_while_the_sweep_asked_for_balances_stays() {
    let mut pool = Pool::new(Limits::default());
    pool.put(pending(1, 0, 10, 99), 0).unwrap();
    // The sweep asks which tokens it has to look up; then another one comes; then the sweep tells what it found.
    assert_eq!(pool.tokens(&account(1)), Some(BTreeSet::new()));
    pool.put(transfer(1, 1, TOKEN, 4), 0).unwrap();
    pool.put(pending(1, 2, 10, 99), 0).unwrap();
    pool.settle(&account(1), &with_balance(0, 1_000));
    assert_eq!(pool.len(), 3);
    // The next sweep knows of the token.
    let tokens = pool.tokens(&account(1)).unwrap();
    assert_eq!(tokens, BTreeSet::from([TOKEN]));
    let purse = Purse {
        tokens: BTreeMap::from([(TOKEN, 3)]),
        ..with_balance(0, 1_000)
    };
    pool.settle(&account(1), &purse);
    assert_eq!(pool.len(), 1);
    pool.assert_sound();
}

#[test]
fn neither_held_ones_nor_gaps_that_open_use_up_what_others_may_replace() {
    let mut pool = Pool::new(Limits {
        places: 40,
        held: 8,
        churn: 6,
        idle_churn: 8,
    });
    pool.put(pending(1, 0, 100, 99), 0).unwrap();
    // Held ones that are replaced use up their own share, and are refused then.
    let mut fee = 100;
    for sender in 2..6 {
        pool.put(pending(sender, 1, fee, 99), 0).unwrap();
    }
    for times in [2, 4] {
        for sender in 2..6 {
            pool.put(pending(sender, 1, fee * times, 99), 0).unwrap();
        }
    }
    for (sender, sequence) in [(2, 1), (7, 1)] {
        let more = pool.put(pending(sender, sequence, 1 << 60, 99), 0);
        assert_eq!(more, Err(Reject::MadeRoomOften));
    }
    // Thirty queued ones fall behind a gap when the first of them expires.
    for sequence in 0..30 {
        let until = if sequence == 0 { 1 } else { 99 };
        pool.put(pending(6, sequence, 100, until), 0).unwrap();
    }
    pool.begin(1);
    assert_eq!(pool.held, 4);
    // All of it left the others' share as it was.
    for _ in 0..6 {
        fee *= 2;
        pool.put(pending(1, 0, fee, 99), 0).unwrap();
    }
    let more = pool.put(pending(1, 0, fee * 2, 99), 0);
    assert_eq!(more, Err(Reject::MadeRoomOften));
    pool.assert_sound();
}
