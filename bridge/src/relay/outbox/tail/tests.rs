//! The newest events against endpoints that give few blocks at once, fail, and reorganise what is not final.

use alloy_primitives::{Address, keccak256};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

/// A root chain: of each block its hash, and whether it has a message.
#[derive(Default)]
struct Chain(Vec<(B256, bool)>);

impl Chain {
    fn grow(&mut self, rng: &mut ChaCha8Rng, blocks: u64) {
        for _ in 0..blocks {
            self.0
                .push((keccak256(rng.random::<[u8; 32]>()), rng.random_ratio(1, 3)));
        }
    }

    fn latest(&self) -> u64 {
        self.0.len() as u64 - 1
    }

    fn hash(&self, number: u64) -> B256 {
        self.0[number as usize].0
    }

    fn logs(&self, first: u64, last: u64) -> Vec<Log> {
        let blocks = (first..=last).filter(|number| self.0[*number as usize].1);
        blocks
            .map(|block| Log {
                address: Address::ZERO,
                topics: vec![events::MESSAGE],
                // Of this history, and of no other one.
                data: self.hash(block).to_vec().into(),
                block,
                index: 0,
            })
            .collect()
    }
}

/// One look: gives the pages that were asked for. `limit` blocks are given at once; one question in `fails` fails otherwise.
fn look(
    tail: &mut Tail,
    chain: &Chain,
    finalized: u64,
    (limit, pages): (u64, usize),
    mut fails: impl FnMut() -> Option<Failure>,
) -> Vec<(u64, u64)> {
    let mut asked = Vec::new();
    tail.finalized(finalized);
    if let Some(number) = tail.seen() {
        tail.check(chain.0.get(number as usize).map(|(hash, _)| *hash));
    }
    let latest = (chain.latest(), chain.hash(chain.latest()));
    while let Some(page) = tail.page(latest.0).filter(|_| asked.len() < pages) {
        asked.push(page);
        let too_large = (page.1 - page.0 >= limit).then_some(Failure::TooLarge);
        if let Some(failure) = too_large.or_else(&mut fails) {
            match tail.fail(page, &failure) {
                true => continue,
                false => return asked,
            }
        }
        tail.take(page, latest, chain.logs(page.0, page.1)).unwrap();
    }
    asked
}

#[test]
fn whatever_an_endpoint_gives_at_once_all_of_the_newest_events_are_read_and_none_twice() {
    for seed in 0..300 {
        println!("seed {seed}");
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut chain = Chain::default();
        let start = rng.random_range(1..3_000);
        chain.grow(&mut rng, start);
        let mut finalized = rng.random_range(0..chain.latest().max(1));
        let limit = [1, 10, 100, 5_000][rng.random_range(0..4)];
        let mut tail = Tail::default();
        for _ in 0..60 {
            match rng.random_range(0..6) {
                0 | 1 => chain.grow(&mut rng, 1),
                2 => finalized = rng.random_range(finalized..=chain.latest()),
                3 => {
                    // What is not final gives way to something else, longer or shorter.
                    let kept = rng.random_range(finalized..=chain.latest());
                    chain.0.truncate(kept as usize + 1);
                    let more = rng.random_range(0..4);
                    chain.grow(&mut rng, more);
                }
                _ => {}
            }
            let fails = |rng: &mut ChaCha8Rng| match rng.random_range(0..12) {
                0 => Some(Failure::Unreachable),
                1 => Some(Failure::RateLimited { wait_ms: 1 }),
                _ => None,
            };
            look(&mut tail, &chain, finalized, (limit, 16), || {
                fails(&mut rng)
            });
        }
        // The endpoint answers from now on.
        let mut looks = 0;
        while tail.page(chain.latest()).is_some() || looks == 0 {
            look(&mut tail, &chain, finalized, (limit, 16), || None);
            looks += 1;
            assert!(looks < 4_000, "it never comes to an end");
        }
        assert_eq!(tail.logs(), chain.logs(finalized + 1, chain.latest()));
        let again = look(&mut tail, &chain, finalized, (limit, 16), || None);
        assert!(again.is_empty(), "{again:?} were read again");
        chain.grow(&mut rng, 1);
        let more = look(&mut tail, &chain, finalized, (limit, 16), || None);
        assert_eq!(
            more,
            [(chain.latest(), chain.latest())],
            "only the new block"
        );
    }
}

