//! Transactions that wait for a block, by sender and sequence.
//!
//! ```text
//! sender ──► next, next + 1, ...   ready: from the sender's next on without a gap                  a block may hold it now
//!        ──► ... up to next + 64   held: something before it is missing, or is of stake            a sixteenth of the pool at most,
//!                                                                                                    half of that behind gaps
//! ```
//! - What a sender owns in the state covers the fees and amounts of all its waiting transactions, in each token. A key without money has
//!   no transaction here.
//! - Room goes to the highest bid, which is the fee above the minimum ([`offer`]); a full pool gives up held ones first, then the
//!   lowest bid, for one that bids a tenth more. One transaction a (sender, sequence): another takes its place for a tenth more.
//! - Of stake, one at a time about each position and line ([`topic`]), because no balance says that all of them can pay. What its sender
//!   has behind one of stake is held: strangers may make that one useless in each block, and what stands behind it would never be tried.
//! - What lies behind a gap waits for a while, and a sender has a part of these places ([`patience`]).
//! - Whom blocks pass over again and again though they have room loses its right to its places ([`passed`]): no other node has what it sent.
//! - The engine holds what this pool took, until it asks again after a block. So the pool is smaller than the engine's, and
//!   gives up no more between two blocks than the engine has room for ([`Limits`]).
//! - After each block the pool sweeps itself, so that asking again is one look-up: senders whom the block touched are looked
//!   at, expired ones go, and so does what does not apply any more.
//! - From node to node it travels in bundles ([`carriage`]).
//! - What it gives up it remembers for a while, with the reason ([`departures`]): whoever was told that it was taken is told that, too.
//!
//! It also keeps the verdict on each signature.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use alloy_primitives::B256;

use crate::ledger::{Account, Reject};

mod admission;
mod carriage;
mod departures;
mod feed;
mod offer;
mod passed;
mod patience;
mod queue;
mod sweep;
mod topic;

use admission::Churn;
pub use admission::Replaces;
use carriage::Carriage;
pub use carriage::{Bundle, Packing};
pub use departures::Departure;
use departures::Departures;
pub use feed::Feed;
pub use offer::{Hash, Offer, PLACE_BYTES, Pending, bid};
use passed::PassedOver;
pub use passed::{Fill, Held};
use patience::GapPatience;
pub use queue::{Purse, check_covered};
use queue::{Queue, Rank, Readiness, Waiting};
use topic::Topic;
pub use topic::Topics;

/// How far ahead of the sender's next sequence a transaction is held.
pub const HELD_AHEAD: u64 = 64;

/// Transactions that the engine's mempool must have room for (`mempool.size`).
pub const MIN_ENGINE_TRANSACTIONS: u32 = 20_000;
/// Bytes that the engine's mempool must have room for (`mempool.max_txs_bytes`).
pub const MIN_ENGINE_BYTES: u64 = 20_000_000;

/// How much the pool holds, in places ([`PLACE_BYTES`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Everything that waits.
    pub places: usize,
    /// What waits behind a gap or behind a transaction of stake. Half of it is for what waits behind one of stake alone.
    pub held: usize,
    /// Places that ready transactions may make others give up during one block and the one before it, because the engine holds the evicted ones too
    /// until it asks again. As many may be given up to what waits behind a transaction of stake. The second half goes to bids that double.
    pub churn: usize,
    /// Places that may be given up in this time to what waits behind a gap and to senders that blocks passed over, because those pay nothing.
    pub idle_churn: usize,
}

impl Limits {
    /// What waits behind a gap.
    const fn gaps(&self) -> usize {
        self.held / 2
    }
}

/// The most places of a node's pool, and so the most transactions that wait in it.
pub const MAX_PLACES: usize = 10_000;

impl Default for Limits {
    fn default() -> Self {
        Self {
            places: MAX_PLACES,
            held: 625,
            churn: 4_000,
            idle_churn: 625,
        }
    }
}

/// A head's place among heads: the highest bid comes last.
type Head = (u128, Reverse<Hash>);

/// The pool.
#[derive(Debug, Default)]
pub struct Pool {
    limits: Limits,
    /// Height of the last block.
    height: u64,
    senders: BTreeMap<Account, Queue>,
    hashes: BTreeMap<Hash, Arc<Pending>>,
    /// By digest. Two transactions of one digest have the same sender and sequence, so only one of them can wait.
    digests: BTreeMap<B256, Hash>,
    /// What waits about each topic.
    topics: BTreeMap<Topic, Hash>,
    /// What waits about each position, by the position's leaf.
    positions: BTreeSet<(B256, Hash)>,
    /// What waits to put stake behind each operator, by the highest commission that it accepts.
    backers: BTreeSet<([u8; 20], u16, Hash)>,
    /// All waiting transactions; the one that is evicted first comes first.
    order: BTreeSet<Rank>,
    /// The first ready one of each sender.
    heads: BTreeSet<Head>,
    expiry: BTreeSet<(u64, Hash)>,
    /// Places taken, by all, by held ones, and by those of them that lie behind a gap.
    places: usize,
    held: usize,
    gaps: usize,
    /// Whom blocks passed over.
    passed: BTreeMap<Account, PassedOver>,
    /// How long senders have had something behind a gap.
    patience: GapPatience,
    /// Places given up for what is ready, for what lies behind one of stake, and for what pays nothing.
    churn: BTreeMap<Readiness, Churn>,
    /// What it gave up.
    departures: Departures,
    /// What the engine passes on of it, and by what.
    carriage: Carriage,
    /// What waits and may no longer apply: it is judged again after a block.
    doubted: BTreeSet<Hash>,
    /// The sender that was looked at last when others' turn came.
    examined: Option<Account>,
}

