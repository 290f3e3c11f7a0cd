//! The one way in: inputs, effects, and the rules between them.

use crate::leaf::{Key, ring_place};
use crate::leaves::expect;
use crate::minima::{self, Weight};
use crate::set::add_power;
use crate::{
    MAX_SEATS, Member, MemberLeaf, Place, PowerError, Seat, SeatState, TypedLeaves, power_down,
};

/// Parameters of the deployment that staking needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// N, 1 to 512.
    pub seats: u16,
    /// Stake for one unit of power.
    pub unit: u128,
    /// Epochs whose sets are kept.
    pub ring: u32,
}

impl Rules {
    pub(crate) fn check(&self) -> Result<(), Reject> {
        if self.seats == 0 || self.seats > MAX_SEATS {
            return Err(Reject::Seats { seats: self.seats });
        }
        if self.unit == 0 {
            return Err(PowerError::ZeroUnit.into());
        }
        Ok(())
    }
}

/// What staking is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// An operator takes an empty seat. `total` is the power of all other seats, so that the bound on the sum is kept.
    Place {
        /// The seat, the operator with its keys, and the stake that it brings.
        place: Place,
        /// Power of all other seats, in units of stake.
        total: u64,
    },
    /// The entries of `epoch` for `count` seats from `first` are fixed by what the seats hold now. `total` is the power
    /// of the seats rolled before.
    Roll {
        /// The epoch whose member entries are written.
        epoch: u64,
        /// The first seat of the range, from 0.
        first: u16,
        /// How many seats the range has, at least 1.
        count: u16,
        /// Power of the seats that were rolled before this range, in units of stake.
        total: u64,
    },
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A seat was taken.
    Seated {
        /// The seat that was taken, from 0.
        seat: u16,
        /// The operator's address on root, 20 bytes.
        operator: [u8; 20],
        /// Its stake in base units of the native asset.
        stake: u128,
        /// Its power: stake divided by the unit, rounded down.
        power: u64,
    },
    /// The weakest seat after the change.
    Weakest(Weight),
    /// A member of the epoch that is being rolled, in seat order.
    Member(Member),
    /// The range is done; power of all seats rolled so far.
    Rolled {
        /// The first seat after the range, from 0.
        next: u16,
        /// Power of all seats rolled so far, this range included.
        total: u64,
    },
}

/// Why an input is refused; nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reject {
    /// N out of bounds.
    #[error("{seats} seats; a deployment has 1 to 512")]
    Seats {
        /// Number of seats that the rules name.
        seats: u16,
    },
    /// A range or a seat beyond the last.
    #[error("seats {first} to {end} (excluded) of {seats}: out of range or empty")]
    Range {
        /// The first seat of the range, from 0.
        first: u16,
        /// The first seat after the range.
        end: u32,
        /// Number of seats of the deployment.
        seats: u16,
    },
    /// Someone sits there.
    #[error("seat {seat} is {state:?}; only an empty one can be placed")]
    Taken {
        /// The seat that was asked for, from 0.
        seat: u16,
        /// The state that the seat is in.
        state: SeatState,
    },
    /// The zero account holds no seat.
    #[error("seat {seat} cannot be given to the zero address")]
    NoOperator {
        /// The seat that was asked for, from 0.
        seat: u16,
    },
    /// Less than one unit.
    #[error("stake {stake} is below one unit of {unit}: it would have no power")]
    BelowUnit {
        /// The stake offered, in base units of the native asset.
        stake: u128,
        /// Base units of stake for one unit of power.
        unit: u128,
    },
    /// Power out of bounds.
    #[error(transparent)]
    Power(#[from] PowerError),
    /// No epoch at this height.
    #[error("height {height} has no epoch of {epoch_blocks} blocks")]
    NoEpoch {
        /// The height that was asked for.
        height: u64,
        /// Length of an epoch in blocks.
        epoch_blocks: u32,
    },
    /// The ring holds another epoch there, or none.
    #[error(
        "the set of epoch {epoch} is not held at seat {seat}: the ring has epoch {held:?} there"
    )]
    SetNotHeld {
        /// The epoch whose set was asked for.
        epoch: u64,
        /// The seat whose entry shows it, from 0.
        seat: u16,
        /// The epoch that the ring holds at this place; `None` when the place was never written.
        held: Option<u64>,
    },
}

