//! What the ABCI application sees of the root chain: the follower's newest view, read without waiting.
//!
//! No ABCI call asks a root node anything. A report is made only while the endpoints are sound and agree, and only when the view has the
//! child's own link at the child's cursor; messages for a proposal may come from an older view, since the tally checks their hashes.

use std::sync::Arc;

use alloy_primitives::B256;
use std::collections::BTreeMap;

use plasmid_bridge::client::follower::{Follower, Progress, now_ms};
use plasmid_bridge::relay::acceptance::{Acceptance, DeploymentEnd, newest_final};
use plasmid_bridge::relay::inbox::View;
use plasmid_bridge::relay::seen::Block;
use plasmid_bridge::relay::track::EndpointStanding;
use tokio::sync::watch;

use crate::app::ports::{Agreed, Outlook, Sight};
use crate::ledger::Parameters;

/// How long the states of past epochs are kept.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// The challenge window, in seconds.
    pub window_secs: u64,
    /// Epochs of the child's rings, which are longer than RootChain's.
    pub ring: u64,
}

impl Keeping {
    /// How long a deployment with these parameters needs them.
    #[must_use]
    pub fn of(parameters: &Parameters) -> Self {
        Self {
            window_secs: parameters.challenge_secs,
            ring: parameters.ring.into(),
        }
    }
}

/// A reader of the follower's view; cheap to clone.
#[derive(Clone, Debug)]
pub struct RootReader {
    view: watch::Receiver<Arc<View>>,
    progress: watch::Sender<Progress>,
}

/// A message of the inbox that a proposer puts into a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The index of the message in the inbox.
    pub index: u64,
    /// The bytes of the message.
    pub bytes: Arc<[u8]>,
    /// The hash of the message.
    pub message_hash: B256,
}

/// Why a node must not start on this root.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RootRefusal {
    /// The endpoint is on another root chain.
    #[error(
        "endpoint {endpoint} is on root chain {seen}, and this deployment is on {expected}; correct the endpoint"
    )]
    OtherChain {
        /// The number of the endpoint.
        endpoint: usize,
        /// The deployment's.
        expected: u64,
        /// The endpoint's.
        seen: u64,
    },
    /// The root chain was started afresh.
    #[error(
        "{} at endpoint {endpoint}, not {expected}: the root chain was started afresh. Begin anew with `plasmid init` and empty data folders",
        .seen.map_or_else(|| "there is no block before this deployment".to_owned(), |seen| format!("the block before this deployment is {seen}"))
    )]
    OtherOrigin {
        /// The number of the endpoint.
        endpoint: usize,
        /// The deployment's.
        expected: B256,
        /// The endpoint's.
        seen: Option<B256>,
    },
    /// The inbox at the endpoint has fewer messages than the child consumed.
    #[error(
        "the child consumed {cursor} messages, and the inbox at endpoint {endpoint} has {count}: it lags, or lost its history. Wait for it, use another endpoint, or begin anew with `plasmid init` and empty data folders; on a local network, with `plasmid localnet --reset`"
    )]
    Shorter {
        /// The number of the endpoint.
        endpoint: usize,
        /// The number of messages at the endpoint.
        count: u64,
        /// The number of messages that the child consumed.
        cursor: u64,
    },
    /// The inbox at the endpoint has another history than the one that the child consumed.
    #[error(
        "at message {cursor} the child has link {expected}, and the inbox at endpoint {endpoint} has {seen}: it is another history. Use another endpoint, or begin anew with `plasmid init` and empty data folders; on a local network, with `plasmid localnet --reset`"
    )]
    Differs {
        /// The number of the endpoint.
        endpoint: usize,
        /// The number of messages that the child consumed.
        cursor: u64,
        /// The link that the child has.
        expected: B256,
        /// The endpoint's.
        seen: B256,
    },
}

impl RootReader {
    /// A reader of the view of `follower`.
    #[must_use]
    pub fn of(follower: &Follower) -> Self {
        Self::new(follower.view(), follower.progress())
    }

