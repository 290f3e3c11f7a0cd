//! What waits behind one of stake.

use plasmid_staking::Key;

use super::*;
use crate::ledger::Slot;
use crate::ledger::transaction::StakeBody;

const DELEGATE: StakeBody = StakeBody::Delegate {
    operator: [0x10; 20],
    amount: 1,
    line: 1,
    max_commission: 0,
};

fn restake(position: u16) -> StakeBody {
    let position = u64::from(position);
    StakeBody::Restake { position }
}

fn claim(positions: &[u64]) -> StakeBody {
    StakeBody::ClaimRewards {
        to: account(1),
        positions: positions.to_vec(),
    }
}

fn sequences(pool: &Pool, sender: u16) -> Vec<(u64, Readiness)> {
    let queue = pool.senders.get(&account(sender));
    let waiting = queue.into_iter().flat_map(|queue| &queue.waiting);
    let ranks = waiting.map(|(sequence, one)| (*sequence, one.rank.unwrap().readiness));
    ranks.collect()
}

/// Each head fails in every proposal, because of what stands before it there, and applies again behind the block, because of what stands
/// behind it there. So it stays, and costs its sender nothing, nor does what it carries.
#[test]
fn heads_that_are_made_useless_in_each_block_carry_no_more_than_the_share_of_held_ones() {
    let restakes = |sender| about(sender, 0, 1 << 60, restake(sender));
    let heads: [&dyn Fn(u16) -> Arc<Pending>; 2] =
        [&|sender| take_seat(sender, 0, 1 << 60), &restakes];
    for head in heads {
        let mut pool = Pool::new(Limits::default());
        let mut carried = 0;
        for sender in 0..52 {
            pool.put(head(sender), 0).unwrap();
            for sequence in 1..=64 {
                let record = long(sender, sequence, 1 << 60);
                assert_eq!(record.offer.places, 3);
                carried += usize::from(pool.put(record, 0).is_ok());
            }
        }
        assert_eq!((carried, pool.held), (625 / 3, 624));
        pool.assert_sound();
        let honest = pending(1_000, 0, 1, u64::MAX);
        pool.put(Arc::clone(&honest), 0).unwrap();
        for height in 1..=3 {
            // A proposer tries each head once and nothing that it carries, whatever that bids.
            let shared = Mutex::new(pool);
            let mut feed = Feed::new(&shared, |_| true);
            let mut tried = Vec::new();
            while let Some((_, checked)) = feed.next() {
                tried.push(checked.header().fee);
                feed.tried(Tried::Refused);
            }
            let mut expected = vec![1 << 60; 52];
            expected.push(1);
            assert_eq!(tried, expected);
            pool = shared.into_inner().unwrap();
            pool.begin(height);
            assert_eq!(pool.doubtful(&[], 2_048).len(), 53);
            assert_eq!((pool.len(), pool.held), (53 + carried, 624));
            pool.assert_sound();
        }
    }
}

#[test]
fn two_of_stake_in_a_row_and_what_comes_behind_them_are_in_one_proposal() {
    let queue = || {
        let mut pool = Pool::new(Limits::default());
        pool.put(about(1, 0, 50, DELEGATE), 0).unwrap();
        pool.put(about(1, 1, 60, claim(&[4])), 0).unwrap();
        pool.put(pending(1, 2, 70, 99), 0).unwrap();
        pool.put(pending(2, 0, 55, 99), 0).unwrap();
        assert_eq!(
            sequences(&pool, 1),
            [
                (0, Readiness::Ready),
                (1, Readiness::Doubt),
                (2, Readiness::Doubt)
            ]
        );
        pool.assert_sound();
        pool
    };
    assert_eq!(given(queue()), [(55, 0), (50, 0), (60, 1), (70, 2)]);
    // When one does not apply, nothing behind it is tried.
    let pool = Mutex::new(queue());
    let mut feed = Feed::new(&pool, |_| true);
    let mut tried = Vec::new();
    while let Some((_, checked)) = feed.next() {
        let header = *checked.header();
        tried.push(header.fee);
        feed.tried(match header.fee {
            60 => Tried::Refused,
            _ => Tried::Applied,
        });
    }
    assert_eq!(tried, [55, 50, 60]);
    // A block takes the first one: the second may come now, and the third waits for it.
    let mut pool = queue();
    pool.settle(&account(1), &rich(1));
    assert_eq!(
        sequences(&pool, 1),
        [(1, Readiness::Ready), (2, Readiness::Doubt)]
    );
    pool.assert_sound();
    pool.settle(&account(1), &rich(2));
    assert_eq!(sequences(&pool, 1), [(2, Readiness::Ready)]);
    assert_eq!(pool.held, 0);
    pool.assert_sound();
}

