//! Checkpoints that root may call final and does not yet. Claims and ways out make them final where people use them; where nobody does, nodes would keep the states of a whole ring,
//! because what is not final can still be void. So a relayer makes all that are ripe final with one transaction, now and then.

use std::sync::Arc;

use alloy_primitives::Address;

use super::{At, Block, IRootChain, Rpc, RpcError, view_call};
use crate::client::backwards::Backwards;
use crate::relay::acceptance::Acceptance;
use crate::relay::events::{self, Heard};

/// A relayer waits this part of a challenge window before it makes more of them final, and so long behind the moment in which the first of them became ripe.
const PART: u64 = 8;
/// Seconds of root's time between two times, at least.
const MIN_SECS: u64 = 30;
/// Pages of events that are searched at one time, at most.
const MAX_PAGES: usize = 64;

/// What is ripe, as far as it was looked for.
#[derive(Debug)]
pub(super) struct Ripe {
    deployment: [u8; 20],
    root_chain: Address,
    challenge_secs: u64,
    /// Root's time from which on it is looked for again.
    next: u64,
    found: Option<Arc<Acceptance>>,
    /// Why it could not be looked for, until that is said.
    pub(super) trouble: Option<String>,
}

impl Ripe {
    pub(super) const fn new(
        deployment: [u8; 20],
        root_chain: Address,
        challenge_secs: u64,
    ) -> Self {
        Self {
            deployment,
            root_chain,
            challenge_secs,
            next: 0,
            found: None,
            trouble: None,
        }
    }

    /// Seconds between two times.
    fn interval(&self) -> u64 {
        (self.challenge_secs / PART).max(MIN_SECS)
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
        if self.found.is_some() || latest.time < self.next || head.finalized >= head.accepted {
            return self.found.clone();
        }
        self.rests(latest.time);
        match self.search(rpc, latest, head).await {
            Ok(found) => self.found = found.map(Arc::new),
            Err(error) => {
                let what = "checkpoints that may be made final are not found";
                self.trouble = Some(format!("{what}: {error}"));
            }
        }
        self.found.clone()
    }

    /// Whether it is so old that it is ripe.
    fn is_ripe(&self, one: &Acceptance, head: &IRootChain::Head, now: u64) -> bool {
        now >= one.time.saturating_add(self.challenge_secs) && one.due_count <= head.inboxCursor
    }

    /// The newest one that is ripe, if the oldest one that is not final has been so for an interval. Root's word of it is compared with what its event shows.
    async fn search(
        &self,
        rpc: &Rpc,
        latest: &Block,
        head: &IRootChain::Head,
    ) -> Result<Option<Acceptance>, RpcError> {
        let (addresses, topics) = ([self.root_chain], [events::ACCEPTANCE]);
        let mut search = Backwards::new(rpc, &addresses, &topics, (0, latest.number));
        let (mut newest, mut oldest): (Option<Acceptance>, Option<Acceptance>) = (None, None);
        for _ in 0..MAX_PAGES {
            let Some(logs) = search.look().await? else {
                break;
            };
            for log in logs.iter().rev() {
                let heard = events::decode(log, &self.deployment).map_err(RpcError::Malformed)?;
                let Heard::Acceptance(one) = heard else {
                    continue;
                };
                if one.epoch >= head.finalized && self.is_ripe(&one, head, latest.time) {
                    newest.get_or_insert_with(|| (*one).clone());
                    oldest = Some(*one);
                }
            }
            if oldest
                .as_ref()
                .is_some_and(|one| one.epoch <= head.finalized)
            {
                break;
            }
        }
        let Some((newest, oldest)) = newest.zip(oldest) else {
            return Ok(None);
        };
        let due = oldest.time.saturating_add(self.challenge_secs);
        if latest.time < due.saturating_add(self.interval()) {
            return Ok(None);
        }
        let epoch = newest.epoch;
        let at = At::Hash(latest.hash);
        let call = IRootChain::recordCall { epoch };
        let record = view_call(rpc, self.root_chain, call, at).await?;
        Ok((record == newest.record()).then_some(newest))
    }
}

#[cfg(test)]
mod tests;
