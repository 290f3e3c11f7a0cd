//! Checkpoints that root may call final and does not yet. Claims and ways out make them final where people use them; where nobody does, nodes would keep the states of a whole ring,
//! because what is not final can still be void. So a relayer makes all that are ripe final with one transaction, now and then; where a challenge of data holds one up, those before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_primitives::{Address, keccak256};

use super::{At, Block, IRootChain, Rpc, RpcError, view_call};
use crate::client::backwards::Backwards;
use crate::relay::acceptance::Acceptance;
use crate::relay::events::{self, Heard};

/// A relayer waits this part of a challenge window before it makes more of them final, and so long behind the moment in which the first of them became ripe.
const PART: u64 = 8;
/// Seconds of root's time between two times, at least.
const MIN_SECS: u64 = 30;
/// Pages of events that are searched in one look, at most: the next look goes on from there.
const MAX_PAGES: usize = 64;
/// Checkpoints that are not final and are known, at most: the newest ones.
const MAX_KNOWN: usize = 1 << 16;

/// What is ripe, as far as it was looked for.
#[derive(Debug)]
pub(super) struct Ripe {
    deployment: [u8; 20],
    root_chain: Address,
    challenge_secs: u64,
    me: Address,
    /// Root's time from which on it is looked for again.
    next: u64,
    /// Checkpoints that were not final, as their events show them.
    known: BTreeMap<u64, Acceptance>,
    /// The newest block to which events are read, but for the gaps.
    reached: Option<u64>,
    /// Blocks whose events are not read, from the first to the last; ascending.
    gaps: Vec<(u64, u64)>,
    found: Option<Arc<Acceptance>>,
    /// Why it could not be looked for, until that is said.
    pub(super) trouble: Option<String>,
    /// What was said of that last.
    told: Option<String>,
}

impl Ripe {
    pub(super) const fn new(
        deployment: [u8; 20],
        root_chain: Address,
        challenge_secs: u64,
        me: Address,
    ) -> Self {
        Self {
            deployment,
            root_chain,
            challenge_secs,
            me,
            next: 0,
            known: BTreeMap::new(),
            reached: None,
            gaps: Vec::new(),
            found: None,
            trouble: None,
            told: None,
        }
    }

    /// Seconds between two times.
    fn interval(&self) -> u64 {
        (self.challenge_secs / PART).max(MIN_SECS)
    }

    /// Seconds by which this relayer lets others go first, so that mostly one of several pays: up to half of an interval, by its account and the first checkpoint that is not final.
    fn stagger(&self, finalized: u64) -> u64 {
        let mut bytes = self.me.to_vec();
        bytes.extend_from_slice(&finalized.to_be_bytes());
        let hash = keccak256(bytes);
        let word = hash.first_chunk().copied().map_or(0, u64::from_be_bytes);
        let room = self.interval() / 2;
        word.checked_rem(room.saturating_add(1)).unwrap_or(0)
    }

    /// It was sent, or root refused it: nothing more is sent for a while.
    pub(super) fn rests(&mut self, now: u64) {
        self.found = None;
        self.next = now.saturating_add(self.interval());
    }

    /// The newest checkpoint that may be made final in this block, when it is time to. No checkpoint waits for a node that does not tell of older ones.
    pub(super) async fn look(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        head: &IRootChain::Head,
    ) -> Option<Arc<Acceptance>> {
        let is_open = |found: &Arc<Acceptance>| found.epoch >= head.finalized;
        self.found = self.found.take().filter(is_open);
        self.known = self.known.split_off(&head.finalized);
        if self.found.is_some() || latest.time < self.next || head.finalized >= head.accepted {
            return self.found.clone();
        }
        match self.search(rpc, latest, head).await {
            Ok(true) => {}
            // The next look goes on.
            Ok(false) => return None,
            Err(error) => {
                self.next = latest.time.saturating_add(MIN_SECS);
                let trouble = format!("checkpoints that may be made final are not found: {error}");
                if self.told.as_ref() != Some(&trouble) {
                    (self.told, self.trouble) = (Some(trouble.clone()), Some(trouble));
                }
            }
        }
        self.found.clone()
    }

    /// Whether it is so old that it is ripe.
    fn is_ripe(&self, one: &Acceptance, head: &IRootChain::Head, now: u64) -> bool {
        now >= one.time.saturating_add(self.challenge_secs) && one.due_count <= head.inboxCursor
    }

