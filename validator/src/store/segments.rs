//! Segments of blocks, for whoever judges a checkpoint that is not final: written once, with the height that they are of, and given up with the
//! states of their epoch.
//!
//! ```text
//! records = n u32 × (kind u8 ‖ first u32 ‖ count u32 ‖ length u32 ‖ chunks root 32 ‖ root before 32 ‖ root after 32)     at most 1,000 a row
//! bytes   = those of one segment
//! ```
//! A store of before they were kept has none of its older heights.

use std::sync::Arc;

use super::StoreError;
use super::backend::Backend;
use super::keys::{self, SEGMENT_BYTES, SEGMENT_RECORDS, Table};
use super::record::{Record, many, put_count};
use super::sealed::Sealed;
use crate::chain::opened::OpenedSegment;
use plasmid_bridge::proof::bytes::{DecodeError, Reader};

/// Records of a row, at most: about 110 KB.
const ROW: usize = 1_000;
/// Epochs whose segments are removed at once, at most: more of them are there only where root has stood still for long.
const STEP: u64 = 4;

/// All segments of a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockSegments {
    /// The epoch of the block.
    pub epoch: u64,
    /// Their records.
    pub records: Vec<OpenedSegment>,
    /// The bytes of each, shared with the block that was executed: nothing is copied while the state is locked.
    pub bytes: Vec<Arc<Vec<u8>>>,
}

impl BlockSegments {
    pub(super) fn weight(&self) -> usize {
        let bytes = self.bytes.iter().map(|bytes| bytes.len());
        120 * self.records.len() + bytes.sum::<usize>()
    }

    /// The bytes of one.
    pub(super) fn bytes_of(&self, number: u32) -> Option<Arc<Vec<u8>>> {
        let place = usize::try_from(number).ok()?;
        self.bytes.get(place).map(Arc::clone)
    }

    /// Writes them. They are durable with the height.
    pub(super) fn write<S: Backend>(
        &self,
        disk: &Sealed<S>,
        height: u64,
    ) -> Result<(), StoreError> {
        let mut chunk = disk.chunk(Table::Segment);
        for (row, records) in (0u32..).zip(self.records.chunks(ROW)) {
            let mut body = Vec::with_capacity(records.len() * 109 + 4);
            put_count(&mut body, records.len());
            for one in records {
                put(&mut body, one);
            }
            let key = keys::segment(self.epoch, height, SEGMENT_RECORDS, row);
            chunk.put(&key, &body)?;
        }
        for (number, bytes) in (0u32..).zip(&self.bytes) {
            if !bytes.is_empty() {
                let key = keys::segment(self.epoch, height, SEGMENT_BYTES, number);
                chunk.put(&key, bytes)?;
            }
        }
        chunk.finish()
    }
}

impl Record {
    /// The segments, if it is of this height and still has them.
    pub(super) fn segments_of(&self, height: u64) -> Option<&BlockSegments> {
        self.segments.as_ref().filter(|_| self.height() == height)
    }
}

fn put(body: &mut Vec<u8>, one: &OpenedSegment) {
    body.push(one.kind);
    for number in [one.first, one.count, one.length] {
        body.extend_from_slice(&number.to_be_bytes());
    }
    for root in [&one.chunks_root, &one.before, &one.after] {
        body.extend_from_slice(root.as_slice());
    }
}

fn take(reader: &mut Reader<'_>) -> Result<OpenedSegment, DecodeError> {
    Ok(OpenedSegment {
        kind: reader.u8()?,
        first: reader.u32()?,
        count: reader.u32()?,
        length: reader.u32()?,
        chunks_root: reader.array()?.into(),
        before: reader.array()?.into(),
        after: reader.array()?.into(),
        bytes: None,
    })
}

fn row(body: &[u8]) -> Result<Vec<OpenedSegment>, DecodeError> {
    let mut reader = Reader::new(body);
    let records = many(&mut reader, take)?;
    reader.finish()?;
    Ok(records)
}

/// The records of a block's segments, if they are kept.
pub(super) fn read<S: Backend>(
    disk: &Sealed<S>,
    epoch: u64,
    height: u64,
) -> Result<Option<Vec<OpenedSegment>>, StoreError> {
    let mut records = Vec::new();
    let of = |number| keys::segment(epoch, height, SEGMENT_RECORDS, number);
    disk.scan(Table::Segment, &of(0), &of(u32::MAX), &mut |_, body| {
        let damaged = |_| disk.damaged(format!("the records of the segments of height {height}"));
        records.extend(row(body).map_err(damaged)?);
        Ok(())
    })?;
    Ok((!records.is_empty()).then_some(records))
}

/// The bytes of one of them, if they are kept; those of a segment that has none stand nowhere.
pub(super) fn read_bytes<S: Backend>(
    disk: &Sealed<S>,
    (epoch, height): (u64, u64),
    number: u32,
) -> Result<Option<Vec<u8>>, StoreError> {
    let key = keys::segment(epoch, height, SEGMENT_BYTES, number);
    disk.get(Table::Segment, &key)
}

/// Gives up those of epochs below this one, a few epochs at a time.
pub(super) fn forget<S: Backend>(disk: &Sealed<S>, epoch: u64) -> Result<(), StoreError> {
    let Some(newest) = epoch.checked_sub(1) else {
        return Ok(());
    };
    let (first, last) = (
        keys::segment(0, 0, 0, 0),
        keys::segment(newest, u64::MAX, u8::MAX, u32::MAX),
    );
    for _ in 0..STEP {
        let Some((key, _)) = disk.first(Table::Segment, &first, &last)? else {
            return Ok(());
        };
        let oldest = key
            .first_chunk::<8>()
            .map_or(0, |oldest| u64::from_be_bytes(*oldest));
        let end = keys::segment(oldest, u64::MAX, u8::MAX, u32::MAX);
        disk.remove_range(Table::Segment, &key, &end)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
