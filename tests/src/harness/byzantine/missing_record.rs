//! Proposes a block without its record, or without anything.

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct MissingRecord;

impl Attack for MissingRecord {
    fn name(&self) -> &'static str {
        "missing record"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        let mut forged = scene.honest.clone();
        if scene.network.height().is_multiple_of(2) {
            forged.transactions.remove(0);
        } else {
            forged.transactions.clear();
        }
        Some(forged)
    }
}
