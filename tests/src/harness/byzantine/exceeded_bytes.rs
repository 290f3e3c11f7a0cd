//! Fills the block past its size.

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct ExceededBytes;

impl Attack for ExceededBytes {
    fn name(&self) -> &'static str {
        "exceeded bytes"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        let mut forged = scene.honest.clone();
        for filler in 0..5u8 {
            forged
                .transactions
                .push(vec![1 + filler % 4; 1 << 20].into());
        }
        Some(forged)
    }
}
