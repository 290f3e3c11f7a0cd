//! What carries the pool's transactions from node to node: bundles and single transactions in the mempool of this node's engine.
//!
//! ```text
//! waiting ──► loose      nothing carries it: this node packs it once it is ready
//!         ──► carried    by a bundle or by itself
//! ```
//! - The rule that all rests on: this node packs every ready transaction that nothing carries. So a bundle that peers refuse, a full mempool, an engine
//!   that starts again, and what is dropped when the engine asks again lose nothing.
//! - A carrier is taken while at least half of its bytes are loose: it costs its sender no less than its transactions do. It goes once less than half
//!   of its bytes wait because of it, or after half a minute, when the engine asks again, or when the engine asks about it no more. What is left of it is
//!   loose again, and travels in bundles from then on: whoever asks about one of it by itself again and again would keep it from them.
//! - What came by this node's gRPC is packed at once. What came otherwise is packed when it was loose for a while: any of the nodes that have it may be
//!   first.
//! - What waits behind a gap is not packed: sixty-four of them would travel for the fee of the first one. What blocks pass over goes last, in bundles of
//!   its own: other nodes may refuse it, or may never have seen it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use prost::bytes::Bytes;

use super::Pool;
use super::offer::{Hash, Pending};
use super::queue::Readiness;
use crate::app::bundle::{Filling, ROOM, carried_bytes, place};
use crate::ledger::Account;
use crate::wire::engine_hash;

/// Blocks through which a carrier lives without a question of the engine. One is made while the engine asks about the block before.
const UNASKED_FOR: u64 = 3;
/// Seconds after which a carrier of several transactions goes.
const MAX_SECONDS: u64 = 30;

/// A bundle, or a transaction by itself, in the engine's mempool.
#[derive(Debug)]
struct Carrier {
    /// What it carried at first.
    members: Vec<Hash>,
    /// Bytes of all of it.
    bytes: usize,
    /// Bytes of what waits and is carried by it.
    live: usize,
    /// Height of the last block after which the engine asked about it, or took it.
    asked: u64,
    /// When it came.
    second: u64,
}

/// A waiting transaction that nothing carries.
#[derive(Clone, Copy, Debug)]
struct Loose {
    /// It came by this node's gRPC, and has not been packed yet.
    is_own: bool,
    /// Nothing has carried it yet.
    is_new: bool,
    /// The turn of the packer in which it became loose.
    turn: u64,
}

/// All carriers, and what they carry.
#[derive(Debug, Default)]
pub(super) struct Carriage {
    carriers: BTreeMap<Hash, Carrier>,
    /// The carrier of a waiting transaction.
    carried: BTreeMap<Hash, Hash>,
    loose: BTreeMap<Hash, Loose>,
    turn: u64,
}

/// A bundle to hand to the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The engine's hash of it.
    pub hash: Hash,
    /// Its bytes.
    pub bytes: Bytes,
}

/// Which loose transactions are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// What came by this node's gRPC is packed.
    Own,
    /// What was loose before the last turn is packed too.
    All,
}

impl Carriage {
    /// It waits.
    pub(super) fn come(&mut self, hash: Hash) {
        self.let_go(hash, true);
    }

    fn let_go(&mut self, hash: Hash, is_new: bool) {
        let loose = Loose {
            is_own: false,
            is_new,
            turn: self.turn,
        };
        self.loose.insert(hash, loose);
    }

    /// It waits no more.
    pub(super) fn leave(&mut self, pending: &Pending) {
        let hash = pending.offer.hash;
        self.loose.remove(&hash);
        if let Some(carrier) = self.carried.remove(&hash)
            && let Some(carrier) = self.carriers.get_mut(&carrier)
        {
            carrier.live = carrier
                .live
                .saturating_sub(carried_bytes(pending.bytes.len()));
        }
    }

    fn drop(&mut self, hash: &Hash) {
        let Some(carrier) = self.carriers.remove(hash) else {
            return;
        };
        for member in carrier.members {
            if self.carried.get(&member) == Some(hash) {
                self.carried.remove(&member);
                self.let_go(member, false);
            }
        }
    }

