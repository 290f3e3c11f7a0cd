//! Challenges of data in what was read of root, by the events of both endpoints where there are two: one that leaves out that somebody asks would have nobody answer, and an honest checkpoint
//! end for it.

use std::collections::BTreeSet;
use std::ops::Range;

use alloy_primitives::{B256, keccak256};

use super::{CourtRecords, MAX_PAGE, REORGANISED};
use crate::relay::challenges::{ChallengeBook, DataChallenge, DataTarget, ToldBy};
use crate::relay::seen::Log;

/// Blocks that are asked for again with each new one: an endpoint may have a block before it tells the events in it.
const AGAIN: u64 = 32;
/// Events of one page, at most: no block of root has the gas for as many.
const MAX_LOGS: usize = 1 << 16;
/// Root blocks for which the second endpoint is not asked for events when it did not tell them.
const REST_BLOCKS: u64 = 2;
/// Root blocks between two times that events are read again because root holds up a checkpoint for what they do not tell.
const DOUBT_BLOCKS: u64 = 16;

/// How far a second endpoint's events were read.
#[derive(Debug)]
pub struct SecondEvents {
    /// Behind this block they are read at first.
    begin: u64,
    read: u64,
    page: u64,
    /// Events of the last blocks that were heard.
    heard: BTreeSet<(u64, B256)>,
    /// Until which block it is not asked, because it did not answer.
    rests_until: u64,
    /// The block in which events were last read again for a checkpoint that is held up.
    doubted: Option<u64>,
}

impl SecondEvents {
    /// Nothing yet; events are read from behind this block.
    pub const fn behind(read: u64) -> Self {
        Self {
            begin: read,
            read,
            page: MAX_PAGE,
            heard: BTreeSet::new(),
            rests_until: 0,
            doubted: None,
        }
    }

    /// They are read again from behind this block.
    fn rewind(&mut self, block: u64) {
        self.read = self.read.min(block);
        self.begin = self.begin.min(block);
        self.heard.clear();
    }
}

impl CourtRecords {
    /// Forgets challenges that are closed for long, and answers of checkpoints below this epoch, which are final. Gives how many challenges found no room by now, where that is to be said.
    pub fn settle_challenges(&mut self, finalized: u64) -> Option<u64> {
        let settled = self.read.saturating_sub(REORGANISED);
        self.challenges.forget(settled, finalized);
        self.challenges.left_out()
    }

    /// Root's state does not bear out that this is asked for.
    pub fn drop_challenge(&mut self, target: &DataTarget) {
        self.challenges.drop_open(target);
    }

    /// Root's state says this of a challenge that is open.
    pub fn correct_challenge(&mut self, target: DataTarget, challenge: DataChallenge) {
        self.challenges.correct(target, challenge);
    }

    /// Root's state says that this one is open, which no event that was read does.
    pub fn adopt_challenge(&mut self, target: DataTarget, challenge: DataChallenge) {
        self.challenges.adopt(target, challenge);
    }

    /// Challenges of data, as far as their events are read.
    #[must_use]
    pub const fn challenges(&self) -> &ChallengeBook {
        &self.challenges
    }

    /// Of which checkpoints a second endpoint's events are taken, where there is one.
    pub fn hears_two(&mut self, second: Option<Range<u64>>) {
        self.challenges.hears_two(second);
    }

    /// A question up to this block that the first endpoint leaves out, with the number of those, where that is to be said.
    pub fn untold(&mut self, block: u64) -> Option<(DataTarget, u64)> {
        self.challenges.untold(block)
    }

    pub(super) fn rewind_challenges(&mut self) {
        self.challenges.rewind(self.read);
        self.second.rewind(self.read);
    }

    /// The blocks whose events the second endpoint is asked for next, where root's newest block is this one.
    #[must_use]
    pub fn second_page(&self, latest: u64) -> Option<(u64, u64)> {
        let second = &self.second;
        // A provider may tell of few blocks at a time.
        let again = AGAIN.min(second.page / 2);
        let from = second.read.saturating_sub(again).max(second.begin);
        let to = from.saturating_add(second.page).min(latest);
        (second.read < latest).then_some((from.saturating_add(1), to))
    }

    /// Whether the second endpoint is asked for events in this block of root.
    #[must_use]
    pub const fn is_second_due(&self, latest: u64) -> bool {
        self.second.read < latest && self.second.rests_until <= latest
    }

    /// What the second endpoint tells of these blocks.
    ///
    /// # Errors
    /// What is wrong with it: these blocks are asked for again.
    pub fn hear_second(&mut self, logs: &[Log], (from, to): (u64, u64)) -> Result<(), String> {
        let contract = self.contracts.data_challenges;
        let is_asked_for = |log: &Log| log.address == contract && (from..=to).contains(&log.block);
        if !logs.iter().all(is_asked_for) {
            return Err("an event that was not asked for".to_owned());
        }
        if logs.len() > MAX_LOGS {
            return Err("more events than are taken at a time".to_owned());
        }
        if self.second.heard.len() > MAX_LOGS {
            self.second.heard.clear();
        }
        // One that is wrong is asked for again, and keeps back none that stand beside it.
        let mut wrong = None;
        for log in logs {
            let mut bytes = log.index.to_be_bytes().to_vec();
            bytes.extend(log.topics.iter().flatten());
            bytes.extend_from_slice(&log.data);
            let heard = (log.block, keccak256(bytes));
            if self.second.heard.contains(&heard) {
                continue;
            }
            let epoch_blocks = self.contracts.epoch_blocks;
            match self.challenges.hear(log, epoch_blocks, ToldBy::Second) {
                Ok(_) => {
                    self.second.heard.insert(heard);
                }
                Err(reason) => wrong = wrong.or(Some(reason)),
            }
        }
        if let Some(reason) = wrong {
            return Err(reason);
        }
        let second = &mut self.second;
        second.read = to;
        let more = (second.page / 16).max(1);
        second.page = second.page.saturating_add(more).min(MAX_PAGE);
        let oldest = to.saturating_sub(AGAIN);
        second.heard = second.heard.split_off(&(oldest, B256::ZERO));
        Ok(())
    }

    /// The second endpoint does not tell the events of a page. It rests, and is asked for fewer blocks next: one that never answers slows no look.
    pub fn second_failed(&mut self, latest: u64) {
        self.second.page = (self.second.page / 2).max(1);
        self.second.rests_until = latest.saturating_add(REST_BLOCKS);
    }

    /// Events are read again from behind this block at both endpoints, but not in each block `number`. Gives whether they are.
    pub fn read_again(&mut self, block: u64, number: u64) -> bool {
        let rests = |before: u64| number < before.saturating_add(DOUBT_BLOCKS);
        if self.second.doubted.is_some_and(rests) {
            return false;
        }
        self.second.doubted = Some(number);
        self.second.rewind(block);
        (self.read, self.read_hash) = (self.read.min(block), None);
        true
    }
}
