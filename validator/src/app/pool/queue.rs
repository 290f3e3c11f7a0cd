//! What waits of one sender, by sequence.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::offer::{Hash, Offer, Pending};
use super::passed::Watched;
use crate::ledger::leaf::NATIVE;
use crate::ledger::reject::raised;
use crate::ledger::{Asset, Reject};

/// What the state says of a sender. A sender without a leaf has zeros, and no transaction of it can wait, because no fee is zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purse {
    /// Its next sequence.
    pub next: u64,
    /// Its balance in native coin.
    pub native: u128,
    /// Its balances in the tokens that were asked for.
    pub tokens: BTreeMap<[u8; 20], u128>,
}

/// What lies between the sender's next sequence and a transaction, the worst first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Readiness {
    /// Whether something is missing or not, blocks passed over its sender: it is not held, and whatever comes may take its place.
    Passed,
    /// Something is missing: it is held.
    #[default]
    Gap,
    /// Something is of stake: it is held too, but a block takes it when that one applies, so it goes before what lies behind a gap.
    Doubt,
    /// Nothing: a block may take it, and all before it.
    Ready,
}

impl Readiness {
    /// The readiness with which this one shares a bound on evictions: what blocks passed over counts as what waits behind a gap.
    pub(super) const fn bounded_as(self) -> Self {
        match self {
            Self::Passed | Self::Gap => Self::Gap,
            Self::Doubt => Self::Doubt,
            Self::Ready => Self::Ready,
        }
    }
}

/// The order of eviction, lowest first: held transactions, then the lowest bid, then the last one of its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    pub(super) readiness: Readiness,
    /// The lowest bid from the queue's head up to here: what comes behind a low bid is not in a block before it. Behind a gap, its own bid.
    pub(super) bid: u128,
    /// How far it lies behind the sender's next sequence.
    pub(super) depth: Reverse<u64>,
    pub(super) hash: Hash,
}

impl Rank {
    /// Whether this may evict `other`: what is readier may evict whatever is less so, and otherwise the bid must be a tenth higher.
    pub(super) fn beats(&self, other: &Self) -> bool {
        match self.readiness == other.readiness {
            true => self.bid >= raised(other.bid),
            false => self.readiness > other.readiness,
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.readiness == Readiness::Ready
    }

    /// Whether a block may hold it before anything else of its sender.
    pub(super) fn is_head(&self) -> bool {
        self.depth == Reverse(0)
    }

    /// How many of the `places` that the transaction takes count as held, and how many of them as behind a gap.
    pub(super) fn shares(&self, places: usize) -> (usize, usize) {
        match self.readiness {
            Readiness::Gap => (places, places),
            Readiness::Doubt => (places, 0),
            Readiness::Passed | Readiness::Ready => (0, 0),
        }
    }

    /// A rank below that of every held transaction.
    pub(super) const fn below_held() -> Self {
        Self {
            readiness: Readiness::Gap,
            bid: 0,
            depth: Reverse(u64::MAX),
            hash: [0; 32],
        }
    }
}

/// The way along a queue, from the sender's next sequence on.
struct Way {
    next: u64,
    /// The sequence behind the last one that was passed.
    expected: u64,
    readiness: Readiness,
    lowest: u128,
}

impl Way {
    /// The way from sequence `next` on. `right` is how ready the transaction of that sequence is.
    const fn from(next: u64, right: Readiness) -> Self {
        Self {
            next,
            expected: next,
            readiness: right,
            lowest: u128::MAX,
        }
    }

    /// The rank of the transaction that comes next on the way.
    fn rank_of(&self, offer: &Offer) -> Rank {
        let sequence = offer.header.sequence;
        let (readiness, bid) = match sequence == self.expected {
            true => (self.readiness, self.lowest.min(offer.bid)),
            false => (self.readiness.min(Readiness::Gap), offer.bid),
        };
        Rank {
            readiness,
            bid,
            depth: Reverse(sequence.saturating_sub(self.next)),
            hash: offer.hash,
        }
    }

    /// Moves on past this transaction. Behind a gap, no transaction has the expected sequence any more.
    fn pass(&mut self, offer: &Offer) {
        if offer.header.sequence != self.expected {
            return;
        }
        self.expected = self.expected.saturating_add(1);
        self.lowest = self.lowest.min(offer.bid);
        if offer.is_doubtful() {
            self.readiness = self.readiness.min(Readiness::Doubt);
        }
    }
}

/// A transaction with its rank, which the pool's order holds too once it is set.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) pending: Arc<Pending>,
    pub(super) rank: Option<Rank>,
}

