//! The rules: one file for each input, or for two that belong together (leave and retire, edit and describe, restake and the permission for it,
//! a freeze of an epoch and its release), with the leaves that they touch in its header.
//!
//! The cases that a second implementation has to answer in the same way (vectors) are in `validator/vectors/rules/`: what users send in
//! `stake.json`, what the court and the registry send in `court.json` and `registration.json`, money for the pool in `funding.json`, what
//! matures in `maturity.json`, misbehavior in `tombstone.json`, and the passes of the boundary in `reward.json` (with `release`), `roll.json`
//! and `copy.json`. A test names the rule that has none.

use crate::touch::Open;
use crate::{Context, Effect, Error, Reject, TypedLeaves};

pub mod apply_cut;
pub mod cancel;
pub mod claim_commission;
pub mod claim_rewards;
pub mod claim_stake;
pub mod copy;
pub mod delegate;
pub mod edit;
pub mod epoch_freeze;
pub mod freeze;
pub mod fund;
pub mod leave;
pub mod mature;
pub mod merge;
pub mod redelegate;
pub mod register;
pub mod release;
pub mod restake;
pub mod reward;
pub mod roll;
pub mod settle;
pub mod take_seat;
pub mod tombstone;
pub mod undelegate;
pub mod unjail;

/// Positions that one transaction collects the rewards of, at most.
pub const MAX_POSITIONS: usize = 7;

/// The bonded position, or a part of it with `amount` of its base and the rest. Where the position still waits for another line's epochs, a
/// rest has at least the least amount of a redelegation: else whoever doomed that line could cut its stake into pieces, each of which somebody
/// else has to apply the cut to (as in `cancel`). The whole can always go.
fn part_of<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    mut open: Open,
    amount: u128,
) -> Result<(Option<Open>, Open), Error<L::Error>> {
    let number = open.number;
    if !open.position.is_bonded() {
        return Err(Reject::NotBonded { number }.into());
    }
    let held = open.position.base;
    if amount > held {
        return Err(Reject::NotEnough { amount, held }.into());
    }
    // Also a whole of nothing, which is what a first leg that was cut in whole leaves: it ends like any other.
    if amount == held {
        return Ok((None, open));
    }
    if amount == 0 {
        return Err(Reject::ZeroAmount.into());
    }
    let part = open.split(leaves, context, amount)?;
    let (rest, minimum) = (open.held(), context.rules.min_redelegation);
    if open.position.has_two_legs() && rest < minimum {
        return Err(Reject::RestTooSmall { rest, minimum }.into());
    }
    Ok((Some(open), part))
}

/// Writes what [`part_of`] gave, the rest first.
fn close_both<L: TypedLeaves>(
    leaves: &mut L,
    rest: Option<Open>,
    part: Open,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let mut effects = match rest {
        Some(rest) => rest.close(leaves)?,
        None => Vec::new(),
    };
    effects.extend(part.close(leaves)?);
    Ok(effects)
}

/// 1 to [`MAX_POSITIONS`] positions, none twice.
fn check_positions(positions: &[u64]) -> Result<(), Reject> {
    let count = positions.len();
    let twice = (1..count).any(|place| {
        positions
            .get(place)
            .is_some_and(|number| positions.iter().take(place).any(|other| other == number))
    });
    let limit = MAX_POSITIONS;
    match count == 0 || count > limit || twice {
        true => Err(Reject::Positions { count, limit }),
        false => Ok(()),
    }
}
