//! Answers on root, put together and attacked, and leaves from the folder.

use std::collections::BTreeSet;
use std::sync::Arc;

use alloy_primitives::B256;
use alloy_sol_types::SolInterface;
use plasmid_bridge::abi::IFraudCourt;
use plasmid_bridge::client::watcher::challenges::RootAnswer;
use plasmid_bridge::client::watcher::unsound::CheckpointsOver;
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::commitment::{
    BlockCommitment, SegmentKind, blocks_root, chunks_root, opened_segments_root,
};
use plasmid_bridge::proof::list;
use tokio::sync::mpsc;

use super::super::archive;
use super::*;
use crate::chain::fixture;
use crate::chain::tree::{Change, Tree};
use crate::court::{CourtFacts, OpenedEpoch};
use crate::ledger::leaf::Value;
use crate::ledger::{Domain, Parameters};

const BLOCKS: u32 = 4;

fn segment(number: u8, length: usize) -> OpenedSegment {
    let bytes = vec![number; length];
    OpenedSegment {
        kind: 4,
        first: number.into(),
        count: 1,
        length: length as u32,
        chunks_root: chunks_root(&bytes),
        before: B256::repeat_byte(number),
        after: B256::repeat_byte(number + 1),
        bytes: Some(bytes),
    }
}

/// A checkpoint whose blocks have three segments each.
fn made() -> (OpenedEpoch, OpenedSegments) {
    let segments = OpenedSegments::of(vec![segment(1, 70), segment(2, 2_000), segment(3, 5)]);
    let (count, all) = (segments.count, segments.transactions);
    let root = opened_segments_root(count, all, &segments.list_root);
    let blocks: Vec<BlockCommitment> = (0..BLOCKS)
        .map(|time| BlockCommitment {
            segments_root: root,
            ..BlockCommitment::genesis(1, time.into(), B256::ZERO)
        })
        .collect();
    (opened(blocks), segments)
}

/// The epoch of a checkpoint of these blocks.
fn opened(blocks: Vec<BlockCommitment>) -> OpenedEpoch {
    let hashes: Vec<B256> = blocks.iter().map(BlockCommitment::hash).collect();
    let checkpoint = Checkpoint {
        blocks_root: blocks_root(&hashes),
        ..Checkpoint::decode(&[0; Checkpoint::BYTES]).expect("any bytes are one")
    };
    let accepted = fixture::accepted(checkpoint);
    OpenedEpoch::new(accepted, blocks, BLOCKS).expect("they are its blocks")
}

fn now(epoch: &OpenedEpoch) -> AcceptedCheckpoints {
    AcceptedCheckpoints {
        acceptances: vec![epoch.accepted.clone()],
        ..AcceptedCheckpoints::default()
    }
}

fn answer(epoch: &OpenedEpoch, segments: &OpenedSegments, block: u32, number: u32) -> RootAnswer {
    let call = epoch.segment_answer(block, segments, number);
    RootAnswer {
        target: DataTarget::Segment {
            epoch: 0,
            block,
            number,
        },
        call: call.expect("all of it is there").into(),
    }
}

/// What nobody but root shows is in the folder once all of it was answered, and what nodes show of the rest is enough where they show it.
#[test]
fn answers_on_root_are_put_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let (epoch, segments) = made();
    let mut archive = CheckpointArchive::open(folder.path().to_owned());
    let mut parts = RootParts::default();
    for block in 0..BLOCKS {
        for number in 0..3 {
            let none = BTreeMap::new();
            assert_eq!(parts.next_unasked(0, block, &none), Some(number));
            parts.keep_blocks(&epoch.accepted, BLOCKS, &mut archive);
            parts.keep_segments(&epoch, block, &mut archive);
            assert_eq!(archive.segments(&epoch.accepted, block), None);
            assert_eq!(
                archive.blocks(&epoch.accepted).is_some(),
                block == BLOCKS - 1 && number > 0
            );
            parts.take(&answer(&epoch, &segments, block, number), &now(&epoch));
        }
        parts.keep_segments(&epoch, block, &mut archive);
        let kept = archive.segments(&epoch.accepted, block);
        assert_eq!(kept.as_ref(), Some(&segments));
    }
    // Nodes showed the records and no bytes of one.
    let folder = tempfile::tempdir().expect("a folder");
    let mut archive = CheckpointArchive::open(folder.path().to_owned());
    let mut bare = segments.clone();
    bare.segments[1].bytes = None;
    archive.keep_segments(&epoch.accepted, 2, &bare);
    let mut parts = RootParts::default();
    parts.take(&answer(&epoch, &segments, 2, 1), &now(&epoch));
    parts.keep_segments(&epoch, 2, &mut archive);
    assert_eq!(archive.segments(&epoch.accepted, 2), Some(segments.clone()));
    // That there is no such segment opens the block.
    let mut parts = RootParts::default();
    parts.take(&answer(&epoch, &segments, 1, 9), &now(&epoch));
    assert!(parts.has_block(0, 1));
    assert_eq!(parts.next_unasked(0, 1, &BTreeMap::new()), Some(0));
}

