//! What a checkpoint commits to, asked of nodes of the child one after the other, until one shows it. Each answer is compared with what commits to it.
//!
//! Time is counted for each call, and what a node showed of a long answer is kept: it is read on from there. A node that is late rests. Whoever took the least time
//! for its last answer is asked first, so that no node which is slow, or shows something else, keeps another one from being asked.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use alloy_primitives::B256;
use plasmid_bridge::client::watcher::ChildNews;
use plasmid_bridge::proof::commitment::BlockCommitment;
use plasmid_bridge::relay::acceptance::Acceptance;
use plasmid_proto::bridge::v1::{
    GetGenesisParametersRequest, GetProofRequest, bridge_service_client::BridgeServiceClient,
    get_proof_request,
};
use plasmid_proto::chain::v1::{ListBlocksRequest, chain_service_client::ChainServiceClient};
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, timeout};
use tonic::{Status, transport::Channel};

use super::read::leaf;
use super::{Deaf, Unjudged};
use crate::chain::opened::{OpenedSegment, OpenedSegments, ShownLeaf};
use crate::court::{CourtFacts, OpenedEpoch, has_such_counts};
use crate::ledger::Slot;
use crate::plain;
use crate::wire::commitment;
use pages::{ShownParts, known_segments};

mod leaves;
mod pages;

/// How long an answer is waited for, and how long a node that gave none rests.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long one node is read for one question before the next one is asked.
const SHARE: Duration = Duration::from_secs(30);
/// What an answer that does not show what was asked for counts, beside the time that it took: another node was asked behind it.
const NOT_SHOWN: Duration = Duration::from_secs(1);
/// Blocks that are asked for at once, and epochs of which a part of the blocks is kept, at most.
const PAGE: u32 = 1_000;
const MAX_PARTS: usize = 64;
/// Bytes of an answer that are read, at most.
const MAX_ANSWER: usize = 2 << 20;

/// CheckpointNodes, of which the one that was the fastest of late is asked first.
pub struct CheckpointNodes {
    nodes: Vec<(usize, Channel)>,
    news: Sender<ChildNews>,
    /// Until when nodes that were late rest.
    resting: BTreeMap<usize, Instant>,
    /// What the last answer of each counts. Who was not asked yet is asked first.
    took: BTreeMap<usize, Duration>,
    parts: Arc<ShownParts>,
}

/// Why a node does not show something.
enum NotServed {
    /// It does not have it, or does not answer.
    Silent(String),
    /// It does not answer in time.
    Late,
    /// It shows something else.
    Lie(String),
}

impl From<Status> for NotServed {
    fn from(status: Status) -> Self {
        Self::Silent(plain::words(status.message()))
    }
}

/// These segments, if they are the block's, or none where its counts are broken already; without what is not their bytes.
pub fn records_of(
    facts: &CourtFacts,
    block: &BlockCommitment,
    mut shown: OpenedSegments,
) -> Option<OpenedSegments> {
    if !shown.are_counts_of(block) {
        return None;
    }
    let is_it = match has_such_counts(facts, &shown) {
        true => shown.are_whole(),
        false => shown.segments.is_empty(),
    };
    shown.segments.iter_mut().for_each(OpenedSegment::trim);
    is_it.then_some(shown)
}

/// Whether these are the segments of a block, all of them with their bytes, or none where the counts are broken already.
pub fn fits(facts: &CourtFacts, block: &BlockCommitment, shown: &OpenedSegments) -> bool {
    shown.are_counts_of(block)
        && match has_such_counts(facts, shown) {
            true => shown.are_whole() && shown.segments.iter().all(OpenedSegment::has_bytes),
            false => shown.segments.is_empty(),
        }
}

impl CheckpointNodes {
    /// These nodes, each with its number.
    pub fn new(nodes: Vec<(usize, Channel)>, news: Sender<ChildNews>) -> Self {
        Self {
            nodes,
            news,
            resting: BTreeMap::new(),
            took: BTreeMap::new(),
            parts: Arc::default(),
        }
    }

