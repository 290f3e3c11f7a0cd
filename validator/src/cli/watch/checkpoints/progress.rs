//! How far a checkpoint is judged.

use std::collections::BTreeSet;

use crate::court::Finding;
use crate::ledger::Slot;

/// Findings of one checkpoint that are told, at most, of those with a call and of those without.
const MAX_TOLD: usize = 16;

/// What is judged of a checkpoint, and what was found.
#[derive(Debug, Default)]
pub(super) struct EpochProgress {
    /// L1 to L5, behind the checkpoint before.
    pub(super) has_links: bool,
    /// The leaves that are judged.
    pub(super) leaves: BTreeSet<Slot>,
    /// The blocks whose segments are judged, with all of their bytes.
    pub(super) blocks: BTreeSet<u32>,
    /// Whether nothing is left to judge.
    pub(super) is_over: bool,
    /// What was told: the height, the rule, how it is broken, and whether there was a call.
    told: BTreeSet<(bool, u64, String)>,
}

impl EpochProgress {
    /// Whether nothing was found.
    pub(super) fn is_sound(&self) -> bool {
        self.told.is_empty()
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
