//! Vectors of what the child commits to: the state tree, lists, segments and blocks.

use serde_json::{Value, json};

use super::{hex, hexes, word};
use crate::proof::{
    Hash,
    commitment::{self, BlockCommitment, SegmentKind, SegmentRecord},
    list,
    tree::{self, model::Model},
};

/// A state of 21 leaves of two kinds.
fn state() -> Model {
    let mut model = Model::new();
    for number in 0..20 {
        let width = if number % 2 == 0 { 16 } else { 56 };
        let value = [word("value", number).as_slice(), &[number as u8; 24]].concat();
        let kind = if number % 2 == 0 { 3 } else { 7 };
        model.set(word("key", number), kind, &value[..width]);
    }
    model
}

pub(super) fn inclusion_cases() -> Vec<Value> {
    let model = state();
    let root = model.root();
    let case = |index: u32| {
        let proof = model.prove(index);
        let leaf = &model.leaves[index as usize];
        assert_eq!(
            tree::verify_inclusion(&leaf.key, leaf.kind, &leaf.value, &proof, &root),
            Ok(())
        );
        json!({
            "root": hex(root), "treeRoot": hex(model.tree_root()), "count": proof.count, "index": index,
            "key": hex(proof.key), "next": hex(proof.next), "kind": leaf.kind, "value": hex(&leaf.value),
            "valueHash": hex(proof.value_hash), "leaf": hex(leaf.hash()), "siblings": hexes(&proof.siblings),
        })
    };
    [0, 1, 7, 20].into_iter().map(case).collect()
}

pub(super) fn absence_cases() -> Vec<Value> {
    let model = state();
    let root = model.root();
    let case = |key: Hash| {
        let proof = model.prove(model.low_of(&key).expect("a low leaf"));
        assert_eq!(tree::verify_absence(&key, &proof, &root), Ok(()));
        json!({
            "root": hex(root), "count": proof.count, "absent": hex(key), "index": proof.index,
            "key": hex(proof.key), "next": hex(proof.next), "valueHash": hex(proof.value_hash),
            "siblings": hexes(&proof.siblings),
        })
    };
    let mut smallest = Hash::ZERO;
    smallest[31] = 1;
    [
        word("absent", 0),
        word("absent", 1),
        smallest,
        Hash::repeat_byte(0xff),
    ]
    .into_iter()
    .map(case)
    .collect()
}

/// `touched` leaves are proven and changed, `appends` places behind the last leaf are proven empty and filled.
fn multiproof_case(touched: &[u32], appends: u32) -> Value {
    let before = state();
    let mut after = before.clone();
    for index in touched {
        let leaf = &mut after.leaves[*index as usize];
        leaf.value = vec![0xaa; leaf.value.len()];
    }
    // Appended behind the largest key: the low leaf of each must be among the touched ones.
    for number in 0..appends {
        let mut key = Hash::repeat_byte(0xff);
        key[31] = number as u8;
        after.set(key, 3, &[number as u8; 16]);
    }
    let mut indices = touched.to_vec();
    indices.extend(before.count()..before.count() + appends);
    let proof = before.multiproof(&indices);
    let leaves_of = |model: &Model| -> Vec<(u32, Hash)> {
        indices
            .iter()
            .map(|at| (*at, model.leaf_hash(*at)))
            .collect()
    };
    let (old, new) = (leaves_of(&before), leaves_of(&after));
    assert_eq!(proof.root(&old), Ok(before.tree_root()));
    assert_eq!(proof.root(&new), Ok(after.tree_root()));
    let hashes =
        |leaves: &[(u32, Hash)]| leaves.iter().map(|(_, hash)| hex(hash)).collect::<Vec<_>>();
    json!({
        "count": before.count(), "treeRoot": hex(before.tree_root()), "root": hex(before.root()),
        "indices": indices, "leaves": hashes(&old), "siblings": hexes(&proof.siblings),
        "afterCount": after.count(), "afterTreeRoot": hex(after.tree_root()), "afterRoot": hex(after.root()),
        "afterLeaves": hashes(&new),
    })
}

