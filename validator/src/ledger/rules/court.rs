//! What the court on root decides (messages 3, 4, 9 and 10): a freeze closes a line, a settlement says what is cut, by staking's rules
//! `freeze` and `settle`; a whole epoch is frozen and released, by `epoch_freeze`.
//!
//! ```text
//! leaves   those of `staking::rules::freeze`, `staking::rules::settle` or `staking::rules::epoch_freeze`
//! made     a settlement: nodes of the line's tree of cuts
//! records  (21) an unknown registration; a settlement of a line that nothing froze; a release of an epoch that is not frozen; no room
//! ```

use plasmid_bridge::proof::inbox::{Body, Message};
use plasmid_staking::Input;
use plasmid_staking::rules::{freeze::Freeze, settle::Settle};

use super::{Outcome, attempt, of_stake, recorded};
use crate::ledger::context::Context;
use crate::ledger::fees::{Maker, check_room};
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
        Body::EpochFreeze { epoch } => Input::FreezeEpoch(epoch),
        Body::EpochRelease { epoch } => Input::ReleaseEpoch(epoch),
        _ => return Ok(recorded::recorded(message, None)),
    };
    let tried = attempt(leaves, |leaves| {
        let effects = stake::apply(leaves, context, &input)?;
        check_room(Maker::Reserved, leaves.count_before(), leaves.made())?;
        Ok(effects)
    })?;
    Ok(of_stake(message, tried))
}
