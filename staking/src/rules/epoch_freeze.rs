//! Freeze and release of a whole epoch: two certificates were shown for it, so every position that was at risk in it waits until the
//! court has frozen all who signed both.
//!
//! Epochs go on to mature meanwhile, and what was not at risk in a frozen one moves. A freeze has no end of its own: whoever is to be cut
//! would wait for it. Anybody can bring it to its release on the root chain, by showing the seats that signed both.
//!
//! ```text
//! leaves   maturity w
//! ```

use crate::freezes::Maturity;
use crate::leaves::{expect, write};
use crate::{Context, Effect, Error, Reject, TypedLeaves};

pub(crate) fn freeze<L: TypedLeaves>(
    leaves: &mut L,
    _: &Context<'_>,
    epoch: u64,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let maturity: Maturity = expect(leaves, ())?;
    let freezes = maturity.freezes.with(epoch);
    write(
        leaves,
        (),
        &Maturity {
            freezes,
            ..maturity
        },
    )?;
    Ok(vec![Effect::EpochFrozen { epoch }])
}

pub(crate) fn release<L: TypedLeaves>(
    leaves: &mut L,
    _: &Context<'_>,
    epoch: u64,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let maturity: Maturity = expect(leaves, ())?;
    if !maturity.freezes.meets(epoch, epoch) {
        return Err(Reject::NoEffect("the epoch is not frozen").into());
    }
    let freezes = maturity.freezes.without_one();
    write(
        leaves,
        (),
        &Maturity {
            freezes,
            ..maturity
        },
    )?;
    Ok(vec![Effect::EpochReleased { epoch }])
}
