//! Puts a user's transaction before the messages and the evidence, or messages out of order.

use plasmid::chain::record::MESSAGE;

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct ReorderedTransactions;

impl Attack for ReorderedTransactions {
    fn name(&self) -> &'static str {
        "reordered transactions"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        let mut forged = scene.honest.clone();
        let messages = scene.places(MESSAGE);
        if let [first, second, ..] = messages[..] {
            forged.transactions.swap(first, second);
            return Some(forged);
        }
        let user = *scene.users().first()?;
        if user == 1 {
            return None;
        }
        let moved = forged.transactions.remove(user);
        forged.transactions.insert(1, moved);
        Some(forged)
    }
}
