//! The state tree: an indexed Merkle tree of depth 32 in memory, append-only (DESIGN.md section 4, PROTOCOL.md section 1).
//!
//! ```text
//! leaf i = (key, next key, H(kind ‖ value)), dense by index; leaf 0 is the sentinel with key 0
//! next links make one list sorted by key; the next of the largest key is 0
//! state root = H(tree root ‖ leaf count)
//! ```
//! `apply` is one segment, and `apply_all` is a block's: values change in place, new leaves append in order, every touched node is
//! rehashed once a segment. `mark` ends an epoch: from then on the first change of a leaf or node saves what it was, so `at(epoch)`
//! reads and proves the state of that time, and nothing has to be built for it. `pin` does the same for a long read of the tip.
//! `drain` hands over what changed, for a store; `Restore` builds the tree from it again. About 225 bytes a leaf, and 6 to 12 for
//! its place in the table that finds it by key.

mod check;
mod error;
mod history;
mod journal;
mod keys;
mod layer;
mod leaves;
mod nodes;
mod pin;
mod restore;
mod source;
#[cfg(test)]
pub(crate) mod tests;
mod together;
mod undo;
mod view;

pub use error::TreeError;
pub use history::{EpochMark, Old, PastLimit, PastSize, UndoLeaf};
pub use journal::{Journal, LeafImage};
pub use layer::{Layer, LayerEntry};
pub use leaves::MAX_VALUE;
pub use nodes::above;
pub use restore::Restore;
pub use source::LeafRef;
#[cfg(test)]
pub(crate) use view::HASHED;
pub use view::{TreeView, hashed, is_beyond, kept_above};

use alloy_primitives::B256 as Hash;
use history::History;
use journal::TreeNotes;
use keys::KeyIndex;
use leaves::LeafTable;
use nodes::NodeTable;
use pin::Pin;
use plasmid_bridge::proof::tree::{Inclusion, Multiproof, state_root};
use source::{Source, hash_leaves};
use std::sync::Arc;

/// One write of a segment: the new value of the leaf of `key`, which is made if there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Key of the leaf.
    pub key: Hash,
    /// Kind of the leaf, one byte.
    pub kind: u8,
    /// The new value, at most 1,024 bytes.
    pub value: Vec<u8>,
}

/// The state tree with its history.
pub struct Tree {
    leaves: LeafTable,
    keys: KeyIndex,
    nodes: NodeTable,
    root: Hash,
    history: History,
    pending: TreeNotes,
    pin: Pin,
}

impl Default for Tree {
    fn default() -> Self {
        Self::new()
    }
}

impl Tree {
    /// The tree of the sentinel alone.
    pub fn new() -> Self {
        let mut tree = Self {
            leaves: LeafTable::default(),
            keys: KeyIndex::default(),
            nodes: NodeTable::new(),
            root: Hash::ZERO,
            history: History::default(),
            pending: TreeNotes::default(),
            pin: Pin::default(),
        };
        // An empty value always fits, and the list is empty.
        let _ = tree.leaves.push(Hash::ZERO, 0, 0, &[]);
        tree.keys.insert(&tree.leaves, Hash::ZERO, 0);
        tree.pending.touched.push(0);
        tree.rehash(vec![0]);
        tree
    }

    /// Index, kind and value of the leaf of `key`.
    pub fn get(&self, key: &Hash) -> Option<(u32, u8, &[u8])> {
        let leaf = self.leaf(self.find(key)?)?;
        Some((leaf.index, leaf.kind, leaf.value))
    }

