//! Answers on root, put together and attacked, and leaves from the folder.

use alloy_primitives::B256;
use plasmid_bridge::client::watcher::challenges::RootAnswer;
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::commitment::{
    BlockCommitment, blocks_root, chunks_root, opened_segments_root,
};

use super::*;
use crate::chain::fixture;
use crate::chain::tree::{Change, Tree};
use crate::court::OpenedEpoch;

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
    let hashes: Vec<B256> = blocks.iter().map(BlockCommitment::hash).collect();
    let checkpoint = Checkpoint {
        blocks_root: blocks_root(&hashes),
        ..Checkpoint::decode(&[0; Checkpoint::BYTES]).expect("any bytes are one")
    };
    let accepted = fixture::accepted(checkpoint);
    let opened = OpenedEpoch::new(accepted, blocks, BLOCKS).expect("they are its blocks");
    (opened, segments)
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
        parts.take(&forged, &now(&epoch));
        parts.keep_segments(&epoch, 1, &mut archive);
        let kept = archive.segments(&epoch.accepted, 1).expect("it is kept");
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
    parts.take(&honest, &AcceptedCheckpoints::default());
    assert!(!parts.has_block(0, 1));
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
