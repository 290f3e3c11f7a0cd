//! Layers of undo that the tree does not keep in memory, so that a root chain that stands still does not fill it.
//!
//! ```text
//! undo table (by epoch, as folded) ──┬─ a start reads it into the tree's memory
//!                                    └─ layer handed over: "begun" → past table (by place) → flush → "whole" → flush
//! floor passes the epoch: past entries of its undo → its undo → … → what is left of it and its mark
//! ```
//! - The past table is sorted by place, then epoch: what a place was at the mark of epoch e is the first entry from e on, one
//!   search however many epochs there are. The undo table stays beside it as the list of what the layer has, until both go.
//! - A layer is written only once the mark behind it is folded: an older height, at which the layer was still open, can then
//!   not come back. Until "whole" is durable the tree keeps the layer, and a start reads it from the undo table.
//! - Writing again changes nothing, and layers are written in the order of their epochs: those on disk only come first.
//! - Entries below the floor say nothing: a search begins at an epoch that is kept. So they may go in steps, the list last.

use super::StoreError;
use super::archive::Archive;
use super::backend::Backend;
use super::keys::{self, Table};
use super::record;
use super::writer::{MIN_STEPS, Writer, WriterDesk};
use crate::chain::tree::{EpochMark, Layer, LayerEntry, MAX_VALUE, Old, above};
use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::bytes::{DecodeError, Reader};
use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

/// Entries of one step.
const STEP: usize = 1_000;
/// Values of undo that one step of removing reads, of 60 old leaves each; marks that it removes.
const SWEPT_PARTS: usize = 16;
const SWEPT_MARKS: usize = 256;

/// Layers are written before anything else once this much of them could be, in bytes.
const MAX_READY_BYTES: usize = 64 << 20;

/// Whether the layer of a mark is in the past table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filed {
    Not,
    /// Some first part of it.
    Begun,
    /// All of it, with this number of old leaves.
    Whole(u32),
}

/// A mark with the place of its layer: mark ‖ 0 u8, 1 u8 or 2 u8 ‖ old leaves u32.
pub(super) fn encode_mark(mark: &EpochMark, filed: Filed) -> Vec<u8> {
    let mut body = Vec::new();
    record::put_mark(&mut body, mark);
    let (kind, leaves) = match filed {
        Filed::Not => (0, 0),
        Filed::Begun => (1, 0),
        Filed::Whole(leaves) => (2, leaves),
    };
    body.push(kind);
    body.extend_from_slice(&leaves.to_be_bytes());
    body
}

/// The inverse of [`encode_mark`].
pub(super) fn decode_mark(body: &[u8]) -> Result<(EpochMark, Filed), DecodeError> {
    let mut reader = Reader::new(body);
    let mark = record::take_mark(&mut reader)?;
    let kind = reader.u8()?;
    let leaves = reader.u32()?;
    reader.finish()?;
    let filed = match kind {
        0 => Filed::Not,
        1 => Filed::Begun,
        2 => Filed::Whole(leaves),
        kind => return Err(DecodeError::UnknownKind(kind)),
    };
    Ok((mark, filed))
}

/// What the writer has to do for layers.
pub(super) struct Cabinet {
    /// Layers that wait, ascending; the first may be written in part.
    waiting: VecDeque<Arc<Layer>>,
    filing: Option<Filing>,
    /// Epoch of the last mark that is folded.
    pub folded: Option<u64>,
    /// First epoch that is kept.
    pub floor: u64,
    is_swept: bool,
}

/// A layer that is being written.
struct Filing {
    layer: Arc<Layer>,
    written: usize,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stepped {
    /// There was nothing to do.
    Idle,
    Busy,
    /// The layer of this epoch is whole and durable.
    Whole(u64),
}

impl Cabinet {
    pub fn new(folded: Option<u64>, floor: u64) -> Self {
        Self {
            waiting: VecDeque::new(),
            filing: None,
            folded,
            floor,
            // A crash may have left something below the floor.
            is_swept: false,
        }
    }

    /// Takes the next layer; one that it has, or that is below the floor, is left alone.
    pub fn take(&mut self, layer: &Arc<Layer>) {
        let epoch = layer.mark().epoch;
        let newest = self.waiting.back().map(|layer| layer.mark().epoch);
        if epoch >= self.floor && newest < Some(epoch) {
            self.waiting.push_back(Arc::clone(layer));
        }
    }

    /// Begins the layer under way anew, and the removing below the floor: their writes may be gone.
    pub fn restart(&mut self) {
        self.filing = None;
        self.is_swept = false;
    }

