//! What leaves and nodes were at the end of past epochs: one layer of undo for each mark.
//!
//! ```text
//! mark(e) ── layer e: old leaves and nodes of the first change after it ── mark(e+1) ── layer e+1 … ── now
//! └── handed over: on disk only ──┴── closed: in memory, within a limit ──┴── open ──┘
//! ```
//! A leaf at mark e is the entry of the first layer from e on that holds its index, else the leaf of today. Only next and
//! value are kept, because key, kind, width and index never change; leaves from the mark's count on did not exist. Nodes are
//! kept in the same way on every fourth level, so that a past node costs at most [`super::nodes::STRIDE`] levels of hashing and
//! nothing has to be built before a past epoch can be read.
//!
//! What is over the limit goes to a store, the oldest layers first ([`History::excess`]), and leaves memory when it is durable
//! there ([`History::release`]): only the mark stays, about 56 bytes an epoch. To read epoch e then, the store is asked for the
//! first entry of a place from layer e on; if it has none, the place is what it was at the first mark in memory. So the number
//! of epochs in between costs nothing, and no lock is held while the store reads (`app/reads/past.rs`).

use super::TreeError;
use super::layer::Layer;
use alloy_primitives::B256 as Hash;
use std::collections::VecDeque;
use std::sync::Arc;

/// The state at the end of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochMark {
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
pub struct Old {
    /// Index of the leaf with the next larger key.
    pub next: u32,
    /// The value, as wide as the leaf's.
    pub value: Box<[u8]>,
}

/// How much of the past stays in memory: layers that change no more, and their bytes. A read of a past epoch looks through the
/// layers in memory one by one while it holds the state, so that their number is bounded too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastLimit {
    /// Layers that change no more.
    pub epochs: usize,
    /// Their bytes in memory, about ([`Layer::bytes`]).
    pub bytes: usize,
}

impl PastLimit {
    /// What a node keeps: 64 MiB is what the leaves of today take when there are 300,000 of them, and each node of a past proof
    /// costs one search in each layer. The disk is slower, so that what is asked for most, the newest epochs, is in memory.
    pub const MAX: Self = Self {
        epochs: 64,
        bytes: 64 << 20,
    };
}

/// How much of the past is kept where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PastSize {
    /// Epochs whose layers are in memory, the open one included.
    pub epochs: u64,
    /// Old leaves in those layers.
    pub leaves: u64,
    /// Epochs whose layers are on disk only.
    pub epochs_on_disk: u64,
    /// Old leaves in those.
    pub leaves_on_disk: u64,
}

/// A mark whose layer is on disk only, and the number of old leaves in that layer.
#[derive(Clone, Copy)]
struct Away {
    mark: EpochMark,
    leaves: u32,
}

/// All kept layers, ascending by epoch: those on disk only, those that change no more, the one that is open.
#[derive(Clone, Default)]
pub(super) struct History {
    away: VecDeque<Away>,
    /// Sum of the old leaves in `away`, of which there may be very many.
    leaves_away: u64,
    closed: VecDeque<Arc<Layer>>,
    open: Option<Layer>,
}