    /// Notes what an answer counts that took so long: a node that is late or lies goes behind all others.
    fn note<T>(&mut self, node: usize, took: Duration, answer: &Result<T, NotServed>) {
        let counts = match answer {
            Ok(_) => took,
            Err(NotServed::Silent(_)) => took.saturating_add(NOT_SHOWN),
            Err(NotServed::Late | NotServed::Lie(_)) => SHARE.saturating_add(NOT_SHOWN),
        };
        self.took.insert(node, counts);
    }

    /// The nodes, in the order in which they are asked.
    fn in_turn(&self) -> Vec<(usize, Channel)> {
        let mut nodes = self.nodes.clone();
        nodes.sort_by_key(|(node, _)| self.took.get(node).copied().unwrap_or_default());
        nodes
    }

    /// The first answer that a node gives to a question.
    async fn first<T, F>(&mut self, ask: impl Fn(usize, Channel) -> F) -> Result<T, Unjudged>
    where
        F: Future<Output = Result<T, NotServed>>,
    {
        let mut reasons = Vec::new();
        for (node, channel) in self.in_turn() {
            let late = || format!("node {node}: it does not answer in time");
            if self
                .resting
                .get(&node)
                .is_some_and(|until| Instant::now() < *until)
            {
                reasons.push(late());
                continue;
            }
            let began = Instant::now();
            let asked = timeout(SHARE, ask(node, channel)).await;
            let answer = asked.unwrap_or(Err(NotServed::Late));
            self.note(node, began.elapsed(), &answer);
            match answer {
                Ok(shown) => return Ok(shown),
                Err(NotServed::Silent(reason)) => reasons.push(format!("node {node}: {reason}")),
                Err(NotServed::Late) => {
                    self.resting.insert(node, Instant::now() + PATIENCE);
                    reasons.push(late());
                }
                Err(NotServed::Lie(reason)) => {
                    reasons.push(format!("node {node}: {reason}"));
                    let lie = ChildNews::Lies { node, reason };
                    self.news.send(lie).await.map_err(|_| Deaf)?;
                }
            }
        }
        Err(Unjudged::Withheld(reasons.join("; ")))
    }

    /// Whether every node was late a short while ago, so that none would be asked.
    pub(super) fn rest(&self) -> bool {
        let now = Instant::now();
        let rests = |node| self.resting.get(node).is_some_and(|until| now < *until);
        !self.nodes.is_empty() && self.nodes.iter().all(|(node, _)| rests(node))
    }

    /// What is made of the parameters' leaf in the genesis state.
    pub(super) async fn genesis<T>(
        &mut self,
        make: impl Fn(ShownLeaf) -> Option<T> + Copy,
    ) -> Result<T, Unjudged> {
        let ask = async |_, channel| {
            let mut client = bridge(channel);
            let request = GetGenesisParametersRequest {};
            let answer = within(client.get_genesis_parameters(request)).await?;
            let other = || NotServed::Lie("its genesis parameters are not root's".into());
            let shown = answer.proof.and_then(leaf).ok_or_else(other)?;
            make(shown).ok_or_else(other)
        };
        self.first(ask).await
    }

    /// The block commitments of a checkpoint.
    pub(super) async fn blocks(
        &mut self,
        accepted: &Acceptance,
        blocks: u32,
    ) -> Result<OpenedEpoch, Unjudged> {
        let before = accepted.epoch.saturating_mul(u64::from(blocks));
        let own = Arc::clone(&self.parts);
        let ask = async |node, channel: Channel| {
            let mut client = ChainServiceClient::new(channel).max_decoding_message_size(MAX_ANSWER);
            let name = (node, accepted.digest);
            loop {
                let read = lock(&own.blocks).get(&name).map_or(0, Vec::len);
                let read = u32::try_from(read).unwrap_or(u32::MAX);
                let left = blocks.saturating_sub(read);
                if left == 0 {
                    break;
                }
                let request = ListBlocksRequest {
                    first: before.saturating_add(1).saturating_add(u64::from(read)),
                    count: left.min(PAGE),
                };
                let page = within(client.list_blocks(request)).await?.blocks;
                if page.is_empty() {
                    return Err(NotServed::Silent(
                        "it does not have all blocks of it".into(),
                    ));
                }
                let told: Option<Vec<BlockCommitment>> = page.iter().map(commitment).collect();
                let told = told.ok_or_else(|| {
                    NotServed::Lie("it tells of a block that cannot be one".into())
                })?;
                let mut parts = lock(&own.blocks);
                if parts.len() >= MAX_PARTS && !parts.contains_key(&name) {
                    parts.pop_first();
                }
                let room = usize::try_from(left).unwrap_or(usize::MAX);
                parts
                    .entry(name)
                    .or_default()
                    .extend(told.into_iter().take(room));
            }
            let told = lock(&own.blocks).remove(&name).unwrap_or_default();
            OpenedEpoch::new(accepted.clone(), told, blocks).map_err(|error| {
                let epoch = accepted.epoch;
                NotServed::Lie(format!("the blocks of epoch {epoch}: {error}"))
            })
        };
        self.first(ask).await
    }

