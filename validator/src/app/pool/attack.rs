//! The pool under attack: keys without money, keys with dust, one balance used many times, one position that many want, and whatever comes
//! in any order.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::fixture::*;
use super::*;
use crate::ledger::transaction::{Body, StakeBody};

#[test]
fn a_thousand_keys_with_dust_wait_for_what_they_can_pay_and_nobody_waits_behind_them() {
    let mut pool = Pool::new(Limits {
        places: 1_000,
        held: 60,
        churn: 400,
        idle_churn: 60,
    });
    // Each can pay one fee of 10 and tries to have 64 wait, at all sequences that there are.
    for sender in 0..1_000 {
        for sequence in [0, 1, 2, 64] {
            let one = pending(sender, sequence, 10, u64::MAX);
            let taken = pool.add(one, &with_balance(0, 10), Replaces::ForTenthMore);
            assert_eq!(taken.is_ok(), sequence == 0);
        }
    }
    assert_eq!((pool.len(), pool.held), (1_000, 0));
    // Who bids a tenth more is in, and first.
    let honest = pending(2_000, 0, 11, u64::MAX);
    pool.add(Arc::clone(&honest), &with_balance(0, 11), Replaces::Never)
        .unwrap();
    let (_, Reverse(first)) = *pool.heads.last().unwrap();
    assert_eq!(first, honest.offer.hash);
    pool.assert_sound();
    // With held ones alone, whatever they bid, nobody fills more than their share.
    let mut pool = Pool::new(Limits::default());
    for sender in 0..1_000 {
        let _ = pool.add(
            pending(sender, 9, 1 << 60, u64::MAX),
            &rich(0),
            Replaces::Never,
        );
    }
    assert_eq!(pool.held, Limits::default().gaps());
    pool.assert_sound();
}

#[test]
fn who_bids_more_than_himself_again_and_again_keeps_no_bid_of_four_times_his_own_out() {
    // A step of the second half is one place.
    let limits = Limits {
        places: 40,
        held: 4,
        churn: 2 * 132,
        idle_churn: 8,
    };
    // Each of many accounts raises its own one, as often as it may.
    let mut pool = Pool::new(limits);
    for sender in 0..40 {
        pool.put(pending(sender, 0, 10, 99), 0).unwrap();
    }
    let mut raised = 0;
    for round in 1..=8 {
        for sender in 0..40 {
            let more = pool.put(pending(sender, 0, 10 << round, 99), 0);
            raised += usize::from(more.is_ok());
        }
    }
    // The last one bid 2,560, which is less than 2 to the 12th.
    assert_eq!(raised, 132 + 11);
    let more = pool.put(pending(100, 0, 2_817, 99), 0);
    assert_eq!(more, Err(Reject::MadeRoomOften));
    pool.put(pending(100, 0, 4 * 2_560, 99), 0).unwrap();
    pool.assert_sound();
    // Or one takes the place of the other, with the least that it takes.
    let mut pool = Pool::new(limits);
    for sender in 0..40 {
        pool.put(pending(sender, 0, 1, 99), 0).unwrap();
    }
    let mut bid = 1;
    let mut taken = 0;
    for sender in 40..400 {
        bid = raised_above(&pool);
        if pool.put(pending(sender, 0, bid, 99), 0).is_err() {
            break;
        }
        taken += 1;
    }
    assert!(taken > 132, "only {taken} came in");
    pool.put(pending(400, 0, 4 * bid, 99), 0).unwrap();
    pool.assert_sound();
}

/// The least that evicts something of a full pool.
fn raised_above(pool: &Pool) -> u128 {
    crate::ledger::reject::raised(pool.order.first().unwrap().bid)
}

