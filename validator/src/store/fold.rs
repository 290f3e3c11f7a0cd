//! Folds records into pages, a bounded step at a time, so that the next heights never wait long for the disk.
//!
//! ```text
//! "folding to f"   flush → pages, undo, marks, results, digests   flush → "folded to f"   flush → remove records ≤ f
//! ```
//! Between the two notes pages may hold leaves of any height up to f, so a store opens at f or later then; records carry
//! whole leaves, so applying them again changes nothing. A folding that a crash ended begins anew.

use super::StoreError;
use super::archive::Archive;
use super::backend::Backend;
use super::keys::{self, PAGE_LEAVES, Table};
use super::layers::{Filed, encode_mark};
use super::record::{self, Record};
use super::results;
use super::state::{self, Floor, Folded};
use crate::chain::tree::LeafImage;
use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::bytes::{DecodeError, Reader};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Pages, or digests, of one step: a few megabytes.
const STEP: usize = 1_000;

/// A folding under way.
pub(super) struct Folding {
    records: Vec<Arc<Record>>,
    /// By index of a changed leaf, the record and the place in it that have it last; what is not in its page yet.
    leaves: BTreeMap<u32, (usize, usize)>,
    /// How many of the records have their results written.
    results: usize,
    /// Engine hash or digest, height and index of transactions not written yet, descending.
    digests: Vec<(Hash, u64, u32)>,
}

impl<S: Backend> Archive<S> {
    /// Begins to fold records, the next ones after `before` in order: writes marks and undo, which are small.
    pub fn begin_fold(
        &self,
        before: &mut Folded,
        records: Vec<Arc<Record>>,
        floor: Floor,
    ) -> Result<Folding, StoreError> {
        before.begin(records.last().map(|record| record.height()));
        state::put_folded(&self.disk, before)?;
        self.disk.flush()?;
        self.fold_history(&records, floor)?;
        let mut leaves = BTreeMap::new();
        let mut digests = Vec::new();
        for (place, record) in records.iter().enumerate() {
            let changed = record.journal.leaves.iter().enumerate();
            leaves.extend(changed.map(|(at, leaf)| (leaf.index, (place, at))));
            let height = record.height();
            let names = record.transactions.iter().flat_map(|listed| {
                [listed.hash, listed.digest].map(|name| (name, height, listed.index))
            });
            digests.extend(names);
        }
        // Neighbours share sled's nodes.
        digests.sort_unstable_by(|a, b| b.cmp(a));
        Ok(Folding {
            records,
            leaves,
            results: 0,
            digests,
        })
    }

    /// Goes on with a folding; true once it is done and `folded` says so.
    pub fn step_fold(
        &self,
        folding: &mut Folding,
        folded: &mut Folded,
    ) -> Result<bool, StoreError> {
        if !folding.leaves.is_empty() {
            self.fold_pages(folding)?;
            return Ok(false);
        }
        // Before the names: what is found has its result.
        if let Some(record) = folding.records.get(folding.results) {
            results::write(&self.disk, record)?;
            folding.results += 1;
            return Ok(false);
        }
        if !folding.digests.is_empty() {
            self.fold_digests(folding)?;
            return Ok(false);
        }
        self.disk.flush()?;
        folded.end(&folding.records);
        state::put_folded(&self.disk, folded)?;
        self.disk.flush()?;
        if let Some(height) = folded.height {
            let (first, last) = (keys::redo(0, 0), keys::redo(height, u32::MAX));
            self.disk.remove_range(Table::Redo, &first, &last)?;
        }
        Ok(true)
    }

