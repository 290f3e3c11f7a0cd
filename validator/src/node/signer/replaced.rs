//! The checkpoint keys that an operator had before, as its registrations in the state say.

use std::convert::Infallible;

use plasmid_staking::{Key, Member, Registration};

use super::KeysError;
use crate::{
    chain::{committed::leaf, error::ExecutionFault, tree::Tree},
    engine::abci::Fault,
    ledger::Slot,
};

/// Registrations that are looked at for a checkpoint key that was replaced: of all operators, because one count numbers them. Each has a bond.
const MAX_LOOKED_AT: usize = 1 << 16;

/// Whether the operator of this member has had the checkpoint key before, under an older registration.
pub(super) fn was_ours(tree: &Tree, member: &Member, key: &[u8; 96]) -> Result<bool, KeysError> {
    let operator = member.operator;
    for number in (1..member.registration).rev().take(MAX_LOOKED_AT) {
        let slot = Slot::from(Key::Registration { operator, number });
        let unread = |error: ExecutionFault<Infallible>| KeysError::State(Fault::new(error));
        let registration: Option<Registration> = leaf(tree, &slot).map_err(unread)?;
        if registration.is_some_and(|registration| registration.checkpoint_key == *key) {
            return Ok(true);
        }
    }
    Ok(false)
}
