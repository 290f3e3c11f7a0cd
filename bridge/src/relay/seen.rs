//! What an endpoint of the root chain says, before any of it is believed.
//!
//! The client parses JSON into these; they are bounded in size by the reader and judged by [`super::track`].

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody answered in time.
    Unreachable,
    /// The endpoint asks for fewer requests.
    RateLimited,
    /// The answer is larger than what is read, or the endpoint says that it would be.
    TooLarge,
    /// The endpoint refused the request.
    Refused(String),
    /// The answer is not what the request asks for.
    Malformed(String),
}
