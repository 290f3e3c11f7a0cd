//! Whose transactions blocks pass over.
//!
//! An account can send this node a payment, and to all other nodes at the same moment one that takes all that it owns: then no other node
//! takes what it sends here. Where this node proposes rarely or never, that would wait for ever and never pay, at whatever bid.
//!
//! ```text
//! sweep of block h − 1           a sender's first one is ready: it is watched, with its bid and its bytes
//! sweep of block h               the block had room for it and does not hold it: the sender was passed over
//!   MAX_PASSED times             the sender's whole queue comes last: anything else may take its place, until a block holds its first one
//! ```
//! - A block had room for what fits behind all that bids at least nearly as much: a proposer takes the best bid first, also of what follows others.
//!   So full blocks of higher bids count against no sender, however long they keep a low bid out.
//! - What nothing carried when the block came counts against nobody: no other node may have seen it.
//! - Only the very transaction that was watched counts as held: another one with its sequence, sent elsewhere, costs its sender the least fee, and
//!   would give back the right of all that this node alone holds behind it.
//! - What is passed over stays while there is room, this node proposes it, and its followers with it. An honest sender loses nothing by that
//!   while the pool is not full: eight times is what an honest transaction hardly ever is passed over by honest proposers, though a third of
//!   all proposers leave it out.
//! - It is remembered of an account and not of its queue: else it would send the same again when it expires. No number of blocks ends that: else
//!   a few ten thousand accounts, made once, would take turns and never pay.

use std::collections::BTreeMap;
use std::sync::Arc;

use prost::bytes::Bytes;

use super::queue::Readiness;
use super::{Pending, Pool};
use crate::ledger::Account;
use crate::ledger::reject::raised;

/// How often blocks may pass over a sender.
const MAX_PASSED: u32 = 8;

/// The most senders that are remembered, in some 30 MB; with more of them, those that were passed over last. Who has more accounts than that has paid
/// for the leaf of each.
pub(super) const MAX_REMEMBERED: usize = 1 << 19;
/// How many are forgotten at a time, because all are looked at for that.
const FORGOTTEN: usize = MAX_REMEMBERED / 16;

/// What users' transactions took of a block, and what they left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fill {
    /// Bids, the lowest first, each with the bytes of all up to here.
    taken: Vec<(u128, u64)>,
    /// Bytes that were left.
    bytes: u64,
    /// Whether one transaction more may stand in it.
    is_open: bool,
}

impl Fill {
    /// How full a block is, from the bid and the bytes of each user's transaction in it, and from the bytes and transactions for which it had room left.
    pub fn new(mut users: Vec<(u128, u64)>, bytes: u64, transactions: u32) -> Self {
        users.sort_unstable();
        let mut sum = 0u64;
        for (_, bytes) in &mut users {
            sum = sum.saturating_add(*bytes);
            *bytes = sum;
        }
        Self {
            taken: users,
            bytes,
            is_open: transactions > 0,
        }
    }

    /// Whether its proposer came to a transaction of this bid while that still fitted. What is nearly as good a bid is no lower one: another node
    /// may have seen another price of leaves.
    pub(super) fn had_room(&self, bid: u128, bytes: u64) -> bool {
        let lower = self.taken.partition_point(|(one, _)| raised(*one) <= bid);
        let freed = lower.checked_sub(1).and_then(|last| self.taken.get(last));
        let freed = freed.map_or(0, |(_, bytes)| *bytes);
        (self.is_open || lower > 0) && self.bytes.saturating_add(freed) >= bytes
    }
}

/// The transactions of users in a block, by sender and sequence.
pub type Held = BTreeMap<(Account, u64), Bytes>;

/// The first ready transaction of a sender, as it stood behind the last block.
pub(super) type Watched = Arc<Pending>;

/// How often blocks passed over a sender.
#[derive(Clone, Copy, Debug)]
pub(super) struct PassedOver {
    times: u32,
    /// Height of the last block that did.
    at: u64,
}

impl PassedOver {
    #[cfg(test)]
    pub(super) const fn once(at: u64) -> Self {
        Self { times: 1, at }
    }
}

impl Pool {
    /// What the queue of this sender begins with.
    pub(super) fn right_of(&self, sender: &Account) -> Readiness {
        let passed = self.passed.get(sender);
        match passed.is_some_and(|one| one.times >= MAX_PASSED) {
            true => Readiness::Passed,
            false => Readiness::Ready,
        }
    }

    /// A block of this height came, which the pool has not been swept for: whose first one it had room for and does not hold, it passed over.
    pub fn pass_over(&mut self, height: u64, fill: &Fill, held: &Held) {
        self.renew_patience(held);
        let mut changed = Vec::new();
        for (sender, queue) in &self.senders {
            let Some(watched) = &queue.watched else {
                continue;
            };
            let place = (*sender, watched.offer.header.sequence);
            if held
                .get(&place)
                .is_some_and(|bytes| *bytes == watched.bytes)
            {
                // It begins anew.
                if let Some(before) = self.passed.remove(sender)
                    && before.times >= MAX_PASSED
                {
                    changed.push(*sender);
                }
                continue;
            }
            if self.is_loose(&watched.offer.hash) {
                continue;
            }
            let bytes = crate::chain::propose::proto_bytes(watched.bytes.len());
            if !fill.had_room(watched.offer.bid, bytes) {
                // They count in a row only: else a proposer that leaves a place free now and then would strip all who wait behind higher bids.
                if let Some(passed) = self.passed.get_mut(sender)
                    && passed.times < MAX_PASSED
                {
                    passed.times = 0;
                }
                continue;
            }
            let new = PassedOver {
                times: 0,
                at: height,
            };
            let passed = self.passed.entry(*sender).or_insert(new);
            passed.times = passed.times.saturating_add(1);
            passed.at = height;
            if passed.times == MAX_PASSED {
                changed.push(*sender);
            }
        }
        for sender in &changed {
            self.rank_again(sender);
        }
        self.forget_passed();
    }

    /// The sweep has ended: what is first of each sender now, the next block may hold.
    pub fn watch(&mut self) {
        self.lose_patience();
        for queue in self.senders.values_mut() {
            queue.watched = queue.first().map(Arc::clone);
        }
        // Who has his right back may have more behind one of stake than there is room for.
        self.trim();
    }

    fn forget_passed(&mut self) {
        let excess = self.passed.len().saturating_sub(MAX_REMEMBERED);
        if excess == 0 {
            return;
        }
        let senders = &self.senders;
        let gone = self.passed.iter();
        let gone = gone.filter(|(sender, _)| !senders.contains_key(*sender));
        let mut gone: Vec<(u64, Account)> = gone.map(|(sender, one)| (one.at, *sender)).collect();
        gone.sort_unstable();
        for (_, sender) in gone.into_iter().take(excess.max(FORGOTTEN)) {
            self.passed.remove(&sender);
        }
    }
}
