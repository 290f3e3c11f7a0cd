//! Answers that stand on root, put together: one opens a block's commitment, the list of its segments, and one of them. With the others, or with what nodes show of the rest, they are what the
//! judge and the replay read from the folder.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::B256;
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
#[derive(Clone, Debug)]
pub(super) struct RootBlock {
    commitment: BlockCommitment,
    path: Vec<B256>,
    pub(super) counts: OpenedSegments,
    /// With their paths.
    pub(super) segments: BTreeMap<u32, (OpenedSegment, Vec<B256>)>,
}

impl RootBlock {
    /// All of its segments, if all are shown.
    pub(super) fn whole(&self) -> Option<OpenedSegments> {
        let all = self.segments.values().map(|(one, _)| one.clone());
        let whole = OpenedSegments {
            segments: all.collect(),
            ..self.counts.clone()
        };
        whole.are_whole().then_some(whole)
    }
}

/// What answers show, by epoch and block.
#[derive(Debug, Default)]
pub(super) struct RootParts {
    blocks: BTreeMap<(u64, u32), RootBlock>,
    /// Blocks of which something is shown that is not judged, and which segments.
    fresh: BTreeMap<(u64, u32), BTreeSet<u32>>,
    bytes: usize,
}

impl RootParts {
    /// Takes an answer, if it is one to what root accepted. Gives whether it is; of a checkpoint that is not known nothing.
    pub(super) fn take(&mut self, answer: &RootAnswer, now: &AcceptedCheckpoints) -> Option<bool> {
        let finalized = now.finalized;
        self.blocks.retain(|(epoch, _), block| {
            let stays = *epoch >= finalized;
            if !stays {
                let freed = block.segments.values().map(|(one, _)| size(one)).sum();
                self.bytes = self.bytes.saturating_sub(freed);
            }
            stays
        });
        self.fresh.retain(|(epoch, _), _| *epoch >= finalized);
        let accepted = now.of(answer.target.epoch())?;
        Some(self.read(answer, accepted).is_some())
    }

    fn read(&mut self, answer: &RootAnswer, accepted: &Acceptance) -> Option<()> {
        use IDataChallenges::IDataChallengesCalls as Calls;
        let (shown, counts, number, opened) = match Calls::abi_decode_validate(&answer.call).ok()? {
            Calls::answerSegment(call) => {
                let segment = opened(&call.segment, call.content.to_vec());
                let (number, siblings) = (call.segment.number, call.segment.siblings);
                (call.shown, call.segments, number, Some((segment, siblings)))
            }
            Calls::answerNoSegment(call) => (call.shown, call.segments, call.number, None),
            _ => return None,
        };
        let (epoch, block) = (accepted.epoch, shown.number);
        let named = DataTarget::Segment {
            epoch,
            block,
            number,
        };
        let commitment = commitment(&shown);
        let root = &accepted.checkpoint.blocks_root;
        // A list of as many blocks as its path has room for: a place behind the last one is zero, which is no block's hash.
        let levels = u32::try_from(shown.siblings.len()).ok()?;
        let count = 1_u32.checked_shl(levels)?;
        let is_block = list::verify(root, &commitment.hash(), block, count, &shown.siblings);
        let counts = OpenedSegments {
            count: counts.count,
            transactions: counts.transactions,
            list_root: counts.listRoot,
            segments: Vec::new(),
        };
        if named != answer.target || !is_block || !counts.are_counts_of(&commitment) {
            return None;
        }
        let is_it = match &opened {
            Some((segment, siblings)) => {
                let (hash, root) = (segment.hash(), &counts.list_root);
                segment.has_bytes() && list::verify(root, &hash, number, counts.count, siblings)
            }
            None => number >= counts.count,
        };
        if !is_it {
            return None;
        }
        let fresh = self.fresh.entry((epoch, block)).or_default();
        let known = self.blocks.entry((epoch, block)).or_insert(RootBlock {
            commitment,
            path: shown.siblings,
            counts,
            segments: BTreeMap::new(),
        });
        if let Some((segment, siblings)) = opened {
            let all = self.bytes.saturating_add(size(&segment));
            if all <= MAX_BYTES && !known.segments.contains_key(&number) {
                self.bytes = all;
                known.segments.insert(number, (segment, siblings));
                fresh.insert(number);
            }
        }
        Some(())
    }

    /// A block of which something is shown that is not judged, and which segments.
    pub(super) fn fresh(&self) -> Option<((u64, u32), BTreeSet<u32>)> {
        let (place, segments) = self.fresh.first_key_value()?;
        Some((*place, segments.clone()))
    }

    /// What is shown of it is judged.
    pub(super) fn is_judged(&mut self, place: (u64, u32)) {
        self.fresh.remove(&place);
    }

    /// What is shown of a block, and it with the blocks before and behind it as far as those are shown, as the court opens them.
    pub(super) fn opened(
        &self,
        accepted: &Acceptance,
        block: u32,
        epoch_blocks: u32,
    ) -> Option<(RootBlock, OpenedEpoch)> {
        let of = |number: u32| self.blocks.get(&(accepted.epoch, number));
        let own = of(block)?;
        let first = block.checked_sub(1).filter(|before| of(*before).is_some());
        let first = first.unwrap_or(block);
        let row = (first..=block.saturating_add(1)).map_while(of);
        let row = row.map(|one| (one.commitment, one.path.clone())).collect();
        let epoch = OpenedEpoch::shown(accepted.clone(), first, row, epoch_blocks)?;
        Some((own.clone(), epoch))
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
        let Some(mut all) = kept.or_else(|| known.whole()) else {
            return;
        };
        let before = all.shown();
        for (own, one) in (0_u32..).zip(&mut all.segments) {
            if !one.has_bytes()
                && let Some((other, _)) = known.segments.get(&own)
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
