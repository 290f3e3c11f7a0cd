//! What the state tree refuses.

use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::tree::ProofError;

/// The range of epochs whose state is kept, in words.
fn kept(first: Option<u64>, last: Option<u64>) -> String {
    match (first, last) {
        (Some(first), Some(last)) => format!("those of epochs {first} to {last} are kept"),
        _ => "no state of an epoch is kept".to_owned(),
    }
}

/// Why the tree refused; it is unchanged then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// A change names another kind than the leaf has; a leaf never changes its kind.
    #[error("the leaf of {key} has kind {found:#04x}, the change {given:#04x}")]
    Kind {
        /// Key of the leaf.
        key: Hash,
        /// Kind of the leaf in the tree.
        found: u8,
        /// Kind that the change names.
        given: u8,
    },
    /// A change has another width than the leaf; a leaf never changes its width.
    #[error("the leaf of {key} is {found} bytes wide, the change {given}")]
    Width {
        /// Key of the leaf.
        key: Hash,
        /// Width of the leaf's value in the tree, in bytes.
        found: usize,
        /// Width of the value in the change, in bytes.
        given: usize,
    },
    /// A new value is wider than a leaf may be (PROTOCOL section 3).
    #[error("the value of {key} is {width} bytes wide, more than 1024")]
    TooWide {
        /// Key of the leaf.
        key: Hash,
        /// Width of the value, in bytes.
        width: usize,
    },
    /// A change names the key zero, which is the sentinel's.
    #[error("key zero is the sentinel's")]
    Sentinel,
    /// One segment changes one key twice.
    #[error("key {key} changes twice in one segment")]
    Repeated {
        /// Key of the leaf.
        key: Hash,
    },
    /// The tree has no index left for a new leaf.
    #[error("the tree holds 2^32 - 1 leaves, which is the maximum")]
    Full,
    /// An index was asked for at which there is no leaf.
    #[error("leaf {index} does not exist, the tree has {count}")]
    OutOfRange {
        /// The index that was asked for, from 0.
        index: u32,
        /// Number of leaves of the tree.
        count: u32,
    },
    /// A proof of absence was asked for a key that the tree holds.
    #[error("key {key} is not absent, it stands at leaf {index}")]
    Present {
        /// The key that was asked for.
        key: Hash,
        /// Index of its leaf.
        index: u32,
    },
    /// The indices of a combined proof are empty, repeated, out of order or beyond the tree.
    #[error(transparent)]
    Indices(#[from] ProofError),
    /// The state of an epoch was asked for that was never marked, or was given up.
    #[error("the state of epoch {epoch} is not kept; {}", kept(*first, *last))]
    UnknownEpoch {
        /// The epoch that was asked for.
        epoch: u64,
        /// The first epoch whose state is kept; `None` when there is none.
        first: Option<u64>,
        /// The last epoch whose state is kept; `None` when there is none.
        last: Option<u64>,
    },
    /// What changed since an epoch is on disk only: the state is not readable from memory alone.
    #[error(
        "what changed since epoch {epoch} is on disk; in memory are the epochs from {first} on"
    )]
    OnDisk {
        /// The epoch that was asked for.
        epoch: u64,
        /// The first epoch whose state is readable from memory.
        first: u64,
    },
    /// Epochs are marked in ascending order, and this one is not above the last.
    #[error("epoch {given} was marked after epoch {last}")]
    EpochOrder {
        /// The epoch that was marked last.
        last: u64,
        /// The epoch that was to be marked.
        given: u64,
    },
    /// What the history holds for an epoch does not lead to the state root that was marked: the store is damaged.
    #[error("the history of epoch {epoch} leads to state root {computed}, marked was {marked}")]
    History {
        /// The epoch of the state.
        epoch: u64,
        /// The state root that was marked at the epoch's end.
        marked: Hash,
        /// The state root that the history leads to.
        computed: Hash,
    },
    /// Leaves that were read from a store do not form a tree: the store is damaged.
    #[error("leaf {index} does not restore: {reason}")]
    Restore {
        /// Index of the leaf, from 0.
        index: u32,
        /// What is wrong with it.
        reason: &'static str,
    },
}
