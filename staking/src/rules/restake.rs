//! Restake: the rewards of a bonded position become a position of their own behind the same line, by its owner or, where the owner
//! allows it, by anybody.
//!
//! ```text
//! leaves   those of `touch`, line r, rewards w, position w, counter w, mark r or made, line w; of a seated line: `stake::change`; position made
//! ```

use crate::leaves::expect;
use crate::line::Account;
use crate::touch::{Open, create};
use crate::{Context, Effect, Error, Line, LineState, Reject, TypedLeaves};

/// Stakes the rewards of a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restake {
    /// Who asks.
    pub by: Account,
    /// The position whose rewards are staked.
    pub position: u64,
}

/// Says whether anybody may restake the rewards of a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowRestake {
    /// Who owns the position.
    pub owner: Account,
    /// Its number.
    pub position: u64,
    /// Whether anybody may.
    pub allowed: bool,
}

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &Restake,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let number = input.position;
    let mut open = Open::any(leaves, context, number)?;
    let owner = open.position.owner;
    let others = owner != input.by;
    if others && !open.position.restake {
        return Err(Reject::RestakeNotAllowed { number }.into());
    }
    if !open.position.is_bonded() {
        return Err(Reject::NotBonded { number }.into());
    }
    let id = open.position.newest().line;
    let line: Line = expect(leaves, id)?;
    if line.state != LineState::Open {
        return Err(Reject::LineClosed.into());
    }
    let amount = open.collect(leaves)?;
    let minimum = context.rules.min_redelegation;
    if amount == 0 {
        return Err(Reject::NothingOwed.into());
    }
    // Else a stranger could leave the owner with many small positions.
    if others && amount < minimum {
        return Err(Reject::TooSmall { amount, minimum }.into());
    }
    let restake = open.position.restake;
    let mut effects = open.close(leaves)?;
    let mut made = create(leaves, context, owner, id, amount)?;
    made.position.restake = restake;
    effects.extend(made.close(leaves)?);
    Ok(effects)
}

pub(crate) fn allow<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &AllowRestake,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let mut open = Open::owned(leaves, context, input.position, input.owner)?;
    open.position.restake = input.allowed;
    open.close(leaves)
}
