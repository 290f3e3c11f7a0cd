//! Reward (pass A of the boundary): lines of the ending epoch's set are paid for their votes, and who was absent is jailed.
//!
//! ```text
//! leaves   rewards w; for each seat: member r, and where one stands: line w, marks of this epoch and the next w (those that are there),
//!          and for an absent one: seat w, one node of each level of the minima w
//! ```
//! A member with votes in half of the counted blocks has its full share by power, below that none; what is not paid stays in the pool,
//! so no proposer gains by leaving votes out. A line that was retired meanwhile is paid and jailed for the sets that it still stands in, in
//! which its stake is at risk; a frozen one is not. A line with votes in fewer than one of `jail_divisor` counted blocks is jailed, in whatever seat
//! it holds now, until the epoch that `jail_end` in `apply.rs` gives: `jail_epochs` after this one. Then its operator asks to return
//! (`unjail`); nothing returns by itself.

use crate::leaves::{expect, read, write};
use crate::line::{Line, LineId, LineState};
use crate::position::share_down;
use crate::stake::put_seat;
use crate::{
    Context, Effect, Error, Mark, MemberLeaf, Rewards, Seat, SeatState, Standing, TypedLeaves,
    ring_place,
};

/// 1/10,000.
const BASIS: u128 = 10_000;

/// What is paid for the votes of some seats. The context's epoch is the one that ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reward {
    /// The seats, each with the number of blocks of the epoch in which its vote stands.
    pub votes: Vec<(u16, u16)>,
    /// Blocks of the epoch in which votes were counted.
    pub counted: u16,
    /// What all members share.
    pub released: u128,
    /// Power of the whole set.
    pub total_power: u64,
}

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &Reward,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let mut rewards: Rewards = expect(leaves, ())?;
    let mut effects = Vec::new();
    let place = ring_place(context.epoch, context.rules.ring);
    for (seat, votes) in &input.votes {
        let member: MemberLeaf = expect(leaves, (place, *seat))?;
        if member.epoch != context.epoch {
            return Err(Error::Books("the ring holds the set of another epoch"));
        }
        let Some(standing) = member.standing else {
            continue;
        };
        let id = standing.line;
        let mut line: Line = expect(leaves, id)?;
        if line.state != LineState::Frozen {
            if votes.saturating_mul(2) >= input.counted && standing.stake > 0 {
                let paid = pay(&mut rewards, &mut line, input, &standing)?;
                effects.push(Effect::Paid {
                    line: id,
                    epoch: context.epoch,
                    stakers: paid.0,
                    commission: paid.1,
                });
            }
            let divisor = u32::from(context.rules.jail_divisor);
            let present = u32::from(*votes).saturating_mul(divisor);
            if divisor != 0 && present < u32::from(input.counted) {
                effects.push(jail(leaves, context, id, &mut line)?);
            }
        }
        keep_marks(leaves, context, id, &line)?;
        write(leaves, id, &line)?;
    }
    write(leaves, (), &rewards)?;
    Ok(effects)
}

/// Pays a line its share: the positions by the index, and the operator its commission; gives both.
fn pay<E>(
    rewards: &mut Rewards,
    line: &mut Line,
    input: &Reward,
    standing: &Standing,
) -> Result<(u128, u128), Error<E>> {
    let books = Error::Books("a reward");
    let power = u128::from(standing.power);
    let reward = share_down(input.released, power, u128::from(input.total_power));
    let split = reward.and_then(|reward| {
        let commission = share_down(reward, u128::from(standing.commission), BASIS)?;
        let rest = reward.checked_sub(commission)?;
        let (index, stakers) = line.index.paid_down(rest, standing.stake)?;
        let owed = line.owed.checked_add(commission)?;
        let paid = commission.checked_add(stakers)?;
        let pool = rewards.pool.checked_sub(paid)?;
        let all_owed = rewards.owed.checked_add(paid)?;
        Some((index, owed, pool, all_owed, stakers, commission))
    });
    let Some((index, owed, pool, all_owed, stakers, commission)) = split else {
        return Err(books);
    };
    line.index = index;
    line.owed = owed;
    *rewards = Rewards {
        pool,
        owed: all_owed,
    };
    Ok((stakers, commission))
}

/// No power from the set of the epoch after next on, until the operator returns.
fn jail<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    id: LineId,
    line: &mut Line,
) -> Result<Effect, Error<L::Error>> {
    let until = context.rules.jail_end(context.epoch);
    line.jailed = until;
    if line.seated() {
        let seat: Seat = expect(leaves, line.seat)?;
        let jailed = Seat {
            state: SeatState::Jailed,
            ..seat
        };
        put_seat(leaves, context, line.seat, &jailed)?;
    }
    Ok(Effect::Jailed {
        line: id,
        epoch: context.epoch,
        until,
    })
}

/// Marks of this epoch and of the next, made by requests before it ended, hold the index through it.
fn keep_marks<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    id: LineId,
    line: &Line,
) -> Result<(), Error<L::Error>> {
    for epoch in [context.epoch, context.epoch.saturating_add(1)] {
        if read::<Mark, _>(leaves, (id, epoch))?.is_some() {
            write(leaves, (id, epoch), &Mark(line.index))?;
        }
    }
    Ok(())
}
