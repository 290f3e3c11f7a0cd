//! The store under a chain that a seed decides: what one process wrote another can check without seeing it.

use super::*;
use crate::chain::tree::{Change, Tree};
use prost::Message;
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use std::sync::Arc;
use tendermint_proto::v0_38::abci::{ExecTxResult, ResponseFinalizeBlock};

/// What a backend over `self.memory` reads, whatever it does with writes.
macro_rules! reads_memory {
    () => {
        fn folder(&self) -> String {
            self.memory.folder()
        }
        fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
            self.memory.get(table, key)
        }
        fn scan(
            &self,
            table: Table,
            a: &[u8],
            b: &[u8],
            visit: Visit<'_>,
        ) -> Result<(), StoreError> {
            self.memory.scan(table, a, b, visit)
        }
        fn first(&self, table: Table, a: &[u8], b: &[u8]) -> Result<Option<Row>, StoreError> {
            self.memory.first(table, a, b)
        }
    };
}

mod crash;
mod damage;
mod folding;
mod layers;
mod passing;
mod port;
mod retention;
mod staked;

/// Heights of an epoch.
const EPOCH: u64 = 5;

fn seed(test: &str) -> u64 {
    let given = std::env::var("PLASMID_SEED")
        .ok()
        .and_then(|s| s.parse().ok());
    let seed = given.unwrap_or_else(rand::random);
    println!("{test}: PLASMID_SEED={seed}");
    seed
}

fn identity() -> Identity {
    Identity {
        deployment: [7; 20],
        genesis_root: Hash::repeat_byte(9),
    }
}

/// The next height of the chain of a seed, and what it leaves behind. It depends on the seed, the height and the tree alone.
fn step(seed: u64, tree: &mut Tree, before: Option<&BlockCommitment>) -> Record {
    let height = before.map_or(0, |block| block.height + 1);
    let rng = &mut ChaCha20Rng::seed_from_u64(seed ^ height.wrapping_mul(0x9e37_79b9));
    let root = tree.root();
    for _ in 0..2 {
        let changes = changes(rng, tree);
        tree.apply(&changes).unwrap();
    }
    let epoch = height / EPOCH;
    let ends = height.is_multiple_of(EPOCH) && height > 0;
    if ends {
        tree.mark(epoch - 1).unwrap();
    }
    let response = response(rng);
    let block = BlockCommitment {
        rules: 1,
        height,
        time: height,
        block_hash: Hash::from(rng.random::<[u8; 32]>()),
        witness_hash: Hash::ZERO,
        before: root,
        after: tree.root(),
        segments_root: Hash::ZERO,
    };
    Record {
        segments: None,
        block,
        journal: tree.drain(),
        response,
        checkpoint: ends.then(|| (epoch - 1, vec![epoch as u8; 300])),
        shares: (0..rng.random_range(0..3))
            .map(|member| Share {
                epoch,
                member,
                bytes: vec![height as u8; 192],
            })
            .collect(),
        transactions: (1..4)
            .map(|index| TransactionNames {
                index: index * 7,
                hash: digest(seed, height, index + 100),
                digest: digest(seed, height, index),
            })
            .collect(),
    }
}

/// An answer to FinalizeBlock with 22 results; at times bytes that are none.
fn response(rng: &mut ChaCha20Rng) -> Vec<u8> {
    let mut filler = vec![0; rng.random_range(1..3_000)];
    rng.fill_bytes(&mut filler);
    if rng.random_ratio(1, 8) {
        // No field has number 0, so that this decodes as nothing.
        filler[0] = 0x07;
        return filler;
    }
    let result = |index: u32| ExecTxResult {
        data: index.to_be_bytes().to_vec().into(),
        gas_used: i64::from(index) + 1,
        ..ExecTxResult::default()
    };
    ResponseFinalizeBlock {
        tx_results: (0..22).map(result).collect(),
        app_hash: filler.into(),
        ..ResponseFinalizeBlock::default()
    }
    .encode_to_vec()
}

fn digest(seed: u64, height: u64, index: u32) -> Hash {
    let bytes = [
        seed.to_be_bytes(),
        height.to_be_bytes(),
        u64::from(index).to_be_bytes(),
    ];
    alloy_primitives::keccak256(bytes.concat())
}

fn changes(rng: &mut ChaCha20Rng, tree: &Tree) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for _ in 0..rng.random_range(1..25) {
        let known = tree.leaf(rng.random_range(0..tree.count())).unwrap();
        let (key, kind, mut value) = if known.index == 0 || rng.random_ratio(1, 4) {
            let width = [16, 40, 64, 173, 1_024][rng.random_range(0..5)];
            (Hash::from(rng.random::<[u8; 32]>()), 1, vec![0; width])
        } else {
            (*known.key, known.kind, known.value.to_vec())
        };
        rng.fill_bytes(&mut value);
        if !changes.iter().any(|change| change.key == key) {
            changes.push(Change { key, kind, value });
        }
    }
    changes
}

/// The chain of a seed as it is without any store: commitments from height 0 on, and the tree after the last of them.
struct Chain {
    seed: u64,
    blocks: Vec<BlockCommitment>,
    tree: Tree,
}

impl Chain {
    fn new(seed: u64, last: u64) -> Self {
        let mut chain = Self {
            seed,
            blocks: Vec::new(),
            tree: Tree::new(),
        };
        chain.advance(last);
        chain
    }

    fn advance(&mut self, last: u64) {
        while self.blocks.len() as u64 <= last {
            let record = step(self.seed, &mut self.tree, self.blocks.last());
            self.blocks.push(record.block);
        }
    }

    /// What was loaded is this chain at its last height, with all marks from epoch `first` on and the states in memory.
    fn agrees(&mut self, loaded: &Loaded, first: u64) {
        assert_eq!(Some(&loaded.block), self.blocks.last());
        assert_eq!(loaded.tree.root(), self.tree.root());
        assert_eq!(loaded.tree.count(), self.tree.count());
        self.tree.retain(first);
        assert!(loaded.tree.marks().eq(self.tree.marks()));
        let marks: Vec<_> = self.tree.marks().collect();
        let on_disk = loaded.tree.last_on_disk();
        let in_memory = marks.iter().filter(|mark| Some(mark.epoch) > on_disk);
        for mark in in_memory.rev().step_by(1 + marks.len() / 30) {
            let one = loaded.tree.at(mark.epoch).unwrap();
            let two = self.tree.at(mark.epoch).unwrap();
            assert_eq!((one.root(), two.root()), (mark.root, mark.root));
            let index = mark.count / 2;
            assert_eq!(one.prove(index).unwrap(), two.prove(index).unwrap());
        }
        // Height 0 is genesis; a mark stands at every multiple of EPOCH from there on.
        let begun = loaded.height() / EPOCH * EPOCH;
        assert_eq!(loaded.epoch_blocks, self.blocks[begun as usize + 1..]);
    }
}

fn agrees(seed: u64, loaded: &Loaded, first: u64) {
    Chain::new(seed, loaded.height()).agrees(loaded, first);
}

/// Commits up to `last` from what is loaded; gives the tip.
fn grow<S: Backend>(seed: u64, books: &Books<S>, loaded: Option<Loaded>, last: u64) {
    let (mut tree, mut tip) = match loaded {
        Some(loaded) => (loaded.tree, Some(loaded.block)),
        None => (Tree::new(), None),
    };
    while tip.is_none_or(|block| block.height < last) {
        let record = step(seed, &mut tree, tip.as_ref());
        tip = Some(record.block);
        books.commit(Arc::new(record)).unwrap();
    }
}
