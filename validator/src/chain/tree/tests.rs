//! The tree against a naive one that hashes everything anew, over random sequences.

use super::*;
use alloy_primitives::keccak256;
use plasmid_bridge::proof::tree::{verify_absence, verify_inclusion};
use rand::{Rng, RngCore, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha20Rng;

mod history;
mod refusals;
mod restoring;
mod together;

/// Leaves in a list; every hash from its own preimage, over the whole tree, each time.
#[derive(Clone)]
pub(crate) struct Naive {
    leaves: Vec<(Hash, u8, Vec<u8>)>,
}

impl Naive {
    pub(crate) fn new() -> Self {
        Self {
            leaves: vec![(Hash::ZERO, 0, Vec::new())],
        }
    }

    pub(crate) fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            match self.leaves.iter_mut().find(|leaf| leaf.0 == change.key) {
                Some(leaf) => leaf.2 = change.value.clone(),
                None => self
                    .leaves
                    .push((change.key, change.kind, change.value.clone())),
            }
        }
    }

    pub(crate) fn next(&self, key: Hash) -> Hash {
        let larger = self.leaves.iter().map(|leaf| leaf.0).filter(|k| *k > key);
        larger.min().unwrap_or_default()
    }

    pub(crate) fn low(&self, key: Hash) -> u32 {
        let below = self.leaves.iter().enumerate().filter(|(_, l)| l.0 < key);
        below.max_by_key(|(_, l)| l.0).map_or(0, |(i, _)| i as u32)
    }

    pub(crate) fn leaf_hash(&self, index: u32) -> Hash {
        let Some((key, kind, value)) = self.leaves.get(index as usize) else {
            return Hash::ZERO;
        };
        let value = keccak256([&[*kind], value.as_slice()].concat());
        keccak256([key.0, self.next(*key).0, value.0].concat())
    }

    pub(crate) fn root(&self) -> Hash {
        let mut level: Vec<Hash> = (0..self.leaves.len())
            .map(|index| self.leaf_hash(index as u32))
            .collect();
        let mut zero = Hash::ZERO;
        for _ in 0..32 {
            if level.len() % 2 == 1 {
                level.push(zero);
            }
            level = level
                .chunks(2)
                .map(|pair| keccak256([pair[0].0, pair[1].0].concat()))
                .collect();
            zero = keccak256([zero.0, zero.0].concat());
        }
        let count = (self.leaves.len() as u32).to_be_bytes();
        keccak256([level[0].as_slice(), &count].concat())
    }

    pub(crate) fn leaves(&self) -> &[(Hash, u8, Vec<u8>)] {
        &self.leaves
    }
}

/// Widths of a few kinds: empty, inline, the widest inline, large.
pub(crate) const WIDTHS: [usize; 5] = [0, 16, 64, 66, 1_024];

pub(crate) fn seeded(test: &str) -> ChaCha20Rng {
    let seed = std::env::var("PLASMID_SEED")
        .ok()
        .and_then(|s| s.parse().ok());
    let seed: u64 = seed.unwrap_or_else(rand::random);
    println!("{test}: PLASMID_SEED={seed}");
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn random_key(rng: &mut ChaCha20Rng) -> Hash {
    let mut key = Hash::ZERO;
    rng.fill_bytes(key.as_mut_slice());
    // Neighbours now and then, so that runs of new keys share a predecessor.
    if rng.random_ratio(1, 3) {
        key.0[..31].fill(7);
    }
    key
}

/// A segment: some leaves that stand, some new ones, in any order.
pub(crate) fn segment(rng: &mut ChaCha20Rng, naive: &Naive, most: usize) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for _ in 0..rng.random_range(1..=most) {
        let known = naive.leaves.choose(rng).cloned().unwrap();
        let fresh = rng.random_ratio(1, 3) || known.0.is_zero();
        let (key, kind, mut value) = if fresh {
            let kind = rng.random_range(0..WIDTHS.len());
            (random_key(rng), kind as u8 + 1, vec![0; WIDTHS[kind]])
        } else {
            known
        };
        let stands = fresh && naive.leaves.iter().any(|leaf| leaf.0 == key);
        if stands || changes.iter().any(|change| change.key == key) {
            continue;
        }
        rng.fill_bytes(&mut value);
        changes.push(Change { key, kind, value });
    }
    changes
}

