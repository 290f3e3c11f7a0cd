//! Delegate: an account puts stake behind the newest line of an operator. An operator that delegates to itself bonds.
//!
//! ```text
//! leaves   operator r, line w, mark r or made, counter w, position made, maturity r; of a seated line: `stake::change`
//! ```

use crate::line::Account;
use crate::stake::open_line;
use crate::touch::create;
use crate::{Context, Effect, Error, MAX_AMOUNT, Reject, TypedLeaves};

/// Puts `amount` of an account's behind an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delegate {
    /// Who pays, and owns the position.
    pub from: Account,
    /// The operator.
    pub operator: [u8; 20],
    /// Base units of the native asset.
    pub amount: u128,
}

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &Delegate,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let Delegate {
        from,
        operator,
        amount,
    } = *input;
    if amount == 0 {
        return Err(Reject::ZeroAmount.into());
    }
    // What is above it never comes to the sums of stake, so that they cannot overflow before the ledger finds that the account does
    // not have it.
    let limit = MAX_AMOUNT;
    if amount > limit {
        return Err(Reject::TooMuch { amount, limit }.into());
    }
    let (line, ..) = open_line(leaves, operator)?;
    let open = create(leaves, context, from, line, amount)?;
    let mut effects = vec![Effect::Take { from, amount }];
    effects.extend(open.close(leaves)?);
    Ok(effects)
}
