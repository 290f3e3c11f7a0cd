//! Merge: two positions of one owner behind one open line become one, when the first epochs of both have matured.
//!
//! ```text
//! leaves   those of `touch` for both
//! ```
//! What either backed before the epochs that have matured cannot be cut any more, so the one that stays begins with the first epoch
//! that has not.

use crate::leaves::expect;
use crate::line::Account;
use crate::position::Position;
use crate::touch::Open;
use crate::{Context, Effect, Error, Line, LineState, Reject, TypedLeaves};

/// Merges a position into another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merge {
    /// Who owns both.
    pub owner: Account,
    /// The position that stays.
    pub first: u64,
    /// The position that goes.
    pub second: u64,
}

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &Merge,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let (first, second) = (input.first, input.second);
    let refused = |why| Reject::NotMergeable { first, second, why };
    if first == second {
        return Err(refused("they are the same").into());
    }
    let mut open = Open::owned(leaves, context, first, input.owner)?;
    let mut other = Open::owned(leaves, context, second, input.owner)?;
    for one in [&open, &other] {
        one.refuse_frozen(leaves)?;
        if one.position.has_two_legs() || !one.position.is_bonded() {
            return Err(refused("each must back one line and nothing else").into());
        }
        if one.position.legs[0].first >= one.maturity.matured {
            return Err(refused("the first epoch of each must have matured").into());
        }
    }
    let [leg, twin] = [open.position.legs[0], other.position.legs[0]];
    let line: Line = expect(leaves, leg.line)?;
    if leg.line != twin.line || line.state != LineState::Open {
        return Err(refused("both must back the same open line").into());
    }
    if leg.index != twin.index || open.position.cuts != [0; 2] || other.position.cuts != [0; 2] {
        return Err(Error::Books("positions of an open line"));
    }
    let sum = |left: u128, right: u128| left.checked_add(right).ok_or(Error::Books("a merge"));
    open.position.base = sum(open.position.base, other.position.base)?;
    open.position.pending = sum(open.position.pending, other.position.pending)?;
    open.position.legs[0].first = open.maturity.matured;
    other.position = Position::gone();
    let mut effects = other.close(leaves)?;
    effects.extend(open.close(leaves)?);
    effects.push(Effect::Merged { first, second });
    Ok(effects)
}
