//! Leaves out evidence that the engine handed over, or repeats it.

use plasmid::chain::evidence::MISBEHAVIOR;

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct DroppedEvidence;

impl Attack for DroppedEvidence {
    fn name(&self) -> &'static str {
        "dropped evidence"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        let place = *scene.places(MISBEHAVIOR).first()?;
        let mut forged = scene.honest.clone();
        if scene.network.height().is_multiple_of(2) {
            forged.transactions.remove(place);
        } else {
            forged
                .transactions
                .insert(place, forged.transactions[place].clone());
        }
        Some(forged)
    }
}
