//! Edit: an operator changes the commission of its newest line, its bounds, and the least stake of its own; or what it says of itself.
//!
//! ```text
//! leaves   operator r, line w, maturity r, seat w, one node of each level of the minima w
//!          describe: operator r, description w or made
//! ```
//! What delegators rely on moves one way only: the bounds of the commission fall, the least own stake rises. A commission changes by at
//! most its step, and only when the epoch of the last change has matured. A line without stake that never had a seat sets it freely from 0 at any
//! time, and else once an epoch: each rise makes useless what waits to be delegated to it, and costs its operator one fee.

use crate::freezes::Maturity;
use crate::leaves::{expect, read, write};
use crate::stake::{open_line, settle_seat};
use crate::{Context, Description, Effect, Error, Line, Operator, Reject, TypedLeaves};

/// Changes what the operator's newest line promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The operator, who is the sender.
    pub operator: [u8; 20],
    /// The commission, in 1/10,000, when it changes.
    pub commission: Option<u16>,
    /// The most that it may become, when that falls.
    pub max_commission: Option<u16>,
    /// The most that one change may be, when that falls.
    pub commission_step: Option<u16>,
    /// The least stake of its own, when that rises.
    pub min_self_stake: Option<u128>,
}

/// Changes what an operator says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Describe {
    /// The operator, who is the sender.
    pub operator: [u8; 20],
    /// What it says.
    pub description: Box<[u8; 256]>,
}

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &Edit,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let (id, _, mut line) = open_line(leaves, input.operator)?;
    let maturity: Maturity = expect(leaves, ())?;
    promise(context.epoch, &maturity, &mut line, input)?;
    let effects = settle_seat(leaves, context, id, &mut line)?;
    write(leaves, id, &line)?;
    Ok(effects)
}

pub(crate) fn describe<L: TypedLeaves>(
    leaves: &mut L,
    _: &Context<'_>,
    input: &Describe,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let _: Operator = read(leaves, input.operator)?.ok_or(Reject::NoOperator)?;
    write(leaves, input.operator, &Description(*input.description))?;
    Ok(Vec::new())
}

/// Changes what a line promises, in `epoch`.
pub(crate) fn promise(
    epoch: u64,
    maturity: &Maturity,
    line: &mut Line,
    input: &Edit,
) -> Result<(), Reject> {
    narrow(line, input)?;
    if let Some(commission) = input.commission {
        change_commission(epoch, maturity, line, commission)?;
    }
    match line.commission > line.max_commission {
        true => Err(refused(
            line.commission,
            "it is above the maximum of the line",
        )),
        false => Ok(()),
    }
}

/// Moves the bounds, each one way only.
fn narrow(line: &mut Line, input: &Edit) -> Result<(), Reject> {
    let one_way = |what, way| Reject::OneWay { what, way };
    if let Some(most) = input.max_commission {
        if most > line.max_commission {
            return Err(one_way("the maximum of the commission", "lowered"));
        }
        line.max_commission = most;
    }
    if let Some(step) = input.commission_step {
        if step > line.commission_step {
            return Err(one_way("the greatest change of the commission", "lowered"));
        }
        line.commission_step = step;
    }
    if let Some(least) = input.min_self_stake {
        if least < line.min_self_stake {
            return Err(one_way("the least stake of the operator's own", "raised"));
        }
        if least > line.self_stake {
            return Err(Reject::SelfStakeBelow {
                own: line.self_stake,
                minimum: least,
            });
        }
        line.min_self_stake = least;
    }
    Ok(())
}

fn change_commission(
    epoch: u64,
    maturity: &Maturity,
    line: &mut Line,
    commission: u16,
) -> Result<(), Reject> {
    let fresh = line.stake == 0 && line.until == 0;
    let free = fresh && (line.commission == 0 || line.changed < epoch);
    if !free && line.commission.abs_diff(commission) > line.commission_step {
        return Err(refused(
            commission,
            "it would change by more than the step of the line",
        ));
    }
    if !free && line.changed >= maturity.matured {
        return Err(refused(
            commission,
            "the epoch of the last change has not matured",
        ));
    }
    line.commission = commission;
    line.changed = epoch;
    Ok(())
}

const fn refused(commission: u16, why: &'static str) -> Reject {
    Reject::Commission { commission, why }
}
