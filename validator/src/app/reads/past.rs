//! The state at the end of a past epoch, read in short looks.
//!
//! A past state does not change, so its parts may be read one by one while blocks go on: each look at the state's lock takes
//! one leaf, one node of a proof, or a bounded walk. No question about the past, however it is put, holds up a block longer.

use alloy_primitives::B256;
use plasmid_bridge::proof::tree::{DEPTH, Inclusion, Multiproof, value_hash};

use super::{ReadError, Trees, on_tree};
use crate::chain::tree::{Mark, TreeError, View};

/// Keys that one look walks over.
const STEPS: usize = 512;

/// A leaf of a past state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastLeaf {
    pub index: u32,
    pub key: B256,
    pub next: B256,
    pub kind: u8,
    pub value: Vec<u8>,
}

/// The state at the end of an epoch.
pub struct Past<'a> {
    trees: &'a dyn Trees,
    mark: Mark,
}

impl<'a> Past<'a> {
    /// The state at the end of `epoch`.
    ///
    /// # Errors
    /// [`ReadError::NotFound`] when it is not kept.
    pub fn of(trees: &'a dyn Trees, epoch: u64) -> Result<Self, ReadError> {
        let mark = view(trees, epoch, |view| Mark {
            epoch,
            count: view.count(),
            root: view.root(),
        })?;
        Ok(Self { trees, mark })
    }

    /// Leaf count then.
    pub fn count(&self) -> u32 {
        self.mark.count
    }

    /// State root then.
    pub fn root(&self) -> B256 {
        self.mark.root
    }

    /// The leaf of `key` then.
    ///
    /// # Errors
    /// [`ReadError`], here and below, when the state is not kept any more, or this read was stopped.
    pub fn get(&self, key: &B256) -> Result<Option<PastLeaf>, ReadError> {
        self.view(|view| view.find(key).and_then(|index| leaf(view, index)))
    }

    /// The leaf that then had the largest key below `key`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn low(&self, key: &B256) -> Result<PastLeaf, ReadError> {
        let mut from = *key;
        loop {
            let walked =
                self.view(|view| view.low_within(&from, STEPS).map(|index| leaf(view, index)))?;
            match walked {
                Ok(found) => {
                    return found.ok_or_else(|| {
                        ReadError::Internal("the predecessor of a key is missing".into())
                    });
                }
                Err(key) => from = key,
            }
        }
    }

    /// Proof that `leaf` stood under [`Past::root`].
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn prove(&self, leaf: &PastLeaf) -> Result<Inclusion, ReadError> {
        let mut siblings = [B256::ZERO; DEPTH];
        for (level, sibling) in siblings.iter_mut().enumerate() {
            *sibling = self.node(level, (leaf.index >> level) ^ 1)?;
        }
        Ok(Inclusion {
            index: leaf.index,
            key: leaf.key,
            next: leaf.next,
            value_hash: value_hash(leaf.kind, &leaf.value),
            siblings,
            count: self.mark.count,
        })
    }

    /// Siblings of the leaves at `indices`, which ascend strictly.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn multiproof(&self, indices: &[u32]) -> Result<Multiproof, ReadError> {
        let mut failed = None;
        let proof = Multiproof::collect(indices, |level, place| {
            if failed.is_some() {
                return B256::ZERO;
            }
            self.node(level, place).unwrap_or_else(|error| {
                failed = Some(error);
                B256::ZERO
            })
        });
        match failed {
            Some(error) => Err(error),
            None => proof.map_err(|error| ReadError::Internal(error.to_string())),
        }
    }

    fn node(&self, level: usize, place: u32) -> Result<B256, ReadError> {
        self.view(|view| view.node(level, place))
    }

    fn view<T>(&self, read: impl FnOnce(&View<'_>) -> T) -> Result<T, ReadError> {
        view(self.trees, self.mark.epoch, read)
    }
}

fn view<T>(
    trees: &dyn Trees,
    epoch: u64,
    read: impl FnOnce(&View<'_>) -> T,
) -> Result<T, ReadError> {
    let read = on_tree(trees, |tree| tree.at(epoch).map(|view| read(&view)))?;
    read.map_err(|error| match error {
        TreeError::UnknownEpoch { .. } => ReadError::NotFound(error.to_string()),
        error => ReadError::Internal(error.to_string()),
    })
}

fn leaf(view: &View<'_>, index: u32) -> Option<PastLeaf> {
    view.leaf(index).map(|leaf| PastLeaf {
        index,
        key: *leaf.key,
        next: *leaf.next,
        kind: leaf.kind,
        value: leaf.value.to_vec(),
    })
}

#[cfg(test)]
mod tests;
