//! Pass A of the boundary: what an epoch earned is given to the lines of its set, and who was absent is jailed.
//!
//! ```text
//! leaves   participation of e r, set of e r, fee pool w (the first step), and those of `staking::rules::reward` for 8 seats
//! ```
//! The relayer's reserve of the epoch's fees stays in the fee pool until its checkpoint is accepted; the other fees go to the reward
//! pool before anything is given from it.

use plasmid_staking::rules::reward::Reward;
use plasmid_staking::{Effect, Input};

use super::check_epoch;
use crate::chain::error::ExecutionFault;
use crate::ledger::event::{self, Event};
use crate::ledger::leaf::{BoundaryLeaf, FeePool, Participation, Pass, SetLeaf};
use crate::ledger::leaves::{expect, write};
use crate::ledger::rules::acceptance::{reserve_down, take_from_pool};
use crate::ledger::{Leaves, Parameters, Slot, ring_place, stake};

/// Seats that one step pays.
pub(super) const REWARD_SEATS: u16 = 8;

/// One step; the last one makes pass B the next. Says who was paid and who was jailed.
pub(super) fn step<L: Leaves>(
    leaves: &mut L,
    parameters: &Parameters,
    ending: u64,
    mut running: BoundaryLeaf,
) -> Result<Vec<Event>, ExecutionFault<L::Error>>
where
    L::Error: std::error::Error + 'static,
{
    if running.next_seat == 0 {
        running.released = release(leaves, parameters, ending)?;
    }
    let first = running.next_seat;
    let end = parameters.seats.min(first.saturating_add(REWARD_SEATS));
    let place = ring_place(ending, parameters.ring);
    let participation: Participation = expect(leaves, &Slot::Participation { place })?;
    let slot = Slot::Set { place };
    let set: SetLeaf = expect(leaves, &slot)?;
    check_epoch(slot, ending, set.epoch)?;
    let all = (0u16..).zip(participation.0);
    let input = Input::Reward(Reward {
        votes: all
            .filter(|(seat, _)| (first..end).contains(seat))
            .collect(),
        counted: counted_blocks(parameters),
        released: running.released,
        total_power: set.total_power,
    });
    let effects =
        stake::apply_at(leaves, parameters, ending, &input).map_err(ExecutionFault::stake)?;
    running.next_seat = end;
    if end == parameters.seats {
        running.pass = Pass::Roll;
        running.next_seat = 0;
        running.released = 0;
    }
    write(leaves, &Slot::Boundary, &running)?;
    Ok(event::of_stake(&effects).collect())
}

/// Votes for the last block of an epoch stand in the first one of the next, and are not counted.
fn counted_blocks(parameters: &Parameters) -> u16 {
    let counted = parameters.epoch_blocks.saturating_sub(1);
    u16::try_from(counted).unwrap_or(u16::MAX)
}

/// Moves the fees of the epoch, less the relayer's reserve, into the reward pool; what its members share.
fn release<L: Leaves>(
    leaves: &mut L,
    parameters: &Parameters,
    ending: u64,
) -> Result<u128, ExecutionFault<L::Error>>
where
    L::Error: std::error::Error + 'static,
{
    let pool: FeePool = expect(leaves, &Slot::FeePool)?;
    let fees = pool.fees_of(ending);
    let others = fees.saturating_sub(reserve_down(parameters, fees));
    take_from_pool(leaves, others)?;
    let input = Input::Release(others);
    let effects =
        stake::apply_at(leaves, parameters, ending, &input).map_err(ExecutionFault::stake)?;
    let released = effects.iter().map(|effect| match effect {
        Effect::Released { amount } => *amount,
        _ => 0,
    });
    Ok(released.fold(0, u128::saturating_add))
}
