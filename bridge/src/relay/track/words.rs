//! What a track asks, what it is told, and how an endpoint stands.

use alloy_primitives::{Address, B256};

use crate::relay::inbox::Heads;
use crate::relay::seen::{Block, Failure, Log, Which};

/// What is asked of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The chain's id.
    ChainId,
    /// A block.
    Block(Which),
    /// Events of the contracts in blocks `from` to `to`, both included.
    Logs {
        /// The first block.
        from: u64,
        /// The last block.
        to: u64,
        /// The contract.
        address: Address,
        /// The event.
        topic: B256,
    },
    /// What the contracts hold after the block of this hash.
    Heads(B256),
}

/// What an endpoint answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To [`Ask::ChainId`].
    ChainId(u64),
    /// To [`Ask::Block`]; none when it knows no such block.
    Block(Option<Block>),
    /// To [`Ask::Logs`].
    Logs(Vec<Log>),
    /// To [`Ask::Heads`].
    Heads(Heads),
}

/// How an endpoint stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has not been followed to a final block yet.
    Starting,
    /// It is followed.
    Following,
    /// The last request failed; what was known stays.
    Failing(Failure),
    /// It said something that cannot be; what was known stays, or was forgotten and is read anew.
    Lying(String),
    /// It is another root chain.
    OtherChain {
        /// The deployment's.
        expected: u64,
        /// The endpoint's.
        seen: u64,
    },
    /// The block before the deployment is another one: the chain was started afresh.
    OtherOrigin {
        /// The deployment's.
        expected: B256,
        /// The endpoint's; none when it has no such block.
        seen: Option<B256>,
    },
    /// Its inbox ends before what the child consumed.
    Shorter {
        /// Messages that it has.
        count: u64,
        /// Messages consumed.
        cursor: u64,
    },
    /// Its inbox has another history than the child consumed.
    Differs {
        /// Messages consumed.
        cursor: u64,
        /// Their hash on the child.
        expected: B256,
        /// Their hash at this endpoint.
        seen: B256,
    },
}

impl Standing {
    /// Whether only a person can mend this.
    pub fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::OtherChain { .. }
                | Self::OtherOrigin { .. }
                | Self::Shorter { .. }
                | Self::Differs { .. }
        )
    }
}

/// What was compared with the contracts in a final block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The final block.
    pub block: Block,
    /// Messages known up to here.
    pub count: u64,
    /// The hash chain at `count`.
    pub link: B256,
    /// Checkpoints known below this epoch.
    pub accepted: u64,
}
