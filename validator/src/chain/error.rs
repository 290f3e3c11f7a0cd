//! Why a block is refused, and why a node cannot go on: two things that never share a type.

use alloy_primitives::B256;
use plasmid_bridge::proof::bytes::{DecodeError, Reader};
use plasmid_bridge::proof::set::SetError;
use plasmid_staking::DifferenceError;
use thiserror::Error;

use crate::ledger::leaves;
use crate::ledger::{self, Slot};

/// What ends an execution; `E` is the state's own error.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Error<E: std::error::Error + 'static> {
    /// The block breaks a rule: its proposer's fraud. A decided block that does is a fault of the network.
    #[error("the block is invalid: {0}")]
    Invalid(#[from] Invalid),
    /// This node cannot read its state, or the state is not what the rules left behind.
    #[error("this node is broken: {0}")]
    Fault(#[from] ExecutionFault<E>),
}

impl<E: std::error::Error + 'static> From<leaves::LeafFault<E>> for Error<E> {
    fn from(fault: leaves::LeafFault<E>) -> Self {
        Self::Fault(ExecutionFault::Leaves(fault))
    }
}

/// The node is broken: no block can cause this.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ExecutionFault<E: std::error::Error + 'static> {
    /// The ledger's leaves.
    #[error(transparent)]
    Leaves(#[from] leaves::LeafFault<E>),
    /// Staking refuses what the boundary or a reader of sets asks.
    #[error("staking refuses its own state: {0}")]
    Staking(ledger::Reject),
    /// A member cannot be committed to.
    #[error("the set of epoch {epoch} cannot be committed to: {why}")]
    Set {
        /// The epoch whose set it is.
        epoch: u64,
        /// What makes the commitment impossible.
        why: SetError,
    },
    /// Two committed sets have no difference that the engine could take.
    #[error("the sets of epochs {epoch} and the next: {why}")]
    Difference {
        /// The earlier of the two epochs.
        epoch: u64,
        /// What makes the difference impossible.
        why: DifferenceError,
    },
    /// A set without members.
    #[error("the set of epoch {epoch} has no members")]
    EmptySet {
        /// The epoch whose set is empty.
        epoch: u64,
    },
    /// A leaf of a ring or of the boundary holds another epoch.
    #[error("the leaf of {slot} holds epoch {found}, not {expected}")]
    Epoch {
        /// The leaf that was read.
        slot: Slot,
        /// The epoch that the leaf must hold.
        expected: u64,
        /// The epoch that the leaf holds.
        found: u64,
    },
    /// A boundary step touches too much.
    #[error("a boundary segment touches {leaves} leaves")]
    Boundary {
        /// Number of leaves that the segment touches.
        leaves: usize,
    },
    /// Whoever checks signatures did not answer for every transaction.
    #[error("{found} verdicts on {expected} transactions")]
    Verdicts {
        /// Number of transactions in the block.
        expected: usize,
        /// Number of verdicts that were given.
        found: usize,
    },
    /// A message that is not the next one, though the block was judged.
    #[error("message {found} where the inbox continues with {expected}")]
    OutOfOrder {
        /// The index that the inbox continues with.
        expected: u64,
        /// The index of the message that was given.
        found: u64,
    },
    /// The messages left another inbox behind than the one that more than two thirds of the power reported.
    #[error(
        "the votes lead to message {cursor} with link {link}, and the inbox leaf holds message {found_cursor} with link {found_link}"
    )]
    Inbox {
        /// Number of messages consumed according to the votes.
        cursor: u64,
        /// The inbox link at that message according to the votes.
        link: B256,
        /// Number of messages consumed according to the inbox leaf.
        found_cursor: u64,
        /// The link that the inbox leaf holds.
        found_link: B256,
    },
    /// What this node proposes does not apply.
    #[error("this node's own proposal does not apply: {0}")]
    Proposal(String),
    /// A step of the boundary in a block that ends no epoch.
    #[error("height {height} ends no epoch, so there is no boundary")]
    NoBoundary {
        /// The height of the block.
        height: u64,
    },
    /// A height that has no epoch.
    #[error("height {height} has no epoch")]
    Height {
        /// The height that was asked for.
        height: u64,
    },
}

impl<E: std::error::Error + 'static> ExecutionFault<E> {
    /// What staking refuses of its own state is a fault: no block can cause it.
    pub(crate) fn stake(error: ledger::Error<E>) -> Self {
        match error {
            ledger::Error::Reject(reject) => Self::Staking(reject),
            ledger::Error::Fault(fault) => Self::Leaves(fault),
        }
    }
}

/// Bytes that are no transaction of their kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Malformed {
    /// The bytes end early, or bytes are left over.
    #[error(transparent)]
    Bytes(#[from] DecodeError),
    /// Another first byte or version.
    #[error("begins with {found:#04x} where {expected:#04x} must stand")]
    Kind {
        /// The byte that must stand there.
        expected: u8,
        /// The byte that stands there.
        found: u8,
    },
    /// A flag that is neither 0 nor 1.
    #[error("a flag is {found}, neither 0 nor 1")]
    Flag {
        /// The byte that stands in the flag's place.
        found: u8,
    },
    /// Carried votes do not ascend by seat, or a vote names a seat past the last one.
    #[error("the vote of seat {seat} does not come after all votes of lower seats")]
    SeatOrder {
        /// The seat of the vote that is out of order.
        seat: u16,
        /// The seat of the vote before it; `None` for the first vote.
        after: Option<u16>,
    },
    /// An extension of none of its three widths.
    #[error("an extension has {length} bytes, and must have 42, 234 or 244")]
    ExtensionLength {
        /// Length of the extension in bytes.
        length: usize,
    },
}

