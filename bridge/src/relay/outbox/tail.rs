//! From what is final on root to its newest block: messages and the last acceptance that are not final yet; and what can be forgotten.
//!
//! A follower keeps a fixed number of messages, and drops those that no submission can need. When more messages than that lie before root's
//! newest one, it knows only the first of them; it still follows acceptances, and makes a submission from the messages that it knows when
//! they suffice. It drops no message after the last accepted cursor, and none that may turn out to be the last one due. So it is stuck only
//! when, since the last acceptance, more messages came than it keeps and more became due than it keeps.

use alloy_primitives::{Address, B256};

use crate::relay::acceptance::Acceptance;
use crate::relay::events::{self, Heard, Sent};
use crate::relay::inbox::View;
use crate::relay::seen::{Entry, Failure, Log};
use crate::relay::witness;

use super::parcel::TAU_AGE_SECS;

/// Blocks of one page, at most.
const MAX_PAGE: u64 = 1_000;
/// The largest number of messages that are kept of those that are not final. The others are treated like messages for which the follower has
/// no room.
const MAX_MESSAGES: usize = 1 << 16;
/// The largest distance from the final block to the newest one: three days of a root chain with four blocks a second, four months of one
/// with a block in twelve seconds. No honest endpoint is further, and to read that much would never end.
const MAX_DISTANCE: u64 = 1 << 20;

/// The contracts whose events these are.
#[derive(Clone, Copy, Debug)]
pub struct Contracts {
    /// The deployment.
    pub deployment: [u8; 20],
    /// Its inbox.
    pub inbox: Address,
    /// Its RootChain.
    pub root_chain: Address,
}

impl Contracts {
    /// The event of a log, when the contract that has such events may have made it. What is kept has the size that contracts allow, whatever
    /// an endpoint says.
    fn hear(&self, log: &Log) -> Result<Heard, String> {
        let heard = events::decode(log, &self.deployment)?;
        let expected = match &heard {
            Heard::Message(sent) => {
                sent.message(log.block)?;
                self.inbox
            }
            Heard::Acceptance(_) => self.root_chain,
        };
        if log.address != expected {
            return Err(format!(
                "event {} of block {} is of {}, and such events are of {expected}",
                log.index, log.block, log.address
            ));
        }
        Ok(heard)
    }
}

/// The events after the final block, read in pages and kept from look to look: an endpoint that gives few blocks at once is asked for few, and
/// one whose final block stands is not asked for all of them each time.
///
/// ```text
/// final block ─▶ kept events ─▶ read: (number, hash) ─▶ pages ─▶ newest block
///                               another block there now: what is kept was reorganised away, and is read again
/// ```
/// An endpoint that lies fills no memory: what no contract would say is refused, messages are bounded, and of acceptances only the newest is
/// kept, because no other is needed.
#[derive(Debug)]
pub struct Tail {
    contracts: Contracts,
    /// Messages, each with its block.
    messages: Vec<(u64, Sent)>,
    acceptance: Option<Box<Acceptance>>,
    /// The first block that is not final.
    first: u64,
    /// The first block that is not read.
    next: u64,
    /// The newest block when the last page was read.
    seen: Option<(u64, B256)>,
    range: u64,
}

impl Tail {
    /// Nothing is read yet.
    pub fn new(contracts: Contracts) -> Self {
        Self {
            contracts,
            messages: Vec::new(),
            acceptance: None,
            first: 0,
            next: 0,
            seen: None,
            range: MAX_PAGE,
        }
    }

    /// The final block is now this one. What stands up to this block is dropped here, because the follower knows it.
    pub fn finalized(&mut self, number: u64) {
        let first = number.saturating_add(1);
        let went_back = first < self.first;
        self.first = first;
        if went_back {
            self.clear();
        }
        self.next = self.next.max(first);
        self.messages.retain(|(block, _)| *block >= first);
        let acceptance = self.acceptance.take();
        self.acceptance = acceptance.filter(|record| record.block >= first);
    }

    /// Refuses a newest block that is too far from the final one to be the truth.
    ///
    /// # Errors
    /// Both blocks.
    pub fn check_distance(&self, latest: u64) -> Result<(), String> {
        let finalized = self.first.saturating_sub(1);
        match latest.saturating_sub(finalized) > MAX_DISTANCE {
            true => Err(format!(
                "the root chain's newest block is {latest} and its final one {finalized}: no root chain is more than {MAX_DISTANCE} blocks ahead of what is final"
            )),
            false => Ok(()),
        }
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
        logs: &[Log],
    ) -> Result<(), String> {
        let places = logs.iter().map(|log| (log.block, log.index));
        if !places.is_sorted_by(|one, other| one < other)
            || logs.iter().any(|log| !(first..=last).contains(&log.block))
        {
            return Err(format!(
                "the events of blocks {first} to {last} came out of order, or with those of other blocks"
            ));
        }
        let contracts = self.contracts;
        let heard = logs.iter().map(|log| contracts.hear(log));
        let heard = heard.collect::<Result<Vec<_>, _>>()?;
        for (log, heard) in logs.iter().zip(heard) {
            match heard {
                Heard::Message(message) if self.messages.len() < MAX_MESSAGES => {
                    self.messages.push((log.block, message));
                }
                Heard::Message(_) => {}
                Heard::Acceptance(record) => self.acceptance = Some(record),
            }
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

    /// Holds what is known with these events, messages and checkpoints, against what the contracts hold. If something was left out, all is read
    /// again: of the nodes behind one address, one that lacks the newest blocks may say that they have no events.
    pub fn compare(&mut self, known: (u64, u64), held: (u64, u64)) {
        let lacks_messages = known.0 < held.0 && self.messages.len() < MAX_MESSAGES;
        if lacks_messages || known.1 != held.1 {
            self.clear();
        }
    }

    /// What is kept is not to be believed: it is read again.
    pub fn clear(&mut self) {
        self.messages.clear();
        self.acceptance = None;
        self.next = self.first;
        self.seen = None;
    }

    /// The messages of `view` and these as far as they follow each other, and the newest acceptance of either. These are read after the
    /// view's final block; `root_count` is the contract's number of messages after the newest block.
    ///
    /// They are not final, so a submission made of them may fail; root checks every part of it.
    ///
    /// # Errors
    /// Why they cannot be what the contract holds.
    pub fn extend(
        &self,
        view: &View,
        root_count: u64,
    ) -> Result<(Vec<Entry>, Option<Acceptance>), String> {
        let mut entries = view.entries.clone();
        let (mut count, mut link) = match entries.last() {
            Some(entry) => (entry.index, entry.link),
            None => (view.anchor.index, view.anchor.link),
        };
        for (block, message) in &self.messages {
            // Another one is known already, or comes after messages for which the follower has no room.
            if message.index == count.saturating_add(1) {
                let entry = message.extend(&link, *block)?;
                (count, link) = (entry.index, entry.link);
                entries.push(entry);
            }
        }
        if count > root_count {
            return Err(format!(
                "events lead to message {count}, and the inbox has {root_count}"
            ));
        }
        let known = view.acceptances.last_key_value().map(|(_, record)| record);
        let newest = self.acceptance.as_deref().or(known);
        Ok((entries, newest.cloned()))
    }
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