#[test]
fn whatever_comes_in_any_order_every_index_stays_what_the_queues_say() {
    let seed = 7;
    println!("seed {seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut pool = Pool::new(Limits {
        places: 40,
        held: 6,
        churn: 30,
        idle_churn: 6,
    });
    let mut next = [0u64; 12];
    let mut taken = 0;
    for height in 1..400 {
        for _ in 0..rng.random_range(0..20) {
            let sender = rng.random_range(0..12u16);
            let at = next[usize::from(sender)];
            let sequence = at + [0, 0, 1, 1, 2, 5][rng.random_range(0..6)];
            let fee = rng.random_range(1..200);
            let until = height + rng.random_range(0..9);
            let one = match rng.random_range(0..6) {
                0 => long(sender, sequence, fee),
                4 => restake(sender, sequence, fee),
                5 => about(
                    sender,
                    sequence,
                    fee,
                    StakeBody::CancelUnbonding { position: 3 },
                ),
                1 => signed(sender, sequence, fee, until, pay(&mut rng), 0),
                _ => pending(sender, sequence, fee, until),
            };
            let tokens = BTreeMap::from([(TOKEN, rng.random_range(0..60))]);
            let purse = Purse {
                next: at,
                native: rng.random_range(0..1_500),
                tokens,
            };
            taken += u32::from(pool.add(one, &purse, Replaces::ForTenthMore).is_ok());
            pool.assert_sound();
        }
        let used: Vec<(Account, u64)> = pool
            .senders
            .iter()
            .map(|(sender, queue)| (*sender, queue.free()))
            .collect();
        pool.begin(height);
        for (sender, free) in used {
            let number = (0..12).find(|number| account(*number) == sender).unwrap();
            let at = &mut next[usize::from(number)];
            if rng.random_range(0..3) == 0 {
                *at = (*at).max(rng.random_range(*at..=free.max(*at)));
                let tokens = BTreeMap::from([(TOKEN, rng.random_range(0..60))]);
                let purse = Purse {
                    next: *at,
                    native: rng.random_range(0..900),
                    tokens,
                };
                pool.settle(&sender, &purse);
            }
            pool.assert_sound();
        }
        for hash in pool.hashes.keys().copied().collect::<Vec<_>>() {
            if rng.random_range(0..3) == 0 {
                assert!(pool.carries_itself(&hash, rng.random()).is_some());
            }
        }
        let packing = if rng.random() {
            Packing::All
        } else {
            Packing::Own
        };
        for bundle in pool.pack(packing, rng.random_range(0..3)) {
            if rng.random_range(0..4) == 0 {
                pool.not_taken(&bundle.hash);
            }
            pool.keeps(&bundle.hash);
        }
        pool.assert_sound();
        pool.examine(3);
    }
    assert!(taken > 500, "only {taken} were taken");
}

fn pay(rng: &mut ChaCha8Rng) -> Body {
    Body::Transfer {
        to: Account::ethereum([9; 20]),
        token: if rng.random_range(0..2) == 0 {
            TOKEN
        } else {
            [0; 20]
        },
        amount: rng.random_range(1..40),
    }
}

fn restake(sender: u16, sequence: u64, fee: u128) -> Arc<Pending> {
    about(sender, sequence, fee, StakeBody::Restake { position: 7 })
}

const WAITS: Result<(), Reject> = Err(Reject::TopicWaits {
    what: "this position",
});

#[test]
fn of_a_thousand_strangers_who_restake_one_position_one_waits_and_the_highest_bid_is_it() {
    let mut pool = Pool::new(Limits::default());
    for sender in 0..1_000 {
        let taken = pool.put(restake(sender, 0, 100), 0);
        assert_eq!(taken, if sender == 0 { Ok(()) } else { WAITS });
    }
    // A cut of the same position is of the same kind; another position is another matter.
    let cut = StakeBody::ApplyCut { position: 7 };
    assert_eq!(pool.put(about(5, 0, 100, cut), 0), WAITS);
    let other = StakeBody::ApplyCut { position: 8 };
    pool.put(about(6, 0, 100, other), 0).unwrap();
    // Its owner's own transactions wait beside it.
    let own = StakeBody::Undelegate {
        position: 7,
        amount: 1,
    };
    pool.put(about(9, 0, 1, own.clone()), 0).unwrap();
    assert_eq!(pool.put(about(9, 1, 1 << 20, own), 0), WAITS);
    assert_eq!(pool.put(restake(10, 0, 109), 0), WAITS);
    pool.put(restake(11, 0, 110), 0).unwrap();
    assert_eq!(pool.len(), 3);
    pool.assert_sound();
    // What its sender has behind it is held, is worth nothing to who takes its place, and stays.
    pool.put(pending(11, 1, 1 << 30, u64::MAX), 0).unwrap();
    pool.put(pending(11, 3, 1 << 30, u64::MAX), 0).unwrap();
    assert_eq!((pool.len(), pool.held), (5, 2));
    assert_eq!(pool.put(restake(14, 0, 120), 0), WAITS);
    pool.put(restake(14, 0, 121), 0).unwrap();
    assert_eq!((pool.len(), pool.held), (5, 2));
    pool.put(restake(11, 0, 134), 0).unwrap();
    assert_eq!((pool.len(), pool.held), (5, 2));
    for sequence in [1, 3] {
        let behind = pool.at(&account(11), sequence).unwrap().offer.hash;
        pool.remove(&behind, Code::Stake);
    }
    // What cannot be in a block yet keeps nobody out, whatever it bids.
    let best = pool.at(&account(11), 0).unwrap().offer.hash;
    pool.remove(&best, Code::Stake);
    pool.put(restake(12, 3, 1 << 60), 0).unwrap();
    pool.put(restake(13, 0, 1), 0).unwrap();
    assert!(pool.at(&account(12), 3).is_none());
    pool.assert_sound();
}

