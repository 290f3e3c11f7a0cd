//! What a submission shows root about the inbox: that the checkpoint's link is the one at its cursor, and how many messages were due at τ.
//!
//! ```text
//! kept by root:         the link of every 32nd message for ever and of the last 256, the due times of the last 1024
//! after cursor          hashes of the messages after it, up to the next link kept for ever
//! due count             the due times that root keeps show it; of messages of longer ago:
//! before due ─ around ─ after due      the link before, the last due message, the first one not due, hashes up to such a link
//! ```
//! Between the making of a witness and its inclusion anyone may send messages, in any number that is paid for, and the witness must stay
//! true. A link that is kept for ever does so. Behind the newest 31 messages there may be no such link yet: then the witness relies on
//! root's ring, which keeps the cursor's link until 225 more messages have come; a witness that is made after that leads to a link that is
//! kept for ever. Likewise with the due times: a witness relies on their ring only for the newest 512 messages, so more than 512 messages
//! must come between the two to make it untrue.

use alloy_primitives::{B256, Bytes};

use super::seen::Entry;
use crate::proof::inbox::KEPT_EVERY;

/// Due times of the newest messages that root keeps.
const LAST_DUE_TIMES: u64 = 1024;
/// From this age on, in messages, a due time is shown by the witness and not left to root's ring.
const RECENT: u64 = LAST_DUE_TIMES / 2;

/// Why there is no witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InboxWitnessError {
    /// A message that the witness needs is not known here.
    #[error("message {index} is not at hand (at hand are {first} to {last} of {count})")]
    Missing {
        /// The message.
        index: u64,
        /// The first one at hand.
        first: u64,
        /// The last one at hand.
        last: u64,
        /// Messages that root has.
        count: u64,
    },
    /// The checkpoint's link is not the inbox's.
    #[error("at message {cursor} the inbox has link {seen} and the checkpoint {claimed}")]
    OtherLink {
        /// The cursor.
        cursor: u64,
        /// The inbox's link.
        seen: B256,
        /// The checkpoint's.
        claimed: B256,
    },
}

/// The witness as RootChain's `Submission` takes it, with the count of messages due at τ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxWitness {
    /// Messages due at τ.
    pub due_count: u64,
    /// Message hashes after the cursor, up to a link kept for ever, or an empty list when there is no such link yet.
    pub after_cursor: Vec<B256>,
    /// The link before the first of `around`, or zero.
    pub before_due: B256,
    /// The last due message and the first one not due, or an empty list when root keeps their due times.
    pub around: Vec<Bytes>,
    /// Message hashes after the last of `around`, up to a link kept for ever; likewise an empty list when there is no such link yet.
    pub after_due: Vec<B256>,
}

/// The messages at hand: those after `anchor`, up to root's newest or to one before.
#[derive(Clone, Copy, Debug)]
pub struct Messages<'a> {
    /// The index before the first one.
    pub anchor: u64,
    /// The link there.
    pub anchor_link: B256,
    /// In order, without a gap.
    pub entries: &'a [Entry],
    /// Messages that root has, as its contract says. There may be more than those at hand.
    pub count: u64,
}

impl Messages<'_> {
    fn last(&self) -> u64 {
        self.entries.last().map_or(self.anchor, |entry| entry.index)
    }

    fn missing(&self, index: u64) -> InboxWitnessError {
        InboxWitnessError::Missing {
            index,
            first: self.anchor.saturating_add(1),
            last: self.last(),
            count: self.count,
        }
    }

    fn entry(&self, index: u64) -> Result<&Entry, InboxWitnessError> {
        index
            .checked_sub(self.anchor)
            .and_then(|place| usize::try_from(place.checked_sub(1)?).ok())
            .and_then(|place| self.entries.get(place))
            .ok_or_else(|| self.missing(index))
    }

    fn link(&self, index: u64) -> Result<B256, InboxWitnessError> {
        if index == self.anchor {
            return Ok(self.anchor_link);
        }
        self.entry(index).map(|entry| entry.link)
    }

    /// Hashes of the messages after `index`, up to the first link that root keeps for ever. Empty when that message is yet to come: then
    /// `index` is one of the newest messages, whose links are in root's ring.
    fn up_to_kept(&self, index: u64) -> Result<Vec<B256>, InboxWitnessError> {
        match index.checked_next_multiple_of(KEPT_EVERY) {
            Some(kept) if kept <= self.count => (index.saturating_add(1)..=kept)
                .map(|index| Ok(self.entry(index)?.message_hash))
                .collect(),
            _ => Ok(Vec::new()),
        }
    }

    /// Shows that the inbox has `link` at `cursor`, and the count of messages due at `tau` (seconds).
    pub fn witness(
        &self,
        cursor: u64,
        link: B256,
        tau: u64,
    ) -> Result<InboxWitness, InboxWitnessError> {
        let seen = self.link(cursor)?;
        if seen != link {
            return Err(InboxWitnessError::OtherLink {
                cursor,
                seen,
                claimed: link,
            });
        }
        let after_cursor = self.up_to_kept(cursor)?;
        let due_count = due_count(self.anchor, self.entries, tau);
        let mut witness = InboxWitness {
            due_count,
            after_cursor,
            before_due: B256::ZERO,
            around: Vec::new(),
            after_due: Vec::new(),
        };
        let first = due_count.max(1);
        let last = due_count.saturating_add(1);
        if self.count > 0 {
            // Messages before those at hand were counted as due: the first one at hand must be no later than the last due one.
            self.entry(first)?;
        }
        if due_count == self.count {
            return Ok(witness);
        }
        // A message after those at hand might be due too, so the first one that is not due must be at hand.
        self.entry(last)?;
        if self.count.saturating_sub(first) < RECENT {
            return Ok(witness);
        }
        witness.before_due = self.link(first.saturating_sub(1))?;
        for index in first..=last {
            witness
                .around
                .push(Bytes::copy_from_slice(&self.entry(index)?.bytes));
        }
        witness.after_due = self.up_to_kept(last)?;
        Ok(witness)
    }
}

/// Messages due at `tau` (seconds), as far as those after `anchor` show it.
pub(super) fn due_count(anchor: u64, entries: &[Entry], tau: u64) -> u64 {
    let time_ms = u128::from(tau).saturating_mul(1000);
    let here = entries.partition_point(|entry| u128::from(entry.due) <= time_ms);
    anchor.saturating_add(u64::try_from(here).unwrap_or(u64::MAX))
}

#[cfg(test)]
pub(super) mod tests;
