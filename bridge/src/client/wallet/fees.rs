//! What a wallet pays, and how long it is patient.

use std::time::Duration;

/// What a wallet pays, and how long it is patient.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// The tip when the node suggests none, and the least one, in wei per gas.
    pub least_tip: u128,
    /// The most that is ever offered per gas, base fee and tip together, in wei.
    pub most_fee: u128,
    /// Between two looks for a receipt.
    pub poll: Duration,
    /// Without a receipt for so long, the transaction is replaced by one with higher fees.
    pub stuck: Duration,
    /// Without a receipt for so long, waiting ends.
    pub give_up: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            least_tip: 1_000_000,
            most_fee: 500_000_000_000,
            poll: Duration::from_millis(250),
            stuck: Duration::from_secs(45),
            give_up: Duration::from_secs(600),
        }
    }
}

/// Wei per gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// At most, base fee and tip together.
    pub max: u128,
    /// For the block's producer.
    pub tip: u128,
}

impl Fees {
    /// The least fees that nodes accept in place of these: an eighth more, rounded up, of each.
    pub fn bumped_up(self) -> Self {
        let bump = |fee: u128| fee.saturating_add(fee.div_ceil(8)).saturating_add(1);
        Self {
            max: bump(self.max),
            tip: bump(self.tip),
        }
    }

    /// The larger of each.
    pub fn at_least(self, other: Self) -> Self {
        Self {
            max: self.max.max(other.max),
            tip: self.tip.max(other.tip),
        }
    }
}