impl History {
    /// The layers in memory, ascending.
    pub fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.closed.iter().map(Arc::as_ref).chain(&self.open)
    }

    /// The layers in memory, to be filled in while a tree is restored, descending.
    pub fn layers_back(&mut self) -> impl Iterator<Item = &mut Layer> {
        let closed = self.closed.iter_mut().rev().map(Arc::make_mut);
        self.open.iter_mut().chain(closed)
    }

    /// All kept marks, ascending by epoch.
    pub fn marks(&self) -> impl Iterator<Item = EpochMark> {
        let away = self.away.iter().map(|away| away.mark);
        away.chain(self.layers().map(|layer| layer.mark))
    }

    pub fn newest(&self) -> Option<&Layer> {
        self.open.as_ref()
    }

    /// Place of the layer of `epoch` among those in memory, and its mark.
    pub fn find(&self, epoch: u64) -> Result<(usize, EpochMark), TreeError> {
        let open = self.open.as_ref().filter(|open| open.mark.epoch == epoch);
        if let Some(open) = open {
            return Ok((self.closed.len(), open.mark));
        }
        let found = self
            .closed
            .binary_search_by_key(&epoch, |layer| layer.mark.epoch);
        if let Ok(place) = found
            && let Some(layer) = self.closed.get(place)
        {
            return Ok((place, layer.mark));
        }
        let first = self.layers().next().map(|layer| layer.mark.epoch);
        match (self.mark(epoch), first) {
            (Some(_), Some(first)) => Err(TreeError::OnDisk { epoch, first }),
            _ => Err(TreeError::UnknownEpoch {
                epoch,
                first: self.marks().next().map(|mark| mark.epoch),
                last: self.newest().map(|layer| layer.mark.epoch),
            }),
        }
    }

    /// The mark of `epoch`, if it is kept.
    pub fn mark(&self, epoch: u64) -> Option<EpochMark> {
        let mark = self.first_mark(|mark| mark.epoch >= epoch)?;
        (mark.epoch == epoch).then_some(mark)
    }

    /// The first kept mark for which `is_past` holds. When it holds for one mark, it must hold for every later mark too.
    pub fn first_mark(&self, is_past: impl Fn(&EpochMark) -> bool) -> Option<EpochMark> {
        let place = self.away.partition_point(|away| !is_past(&away.mark));
        if let Some(away) = self.away.get(place) {
            return Some(away.mark);
        }
        let place = self.closed.partition_point(|layer| !is_past(&layer.mark));
        let closed = self.closed.get(place).map(|layer| layer.mark);
        let open = self.open.as_ref().map(|layer| layer.mark);
        closed.or(open.filter(is_past))
    }

    /// Begins a layer; its epoch lies past all others.
    pub fn open(&mut self, mark: EpochMark) -> Result<(), TreeError> {
        self.check_order(mark.epoch)?;
        if let Some(mut newest) = self.open.take() {
            newest.close();
            self.closed.push_back(Arc::new(newest));
        }
        self.open = Some(Layer::new(mark));
        Ok(())
    }

    /// Adds a mark whose layer is on disk only, past all others of this kind and before any layer.
    pub fn open_away(&mut self, mark: EpochMark, leaves: u32) -> Result<(), TreeError> {
        self.check_order(mark.epoch)?;
        if self.open.is_some() {
            return Err(TreeError::OnDisk {
                epoch: mark.epoch,
                first: self.layers().next().map_or(0, |layer| layer.mark.epoch),
            });
        }
        self.push_away(mark, leaves);
        Ok(())
    }

    fn push_away(&mut self, mark: EpochMark, leaves: u32) {
        self.leaves_away = self.leaves_away.saturating_add(leaves.into());
        self.away.push_back(Away { mark, leaves });
    }

    fn check_order(&self, given: u64) -> Result<(), TreeError> {
        let away = self.away.back().map(|away| away.mark.epoch);
        let newest = self.open.as_ref().map(|layer| layer.mark.epoch).or(away);
        match newest {
            Some(last) if given <= last => Err(TreeError::EpochOrder { last, given }),
            _ => Ok(()),
        }
    }

    /// Keeps what a leaf is, unless the newest layer has it or the leaf is younger than the mark.
    pub fn save(&mut self, index: u32, old: impl FnOnce() -> Option<Old>) {
        if let Some(newest) = &mut self.open {
            newest.save(index, old);
        }
    }

    /// Keeps what a node of a kept level is, in the same way.
    pub fn save_node(&mut self, level: usize, place: u32, hash: &Hash) {
        if let Some(newest) = &mut self.open {
            newest.save_node(level, place, hash);
        }
    }

    /// What a leaf was at the mark of the layer at `place`, if it changed since.
    pub fn old(&self, place: usize, index: u32) -> Option<&Old> {
        self.from(place).find_map(|layer| layer.leaves.get(index))
    }

    /// What a node of a kept level was at that mark, if anything below it changed since.
    pub fn old_node(&self, place: usize, level: usize, at: u32) -> Option<&Hash> {
        self.from(place).find_map(|layer| layer.node(level, at))
    }

    fn from(&self, place: usize) -> impl Iterator<Item = &Layer> {
        let closed = self.closed.range(place.min(self.closed.len())..);
        closed.map(Arc::as_ref).chain(&self.open)
    }

    /// Drops the layers of all epochs before `first`.
    pub fn retain(&mut self, first: u64) {
        let is_old = |mark: &EpochMark| mark.epoch < first;
        while let Some(away) = self.away.pop_front_if(|away| is_old(&away.mark)) {
            self.leaves_away = self.leaves_away.saturating_sub(away.leaves.into());
        }
        while self.closed.front().is_some_and(|layer| is_old(&layer.mark)) {
            self.closed.pop_front();
        }
        if self.open.as_ref().is_some_and(|layer| is_old(&layer.mark)) {
            self.open = None;
        }
    }

    /// The oldest layers that must be dropped so that the rest is within the limit. The open layer always stays.
    pub fn excess(&self, limit: PastLimit) -> Vec<Arc<Layer>> {
        let mut bytes = 0usize;
        let fits = self
            .closed
            .iter()
            .rev()
            .take(limit.epochs)
            .take_while(|layer| {
                bytes = bytes.saturating_add(layer.bytes());
                bytes <= limit.bytes
            });
        let excess = self.closed.len().saturating_sub(fits.count());
        self.closed.iter().take(excess).cloned().collect()
    }

    /// Lets go of the layers of all epochs up to `last`, because they are on disk; their marks stay.
    pub fn release(&mut self, last: u64) {
        let is_there = |layer: &mut Arc<Layer>| layer.mark.epoch <= last;
        while let Some(layer) = self.closed.pop_front_if(is_there) {
            let leaves = u32::try_from(layer.leaf_count()).unwrap_or(u32::MAX);
            self.push_away(layer.mark, leaves);
        }
    }

    pub fn last_away(&self) -> Option<u64> {
        self.away.back().map(|away| away.mark.epoch)
    }

    pub fn size(&self) -> PastSize {
        let layers = self.layers().map(|layer| layer.leaf_count() as u64);
        PastSize {
            epochs: self.layers().count() as u64,
            leaves: layers.fold(0, u64::saturating_add),
            epochs_on_disk: self.away.len() as u64,
            leaves_on_disk: self.leaves_away,
        }
    }
}
