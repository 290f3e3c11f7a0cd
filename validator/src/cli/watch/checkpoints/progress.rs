//! How far a checkpoint is judged.

use std::collections::BTreeSet;

use plasmid_bridge::client::watcher::UnfinishedCheckpoint;

use super::Unjudged;
use crate::court::Finding;
use crate::ledger::Slot;

/// Findings of one checkpoint that are told, at most, of those with a call and of those without.
const MAX_TOLD: usize = 16;

/// What nodes are asked about a checkpoint whose blocks are there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Question {
    /// The blocks of the checkpoint before.
    Before,
    /// A leaf of its state.
    Leaf(Slot),
    /// The segments of a block.
    Block(u32),
}

/// What is judged of a checkpoint, and what was found.
#[derive(Debug, Default)]
pub(super) struct EpochProgress {
    /// L1 to L5, behind the checkpoint before.
    pub(super) has_links: bool,
    /// The leaves that are judged.
    pub(super) leaves: BTreeSet<Slot>,
    /// The blocks whose segments are judged, with all of their bytes.
    pub(super) blocks: BTreeSet<u32>,
    /// Which question is asked first: the one behind the last that was asked, so that one that no node answers in time keeps no other from being asked.
    pub(super) next: usize,
    /// Whether nothing is left to judge of what it shows.
    pub(super) is_over: bool,
    /// Whether its blocks were executed again, and are what their records say.
    pub(super) is_executed: bool,
    /// Whether it was told that it is sound.
    pub(super) is_told: bool,
    /// What was told: the height, the rule, how it is broken, and whether there was a call.
    told: BTreeSet<(bool, u64, String)>,
}

impl EpochProgress {
    /// What is to be asked, each with its place, beginning where it was left.
    pub(super) fn questions(&self, slots: [Slot; 4], blocks: u32) -> Vec<(usize, Question)> {
        let all = std::iter::once(Question::Before)
            .chain(slots.map(Question::Leaf))
            .chain((0..blocks).map(Question::Block));
        let mut all: Vec<(usize, Question)> = all.enumerate().collect();
        all.sort_by_key(|(place, _)| *place < self.next);
        all.retain(|(_, one)| match one {
            Question::Before => !self.has_links,
            Question::Leaf(slot) => !self.leaves.contains(slot),
            Question::Block(number) => !self.blocks.contains(number),
        });
        all
    }

    /// What is left to do of it; nothing where something was found.
    pub(super) fn unfinished(&self, epoch: u64) -> Option<UnfinishedCheckpoint> {
        let is_done = self.is_over && self.is_executed;
        let left = UnfinishedCheckpoint {
            epoch,
            is_judged: self.is_over,
            is_executed: self.is_executed,
        };
        (self.told.is_empty() && !is_done).then_some(left)
    }

    /// Whether all is judged, nothing was found, and that is news.
    pub(super) fn is_newly_sound(&mut self) -> bool {
        let is_sound = self.is_over && self.is_executed && self.told.is_empty();
        is_sound && !std::mem::replace(&mut self.is_told, is_sound)
    }

    /// Whether a finding is to be told: it was not, and there is room.
    pub(super) fn is_news(&mut self, found: &Finding) -> bool {
        let has_call = found.call.is_some();
        let alike = self.told.iter().filter(|(call, ..)| *call == has_call);
        let is_full = alike.count() >= MAX_TOLD;
        let named = |call| (call, found.height, found.broken.to_string());
        let is_told = self.told.contains(&named(true)) || self.told.contains(&named(has_call));
        !is_full && !is_told && self.told.insert(named(has_call))
    }
}

/// Nobody listens any more.
pub(super) struct Deaf;

impl From<Deaf> for Unjudged {
    fn from(_: Deaf) -> Self {
        Self::Deaf
    }
}
