//! Answers to challenges of every segment of a block and of every kind of leaf that a chain made: `validator/vectors/answers.json`, which the contract is given.

use alloy_primitives::{Address, B256, hex};
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::commitment::{BlockCommitment, blocks_root, chunks_root};
use serde_json::{Value as Json, json};

use super::*;
use crate::chain::fixture::{ALICE, BOB, World};
use crate::chain::opened::OpenedSegment;
use crate::ledger::vectors::keep;

const EPOCH_BLOCKS: u32 = 16;
/// The block with users' transactions.
const BLOCK: u32 = 5;

fn hex_of(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// An epoch that a chain made, the segments of one of its blocks, and the chain at its end.
struct Shown {
    world: World,
    epoch: OpenedEpoch,
    segments: OpenedSegments,
}

fn shown() -> Shown {
    let mut world = World::new(EPOCH_BLOCKS, 4);
    let (mut blocks, mut segments) = (Vec::new(), OpenedSegments::default());
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
        if number == BLOCK {
            let all = committed.segments.iter().zip(&executed.segments);
            let all = all.map(|(record, one)| OpenedSegment {
                bytes: Some(one.bytes.to_vec()),
                ..OpenedSegment::bare(record, chunks_root(&one.bytes), one.bytes.len())
            });
            segments = OpenedSegments::of(all.collect());
        }
    }
    let hashes: Vec<B256> = blocks.iter().map(BlockCommitment::hash).collect();
    let checkpoint = Checkpoint {
        deployment: world.deployment.domain.deployment,
        blocks_root: blocks_root(&hashes),
        state_root: world.tree.root(),
        ..Checkpoint::decode(&[0; Checkpoint::BYTES]).expect("any bytes are one")
    };
    let accepted = Acceptance {
        epoch: 0,
        digest: checkpoint.digest(),
        carrier: Address::ZERO,
        checkpoint,
        signers: [7; 64],
        time: 1_800_000_100,
        block: 77,
        due_count: 3,
        tau: 1_800_000_090,
    };
    let epoch = OpenedEpoch::new(accepted, blocks, EPOCH_BLOCKS).expect("they are its blocks");
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
        let answer = self.epoch.segment_answer(block, &self.segments, number);
        self.case(target, answer.expect("all of it is there"))
    }

    fn leaf(&self, index: u32) -> Json {
        let accepted = &self.epoch.accepted;
        let tree = &self.world.tree;
        let answer = match tree.leaf(index) {
            Some(leaf) => {
                let leaf = ShownLeaf {
                    kind: leaf.kind,
                    value: leaf.value.to_vec(),
                    inclusion: tree.prove(index).expect("it is there"),
                };
                leaf_answer(accepted, &leaf)
            }
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
    assert!(shown.segments.count > 3, "{}", shown.segments.count);
    let segments = (0..shown.segments.count).chain([shown.segments.count, u32::MAX]);
    let mut cases: Vec<Json> = segments
        .map(|number| shown.segment(BLOCK, number))
        .collect();
    // One leaf of each kind, and where there is none.
    let count = shown.world.tree.count();
    let mut kinds = std::collections::BTreeSet::new();
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
    let mut shown = shown();
    assert_eq!(
        shown.epoch.segment_answer(EPOCH_BLOCKS, &shown.segments, 0),
        None
    );
    let whole = shown.epoch.segment_answer(BLOCK, &shown.segments, 1);
    let bytes = shown.segments.segments[1].bytes.take();
    assert!(bytes.is_some() && whole.is_some());
    assert_eq!(shown.epoch.segment_answer(BLOCK, &shown.segments, 1), None);
    // The others, and that there are no more, need not these bytes.
    assert!(
        shown
            .epoch
            .segment_answer(BLOCK, &shown.segments, 0)
            .is_some()
    );
    assert!(
        shown
            .epoch
            .segment_answer(BLOCK, &shown.segments, 99)
            .is_some()
    );
}
