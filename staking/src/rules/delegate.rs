//! Delegate: an account puts stake behind the newest line of an operator. An operator that delegates to itself bonds.
//!
//! ```text
//! leaves   operator r, line r, counter w, mark r or made, maturity r, line w; of a seated line: `stake::change`; position made
//! ```
//! The account names the line and the highest commission that it accepts: else an operator whose line has no stake could raise its
//! commission, or retire and open another line, between the signing and the block.

use crate::line::Account;
use crate::stake::check_line;
use crate::touch::create;
use crate::{Context, Effect, Error, LineId, MAX_AMOUNT, Reject, TypedLeaves};

/// Puts `amount` of an account's behind the newest line of an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delegate {
    /// Who pays, and owns the position.
    pub from: Account,
    /// The line that the account knows.
    pub to: LineId,
    /// Base units of the native asset.
    pub amount: u128,
    /// The highest commission, in 1/10,000, that the account accepts.
    pub max_commission: u16,
}

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &Delegate,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let Delegate {
        from,
        to,
        amount,
        max_commission,
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
    check_line(leaves, to, max_commission)?;
    let open = create(leaves, context, from, to, amount)?;
    let mut effects = vec![Effect::Take { from, amount }];
    effects.extend(open.close(leaves)?);
    Ok(effects)
}
