//! How long, and how much, one sender may keep behind a gap.
//!
//! What waits behind a gap pays nothing while it waits, and costs its sender nothing but that its balance covers it: a few accounts with money
//! could keep the whole share of such transactions for ever, and nobody else's would wait until the one before it has come.
//!
//! ```text
//! each block that a sender has something behind a gap through    one block of its patience is used up
//! a block that holds any transaction of the sender               its patience is whole again: that cost a fee
//! nothing of it is left                                          what lies behind the gap goes, and no more of it is taken
//! ```
//! An eighth of that share is a sender's however full it is. While nobody else has the room, a sender may have more, up to as many sequences as a wallet
//! sends at once ([`HELD_AHEAD`]), whose first one may come last. So whoever keeps a fifth of that share pays a fee each time before its patience is used up. Who sends in order, or closes its gap in time, never meets any of this, and what
//! has the sender's next sequence is taken whenever it comes.

use std::collections::BTreeMap;

use super::departures::Departure;
use super::offer::{Hash, Offer, PLACE_BYTES};
use super::passed::MAX_REMEMBERED;
use super::queue::Queue;
use super::{HELD_AHEAD, Limits, Pool};
use crate::app::pool::passed::Held;
use crate::ledger::transaction::MAX_TRANSACTION_BYTES;
use crate::ledger::{Account, Reject};

/// Blocks through which a sender may have something behind a gap, counted from the last block that held a transaction of it on.
const MAX_BLOCKS: u32 = 64;

/// What senders used up of their patience.
#[derive(Debug, Default)]
pub(super) struct GapPatience(BTreeMap<Account, Used>);

#[derive(Clone, Copy, Debug)]
struct Used {
    blocks: u32,
    /// Height of the last of them.
    at: u64,
}

impl GapPatience {
    fn is_over(&self, sender: &Account) -> bool {
        let used = self.0.get(sender);
        used.is_some_and(|used| used.blocks >= MAX_BLOCKS)
    }

    fn use_up(&mut self, sender: Account, height: u64) {
        let used = self.0.entry(sender).or_insert(Used {
            blocks: 0,
            at: height,
        });
        used.blocks = used.blocks.saturating_add(1);
        used.at = height;
    }

    /// Forgets those that used some of it longest ago, where there are more than can be remembered: a sixteenth at a time, because all are
    /// looked at for that.
    fn forget(&mut self) {
        let excess = self.0.len().saturating_sub(MAX_REMEMBERED);
        if excess == 0 {
            return;
        }
        let all = self.0.iter();
        let mut all: Vec<(u64, Account)> = all.map(|(sender, used)| (used.at, *sender)).collect();
        all.sort_unstable();
        let count = excess.max(MAX_REMEMBERED / 16);
        for (_, sender) in all.into_iter().take(count) {
            self.0.remove(&sender);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    #[cfg(test)]
    pub(super) fn remember(&mut self, sender: Account, at: u64) {
        self.0.insert(sender, Used { blocks: 1, at });
    }
}

impl Limits {
    /// Places of one sender behind a gap, though others want them: never fewer than one transaction may have.
    pub(super) fn gaps_of_one(&self) -> usize {
        (self.gaps() / 8).max(MAX_TRANSACTION_BYTES.div_ceil(PLACE_BYTES))
    }

    /// Places of one sender behind a gap while nobody else wants them: as many as sequences are held ahead.
    pub(super) fn most_gaps_of_one(&self) -> usize {
        self.gaps_of_one().max(HELD_AHEAD as usize)
    }
}

impl Pool {
    /// Refuses what would wait behind a gap where its sender has no patience left, or as much there as one may have. With more than an eighth of
    /// the share it takes no place that others have.
    /// `next` is the sender's next sequence in the state.
    pub(super) fn check_patience(
        &self,
        queue: &Queue,
        offer: &Offer,
        next: u64,
    ) -> Result<(), Reject> {
        let (found, free) = (offer.header.sequence, queue.free_from(next));
        if found <= free {
            return Ok(());
        }
        let (mut places, mut room) = (offer.places, self.room_behind_gaps());
        for (sequence, one) in queue.waiting.range(free..) {
            let own = one.pending.offer.places;
            match *sequence == found {
                true => room = room.saturating_add(own),
                false => places = places.saturating_add(own),
            }
        }
        let most = match offer.places > room {
            true => self.limits.gaps_of_one(),
            false => self.limits.most_gaps_of_one(),
        };
        match places > most || self.patience.is_over(&offer.header.sender) {
            true => Err(Reject::NonceAhead {
                expected: free,
                found,
            }),
            false => Ok(()),
        }
    }

    /// Places that one behind a gap can have and nobody has to give up.
    fn room_behind_gaps(&self) -> usize {
        let limits = &self.limits;
        let left = [
            (limits.gaps(), self.gaps),
            (limits.held, self.held),
            (limits.places, self.places),
        ];
        let left = left.map(|(most, taken)| most.saturating_sub(taken));
        left.into_iter().min().unwrap_or(0)
    }

    /// A block holds these: their senders paid.
    pub(super) fn renew_patience(&mut self, held: &Held) {
        for (sender, _) in held.keys() {
            self.patience.0.remove(sender);
        }
    }

    /// A block came and the pool is swept: who has something behind a gap uses up some of its patience, and has no more there than one may have.
    pub(super) fn lose_patience(&mut self) {
        let most = self.limits.most_gaps_of_one();
        let mut gone: Vec<Hash> = Vec::new();
        for (sender, queue) in &self.senders {
            let mut places = 0usize;
            let mut is_behind = false;
            for (_, waiting) in queue.waiting.range(queue.free()..) {
                if !is_behind {
                    is_behind = true;
                    self.patience.use_up(*sender, self.height);
                }
                let offer = &waiting.pending.offer;
                places = places.saturating_add(offer.places);
                if places > most || self.patience.is_over(sender) {
                    gone.push(offer.hash);
                }
            }
        }
        self.take_all(&gone, Departure::Behind);
        self.patience.forget();
    }
}
