//! How far the checkpoint of a withdrawal has come, and whether it can still become void.

use plasmid_bridge::relay::acceptance::Acceptance;

/// How far the checkpoint has come under whose state the withdrawal was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoidRisk {
    /// Nothing can make it void any more.
    Final,
    /// The next claim makes it final. Until then it can be made void.
    Ripe,
    /// The time in which it can be made void goes on.
    Open,
    /// It can be made void, although its time may be over: data of the checkpoint of this epoch is asked for on root, or was answered and is still
    /// judged. Without an epoch its time is over, and a message is skipped, or one before it is not final.
    Held(Option<u64>),
}

impl VoidRisk {
    /// Its name in outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::Ripe => "ripe",
            Self::Open => "open",
            Self::Held(_) => "held",
        }
    }
}

/// Until when a checkpoint is not final in any case; `now` and the time in which it can be challenged are root's.
pub fn open_until(accepted: &Acceptance, (now, window): (u64, u64)) -> Option<u64> {
    let until = accepted.time.saturating_add(window);
    (now < until).then_some(until)
}

/// What is known of the checkpoint of an epoch that is not final; `held` is the first one that a challenge of data keeps from being final.
pub fn waiting(
    (epoch, held): (u64, Option<u64>),
    open_until: Option<u64>,
    is_ripe: bool,
) -> VoidRisk {
    match (held.filter(|held| *held <= epoch), open_until) {
        (Some(held), _) => VoidRisk::Held(Some(held)),
        (None, _) if is_ripe => VoidRisk::Ripe,
        (None, Some(_)) => VoidRisk::Open,
        (None, None) => VoidRisk::Held(None),
    }
}
