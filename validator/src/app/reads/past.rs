//! The state at the end of a past epoch, read in short looks.
//!
//! A past state does not change, so its parts may be read one by one while blocks go on: each look at the state's lock takes
//! one leaf, one node of a proof, or a bounded walk. No question about the past, however it is put, holds up a block longer.
//!
//! ```text
//! epoch e ──── layers that only the store has ──── first epoch in memory ──── layers in memory ──── now
//!       └ one search in the store, without the lock        └ one look: the state of this epoch
//! ```
//! Where the store has nothing of a place, the place is what it was at the first epoch in memory. A layer may leave memory
//! between the search and the look: then both are done again. One may leave the store too, once root has settled it: every
//! leaf that is read ends with a look at the mark, and every proof is compared with the mark's root, before it is given.

use std::cell::{Cell, OnceCell};
use std::ops::Range;

use alloy_primitives::B256;
use plasmid_bridge::proof::tree::{
    DEPTH, Inclusion, Multiproof, leaf as hash_leaf, state_root, value_hash, zeros,
};

use super::{DiskRead, ReadError, Trees, on_tree};
use crate::chain::tree::{
    EpochMark, LeafRef, Tree, TreeError, TreeView, hashed, is_beyond, kept_above,
};

/// Keys that one look walks over.
const STEPS: usize = 512;

/// A leaf of a past state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastLeaf {
    /// Its number.
    pub index: u32,
    /// Its key.
    pub key: B256,
    /// The key that follows.
    pub next: B256,
    /// What its value is.
    pub kind: u8,
    /// Its value.
    pub value: Vec<u8>,
}

/// The state at the end of an epoch.
pub struct Past<'a> {
    trees: &'a dyn Trees,
    mark: EpochMark,
    /// The first epoch from this one on that was in memory at the last look.
    shallow: Cell<u64>,
    /// The place among those who read the disk, once it was needed.
    disk: OnceCell<DiskRead<'a>>,
}

