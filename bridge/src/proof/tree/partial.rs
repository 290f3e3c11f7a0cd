//! The part of the state that one segment touches: enough to execute it again, from its witness alone.
//!
//! ```text
//! witness = leaf count ‖ leaves of the state before, ascending ‖ how many leaves will be appended ‖ siblings
//!           open   the siblings give the root before: leaves at their hashes, the appended places empty
//!           get    reads a leaf, or shows by the low leaf that there is none
//!           set    changes a leaf, or appends one: its low leaf now points to it
//!           finish the same siblings give the root after
//! ```
//! A leaf of which only the place in the list matters comes with the hash of its value. A key that the witness does not decide
//! is an error, never an absence. Sizes are bounded before anything is hashed.

use std::collections::BTreeMap;

use super::{Hash, Multiproof, ProofError, encloses, leaf, state_root, value_hash};

/// Leaves that one segment may touch, appended ones included.
pub const MAX_TOUCHED: usize = 65;

/// Bytes of the widest value.
pub const MAX_VALUE_BYTES: usize = 1_024;

/// What a witness says about a leaf's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The value.
    Value {
        /// Kind of the leaf.
        kind: u8,
        /// Its value.
        value: Vec<u8>,
    },
    /// Only the value hash: the leaf stands here for its place in the list, or is overwritten unread.
    Hash(Hash),
}

impl Content {
    fn hash(&self) -> Hash {
        match self {
            Self::Value { kind, value } => value_hash(*kind, value),
            Self::Hash(hash) => *hash,
        }
    }
}

/// A leaf of the state before the segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessLeaf {
    /// Index of the leaf.
    pub index: u32,
    /// Its key.
    pub key: Hash,
    /// The next larger key, or 0.
    pub next: Hash,
    /// Its value.
    pub content: Content,
}

/// All that a segment touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Leaf count before the segment.
    pub count: u32,
    /// Leaves that the segment appends, exactly.
    pub appends: u32,
    /// Leaves before the segment, strictly ascending by index.
    pub leaves: Vec<WitnessLeaf>,
    /// Multiproof of `leaves` and of the places `count..count + appends`.
    pub proof: Multiproof,
}

/// Why a witness does not carry an execution.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// More leaves than a segment may touch.
    #[error("{touched} leaves touched, at most {MAX_TOUCHED} are allowed")]
    TooManyLeaves {
        /// Leaves of the witness and leaves to append.
        touched: usize,
    },
    /// A value wider than any kind.
    #[error("a value of {length} bytes, at most {MAX_VALUE_BYTES} are allowed")]
    ValueTooLong {
        /// Its length.
        length: usize,
    },
    /// The leaf count would pass 2^32 − 1.
    #[error("{appends} leaves do not fit behind {count}")]
    Full {
        /// Leaf count before.
        count: u32,
        /// Leaves to append.
        appends: u32,
    },
    /// The multiproof does not lead to the state root.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// Two leaves with one key.
    #[error("key {0} stands in two leaves")]
    DuplicateKey(Hash),
    /// The witness neither holds the key nor shows its absence.
    #[error("the witness does not decide key {0}")]
    Undecided(Hash),
    /// The witness holds only the hash of the value.
    #[error("the witness has only the value hash of key {0}")]
    HashOnly(Hash),
    /// A key is written with another kind than it has.
    #[error("key {key} has kind {found}, not {wanted}")]
    Kind {
        /// The key.
        key: Hash,
        /// Kind of its leaf.
        found: u8,
        /// Kind that was written.
        wanted: u8,
    },
    /// The number of appended leaves is not what the witness says.
    #[error("{found} leaves appended, the witness says {wanted}")]
    Appends {
        /// Leaves appended.
        found: u32,
        /// Leaves that the witness has places for.
        wanted: u32,
    },
}

#[derive(Debug, Clone)]
struct Leaf {
    index: u32,
    next: Hash,
    content: Content,
}

/// A state of which only the leaves of a witness are known.
#[derive(Debug, Clone)]
pub struct PartialTree {
    leaves: BTreeMap<Hash, Leaf>,
    proof: Multiproof,
    appends: u32,
    appended: u32,
    count: u32,
}

impl PartialTree {
    /// Opens a witness against the state root before the segment.
    ///
    /// # Errors
    /// [`WitnessError`] for sizes, order, duplicate keys, and a proof that does not lead to `before`.
    pub fn open(witness: Witness, before: &Hash) -> Result<Self, WitnessError> {
        check_sizes(&witness)?;
        let Witness {
            count,
            appends,
            leaves: given,
            proof,
        } = witness;
        if let Some(leaf) = given.iter().find(|leaf| leaf.index >= count) {
            return Err(ProofError::BeyondCount {
                index: leaf.index,
                count,
            }
            .into());
        }
        let mut hashes: Vec<(u32, Hash)> = given
            .iter()
            .map(|leaf| (leaf.index, hash_leaf(&leaf.key, &leaf.next, &leaf.content)))
            .collect();
        hashes.extend((0..appends).map(|place| (count.saturating_add(place), Hash::ZERO)));
        let computed = state_root(&proof.root(&hashes)?, count);
        if computed != *before {
            return Err(ProofError::Root {
                computed,
                expected: *before,
            }
            .into());
        }
        Ok(Self {
            leaves: by_key(given)?,
            proof,
            appends,
            appended: 0,
            count,
        })
    }

