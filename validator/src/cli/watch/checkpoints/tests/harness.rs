//! A judge without nodes, with checkpoints in its folder.

use std::sync::Arc;

use alloy_primitives::B256;
use plasmid_bridge::client::watcher::ChildNews;
use plasmid_bridge::client::watcher::unsound::AcceptedCheckpoints;
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::commitment::{
    BlockCommitment, SegmentKind, blocks_root, chunks_root, opened_segments_root,
};
use plasmid_bridge::proof::tree::Inclusion;
use plasmid_bridge::relay::acceptance::Acceptance;
use tokio::sync::{mpsc, watch};

use super::super::asked::{CheckpointNodes, lock};
use super::super::progress::EpochProgress;
use super::super::replayed::{CarriedState, ReplayTurn};
use super::super::{CheckpointJudge, Deployed, archive, name};
use crate::chain::fixture;
use crate::chain::opened::{OpenedSegment, OpenedSegments, ShownLeaf};
use crate::chain::tree::Tree;
use crate::court::{CourtFacts, OpenedEpoch};
use crate::ledger::{Domain, Parameters};

pub(in super::super) fn accepted_of(
    epoch: u64,
    time: u64,
    blocks: &[BlockCommitment],
    state: B256,
) -> Acceptance {
    let hashes: Vec<B256> = blocks.iter().map(BlockCommitment::hash).collect();
    let checkpoint = Checkpoint {
        epoch,
        blocks_root: blocks_root(&hashes),
        state_root: state,
        ..Checkpoint::decode(&[0; 224]).expect("a checkpoint")
    };
    Acceptance {
        time,
        ..fixture::accepted(checkpoint)
    }
}

pub(in super::super) fn accepted(epoch: u64, time: u64) -> Acceptance {
    accepted_of(epoch, time, &[], B256::ZERO)
}

/// A judge without nodes, in whose folder the checkpoints of epochs of one block each stand that are made here.
pub(in super::super) struct JudgeHarness {
    pub judge: CheckpointJudge,
    pub now: AcceptedCheckpoints,
    /// Their segments, by epoch.
    pub segments: Vec<OpenedSegments>,
    pub folder: tempfile::TempDir,
    news: mpsc::Receiver<ChildNews>,
    root: watch::Sender<AcceptedCheckpoints>,
}

impl JudgeHarness {
    /// Epochs that change nothing, but for one, whose segment is false; all are judged but for their execution.
    pub fn new(epochs: u64, wrong: Option<u64>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (sender, news) = mpsc::channel(1_024);
        let root = Tree::new().root();
        let parameters = Parameters {
            epoch_blocks: 1,
            ..Parameters::local()
        };
        let domain = Domain {
            root_chain_id: 1,
            root_chain: [0; 20],
            deployment: [0; 20],
        };
        let facts = CourtFacts {
            domain,
            genesis: BlockCommitment::genesis(1, 0, root),
            parameters,
            shown: ShownLeaf {
                kind: 0,
                inclusion: Inclusion {
                    index: 0,
                    count: 1,
                    key: B256::ZERO,
                    next: B256::ZERO,
                    value_hash: B256::ZERO,
                    siblings: [B256::ZERO; 32],
                },
                value: Vec::new(),
            },
        };
        let nodes = CheckpointNodes::new(Vec::new(), sender.clone());
        let archive = archive(folder.path().to_owned());
        let deployed = Deployed {
            domain,
            state_root: root,
            time: 0,
            genesis: None,
        };
        let (said, accepted) = watch::channel(AcceptedCheckpoints::default());
        let mut judge = CheckpointJudge::new(nodes, archive, deployed, accepted, sender);
        judge.facts = Some(Arc::new(facts));
        judge.carried = Some(CarriedState::at(Tree::new(), 0));
        let (mut acceptances, mut segments) = (Vec::new(), Vec::new());
        for epoch in 0..epochs {
            let bytes = vec![1, 2, 3];
            let false_segment = OpenedSegment {
                kind: SegmentKind::Users as u8,
                first: 0,
                count: 1,
                length: 3,
                chunks_root: chunks_root(&bytes),
                before: root,
                after: B256::repeat_byte(7),
                bytes: Some(bytes),
            };
            let own = match wrong == Some(epoch) {
                true => OpenedSegments::of(vec![false_segment]),
                false => OpenedSegments::of(Vec::new()),
            };
            let block = BlockCommitment {
                height: epoch + 1,
                segments_root: opened_segments_root(own.count, own.transactions, &own.list_root),
                after: root,
                ..BlockCommitment::genesis(1, 0, root)
            };
            let one = accepted_of(epoch, 1, &[block], root);
            let opened = OpenedEpoch::new(one.clone(), vec![block], 1).expect("its blocks");
            judge.epochs.insert(name(&one), Arc::new(opened));
            let progress = judge.progress.entry(name(&one)).or_default();
            progress.blocks.insert(0);
            // What is made here stands under no links.
            progress.has_links = true;
            progress.next = 1;
            progress.is_over = true;
            lock(&judge.archive).keep_segments(&one, 0, &own);
            acceptances.push(one);
            segments.push(own);
        }
        Self {
            judge,
            news,
            root: said,
            now: AcceptedCheckpoints {
                acceptances,
                ..AcceptedCheckpoints::default()
            },
            segments,
            folder,
        }
    }

    /// Replays, and gives whether nothing is left to do for now.
    pub async fn replays(&mut self) -> bool {
        let now = self.now.clone();
        let is_done = self.judge.replay_all(&now).await;
        self.judge.note_executed(&now);
        is_done.ok().expect("somebody listens") == ReplayTurn::Done
    }

    pub fn keep(&mut self, epoch: usize, segments: &OpenedSegments) {
        let accepted = &self.now.acceptances[epoch];
        lock(&self.judge.archive).keep_segments(accepted, 0, segments);
    }

    /// Judges and executes all that is to be, and gives whether nothing is left to do.
    pub async fn judges(&mut self) -> bool {
        let now = self.now.clone();
        let is_done = self.judge.judge_all(&now).await;
        is_done.ok().expect("somebody listens")
    }

    /// Nothing is judged, and what is shown is sound as far as it is judged.
    pub fn forget_judged(&mut self) {
        for progress in self.judge.progress.values_mut() {
            progress.blocks.clear();
            progress.is_over = false;
        }
        self.judge.rules.judge = |_, _, _| Vec::new();
    }

    /// Root says something while checkpoints are judged.
    pub fn says_more(&self) {
        self.root.send_modify(|now| now.finalized += 1);
    }

    /// The epoch of the state that stands on disk.
    pub fn kept(&self) -> Option<u64> {
        lock(&self.judge.archive).state_epoch()
    }

    /// What was told.
    pub fn told(&mut self) -> Vec<ChildNews> {
        std::iter::from_fn(|| self.news.try_recv().ok()).collect()
    }

    pub fn executed(&self) -> Vec<u64> {
        let all = self.now.acceptances.iter();
        let is_executed = |one: &&Acceptance| {
            let progress = self.judge.progress.get(&name(one));
            progress.is_some_and(|one: &EpochProgress| one.is_executed)
        };
        all.filter(is_executed).map(|one| one.epoch).collect()
    }
}
