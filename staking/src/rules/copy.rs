//! Copy (pass C of the boundary): a set that would have no member is that of the epoch before, with no stake at risk and no rewards.
//!
//! ```text
//! leaves   for each seat: member of the epoch before r, member w or made
//! ```

use crate::leaves::{expect, write};
use crate::set::add_power;
use crate::{Context, Effect, Error, MemberLeaf, Reject, Rules, Standing, TypedLeaves, ring_place};

/// The members of `epoch` for `count` seats from `first` are those of the epoch before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// The epoch whose members are written, at least 1.
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
    input: &Copy,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let range = Range::new(context.rules, input.first, input.count)?;
    let before = input.epoch.saturating_sub(1);
    let place = ring_place(before, context.rules.ring);
    let mut total = input.total;
    let mut members = Vec::new();
    for seat in range.seats() {
        let held: MemberLeaf = expect(leaves, (place, seat))?;
        if held.epoch != before {
            return Err(Error::Books("the ring holds the set of another epoch"));
        }
        let standing = held.standing.map(|standing| Standing {
            stake: 0,
            ..standing
        });
        let power = standing.as_ref().map_or(0, |standing| standing.power);
        total = add_power(total, power).map_err(Reject::from)?;
        let epoch = input.epoch;
        members.push((seat, MemberLeaf { epoch, standing }));
    }
    write_members(leaves, context, &range, members, total)
}

/// Seats of one step.
pub(crate) struct Range {
    first: u16,
    end: u16,
}

impl Range {
    pub fn new(rules: &Rules, first: u16, count: u16) -> Result<Self, Reject> {
        let end = u32::from(first).saturating_add(u32::from(count));
        match u16::try_from(end) {
            Ok(end) if count > 0 && end <= rules.seats => Ok(Self { first, end }),
            _ => Err(Reject::Range {
                first,
                end,
                seats: rules.seats,
            }),
        }
    }

    pub fn seats(&self) -> std::ops::Range<u16> {
        self.first..self.end
    }
}

pub(crate) fn write_members<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    range: &Range,
    members: Vec<(u16, MemberLeaf)>,
    total: u64,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let mut effects = Vec::new();
    for (seat, leaf) in members {
        let place = ring_place(leaf.epoch, context.rules.ring);
        write(leaves, (place, seat), &leaf)?;
        effects.extend(leaf.member(seat).map(Effect::Member));
    }
    let next = range.end;
    effects.push(Effect::Rolled { next, total });
    Ok(effects)
}
