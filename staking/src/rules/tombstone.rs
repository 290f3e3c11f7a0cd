//! Tombstone: the engine has shown that a key signed two conflicting votes. The key never validates again; no stake is taken here.
//!
//! ```text
//! leaves   address r, registration w, line w, seat w, one node of each level of the minima w
//! ```
//! The evidence that the application is given holds no votes, so nobody but the court cuts, by the votes themselves.

use crate::leaves::{expect, read, write};
use crate::line::{Line, LineId};
use crate::stake::lose_seat;
use crate::{Context, Effect, Error, Loss, Registration, Reject, Seat, Signer, TypedLeaves};

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    address: [u8; 20],
) -> Result<Vec<Effect>, Error<L::Error>> {
    let signer: Option<Signer> = read(leaves, address)?;
    let Some(Signer {
        operator,
        registration: number,
    }) = signer
    else {
        return Err(Reject::NoEffect("the consensus address is not known").into());
    };
    let registration: Registration = expect(leaves, (operator, number))?;
    if registration.tombstoned {
        return Err(Reject::NoEffect("the registration is tombstoned already").into());
    }
    let line = registration.line;
    let tombstoned = Registration {
        tombstoned: true,
        ..registration
    };
    write(leaves, (operator, number), &tombstoned)?;
    let mut effects = vec![Effect::Tombstoned {
        operator,
        registration: number,
    }];
    let id = LineId { operator, line };
    let mut held: Line = expect(leaves, id)?;
    if held.seated() {
        let seat: Seat = expect(leaves, held.seat)?;
        if seat.registration == number {
            effects.push(lose_seat(leaves, context, id, &mut held, Loss::Tombstoned)?);
            write(leaves, id, &held)?;
        }
    }
    Ok(effects)
}
