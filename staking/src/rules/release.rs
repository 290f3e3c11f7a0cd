//! Release: what the members of an epoch share. The fees of the epoch, and a drip of the pool as it was before them.
//!
//! ```text
//! leaves   rewards w
//! ```
//! Both stay in the pool until a line is paid, so what nobody is paid never leaves it.

use crate::leaves::{expect, write};
use crate::position::share_down;
use crate::{Context, Effect, Error, Rewards, TypedLeaves, WHOLE};

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    fees: u128,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let rewards: Rewards = expect(leaves, ())?;
    let drip = share_down(
        rewards.pool,
        u128::from(context.rules.drip),
        u128::from(WHOLE),
    );
    let sum = |left: u128, right: u128| left.checked_add(right).ok_or(Error::Books("fees"));
    let amount = sum(fees, drip.ok_or(Error::Books("the drip of the pool"))?)?;
    let pool = sum(rewards.pool, fees)?;
    write(leaves, (), &Rewards { pool, ..rewards })?;
    Ok(vec![Effect::Released { amount }])
}
