//! Apply: the cuts of a position's lines are taken from what it holds, by anybody. Until then nothing else can be done with it.
//!
//! ```text
//! leaves   those of `touch`; when it is bonded to a seated line: `stake::change`
//! ```
//! A line counts the greatest of its cuts for the epochs in which the position was at risk, and not their sum (`cuts`). A position that
//! was moved and is at risk on two lines keeps the product of what each leaves, rounded down (`held_down` in `position`). What is cut is
//! burned. The cases are in `validator/vectors/rules/stake.json`.

use crate::touch::Open;
use crate::{Context, Effect, Error, TypedLeaves};

/// Applies the cuts of a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplyCut {
    /// The position.
    pub position: u64,
}

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &ApplyCut,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let position = input.position;
    let open = Open::cut(leaves, context, position)?;
    let amount = open.lost();
    let mut effects = vec![Effect::Cut { position, amount }];
    effects.extend(open.close(leaves)?);
    Ok(effects)
}
