//! Writes a voter out of the participation, or one who was silent into it.

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct LyingCommit;

impl Attack for LyingCommit {
    fn name(&self) -> &'static str {
        "lying commit"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        scene.edit(|record| {
            record.executing.participation.0[0] ^= 1;
            Some(())
        })
    }
}
