//! Appends a deposit that root never sent, as the next message of the inbox.

use plasmid::chain::record::MESSAGE;
use plasmid_bridge::proof::inbox::{Body, Deposit, Message};

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct InventedDeposit;

impl Attack for InventedDeposit {
    fn name(&self) -> &'static str {
        "invented deposit"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        let places = scene.places(MESSAGE);
        let index = scene.held().0 + places.len() as u64 + 1;
        let message = Message {
            index,
            arrival: 1,
            root_height: 1,
            due: 1,
            body: Body::Deposit(Deposit {
                token: [0; 20],
                amount: 1 << 90,
                native: 0,
                recipient: [0x11; 21],
                refund: [0x11; 20],
                depositor: [0x11; 20],
                decimals: 18,
                symbol_length: 0,
                symbol: [0; 32],
            }),
        };
        let mut forged = scene.honest.clone();
        let mut bytes = vec![MESSAGE];
        bytes.extend(message.encode());
        let after = places.last().copied().unwrap_or(0) + 1;
        forged.transactions.insert(after, bytes.into());
        Some(forged)
    }
}
