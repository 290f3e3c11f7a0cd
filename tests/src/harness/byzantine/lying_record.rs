//! Writes another height, time, proposer or participation into the record.

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct LyingRecord;

impl Attack for LyingRecord {
    fn name(&self) -> &'static str {
        "lying record"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        scene.edit(|record| {
            match scene.network.height() % 4 {
                0 => record.executing.time += 1,
                1 => record.executing.proposer[0] ^= 1,
                2 => record.executing.height += 1,
                _ => record.executing.participation.0[63] ^= 0x80,
            }
            Some(())
        })
    }
}
