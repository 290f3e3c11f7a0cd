//! Carries votes that do not ascend by seat.

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct ReorderedVotes;

impl Attack for ReorderedVotes {
    fn name(&self) -> &'static str {
        "reordered votes"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        scene.edit(|record| {
            let votes = &mut record.witness.votes;
            (votes.len() > 1).then(|| votes.swap(0, 1))
        })
    }
}