/// Whichever byte of an answer is another one: what is kept is what root's word commits to, or nothing.
#[test]
fn no_forged_answer_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let (epoch, segments) = made();
    let mut bare = segments.clone();
    bare.segments[0].bytes = None;
    let honest = answer(&epoch, &segments, 1, 0);
    let mut archive = CheckpointArchive::open(folder.path().to_owned());
    let mut refused = 0;
    for place in 0..honest.call.len() {
        let mut call = honest.call.to_vec();
        call[place] ^= 1;
        let forged = RootAnswer {
            call: call.into(),
            ..honest.clone()
        };
        archive.keep_segments(&epoch.accepted, 1, &bare);
        let mut parts = RootParts::default();
        let is_true = parts.take(&forged, &now(&epoch)) == Some(true);
        parts.keep_segments(&epoch, 1, &mut archive);
        let kept = archive.segments(&epoch.accepted, 1).expect("it is kept");
        assert_eq!(is_true, kept == segments, "byte {place}");
        assert!(kept == bare || kept == segments, "byte {place}");
        refused += usize::from(kept == bare);
    }
    // The checkpoint and its acceptance are root's own, whatever the answer says of them: 19 words of the call.
    assert!(
        refused > honest.call.len() - 20 * 32,
        "{refused} of {}",
        honest.call.len()
    );
    // An answer of a checkpoint that root has not accepted is none.
    let mut parts = RootParts::default();
    let nothing = AcceptedCheckpoints::default();
    assert_eq!(parts.take(&honest, &nothing), None);
    assert!(!parts.has_block(0, 1));
    // A true answer to something else is no answer to what was asked for.
    for (block, number) in [(2, 0), (1, 1)] {
        let other = RootAnswer {
            target: honest.target,
            ..answer(&epoch, &segments, block, number)
        };
        assert_eq!(parts.take(&other, &now(&epoch)), Some(false));
    }
    assert_eq!(parts.fresh(), None);
    assert_eq!(parts.take(&honest, &now(&epoch)), Some(true));
    assert_eq!(parts.fresh(), Some(((0, 1), BTreeSet::from([0]))));
}

/// A reader without nodes, who knows the parameters.
fn reader(folder: &tempfile::TempDir) -> (DataReader, mpsc::Receiver<ChildNews>) {
    let (sender, news) = mpsc::channel(64);
    let domain = Domain {
        root_chain_id: 1,
        root_chain: [0; 20],
        deployment: [0; 20],
    };
    let deployed = Deployed {
        domain,
        state_root: B256::ZERO,
        time: 0,
        genesis: None,
    };
    let folder = folder.path().to_owned();
    let place = (folder.clone(), archive(folder));
    let accepted = watch::Sender::default().subscribe();
    let mut reader = DataReader::new(Vec::new(), deployed, place, accepted, &sender);
    let parameters = Parameters {
        epoch_blocks: BLOCKS,
        ..Parameters::local()
    };
    let tree = Tree::new();
    reader.reader.facts = Some(Arc::new(CourtFacts {
        domain,
        genesis: BlockCommitment::genesis(1, 0, B256::ZERO),
        parameters,
        shown: ShownLeaf::of(&tree, 0).expect("the sentinel"),
    }));
    (reader, news)
}

