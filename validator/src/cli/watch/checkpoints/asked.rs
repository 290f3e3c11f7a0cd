//! What a checkpoint commits to, asked of nodes of the child one after the other, until one shows it. Each answer is compared with what commits to it.

use std::future::Future;
use std::time::Duration;

use alloy_primitives::B256;
use plasmid_bridge::client::watcher::ChildNews;
use plasmid_bridge::proof::commitment::BlockCommitment;
use plasmid_bridge::proof::tree::{Inclusion, value_hash};
use plasmid_bridge::relay::acceptance::Acceptance;
use plasmid_proto::bridge::v1::{
    GetGenesisParametersRequest, GetProofRequest, GetSegmentsRequest, LeafProof, Segment,
    bridge_service_client::BridgeServiceClient, get_proof_request,
};
use plasmid_proto::chain::v1::{
    GetBlockRequest, GetBlockResponse, chain_service_client::ChainServiceClient,
};
use tokio::sync::mpsc::Sender;
use tokio::time::timeout;
use tonic::{Status, transport::Channel};

use super::{Deaf, Unjudged};
use crate::chain::opened::{OpenedSegment, OpenedSegments, ShownLeaf};
use crate::court::{CourtFacts, OpenedEpoch, has_such_counts};
use crate::ledger::Slot;
use crate::plain;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of an answer that are read, at most.
const MAX_ANSWER: usize = 2 << 20;

/// CheckpointNodes, of which the one that answered last is asked first.
pub struct CheckpointNodes {
    nodes: Vec<(usize, Channel)>,
    news: Sender<ChildNews>,
}

/// What is shown of a block's segments.
pub enum ShownSegments {
    /// All of it, or as much as its counts leave to be judged.
    Whole(OpenedSegments),
    /// Its records without all of their bytes, or nothing; and why not all.
    Part(Option<OpenedSegments>, String),
}

/// Why a node does not show something.
enum NotServed {
    /// It does not have it, or does not answer.
    Silent(String),
    /// It shows something else.
    Lie(String),
}

impl From<Status> for NotServed {
    fn from(status: Status) -> Self {
        Self::Silent(plain::words(status.message()))
    }
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
        Self { nodes, news }
    }

    /// The first answer that a node gives to a question; that node is asked first from now on.
    async fn first<T, F>(&mut self, ask: impl Fn(Channel) -> F) -> Result<T, Unjudged>
    where
        F: Future<Output = Result<T, NotServed>>,
    {
        let mut reasons = Vec::new();
        for place in 0..self.nodes.len() {
            let Some((node, channel)) = self.nodes.get(place).cloned() else {
                break;
            };
            let reason = match timeout(PATIENCE, ask(channel)).await {
                Ok(Ok(shown)) => {
                    self.nodes.swap(0, place);
                    return Ok(shown);
                }
                Ok(Err(NotServed::Silent(reason))) => reason,
                Ok(Err(NotServed::Lie(reason))) => {
                    let lie = ChildNews::Lies {
                        node,
                        reason: reason.clone(),
                    };
                    self.news.send(lie).await.map_err(|_| Deaf)?;
                    reason
                }
                Err(_) => "it does not answer in time".to_owned(),
            };
            reasons.push(format!("node {node}: {reason}"));
        }
        Err(Unjudged::Withheld(reasons.join("; ")))
    }

    /// What is made of the parameters' leaf in the genesis state.
    pub(super) async fn genesis<T>(
        &mut self,
        make: impl Fn(ShownLeaf) -> Option<T> + Copy,
    ) -> Result<T, Unjudged> {
        let ask = async |channel| {
            let mut client = bridge(channel);
            let request = GetGenesisParametersRequest {};
            let answer = client.get_genesis_parameters(request).await?.into_inner();
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
        let first = accepted.epoch.saturating_mul(u64::from(blocks));
        let ask = async |channel: Channel| {
            let mut client = ChainServiceClient::new(channel).max_decoding_message_size(MAX_ANSWER);
            let mut told = Vec::new();
            for number in 1..=u64::from(blocks) {
                let height = first.saturating_add(number);
                let answer = client.get_block(GetBlockRequest { height }).await?;
                let block = commitment(&answer.into_inner());
                told.push(block.ok_or_else(|| {
                    NotServed::Lie("it tells of a block that cannot be one".into())
                })?);
            }
            OpenedEpoch::new(accepted.clone(), told, blocks).map_err(|error| {
                let epoch = accepted.epoch;
                NotServed::Lie(format!("the blocks of epoch {epoch}: {error}"))
            })
        };
        self.first(ask).await
    }

    /// The segments of a block.
    pub(super) async fn segments(
        &mut self,
        facts: &CourtFacts,
        block: &BlockCommitment,
        height: u64,
    ) -> Result<ShownSegments, Unjudged> {
        let part = std::sync::Mutex::new(None);
        let ask = async |channel| {
            let shown = read_segments(channel, facts, block, height).await?;
            if fits(facts, block, &shown) {
                return Ok(shown);
            }
            if !shown.are_whole() {
                let what = format!(
                    "its segments of block {height} are not those that root's words commit to"
                );
                return Err(NotServed::Lie(what));
            }
            let what = format!("it does not show the bytes of all segments of block {height}");
            if let Ok(mut part) = part.lock() {
                *part = Some(shown);
            }
            Err(NotServed::Silent(what))
        };
        let found = self.first(ask).await;
        let part = part.into_inner().ok().flatten().map(without_other_bytes);
        match found {
            Ok(shown) => Ok(ShownSegments::Whole(shown)),
            Err(Unjudged::Withheld(why)) => Ok(ShownSegments::Part(part, why)),
            Err(deaf) => Err(deaf),
        }
    }

    /// A leaf of the checkpoint's state.
    pub(super) async fn leaf(
        &mut self,
        accepted: &Acceptance,
        slot: &Slot,
    ) -> Result<ShownLeaf, Unjudged> {
        let (epoch, root) = (accepted.epoch, accepted.checkpoint.state_root);
        let ask = async |channel| {
            let request = GetProofRequest {
                epoch: Some(epoch),
                leaf: Some(get_proof_request::Leaf::Key(slot.key().to_vec())),
            };
            let answer = bridge(channel).get_proof(request).await?.into_inner();
            let shown = answer.proof.and_then(leaf);
            shown.filter(|leaf| leaf.stands(slot, &root)).ok_or_else(|| {
                NotServed::Lie(format!(
                    "its leaf of the state of epoch {epoch} does not stand in the state that root's word names"
                ))
            })
        };
        self.first(ask).await
    }
}

