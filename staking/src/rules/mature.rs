//! Mature: one more epoch has matured, by root times in consumed messages.
//!
//! ```text
//! leaves   maturity w
//! ```
//! Epoch m has matured when the checkpoint of m + 1 was accepted U seconds before the message that is consumed now. Root accepts in
//! order, so an acceptance of a later epoch in the same place of the ring shows it too: nothing sticks where a record was overwritten.

use crate::freezes::Maturity;
use crate::leaves::{expect, write};
use crate::{Context, Effect, Error, Reject, TypedLeaves};

/// What the record leaf of the epoch after the first immature one says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mature {
    /// The epoch that the record holds.
    pub epoch: u64,
    /// When root accepted its checkpoint, in seconds; 0 when it did not.
    pub accepted: u64,
    /// When the message that is consumed now came to root, in seconds.
    pub arrival: u64,
}

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &Mature,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let maturity: Maturity = expect(leaves, ())?;
    let next = maturity.matured.saturating_add(1);
    let due = input.accepted.checked_add(context.rules.unbonding_secs);
    let over = input.accepted != 0 && due.is_some_and(|due| due <= input.arrival);
    if input.epoch < next || !over {
        return Err(Reject::NoEffect("the next epoch has not matured").into());
    }
    let matured = next;
    write(
        leaves,
        (),
        &Maturity {
            matured,
            ..maturity
        },
    )?;
    let epoch = maturity.matured;
    Ok(vec![Effect::Matured { epoch }])
}
