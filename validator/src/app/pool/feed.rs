//! Which transactions a proposer tries, one after the other: the one with the best bid among those whose sequence is next.
//!
//! There is no list made ahead: the next one is looked up when it is wanted, and the pool is locked for that moment only. A sender
//! whose transaction does not apply is not asked again in this proposal, and that transaction is judged again after the block.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex};

use super::offer::Pending;
use super::{Head, Pool};
use crate::app::lock;
use crate::chain::propose::{Candidate, Candidates, Tried};
use crate::ledger::transaction::Body;

/// The pool's transactions for one proposal.
pub struct Feed<'p, F> {
    pool: &'p Mutex<Pool>,
    /// The last head that was given; better ones were given before it.
    last: Option<Head>,
    /// What follows those that applied.
    followers: BinaryHeap<Head>,
    given: Option<Arc<Pending>>,
    admits: F,
}

impl<'p, F: Fn(&Body) -> bool> Feed<'p, F> {
    /// From the best on, of those that this node takes now: what waits may have come before the deployment was closing.
    pub fn new(pool: &'p Mutex<Pool>, admits: F) -> Self {
        Self {
            pool,
            last: None,
            followers: BinaryHeap::new(),
            given: None,
            admits,
        }
    }

    fn best(&mut self) -> Option<Arc<Pending>> {
        let pool = lock(self.pool);
        loop {
            let head = match self.last {
                Some(last) => pool.heads.range(..last).next_back(),
                None => pool.heads.last(),
            };
            let head = head.copied();
            let best = head.max(self.followers.peek().copied())?;
            if Some(best) == head {
                self.last = head;
            } else {
                self.followers.pop();
            }
            let (_, Reverse(hash)) = best;
            if let Some(pending) = pool.get(&hash) {
                return Some(Arc::clone(pending));
            }
        }
    }
}

impl<F: Fn(&Body) -> bool> Candidates for Feed<'_, F> {
    fn next(&mut self) -> Option<Candidate<'_>> {
        loop {
            let best = self.best()?;
            let admits = (self.admits)(best.checked.body());
            self.given = Some(best);
            if admits {
                break;
            }
            self.tried(Tried::Refused);
        }
        let given = self.given.as_ref()?;
        Some((given.bytes.as_slice(), &given.checked))
    }

    fn tried(&mut self, outcome: Tried) {
        let Some(given) = self.given.take() else {
            return;
        };
        let mut pool = lock(self.pool);
        match outcome {
            Tried::Applied => {
                let header = given.offer.header;
                let after = header.sequence.checked_add(1);
                let follower = after.and_then(|after| pool.at(&header.sender, after));
                let follower = follower.map(|one| (one.offer.bid, Reverse(one.offer.hash)));
                self.followers.extend(follower);
            }
            Tried::Refused => pool.note_failed(&given.offer.hash),
            Tried::NoRoom => {}
        }
    }
}
