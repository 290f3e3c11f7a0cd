//! Keeps what the votes bring and drops the votes.

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct DroppedVotes;

impl Attack for DroppedVotes {
    fn name(&self) -> &'static str {
        "dropped votes"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        scene.edit(|record| {
            let brings = record.witness.votes.first().map(|_| ());
            record.witness.votes.clear();
            brings
        })
    }
}
