//! Puts the record into the block twice.

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct DoubleRecord;

impl Attack for DoubleRecord {
    fn name(&self) -> &'static str {
        "double record"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        let mut forged = scene.honest.clone();
        forged
            .transactions
            .insert(1, forged.transactions[0].clone());
        Some(forged)
    }
}
