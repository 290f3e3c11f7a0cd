//! Certificates in the calldata of transactions to RootChain, also of those that failed: whoever carries a second certified checkpoint to root shows it
//! to everybody. Each is checked against the set that root committed to before it takes any room, so what is invented hides nothing; where that set is
//! not known yet, the number of the block is kept, and the block is read again when it is. What became of it is said in [`super::later`].
//!
//! Calls that another contract makes are not seen. After a long stop
//! the newest blocks are read, and the others are said to be left out. With a second endpoint of root, the calldata of both are read.

use std::collections::BTreeSet;

use alloy_primitives::{B256, Bytes};

use super::root::REORGANISED;
use super::second::About;
use super::silence::Allowed;
use super::submission::SubmissionFate;
use super::{Arc, ChildSource, RootMoment, Rpc, RpcError, WatchNotice, Watcher};
use crate::relay::seen::{Block, Which};

/// Blocks that are read in one look, at most.
pub(super) const MAX_BLOCKS: usize = 16;
/// Certificates of one look behind which no further block is read: each takes a few milliseconds.
pub(super) const MAX_CHECKED: usize = 256;
/// Blocks behind the newest one that are read, at most.
const MAX_BEHIND: u64 = 4_096;
/// Root blocks for which an endpoint may refuse blocks, be it one after the other, before reading is at the newest one again: then they are left out there.
const MAX_REFUSED: u64 = 64;
/// Blocks behind the newest one from which a watcher begins.
const FIRST_BEHIND: u64 = 256;

/// A block that was read.
pub(super) struct ReadBlock {
    /// Its hash; zeros where an endpoint does not give it so that it can be read.
    hash: B256,
    /// Its submissions, at all endpoints.
    pub(super) submissions: usize,
}

/// How an endpoint refuses blocks.
#[derive(Debug)]
pub(super) struct BlockRefusal {
    /// The block that it refused last.
    number: u64,
    /// Root's newest block when it began to.
    since: u64,
    /// Whether it gives that block by now.
    is_given: bool,
    /// Whether it has refused for so long that its blocks are left out.
    is_over: bool,
}