#[test]
fn what_falls_behind_one_of_stake_takes_no_place_of_what_others_have_behind_theirs() {
    let mut pool = Pool::new(Limits {
        places: 40,
        held: 2,
        churn: 100,
        idle_churn: 100,
    });
    pool.put(about(1, 0, 1, DELEGATE), 0).unwrap();
    pool.put(pending(1, 1, 1, 99), 0).unwrap();
    for sequence in 0..3 {
        pool.put(pending(2, sequence, 50, 99), 0).unwrap();
    }
    let full = Err(Reject::PoolFull { held: 1, limit: 2 });
    assert_eq!(pool.put(about(2, 0, 60, DELEGATE), 0), full);
    pool.put(about(2, 1, 60, DELEGATE), 0).unwrap();
    assert_eq!(pool.held, 2);
    pool.assert_sound();
}

#[test]
fn what_a_sender_has_behind_one_of_stake_may_fall_behind_it_as_far_as_held_ones_have_room() {
    let mut pool = Pool::new(Limits {
        places: 40,
        held: 5,
        churn: 100,
        idle_churn: 100,
    });
    for sequence in 0..8 {
        pool.put(pending(1, sequence, 10, 99), 0).unwrap();
    }
    // Seven behind the first one are too many, five behind the third one are not.
    let full = Err(Reject::PoolFull { held: 0, limit: 5 });
    assert_eq!(pool.put(about(1, 0, 20, DELEGATE), 0), full);
    assert_eq!(pool.put(about(1, 1, 20, restake(3)), 0), full);
    pool.assert_sound();
    // They take no place of what others hold: one replacement would give up many.
    let other = pending(2, 1, 1, 99);
    pool.put(Arc::clone(&other), 0).unwrap();
    let full = Err(Reject::PoolFull { held: 1, limit: 5 });
    assert_eq!(pool.put(about(1, 2, 20, DELEGATE), 0), full);
    pool.remove(&other.offer.hash, Code::Stake);
    pool.put(about(1, 2, 20, DELEGATE), 0).unwrap();
    assert_eq!(pool.held, 5);
    pool.assert_sound();
    // A payment in its place makes all of them ready again.
    pool.put(pending(1, 2, 30, 99), 0).unwrap();
    assert_eq!(pool.held, 0);
    pool.assert_sound();
    // One of stake at the end of a queue is ready, and carries nothing.
    pool.put(about(1, 8, 10, DELEGATE), 0).unwrap();
    assert_eq!(pool.held, 0);
    // Behind a gap it is held as all others are, and behind one of stake a gap makes the difference.
    pool.put(pending(1, 9, 10, 99), 0).unwrap();
    pool.put(pending(1, 11, 10, 99), 0).unwrap();
    let behind = sequences(&pool, 1).split_off(8);
    let expected = [
        (8, Readiness::Ready),
        (9, Readiness::Doubt),
        (11, Readiness::Gap),
    ];
    assert_eq!(behind, expected);
    pool.assert_sound();
    // When it goes, all behind it lie behind a gap.
    let head = pool.at(&account(1), 8).unwrap().offer.hash;
    pool.remove(&head, Code::Stake);
    let behind = sequences(&pool, 1).split_off(8);
    assert_eq!(behind, [(9, Readiness::Gap), (11, Readiness::Gap)]);
    pool.assert_sound();
}

/// What lies behind a gap costs nothing, whatever it bids; what lies behind one of stake is in the next block with it.
#[test]
fn however_much_waits_and_comes_and_goes_behind_gaps_two_of_stake_in_a_row_find_room() {
    let limits = Limits {
        places: 400,
        held: 20,
        churn: 100,
        idle_churn: 20,
    };
    let mut pool = Pool::new(limits);
    for round in 0..9 {
        for sender in 0..20 {
            let _ = pool.put(pending(sender, 1, 1 << (60 + round), 99), 0);
        }
    }
    // Half of what is held is for what lies behind one of stake.
    assert_eq!((pool.held, pool.given_up(Readiness::Gap)), (10, 20));
    for sender in 200..205 {
        pool.put(take_seat(sender, 0, 1), 0).unwrap();
        for sequence in 1..=2 {
            pool.put(pending(sender, sequence, 1, 99), 0).unwrap();
        }
    }
    assert_eq!((pool.held, pool.given_up(Readiness::Doubt)), (20, 0));
    let honest = about(100, 0, 7, DELEGATE);
    pool.put(honest, 0).unwrap();
    pool.put(about(100, 1, 7, restake(3)), 0).unwrap();
    pool.put(pending(100, 2, 7, 99), 0).unwrap();
    pool.assert_sound();
    assert_eq!(given(pool)[..3], [(7, 0), (7, 1), (7, 2)]);
    // It is worth as much as the lowest bid before it: who carries a high one behind a low one keeps nobody out.
    let mut pool = Pool::new(limits);
    pool.put(about(1, 0, 5, DELEGATE), 0).unwrap();
    for sequence in 1..=20 {
        pool.put(pending(1, sequence, 1 << 60, 99), 0).unwrap();
    }
    pool.put(about(2, 0, 6, DELEGATE), 0).unwrap();
    pool.put(pending(2, 1, 6, 99), 0).unwrap();
    assert!(pool.at(&account(1), 20).is_none());
    pool.assert_sound();
    // Nor does it take the place of what is ready.
    let mut pool = Pool::new(Limits {
        places: 3,
        ..limits
    });
    pool.put(pending(1, 0, 1, 99), 0).unwrap();
    pool.put(pending(2, 0, 1, 99), 0).unwrap();
    pool.put(about(3, 0, 9, DELEGATE), 0).unwrap();
    let full = Err(Reject::PoolFull { held: 3, limit: 3 });
    assert_eq!(pool.put(pending(3, 1, 9, 99), 0), full);
}

