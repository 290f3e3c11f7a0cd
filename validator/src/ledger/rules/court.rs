//! What the court on root decides (messages 3 and 4): a freeze closes a line, a settlement says what is cut, by staking's rules
//! `freeze` and `settle`.
//!
//! ```text
//! leaves   those of `staking::rules::freeze`, or of `staking::rules::settle`
//! made     a settlement: nodes of the line's tree of cuts
//! records  (21) an unknown registration; a settlement of a line that nothing froze
//! ```

use plasmid_bridge::proof::inbox::{Body, Message};
use plasmid_staking::Input;
use plasmid_staking::rules::{freeze::Freeze, settle::Settle};

use super::{Outcome, attempt, of_stake, recorded};
use crate::ledger::context::Context;
use crate::ledger::leaves::{LeafFault, Leaves};
use crate::ledger::stake;

pub(in crate::ledger) fn apply<L: Leaves + ?Sized>(
    leaves: &mut L,
    message: &Message,
    context: &Context<'_>,
) -> Result<Outcome, LeafFault<L::Error>> {
    let input = match message.body {
        Body::Freeze {
            operator,
            registration,
            epoch,
        } => Input::Freeze(Freeze {
            operator,
            registration,
            epoch,
        }),
        Body::Settlement {
            operator,
            registration,
            epoch,
            fraction,
        } => Input::Settle(Settle {
            operator,
            registration,
            epoch,
            fraction,
        }),
        _ => return Ok(recorded::recorded(message, None)),
    };
    let tried = attempt(leaves, |leaves| stake::apply(leaves, context, &input))?;
    Ok(of_stake(message, tried))
}
