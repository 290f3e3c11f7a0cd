//! Whether a transaction gets into the pool, and what it takes the place of.

use std::sync::Arc;

use super::offer::{Hash, Offer, Pending};
use super::queue::{Purse, Queue, Rank};
use super::{Limits, Pool, check_sequence};
use crate::ledger::Reject;
use crate::ledger::reject::raised;

/// How often transactions of one sender may be replaced during one block. The engine carries one more transaction each time.
const MAX_REPLACED: u32 = 8;

/// Places of evicted transactions, by the reason for which they were evicted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct GivenUp {
    /// For one at the same sequence of the same sender, or about the same position.
    replaced: usize,
    /// For one that bids less than the best quarter of what waits.
    cheap: usize,
    /// For all others.
    dear: usize,
}

impl GivenUp {
    fn places(self) -> usize {
        let evicted = self.cheap.saturating_add(self.dear);
        self.replaced.saturating_add(evicted)
    }

    fn plus(self, other: Self) -> Self {
        Self {
            replaced: self.replaced.saturating_add(other.replaced),
            cheap: self.cheap.saturating_add(other.cheap),
            dear: self.dear.saturating_add(other.dear),
        }
    }
}

/// Places of evicted transactions, which the engine still holds until it asks again: those evicted since the last block, and those evicted
/// between the last two blocks, because the engine may not have asked about all of them yet.
///
/// An evicted transaction never pays, so a sender that outbids its own transactions again and again uses up places for nothing. Therefore at
/// most half of the places go to replacements, and at most a quarter to low bids that evict lower ones. The rest is always there for a bid
/// that a block takes soon, whose sender then pays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Churn([GivenUp; 2]);

impl Churn {
    fn sum(self) -> GivenUp {
        let [now, before] = self.0;
        now.plus(before)
    }

    /// All that the engine may still hold.
    #[cfg(test)]
    pub(super) fn places(self) -> usize {
        self.sum().places()
    }

    /// A block came.
    pub(super) fn turn(&mut self) {
        let [now, _] = self.0;
        self.0 = [GivenUp::default(), now];
    }

    fn add(&mut self, given_up: GivenUp) {
        let [now, _] = &mut self.0;
        *now = now.plus(given_up);
    }

    /// Whether so much more may be given up when `most` is the most in all.
    fn allows(self, more: GivenUp, most: usize) -> bool {
        let sum = self.sum().plus(more);
        let within = |more: usize, sum: usize, most: usize| more == 0 || sum <= most;
        within(more.places(), sum.places(), most)
            && within(more.replaced, sum.replaced, most / 2)
            && within(more.cheap, sum.cheap, most / 4)
    }
}

/// Whether a transaction may take the place of another that waits at its sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaces {
    /// It may when it pays a tenth more: its sender asked for that, or had no way to say.
    ForTenthMore,
    /// Its sender did not ask for it.
    Never,
}

impl Pool {
    /// Whether the pool would take this now. It needs no signature, so it is asked before one is verified.
    ///
    /// # Errors
    /// [`Reject`]: known, a sequence used, too far ahead or taken, not covered by what the sender owns, or no room.
    pub fn admits(&self, offer: &Offer, purse: &Purse, replaces: Replaces) -> Result<(), Reject> {
        self.gives_way(offer, purse, replaces).map(|_| ())
    }

    /// Takes a transaction; `purse` is what its sender owns in the state.
    ///
    /// # Errors
    /// As [`Pool::admits`].
    pub fn add(
        &mut self,
        pending: Arc<Pending>,
        purse: &Purse,
        replaces: Replaces,
    ) -> Result<(), Reject> {
        let header = pending.offer.header;
        // Between a block and the sweep behind it, the state is ahead of the queue.
        self.advance(&header.sender, purse.next);
        let room = self.gives_way(&pending.offer, purse, replaces)?;
        let replaced = self.replaced(&pending.offer);
        match room.ready {
            true => self.churn.add(room.given_up),
            false => self.held_churn.add(room.given_up),
        }
        for hash in room.gone {
            let gone = self.take(&hash).map(|gone| gone.offer.header.sender);
            if let Some(sender) = gone
                && sender != header.sender
            {
                self.rank_again(&sender);
            }
        }
        self.insert(pending, purse.next);
        if let Some(queue) = self.senders.get_mut(&header.sender) {
            queue.replaced = replaced;
        }
        Ok(())
    }

