//! Carries a vote twice.

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct RepeatedVote;

impl Attack for RepeatedVote {
    fn name(&self) -> &'static str {
        "repeated vote"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        scene.edit(|record| {
            let vote = record.witness.votes.first()?.clone();
            record.witness.votes.insert(0, vote);
            Some(())
        })
    }
}
