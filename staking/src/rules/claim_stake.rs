//! Claim stake: what an ended position holds is paid, with its rewards, when every epoch that it backed has matured.
//!
//! ```text
//! leaves   those of `touch`, rewards w
//! ```

use crate::line::Account;
use crate::position::Position;
use crate::touch::Open;
use crate::{Context, Effect, Error, Reject, TypedLeaves};

/// Pays an ended position out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimStake {
    /// Who owns the position.
    pub owner: Account,
    /// Its number.
    pub position: u64,
    /// Who is paid.
    pub to: Account,
}

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &ClaimStake,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let number = input.position;
    let mut open = Open::owned(leaves, context, number, input.owner)?;
    let matured = open.maturity.matured;
    if open.position.is_bonded() {
        return Err(Reject::Bonded { number }.into());
    }
    let last = open.position.legs().map(|leg| leg.last).max().unwrap_or(0);
    if last >= matured {
        return Err(Reject::NotMatured {
            number,
            last,
            matured,
        }
        .into());
    }
    open.refuse_frozen(leaves)?;
    let rewards = open.collect(leaves)?;
    let amount = open
        .held()
        .checked_add(rewards)
        .ok_or(Error::Books("a position that is paid out"))?;
    open.position = Position::gone();
    open.effects.push(Effect::Pay {
        to: input.to,
        amount,
    });
    open.close(leaves)
}
