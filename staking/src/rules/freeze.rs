//! Freeze: the court has been shown an offence. Nothing of the line that was at risk in that epoch moves until it is settled, and the
//! line is closed for ever.
//!
//! ```text
//! leaves   registration r, line w; of a line that no offence has frozen yet: maturity r; of a seated one then: seat w, one node of
//!          each level of the minima w
//! ```

use crate::freezes::Maturity;
use crate::leaves::{expect, read, write};
use crate::line::{Line, LineId, LineState};
use crate::stake::lose_seat;
use crate::{Context, Effect, Error, Loss, Registration, Reject, TypedLeaves};

/// An offence that is open on root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// The operator.
    pub operator: [u8; 20],
    /// The registration whose key offended.
    pub registration: u64,
    /// The epoch of the offence.
    pub epoch: u64,
}

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &Freeze,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let (id, mut line) = line_of(leaves, input.operator, input.registration)?;
    let mut effects = Vec::new();
    if line.state != LineState::Frozen {
        let maturity: Maturity = expect(leaves, ())?;
        let mut base = maturity.matured.min(input.epoch);
        if maturity.freezes.count > 0 {
            base = base.min(maturity.freezes.lowest);
        }
        line.cut_base = base;
        if line.seated() {
            effects.push(lose_seat(leaves, context, id, &mut line, Loss::Frozen)?);
        }
        line.state = LineState::Frozen;
        effects.push(Effect::Closed { line: id });
    }
    line.freezes = line.freezes.with(input.epoch);
    write(leaves, id, &line)?;
    effects.push(Effect::Frozen {
        line: id,
        registration: input.registration,
        epoch: input.epoch,
    });
    Ok(effects)
}

/// The line that a registration signs for.
pub(crate) fn line_of<L: TypedLeaves>(
    leaves: &mut L,
    operator: [u8; 20],
    number: u64,
) -> Result<(LineId, Line), Error<L::Error>> {
    let registration: Option<Registration> = read(leaves, (operator, number))?;
    let Some(registration) = registration else {
        return Err(Reject::NoEffect("the registration is not known").into());
    };
    let line = registration.line;
    let id = LineId { operator, line };
    let held = expect(leaves, id)?;
    Ok((id, held))
}
