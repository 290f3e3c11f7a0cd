//! Redelegate: a bonded position, or a part of it, moves to another operator's line, and stays liable for what it backed before.
//!
//! ```text
//! leaves   those of `touch`, the other operator r, its line r; for a part: counter w; of the line that is left and then of the
//!          other one: line w, mark r or made, and where it is seated `stake::change`; for a part: position made
//! ```
//! What came in this epoch behind a line that has a seat stays until the next one, as in `undelegate`.

use super::{close_both, part_of};
use crate::line::Account;
use crate::stake::check_line;
use crate::touch::Open;
use crate::{Context, Effect, Error, LineId, Reject, TypedLeaves};

/// Moves a position, or a part of it, to another operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redelegate {
    /// Who owns the position.
    pub owner: Account,
    /// Its number.
    pub position: u64,
    /// How much of its base.
    pub amount: u128,
    /// The line that it backs then: the newest of its operator, as the owner knows it.
    pub to: LineId,
    /// The highest commission, in 1/10,000, that the owner accepts.
    pub max_commission: u16,
}

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &Redelegate,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let open = Open::owned(leaves, context, input.position, input.owner)?;
    open.refuse_frozen(leaves)?;
    check_line(leaves, input.to, input.max_commission)?;
    if open.position.newest().line == input.to {
        return Err(Reject::SameLine.into());
    }
    let (rest, mut part) = part_of(leaves, context, open, input.amount)?;
    let minimum = context.rules.min_redelegation;
    if part.held() < minimum {
        let amount = part.held();
        return Err(Reject::TooSmall { amount, minimum }.into());
    }
    part.end(leaves, context)?;
    part.back(leaves, context, input.to)?;
    close_both(leaves, rest, part)
}
