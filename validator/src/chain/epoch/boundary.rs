//! The boundary: what ends an epoch e, in steps that each fit a segment.
//!
//! ```text
//! pass A   reward   8 seats a step: lines of set e are paid and jailed (`reward`)
//! pass B   roll     16 seats a step: what they hold becomes set e+2
//! pass C   copy     16 seats a step, only when pass B found no member: set e+2 is set e+1 without stake
//!
//! leaves   parameters r, boundary w; A: see `reward`; B and C: set of e+1 r, 16 seats r (C: 16 members of e+1 r), 16 members of
//!          e+2 w, epoch record of e+1 w (`relayer`)
//!          the last step, instead of only the boundary: set of e+2 w, epoch record of e w, fee pool r
//! made     members, set and epoch record, in places of the ring that were not used yet
//! ```
//! The boundary leaf says which step is next. Behind the last step it has one idle value an epoch ([`idle_boundary`]), whatever has
//! passed it: a court takes any other value for missing steps.

use plasmid_bridge::proof::set::Accumulator;
use plasmid_staking::rules::{copy::Copy, roll::Roll};
use plasmid_staking::{Input, Member, epoch_of};

use super::relayer::name_relayer;
use super::set::{members_of, set_leaf};
use super::{Moment, check_epoch, ends_epoch, epoch_at, reward};
use crate::chain::error::ExecutionFault;
use crate::chain::overlay::{Overlay, Reads};
use crate::ledger::event::Event;
use crate::ledger::leaf::{BoundaryLeaf, EpochRecord, FeePool, InboxLeaf, Pass, SetLeaf};
use crate::ledger::leaves::{expect, write};
use crate::ledger::{Leaves, Parameters, Slot, ring_place, stake};
use alloy_primitives::B256;

/// Seats that one step of passes B and C fixes.
const BOUNDARY_SEATS: u16 = 16;

/// Steps of a boundary at most: pass A, pass B, and pass C where nobody is left.
pub fn max_steps(seats: u16) -> u32 {
    let paid = u32::from(seats.div_ceil(reward::REWARD_SEATS));
    let fixed = u32::from(seats.div_ceil(BOUNDARY_SEATS));
    paid.saturating_add(fixed).saturating_add(fixed)
}

/// What one step of the boundary did.
#[derive(Debug)]
pub struct Step {
    /// Whether it was the last.
    pub last: bool,
    /// What happened, for those who search: at most a payment and a jailing for each seat, and the set at the end.
    pub events: Vec<Event>,
}

/// One step of the boundary at the end of the last block of an epoch.
///
/// # Errors
/// [`ExecutionFault`] when the state is not what the rules write.
pub fn step<L: Leaves>(leaves: &mut L, moment: &Moment) -> Result<Step, ExecutionFault<L::Error>>
where
    L::Error: std::error::Error + 'static,
{
    let parameters: Parameters = expect(leaves, &Slot::Parameters)?;
    let height = moment.height;
    if !ends_epoch(height, parameters.epoch_blocks) {
        return Err(ExecutionFault::NoBoundary { height });
    }
    let ending = epoch_at(height, &parameters)?;
    let running: BoundaryLeaf = expect(leaves, &Slot::Boundary)?;
    check_epoch(Slot::Boundary, ending.saturating_add(2), running.epoch)?;
    match running.pass {
        Pass::Reward => Ok(Step {
            last: false,
            events: reward::step(leaves, &parameters, ending, running)?,
        }),
        Pass::Roll | Pass::Copy => {
            let fixed = fix(leaves, &parameters, moment, ending, running)?;
            Ok(Step {
                last: fixed.is_some(),
                events: fixed.into_iter().collect(),
            })
        }
    }
}

/// One step of pass B or C; the last one tells the set.
fn fix<L: Leaves>(
    leaves: &mut L,
    parameters: &Parameters,
    moment: &Moment,
    ending: u64,
    mut running: BoundaryLeaf,
) -> Result<Option<Event>, ExecutionFault<L::Error>>
where
    L::Error: std::error::Error + 'static,
{
    let count = BOUNDARY_SEATS.min(parameters.seats.saturating_sub(running.next_seat));
    let (epoch, first, total) = (running.epoch, running.next_seat, running.total_power);
    let input = match running.pass {
        Pass::Copy => Input::Copy(Copy {
            epoch,
            first,
            count,
            total,
        }),
        _ => Input::Roll(Roll {
            epoch,
            first,
            count,
            total,
        }),
    };
    let effects =
        stake::apply_at(leaves, parameters, ending, &input).map_err(ExecutionFault::stake)?;
    let members = members_of(effects);
    name_relayer(leaves, parameters, ending, running.count, &members)?;
    accumulate(&mut running, &members)?;
    running.next_seat = running.next_seat.saturating_add(count);
    if running.next_seat < parameters.seats {
        write(leaves, &Slot::Boundary, &running)?;
        return Ok(None);
    }
    if running.count == 0 && running.pass == Pass::Roll {
        let copying = BoundaryLeaf {
            pass: Pass::Copy,
            ..idle_boundary(running.epoch)
        };
        write(leaves, &Slot::Boundary, &copying)?;
        return Ok(None);
    }
    finish(leaves, parameters, moment, &running).map(Some)
}

