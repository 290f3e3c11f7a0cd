//! What a watcher reports, or does on root.

use alloy_primitives::{Address, B256, keccak256};
use serde::{Deserialize, Serialize};

use super::{CourtTimes, MAX_PROVE_STAGGER, MAX_STAGGER, MIN_AGE, OffenceId};
use crate::relay::challenges::DataTarget;

/// What is reported, or done on root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Subject {
    /// One offence.
    Offence(OffenceId),
    /// Evidence of two certificates against all who signed both.
    Certificates {
        /// The epoch of the offences.
        epoch: u64,
        /// The hash of the evidence.
        evidence: B256,
    },
    /// The members whom two certificates showed, until each of them is frozen.
    Overlap {
        /// The epoch of the offences.
        epoch: u64,
        /// Its number in the Court.
        number: u64,
    },
    /// An accepted checkpoint that breaks a rule.
    Checkpoint {
        /// Its epoch.
        epoch: u64,
    },
    /// A challenge of an accepted checkpoint's data.
    Data {
        /// What is asked for.
        target: DataTarget,
    },
}

impl Subject {
    /// The epoch of its offences.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        match self {
            Self::Offence(OffenceId { epoch, .. })
            | Self::Certificates { epoch, .. }
            | Self::Overlap { epoch, .. }
            | Self::Checkpoint { epoch } => *epoch,
            Self::Data { target } => target.epoch(),
        }
    }

    /// How many blocks later than the first one a watcher sends what others could send as well: by whom it pays, so that mostly one
    /// of several pays, and so few that all are in time.
    #[must_use]
    pub fn stagger(&self, times: &CourtTimes, beneficiary: &Address) -> u64 {
        let mut bytes = beneficiary.to_vec();
        bytes.extend_from_slice(&self.epoch().to_be_bytes());
        match self {
            Self::Offence(one) => bytes.extend_from_slice(one.operator.as_slice()),
            Self::Certificates { evidence, .. } => bytes.extend_from_slice(evidence.as_slice()),
            Self::Overlap { number, .. } => bytes.extend_from_slice(&number.to_be_bytes()),
            Self::Checkpoint { .. } => {}
            Self::Data { target } => bytes.extend_from_slice(target.to_string().as_bytes()),
        }
        let hash = keccak256(bytes);
        let word = hash.first_chunk().copied().map_or(0, u64::from_be_bytes);
        let room = match self {
            Self::Checkpoint { .. } | Self::Data { .. } => MAX_PROVE_STAGGER,
            _ => (times.reveal_blocks.saturating_sub(MIN_AGE) / 2).min(MAX_STAGGER),
        };
        word.checked_rem(room.saturating_add(1)).unwrap_or(0)
    }
}
