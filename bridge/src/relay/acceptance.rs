//! What root keeps of an accepted checkpoint, and when it is final (DESIGN section 10).
//!
//! ```text
//! accepted ──(challenge window passes on root's clock, and a later accepted checkpoint consumed what was due at its τ)──▶ final
//!     └──(a proof of fraud against it or one before it, or nobody shows data of it that root was asked for)──▶ void
//! ```
//! A checkpoint is never final before the one before it is, and never void once it was finalized on root.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, keccak256};

use crate::abi::{IFraudCourt, IRootChain, signer_words};
use crate::proof::checkpoint::Checkpoint;

/// An accepted checkpoint: its content and what root added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// Its epoch.
    pub epoch: u64,
    /// What the validators signed.
    pub digest: B256,
    /// Who submitted it.
    pub carrier: Address,
    /// Its content.
    pub checkpoint: Checkpoint,
    /// The certificate's bitmap by member number.
    pub signers: [u8; 64],
    /// The time of acceptance on root, in seconds.
    pub time: u64,
    /// The root block of acceptance.
    pub block: u64,
    /// Messages due at τ.
    pub due_count: u64,
    /// τ, in seconds.
    pub tau: u64,
}

impl Acceptance {
    /// The word that RootChain keeps of it. It binds all fields but the carrier and τ. Twin: `Checkpoints.record`.
    #[must_use]
    pub fn record(&self) -> B256 {
        let mut bytes = Vec::with_capacity(156);
        bytes.extend_from_slice(b"PREC");
        bytes.extend_from_slice(self.digest.as_slice());
        bytes.extend_from_slice(self.checkpoint.next_set.as_slice());
        bytes.extend_from_slice(&self.signers);
        for number in [self.time, self.block, self.due_count] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        keccak256(bytes)
    }
}

impl From<&Acceptance> for IFraudCourt::Accused {
    fn from(accepted: &Acceptance) -> Self {
        Self {
            checkpoint: IRootChain::Checkpoint::from(&accepted.checkpoint),
            acceptance: IRootChain::Acceptance::from(accepted),
        }
    }
}

impl From<&Acceptance> for IRootChain::Acceptance {
    fn from(accepted: &Acceptance) -> Self {
        Self {
            signers: signer_words(&accepted.signers),
            time: accepted.time,
            blockNumber: accepted.block,
            dueCount: accepted.due_count,
        }
    }
}

/// How far the deployment has come to its end, as RootChain's head says it. None of it is ever taken back: more becomes final, exit mode begins
/// once, and what is void stays void.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeploymentEnd {
    /// Checkpoints that were finalized on root; others may be ripe for it.
    pub finalized: u64,
    /// When exit mode begins or began, in seconds of root's clock, once the deployment is closing.
    pub exit_at: Option<u64>,
    /// The first checkpoint that is void; it and all behind it count no more.
    pub void_from: Option<u64>,
}

impl DeploymentEnd {
    /// What RootChain's head says of it.
    #[must_use]
    pub fn of(head: &IRootChain::Head) -> Self {
        Self {
            finalized: head.finalized,
            exit_at: (head.exitAt != 0).then_some(head.exitAt),
            void_from: (head.standing < head.accepted).then_some(head.standing),
        }
    }

    /// Whether root will accept no checkpoint any more, at root time `now` (seconds).
    #[must_use]
    pub fn is_over(&self, now: u64) -> bool {
        self.void_from.is_some() || self.exit_at.is_some_and(|at| now >= at)
    }

    /// What both say: nothing of it is believed that only one of them says.
    #[must_use]
    pub fn agreed(self, other: Self) -> Self {
        let both = |one: Option<u64>, other: Option<u64>| Some(one?.max(other?));
        Self {
            finalized: self.finalized.min(other.finalized),
            exit_at: both(self.exit_at, other.exit_at),
            void_from: both(self.void_from, other.void_from),
        }
    }

    /// Whether `later` may be what the same contract says in the same block or in a later one.
    #[must_use]
    pub fn may_become(&self, later: &Self) -> bool {
        let is_kept = self.exit_at.is_none() || self.exit_at == later.exit_at;
        let stays_void = |from| later.void_from.is_some_and(|later| later <= from);
        is_kept && self.void_from.is_none_or(stays_void) && self.finalized <= later.finalized
    }
}

/// Why a checkpoint is not final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFinal {
    /// It is not accepted, or its record is not kept any more.
    #[error("no record of an accepted checkpoint {epoch} (accepted are those below {accepted})")]
    Unknown {
        /// The epoch asked for.
        epoch: u64,
        /// Checkpoints accepted.
        accepted: u64,
    },
    /// It is void.
    #[error(
        "root calls checkpoint {from} and all behind it void: a proof of fraud stands against it, or nobody showed data of it that root was asked for"
    )]
    Void {
        /// The first one that is void.
        from: u64,
    },
    /// The window is open.
    #[error("the challenge window is open until root time {until}, and it is {now}")]
    Window {
        /// The first second after the window.
        until: u64,
        /// Root's clock.
        now: u64,
    },
    /// It skipped messages that were due.
    #[error(
        "it left out messages that were due: {due_count} were due and only {consumed} are consumed under an accepted checkpoint"
    )]
    Skipped {
        /// Messages that were due.
        due_count: u64,
        /// Messages that the newest accepted checkpoint consumed.
        consumed: u64,
    },
}

/// Whether checkpoint `epoch` is final at root time `now` (seconds), with a challenge window of `window_secs`. Twin: `RootChain.isFinal`, but for
/// challenges of data, which only root knows: they can hold it up longer.
///
/// Accepted checkpoints have times that never fall and due counts that never fall, so the ones before it are final when it is.
pub fn is_final(
    records: &BTreeMap<u64, Acceptance>,
    end: &DeploymentEnd,
    epoch: u64,
    now: u64,
    window_secs: u64,
) -> Result<(), NotFinal> {
    let newest = records.last_key_value();
    let Some(record) = records.get(&epoch) else {
        let accepted = newest.map_or(0, |(newest, _)| newest.saturating_add(1));
        return Err(NotFinal::Unknown { epoch, accepted });
    };
    if epoch < end.finalized {
        return Ok(());
    }
    if let Some(from) = end.void_from.filter(|from| epoch >= *from) {
        return Err(NotFinal::Void { from });
    }
    let until = record.time.saturating_add(window_secs);
    if now < until {
        return Err(NotFinal::Window { until, now });
    }
    let consumed = newest.map_or(0, |(_, newest)| newest.checkpoint.inbox_cursor);
    let exited = end.exit_at.is_some_and(|at| now >= at);
    if record.due_count > consumed && !exited {
        return Err(NotFinal::Skipped {
            due_count: record.due_count,
            consumed,
        });
    }
    Ok(())
}

/// The newest final checkpoint.
pub fn newest_final<'a>(
    records: &'a BTreeMap<u64, Acceptance>,
    end: &DeploymentEnd,
    now: u64,
    window_secs: u64,
) -> Option<&'a Acceptance> {
    records
        .values()
        .rev()
        .find(|record| is_final(records, end, record.epoch, now, window_secs).is_ok())
}

#[cfg(test)]
mod tests;