/// The rule that a block breaks.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Invalid {
    /// There is no transaction 0.
    #[error("the block has no transactions, not even its record")]
    Empty,
    /// More bytes than the parameter allows.
    #[error("{bytes} bytes of transactions; the limit is {limit}")]
    TooManyBytes {
        /// Bytes of all transactions in the block.
        bytes: u64,
        /// The largest number of bytes that the parameters allow.
        limit: u64,
    },
    /// More transactions than the parameter allows.
    #[error("{count} transactions; the limit is {limit}")]
    TooManyTransactions {
        /// Number of transactions in the block.
        count: usize,
        /// The largest number that the parameters allow.
        limit: u32,
    },
    /// A transaction that is none of its kind.
    #[error("transaction {index}: {why}")]
    Malformed {
        /// Position of the transaction in the block, from 0.
        index: u32,
        /// What is wrong with its bytes.
        why: Malformed,
    },
    /// A field of the record differs from the request or from what follows from the witness.
    #[error("the record's {0} is not what the request and the witness say")]
    Record(Field),
    /// An entry of the last commit that is no member of the set of its height, or stands there twice.
    #[error("the last commit's entry {address} is unknown or repeated", address = hex::encode(.0))]
    Voter([u8; 20]),
    /// A carried vote that breaks a rule.
    #[error("the vote carried for seat {seat}: {why}")]
    Vote {
        /// The seat that the vote is carried for, from 0.
        seat: u16,
        /// The rule that the vote breaks.
        why: VoteError,
    },
    /// More messages and bare hashes than a block may carry.
    #[error("{count} messages and hashes; the limit is {limit}")]
    Batch {
        /// Number of messages and bare hashes that the record carries.
        count: usize,
        /// The largest number that the parameters allow.
        limit: u16,
    },
    /// Votes are carried, none brings a share and the cursor stays.
    #[error("votes are carried that neither bring a share nor move the cursor")]
    Idle,
    /// The block does not carry exactly the messages that reports of more than two thirds support.
    #[error(
        "the block carries {carried} messages, and reports of more than two thirds of the power support {supported}"
    )]
    MessageCount {
        /// Number of messages that the block carries.
        carried: u64,
        /// Number of messages that reports of more than two thirds of the power support.
        supported: u64,
    },
    /// Bare hashes that do not end at the highest report that counts.
    #[error(
        "the bare message hashes end at message {end}, but they must end at message {highest}, the highest report that counts"
    )]
    HashEnd {
        /// Index of the message at which the bare hashes end.
        end: u64,
        /// Index that the highest report that counts names.
        highest: u64,
    },
    /// An inbox message that is none, or not the next.
    #[error("transaction {index} is not inbox message {expected}: {why}")]
    Message {
        /// Position of the transaction in the block, from 0.
        index: u32,
        /// Index of the inbox message that must stand there.
        expected: u64,
        /// What differs, as a sentence for a log.
        why: String,
    },
    /// The misbehavior transactions are not the request's.
    #[error("transaction {index} is not the misbehavior that the request brings there")]
    Misbehavior {
        /// Position of the transaction in the block, from 0.
        index: u32,
    },
    /// A user's transaction that does not apply.
    #[error("transaction {index}: {why}")]
    Transaction {
        /// Position of the transaction in the block, from 0.
        index: u32,
        /// The rejection, as a sentence for a log.
        why: String,
    },
    /// A transaction that no segment can carry.
    #[error("transaction {index} needs {bytes} bytes and {leaves} leaves, more than a segment has")]
    Segment {
        /// Position of the transaction in the block, from 0.
        index: u32,
        /// Bytes that the transaction would add to a segment.
        bytes: usize,
        /// Number of leaves that the transaction would touch.
        leaves: usize,
    },
}

/// A field of the record's executing part.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Field {
    /// Height of the block.
    #[error("height")]
    Height,
    /// Time of the block, in nanoseconds since 1970.
    #[error("time")]
    Time,
    /// Consensus address of the block's proposer.
    #[error("proposer")]
    Proposer,
    /// Bits, by seat, of whose precommit stands in the last commit.
    #[error("participation")]
    Participation,
    /// Bits, by member number, of whose checkpoint share the block brings for the first time.
    #[error("share bits")]
    Shares,
}

/// What is wrong with a carried vote.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum VoteError {
    /// The first block follows no vote.
    #[error("block 1 carries no vote")]
    FirstBlock,
    /// No member of the set of its height sits there.
    #[error("the seat is empty")]
    NoMember,
    /// The last commit does not hold this vote for the block.
    #[error("its precommit is not flagged commit")]
    NotCommitted,
    /// The extension is no frame of the protocol.
    #[error("{0}")]
    Frame(Malformed),
    /// The engine's signature over the extension does not verify at the commit's round.
    #[error("the extension's signature does not verify")]
    Signature,
    /// It reports nothing past the cursor and sets no bit.
    #[error("it reports no message past the inbox cursor and sets no new share bit")]
    AddsNothing,
}

/// Reads one byte and compares it with the kind or version that must stand there.
pub(crate) fn expect_kind(reader: &mut Reader<'_>, expected: u8) -> Result<(), Malformed> {
    let found = reader.u8()?;
    if found != expected {
        return Err(Malformed::Kind { expected, found });
    }
    Ok(())
}