/// Refused input, or a broken port.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error<E> {
    /// The input is refused.
    #[error(transparent)]
    Reject(#[from] Reject),
    /// The port failed.
    #[error("the leaves cannot be read or written")]
    Fault(E),
    /// A leaf that genesis makes is not there: the node is broken.
    #[error("the leaf {0:?} is missing; genesis makes it")]
    Missing(Key),
}

/// Applies one input. On a reject nothing was written.
pub fn apply<L: TypedLeaves>(
    leaves: &mut L,
    rules: &Rules,
    input: Input,
) -> Result<Vec<Effect>, Error<L::Error>> {
    rules.check()?;
    match input {
        Input::Place { place, total } => place_seat(leaves, rules, place, total),
        Input::Roll {
            epoch,
            first,
            count,
            total,
        } => roll(
            leaves,
            rules,
            epoch,
            Range::new(rules, first, count)?,
            total,
        ),
    }
}

struct Range {
    first: u16,
    end: u16,
}

impl Range {
    fn new(rules: &Rules, first: u16, count: u16) -> Result<Self, Reject> {
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
}

fn place_seat<L: TypedLeaves>(
    leaves: &mut L,
    rules: &Rules,
    place: Place,
    total: u64,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let Place {
        seat,
        operator,
        registration,
        consensus_key,
        checkpoint_key,
        stake,
    } = place;
    Range::new(rules, seat, 1)?;
    let before: Seat = expect(leaves, seat)?;
    if before.state != SeatState::Empty {
        return Err(Reject::Taken {
            seat,
            state: before.state,
        }
        .into());
    }
    if operator == [0; 20] {
        return Err(Reject::NoOperator { seat }.into());
    }
    let power = power_down(stake, rules.unit).map_err(Reject::from)?;
    if power == 0 {
        return Err(Reject::BelowUnit {
            stake,
            unit: rules.unit,
        }
        .into());
    }
    add_power(total, power).map_err(Reject::from)?;
    let weakest = minima::update(leaves, rules.seats, Weight { stake, seat })?;
    let value = Seat {
        state: SeatState::Active,
        operator,
        registration,
        consensus_key,
        checkpoint_key,
        stake,
    };
    leaves.write(seat, &value).map_err(Error::Fault)?;
    Ok(vec![
        Effect::Seated {
            seat,
            operator,
            stake,
            power,
        },
        Effect::Weakest(weakest),
    ])
}

fn roll<L: TypedLeaves>(
    leaves: &mut L,
    rules: &Rules,
    epoch: u64,
    range: Range,
    mut total: u64,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let mut entries = Vec::new();
    for seat in range.first..range.end {
        let held: Seat = expect(leaves, seat)?;
        let power = power_down(held.weight(), rules.unit).map_err(Reject::from)?;
        total = add_power(total, power).map_err(Reject::from)?;
        let member = (power > 0).then(|| member_of(seat, held, power));
        entries.push((seat, member));
    }
    let mut effects = Vec::new();
    let place = ring_place(epoch, rules.ring);
    for (seat, member) in entries {
        let leaf = MemberLeaf::new(epoch, member.as_ref());
        leaves.write((place, seat), &leaf).map_err(Error::Fault)?;
        effects.extend(member.map(Effect::Member));
    }
    effects.push(Effect::Rolled {
        next: range.end,
        total,
    });
    Ok(effects)
}

fn member_of(seat: u16, held: Seat, power: u64) -> Member {
    let Seat {
        operator,
        registration,
        consensus_key,
        checkpoint_key,
        ..
    } = held;
    Member {
        seat,
        operator,
        registration,
        consensus_key,
        checkpoint_key,
        power,
    }
}
