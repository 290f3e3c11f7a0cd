//! What changed since the journal was last drained: all that a store must keep to rebuild the tree.

use super::{EpochMark, Tree, UndoLeaf};
use alloy_primitives::B256 as Hash;

/// A leaf as it is, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafImage {
    /// Index of the leaf, from 0.
    pub index: u32,
    /// Key of the leaf.
    pub key: Hash,
    /// Index of the leaf with the next larger key; 0 if there is none.
    pub next: u32,
    /// Kind of the leaf, one byte.
    pub kind: u8,
    /// Value of the leaf, at most 1,024 bytes.
    pub value: Box<[u8]>,
}

/// Everything that changed between two drains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    /// Leaf count and state root at the second drain.
    pub count: u32,
    /// State root after the change.
    pub root: Hash,
    /// Each changed or new leaf once, as it is at the second drain, ascending by index.
    pub leaves: Vec<LeafImage>,
    /// Leaves that changed for the first time since a mark, in the order of that change.
    pub undo: Vec<UndoLeaf>,
    /// Marks set in between.
    pub marks: Vec<EpochMark>,
}

/// What the tree notes for the next drain.
#[derive(Clone, Default)]
pub(super) struct TreeNotes {
    pub touched: Vec<u32>,
    pub undo: Vec<UndoLeaf>,
    pub marks: Vec<EpochMark>,
    /// Entries of the newest layer that are drained already.
    pub drained: usize,
}

impl Tree {
    /// Hands over what changed since the last drain. To be called once a block, else the notes grow without bound.
    pub fn drain(&mut self) -> Journal {
        let mut pending = self.take_pending();
        pending.touched.sort_unstable();
        pending.touched.dedup();
        let leaves = pending
            .touched
            .iter()
            .filter_map(|index| {
                let leaf = self.leaf(*index)?;
                Some(LeafImage {
                    index: *index,
                    key: *leaf.key,
                    next: self.leaves.next(*index)?,
                    kind: leaf.kind,
                    value: leaf.value.into(),
                })
            })
            .collect();
        Journal {
            count: self.count(),
            root: self.root,
            leaves,
            undo: pending.undo,
            marks: pending.marks,
        }
    }

    /// Lets go of these notes: for a tree of which no store keeps what changes, in place of [`Tree::drain`] and as often.
    pub fn forget_changes(&mut self) {
        self.take_pending();
    }

    fn take_pending(&mut self) -> TreeNotes {
        self.take_undo();
        let pending = std::mem::take(&mut self.pending);
        self.pending.drained = pending.drained;
        pending
    }

    /// Moves the newest layer's entries that the store has not seen to the notes for the next drain.
    pub(super) fn take_undo(&mut self) {
        let Some(newest) = self.history.newest() else {
            return;
        };
        let entries = newest.leaves.entries();
        let fresh = entries.get(self.pending.drained..).unwrap_or_default();
        self.pending
            .undo
            .extend(fresh.iter().map(|(index, old)| UndoLeaf {
                epoch: newest.mark.epoch,
                index: *index,
                next: old.next,
                value: old.value.clone(),
            }));
        self.pending.drained = entries.len();
    }
}
