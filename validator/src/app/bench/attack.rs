//! A storm of questions about the past against the real application, while it executes and commits blocks.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use alloy_primitives::B256;
use tendermint_proto::v0_38::abci::RequestQuery;

use super::*;
use crate::app::reads::{DiskRead, Door, Past, ReadError, Trees};
use crate::chain::tree::{HASHED, Tree};
use crate::ledger::Slot;

const THREADS: usize = 4;
/// Epochs that are over when the storm begins.
const EPOCHS: u64 = 3;
/// Blocks that are made in it.
const BLOCKS: u64 = 40;
const TRANSFERS: u32 = 4;
/// Hashes that one look at the state may make, as in the tests of one question.
const MAX_HASHES: usize = 16;

/// The application's state; notes the most hashes that a look has made.
struct Counted<'a>(&'a App, &'a AtomicUsize);

impl Trees for Counted<'_> {
    fn look(&self, visit: &mut dyn FnMut(&Tree)) -> Result<(), ReadError> {
        let state = self.0.state();
        HASHED.set(0);
        visit(&state.tree);
        self.1.fetch_max(HASHED.get(), Ordering::SeqCst);
        Ok(())
    }

    fn enter_disk(&self) -> Result<DiskRead<'_>, ReadError> {
        self.0.disk().enter(Door::Client)
    }
}

/// Asks for a leaf, for one that is not there, and for a proof of many leaves, of each epoch that is over.
fn ask(app: &App, round: usize, most: &AtomicUsize) {
    let blocks = u64::from(app.parameters().epoch_blocks);
    let epoch = round as u64 % EPOCHS;
    for key in [Slot::Inbox.key(), B256::repeat_byte(round as u8)] {
        let request = RequestQuery {
            path: "/leaf".to_owned(),
            data: key.to_vec().into(),
            height: i64::try_from((epoch + 1) * blocks).unwrap(),
            prove: true,
        };
        let answer = app.query(request, &AtomicBool::new(false)).unwrap();
        assert_eq!(answer.code, 0, "{}", answer.log);
    }
    let counted = Counted(app, most);
    let past = Past::of(&counted, epoch).unwrap();
    let many: Vec<u32> = (0..past.count()).step_by(17).take(64).collect();
    past.multiproof(&many).unwrap();
    past.low(&B256::repeat_byte(round as u8)).unwrap();
}

/// Signs as a person's own program does.
pub(super) fn sign(seed: &[u8; 32], header: Header, body: Body, domain: &Domain) -> Transaction {
    let secret = ed25519_zebra::SigningKey::from(*seed);
    let key: [u8; 32] = ed25519_zebra::VerificationKey::from(&secret).into();
    let mut transaction = Transaction {
        header,
        body,
        authentication: Authentication::Ed25519 {
            key,
            signature: [0; 64],
        },
        fee_payer_authentication: None,
    };
    let signature = secret.sign(transaction.digest(domain).as_slice()).into();
    transaction.authentication = Authentication::Ed25519 { key, signature };
    transaction
}

#[test]
fn a_block_waits_for_a_look_of_each_reader_and_no_longer_whatever_they_ask() {
    let folder = tempfile::tempdir().unwrap();
    let blocks = u64::from(crate::ledger::Parameters::local().epoch_blocks);
    let first = EPOCHS * blocks + 2;
    let senders = u32::try_from(first + BLOCKS).unwrap() * TRANSFERS;
    let people = People::new(senders, senders, &sign);
    let start = genesis(&people, TRANSFERS).unwrap();
    let bench = Bench::open(folder.path(), start).unwrap();
    let block = |height| {
        let given = bench.transfers(&people, height, TRANSFERS);
        let transactions = bench.propose(height, &given, &[]).unwrap();
        bench
            .execute(height, transactions, given.len(), &[])
            .unwrap();
    };
    (1..first).for_each(block);

    let (stopped, asked, most) = (
        AtomicBool::new(false),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    bench.app.looks.forget();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while !stopped.load(Ordering::SeqCst) {
                    ask(&bench.app, asked.fetch_add(1, Ordering::SeqCst), &most);
                }
            });
        }
        for height in first..first + BLOCKS {
            let before = asked.load(Ordering::SeqCst);
            while asked.load(Ordering::SeqCst) == before {
                thread::yield_now();
            }
            block(height);
        }
        stopped.store(true, Ordering::SeqCst);
    });
    let (looks, overtaken) = bench.app.looks.seen();
    let most = most.load(Ordering::SeqCst);
    println!(
        "{looks} looks; a block waited for {overtaken} of them, each of {most} hashes, at most"
    );
    assert!(looks > BLOCKS as usize * THREADS, "{looks} looks");
    // Only looks that were under way when the block began to wait may still overtake it.
    assert!(overtaken <= THREADS, "a block waited for {overtaken} looks");
    assert!(most > 0 && most <= MAX_HASHES, "{most} hashes in one look");
}
