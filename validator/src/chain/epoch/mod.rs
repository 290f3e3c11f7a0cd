//! Epochs: what a block does to the running one, and what its last block leaves behind.
//!
//! ```text
//! every block              participation   votes counted by seat, share bits by member number
//! last block of epoch e    reward          8 seats a step: lines are paid for their votes, or jailed
//!                          boundary        16 seats a step: member leaves of e+2, running results; the last step ends the epoch
//!                          relayer         who carries the checkpoint of e+1
//!                          set             the set of e+2 and its commitment; what the engine is told about it
//! ```
//! The rules read and write leaves through the ledger's port and nothing else, so a court can execute every one of them again
//! from a segment's bytes and witness.

use plasmid_staking::epoch_of;

use super::error::ExecutionFault;
use crate::ledger::{Parameters, Slot};

pub mod boundary;
pub mod participation;
mod relayer;
mod reward;
pub mod set;
#[cfg(test)]
mod tests;

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

/// That a leaf of a ring or of the boundary holds the epoch that is asked for.
fn check_epoch<E>(slot: Slot, expected: u64, found: u64) -> Result<(), ExecutionFault<E>>
where
    E: std::error::Error + 'static,
{
    if found != expected {
        return Err(ExecutionFault::Epoch {
            slot,
            expected,
            found,
        });
    }
    Ok(())
}

fn epoch_at<E>(height: u64, parameters: &Parameters) -> Result<u64, ExecutionFault<E>>
where
    E: std::error::Error + 'static,
{
    epoch_of(height, parameters.epoch_blocks).ok_or(ExecutionFault::Height { height })
}