fn multiproof_holds(rng: &mut ChaCha20Rng, tree: &Tree, naive: &Naive) {
    let beyond = tree.count() + 3;
    let mut indices: Vec<u32> = (0..rng.random_range(1..9))
        .map(|_| rng.random_range(0..beyond))
        .collect();
    indices.sort_unstable();
    indices.dedup();
    let leaves: Vec<(u32, Hash)> = indices
        .iter()
        .map(|index| (*index, naive.leaf_hash(*index)))
        .collect();
    let proof = tree.multiproof(&indices).unwrap();
    let root = state_root(&proof.root(&leaves).unwrap(), tree.count());
    assert_eq!(root, naive.root());
}

#[test]
fn the_empty_tree_has_the_sentinel_and_its_root() {
    let tree = Tree::new();
    assert_eq!(tree.count(), 1);
    assert_eq!(tree.root(), Naive::new().root());
    assert_eq!(tree.get(&Hash::ZERO), Some((0, 0, [].as_slice())));
    assert_eq!(tree.low(&Hash::repeat_byte(1)), 0);
}

#[test]
fn random_segments_give_the_root_and_reads_of_the_naive_tree() {
    let mut rng = seeded("segments");
    for _ in 0..12 {
        let (mut tree, mut naive) = (Tree::new(), Naive::new());
        for _ in 0..25 {
            let changes = segment(&mut rng, &naive, 20);
            naive.apply(&changes);
            assert_eq!(tree.apply(&changes).unwrap(), naive.root());
            assert_eq!(tree.count() as usize, naive.leaves.len());
            multiproof_holds(&mut rng, &tree, &naive);
        }
        for (index, (key, kind, value)) in naive.leaves.iter().enumerate() {
            assert_eq!(tree.get(key), Some((index as u32, *kind, value.as_slice())));
        }
        for _ in 0..20 {
            let key = random_key(&mut rng);
            assert_eq!(tree.low(&key), naive.low(key));
        }
        let seen: Vec<_> = tree
            .iter()
            .map(|l| (*l.key, l.kind, l.value.to_vec()))
            .collect();
        assert_eq!(seen, naive.leaves);
    }
}

#[test]
fn every_leaf_proves_and_no_proof_survives_a_flipped_byte() {
    let mut rng = seeded("proofs");
    let (mut tree, mut naive) = (Tree::new(), Naive::new());
    for _ in 0..10 {
        let changes = segment(&mut rng, &naive, 10);
        naive.apply(&changes);
        tree.apply(&changes).unwrap();
    }
    for (index, (key, kind, value)) in naive.leaves.iter().enumerate() {
        let proof = tree.prove(index as u32).unwrap();
        verify_inclusion(key, *kind, value, &proof, &tree.root()).unwrap();
        let bytes = proof.encode();
        let mut flipped = bytes.clone();
        flipped[rng.random_range(0..bytes.len())] ^= 1 << rng.random_range(0..8);
        let flipped = Inclusion::decode(&flipped).unwrap();
        assert!(verify_inclusion(key, *kind, value, &flipped, &tree.root()).is_err());
    }
    for _ in 0..50 {
        let key = random_key(&mut rng);
        match tree.get(&key) {
            Some((index, ..)) => {
                let refused = TreeError::Present { key, index };
                assert_eq!(tree.prove_absence(&key), Err(refused));
            }
            None => {
                let low = tree.prove_absence(&key).unwrap();
                verify_absence(&key, &low, &tree.root()).unwrap();
            }
        }
    }
}

#[test]
fn many_changes_at_once_and_one_by_one_end_in_the_same_root() {
    let mut rng = seeded("genesis");
    let changes = segment(&mut rng, &Naive::new(), 400);
    let mut whole = Tree::new();
    whole.apply(&changes).unwrap();
    let mut single = Tree::new();
    for change in &changes {
        single.apply(std::slice::from_ref(change)).unwrap();
    }
    assert_eq!(whole.root(), single.root());
    assert_eq!(whole.drain(), single.drain());
}
