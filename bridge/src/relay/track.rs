//! Following one endpoint of the root chain to what it calls final.
//!
//! ```text
//!  Identify ─► Origin ─► Head ─► Target ─► Recheck ─► Scan ⟲ ─► Compare ─► (poll later) ─► Head …
//!     chain id   block      latest   N deep    last final   events     contract
//!                before     or tag             block still  in ranges  state at
//!                deployment                    the same?               that block
//! ```
//! Events must come in order without a gap, each extending the hash chain by its own bytes; when a scan ends, count and hash must be those
//! of the contract itself in the final block. An endpoint that left something out is asked again from the last event known; one whose
//! history changed is followed anew from the anchor. Nothing becomes visible before it was compared.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use alloy_primitives::{Address, B256};

use super::acceptance::Acceptance;
use super::events;
use super::inbox::{Anchor, Config, Entry, Finality};
use super::seen::{Block, Failure, Which};

mod blocks;
mod logs;
mod words;

pub use words::{Ask, Reply, Standing, Verified};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Identify,
    Origin,
    Head,
    Target(u64),
    Recheck(Block),
    Messages,
    Acceptances,
    Compare,
}

/// One endpoint's story so far.
#[derive(Debug)]
pub struct Track {
    config: Arc<Config>,
    phase: Phase,
    anchor: Anchor,
    /// The last anchor at which the child has the same hash: what was dropped past it was never compared with the child.
    trusted: Anchor,
    consumed: (u64, B256),
    entries: VecDeque<Entry>,
    records: BTreeMap<u64, Acceptance>,
    accepted: u64,
    target: Option<Block>,
    next_message_block: u64,
    next_acceptance_block: u64,
    range: u64,
    verified: Option<Verified>,
    standing: Standing,
    failures: u32,
    lies: u32,
    ready_at: u64,
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    id: u64,
    ask: Ask,
    deadline: u64,
}

impl Track {
    /// A track that knows nothing past `anchor`.
    pub fn new(config: Arc<Config>, anchor: Anchor) -> Self {
        Self {
            phase: Phase::Identify,
            consumed: (anchor.index, anchor.link),
            next_message_block: anchor.root_height.max(config.deployed_at),
            next_acceptance_block: config.deployed_at,
            range: config.range,
            anchor,
            trusted: anchor,
            config,
            entries: VecDeque::new(),
            records: BTreeMap::new(),
            accepted: 0,
            target: None,
            verified: None,
            standing: Standing::Starting,
            failures: 0,
            lies: 0,
            ready_at: 0,
            waiting: None,
        }
    }

    /// How it stands.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// What was compared last.
    pub fn verified(&self) -> Option<&Verified> {
        self.verified.as_ref()
    }

    /// The message before the first kept one.
    pub fn anchor(&self) -> &Anchor {
        &self.anchor
    }

    /// Messages past the anchor, in order; those above the verified count are not to be used.
    pub fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    /// Accepted checkpoints by epoch, the newest ones.
    pub fn records(&self) -> &BTreeMap<u64, Acceptance> {
        &self.records
    }

    /// The hash chain at `index`, when it is known.
    pub fn link(&self, index: u64) -> Option<B256> {
        if index == self.anchor.index {
            return Some(self.anchor.link);
        }
        let place = index.checked_sub(self.anchor.index)?.checked_sub(1)?;
        self.entries
            .get(usize::try_from(place).ok()?)
            .map(|entry| entry.link)
    }

    /// When there may be something to ask.
    pub fn wake(&self) -> u64 {
        self.waiting
            .as_ref()
            .map_or(self.ready_at, |waiting| waiting.deadline)
    }

    /// What to ask now; `id` names the request if there is one.
    pub fn next(&mut self, now: u64, id: u64) -> Option<Ask> {
        if let Some(waiting) = &self.waiting {
            if now < waiting.deadline {
                return None;
            }
            self.waiting = None;
            self.fail(now, Failure::Unreachable);
        }
        if now < self.ready_at {
            return None;
        }
        let ask = self.ask()?;
        self.waiting = Some(Waiting {
            id,
            ask: ask.clone(),
            deadline: now.saturating_add(self.config.patience_ms),
        });
        Some(ask)
    }

    fn ask(&mut self) -> Option<Ask> {
        let target = self.target.map_or(0, |block| block.number);
        match self.phase {
            Phase::Messages if self.next_message_block > target || self.is_full() => {
                self.phase = Phase::Acceptances;
                self.ask()
            }
            Phase::Acceptances if self.next_acceptance_block > target => {
                self.phase = Phase::Compare;
                self.ask()
            }
            Phase::Identify => Some(Ask::ChainId),
            Phase::Origin => Some(Ask::Block(Which::Number(
                self.config.deployed_at.saturating_sub(1),
            ))),
            Phase::Head => Some(Ask::Block(match self.config.finality {
                Finality::Tag => Which::Finalized,
                Finality::Depth(_) => Which::Latest,
            })),
            Phase::Target(number) => Some(Ask::Block(Which::Number(number))),
            Phase::Recheck(old) => Some(Ask::Block(Which::Number(old.number))),
            Phase::Messages => {
                Some(self.range_of(self.next_message_block, self.config.inbox, events::MESSAGE))
            }
            Phase::Acceptances => Some(self.range_of(
                self.next_acceptance_block,
                self.config.root_chain,
                events::ACCEPTANCE,
            )),
            Phase::Compare => self.target.map(|block| Ask::Heads(block.hash)),
        }
    }

