//! Sets the bit of a member whose share the block does not carry.

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct InventedShare;

impl Attack for InventedShare {
    fn name(&self) -> &'static str {
        "invented share"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        scene.edit(|record| {
            let bit = (0..4).find(|bit| !record.executing.shares.has(*bit))?;
            record.executing.shares.set(bit);
            Some(())
        })
    }
}
