//! Reads and proofs over a tree, today's or one of a past epoch: written once, for both.

use super::TreeError;
use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::tree::{
    DEPTH, Inclusion, Multiproof, leaf_many, value_hash, value_hash_many,
};

/// The contents of a leaf: its key, the next larger key (zero if none), its kind and value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeafRef<'a> {
    /// Index of the leaf, from 0.
    pub index: u32,
    /// Key of the leaf.
    pub key: &'a Hash,
    /// Key of the next leaf in key order; zero after the highest.
    pub next: &'a Hash,
    /// Kind of the leaf, one byte.
    pub kind: u8,
    /// Value of the leaf, at most 1,024 bytes.
    pub value: &'a [u8],
}

/// Hashes of leaves, many at once.
pub(super) fn hash_leaves(leaves: &[LeafRef<'_>]) -> Vec<Hash> {
    let values: Vec<(u8, &[u8])> = leaves.iter().map(|leaf| (leaf.kind, leaf.value)).collect();
    let mut hashes = Vec::with_capacity(leaves.len());
    value_hash_many(&values, &mut hashes);
    let words: Vec<[Hash; 3]> = leaves
        .iter()
        .zip(&hashes)
        .map(|(leaf, value)| [*leaf.key, *leaf.next, *value])
        .collect();
    hashes.clear();
    leaf_many(&words, &mut hashes);
    hashes
}

/// What a proof reads.
pub(super) trait Source {
    fn count(&self) -> u32;
    fn leaf(&self, index: u32) -> Option<LeafRef<'_>>;
    fn find(&self, key: &Hash) -> Option<u32>;
    /// Index of the leaf with the largest key below `key`.
    fn low(&self, key: &Hash) -> u32;
    fn node(&self, level: usize, place: u32) -> Hash;
}

/// Proof that a leaf stands at `index`.
pub(super) fn prove<S: Source>(source: &S, index: u32) -> Result<Inclusion, TreeError> {
    let count = source.count();
    let leaf = source
        .leaf(index)
        .ok_or(TreeError::OutOfRange { index, count })?;
    let mut siblings = [Hash::ZERO; DEPTH];
    for (level, sibling) in siblings.iter_mut().enumerate() {
        *sibling = source.node(level, (index >> level) ^ 1);
    }
    Ok(Inclusion {
        index,
        key: *leaf.key,
        next: *leaf.next,
        value_hash: value_hash(leaf.kind, leaf.value),
        siblings,
        count,
    })
}

/// Proof that no leaf has `key`: the inclusion of its predecessor.
pub(super) fn prove_absence<S: Source>(source: &S, key: &Hash) -> Result<Inclusion, TreeError> {
    match source.find(key) {
        Some(index) => Err(TreeError::Present { key: *key, index }),
        None => prove(source, source.low(key)),
    }
}

/// Siblings of several indices in one stream (PROTOCOL.md section 1). Indices from the leaf count on are allowed.
pub(super) fn multiproof<S: Source>(source: &S, indices: &[u32]) -> Result<Multiproof, TreeError> {
    Ok(Multiproof::collect(indices, |level, place| {
        source.node(level, place)
    })?)
}
