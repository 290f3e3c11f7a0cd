//! Link rules: what no segment shows by itself (PROTOCOL section 12, L1 to L15). A node that verifies its segments judges those of a block
//! as a court would, from what blocks and segments commit to; every node judges its own checkpoint before it signs it. Twin: `LinkJudge.sol`.
//!
//! ```text
//! block before ──(height, time, state root)──► block ──(roots, counts)──► segment 0 ──► segment 1 ──► ... ──► block
//! ```
//! L5 and L12 to L15 compare a checkpoint with its last block and with leaves of its state: [`check_ends`].

use std::convert::Infallible;

use alloy_primitives::B256;
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::commitment::{BlockCommitment, SegmentKind, SegmentRecord};

use super::epoch::boundary::max_steps;
use super::segments::{MAX_SEGMENT_BYTES, MAX_SEGMENT_TRANSACTIONS, Segment};
use super::tree::Tree;
use crate::ledger::{Parameters, Slot, ring_place};

mod broken;

pub use broken::LinkError;

const NANOS: u64 = 1_000_000_000;
const RECORD: u8 = SegmentKind::Record as u8;
const BOUNDARY: u8 = SegmentKind::Boundary as u8;
/// What stands in the boundary's leaf behind the epoch while nothing is in it.
const IDLE: [u8; 445] = [0; 445];

/// Judges what a checkpoint says of its last block and of leaves of its state, which `tree` is.
///
/// # Errors
/// [`LinkError`] names the first rule that is broken.
pub fn check_ends(
    checkpoint: &Checkpoint,
    last: &BlockCommitment,
    tree: &Tree,
    ring: u32,
) -> Result<(), LinkError> {
    let leaf = |slot: &Slot| {
        let found = tree.get(&slot.key());
        Ok::<_, Infallible>(found.map(|(_, _, value)| value.to_vec()))
    };
    match check_ends_by(checkpoint, last, ring, leaf) {
        Ok(EndsVerdict::Fit) => Ok(()),
        Ok(EndsVerdict::Broken(error)) => Err(error),
        Err(never) => match never {},
    }
}

/// What was found of a checkpoint beside its last block and the leaves of its state, once these could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndsVerdict {
    /// It says what they say.
    Fit,
    /// It breaks this rule first.
    Broken(LinkError),
}

/// Judges what a checkpoint says of its last block and of leaves of its state, which `leaf` reads.
///
/// # Errors
/// What `leaf` gives when it cannot read. A broken rule is no error but the answer.
pub fn check_ends_by<E>(
    checkpoint: &Checkpoint,
    last: &BlockCommitment,
    ring: u32,
    mut leaf: impl FnMut(&Slot) -> Result<Option<Vec<u8>>, E>,
) -> Result<EndsVerdict, E> {
    if let Err(error) = check_last(checkpoint, last) {
        return Ok(EndsVerdict::Broken(error));
    }
    for (rule, slot) in (12..).zip(end_slots(checkpoint.epoch, ring)) {
        let value = leaf(&slot)?;
        if let Err(error) = check_leaf(checkpoint, rule, value.as_deref()) {
            return Ok(EndsVerdict::Broken(error));
        }
    }
    Ok(EndsVerdict::Fit)
}

/// Judges what a checkpoint says of its last block: L4 and L5 of the end.
///
/// # Errors
/// [`LinkError`] names the first rule that is broken.
pub fn check_last(checkpoint: &Checkpoint, last: &BlockCommitment) -> Result<(), LinkError> {
    if last.after != checkpoint.state_root {
        return Err(LinkError::State);
    }
    let (expected, found) = (last.time / NANOS, checkpoint.last_block_time);
    match expected == found {
        true => Ok(()),
        false => Err(LinkError::End { expected, found }),
    }
}

/// Judges what a checkpoint says of the leaf of its state that a rule from L12 to L15 is about.
///
/// # Errors
/// [`LinkError::Leaf`].
pub fn check_leaf(
    checkpoint: &Checkpoint,
    rule: u8,
    value: Option<&[u8]>,
) -> Result<(), LinkError> {
    let epoch = checkpoint.epoch;
    let (number, at, rest): (u64, usize, &[u8]) = match rule {
        12 => (checkpoint.inbox_cursor, 8, checkpoint.inbox_link.as_slice()),
        13 => (epoch.saturating_add(2), 146, checkpoint.next_set.as_slice()),
        14 => (epoch, 16, &checkpoint.relayer),
        _ => (epoch.saturating_add(3), 8, &IDLE),
    };
    let says = value.is_some_and(|value| {
        let tail = at
            .checked_add(rest.len())
            .and_then(|end| value.get(at..end));
        value.starts_with(&number.to_be_bytes()) && tail == Some(rest)
    });
    match says {
        true => Ok(()),
        false => Err(LinkError::Leaf { rule }),
    }
}

/// The leaves that L12 to L15 are about, in this order.
#[must_use]
pub fn end_slots(epoch: u64, ring: u32) -> [Slot; 4] {
    [
        Slot::Inbox,
        Slot::Set {
            place: ring_place(epoch.saturating_add(2), ring),
        },
        Slot::EpochRecord {
            place: ring_place(epoch, ring),
        },
        Slot::Boundary,
    ]
}