    /// Leaf count, appended leaves included.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Kind and value at `key`; `None` when the state has no such leaf.
    ///
    /// # Errors
    /// [`WitnessError::Undecided`] or [`WitnessError::HashOnly`] when the witness does not tell.
    pub fn get(&self, key: &Hash) -> Result<Option<(u8, &[u8])>, WitnessError> {
        match self.leaves.get(key).map(|leaf| &leaf.content) {
            Some(Content::Value { kind, value }) => Ok(Some((*kind, value))),
            Some(Content::Hash(_)) => Err(WitnessError::HashOnly(*key)),
            None => self.low(key).map(|_| None),
        }
    }

    /// Writes `value` at `key`: changes its leaf, or appends one.
    ///
    /// # Errors
    /// [`WitnessError::Undecided`] without the low leaf of a new key, [`WitnessError::Kind`], [`WitnessError::ValueTooLong`],
    /// [`WitnessError::Appends`] when no place is left.
    pub fn set(&mut self, key: &Hash, kind: u8, value: Vec<u8>) -> Result<(), WitnessError> {
        check_value(&value)?;
        let content = Content::Value { kind, value };
        match self.leaves.get_mut(key) {
            Some(leaf) => {
                if let Content::Value { kind: found, .. } = leaf.content
                    && found != kind
                {
                    return Err(WitnessError::Kind {
                        key: *key,
                        found,
                        wanted: kind,
                    });
                }
                leaf.content = content;
                Ok(())
            }
            None => self.append(key, content),
        }
    }

    /// State root as it stands now; places not yet filled are empty.
    ///
    /// # Errors
    /// [`WitnessError::Proof`], which [`PartialTree::open`] has ruled out.
    pub fn root(&self) -> Result<Hash, WitnessError> {
        let mut hashes: Vec<(u32, Hash)> = self
            .leaves
            .iter()
            .map(|(key, leaf)| (leaf.index, hash_leaf(key, &leaf.next, &leaf.content)))
            .collect();
        let unused = self.appends.saturating_sub(self.appended);
        hashes.extend((0..unused).map(|place| (self.count.saturating_add(place), Hash::ZERO)));
        hashes.sort_unstable_by_key(|(index, _)| *index);
        Ok(state_root(&self.proof.root(&hashes)?, self.count))
    }

    /// State root after the segment.
    ///
    /// # Errors
    /// [`WitnessError::Appends`] unless exactly the announced leaves were appended.
    pub fn finish(self) -> Result<Hash, WitnessError> {
        if self.appended != self.appends {
            return Err(WitnessError::Appends {
                found: self.appended,
                wanted: self.appends,
            });
        }
        self.root()
    }

    /// Key of the leaf that shows the absence of `key`.
    fn low(&self, key: &Hash) -> Result<Hash, WitnessError> {
        self.leaves
            .range(..*key)
            .next_back()
            .filter(|(low, leaf)| encloses(low, &leaf.next, key))
            .map(|(low, _)| *low)
            .ok_or(WitnessError::Undecided(*key))
    }

    fn append(&mut self, key: &Hash, content: Content) -> Result<(), WitnessError> {
        let low = self.low(key)?;
        if self.appended >= self.appends {
            return Err(WitnessError::Appends {
                found: self.appended.saturating_add(1),
                wanted: self.appends,
            });
        }
        let low = self
            .leaves
            .get_mut(&low)
            .ok_or(WitnessError::Undecided(*key))?;
        let next = std::mem::replace(&mut low.next, *key);
        let index = self.count;
        self.leaves.insert(
            *key,
            Leaf {
                index,
                next,
                content,
            },
        );
        self.count = self.count.saturating_add(1);
        self.appended = self.appended.saturating_add(1);
        Ok(())
    }
}

fn hash_leaf(key: &Hash, next: &Hash, content: &Content) -> Hash {
    leaf(key, next, &content.hash())
}

fn check_value(value: &[u8]) -> Result<(), WitnessError> {
    match value.len() {
        0..=MAX_VALUE_BYTES => Ok(()),
        length => Err(WitnessError::ValueTooLong { length }),
    }
}

/// Bounds everything that is counted or hashed later; the counts cannot overflow behind this.
fn check_sizes(witness: &Witness) -> Result<(), WitnessError> {
    let appends = usize::try_from(witness.appends).unwrap_or(usize::MAX);
    let touched = witness.leaves.len().saturating_add(appends);
    if touched > MAX_TOUCHED {
        return Err(WitnessError::TooManyLeaves { touched });
    }
    if witness.count.checked_add(witness.appends).is_none() {
        return Err(WitnessError::Full {
            count: witness.count,
            appends: witness.appends,
        });
    }
    for leaf in &witness.leaves {
        if let Content::Value { value, .. } = &leaf.content {
            check_value(value)?;
        }
    }
    Ok(())
}

fn by_key(given: Vec<WitnessLeaf>) -> Result<BTreeMap<Hash, Leaf>, WitnessError> {
    let mut leaves = BTreeMap::new();
    for leaf in given {
        let WitnessLeaf {
            index,
            key,
            next,
            content,
        } = leaf;
        let known = Leaf {
            index,
            next,
            content,
        };
        if leaves.insert(key, known).is_some() {
            return Err(WitnessError::DuplicateKey(key));
        }
    }
    Ok(leaves)
}

#[cfg(test)]
mod tests;
