//! What a leg of a position reads of its line: the marks that its rewards begin and end at, and the greatest cut of what it backed.
//!
//! ```text
//! leaves   line r, marks first − 1 and last r (or made), 7 cut nodes r (a frozen line only)
//! ```

use crate::cuts::{self, SPAN};
use crate::index::{Index, Mark};
use crate::leaves::{expect, read, write};
use crate::line::{Line, LineState};
use crate::position::Leg;
use crate::{Context, Error, LineId, TypedLeaves};

/// A leg that begins in the epoch after next, with the mark that its rewards begin at.
pub(crate) fn begin<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    id: LineId,
) -> Result<Leg, Error<L::Error>> {
    let line: Line = expect(leaves, id)?;
    let before = context.epoch.saturating_add(1);
    make_mark(leaves, (id, before), &line)?;
    Ok(Leg::bonded(id, before.saturating_add(1)))
}

/// Makes the mark of an epoch with the line's index of this moment; one that is there already is right.
pub(crate) fn make_mark<L: TypedLeaves>(
    leaves: &mut L,
    name: (LineId, u64),
    line: &Line,
) -> Result<(), Error<L::Error>> {
    match read::<Mark, _>(leaves, name)? {
        Some(_) => Ok(()),
        None => write(leaves, name, &Mark(line.index)),
    }
}

/// The index of the leg's line through an epoch.
pub(crate) fn mark<L: TypedLeaves>(
    leaves: &mut L,
    leg: &Leg,
    epoch: u64,
) -> Result<Index, Error<L::Error>> {
    let Mark(index) = expect(leaves, (leg.line, epoch))?;
    Ok(index)
}

/// The line's index up to which the leg has earned by now.
pub(crate) fn index_to<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    leg: &Leg,
) -> Result<Index, Error<L::Error>> {
    match leg.last < context.epoch {
        true => mark(leaves, leg, leg.last),
        false => {
            let line: Line = expect(leaves, leg.line)?;
            Ok(line.index)
        }
    }
}

/// The greatest cut of the line in the epochs that the leg backed.
pub(crate) fn cut_of<L: TypedLeaves>(leaves: &mut L, leg: &Leg) -> Result<u32, Error<L::Error>> {
    let line: Line = expect(leaves, leg.line)?;
    if line.state != LineState::Frozen {
        return Ok(0);
    }
    let (first, last) = (leg.first.max(line.cut_base), leg.last.min(line.until));
    let top = SPAN.saturating_sub(1);
    let offset = |epoch: u64| {
        epoch
            .checked_sub(line.cut_base)
            .map(|behind| behind.min(top))
    };
    let (Some(from), Some(to)) = (offset(first), offset(last)) else {
        return Ok(0);
    };
    if first > last || first.saturating_sub(line.cut_base) > top {
        return Ok(0);
    }
    let narrow = |offset: u64| u16::try_from(offset).unwrap_or(u16::MAX);
    cuts::greatest(leaves, leg.line, narrow(from), narrow(to))
}
