//! Whether a transaction gets into the pool, and what it takes the place of.

use std::sync::Arc;

use super::offer::{Hash, Offer, Pending};
use super::queue::{Purse, Queue, Rank, Readiness};
use super::{Limits, Pool, check_sequence};
use crate::ledger::Reject;
use crate::ledger::reject::raised;

/// How many transactions of one sender may be replaced by its own during one block. The engine carries each of them until it asks again.
const MAX_REPLACED: u32 = 8;

/// Into how many steps the second half of what may be given up is cut, nearly as many as a bid can double. One offer has at most 16 places,
/// and evicts at most 15 and another 16: with [`Limits::default`], that is less than two steps.
const STEPS: usize = 124;

/// Places of evicted transactions, which the engine still holds until it asks again: those evicted since the last block, and those evicted
/// between the last two blocks, because the engine may not have asked about all of them yet.
///
/// An evicted transaction never pays, so who outbids its own transactions again and again uses up places for nothing. Therefore the second half
/// of the places goes to bids that double: the first step of it asks for a bid of 1, the next for 2, then for 4, and so on. Whoever has
/// reached a step has bid that much, so who bids four times what the others did finds the next two steps open, in every state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Churn([usize; 2]);

impl Churn {
    /// All that the engine may still hold.
    pub(super) const fn places(self) -> usize {
        let [now, before] = self.0;
        now.saturating_add(before)
    }

    /// A block came.
    pub(super) const fn turn(&mut self) {
        let [now, _] = self.0;
        self.0 = [0, now];
    }

    const fn add(&mut self, places: usize) {
        let [now, before] = self.0;
        self.0 = [now.saturating_add(places), before];
    }

    /// Whether so much more may be given up for this bid when `most` is the most in all.
    fn allows(self, more: usize, bid: u128, most: usize) -> bool {
        let half = most / 2;
        let sum = self.places().saturating_add(more);
        if more == 0 || sum <= half {
            return true;
        }
        let step = (half / STEPS).max(1);
        let doubled = sum.saturating_sub(half) / step;
        let doubled = u32::try_from(doubled).ok();
        let asked = doubled.and_then(|doubled| 1u128.checked_shl(doubled));
        sum <= most && asked.is_some_and(|asked| bid >= asked)
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
        let churn = self.churn.entry(room.readiness).or_default();
        churn.add(room.given_up);
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
            queue.replaced = (self.height, room.times);
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
        let times = self.times(queue, &replaced)?;
        self.make_room(offer, &rank, &replaced, times)
    }

    /// How many of its sender's transactions are replaced in this block once these go.
    fn times(&self, queue: &Queue, replaced: &[Rank]) -> Result<u32, Reject> {
        let (height, times) = queue.replaced;
        let before = if height == self.height { times } else { 0 };
        let own = |rank: &&Rank| queue.waiting.values().any(|one| one.rank == Some(**rank));
        let more = replaced.iter().filter(own).count();
        let all = before.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
        match more > 0 && all > MAX_REPLACED {
            true => Err(Reject::ReplacedOften { times: before }),
            false => Ok(all),
        }
    }

    /// What waits about the same as this offer, at another place, and goes when it comes: what others sent and this one beats, and what its
    /// sender has at a later sequence, without which this one could never wait if it came late. What stands behind one of them is held
    /// already, and stays.
    fn rivals(&self, offer: &Offer, rank: &Rank, replaces: Replaces) -> Result<Vec<Rank>, Reject> {
        let mut rivals = Vec::new();
        for topic in offer.topics.iter() {
            let waiting = self.topics.get(&topic).and_then(|hash| self.get(hash));
            let Some(other) = waiting.map(|waiting| &waiting.offer) else {
                continue;
            };
            let header = other.header;
            let is_own = header.sender == offer.header.sender;
            if is_own && header.sequence == offer.header.sequence {
                continue;
            }
            let queue = self.senders.get(&header.sender);
            let waiting = queue.and_then(|queue| queue.waiting.get(&header.sequence));
            let Some(other_rank) = waiting.and_then(|waiting| waiting.rank) else {
                continue;
            };
            let goes = match is_own {
                true => {
                    replaces == Replaces::ForTenthMore && offer.header.sequence < header.sequence
                }
                false => rank.beats(&other_rank),
            };
            if !goes {
                return Err(topic.waits());
            }
            if !rivals.contains(&other_rank) {
                rivals.push(other_rank);
            }
        }
        Ok(rivals)
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
        Ok(())
    }

