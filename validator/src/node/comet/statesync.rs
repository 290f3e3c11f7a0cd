//! CometBFT's state sync: a node without blocks takes the state of others, and its light client verifies the headers around it.

use std::time::Duration;

use alloy_primitives::B256;
use serde::{Deserialize, Serialize};

use super::{CometError, Home, config::Span};

/// The largest part of a state that CometBFT takes from a peer (`chunkMsgSize` of its state sync), asked or not. The application is handed all of it, and ends the
/// engine where it does not read it.
pub const MAX_CHUNK_BYTES: u64 = 16_000_000;

/// How long snapshots are looked for before the best one is taken: CometBFT's least.
const DISCOVERY: Span = Span(Duration::from_secs(5));
/// How long a part may take before it is asked for again. The largest has four and a half megabytes.
const PART_PATIENCE: Span = Span(Duration::from_secs(10));

/// CometBFT's `[statesync]`. What is not here has its documented default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateSync {
    #[serde(default)]
    pub enable: bool,
    /// Two RPC servers at least, with commas between them.
    #[serde(default)]
    pub rpc_servers: String,
    #[serde(default)]
    pub trust_height: u64,
    /// In hex.
    #[serde(default)]
    pub trust_hash: String,
    #[serde(default = "default_period")]
    pub trust_period: Span,
    #[serde(default = "default_discovery")]
    pub discovery_time: Span,
    #[serde(default = "default_patience")]
    pub chunk_request_timeout: Span,
}

const fn default_period() -> Span {
    Span(Duration::from_secs(168 * 3_600))
}

const fn default_discovery() -> Span {
    Span(Duration::from_secs(15))
}

const fn default_patience() -> Span {
    PART_PATIENCE
}

impl StateSync {
    /// From these RPC servers, the header of this height being trusted for this long.
    #[must_use]
    pub fn from(
        servers: &[String],
        (trust_height, trust_hash): (u64, B256),
        trust_period: Duration,
    ) -> Self {
        Self {
            enable: true,
            rpc_servers: servers.join(","),
            trust_height,
            trust_hash: hex::encode_upper(trust_hash),
            trust_period: Span(trust_period),
            discovery_time: DISCOVERY,
            chunk_request_timeout: PART_PATIENCE,
        }
    }
}

impl Home {
    /// Whether CometBFT takes the state of others while it has no blocks.
    ///
    /// # Errors
    /// When its configuration cannot be read.
    pub fn takes_snapshots(&self) -> Result<bool, CometError> {
        let section = self.read_config()?.statesync;
        Ok(section.is_some_and(|section| section.enable))
    }
}
