//! Answers to challenges of every segment of a block and of every kind of leaf that a chain made: `validator/vectors/answers.json`, which the contract is given.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{B256, hex};
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::commitment::{BlockCommitment, blocks_root, chunks_root};
use plasmid_bridge::relay::challenges::{DataTarget, asking};
use serde_json::{Value as Json, json};

use super::*;
use crate::chain::fixture::{ALICE, BOB, World, accepted};
use crate::chain::opened::OpenedSegment;
use crate::ledger::vectors::keep;

const EPOCH_BLOCKS: u32 = 16;
/// The block with users' transactions.
const BLOCK: u32 = 5;
/// The last one, whose segments of the boundary have no bytes.
const LAST: u32 = EPOCH_BLOCKS - 1;

fn hex_of(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// An epoch that a chain made, the segments of two of its blocks, and the chain at its end.
struct Shown {
    world: World,
    epoch: OpenedEpoch,
    segments: BTreeMap<u32, OpenedSegments>,
}

fn shown() -> Shown {
    let mut world = World::new(EPOCH_BLOCKS, 4);
    let (mut blocks, mut segments) = (Vec::new(), BTreeMap::new());
    for number in 0..EPOCH_BLOCKS {
        if number == BLOCK {
            world.deposit(5);
            for sequence in 0..20 {
                world.transfer(ALICE, sequence, 1);
                world.transfer(BOB, sequence, 1);
            }
        }
        let (executed, committed) = world.step();
        blocks.push(committed.block);
        if [BLOCK, LAST].contains(&number) {
            let all = committed.segments.iter().zip(&executed.segments);
            let all = all.map(|(record, one)| OpenedSegment {
                bytes: Some(one.bytes.to_vec()),
                ..OpenedSegment::bare(record, chunks_root(&one.bytes), one.bytes.len())
            });
            segments.insert(number, OpenedSegments::of(all.collect()));
        }
    }
    let hashes: Vec<B256> = blocks.iter().map(BlockCommitment::hash).collect();
    let checkpoint = Checkpoint {
        deployment: world.deployment.domain.deployment,
        blocks_root: blocks_root(&hashes),
        state_root: world.tree.root(),
        ..Checkpoint::decode(&[0; Checkpoint::BYTES]).expect("any bytes are one")
    };
    let epoch =
        OpenedEpoch::new(accepted(checkpoint), blocks, EPOCH_BLOCKS).expect("they are its blocks");
    Shown {
        world,
        epoch,
        segments,
    }
}

impl Shown {
    fn segment(&self, block: u32, number: u32) -> Json {
        let target = DataTarget::Segment {
            epoch: 0,
            block,
            number,
        };
        let answer = self
            .epoch
            .segment_answer(block, &self.segments[&block], number);
        self.case(target, answer.expect("all of it is there"))
    }

    fn leaf(&self, index: u32) -> Json {
        let accepted = &self.epoch.accepted;
        let tree = &self.world.tree;
        let answer = match ShownLeaf::of(tree, index) {
            Some(leaf) => leaf_answer(accepted, &leaf),
            None => no_leaf_answer(accepted, index, &tree.prove(0).expect("the sentinel")),
        };
        self.case(DataTarget::Leaf { epoch: 0, index }, answer)
    }

    fn case(&self, target: DataTarget, answer: Vec<u8>) -> Json {
        let asking = asking(&self.epoch.accepted, target);
        json!({ "name": target.to_string(), "asking": hex_of(asking), "answer": hex_of(answer) })
    }
}

#[test]
fn the_vectors_of_answers_are_what_this_code_makes() {
    let shown = shown();
    let mut cases = Vec::new();
    let mut kinds = BTreeSet::new();
    for (block, of) in &shown.segments {
        kinds.extend(of.segments.iter().map(|one| (one.kind, one.length == 0)));
        let numbers = (0..of.count).chain([of.count, u32::MAX]);
        cases.extend(numbers.map(|number| shown.segment(*block, number)));
    }
    // A record, messages, users' transactions, and the boundary.
    let expected = [(1, false), (2, false), (4, false), (5, true)];
    assert_eq!(kinds, BTreeSet::from(expected));
    // One leaf of each kind, and where there is none.
    let count = shown.world.tree.count();
    let mut kinds = BTreeSet::new();
    for leaf in shown.world.tree.iter() {
        if kinds.insert(leaf.kind) {
            cases.push(shown.leaf(leaf.index));
        }
    }
    assert!(kinds.len() > 15, "{}", kinds.len());
    cases.extend([count, count + 1, u32::MAX].map(|index| shown.leaf(index)));
    let domain = shown.world.deployment.domain;
    keep(
        "answers",
        &json!({
            "about": "PROTOCOL section 13: calls of DataChallenges that ask for parts of a checkpoint that a chain made, and the calls that answer them",
            "epoch_blocks": EPOCH_BLOCKS,
            "root_chain_id": domain.root_chain_id,
            "root_chain": hex_of(domain.root_chain),
            "deployment": hex_of(domain.deployment),
            "record": hex_of(shown.epoch.accepted.record()),
            "accepted_at": shown.epoch.accepted.time,
            "cases": cases,
        }),
    );
}

#[test]
fn what_is_not_there_is_no_answer() {
    let shown = shown();
    let mut segments = shown.segments[&BLOCK].clone();
    let answer = |segments: &OpenedSegments, block, number| {
        shown.epoch.segment_answer(block, segments, number)
    };
    assert_eq!(answer(&segments, EPOCH_BLOCKS, 0), None);
    assert!(answer(&segments, BLOCK, 1).is_some());
    segments.segments[1].bytes = None;
    assert_eq!(answer(&segments, BLOCK, 1), None);
    // The others, and that there are no more, need not these bytes.
    assert!(answer(&segments, BLOCK, 0).is_some());
    assert!(answer(&segments, BLOCK, 99).is_some());
}
