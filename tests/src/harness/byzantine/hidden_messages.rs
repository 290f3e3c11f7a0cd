//! Shows the reports, and drops the messages that they support. (When the votes bring shares too, a block without messages
//! and hashes is sound: no report counts in it, and the votes are not idle.)

use plasmid::chain::record::MESSAGE;

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct HiddenMessages;

impl Attack for HiddenMessages {
    fn name(&self) -> &'static str {
        "hidden messages"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        let places = scene.places(MESSAGE);
        places.first()?;
        if !scene.record().executing.shares.is_empty() {
            return None;
        }
        let mut forged = scene.honest.clone();
        forged
            .transactions
            .drain(places[0]..=places[places.len() - 1]);
        Some(forged)
    }
}