    /// The leaf at `index`.
    pub fn leaf(&self, index: u32) -> Option<LeafRef<'_>> {
        Source::leaf(self, index)
    }

    /// Index of the leaf with the largest key below `key`; the sentinel's for key 0.
    pub fn low(&self, key: &Hash) -> u32 {
        Source::low(self, key)
    }

    /// Index of the leaf with the largest key below `key` in a past state of `count` leaves. At most `steps` keys are looked at, because keys of leaves that were made since lie
    /// between, and anyone can make many of them. An error is the key from which to go on.
    pub fn low_within(&self, count: u32, key: &Hash, steps: usize) -> Result<u32, Hash> {
        let mut last = *key;
        for (key, index) in self.keys.below(key).take(steps) {
            if index < count {
                return Ok(index);
            }
            last = *key;
        }
        if last == *key { Ok(0) } else { Err(last) }
    }

    /// Leaf count, the sentinel included; the index of the next new leaf.
    pub fn count(&self) -> u32 {
        self.leaves.count()
    }

    /// State root: H(tree root ‖ leaf count).
    pub fn root(&self) -> Hash {
        self.root
    }

    /// All leaves, ascending by index.
    pub fn iter(&self) -> impl Iterator<Item = LeafRef<'_>> {
        (0..self.count()).filter_map(|index| self.leaf(index))
    }

    /// Applies one segment and gives the state root after it. New leaves append in the order of the changes.
    ///
    /// # Errors
    /// A key given twice or zero, another kind or width than the leaf has, a value over [`MAX_VALUE`]; nothing is changed then.
    pub fn apply(&mut self, changes: &[Change]) -> Result<Hash, TreeError> {
        let touched = self.write(changes)?;
        self.rehash(touched);
        Ok(self.root)
    }

    /// Writes the leaves of one segment, and gives the indices of those that it touched, ascending.
    fn write(&mut self, changes: &[Change]) -> Result<Vec<u32>, TreeError> {
        let known = self.check(changes)?;
        let mut touched = Vec::with_capacity(changes.len().saturating_mul(2));
        for (change, known) in changes.iter().zip(known) {
            match known {
                Some(index) => {
                    self.save(index);
                    self.leaves.set_value(index, &change.value)?;
                    touched.push(index);
                }
                None => self.insert(change, &mut touched)?,
            }
        }
        touched.sort_unstable();
        touched.dedup();
        self.pending.touched.extend_from_slice(&touched);
        Ok(touched)
    }

    /// Ends `epoch` at the present state: it stays readable and provable through [`Tree::at`] until it is retained no more.
    ///
    /// # Errors
    /// An epoch that is not past the last marked one.
    pub fn mark(&mut self, epoch: u64) -> Result<EpochMark, TreeError> {
        let mark = EpochMark {
            epoch,
            count: self.count(),
            root: self.root,
        };
        self.take_undo();
        self.history.open(mark)?;
        self.pending.drained = 0;
        self.pending.marks.push(mark);
        Ok(mark)
    }

    /// Forgets the states of all epochs before `first`.
    pub fn retain(&mut self, first: u64) {
        self.take_undo();
        self.history.retain(first);
        if self.history.newest().is_none() {
            self.pending.drained = 0;
        }
    }

    /// Marks that are kept, ascending by epoch.
    pub fn marks(&self) -> impl Iterator<Item = EpochMark> {
        self.history.marks()
    }

    /// The mark of `epoch`, if it is kept.
    pub fn mark_of(&self, epoch: u64) -> Option<EpochMark> {
        self.history.mark(epoch)
    }

    /// The newest mark.
    pub fn newest_mark(&self) -> Option<EpochMark> {
        self.history.newest().map(|layer| layer.mark)
    }

    /// The first kept mark whose state has the leaf at `index`.
    pub fn first_mark_with(&self, index: u32) -> Option<EpochMark> {
        self.history.first_mark(|mark| mark.count > index)
    }

    /// The last epoch whose layer is on disk only.
    pub fn last_on_disk(&self) -> Option<u64> {
        self.history.last_away()
    }

    /// How much of the past is kept in memory, and how much of it on disk only.
    pub fn past_size(&self) -> PastSize {
        self.history.size()
    }

    /// The layers that a store has to keep so that what stays in memory is within the limit, ascending from the oldest one in
    /// memory. They stay here until they are released.
    pub fn excess(&self, limit: PastLimit) -> Vec<Arc<Layer>> {
        self.history.excess(limit)
    }

    /// Lets go of the layers of all epochs up to `last`, which a store has now. [`Tree::at`] refuses these epochs.
    pub fn release(&mut self, last: u64) {
        self.history.release(last);
    }

    /// The state at the end of `epoch`.
    ///
    /// # Errors
    /// An epoch that was not marked or is not retained, or whose layer is on disk; a history that does not lead to the root
    /// that was marked.
    pub fn at(&self, epoch: u64) -> Result<TreeView<'_>, TreeError> {
        TreeView::new(self, epoch)
    }

    /// Proof that the leaf at `index` stands under [`Tree::root`].
    ///
    /// # Errors
    /// An index from the leaf count on.
    pub fn prove(&self, index: u32) -> Result<Inclusion, TreeError> {
        source::prove(self, index)
    }

    /// Proof that no leaf has `key`: the inclusion of its predecessor.
    ///
    /// # Errors
    /// A key that has a leaf.
    pub fn prove_absence(&self, key: &Hash) -> Result<Inclusion, TreeError> {
        source::prove_absence(self, key)
    }

    /// Siblings of the leaves at `indices`, which ascend strictly; one from the leaf count on proves with leaf hash 0.
    ///
    /// # Errors
    /// No index, or indices that do not ascend.
    pub fn multiproof(&self, indices: &[u32]) -> Result<Multiproof, TreeError> {
        source::multiproof(self, indices)
    }

    fn insert(&mut self, change: &Change, touched: &mut Vec<u32>) -> Result<(), TreeError> {
        let low = Source::low(self, &change.key);
        self.save(low);
        let next = self.leaves.next(low).unwrap_or_default();
        let index = self
            .leaves
            .push(change.key, next, change.kind, &change.value)?;
        self.leaves.set_next(low, index);
        self.keys.insert(&self.leaves, change.key, index);
        touched.extend([low, index]);
        Ok(())
    }

    fn save(&mut self, index: u32) {
        let leaves = &self.leaves;
        let old = || {
            Some(Old {
                next: leaves.next(index)?,
                value: leaves.value(index)?.into(),
            })
        };
        self.history.save(index, old);
        self.pin.save(index, old);
    }

    /// Hashes all above these leaves, which ascend.
    fn rehash(&mut self, touched: Vec<u32>) {
        let found: Vec<LeafRef<'_>> = touched
            .iter()
            .filter_map(|index| self.leaf(*index))
            .collect();
        let hashes = hash_leaves(&found);
        let history = &mut self.history;
        self.nodes
            .update(touched, &hashes, |level, place, before, _| {
                history.save_node(level, place, before);
            });
        self.root = state_root(&self.nodes.tree_root(), self.count());
    }
}

impl Source for Tree {
    fn count(&self) -> u32 {
        self.leaves.count()
    }

    fn leaf(&self, index: u32) -> Option<LeafRef<'_>> {
        Some(LeafRef {
            index,
            key: self.leaves.key(index)?,
            next: self.leaves.key(self.leaves.next(index)?)?,
            kind: self.leaves.kind(index)?,
            value: self.leaves.value(index)?,
        })
    }

    fn find(&self, key: &Hash) -> Option<u32> {
        self.keys.find(&self.leaves, key)
    }

    fn low(&self, key: &Hash) -> u32 {
        self.keys.below(key).next().map_or(0, |(_, index)| index)
    }

    fn node(&self, level: usize, place: u32) -> Hash {
        self.nodes.get(level, place)
    }
}
