//! Leaves out one of the messages that two thirds report.

use plasmid::chain::record::MESSAGE;

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct DroppedMessage;

impl Attack for DroppedMessage {
    fn name(&self) -> &'static str {
        "dropped message"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        let places = scene.places(MESSAGE);
        let place = *places.get(scene.network.height() as usize % places.len().max(1))?;
        let mut forged = scene.honest.clone();
        forged.transactions.remove(place);
        Some(forged)
    }
}
