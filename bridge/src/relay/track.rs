//! Following one endpoint of the root chain to what it calls final.
//!
//! ```text
//!  Identify ─► Origin ─► Head ─► Target ─► Recheck ─► Scan ⟲ ─► Compare ─► (poll later) ─► Head …
//!     chain id   block      latest   N deep    the last   events     contracts'
//!                before     or tag             target is  in ranges  state at
//!                deployment                    the same?             the target
//!                                              (the next block's parent says so)
//! ```
//! Events must come in order without a gap, each extending the hash chain by its own bytes; when a scan ends, the hash chain and the records
//! of checkpoints must be those of the contracts themselves in the final block. Nothing becomes visible before it was compared.
//!
//! An endpoint may change its history between any two questions. Whatever is read that contradicts what is kept leads back: what was left
//! out is asked again once, then all is read again from the last position that agreed with the contracts, then from the last anchor that
//! the child confirmed. So an endpoint that is honest from some moment on is believed in the end, whatever it said before.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use alloy_primitives::B256;

use super::acceptance::Acceptance;
use super::config::Config;
use super::seen::{Anchor, Block, Entry, Failure, Finality, Position};

mod ask;
mod blocks;
mod compare;
mod logs;
mod memory;
mod messages;

pub use messages::{Ask, EndpointStanding, Reply, Verified};

/// Records of checkpoints that are compared at once, the newest ones; fewer while an endpoint is too slow for them. Their digests lead back to
/// the content of all before. RootChain keeps records in a ring of `recordSlots`, refuses to be deployed with fewer than ten, and refuses a
/// question for one that is overwritten.
const MAX_COMPARED_RECORDS: u64 = 8;
/// No wait that an endpoint asks for is longer than this, in milliseconds.
const MAX_ASKED_WAIT_MS: u64 = 30_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Identify,
    Origin,
    Head,
    Target(u64),
    /// Whether `old` is still in the chain; then `new` is the next target, if there is one.
    Recheck {
        old: Block,
        new: Option<Block>,
    },
    Messages,
    Acceptances,
    Compare,
}

/// How much of what is kept a contradiction has put in doubt since the last comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Doubt {
    /// Nothing.
    None,
    /// Something was left out, and the last blocks are read again.
    LastBlocks,
    /// All is read again from the last position that agreed with the contracts.
    Position,
    /// All is read again from the last anchor that the child confirmed.
    All,
}

/// After this number of failures in a row the wait no longer grows, and the block that a scan leads to is looked at again.
const FAILURES_A_RECHECK: u32 = 6;

/// One endpoint's story so far.
#[derive(Debug)]
pub struct Track {
    config: Arc<Config>,
    phase: Phase,
    /// The last anchor at which the child has the same link: what was dropped past it was never compared with the child.
    confirmed: Anchor,
    /// The message before the first kept one.
    anchor: Anchor,
    /// How far the child has consumed, and its link there.
    consumed: (u64, B256),
    entries: VecDeque<Entry>,
    records: BTreeMap<u64, Acceptance>,
    accepted: u64,
    /// Records of checkpoints below this epoch were compared with RootChain's.
    compared: u64,
    /// The block whose contracts were looked at last, and when.
    compared_at: Option<(B256, u64)>,
    position: Option<Position>,
    doubt: Doubt,
    /// How often all was forgotten.
    generation: u64,
    target: Option<Block>,
    next_message_block: u64,
    next_acceptance_block: u64,
    range: u64,
    /// Records of checkpoints that are compared at once, at most.
    records_at_once: u64,
    ranges_since_recheck: u32,
    verified: Option<Verified>,
    standing: EndpointStanding,
    /// Since when the final block lies below the target.
    behind_since: Option<u64>,
    /// When the target moved last.
    moved_at: Option<u64>,
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
    /// A track that believes nothing past `confirmed`, and begins to read where `position` says, if it says something.
    pub fn new(config: Arc<Config>, confirmed: Anchor, position: Option<Position>) -> Self {
        let mut track = Self {
            phase: Phase::Identify,
            consumed: (confirmed.index, confirmed.link),
            next_message_block: 0,
            next_acceptance_block: 0,
            range: config.range.max(1),
            records_at_once: MAX_COMPARED_RECORDS,
            anchor: confirmed,
            confirmed,
            config,
            entries: VecDeque::new(),
            records: BTreeMap::new(),
            accepted: 0,
            compared: 0,
            compared_at: None,
            position,
            doubt: Doubt::None,
            generation: 0,
            target: None,
            ranges_since_recheck: 0,
            verified: None,
            standing: EndpointStanding::Starting,
            behind_since: None,
            moved_at: None,
            failures: 0,
            lies: 0,
            ready_at: 0,
            waiting: None,
        };
        track.begin_anew();
        track
    }

    /// How it stands.
    pub fn standing(&self) -> &EndpointStanding {
        &self.standing
    }

    /// What was compared last.
    pub fn verified(&self) -> Option<&Verified> {
        self.verified.as_ref()
    }

