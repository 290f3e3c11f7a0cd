//! What the state tree refuses.

use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::tree::ProofError;

/// Why the tree refused; it is unchanged then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    #[error("the leaf of {key} has kind {found:#04x}, the change {given:#04x}")]
    Kind { key: Hash, found: u8, given: u8 },
    #[error("the leaf of {key} is {found} bytes wide, the change {given}")]
    Width {
        key: Hash,
        found: usize,
        given: usize,
    },
    #[error("the value of {key} is {width} bytes wide, more than 1024")]
    TooWide { key: Hash, width: usize },
    #[error("key zero is the sentinel's")]
    Sentinel,
    #[error("key {key} changes twice in one segment")]
    Repeated { key: Hash },
    #[error("the tree holds 2^32 - 1 leaves, its most")]
    Full,
    #[error("leaf {index} does not exist, the tree has {count}")]
    OutOfRange { index: u32, count: u32 },
    #[error("key {key} is not absent, it stands at leaf {index}")]
    Present { key: Hash, index: u32 },
    #[error(transparent)]
    Indices(#[from] ProofError),
    #[error("the state of epoch {epoch} is not kept; kept are {first:?} to {last:?}")]
    UnknownEpoch {
        epoch: u64,
        first: Option<u64>,
        last: Option<u64>,
    },
    #[error(
        "what changed since epoch {epoch} is on disk; in memory are the epochs from {first} on"
    )]
    OnDisk { epoch: u64, first: u64 },
    #[error("epoch {given} was marked after epoch {last}")]
    EpochOrder { last: u64, given: u64 },
    #[error("the history of epoch {epoch} leads to state root {computed}, marked was {marked}")]
    History {
        epoch: u64,
        marked: Hash,
        computed: Hash,
    },
    #[error("leaf {index} does not restore: {reason}")]
    Restore { index: u32, reason: &'static str },
}
