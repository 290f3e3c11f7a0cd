//! The newest events against endpoints that give few blocks at once, fail, and reorganise what is not final.

use alloy_primitives::{Bytes, keccak256};
use alloy_sol_types::SolEvent;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::abi::{IInbox, IRootChain};
use crate::proof::checkpoint::Checkpoint;
use crate::proof::inbox::{Body, HEADER_BYTES, MAX_MESSAGE_BYTES, Message};

const CONTRACTS: Contracts = Contracts {
    deployment: [7; 20],
    inbox: Address::repeat_byte(0x11),
    root_chain: Address::repeat_byte(0x22),
};

fn tail() -> Tail {
    Tail::new(CONTRACTS)
}

/// A message of this block, which has that index, with this link.
fn message(index: u64, block: u64, link: B256) -> Log {
    let body = Body::RewardFunding {
        amount: 1,
        funder: [7; 20],
    };
    let message = Message {
        index,
        arrival: 0,
        root_height: block,
        due: 0,
        body,
    };
    holding(index, block, link, message.encode())
}

fn holding(index: u64, block: u64, link: B256, bytes: Vec<u8>) -> Log {
    let event = IInbox::MessageSent {
        index,
        link,
        message: Bytes::from(bytes),
    };
    log(CONTRACTS.inbox, block, index, event.encode_log_data())
}

fn log(address: Address, block: u64, index: u64, data: alloy_primitives::LogData) -> Log {
    Log {
        address,
        topics: data.topics().to_vec(),
        data: data.data,
        block,
        index,
    }
}

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
            // The link is of this history, and of no other one.
            .map(|block| message(1, block, self.hash(block)))
            .collect()
    }

    fn messages(&self, first: u64, last: u64) -> Vec<(u64, Sent)> {
        let logs = self.logs(first, last);
        let heard = logs.iter().map(|log| match CONTRACTS.hear(log) {
            Ok(Heard::Message(sent)) => (log.block, sent),
            other => panic!("{other:?}"),
        });
        heard.collect()
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
        let logs = chain.logs(page.0, page.1);
        tail.take(page, latest, &logs).unwrap();
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
        let mut tail = tail();
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
        assert_eq!(tail.messages, chain.messages(finalized + 1, chain.latest()));
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
    let mut tail = tail();
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
    let mut tail = tail();
    tail.finalized(50);
    let latest = (99, chain.hash(99));
    let mut turned = chain.logs(51, 99);
    turned.reverse();
    for wrong in [turned, chain.logs(50, 98), chain.logs(40, 60)] {
        assert!(tail.take((51, 70), latest, &wrong).is_err());
        assert!(tail.messages.is_empty());
        assert_eq!(tail.page(99), Some((51, 99)));
    }
    look(&mut tail, &chain, 50, (u64::MAX, 16), || None);
    // An endpoint that was believed for a while showed a later one.
    look(&mut tail, &chain, 10, (u64::MAX, 16), || None);
    assert_eq!(tail.messages, chain.messages(11, 99));
}

/// An acceptance of this block.
fn acceptance(epoch: u64, block: u64) -> Log {
    let content = Checkpoint {
        deployment: CONTRACTS.deployment,
        epoch,
        last_block_time: 0,
        blocks_root: B256::ZERO,
        state_root: B256::ZERO,
        inbox_cursor: 0,
        inbox_link: B256::ZERO,
        next_set: B256::ZERO,
        relayer: [0; 20],
        previous: B256::ZERO,
    };
    let checkpoint = IRootChain::Checkpoint {
        epoch,
        ..Default::default()
    };
    let event = IRootChain::CheckpointAccepted {
        epoch,
        digest: content.digest(),
        carrier: Address::ZERO,
        checkpoint,
        acceptance: IRootChain::Acceptance {
            blockNumber: block,
            ..Default::default()
        },
        tau: 0,
    };
    log(
        CONTRACTS.root_chain,
        block,
        u64::MAX,
        event.encode_log_data(),
    )
}

#[test]
fn a_flood_of_events_is_kept_up_to_a_bound_and_the_newest_acceptance_with_it() {
    let mut tail = tail();
    for block in 1..=3 {
        let messages = (0..MAX_MESSAGES as u64).map(|index| message(index, block, B256::ZERO));
        let logs: Vec<_> = messages.chain([acceptance(block + 3, block)]).collect();
        tail.take((block, block), (3, B256::ZERO), &logs).unwrap();
        assert_eq!(tail.messages.len(), MAX_MESSAGES);
        let newest = tail.acceptance.as_ref().unwrap();
        assert_eq!((newest.epoch, newest.block), (block + 3, block));
    }
    // Room comes with finality.
    tail.finalized(1);
    assert!(tail.messages.is_empty() && tail.acceptance.is_some());
    tail.finalized(3);
    assert!(tail.acceptance.is_none());
}

#[test]
fn what_no_contract_would_say_is_kept_by_no_tail() {
    let good = [message(1, 1, B256::ZERO), acceptance(0, 1)];
    let later = message(1, 2, B256::ZERO);
    let latest = (1, B256::ZERO);
    tail().take((1, 1), latest, &good).unwrap();
    let [message, acceptance] = good.clone();
    let of = |address: Address, log: &Log| Log {
        address,
        ..log.clone()
    };
    let long = vec![0; MAX_MESSAGE_BYTES + 1];
    for wrong in [
        of(CONTRACTS.root_chain, &message),
        of(CONTRACTS.inbox, &acceptance),
        of(Address::ZERO, &message),
        of(Address::ZERO, &acceptance),
        Log {
            data: vec![0; 1 << 20].into(),
            ..message.clone()
        },
        Log {
            data: [&acceptance.data[..], &[0; 1 << 10]].concat().into(),
            ..acceptance.clone()
        },
        Log {
            topics: vec![B256::ZERO],
            ..message.clone()
        },
        holding(1, 1, B256::ZERO, long),
        holding(1, 1, B256::ZERO, vec![0; HEADER_BYTES - 1]),
        later,
    ] {
        let wrong = Log { block: 1, ..wrong };
        let mut tail = tail();
        let taken = tail.take((1, 1), latest, std::slice::from_ref(&wrong));
        assert!(taken.is_err(), "{wrong:?}");
        assert!(tail.messages.is_empty() && tail.acceptance.is_none());
        assert_eq!(tail.page(1), Some((0, 1)), "it is asked for again");
    }
}

#[test]
fn a_newest_block_that_is_too_far_from_the_final_one_is_not_believed() {
    let mut tail = tail();
    tail.finalized(1_000);
    for (latest, is_believed) in [
        (0, true),
        (1_000 + MAX_DISTANCE, true),
        (1_001 + MAX_DISTANCE, false),
        (1 << 40, false),
        (u64::MAX, false),
    ] {
        assert_eq!(tail.check_distance(latest).is_ok(), is_believed, "{latest}");
    }
}

#[test]
fn what_an_endpoint_left_out_is_read_again_though_the_final_block_stands() {
    let mut chain = Chain::default();
    chain.grow(&mut ChaCha8Rng::seed_from_u64(3), 100);
    let latest = (99, chain.hash(99));
    let read = || {
        let mut tail = tail();
        tail.finalized(50);
        tail.take((51, 99), latest, &[]).unwrap();
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
