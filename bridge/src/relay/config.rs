//! What is followed on the root chain, and within which bounds.

use alloy_primitives::{Address, B256};

use super::seen::Finality;

/// What is followed, and within which bounds.
#[derive(Clone, Debug)]
pub struct Config {
    /// The deployment's id.
    pub deployment: [u8; 20],
    /// The root chain's id.
    pub root_chain_id: u64,
    /// The Inbox contract.
    pub inbox: Address,
    /// The RootChain contract.
    pub root_chain: Address,
    /// The number of the block in which RootChain was made.
    pub deployed_at: u64,
    /// The hash of the block before.
    pub parent_hash: B256,
    /// When a root block is final.
    pub finality: Finality,
    /// Blocks in one request for events, at most.
    pub range: u64,
    /// Messages kept past the anchor, at most. Not below [`Config::MIN_KEPT_MESSAGES`].
    pub kept_messages: usize,
    /// Accepted checkpoints kept, at most.
    pub kept_checkpoints: usize,
    /// Milliseconds between two looks for a new final block, and before a first repeat.
    pub poll_ms: u64,
    /// Milliseconds before a repeat, at most.
    pub longest_wait_ms: u64,
    /// Milliseconds after which an answer counts as lost.
    pub patience_ms: u64,
    /// Milliseconds after which a final block that does not move is called to a person's attention.
    pub stall_ms: u64,
}

impl Config {
    /// The inbox keeps the hash chain at every 32nd message for ever, and one of them must be among the kept messages.
    pub const MIN_KEPT_MESSAGES: usize = 32;
    /// How long a root chain by the `finalized` tag may stand: Ethereum's moves every 6.4 minutes, and sometimes misses one.
    pub const STALL_BY_TAG_MS: u64 = 20 * 60 * 1_000;
    /// How long a root chain whose blocks are counted may stand.
    pub const STALL_BY_DEPTH_MS: u64 = 5 * 60 * 1_000;
}
