//! Vectors of segments, `validator/vectors/segments.json`: one block with a segment of every kind, each with its witness as a court is
//! given it, the root before and the root after; and one segment of too many leaves, with a witness that ends where it is refused.
//!
//! `PLASMID_WRITE_VECTORS=1` writes the file; without it the file must be what this code makes.

use std::collections::BTreeSet;
use std::sync::Arc;

use plasmid_bridge::proof::commitment::SegmentRecord;
use serde_json::{Value as Json, json};

use super::*;
use crate::chain::commit::{commit, witness};
use crate::chain::segments::Segment;
use crate::ledger::check;
use crate::ledger::slot::width_of_kind;
use crate::ledger::transaction::Body as Act;
use crate::ledger::vectors::keep;

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
        let input = SegmentInput::of(segment, scene.moment(), &domain);
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
        "refused": [too_many_leaves()],
    })
}

/// A token that many hold.
const TOKEN: [u8; 20] = [0x77; 20];
/// The first of those who pay, and the first of those who are paid.
const PAYER: u8 = 0x80;
const PAID: u8 = 0xc0;

/// Transfers of one token, each between two others, on the state that lets them apply.
fn transfers(count: u8) -> (World, Vec<Vec<u8>>) {
    let mut world = World::new(16, 20);
    world.step();
    for first in [PAYER, PAID] {
        for number in 0..count {
            world.send(Body::Deposit(Deposit {
                token: TOKEN,
                amount: 5,
                native: 1 << 62,
                recipient: account(first + number).bytes(),
                refund: [7; 20],
                depositor: [7; 20],
                decimals: 18,
                symbol_length: 0,
                symbol: [0; 32],
            }));
        }
        world.step();
    }
    let pay = |number: u8| {
        let body = Act::Transfer {
            to: account(PAID + number),
            token: TOKEN,
            amount: 1,
        };
        world.signed_as(PAYER + number, 0, body, |_| {})
    };
    let transfers = (0..count).map(pay).collect();
    (world, transfers)
}

/// Executes transfers on the witness of these leaves alone, each read back from its bytes.
fn on_witness(
    world: &World,
    transfers: &[Vec<u8>],
    touched: &BTreeSet<B256>,
) -> (Vec<u8>, Result<B256, ReexecuteError>) {
    let bytes = bytes_of(transfers);
    let segment = Segment {
        kind: SegmentKind::Users,
        first: 1,
        count: transfers.len() as u32,
        bytes: Arc::new(bytes.clone()),
        changes: Vec::new(),
        touched: touched.clone(),
    };
    let held = witness(&world.tree, &segment).expect("the tree proves its leaves");
    assert_eq!((held.leaves.len(), held.appends), (touched.len(), 0));
    let held = held.encode();
    let moment = Moment {
        height: world.height + 1,
        time: world.time,
    };
    let input = SegmentInput::of(&segment, moment, &world.deployment.domain);
    let read = Witness::decode(&held, width_of_kind).expect("it decodes");
    let outcome = reexecute(read, &world.tree.root(), &input, &ColdChecker);
    (held, outcome)
}

/// 24 transfers between 48 holders touch 75 leaves, more than any witness holds. A court refuses them at the 73rd, which the witness
/// holds, and asks for nothing behind it: else whoever made such a segment could write any root behind it.
fn too_many_leaves() -> Json {
    let (world, transfers) = transfers(24);
    let domain = world.deployment.domain;
    let touched_by = |count: usize| {
        let mut overlay = Overlay::new(&world.tree);
        let parameters: Parameters = expect(&mut overlay, &Slot::Parameters).expect("parameters");
        let context = Context::new(world.height + 1, &parameters, &domain);
        for bytes in &transfers[..count] {
            let checked = check(bytes, &domain).expect("signed");
            apply_user(&mut overlay, &checked, &context).expect("it applies");
        }
        overlay.take().touched
    };
    let (tolerated, all) = (touched_by(23), touched_by(24));
    assert_eq!((tolerated.len(), all.len()), (72, 75));
    let (_, outcome) = on_witness(&world, &transfers[..23], &tolerated);
    outcome.expect("a court tolerates 72");
    // Of the 24th, the sender's account is asked for first.
    let mut touched = tolerated.clone();
    touched.insert(Slot::Account(account(PAYER + 23)).key());
    let (held, outcome) = on_witness(&world, &transfers, &touched);
    let leaves = 73;
    assert_eq!(
        outcome,
        Err(ReexecuteError::Rule(RuleError::Touched { leaves }))
    );
    // Without the 73rd nothing is shown.
    let (_, outcome) = on_witness(&world, &transfers, &tolerated);
    assert!(matches!(
        outcome,
        Err(ReexecuteError::Witness(WitnessError::Undecided(_)))
    ));
    json!({
        "why": "more than 72 touched leaves", "height": world.height + 1, "time": world.time.to_string(),
        "domain_separator": hex_of(domain.separator()), "kind": SegmentKind::Users as u8, "count": 24,
        "bytes": hex_of(bytes_of(&transfers)), "before": hex_of(world.tree.root()), "touched": leaves, "witness": hex_of(held),
    })
}

#[test]
fn the_vectors_of_segments_are_what_this_code_makes() {
    let vectors = vectors();
    let kinds: Vec<u64> = vectors["segments"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|case| case["kind"].as_u64())
        .collect();
    assert_eq!(kinds, [1, 2, 3, 4, 5, 5, 5, 5, 5]);
    keep("segments", &vectors);
}
