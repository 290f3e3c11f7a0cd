//! Fund: money from root enters the reward pool.
//!
//! ```text
//! leaves   rewards w
//! ```

use crate::leaves::{expect, write};
use crate::{Context, Effect, Error, Reject, Rewards, TypedLeaves};

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    _: &Context<'_>,
    amount: u128,
) -> Result<Vec<Effect>, Error<L::Error>> {
    if amount == 0 {
        return Err(Reject::NoEffect("the amount is zero").into());
    }
    let rewards: Rewards = expect(leaves, ())?;
    let pool = rewards.pool.checked_add(amount);
    let pool = pool.ok_or(Error::Books("the reward pool"))?;
    write(leaves, (), &Rewards { pool, ..rewards })?;
    Ok(vec![Effect::Funded { amount }])
}
