//! What a block leaves of the pool.
//!
//! An account's money is spent only by its own transactions. So after a block only the senders of its transactions are looked at again; the
//! balances of all others still cover what waits. The first waiting transaction of each of these senders is tried, and so is each one that
//! did not apply in a proposal of this node: one that applies again stays, because what refused it was a block's own order. What others
//! can make useless without its sender is of stake. About a position or a line one of that waits at a time ([`super::topic`]), so that what
//! comes back again and again and never pays is little. What is about a position is tried again once a block wrote the position, and what puts
//! stake behind an operator once a block changed what the operator promises to it. Of all this the best bids are tried after a block, and
//! the rest after the next ones. What else makes a transaction useless (leaf prices, seats) is found by looking at some of the other senders in
//! turn. The pool is swept when the engine commits: it lets nothing new in from then on until it has asked about everything again, so what is
//! removed here takes no room in it and does not count as evicted. The work for each block is bounded.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use alloy_primitives::B256;

use super::departures::Departure;
use super::offer::{Hash, Pending};
use super::queue::{Purse, Rank};
use super::{Head, Pool};
use crate::ledger::{Account, Code};

impl Pool {
    /// Begins the time after block `height`: the engine asks again about all that it holds.
    pub fn begin(&mut self, height: u64) {
        for churn in self.churn.values_mut() {
            churn.turn();
        }
        self.height = height;
        let expired = self.expiry.range(..=(height, [u8::MAX; 32]));
        let expired: Vec<Hash> = expired.map(|(_, hash)| *hash).collect();
        self.departures.turn(height);
        self.carriage.turn(height);
        self.take_all(&expired, Departure::Expired);
    }

    /// Takes out all that waits.
    pub fn clear(&mut self) {
        let all: Vec<Hash> = self.hashes.keys().copied().collect();
        self.take_all(&all, Departure::Ended);
    }

    /// Removes a transaction that a block would refuse with this code; what comes behind it is held from now on.
    pub fn remove(&mut self, hash: &Hash, code: Code) {
        self.take_all(&[*hash], Departure::Useless(code));
    }

    /// Notes a transaction that did not apply in a proposal. It stays until the engine asks again, because the engine holds it until then.
    pub(super) fn note_failed(&mut self, hash: &Hash) {
        if self.hashes.contains_key(hash) {
            self.doubted.insert(*hash);
        }
    }

    /// A block changed what these operators promise: what waits to put stake behind them is judged again, where a commission is named only what
    /// accepts no such one. Each transaction names one operator, so for all of them together no more is looked at than waits.
    pub fn doubt_backers(&mut self, operators: &BTreeMap<[u8; 20], Option<u16>>) {
        for (operator, commission) in operators {
            let below = match *commission {
                Some(commission) => Bound::Excluded((*operator, commission, [0; 32])),
                None => Bound::Included((*operator, u16::MAX, [u8::MAX; 32])),
            };
            let from = Bound::Included((*operator, 0, [0; 32]));
            let backers = self.backers.range((from, below));
            self.doubted.extend(backers.map(|(_, _, hash)| *hash));
        }
    }

    /// A block wrote these leaves of positions: what waits about these positions is judged again, whoever sent it.
    pub fn doubt_positions(&mut self, leaves: impl Iterator<Item = B256>) {
        for leaf in leaves {
            let about = self
                .positions
                .range((leaf, [0; 32])..=(leaf, [u8::MAX; 32]));
            self.doubted.extend(about.map(|(_, hash)| *hash));
        }
    }

