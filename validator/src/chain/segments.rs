//! How a block's transactions are cut into segments, the pieces that a court can execute again in one root transaction.
//!
//! ```text
//! | record | messages ... | evidence ... | users' ... | users' ... | boundary | boundary |
//! ```
//! A segment ends at 32 transactions, 65 touched leaves or 32,768 bytes: what would pass a limit begins the next one. Kinds
//! never mix. A segment's bytes are, for each of its transactions, length u32 | bytes; a boundary has none.

use std::collections::BTreeSet;
use std::sync::Arc;

use alloy_primitives::B256;
pub use plasmid_bridge::proof::commitment::SegmentKind;

use super::overlay::{Overlay, Reads, TriedWrites};
use super::tree::Change;
use crate::ledger::rules::forced::MAX_MESSAGE_SIGNATURES;

/// Transactions of a segment, at most.
pub const MAX_SEGMENT_TRANSACTIONS: u32 = 32;
/// Leaves that a segment touches, at most: a node ends a segment here.
pub const MAX_SEGMENT_LEAVES: usize = 65;
/// A court refuses a segment that touches more leaves than this. The margin above [`MAX_SEGMENT_LEAVES`] is there so that no chain is void
/// because two programs count a read differently.
pub const MAX_COURT_LEAVES: usize = 72;
/// Bytes of a segment, at most.
pub const MAX_SEGMENT_BYTES: usize = 32_768;

/// Signatures that are checked in a segment of messages, at most.
pub const MAX_SEGMENT_SIGNATURES: u32 = 32;
const _: () = assert!(
    MAX_SEGMENT_TRANSACTIONS.saturating_mul(MAX_MESSAGE_SIGNATURES) <= MAX_SEGMENT_SIGNATURES,
    "segments must end by the number of signatures too"
);

/// A closed segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// What it is made of.
    pub kind: SegmentKind,
    /// Number of its first transaction in the block.
    pub first: u32,
    /// Number of its transactions.
    pub count: u32,
    /// Its transactions, each behind its length. They are shared with whoever keeps them for longer than the block.
    pub bytes: Arc<Vec<u8>>,
    /// Its writes, in the order of the first one to each leaf.
    pub changes: Vec<Change>,
    /// Keys of the leaves that it touches, new ones included.
    pub touched: BTreeSet<B256>,
}

/// A transaction that no segment can carry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a transaction of {bytes} bytes that touches {leaves} leaves fits in no segment")]
pub(crate) struct TooLarge {
    pub(crate) bytes: usize,
    pub(crate) leaves: usize,
}

/// One transaction that applied, to be put into a segment.
pub(crate) struct Applied<'b> {
    pub(crate) kind: SegmentKind,
    pub(crate) bytes: &'b [u8],
    pub(crate) layer: TriedWrites,
}

struct Open {
    segment: Segment,
    bytes: Vec<u8>,
    written: BTreeSet<B256>,
    order: Vec<(B256, u8)>,
}

/// The segments of one block, the last one still open.
pub(crate) struct Segments {
    parameters: B256,
    closed: Vec<Segment>,
    open: Option<Open>,
    next: u32,
}

impl Segments {
    /// `parameters` is the key of the leaf that every segment touches.
    pub(crate) fn new(parameters: B256) -> Self {
        Self {
            parameters,
            closed: Vec::new(),
            open: None,
            next: 0,
        }
    }

    /// Transactions so far.
    pub(crate) fn transactions(&self) -> u32 {
        self.next
    }

