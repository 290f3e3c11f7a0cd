//! Whether a transaction gets into the pool, and what it takes the place of.

use std::sync::Arc;

use super::offer::{Hash, Offer, Pending};
use super::queue::{Purse, Queue, Rank};
use super::{Limits, Pool, check_sequence};
use crate::ledger::Reject;
use crate::ledger::reject::raised;

/// How often transactions of one sender may be replaced during one block. The engine carries one more transaction each time.
const MAX_REPLACED: u32 = 8;

/// Places of evicted transactions, which the engine still holds until it asks again: those evicted since the last block, and those evicted
/// between the last two blocks, because the engine may not have asked about all of them yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Churn([usize; 2]);

impl Churn {
    /// All that the engine may still hold.
    pub(super) fn places(self) -> usize {
        self.0.iter().sum()
    }

    /// A block came.
    pub(super) fn turn(&mut self) {
        let [now, _] = self.0;
        self.0 = [0, now];
    }

    pub(super) fn add(&mut self, places: usize) {
        let [now, _] = &mut self.0;
        *now = now.saturating_add(places);
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
        let replaced = same.and_then(|other| other.rank);
        self.make_room(offer, &queue.rank_of(offer, purse.next), replaced)
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

    /// Which transactions are evicted for an offer of this rank, besides the one that it replaces. Held ones are evicted first, and for a
    /// held offer only held ones. A ready offer may evict any held one; every other one only when it bids at least a tenth more.
    fn make_room(
        &self,
        offer: &Offer,
        rank: &Rank,
        replaced: Option<Rank>,
    ) -> Result<Room, Reject> {
        let mut room = Room {
            ready: rank.ready,
            gone: Vec::new(),
            places: self.places.saturating_add(offer.places),
            held: self.held,
            given_up: 0,
        };
        if !rank.ready {
            room.held = room.held.saturating_add(offer.places);
        }
        let places = |rank: &Rank| self.get(&rank.hash).map_or(0, |one| one.offer.places);
        if let Some(replaced) = &replaced {
            room.leave(replaced, places(replaced));
        }
        for worst in &self.order {
            if !room.is_short(&self.limits) || !rank.beats(worst) {
                break;
            }
            if replaced != Some(*worst) {
                room.leave(worst, places(worst));
            }
        }
        let (recent, most) = match rank.ready {
            true => (self.churn.places(), self.limits.churn),
            false => (self.held_churn.places(), self.limits.held_churn),
        };
        let churns = room.given_up > 0 && room.given_up.saturating_add(recent) > most;
        if !churns && !room.is_short(&self.limits) {
            return Ok(room);
        }
        let (held, limit) = match rank.ready {
            true => (self.places, self.limits.places),
            false => (self.held, self.limits.held),
        };
        Err(Reject::PoolFull { held, limit })
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

/// The pool as it would be with the offer and without the transactions that are evicted for it.
struct Room {
    /// Whether the offer is ready.
    ready: bool,
    gone: Vec<Hash>,
    places: usize,
    held: usize,
    /// Places that go.
    given_up: usize,
}

impl Room {
    fn leave(&mut self, rank: &Rank, places: usize) {
        self.places = self.places.saturating_sub(places);
        if !rank.ready {
            self.held = self.held.saturating_sub(places);
        }
        self.given_up = self.given_up.saturating_add(places);
        self.gone.push(rank.hash);
    }

    /// Whether more has to go for the offer.
    fn is_short(&self, limits: &Limits) -> bool {
        self.places > limits.places || (!self.ready && self.held > limits.held)
    }
}