    fn range_of(&self, from: u64, address: Address, topic: B256) -> Ask {
        let target = self.target.map_or(0, |block| block.number);
        let to = from
            .saturating_add(self.range.saturating_sub(1))
            .min(target);
        Ask::Logs {
            from,
            to,
            address,
            topic,
        }
    }

    /// Takes an answer; false when it is not the one waited for.
    pub fn answer(&mut self, now: u64, id: u64, result: Result<Reply, Failure>) -> bool {
        let Some(waiting) = self.waiting.take_if(|waiting| waiting.id == id) else {
            return false;
        };
        match result {
            Err(failure) => {
                if matches!(waiting.ask, Ask::Logs { .. }) && failure != Failure::Unreachable {
                    self.range = (self.range / 2).max(1);
                }
                self.fail(now, failure);
            }
            Ok(reply) => self.take(now, &waiting.ask, reply),
        }
        true
    }

    /// The child consumed messages up to `cursor`, with this hash.
    pub fn consumed(&mut self, cursor: u64, link: B256) {
        if cursor < self.consumed.0 {
            return;
        }
        self.consumed = (cursor, link);
        if let Err(standing) = self.trim() {
            self.begin_anew();
            self.standing = standing;
        }
    }

    /// Messages up to `index` are not needed: drops those that were compared with the contract.
    pub fn release(&mut self, index: u64) {
        let known = self
            .verified
            .map_or(0, |verified| verified.count.min(index));
        if let Some(link) = self.link(known).filter(|_| known > self.consumed.0) {
            self.consumed(known, link);
        }
    }

    /// Forgets what was read since the anchor and reads it again, after a while.
    pub fn begin_again(&mut self, now: u64, why: String) {
        self.begin_anew();
        self.waiting = None;
        self.lie(now, why);
    }

    fn take(&mut self, now: u64, ask: &Ask, reply: Reply) {
        let outcome = match (ask, reply) {
            (Ask::ChainId, Reply::ChainId(seen)) => self.take_chain_id(seen),
            (Ask::Block(_), Reply::Block(block)) => self.take_block(block),
            (Ask::Logs { from, to, .. }, Reply::Logs(logs)) => self.take_logs(*from, *to, &logs),
            (Ask::Heads(_), Reply::Heads(heads)) => self.take_heads(heads),
            _ => Err(Trouble::Lie("an answer to another question".into())),
        };
        match outcome {
            Ok(Next::Now) => {
                self.failures = 0;
            }
            Ok(Next::Poll) => {
                self.failures = 0;
                self.ready_at = now.saturating_add(self.config.poll_ms);
            }
            Err(Trouble::Lie(what)) => self.lie(now, what),
            Err(Trouble::Changed(what)) => self.begin_again(now, what),
            Err(Trouble::Fatal(standing)) => {
                self.begin_anew();
                self.back_off(now);
                self.standing = standing;
            }
        }
    }

    fn tip(&self) -> (u64, B256) {
        self.entries
            .back()
            .map_or((self.anchor.index, self.anchor.link), |entry| {
                (entry.index, entry.link)
            })
    }

    fn is_full(&self) -> bool {
        self.entries.len() >= self.config.kept_messages
    }

    /// Drops what is consumed. A hash at the cursor that is not the child's is refused; where none is known yet, the child is ahead, and
    /// what is dropped is read again from the trusted anchor if it turns out to have been another history.
    fn trim(&mut self) -> Result<(), Standing> {
        let (cursor, expected) = self.consumed;
        let seen = self.link(cursor);
        if let Some(seen) = seen.filter(|seen| *seen != expected) {
            return Err(Standing::Differs {
                cursor,
                expected,
                seen,
            });
        }
        while let Some(entry) = self.entries.pop_front_if(|entry| entry.index <= cursor) {
            self.anchor = Anchor {
                index: entry.index,
                link: entry.link,
                root_height: entry.root_height,
            };
        }
        if seen.is_some() {
            self.trusted = self.anchor;
        }
        Ok(())
    }

    fn rewind_messages(&mut self) {
        let known = self
            .entries
            .back()
            .map_or(self.anchor.root_height, |entry| entry.root_height);
        self.next_message_block = known.max(self.config.deployed_at);
    }

    fn forget_acceptances(&mut self) {
        self.records.clear();
        self.accepted = 0;
        self.next_acceptance_block = self.config.deployed_at;
    }

    fn begin_anew(&mut self) {
        self.anchor = self.trusted;
        self.entries.clear();
        self.rewind_messages();
        self.forget_acceptances();
        self.phase = Phase::Identify;
        self.target = None;
        self.verified = None;
    }

    fn lie(&mut self, now: u64, what: String) {
        self.lies = self.lies.saturating_add(1);
        self.standing = Standing::Lying(what);
        self.back_off(now);
    }

    fn fail(&mut self, now: u64, failure: Failure) {
        if failure == Failure::Unreachable {
            // After an outage the endpoint may be another chain.
            self.phase = Phase::Identify;
        } else if self.phase == Phase::Compare {
            // Nodes keep the state of few blocks, and those behind one address differ: the next final block will do.
            self.phase = Phase::Head;
        }
        if !self.standing.is_fatal() {
            self.standing = Standing::Failing(failure);
        }
        self.back_off(now);
    }

    fn back_off(&mut self, now: u64) {
        let steps = self.failures.max(self.lies).min(6);
        let doubled = self.config.poll_ms.saturating_mul(1 << steps);
        self.failures = self.failures.saturating_add(1);
        self.ready_at = now.saturating_add(doubled.min(self.config.longest_wait_ms));
    }
}

enum Next {
    Now,
    Poll,
}

enum Trouble {
    Lie(String),
    Changed(String),
    Fatal(Standing),
}