    /// Puts a transaction into the open segment or into a new one, and its writes into the block.
    ///
    /// # Errors
    /// [`TooLarge`] when it fits no segment; nothing has changed then.
    pub(crate) fn add<R: Reads>(
        &mut self,
        overlay: &mut Overlay<'_, R>,
        mut applied: Applied<'_>,
    ) -> Result<(), TooLarge> {
        applied.layer.touched.insert(self.parameters);
        let bytes = framed(applied.bytes.len());
        let leaves = applied.layer.touched.len();
        if bytes > MAX_SEGMENT_BYTES || leaves > MAX_SEGMENT_LEAVES {
            return Err(TooLarge { bytes, leaves });
        }
        let fits = |open: &Open| {
            let new = applied
                .layer
                .touched
                .difference(&open.segment.touched)
                .count();
            open.segment.kind == applied.kind
                && open.segment.count < MAX_SEGMENT_TRANSACTIONS
                && open.segment.touched.len().saturating_add(new) <= MAX_SEGMENT_LEAVES
                && open.bytes.len().saturating_add(bytes) <= MAX_SEGMENT_BYTES
        };
        if !self.open.as_ref().is_some_and(fits) {
            self.close(overlay);
        }
        let first = self.next;
        let open = self
            .open
            .get_or_insert_with(|| Open::new(applied.kind, first));
        open.segment.count = open.segment.count.saturating_add(1);
        let length = u32::try_from(applied.bytes.len()).unwrap_or(u32::MAX);
        open.bytes.extend_from_slice(&length.to_be_bytes());
        open.bytes.extend_from_slice(applied.bytes);
        self.next = self.next.saturating_add(1);
        open.note(&applied.layer);
        overlay.keep(applied.layer);
        Ok(())
    }

    /// Adds one step of the boundary as a segment of its own.
    ///
    /// # Errors
    /// [`TooLarge`] when the step touches more leaves than a segment may.
    pub(crate) fn add_boundary<R: Reads>(
        &mut self,
        overlay: &mut Overlay<'_, R>,
        mut layer: TriedWrites,
    ) -> Result<(), TooLarge> {
        layer.touched.insert(self.parameters);
        let leaves = layer.touched.len();
        if leaves > MAX_SEGMENT_LEAVES {
            return Err(TooLarge { bytes: 0, leaves });
        }
        self.close(overlay);
        let mut open = Open::new(SegmentKind::Boundary, self.next);
        open.note(&layer);
        overlay.keep(layer);
        self.open = Some(open);
        self.close(overlay);
        Ok(())
    }

    /// Ends the block.
    pub(crate) fn finish<R: Reads>(mut self, overlay: &Overlay<'_, R>) -> Vec<Segment> {
        self.close(overlay);
        self.closed
    }

    fn close<R: Reads>(&mut self, overlay: &Overlay<'_, R>) {
        let Some(Open {
            mut segment,
            bytes,
            order,
            ..
        }) = self.open.take()
        else {
            return;
        };
        segment.bytes = Arc::new(bytes);
        segment.changes = order
            .into_iter()
            .filter_map(|(key, kind)| {
                let value = overlay.written(&key)?.to_vec();
                Some(Change { key, kind, value })
            })
            .collect();
        self.closed.push(segment);
    }
}

impl Open {
    fn new(kind: SegmentKind, first: u32) -> Self {
        Self {
            segment: Segment {
                kind,
                first,
                count: 0,
                bytes: Arc::default(),
                changes: Vec::new(),
                touched: BTreeSet::new(),
            },
            bytes: Vec::new(),
            written: BTreeSet::new(),
            order: Vec::new(),
        }
    }

    fn note(&mut self, layer: &TriedWrites) {
        self.segment.touched.extend(&layer.touched);
        for change in &layer.changes {
            if self.written.insert(change.key) {
                self.order.push((change.key, change.kind));
            }
        }
    }
}

/// Bytes of a transaction in a segment.
fn framed(length: usize) -> usize {
    length.saturating_add(4)
}

/// Reads a segment's bytes back into its transactions.
///
/// # Errors
/// [`DecodeError`] when a length does not fit what follows.
///
/// [`DecodeError`]: plasmid_bridge::proof::bytes::DecodeError
pub fn transactions(bytes: &[u8]) -> Result<Vec<&[u8]>, plasmid_bridge::proof::bytes::DecodeError> {
    let mut reader = plasmid_bridge::proof::bytes::Reader::new(bytes);
    let mut out = Vec::new();
    while reader.left() > 0 {
        let length = reader.u32()?;
        out.push(reader.slice(usize::try_from(length).unwrap_or(usize::MAX))?);
    }
    Ok(out)
}

/// The bytes that these transactions are read back from.
#[cfg(test)]
pub(crate) fn bytes_of(transactions: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for transaction in transactions {
        bytes.extend((transaction.len() as u32).to_be_bytes());
        bytes.extend(transaction);
    }
    bytes
}
