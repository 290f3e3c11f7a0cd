//! Measures the tree and the store, for `plasmid bench app` and for whoever changes them. Figures, no judgement.

use super::{Identity, Record, Store, StoreError, TransactionNames, open};
use crate::chain::tree::{Change, Tree, TreeError};
use alloy_primitives::{B256 as Hash, keccak256};
use plasmid_bridge::proof::commitment::BlockCommitment;
use prost::Message;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use tendermint_proto::v0_38::abci::{ExecTxResult, ResponseFinalizeBlock};

/// Kind of an account's leaf and the width of its value (PROTOCOL.md section 3).
const ACCOUNT: (u8, usize) = (0x02, 64);
/// Leaves of a segment at most (PROTOCOL.md section 6).
const SEGMENT: usize = 65;

/// A measured number.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What was measured.
    pub name: &'static str,
    /// How much it is.
    pub value: f64,
    /// The unit of `value`.
    pub unit: &'static str,
}

/// Why a measurement could not be made.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum StoreBenchError {
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Accounts in the tree.
    pub accounts: u32,
    /// Leaves changed in each height.
    pub changes: u32,
    /// Heights.
    pub heights: u64,
}

/// A tree of this many account leaves, marked as if an epoch had just ended.
///
/// # Errors
/// `None` for fewer than 2^32 − 1 accounts.
pub fn accounts(count: u32) -> Result<Tree, TreeError> {
    let mut tree = Tree::new();
    let mut first = 0;
    while first < count {
        let last = count.min(first.saturating_add(100_000));
        let made: Vec<Change> = (first..last).map(|number| change(number, 0)).collect();
        tree.apply(&made)?;
        first = last;
    }
    tree.mark(0)?;
    Ok(tree)
}

/// Updates and inserts a second of a tree of accounts, with one root for all and with a root after every segment.
///
/// # Errors
/// As [`accounts`].
pub fn tree(size: Size) -> Result<Vec<Figure>, StoreBenchError> {
    let began = Instant::now();
    let mut tree = accounts(size.accounts)?;
    let mut figures = vec![Figure {
        name: "tree_build",
        value: began.elapsed().as_secs_f64(),
        unit: "s",
    }];
    tree.drain();
    let mut fresh = size.accounts;
    for (name, segment, inserts) in [
        ("tree_updates_one_root", usize::MAX, false),
        ("tree_updates_root_per_65", SEGMENT, false),
        ("tree_inserts_one_root", usize::MAX, true),
        ("tree_inserts_root_per_32", 32, true),
    ] {
        let mut best = f64::INFINITY;
        for height in 0..size.heights {
            let changes: Vec<Change> = match inserts {
                true => (0..size.changes)
                    .map(|n| change(fresh + n, height))
                    .collect(),
                false => updates(size, height),
            };
            fresh += if inserts { size.changes } else { 0 };
            let began = Instant::now();
            for segment in changes.chunks(segment) {
                tree.apply(segment)?;
            }
            best = best.min(began.elapsed().as_secs_f64());
            tree.drain();
        }
        figures.push(Figure {
            name,
            value: f64::from(size.changes) / best,
            unit: "1/s",
        });
    }
    Ok(figures)
}

/// Heights committed durably to a store in `folder`, one by one, and the store opened again.
///
/// # Errors
/// What the store refuses.
pub fn disk(folder: &Path, size: Size) -> Result<Vec<Figure>, StoreBenchError> {
    let identity = Identity {
        deployment: [0; 20],
        genesis_root: Hash::ZERO,
    };
    let (books, _) = open(folder, identity)?;
    let mut tree = accounts(size.accounts)?;
    let genesis = record(&mut tree, 0, Hash::ZERO, size);
    let began = Instant::now();
    let mut before = genesis.block.after;
    books.commit(Arc::new(genesis))?;
    books.flush()?;
    let mut figures = vec![Figure {
        name: "store_genesis",
        value: began.elapsed().as_secs_f64(),
        unit: "s",
    }];
    let mut times = Vec::new();
    for height in 1..=size.heights {
        for segment in updates(size, height).chunks(SEGMENT) {
            tree.apply(segment)?;
        }
        let record = record(&mut tree, height, before, size);
        before = record.block.after;
        let began = Instant::now();
        books.commit(Arc::new(record))?;
        books.flush()?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    for (name, share) in [
        ("store_commit_p50", 50),
        ("store_commit_p95", 95),
        ("store_commit_max", 100),
    ] {
        let place = (times.len() * share / 100).min(times.len().saturating_sub(1));
        figures.push(Figure {
            name,
            value: times.get(place).copied().unwrap_or_default(),
            unit: "ms",
        });
    }
    drop(books);
    drop(tree);
    let began = Instant::now();
    let (_books, _loaded) = open(folder, identity)?;
    figures.push(Figure {
        name: "store_reopen",
        value: began.elapsed().as_secs_f64(),
        unit: "s",
    });
    Ok(figures)
}

/// An answer to FinalizeBlock, of about the size that results of transfers with their events have.
fn response(transactions: u32) -> Vec<u8> {
    let result = |_| ExecTxResult {
        data: vec![1; 560].into(),
        ..ExecTxResult::default()
    };
    ResponseFinalizeBlock {
        tx_results: (0..transactions).map(result).collect(),
        ..ResponseFinalizeBlock::default()
    }
    .encode_to_vec()
}

fn record(tree: &mut Tree, height: u64, before: Hash, size: Size) -> Record {
    let block = BlockCommitment {
        rules: 1,
        height,
        time: height,
        block_hash: Hash::ZERO,
        witness_hash: Hash::ZERO,
        before,
        after: tree.root(),
        segments_root: Hash::ZERO,
    };
    let transactions = (0..size.changes / 2).map(|index| {
        let number = (height << 32) | u64::from(index);
        TransactionNames {
            index,
            hash: keccak256(number.to_be_bytes()),
            digest: keccak256(number.to_le_bytes()),
        }
    });
    Record {
        segments: None,
        block,
        journal: tree.drain(),
        response: response(size.changes / 2),
        checkpoint: None,
        shares: Vec::new(),
        transactions: if height > 0 {
            transactions.collect()
        } else {
            Vec::new()
        },
    }
}

/// As many different accounts as are to change, all over the tree.
fn updates(size: Size, height: u64) -> Vec<Change> {
    let stride = (size.accounts / size.changes.max(1)).max(1);
    let changed = size.changes.min(size.accounts);
    let shift = keccak256(height.to_be_bytes()).0;
    let within = u32::from_be_bytes([shift[0], shift[1], shift[2], shift[3]]) % stride;
    (0..changed)
        .map(|n| change((n * stride + within) % size.accounts, height))
        .collect()
}

fn change(number: u32, height: u64) -> Change {
    let mut value = vec![0; ACCOUNT.1];
    for (slot, byte) in value.iter_mut().zip(height.to_be_bytes()) {
        *slot = byte;
    }
    Change {
        key: keccak256(number.to_be_bytes()),
        kind: ACCOUNT.0,
        value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_measurement_has_every_figure_and_a_store_that_opens() {
        let size = Size {
            accounts: 2_000,
            changes: 200,
            heights: 3,
        };
        let folder = tempfile::tempdir().unwrap();
        let figures = [tree(size).unwrap(), disk(folder.path(), size).unwrap()].concat();
        let names: Vec<_> = figures.iter().map(|figure| figure.name).collect();
        assert_eq!(names.len(), 10);
        assert!(
            figures
                .iter()
                .all(|figure| figure.value.is_finite() && figure.value > 0.0)
        );
    }
}