impl<C: ChildSource> Watcher<C> {
    /// Reads on. The position that is kept moves on only where both endpoints know the newest block: while the second one says nothing, reading goes on behind it by the first one's word, and
    /// begins there again once the second one is back.
    pub(super) async fn read_calldata(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        now: &RootMoment,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(), RpcError> {
        let allowed = self.allowed(rpc, latest, &About::Head, say).await;
        let is_silent = self.confirmed.is_silent;
        self.parts.begin(self.confirmed.asked);
        let done = self.read_allowed(rpc, latest, (now, allowed), say).await;
        // Whoever fills blocks with what is none uses up the time for its confirmations, and none of the time for what is judged behind it.
        self.confirmed.is_silent = is_silent;
        self.silence.wait_anew();
        done
    }

    async fn read_allowed(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        (now, allowed): (&RootMoment, Allowed),
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(), RpcError> {
        if allowed != Allowed::Alone {
            self.ahead = None;
            return self.read_on(rpc, latest, (now, allowed), say).await;
        }
        let kept = (self.kept.calldata, self.kept.calldata_hash);
        let ahead = *self.ahead.get_or_insert(kept);
        (self.kept.calldata, self.kept.calldata_hash) = ahead;
        let done = self.read_on(rpc, latest, (now, allowed), say).await;
        self.ahead = Some((self.kept.calldata, self.kept.calldata_hash));
        (self.kept.calldata, self.kept.calldata_hash) = kept;
        done
    }

    async fn read_on(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        (now, allowed): (&RootMoment, Allowed),
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(), RpcError> {
        if !self.go_back(rpc, latest, say).await {
            return Ok(());
        }
        let read = self.kept.calldata;
        let mut checked = 0_usize;
        if read != latest.number {
            if allowed == Allowed::Nothing {
                return Ok(());
            }
            let made = self.created.block.saturating_sub(1);
            let first = latest.number.saturating_sub(match read {
                0 => FIRST_BEHIND,
                _ => MAX_BEHIND,
            });
            if read != 0 && read < first {
                let (from, to) = (read.saturating_add(1), first);
                let place = rpc.place();
                say(&WatchNotice::Blind { place, from, to });
            }
            // What a chain that is shorter now had behind its newest block is another branch's, and so perhaps is what is before it.
            let is_shorter = latest.number < read && self.rereading.is_first();
            let begin = match is_shorter {
                true => latest.number.saturating_sub(REORGANISED),
                false => read.min(latest.number),
            };
            let begin = begin.max(first).max(made);
            if begin != read {
                (self.kept.calldata, self.kept.calldata_hash) = (begin, B256::ZERO);
                self.unread.clear();
            }
        }
        for _ in 0..MAX_BLOCKS {
            if self.kept.calldata >= latest.number || checked >= MAX_CHECKED {
                break;
            }
            let number = self.kept.calldata.saturating_add(1);
            let Some(read) = self.read_block(rpc, latest, number, now, say).await? else {
                return Ok(());
            };
            checked = checked.saturating_add(read.submissions);
            (self.kept.calldata, self.kept.calldata_hash) = (number, read.hash);
        }
        if self.kept.calldata >= latest.number {
            self.is_level(say);
        }
        self.read_again(rpc, latest, now, checked, say).await
    }

    /// Where root was reorganised since the last block was read, also while no watcher ran, reading goes back. Gives whether that is known.
    async fn go_back(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        say: &mut impl FnMut(&WatchNotice),
    ) -> bool {
        let (read, hash) = (self.kept.calldata, self.kept.calldata_hash);
        let (mut back, mut is_known) = (self.records.rewound().unwrap_or(read), true);
        if !hash.is_zero() && read <= latest.number {
            let there = match read == latest.number {
                true => Ok(Some(*latest)),
                false => rpc.block(Which::Number(read)).await,
            };
            match there {
                Ok(there) => {
                    self.answers(&rpc.place(), read);
                    if there.is_some_and(|there| there.hash != hash) {
                        back = back.min(read.saturating_sub(REORGANISED));
                    }
                }
                Err(error) => {
                    is_known = self.refuses(rpc.place(), (read, latest), &error.to_string(), say);
                    if is_known {
                        self.kept.calldata_hash = B256::ZERO;
                    }
                }
            }
        }
        if back < read {
            (self.kept.calldata, self.kept.calldata_hash) = (back, B256::ZERO);
        }
        is_known
    }

    /// An endpoint does not give a block. It is asked again at each look, and named once. Gives whether it has refused blocks for so long that this one is left out there.
    fn refuses(
        &mut self,
        place: String,
        (number, latest): (u64, &Block),
        reason: &str,
        say: &mut impl FnMut(&WatchNotice),
    ) -> bool {
        let Some(refusal) = self.unread.get_mut(&place) else {
            let refusal = BlockRefusal {
                number,
                since: latest.number,
                is_given: false,
                is_over: false,
            };
            self.unread.insert(place.clone(), refusal);
            let reason = format!("block {number} is not read, nor what is behind it: {reason}");
            say(&WatchNotice::Silent { place, reason });
            return false;
        };
        let is_over = latest.number.saturating_sub(refusal.since) >= MAX_REFUSED;
        (refusal.number, refusal.is_given) = (number, false);
        refusal.is_over = is_over;
        if is_over && self.told.insert(format!("calldata {place}")) {
            let (from, to) = (number, number);
            say(&WatchNotice::Blind { place, from, to });
        }
        is_over
    }

    /// An endpoint gives a block. The time for which it may refuse others goes on until reading is at the newest block.
    fn answers(&mut self, place: &str, number: u64) {
        if let Some(refusal) = self.unread.get_mut(place)
            && refusal.number == number
        {
            refusal.is_given = true;
        }
    }

    /// Reading is at the newest block: endpoints that give what they refused are said to be back, and what one refuses from now on is waited for again.
    fn is_level(&mut self, say: &mut impl FnMut(&WatchNotice)) {
        self.unread.retain(|place, refusal| {
            if refusal.is_given {
                let place = place.clone();
                say(&WatchNotice::Back { place });
            }
            !refusal.is_given && !refusal.is_over
        });
    }

    /// Reads a block at all endpoints of root. Gives what it has; `None` when there is no room for what it shows, an endpoint does not give it now, or its rest waits for the next look.
    pub(super) async fn read_block(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        number: u64,
        now: &RootMoment,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<Option<ReadBlock>, RpcError> {
        let second = self.second.clone().filter(|_| self.ahead.is_none());
        let mut read: Option<ReadBlock> = None;
        let (mut parts, mut later) = ([(B256::ZERO, 0); 2], BTreeSet::new());
        let endpoints = [Some(rpc), second.as_deref()].into_iter().flatten();
        for (place, endpoint) in endpoints.enumerate() {
            let read_of = self.inputs(endpoint, (number, latest), say).await;
            let Some((hash, inputs)) = read_of else {
                return Ok(None);
            };
            let read = read.get_or_insert(ReadBlock {
                hash,
                submissions: 0,
            });
            let mut done = self.parts.read(number, place, hash);
            for input in inputs.iter().skip(done) {
                parts[place] = (hash, done);
                if self.parts.is_full(self.confirmed.asked) {
                    self.parts.stop(number, parts, later);
                    return Ok(None);
                }
                read.submissions = read.submissions.saturating_add(1);
                match self.read_submission(rpc, latest, input, now, say).await? {
                    SubmissionFate::Over => {}
                    SubmissionFate::Later(epoch) => {
                        later.insert(epoch);
                        self.keep_for_later(epoch, number, say);
                    }
                    SubmissionFate::Booked(epoch) => {
                        later.insert(epoch);
                        self.keep_for_later(epoch, number, say);
                        self.rereading.book(epoch, number);
                    }
                    SubmissionFate::Full => return Ok(None),
                }
                done = done.saturating_add(1);
            }
            parts[place] = (hash, done);
        }
        for epoch in self.parts.end(number) {
            self.keep_for_later(epoch, number, say);
        }
        Ok(read)
    }

    /// The inputs of a block's transactions to RootChain; `None` when the block is to be asked for again. An endpoint that gives none is named once and not for each block.
    async fn inputs(
        &mut self,
        endpoint: &Rpc,
        (number, latest): (u64, &Block),
        say: &mut impl FnMut(&WatchNotice),
    ) -> Option<(B256, Vec<Bytes>)> {
        let place = endpoint.place();
        let told = format!("calldata {place}");
        let read = endpoint.calldata(number, self.contracts.root_chain);
        let is_first = std::ptr::eq(endpoint, Arc::as_ptr(self.wallet.rpc()));
        let read = match is_first {
            true => read.await,
            false => self.silence.within(read).await,
        };
        match read {
            Ok(Some(read)) => {
                self.told.remove(&told);
                self.answers(&place, number);
                Some(read)
            }
            Err(RpcError::TooLarge(_) | RpcError::Malformed(_)) => {
                self.answers(&place, number);
                if self.told.insert(told) {
                    let (from, to) = (number, number);
                    say(&WatchNotice::Blind { place, from, to });
                }
                Some((B256::ZERO, Vec::new()))
            }
            missed => {
                let reason = match missed {
                    Err(error) => error.to_string(),
                    Ok(_) => "it does not have this block now".to_owned(),
                };
                let is_left_out = self.refuses(place, (number, latest), &reason, say);
                is_left_out.then(|| (B256::ZERO, Vec::new()))
            }
        }
    }
}
