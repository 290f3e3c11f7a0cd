//! What one height leaves behind, as one record of bytes.
//!
//! ```text
//! commitment 180 ‖ leaf count u32 ‖ n u32 × leaf ‖ n u32 × undo ‖ n u32 × mark ‖ checkpoint ‖ n u32 × share
//!   ‖ n u32 × (index u32 ‖ engine hash 32 ‖ digest 32) ‖ response length u32 ‖ response
//! leaf  = index u32 ‖ next u32 ‖ key 32 ‖ kind u8 ‖ width u16 ‖ value        mark = epoch u64 ‖ count u32 ‖ root 32
//! undo  = epoch u64 ‖ index u32 ‖ next u32 ‖ width u16 ‖ value               share = epoch u64 ‖ member u16 ‖ length u16 ‖ bytes
//! checkpoint = 0 u8, or 1 u8 ‖ epoch u64 ‖ length u32 ‖ bytes
//! ```

use super::segments::BlockSegments;
use crate::chain::tree::{EpochMark, Journal, LeafImage, MAX_VALUE, UndoLeaf};
use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::bytes::{DecodeError, Reader};
use plasmid_bridge::proof::commitment::BlockCommitment;

/// One height: what the tree changed, and what is kept beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Height, block hash, state roots; its hash is the app hash.
    pub block: BlockCommitment,
    /// What the tree drained after the height; its root is `block.after`.
    pub journal: Journal,
    /// The encoded answer to FinalizeBlock, for an engine that asks again.
    pub response: Vec<u8>,
    /// At the last height of an epoch: the epoch and its checkpoint's contents.
    pub checkpoint: Option<(u64, Vec<u8>)>,
    /// Shares seen in this block. Transport, not state.
    pub shares: Vec<Share>,
    /// Messages, misbehavior and users' transactions, ascending by index.
    pub transactions: Vec<TransactionNames>,
    /// The block's segments, which are written once, beside the record's bytes; none of one that was read back.
    pub segments: Option<BlockSegments>,
}

/// The names of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionNames {
    /// Index in the block.
    pub index: u32,
    /// The engine's hash.
    pub hash: Hash,
    /// The EIP-712 digest.
    pub digest: Hash,
}

impl TransactionNames {
    /// What the block itself tells at this index: it has no names.
    pub(super) const fn of_block(index: u32) -> Self {
        Self {
            index,
            hash: Hash::ZERO,
            digest: Hash::ZERO,
        }
    }
}

/// A member's share over the checkpoint of an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The epoch of the checkpoint.
    pub epoch: u64,
    /// Member number in the set of the epoch after.
    pub member: u16,
    /// The share, at most 65,535 bytes; a BLS share has 192.
    pub bytes: Vec<u8>,
}

impl Record {
    /// Height of the record.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.block.height
    }

    /// Bytes that it takes, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        let leaves: usize = self.journal.leaves.iter().map(|l| l.value.len()).sum();
        let undo: usize = self.journal.undo.iter().map(|u| u.value.len()).sum();
        let rows =
            self.journal.leaves.len() + self.journal.undo.len() + 2 * self.transactions.len();
        let segments = self.segments.as_ref().map_or(0, BlockSegments::weight);
        1_000 + leaves + undo + 40 * rows + self.response.len() + 200 * self.shares.len() + segments
    }

    /// The record's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(
            self.weight() - self.segments.as_ref().map_or(0, BlockSegments::weight),
        );
        bytes.extend_from_slice(&self.block.encode());
        bytes.extend_from_slice(&self.journal.count.to_be_bytes());
        put_count(&mut bytes, self.journal.leaves.len());
        for leaf in &self.journal.leaves {
            bytes.extend_from_slice(&leaf.index.to_be_bytes());
            put_leaf(&mut bytes, leaf);
        }
        put_undo(&mut bytes, &self.journal.undo);
        put_count(&mut bytes, self.journal.marks.len());
        for mark in &self.journal.marks {
            put_mark(&mut bytes, mark);
        }
        self.encode_sides(&mut bytes);
        put_count(&mut bytes, self.response.len());
        bytes.extend_from_slice(&self.response);
        bytes
    }

    fn encode_sides(&self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(self.checkpoint.is_some()));
        if let Some((epoch, contents)) = &self.checkpoint {
            bytes.extend_from_slice(&epoch.to_be_bytes());
            put_count(bytes, contents.len());
            bytes.extend_from_slice(contents);
        }
        put_count(bytes, self.shares.len());
        for share in &self.shares {
            bytes.extend_from_slice(&share.epoch.to_be_bytes());
            bytes.extend_from_slice(&share.member.to_be_bytes());
            put_short(bytes, &share.bytes);
        }
        put_count(bytes, self.transactions.len());
        for listed in &self.transactions {
            bytes.extend_from_slice(&listed.index.to_be_bytes());
            bytes.extend_from_slice(listed.hash.as_slice());
            bytes.extend_from_slice(listed.digest.as_slice());
        }
    }

    /// The inverse of [`Record::encode`].
    ///
    /// # Errors
    /// [`DecodeError`] for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let block = BlockCommitment::decode(reader.slice(BlockCommitment::BYTES)?)?;
        let count = reader.u32()?;
        let leaves = many(&mut reader, |reader| {
            let index = reader.u32()?;
            take_leaf(reader, index)
        })?;
        let undo = take_undo(&mut reader)?;
        let marks = many(&mut reader, take_mark)?;
        let checkpoint = take_checkpoint(&mut reader)?;
        let shares = many(&mut reader, take_share)?;
        let transactions = many(&mut reader, |reader| {
            Ok(TransactionNames {
                index: reader.u32()?,
                hash: reader.array()?.into(),
                digest: reader.array()?.into(),
            })
        })?;
        let length = reader.u32()? as usize;
        let response = reader.slice(length)?.to_vec();
        reader.finish()?;
        Ok(Self {
            journal: Journal {
                count,
                root: block.after,
                leaves,
                undo,
                marks,
            },
            block,
            response,
            checkpoint,
            shares,
            transactions,
            segments: None,
        })
    }
}

