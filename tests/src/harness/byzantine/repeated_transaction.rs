//! Repeats a user's transaction, of this block or of an earlier one.

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct RepeatedTransaction;

impl Attack for RepeatedTransaction {
    fn name(&self) -> &'static str {
        "repeated transaction"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        let mut forged = scene.honest.clone();
        let own = scene
            .users()
            .last()
            .map(|place| forged.transactions[*place].clone());
        let earlier = scene.network.chain.iter().rev().find_map(|(proposal, _)| {
            let mut users = proposal.transactions.iter();
            users
                .find(|bytes| bytes.first().is_some_and(|kind| *kind < 0x80))
                .cloned()
        });
        forged.transactions.push(own.or(earlier)?);
        Some(forged)
    }
}
