//! Carries more bare hashes than a block may.

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct ExceededBatch;

impl Attack for ExceededBatch {
    fn name(&self) -> &'static str {
        "exceeded batch"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        scene.edit(|record| {
            record.witness.hashes.resize(9, [7; 32].into());
            Some(())
        })
    }
}
