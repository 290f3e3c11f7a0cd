//! How many checkpoints root can have accepted, whatever an endpoint says: no more than epochs that can be over.
//!
//! What an endpoint says becomes the floor of a new sign state, which never comes down. So a number that cannot be must not get there.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::{client::max_epochs, ledger::Parameters};

/// Where this node's own chain stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Epochs that are over.
    pub epochs: u64,
    /// Time of its newest block, in Unix seconds.
    pub time: u64,
    /// The shortest time that an epoch can take.
    pub epoch_secs: u64,
}

impl Reach {
    /// How far a chain can be whose newest block has this height and this time in Unix seconds.
    #[must_use]
    pub fn of(height: u64, time: u64, parameters: &Parameters) -> Self {
        Self {
            epochs: height
                .checked_div(parameters.epoch_blocks.into())
                .unwrap_or(0),
            time,
            epoch_secs: (parameters.epoch_time_ms() / 1_000).max(1),
        }
    }

    /// The most checkpoints that root can have accepted by the date of this machine. Members that agree wait for the block time after each
    /// block, so a node that was away for long knows of them within what the time allows.
    #[must_use]
    pub fn max_accepted(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        self.max_accepted_at(now.map_or(0, |now| now.as_secs()))
    }

    pub(super) fn max_accepted_at(&self, now: u64) -> u64 {
        max_epochs(self.epochs, self.time, now, self.epoch_secs)
    }
}