    /// At most `count` transactions that may no longer apply, to be judged again after a block: those that are doubted, and the first one of
    /// each of `senders`. The best bids come first, because a proposer would try them first; the rest stays doubted until its turn comes.
    pub fn doubtful(&mut self, senders: &[Account], count: usize) -> Vec<Arc<Pending>> {
        let doubted = self.doubted.iter().filter_map(|hash| self.get(hash));
        let first = senders.iter().filter_map(|sender| self.first(sender));
        let all: BTreeMap<Head, Arc<Pending>> = doubted
            .chain(first)
            .map(|one| ((one.offer.bid, Reverse(one.offer.hash)), Arc::clone(one)))
            .collect();
        let mut best: Vec<Arc<Pending>> = all.into_values().rev().collect();
        let rest = best.split_off(count.min(best.len()));
        self.doubted = rest.iter().map(|one| one.offer.hash).collect();
        best
    }

    /// Tokens that this sender's waiting transactions spend, or `None` when it has no waiting transaction.
    pub fn tokens(&self, sender: &Account) -> Option<BTreeSet<[u8; 20]>> {
        self.senders.get(sender).map(super::Queue::tokens)
    }

    /// Removes a sender's transactions with a used sequence, and those from the first one on that it can no longer pay for.
    /// `purse` has every token that [`Pool::tokens`] named.
    pub fn settle(&mut self, sender: &Account, purse: &Purse) {
        self.advance(sender, purse.next, None);
        let Some(queue) = self.senders.get(sender) else {
            return;
        };
        let Some(from) = queue.uncovered(purse) else {
            return;
        };
        let uncovered = queue.waiting.range(from..);
        let uncovered: Vec<Hash> = uncovered
            .map(|(_, waiting)| waiting.pending.offer.hash)
            .collect();
        self.take_all(&uncovered, Departure::Uncovered);
    }

    /// Removes every sequence below `next`, and remembers why where it does not stand in a block for certain.
    pub(super) fn advance(&mut self, sender: &Account, next: u64, why: Option<Departure>) {
        let Some(queue) = self.senders.get_mut(sender) else {
            return;
        };
        if queue.next == next {
            return;
        }
        queue.next = next;
        let used = queue.waiting.range(..next);
        let used: Vec<Hash> = used
            .map(|(_, waiting)| waiting.pending.offer.hash)
            .collect();
        for hash in &used {
            match why {
                Some(why) => self.give_up(hash, why),
                None => self.take(hash),
            };
        }
        self.rank_again(sender);
    }

    /// The first ones of the next `count` senders in turn, to be judged again. Who has only held ones that a gap lies before makes no
    /// turn longer.
    pub fn examine(&mut self, count: usize) -> Vec<Arc<Pending>> {
        let from = self.examined.map_or(Bound::Unbounded, Bound::Excluded);
        let senders = self.senders.range((from, Bound::Unbounded));
        let first = senders.filter_map(|(_, queue)| queue.first());
        let heads: Vec<Arc<Pending>> = first.take(count).map(Arc::clone).collect();
        // At the end of the list the next turn begins at its front.
        let last = heads.last().filter(|_| heads.len() == count);
        self.examined = last.map(|last| last.offer.header.sender);
        heads
    }

    /// Takes these out; what comes behind them is held from now on.
    pub(super) fn take_all(&mut self, hashes: &[Hash], why: Departure) {
        let gone = hashes.iter().filter_map(|hash| self.give_up(hash, why));
        let senders: BTreeSet<Account> = gone.map(|one| one.offer.header.sender).collect();
        for sender in &senders {
            self.rank_again(sender);
        }
        self.trim();
    }

    /// What a block may hold before anything else of this sender.
    fn first(&self, sender: &Account) -> Option<&Arc<Pending>> {
        self.senders.get(sender)?.first()
    }

    /// Takes out held ones while they have more than their share: a gap that opens makes many of them at once.
    pub(super) fn trim(&mut self) {
        while self.held > self.limits.held || self.gaps > self.limits.gaps() {
            let worst = self.order.range(Rank::below_held()..).next().copied();
            match worst {
                Some(worst) if !worst.is_ready() => {
                    self.give_up(&worst.hash, Departure::Behind);
                }
                _ => return,
            }
        }
    }
}
