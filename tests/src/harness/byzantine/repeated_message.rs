//! Carries a message twice.

use plasmid::chain::record::MESSAGE;

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct RepeatedMessage;

impl Attack for RepeatedMessage {
    fn name(&self) -> &'static str {
        "repeated message"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        let place = *scene.places(MESSAGE).last()?;
        let mut forged = scene.honest.clone();
        forged
            .transactions
            .insert(place, forged.transactions[place].clone());
        Some(forged)
    }
}
