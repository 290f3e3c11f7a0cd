//! From what is final on root to its newest block: messages and the last acceptance that are not final yet; and what can be forgotten.
//!
//! A follower keeps a fixed number of messages, and drops those that no submission can need. When more messages than that lie before root's
//! newest one, it knows only the first of them; it still follows acceptances, and makes a submission from the messages that it knows when
//! they suffice. It drops no message after the last accepted cursor, and none that may turn out to be the last one due. So it is stuck only
//! when, since the last acceptance, more messages came than it keeps and more became due than it keeps.

use alloy_primitives::B256;

use crate::relay::acceptance::Acceptance;
use crate::relay::events::{self, Heard};
use crate::relay::inbox::View;
use crate::relay::seen::{Entry, Failure, Log};
use crate::relay::witness;

use super::parcel::TAU_AGE_SECS;

/// Blocks of one page, at most.
const MAX_PAGE: u64 = 1_000;
/// The largest number of messages that are kept of those that are not final. The others are treated like messages for which the follower has
/// no room.
const MAX_MESSAGES: usize = 1 << 16;

/// The events after the final block, read in pages and kept from look to look: an endpoint that gives few blocks at once is asked for few, and
/// one whose final block stands is not asked for all of them each time.
///
/// ```text
/// final block ─▶ kept events ─▶ read: (number, hash) ─▶ pages ─▶ newest block
///                               another block there now: what is kept was reorganised away, and is read again
/// ```
#[derive(Debug)]
pub struct Tail {
    logs: Vec<Log>,
    messages: usize,
    /// The first block that is not final.
    first: u64,
    /// The first block that is not read.
    next: u64,
    /// The newest block when the last page was read.
    seen: Option<(u64, B256)>,
    range: u64,
}

impl Default for Tail {
    fn default() -> Self {
        Self {
            logs: Vec::new(),
            messages: 0,
            first: 0,
            next: 0,
            seen: None,
            range: MAX_PAGE,
        }
    }
}

impl Tail {
    /// The final block is now this one. What stands up to this block is dropped here, because the follower knows it.
    pub fn finalized(&mut self, number: u64) {
        let first = number.saturating_add(1);
        let went_back = first < self.first;
        self.first = first;
        if went_back {
            self.clear();
        }
        self.next = self.next.max(first);
        self.logs.retain(|log| log.block >= first);
        self.messages = self.logs.iter().filter(|log| is_message(log)).count();
    }

    /// The block that must still be in the chain for what is kept to count.
    pub fn seen(&self) -> Option<u64> {
        self.seen.map(|(number, _)| number)
    }

    /// The hash that the endpoint's block of that number has now.
    pub fn check(&mut self, hash: Option<B256>) {
        if self.seen.is_some_and(|(_, seen)| hash != Some(seen)) {
            self.clear();
        }
    }

    /// The next page on the way to the newest block: its first and last block. `None` when all is read.
    pub fn page(&self, latest: u64) -> Option<(u64, u64)> {
        let last = self.next.saturating_add(self.range.saturating_sub(1));
        (self.next <= latest).then_some((self.next, last.min(latest)))
    }

    /// Takes the events of a page, read while `latest` was the newest block.
    ///
    /// # Errors
    /// What is wrong with them; then none is kept.
    pub fn take(
        &mut self,
        (first, last): (u64, u64),
        latest: (u64, B256),
        logs: Vec<Log>,
    ) -> Result<(), String> {
        let places = logs.iter().map(|log| (log.block, log.index));
        if !places.is_sorted_by(|one, other| one < other)
            || logs.iter().any(|log| !(first..=last).contains(&log.block))
        {
            return Err(format!(
                "the events of blocks {first} to {last} came out of order, or with those of other blocks"
            ));
        }
        for log in logs {
            let is_message = is_message(&log);
            if is_message && self.messages >= MAX_MESSAGES {
                continue;
            }
            self.messages = self.messages.saturating_add(usize::from(is_message));
            self.logs.push(log);
        }
        self.next = last.saturating_add(1);
        self.seen = Some(latest);
        let more = self.range.saturating_add(self.range / 4);
        self.range = more.saturating_add(1).min(MAX_PAGE);
        Ok(())
    }

    /// A page was not answered: the next one is smaller, unless the endpoint wants fewer questions. Says whether it may be asked for at once.
    pub fn fail(&mut self, (first, last): (u64, u64), failure: &Failure) -> bool {
        if matches!(failure, Failure::RateLimited { .. }) {
            return false;
        }
        self.range = (last.saturating_sub(first).saturating_add(1) / 2).max(1);
        first < last && *failure != Failure::Unreachable
    }

    /// The events, in order.
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// Holds what is known with these events, messages and checkpoints, against what the contracts hold. If something was left out, all is read
    /// again: of the nodes behind one address, one that lacks the newest blocks may say that they have no events.
    pub fn compare(&mut self, known: (u64, u64), held: (u64, u64)) {
        let lacks_messages = known.0 < held.0 && self.messages < MAX_MESSAGES;
        if lacks_messages || known.1 != held.1 {
            self.clear();
        }
    }

    /// What is kept is not to be believed: it is read again.
    pub fn clear(&mut self) {
        self.logs.clear();
        self.messages = 0;
        self.next = self.first;
        self.seen = None;
    }
}

fn is_message(log: &Log) -> bool {
    log.topics.first() == Some(&events::MESSAGE)
}

/// The messages of `view` and of `logs` as far as they follow each other, and the newest acceptance of either. `logs` are those after the
/// view's final block, `count` the contract's number of messages after the last of these blocks.
///
/// They are not final, so a submission made of them may fail; root checks every part of it.
pub fn extend(
    view: &View,
    logs: &[Log],
    root_count: u64,
    deployment: &[u8; 20],
) -> Result<(Vec<Entry>, Option<Acceptance>), String> {
    let mut entries = view.entries.clone();
    let mut newest = view
        .acceptances
        .last_key_value()
        .map(|(_, record)| record.clone());
    let (mut count, mut link) = match entries.last() {
        Some(entry) => (entry.index, entry.link),
        None => (view.anchor.index, view.anchor.link),
    };
    for log in logs {
        match events::decode(log, deployment)? {
            Heard::Message(message) if message.index == count.saturating_add(1) => {
                let entry = message.extend(&link, log.block)?;
                (count, link) = (entry.index, entry.link);
                entries.push(entry);
            }
            // A message that is known already, or one after messages for which the follower has no room.
            Heard::Message(_) => {}
            Heard::Acceptance(record) => newest = Some(*record),
        }
    }
    if count > root_count {
        return Err(format!(
            "events lead to message {count}, and the inbox has {root_count}"
        ));
    }
    Ok((entries, newest))
}

/// The message up to which no later submission needs any message: the cursor of a later submission is not below the last one's, and its τ is
/// neither below the last one's nor much older than root's newest block.
pub fn needless(view: &View) -> Option<u64> {
    let (_, last) = view.acceptances.last_key_value()?;
    let oldest = view.finalized?.time.saturating_sub(TAU_AGE_SECS);
    let due = witness::due_count(view.anchor.index, &view.entries, last.tau.max(oldest));
    // The message before is the anchor, whose link the rest extends.
    due.min(last.checkpoint.inbox_cursor).checked_sub(1)
}

#[cfg(test)]
mod tests;
