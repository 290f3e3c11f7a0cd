//! The answers of a court about a segment, and their numbers.

use plasmid_bridge::proof::tree::WitnessError;

use crate::ledger::Code;

/// What is wrong with a segment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SegmentFraud {
    /// The bytes do not split into as many transactions as the record says.
    Frames,
    /// A transaction that does not belong in a segment of this kind, does not decode, is not supported or breaks a static rule; a record
    /// of another height or time than the block's.
    Form,
    /// A message that is not the next one.
    Order,
    /// A user's transaction that the state refuses.
    Refused(Code),
    /// More touched leaves than a court tolerates.
    Touched,
    /// Another state root after it than its record says.
    After,
}

impl SegmentFraud {
    /// The number of the verdict on root; 0 is sound.
    #[must_use]
    pub fn number(self) -> u16 {
        match self {
            Self::Frames => 0x0100,
            Self::Form => 0x0200,
            Self::Order => 0x0300,
            Self::Refused(code) => {
                let code = u16::try_from(code.number()).unwrap_or_default();
                0x0400 | (code & 0xff)
            }
            Self::Touched => 0x0500,
            Self::After => 0x0600,
        }
    }

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Frames => "frames",
            Self::Form => "form",
            Self::Order => "order",
            Self::Refused(code) => code.name(),
            Self::Touched => "touched",
            Self::After => "after",
        }
    }
}

impl std::fmt::Display for SegmentFraud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Frames => f.write_str("its bytes do not split into its transactions"),
            Self::Form => f.write_str("it has a transaction that no state can make right"),
            Self::Order => f.write_str("it has a message that is not the next one"),
            Self::Refused(code) => {
                write!(
                    f,
                    "it has a transaction that the state refuses ({})",
                    code.name()
                )
            }
            Self::Touched => f.write_str("it touches more leaves than a segment may"),
            Self::After => f.write_str("it leaves another state than its record says"),
        }
    }
}

/// Why a court gives no verdict. Nothing follows from it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
pub enum UndecidedSegment {
    /// Height 0, which is genesis and no block: a link rule says so.
    #[error("a block of height 0 is none")]
    HeightZero,
    /// A kind that no segment has: a link rule says so.
    #[error("no segment has this kind")]
    Kind,
    /// A transaction whose rule no court carries out yet.
    #[error("it has a transaction that courts do not judge yet")]
    NotJudged,
    /// The witness is none of the state before.
    #[error("the witness is not one of the state before it")]
    Witness,
    /// The witness neither holds a leaf that is asked for nor shows its absence.
    #[error("the witness does not decide a leaf that is asked for")]
    Undecided,
    /// The witness holds only the hash of a value that is asked for.
    #[error("the witness has only the hash of a value that is asked for")]
    HashOnly,
    /// More or fewer leaves are made than the witness has places for.
    #[error("the witness has places for another number of new leaves")]
    Appends,
    /// Hints that are wrong, too few or too many.
    #[error("the hints of the signatures are not theirs")]
    Hints,
    /// A state that no sound block leaves.
    #[error("no sound block leaves the state before it")]
    Unsound,
}

impl UndecidedSegment {
    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HeightZero => "height_zero",
            Self::Kind => "kind",
            Self::NotJudged => "not_judged",
            Self::Witness => "witness",
            Self::Undecided => "undecided",
            Self::HashOnly => "hash_only",
            Self::Appends => "appends",
            Self::Hints => "hints",
            Self::Unsound => "unsound",
        }
    }
}

impl From<WitnessError> for UndecidedSegment {
    fn from(error: WitnessError) -> Self {
        match error {
            WitnessError::Undecided(_) => Self::Undecided,
            WitnessError::HashOnly(_) => Self::HashOnly,
            WitnessError::Appends { .. } => Self::Appends,
            WitnessError::TooManyLeaves { .. }
            | WitnessError::ValueTooLong { .. }
            | WitnessError::Full { .. }
            | WitnessError::Proof(_)
            | WitnessError::DuplicateKey(_)
            | WitnessError::Kind { .. } => Self::Witness,
        }
    }
}
