//! When a state that was carried over checkpoints is of use, when it begins anew, and what keeps it from being carried on.

use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::commitment::{
    BlockCommitment, SegmentKind, blocks_root, chunks_root, opened_segments_root,
};
use plasmid_bridge::proof::tree::Inclusion;
use tokio::sync::{mpsc, watch};

use super::super::asked::CheckpointNodes;
use super::super::kept::CheckpointArchive;
use super::super::{Deployed, EpochProgress};
use super::*;
use crate::chain::fixture;
use crate::chain::opened::{OpenedSegment, OpenedSegments, ShownLeaf};
use crate::ledger::{Domain, Parameters};

fn accepted_of(epoch: u64, time: u64, blocks: &[BlockCommitment], state: B256) -> Acceptance {
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

fn accepted(epoch: u64, time: u64) -> Acceptance {
    accepted_of(epoch, time, &[], B256::ZERO)
}

/// A judge without nodes, in whose folder the checkpoints of epochs of one block each stand that are made here.
struct JudgeHarness {
    judge: CheckpointJudge,
    news: mpsc::Receiver<ChildNews>,
    now: AcceptedCheckpoints,
    /// Their segments, by epoch.
    segments: Vec<OpenedSegments>,
    folder: tempfile::TempDir,
}

impl JudgeHarness {
    /// Epochs that change nothing, but for one, whose segment is false; all are judged but for their execution.
    fn new(epochs: u64, wrong: Option<u64>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (sender, news) = mpsc::channel(64);
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
        let mut judge = CheckpointJudge {
            nodes: CheckpointNodes::new(Vec::new(), sender.clone()),
            archive: CheckpointArchive::open(folder.path().to_owned()),
            deployed: Deployed {
                domain,
                state_root: root,
                time: 0,
                genesis: None,
            },
            accepted: watch::channel(AcceptedCheckpoints::default()).1,
            facts: Some(Arc::new(facts)),
            epochs: BTreeMap::new(),
            progress: BTreeMap::new(),
            carried: Some(CarriedState::at(Tree::new(), 0)),
            part: None,
            late: None,
            news: sender,
            trouble: None,
        };
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
            judge.epochs.insert(one.record(), Arc::new(opened));
            let progress = judge.progress.entry(one.record()).or_default();
            progress.blocks.insert(0);
            progress.is_over = true;
            judge.archive.keep_segments(&one, 0, &own);
            acceptances.push(one);
            segments.push(own);
        }
        Self {
            judge,
            news,
            now: AcceptedCheckpoints {
                acceptances,
                ..AcceptedCheckpoints::default()
            },
            segments,
            folder,
        }
    }

    /// Replays, and gives whether nothing is left to do for now.
    async fn replays(&mut self) -> bool {
        let now = self.now.clone();
        let is_done = self.judge.replay_all(&now).await;
        is_done.ok().expect("somebody listens")
    }

    fn keep(&mut self, epoch: usize, segments: &OpenedSegments) {
        let accepted = &self.now.acceptances[epoch];
        self.judge.archive.keep_segments(accepted, 0, segments);
    }

    /// What was told.
    fn told(&mut self) -> Vec<ChildNews> {
        std::iter::from_fn(|| self.news.try_recv().ok()).collect()
    }

    fn executed(&self) -> Vec<u64> {
        let all = self.now.acceptances.iter();
        let is_executed = |one: &&Acceptance| {
            let progress = self.judge.progress.get(&one.record());
            progress.is_some_and(|one: &EpochProgress| one.is_executed)
        };
        all.filter(is_executed).map(|one| one.epoch).collect()
    }
}

#[tokio::test]
async fn bytes_that_are_not_shown_the_second_time_are_asked_for_again_and_said() {
    let mut harness = JudgeHarness::new(3, Some(1));
    let whole = harness.segments[1].clone();
    let mut bare = whole.clone();
    bare.segments[0].bytes = None;
    // The folder has the records and not all bytes, and no node shows more.
    harness.keep(1, &bare);
    for _ in 0..3 {
        assert!(!harness.replays().await, "it is to be asked for again");
        let told = harness.told();
        let is_it = |one: &ChildNews| matches!(one, ChildNews::Withheld { epoch: 1, reason } if reason.starts_with("block 0"));
        assert!(told.len() == 1 && told.iter().all(is_it));
        assert_eq!(harness.executed(), [0]);
    }
    // It has nothing at all.
    let place = std::fs::read_dir(harness.folder.path().join("checkpoints"));
    for one in place.expect("the folder").flatten() {
        let is_second = one.file_name().to_string_lossy().starts_with("1-");
        if is_second {
            std::fs::remove_dir_all(one.path()).expect("it goes");
        }
    }
    assert!(!harness.replays().await);
    assert_eq!(harness.told().len(), 1);
    // As soon as the bytes are shown, what is false is found.
    harness.keep(1, &whole);
    assert!(harness.replays().await);
    let told = harness.told();
    let is_found = |one: &ChildNews| matches!(one, ChildNews::Unsound(found) if found.epoch == 1);
    assert!(told.len() == 1 && told.iter().all(is_found));
    assert_eq!(harness.executed(), [0]);
}

#[tokio::test]
async fn a_state_is_carried_over_all_that_is_read() {
    let mut harness = JudgeHarness::new(3, None);
    assert!(harness.replays().await);
    assert!(harness.told().is_empty());
    assert_eq!(harness.executed(), [0, 1, 2]);
    // Nothing of what changed is noted for a store.
    let carried = harness.judge.carried.as_mut().expect("a state");
    assert!(carried.tree.drain().leaves.is_empty());
}

#[test]
fn a_state_is_of_use_until_root_keeps_another_word_or_is_ahead_of_it() {
    let all: Vec<Acceptance> = (4..8).map(|epoch| accepted(epoch, 1)).collect();
    let now = |acceptances: &[Acceptance], finalized| AcceptedCheckpoints {
        acceptances: acceptances.to_vec(),
        finalized,
        ..AcceptedCheckpoints::default()
    };
    // Behind the checkpoint of epoch 4, and carried over 5 and 6.
    let mut state = CarriedState::behind(&all[0], Tree::new());
    for one in &all[1..3] {
        state.words.insert(one.epoch, one.record());
    }
    state.epoch = 7;
    assert!(state.fits(&now(&all, 5)));
    assert!(state.fits(&now(&all, 7)));
    assert!(!state.fits(&now(&all, 8)), "it is behind what is final");
    assert!(state.fits(&now(&all[..1], 5)), "the others are not known");
    assert!(state.fits(&now(&[], 5)));
    for place in 0..4 {
        let mut other = all.clone();
        other[place].time = 2;
        // It was not carried over the last one.
        assert_eq!(state.fits(&now(&other, 5)), place == 3, "{place}");
    }
}