    /// A block of this height came.
    pub(super) fn turn(&mut self, height: u64) {
        let all = self.carriers.iter();
        let lost = all.filter(|(_, one)| one.asked.saturating_add(UNASKED_FOR) < height);
        let lost: Vec<Hash> = lost.map(|(hash, _)| *hash).collect();
        for hash in &lost {
            self.drop(hash);
        }
    }
}

impl Pool {
    /// Whether the engine was told that it may hold this bundle or transaction, and holds it as far as is known.
    pub fn is_carrier(&self, hash: &Hash) -> bool {
        self.carriage.carriers.contains_key(hash)
    }

    /// Whether this transaction waits and nothing carries it.
    pub fn is_loose(&self, hash: &Hash) -> bool {
        self.carriage.loose.contains_key(hash)
    }

    /// The engine asks about a transaction by itself: whether it may hold it; `None` where it does not wait. It may not where a bundle carries it or will,
    /// but where it holds it already and asks again.
    pub fn carries_itself(&mut self, hash: &Hash, is_again: bool) -> Option<bool> {
        let bytes = carried_bytes(self.get(hash)?.bytes.len());
        let holds = match is_again {
            true => self.keeps(hash),
            false => self.is_carrier(hash),
        };
        let loose = self.carriage.loose.get(hash);
        let may = loose.is_some_and(|loose| is_again || loose.is_new);
        Some(holds || may && self.carry(*hash, vec![*hash], bytes))
    }

    /// It came by this node's gRPC: it is packed at once.
    pub fn brought_here(&mut self, hash: &Hash) {
        if let Some(loose) = self.carriage.loose.get_mut(hash) {
            loose.is_own = true;
        }
    }

    /// Lets a carrier of these transactions and this length into the engine's mempool, where at least half of its bytes wait and are carried by nothing.
    /// They are carried by it from now on.
    pub fn carry(&mut self, carrier: Hash, members: Vec<Hash>, bytes: usize) -> bool {
        self.carriage.drop(&carrier);
        let free: Vec<Hash> = members
            .into_iter()
            .filter(|one| self.is_loose(one))
            .collect();
        let length = |hash| {
            self.get(hash)
                .map_or(0, |one| carried_bytes(one.bytes.len()))
        };
        let live: usize = free.iter().map(length).sum();
        if is_too_little(live, bytes) || free.is_empty() {
            return false;
        }
        for member in &free {
            self.carriage.loose.remove(member);
            self.carriage.carried.insert(*member, carrier);
        }
        let taken = Carrier {
            members: free,
            bytes,
            live,
            asked: self.height,
            second: self.departures.seconds(),
        };
        self.carriage.carriers.insert(carrier, taken);
        true
    }

    /// The engine asks again whether it may keep this bundle or transaction.
    pub fn keeps(&mut self, hash: &Hash) -> bool {
        let (height, seconds) = (self.height, self.departures.seconds());
        let Some(carrier) = self.carriage.carriers.get_mut(hash) else {
            return false;
        };
        let is_alone = carrier.members.first() == Some(hash);
        let is_old = carrier.second.saturating_add(MAX_SECONDS) < seconds && !is_alone;
        if is_old || carrier.live == 0 || is_too_little(carrier.live, carrier.bytes) {
            self.carriage.drop(hash);
            return false;
        }
        carrier.asked = height;
        true
    }

    /// The engine did not take it.
    pub fn not_taken(&mut self, hash: &Hash) {
        self.carriage.drop(hash);
    }

    /// Packs what is ready and nothing carries, into at most `most` bundles: the best bids first, and before each one what its sender has before it. They carry
    /// it from now on; whoever cannot hand one to the engine says so by [`Pool::not_taken`].
    pub fn pack(&mut self, packing: Packing, most: usize) -> Vec<Bundle> {
        if packing == Packing::All {
            self.carriage.turn = self.carriage.turn.saturating_add(1);
        }
        let (ready, passed) = self.loose_runs(packing);
        let mut bundles = self.fill(ready, most);
        let left = most.saturating_sub(bundles.len());
        bundles.extend(self.fill(passed, left));
        bundles
    }

