//! What leaves were at the end of past epochs: one layer of undo for each mark.
//!
//! ```text
//! mark(e) ── layer e: old leaves of the first change after it ── mark(e+1) ── layer e+1 … ── now
//! ```
//! A leaf at mark e is the entry of the first layer from e on that holds its index, else the leaf of today. Only next and
//! value are kept, because key, kind, width and index never change; leaves from the mark's count on did not exist.

use super::TreeError;
use alloy_primitives::B256 as Hash;
use std::collections::{BTreeMap, VecDeque};

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
    pub epoch: u64,
    pub index: u32,
    /// Index of the leaf with the next larger key, then.
    pub next: u32,
    pub value: Box<[u8]>,
}

/// The part of a leaf that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Old {
    pub next: u32,
    pub value: Box<[u8]>,
}

/// One layer: ordered by first change while it is the newest one, by index once it is closed.
#[derive(Clone)]
pub(super) struct Layer {
    pub mark: Mark,
    entries: Vec<(u32, Old)>,
    /// Index to place in `entries`; of the newest layer only.
    places: BTreeMap<u32, usize>,
}

impl Layer {
    fn get(&self, index: u32, newest: bool) -> Option<&Old> {
        let place = if newest {
            *self.places.get(&index)?
        } else {
            self.entries
                .binary_search_by_key(&index, |(index, _)| *index)
                .ok()?
        };
        self.entries.get(place).map(|(_, old)| old)
    }

    pub fn entries(&self) -> &[(u32, Old)] {
        &self.entries
    }

    fn close(&mut self) {
        self.entries.sort_unstable_by_key(|(index, _)| *index);
        self.places = BTreeMap::new();
    }
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
        self.layers.push_back(Layer {
            mark,
            entries: Vec::new(),
            places: BTreeMap::new(),
        });
        Ok(())
    }

    /// Keeps what a leaf is, unless the newest layer has it or the leaf is younger than the mark.
    pub fn save(&mut self, index: u32, old: impl FnOnce() -> Option<Old>) {
        let Some(newest) = self.layers.back_mut() else {
            return;
        };
        if index >= newest.mark.count || newest.places.contains_key(&index) {
            return;
        }
        if let Some(old) = old() {
            newest.places.insert(index, newest.entries.len());
            newest.entries.push((index, old));
        }
    }

    /// What a leaf was at the mark of the layer at `place`, if it changed since.
    pub fn old(&self, place: usize, index: u32) -> Option<&Old> {
        let last = self.layers.len().checked_sub(1)?;
        self.layers
            .iter()
            .enumerate()
            .skip(place)
            .find_map(|(at, layer)| layer.get(index, at == last))
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