pub(super) fn multiproof_cases() -> Vec<Value> {
    let model = state();
    let largest = model
        .leaves
        .iter()
        .position(|leaf| leaf.next.is_zero())
        .expect("a largest key") as u32;
    let with_largest = |others: &[u32]| {
        let mut touched = others.to_vec();
        touched.push(largest);
        touched.sort_unstable();
        touched.dedup();
        touched
    };
    vec![
        multiproof_case(&[5], 0),
        multiproof_case(&[0, 20], 0),
        multiproof_case(&with_largest(&[1, 2, 3]), 3),
        multiproof_case(&(0..21).collect::<Vec<_>>(), 11),
    ]
}

pub(super) fn list_cases() -> Value {
    let leaves: Vec<Hash> = (0..64).map(|number| word("list leaf", number)).collect();
    let counts = [0_u32, 1, 2, 3, 5, 64];
    let root = |count: u32| list::root(&leaves[..count as usize]);
    let case = |count: u32, index: u32| {
        let siblings = list::prove(&leaves[..count as usize], index).expect("a leaf");
        let leaf = leaves[index as usize];
        assert!(list::verify(&root(count), &leaf, index, count, &siblings));
        json!({
            "count": count, "index": index, "root": hex(root(count)), "leaf": hex(leaf),
            "siblings": hexes(&siblings),
        })
    };
    json!({
        "leaves": hexes(&leaves),
        "counts": counts,
        "roots": counts.map(|count| hex(root(count))),
        "proofs": [case(1, 0), case(2, 1), case(3, 2), case(5, 0), case(5, 4), case(64, 0), case(64, 37), case(64, 63)],
    })
}

pub(super) fn commitment_cases() -> Value {
    let bytes: Vec<u8> = (0..32_768_u32).map(|at| (at % 251) as u8).collect();
    let lengths = [0, 1, 1_023, 1_024, 1_025, 3_000, 32_768];
    let record = |number: u32, kind| SegmentRecord {
        kind,
        first: number * 32,
        count: 32 - number,
        bytes_hash: word("segment bytes", number),
        before: word("state", number),
        after: word("state", number + 1),
    };
    let records = [
        record(0, SegmentKind::Record),
        record(1, SegmentKind::Messages),
        record(2, SegmentKind::Evidence),
        record(3, SegmentKind::Users),
        record(4, SegmentKind::Boundary),
    ];
    let hashes = records.map(|record| record.hash());
    let block = BlockCommitment {
        rules: 1,
        height: 77,
        time: 1_700_000_000_123_456_789,
        block_hash: word("block", 77),
        witness_hash: commitment::witness_hash(&bytes[..300]),
        before: word("state", 0),
        after: word("state", 5),
        segments_root: commitment::segments_root(&hashes, 150),
    };
    let genesis = BlockCommitment::genesis(1, 1_700_000_000_000_000_000, word("state", 0));
    let blocks: Vec<Hash> = (0..64).map(|number| word("list leaf", number)).collect();
    json!({
        "patternModulus": 251,
        "bytesLengths": lengths,
        "bytesHashes": lengths.map(|length| hex(commitment::bytes_hash(&bytes[..length]))),
        "witnessLength": 300,
        "witnessHash": hex(block.witness_hash),
        "segments": records.iter().map(|record| json!({
            "kind": record.kind as u8, "first": record.first, "count": record.count, "bytesHash": hex(record.bytes_hash),
            "before": hex(record.before), "after": hex(record.after), "hash": hex(record.hash()),
        })).collect::<Vec<_>>(),
        "transactions": 150,
        "segmentsRoot": hex(block.segments_root),
        "emptySegmentsRoot": hex(commitment::segments_root(&[], 0)),
        "block": block_case(&block),
        "genesis": block_case(&genesis),
        "blocksRoot": hex(commitment::blocks_root(&blocks)),
    })
}

fn block_case(block: &BlockCommitment) -> Value {
    json!({
        "rules": block.rules, "height": block.height, "time": block.time.to_string(), "blockHash": hex(block.block_hash),
        "witnessHash": hex(block.witness_hash), "before": hex(block.before), "after": hex(block.after),
        "segmentsRoot": hex(block.segments_root), "encoded": hex(block.encode()), "hash": hex(block.hash()),
    })
}
