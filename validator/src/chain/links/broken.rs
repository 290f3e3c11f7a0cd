//! Which link rule is broken, and how.

/// The link rule that a block breaks; the number is the protocol's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LinkError {
    /// L1.
    #[error("L1: rules version {found}, where {expected} stands")]
    Rules {
        /// The deployment's.
        expected: u32,
        /// The block's.
        found: u32,
    },
    /// L2.
    #[error("L2: height {found} behind height {before}")]
    Height {
        /// Height of the block before.
        before: u64,
        /// The block's.
        found: u64,
    },
    /// L3.
    #[error("L3: time {found} is before {before}, the time of the block before")]
    Time {
        /// Time of the block before.
        before: u64,
        /// The block's.
        found: u64,
    },
    /// L4.
    #[error(
        "L4: a block begins with another state than the one that was left, or the checkpoint has another one than its last block"
    )]
    State,
    /// L5.
    #[error("L5: the checkpoint's time is {found} and its last block's {expected}, in seconds")]
    End {
        /// The block's.
        expected: u64,
        /// The checkpoint's.
        found: u64,
    },
    /// L6.
    #[error(
        "L6: {segments} segments and {transactions} transactions; a block has at most {limit} transactions"
    )]
    Counts {
        /// Number of segments.
        segments: usize,
        /// Number of transactions.
        transactions: u32,
        /// The parameter.
        limit: u32,
    },
    /// L7.
    #[error("L7: segment 0 is not the one record of the block")]
    First,
    /// L8.
    #[error("L8: segment {place} is of kind {kind} behind one of kind {before}")]
    Kinds {
        /// Number of the segment.
        place: usize,
        /// Its kind.
        kind: u8,
        /// The kind of the one before.
        before: u8,
    },
    /// L9.
    #[error("L9: segment {place} has {count} transactions and {bytes} bytes")]
    Sizes {
        /// Number of the segment.
        place: usize,
        /// Its transactions.
        count: u32,
        /// Its bytes.
        bytes: usize,
    },
    /// L10.
    #[error(
        "L10: segment {place}, or the end of the block if there is no such segment, is recorded at transaction number {found}, and the segments before it end at {expected}"
    )]
    Numbers {
        /// Number of the segment, or the number of segments at the end.
        place: usize,
        /// The next transaction by the segments before.
        expected: u32,
        /// The number that is recorded.
        found: u32,
    },
    /// L11.
    #[error(
        "L11: the state root before segment {place}, or at the end of the block, is not the one that was left"
    )]
    Roots {
        /// Number of the segment, or the number of segments at the end.
        place: usize,
    },
    /// L12 to L15.
    #[error("L{rule}: a leaf of the checkpoint's state says another thing than the checkpoint")]
    Leaf {
        /// The rule's number.
        rule: u8,
    },
}

impl LinkError {
    /// The number of the rule.
    #[must_use]
    pub const fn rule(&self) -> u8 {
        match self {
            Self::Rules { .. } => 1,
            Self::Height { .. } => 2,
            Self::Time { .. } => 3,
            Self::State => 4,
            Self::End { .. } => 5,
            Self::Counts { .. } => 6,
            Self::First => 7,
            Self::Kinds { .. } => 8,
            Self::Sizes { .. } => 9,
            Self::Numbers { .. } => 10,
            Self::Roots { .. } => 11,
            Self::Leaf { rule } => *rule,
        }
    }
}
