//! The rules of a block that are not the ledger's: what the record does, and the boundary at an epoch's end.
//!
//! Each function reads and writes leaves through the ledger's port and nothing else, so a court can execute every one of them
//! again from a segment's bytes and witness. Whether the bytes may stand in the block at all was judged before.
//!
//! ```text
//! record      participation of the epoch, share bits of epoch(height - 1)
//! boundary    16 seats a step: member leaves of e+2, running results; the last step fixes the set and ends the epoch record
//! ```

use plasmid_bridge::proof::set::Accumulator;
use plasmid_staking::{self as staking, Effect, Member, epoch_of};

use super::bitmap::Bitmap;
use super::error::Fault;
use super::record::Executing;
use super::sets::staking_rules;
use crate::ledger::leaf::{BoundaryLeaf, EpochRecord, FeePool, Participation, SetLeaf, ShareBits};
use crate::ledger::leaves::{expect, read, write};
use crate::ledger::{Leaves, Parameters, Seats, Slot, ring_place};

/// Seats that one step of the boundary rolls.
pub const BOUNDARY_SEATS: u16 = 16;

/// What every rule may depend on besides the leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// The block's height.
    pub height: u64,
    /// Its time, nanoseconds.
    pub time: u64,
}

impl Moment {
    /// Whole seconds, as checkpoints and messages count.
    pub fn seconds(&self) -> u64 {
        self.time / 1_000_000_000
    }
}

/// Whether `height` is the last of its epoch.
pub fn ends_epoch(height: u64, epoch_blocks: u32) -> bool {
    height != 0 && height.checked_rem(u64::from(epoch_blocks)) == Some(0)
}

/// Applies the record: counts who was present, and adds the new share bits.
///
/// # Errors
/// [`Fault`] when the state is not what the rules write.
pub fn record<L: Leaves>(leaves: &mut L, executing: &Executing) -> Result<(), Fault<L::Error>>
where
    L::Error: std::error::Error + 'static,
{
    let parameters: Parameters = expect(leaves, &Slot::Parameters)?;
    let height = executing.height;
    let epoch = epoch_at(height, &parameters)?;
    let slot = Slot::Participation {
        place: ring_place(epoch, parameters.ring),
    };
    let first = epoch_at(height.saturating_sub(1).max(1), &parameters)? != epoch || height == 1;
    let mut participation = match first {
        true => Participation::default(),
        false => read(leaves, &slot)?.unwrap_or_default(),
    };
    if !first {
        for (seat, count) in (0u16..).zip(participation.0.iter_mut()) {
            *count = count.saturating_add(u16::from(executing.participation.has(seat)));
        }
    }
    write(leaves, &slot, &participation)?;
    let bits = share_bits(leaves, height, &parameters)?;
    let bitmap = Bitmap(bits.bitmap).or(&executing.shares).0;
    write(leaves, &Slot::ShareBits, &ShareBits { bitmap, ..bits })?;
    Ok(())
}

/// The share bits before the block of `height`: those that stand, or none at the first block whose votes are of a new epoch.
///
/// # Errors
/// [`Fault`] when the state is not what the rules write.
pub fn share_bits<L: Leaves>(
    leaves: &mut L,
    height: u64,
    parameters: &Parameters,
) -> Result<ShareBits, Fault<L::Error>>
where
    L::Error: std::error::Error + 'static,
{
    let held: ShareBits = expect(leaves, &Slot::ShareBits)?;
    match epoch_of(height.saturating_sub(1), parameters.epoch_blocks) {
        Some(epoch) if epoch != held.epoch => Ok(ShareBits {
            epoch,
            ..ShareBits::default()
        }),
        _ => Ok(held),
    }
}

/// One step of the boundary at the end of the last block of an epoch; says whether it was the last.
///
/// # Errors
/// [`Fault`] when the state is not what the rules write.
pub fn boundary_step<L: Leaves>(leaves: &mut L, moment: &Moment) -> Result<bool, Fault<L::Error>>
where
    L::Error: std::error::Error + 'static,
{
    let parameters: Parameters = expect(leaves, &Slot::Parameters)?;
    let height = moment.height;
    if !ends_epoch(height, parameters.epoch_blocks) {
        return Err(Fault::NoBoundary { height });
    }
    let ending = epoch_at(height, &parameters)?;
    let mut running: BoundaryLeaf = expect(leaves, &Slot::Boundary)?;
    let fixing = ending.saturating_add(2);
    check_epoch(Slot::Boundary, fixing, running.epoch)?;
    let count = BOUNDARY_SEATS.min(parameters.seats.saturating_sub(running.next_seat));
    let input = staking::Input::Roll {
        epoch: fixing,
        first: running.next_seat,
        count,
        total: running.total_power,
    };
    let rules = staking_rules(&parameters);
    let mut port = Seats::new(leaves, parameters.ring);
    let effects = staking::apply(&mut port, &rules, input).map_err(Fault::staking)?;
    let members: Vec<Member> = effects
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Member(member) => Some(member),
            _ => None,
        })
        .collect();
    name_relayer(leaves, &parameters, ending, running.count, &members)?;
    accumulate(&mut running, &members)?;
    running.next_seat = running.next_seat.saturating_add(count);
    if running.next_seat < parameters.seats {
        write(leaves, &Slot::Boundary, &running)?;
        return Ok(false);
    }
    finish(leaves, &parameters, moment, &running)?;
    Ok(true)
}