    pub fn raise(&mut self, floor: u64) {
        self.floor = floor;
        self.is_swept = false;
        self.waiting.retain(|layer| layer.mark().epoch >= floor);
        self.filing
            .take_if(|filing| filing.layer.mark().epoch < floor);
    }

    /// Bytes of layers that could be written now.
    pub fn ready_bytes(&self) -> usize {
        let ready = self.waiting.iter().take_while(|layer| self.is_ready(layer));
        ready.map(|layer| layer.bytes()).sum()
    }

    fn is_ready(&self, layer: &Layer) -> bool {
        self.folded > Some(layer.mark().epoch)
    }

    /// Goes on with the first layer that waits, else with removing what is below the floor.
    pub fn step<S: Backend>(&mut self, archive: &Archive<S>) -> Result<Stepped, StoreError> {
        if self.filing.is_none()
            && let Some(layer) = self.waiting.front().filter(|layer| self.is_ready(layer))
        {
            archive.put_layer(layer.mark(), Filed::Begun)?;
            self.filing = Some(Filing {
                layer: Arc::clone(layer),
                written: 0,
            });
        }
        let Some(filing) = &mut self.filing else {
            if self.is_swept {
                return Ok(Stepped::Idle);
            }
            self.is_swept = archive.sweep(self.floor)?;
            return Ok(Stepped::Busy);
        };
        if !archive.write_layer(filing)? {
            return Ok(Stepped::Busy);
        }
        let epoch = filing.layer.mark().epoch;
        self.filing = None;
        self.waiting.pop_front();
        Ok(Stepped::Whole(epoch))
    }
}

impl<S: Backend> Writer<S> {
    /// Writes layers that the tree handed over, and removes what is below the floor, while nothing else waits and a little even
    /// then.
    pub fn file(&self, desk: &mut WriterDesk) -> Result<(), StoreError> {
        for steps in 1.. {
            let stepped = desk.cabinet.step(&self.archive)?;
            let piled = desk.cabinet.ready_bytes() > MAX_READY_BYTES;
            let mut shared = self.lock();
            match stepped {
                Stepped::Idle => return Ok(()),
                Stepped::Busy => {}
                Stepped::Whole(epoch) => shared.layer_durable = Some(epoch),
            }
            if shared.closing || shared.waits() && steps >= MIN_STEPS && !piled {
                return Ok(());
            }
        }
        Ok(())
    }
}

impl<S: Backend> Archive<S> {
    fn put_layer(&self, mark: EpochMark, filed: Filed) -> Result<(), StoreError> {
        let body = encode_mark(&mark, filed);
        self.disk.put(Table::Layer, &keys::layer(mark.epoch), &body)
    }

    /// Writes the next entries of a layer; true once all of it is durable.
    fn write_layer(&self, filing: &mut Filing) -> Result<bool, StoreError> {
        let mark = filing.layer.mark();
        let mut past = self.disk.chunk(Table::Past);
        let mut count = 0;
        for (level, place, entry) in filing.layer.entries(filing.written).take(STEP) {
            let key = keys::past(level, place, mark.epoch);
            match entry {
                LayerEntry::Leaf(old) => past.put(&key, &encode_old(old))?,
                LayerEntry::Node(hash) => past.put(&key, hash.as_slice())?,
            };
            count += 1;
        }
        past.finish()?;
        filing.written += count;
        if count > 0 {
            return Ok(false);
        }
        self.disk.flush()?;
        let leaves = u32::try_from(filing.layer.leaf_count()).unwrap_or(u32::MAX);
        self.put_layer(mark, Filed::Whole(leaves))?;
        self.disk.flush()?;
        Ok(true)
    }

    /// Removes some of what is below the floor; true once nothing is left.
    fn sweep(&self, floor: u64) -> Result<bool, StoreError> {
        let Some(last) = floor.checked_sub(1) else {
            return Ok(true);
        };
        Ok(!self.sweep_undo(last)? && !self.sweep_marks(last)?)
    }