    /// What goes when this comes.
    fn gives_way(&self, offer: &Offer, purse: &Purse, replaces: Replaces) -> Result<Room, Reject> {
        if self.hashes.contains_key(&offer.hash) {
            return Err(Reject::Known);
        }
        let sequence = offer.header.sequence;
        check_sequence(sequence, purse.next)?;
        let empty = Queue::default();
        let queue = self.senders.get(&offer.header.sender).unwrap_or(&empty);
        let same = queue.waiting.get(&sequence);
        if let Some(other) = same {
            self.check_replaces(&other.pending.offer, offer, queue, replaces)?;
        }
        queue.check_covered(offer, purse)?;
        let rank = queue.rank_of(offer, purse.next);
        let mut replaced = self.rivals(offer, &rank, replaces)?;
        replaced.extend(same.and_then(|other| other.rank));
        self.make_room(offer, &rank, &replaced)
    }

    /// What waits about the same as this offer, at another place, and goes when it comes: what others sent and this one beats, and what its
    /// sender has at a later sequence, without which this one could never wait if it came late. What is ready behind one of them goes with it,
    /// so this one beats another's only when it pays a tenth more than all that goes: else one bid would empty another sender's queue.
    fn rivals(&self, offer: &Offer, rank: &Rank, replaces: Replaces) -> Result<Vec<Rank>, Reject> {
        let mut rivals = Vec::new();
        for topic in offer.topics.iter() {
            let waiting = self.topics.get(&topic).and_then(|hash| self.get(hash));
            let Some(header) = waiting.map(|waiting| waiting.offer.header) else {
                continue;
            };
            let is_own = header.sender == offer.header.sender;
            if is_own && header.sequence == offer.header.sequence {
                continue;
            }
            let queue = self.senders.get(&header.sender);
            let behind = queue.map(|queue| queue.waiting.range(header.sequence..));
            let behind = behind.into_iter().flatten();
            let mut ranks = behind.filter_map(|(_, waiting)| waiting.rank);
            let Some(other) = ranks.next() else {
                continue;
            };
            // Behind the gap that it leaves, what was ready would be held, and has no share of the pool for that.
            let ready = ranks.filter(|rank| rank.ready);
            let going: Vec<Rank> = [other].into_iter().chain(ready).collect();
            let goes = match is_own {
                true => {
                    replaces == Replaces::ForTenthMore && offer.header.sequence < header.sequence
                }
                false => self.outbids(offer, rank, &other, &going),
            };
            if !goes {
                return Err(topic.waits());
            }
            for rank in going {
                if !rivals.contains(&rank) {
                    rivals.push(rank);
                }
            }
        }
        Ok(rivals)
    }

    /// Whether an offer beats what somebody else has at `other` and behind it: in what it bids for all its places, as all these do together.
    fn outbids(&self, offer: &Offer, rank: &Rank, other: &Rank, going: &[Rank]) -> bool {
        let bids = going.iter().map(|one| {
            let places = self.get(&one.hash).map_or(0, |one| one.offer.places);
            worth(one.bid, places)
        });
        let all = Rank {
            bid: bids.fold(0, u128::saturating_add),
            ..*other
        };
        let own = Rank {
            bid: worth(rank.bid, offer.places),
            ..*rank
        };
        own.beats(&all)
    }