/// What is found in a block of which root shows all or a part, by rule; each call opens the block by its own path.
async fn found(
    epoch: &OpenedEpoch,
    segments: &OpenedSegments,
    shown: &[(u32, u32)],
) -> Vec<(String, u64)> {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut reader, mut news) = reader(&folder);
    for (block, number) in shown {
        let answer = answer(epoch, segments, *block, *number);
        assert_eq!(reader.parts.take(&answer, &now(epoch)), Some(true));
    }
    let judged = reader.judge_parts(&now(epoch)).await;
    assert!(judged.is_ok(), "somebody listens");
    assert_eq!(reader.parts.fresh(), None);
    let mut found = Vec::new();
    while let Ok(told) = news.try_recv() {
        let ChildNews::Unsound(told) = told else {
            panic!("nothing else is told");
        };
        let call = told.call.expect("root is shown it");
        let call = IFraudCourt::IFraudCourtCalls::abi_decode_validate(&call).expect("a call");
        use IFraudCourt::IFraudCourtCalls as Calls;
        let blocks = match call {
            Calls::proveBlock(call) => vec![call.shown],
            Calls::proveBlocks(call) => vec![call.earlier, call.later],
            Calls::proveSegments(call) => vec![call.shown],
            Calls::proveSegment(call) => vec![call.shown],
            Calls::proveSignature(call) => {
                let hashes = segments.hashes();
                let path = list::prove(&hashes, call.segment.number).expect("it stands");
                assert_eq!(call.segment.siblings, path);
                vec![call.shown]
            }
            _ => panic!("another call"),
        };
        let hashes: Vec<B256> = epoch.blocks.iter().map(BlockCommitment::hash).collect();
        for block in blocks {
            let path = list::prove(&hashes, block.number).expect("it stands");
            assert_eq!(block.siblings, path);
        }
        found.push((told.rule, told.height));
    }
    found.sort();
    found.dedup();
    found
}

/// An epoch of four sound blocks, of which some are changed, and their segments.
fn changed(change: impl Fn(&mut [BlockCommitment])) -> (OpenedEpoch, OpenedSegments) {
    let state = B256::repeat_byte(9);
    // What is signed for another domain is no signature here.
    let world = fixture::World::new(16, 4);
    let users = |number: u8| {
        let transaction = world.signed(fixture::ALICE, number.into(), 1, |_| {});
        let length = (transaction.len() as u32).to_be_bytes();
        let bytes = [length.as_slice(), &transaction].concat();
        OpenedSegment {
            kind: SegmentKind::Users as u8,
            first: number.into(),
            length: bytes.len() as u32,
            chunks_root: chunks_root(&bytes),
            before: state,
            after: state,
            bytes: Some(bytes),
            ..segment(1, 1)
        }
    };
    let [users, later] = [0, 1].map(users);
    let segments = OpenedSegments::of(vec![users, later]);
    let root = opened_segments_root(segments.count, segments.transactions, &segments.list_root);
    let mut blocks: Vec<BlockCommitment> = (0..BLOCKS)
        .map(|number| BlockCommitment {
            height: u64::from(number) + 1,
            segments_root: root,
            ..BlockCommitment::genesis(1, 5, state)
        })
        .collect();
    change(&mut blocks);
    (opened(blocks), segments)
}

/// A block that an answer shows is judged though none of the others is shown: its own links, those to neighbours that are shown, and the signatures of the segments that are.
#[tokio::test]
async fn a_block_that_root_shows_is_judged_by_itself() {
    let link = |rule: u8, height| (format!("L{rule}"), height);
    let (epoch, segments) = changed(|_| {});
    let bad = ("bad_signature".to_owned(), 2);
    let one = found(&epoch, &segments, &[(1, 1)]).await;
    assert_eq!(one, std::slice::from_ref(&bad));
    let (epoch, segments) = changed(|blocks| blocks[2].rules = 7);
    let two = found(&epoch, &segments, &[(2, 0)]).await;
    assert!(two.contains(&link(1, 3)), "{two:?}");
    let (epoch, segments) = changed(|blocks| blocks[2].height = 7);
    let two = found(&epoch, &segments, &[(2, 0)]).await;
    assert!(two.contains(&link(2, 3)), "{two:?}");
    // What follows from two blocks needs both, in whatever order they are shown.
    let (epoch, segments) = changed(|blocks| blocks[2].time = 4);
    for shown in [vec![(1, 0)], vec![(2, 0)], vec![(2, 0), (0, 0)]] {
        let none = found(&epoch, &segments, &shown).await;
        assert!(none.iter().all(|(rule, _)| rule != "L3"), "{none:?}");
    }
    for shown in [[(1, 0), (2, 0)], [(2, 0), (1, 0)]] {
        let both = found(&epoch, &segments, &shown).await;
        assert!(both.contains(&link(3, 3)), "{both:?}");
    }
    // The record of a block is judged once all of it is there.
    let (epoch, segments) = changed(|blocks| blocks[1].before = B256::ZERO);
    let part = found(&epoch, &segments, &[(1, 0)]).await;
    assert_eq!(part, std::slice::from_ref(&bad));
    let whole = found(&epoch, &segments, &[(1, 0), (1, 1)]).await;
    assert_eq!(whole.len(), 2, "{whole:?}");
    assert!(whole.contains(&bad), "{whole:?}");
}