impl Pool {
    /// An empty pool.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Transactions that wait.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Places that are taken, in percent of all.
    pub fn percent(&self) -> u64 {
        let percent = self
            .places
            .saturating_mul(100)
            .checked_div(self.limits.places);
        percent.map_or(100, |percent| percent as u64)
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// The transaction with this engine hash.
    pub fn get(&self, hash: &Hash) -> Option<&Arc<Pending>> {
        self.hashes.get(hash)
    }

    /// The transaction with this EIP-712 digest.
    pub fn with_digest(&self, digest: &B256) -> Option<&Arc<Pending>> {
        self.hashes.get(self.digests.get(digest)?)
    }

    /// The transaction that waits at this place of its sender's queue.
    pub fn at(&self, sender: &Account, sequence: u64) -> Option<&Arc<Pending>> {
        let waiting = self.senders.get(sender)?.waiting.get(&sequence)?;
        Some(&waiting.pending)
    }

    /// The sequence that a wallet should sign next: past the state's, which is `next`, and past what waits without a gap.
    pub fn next_sequence(&self, sender: &Account, next: u64) -> u64 {
        let mut at = next;
        while self.at(sender, at).is_some() {
            at = at.saturating_add(1);
        }
        at
    }

    /// Takes it out, and leaves ranks of what is behind it as they are.
    fn take(&mut self, hash: &Hash) -> Option<Arc<Pending>> {
        let pending = self.hashes.remove(hash)?;
        let header = pending.offer.header;
        self.digests.remove(pending.checked.digest());
        self.expiry.remove(&(header.valid_until, *hash));
        for topic in pending.offer.topics.iter() {
            self.topics.remove(&topic);
            if let Some(leaf) = topic.leaf() {
                self.positions.remove(&(leaf, *hash));
            }
        }
        if let Some((operator, most)) = pending.offer.backs {
            self.backers.remove(&(operator, most, *hash));
        }
        self.doubted.remove(hash);
        self.places = self.places.saturating_sub(pending.offer.places);
        self.carriage.leave(&pending);
        if let Some(queue) = self.senders.get_mut(&header.sender) {
            let waiting = queue.waiting.remove(&header.sequence);
            if queue.waiting.is_empty() {
                self.senders.remove(&header.sender);
            }
            if let Some(rank) = waiting.and_then(|waiting| waiting.rank) {
                self.unrank(&rank, &pending);
            }
        }
        Some(pending)
    }

    fn insert(&mut self, pending: Arc<Pending>, next: u64) {
        let offer = pending.offer;
        let header = offer.header;
        self.places = self.places.saturating_add(offer.places);
        self.departures.come_back(&offer.hash);
        self.carriage.come(offer.hash);
        self.digests.insert(*pending.checked.digest(), offer.hash);
        self.expiry.insert((header.valid_until, offer.hash));
        for topic in offer.topics.iter() {
            self.topics.insert(topic, offer.hash);
            let leaf = topic.leaf();
            self.positions.extend(leaf.map(|leaf| (leaf, offer.hash)));
        }
        if let Some((operator, most)) = offer.backs {
            self.backers.insert((operator, most, offer.hash));
        }
        self.hashes.insert(offer.hash, Arc::clone(&pending));
        let queue = self.senders.entry(header.sender).or_default();
        queue.next = next;
        let waiting = Waiting {
            pending,
            rank: None,
        };
        queue.waiting.insert(header.sequence, waiting);
        self.rank_again(&header.sender);
    }

    /// Puts every transaction of a sender where it now belongs in the order.
    fn rank_again(&mut self, sender: &Account) {
        let right = self.right_of(sender);
        let Some(queue) = self.senders.get_mut(sender) else {
            return;
        };
        let mut moved = Vec::new();
        for (sequence, rank) in queue.ranks(right) {
            if let Some(waiting) = queue.waiting.get_mut(&sequence)
                && waiting.rank != Some(rank)
            {
                let old = waiting.rank.replace(rank);
                moved.push((old, rank, Arc::clone(&waiting.pending)));
            }
        }
        for (old, _, pending) in &moved {
            if let Some(old) = old {
                self.unrank(old, pending);
            }
        }
        for (_, rank, pending) in &moved {
            self.order.insert(*rank);
            if rank.is_head() {
                self.heads
                    .insert((pending.offer.bid, Reverse(pending.offer.hash)));
            }
            let (held, gaps) = rank.shares(pending.offer.places);
            self.held = self.held.saturating_add(held);
            self.gaps = self.gaps.saturating_add(gaps);
        }
    }

    fn unrank(&mut self, rank: &Rank, pending: &Pending) {
        self.order.remove(rank);
        if rank.is_head() {
            self.heads
                .remove(&(pending.offer.bid, Reverse(pending.offer.hash)));
        }
        let (held, gaps) = rank.shares(pending.offer.places);
        self.held = self.held.saturating_sub(held);
        self.gaps = self.gaps.saturating_sub(gaps);
    }
}

/// Refuses a sequence that was used or lies too far ahead.
pub fn check_sequence(found: u64, expected: u64) -> Result<(), Reject> {
    if found < expected {
        return Err(Reject::NonceUsed { expected, found });
    }
    if found > expected.saturating_add(HELD_AHEAD) {
        return Err(Reject::NonceAhead { expected, found });
    }
    Ok(())
}

#[cfg(test)]
mod attack;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
