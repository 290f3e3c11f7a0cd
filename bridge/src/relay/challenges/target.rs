//! What a challenge asks for.

use std::fmt;
use std::ops::RangeInclusive;

use alloy_primitives::{Address, B256, keccak256};
use serde::{Deserialize, Serialize};

use crate::abi::IDataChallenges;

/// The kind of a challenge of a segment, as the contract counts.
const SEGMENT: u8 = 1;
/// The kind of a challenge of a leaf.
pub(super) const LEAF: u8 = 2;

/// A part of an accepted checkpoint that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// All targets of a checkpoint, as ranges of their order.
    #[must_use]
    pub fn all_of(epoch: u64) -> [RangeInclusive<Self>; 2] {
        let segment = |end| Self::Segment {
            epoch,
            block: end,
            number: end,
        };
        let leaf = |index| Self::Leaf { epoch, index };
        [segment(0)..=segment(u32::MAX), leaf(0)..=leaf(u32::MAX)]
    }

    /// The target that an event names by these words: epoch, kind, place and number.
    #[must_use]
    pub fn told((epoch, kind, place, number): (u64, u8, u32, u32)) -> Option<Self> {
        Self::of(&IDataChallenges::Target {
            epoch,
            kind,
            place,
            number,
        })
    }

    /// The kind, as the contract counts.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Segment { .. } => SEGMENT,
            Self::Leaf { .. } => LEAF,
        }
    }

    /// The epoch of the checkpoint.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        match self {
            Self::Segment { epoch, .. } | Self::Leaf { epoch, .. } => *epoch,
        }
    }

    /// Its place in the order of one watcher: each has another one, so that they do not all do the same.
    #[must_use]
    pub fn place_of(&self, beneficiary: &Address) -> B256 {
        let IDataChallenges::Target {
            epoch,
            kind,
            place,
            number,
        } = (*self).into();
        let mut bytes = beneficiary.to_vec();
        bytes.extend_from_slice(&epoch.to_be_bytes());
        bytes.push(kind);
        bytes.extend_from_slice(&place.to_be_bytes());
        bytes.extend_from_slice(&number.to_be_bytes());
        keccak256(bytes)
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
