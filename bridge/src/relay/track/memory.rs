//! What a track keeps, drops, and forgets when it was told a lie.

use alloy_primitives::B256;

use super::{Doubt, EndpointStanding, Phase, Track, Trouble};
use crate::relay::seen::{Anchor, Position};

impl Track {
    /// The link at `index`, when it is known.
    pub fn link(&self, index: u64) -> Option<B256> {
        if index == self.anchor.index {
            return Some(self.anchor.link);
        }
        let place = index.checked_sub(self.anchor.index)?.checked_sub(1)?;
        self.entries
            .get(usize::try_from(place).ok()?)
            .map(|entry| entry.link)
    }

    /// The child consumed messages up to `cursor`, with this link there.
    pub fn consumed(&mut self, cursor: u64, link: B256) {
        if cursor < self.consumed.0 {
            return;
        }
        self.consumed = (cursor, link);
        if let Err(standing) = self.trim() {
            self.doubt = Doubt::All;
            self.begin_anew();
            self.standing = standing;
        }
    }

    /// Messages up to `index` are not needed: drops those that were compared with the contract. The child has not confirmed them, so they
    /// are read again if this endpoint turns out to have lied.
    pub fn release(&mut self, index: u64) {
        let known = self
            .verified
            .map_or(0, |verified| verified.count.min(index));
        self.drop_up_to(known);
    }

    /// Forgets what was read since the anchor and reads it again, after a while.
    pub fn begin_again(&mut self, now: u64, why: String) {
        self.doubt = self.doubt.next().max(Doubt::Position);
        self.begin_anew();
        self.lie(now, why);
    }

    /// What is kept does not suffice: reads all again from the last anchor that the child confirmed.
    pub fn read_all(&mut self) {
        self.doubt = Doubt::All;
        self.begin_anew();
    }

    /// How far it has come, as far as that agreed with the contracts.
    pub fn position(&self) -> Option<&Position> {
        self.verified.as_ref().and(self.position.as_ref())
    }

    /// Something is missing between what is kept and what was said. A node that is one of several behind an address may lag behind the others, so
    /// the last blocks are read again, once.
    pub(super) fn left_out(&mut self, phase: Phase, what: String) -> Trouble {
        if self.doubt != Doubt::None {
            return Trouble::Contradiction(what);
        }
        self.doubt = Doubt::LastBlocks;
        self.next_message_block = self.tip_block();
        if let Some((_, record)) = self.records.last_key_value() {
            self.next_acceptance_block = record.block;
        }
        self.phase = phase;
        Trouble::Lie(what)
    }

    pub(super) fn tip(&self) -> (u64, B256) {
        self.entries
            .back()
            .map_or((self.anchor.index, self.anchor.link), |entry| {
                (entry.index, entry.link)
            })
    }

    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= self.config.kept_messages
    }

    /// Whether reading ended before the target for want of room. What the child consumed since then may have made room again.
    pub(super) fn is_cut_short(&self) -> bool {
        self.target
            .is_some_and(|target| self.next_message_block <= target.number)
    }

    /// Drops what is consumed. A link at the cursor that is not the child's is refused; where none is known yet, the child is ahead, and
    /// what is dropped is read again from the confirmed anchor if it turns out to have been another history.
    pub(super) fn trim(&mut self) -> Result<(), EndpointStanding> {
        let (cursor, expected) = self.consumed;
        let seen = self.link(cursor);
        if let Some(seen) = seen.filter(|seen| *seen != expected) {
            return Err(EndpointStanding::Differs {
                cursor,
                expected,
                seen,
            });
        }
        if self.drop_up_to(cursor) && seen.is_some() {
            self.confirmed = self.anchor;
        }
        Ok(())
    }

    /// Whether something was dropped.
    fn drop_up_to(&mut self, index: u64) -> bool {
        let mut dropped = false;
        while let Some(entry) = self.entries.pop_front_if(|entry| entry.index <= index) {
            self.anchor = Anchor {
                index: entry.index,
                link: entry.link,
                root_height: entry.root_height,
            };
            dropped = true;
        }
        dropped
    }

    /// The position from which all that is kept now would be read again.
    pub(super) fn mark_position(&mut self) {
        let first = self.entries.front();
        let record = self.records.first_key_value();
        self.position = Some(Position {
            anchor: Anchor {
                root_height: first.map_or(self.next_message_block, |entry| entry.root_height),
                ..self.anchor
            },
            epoch: record.map_or(self.accepted, |(epoch, _)| *epoch),
            epoch_height: record.map_or(self.next_acceptance_block, |(_, record)| record.block),
        });
    }

    /// Forgets all that was read. Where reading begins again depends on how much is in doubt.
    pub(super) fn begin_anew(&mut self) {
        let position = self.position.filter(|_| self.doubt < Doubt::All);
        self.anchor = self.beginning(position);
        let epoch = position.map_or(0, |position| position.epoch);
        let epoch_height = position.map_or(0, |position| position.epoch_height);
        self.entries.clear();
        self.records.clear();
        self.accepted = epoch;
        self.compared = epoch;
        self.compared_at = None;
        self.next_message_block = self.tip_block();
        self.next_acceptance_block = epoch_height.max(self.config.deployed_at);
        self.phase = Phase::Identify;
        self.target = None;
        self.verified = None;
        self.behind_since = None;
        self.waiting = None;
        self.ranges_since_recheck = 0;
        self.generation = self.generation.saturating_add(1);
    }

    /// A position at or before the confirmed anchor says where to read from, and the anchor's link is the child's.
    fn beginning(&self, position: Option<Position>) -> Anchor {
        match position.map(|position| position.anchor) {
            Some(anchor) if anchor.index > self.confirmed.index => anchor,
            Some(anchor) => Anchor {
                root_height: anchor.root_height.max(self.confirmed.root_height),
                ..self.confirmed
            },
            None => self.confirmed,
        }
    }

    fn tip_block(&self) -> u64 {
        let known = self
            .entries
            .back()
            .map_or(self.anchor.root_height, |entry| entry.root_height);
        known.max(self.config.deployed_at)
    }
}

impl Doubt {
    fn next(self) -> Self {
        match self {
            Self::None => Self::LastBlocks,
            Self::LastBlocks => Self::Position,
            Self::Position | Self::All => Self::All,
        }
    }
}
