//! Puts in a soundly signed transaction that does not apply.

use plasmid::chain::committed::leaf;
use plasmid::ledger::Slot;
use plasmid::ledger::leaf::AccountLeaf;
use plasmid::ledger::transaction::Body;

use crate::harness::people::{FEE, People};

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct Overdraft;

impl Attack for Overdraft {
    fn name(&self) -> &'static str {
        "overdraft"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        let node = scene.network.nodes.iter().find(|node| node.is_up())?;
        let state = node.app().state();
        let (from, amount) = (0, u128::MAX >> 1);
        let slot = Slot::Account(People::account(from));
        let held: Option<AccountLeaf> = leaf(&state.tree, &slot).ok()?;
        let to = People::account(1);
        let body = Body::Transfer {
            to,
            token: [0; 20],
            amount,
        };
        let sequence = held.map_or(0, |leaf| leaf.sequence);
        let mut forged = scene.honest.clone();
        forged.transactions.push(
            scene
                .network
                .people
                .sign(from, sequence, FEE, u64::MAX, body),
        );
        Some(forged)
    }
}
