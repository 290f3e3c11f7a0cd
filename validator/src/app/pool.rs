//! Transactions that wait for a block, by sender and sequence.
//!
//! ```text
//! sender ──► next, next + 1, ...   ready: from the sender's next on without a gap
//!        ──► ... up to next + 64   held until the gap closes
//! ```
//! One transaction a (sender, sequence): another takes its place with a fee at least a tenth higher. A full pool gives up the
//! lowest fee for one that pays a tenth more. Expired ones go. The pool also keeps the verdict on each signature.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;

use alloy_primitives::B256;
use sha2::{Digest, Sha256};

use crate::ledger::{Account, CheckedTransaction, Reject};

/// How far ahead of the sender's next sequence a transaction is held.
pub const HELD_AHEAD: u64 = 64;

/// The engine's hash of a transaction.
pub type Hash = [u8; 32];

/// SHA-256 of the bytes, as the engine names transactions.
pub fn engine_hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// A transaction in the pool.
#[derive(Debug)]
pub struct Pending {
    /// The engine's hash.
    pub hash: Hash,
    /// Canonical bytes.
    pub bytes: Vec<u8>,
    /// The verdict on them.
    pub checked: CheckedTransaction,
}

/// How much the pool holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Transactions.
    pub transactions: usize,
    /// Bytes of transactions.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            transactions: 50_000,
            bytes: 64 << 20,
        }
    }
}

/// The pool.
#[derive(Debug, Default)]
pub struct Pool {
    limits: Limits,
    senders: BTreeMap<Account, BTreeMap<u64, Arc<Pending>>>,
    hashes: BTreeMap<Hash, Arc<Pending>>,
    /// One a digest: two of one digest have one sender and sequence, and of these only one is held.
    digests: BTreeMap<B256, Hash>,
    fees: BTreeSet<(u128, Hash)>,
    expiry: BTreeSet<(u64, Hash)>,
    bytes: usize,
}

impl Pool {
    /// An empty pool.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Transactions held.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether none is held.
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

    /// The sequence that a wallet should sign next: past the state's and past what waits without a gap.
    pub fn next_sequence(&self, sender: &Account, next: u64) -> u64 {
        let mut at = next;
        let waiting = self.senders.get(sender);
        while waiting.is_some_and(|waiting| waiting.contains_key(&at)) {
            at = at.saturating_add(1);
        }
        at
    }

    /// Takes a transaction; `next` is its sender's next sequence in the state.
    ///
    /// # Errors
    /// [`Reject`]: known, a sequence used or too far ahead, underpriced as a replacement, or no room.
    pub fn add(&mut self, pending: Pending, next: u64) -> Result<(), Reject> {
        let header = *pending.checked.header();
        if self.hashes.contains_key(&pending.hash) {
            return Err(Reject::Known);
        }
        check_sequence(header.sequence, next)?;
        let same = self
            .senders
            .get(&header.sender)
            .and_then(|at| at.get(&header.sequence));
        match same.cloned() {
            Some(other) => {
                let held = other.checked.header().fee;
                check_raise(held, header.fee).map_err(|minimum| {
                    Reject::ReplacementUnderpriced {
                        pending: held,
                        minimum,
                        fee: header.fee,
                    }
                })?;
                self.remove(&other.hash);
            }
            None => self.make_room(&pending)?,
        }
        self.insert(pending);
        Ok(())
    }

    /// Removes a transaction.
    pub fn remove(&mut self, hash: &Hash) {
        let Some(pending) = self.hashes.remove(hash) else {
            return;
        };
        let header = pending.checked.header();
        self.digests.remove(pending.checked.digest());
        self.fees.remove(&(header.fee, *hash));
        self.expiry.remove(&(header.valid_until, *hash));
        self.bytes = self.bytes.saturating_sub(pending.bytes.len());
        if let Some(waiting) = self.senders.get_mut(&header.sender) {
            waiting.remove(&header.sequence);
            if waiting.is_empty() {
                self.senders.remove(&header.sender);
            }
        }
    }

    /// Whether anything of this sender waits.
    pub fn has(&self, sender: &Account) -> bool {
        self.senders.contains_key(sender)
    }

    /// Removes what a sender can no longer use: every sequence below `next`.
    pub fn advance(&mut self, sender: &Account, next: u64) {
        let stale: Vec<Hash> = match self.senders.get(sender) {
            Some(waiting) => waiting
                .range(..next)
                .map(|(_, pending)| pending.hash)
                .collect(),
            None => return,
        };
        for hash in stale {
            self.remove(&hash);
        }
    }

    /// Removes what no block from `height` on may hold.
    pub fn expire(&mut self, height: u64) {
        while let Some((until, hash)) = self.expiry.first().copied() {
            if until >= height {
                return;
            }
            self.remove(&hash);
        }
    }

    /// What is ready, the best fees first and each sender's in its order; `next` tells a sender's next sequence.
    pub fn ready(&self, limit: usize, next: impl Fn(&Account) -> u64) -> Vec<Arc<Pending>> {
        let mut heads = BinaryHeap::new();
        for (sender, waiting) in &self.senders {
            if let Some(pending) = waiting.get(&next(sender)) {
                heads.push((
                    pending.checked.header().fee,
                    std::cmp::Reverse(pending.hash),
                ));
            }
        }
        let mut out = Vec::new();
        while out.len() < limit {
            let Some((_, std::cmp::Reverse(hash))) = heads.pop() else {
                break;
            };
            let Some(pending) = self.hashes.get(&hash) else {
                continue;
            };
            out.push(Arc::clone(pending));
            let header = pending.checked.header();
            let waiting = self.senders.get(&header.sender);
            let after = header.sequence.checked_add(1);
            if let Some(follower) = waiting
                .zip(after)
                .and_then(|(waiting, at)| waiting.get(&at))
            {
                heads.push((
                    follower.checked.header().fee,
                    std::cmp::Reverse(follower.hash),
                ));
            }
        }
        out
    }

    fn insert(&mut self, pending: Pending) {
        let pending = Arc::new(pending);
        let header = pending.checked.header();
        self.bytes = self.bytes.saturating_add(pending.bytes.len());
        self.digests.insert(*pending.checked.digest(), pending.hash);
        self.fees.insert((header.fee, pending.hash));
        self.expiry.insert((header.valid_until, pending.hash));
        let waiting = self.senders.entry(header.sender).or_default();
        waiting.insert(header.sequence, Arc::clone(&pending));
        self.hashes.insert(pending.hash, pending);
    }

    /// Gives up lower fees until the transaction fits.
    fn make_room(&mut self, pending: &Pending) -> Result<(), Reject> {
        let fee = pending.checked.header().fee;
        while self.hashes.len() >= self.limits.transactions
            || self.bytes.saturating_add(pending.bytes.len()) > self.limits.bytes
        {
            let full = Reject::PoolFull {
                held: self.hashes.len(),
                limit: self.limits.transactions,
            };
            let Some((lowest, hash)) = self.fees.first().copied() else {
                return Err(full);
            };
            check_raise(lowest, fee).map_err(|_| full)?;
            self.remove(&hash);
        }
        Ok(())
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

/// Whether `fee` is at least a tenth above `held`; else the least that would be.
fn check_raise(held: u128, fee: u128) -> Result<(), u128> {
    let minimum = held
        .saturating_add(held.div_ceil(10))
        .max(held.saturating_add(1));
    if fee < minimum {
        return Err(minimum);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
