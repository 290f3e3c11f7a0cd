//! Root blocks whose calldata is read again: they show what could not be checked yet, or a certificate of an epoch of which root has accepted none. Their numbers are on the disk,
//! because what was found in them is not.
//!
//! Each epoch has its own room, and each look at root reads a few of them in turn: once at each of root's newest blocks, so that those that come back keep no other one out.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::B256;

use super::calldata::{MAX_BLOCKS, MAX_CHECKED};
use super::{At, ChildSource, ROOT, RootMoment, Rpc, RpcError, WatchNotice, Watcher};
use crate::relay::seen::Block;

/// Blocks that are kept for one epoch, at most. Whoever fills that room pays for a transaction in as many blocks.
const MAX_OF_EPOCH: usize = 4_096;

/// An epoch, and a block that shows a submission of it.
type Later = (u64, u64);

/// Which blocks were read again.
#[derive(Debug, Default)]
pub(super) struct Rereading {
    /// Root's newest block; `done` are the blocks that were read again while it was the newest.
    tip: B256,
    done: BTreeSet<Later>,
    last: Later,
    /// Blocks whose certificates stand in this process's book.
    booked: BTreeSet<Later>,
}

impl Rereading {
    /// Notes that what this block shows of the epoch stands in the book.
    pub(super) fn book(&mut self, epoch: u64, number: u64) {
        self.booked.insert((epoch, number));
    }

    /// Whether this process has not yet begun to read such blocks again.
    pub(super) fn is_first(&self) -> bool {
        self.tip.is_zero()
    }

    /// Has the next look read the rest of this block.
    fn go_on(&mut self, one: Later) {
        self.done.remove(&one);
        let (epoch, number) = one;
        self.last = (epoch, number.saturating_sub(1));
    }

    fn look(&mut self, tip: B256, later: &BTreeMap<u64, BTreeSet<u64>>) {
        if self.tip != tip {
            self.tip = tip;
            self.done.clear();
        }
        let is_kept = |(epoch, number): &Later| {
            let blocks = later.get(epoch);
            blocks.is_some_and(|blocks| blocks.contains(number))
        };
        self.booked.retain(is_kept);
    }

    /// The next block of the epochs that are `ready`, in a circle that goes on behind the last one. A block whose certificates stand in the book waits until its epoch `is_accepted`.
    fn next(
        &mut self,
        later: &BTreeMap<u64, BTreeSet<u64>>,
        ready: &BTreeSet<u64>,
        is_accepted: impl Fn(u64) -> bool,
    ) -> Option<Later> {
        let (last, done, booked) = (self.last, &self.done, &self.booked);
        let is_next =
            |one: &Later| !done.contains(one) && (!booked.contains(one) || is_accepted(one.0));
        let of_epoch = |epoch: &u64| {
            let (epoch, blocks) = (*epoch, later.get(epoch));
            let blocks = blocks.into_iter().flatten();
            blocks.map(move |number| (epoch, *number))
        };
        let open = || ready.iter().flat_map(of_epoch).filter(is_next);
        let next = open().find(|one| *one > last).or_else(|| open().next())?;
        self.last = next;
        self.done.insert(next);
        Some(next)
    }
}

impl<C: ChildSource> Watcher<C> {
    /// Keeps a block to be read again, as far as its epoch has room.
    pub(super) fn keep_for_later(
        &mut self,
        epoch: u64,
        number: u64,
        say: &mut impl FnMut(&WatchNotice),
    ) {
        let blocks = self.kept.later.entry(epoch).or_default();
        if blocks.len() >= MAX_OF_EPOCH && !blocks.contains(&number) {
            let reason = "more blocks show submissions of it than are kept";
            let place = self.place(ROOT);
            return self.ignore(place, epoch, reason, say);
        }
        blocks.insert(number);
    }

    /// Reads the blocks again that show what can be checked by now. `checked` submissions were checked in this look before.
    pub(super) async fn read_again(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        now: &RootMoment,
        mut checked: usize,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(), RpcError> {
        self.kept.later.retain(|_, blocks| !blocks.is_empty());
        self.rereading.look(latest.hash, &self.kept.later);
        let epochs = self.kept.later.range(..=self.accepted);
        let epochs: Vec<u64> = epochs.map(|(epoch, _)| *epoch).collect();
        let mut ready = BTreeSet::new();
        for epoch in epochs {
            let signing = epoch.saturating_add(1);
            let at = At::Hash(latest.hash);
            if self.is_closed(signing, now) || self.find_set(rpc, at, signing, say).await? {
                ready.insert(epoch);
            }
        }
        for _ in 0..MAX_BLOCKS {
            if checked >= MAX_CHECKED {
                break;
            }
            let (records, accepted) = (&self.records, self.accepted);
            let is_accepted = |epoch: u64| epoch < accepted && records.acceptance(epoch).is_some();
            let next = self.rereading.next(&self.kept.later, &ready, is_accepted);
            let Some((epoch, number)) = next else {
                break;
            };
            // If its submissions still cannot be checked, reading it puts it back.
            if let Some(blocks) = self.kept.later.get_mut(&epoch) {
                blocks.remove(&number);
            }
            let read = self.read_block(rpc, latest, number, now, say).await;
            match read {
                Ok(Some(read)) => {
                    checked = checked.saturating_add(read.submissions);
                    // While one endpoint alone is believed, no block is let go of.
                    if self.ahead.is_some() {
                        self.kept.later.entry(epoch).or_default().insert(number);
                    }
                }
                missed => {
                    self.kept.later.entry(epoch).or_default().insert(number);
                    if self.parts.has(number) {
                        self.rereading.go_on((epoch, number));
                    }
                    return missed.map(drop);
                }
            }
        }
        self.kept.later.retain(|_, blocks| !blocks.is_empty());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
