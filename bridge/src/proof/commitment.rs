//! What a block commits to: segments, and the block commitment whose hash is the app hash (PROTOCOL section 1).
//!
//! ```text
//! app hash = H(PBLK ‖ rules ‖ height ‖ time ‖ block hash ‖ witness hash ‖ state before ‖ state after ‖ segments root)
//!              segments root = H(PSGR ‖ segments ‖ transactions ‖ list root of segment records)
//!                segment record = H(PSEG ‖ kind ‖ first ‖ count ‖ bytes hash ‖ state before ‖ state after)
//!                  bytes hash = H(PBYT ‖ length ‖ list root of chunks of 1,024 bytes)
//! ```
//! Every preimage begins with a tag and none is 64 or 96 bytes long, the lengths of a node and of a leaf.

use super::{
    Hash,
    bytes::{DecodeError, Reader},
    keccak::hash,
    list,
};

/// Bytes of one chunk.
pub const CHUNK_BYTES: usize = 1_024;

/// Hash of one chunk: `chunk` behind its tag, padded with zeros to [`CHUNK_BYTES`]; bytes beyond that do not count.
#[must_use]
pub fn chunk_hash(chunk: &[u8]) -> Hash {
    let chunk = chunk.get(..CHUNK_BYTES).unwrap_or(chunk);
    let padding = [0; CHUNK_BYTES];
    hash(&[
        b"PCHK",
        chunk,
        padding.get(chunk.len()..).unwrap_or_default(),
    ])
}

/// Commitment to a segment's bytes: their length, and the list root over their chunks. A length above 2^32 − 1, far beyond
/// the 32,768 bytes of a segment, is written as 2^32 − 1.
#[must_use]
pub fn bytes_hash(bytes: &[u8]) -> Hash {
    opened_bytes_hash(count(bytes.len()), &chunks_root(bytes))
}

/// List root over the chunks of a segment's bytes.
#[must_use]
pub fn chunks_root(bytes: &[u8]) -> Hash {
    let chunks: Vec<Hash> = bytes.chunks(CHUNK_BYTES).map(chunk_hash).collect();
    list::root(&chunks)
}

/// [`bytes_hash`] by the length of the bytes and the list root over their chunks.
#[must_use]
pub fn opened_bytes_hash(length: u32, chunks_root: &Hash) -> Hash {
    hash(&[b"PBYT", &length.to_be_bytes(), chunks_root.as_slice()])
}

/// Commitment to a block's witness bytes, which stand in no segment.
#[must_use]
pub fn witness_hash(witness: &[u8]) -> Hash {
    hash(&[b"PWIT", hash(&[witness]).as_slice()])
}

/// What a segment is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum SegmentKind {
    /// The executing part of the block-input record.
    Record = 1,
    /// Inbox messages.
    Messages = 2,
    /// Misbehavior that the engine reported.
    Evidence = 3,
    /// Users' transactions.
    Users = 4,
    /// A step of the epoch boundary: no transactions.
    Boundary = 5,
}

impl SegmentKind {
    /// The kind of this byte, if it is one.
    #[must_use]
    pub const fn from_byte(kind: u8) -> Option<Self> {
        Some(match kind {
            1 => Self::Record,
            2 => Self::Messages,
            3 => Self::Evidence,
            4 => Self::Users,
            5 => Self::Boundary,
            _ => return None,
        })
    }
}

impl std::fmt::Display for SegmentKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Record => "record",
            Self::Messages => "messages",
            Self::Evidence => "evidence",
            Self::Users => "users",
            Self::Boundary => "boundary",
        })
    }
}

/// Consecutive transactions of a block with the state root before and after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentRecord {
    /// What the segment is made of.
    pub kind: SegmentKind,
    /// Number of its first transaction in the block.
    pub first: u32,
    /// Number of its transactions.
    pub count: u32,
    /// [`bytes_hash`] of its bytes.
    pub bytes_hash: Hash,
    /// State root before its first transaction.
    pub before: Hash,
    /// State root after its last transaction.
    pub after: Hash,
}

