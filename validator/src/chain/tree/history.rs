//! What leaves and nodes were at the end of past epochs: one layer of undo for each mark.
//!
//! ```text
//! mark(e) ── layer e: old leaves and nodes of the first change after it ── mark(e+1) ── layer e+1 … ── now
//! ```
//! A leaf at mark e is the entry of the first layer from e on that holds its index, else the leaf of today. Only next and
//! value are kept, because key, kind, width and index never change; leaves from the mark's count on did not exist. Nodes are
//! kept in the same way on every fourth level, so that a past node costs at most [`STRIDE`] levels of hashing and nothing has
//! to be built before a past epoch can be read. Together they take about twice the memory of the changed leaves.

use super::TreeError;
use super::nodes::{STRIDE, is_kept};
use super::undo::Undo;
use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::tree::DEPTH;
use std::collections::VecDeque;

/// The state at the end of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The epoch that ended.
    pub epoch: u64,
    /// Leaf count at its end.
    pub count: u32,
    /// State root at its end.
    pub root: Hash,
}

/// What a leaf was before its first change after the mark of `epoch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoLeaf {
    /// The last epoch that was marked before the leaf changed.
    pub epoch: u64,
    /// Index of the leaf, from 0.
    pub index: u32,
    /// Index of the leaf with the next larger key, then.
    pub next: u32,
    /// The value before that change, in bytes of the leaf's width.
    pub value: Box<[u8]>,
}

/// The part of a leaf that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Old {
    pub next: u32,
    pub value: Box<[u8]>,
}

/// One layer: open while it is the newest one.
#[derive(Clone)]
pub(super) struct Layer {
    pub mark: Mark,
    pub leaves: Undo<Old>,
    /// Of the levels that are kept, ascending.
    nodes: Vec<Undo<Hash>>,
}

impl Layer {
    fn new(mark: Mark) -> Self {
        let levels = (0..=DEPTH).filter(|level| is_kept(*level));
        let width = |level: usize| {
            let last = u64::from(mark.count.saturating_sub(1)) >> level;
            u32::try_from(last.saturating_add(1)).unwrap_or(u32::MAX)
        };
        Self {
            mark,
            leaves: Undo::new(mark.count),
            nodes: levels.map(|level| Undo::new(width(level))).collect(),
        }
    }

    /// Keeps what a leaf is, unless it is kept already or younger than the mark.
    fn save(&mut self, index: u32, old: impl FnOnce() -> Option<Old>) {
        if index < self.mark.count
            && self.leaves.get(index).is_none()
            && let Some(old) = old()
        {
            self.leaves.push(index, old);
        }
    }

    /// The same for a node of a kept level.
    pub fn save_node(&mut self, level: usize, place: u32, hash: &Hash) {
        if u64::from(place) << level < u64::from(self.mark.count)
            && let Some(undo) = self.nodes.get_mut(slot(level))
            && undo.get(place).is_none()
        {
            undo.push(place, *hash);
        }
    }

    fn close(&mut self) {
        self.leaves.close();
        self.nodes.iter_mut().for_each(Undo::close);
    }
}

fn slot(level: usize) -> usize {
    (level / STRIDE).saturating_sub(1)
}

/// All kept layers, ascending by epoch.
#[derive(Clone, Default)]
pub(super) struct History {
    layers: VecDeque<Layer>,
}

impl History {
    pub fn layers(&self) -> &VecDeque<Layer> {
        &self.layers
    }

    pub fn layers_mut(&mut self) -> &mut VecDeque<Layer> {
        &mut self.layers
    }

    pub fn newest(&self) -> Option<&Layer> {
        self.layers.back()
    }

    /// Place of the layer of `epoch`.
    pub fn find(&self, epoch: u64) -> Result<usize, TreeError> {
        self.layers
            .binary_search_by_key(&epoch, |layer| layer.mark.epoch)
            .map_err(|_| TreeError::UnknownEpoch {
                epoch,
                first: self.layers.front().map(|layer| layer.mark.epoch),
                last: self.layers.back().map(|layer| layer.mark.epoch),
            })
    }

    /// Begins a layer; its epoch lies past all others.
    pub fn open(&mut self, mark: Mark) -> Result<(), TreeError> {
        if let Some(newest) = self.layers.back_mut() {
            if mark.epoch <= newest.mark.epoch {
                return Err(TreeError::EpochOrder {
                    last: newest.mark.epoch,
                    given: mark.epoch,
                });
            }
            newest.close();
        }
        self.layers.push_back(Layer::new(mark));
        Ok(())
    }

    /// Keeps what a leaf is, unless the newest layer has it or the leaf is younger than the mark.
    pub fn save(&mut self, index: u32, old: impl FnOnce() -> Option<Old>) {
        if let Some(newest) = self.layers.back_mut() {
            newest.save(index, old);
        }
    }

    /// Keeps what a node of a kept level is, in the same way.
    pub fn save_node(&mut self, level: usize, place: u32, hash: &Hash) {
        if let Some(newest) = self.layers.back_mut() {
            newest.save_node(level, place, hash);
        }
    }

    /// What a leaf was at the mark of the layer at `place`, if it changed since.
    pub fn old(&self, place: usize, index: u32) -> Option<&Old> {
        let mut layers = self.layers.range(place.min(self.layers.len())..);
        layers.find_map(|layer| layer.leaves.get(index))
    }

    /// What a node of a kept level was at that mark, if anything below it changed since.
    pub fn old_node(&self, place: usize, level: usize, at: u32) -> Option<&Hash> {
        let mut layers = self.layers.range(place.min(self.layers.len())..);
        layers.find_map(|layer| layer.nodes.get(slot(level))?.get(at))
    }

    /// Drops the layers of all epochs before `first`.
    pub fn retain(&mut self, first: u64) {
        while self
            .layers
            .front()
            .is_some_and(|layer| layer.mark.epoch < first)
        {
            self.layers.pop_front();
        }
    }
}
