//! The state tree: an indexed Merkle tree of depth 32, dense and append-only, whose leaves form a sorted linked list by key.
//!
//! ```text
//! state root = H(tree root ‖ leaf count)                    36 bytes
//! tree root  = H(H(… H(l0 ‖ l1) ‖ H(l2 ‖ l3) …) ‖ …)        64 bytes a node, 32 levels, an empty leaf is 32 zero bytes
//! leaf       = H(key ‖ next key ‖ value hash)               96 bytes
//! value hash = H(kind ‖ value)                              never 64 or 96 bytes
//! ```
//! Leaf 0 is the sentinel (key 0); `next` of the largest key is 0. A key is absent when the low leaf, the one with the largest
//! smaller key, points past it. Why this shape: DESIGN section 4 (proofs of one length, absence that can be proven, an index
//! that is authenticated). Verifiers take the state root, never the bare tree root, and refuse indices beyond the count.

use std::sync::OnceLock;

use super::{
    Hash,
    keccak::{self, hash},
};

mod inclusion;
#[cfg(test)]
pub(crate) mod model;
mod multiproof;
mod partial;
mod witness;

pub use inclusion::{INCLUSION_BYTES, Inclusion, verify_absence, verify_inclusion};
pub use multiproof::Multiproof;
pub use partial::PartialTree;
pub use witness::{
    Content, MAX_VALUE_BYTES, MAX_WITNESS_LEAVES, Witness, WitnessError, WitnessLeaf,
};

/// Levels between a leaf and the tree root.
pub const DEPTH: usize = 32;

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// A multiproof of nothing.
    #[error("no leaves to prove")]
    NoLeaves,
    /// Leaves are not strictly ascending by index.
    #[error("leaf {index} stands behind leaf {previous}")]
    LeafOrder {
        /// Index of the leaf before.
        previous: u32,
        /// Index that is not larger.
        index: u32,
    },
    /// The siblings end before the root.
    #[error("{given} siblings given, more are needed")]
    MissingSiblings {
        /// Siblings given.
        given: usize,
    },
    /// Siblings are left over.
    #[error("{given} siblings given, {used} used")]
    UnusedSiblings {
        /// Siblings given.
        given: usize,
        /// Siblings that the leaves need.
        used: usize,
    },
    /// A leaf beyond the leaf count.
    #[error("leaf {index} does not exist, the tree has only {count} leaves")]
    BeyondCount {
        /// Index of the leaf.
        index: u32,
        /// Leaf count of the state.
        count: u32,
    },
    /// The computed root is another one.
    #[error("the proof gives root {computed}, not {expected}")]
    Root {
        /// Root that the proof gives.
        computed: Hash,
        /// Root that was asked for.
        expected: Hash,
    },
    /// The leaf has another key.
    #[error("the leaf has key {found}, not {wanted}")]
    Key {
        /// Key of the leaf.
        found: Hash,
        /// Key that was asked for.
        wanted: Hash,
    },
    /// The leaf has another value.
    #[error("the leaf has value hash {found}, not {wanted}")]
    Value {
        /// Value hash of the leaf.
        found: Hash,
        /// Value hash that was asked for.
        wanted: Hash,
    },
    /// The leaf is not the low leaf of the key.
    #[error("the leaf from {low} to {next} does not enclose {key}")]
    NotLow {
        /// Key that should be absent.
        key: Hash,
        /// Key of the leaf.
        low: Hash,
        /// Next key of the leaf.
        next: Hash,
    },
}

/// Hash of a node.
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    hash(&[left.as_slice(), right.as_slice()])
}

/// Hash of a leaf.
#[must_use]
pub fn leaf(key: &Hash, next: &Hash, value_hash: &Hash) -> Hash {
    hash(&[key.as_slice(), next.as_slice(), value_hash.as_slice()])
}

/// Hash of a value of a kind. No kind has values of 63 or 95 bytes.
#[must_use]
pub fn value_hash(kind: u8, value: &[u8]) -> Hash {
    hash(&[&[kind], value])
}

/// State root: the tree root with the number of leaves.
#[must_use]
pub fn state_root(tree_root: &Hash, count: u32) -> Hash {
    hash(&[tree_root.as_slice(), &count.to_be_bytes()])
}

/// Hashes of many values, pairs of kind and value, appended to `out` in order.
pub fn value_hash_many(values: &[(u8, &[u8])], out: &mut Vec<Hash>) {
    keccak::hash_many(
        values,
        |(kind, value)| [std::slice::from_ref(kind), value],
        out,
    );
}

/// Hashes of many nodes, appended to `out` in order.
pub fn node_many(pairs: &[[Hash; 2]], out: &mut Vec<Hash>) {
    keccak::hash_words(pairs, out);
}

/// Hashes of many leaves `[key, next, value hash]`, appended to `out` in order.
pub fn leaf_many(leaves: &[[Hash; 3]], out: &mut Vec<Hash>) {
    keccak::hash_words(leaves, out);
}

/// Roots of empty subtrees: number `d` has 2^d empty leaves.
#[must_use]
pub fn zeros() -> &'static [Hash; DEPTH + 1] {
    static ZEROS: OnceLock<[Hash; DEPTH + 1]> = OnceLock::new();
    ZEROS.get_or_init(|| {
        let mut below = Hash::ZERO;
        std::array::from_fn(|level| {
            if level > 0 {
                below = node(&below, &below);
            }
            below
        })
    })
}

/// Whether `key` lies strictly between a leaf's key and its next key.
#[must_use]
pub fn encloses(low: &Hash, next: &Hash, key: &Hash) -> bool {
    low < key && (key < next || next.is_zero())
}

#[cfg(test)]
mod tests;
