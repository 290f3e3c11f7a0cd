//! Blocks come to the same with one thread and with many, and to what they come to when each signature is checked first and each segment is
//! applied and executed again alone.

use prost::Message;
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha20Rng;

use super::attack::sign;
use super::*;
use crate::app::consensus::proposals::Judgement;
use crate::app::convert;
use crate::app::verdicts::Verdicts;
use crate::chain::execute::{Block, Checker, ColdChecker};
use crate::ledger::Reject;

const ACCOUNTS: u32 = 400;
const BLOCKS: u64 = 12;

/// The verdict on each user's transaction, in order: the first refusal is why the block is refused.
fn first_refusal(bench: &Bench, txs: &[Bytes]) -> Option<(usize, Reject)> {
    let users: Vec<&[u8]> = txs.iter().skip(1).map(AsRef::as_ref).collect();
    let verdicts = ColdChecker.check(&users, &bench.app.deployment().domain);
    let refused = |(place, verdict): (usize, Result<_, Reject>)| Some((place + 1, verdict.err()?));
    verdicts.into_iter().enumerate().find_map(refused)
}

/// What a node says of a block before it is decided.
fn judge(bench: &Bench, height: u64, txs: &[Bytes]) -> Result<String, String> {
    let request = bench.request(height, txs.to_vec(), &[]);
    let transactions: Vec<&[u8]> = txs.iter().map(AsRef::as_ref).collect();
    let block = Block {
        height,
        time: convert::time(request.time.as_ref()).unwrap(),
        proposer: convert::address(&request.proposer_address).unwrap(),
        round: 0,
        votes: &[],
        misbehavior: &[],
        transactions: &transactions,
    };
    let verdicts = Verdicts {
        pool: &bench.app.pool,
    };
    match bench.app.judge_block(&block, &verdicts).unwrap() {
        Judgement::Valid(executed) => Ok(format!("{executed:?}")),
        Judgement::Invalid(why) => Err(why.to_string()),
    }
}

/// This block with something wrong in it: signatures, forms, orders, senders that pay more than they have.
fn spoilt(rng: &mut ChaCha20Rng, txs: &[Bytes]) -> Vec<Bytes> {
    let mut txs = txs.to_vec();
    // Behind the record there may be nothing.
    let changes = if txs.len() > 1 {
        rng.random_range(1..4)
    } else {
        0
    };
    for _ in 0..changes {
        let place = rng.random_range(1..txs.len());
        let mut bytes = txs[place].to_vec();
        match rng.random_range(0..6) {
            // The signature stands at the end, and the kind, which says where users' transactions begin, in front.
            0 | 1 => {
                let at = bytes.len() - 1 - rng.random_range(0..60);
                bytes[at] ^= 1 << rng.random_range(0..8);
            }
            2 => {
                let at = rng.random_range(1..bytes.len());
                bytes[at] ^= 1 << rng.random_range(0..8);
            }
            3 => drop(bytes.pop()),
            4 => {
                let other = rng.random_range(1..txs.len());
                txs.swap(place, other);
                continue;
            }
            _ => {
                let copied = txs[place].clone();
                txs.insert(rng.random_range(1..txs.len()), copied);
                continue;
            }
        }
        txs[place] = bytes.into();
    }
    txs
}

#[test]
fn blocks_come_to_the_same_with_any_number_of_threads() {
    let seed: u64 = std::env::var("PLASMID_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(rand::random);
    println!("cores: PLASMID_SEED={seed}");
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let people = People::new(ACCOUNTS, ACCOUNTS, &sign);
    let nodes: Vec<_> = [1, 1, 2, 8]
        .into_iter()
        .enumerate()
        .map(|(number, threads)| {
            let folder = tempfile::tempdir().unwrap();
            let start = genesis(&people, 4 * ACCOUNTS).unwrap();
            let mut bench = Bench::open(folder.path(), start).unwrap();
            // The first one takes no short way.
            bench.app.surroundings.reexecute = number == 0;
            let threads = rayon::ThreadPoolBuilder::new().num_threads(threads);
            (folder, bench, threads.build().unwrap())
        })
        .collect();
    let (_, plain, _) = &nodes[0];
    let mut sequences = vec![0; ACCOUNTS as usize];
    let mut refusals = 0;
    for height in 1..=BLOCKS {
        let mut given = Vec::new();
        for _ in 0..rng.random_range(1..700) {
            let sender = rng.random_range(0..ACCOUNTS as usize);
            let fresh = rng.random_ratio(1, 8);
            let amount = *[1, 1, 1, u128::MAX].choose(&mut rng).unwrap();
            let to = match fresh {
                true => Account {
                    kind: 1,
                    id: rng.random(),
                },
                false => people.recipient(rng.random_range(0..9)),
            };
            let token = [0; 20];
            let body = |_| Body::Transfer { to, token, amount };
            let sequence = sequences[sender];
            let signed = plain.signed(&people, sender..sender + 1, sequence, body);
            if amount == 1 {
                sequences[sender] += 1;
                given.extend(signed);
            } else if let Some(place) = given.len().checked_sub(1) {
                // Nobody has that much, so a proposal leaves it out; a block with it is refused.
                let mut block = plain.propose(height, &given, &[]).unwrap();
                block.insert(rng.random_range(1..=place + 1), signed[0].clone());
                let why = judge(plain, height, &block).unwrap_err();
                for (_, bench, threads) in &nodes {
                    let said = threads.install(|| judge(bench, height, &block));
                    assert_eq!(said.unwrap_err(), why);
                }
            }
            if given.len() > 40 && rng.random_ratio(1, 30) {
                break;
            }
        }
        let block = plain.propose(height, &given, &[]).unwrap();
        for _ in 0..6 {
            let bad = spoilt(&mut rng, &block);
            let said = judge(plain, height, &bad);
            if let Some((place, reject)) = first_refusal(plain, &bad) {
                refusals += 1;
                let why = said.clone().unwrap_err();
                assert!(why.contains(&reject.to_string()), "{why}: {reject}");
                assert!(why.contains(&format!("{place}")), "{why}: {place}");
            }
            for (_, bench, threads) in &nodes {
                assert_eq!(threads.install(|| judge(bench, height, &bad)), said);
            }
        }
        let expected = judge(plain, height, &block).unwrap();
        let mut answers = nodes.iter().map(|(_, bench, threads)| {
            let said = threads.install(|| judge(bench, height, &block));
            assert_eq!(said.as_ref(), Ok(&expected));
            let request = bench.request(height, block.clone(), &[]);
            let answer = threads.install(|| bench.app.finalize_block(request).unwrap());
            bench.app.commit().unwrap();
            answer.encode_to_vec()
        });
        let first = answers.next().unwrap();
        assert!(answers.all(|answer| answer == first), "height {height}");
    }
    assert!(refusals > 0, "no block was refused for a signature");
}
