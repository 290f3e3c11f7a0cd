//! Fills the block past its number of transactions.

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct ExceededCount;

impl Attack for ExceededCount {
    fn name(&self) -> &'static str {
        "exceeded count"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        let limit = scene
            .network
            .nodes
            .iter()
            .find(|node| node.is_up())?
            .app()
            .parameters()
            .max_block_transactions;
        let mut forged = scene.honest.clone();
        forged
            .transactions
            .resize(limit as usize + 1, vec![1].into());
        Some(forged)
    }
}
