//! Unjail: the seat of a line that was absent counts again, if nobody took it meanwhile and its time is over.
//!
//! ```text
//! leaves   operator r, line w, seat w, one node of each level of the minima w
//! ```

use crate::leaves::{expect, write};
use crate::stake::{newest_line, settle_seat};
use crate::{Context, Effect, Error, Reject, Seat, SeatState, TypedLeaves};

/// The operator's newest line returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjail {
    /// The operator, who is the sender.
    pub operator: [u8; 20],
}

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &Unjail,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let (id, _, mut line) = newest_line(leaves, input.operator)?;
    if !line.seated() {
        return Err(Reject::NotSeated.into());
    }
    let mut seat: Seat = expect(leaves, line.seat)?;
    if seat.state != SeatState::Jailed {
        return Err(Reject::NotJailed.into());
    }
    if context.epoch < line.jailed {
        return Err(Reject::InJail {
            until: line.jailed,
            epoch: context.epoch,
        }
        .into());
    }
    seat.state = SeatState::Active;
    write(leaves, line.seat, &seat)?;
    let mut effects = vec![Effect::Unjailed { line: id }];
    effects.extend(settle_seat(leaves, context, id, &mut line)?);
    write(leaves, id, &line)?;
    Ok(effects)
}