    /// A reader of the view that is published in `view`; what the child consumed is told to `progress`.
    #[must_use]
    pub fn new(view: watch::Receiver<Arc<View>>, progress: watch::Sender<Progress>) -> Self {
        Self { view, progress }
    }

    /// What this node reports in its vote extension: a count at most `limit` past the child's cursor, and the link there. Without news it is the
    /// child's own pair, or `None` when the root chain is not soundly known or has another link at the cursor.
    #[must_use]
    pub fn report(&self, cursor: u64, link: B256, limit: u64) -> Option<(u64, B256)> {
        let view = self.view.borrow();
        if !view.healthy || view.link(cursor) != Some(link) {
            return None;
        }
        let count = view.count().min(cursor.saturating_add(limit)).max(cursor);
        Some((count, view.link(count)?))
    }

    /// The messages after `cursor` up to `last`, all of them or none.
    #[must_use]
    pub fn messages(&self, cursor: u64, last: u64) -> Option<Vec<Known>> {
        let view = self.view.borrow();
        (cursor.checked_add(1)?..=last)
            .map(|index| {
                view.entry(index).map(|entry| Known {
                    index,
                    bytes: Arc::clone(&entry.bytes),
                    message_hash: entry.message_hash,
                })
            })
            .collect()
    }

    /// Tells the follower that the child committed this inbox leaf; what is consumed is dropped.
    pub fn consumed(&self, cursor: u64, link: B256) {
        self.progress
            .send_replace(Progress::Consumed { cursor, link });
    }

    /// The record of an accepted checkpoint, as long as it is kept.
    #[must_use]
    pub fn acceptance(&self, epoch: u64) -> Option<Acceptance> {
        self.view.borrow().acceptances.get(&epoch).cloned()
    }

    /// The number of checkpoints that were accepted in final root blocks.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.view.borrow().accepted
    }

    /// How many checkpoints, from the first on, have been final for another challenge window. The newest final one is never among them,
    /// because claims are made under it. A node deletes what is settled, so an endpoint that lies must not be able to settle anything: an
    /// acceptance counts only when the child has consumed it, when it is not later than the child's own time, and when it is of the child's
    /// own checkpoint. While the endpoints are in doubt, no acceptance counts.
    ///
    /// Whatever time has passed, a checkpoint that nobody finalized on root can still be voided, and people leave with the state before it: the
    /// last finalized one is kept with all behind it, as far back as RootChain's ring reaches, because what has left the ring cannot be voided
    /// or exited. By lying about the deployment's end, an endpoint can make a node keep more than it must, or what time alone makes it keep, and never less.
    #[must_use]
    pub fn settled(&self, keeping: Keeping, agreed: &Agreed<'_>) -> u64 {
        let view = self.view.borrow();
        let Some(block) = view.finalized.filter(|_| view.healthy) else {
            return 0;
        };
        let accepted = view.acceptances.range(..agreed.accepted);
        let records = accepted.map(|(epoch, record)| (*epoch, not_before_its_end(record)));
        let records: BTreeMap<_, _> = records.collect();
        // Of the deployment's end, only what makes a node keep more is used here.
        let end = DeploymentEnd {
            void_from: view.end.void_from,
            ..DeploymentEnd::default()
        };
        let now = block.time.min(agreed.time);
        let ripe = settled(&records, &end, now, keeping.window_secs);
        let base = view.end.finalized.saturating_sub(1);
        let count = ripe.min(base.max(agreed.accepted.saturating_sub(keeping.ring)));
        // A checkpoint's digest fixes all checkpoints before it, so the first one from there on whose record is kept proves them.
        let proof = records.range(count..).next();
        proof
            .filter(|(epoch, one)| (agreed.is_own)(**epoch, &one.digest))
            .map_or(0, |_| count)
    }

    /// The newest root block up to which everything is known.
    #[must_use]
    pub fn finalized(&self) -> Option<Block> {
        self.view.borrow().finalized
    }

    /// Whether an endpoint shows a root on which this node must not run, or on which it reports nothing. One that is shorter may only lag,
    /// so it is named when nothing else is wrong.
    ///
    /// # Errors
    /// [`RootRefusal`], which says how to go on.
    pub fn check(&self) -> Result<(), RootRefusal> {
        let view = self.view.borrow();
        let standings = view.standings.iter().enumerate();
        standings
            .filter_map(|(endpoint, standing)| refusal(endpoint, standing))
            .min_by_key(|refusal| matches!(refusal, RootRefusal::Shorter { .. }))
            .map_or(Ok(()), Err)
    }
}

