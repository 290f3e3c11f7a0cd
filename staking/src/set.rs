//! Sets: members, their power, and the one accessor of the set that stands at a height.

use crate::{Error, Member, MemberLeaf, Reject, Rules, TypedLeaves, ring_place};

/// Seats that a deployment can have at most.
pub const MAX_SEATS: u16 = 512;

/// All that there can be of an asset, in its base units: the root chain's escrow holds no more.
pub const MAX_AMOUNT: u128 = 1 << 112;

/// The least stake for one unit of power, in wei: [`MAX_AMOUNT`] has [`MAX_TOTAL_POWER`] at it.
pub const MIN_UNIT: u128 = 1 << 53;

/// Bound of a set's total power. CometBFT's own is 2^60 − 1, and while a set changes it adds what joins before it takes away
/// what leaves; half of the bound is always safe.
pub const MAX_TOTAL_POWER: u64 = 1 << 59;

/// Power that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PowerError {
    /// The unit is a divisor.
    #[error("the unit of stake is zero; power is stake / unit")]
    ZeroUnit,
    /// One stake or a sum is beyond what consensus can count.
    #[error("power {power} is above the bound {bound}")]
    AboveBound {
        /// The power or sum that was computed.
        power: u128,
        /// The exclusive bound that it must stay below.
        bound: u64,
    },
}

/// Power of a stake, rounded down: the rest of the division has no weight.
pub fn power_down(stake: u128, unit: u128) -> Result<u64, PowerError> {
    let power = stake.checked_div(unit).ok_or(PowerError::ZeroUnit)?;
    bounded(power)
}

/// Total power of a set, at most [`MAX_TOTAL_POWER`].
pub fn total_power(members: &[Member]) -> Result<u64, PowerError> {
    members
        .iter()
        .try_fold(0u64, |total, member| add_power(total, member.power))
}

/// `total + power`, at most [`MAX_TOTAL_POWER`].
pub(crate) fn add_power(total: u64, power: u64) -> Result<u64, PowerError> {
    bounded(u128::from(total).saturating_add(u128::from(power)))
}

fn bounded(power: u128) -> Result<u64, PowerError> {
    u64::try_from(power)
        .ok()
        .filter(|power| *power <= MAX_TOTAL_POWER)
        .ok_or(PowerError::AboveBound {
            power,
            bound: MAX_TOTAL_POWER,
        })
}

/// epoch(h) = (h − 1) / K. Height 0, which is genesis and no block, and K = 0 have none.
pub const fn epoch_of(height: u64, epoch_blocks: u32) -> Option<u64> {
    match height.checked_sub(1) {
        Some(before) => before.checked_div(epoch_blocks as u64),
        None => None,
    }
}

/// Height of the first block of an epoch, `None` where it is beyond u64.
pub const fn first_height(epoch: u64, epoch_blocks: u32) -> Option<u64> {
    match epoch.checked_mul(epoch_blocks as u64) {
        Some(before) => before.checked_add(1),
        None => None,
    }
}

/// The members, in seat order, of the set that signs votes at `height`: the only way to read a set.
///
/// Rejects a height without an epoch and a set that the ring does not hold (any more, or yet).
pub fn set_at<L: TypedLeaves>(
    leaves: &mut L,
    rules: &Rules,
    height: u64,
    epoch_blocks: u32,
) -> Result<Vec<Member>, Error<L::Error>> {
    rules.check()?;
    let epoch = epoch_of(height, epoch_blocks).ok_or(Reject::NoEpoch {
        height,
        epoch_blocks,
    })?;
    let mut members = Vec::new();
    for seat in 0..rules.seats {
        let name = (ring_place(epoch, rules.ring), seat);
        let leaf: Option<MemberLeaf> = leaves.read(name).map_err(Error::Fault)?;
        let held = leaf.as_ref().map(|leaf| leaf.epoch);
        if held != Some(epoch) {
            return Err(Reject::SetNotHeld { epoch, seat, held }.into());
        }
        members.extend(leaf.and_then(|leaf| leaf.member(seat)));
    }
    Ok(members)
}
