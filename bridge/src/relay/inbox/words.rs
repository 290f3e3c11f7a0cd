//! What the inbox machine is told, asks, says and shows.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_primitives::{Address, B256};

use crate::relay::acceptance::Acceptance;
use crate::relay::seen::{Block, Failure};
use crate::relay::track::{Ask, Reply, Standing};

/// When a root block counts as final: a rule of the genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finality {
    /// When the root chain's `finalized` tag has reached it.
    Tag,
    /// When so many blocks stand on it.
    Depth(u32),
}

/// What is followed, and within which bounds.
#[derive(Clone, Debug)]
pub struct Config {
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
    /// Messages kept past the anchor, at most.
    pub kept_messages: usize,
    /// Accepted checkpoints kept, at most.
    pub kept_checkpoints: usize,
    /// Milliseconds between two looks for a new final block, and before a first repeat.
    pub poll_ms: u64,
    /// Milliseconds before a repeat, at most.
    pub longest_wait_ms: u64,
    /// Milliseconds after which an answer counts as lost.
    pub patience_ms: u64,
}

/// A message up to which all is known and agreed; index 0 with 32 zero bytes before the first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Its index.
    pub index: u64,
    /// The hash chain there.
    pub link: B256,
    /// The root block that it stands in; 0 when it is not known.
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
    /// The hash chain there.
    pub link: B256,
    /// The message hash.
    pub hash: B256,
    /// When it is due, in milliseconds.
    pub due: u64,
    /// The root block that it stands in.
    pub root_height: u64,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// What the contracts hold after a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    /// Messages in the inbox.
    pub count: u64,
    /// The hash chain at the last one.
    pub link: B256,
    /// Checkpoints accepted.
    pub accepted: u64,
}

/// A question for the driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Names it; the answer brings it back.
    pub id: u64,
    /// The endpoint to ask.
    pub endpoint: usize,
    /// What to ask.
    pub ask: Ask,
}

/// An answer to a [`Request`].
#[derive(Clone, Debug)]
pub struct Answer {
    /// The request's id.
    pub id: u64,
    /// The endpoint that was asked.
    pub endpoint: usize,
    /// What it said.
    pub result: Result<Reply, Failure>,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// More is visible.
    Moved {
        /// Messages visible.
        count: u64,
        /// The hash chain there.
        link: B256,
        /// The final block up to which all is known.
        block: Block,
    },
    /// An endpoint stands differently.
    Stands {
        /// Which one.
        endpoint: usize,
        /// How.
        standing: Standing,
    },
    /// The endpoints show different histories; reports stop.
    Disagreement {
        /// The message at which they were compared.
        index: u64,
        /// What each shows there.
        links: [B256; 2],
    },
    /// They agree again.
    Agreement,
}

/// What is known and agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The final block up to which all is known; none before the first comparison.
    pub finalized: Option<Block>,
    /// The message before the first one kept.
    pub anchor: Anchor,
    /// Messages past the anchor, in order.
    pub entries: Vec<Entry>,
    /// Accepted checkpoints by epoch, the newest ones.
    pub acceptances: BTreeMap<u64, Acceptance>,
    /// Checkpoints accepted.
    pub accepted: u64,
    /// Whether reports may be made.
    pub healthy: bool,
    /// How each endpoint stands.
    pub standings: Vec<Standing>,
}

impl View {
    /// Messages visible.
    pub fn count(&self) -> u64 {
        self.entries
            .last()
            .map_or(self.anchor.index, |entry| entry.index)
    }

    /// The hash chain at `index`, when it is known.
    pub fn link(&self, index: u64) -> Option<B256> {
        if index == self.anchor.index {
            return Some(self.anchor.link);
        }
        self.entry(index).map(|entry| entry.link)
    }

    /// The message `index`, when it is kept.
    pub fn entry(&self, index: u64) -> Option<&Entry> {
        let place = index.checked_sub(self.anchor.index)?.checked_sub(1)?;
        self.entries.get(usize::try_from(place).ok()?)
    }
}
