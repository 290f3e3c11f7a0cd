//! CometBFT's `config.toml`: the documented file of 0.38, what is not written having its documented default.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::CometError;
use super::batch::RpcSection;
pub use super::span::Span;
use super::statesync::StateSync;
use crate::app::bundle::MAX_BUNDLE_BYTES;
use crate::app::pool::{MIN_ENGINE_BYTES, MIN_ENGINE_TRANSACTIONS};
use crate::app::reads::MAX_CLOCK_BEHIND;
use crate::engine::version::COMETBFT_VERSION;
use crate::node::toml_error;

/// How far ahead of its own clock a validator lets a block's time be (`block_time_tolerance` of 0.38.25). It keeps a third
/// of power from pushing the chain's median time ahead.
pub const BLOCK_TIME_TOLERANCE: Duration = MAX_CLOCK_BEHIND;
/// Every single transaction of a block enters this cache, bundles being unpacked: a smaller one forgets what is pending.
pub const MIN_CACHE: u32 = 200_000;

/// Bytes a second to and from each peer. A precommit that comes after its block is passed on by every node before any application
/// looks at its extension, which may be a MiB; a third of 128 validators can send 42 of them a block, and votes wait behind them.
const PEER_RATE: u64 = 51_200_000;

/// How fast consensus goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnginePace {
    pub propose: Duration,
    pub prevote: Duration,
    pub precommit: Duration,
    /// What each of the three grows by with a round.
    pub delta: Duration,
    /// The block time: the wait after a block, in which late precommits arrive. It is the genesis parameter `block_time_ms`.
    pub commit: Duration,
    /// Sleep of the gossip routines: a tenth of the block time, so that idle nodes rest and a block still follows soon.
    pub gossip_sleep: Duration,
    pub flush: Duration,
    /// Longest pause before a lost peer is dialled again.
    pub redial: Duration,
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Two sleeps of this length bound how soon a vote is passed on; CometBFT's default of 100 ms is the longest.
fn gossip_sleep(block_time_ms: u32) -> Duration {
    ms((u64::from(block_time_ms) / 10).clamp(5, 100))
}

impl EnginePace {
    /// For nodes on one machine, whose messages take no time.
    #[must_use]
    pub fn local(block_time_ms: u32) -> Self {
        Self {
            propose: ms(300),
            prevote: ms(200),
            precommit: ms(200),
            delta: ms(100),
            commit: ms(block_time_ms.into()),
            gossip_sleep: gossip_sleep(block_time_ms),
            flush: ms(5),
            redial: ms(1_000),
        }
    }

    /// For networks of several machines: CometBFT's own defaults but for the block time.
    #[must_use]
    pub fn network(block_time_ms: u32) -> Self {
        Self {
            propose: ms(3_000),
            prevote: ms(1_000),
            precommit: ms(1_000),
            delta: ms(500),
            commit: ms(block_time_ms.into()),
            gossip_sleep: gossip_sleep(block_time_ms),
            flush: ms(10),
            redial: ms(30_000),
        }
    }
}

/// A peer to stay connected with: `id@address:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnginePeer {
    pub id: String,
    pub address: String,
}

impl fmt::Display for EnginePeer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}@{}", self.id, self.address)
    }
}

/// What differs from node to node and from network to network.
#[derive(Clone, Debug)]
pub struct Settings {
    pub moniker: String,
    /// Where the application listens: `unix://…` or `tcp://…`.
    pub proxy_app: String,
    pub rpc: SocketAddr,
    pub p2p: SocketAddr,
    pub peers: Vec<EnginePeer>,
    pub pace: EnginePace,
    /// All nodes on one machine or in one private network: unroutable and repeated addresses are fine, peers are not exchanged.
    pub private: bool,
    /// Most transactions and bytes that wait, and the largest one.
    pub pool_transactions: u32,
    pub pool_bytes: u64,
    pub transaction_bytes: u32,
    pub cache_transactions: u32,
    pub log_level: String,
    pub statesync: Option<StateSync>,
}

impl Settings {
    /// A node on loopback at `pace`, whose engine has room for what the application's pool takes, and carries nothing longer than
    /// the longest transaction that is valid.
    #[must_use]
    pub fn local(proxy_app: String, rpc: SocketAddr, p2p: SocketAddr, pace: EnginePace) -> Self {
        Self {
            moniker: "plasmid".to_owned(),
            proxy_app,
            rpc,
            p2p,
            peers: Vec::new(),
            pace,
            private: true,
            pool_transactions: MIN_ENGINE_TRANSACTIONS,
            pool_bytes: MIN_ENGINE_BYTES,
            transaction_bytes: MAX_BUNDLE_BYTES as u32,
            cache_transactions: MIN_CACHE,
            log_level: "main:info,*:error".to_owned(),
            statesync: None,
        }
    }
}