/// The parameters are read from the folder once somebody showed them: no node is needed for an answer out of it.
#[tokio::test]
async fn the_parameters_are_kept_and_no_node_is_needed_for_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut tree = Tree::new();
    let slot = Slot::Parameters;
    let state_root = tree
        .apply(&[Change {
            key: slot.key(),
            kind: slot.kind(),
            value: Parameters::local().encode(),
        }])
        .expect("it fits");
    let (index, ..) = tree.get(&slot.key()).expect("it stands");
    let shown = ShownLeaf::of(&tree, index).expect("it stands");
    let own = |folder: &tempfile::TempDir| {
        let (mut reader, _) = reader(folder);
        reader.reader.facts = None;
        reader.reader.deployed.state_root = state_root;
        reader
    };
    assert!(own(&folder).reader.facts().await.is_err());
    CheckpointArchive::open(folder.path().to_owned()).keep_parameters(&shown);
    let facts = own(&folder).reader.facts().await;
    let facts = facts.ok().expect("they are kept");
    assert_eq!(facts.shown, shown);
    // What is kept of checkpoints is deleted when they are over, and this is not.
    let over = CheckpointsOver {
        finalized: 99,
        void_from: Some(0),
    };
    CheckpointArchive::open(folder.path().to_owned()).retain(&over);
    assert!(own(&folder).reader.facts().await.is_ok());
    // A file with another byte, or of another length, is as good as none.
    let path = folder.path().join("checkpoints").join("parameters");
    let whole = std::fs::read(&path).expect("it stands");
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        std::fs::write(&path, &bytes).expect("it is ours");
        assert!(own(&folder).reader.facts().await.is_err(), "byte {place}");
        std::fs::write(&path, &whole[..place]).expect("it is ours");
        assert!(own(&folder).reader.facts().await.is_err(), "cut at {place}");
    }
}

#[test]
fn a_leaf_that_no_node_shows_is_answered_from_the_state_that_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut tree = Tree::new();
    let leaves = [1_u8, 5, 3].map(|number| Change {
        key: B256::repeat_byte(number),
        kind: 2,
        value: vec![number; 9],
    });
    let state_root = tree.apply(&leaves).expect("they fit");
    let checkpoint = Checkpoint {
        state_root,
        ..Checkpoint::decode(&[0; Checkpoint::BYTES]).expect("any bytes are one")
    };
    let accepted = fixture::accepted(checkpoint);
    let answered = |index| leaf_from_folder(folder.path().to_owned(), &accepted, index);
    assert_eq!(answered(2), None);
    CheckpointArchive::open(folder.path().to_owned()).keep_state(&accepted, &tree);
    for index in 1..4 {
        let inclusion = tree.prove(index).expect("it stands");
        let leaf = ShownLeaf {
            kind: 2,
            value: leaves[index as usize - 1].value.clone(),
            inclusion,
        };
        assert_eq!(answered(index), Some(leaf_answer(&accepted, &leaf)));
    }
    let any = tree.prove(0).expect("the sentinel");
    for index in [4, u32::MAX] {
        assert_eq!(
            answered(index),
            Some(no_leaf_answer(&accepted, index, &any))
        );
    }
}

/// What somebody asked for is not told again, whatever became of it: the next part of the block is, as long as there may be one.
#[test]
fn what_was_asked_for_before_is_gone_behind() {
    let (epoch, segments) = made();
    let part = |number| DataTarget::Segment {
        epoch: 0,
        block: 1,
        number,
    };
    let mut asked = BTreeMap::from([(part(0), false), (part(1), false)]);
    let mut parts = RootParts::default();
    assert_eq!(parts.next_unasked(0, 1, &asked), Some(2));
    assert_eq!(parts.next_unasked(0, 2, &asked), Some(0));
    // What may still be answered tells how many there are.
    let open = BTreeMap::from([(part(0), true)]);
    assert_eq!(parts.next_unasked(0, 1, &open), None);
    let mut bare = segments.clone();
    for one in &mut bare.segments {
        one.bytes = None;
    }
    let is_asked = |number| asked.contains_key(&part(number));
    assert_eq!(first_missing(&bare, is_asked), Some(2));
    assert_eq!(first_missing(&segments, |_| false), None);
    // How many there are is known from one of them.
    parts.take(&answer(&epoch, &segments, 1, 0), &now(&epoch));
    assert_eq!(parts.next_unasked(0, 1, &asked), Some(2));
    asked.insert(part(2), true);
    assert_eq!(parts.next_unasked(0, 1, &asked), None);
}