    fn fill(&mut self, runs: Vec<Arc<Pending>>, most: usize) -> Vec<Bundle> {
        let mut bundles = Vec::new();
        let mut members: Vec<Arc<Pending>> = Vec::new();
        let mut filling = 0;
        for one in runs {
            let bytes = carried_bytes(one.bytes.len());
            if filling + bytes > ROOM {
                bundles.push(std::mem::take(&mut members));
                filling = 0;
            }
            if bundles.len() >= most {
                break;
            }
            filling += bytes;
            members.push(one);
        }
        if bundles.len() < most && !members.is_empty() {
            bundles.push(members);
        }
        bundles.into_iter().map(|one| self.seal(one)).collect()
    }

    /// What may be packed now, of each sender in its order; whose first one bids most comes first. What blocks passed over stands apart.
    fn loose_runs(&self, packing: Packing) -> (Vec<Arc<Pending>>, Vec<Arc<Pending>>) {
        let due = self
            .carriage
            .loose
            .iter()
            .filter(|(_, loose)| match packing {
                Packing::Own => loose.is_own,
                Packing::All => loose.is_own || loose.turn.saturating_add(1) < self.carriage.turn,
            });
        let senders = due.filter_map(|(hash, _)| Some(self.get(hash)?.offer.header.sender));
        let senders: BTreeSet<Account> = senders.collect();
        let runs = senders.iter().filter_map(|sender| {
            let queue = self.senders.get(sender)?;
            let packable = queue.waiting.range(..queue.free());
            let packable = packable.filter(|(_, one)| self.is_loose(&one.pending.offer.hash));
            let run: Vec<_> = packable.map(|(_, one)| Arc::clone(&one.pending)).collect();
            let bid = run.first()?.offer.bid;
            let is_passed = self.right_of(sender) == Readiness::Passed;
            Some((is_passed, bid, run))
        });
        let mut runs: Vec<(bool, u128, Vec<Arc<Pending>>)> = runs.collect();
        // A stable order: of equal bids, as the accounts go.
        runs.sort_by_key(|(_, bid, _)| std::cmp::Reverse(*bid));
        let (passed, ready): (Vec<_>, Vec<_>) =
            runs.into_iter().partition(|(is_passed, ..)| *is_passed);
        let all = |runs: Vec<(bool, u128, Vec<Arc<Pending>>)>| {
            runs.into_iter().flat_map(|(_, _, run)| run).collect()
        };
        (all(ready), all(passed))
    }

    fn seal(&mut self, mut members: Vec<Arc<Pending>>) -> Bundle {
        members.sort_by_key(|one| place(&one.offer.header));
        let mut filling = Filling::default();
        for one in &members {
            filling.add(&one.bytes);
        }
        let bytes = filling.finish();
        let hash = engine_hash(&bytes);
        let members = members.iter().map(|one| one.offer.hash).collect();
        self.carry(hash, members, bytes.len());
        Bundle { hash, bytes }
    }
}

/// Whether too little of a carrier of this length waits because of it.
const fn is_too_little(live: usize, bytes: usize) -> bool {
    live.saturating_mul(2) < bytes
}

#[cfg(test)]
impl Pool {
    /// Everything that waits is loose or carried by what carries it, and bytes are counted once.
    pub(super) fn assert_carried(&self) {
        let Carriage {
            carriers,
            carried,
            loose,
            ..
        } = &self.carriage;
        for hash in self.hashes.keys() {
            assert!(loose.contains_key(hash) != carried.contains_key(hash));
        }
        assert_eq!(loose.len() + carried.len(), self.hashes.len());
        let mut live: BTreeMap<Hash, usize> = BTreeMap::new();
        for (member, carrier) in carried {
            assert!(carriers[carrier].members.contains(member));
            let bytes = carried_bytes(self.hashes[member].bytes.len());
            *live.entry(*carrier).or_default() += bytes;
        }
        for (hash, carrier) in carriers {
            assert_eq!(carrier.live, live.remove(hash).unwrap_or(0));
        }
        assert!(live.is_empty());
    }
}
