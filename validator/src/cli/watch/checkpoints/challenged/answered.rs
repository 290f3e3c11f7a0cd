//! Answers that stand on root, put together: one opens a block's commitment, the list of its segments, and one of them. With the others, or with what nodes show of the rest, they are what the
//! judge and the replay read from the folder.

use std::collections::BTreeMap;

use alloy_sol_types::SolInterface;
use plasmid_bridge::abi::{IDataChallenges, IFraudCourt};
use plasmid_bridge::client::watcher::challenges::RootAnswer;
use plasmid_bridge::client::watcher::unsound::AcceptedCheckpoints;
use plasmid_bridge::proof::commitment::BlockCommitment;
use plasmid_bridge::proof::list;
use plasmid_bridge::relay::acceptance::Acceptance;
use plasmid_bridge::relay::challenges::DataTarget;

use super::super::kept::CheckpointArchive;
use crate::chain::opened::{OpenedSegment, OpenedSegments};
use crate::court::OpenedEpoch;

/// Bytes of segments that are kept, at most: each is kept in the folder too once its block's records are known.
const MAX_BYTES: usize = 256 << 20;

/// What answers show of a block.
#[derive(Debug)]
struct RootBlock {
    commitment: BlockCommitment,
    counts: OpenedSegments,
    segments: BTreeMap<u32, OpenedSegment>,
}

/// What answers show, by epoch and block.
#[derive(Debug, Default)]
pub(super) struct RootParts {
    blocks: BTreeMap<(u64, u32), RootBlock>,
    bytes: usize,
}

impl RootParts {
    /// Takes an answer, if it is one to what root accepted.
    pub(super) fn take(&mut self, answer: &RootAnswer, now: &AcceptedCheckpoints) {
        let finalized = now.finalized;
        self.blocks.retain(|(epoch, _), block| {
            let stays = *epoch >= finalized;
            if !stays {
                let freed = block.segments.values().map(size).sum();
                self.bytes = self.bytes.saturating_sub(freed);
            }
            stays
        });
        if let Some(accepted) = now.of(answer.target.epoch()) {
            self.read(answer, accepted);
        }
    }

    fn read(&mut self, answer: &RootAnswer, accepted: &Acceptance) -> Option<()> {
        use IDataChallenges::IDataChallengesCalls as Calls;
        let (shown, counts, opened) = match Calls::abi_decode_validate(&answer.call).ok()? {
            Calls::answerSegment(call) => {
                let segment = opened(&call.segment, call.content.to_vec());
                let (number, siblings) = (call.segment.number, call.segment.siblings);
                (call.shown, call.segments, Some((number, segment, siblings)))
            }
            Calls::answerNoSegment(call) => (call.shown, call.segments, None),
            _ => return None,
        };
        let commitment = commitment(&shown);
        let root = &accepted.checkpoint.blocks_root;
        // A list of as many blocks as its path has room for: a place behind the last one is zero, which is no block's hash.
        let levels = u32::try_from(shown.siblings.len()).ok()?;
        let count = 1_u32.checked_shl(levels)?;
        let hash = commitment.hash();
        let is_block = list::verify(root, &hash, shown.number, count, &shown.siblings);
        let counts = OpenedSegments {
            count: counts.count,
            transactions: counts.transactions,
            list_root: counts.listRoot,
            segments: Vec::new(),
        };
        if !is_block || !counts.are_counts_of(&commitment) {
            return None;
        }
        let block = self
            .blocks
            .entry((accepted.epoch, shown.number))
            .or_insert(RootBlock {
                commitment,
                counts,
                segments: BTreeMap::new(),
            });
        let (number, segment, siblings) = opened?;
        let (hash, count) = (segment.hash(), block.counts.count);
        let is_it = list::verify(&block.counts.list_root, &hash, number, count, &siblings);
        let all = self.bytes.saturating_add(size(&segment));
        if is_it && segment.has_bytes() && all <= MAX_BYTES && !block.segments.contains_key(&number)
        {
            self.bytes = all;
            block.segments.insert(number, segment);
        }
        Some(())
    }

