//! Roll (pass B of the boundary): what seats hold becomes the set of an epoch.
//!
//! ```text
//! leaves   for each seat: seat r, member w or made
//! ```
//! Nothing is chosen here. Who has a seat is decided whenever somebody takes one: see `take_seat`, and `minima` for ties.

use super::copy::{Range, write_members};
use crate::leaves::expect;
use crate::set::add_power;
use crate::{Context, Effect, Error, MemberLeaf, Reject, Seat, Standing, TypedLeaves, power_down};

/// The members of `epoch` for `count` seats from `first` are what the seats hold now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roll {
    /// The epoch whose members are written.
    pub epoch: u64,
    /// The first seat of the range, from 0.
    pub first: u16,
    /// How many seats the range has, at least 1.
    pub count: u16,
    /// Power of the seats before this range, in units of stake.
    pub total: u64,
}

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &Roll,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let range = Range::new(context.rules, input.first, input.count)?;
    let mut total = input.total;
    let mut members = Vec::new();
    for seat in range.seats() {
        let held: Seat = expect(leaves, seat)?;
        let power = power_down(held.weight(), context.rules.unit).map_err(Reject::from)?;
        total = add_power(total, power).map_err(Reject::from)?;
        let standing = (power > 0).then_some(Standing {
            line: held.line,
            registration: held.registration,
            consensus_key: held.consensus_key,
            checkpoint_key: held.checkpoint_key,
            power,
            stake: held.stake,
            commission: held.commission,
        });
        let epoch = input.epoch;
        members.push((seat, MemberLeaf { epoch, standing }));
    }
    write_members(leaves, context, &range, members, total)
}
