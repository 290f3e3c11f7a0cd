//! Why a segment is refused, by the stages in which a court judges it (PROTOCOL section 12).
//!
//! ```text
//! witness     the state root, the leaves that it lacks                     nobody is shown to be wrong: a court reverts
//! form        the bytes beside the segment record, height and time         no state is needed
//! signature   of a user's transaction                                      a proof of its own, over the bytes alone
//! rule        what the rules say about the leaves before the segment       the witness is needed
//! ```

use plasmid_bridge::proof::bytes::DecodeError;
use plasmid_bridge::proof::commitment::SegmentKind;
use plasmid_bridge::proof::tree::WitnessError;

use crate::chain::error::{ExecutionFault, Field, Malformed};
use crate::chain::segments::MAX_COURT_LEAVES;
use crate::ledger::{Reject, Slot, leaves};

/// Why a segment is not executed again. `E` is the error of the state on which it is executed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReexecuteError<E: std::error::Error + 'static = WitnessError> {
    /// The state does not tell what the segment needs. This shows nothing about the segment.
    #[error("the witness does not carry the segment: {0}")]
    Witness(E),
    /// The bytes are no segment of this record and this block.
    #[error("the segment's bytes are refused: {0}")]
    Form(#[from] FormError),
    /// A user's signature does not verify, or it is another account's.
    #[error("the signature of transaction {place} of the segment is refused: {reject}")]
    Signature {
        /// Place of the transaction in the segment.
        place: usize,
        /// What is wrong with it.
        reject: Reject,
    },
    /// The rules refuse it on this state.
    #[error("the state refuses the segment: {0}")]
    Rule(RuleError<E>),
    /// Something that stands in no segment. This node is broken.
    #[error(transparent)]
    Node(ExecutionFault<E>),
}

/// What the bytes show beside the segment record and the height and time of the block, without any state.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FormError {
    /// The bytes do not split into transactions, each behind its length.
    #[error("they do not split into transactions: {0}")]
    Frames(#[from] DecodeError),
    /// Another number of transactions than the record says, or than a segment of this kind has.
    #[error("a {kind} segment of {found} transactions, where {expected} must stand")]
    Count {
        /// Kind of the segment.
        kind: SegmentKind,
        /// The number that the record or the kind demands.
        expected: u32,
        /// The number that the bytes have.
        found: usize,
    },
    /// A transaction of another kind of segment, or one without bytes.
    #[error(
        "transaction {place} does not belong in a {kind} segment: {}", match found {
            Some(byte) => format!("its first byte is {byte}"),
            None => "it has no bytes".to_owned(),
        }
    )]
    FirstByte {
        /// Kind of the segment.
        kind: SegmentKind,
        /// Place of the transaction in the segment.
        place: usize,
        /// Its first byte, if it has one.
        found: Option<u8>,
    },
    /// The executing part of the record, or misbehavior, that does not decode.
    #[error("transaction {place} is malformed: {why}")]
    Malformed {
        /// Place of the transaction in the segment.
        place: usize,
        /// What is wrong with it.
        why: Malformed,
    },
    /// The record names another height or time than the block.
    #[error("the record's {0} is not the block's")]
    Record(Field),
    /// Misbehavior that begins with another height than the block's.
    #[error("misbehavior {place} is of block {found}, and stands in block {expected}")]
    EvidenceHeight {
        /// Place of the transaction in the segment.
        place: usize,
        /// The block's height.
        expected: u64,
        /// The height with which the transaction begins.
        found: u64,
    },
    /// A message without a whole header, or longer than root admits one.
    #[error("message {place} has no header or is too long: {why}")]
    Message {
        /// Place of the transaction in the segment.
        place: usize,
        /// What is wrong with it.
        why: DecodeError,
    },
    /// A user's transaction that does not decode, that is not supported, or that the static rules refuse.
    #[error("transaction {place}: {reject}")]
    User {
        /// Place of the transaction in the segment.
        place: usize,
        /// The rule that it breaks.
        reject: Reject,
    },
}

/// What the rules refuse on the leaves before the segment.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RuleError<E: std::error::Error + 'static = WitnessError> {
    /// A message that is not the next one.
    #[error("message {found} where the inbox continues with {expected}")]
    MessageOrder {
        /// The index that continues the inbox.
        expected: u64,
        /// The message's index.
        found: u64,
    },
    /// A user's transaction that does not apply.
    #[error("transaction {place}: {reject}")]
    User {
        /// Place of the transaction in the segment.
        place: usize,
        /// The rule that it breaks.
        reject: Reject,
    },
    /// A step of the boundary in a block that ends no epoch.
    #[error("a boundary step at height {height}, which ends no epoch")]
    BoundaryHeight {
        /// The block's height.
        height: u64,
    },
    /// A record at height 0, which is genesis and no block.
    #[error("height {height} has no epoch")]
    NoEpoch {
        /// The block's height.
        height: u64,
    },
    /// A step of the boundary behind the last one.
    #[error(
        "a boundary step for the set of epoch {expected}, where the boundary leaf waits for {found}"
    )]
    BoundaryOrder {
        /// The epoch whose set this block fixes.
        expected: u64,
        /// The epoch in the boundary leaf.
        found: u64,
    },
    /// More leaves than a court tolerates.
    #[error("{leaves} leaves are touched; a court objects above {MAX_COURT_LEAVES}")]
    Touched {
        /// Leaves touched so far.
        leaves: usize,
    },
    /// A leaf that no sound block leaves behind: the state before the segment is wrong already.
    #[error("no sound block leaves this state: {0}")]
    Unsound(ExecutionFault<E>),
}

/// Names every fault of the rules, so that none can be added without saying what it means inside a segment.
impl<E: std::error::Error + 'static> From<ExecutionFault<E>> for ReexecuteError<E> {
    fn from(fault: ExecutionFault<E>) -> Self {
        let rule = match fault {
            ExecutionFault::Leaves(leaves::LeafFault::Leaves(error)) => {
                return Self::Witness(error);
            }
            // Bytes or a place in the block can cause these on any state.
            ExecutionFault::OutOfOrder { expected, found } => {
                RuleError::MessageOrder { expected, found }
            }
            ExecutionFault::NoBoundary { height } => RuleError::BoundaryHeight { height },
            ExecutionFault::Height { height } => RuleError::NoEpoch { height },
            ExecutionFault::Epoch {
                slot: Slot::Boundary,
                expected,
                found,
            } => RuleError::BoundaryOrder { expected, found },
            // Only a state that the rules did not write can cause these.
            unsound @ (ExecutionFault::Leaves(_)
            | ExecutionFault::Staking(_)
            | ExecutionFault::Set { .. }
            | ExecutionFault::EmptySet { .. }
            | ExecutionFault::Epoch { .. }) => RuleError::Unsound(unsound),
            // These stand outside of segments.
            node @ (ExecutionFault::Difference { .. }
            | ExecutionFault::Boundary { .. }
            | ExecutionFault::Verdicts { .. }
            | ExecutionFault::Inbox { .. }
            | ExecutionFault::Proposal(_)) => return Self::Node(node),
        };
        Self::Rule(rule)
    }
}
