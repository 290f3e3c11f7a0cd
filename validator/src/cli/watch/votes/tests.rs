//! Evidence as CometBFT writes it, with all that its votes may hold beside what is read.

use serde_json::json;

use super::*;

fn vote(block: &str) -> Value {
    json!({
        "type": 2, "height": "12", "round": 3,
        "block_id": { "hash": block.repeat(32), "parts": { "total": 1, "hash": "CD".repeat(32) } },
        "timestamp": "2026-11-29T08:02:31.000000005Z", "validator_address": "0A".repeat(20), "validator_index": 3,
        "signature": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ==",
        "extension": "AQID", "extension_signature": "AgI=",
    })
}

fn evidence(first: Value, second: Value) -> Value {
    json!({
        "type": DUPLICATE_VOTE,
        "value": {
            "vote_a": first, "vote_b": second, "TotalVotingPower": "4", "ValidatorPower": "1",
            "Timestamp": "2026-11-29T08:02:31Z",
        },
    })
}

#[test]
fn precommits_with_extensions_are_read() {
    let votes = two_votes(&evidence(vote("AA"), vote("BB"))).expect("two votes");
    assert_eq!(votes.voter, [10; 20]);
    let SignedBallot { ballot, signature } = votes.first;
    assert_eq!(signature, [1; 64]);
    assert_eq!((ballot.height, ballot.round), (12, 3));
    assert!(matches!(ballot.step, VoteStep::Precommit));
    assert_eq!((ballot.secs, ballot.nanos), (1_795_939_351, 5));
    let block = ballot.block.expect("a block");
    assert_eq!(
        (block.hash, block.parts, block.parts_hash),
        ([0xaa; 32], 1, [0xcd; 32])
    );
    assert_eq!(votes.second.ballot.block.expect("a block").hash, [0xbb; 32]);
}

#[test]
fn a_vote_for_nil_and_one_of_1970_or_before_are_read() {
    let mut nil = vote("AA");
    nil["type"] = json!(1);
    nil["block_id"] = json!({ "hash": "", "parts": { "total": 0, "hash": "" } });
    nil["timestamp"] = json!("1970-01-01T00:00:00Z");
    nil["extension"] = Value::Null;
    let mut other = vote("BB");
    other["timestamp"] = json!("1969-12-31T23:59:59.5Z");
    let votes = two_votes(&evidence(nil, other)).expect("two votes");
    assert_eq!(votes.first.ballot.block, None);
    assert_eq!((votes.first.ballot.secs, votes.first.ballot.nanos), (0, 0));
    let time = (votes.second.ballot.secs, votes.second.ballot.nanos);
    assert_eq!(time, (-1, 500_000_000));
}

#[test]
fn what_can_be_no_vote_is_left_out_by_itself() {
    let changes: [(&str, Value); 8] = [
        ("type", json!(32)),
        ("height", json!(12)),
        ("height", json!("-1")),
        ("round", json!(-1)),
        ("timestamp", json!("yesterday")),
        ("validator_address", json!("0A")),
        ("signature", json!("AQ==")),
        (
            "block_id",
            json!({ "hash": "AA", "parts": { "total": 1, "hash": "" } }),
        ),
    ];
    for (field, value) in changes {
        let mut changed = vote("AA");
        changed[field] = value;
        assert_eq!(two_votes(&evidence(changed, vote("BB"))), None, "{field}");
    }
    assert_eq!(two_votes(&json!(null)), None);
    assert_eq!(
        two_votes(&json!({ "type": "tendermint/LightClientAttackEvidence", "value": {} })),
        None
    );
    let mut other = evidence(vote("AA"), vote("BB"));
    other["type"] = json!("another kind");
    assert_eq!(two_votes(&other), None);
}

#[test]
fn a_commit_gives_its_precommits_and_one_that_can_be_none_hides_no_other_one() {
    let signature = vote("AA")["signature"].clone();
    let signed = |flag: u8, byte: &str, time: &str| {
        json!({
            "block_id_flag": flag, "validator_address": byte.repeat(20), "timestamp": time, "signature": signature,
        })
    };
    let time = "2026-11-29T08:02:31.000000005Z";
    let absent = json!({
        "block_id_flag": 1, "validator_address": "", "timestamp": "0001-01-01T00:00:00Z", "signature": null,
    });
    let commit = json!({
        "height": "12", "round": 3, "block_id": vote("AA")["block_id"],
        "signatures": [signed(2, "0A", time), absent, signed(3, "0B", "1970-01-01T00:00:00Z"), signed(2, "0C", "soon"), signed(2, "0D", time)],
    });
    let votes = precommits(&commit);
    let voters: Vec<u8> = votes.iter().map(|(voter, _)| voter[0]).collect();
    assert_eq!(voters, [10, 11, 13]);
    let two = two_votes(&evidence(vote("AA"), vote("BB"))).expect("two votes");
    assert_eq!(votes[0].1, two.first);
    let nil = votes[1].1.ballot;
    assert_eq!(
        (nil.block, nil.secs, nil.height, nil.round),
        (None, 0, 12, 3)
    );
    assert_eq!(precommits(&json!({ "height": "12" })), []);
}
