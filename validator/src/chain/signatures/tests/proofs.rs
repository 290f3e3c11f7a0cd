//! Whole proofs of a bad signature, of an epoch that a chain made: `validator/vectors/proofs.json`. In each, one bit of one signature is changed
//! and everything above it is committed to anew, or nothing is.

use alloy_primitives::Address;
use alloy_sol_types::SolCall;
use plasmid_bridge::abi::{IFraudCourt, IRootChain};
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::commitment::{self, BlockCommitment, SegmentRecord};
use plasmid_bridge::proof::list;
use plasmid_bridge::relay::acceptance::Acceptance;

use super::*;
use crate::chain::segments::Segment;

const EPOCH_BLOCKS: u32 = 16;
/// The block with users' transactions.
const BLOCK: u32 = 5;

/// An epoch's blocks, and the segments of one of them.
struct Epoch {
    world: World,
    blocks: Vec<BlockCommitment>,
    records: Vec<SegmentRecord>,
    segments: Vec<Segment>,
    transactions: u32,
}

impl Epoch {
    fn new() -> Self {
        let mut world = World::new(EPOCH_BLOCKS, 4);
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
            transactions: executed.transactions,
        }
    }

    /// The proof about transaction `place` of segment `number`, which is changed so or not.
    fn proof(mut self, number: u32, place: usize, changed: bool) -> Json {
        let at = number as usize;
        let domain = self.world.deployment.domain;
        let mut bytes = self.segments[at].bytes.clone();
        if changed {
            let before = segments::transactions(&bytes).unwrap();
            let end: usize = before[..=place].iter().map(|one| 4 + one.len()).sum();
            bytes[end - 2] ^= 1;
        }
        let all = segments::transactions(&bytes).unwrap();
        let bad = bad_signatures(&all, &domain);
        let hints = match bad.as_slice() {
            [bad] if changed && bad.place as usize == place => bad.hints,
            [] if !changed => hints(&Transaction::decode(all[place]).unwrap()),
            _ => panic!("{bad:?}"),
        };
        self.records[at].bytes_hash = commitment::bytes_hash(&bytes);
        let hashes: Vec<B256> = self.records.iter().map(SegmentRecord::hash).collect();
        let block = &mut self.blocks[BLOCK as usize];
        let root = block.segments_root;
        block.segments_root = commitment::segments_root(&hashes, self.transactions);
        assert_eq!(block.segments_root != root, changed);
        let block = *block;
        let blocks: Vec<B256> = self.blocks.iter().map(BlockCommitment::hash).collect();
        let checkpoint = Checkpoint {
            deployment: domain.deployment,
            blocks_root: commitment::blocks_root(&blocks),
            ..Checkpoint::decode(&[0; 224]).unwrap()
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
        let chunks: Vec<B256> = bytes.chunks(1_024).map(commitment::chunk_hash).collect();
        let record = &self.records[at];
        let call = IFraudCourt::proveSignatureCall {
            accused: IFraudCourt::Accused {
                checkpoint: IRootChain::Checkpoint::from(&checkpoint),
                acceptance: IRootChain::Acceptance::from(&accepted),
            },
            shown: IFraudCourt::Block {
                number: BLOCK,
                rules: block.rules,
                height: block.height,
                time: block.time,
                blockHash: block.block_hash,
                witnessHash: block.witness_hash,
                stateBefore: block.before,
                stateAfter: block.after,
                segmentsRoot: block.segments_root,
                siblings: list::prove(&blocks, BLOCK).unwrap(),
            },
            segments: IFraudCourt::Segments {
                count: u32::try_from(hashes.len()).unwrap(),
                transactions: self.transactions,
                listRoot: list::root(&hashes),
            },
            segment: IFraudCourt::Segment {
                number,
                kind: record.kind as u8,
                first: record.first,
                count: record.count,
                length: u32::try_from(bytes.len()).unwrap(),
                chunksRoot: list::root(&chunks),
                stateBefore: record.before,
                stateAfter: record.after,
                siblings: list::prove(&hashes, number).unwrap(),
            },
            signed: IFraudCourt::Signed {
                segment: bytes.into(),
                place: u32::try_from(place).unwrap(),
                ofKey: hints[0],
                ofR: hints[1],
            },
        };
        json!({
            "place": place,
            "code": if changed { Code::BadSignature.number() } else { 0 },
            "record": hex_of(accepted.record()),
            "call": hex_of(call.abi_encode()),
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
    held("proofs.json", &made);
}