fn bridge(channel: Channel) -> BridgeServiceClient<Channel> {
    BridgeServiceClient::new(channel).max_decoding_message_size(MAX_ANSWER)
}

/// Reads all pages. No more is read than the counts allow that the block commits to.
async fn read_segments(
    channel: Channel,
    facts: &CourtFacts,
    block: &BlockCommitment,
    height: u64,
) -> Result<OpenedSegments, NotServed> {
    let mut client = bridge(channel);
    let mut whole: Option<OpenedSegments> = None;
    loop {
        let read = whole.as_ref().map_or(0, |whole| whole.segments.len());
        let first = u32::try_from(read).unwrap_or(u32::MAX);
        let answer = client
            .get_segments(GetSegmentsRequest { height, first })
            .await?;
        let page = answer.into_inner();
        let lie = |what: &str| NotServed::Lie(format!("block {height}: {what}"));
        let known = match whole.as_mut() {
            Some(whole) => whole,
            None => {
                let counts = OpenedSegments {
                    count: page.count,
                    transactions: page.transactions,
                    list_root: word(&page.list_root).ok_or_else(|| lie("its list root is none"))?,
                    segments: Vec::new(),
                };
                if !counts.are_counts_of(block) {
                    return Err(lie(
                        "its segments root is not the one that root's words commit to",
                    ));
                }
                if !has_such_counts(facts, &counts) {
                    return Ok(counts);
                }
                whole.insert(counts)
            }
        };
        let room = usize::try_from(known.count)
            .unwrap_or(usize::MAX)
            .saturating_sub(read);
        if page.segments.is_empty() || page.segments.len() > room {
            return Err(lie("it shows another number of segments than it says"));
        }
        let shown = page.segments.into_iter().map(segment);
        let shown: Option<Vec<OpenedSegment>> = shown.collect();
        known
            .segments
            .extend(shown.ok_or_else(|| lie("it shows a segment that cannot be one"))?);
        if known.segments.len() >= usize::try_from(known.count).unwrap_or(usize::MAX) {
            return Ok(known.clone());
        }
    }
}

/// Without what is not a segment's bytes.
fn without_other_bytes(mut shown: OpenedSegments) -> OpenedSegments {
    for one in &mut shown.segments {
        if !one.has_bytes() {
            one.bytes = None;
        }
    }
    shown
}

fn word(bytes: &[u8]) -> Option<B256> {
    B256::try_from(bytes).ok()
}

fn commitment(told: &GetBlockResponse) -> Option<BlockCommitment> {
    Some(BlockCommitment {
        rules: told.rules,
        height: told.height,
        time: told.time,
        block_hash: word(&told.block_hash)?,
        witness_hash: word(&told.witness_hash)?,
        before: word(&told.state_root_before)?,
        after: word(&told.state_root_after)?,
        segments_root: word(&told.segments_root)?,
    })
}

fn segment(told: Segment) -> Option<OpenedSegment> {
    Some(OpenedSegment {
        kind: told.kind.try_into().ok()?,
        first: told.first,
        count: told.count,
        length: told.length,
        chunks_root: word(&told.chunks_root)?,
        before: word(&told.state_root_before)?,
        after: word(&told.state_root_after)?,
        bytes: u32::try_from(told.bytes.len())
            .is_ok_and(|length| length == told.length)
            .then_some(told.bytes),
    })
}

fn leaf(told: LeafProof) -> Option<ShownLeaf> {
    let siblings: Option<Vec<B256>> = told.siblings.iter().map(|one| word(one)).collect();
    let kind = told.kind.try_into().ok()?;
    Some(ShownLeaf {
        kind,
        inclusion: Inclusion {
            index: told.index,
            count: told.leaf_count,
            key: word(&told.leaf_key)?,
            next: word(&told.next_key)?,
            value_hash: value_hash(kind, &told.value),
            siblings: siblings?.try_into().ok()?,
        },
        value: told.value,
    })
}