/// The boundary leaf before the first step of the boundary that fixes the set of `epoch`.
pub fn idle_boundary(epoch: u64) -> BoundaryLeaf {
    let empty = Accumulator::default();
    BoundaryLeaf {
        epoch,
        pass: Pass::Reward,
        released: 0,
        next_seat: 0,
        count: 0,
        total_power: 0,
        aggregate_key: empty.aggregate,
        frontier: empty.frontier.map(|hash| hash.0),
    }
}

/// Ends an epoch: the set of e+2 is fixed, the record of e complete, the boundary idle again.
fn finish<L: Leaves>(
    leaves: &mut L,
    parameters: &Parameters,
    moment: &Moment,
    running: &BoundaryLeaf,
) -> Result<Event, ExecutionFault<L::Error>>
where
    L::Error: std::error::Error + 'static,
{
    let fixing = running.epoch;
    if running.count == 0 {
        return Err(ExecutionFault::EmptySet { epoch: fixing });
    }
    let slot = Slot::Set {
        place: ring_place(fixing, parameters.ring),
    };
    let set = set_leaf(fixing, &accumulator(running));
    write(leaves, &slot, &set)?;
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
    Ok(Event::Set {
        epoch: fixing,
        members: set.count,
        power: set.total_power,
        commitment: set.commitment.into(),
        copied: running.pass == Pass::Copy,
    })
}

fn accumulator(running: &BoundaryLeaf) -> Accumulator {
    Accumulator {
        count: running.count,
        total: running.total_power,
        aggregate: running.aggregate_key,
        frontier: running.frontier.map(Into::into),
    }
}

fn accumulate<E>(running: &mut BoundaryLeaf, members: &[Member]) -> Result<(), ExecutionFault<E>>
where
    E: std::error::Error + 'static,
{
    let mut accumulator = accumulator(running);
    for member in members {
        accumulator
            .push(member)
            .map_err(|why| ExecutionFault::Set {
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

/// The end of an epoch, as its checkpoint tells it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EpochEnd {
    /// The epoch.
    pub epoch: u64,
    /// Time of its last block, seconds.
    pub last_block_time: u64,
    /// Inbox messages consumed.
    pub inbox_cursor: u64,
    /// The inbox link at that cursor.
    pub inbox_link: B256,
    /// Set commitment of e+2.
    pub next_set: B256,
    /// Who is paid first for carrying the checkpoint.
    pub relayer: [u8; 20],
}

/// What the checkpoint needs, when the block ends an epoch.
///
/// # Errors
/// [`ExecutionFault`] when the state is not what the rules write.
pub(crate) fn ended<R: Reads>(
    overlay: &mut Overlay<'_, R>,
    moment: &Moment,
    parameters: &Parameters,
) -> Result<Option<EpochEnd>, ExecutionFault<R::Error>> {
    if !ends_epoch(moment.height, parameters.epoch_blocks) {
        return Ok(None);
    }
    let height = moment.height;
    let epoch =
        epoch_of(height, parameters.epoch_blocks).ok_or(ExecutionFault::Height { height })?;
    let place = |epoch| ring_place(epoch, parameters.ring);
    let record: EpochRecord = expect(
        overlay,
        &Slot::EpochRecord {
            place: place(epoch),
        },
    )?;
    let slot = Slot::Set {
        place: place(epoch.saturating_add(2)),
    };
    let set: SetLeaf = expect(overlay, &slot)?;
    let inbox: InboxLeaf = expect(overlay, &Slot::Inbox)?;
    Ok(Some(EpochEnd {
        epoch,
        last_block_time: record.last_block_time,
        inbox_cursor: inbox.cursor,
        inbox_link: inbox.link.into(),
        next_set: set.commitment.into(),
        relayer: record.relayer,
    }))
}