#[test]
fn an_endpoint_that_asks_for_fewer_questions_is_asked_the_same_again() {
    let mut chain = Chain::default();
    chain.grow(&mut ChaCha8Rng::seed_from_u64(1), 3_000);
    let mut tail = Tail::default();
    let limited = || Some(Failure::RateLimited { wait_ms: 1 });
    let first = look(&mut tail, &chain, 0, (u64::MAX, 16), limited);
    assert_eq!(first, [(1, MAX_PAGE)]);
    for _ in 0..20 {
        let again = look(&mut tail, &chain, 0, (u64::MAX, 16), limited);
        assert_eq!(again, first);
    }
}

#[test]
fn events_out_of_order_or_of_other_blocks_are_not_taken_and_the_final_block_may_go_back() {
    let mut chain = Chain::default();
    chain.grow(&mut ChaCha8Rng::seed_from_u64(2), 100);
    let mut tail = Tail::default();
    tail.finalized(50);
    let latest = (99, chain.hash(99));
    let mut turned = chain.logs(51, 99);
    turned.reverse();
    for wrong in [turned, chain.logs(50, 98), chain.logs(40, 60)] {
        assert!(tail.take((51, 70), latest, wrong).is_err());
        assert_eq!(
            (tail.logs(), tail.page(99)),
            (&[] as &[Log], Some((51, 99)))
        );
    }
    look(&mut tail, &chain, 50, (u64::MAX, 16), || None);
    // An endpoint that was believed for a while showed a later one.
    look(&mut tail, &chain, 10, (u64::MAX, 16), || None);
    assert_eq!(tail.logs(), chain.logs(11, 99));
}

#[test]
fn a_flood_of_messages_is_kept_up_to_a_bound_and_acceptances_behind_it_are_kept() {
    let log = |block, index, topic| Log {
        address: Address::ZERO,
        topics: vec![topic],
        data: Default::default(),
        block,
        index,
    };
    let mut tail = Tail::default();
    for block in 1..=3 {
        let messages = (0..MAX_MESSAGES as u64).map(|index| log(block, index, events::MESSAGE));
        let accepted = log(block, u64::MAX, events::ACCEPTANCE);
        let logs = messages.chain([accepted]).collect();
        tail.take((block, block), (3, B256::ZERO), logs).unwrap();
    }
    assert_eq!(tail.logs().len(), MAX_MESSAGES + 3);
    // Room comes with finality.
    tail.finalized(1);
    assert_eq!(tail.logs().len(), 2);
}

#[test]
fn what_an_endpoint_left_out_is_read_again_though_the_final_block_stands() {
    let mut chain = Chain::default();
    chain.grow(&mut ChaCha8Rng::seed_from_u64(3), 100);
    let latest = (99, chain.hash(99));
    let read = || {
        let mut tail = Tail::default();
        tail.finalized(50);
        tail.take((51, 99), latest, Vec::new()).unwrap();
        tail.check(Some(latest.1));
        assert_eq!(tail.page(99), None);
        tail
    };
    for (known, held, again) in [
        ((7, 3), (7, 3), None),
        ((7, 3), (8, 3), Some((51, 99))),
        ((7, 3), (7, 4), Some((51, 99))),
        ((7, 4), (7, 3), Some((51, 99))),
    ] {
        let mut tail = read();
        tail.compare(known, held);
        assert_eq!(tail.page(99), again, "{known:?} of {held:?}");
    }
}
