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
    /// The inbox keeps the link of every 32nd message for ever, and one of them must be among the kept messages.
    pub const MIN_KEPT_MESSAGES: usize = 32;
    /// Accepted checkpoints that a node keeps. Two challenge windows must not span more: what is final, and since when, is told from them.
    pub const KEPT_CHECKPOINTS: u32 = 4_096;

    /// A deployment that stands on root, followed within the bounds of a node.
    #[must_use]
    pub const fn new(
        finality: Finality,
        deployment: [u8; 20],
        root_chain_id: u64,
        inbox: Address,
        root_chain: Address,
        deployed_at: u64,
        parent_hash: B256,
    ) -> Self {
        Self {
            deployment,
            root_chain_id,
            inbox,
            root_chain,
            deployed_at,
            parent_hash,
            finality,
            range: 1_000,
            kept_messages: 4_096,
            kept_checkpoints: Self::KEPT_CHECKPOINTS as usize,
            poll_ms: 250,
            longest_wait_ms: 10_000,
            patience_ms: 10_000,
            stall_ms: Self::stall_ms(finality),
        }
    }

    /// How long the final block of a root chain may stand before a person is told: Ethereum's `finalized` tag moves every 6.4 minutes and
    /// sometimes misses one, and blocks come more often.
    #[must_use]
    pub const fn stall_ms(finality: Finality) -> u64 {
        match finality {
            Finality::Tag => 20 * 60 * 1_000,
            Finality::Depth(_) => 5 * 60 * 1_000,
        }
    }
}