    fn fold_pages(&self, folding: &mut Folding) -> Result<(), StoreError> {
        let mut chunk = self.disk.chunk(Table::Page);
        for _ in 0..STEP {
            let Some((first, _)) = folding.leaves.first_key_value() else {
                break;
            };
            let number = first / PAGE_LEAVES;
            let rest = match number.saturating_add(1).checked_mul(PAGE_LEAVES) {
                Some(next) => folding.leaves.split_off(&next),
                None => BTreeMap::new(),
            };
            let changed = std::mem::replace(&mut folding.leaves, rest);
            let key = keys::page(number);
            let old = match self.disk.get(Table::Page, &key)? {
                Some(body) => decode_page(&body, number)
                    .map_err(|error| self.disk.damaged(format!("page {number}: {error}")))?,
                None => Vec::new(),
            };
            let mut leaves: BTreeMap<u32, &LeafImage> =
                old.iter().map(|leaf| (leaf.index, leaf)).collect();
            leaves.extend(changed.into_values().filter_map(|(place, at)| {
                let leaf = folding.records.get(place)?.journal.leaves.get(at)?;
                Some((leaf.index, leaf))
            }));
            let first = number.saturating_mul(PAGE_LEAVES);
            if !leaves
                .keys()
                .copied()
                .zip(first..)
                .all(|(at, index)| at == index)
            {
                return Err(self.disk.damaged(format!("page {number} has a gap")));
            }
            chunk.put(&key, &encode_page(leaves.into_values()))?;
        }
        chunk.finish()
    }

    fn fold_digests(&self, folding: &mut Folding) -> Result<(), StoreError> {
        let mut chunk = self.disk.chunk(Table::Transaction);
        for _ in 0..STEP {
            let Some((digest, height, index)) = folding.digests.pop() else {
                break;
            };
            let mut body = height.to_be_bytes().to_vec();
            body.extend_from_slice(&index.to_be_bytes());
            chunk.put(&keys::transaction(&digest), &body)?;
        }
        chunk.finish()
    }

    fn fold_history(&self, records: &[Arc<Record>], floor: Floor) -> Result<(), StoreError> {
        let mut layers = self.disk.chunk(Table::Layer);
        let mut undos = self.disk.chunk(Table::Undo);
        for record in records {
            let height = record.height();
            let kept = |epoch: u64| epoch >= floor.epoch;
            for mark in record.journal.marks.iter().filter(|m| kept(m.epoch)) {
                let body = encode_mark(mark, Filed::Not);
                layers.put(&keys::layer(mark.epoch), &body)?;
            }
            // About 90 bytes an entry: sixteen parts, a node of sled, stay in its log.
            let undo = &record.journal.undo;
            let epochs = undo.chunk_by(|a, b| a.epoch == b.epoch);
            for entries in epochs.filter(|e| e.first().is_some_and(|e| kept(e.epoch))) {
                for (part, entries) in (0u32..).zip(entries.chunks(60)) {
                    let epoch = entries.first().map_or(0, |entry| entry.epoch);
                    let mut body = Vec::new();
                    record::put_undo(&mut body, entries);
                    undos.put(&keys::undo(epoch, height, part), &body)?;
                }
            }
        }
        layers.finish()?;
        undos.finish()
    }
}

/// Leaves of a page in order, each as in a record but for its index.
pub(super) fn encode_page<'a>(leaves: impl Iterator<Item = &'a LeafImage>) -> Vec<u8> {
    let mut body = Vec::with_capacity(PAGE_LEAVES as usize * 110);
    for leaf in leaves {
        record::put_leaf(&mut body, leaf);
    }
    body
}

/// The leaves of page `number`.
pub(super) fn decode_page(body: &[u8], number: u32) -> Result<Vec<LeafImage>, DecodeError> {
    let mut reader = Reader::new(body);
    let first = number.saturating_mul(PAGE_LEAVES);
    let mut leaves = Vec::with_capacity(PAGE_LEAVES as usize);
    for index in first..first.saturating_add(PAGE_LEAVES) {
        if reader.left() == 0 {
            break;
        }
        leaves.push(record::take_leaf(&mut reader, index)?);
    }
    reader.finish()?;
    Ok(leaves)
}
