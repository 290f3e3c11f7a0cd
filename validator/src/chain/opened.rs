//! What a node shows of a block and of a state, compared with what commits to it.

use alloy_primitives::B256;
use plasmid_bridge::proof::commitment::{
    self, BlockCommitment, SegmentRecord, opened_bytes_hash, opened_segments_root, record_hash,
};
use plasmid_bridge::proof::list;
use plasmid_bridge::proof::tree::{Inclusion, value_hash};

use crate::chain::links::LinkedSegment;
use crate::chain::segments::MAX_SEGMENT_BYTES;
use crate::chain::tree::Tree;
use crate::ledger::Slot;

/// A segment record with what its bytes' hash is made of, and the bytes where they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedSegment {
    /// Kind, whatever byte it is.
    pub kind: u8,
    /// Number of its first transaction in the block.
    pub first: u32,
    /// Number of its transactions.
    pub count: u32,
    /// Length of its bytes.
    pub length: u32,
    /// List root over their chunks.
    pub chunks_root: B256,
    /// State root before it.
    pub before: B256,
    /// State root after it.
    pub after: B256,
    /// Its bytes. No court reads more than a segment may have.
    pub bytes: Option<Vec<u8>>,
}

impl OpenedSegment {
    /// A segment that this node made, without its bytes, of which there are `length`.
    #[must_use]
    pub fn bare(record: &SegmentRecord, chunks_root: B256, length: usize) -> Self {
        Self {
            kind: record.kind as u8,
            first: record.first,
            count: record.count,
            length: u32::try_from(length).unwrap_or(u32::MAX),
            chunks_root,
            before: record.before,
            after: record.after,
            bytes: None,
        }
    }

    /// The list leaf of its record.
    #[must_use]
    pub fn hash(&self) -> B256 {
        let bytes_hash = opened_bytes_hash(self.length, &self.chunks_root);
        let roots = [&self.before, &self.after];
        record_hash(self.kind, (self.first, self.count), &bytes_hash, roots)
    }

    /// Whether all of its bytes are there that a court would read, and are its bytes.
    #[must_use]
    pub fn has_bytes(&self) -> bool {
        match &self.bytes {
            Some(bytes) => {
                u32::try_from(bytes.len()).is_ok_and(|length| length == self.length)
                    && commitment::chunks_root(bytes) == self.chunks_root
            }
            None => usize::try_from(self.length).is_ok_and(|length| length > MAX_SEGMENT_BYTES),
        }
    }

    /// Lets go of what is not its bytes, and of more than a segment may have: its record shows that.
    pub fn trim(&mut self) {
        let is_long = usize::try_from(self.length).is_ok_and(|length| length > MAX_SEGMENT_BYTES);
        if is_long || !self.has_bytes() {
            self.bytes = None;
        }
    }

    pub(crate) fn linked(&self) -> LinkedSegment {
        LinkedSegment {
            kind: self.kind,
            first: self.first,
            count: self.count,
            bytes: usize::try_from(self.length).unwrap_or(usize::MAX),
            before: self.before,
            after: self.after,
        }
    }
}

/// What a block's segments root is made of, and its segments, all of them or as far as they are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenedSegments {
    /// Their number.
    pub count: u32,
    /// Number of the block's transactions.
    pub transactions: u32,
    /// List root over their records.
    pub list_root: B256,
    /// They.
    pub segments: Vec<OpenedSegment>,
}

impl OpenedSegments {
    /// Whether these are the counts that the block commits to.
    #[must_use]
    pub fn are_counts_of(&self, block: &BlockCommitment) -> bool {
        opened_segments_root(self.count, self.transactions, &self.list_root) == block.segments_root
    }

    /// Whether these are all segments of that list, in their order.
    #[must_use]
    pub fn are_whole(&self) -> bool {
        let hashes = self.hashes();
        u32::try_from(hashes.len()).is_ok_and(|count| count == self.count)
            && list::root(&hashes) == self.list_root
    }

    /// Takes over the bytes that are missing here, of the same segments.
    pub fn fill(&mut self, other: Self) {
        for (own, other) in self.segments.iter_mut().zip(other.segments) {
            if own.bytes.is_none() {
                own.bytes = other.bytes;
            }
        }
    }

    /// How many of the segments are there with their bytes.
    #[must_use]
    pub fn shown(&self) -> usize {
        let segments = self.segments.iter();
        segments.filter(|one| one.bytes.is_some()).count()
    }

    /// All segments of a block, from what is kept of them.
    #[must_use]
    pub fn of(segments: Vec<OpenedSegment>) -> Self {
        let mut whole = Self {
            count: u32::try_from(segments.len()).unwrap_or(u32::MAX),
            segments,
            ..Self::default()
        };
        let counted = whole.segments.iter().map(|one| one.count);
        whole.transactions = counted.fold(0, u32::saturating_add);
        whole.list_root = list::root(&whole.hashes());
        whole
    }

    pub(crate) fn hashes(&self) -> Vec<B256> {
        self.segments.iter().map(OpenedSegment::hash).collect()
    }
}

/// A leaf with its value and its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownLeaf {
    /// Its kind.
    pub kind: u8,
    /// Its value.
    pub value: Vec<u8>,
    /// What shows it.
    pub inclusion: Inclusion,
}

impl ShownLeaf {
    /// The leaf at an index of a tree; none where it has no such leaf.
    #[must_use]
    pub fn of(tree: &Tree, index: u32) -> Option<Self> {
        let leaf = tree.leaf(index)?;
        Some(Self {
            kind: leaf.kind,
            value: leaf.value.to_vec(),
            inclusion: tree.prove(index).ok()?,
        })
    }

    /// Whether it is the leaf of a slot in the state with this root.
    #[must_use]
    pub fn stands(&self, slot: &Slot, state_root: &B256) -> bool {
        self.stands_at(&slot.key(), state_root)
    }

    /// Whether it is the leaf with this key in the state with this root.
    #[must_use]
    pub fn stands_at(&self, key: &B256, state_root: &B256) -> bool {
        self.inclusion.key == *key
            && self.inclusion.value_hash == value_hash(self.kind, &self.value)
            && self.inclusion.verify(state_root).is_ok()
    }
}