#[test]
fn a_thousand_who_back_an_operator_that_edits_are_all_tried_again_the_best_bids_first() {
    let mut pool = Pool::new(Limits::default());
    let operator = [0x10; 20];
    let delegate = |operator, max_commission| StakeBody::Delegate {
        operator,
        amount: 1,
        line: 1,
        max_commission,
    };
    for sender in 0..1_000 {
        let fee = 100 + u128::from(sender);
        pool.put(about(sender, 0, fee, delegate(operator, 299)), 0)
            .unwrap();
    }
    // It edits and asks for 300. Who accepts that is not touched by it, nor is who backs others.
    pool.put(about(1_002, 0, 1 << 20, delegate(operator, 300)), 0)
        .unwrap();
    let moves = StakeBody::Redelegate {
        position: 1,
        amount: 1,
        to: operator,
        line: 1,
        max_commission: 0,
    };
    pool.put(about(1_000, 0, 50, moves), 0).unwrap();
    pool.put(about(1_001, 0, 1 << 20, delegate([0x11; 20], 0)), 0)
        .unwrap();
    pool.assert_sound();
    assert!(pool.doubtful(&[], 9).is_empty());
    pool.doubt_backers(&BTreeMap::from([(operator, Some(300))]));
    let mut tried = Vec::new();
    for most in [600, 300] {
        let some = pool.doubtful(&[], most);
        assert_eq!(some.len(), most);
        tried.extend(some.iter().map(|one| one.offer.bid));
    }
    // What leaves the pool while it is doubted is not tried any more.
    let gone = pool.at(&account(1_000), 0).unwrap().offer.hash;
    pool.remove(&gone, Code::Stake);
    pool.assert_sound();
    let rest = pool.doubtful(&[], 600);
    tried.extend(rest.iter().map(|one| one.offer.bid));
    let all: Vec<u128> = (100..1_100).rev().collect();
    assert_eq!(tried, all);
    assert!(pool.doubtful(&[], 600).is_empty(), "each is tried once");
    // When its line is another one, all are.
    pool.doubt_backers(&BTreeMap::from([(operator, None)]));
    assert_eq!(pool.doubtful(&[], 9_000).len(), 1_001);
}

#[test]
fn one_account_has_one_transaction_about_each_position_and_its_line_wait_in_whatever_order_they_come()
 {
    let mut pool = Pool::new(Limits::default());
    let claim = |positions: &[u64]| StakeBody::ClaimRewards {
        to: account(1),
        positions: positions.to_vec(),
    };
    let merge = StakeBody::Merge {
        first: 2,
        second: 9,
    };
    pool.put(about(1, 1, 10, claim(&[1, 2, 3])), 0).unwrap();
    assert_eq!(pool.put(about(1, 2, 10, merge.clone()), 0), WAITS);
    pool.put(about(2, 2, 10, merge), 0).unwrap();
    pool.put(about(1, 2, 10, claim(&[4])), 0).unwrap();
    // The one before it came late, and takes the place of both, if its sender asked for that.
    let late = about(1, 0, 10, claim(&[3, 4]));
    assert_eq!(
        pool.add(Arc::clone(&late), &rich(0), Replaces::Never),
        WAITS
    );
    pool.put(late, 0).unwrap();
    assert_eq!((pool.len(), pool.held), (2, 1), "one of each sender");
    pool.assert_sound();
    // A raised fee is no second one.
    pool.put(about(1, 0, 11, claim(&[3, 4])), 0).unwrap();
    pool.assert_sound();
}
