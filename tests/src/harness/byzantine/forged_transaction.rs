//! Changes one bit of a user's transaction.

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct ForgedTransaction;

impl Attack for ForgedTransaction {
    fn name(&self) -> &'static str {
        "forged transaction"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        let place = *scene.users().first()?;
        let mut forged = scene.honest.clone();
        let mut bytes = forged.transactions[place].to_vec();
        let at = scene.network.height() as usize % bytes.len();
        bytes[at] ^= 1;
        forged.transactions[place] = bytes.into();
        Some(forged)
    }
}
