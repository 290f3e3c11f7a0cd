//! Writes another time, proposer, cursor or hash into the record.

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
                2 => record.executing.cursor += 1,
                _ => record.executing.hash[0] ^= 1,
            }
            Some(())
        })
    }
}
