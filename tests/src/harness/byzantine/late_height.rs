//! Writes another height into the record.

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct LateHeight;

impl Attack for LateHeight {
    fn name(&self) -> &'static str {
        "late height"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        scene.edit(|record| {
            record.executing.height += 1;
            Some(())
        })
    }
}
