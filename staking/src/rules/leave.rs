//! Leave and retire: an operator gives its seat back; or closes its line for ever, and with it the seat.
//!
//! ```text
//! leaves   operator r, line w, seat w, member of the next epoch r, one node of each level of the minima w
//! ```
//! A seat that was taken in this epoch is kept until the next one begins.

use crate::leaves::write;
use crate::stake::{lose_seat, newest_line, open_line, refuse_new_seat};
use crate::{Context, Effect, Error, LineState, Loss, Reject, TypedLeaves};

/// The operator's newest line gives its seat back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leave {
    /// The operator, who is the sender.
    pub operator: [u8; 20],
}

/// The operator's newest line closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retire {
    /// The operator, who is the sender.
    pub operator: [u8; 20],
}

pub(crate) fn leave<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &Leave,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let (id, _, mut line) = newest_line(leaves, input.operator)?;
    if !line.seated() {
        return Err(Reject::NotSeated.into());
    }
    refuse_new_seat(leaves, context, id, line.seat)?;
    let effect = lose_seat(leaves, context, id, &mut line, Loss::Left)?;
    write(leaves, id, &line)?;
    Ok(vec![effect])
}

pub(crate) fn retire<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &Retire,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let (id, _, mut line) = open_line(leaves, input.operator)?;
    let mut effects = Vec::new();
    if line.seated() {
        refuse_new_seat(leaves, context, id, line.seat)?;
        effects.push(lose_seat(leaves, context, id, &mut line, Loss::Retired)?);
    }
    line.state = LineState::Retired;
    write(leaves, id, &line)?;
    effects.push(Effect::Closed { line: id });
    Ok(effects)
}
