//! What a proof file holds, and what is said of one that holds.

use super::*;

#[test]
fn a_proof_file_has_every_part_under_its_name_and_is_read_as_it_was_written() {
    let checkpoint = Checkpoint {
        deployment: [1; 20],
        epoch: 2,
        last_block_time: 3,
        blocks_root: B256::repeat_byte(4),
        state_root: B256::repeat_byte(5),
        inbox_cursor: 6,
        inbox_link: B256::repeat_byte(7),
        next_set: B256::repeat_byte(8),
        relayer: [9; 20],
        previous: B256::repeat_byte(10),
    };
    let proof = LeafProof {
        present: true,
        key: vec![11; 32],
        index: 12,
        leaf_key: vec![13; 32],
        next_key: vec![14; 32],
        kind: 15,
        value: vec![16; 2],
        siblings: (0..32).map(|level| vec![level; 32]).collect(),
        leaf_count: 17,
        state_root: vec![18; 32],
    };
    let claim = Claim::Withdrawal(19);
    let siblings: Vec<String> = (0..32).map(|level| hex::encode([level; 32])).collect();
    let file = to_json(&claim, &proof, &checkpoint.encode());
    let expected = json!({
        "of": { "withdrawal": 19 }, "checkpoint": hex::encode(checkpoint.encode()), "present": true, "index": 12,
        "leaf_key": "0d".repeat(32), "next_key": "0e".repeat(32), "kind": 15, "value": "1010", "siblings": siblings, "leaf_count": 17,
    });
    assert_eq!(file, expected);
    let read = Proof::read(&file).expect("it is whole");
    assert_eq!(read.checkpoint, checkpoint);
    let inclusion = &read.inclusion;
    assert_eq!((inclusion.index, inclusion.count), (12, 17));
    assert_eq!(inclusion.key, B256::repeat_byte(13));
    assert_eq!(inclusion.next, B256::repeat_byte(14));
    assert_eq!(inclusion.value_hash, tree::value_hash(15, &[16; 2]));
    assert_eq!(inclusion.siblings[31], B256::repeat_byte(31));
    let expected = json!({
        "holds": true, "of": { "withdrawal": 19 }, "present": true, "leaf": { "amount": "1" }, "epoch": 2,
        "state_root": B256::repeat_byte(5).to_string(), "checked_against": "root",
    });
    let shown = verified(&read, &json!({ "amount": "1" }), "root");
    assert_eq!(shown, expected);
    // Each part has to be there.
    for name in [
        "of",
        "checkpoint",
        "present",
        "index",
        "leaf_key",
        "next_key",
        "kind",
        "siblings",
        "leaf_count",
    ] {
        let mut less = file.clone();
        less.as_object_mut().expect("an object").remove(name);
        assert!(Proof::read(&less).is_err(), "{name}");
    }
}
