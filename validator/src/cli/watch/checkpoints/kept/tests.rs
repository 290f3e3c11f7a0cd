//! What is kept is read back as it was, is bounded by what root keeps, and a damaged file is as good as none.

use alloy_primitives::B256;
use plasmid_bridge::client::watcher::unsound::CheckpointsOver;
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::commitment::blocks_root;

use super::*;
use crate::chain::fixture;

fn accepted(epoch: u64, blocks: &[BlockCommitment]) -> Acceptance {
    let hashes: Vec<B256> = blocks.iter().map(BlockCommitment::hash).collect();
    let checkpoint = Checkpoint {
        epoch,
        blocks_root: blocks_root(&hashes),
        ..Checkpoint::decode(&[0; 224]).unwrap()
    };
    fixture::accepted(checkpoint)
}

#[test]
fn what_is_kept_is_read_back_and_what_is_final_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let blocks: Vec<_> = (0..3)
        .map(|time| BlockCommitment::genesis(1, time, B256::ZERO))
        .collect();
    let segment = OpenedSegment {
        kind: 9,
        first: 1,
        count: 2,
        length: 3,
        chunks_root: B256::repeat_byte(4),
        before: B256::repeat_byte(5),
        after: B256::repeat_byte(6),
        bytes: Some(vec![1, 2, 3]),
    };
    let bare = OpenedSegment {
        bytes: None,
        ..segment.clone()
    };
    let segments = OpenedSegments {
        count: 2,
        transactions: 7,
        list_root: B256::repeat_byte(8),
        segments: vec![segment, bare],
    };
    let all: Vec<Acceptance> = (0..4).map(|epoch| accepted(epoch, &blocks)).collect();
    let mut archive = CheckpointArchive::open(folder.path().to_owned());
    for one in &all {
        assert_eq!(archive.blocks(one), None);
        let epoch = OpenedEpoch::new(one.clone(), blocks.clone(), 3).unwrap();
        archive.keep_blocks(&epoch);
        archive.keep_segments(one, 2, &segments);
    }
    let mut archive = CheckpointArchive::open(folder.path().to_owned());
    assert_eq!(archive.trouble(), None);
    for one in &all {
        assert_eq!(archive.blocks(one).as_ref(), Some(&blocks));
        assert_eq!(archive.segments(one, 2).as_ref(), Some(&segments));
        assert_eq!(archive.segments(one, 1), None);
    }
    let each = archive.bytes / 4;
    archive.retain(&CheckpointsOver::default());
    assert_eq!(archive.bytes, 4 * each);
    archive.retain(&CheckpointsOver {
        finalized: 2,
        void_from: Some(3),
    });
    assert_eq!(archive.bytes, 2 * each);
    let kept: Vec<bool> = all
        .iter()
        .map(|one| archive.blocks(one).is_some())
        .collect();
    assert_eq!(kept, [false, true, true, false]);
    // Every cut file, and every file of another length, is none.
    let path = archive.place(&all[2]).join("2");
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert_ne!(archive.segments(&all[2], 2).as_ref(), Some(&segments));
    }
}

/// A state of some leaves, and a checkpoint that leaves it.
fn left(epoch: u64) -> (Acceptance, Tree) {
    let mut tree = Tree::new();
    let changes = (0..=epoch as u8).map(|number| crate::chain::tree::Change {
        key: B256::repeat_byte(number + 1),
        kind: number,
        value: vec![number; 9],
    });
    tree.apply(&changes.collect::<Vec<_>>()).unwrap();
    let mut one = accepted(epoch, &[]);
    one.checkpoint.state_root = tree.root();
    one.digest = one.checkpoint.digest();
    (one, tree)
}

/// Bytes of the states that are kept.
fn archive_states(archive: &CheckpointArchive) -> Vec<u64> {
    let folders = entries(&archive.folder);
    let states = folders.iter().map(|one| one.join(STATE));
    states
        .filter(|path| path.exists())
        .map(|path| size(&path))
        .collect()
}

