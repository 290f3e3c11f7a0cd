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
    bytes::{DecodeError, Reader},
    keccak::{self, hash},
};

#[cfg(test)]
pub(crate) mod model;
mod multiproof;
mod partial;
mod witness;

pub use multiproof::Multiproof;
pub use partial::PartialTree;
pub use witness::{Content, MAX_TOUCHED, MAX_VALUE_BYTES, Witness, WitnessError, WitnessLeaf};

/// Levels between a leaf and the tree root.
pub const DEPTH: usize = 32;

/// Bytes of an encoded [`Inclusion`].
pub const INCLUSION_BYTES: usize = 4 + 4 + 3 * 32 + DEPTH * 32;

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
    #[error("leaf {index} of only {count}")]
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

/// A leaf with its path: proves what stands at a key, or that the keys up to `next` are absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    /// Index of the leaf.
    pub index: u32,
    /// Leaf count of the state.
    pub count: u32,
    /// Key of the leaf.
    pub key: Hash,
    /// Next larger key, or 0.
    pub next: Hash,
    /// Hash of its value.
    pub value_hash: Hash,
    /// Siblings from the leaf upwards.
    pub siblings: [Hash; DEPTH],
}

impl Inclusion {
    /// The state root that this path leads to.
    ///
    /// # Errors
    /// [`ProofError::BeyondCount`] when the index is not below the count.
    pub fn state_root(&self) -> Result<Hash, ProofError> {
        if self.index >= self.count {
            return Err(ProofError::BeyondCount {
                index: self.index,
                count: self.count,
            });
        }
        let mut hash = leaf(&self.key, &self.next, &self.value_hash);
        let mut at = self.index;
        for sibling in &self.siblings {
            hash = if at & 1 == 0 {
                node(&hash, sibling)
            } else {
                node(sibling, &hash)
            };
            at >>= 1;
        }
        Ok(state_root(&hash, self.count))
    }

    /// Checks that the leaf stands in the state `root`.
    ///
    /// # Errors
    /// [`ProofError::BeyondCount`] or [`ProofError::Root`].
    pub fn verify(&self, root: &Hash) -> Result<(), ProofError> {
        let computed = self.state_root()?;
        if computed == *root {
            Ok(())
        } else {
            Err(ProofError::Root {
                computed,
                expected: *root,
            })
        }
    }

    /// index u32 ‖ count u32 ‖ key ‖ next key ‖ value hash ‖ 32 siblings.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(INCLUSION_BYTES);
        bytes.extend_from_slice(&self.index.to_be_bytes());
        bytes.extend_from_slice(&self.count.to_be_bytes());
        for word in [&self.key, &self.next, &self.value_hash] {
            bytes.extend_from_slice(word.as_slice());
        }
        for sibling in &self.siblings {
            bytes.extend_from_slice(sibling.as_slice());
        }
        bytes
    }

    /// The inverse of [`Inclusion::encode`].
    ///
    /// # Errors
    /// [`DecodeError`] unless there are exactly [`INCLUSION_BYTES`] bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let mut inclusion = Self {
            index: reader.u32()?,
            count: reader.u32()?,
            key: reader.array()?.into(),
            next: reader.array()?.into(),
            value_hash: reader.array()?.into(),
            siblings: [Hash::ZERO; DEPTH],
        };
        for sibling in &mut inclusion.siblings {
            *sibling = reader.array()?.into();
        }
        reader.finish()?;
        Ok(inclusion)
    }
}

/// Checks that `key` has `value` of `kind` in the state `root`.
///
/// # Errors
/// [`ProofError::Key`], [`ProofError::Value`], or what [`Inclusion::verify`] refuses.
pub fn verify_inclusion(
    key: &Hash,
    kind: u8,
    value: &[u8],
    leaf: &Inclusion,
    root: &Hash,
) -> Result<(), ProofError> {
    if leaf.key != *key {
        return Err(ProofError::Key {
            found: leaf.key,
            wanted: *key,
        });
    }
    let wanted = value_hash(kind, value);
    if leaf.value_hash != wanted {
        return Err(ProofError::Value {
            found: leaf.value_hash,
            wanted,
        });
    }
    leaf.verify(root)
}

/// Checks that `key` has no leaf in the state `root`, because `low` stands there and points past it.
///
/// # Errors
/// [`ProofError::NotLow`], or what [`Inclusion::verify`] refuses.
pub fn verify_absence(key: &Hash, low: &Inclusion, root: &Hash) -> Result<(), ProofError> {
    if !encloses(&low.key, &low.next, key) {
        return Err(ProofError::NotLow {
            key: *key,
            low: low.key,
            next: low.next,
        });
    }
    low.verify(root)
}

#[cfg(test)]
mod tests;