/// `config.toml`. Fields that are not here keep CometBFT's documented defaults, or what the operator's file says: `merge` keeps them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    pub version: String,
    pub proxy_app: String,
    pub moniker: String,
    pub log_level: String,
    pub abci: String,
    pub rpc: RpcSection,
    pub p2p: P2p,
    pub mempool: MempoolSection,
    pub consensus: Consensus,
    pub storage: Storage,
    pub tx_index: TxIndex,
    /// Whether and from whom a node without blocks takes the state of others; an operator's own where it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statesync: Option<StateSync>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct P2p {
    pub laddr: String,
    pub persistent_peers: String,
    pub addr_book_strict: bool,
    pub allow_duplicate_ip: bool,
    pub pex: bool,
    pub flush_throttle_timeout: Span,
    pub persistent_peers_max_dial_period: Span,
    /// Bytes a second to and from each peer.
    #[serde(default = "default_rate")]
    pub send_rate: u64,
    #[serde(default = "default_rate")]
    pub recv_rate: u64,
}

/// CometBFT's own default. What was not asked about again by then stays in the engine's pool.
const MIN_RECHECK_TIMEOUT: Span = Span(Duration::from_secs(1));

const fn default_recheck_timeout() -> Span {
    MIN_RECHECK_TIMEOUT
}

