//! Claim rewards: what positions of one owner have earned is paid.
//!
//! ```text
//! leaves   those of `touch` for each position, rewards w
//! ```

use super::check_positions;
use crate::leaves::expect;
use crate::line::Account;
use crate::touch::Open;
use crate::{Context, Effect, Error, Line, LineState, Reject, TypedLeaves};

/// Pays the rewards of positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRewards {
    /// Who owns the positions.
    pub owner: Account,
    /// Their numbers, none twice.
    pub positions: Vec<u64>,
    /// Who is paid.
    pub to: Account,
}

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &ClaimRewards,
) -> Result<Vec<Effect>, Error<L::Error>> {
    check_positions(&input.positions)?;
    let mut effects = Vec::new();
    let mut amount = 0u128;
    for number in &input.positions {
        let mut open = Open::owned(leaves, context, *number, input.owner)?;
        if input.positions.len() > 1 {
            refuse_frozen_lines(leaves, &open)?;
        }
        let collected = open.collect(leaves)?;
        amount = amount
            .checked_add(collected)
            .ok_or(Error::Books("rewards of positions"))?;
        effects.extend(open.close(leaves)?);
    }
    if amount == 0 {
        return Err(Reject::NothingOwed.into());
    }
    let to = input.to;
    effects.push(Effect::Pay { to, amount });
    Ok(effects)
}

/// A position with a frozen line reads a tree of cuts, so it takes a transaction of its own.
fn refuse_frozen_lines<L: TypedLeaves>(leaves: &mut L, open: &Open) -> Result<(), Error<L::Error>> {
    for leg in open.position.legs() {
        let line: Line = expect(leaves, leg.line)?;
        if line.state == LineState::Frozen {
            let number = open.number;
            return Err(Reject::Alone { number }.into());
        }
    }
    Ok(())
}
