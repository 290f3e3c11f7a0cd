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
    assert_eq!(two_votes(&attack()), None);
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

/// A commit at height 12 by the key that the evidence below is of.
fn commit(round: u32, block: &str, signature: &str) -> Value {
    json!({
        "height": "12", "round": round,
        "block_id": { "hash": block, "parts": { "total": 1, "hash": "00".repeat(32) } },
        "signatures": [{
            "block_id_flag": 2, "validator_address": "C8DEA0B28FAE9B89E975D5423F071B2184F704CF",
            "timestamp": "2026-11-30T08:02:31.000000005Z", "signature": signature,
        }],
    })
}

/// Evidence of an attack on light clients as CometBFT 0.38.25 writes it, without what is not read of it; key and signature are real.
pub(in crate::cli::watch) fn attack() -> Value {
    let block = "26CC1C0F2597D685A90CBFF739F3CC351428464C6022E322ADFDAB9D336753C7";
    let signature =
        "JuntoGmOVFJ30l12XQeOqevqMAMspERqIv7WwsQI54h32phVO1TurDcJkpmToT4qzzZsbLxgrMXG7kQlH1PzAA==";
    json!({
        "type": "tendermint/LightClientAttackEvidence",
        "value": {
            "ConflictingBlock": {
                "signed_header": { "header": { "chain_id": "plasmid-0a", "height": "12" }, "commit": commit(3, block, signature) },
                "validator_set": { "validators": [] },
            },
            "CommonHeight": "11", "ByzantineValidators": [], "TotalVotingPower": "10",
            "Timestamp": "2026-11-30T08:02:31.000000005Z",
        },
    })
}

/// The chain's own commit of that height.
pub(in crate::cli::watch) fn chain_commit() -> Value {
    let signature = vote("AA")["signature"].clone();
    commit(3, &"AB".repeat(32), signature.as_str().expect("a text"))
}

#[test]
fn an_attack_on_light_clients_gives_the_two_votes_of_each_key_of_one_round() {
    let votes = attack_votes(&attack(), &[chain_commit()]).expect("an attack");
    let [two] = votes.as_slice() else {
        panic!("{} keys", votes.len());
    };
    let key = "bb6048365cec3c6d1228dfe024c101e2d39fa6306399e884c3108ff3a5cd3d9f";
    let key: [u8; 32] = bytes(key).expect("a key");
    assert_eq!(two.voter, plasmid_bridge::proof::vote::address(&key));
    let SignedBallot { ballot, signature } = two.second;
    let message = ballot.sign_bytes("plasmid-0a");
    assert!(plasmid_bridge::proof::vote::verify(
        &key, &message, &signature
    ));
    assert_eq!(
        two.first.ballot.block.expect("a block").hash,
        [0xab; 32],
        "the chain's"
    );
    // Of another round, of the same block, and without the chain's commit there are none.
    let signature = vote("AA")["signature"].clone();
    let signature = signature.as_str().expect("a text");
    let same = attacking_commit(&attack()).expect("a commit").clone();
    let other = commit(2, &"AB".repeat(32), signature);
    for commits in [vec![other], vec![same], Vec::new()] {
        assert_eq!(attack_votes(&attack(), &commits), Some(Vec::new()));
    }
    assert_eq!(attack_votes(&evidence(vote("AA"), vote("BB")), &[]), None);
    let mut nothing = attack();
    nothing["value"] = json!({});
    assert_eq!(attack_votes(&nothing, &[chain_commit()]), None);
}
