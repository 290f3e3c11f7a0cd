//! Leaves out one of the messages that two thirds report. (The only one may go when the votes bring shares: see `hidden_messages`.)

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
        if places.len() == 1 && !scene.record().executing.shares.is_empty() {
            return None;
        }
        let place = *places.get(scene.network.height() as usize % places.len().max(1))?;
        let mut forged = scene.honest.clone();
        forged.transactions.remove(place);
        Some(forged)
    }
}
