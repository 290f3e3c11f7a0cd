//! Vectors of segments, `validator/vectors/segments.json`: one block with a segment of every kind, each with its witness as a court is
//! given it, the root before and the root after.
//!
//! `PLASMID_WRITE_VECTORS=1` writes the file; without it the file must be what this code makes.

use std::path::Path;

use plasmid_bridge::proof::commitment::SegmentRecord;
use serde_json::{Value as Json, json};

use super::*;
use crate::chain::commit::commit;
use crate::ledger::slot::width_of_kind;

fn hex_of(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn case(bytes: &[u8], touched: usize, record: &SegmentRecord, witness: &Witness) -> Json {
    json!({
        "kind": record.kind as u8, "first": record.first, "count": record.count, "bytes": hex_of(bytes),
        "bytes_hash": hex_of(record.bytes_hash), "before": hex_of(record.before), "after": hex_of(record.after),
        "record": hex_of(record.hash()), "touched": touched, "witness": hex_of(witness.encode()),
    })
}

/// The cases, and every witness read back and executed from its bytes alone.
fn vectors() -> Json {
    let mut scene = Scene::new();
    let executed = scene
        .world
        .execute(&scene.honest.block())
        .expect("an honest block");
    let committed = commit(
        &mut scene.world.tree,
        &executed,
        1,
        B256::repeat_byte(5),
        true,
    )
    .expect("it fits the tree");
    let domain = scene.world.deployment.domain;
    let mut cases = Vec::new();
    let records = committed.segments.iter().zip(&committed.witnesses);
    for (segment, (record, witness)) in executed.segments.iter().zip(records) {
        let bytes = witness.encode();
        let read = Witness::decode(&bytes, width_of_kind).expect("it decodes");
        assert_eq!(&read, witness);
        let input = SegmentInput {
            kind: segment.kind,
            count: segment.count,
            bytes: &segment.bytes,
            moment: scene.moment(),
            domain: &domain,
        };
        let after = reexecute(read, &record.before, &input, &ColdChecker);
        assert_eq!(after.expect("it executes"), record.after);
        for cut in [0, 3, 5, bytes.len() - 1] {
            assert!(
                Witness::decode(&bytes[..cut], width_of_kind).is_err(),
                "cut at {cut}"
            );
        }
        cases.push(case(&segment.bytes, segment.touched.len(), record, witness));
    }
    json!({
        "about": "PROTOCOL section 12: the segments of one block that ends an epoch, with their witnesses",
        "height": executed.height, "time": executed.time.to_string(), "rules": 1,
        "block": hex_of(committed.block.encode()), "app_hash": hex_of(committed.block.hash()),
        "transactions": executed.transactions, "domain_separator": hex_of(domain.separator()),
        "segments": cases,
    })
}

#[test]
fn the_vectors_of_segments_are_what_this_code_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/segments.json");
    let vectors = vectors();
    let kinds: Vec<u64> = vectors["segments"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|case| case["kind"].as_u64())
        .collect();
    assert_eq!(kinds, [1, 2, 3, 4, 5, 5]);
    let made = format!("{vectors:#}\n");
    if std::env::var_os("PLASMID_WRITE_VECTORS").is_some() {
        std::fs::write(&path, &made).expect("the vectors are written");
    }
    let held = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        held == made,
        "write the vectors anew with PLASMID_WRITE_VECTORS=1 if the protocol was meant to change"
    );
}