/// One of stake that comes before another about the same position takes its place, and nothing of what stands behind.
#[test]
fn one_replacement_gives_up_what_is_about_the_same_and_each_of_these_counts() {
    let mut pool = Pool::new(Limits::default());
    pool.put(about(1, 1, 10, restake(7)), 0).unwrap();
    // As many as one sender may have behind a gap.
    for sequence in 2..14 {
        let record = long(1, sequence, 100);
        pool.put(record, 0).unwrap();
    }
    assert_eq!(pool.held, 1 + 12 * 3);
    pool.put(about(1, 0, 10, restake(7)), 0).unwrap();
    assert_eq!(pool.given_up(Readiness::Ready), 1);
    assert_eq!(pool.held, 12 * 3);
    pool.assert_sound();
    // Seven go for one, and count as seven; so two of these are too many for one block.
    let mut pool = Pool::new(Limits::default());
    for sequence in 1..=7 {
        pool.put(about(1, sequence, 10, claim(&[sequence])), 0)
            .unwrap();
    }
    let all = claim(&[1, 2, 3, 4, 5, 6, 7]);
    pool.put(about(1, 0, 10, all.clone()), 0).unwrap();
    assert_eq!((pool.len(), pool.given_up(Readiness::Ready)), (1, 7));
    pool.put(about(1, 0, 20, all.clone()), 0).unwrap();
    let often = Err(Reject::ReplacedOften { times: 8 });
    assert_eq!(pool.put(about(1, 0, 40, all), 0), often);
    // What replaces nothing is not counted.
    pool.put(pending(1, 1, 10, 99), 0).unwrap();
    pool.assert_sound();
}

#[test]
fn what_is_about_a_position_that_a_block_wrote_is_tried_again_whoever_sent_it() {
    let mut pool = Pool::new(Limits::default());
    pool.put(about(1, 0, 10, restake(7)), 0).unwrap();
    pool.put(about(2, 0, 20, claim(&[8, 7])), 0).unwrap();
    pool.put(about(3, 0, 30, restake(9)), 0).unwrap();
    pool.put(take_seat(4, 0, 40), 0).unwrap();
    let wrote = [6, 7, 10].map(|position| Slot::from(Key::Position(position)).key());
    pool.doubt_positions(wrote.into_iter());
    let tried = pool.doubtful(&[], 9);
    let bids: Vec<u128> = tried.iter().map(|one| one.offer.bid).collect();
    assert_eq!(bids, [20, 10]);
    pool.remove(&tried[0].offer.hash, Code::Stake);
    pool.assert_sound();
}

#[test]
fn decoys_behind_gaps_make_the_turn_of_what_can_be_tried_no_rarer() {
    let mut pool = Pool::new(Limits::default());
    for sender in 0..312 {
        pool.put(pending(sender, 1, 10, 99), 0).unwrap();
    }
    for sender in 1_000..1_100 {
        pool.put(pending(sender, 0, 10, 99), 0).unwrap();
        pool.put(pending(sender, 1, 10, 99), 0).unwrap();
    }
    let turn = |pool: &mut Pool| {
        let heads = pool.examine(64);
        heads.iter().map(|one| one.offer.hash).collect::<Vec<_>>()
    };
    let (first, second) = (turn(&mut pool), turn(&mut pool));
    assert_eq!((first.len(), second.len()), (64, 36));
    let all: BTreeSet<Hash> = first.iter().chain(&second).copied().collect();
    assert_eq!(all.len(), 100);
    assert_eq!(turn(&mut pool), first);
    pool.assert_sound();
}

/// Between a block and the sweep behind it: whoever has followed its transaction into the block sends the next one about the same position.
#[test]
fn what_stands_in_a_block_does_not_keep_its_senders_next_one_out() {
    let mut pool = Pool::new(Limits::default());
    pool.put(about(1, 0, 10, restake(7)), 0).unwrap();
    let next = about(1, 1, 10, restake(7));
    let admits = |pool: &Pool, at: u64| pool.admits(&next.offer, &rich(at), Replaces::Never);
    assert!(matches!(admits(&pool, 0), Err(Reject::TopicWaits { .. })));
    assert_eq!(admits(&pool, 1), Ok(()));
    // What another sender has about it still waits.
    let mut others = Pool::new(Limits::default());
    others.put(about(2, 0, 1 << 60, restake(7)), 0).unwrap();
    assert!(matches!(admits(&others, 1), Err(Reject::TopicWaits { .. })));
}
