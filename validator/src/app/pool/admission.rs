//! Whether a transaction gets into the pool, and what it takes the place of.

use std::sync::Arc;

#[cfg(doc)]
use super::Limits;
use super::departures::Departure;
use super::offer::{Hash, Offer, Pending};
use super::queue::{Purse, Queue, Rank, Readiness};
use super::{Pool, check_sequence};
use crate::ledger::Reject;
use crate::ledger::reject::raised;

/// How many transactions of one sender may be replaced by its own during one block. The engine carries each of them until it asks again.
const MAX_REPLACED: u32 = 8;

/// Into how many steps the second half of what may be given up is cut, nearly as many as a bid can double. One offer has at most 16 places,
/// and evicts at most 15 and another 16: with [`Limits::default`], that is less than two steps for all that pays.
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

    /// Whether `more` places may be given up for this bid beside those that already were, when at most `max` may be given up in all.
    fn allows(self, more: usize, bid: u128, max: usize) -> bool {
        let half = max / 2;
        let sum = self.places().saturating_add(more);
        if more == 0 || sum <= half {
            return true;
        }
        let step = (half / STEPS).max(1);
        let doubled = sum.saturating_sub(half) / step;
        let doubled = u32::try_from(doubled).ok();
        let asked = doubled.and_then(|doubled| 1u128.checked_shl(doubled));
        sum <= max && asked.is_some_and(|asked| bid >= asked)
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
        // Between a block and the sweep behind it, the state is ahead of the queue. What stands in the block is found there first.
        let displaced = Some(Departure::Displaced);
        self.advance(&header.sender, purse.next, displaced);
        let room = self.gives_way(&pending.offer, purse, replaces)?;
        let queue = self.senders.get(&header.sender);
        let watched = queue.and_then(|queue| queue.watched.clone());
        let churn = self.churn.entry(room.readiness.bounded_as()).or_default();
        churn.add(room.given_up);
        for hash in room.gone {
            let same = self.at(&header.sender, header.sequence);
            let why = match same.is_some_and(|same| same.offer.hash == hash) {
                true => Departure::Replaced,
                false => Departure::MadeRoom,
            };
            let gone = self
                .give_up(&hash, why)
                .map(|gone| gone.offer.header.sender);
            if let Some(sender) = gone
                && sender != header.sender
            {
                self.rank_again(&sender);
            }
        }
        self.insert(pending, purse.next);
        if let Some(queue) = self.senders.get_mut(&header.sender) {
            queue.replaced = (self.height, room.times);
            queue.watched = watched;
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
        self.check_patience(queue, offer, purse.next)?;
        let right = self.right_of(&offer.header.sender);
        let rank = queue.rank_of(offer, purse.next, right);
        let mut replaced = self.rivals(offer, (&rank, purse.next), replaces)?;
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
    /// already, and stays. What the sender has below its `next` sequence stands in a block, and goes with the sweep behind that, not before: the engine holds it until
    /// then, and whoever asks has shown no signature.
    fn rivals(
        &self,
        offer: &Offer,
        (rank, next): (&Rank, u64),
        replaces: Replaces,
    ) -> Result<Vec<Rank>, Reject> {
        let mut rivals = Vec::new();
        for topic in offer.topics.iter() {
            let waiting = self.topics.get(&topic).and_then(|hash| self.get(hash));
            let Some(other) = waiting.map(|waiting| &waiting.offer) else {
                continue;
            };
            let header = other.header;
            let is_own = header.sender == offer.header.sender;
            let is_gone = header.sequence < next || header.sequence == offer.header.sequence;
            if is_own && is_gone {
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

    /// Which transactions are evicted for an offer of this rank, besides those that it replaces: those of senders that blocks passed over first,
    /// then held ones, and for a held offer no others. A ready offer may evict any of these; every other one only when it bids at least a tenth more.
    fn make_room(
        &self,
        offer: &Offer,
        rank: &Rank,
        replaced: &[Rank],
        times: u32,
    ) -> Result<Room, Reject> {
        let (held, gaps) = rank.shares(offer.places);
        let fallen = match rank.is_ready() {
            true => self.falls_behind(offer, replaced),
            false => 0,
        };
        let mut room = Room {
            readiness: rank.readiness,
            times,
            gone: Vec::new(),
            places: self.places.saturating_add(offer.places),
            held: self.held.saturating_add(held).saturating_add(fallen),
            gaps: self.gaps.saturating_add(gaps),
            given_up: 0,
        };
        let places = |rank: &Rank| self.get(&rank.hash).map_or(0, |one| one.offer.places);
        for one in replaced {
            room.leave(one, places(one));
        }
        let is_short = |room: &Room| room.places > self.limits.places;
        for worst in &self.order {
            if !is_short(&room) || !rank.beats(worst) {
                break;
            }
            if !replaced.contains(worst) {
                room.leave(worst, places(worst));
            }
        }
        let has_no_share = |room: &Room| {
            held > 0 && room.held > self.limits.held || gaps > 0 && room.gaps > self.limits.gaps()
        };
        for worst in self.order.range(Rank::below_held()..) {
            if !has_no_share(&room) || !rank.beats(worst) {
                break;
            }
            if !room.gone.contains(&worst.hash) {
                room.leave(worst, places(worst));
            }
        }
        // What falls behind a ready one takes no place of what others hold: one replacement would give up many.
        let is_full = is_short(&room) || fallen > 0 && room.held > self.limits.held;
        if is_full || has_no_share(&room) {
            return Err(self.full(&room));
        }
        let most = match rank.readiness {
            Readiness::Ready | Readiness::Doubt => self.limits.churn,
            Readiness::Gap | Readiness::Passed => self.limits.idle_churn,
        };
        let churn = self.churn.get(&rank.readiness.bounded_as());
        let churn = churn.copied().unwrap_or_default();
        match churn.allows(room.given_up, rank.bid, most) {
            true => Ok(room),
            false => Err(Reject::MadeRoomOften),
        }
    }

    /// Why there is no such room.
    fn full(&self, room: &Room) -> Reject {
        let (held, limit) = if room.places > self.limits.places {
            (self.places, self.limits.places)
        } else if room.held > self.limits.held {
            (self.held, self.limits.held)
        } else {
            (self.gaps, self.limits.gaps())
        };
        Reject::PoolFull { held, limit }
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
    /// The readiness of the offer.
    readiness: Readiness,
    /// How many of its sender's transactions were replaced in this block with those that it replaces.
    times: u32,
    gone: Vec<Hash>,
    places: usize,
    held: usize,
    gaps: usize,
    /// Places of what goes.
    given_up: usize,
}

impl Room {
    fn leave(&mut self, rank: &Rank, places: usize) {
        let (held, gaps) = rank.shares(places);
        self.places = self.places.saturating_sub(places);
        self.held = self.held.saturating_sub(held);
        self.gaps = self.gaps.saturating_sub(gaps);
        self.given_up = self.given_up.saturating_add(places);
        self.gone.push(rank.hash);
    }
}
