//! Freeze and release of a whole epoch: two certificates were shown for it, so every position that was at risk in it waits until the
//! court has frozen all who signed both.
//!
//! ```text
//! leaves   maturity w
//! ```

use crate::freezes::Maturity;
use crate::leaves::{expect, write};
use crate::{Context, Effect, Error, TypedLeaves};

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
    Ok(Vec::new())
}

pub(crate) fn release<L: TypedLeaves>(
    leaves: &mut L,
    _: &Context<'_>,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let maturity: Maturity = expect(leaves, ())?;
    let freezes = maturity.freezes.without_one();
    write(
        leaves,
        (),
        &Maturity {
            freezes,
            ..maturity
        },
    )?;
    Ok(Vec::new())
}