impl Sight for RootReader {
    fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.borrow())
    }

    fn is_sound(&self) -> bool {
        self.view.borrow().is_sound(now_ms())
    }
}

/// The follower as the application asks it, and how long states are kept.
pub struct RootOutlook(pub RootReader, pub Keeping);

impl Outlook for RootOutlook {
    fn report(&self, cursor: u64, link: B256, limit: u64) -> Option<(u64, B256)> {
        self.0.report(cursor, link, limit)
    }

    fn message(&self, index: u64) -> Option<Vec<u8>> {
        let known = self.0.messages(index.checked_sub(1)?, index)?;
        known.first().map(|message| message.bytes.to_vec())
    }

    fn consumed(&self, cursor: u64, link: B256) {
        self.0.consumed(cursor, link);
    }

    fn settled(&self, agreed: &Agreed<'_>) -> u64 {
        self.0.settled(self.1, agreed)
    }

    fn end(&self) -> (DeploymentEnd, bool) {
        let view = self.0.view();
        (view.end, view.is_over())
    }
}

/// No checkpoint was accepted before its epoch was over, whatever an endpoint says; the end is part of what its digest binds.
fn not_before_its_end(record: &Acceptance) -> Acceptance {
    Acceptance {
        time: record.time.max(record.checkpoint.last_block_time),
        ..record.clone()
    }
}

fn settled(
    records: &BTreeMap<u64, Acceptance>,
    end: &DeploymentEnd,
    now: u64,
    window_secs: u64,
) -> u64 {
    let Some(newest) = newest_final(records, end, now, window_secs) else {
        return 0;
    };
    let past = |record: &&Acceptance| {
        final_since(records, record, window_secs)
            .is_some_and(|since| since.saturating_add(window_secs) <= now)
    };
    let below = records.range(..newest.epoch).map(|(_, record)| record);
    let first = records.keys().next().copied().unwrap_or(0);
    below
        .rev()
        .find(past)
        .map_or(first, |record| record.epoch.saturating_add(1))
}

/// When a checkpoint became final: its window was over, and one that consumed what was due at it was accepted.
fn final_since(
    records: &BTreeMap<u64, Acceptance>,
    record: &Acceptance,
    window_secs: u64,
) -> Option<u64> {
    let mut from = records.range(record.epoch..).map(|(_, later)| later);
    let consumed = from.find(|later| later.checkpoint.inbox_cursor >= record.due_count)?;
    Some(record.time.saturating_add(window_secs).max(consumed.time))
}

fn refusal(endpoint: usize, standing: &EndpointStanding) -> Option<RootRefusal> {
    match *standing {
        EndpointStanding::OtherChain { expected, seen } => Some(RootRefusal::OtherChain {
            endpoint,
            expected,
            seen,
        }),
        EndpointStanding::OtherOrigin { expected, seen } => Some(RootRefusal::OtherOrigin {
            endpoint,
            expected,
            seen,
        }),
        EndpointStanding::Shorter { count, cursor } => Some(RootRefusal::Shorter {
            endpoint,
            count,
            cursor,
        }),
        EndpointStanding::Differs {
            cursor,
            expected,
            seen,
        } => Some(RootRefusal::Differs {
            endpoint,
            cursor,
            expected,
            seen,
        }),
        EndpointStanding::Starting
        | EndpointStanding::Following
        | EndpointStanding::Stalled { .. }
        | EndpointStanding::NoFinalBlock(_)
        | EndpointStanding::BeforeDeployment { .. }
        | EndpointStanding::Failing(_)
        | EndpointStanding::Lying(_) => None,
    }
}

#[cfg(test)]
mod tests;
