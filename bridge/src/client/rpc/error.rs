//! Why a call has no answer, and what the caller can do about it.

use std::time::Duration;

use alloy_primitives::Bytes;

use crate::relay::seen::Failure;

/// Why a call has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RpcError {
    /// The address is not one that can be called. It is not repeated, because it may hold a provider's key.
    #[error(
        "the root chain's address cannot be used: {reason}; it must have the form http://host:port or https://host"
    )]
    Address {
        /// What is wrong with it.
        reason: String,
    },
    /// No connection: nothing left this machine.
    #[error("no connection to the root chain's node: {0}")]
    NoConnection(String),
    /// A connection that broke, or no answer in time.
    #[error("the root chain's node does not answer: {0}")]
    Unreachable(String),
    /// HTTP 429, or the JSON-RPC code for it.
    #[error("the root chain's node limits the rate of requests (wait {waited:?})", waited = .0)]
    RateLimited(Duration),
    /// The body is longer than the limit.
    #[error("the root chain's node answered with more than {0} bytes")]
    TooLarge(usize),
    /// The node answered with an HTTP status that is no success.
    #[error("the root chain's node answered with HTTP status {0}")]
    Status(u16),
    /// Not JSON-RPC, another id, or a value that breaks the rules.
    #[error("the root chain's node gave an answer that makes no sense: {0}")]
    Malformed(String),
    /// A JSON-RPC error.
    #[error("the root chain's node refused: {message} (code {code})")]
    Refused {
        /// Its code.
        code: i64,
        /// Its message, shortened.
        message: String,
        /// Its data, when it is bytes: of a call that reverted, what it reverted with.
        data: Option<Bytes>,
    },
}

impl RpcError {
    /// Whether the same call may succeed later without anything else changing.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::NoConnection(_)
                | Self::Unreachable(_)
                | Self::RateLimited(_)
                | Self::Status(500..=599)
        )
    }

    /// Whether the request may have reached the node, which may then have acted on it whatever it answered.
    pub fn may_have_arrived(&self) -> bool {
        !matches!(self, Self::Address { .. } | Self::NoConnection(_))
    }

    /// What a pure machine is told.
    pub fn failure(&self) -> Failure {
        match self {
            // HTTP status 413: what was asked for is too large for the node, or for what stands in front of it.
            Self::TooLarge(_) | Self::Status(413) => Failure::TooLarge,
            Self::Address { .. }
            | Self::NoConnection(_)
            | Self::Unreachable(_)
            | Self::Status(_) => Failure::Unreachable,
            Self::RateLimited(wait) => Failure::RateLimited {
                wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            },
            Self::Malformed(what) => Failure::Malformed(what.clone()),
            Self::Refused { message, .. } => Failure::Refused(message.clone()),
        }
    }
}