/// A sender's transactions.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// The sender's next sequence in the state.
    pub(super) next: u64,
    pub(super) waiting: BTreeMap<u64, Waiting>,
    /// Height at which one was last replaced, and how many were at it.
    pub(super) replaced: (u64, u32),
    /// What was first behind the last block.
    pub(super) watched: Option<Watched>,
}

impl Queue {
    /// What a block may hold before anything else of its sender.
    pub(super) fn first(&self) -> Option<&Arc<Pending>> {
        Some(&self.waiting.get(&self.next)?.pending)
    }

    /// The first sequence from the next one on at which nothing waits.
    pub(super) fn free(&self) -> u64 {
        self.free_from(self.next)
    }

    /// The first sequence from `next` on at which nothing waits.
    pub(super) fn free_from(&self, next: u64) -> u64 {
        let mut at = next;
        while self.waiting.contains_key(&at) {
            at = at.saturating_add(1);
        }
        at
    }

    /// The rank of each transaction, by sequence.
    pub(super) fn ranks(&self, right: Readiness) -> Vec<(u64, Rank)> {
        let mut way = Way::from(self.next, right);
        let mut ranks = Vec::with_capacity(self.waiting.len());
        for (sequence, waiting) in &self.waiting {
            let offer = &waiting.pending.offer;
            ranks.push((*sequence, way.rank_of(offer)));
            way.pass(offer);
        }
        ranks
    }

    /// The rank that an offer would have at its sequence in this queue, `next` being its sender's next sequence.
    pub(super) fn rank_of(&self, offer: &Offer, next: u64, right: Readiness) -> Rank {
        let mut way = Way::from(next, right);
        for (_, waiting) in self.waiting.range(next..offer.header.sequence) {
            way.pass(&waiting.pending.offer);
        }
        way.rank_of(offer)
    }

    /// Whether the sender's balances cover what waits from the next sequence on and `offer`, which takes the place of what has
    /// its sequence.
    pub(super) fn check_covered(&self, offer: &Offer, purse: &Purse) -> Result<(), Reject> {
        let others = self.waiting.range(purse.next..);
        let others = others.filter(|(sequence, _)| **sequence != offer.header.sequence);
        let others = others.map(|(_, waiting)| &waiting.pending.offer);
        check_covered(others, offer, purse)
    }

    /// The first sequence that the balances do not cover together with all sequences before it. A token that is missing in the purse was not
    /// asked for, because no transaction spent it then; a transaction that came since was judged on the same state.
    pub(super) fn uncovered(&self, purse: &Purse) -> Option<u64> {
        let mut native = 0u128;
        let mut spent: BTreeMap<[u8; 20], u128> = BTreeMap::new();
        for (sequence, waiting) in self.waiting.range(purse.next..) {
            let offer = &waiting.pending.offer;
            native = native.saturating_add(offer.native);
            let mut covered = native <= purse.native;
            if let Some((token, amount)) = offer.token
                && let Some(balance) = purse.tokens.get(&token)
            {
                let sum = spent.entry(token).or_default();
                *sum = sum.saturating_add(amount);
                covered &= *sum <= *balance;
            }
            if !covered {
                return Some(*sequence);
            }
        }
        None
    }

    /// Tokens that it spends.
    pub(super) fn tokens(&self) -> BTreeSet<[u8; 20]> {
        let tokens = self.waiting.values();
        tokens
            .filter_map(|waiting| Some(waiting.pending.offer.token?.0))
            .collect()
    }
}

impl Purse {
    fn of(&self, token: &[u8; 20]) -> u128 {
        self.tokens.get(token).copied().unwrap_or(0)
    }
}

/// Whether the sender's balances cover `offer` beside all these others.
///
/// # Errors
/// [`Reject::QueueNotCovered`].
pub fn check_covered<'a>(
    others: impl Iterator<Item = &'a Offer>,
    offer: &Offer,
    purse: &Purse,
) -> Result<(), Reject> {
    let mut native = offer.native;
    let mut spent = spends(offer, offer.token);
    for one in others {
        native = native.saturating_add(one.native);
        spent = spent.saturating_add(spends(one, offer.token));
    }
    check(offer, NATIVE, purse.native, native)?;
    match offer.token {
        Some((token, _)) => check(offer, token, purse.of(&token), spent),
        None => Ok(()),
    }
}

fn spends(offer: &Offer, wanted: Option<([u8; 20], u128)>) -> u128 {
    match (offer.token, wanted) {
        (Some((token, amount)), Some((wanted, _))) if token == wanted => amount,
        _ => 0,
    }
}

fn check(offer: &Offer, token: [u8; 20], balance: u128, needed: u128) -> Result<(), Reject> {
    match needed <= balance {
        true => Ok(()),
        false => Err(Reject::QueueNotCovered {
            sender: offer.header.sender,
            asset: Asset(token),
            balance,
            needed,
        }),
    }
}
