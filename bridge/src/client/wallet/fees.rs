//! What a wallet pays, and how long it is patient.

use std::time::Duration;

/// What a wallet pays, and how long it is patient.
#[derive(Clone, Copy, Debug)]
pub struct FeePolicy {
    /// The smallest tip, and the one that is offered when the node suggests none, in wei per gas.
    pub min_tip: u128,
    /// The largest tip that is taken on a node's suggestion, in wei per gas: a node that lies must not be able to spend the account. What
    /// replaces a transaction offers more, up to [`MAX_TIP_RAISE`] times this.
    pub max_tip: u128,
    /// The most that is ever offered per gas, base fee and tip together, in wei.
    pub max_fee: u128,
    /// The most that one transaction may cost in gas, in wei; no limit when none.
    pub max_cost: Option<u128>,
    /// The options by which a person raises the limits, where there are some.
    pub options: Option<Options>,
    /// Between two looks for a receipt.
    pub poll: Duration,
    /// Without a receipt for this long, the transaction is replaced by one with higher fees.
    pub stuck: Duration,
    /// Without a receipt for this long, waiting ends.
    pub give_up: Duration,
}

/// By how much a tip may pass the largest one that is suggested, because a replacement must offer an eighth more: six of them, which is
/// enough for a transaction that was sent at the limit.
pub const MAX_TIP_RAISE: u128 = 2;

/// The names of the options that raise the limits of a [`FeePolicy`].
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The name of the option for `max_fee`.
    pub max_fee: &'static str,
    /// The name of the option for `max_tip`, where there is one.
    pub max_tip: Option<&'static str>,
    /// The name of the option for `max_cost`, where there is one.
    pub max_cost: Option<&'static str>,
}

impl FeePolicy {
    /// The largest tip that is ever offered, in wei per gas.
    #[must_use]
    pub fn max_offered_tip(&self) -> u128 {
        let largest = self.max_tip.max(self.min_tip);
        largest.saturating_mul(MAX_TIP_RAISE)
    }
}

impl Default for FeePolicy {
    fn default() -> Self {
        Self {
            min_tip: 1_000_000,
            max_tip: 10_000_000_000,
            max_fee: 500_000_000_000,
            max_cost: None,
            options: None,
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

    /// These, but not more than `cap` wei for `gas` where the base fee of now leaves room: what is offered is twice the base fee and the tip.
    pub fn within(self, cap: u128, gas: u64) -> Self {
        let base = self.max.saturating_sub(self.tip) / 2;
        let needed = base.saturating_add(self.tip);
        let allowed = cap.checked_div(u128::from(gas)).unwrap_or(u128::MAX);
        Self {
            max: self.max.min(allowed.max(needed)),
            tip: self.tip,
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
