//! Puts in evidence that the engine did not hand over.

use plasmid::chain::evidence::Misbehavior;

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct InventedEvidence;

impl Attack for InventedEvidence {
    fn name(&self) -> &'static str {
        "invented evidence"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        let one = Misbehavior {
            kind: 1,
            address: scene.network.nodes[0].address(),
            height: 1,
            seconds: 12_345,
            nanos: 0,
            power: 1,
            total_power: 4,
        };
        let mut forged = scene.honest.clone();
        let after = scene.honest.transactions.len() - scene.users().len();
        forged
            .transactions
            .insert(after, one.encode(scene.honest.height as u64).into());
        Some(forged)
    }
}
