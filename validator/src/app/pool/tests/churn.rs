//! Who is let in by what he bids, however much was given up before.

use std::sync::LazyLock;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::ledger::transaction::{Header, StakeBody};

/// What an attacker has done within two blocks.
struct Attack {
    /// The highest bid that was taken now, and between the last two blocks.
    best: [u128; 2],
}

impl Attack {
    fn bid(&mut self, bid: u128) {
        self.best[0] = self.best[0].max(bid);
    }

    fn turn(&mut self) {
        self.best = [0, self.best[0]];
    }

    /// The highest of these, and of what waits.
    fn best(&self, pool: &Pool, readiness: Readiness) -> u128 {
        let waits = pool.order.iter();
        let waits = waits.filter(|rank| rank.readiness == readiness && rank.bid < STAKE_BID);
        let waits = waits.map(|rank| rank.bid).max().unwrap_or(0);
        let [now, before] = self.best;
        now.max(before).max(waits)
    }
}

/// An offer of a stranger, of this number of places and this bid for each.
fn offer(sequence: u64, bid: u128, places: usize) -> Offer {
    static STRANGER: LazyLock<Offer> = LazyLock::new(|| pending(9_999, 0, 1, u64::MAX).offer);
    changed(&STRANGER, sequence, bid, places)
}

/// The sender of whom one of stake is first, at a bid that nobody reaches.
const STAKER: u16 = 9_998;
const STAKE_BID: u128 = 1 << 120;

/// An offer behind it.
fn follower(bid: u128, places: usize) -> Offer {
    static STRANGER: LazyLock<Offer> = LazyLock::new(|| pending(STAKER, 1, 1, u64::MAX).offer);
    changed(&STRANGER, 1, bid, places)
}

fn changed(offer: &Offer, sequence: u64, bid: u128, places: usize) -> Offer {
    let header = Header {
        sequence,
        ..offer.header
    };
    Offer {
        header,
        bid,
        places,
        ..*offer
    }
}

/// Whether a stranger that bids four times the best is let in, with each number of places that a transaction can have.
fn assert_open(pool: &Pool, ready: &Attack, doubts: &Attack, gaps: &Attack) {
    let bid = 4 * ready.best(pool, Readiness::Ready).max(1);
    for places in [1, 2, 3, 16] {
        let found = pool.admits(&offer(0, bid, places), &rich(0), Replaces::Never);
        assert_eq!(found, Ok(()), "{places} places of {bid}");
    }
    let bid = 4 * doubts.best(pool, Readiness::Doubt).max(1);
    for places in [1, 2, 16] {
        let found = pool.admits(&follower(bid, places), &rich(0), Replaces::Never);
        let open = matches!(found, Ok(()) | Err(Reject::PoolFull { .. }));
        assert!(
            open,
            "{places} places of {bid} behind one of stake: {found:?}"
        );
    }
    let bid = 4 * gaps.best(pool, Readiness::Gap).max(1);
    for places in [1, 2] {
        let found = pool.admits(&offer(5, bid, places), &rich(0), Replaces::Never);
        let open = matches!(found, Ok(()) | Err(Reject::PoolFull { .. }));
        assert!(open, "{places} held places of {bid}: {found:?}");
    }
}

#[test]
fn whoever_bids_four_times_the_best_of_an_attacker_is_let_in_at_every_moment() {
    for seed in [1, 2] {
        println!("seed {seed}");
        attack(ChaCha8Rng::seed_from_u64(seed));
    }
}

fn attack(mut rng: ChaCha8Rng) {
    let limits = Limits {
        places: 60,
        held: 12,
        ..Limits::default()
    };
    let mut pool = Pool::new(limits);
    let [mut ready, mut doubts, mut gaps] = [const { Attack { best: [0; 2] } }; 3];
    pool.put(take_seat(STAKER, 0, STAKE_BID), 0).unwrap();
    let mut refused = 0;
    let mut most = 0;
    for height in 1..=3 {
        // Little by little at first, and then in leaps.
        for step in 0..2_600u32 {
            let sender = rng.random_range(0..600);
            let lowest = pool.order.iter().find(|rank| rank.is_ready());
            let lowest = lowest.map_or(1, |rank| rank.bid);
            let lowest = if lowest == STAKE_BID { 1 } else { lowest };
            let leap = if step < 2_000 {
                0
            } else {
                rng.random_range(0..3)
            };
            let fee = (crate::ledger::reject::raised(lowest) << leap).min(1 << 100);
            let sequence = [0, 0, 0, 0, 0, 0, 1, 1, 2, 5][rng.random_range(0..10)];
            let one = match rng.random_range(0..8) {
                0 => long(sender, sequence, 3 * fee),
                1 => about(sender, sequence, fee, StakeBody::Restake { position: 7 }),
                2 => take_seat(sender, sequence, fee),
                _ => pending(sender, sequence, fee, u64::MAX),
            };
            let hash = one.offer.hash;
            match pool.put(one, 0) {
                Ok(()) => {
                    let rank = pool.order.iter().find(|rank| rank.hash == hash).unwrap();
                    match rank.readiness {
                        Readiness::Ready => ready.bid(rank.bid),
                        Readiness::Gap => gaps.bid(rank.bid),
                        Readiness::Doubt => doubts.bid(rank.bid),
                        Readiness::Passed => panic!("no block came"),
                    }
                }
                Err(Reject::MadeRoomOften) => refused += 1,
                Err(_) => {}
            }
            most = most.max(pool.given_up(Readiness::Ready));
            assert_open(&pool, &ready, &doubts, &gaps);
            if step % 50 == 0 {
                pool.assert_sound();
            }
        }
        pool.begin(height);
        ready.turn();
        gaps.turn();
        doubts.turn();
        assert_open(&pool, &ready, &doubts, &gaps);
    }
    assert!(most > limits.churn / 2, "only {most} were given up");
    assert!(refused > 0, "the attacker was never refused");
}

/// The finding as it was: who filled the pool bids one more for each place, until no more may be given up.
#[test]
fn one_who_outbids_himself_by_a_little_is_stopped_long_before_a_bid_that_is_far_higher() {
    let limits = Limits {
        places: 20,
        held: 2,
        ..Limits::default()
    };
    let mut pool = Pool::new(limits);
    let mut bid = 1_000_000;
    let mut taken = 0;
    for sender in 0..4_000 {
        // All bid the same, and each next one evicts one of those of the last round.
        if sender % 20 == 0 {
            bid = crate::ledger::reject::raised(bid);
        }
        match pool.put(pending(sender, 0, bid, u64::MAX), 0) {
            Ok(()) => taken += 1,
            Err(reject) => {
                assert_eq!(reject, Reject::MadeRoomOften);
                break;
            }
        }
    }
    assert!(taken > 2_000, "only {taken} came in");
    let dear = offer(0, bid << 37, 1);
    assert_eq!(pool.admits(&dear, &rich(0), Replaces::Never), Ok(()));
    // At that bid there is room for hundreds, in places that no cheaper bid can use.
    let mut more = 0;
    for sender in 5_000..6_000 {
        let one = pending(sender, 0, (bid << 37) + u128::from(sender), u64::MAX);
        let place = pool.put(one, 0);
        if place.is_err() {
            break;
        }
        more += 1;
    }
    assert_eq!(more, 20, "all that the pool holds");
    pool.assert_sound();
}
