//! Whole proofs of a bad signature, of an epoch that a chain made: `validator/vectors/proofs.json`. In each, one bit of one signature is changed
//! and everything above it is committed to anew, or nothing is.

use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::commitment::{
    self, BlockCommitment, SegmentRecord, opened_segments_root,
};

use super::*;
use crate::chain::opened::{OpenedSegment, OpenedSegments, ShownLeaf};
use crate::chain::segments::Segment;
use crate::court::{CourtFacts, Hearing, OpenedEpoch};
use crate::ledger::Slot;

const EPOCH_BLOCKS: u32 = 16;
/// The block with users' transactions.
const BLOCK: u32 = 5;

/// An epoch's blocks, and the segments of one of them.
struct Epoch {
    world: World,
    blocks: Vec<BlockCommitment>,
    records: Vec<SegmentRecord>,
    segments: Vec<Segment>,
    facts: CourtFacts,
}

/// What the court knows of a world before its first block.
fn facts(world: &World) -> CourtFacts {
    let (index, kind, value) = world.tree.get(&Slot::Parameters.key()).unwrap();
    let shown = ShownLeaf {
        kind,
        value: value.to_vec(),
        inclusion: world.tree.prove(index).unwrap(),
    };
    let (domain, root) = (world.deployment.domain, world.tree.root());
    CourtFacts::new(domain, root, world.time / 1_000_000_000, shown).unwrap()
}

impl Epoch {
    fn new() -> Self {
        let mut world = World::new(EPOCH_BLOCKS, 4);
        let facts = facts(&world);
        let mut blocks = Vec::new();
        for _ in 0..BLOCK {
            blocks.push(world.step().1.block);
        }
        for sequence in 0..20 {
            world.transfer(ALICE, sequence, 1);
            world.transfer(BOB, sequence, 1);
        }
        let (executed, committed) = world.step();
        blocks.push(committed.block);
        while blocks.len() < EPOCH_BLOCKS as usize {
            blocks.push(world.step().1.block);
        }
        Self {
            world,
            blocks,
            records: committed.segments,
            segments: executed.segments,
            facts,
        }
    }

    /// The proof about transaction `place` of segment `number`, which is changed so or not.
    fn proof(mut self, number: u32, place: usize, changed: bool) -> Json {
        let at = number as usize;
        let domain = self.world.deployment.domain;
        let mut bytes = self.segments[at].bytes.to_vec();
        if changed {
            let before = segments::transactions(&bytes).unwrap();
            let end: usize = before[..=place].iter().map(|one| 4 + one.len()).sum();
            bytes[end - 2] ^= 1;
        }
        let all = segments::transactions(&bytes).unwrap();
        let bad = bad_signatures(&all, &domain);
        let hints = match bad.as_slice() {
            [bad] if changed && bad.place as usize == place => bad.hints,
            [] if !changed => hints(
                judge_signature(all[place], &domain.separator())
                    .unwrap()
                    .ed25519,
            ),
            _ => panic!("{bad:?}"),
        };
        let opened = self.records.iter().zip(&self.segments);
        let with = |record: &SegmentRecord, bytes: &[u8]| OpenedSegment {
            bytes: Some(bytes.to_vec()),
            ..OpenedSegment::bare(record, commitment::chunks_root(bytes), bytes.len())
        };
        let opened = opened.map(|(record, one)| with(record, &one.bytes));
        let mut opened: Vec<OpenedSegment> = opened.collect();
        opened[at] = with(&self.records[at], &bytes);
        let opened = OpenedSegments::of(opened);
        let block = &mut self.blocks[BLOCK as usize];
        let root = opened_segments_root(opened.count, opened.transactions, &opened.list_root);
        assert_eq!(block.segments_root != root, changed);
        block.segments_root = root;
        assert!(opened.are_counts_of(block) && opened.are_whole());
        let blocks: Vec<B256> = self.blocks.iter().map(BlockCommitment::hash).collect();
        let checkpoint = Checkpoint {
            deployment: domain.deployment,
            blocks_root: commitment::blocks_root(&blocks),
            ..Checkpoint::decode(&[0; 224]).unwrap()
        };
        let accepted = accepted(checkpoint);
        let record = accepted.record();
        let epoch = OpenedEpoch::new(accepted, self.blocks, EPOCH_BLOCKS).unwrap();
        let hearing = Hearing {
            facts: &self.facts,
            epoch: &epoch,
            previous: None,
        };
        let bad = BadSignature {
            place: u32::try_from(place).unwrap(),
            code: Code::BadSignature,
            hints,
        };
        let call = hearing
            .signature_call(BLOCK, &opened, number, &bad)
            .unwrap();
        // What judges a checkpoint finds the same, and shows it by the same call.
        let found = hearing.judge_segments(BLOCK, &opened).into_iter();
        let shown = found.map(|found| (found.broken.name(), found.call));
        let shown: Vec<_> = shown.collect();
        let expected = changed.then(|| ("bad_signature".to_owned(), Some(call.clone())));
        let expected: Vec<_> = expected.into_iter().collect();
        assert_eq!(shown, expected);
        json!({
            "place": place,
            "code": if changed { Code::BadSignature.number() } else { 0 },
            "record": hex_of(record),
            "call": hex_of(call),
        })
    }
}

#[test]
fn the_proof_vectors_in_the_tree_are_what_this_code_makes() {
    let domain = Epoch::new().world.deployment.domain;
    // Of the two users' segments each: the first, one within and the last, once changed and once not.
    let which = [(1, 0), (1, 17), (1, 31), (2, 0), (2, 7)];
    let cases = which.into_iter().flat_map(|(number, place)| {
        [true, false].map(|changed| Epoch::new().proof(number, place, changed))
    });
    let made = json!({
        "about": "PROTOCOL section 12: whole proofs of a bad signature, with the record that root keeps of the checkpoint; code 0 is no fraud",
        "epoch_blocks": EPOCH_BLOCKS,
        "root_chain_id": domain.root_chain_id,
        "root_chain": hex_of(domain.root_chain),
        "deployment": hex_of(domain.deployment),
        "cases": cases.collect::<Vec<_>>(),
    });
    keep("proofs", &made);
}