    /// How often all that was known was forgotten and read again.
    pub fn generation(&self) -> u64 {
        self.generation
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

    /// How far it has read while a scan is under way: the block reached and the block to reach.
    pub fn reading(&self) -> Option<(u64, u64)> {
        let target = self.target?;
        let reached = match self.phase {
            Phase::Messages => self.next_message_block,
            Phase::Acceptances => self.next_acceptance_block,
            _ => return None,
        };
        (reached < target.number).then_some((reached, target.number))
    }

    /// When there may be something to ask.
    pub fn wake(&self) -> u64 {
        self.waiting
            .as_ref()
            .map_or(self.ready_at, |waiting| waiting.deadline)
    }

    /// Takes an answer; false when it is not the one waited for.
    pub fn answer(&mut self, now: u64, id: u64, result: Result<Reply, Failure>) -> bool {
        let Some(waiting) = self.waiting.take_if(|waiting| waiting.id == id) else {
            return false;
        };
        match result {
            Err(failure) => self.fail(now, &waiting.ask, failure),
            Ok(reply) => self.take(now, &waiting.ask, reply),
        }
        true
    }

    fn take(&mut self, now: u64, ask: &Ask, reply: Reply) {
        let outcome = match (ask, reply) {
            (Ask::ChainId, Reply::ChainId(seen)) => self.take_chain_id(seen),
            (Ask::Block(_), Reply::Block(block)) => self.take_block(now, block),
            (Ask::Logs { from, to, .. }, Reply::Logs(logs)) => self.take_logs(*from, *to, &logs),
            (Ask::Heads(sought), Reply::Heads(heads)) => self.take_heads(now, sought, &heads),
            _ => Err(Trouble::Lie("an answer to another question".into())),
        };
        match outcome {
            Ok(Next::Now) => self.failures = 0,
            Ok(Next::Poll) => {
                self.failures = 0;
                self.ready_at = now.saturating_add(self.config.poll_ms);
            }
            Err(Trouble::Lie(what)) => self.lie(now, what),
            Err(Trouble::Contradiction(what)) => self.begin_again(now, what),
            Err(Trouble::Fatal(standing)) => {
                self.doubt = self.doubt.max(doubt_of(&standing));
                self.begin_anew();
                self.back_off(now);
                self.standing = standing;
            }
        }
    }

    fn lie(&mut self, now: u64, what: String) {
        self.lies = self.lies.saturating_add(1);
        self.standing = EndpointStanding::Lying(what);
        self.back_off(now);
    }

    fn fail(&mut self, now: u64, ask: &Ask, failure: Failure) {
        let asked_wait = match failure {
            Failure::RateLimited { wait_ms } => Some(wait_ms.min(MAX_ASKED_WAIT_MS)),
            _ => None,
        };
        match ask {
            // The endpoint asks for fewer requests, and smaller ranges would take more of them.
            _ if asked_wait.is_some() => {}
            // For every other reason the range is halved: an endpoint that is too slow for a range only stays silent.
            Ask::Logs { from, to, .. } => {
                // When a range of one block fails again and again, the block may be past the end of the chain, because the endpoint invented the
                // target: the target is looked at again.
                if from == to && self.failures >= FAILURES_A_RECHECK {
                    self.ranges_since_recheck = ask::RANGES_A_RECHECK;
                }
                self.range = (to.saturating_sub(*from).saturating_add(1) / 2).max(1);
            }
            Ask::Heads(_) => self.records_at_once = (self.records_at_once / 2).max(1),
            _ => {}
        }
        let knows_no_final = self.phase == Phase::Head && self.config.finality == Finality::Tag;
        if failure == Failure::Unreachable {
            // After an outage another chain may answer at this endpoint.
            self.phase = Phase::Identify;
        } else if self.phase == Phase::Compare && asked_wait.is_none() {
            // A node keeps the state of a few blocks only, and the nodes behind one address keep different ones: the contracts are read after
            // the next final block instead.
            self.phase = Phase::Head;
        }
        if !self.standing.is_fatal() {
            self.standing = match failure {
                Failure::Refused(said) if knows_no_final => {
                    EndpointStanding::NoFinalBlock(Some(said))
                }
                failure => EndpointStanding::Failing(failure),
            };
        }
        self.back_off(now);
        let asked = now.saturating_add(asked_wait.unwrap_or(0));
        self.ready_at = self.ready_at.max(asked);
    }

    fn back_off(&mut self, now: u64) {
        let steps = self.failures.max(self.lies).min(FAILURES_A_RECHECK);
        let doubled = self.config.poll_ms.saturating_mul(1 << steps);
        self.failures = self.failures.saturating_add(1);
        self.ready_at = now.saturating_add(doubled.min(self.config.longest_wait_ms));
    }
}

/// What a standing that only a person can mend puts in doubt. Another chain behind the same address says nothing of what agreed with this
/// chain's contracts: whoever names a wrong chain once must not make a node read everything again.
fn doubt_of(standing: &EndpointStanding) -> Doubt {
    match standing {
        EndpointStanding::OtherChain { .. } | EndpointStanding::OtherOrigin { .. } => {
            Doubt::Position
        }
        _ => Doubt::All,
    }
}

enum Next {
    Now,
    Poll,
}

enum Trouble {
    /// What was said cannot be true, whatever is kept. What is kept stays.
    Lie(String),
    /// What was said contradicts what is kept: one of the two is false.
    Contradiction(String),
    Fatal(EndpointStanding),
}
