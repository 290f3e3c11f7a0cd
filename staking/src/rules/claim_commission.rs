//! Claim commission: what a line of the operator earned for the operator is paid. Open or closed makes no difference.
//!
//! ```text
//! leaves   line w, rewards w
//! ```

use crate::leaves::{read, write};
use crate::line::{Account, Line, LineId};
use crate::touch::take_owed;
use crate::{Context, Effect, Error, Reject, TypedLeaves};

/// Pays the commission of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimCommission {
    /// The line; its operator is the sender.
    pub line: LineId,
    /// Who is paid.
    pub to: Account,
}

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    _: &Context<'_>,
    input: &ClaimCommission,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let mut line: Line = read(leaves, input.line)?.ok_or(Reject::NoOperator)?;
    let amount = std::mem::take(&mut line.owed);
    if amount == 0 {
        return Err(Reject::NothingOwed.into());
    }
    take_owed(leaves, amount)?;
    write(leaves, input.line, &line)?;
    let to = input.to;
    Ok(vec![Effect::Pay { to, amount }])
}
