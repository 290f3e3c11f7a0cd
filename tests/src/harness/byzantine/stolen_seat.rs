//! Carries one member's vote for another's seat.

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct StolenSeat;

impl Attack for StolenSeat {
    fn name(&self) -> &'static str {
        "stolen seat"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        scene.edit(|record| {
            let mut votes = record.witness.votes.iter_mut();
            let (first, second) = (votes.next()?, votes.next()?);
            first.extension.clone_from(&second.extension);
            first.signature = second.signature;
            Some(())
        })
    }
}