    fn check_replaces(
        &self,
        other: &Offer,
        offer: &Offer,
        queue: &Queue,
        replaces: Replaces,
    ) -> Result<(), Reject> {
        let (held, fee) = (other.header.fee, offer.header.fee);
        let minimum = raised(held);
        if replaces == Replaces::Never {
            return Err(Reject::SequenceWaits {
                sequence: offer.header.sequence,
                next: queue.free(),
                minimum,
            });
        }
        if fee < minimum {
            return Err(Reject::replacement_underpriced(held, fee));
        }
        let (height, times) = queue.replaced;
        match height == self.height && times >= MAX_REPLACED {
            true => Err(Reject::ReplacedOften { times }),
            false => Ok(()),
        }
    }

    /// Which transactions are evicted for an offer of this rank, besides those that it replaces. Held ones are evicted first, and for a
    /// held offer only held ones. A ready offer may evict any held one; every other one only when it bids at least a tenth more.
    fn make_room(&self, offer: &Offer, rank: &Rank, replaced: &[Rank]) -> Result<Room, Reject> {
        let mut room = Room {
            ready: rank.ready,
            gone: Vec::new(),
            places: self.places.saturating_add(offer.places),
            held: self.held,
            given_up: GivenUp::default(),
        };
        if !rank.ready {
            room.held = room.held.saturating_add(offer.places);
        }
        let places = |rank: &Rank| self.get(&rank.hash).map_or(0, |one| one.offer.places);
        for one in replaced {
            let places = places(one);
            room.leave(one, places);
            room.given_up.replaced = room.given_up.replaced.saturating_add(places);
        }
        let mut evicted = 0usize;
        for worst in &self.order {
            if !room.is_short(&self.limits) || !rank.beats(worst) {
                break;
            }
            if !replaced.contains(worst) {
                let places = places(worst);
                room.leave(worst, places);
                evicted = evicted.saturating_add(places);
            }
        }
        match evicted > 0 && self.is_cheap(rank) {
            true => room.given_up.cheap = evicted,
            false => room.given_up.dear = evicted,
        }
        if room.is_short(&self.limits) {
            let (held, limit) = match rank.ready {
                true => (self.places, self.limits.places),
                false => (self.held, self.limits.held),
            };
            return Err(Reject::PoolFull { held, limit });
        }
        let (churn, most) = match rank.ready {
            true => (self.churn, self.limits.churn),
            false => (self.held_churn, self.limits.held_churn),
        };
        match churn.allows(room.given_up, most) {
            true => Ok(room),
            false => Err(Reject::MadeRoomOften),
        }
    }

    /// Whether a ready one bids less than the best quarter of what waits does. No block takes a held one, so none of these is dearer.
    fn is_cheap(&self, rank: &Rank) -> bool {
        let quarter = self.order.len() / 4;
        let last = self.order.iter().rev().nth(quarter);
        rank.ready && last.is_some_and(|last| last.ready && rank.bid < last.bid)
    }

    /// The queue's count of replacements once this one is in it.
    fn replaced(&self, offer: &Offer) -> (u64, u32) {
        let Some(queue) = self.senders.get(&offer.header.sender) else {
            return Default::default();
        };
        let (height, times) = queue.replaced;
        if !queue.waiting.contains_key(&offer.header.sequence) {
            return queue.replaced;
        }
        let before = if height == self.height { times } else { 0 };
        (self.height, before.saturating_add(1))
    }
}

/// A bid for so many places.
fn worth(bid: u128, places: usize) -> u128 {
    bid.saturating_mul(u128::try_from(places).unwrap_or(u128::MAX))
}

/// The pool as it would be with the offer and without the transactions that are evicted for it.
struct Room {
    /// Whether the offer is ready.
    ready: bool,
    gone: Vec<Hash>,
    places: usize,
    held: usize,
    given_up: GivenUp,
}

impl Room {
    fn leave(&mut self, rank: &Rank, places: usize) {
        self.places = self.places.saturating_sub(places);
        if !rank.ready {
            self.held = self.held.saturating_sub(places);
        }
        self.gone.push(rank.hash);
    }

    /// Whether more has to go for the offer.
    fn is_short(&self, limits: &Limits) -> bool {
        self.places > limits.places || (!self.ready && self.held > limits.held)
    }
}
