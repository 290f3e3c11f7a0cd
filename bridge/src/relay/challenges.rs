//! Challenges of accepted checkpoints' data, by the events of DataChallenges (PROTOCOL section 13).
//!
//! ```text
//! Challenged ──▶ open ──(Answered | PaidBack)──▶ forgotten
//!                  └─(Withheld)──▶ open still: its money waits for `refund`
//! ```

use std::collections::BTreeMap;
use std::fmt;

use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolEvent, SolEventInterface};

use super::seen::Log;
use crate::abi::IDataChallenges;

#[cfg(test)]
mod tests;

/// The kind of a challenge of a segment, as the contract counts.
const SEGMENT: u8 = 1;
/// The kind of a challenge of a leaf.
const LEAF: u8 = 2;

/// A part of an accepted checkpoint that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DataTarget {
    /// Segment `number` of block `block` (its place in the epoch), whether there is one or not.
    Segment {
        /// The epoch of the checkpoint.
        epoch: u64,
        /// The block's place in the epoch.
        block: u32,
        /// The segment's place in the block.
        number: u32,
    },
    /// The leaf at an index of the state, whether there is one or not.
    Leaf {
        /// The epoch of the checkpoint.
        epoch: u64,
        /// The leaf's index.
        index: u32,
    },
}

impl DataTarget {
    /// The epoch of the checkpoint.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        match self {
            Self::Segment { epoch, .. } | Self::Leaf { epoch, .. } => *epoch,
        }
    }

    /// From what the contract says; none where it is no target.
    #[must_use]
    pub fn of(told: &IDataChallenges::Target) -> Option<Self> {
        let (epoch, number) = (told.epoch, told.number);
        match (told.kind, told.place) {
            (SEGMENT, block) => Some(Self::Segment {
                epoch,
                block,
                number,
            }),
            (LEAF, 0) => Some(Self::Leaf {
                epoch,
                index: number,
            }),
            _ => None,
        }
    }
}

impl From<DataTarget> for IDataChallenges::Target {
    fn from(target: DataTarget) -> Self {
        let (kind, epoch, place, number) = match target {
            DataTarget::Segment {
                epoch,
                block,
                number,
            } => (SEGMENT, epoch, block, number),
            DataTarget::Leaf { epoch, index } => (LEAF, epoch, 0, index),
        };
        Self {
            epoch,
            kind,
            place,
            number,
        }
    }
}

impl fmt::Display for DataTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment {
                epoch,
                block,
                number,
            } => write!(f, "segment {number} of block {block} of epoch {epoch}"),
            Self::Leaf { epoch, index } => {
                write!(f, "leaf {index} of the state at the end of epoch {epoch}")
            }
        }
    }
}

/// A challenge that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataChallenge {
    /// Who asked, and is paid back where nobody answers.
    pub challenger: Address,
    /// What was paid in, in wei.
    pub price: U256,
    /// Behind this time of root, in seconds, it makes the checkpoint void.
    pub deadline: u64,
    /// Whether it did: then its money waits.
    pub is_expired: bool,
}

/// The challenges that are open, as the events say that were heard.
#[derive(Clone, Debug, Default)]
pub struct ChallengeBook {
    open: BTreeMap<DataTarget, DataChallenge>,
}

impl ChallengeBook {
    /// The challenges that are open, ascending by what they ask for.
    pub fn open(&self) -> impl Iterator<Item = (&DataTarget, &DataChallenge)> {
        self.open.iter()
    }

    /// Takes an event in, in the order of the chain.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn hear(&mut self, log: &Log) -> Result<(), String> {
        use IDataChallenges::IDataChallengesEvents as Event;
        let event = Event::decode_raw_log(&log.topics, &log.data).map_err(|error| {
            format!(
                "event {} of block {} is none of DataChallenges: {error}",
                log.index, log.block
            )
        })?;
        match event {
            Event::Challenged(e) => {
                let target = told((e.epoch, e.kind, e.place, e.number), log)?;
                let challenge = DataChallenge {
                    challenger: e.challenger,
                    price: e.price,
                    deadline: e.deadline,
                    is_expired: false,
                };
                self.open.insert(target, challenge);
            }
            Event::Answered(e) => {
                self.open
                    .remove(&told((e.epoch, e.kind, e.place, e.number), log)?);
            }
            Event::PaidBack(e) => {
                self.open
                    .remove(&told((e.epoch, e.kind, e.place, e.number), log)?);
            }
            Event::Withheld(e) => {
                let target = told((e.epoch, e.kind, e.place, e.number), log)?;
                if let Some(one) = self.open.get_mut(&target) {
                    one.is_expired = true;
                }
            }
        }
        Ok(())
    }

    /// The topics of its events.
    #[must_use]
    pub const fn topics() -> [alloy_primitives::B256; 4] {
        [
            IDataChallenges::Challenged::SIGNATURE_HASH,
            IDataChallenges::Answered::SIGNATURE_HASH,
            IDataChallenges::PaidBack::SIGNATURE_HASH,
            IDataChallenges::Withheld::SIGNATURE_HASH,
        ]
    }
}

fn told(
    (epoch, kind, place, number): (u64, u8, u32, u32),
    log: &Log,
) -> Result<DataTarget, String> {
    let told = IDataChallenges::Target {
        epoch,
        kind,
        place,
        number,
    };
    DataTarget::of(&told).ok_or_else(|| {
        format!(
            "event {} of block {} names a challenge of kind {kind} in place {place}, which the contract does not take",
            log.index, log.block
        )
    })
}
