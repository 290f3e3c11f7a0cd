//! One leaf with its path to the state root: that a key has a value, or that it has none.

use super::{DEPTH, Hash, ProofError, encloses, leaf, node, state_root, value_hash};
use crate::proof::bytes::{DecodeError, Reader};

/// Bytes of an encoded [`Inclusion`].
pub const INCLUSION_BYTES: usize = 4 + 4 + 3 * 32 + DEPTH * 32;

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
        Ok(state_root(&self.tree_root(), self.count))
    }

    /// The root of the tree that this path leads to, without the leaf count, which is not looked at.
    #[must_use]
    pub fn tree_root(&self) -> Hash {
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
        hash
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
