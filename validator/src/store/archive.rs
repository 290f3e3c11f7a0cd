//! Writes a height, reads it back, forgets what is no longer kept.
//!
//! ```text
//! height h     parts of the record → side tables → head (checksums of all parts)      flush: h is durable
//! ```
//! A record without its head does not exist.

use super::backend::Backend;
use super::keys::{self, Table};
use super::record::{Record, Share};
use super::seal::{self, TAG};
use super::sealed::Sealed;
use super::state::Floor;
use super::{Included, StoreError, results, segments, state};
use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::bytes::{DecodeError, Reader};
use plasmid_bridge::proof::commitment::BlockCommitment;

/// sled keeps larger values in files of their own, and rewrites nodes with larger ones slowly.
const PART: usize = 110_000;

pub(super) struct Archive<S> {
    pub disk: Sealed<S>,
}

/// A record on disk: none, damaged (why), or whole.
pub(super) type Found = Result<Option<Record>, String>;

impl<S: Backend> Archive<S> {
    /// Writes a height. It is durable after the next flush.
    pub fn write(&self, record: &Record) -> Result<(), StoreError> {
        let height = record.height();
        let bytes = record.encode();
        let mut redo = self.disk.chunk(Table::Redo);
        let mut head = Vec::new();
        let parts = u32::try_from(bytes.len().div_ceil(PART)).unwrap_or(u32::MAX);
        head.extend_from_slice(&parts.to_be_bytes());
        for (part, bytes) in (1u32..).zip(bytes.chunks(PART)) {
            head.extend_from_slice(&redo.put(&keys::redo(height, part), bytes)?);
        }
        redo.finish()?;
        self.disk
            .put(Table::Block, &keys::block(height), &record.block.encode())?;
        if let Some((epoch, contents)) = &record.checkpoint {
            self.disk
                .put(Table::Checkpoint, &keys::checkpoint(*epoch), contents)?;
        }
        self.write_shares(&record.shares)?;
        if let Some(segments) = &record.segments {
            segments.write(&self.disk, height)?;
        }
        self.disk.put(Table::Redo, &keys::redo(height, 0), &head)
    }

    pub fn write_shares(&self, shares: &[Share]) -> Result<(), StoreError> {
        let mut chunk = self.disk.chunk(Table::Share);
        for share in shares {
            chunk.put(&keys::share(share.epoch, share.member), &share.bytes)?;
        }
        chunk.finish()
    }

    /// Reads a height. A disk that fails is an error; bytes that are not the record's are told.
    pub fn read(&self, height: u64) -> Result<Found, StoreError> {
        let key = keys::redo(height, 0);
        let Some(head) = self.disk.raw(Table::Redo, &key)? else {
            return Ok(Ok(None));
        };
        let tags = match seal::open(Table::Redo, &key, &head) {
            Ok(head) => match tags(head) {
                Ok(tags) => tags,
                Err(error) => return Ok(Err(error.to_string())),
            },
            Err(error) => return Ok(Err(error.to_string())),
        };
        let mut bytes = Vec::new();
        for (part, tag) in (1u32..).zip(tags) {
            let key = keys::redo(height, part);
            let Some(sealed) = self.disk.raw(Table::Redo, &key)? else {
                return Ok(Err(format!("part {part} is missing")));
            };
            if seal::tag_of(&sealed) != tag {
                return Ok(Err(format!("part {part} is of another record")));
            }
            match seal::open(Table::Redo, &key, &sealed) {
                Ok(part) => bytes.extend_from_slice(part),
                Err(error) => return Ok(Err(format!("part {part}: {error}"))),
            }
        }
        Ok(match Record::decode(&bytes) {
            Ok(record) if record.height() == height => Ok(Some(record)),
            Ok(record) => Err(format!("it is of height {}", record.height())),
            Err(error) => Err(error.to_string()),
        })
    }

    /// Forgets shares, segments and blocks below the floor; states of epochs below it go later, in steps.
    pub fn retain(&self, floor: Floor) -> Result<(), StoreError> {
        state::put_floor(&self.disk, floor)?;
        if let Some(last) = floor.epoch.checked_sub(1) {
            let (first, last) = (keys::share(0, 0), keys::share(last, u16::MAX));
            self.disk.remove_range(Table::Share, &first, &last)?;
            segments::forget(&self.disk, floor.epoch)?;
        }
        if let Some(last) = floor.block.checked_sub(1) {
            self.disk
                .remove_range(Table::Block, &keys::block(0), &keys::block(last))?;
        }
        Ok(())
    }

    /// The kept commitments from height `first` to `last`, ascending.
    pub fn blocks(&self, first: u64, last: u64) -> Result<Vec<BlockCommitment>, StoreError> {
        let mut blocks = Vec::new();
        let (from, to) = (keys::block(first), keys::block(last));
        self.disk.scan(Table::Block, &from, &to, &mut |_, body| {
            let block = BlockCommitment::decode(body);
            blocks.push(block.map_err(|error| self.disk.damaged(format!("a block: {error}")))?);
            Ok(())
        })?;
        Ok(blocks)
    }

    pub fn shares(&self, epoch: u64) -> Result<Vec<Share>, StoreError> {
        let (first, last) = (keys::share(epoch, 0), keys::share(epoch, u16::MAX));
        let mut shares = Vec::new();
        self.disk
            .scan(Table::Share, &first, &last, &mut |key, body| {
                if let Some(member) = key.last_chunk::<2>() {
                    shares.push(Share {
                        epoch,
                        member: u16::from_be_bytes(*member),
                        bytes: body.to_vec(),
                    });
                }
                Ok(())
            })?;
        Ok(shares)
    }

    pub fn transaction(&self, key: &Hash) -> Result<Option<Included>, StoreError> {
        let key = keys::transaction(key);
        let Some(body) = self.disk.get(Table::Transaction, &key)? else {
            return Ok(None);
        };
        let mut reader = Reader::new(&body);
        match (reader.u64(), reader.u32(), reader.left()) {
            (Ok(height), Ok(index), 0) => results::read(&self.disk, height, index).map(Some),
            _ => Err(self.disk.damaged("the place of a transaction")),
        }
    }
}

fn tags(head: &[u8]) -> Result<Vec<[u8; TAG]>, DecodeError> {
    let mut reader = Reader::new(head);
    let parts = reader.u32()?;
    let mut tags = Vec::new();
    for _ in 0..parts {
        tags.push(reader.array()?);
    }
    reader.finish()?;
    Ok(tags)
}
