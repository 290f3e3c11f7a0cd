//! What a submission shows root about the inbox: that the checkpoint's link is the one at its cursor, and how many messages were due at τ.
//!
//! ```text
//! kept by root:         the link of every 32nd message for ever and of the last 256, the due times of the last 1024
//! after cursor          hashes of the messages after it, up to the next link kept for ever
//! due count             the due times that root keeps show it; of messages of longer ago:
//! before due ─ around ─ after due      the link before, the last due message, the first one not due, hashes up to such a link
//! ```
//! Messages arrive between the making of a witness and its inclusion, whoever sends them, as many as somebody pays for: what is shown
//! stays true. A link kept for ever stays kept. Only behind the newest 31 messages there may be none yet: then root's ring shows the
//! link until 225 more have come, and a witness made after that leads to the next kept one, which lasts. So with the due times: half of
//! their ring must be filled between the two, once.

use alloy_primitives::{B256, Bytes};

use super::seen::Entry;

/// Root keeps the link of every message whose index is a multiple of this for ever.
const KEPT_EVERY: u64 = 32;
/// Due times of the newest messages that root keeps.
const LAST_DUE_TIMES: u64 = 1024;
/// Messages after which a due time is no longer left to root's ring.
const RECENT: u64 = LAST_DUE_TIMES / 2;

/// Why there is no witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// A message that it takes is not known here.
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
    /// Message hashes after the cursor, up to a link kept for ever, or `None` when there is none yet.
    pub after_cursor: Vec<B256>,
    /// The link before the first of `around`, or zero.
    pub before_due: B256,
    /// The last due message and the first one not due, or `None` when root keeps their due times.
    pub around: Vec<Bytes>,
    /// Message hashes after those, likewise.
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
    /// Messages that root has, as its contract says. Where those at hand end says nothing about it.
    pub count: u64,
}

impl Messages<'_> {
    fn last(&self) -> u64 {
        self.entries.last().map_or(self.anchor, |entry| entry.index)
    }

    fn missing(&self, index: u64) -> WitnessError {
        WitnessError::Missing {
            index,
            first: self.anchor.saturating_add(1),
            last: self.last(),
            count: self.count,
        }
    }

    fn entry(&self, index: u64) -> Result<&Entry, WitnessError> {
        index
            .checked_sub(self.anchor)
            .and_then(|place| usize::try_from(place.checked_sub(1)?).ok())
            .and_then(|place| self.entries.get(place))
            .ok_or_else(|| self.missing(index))
    }

    fn link(&self, index: u64) -> Result<B256, WitnessError> {
        if index == self.anchor {
            return Ok(self.anchor_link);
        }
        self.entry(index).map(|entry| entry.link)
    }

    /// Hashes of the messages after `index`, up to the first link that root keeps for ever. None when that message is yet to come:
    /// then `index` is one of the newest, whose links are in root's ring.
    fn up_to_kept(&self, index: u64) -> Result<Vec<B256>, WitnessError> {
        match index.checked_next_multiple_of(KEPT_EVERY) {
            Some(kept) if kept <= self.count => (index.saturating_add(1)..=kept)
                .map(|index| Ok(self.entry(index)?.message_hash))
                .collect(),
            _ => Ok(Vec::new()),
        }
    }

    /// Shows that the inbox has `link` at `cursor`, and the count of messages due at `tau` (seconds).
    pub fn witness(&self, cursor: u64, link: B256, tau: u64) -> Result<InboxWitness, WitnessError> {
        let seen = self.link(cursor)?;
        if seen != link {
            return Err(WitnessError::OtherLink {
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
            // A message that is not at hand might not be due.
            self.entry(first)?;
        }
        if due_count == self.count {
            return Ok(witness);
        }
        // And one behind those at hand might be.
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
