//! Claim rewards: what positions of one owner have earned is paid.
//!
//! ```text
//! leaves   those of `touch` for each position, rewards w
//! ```

use super::check_positions;
use crate::leaves::{expect, read};
use crate::line::Account;
use crate::touch::Open;
use crate::{Context, Effect, Error, Line, LineState, Position, Reject, TypedLeaves};

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
        if input.positions.len() > 1 {
            refuse_frozen_lines(leaves, *number)?;
        }
        let mut open = Open::owned(leaves, context, *number, input.owner)?;
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

/// A position with a frozen line reads a tree of cuts, so it takes a transaction of its own. This is found before the tree is read: what
/// a refused transaction has read counts as well.
fn refuse_frozen_lines<L: TypedLeaves>(leaves: &mut L, number: u64) -> Result<(), Error<L::Error>> {
    let position: Option<Position> = read(leaves, number)?;
    for leg in position.iter().flat_map(Position::legs) {
        let line: Line = expect(leaves, leg.line)?;
        if line.state == LineState::Frozen {
            return Err(Reject::Alone { number }.into());
        }
    }
    Ok(())
}
