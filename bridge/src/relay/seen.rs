//! The vocabulary of following the root chain: what an endpoint says, before any of it is believed, and what is made of it.
//!
//! The client parses JSON into these; they are bounded in size by the reader and judged by [`super::track`]. Every other module of this
//! room may name this one, and it names none of them.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes};

/// A block of the root chain, as one endpoint describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// Its parent's hash.
    pub parent: B256,
    /// Its timestamp, in seconds.
    pub time: u64,
}

/// An event of a contract on the root chain, as one endpoint describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The contract that emitted it.
    pub address: Address,
    /// Its topics, four at most.
    pub topics: Vec<B256>,
    /// Its data.
    pub data: Bytes,
    /// The number of its block.
    pub block: u64,
    /// Its place among the events of its block.
    pub index: u64,
}

/// Which block is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The newest one.
    Latest,
    /// The newest one that the root chain's consensus calls final.
    Finalized,
    /// The one of this number.
    Number(u64),
}

/// Why a request had no usable answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nobody answered in time.
    #[error("it does not answer")]
    Unreachable,
    /// The endpoint asks for fewer requests.
    #[error("it asks for fewer requests")]
    RateLimited {
        /// Milliseconds after which it may be asked again, as it says.
        wait_ms: u64,
    },
    /// The answer is larger than what is read, or the endpoint says that it would be.
    #[error("its answer is too large")]
    TooLarge,
    /// The endpoint refused the request.
    #[error("it refused the question: {0}")]
    Refused(String),
    /// The answer is not what the request asks for.
    #[error("its answer makes no sense: {0}")]
    Malformed(String),
}

/// When a root block counts as final: a rule of the genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finality {
    /// When the root chain's `finalized` tag has reached it.
    Tag,
    /// When this many blocks stand on it.
    Depth(u32),
}

/// A message up to which all is known and agreed; index 0 with 32 zero bytes before the first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Its index.
    pub index: u64,
    /// The link there.
    pub link: B256,
    /// The first root block in which the message after it may stand; 0 when it is not known.
    pub root_height: u64,
}

impl Anchor {
    /// Before the first message.
    pub const GENESIS: Self = Self {
        index: 0,
        link: B256::ZERO,
        root_height: 0,
    };
}

/// A message of the inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its index, from 1.
    pub index: u64,
    /// The link there.
    pub link: B256,
    /// The message hash.
    pub message_hash: B256,
    /// When it is due, in milliseconds.
    pub due: u64,
    /// The root block that it stands in.
    pub root_height: u64,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// Which words of the contracts are compared with what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sought {
    /// The hash of the block after which the contracts are read.
    pub block: B256,
    /// The message whose link is compared.
    pub index: u64,
    /// The first checkpoint whose record is compared.
    pub first_epoch: u64,
    /// The checkpoint after the last one whose record is compared.
    pub end_epoch: u64,
}

/// What the contracts hold after a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heads {
    /// Messages in the inbox.
    pub count: u64,
    /// The link at the message asked for, or `None` when the inbox does not keep it, or has fewer messages.
    pub link: Option<B256>,
    /// Checkpoints accepted.
    pub accepted: u64,
    /// τ of the last one accepted, in seconds.
    pub tau: u64,
    /// Checkpoints finalized.
    pub finalized: u64,
    /// When exit mode begins or began, in seconds, once it closes.
    pub exit_at: Option<u64>,
    /// The first checkpoint that is void.
    pub void_from: Option<u64>,
    /// What RootChain keeps of the checkpoints asked for, as far as they are accepted, in order.
    pub records: Vec<B256>,
}

/// How far an earlier run, or this one before a contradiction, had read. It is a hint: reading on from it proves or refutes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The message before the first one that is still needed.
    pub anchor: Anchor,
    /// The first checkpoint whose acceptance is still needed.
    pub epoch: u64,
    /// The first root block in which its acceptance may stand.
    pub epoch_height: u64,
}
