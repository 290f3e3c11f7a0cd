//! Tombstone: the engine has shown that a key signed two conflicting votes. The key never validates again; no stake is taken here.
//!
//! ```text
//! leaves   address r, registration w, operator r, the newest registration w, line w, seat w, one node of each level of the minima w
//! ```
//! The evidence that the application is given holds no votes, so nobody but the court cuts, by the votes themselves.
//!
//! Where the operator has other keys for the same line by then, the newest ones go too, and with them the seat: who rotates before the evidence
//! comes needs new keys again, as who did not. The key of a line that is closed says nothing about the line behind it. A line from which another one took the
//! seat before waits for the next one as if the evidence had emptied it.

use crate::leaves::{expect, read, write};
use crate::line::{Line, LineId};
use crate::stake::lose_seat;
use crate::{Context, Effect, Error, Loss, Operator, Registration, Reject, Signer, TypedLeaves};

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
    let mut effects = vec![bury(leaves, operator, number, registration)?];
    let newest: Operator = expect(leaves, operator)?;
    if newest.line != line {
        return Ok(effects);
    }
    if newest.registration != number {
        let number = newest.registration;
        let registration: Registration = expect(leaves, (operator, number))?;
        if !registration.tombstoned {
            effects.push(bury(leaves, operator, number, registration)?);
        }
    }
    let id = LineId { operator, line };
    let mut held: Line = expect(leaves, id)?;
    if held.seated() {
        effects.push(lose_seat(leaves, context, id, &mut held, Loss::Tombstoned)?);
    }
    held.seat = Line::NO_SEAT;
    write(leaves, id, &held)?;
    Ok(effects)
}

fn bury<L: TypedLeaves>(
    leaves: &mut L,
    operator: [u8; 20],
    number: u64,
    registration: Registration,
) -> Result<Effect, Error<L::Error>> {
    let tombstoned = Registration {
        tombstoned: true,
        ..registration
    };
    write(leaves, (operator, number), &tombstoned)?;
    Ok(Effect::Tombstoned {
        operator,
        registration: number,
    })
}
