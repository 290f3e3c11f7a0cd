//! Carries a message of root with its arrival changed.

use plasmid::chain::record::MESSAGE;
use plasmid_bridge::proof::inbox::Message;

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct AlteredDeposit;

impl Attack for AlteredDeposit {
    fn name(&self) -> &'static str {
        "altered deposit"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        let place = *scene.places(MESSAGE).first()?;
        let mut forged = scene.honest.clone();
        let mut message = Message::decode(&forged.transactions[place][1..]).ok()?;
        message.arrival += 1;
        let mut bytes = vec![MESSAGE];
        bytes.extend(message.encode());
        forged.transactions[place] = bytes.into();
        Some(forged)
    }
}