    /// Finds the newest one that is ripe, if the oldest one that is not final has been so for an interval. Root's word of it is compared with what its event shows. Gives whether all events
    /// are read.
    async fn search(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        head: &IRootChain::Head,
    ) -> Result<bool, RpcError> {
        if !self.read(rpc, latest.number, head).await? {
            return Ok(false);
        }
        self.told = None;
        self.rests(latest.time);
        let is_ripe = |one: &&Acceptance| self.is_ripe(one, head, latest.time);
        let oldest = self.known.values().find(is_ripe);
        let newest = self.known.values().rev().find(is_ripe);
        let Some((newest, oldest)) = newest.zip(oldest) else {
            return Ok(true);
        };
        let due = oldest.time.saturating_add(self.challenge_secs);
        let due = due.saturating_add(self.interval());
        let due = due.saturating_add(self.stagger(head.finalized));
        if latest.time < due {
            self.next = self.next.min(due);
            return Ok(true);
        }
        let epoch = newest.epoch;
        let at = At::Hash(latest.hash);
        let call = IRootChain::recordCall { epoch };
        let record = view_call(rpc, self.root_chain, call, at).await?;
        match record == newest.record() {
            true => {
                let ripe: Vec<&Acceptance> = self.known.values().filter(is_ripe).collect();
                let newest = self.newest_free(rpc, at, &ripe).await?;
                self.found = newest.cloned().map(Arc::new);
            }
            // Root was reorganised, or this node told something else before: all is read again.
            false => {
                self.known.clear();
                self.gaps.clear();
                self.reached = None;
            }
        }
        Ok(true)
    }

    /// The newest of these that nothing else holds up. They ascend, and a challenge of one holds up all behind it.
    async fn newest_free<'a>(
        &self,
        rpc: &Rpc,
        at: At,
        ripe: &[&'a Acceptance],
    ) -> Result<Option<&'a Acceptance>, RpcError> {
        let (mut free, mut held) = (0, ripe.len());
        let mut next = held.saturating_sub(1);
        while free < held {
            let Some(one) = ripe.get(next) else { break };
            let call = IRootChain::isFinalCall {
                checkpoint: (&one.checkpoint).into(),
                acceptance: (*one).into(),
            };
            match view_call(rpc, self.root_chain, call, at).await? {
                true => free = next.saturating_add(1),
                false => held = next,
            }
            next = usize::midpoint(free, held);
        }
        Ok(free.checked_sub(1).and_then(|last| ripe.get(last)).copied())
    }

    /// Reads the events of what is not final, the newest ones first, as far as one look goes. Gives whether all are read.
    async fn read(
        &mut self,
        rpc: &Rpc,
        newest: u64,
        head: &IRootChain::Head,
    ) -> Result<bool, RpcError> {
        let first = self.reached.map_or(0, |reached| reached.saturating_add(1));
        if first <= newest {
            self.gaps.push((first, newest));
            self.reached = Some(newest);
        }
        let (addresses, topics) = ([self.root_chain], [events::ACCEPTANCE]);
        let mut pages = 0;
        while let Some((first, last)) = self.gaps.pop() {
            let mut search = Backwards::new(rpc, &addresses, &topics, (first, last));
            while let Some(left) = search.left() {
                if pages >= MAX_PAGES {
                    self.gaps.push((first, left));
                    return Ok(false);
                }
                pages = pages.saturating_add(1);
                let logs = match search.look().await {
                    Ok(logs) => logs.unwrap_or_default(),
                    Err(error) => {
                        self.gaps.push((first, left));
                        return Err(error);
                    }
                };
                let mut is_final = false;
                for log in logs.iter().rev() {
                    let one = match events::decode(log, &self.deployment) {
                        Ok(Heard::Acceptance(one)) => one,
                        Ok(_) => continue,
                        Err(reason) => {
                            self.gaps.push((first, left));
                            return Err(RpcError::Malformed(reason));
                        }
                    };
                    is_final |= one.epoch <= head.finalized;
                    let known = self.known.get(&one.epoch);
                    let is_newer = known.is_none_or(|known| known.block < one.block);
                    if is_newer && (head.finalized..head.accepted).contains(&one.epoch) {
                        self.known.insert(one.epoch, *one);
                    }
                }
                while self.known.len() > MAX_KNOWN {
                    self.known.pop_first();
                }
                // What is before it is final.
                if is_final {
                    self.gaps.clear();
                    break;
                }
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
