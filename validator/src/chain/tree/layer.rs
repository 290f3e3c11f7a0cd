//! What leaves and nodes were at one mark, of those that changed until the next mark.

use super::history::{EpochMark, Old};
use super::nodes::{STRIDE, kept_levels};
use super::undo::Undo;
use alloy_primitives::B256 as Hash;

/// About what an old leaf takes in memory beside its value, and what an old node takes, in bytes.
const LEAF_BYTES: usize = 48;
const NODE_BYTES: usize = 36;

/// One layer of undo. It changes no more once the next mark is set.
#[derive(Clone)]
pub struct Layer {
    pub(super) mark: EpochMark,
    pub(super) leaves: Undo<Old>,
    /// The hashes of nodes on the kept levels, the lowest level first.
    nodes: Vec<Undo<Hash>>,
    value_bytes: usize,
}

/// What a layer has of one place: an old leaf, on level 0, or an old node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerEntry<'a> {
    /// An old leaf.
    Leaf(&'a Old),
    /// The hash of an old node.
    Node(&'a Hash),
}

impl Layer {
    pub(super) fn new(mark: EpochMark) -> Self {
        let width = |level: u8| {
            let last = u64::from(mark.count.saturating_sub(1)) >> level;
            u32::try_from(last.saturating_add(1)).unwrap_or(u32::MAX)
        };
        Self {
            mark,
            leaves: Undo::new(mark.count),
            nodes: kept_levels().map(|level| Undo::new(width(level))).collect(),
            value_bytes: 0,
        }
    }

    /// The mark at which these were so.
    #[must_use]
    pub fn mark(&self) -> EpochMark {
        self.mark
    }

    /// How many old leaves it has.
    #[must_use]
    pub fn leaf_count(&self) -> usize {
        self.leaves.entries().len()
    }

    /// Bytes that its entries take in memory, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let nodes = self.nodes.iter().map(|level| level.entries().len());
        let nodes = nodes.fold(0usize, usize::saturating_add);
        self.leaf_count()
            .saturating_mul(LEAF_BYTES)
            .saturating_add(nodes.saturating_mul(NODE_BYTES))
            .saturating_add(self.value_bytes)
    }

    /// Level, place and entry of everything in it, from the entry at `skipped` on; by level and place once it changes no more.
    pub fn entries(&self, skipped: usize) -> impl Iterator<Item = (u8, u32, LayerEntry<'_>)> {
        let leaves = self.leaves.entries().iter();
        let leaves = leaves.map(|(index, old)| (0, *index, LayerEntry::Leaf(old)));
        let levels = kept_levels().zip(&self.nodes);
        let nodes = levels.flat_map(|(level, undo)| {
            let entries = undo.entries().iter();
            entries.map(move |(place, hash)| (level, *place, LayerEntry::Node(hash)))
        });
        leaves.chain(nodes).skip(skipped)
    }

    /// Keeps what a leaf is, unless it is kept already or younger than the mark.
    pub(super) fn save(&mut self, index: u32, old: impl FnOnce() -> Option<Old>) {
        if index < self.mark.count
            && self.leaves.get(index).is_none()
            && let Some(old) = old()
        {
            self.value_bytes = self.value_bytes.saturating_add(old.value.len());
            self.leaves.push(index, old);
        }
    }

    /// Keeps what the hash of a node of a kept level is, unless it is kept already or the node is younger than the mark.
    pub(super) fn save_node(&mut self, level: usize, place: u32, hash: &Hash) {
        if u64::from(place) << level < u64::from(self.mark.count)
            && let Some(undo) = self.nodes.get_mut(slot(level))
            && undo.get(place).is_none()
        {
            undo.push(place, *hash);
        }
    }

    pub(super) fn node(&self, level: usize, place: u32) -> Option<&Hash> {
        self.nodes.get(slot(level))?.get(place)
    }

    pub(super) fn close(&mut self) {
        self.leaves.close();
        self.nodes.iter_mut().for_each(Undo::close);
    }
}

fn slot(level: usize) -> usize {
    (level / STRIDE).saturating_sub(1)
}
