//! What a track asks, what it is told, and how an endpoint stands.

use std::fmt;

use alloy_primitives::{Address, B256};

use crate::relay::acceptance::DeploymentEnd;
use crate::relay::seen::{Block, Failure, Heads, Log, Sought, Which};

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
    /// What the contracts hold.
    Heads(Sought),
}

impl Ask {
    /// How many calls of the endpoint its answer takes, at most. Each of them may take as long as an answer may.
    pub fn calls(&self) -> u64 {
        match self {
            // The count of messages, the link, the head, and the records one by one.
            Self::Heads(sought) => sought
                .end_epoch
                .saturating_sub(sought.first_epoch)
                .saturating_add(3),
            Self::ChainId | Self::Block(_) | Self::Logs { .. } => 1,
        }
    }
}

/// What an endpoint answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To [`Ask::ChainId`].
    ChainId(u64),
    /// To [`Ask::Block`], or `None` when it knows no such block.
    Block(Option<Block>),
    /// To [`Ask::Logs`].
    Logs(Vec<Log>),
    /// To [`Ask::Heads`].
    Heads(Heads),
}

/// How an endpoint stands. Its text is a sentence for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointStanding {
    /// It has not been followed to a final block yet.
    Starting,
    /// It is followed.
    Following,
    /// It is followed, and its final block has not moved for a long time.
    Stalled {
        /// The final block.
        number: u64,
        /// Its timestamp, in seconds.
        time: u64,
    },
    /// It knows no final block.
    NoFinalBlock(
        /// What it said, if it said something.
        Option<String>,
    ),
    /// Its final block lies before the deployment's.
    BeforeDeployment {
        /// The newest block that it has.
        reached: u64,
        /// The block of the deployment.
        deployed_at: u64,
    },
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
        /// The endpoint's, or `None` when it has no such block.
        seen: Option<B256>,
    },
    /// Its inbox ends before what the child consumed; what was known stays.
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
        /// The link there on the child.
        expected: B256,
        /// The link there at this endpoint.
        seen: B256,
    },
}

impl EndpointStanding {
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

    /// This trouble without the endpoint's own words, which may name its owner's account or key: for strangers. The log has them.
    #[must_use]
    pub fn for_strangers(&self) -> Self {
        let logged = || "its words are in this node's log".to_owned();
        match self {
            Self::NoFinalBlock(_) => Self::NoFinalBlock(None),
            Self::Failing(Failure::Refused(_)) => Self::Failing(Failure::Refused(logged())),
            Self::Failing(Failure::Malformed(_)) => Self::Failing(Failure::Malformed(logged())),
            other => other.clone(),
        }
    }
}

impl fmt::Display for EndpointStanding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting => f.write_str("it has not been followed to a final block yet"),
            Self::Following => f.write_str("it is followed"),
            Self::Stalled { number, time } => write!(
                f,
                "its final block is still {number}, made at Unix time {time}: the root chain stands, or this node of it has lost its peers"
            ),
            Self::NoFinalBlock(said) => {
                f.write_str(
                    "it knows no final block: it has no `finalized` tag, or it has not caught up; wait for it, or use another root node",
                )?;
                said.as_ref()
                    .map_or(Ok(()), |said| write!(f, " (it said: {said})"))
            }
            Self::BeforeDeployment {
                reached,
                deployed_at,
            } => write!(
                f,
                "its newest block is {reached}, and the deployment was made in block {deployed_at}: it has not caught up, or that block is not final yet"
            ),
            Self::Failing(failure) => failure.fmt(f),
            Self::Lying(what) => write!(
                f,
                "it contradicts itself or the contracts, and is read again: {what}"
            ),
            Self::OtherChain { expected, seen } => write!(
                f,
                "it is on root chain {seen}, and this deployment is on {expected}"
            ),
            Self::OtherOrigin {
                expected,
                seen: Some(seen),
            } => write!(
                f,
                "the block before this deployment has hash {seen}, not {expected}: the root chain was started afresh"
            ),
            Self::OtherOrigin { expected, .. } => write!(
                f,
                "it does not have the block before this deployment, {expected}: it has not caught up, or the root chain was started afresh"
            ),
            Self::Shorter { count, cursor } => write!(
                f,
                "its inbox has {count} messages, and the child consumed {cursor}: it lags, or lost its history"
            ),
            Self::Differs {
                cursor,
                expected,
                seen,
            } => write!(
                f,
                "at message {cursor} its inbox has link {seen}, and the child has {expected}: it shows another history"
            ),
        }
    }
}

/// What was compared with the contracts in a final block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The final block.
    pub block: Block,
    /// Messages known up to here.
    pub count: u64,
    /// The link at `count`.
    pub link: B256,
    /// Checkpoints known below this epoch.
    pub accepted: u64,
    /// How far the deployment has come to its end.
    pub end: DeploymentEnd,
}
