//! Undelegate: a bonded position, or a part of it, stops backing its line and waits until its last epoch has matured.
//!
//! ```text
//! leaves   those of `touch`; for a part: counter w; line w, mark r or made; of a seated line: `stake::change`; for a part: position made
//! ```
//! A freeze does not stop it: what it stops is the claim. What came in this epoch behind a line that has a seat stays until the next one
//! (`stake::change`).

use super::{close_both, part_of};
use crate::line::Account;
use crate::touch::Open;
use crate::{Context, Effect, Error, TypedLeaves};

/// Ends a position, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelegate {
    /// Who owns the position.
    pub owner: Account,
    /// Its number.
    pub position: u64,
    /// How much of its base.
    pub amount: u128,
}

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &Undelegate,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let open = Open::owned(leaves, context, input.position, input.owner)?;
    let (rest, mut part) = part_of(leaves, context, open, input.amount)?;
    part.end(leaves, context)?;
    close_both(leaves, rest, part)
}
