//! Settle: the court says what an offence costs. The freeze ends, and every position that was at risk in that epoch has a cut to apply.
//!
//! ```text
//! leaves   registration r, line w, four nodes of the tree of cuts w or made
//! ```

use super::freeze::line_of;
use crate::cuts::{self, WHOLE};
use crate::leaves::write;
use crate::{Context, Effect, Error, LineState, Reject, TypedLeaves};

/// An offence that root has settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settle {
    /// The operator.
    pub operator: [u8; 20],
    /// The registration whose key offended.
    pub registration: u64,
    /// The epoch of the offence.
    pub epoch: u64,
    /// What is cut, in 1/10^9; more than the whole is the whole.
    pub fraction: u64,
}

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    _: &Context<'_>,
    input: &Settle,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let (id, mut line) = line_of(leaves, input.operator, input.registration)?;
    if line.state != LineState::Frozen {
        return Err(Reject::NoEffect("nothing of this line was frozen").into());
    }
    line.freezes = line.freezes.without_one();
    write(leaves, id, &line)?;
    let (registration, epoch) = (input.registration, input.epoch);
    let mut settled = 0;
    let behind = input.epoch.checked_sub(line.cut_base);
    if let Some(offset) = behind.and_then(|behind| u16::try_from(behind).ok()) {
        let fraction = u32::try_from(input.fraction).unwrap_or(WHOLE).min(WHOLE);
        cuts::record(leaves, id, offset, fraction)?;
        settled = fraction;
    }
    Ok(vec![Effect::Settled {
        line: id,
        registration,
        epoch,
        fraction: settled,
    }])
}
