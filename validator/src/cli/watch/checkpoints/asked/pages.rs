//! The pages of a long answer, as a node shows them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use alloy_primitives::B256;
use plasmid_bridge::proof::commitment::BlockCommitment;
use plasmid_proto::bridge::v1::GetSegmentsRequest;
use tonic::transport::Channel;

use super::super::read::segment;
use super::{NotServed, bridge, lock, within};
use crate::chain::opened::{OpenedSegment, OpenedSegments};
use crate::court::{CourtFacts, has_such_counts};
use crate::wire::word;

/// Bytes of a block's segments that are kept of a node before they are compared with what root's words commit to, at most. What is beyond is asked for again behind that.
const MAX_UNCOMPARED: usize = 64 << 20;

/// What nodes showed of long answers, as long as that is not all.
#[derive(Default)]
pub(super) struct ShownParts {
    /// Of a checkpoint's blocks, by node and checkpoint.
    pub(super) blocks: Mutex<BTreeMap<(usize, B256), Vec<BlockCommitment>>>,
    /// Of the segments of the block at a height, of one block for each node.
    segments: Mutex<BTreeMap<usize, (u64, OpenedSegments)>>,
}

/// A segment that is compared with what root's words commit to.
pub(super) struct KnownSegment {
    /// It, without its bytes.
    record: OpenedSegment,
    /// Whether its bytes are known.
    pub(super) has_bytes: bool,
}

pub(super) fn known_segments(all: &OpenedSegments) -> Vec<KnownSegment> {
    let known = all.segments.iter().map(|one| KnownSegment {
        record: OpenedSegment {
            bytes: None,
            ..*one
        },
        has_bytes: one.bytes.is_some(),
    });
    known.collect()
}

/// How many bytes these segments have here.
fn held(segments: &[OpenedSegment]) -> usize {
    let bytes = segments.iter().filter_map(|one| one.bytes.as_ref());
    bytes.map(Vec::len).sum()
}

/// Takes what a page shows behind what was shown before it: bytes that are not known, and no more of them in all than `most`. Where that is reached and the records are known, the rest is read
/// in the next turn.
fn take_page(
    all: &mut Vec<OpenedSegment>,
    page: Vec<OpenedSegment>,
    known: &[KnownSegment],
    most: usize,
) {
    let mut bytes = held(all);
    let mut is_full = false;
    for mut one in page {
        let is_known = known.get(all.len()).is_some_and(|known| known.has_bytes);
        let with = bytes.saturating_add(one.bytes.as_ref().map_or(0, Vec::len));
        is_full |= !is_known && with > most;
        match is_known || with > most {
            true => one.bytes = None,
            false => bytes = with,
        }
        all.push(one);
    }
    if is_full {
        let left = known.get(all.len()..).unwrap_or_default();
        all.extend(left.iter().map(|one| one.record.clone()));
    }
}

impl ShownParts {
    /// Reads pages from where this node was read last, and behind the segments of the block whose bytes are `known`. No more is read than the counts allow that the block commits to, and no
    /// more bytes are kept than [`MAX_UNCOMPARED`].
    pub(super) async fn read_segments(
        &self,
        (node, channel): (usize, Channel),
        facts: &CourtFacts,
        (block, height): (&BlockCommitment, u64),
        known: &[KnownSegment],
    ) -> Result<OpenedSegments, NotServed> {
        let mut client = bridge(channel);
        lock(&self.segments).retain(|other, (at, _)| *other != node || *at == height);
        let skipped = known.iter().take_while(|one| one.has_bytes).count();
        loop {
            let read = lock(&self.segments)
                .get(&node)
                .map_or(skipped, |(_, shown)| shown.segments.len());
            let first = u32::try_from(read).unwrap_or(u32::MAX);
            let request = GetSegmentsRequest { height, first };
            let page = within(client.get_segments(request)).await?;
            let lie = |what: &str| NotServed::Lie(format!("block {height}: {what}"));
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
            let count = usize::try_from(counts.count).unwrap_or(usize::MAX);
            if page.segments.is_empty() || page.segments.len() > count.saturating_sub(read) {
                return Err(lie("it shows another number of segments than it says"));
            }
            let shown = page.segments.into_iter().map(segment);
            let shown: Option<Vec<OpenedSegment>> = shown.collect();
            let shown = shown.ok_or_else(|| lie("it shows a segment that cannot be one"))?;
            let mut parts = lock(&self.segments);
            let (_, whole) = parts.entry(node).or_insert_with(|| {
                let records = known.iter().take(skipped);
                let segments = records.map(|one| one.record.clone()).collect();
                (height, OpenedSegments { segments, ..counts })
            });
            take_page(&mut whole.segments, shown, known, MAX_UNCOMPARED);
            if whole.segments.len() >= count {
                let whole = parts.remove(&node).map(|(_, whole)| whole);
                return Ok(whole.unwrap_or_default());
            }
        }
    }
}

#[cfg(test)]
mod tests;