    /// The segments of a block: what nodes show is put to what is known of them. Gives why not all is known.
    pub(super) async fn segments(
        &mut self,
        (facts, block, height): (&CourtFacts, &BlockCommitment, u64),
        known: &mut Option<OpenedSegments>,
    ) -> Result<Option<String>, Unjudged> {
        let all = Mutex::new(known.take());
        let own = Arc::clone(&self.parts);
        let ask = async |node, channel: Channel| {
            loop {
                let before = lock(&all).as_ref().map(known_segments).unwrap_or_default();
                let had = before.iter().filter(|one| one.has_bytes).count();
                let from = (node, channel.clone());
                let shown = own.read_segments(from, facts, (block, height), &before);
                let shown = shown.await?;
                let shown = records_of(facts, block, shown).ok_or_else(|| {
                    NotServed::Lie(format!(
                        "its segments of block {height} are not those that root's words commit to"
                    ))
                })?;
                let mut all = lock(&all);
                let all = match all.as_mut() {
                    Some(all) => {
                        all.fill(shown);
                        all
                    }
                    None => all.insert(shown),
                };
                if fits(facts, block, all) {
                    return Ok(());
                }
                if all.shown() <= had {
                    return Err(NotServed::Silent(format!(
                        "it does not show the bytes of all segments of block {height}"
                    )));
                }
            }
        };
        let found = self.first(ask).await;
        *known = all.into_inner().unwrap_or_else(PoisonError::into_inner);
        match found {
            Ok(()) => Ok(None),
            Err(Unjudged::Withheld(why)) => Ok(Some(why)),
            Err(other) => Err(other),
        }
    }

    /// A leaf of the checkpoint's state.
    pub(super) async fn leaf(
        &mut self,
        accepted: &Acceptance,
        slot: &Slot,
    ) -> Result<ShownLeaf, Unjudged> {
        self.leaf_of(accepted, slot.key()).await
    }

    /// The leaf with this key in the checkpoint's state.
    pub(super) async fn leaf_of(
        &mut self,
        accepted: &Acceptance,
        key: B256,
    ) -> Result<ShownLeaf, Unjudged> {
        let (epoch, root) = (accepted.epoch, accepted.checkpoint.state_root);
        let ask = async |_, channel| {
            let request = GetProofRequest {
                epoch: Some(epoch),
                leaf: Some(get_proof_request::Leaf::Key(key.to_vec())),
            };
            let answer = within(bridge(channel).get_proof(request)).await?;
            let shown = answer.proof.and_then(leaf);
            shown.filter(|leaf| leaf.stands_at(&key, &root)).ok_or_else(|| {
                NotServed::Lie(format!(
                    "its leaf of the state of epoch {epoch} does not stand in the state that root's word names"
                ))
            })
        };
        self.first(ask).await
    }
}

/// An answer, if it comes in time.
async fn within<T>(
    answer: impl Future<Output = Result<tonic::Response<T>, Status>>,
) -> Result<T, NotServed> {
    let answer = timeout(PATIENCE, answer).await;
    Ok(answer.map_err(|_| NotServed::Late)??.into_inner())
}

pub(super) fn lock<T>(parts: &Mutex<T>) -> MutexGuard<'_, T> {
    parts.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bridge(channel: Channel) -> BridgeServiceClient<Channel> {
    BridgeServiceClient::new(channel).max_decoding_message_size(MAX_ANSWER)
}

#[cfg(test)]
mod tests;
