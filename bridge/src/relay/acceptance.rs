//! What root keeps of an accepted checkpoint, and when it is final (DESIGN section 10).
//!
//! ```text
//! accepted ──(challenge window passes on root's clock, and a later accepted checkpoint consumed what was due at its τ)──▶ final
//! ```
//! A checkpoint is never final before the one before it is.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, keccak256};

use crate::abi::{IRootChain, signer_words};
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

/// Whether checkpoint `epoch` is final at root time `now` (seconds), with a challenge window of `window_secs`.
///
/// Accepted checkpoints have times that never fall and due counts that never fall, so the ones before it are final when it is.
pub fn is_final(
    records: &BTreeMap<u64, Acceptance>,
    epoch: u64,
    now: u64,
    window_secs: u64,
) -> Result<(), NotFinal> {
    let newest = records.last_key_value();
    let Some(record) = records.get(&epoch) else {
        let accepted = newest.map_or(0, |(newest, _)| newest.saturating_add(1));
        return Err(NotFinal::Unknown { epoch, accepted });
    };
    let until = record.time.saturating_add(window_secs);
    if now < until {
        return Err(NotFinal::Window { until, now });
    }
    let consumed = newest.map_or(0, |(_, newest)| newest.checkpoint.inbox_cursor);
    if record.due_count > consumed {
        return Err(NotFinal::Skipped {
            due_count: record.due_count,
            consumed,
        });
    }
    Ok(())
}

/// The newest final checkpoint.
pub fn newest_final(
    records: &BTreeMap<u64, Acceptance>,
    now: u64,
    window_secs: u64,
) -> Option<&Acceptance> {
    records
        .values()
        .rev()
        .find(|record| is_final(records, record.epoch, now, window_secs).is_ok())
}