/// What the link rules read of a segment. Its kind is whatever byte was committed to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkedSegment {
    /// Kind.
    pub kind: u8,
    /// Number of its first transaction in the block.
    pub first: u32,
    /// Number of its transactions.
    pub count: u32,
    /// Length of its bytes.
    pub bytes: usize,
    /// State root before it.
    pub before: B256,
    /// State root after it.
    pub after: B256,
}

/// Judges the links of a block with its segments' records, behind the block before.
///
/// # Errors
/// [`LinkError`] names the first rule that is broken.
pub fn check_links(
    before: &BlockCommitment,
    block: &BlockCommitment,
    segments: &[(SegmentRecord, usize)],
    transactions: u32,
    parameters: &Parameters,
) -> Result<(), LinkError> {
    check_blocks(before, block, parameters)?;
    check_counts(segments.len(), transactions, parameters)?;
    let linked = segments.iter().map(|(record, bytes)| LinkedSegment {
        kind: record.kind as u8,
        first: record.first,
        count: record.count,
        bytes: *bytes,
        before: record.before,
        after: record.after,
    });
    check_segments(block, linked, transactions)
}

/// Judges the segments of a block by L7 to L11, when its counts are judged.
///
/// # Errors
/// [`LinkError`] names the first rule that is broken.
pub fn check_segments(
    block: &BlockCommitment,
    segments: impl ExactSizeIterator<Item = LinkedSegment>,
    transactions: u32,
) -> Result<(), LinkError> {
    let count = segments.len();
    let mut at = Link {
        kind: RECORD,
        next: 0,
        root: block.before,
    };
    for (place, segment) in segments.enumerate() {
        at.follow(place, &segment)?;
    }
    at.end(count, transactions, &block.after)
}

/// The records with the lengths of their bytes, as [`check_links`] takes them.
pub fn with_lengths(
    records: &[SegmentRecord],
    segments: &[Segment],
) -> Vec<(SegmentRecord, usize)> {
    let lengths = segments.iter().map(|segment| segment.bytes.len());
    records.iter().copied().zip(lengths).collect()
}

/// Judges a block behind the block before by L1 to L4.
///
/// # Errors
/// [`LinkError`] names the first rule that is broken.
pub fn check_blocks(
    before: &BlockCommitment,
    block: &BlockCommitment,
    parameters: &Parameters,
) -> Result<(), LinkError> {
    if block.rules != parameters.rules {
        return Err(LinkError::Rules {
            expected: parameters.rules,
            found: block.rules,
        });
    }
    if before.height.checked_add(1) != Some(block.height) {
        return Err(LinkError::Height {
            before: before.height,
            found: block.height,
        });
    }
    if block.time < before.time {
        return Err(LinkError::Time {
            before: before.time,
            found: block.time,
        });
    }
    match block.before == before.after {
        true => Ok(()),
        false => Err(LinkError::State),
    }
}

/// Judges the counts of a block by L6.
///
/// # Errors
/// [`LinkError::Counts`].
pub fn check_counts(
    segments: usize,
    transactions: u32,
    parameters: &Parameters,
) -> Result<(), LinkError> {
    let limit = parameters.max_block_transactions;
    let steps = max_steps(parameters.seats);
    let most = usize::try_from(transactions.saturating_add(steps)).unwrap_or(usize::MAX);
    match transactions == 0 || transactions > limit || segments == 0 || segments > most {
        true => Err(LinkError::Counts {
            segments,
            transactions,
            limit,
        }),
        false => Ok(()),
    }
}

/// What the segments so far leave for the next one.
struct Link {
    kind: u8,
    next: u32,
    root: B256,
}

impl Link {
    fn follow(&mut self, place: usize, segment: &LinkedSegment) -> Result<(), LinkError> {
        let LinkedSegment {
            kind, count, bytes, ..
        } = *segment;
        if place == 0 && (kind, segment.first, count) != (RECORD, 0, 1) {
            return Err(LinkError::First);
        }
        let may_follow = kind > RECORD && kind >= self.kind && kind <= BOUNDARY;
        if place > 0 && !may_follow {
            let before = self.kind;
            return Err(LinkError::Kinds {
                place,
                kind,
                before,
            });
        }
        let fits = match kind {
            BOUNDARY => count == 0 && bytes == 0,
            _ => (1..=MAX_SEGMENT_TRANSACTIONS).contains(&count) && bytes <= MAX_SEGMENT_BYTES,
        };
        if !fits {
            return Err(LinkError::Sizes {
                place,
                count,
                bytes,
            });
        }
        self.check_follows(place, segment.first, &segment.before)?;
        self.kind = kind;
        self.next = segment.first.saturating_add(count);
        self.root = segment.after;
        Ok(())
    }

    fn end(&self, place: usize, transactions: u32, after: &B256) -> Result<(), LinkError> {
        self.check_follows(place, transactions, after)
    }

    fn check_follows(&self, place: usize, found: u32, root: &B256) -> Result<(), LinkError> {
        let expected = self.next;
        if found != expected {
            return Err(LinkError::Numbers {
                place,
                expected,
                found,
            });
        }
        match *root == self.root {
            true => Ok(()),
            false => Err(LinkError::Roots { place }),
        }
    }
}

#[cfg(test)]
mod tests;
