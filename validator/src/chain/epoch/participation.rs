//! What the record of a block does: it counts whose vote stands in the last commit, and adds the checkpoint shares that the block brings.
//!
//! ```text
//! leaves   parameters r, participation of the epoch w (r, but at the epoch's first block), share bits w
//! made     the participation leaf of a place of the ring that was not used yet
//! ```

use plasmid_staking::epoch_of;

use super::epoch_at;
use crate::chain::bitmap::Bitmap;
use crate::chain::error::ExecutionFault;
use crate::chain::record::Executing;
use crate::ledger::leaf::{Participation, ShareBits};
use crate::ledger::leaves::{expect, read, write};
use crate::ledger::{Leaves, Parameters, Slot, ring_place};

/// Applies the record: counts who was present, and adds the new share bits.
///
/// # Errors
/// [`ExecutionFault`] when the state is not what the rules write.
pub fn record<L: Leaves>(
    leaves: &mut L,
    executing: &Executing,
) -> Result<(), ExecutionFault<L::Error>>
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
/// [`ExecutionFault`] when the state is not what the rules write.
pub fn share_bits<L: Leaves>(
    leaves: &mut L,
    height: u64,
    parameters: &Parameters,
) -> Result<ShareBits, ExecutionFault<L::Error>>
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