/// The boundary leaf before the first step of the boundary that fixes the set of `epoch`.
pub fn idle_boundary(epoch: u64) -> BoundaryLeaf {
    let empty = Accumulator::default();
    BoundaryLeaf {
        epoch,
        next_seat: 0,
        count: 0,
        total_power: 0,
        aggregate_key: empty.aggregate,
        frontier: empty.frontier.map(|hash| hash.0),
    }
}

/// The leaf that commits to a finished set.
pub fn set_leaf(epoch: u64, accumulator: &Accumulator) -> SetLeaf {
    let set = accumulator.finish();
    SetLeaf {
        epoch,
        members_root: set.members_root.0,
        count: set.count,
        aggregate_key: set.aggregate,
        total_power: set.total,
        commitment: set.commitment.0,
    }
}

/// Ends an epoch: the set of e+2 is fixed, the record of e complete, the boundary idle again.
fn finish<L: Leaves>(
    leaves: &mut L,
    parameters: &Parameters,
    moment: &Moment,
    running: &BoundaryLeaf,
) -> Result<(), Fault<L::Error>>
where
    L::Error: std::error::Error + 'static,
{
    let fixing = running.epoch;
    if running.count == 0 {
        return Err(Fault::EmptySet { epoch: fixing });
    }
    let slot = Slot::Set {
        place: ring_place(fixing, parameters.ring),
    };
    write(leaves, &slot, &set_leaf(fixing, &accumulator(running)))?;
    let ending = epoch_at(moment.height, parameters)?;
    let slot = Slot::EpochRecord {
        place: ring_place(ending, parameters.ring),
    };
    let named: EpochRecord = expect(leaves, &slot)?;
    check_epoch(slot, ending, named.epoch)?;
    let pool: FeePool = expect(leaves, &Slot::FeePool)?;
    let ended = EpochRecord {
        last_block_time: moment.seconds(),
        fees: pool.fees_of(ending),
        ..named
    };
    write(leaves, &slot, &ended)?;
    write(
        leaves,
        &Slot::Boundary,
        &idle_boundary(fixing.saturating_add(1)),
    )?;
    Ok(())
}

/// Names who carries the checkpoint of the epoch after the ending one, among the members of the set that will sign it: the one
/// whose number is that epoch modulo the count of the set before, or number 0 when there are fewer members.
fn name_relayer<L: Leaves>(
    leaves: &mut L,
    parameters: &Parameters,
    ending: u64,
    first_number: u16,
    members: &[Member],
) -> Result<(), Fault<L::Error>>
where
    L::Error: std::error::Error + 'static,
{
    let next = ending.saturating_add(1);
    let slot = Slot::Set {
        place: ring_place(next, parameters.ring),
    };
    let before: SetLeaf = expect(leaves, &slot)?;
    check_epoch(slot, next, before.epoch)?;
    let wanted = next.checked_rem(u64::from(before.count)).unwrap_or(0);
    let numbered = (u64::from(first_number)..).zip(members);
    let named = numbered
        .filter(|(number, _)| *number == 0 || *number == wanted)
        .last();
    let Some((_, member)) = named else {
        return Ok(());
    };
    let slot = Slot::EpochRecord {
        place: ring_place(next, parameters.ring),
    };
    let record = EpochRecord {
        epoch: next,
        relayer: member.operator,
        ..EpochRecord::default()
    };
    write(leaves, &slot, &record)?;
    Ok(())
}

fn accumulator(running: &BoundaryLeaf) -> Accumulator {
    Accumulator {
        count: running.count,
        total: running.total_power,
        aggregate: running.aggregate_key,
        frontier: running.frontier.map(Into::into),
    }
}

fn accumulate<E>(running: &mut BoundaryLeaf, members: &[Member]) -> Result<(), Fault<E>>
where
    E: std::error::Error + 'static,
{
    let mut accumulator = accumulator(running);
    for member in members {
        accumulator.push(member).map_err(|why| Fault::Set {
            epoch: running.epoch,
            why,
        })?;
    }
    running.count = accumulator.count;
    running.total_power = accumulator.total;
    running.aggregate_key = accumulator.aggregate;
    running.frontier = accumulator.frontier.map(|hash| hash.0);
    Ok(())
}

fn check_epoch<E>(slot: Slot, expected: u64, found: u64) -> Result<(), Fault<E>>
where
    E: std::error::Error + 'static,
{
    if found != expected {
        return Err(Fault::Epoch {
            slot,
            expected,
            found,
        });
    }
    Ok(())
}

fn epoch_at<E>(height: u64, parameters: &Parameters) -> Result<u64, Fault<E>>
where
    E: std::error::Error + 'static,
{
    epoch_of(height, parameters.epoch_blocks).ok_or(Fault::Height { height })
}