    /// Removes old leaves and nodes of layers up to epoch `last`; false when there are none.
    fn sweep_undo(&self, last: u64) -> Result<bool, StoreError> {
        let end = keys::undo(last, u64::MAX, u32::MAX);
        let mut from = keys::undo(0, 0, 0).to_vec();
        let mut undo = self.disk.chunk(Table::Undo);
        let mut past = BTreeSet::new();
        let mut filed = None;
        let mut found = false;
        for _ in 0..SWEPT_PARTS {
            let Some((key, body)) = self.disk.first(Table::Undo, &from, &end)? else {
                break;
            };
            found = true;
            let epoch = key
                .first_chunk()
                .map_or(0, |epoch| u64::from_be_bytes(*epoch));
            let (_, is_filed) = match filed {
                Some(known @ (of, _)) if of == epoch => known,
                _ => *filed.insert((epoch, self.is_filed(epoch)?)),
            };
            if is_filed {
                let leaves = record::take_undo(&mut Reader::new(&body))
                    .map_err(|error| self.disk.damaged(format!("undo: {error}")))?;
                for leaf in leaves {
                    past.insert(keys::past(0, leaf.index, epoch));
                    past.extend(nodes_above(leaf.index, epoch));
                }
            }
            from.clone_from(&key);
            from.push(0);
            undo.remove(key)?;
        }
        self.remove_past(past)?;
        undo.finish()?;
        Ok(found)
    }

    /// Removes marks of epochs up to `last`, and what their layers have by leaves that came later; false when there are none.
    fn sweep_marks(&self, last: u64) -> Result<bool, StoreError> {
        let end = keys::layer(last);
        let mut from = keys::layer(0).to_vec();
        let mut marks = self.disk.chunk(Table::Layer);
        let mut past = BTreeSet::new();
        let mut found = false;
        for _ in 0..SWEPT_MARKS {
            let Some((key, body)) = self.disk.first(Table::Layer, &from, &end)? else {
                break;
            };
            found = true;
            let (mark, filed) = self.mark(&body)?;
            if filed != Filed::Not {
                past.extend(nodes_above(mark.count.saturating_sub(1), mark.epoch));
            }
            from.clone_from(&key);
            from.push(0);
            marks.remove(key)?;
        }
        self.remove_past(past)?;
        marks.finish()?;
        Ok(found)
    }

    fn remove_past(&self, keys: BTreeSet<[u8; 13]>) -> Result<(), StoreError> {
        let mut past = self.disk.chunk(Table::Past);
        for key in keys {
            past.remove(key.to_vec())?;
        }
        past.finish()
    }

    fn is_filed(&self, epoch: u64) -> Result<bool, StoreError> {
        match self.disk.get(Table::Layer, &keys::layer(epoch))? {
            Some(body) => Ok(self.mark(&body)?.1 != Filed::Not),
            None => Ok(false),
        }
    }

    pub fn mark(&self, body: &[u8]) -> Result<(EpochMark, Filed), StoreError> {
        decode_mark(body).map_err(|error| self.disk.damaged(format!("a mark: {error}")))
    }

    /// What a leaf was at the first of these epochs, if a layer of one of them has it.
    pub fn old_leaf(&self, index: u32, epochs: Range<u64>) -> Result<Option<Old>, StoreError> {
        let body = self.old(0, index, epochs)?;
        let old = body.map(|body| decode_old(&body)).transpose();
        old.map_err(|error| self.disk.damaged(format!("old leaf {index}: {error}")))
    }

    /// What the hash of a node of a kept level was at the first of these epochs, if a layer of one of them has it.
    pub fn old_node(
        &self,
        level: u8,
        place: u32,
        epochs: Range<u64>,
    ) -> Result<Option<Hash>, StoreError> {
        let body = self.old(level, place, epochs)?;
        let hash = body.map(|body| Hash::try_from(body.as_slice())).transpose();
        hash.map_err(|_| {
            self.disk
                .damaged(format!("old node {place} of level {level}"))
        })
    }

    fn old(
        &self,
        level: u8,
        place: u32,
        epochs: Range<u64>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(last) = epochs.end.checked_sub(1).filter(|_| !epochs.is_empty()) else {
            return Ok(None);
        };
        let first = keys::past(level, place, epochs.start);
        let last = keys::past(level, place, last);
        let found = self.disk.first(Table::Past, &first, &last)?;
        Ok(found.map(|(_, body)| body))
    }
}

/// Keys of the nodes above a leaf in the layer of an epoch.
fn nodes_above(index: u32, epoch: u64) -> impl Iterator<Item = [u8; 13]> {
    above(index).map(move |(level, place)| keys::past(level, place, epoch))
}

fn encode_old(old: &Old) -> Vec<u8> {
    let mut body = old.next.to_be_bytes().to_vec();
    body.extend_from_slice(&old.value);
    body
}

fn decode_old(body: &[u8]) -> Result<Old, DecodeError> {
    let mut reader = Reader::new(body);
    let next = reader.u32()?;
    let length = reader.left().min(MAX_VALUE);
    let value = reader.slice(length)?.into();
    reader.finish()?;
    Ok(Old { next, value })
}