/// CometBFT's own default.
const fn default_rate() -> u64 {
    5_120_000
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MempoolSection {
    #[serde(rename = "type")]
    pub kind: String,
    pub recheck: bool,
    #[serde(default = "default_recheck_timeout")]
    pub recheck_timeout: Span,
    pub broadcast: bool,
    pub size: u32,
    pub max_txs_bytes: u64,
    pub cache_size: u32,
    #[serde(rename = "keep-invalid-txs-in-cache", default)]
    pub keep_invalid: bool,
    pub max_tx_bytes: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consensus {
    pub timeout_propose: Span,
    pub timeout_propose_delta: Span,
    pub timeout_prevote: Span,
    pub timeout_prevote_delta: Span,
    pub timeout_precommit: Span,
    pub timeout_precommit_delta: Span,
    pub timeout_commit: Span,
    pub skip_timeout_commit: bool,
    pub create_empty_blocks: bool,
    pub peer_gossip_sleep_duration: Span,
    pub block_time_tolerance: Span,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storage {
    pub discard_abci_responses: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxIndex {
    pub indexer: String,
}

impl MempoolSection {
    /// What the application's pool relies on: it is smaller than this one, and this one asks it again after each block.
    fn check(&self) -> Result<(), String> {
        if self.kind != "flood" {
            let kind = &self.kind;
            return Err(format!("mempool.type is {kind:?}: set it to \"flood\""));
        }
        if !self.recheck {
            return Err("mempool.recheck is off: what the application gave up would never leave the engine's pool".into());
        }
        let (found, min) = (self.recheck_timeout.0, MIN_RECHECK_TIMEOUT.0);
        if found < min {
            return Err(format!(
                "mempool.recheck_timeout is {}ms, at least {}ms is needed: what the engine does not ask about again in that time stays in its pool",
                found.as_millis(),
                min.as_millis()
            ));
        }
        if self.keep_invalid {
            return Err("mempool.keep-invalid-txs-in-cache is on: what was refused once, such as for a sequence that was too far ahead, could never be sent again".into());
        }
        let bounds = [
            ("cache_size", self.cache_size.into(), MIN_CACHE.into()),
            ("size", self.size.into(), MIN_ENGINE_TRANSACTIONS.into()),
            ("max_txs_bytes", self.max_txs_bytes, MIN_ENGINE_BYTES),
            (
                "max_tx_bytes",
                self.max_tx_bytes.into(),
                MAX_BUNDLE_BYTES as u64,
            ),
        ];
        match bounds.into_iter().find(|(_, found, min)| found < min) {
            Some((name, found, min)) => Err(format!(
                "mempool.{name} is {found}, at least {min} is needed"
            )),
            None => Ok(()),
        }
    }
}

const HEADER: &str = "\
# CometBFT's configuration, written by Plasmid. What is not here has CometBFT 0.38's documented default.
# The chain relies on some of these lines: docs/OPTIONS.md lists them with their reasons, and they are checked.

";

impl Config {
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let pace = settings.pace;
        let peers: Vec<_> = settings.peers.iter().map(EnginePeer::to_string).collect();
        Self {
            version: COMETBFT_VERSION.to_owned(),
            proxy_app: settings.proxy_app.clone(),
            moniker: settings.moniker.clone(),
            log_level: settings.log_level.clone(),
            abci: "socket".to_owned(),
            rpc: RpcSection::at(settings.rpc),
            p2p: P2p {
                laddr: format!("tcp://{}", settings.p2p),
                persistent_peers: peers.join(","),
                addr_book_strict: !settings.private,
                allow_duplicate_ip: settings.private,
                pex: !settings.private,
                flush_throttle_timeout: Span(pace.flush),
                persistent_peers_max_dial_period: Span(pace.redial),
                send_rate: PEER_RATE,
                recv_rate: PEER_RATE,
            },
            mempool: MempoolSection {
                kind: "flood".to_owned(),
                recheck: true,
                recheck_timeout: MIN_RECHECK_TIMEOUT,
                broadcast: true,
                size: settings.pool_transactions,
                max_txs_bytes: settings.pool_bytes,
                cache_size: settings.cache_transactions,
                keep_invalid: false,
                max_tx_bytes: settings.transaction_bytes,
            },
            consensus: Consensus {
                timeout_propose: Span(pace.propose),
                timeout_propose_delta: Span(pace.delta),
                timeout_prevote: Span(pace.prevote),
                timeout_prevote_delta: Span(pace.delta),
                timeout_precommit: Span(pace.precommit),
                timeout_precommit_delta: Span(pace.delta),
                timeout_commit: Span(pace.commit),
                skip_timeout_commit: false,
                create_empty_blocks: true,
                peer_gossip_sleep_duration: Span(pace.gossip_sleep),
                block_time_tolerance: Span(BLOCK_TIME_TOLERANCE),
            },
            storage: Storage {
                discard_abci_responses: false,
            },
            tx_index: TxIndex {
                indexer: "kv".to_owned(),
            },
            statesync: settings.statesync.clone(),
        }
    }

    /// Refuses what the chain does not hold with; also what a person may have changed in the file.
    pub fn check(&self) -> Result<(), CometError> {
        let refuse = |said: String| Err(CometError::Config(said));
        let consensus = &self.consensus;
        self.mempool.check().or_else(refuse)?;
        self.rpc.check().or_else(refuse)?;
        if consensus.timeout_commit.0.is_zero() {
            return refuse("consensus.timeout_commit is zero: votes would go missing".to_owned());
        }
        if consensus.skip_timeout_commit {
            return refuse(
                "consensus.skip_timeout_commit is on: blocks would come faster than the plan's block time"
                    .to_owned(),
            );
        }
        if !consensus.create_empty_blocks {
            return refuse(
                "consensus.create_empty_blocks is off: epochs and checkpoints go on without transactions"
                    .to_owned(),
            );
        }
        let tolerance = consensus.block_time_tolerance.0;
        if tolerance != BLOCK_TIME_TOLERANCE {
            return refuse(format!(
                "consensus.block_time_tolerance is {tolerance:?}, all validators keep {BLOCK_TIME_TOLERANCE:?}"
            ));
        }
        Ok(())
    }

    /// Refuses another pace than the plan's: a third of the power that keeps it holds the block time for all.
    pub fn check_block_time(&self, block_time_ms: u32) -> Result<(), CometError> {
        let (found, wanted) = (self.consensus.timeout_commit.0, ms(block_time_ms.into()));
        if found == wanted {
            return Ok(());
        }
        Err(CometError::Config(format!(
            "consensus.timeout_commit is {found:?}; this network's block time (block_time_ms) is {wanted:?}"
        )))
    }

    /// Where its RPC listens.
    pub fn rpc_address(&self) -> Result<SocketAddr, CometError> {
        let laddr = &self.rpc.laddr;
        let address = laddr.strip_prefix("tcp://").unwrap_or(laddr);
        SocketAddr::from_str(address)
            .map_err(|error| CometError::Config(format!("rpc.laddr `{laddr}`: {error}")))
    }

    pub(super) fn to_text(&self) -> Result<String, CometError> {
        self.check()?;
        toml::to_string(self)
            .map(|text| Self::with_header(&text))
            .map_err(|error| CometError::Config(error.to_string()))
    }

    pub(super) fn with_header(text: &str) -> String {
        format!("{HEADER}{text}")
    }

    pub(super) fn from_text(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| toml_error::told(text, &error))
    }
}