/// next u32 ‖ key 32 ‖ kind u8 ‖ width u16 ‖ value.
pub(super) fn put_leaf(bytes: &mut Vec<u8>, leaf: &LeafImage) {
    bytes.extend_from_slice(&leaf.next.to_be_bytes());
    bytes.extend_from_slice(leaf.key.as_slice());
    bytes.push(leaf.kind);
    put_short(bytes, &leaf.value);
}

pub(super) fn take_leaf(reader: &mut Reader<'_>, index: u32) -> Result<LeafImage, DecodeError> {
    Ok(LeafImage {
        index,
        next: reader.u32()?,
        key: reader.array()?.into(),
        kind: reader.u8()?,
        value: take_value(reader)?.into(),
    })
}

/// n u32 × undo.
pub(super) fn put_undo<'a, I>(bytes: &mut Vec<u8>, undo: I)
where
    I: IntoIterator<Item = &'a UndoLeaf, IntoIter: ExactSizeIterator>,
{
    let undo = undo.into_iter();
    put_count(bytes, undo.len());
    for leaf in undo {
        bytes.extend_from_slice(&leaf.epoch.to_be_bytes());
        bytes.extend_from_slice(&leaf.index.to_be_bytes());
        bytes.extend_from_slice(&leaf.next.to_be_bytes());
        put_short(bytes, &leaf.value);
    }
}

pub(super) fn take_undo(reader: &mut Reader<'_>) -> Result<Vec<UndoLeaf>, DecodeError> {
    many(reader, |reader| {
        Ok(UndoLeaf {
            epoch: reader.u64()?,
            index: reader.u32()?,
            next: reader.u32()?,
            value: take_value(reader)?.into(),
        })
    })
}

pub(super) fn put_mark(bytes: &mut Vec<u8>, mark: &EpochMark) {
    bytes.extend_from_slice(&mark.epoch.to_be_bytes());
    bytes.extend_from_slice(&mark.count.to_be_bytes());
    bytes.extend_from_slice(mark.root.as_slice());
}

pub(super) fn take_mark(reader: &mut Reader<'_>) -> Result<EpochMark, DecodeError> {
    Ok(EpochMark {
        epoch: reader.u64()?,
        count: reader.u32()?,
        root: reader.array()?.into(),
    })
}

fn take_checkpoint(reader: &mut Reader<'_>) -> Result<Option<(u64, Vec<u8>)>, DecodeError> {
    match reader.u8()? {
        0 => Ok(None),
        1 => {
            let epoch = reader.u64()?;
            let length = reader.u32()? as usize;
            Ok(Some((epoch, reader.slice(length)?.to_vec())))
        }
        kind => Err(DecodeError::UnknownKind(kind)),
    }
}

fn take_share(reader: &mut Reader<'_>) -> Result<Share, DecodeError> {
    let epoch = reader.u64()?;
    let member = reader.u16()?;
    let length = usize::from(reader.u16()?);
    let bytes = reader.slice(length)?.to_vec();
    Ok(Share {
        epoch,
        member,
        bytes,
    })
}

fn take_value<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
    let length = usize::from(reader.u16()?);
    if length > MAX_VALUE {
        return Err(DecodeError::TooLong {
            length,
            limit: MAX_VALUE,
        });
    }
    reader.slice(length)
}

/// A claimed count of items, each read in turn: no room is made before their bytes are there.
pub(super) fn many<'a, T>(
    reader: &mut Reader<'a>,
    mut item: impl FnMut(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let count = reader.u32()? as usize;
    let mut items = Vec::with_capacity(count.min(reader.left() / 8));
    for _ in 0..count {
        items.push(item(reader)?);
    }
    Ok(items)
}

pub(super) fn put_count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
}

fn put_short(bytes: &mut Vec<u8>, value: &[u8]) {
    let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
    bytes.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
    bytes.extend_from_slice(value);
}
