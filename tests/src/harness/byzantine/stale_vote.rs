//! Carries an extension that its voter signed one height before.

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct StaleVote;

impl Attack for StaleVote {
    fn name(&self) -> &'static str {
        "stale vote"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        scene.edit(|record| {
            let vote = record.witness.votes.first_mut()?;
            let number = usize::from(vote.seat);
            let height = scene.honest.height - 2;
            let round = scene.network.last.round;
            let signature = scene.network.sign(number, &vote.extension, height, round);
            vote.signature = signature[..].try_into().ok()?;
            Some(())
        })
    }
}
