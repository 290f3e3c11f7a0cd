//! Registration (message 1): two keys that root has checked become the newest registration of an operator, by staking's rule `register`.
//!
//! ```text
//! leaves   those of `staking::rules::register`
//! made     registration, address unless its key is kept, and for a new operator or behind a closed line: operator, line
//! records  (21) a number that is not new, a key that neither is new nor can be kept, no room
//! ```

use plasmid_bridge::proof::inbox::{Message, Registration};
use plasmid_staking::Input;
use plasmid_staking::rules::register::Register;

use super::{Outcome, attempt, of_stake};
use crate::ledger::account::Account;
use crate::ledger::context::Context;
use crate::ledger::fees::{Maker, check_room};
use crate::ledger::leaves::{LeafFault, Leaves};
use crate::ledger::stake;

pub(in crate::ledger) fn apply<L: Leaves + ?Sized>(
    leaves: &mut L,
    message: &Message,
    body: &Registration,
    context: &Context<'_>,
) -> Result<Outcome, LeafFault<L::Error>> {
    let input = Input::Register(Register {
        operator: body.operator,
        registration: body.registration,
        address: Account::ed25519(&body.consensus_key).id,
        consensus_key: body.consensus_key,
        checkpoint_key: Box::new(body.checkpoint_key),
    });
    let tried = attempt(leaves, |leaves| {
        let effects = stake::apply(leaves, context, &input)?;
        check_room(Maker::Ordinary, leaves.count_before(), leaves.made())?;
        Ok(effects)
    })?;
    Ok(of_stake(message, tried))
}