#[test]
fn what_was_shown_and_a_state_take_no_room_of_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let states: Vec<(Acceptance, Tree)> = (0..3).map(left).collect();
    let acceptances = states.iter().map(|(one, _)| one.clone()).collect();
    let now = AcceptedCheckpoints {
        acceptances,
        ..AcceptedCheckpoints::default()
    };
    let mut archive = CheckpointArchive::open(folder.path().to_owned());
    let (first, tree) = &states[0];
    archive.keep_state(first, tree);
    let length = archive_states(&archive)[0];
    let block = OpenedSegments::of(Vec::new());
    let own = encode(&block).len() as u64;
    // There is room for one block, and for a state as large as the first one.
    archive.room = (own, length);
    archive.keep_segments(first, 0, &block);
    assert_eq!((archive.trouble(), archive.bytes), (None, own));
    archive.keep_segments(first, 1, &block);
    assert!(
        archive
            .trouble()
            .is_some_and(|why| why.contains("judged and not kept"))
    );
    // The folder is full, and the state is kept all the same, over the one before.
    archive.keep_state(first, tree);
    assert_eq!(archive.trouble(), None);
    archive.room = (own, archive_states(&archive)[0] * 2);
    archive.keep_state(&states[1].0, &states[1].1);
    assert_eq!((archive.trouble(), archive.state_epoch()), (None, Some(1)));
    // One that is too large leaves the one before where it is.
    archive.room = (own, length);
    archive.keep_state(&states[2].0, &states[2].1);
    assert!(
        archive
            .trouble()
            .is_some_and(|why| why.contains("it is not kept"))
    );
    assert_eq!(archive.state(&now).map(|(one, _)| one.epoch), Some(1));
    // What is left of a state that was being written counts as little as a state.
    let cut = archive.place(first).join("state.new");
    fs::write(cut, [0; 99]).unwrap();
    let archive = CheckpointArchive::open(folder.path().to_owned());
    assert_eq!(archive.bytes, own);
}

#[test]
fn of_states_the_newest_one_is_kept_and_one_that_does_not_lead_to_roots_word_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let states: Vec<(Acceptance, Tree)> = (0..3).map(left).collect();
    let acceptances: Vec<Acceptance> = states.iter().map(|(one, _)| one.clone()).collect();
    let now = |count: usize| AcceptedCheckpoints {
        acceptances: acceptances[..count].to_vec(),
        ..AcceptedCheckpoints::default()
    };
    let mut archive = CheckpointArchive::open(folder.path().to_owned());
    assert!(archive.state(&now(3)).is_none());
    let mut sizes = Vec::new();
    for (one, tree) in &states {
        archive.keep_state(one, tree);
        assert_eq!((archive.trouble(), archive.bytes), (None, 0));
        sizes.extend(archive_states(&archive));
        let (found, kept) = archive.state(&now(3)).unwrap();
        assert_eq!((found.epoch, kept.root()), (one.epoch, tree.root()));
        assert_eq!(archive.state_epoch(), Some(one.epoch));
    }
    // The others are gone, and their room with them.
    let leaf = |count: u64| 4 + image::LEAF_HEAD as u64 * (count + 2) + 9 * (count + 1);
    assert_eq!(sizes, [leaf(0), leaf(1), leaf(2)]);
    let mut archive = CheckpointArchive::open(folder.path().to_owned());
    assert!(archive.state(&now(2)).is_none());
    let path = archive.place(&acceptances[2]).join(STATE);
    let whole = fs::read(&path).unwrap();
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(archive.state(&now(3)).is_none(), "byte {place}");
        fs::write(&path, &whole[..place]).unwrap();
        assert!(archive.state(&now(3)).is_none(), "cut at {place}");
    }
    fs::write(&path, [&whole[..], &[0]].concat()).unwrap();
    assert!(archive.state(&now(3)).is_none());
    fs::write(&path, &whole).unwrap();
    assert!(archive.state(&now(3)).is_some());
    archive.retain(&CheckpointsOver {
        finalized: 4,
        void_from: None,
    });
    assert_eq!((archive.bytes, archive.state_epoch()), (0, None));
}