impl SegmentRecord {
    /// The list leaf of this segment.
    #[must_use]
    pub fn hash(&self) -> Hash {
        let roots = [&self.before, &self.after];
        record_hash(
            self.kind as u8,
            (self.first, self.count),
            &self.bytes_hash,
            roots,
        )
    }
}

/// The list leaf of a segment whose kind is this byte, whatever it is, from the number of its first transaction, their number, the hash of its
/// bytes, and the state roots before and after it.
#[must_use]
pub fn record_hash(
    kind: u8,
    (first, count): (u32, u32),
    bytes_hash: &Hash,
    [before, after]: [&Hash; 2],
) -> Hash {
    hash(&[
        b"PSEG",
        &[kind],
        &first.to_be_bytes(),
        &count.to_be_bytes(),
        bytes_hash.as_slice(),
        before.as_slice(),
        after.as_slice(),
    ])
}

/// Commitment to a block's segment record hashes and its number of transactions.
#[must_use]
pub fn segments_root(segments: &[Hash], transactions: u32) -> Hash {
    opened_segments_root(count(segments.len()), transactions, &list::root(segments))
}

/// [`segments_root`] by the number of segments and the list root over their hashes.
#[must_use]
pub fn opened_segments_root(segments: u32, transactions: u32, list_root: &Hash) -> Hash {
    hash(&[
        b"PSGR",
        &segments.to_be_bytes(),
        &transactions.to_be_bytes(),
        list_root.as_slice(),
    ])
}

/// Commitment to the block commitment hashes of one epoch, K of them.
#[must_use]
pub fn blocks_root(blocks: &[Hash]) -> Hash {
    list::root(blocks)
}

/// What a block commits to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockCommitment {
    /// Rules version.
    pub rules: u32,
    /// Height.
    pub height: u64,
    /// Block time, nanoseconds since 1970.
    pub time: u64,
    /// Block hash that FinalizeBlock gave.
    pub block_hash: Hash,
    /// [`witness_hash`] of the record's witness part.
    pub witness_hash: Hash,
    /// State root before the block.
    pub before: Hash,
    /// State root after the block.
    pub after: Hash,
    /// [`segments_root`] of the block.
    pub segments_root: Hash,
}

impl BlockCommitment {
    /// Bytes of the encoding: the preimage without its tag.
    pub const BYTES: usize = 180;

    /// The commitment of height 0, whose hash is the app hash that InitChain answers. `time` is in nanoseconds.
    #[must_use]
    pub fn genesis(rules: u32, time: u64, state_root: Hash) -> Self {
        Self {
            rules,
            height: 0,
            time,
            block_hash: Hash::ZERO,
            witness_hash: Hash::ZERO,
            before: state_root,
            after: state_root,
            segments_root: Hash::ZERO,
        }
    }

    /// The app hash.
    #[must_use]
    pub fn hash(&self) -> Hash {
        hash(&[b"PBLK", &self.encode()])
    }

    /// The fields in order, fixed width.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::BYTES);
        bytes.extend_from_slice(&self.rules.to_be_bytes());
        bytes.extend_from_slice(&self.height.to_be_bytes());
        bytes.extend_from_slice(&self.time.to_be_bytes());
        for hash in [
            &self.block_hash,
            &self.witness_hash,
            &self.before,
            &self.after,
            &self.segments_root,
        ] {
            bytes.extend_from_slice(hash.as_slice());
        }
        bytes
    }

    /// The inverse of [`BlockCommitment::encode`].
    ///
    /// # Errors
    /// [`DecodeError`] unless there are exactly [`BlockCommitment::BYTES`] bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let commitment = Self {
            rules: reader.u32()?,
            height: reader.u64()?,
            time: reader.u64()?,
            block_hash: reader.array()?.into(),
            witness_hash: reader.array()?.into(),
            before: reader.array()?.into(),
            after: reader.array()?.into(),
            segments_root: reader.array()?.into(),
        };
        reader.finish()?;
        Ok(commitment)
    }
}

/// A length as the u32 that commitments hold.
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
