//! Cancel: an ended position backs its line again. In the epoch of its request nothing has happened; later it begins anew.
//!
//! ```text
//! leaves   those of `touch`, line w, and later than in the epoch of the request a mark r or made; of a seated line: `stake::change`
//! ```
//! A position that still waits for another line's epochs has at least the least amount of a redelegation: else whoever doomed that line
//! could cut its stake into pieces, each of which somebody else has to apply the cut to.

use crate::line::Account;
use crate::position::Leg;
use crate::touch::Open;
use crate::{Context, Effect, Error, Line, LineState, Reject, TypedLeaves};

/// Takes back what was undelegated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancel {
    /// Who owns the position.
    pub owner: Account,
    /// Its number.
    pub position: u64,
}

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &Cancel,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let number = input.position;
    let mut open = Open::owned(leaves, context, number, input.owner)?;
    if open.position.is_bonded() {
        return Err(Reject::Bonded { number }.into());
    }
    open.refuse_frozen(leaves)?;
    let leg = open.position.newest_mut();
    let id = leg.line;
    let line: Line = crate::leaves::expect(leaves, id)?;
    if line.state != LineState::Open {
        return Err(Reject::LineClosed.into());
    }
    // The last backed epoch is at most the one after the request.
    if leg.last == context.epoch.saturating_add(1) {
        leg.last = Leg::BONDED;
        let (amount, minimum) = (open.held(), context.rules.min_redelegation);
        if open.position.has_two_legs() && amount < minimum {
            return Err(Reject::TooSmall { amount, minimum }.into());
        }
        open.join(leaves, context)?;
    } else {
        open.back(leaves, context, id)?;
    }
    open.close(leaves)
}