impl<'a> Past<'a> {
    /// The state at the end of `epoch`.
    ///
    /// # Errors
    /// [`ReadError::NotFound`] when it is not kept.
    pub fn of(trees: &'a dyn Trees, epoch: u64) -> Result<Self, ReadError> {
        let found = on_tree(trees, |tree| {
            let shallow = match tree.at(epoch) {
                Ok(_) => epoch,
                Err(TreeError::OnDisk { first, .. }) => first,
                Err(error) => return Err(refused(&error)),
            };
            let mark = tree.mark_of(epoch).ok_or_else(|| unkept(epoch))?;
            Ok((mark, shallow))
        })?;
        let (mark, shallow) = found?;
        Ok(Self {
            trees,
            mark,
            shallow: Cell::new(shallow),
            disk: OnceCell::new(),
        })
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
    /// [`ReadError`], here and below: the state is not kept any more, this read was stopped, the store cannot be read.
    pub fn get(&self, key: &B256) -> Result<Option<PastLeaf>, ReadError> {
        let index = on_tree(self.trees, |tree| tree.get(key).map(|(index, _, _)| index))?;
        match index.filter(|index| *index < self.mark.count) {
            Some(index) => self.leaf(index).map(Some),
            None => self.kept().map(|()| None),
        }
    }

    /// The leaf that then had the largest key below `key`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn low(&self, key: &B256) -> Result<PastLeaf, ReadError> {
        let mut from = *key;
        loop {
            let walked = on_tree(self.trees, |tree| {
                tree.low_within(self.mark.count, &from, STEPS)
            })?;
            match walked {
                Ok(index) => return self.leaf(index),
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
        let proof = Inclusion {
            index: leaf.index,
            key: leaf.key,
            next: leaf.next,
            value_hash: value_hash(leaf.kind, &leaf.value),
            siblings,
            count: self.mark.count,
        };
        match proof.state_root() {
            Ok(root) if root == self.mark.root => Ok(proof),
            Ok(root) => Err(self.wrong(&format!("a proof leads to {root}"))),
            Err(error) => Err(self.wrong(&error)),
        }
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
        if let Some(error) = failed {
            return Err(error);
        }
        let proof = proof.map_err(|error| ReadError::Internal(error.to_string()))?;
        let leaves = indices
            .iter()
            .map(|index| Ok((*index, self.leaf_hash(*index)?)));
        let leaves = leaves.collect::<Result<Vec<_>, ReadError>>()?;
        match proof.root(&leaves) {
            Ok(root) if state_root(&root, self.mark.count) == self.mark.root => Ok(proof),
            Ok(root) => Err(self.wrong(&format!("a proof leads to tree root {root}"))),
            Err(error) => Err(self.wrong(&error)),
        }
    }

    /// The leaf at `index`, which lies below the count.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn leaf(&self, index: u32) -> Result<PastLeaf, ReadError> {
        loop {
            let old = self.on_disk(|disk, epochs| disk.leaf(index, epochs))?;
            let found = self.look(|tree, view| match &old {
                Some(old) => {
                    let today = tree.leaf(index)?;
                    let next = tree.leaf(old.next)?;
                    Some(owned(&LeafRef {
                        next: next.key,
                        value: &old.value,
                        ..today
                    }))
                }
                None => view?.leaf(index).map(|leaf| owned(&leaf)),
            })?;
            match found {
                Looked::Found(found) => return Ok(found),
                Looked::Missing => {
                    let why = format!("leaf {index} of epoch {} is missing", self.mark.epoch);
                    return Err(ReadError::Internal(why));
                }
                Looked::Released => {}
            }
        }
    }

    fn leaf_hash(&self, index: u32) -> Result<B256, ReadError> {
        match index < self.mark.count {
            true => {
                let leaf = self.leaf(index)?;
                let value = value_hash(leaf.kind, &leaf.value);
                Ok(hash_leaf(&leaf.key, &leaf.next, &value))
            }
            false => Ok(B256::ZERO),
        }
    }

    fn node(&self, level: usize, place: u32) -> Result<B256, ReadError> {
        if is_beyond(self.mark.count, level, place) {
            return Ok(zeros().get(level).copied().unwrap_or_default());
        }
        let (kept, above) = kept_above(level, place);
        loop {
            match self.on_disk(|disk, epochs| disk.node(kept, above, epochs))? {
                Some(old) if kept == level => return Ok(old),
                Some(_) => {
                    return hashed(
                        self.mark.count,
                        level,
                        place,
                        &mut |level, place| match level {
                            0 => self.leaf_hash(place),
                            _ => self.node(level, place),
                        },
                    );
                }
                None => {}
            }
            match self.look(|_, view| Some(view?.node(level, place)))? {
                Looked::Found(node) => return Ok(node),
                Looked::Missing => {
                    let why = format!("epoch {} has no node {place}", self.mark.epoch);
                    return Err(ReadError::Internal(why));
                }
                Looked::Released => {}
            }
        }
    }

    /// Searches the layers that only the store has; `None` when there are no such layers between this epoch and those in memory.
    fn on_disk<T>(
        &self,
        search: impl FnOnce(&DiskRead<'_>, Range<u64>) -> Result<Option<T>, ReadError>,
    ) -> Result<Option<T>, ReadError> {
        let epochs = self.mark.epoch..self.shallow.get();
        if epochs.is_empty() {
            return Ok(None);
        }
        let entered = match self.disk.get() {
            Some(entered) => entered,
            None => {
                let entered = self.trees.enter_disk()?;
                self.disk.get_or_init(|| entered)
            }
        };
        search(entered, epochs)
    }

    /// Looks at the tree, and at the state of the first epoch in memory if that is still the one that it was.
    fn look<T>(
        &self,
        read: impl FnOnce(&Tree, Option<&TreeView<'_>>) -> Option<T>,
    ) -> Result<Looked<T>, ReadError> {
        let found = on_tree(self.trees, |tree| {
            if tree.mark_of(self.mark.epoch).is_none() {
                return Err(unkept(self.mark.epoch));
            }
            match tree.at(self.shallow.get()) {
                Ok(view) => Ok((read(tree, Some(&view)), None)),
                // What the store had is right; what it had not may be in a layer that has just gone there.
                Err(TreeError::OnDisk { first, .. }) => Ok((read(tree, None), Some(first))),
                Err(error) => Err(refused(&error)),
            }
        })?;
        match found? {
            (Some(found), _) => Ok(Looked::Found(found)),
            (None, None) => Ok(Looked::Missing),
            (None, Some(first)) => {
                self.shallow.set(first);
                Ok(Looked::Released)
            }
        }
    }

    /// Refuses when the state is not kept any more.
    fn kept(&self) -> Result<(), ReadError> {
        match on_tree(self.trees, |tree| tree.mark_of(self.mark.epoch))? {
            Some(_) => Ok(()),
            None => Err(unkept(self.mark.epoch)),
        }
    }

    /// Why a proof does not lead to the root: the state was given up while it was read, or this node is broken.
    fn wrong(&self, why: &dyn std::fmt::Display) -> ReadError {
        match self.kept() {
            Ok(()) => ReadError::Internal(format!(
                "the history of epoch {} does not lead to its state root: {why}; the store is damaged",
                self.mark.epoch
            )),
            Err(error) => error,
        }
    }
}

/// What came of a look.
enum Looked<T> {
    Found(T),
    Missing,
    /// The layer has left memory.
    Released,
}

fn refused(error: &TreeError) -> ReadError {
    match error {
        TreeError::UnknownEpoch { .. } => ReadError::NotFound(error.to_string()),
        error => ReadError::Internal(error.to_string()),
    }
}

fn unkept(epoch: u64) -> ReadError {
    ReadError::NotFound(format!("the state of epoch {epoch} is not kept any more"))
}

fn owned(leaf: &LeafRef<'_>) -> PastLeaf {
    PastLeaf {
        index: leaf.index,
        key: *leaf.key,
        next: *leaf.next,
        kind: leaf.kind,
        value: leaf.value.to_vec(),
    }
}

#[cfg(test)]
mod tests;
