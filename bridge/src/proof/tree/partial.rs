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

use super::{
    Content, Hash, Multiproof, ProofError, Witness, WitnessError, WitnessLeaf, encloses, leaf,
    state_root,
    witness::{check_sizes, check_value},
};

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

    /// Leaves that the witness has places for.
    #[must_use]
    pub fn appends(&self) -> u32 {
        self.appends
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
    ///
    /// # Errors
    /// [`WitnessError::Undecided`] when the witness has no such leaf.
    pub fn low(&self, key: &Hash) -> Result<Hash, WitnessError> {
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