    /// Which transactions are evicted for an offer of this rank, besides those that it replaces. Held ones are evicted first, and for a
    /// held offer only held ones. A ready offer may evict any held one; every other one only when it bids at least a tenth more.
    fn make_room(
        &self,
        offer: &Offer,
        rank: &Rank,
        replaced: &[Rank],
        times: u32,
    ) -> Result<Room, Reject> {
        let more_held = match rank.is_ready() {
            true => self.falls_behind(offer, replaced),
            false => offer.places,
        };
        let mut room = Room {
            readiness: rank.readiness,
            times,
            gone: Vec::new(),
            places: self.places.saturating_add(offer.places),
            held: self.held.saturating_add(more_held),
            holds: more_held > 0,
            given_up: 0,
        };
        // What falls behind a ready one takes the places of what lies behind a gap, and no others.
        let fallen = Rank {
            readiness: Readiness::Doubt,
            bid: 0,
            ..*rank
        };
        let places = |rank: &Rank| self.get(&rank.hash).map_or(0, |one| one.offer.places);
        for one in replaced {
            room.leave(one, places(one));
        }
        for worst in &self.order {
            let taker = match rank.is_ready() && room.places <= self.limits.places {
                true => &fallen,
                false => rank,
            };
            if !room.is_short(&self.limits) || !taker.beats(worst) {
                break;
            }
            if !replaced.contains(worst) {
                room.leave(worst, places(worst));
            }
        }
        if room.is_short(&self.limits) {
            let (held, limit) = match room.places > self.limits.places {
                true => (self.places, self.limits.places),
                false => (self.held, self.limits.held),
            };
            return Err(Reject::PoolFull { held, limit });
        }
        let most = match rank.is_ready() {
            true => self.limits.churn,
            false => self.limits.held_churn,
        };
        let churn = self.churn.get(&rank.readiness).copied().unwrap_or_default();
        match churn.allows(room.given_up, rank.bid, most) {
            true => Ok(room),
            false => Err(Reject::MadeRoomOften),
        }
    }

    /// Places of what is ready behind this ready offer's sequence, and is held when it comes.
    fn falls_behind(&self, offer: &Offer, replaced: &[Rank]) -> usize {
        if !offer.is_doubtful() {
            return 0;
        }
        let queue = self.senders.get(&offer.header.sender);
        let after = offer.header.sequence.saturating_add(1);
        let behind = queue.map(|queue| queue.waiting.range(after..));
        let behind = behind.into_iter().flatten().filter(|(_, waiting)| {
            let rank = waiting.rank.filter(Rank::is_ready);
            rank.is_some_and(|rank| !replaced.contains(&rank))
        });
        behind.fold(0, |sum, (_, waiting)| {
            sum.saturating_add(waiting.pending.offer.places)
        })
    }
}

/// The pool as it would be with the offer and without the transactions that are evicted for it.
struct Room {
    /// That of the offer.
    readiness: Readiness,
    /// How many of its sender's transactions were replaced in this block with those that it replaces.
    times: u32,
    gone: Vec<Hash>,
    places: usize,
    held: usize,
    /// Whether something is held when the offer comes that was not before.
    holds: bool,
    /// Places of what goes.
    given_up: usize,
}

impl Room {
    fn leave(&mut self, rank: &Rank, places: usize) {
        self.places = self.places.saturating_sub(places);
        if !rank.is_ready() {
            self.held = self.held.saturating_sub(places);
        }
        self.given_up = self.given_up.saturating_add(places);
        self.gone.push(rank.hash);
    }

    /// Whether more has to go for the offer.
    fn is_short(&self, limits: &Limits) -> bool {
        self.places > limits.places || (self.holds && self.held > limits.held)
    }
}
