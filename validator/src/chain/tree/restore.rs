//! Builds a tree from what was kept of it. Nothing is taken on trust: the links must be the sorted list of the keys, every
//! mark's state must lead to its root, and the caller compares the root of today with the one that it recorded. Layers that
//! stay on disk are not read here: a proof from them is compared with the mark's root when it is made.

use super::history::{History, Old};
use super::journal::TreeNotes;
use super::keys::KeyIndex;
use super::leaves::LeafTable;
use super::nodes::NodeTable;
use super::pin::Pin;
use super::source::{LeafRef, hash_leaves};
use super::{EpochMark, Tree, TreeError, UndoLeaf};
use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::tree::state_root;
use std::collections::BTreeMap;

/// A tree in the making: first all leaves by index, then all marks with their undo, ascending.
#[derive(Default)]
pub struct Restore {
    leaves: LeafTable,
    history: History,
}

impl Restore {
    /// A restoration without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of leaves taken so far, which is the index of the next one.
    pub fn count(&self) -> u32 {
        self.leaves.count()
    }

    /// Adds the next leaf.
    ///
    /// # Errors
    /// A value over [`super::MAX_VALUE`].
    pub fn leaf(&mut self, key: Hash, next: u32, kind: u8, value: &[u8]) -> Result<(), TreeError> {
        self.leaves.push(key, next, kind, value).map(|_| ())
    }

    /// Adds the next mark.
    ///
    /// # Errors
    /// A mark not past the last one, or of more leaves than there are.
    pub fn mark(&mut self, mark: EpochMark) -> Result<(), TreeError> {
        self.check_count(mark)?;
        self.history.open(mark)
    }

    /// Adds the next mark, whose layer of `leaves` old leaves is on disk and stays there. Such marks come before all others.
    ///
    /// # Errors
    /// As [`Restore::mark`], and when a mark whose layer is in memory came before.
    pub fn mark_on_disk(&mut self, mark: EpochMark, leaves: u32) -> Result<(), TreeError> {
        self.check_count(mark)?;
        self.history.open_away(mark, leaves)
    }

    fn check_count(&self, mark: EpochMark) -> Result<(), TreeError> {
        let count = self.leaves.count();
        match mark.count > count {
            true => Err(TreeError::OutOfRange {
                index: mark.count,
                count,
            }),
            false => Ok(()),
        }
    }

    /// Adds what a leaf was at the last mark.
    ///
    /// # Errors
    /// An entry of another epoch than the last mark's, repeated, or not fitting its leaf.
    pub fn undo(&mut self, undo: UndoLeaf) -> Result<(), TreeError> {
        let index = undo.index;
        let refuse = |reason| Err(TreeError::Restore { index, reason });
        let Some(newest) = self.history.newest() else {
            return refuse("its undo has no mark");
        };
        if newest.mark.epoch != undo.epoch {
            return refuse("its undo is of another epoch");
        }
        if index >= newest.mark.count || undo.next >= newest.mark.count {
            return refuse("its undo is older than the leaf or its next");
        }
        if self.leaves.value(index).map(<[u8]>::len) != Some(undo.value.len()) {
            return refuse("its undo has another width");
        }
        let before = newest.leaves.entries().len();
        self.history.save(index, || {
            Some(Old {
                next: undo.next,
                value: undo.value,
            })
        });
        match self.history.newest() {
            Some(newest) if newest.leaves.entries().len() > before => Ok(()),
            _ => refuse("its undo stands twice"),
        }
    }

    /// The tree, all of its hashes computed and every mark's state checked against its root.
    ///
    /// # Errors
    /// When the links of the leaves are not the sorted list of their keys, or when the state of a mark has another root.
    pub fn finish(self) -> Result<Tree, TreeError> {
        let Self { leaves, history } = self;
        let count = leaves.count();
        let keys = KeyIndex::new(&leaves, order(&leaves)?);
        let mut tree = Tree {
            leaves,
            keys,
            nodes: NodeTable::new(),
            root: Hash::ZERO,
            history: History::default(),
            pending: TreeNotes::default(),
            pin: Pin::default(),
        };
        tree.rehash((0..count).collect());
        tree.history = history;
        let newest = tree.history.newest();
        tree.pending = TreeNotes {
            drained: newest.map_or(0, |newest| newest.leaves.entries().len()),
            ..TreeNotes::default()
        };
        restore_nodes(&mut tree)?;
        Ok(tree)
    }
}

/// Key to index; refuses links that do not lead through all keys in order.
fn order(leaves: &LeafTable) -> Result<BTreeMap<Hash, u32>, TreeError> {
    let refuse = |index, reason| Err(TreeError::Restore { index, reason });
    let mut keys: Vec<(Hash, u32)> = (0..leaves.count())
        .filter_map(|index| Some((*leaves.key(index)?, index)))
        .collect();
    keys.sort_unstable();
    if keys.first() != Some(&(Hash::ZERO, 0)) {
        return refuse(0, "it is not the sentinel");
    }
    for pair in keys.windows(2) {
        if let [(key, index), (next_key, next)] = pair {
            if key == next_key {
                return refuse(*next, "its key stands twice");
            }
            if leaves.next(*index) != Some(*next) {
                return refuse(*index, "its next is not the next larger key");
            }
        }
    }
    if let Some((_, last)) = keys.last()
        && leaves.next(*last) != Some(0)
    {
        return refuse(*last, "it has the largest key, but a next");
    }
    Ok(keys.into_iter().collect())
}

/// Walks from today back through all marks, undoing one layer at a time: checks each state against its root, and fills in the
/// nodes of that time.
fn restore_nodes(tree: &mut Tree) -> Result<(), TreeError> {
    let mut nodes = tree.nodes.clone();
    let mut count = tree.count();
    for layer in tree.history.layers_back() {
        let mark = layer.mark;
        let mut entries: Vec<&(u32, Old)> = layer.leaves.entries().iter().collect();
        entries.sort_unstable_by_key(|(index, _)| *index);
        let mut places: Vec<u32> = entries.iter().map(|(index, _)| *index).collect();
        let leaves = entries.iter().filter_map(|(index, old)| {
            Some(LeafRef {
                index: *index,
                key: tree.leaves.key(*index)?,
                next: tree.leaves.key(old.next)?,
                kind: tree.leaves.kind(*index)?,
                value: &old.value,
            })
        });
        let mut hashes = hash_leaves(&leaves.collect::<Vec<_>>());
        places.extend(mark.count..count);
        hashes.resize(places.len(), Hash::ZERO);
        count = mark.count;
        nodes.update(places, &hashes, |level, place, _, then| {
            layer.save_node(level, place, then);
        });
        let computed = state_root(&nodes.tree_root(), count);
        if computed != mark.root {
            return Err(TreeError::History {
                epoch: mark.epoch,
                marked: mark.root,
                computed,
            });
        }
    }
    Ok(())
}