    /// Whether answers show this block.
    pub(super) fn has_block(&self, epoch: u64, block: u32) -> bool {
        self.blocks.contains_key(&(epoch, block))
    }

    /// The first segment of a block that no answer shows and nobody asked for. None where the answers tell that there is none, and where the first answer about the block may still come: it tells how many there are.
    pub(super) fn next_unasked(
        &self,
        epoch: u64,
        block: u32,
        asked: &BTreeMap<DataTarget, bool>,
    ) -> Option<u32> {
        let known = self.blocks.get(&(epoch, block));
        let has = |number: u32| known.is_some_and(|known| known.segments.contains_key(&number));
        let before = |number| {
            let target = DataTarget::Segment {
                epoch,
                block,
                number,
            };
            asked.get(&target).copied()
        };
        let count = known.map_or(u32::MAX, |known| known.counts.count);
        let next = (0..count).find(|number| !has(*number) && before(*number).is_none())?;
        let is_open = known.is_none() && (0..next).any(|number| before(number) == Some(true));
        (!is_open).then_some(next)
    }

    /// Keeps the blocks of a checkpoint in the folder, once answers show all of them.
    pub(super) fn keep_blocks(
        &self,
        accepted: &Acceptance,
        count: u32,
        archive: &mut CheckpointArchive,
    ) {
        let all = (0..count).map(|block| self.blocks.get(&(accepted.epoch, block)));
        let all: Option<Vec<BlockCommitment>> =
            all.map(|one| one.map(|one| one.commitment)).collect();
        if let Some(all) = all
            && let Ok(opened) = OpenedEpoch::new(accepted.clone(), all, count)
        {
            archive.keep_blocks(&opened);
        }
    }

    /// Keeps in the folder what answers show of a block's segments, as far as its records are known.
    pub(super) fn keep_segments(
        &self,
        epoch: &OpenedEpoch,
        number: u32,
        archive: &mut CheckpointArchive,
    ) {
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        let known = self.blocks.get(&(epoch.accepted.epoch, number));
        let Some((known, block)) = known.zip(epoch.blocks.get(place)) else {
            return;
        };
        let kept = archive.segments(&epoch.accepted, number);
        let kept = kept.filter(|kept| kept.are_counts_of(block) && kept.are_whole());
        let shown = OpenedSegments {
            segments: known.segments.values().cloned().collect(),
            ..known.counts.clone()
        };
        let mut all = match kept {
            Some(kept) => kept,
            None if shown.are_whole() => shown,
            None => return,
        };
        let before = all.shown();
        for (own, one) in (0_u32..).zip(&mut all.segments) {
            if !one.has_bytes()
                && let Some(other) = known.segments.get(&own)
            {
                one.bytes.clone_from(&other.bytes);
            }
        }
        if all.shown() != before || archive.segments(&epoch.accepted, number).is_none() {
            archive.keep_segments(&epoch.accepted, number, &all);
        }
    }
}

fn commitment(shown: &IFraudCourt::Block) -> BlockCommitment {
    BlockCommitment {
        rules: shown.rules,
        height: shown.height,
        time: shown.time,
        block_hash: shown.blockHash,
        witness_hash: shown.witnessHash,
        before: shown.stateBefore,
        after: shown.stateAfter,
        segments_root: shown.segmentsRoot,
    }
}

fn opened(shown: &IFraudCourt::Segment, bytes: Vec<u8>) -> OpenedSegment {
    OpenedSegment {
        kind: shown.kind,
        first: shown.first,
        count: shown.count,
        length: shown.length,
        chunks_root: shown.chunksRoot,
        before: shown.stateBefore,
        after: shown.stateAfter,
        bytes: Some(bytes),
    }
}

fn size(one: &OpenedSegment) -> usize {
    one.bytes.as_ref().map_or(0, Vec::len)
}
