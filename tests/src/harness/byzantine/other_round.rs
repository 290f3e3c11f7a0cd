//! Carries an extension that its voter signed in another round.

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct OtherRound;

impl Attack for OtherRound {
    fn name(&self) -> &'static str {
        "other round"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        scene.edit(|record| {
            let vote = record.witness.votes.first_mut()?;
            let number = usize::from(vote.seat);
            let height = scene.honest.height - 1;
            let round = scene.network.last.round + 1;
            let signature = scene.network.sign(number, &vote.extension, height, round);
            vote.signature = signature[..].try_into().ok()?;
            Some(())
        })
    }
}
