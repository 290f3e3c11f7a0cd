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

const NANOS: u64 = 1_000_000_000;
/// What stands in the boundary's leaf behind the epoch while nothing is in it.
const IDLE: [u8; 445] = [0; 445];

/// The link rule that a block breaks; the number is the protocol's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LinkError {
    /// L1.
    #[error("L1: the rules version is {found}, and it must be {expected}")]
    Rules {
        /// The deployment's.
        expected: u32,
        /// The block's.
        found: u32,
    },
    /// L2.
    #[error("L2: height {found} comes directly after height {before}")]
    Height {
        /// Height of the block before.
        before: u64,
        /// The block's.
        found: u64,
    },
    /// L3.
    #[error("L3: time {found} is before {before}, the time of the block before")]
    Time {
        /// Time of the block before.
        before: u64,
        /// The block's.
        found: u64,
    },
    /// L4.
    #[error(
        "L4: a block begins with another state than the one that was left, or the checkpoint has another one than its last block"
    )]
    State,
    /// L5.
    #[error("L5: the checkpoint's time is {found} and its last block's {expected}, in seconds")]
    End {
        /// The block's.
        expected: u64,
        /// The checkpoint's.
        found: u64,
    },
    /// L6.
    #[error(
        "L6: {segments} segments and {transactions} transactions; a block has at most {limit} transactions"
    )]
    Counts {
        /// Number of segments.
        segments: usize,
        /// Number of transactions.
        transactions: u32,
        /// The parameter.
        limit: u32,
    },
    /// L7.
    #[error("L7: segment 0 is not the one record of the block")]
    First,
    /// L8.
    #[error("L8: segment {place} is a {kind} segment behind one of kind {before}")]
    Kinds {
        /// Number of the segment.
        place: usize,
        /// Its kind.
        kind: SegmentKind,
        /// The kind of the one before.
        before: SegmentKind,
    },
    /// L9.
    #[error("L9: segment {place} has {count} transactions and {bytes} bytes")]
    Sizes {
        /// Number of the segment.
        place: usize,
        /// Its transactions.
        count: u32,
        /// Its bytes.
        bytes: usize,
    },
    /// L10.
    #[error(
        "L10: segment {place}, or the end of the block if there is no such segment, is recorded at transaction number {found}, and the segments before it end at {expected}"
    )]
    Numbers {
        /// Number of the segment, or the number of segments at the end.
        place: usize,
        /// The next transaction by the segments before.
        expected: u32,
        /// The number that is recorded.
        found: u32,
    },
    /// L11.
    #[error(
        "L11: the state root before segment {place}, or at the end of the block, is not the one that was left"
    )]
    Roots {
        /// Number of the segment, or the number of segments at the end.
        place: usize,
    },
    /// L12 to L15.
    #[error("L{rule}: a leaf of the checkpoint's state says another thing than the checkpoint")]
    Leaf {
        /// The rule's number.
        rule: u8,
    },
}

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
        Ok(verdict) => verdict,
        Err(never) => match never {},
    }
}

/// The same, with the leaves of that state as `leaf` reads them.
///
/// # Errors
/// Those of `leaf`; the verdict is the answer.
pub fn check_ends_by<E>(
    checkpoint: &Checkpoint,
    last: &BlockCommitment,
    ring: u32,
    mut leaf: impl FnMut(&Slot) -> Result<Option<Vec<u8>>, E>,
) -> Result<Result<(), LinkError>, E> {
    if last.after != checkpoint.state_root {
        return Ok(Err(LinkError::State));
    }
    let (expected, found) = (last.time / NANOS, checkpoint.last_block_time);
    if expected != found {
        return Ok(Err(LinkError::End { expected, found }));
    }
    let epoch = checkpoint.epoch;
    let (set, idle) = (epoch.saturating_add(2), epoch.saturating_add(3));
    let slots = [
        Slot::Inbox,
        Slot::Set {
            place: ring_place(set, ring),
        },
        Slot::EpochRecord {
            place: ring_place(epoch, ring),
        },
        Slot::Boundary,
    ];
    let cursor = checkpoint.inbox_cursor.to_be_bytes();
    let said: [(&[u8], usize, &[u8]); 4] = [
        (&cursor, 8, checkpoint.inbox_link.as_slice()),
        (&set.to_be_bytes(), 146, checkpoint.next_set.as_slice()),
        (&epoch.to_be_bytes(), 16, &checkpoint.relayer),
        (&idle.to_be_bytes(), 8, &IDLE),
    ];
    for ((rule, slot), (number, at, rest)) in (12..).zip(slots).zip(said) {
        let value = leaf(&slot)?;
        let tail = value
            .as_ref()
            .and_then(|value| value.get(at..)?.get(..rest.len()));
        if !value
            .as_ref()
            .is_some_and(|value| value.starts_with(number))
            || tail != Some(rest)
        {
            return Ok(Err(LinkError::Leaf { rule }));
        }
    }
    Ok(Ok(()))
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
    let mut at = Link {
        kind: SegmentKind::Record,
        next: 0,
        root: block.before,
    };
    for (place, (record, bytes)) in segments.iter().enumerate() {
        at.follow(place, record, *bytes)?;
    }
    at.end(segments.len(), transactions, &block.after)
}

/// The records with the lengths of their bytes, as [`check_links`] takes them.
pub fn with_lengths(
    records: &[SegmentRecord],
    segments: &[Segment],
) -> Vec<(SegmentRecord, usize)> {
    let lengths = segments.iter().map(|segment| segment.bytes.len());
    records.iter().copied().zip(lengths).collect()
}

fn check_blocks(
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

fn check_counts(
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
    kind: SegmentKind,
    next: u32,
    root: B256,
}

impl Link {
    fn follow(
        &mut self,
        place: usize,
        record: &SegmentRecord,
        bytes: usize,
    ) -> Result<(), LinkError> {
        let (kind, count) = (record.kind, record.count);
        if place == 0 && (kind, record.first, count) != (SegmentKind::Record, 0, 1) {
            return Err(LinkError::First);
        }
        if place > 0 && (kind == SegmentKind::Record || kind < self.kind) {
            let before = self.kind;
            return Err(LinkError::Kinds {
                place,
                kind,
                before,
            });
        }
        let fits = match kind {
            SegmentKind::Boundary => count == 0 && bytes == 0,
            _ => (1..=MAX_SEGMENT_TRANSACTIONS).contains(&count) && bytes <= MAX_SEGMENT_BYTES,
        };
        if !fits {
            return Err(LinkError::Sizes {
                place,
                count,
                bytes,
            });
        }
        self.check_follows(place, record.first, &record.before)?;
        self.kind = kind;
        self.next = record.first.saturating_add(count);
        self.root = record.after;
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
