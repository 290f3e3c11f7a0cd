//! Every kind of transaction under both schemes, signed and not, as the court judges it: `validator/vectors/signatures.json`.
//!
//! `PLASMID_WRITE_VECTORS=1` writes the file from `validator/vectors/transactions.json`; without it the file must be what this code makes.

mod proofs;

use alloy_primitives::{B256, keccak256};
use ed25519_zebra::{SigningKey, VerificationKey};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::*;
use crate::chain::fixture::{ALICE, BOB, World, accepted};
use crate::chain::segments;
use crate::ledger::Account;
use crate::ledger::eip712::digest_of;
use crate::ledger::vectors::keep;
use plasmid_bridge::proof::commitment::SegmentKind;

const TRANSACTIONS: &str = include_str!("../../../vectors/transactions.json");

/// Half of the order of secp256k1, and the order.
const HALF_ORDER: U256 = alloy_primitives::uint!(
    0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0_U256
);
const ORDER: U256 = alloy_primitives::uint!(
    0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256
);

fn hex_of(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn bytes_of(json: &Json) -> Vec<u8> {
    hex::decode(&json.as_str().unwrap()[2..]).unwrap()
}

fn domain() -> Domain {
    let json: Json = serde_json::from_str(TRANSACTIONS).unwrap();
    let domain = &json["domain"];
    Domain {
        root_chain_id: domain["root_chain_id"].as_u64().unwrap(),
        root_chain: bytes_of(&domain["root_chain"]).try_into().unwrap(),
        deployment: bytes_of(&domain["deployment"]).try_into().unwrap(),
    }
}

/// Transactions that their senders signed, each with the name of its kind and scheme.
fn signed() -> Vec<(String, Vec<u8>)> {
    let json: Json = serde_json::from_str(TRANSACTIONS).unwrap();
    let cases = json["cases"].as_array().unwrap();
    let ok = cases.iter().filter(|case| case["check"] == "ok");
    ok.map(|case| {
        let scheme = case["scheme"].as_u64().unwrap();
        let name = format!("{}, scheme {scheme}", case["kind"].as_str().unwrap());
        (name, bytes_of(&case["bytes"]))
    })
    .collect()
}

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

/// The bytes with others before their last `behind`.
fn put(bytes: &[u8], behind: usize, word: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = bytes.len() - behind;
    bytes[at..at + word.len()].copy_from_slice(word);
    bytes
}

/// Sent by the account of this key, whose signature is R and s.
fn by_key(bytes: &[u8], key: &[u8; 32], r: &[u8; 32], s: &[u8; 32]) -> Vec<u8> {
    let mut bytes = put(bytes, 96, &[*key, *r, *s].concat());
    bytes[3..23].copy_from_slice(&Sha256::digest(key)[..20]);
    bytes
}

fn no_point() -> [u8; 32] {
    let all = (0u64..).map(|number| keccak256(number.to_be_bytes()).0);
    let mut none = all.filter(|bytes| hint::x_coordinate(bytes).is_none());
    none.next().unwrap()
}

fn order_and(number: u8) -> [u8; 32] {
    let order: U256 = alloy_primitives::uint!(
        0x1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed_U256
    );
    (order + U256::from(number)).to_le_bytes()
}

/// Ed25519 in odd places: what a stricter verifier would refuse, and what none takes.
fn ed25519(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut one = [0; 32];
    one[0] = 1;
    let mut signed_one = one;
    signed_one[31] = 0x80;
    let above = {
        let mut above = [0xff; 32];
        above[0] = 0xee;
        above
    };
    let (zero, none) = ([0; 32], no_point());
    vec![
        ("a key of small order", by_key(bytes, &one, &one, &zero)),
        (
            "x = 0 with its sign",
            by_key(bytes, &signed_one, &one, &zero),
        ),
        ("y not below p", by_key(bytes, &above, &above, &zero)),
        (
            "a key of small order, another s",
            by_key(bytes, &one, &one, &one),
        ),
        ("a key that is no point", by_key(bytes, &none, &one, &zero)),
        ("R is no point", by_key(bytes, &one, &none, &zero)),
        ("neither is a point", by_key(bytes, &none, &none, &zero)),
        ("s is the order", by_key(bytes, &one, &one, &order_and(0))),
        (
            "s above the order",
            by_key(bytes, &none, &none, &order_and(7)),
        ),
        ("s is all ones", by_key(bytes, &one, &one, &[0xff; 32])),
        ("R of another signature", put(bytes, 64, &one)),
        ("an address as its sender", flipped(bytes, 2)),
    ]
}

fn secp256k1(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let s = U256::from_be_slice(&bytes[bytes.len() - 33..bytes.len() - 1]);
    let v = bytes[bytes.len() - 1];
    let mirrored = put(bytes, 33, &(ORDER - s).to_be_bytes::<32>());
    let word = |number: U256| number.to_be_bytes::<32>();
    vec![
        ("the mirrored s", put(&mirrored, 1, &[55 - v])),
        ("the other v", put(bytes, 1, &[55 - v])),
        ("v of 0 or 1", put(bytes, 1, &[v - 27])),
        ("v of 29", put(bytes, 1, &[29])),
        ("v of 37", put(bytes, 1, &[37])),
        ("r of 0", put(bytes, 65, &word(U256::ZERO))),
        ("r is the order", put(bytes, 65, &word(ORDER))),
        ("r is all ones", put(bytes, 65, &[0xff; 32])),
        ("r on no point", put(bytes, 65, &word(U256::from(5)))),
        ("s of 0", put(bytes, 33, &word(U256::ZERO))),
        ("s of half the order", put(bytes, 33, &word(HALF_ORDER))),
        (
            "s above half of the order",
            put(bytes, 33, &word(HALF_ORDER + U256::from(1))),
        ),
        ("a key as its sender", flipped(bytes, 2)),
    ]
}

/// What users cannot sign.
fn odd(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let with = |at: usize, byte: u8| {
        let mut bytes = bytes.to_vec();
        bytes[at] = byte;
        bytes
    };
    vec![
        ("kind 0", with(0, 0)),
        ("kind 5", with(0, 5)),
        ("kind 0x21", with(0, 0x21)),
        ("kind 0x80", with(0, 0x80)),
        ("scheme 0", with(1, 0)),
        ("scheme 3", with(1, 3)),
        ("scheme 4", with(1, 4)),
        ("scheme 5", with(1, 5)),
        ("the other scheme", with(1, 3 - bytes[1])),
        ("lane 1", with(24, 1)),
        ("lane 256", with(23, 1)),
        ("a fee payer", with(49, 1)),
        ("a fee payer's id", with(69, 1)),
        ("a byte more", [bytes, &[0]].concat()),
        ("a byte less", bytes[..bytes.len() - 1].to_vec()),
        ("a header", bytes[..110].to_vec()),
        ("less than a header", bytes[..109].to_vec()),
        ("nothing", Vec::new()),
    ]
}

/// All cases: what they are called, and their bytes.
fn cases() -> Vec<(String, Vec<u8>)> {
    let mut cases = Vec::new();
    for (place, (name, bytes)) in signed().into_iter().enumerate() {
        let digested = bytes.len() - if bytes[1] == 1 { 96 } else { 65 };
        // Of each field of the header that is signed one bit, and of the body's last byte but a text's, whose padding has no other form.
        let mut fields = vec![
            3 + place % 20,
            25 + place % 8,
            33 + place % 16,
            70 + place % 8,
            78 + place % 32,
        ];
        if bytes[0] != 0x20 && bytes[0] != 0x18 && digested > 110 {
            fields.push(digested - 1);
        }
        for at in fields {
            cases.push((format!("{name}, byte {at} changed"), flipped(&bytes, at)));
        }
        let at = digested + 32 + place % 32;
        cases.push((
            format!("{name}, its signature changed"),
            flipped(&bytes, at),
        ));
        let odder = match bytes[1] {
            1 if place == 0 => ed25519(&bytes),
            2 if place == 1 => secp256k1(&bytes),
            _ => Vec::new(),
        };
        let more = if place < 2 { odd(&bytes) } else { Vec::new() };
        for (what, bytes) in odder.into_iter().chain(more) {
            cases.push((format!("{name}: {what}"), bytes));
        }
        cases.push((name, bytes));
    }
    cases.extend(refused_by_nodes());
    cases
}

/// Signed transactions that no node takes, for another reason than their signature, and the same with another signature.
fn refused_by_nodes() -> Vec<(String, Vec<u8>)> {
    let header = |kind: u8, sender: [u8; 21]| {
        let mut bytes = vec![kind, 1];
        bytes.extend(sender);
        bytes.resize(110, 0);
        bytes
    };
    let text = |edit: fn(&mut [u8])| {
        let mut text = vec![0; 256];
        text[..4].copy_from_slice(b"name");
        edit(&mut text);
        text
    };
    let positions = |count: u8| {
        let mut body = vec![1; 21];
        body.push(count);
        body.extend((0..u64::from(count)).flat_map(u64::to_be_bytes));
        body
    };
    let long = [vec![5; 32], 9_000u16.to_be_bytes().to_vec(), vec![6; 9_000]].concat();
    let flag = [7u64.to_be_bytes().as_slice(), &[2]].concat();
    let bodies = [
        ("a record that is too long", 0x04, long),
        ("rewards of no position", 0x15, positions(0)),
        ("rewards of 8 positions", 0x15, positions(8)),
        ("rewards of 255 positions", 0x15, positions(255)),
        ("a flag of 2", 0x18, flag),
        ("a text that is no UTF-8", 0x20, text(|text| text[0] = 0xff)),
        ("a text behind its zero", 0x20, text(|text| text[9] = b'x')),
        (
            "a text with a control character",
            0x20,
            text(|text| text[2] = 7),
        ),
    ];
    let key = SigningKey::from([3; 32]);
    let public: [u8; 32] = VerificationKey::from(&key).into();
    let mut cases = Vec::new();
    for (name, kind, body) in bodies {
        let mut bytes = header(kind, Account::ed25519(&public).bytes());
        bytes.extend(body);
        bytes.extend(public);
        let signed = [bytes.as_slice(), &[0; 64]].concat();
        let (digest, _) = digest_of(&signed, &domain().separator()).unwrap();
        let signature: [u8; 64] = key.sign(digest.as_slice()).into();
        bytes.extend(signature);
        cases.push((
            format!("{name}, its signature changed"),
            flipped(&bytes, bytes.len() - 1),
        ));
        cases.push((name.to_owned(), bytes));
    }
    cases
}

/// What the court reads and nodes refuse is judged all the same: none of it hides a signature that does not hold.
#[test]
fn what_nodes_refuse_for_another_reason_is_judged_as_the_court_does() {
    for (name, bytes) in refused_by_nodes() {
        assert!(crate::ledger::check(&bytes, &domain()).is_err(), "{name}");
        let expected = match name.ends_with("changed") {
            true => "bad_signature",
            false => "holds",
        };
        assert_eq!(judged(&bytes, &domain()).0, expected, "{name}");
    }
}

/// A court reads up to the transaction that it is shown; what does not split behind it hides nothing.
#[test]
fn bytes_that_do_not_split_behind_a_bad_signature_do_not_hide_it() {
    let (_, good) = signed().remove(0);
    let bad = flipped(&good, good.len() - 1);
    let mut segment = Vec::new();
    for one in [&good, &bad] {
        segment.extend(u32::try_from(one.len()).unwrap().to_be_bytes());
        segment.extend(one);
    }
    for behind in [&[0, 0, 0][..], &[0xff; 8], &[0, 0, 0, 9, 1]] {
        let segment = [segment.as_slice(), behind].concat();
        assert!(segments::transactions(&segment).is_err());
        let bad = bad_signatures(&split(&segment, 3), &domain());
        let [bad] = bad.as_slice() else {
            panic!("{bad:?}");
        };
        assert_eq!((bad.place, bad.code), (1, Code::BadSignature));
        // Of no more transactions than the record counts.
        assert_eq!(bad_signatures(&split(&segment, 1), &domain()), []);
    }
}

fn judged(bytes: &[u8], domain: &Domain) -> (&'static str, [U256; 2]) {
    let Some(verdict) = judge_signature(bytes, &domain.separator()) else {
        return ("undecided", [U256::ZERO; 2]);
    };
    let name = verdict.code.map_or("holds", |code| code.name());
    (name, hints(verdict.ed25519))
}

fn vectors() -> Json {
    let domain = domain();
    let cases = cases();
    let verdicts: Vec<_> = cases
        .iter()
        .map(|(_, bytes)| judged(bytes, &domain))
        .collect();
    let hints = |place: usize| -> Vec<String> {
        let all = verdicts.iter();
        all.map(|(_, hints)| hex_of(B256::from(hints[place])))
            .collect()
    };
    json!({
        "about": "PROTOCOL section 12: what the court says of a user's transaction by its signature, with the hints that show it",
        "root_chain_id": domain.root_chain_id,
        "root_chain": hex_of(domain.root_chain),
        "deployment": hex_of(domain.deployment),
        "separator": hex_of(domain.separator()),
        "names": cases.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "transactions": cases.iter().map(|(_, bytes)| hex_of(bytes)).collect::<Vec<_>>(),
        "verdicts": verdicts.iter().map(|(verdict, _)| verdict).collect::<Vec<_>>(),
        "of_key": hints(0),
        "of_r": hints(1),
    })
}

#[test]
fn the_signature_vectors_in_the_tree_are_what_this_code_makes() {
    keep("signatures", &vectors());
}

#[test]
fn every_kind_and_every_verdict_stands_in_the_vectors() {
    let domain = domain();
    let verdicts: Vec<_> = cases()
        .iter()
        .map(|(_, bytes)| judged(bytes, &domain).0)
        .collect();
    let count = |wanted: &str| {
        verdicts
            .iter()
            .filter(|verdict| **verdict == wanted)
            .count()
    };
    let counts = ["holds", "bad_signature", "wrong_sender", "undecided"].map(count);
    assert_eq!(counts.iter().sum::<usize>(), verdicts.len());
    // All signed ones, and four of Ed25519 that a stricter verifier would refuse.
    assert!(counts[0] >= signed().len(), "{counts:?}");
    assert!(
        counts[1] > 60 && counts[2] > 100 && counts[3] > 30,
        "{counts:?}"
    );
    let mut kinds: Vec<u8> = signed().iter().map(|(_, bytes)| bytes[0]).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let all: Vec<u8> = (0x01..=0x04).chain(0x10..=0x20).collect();
    assert_eq!(kinds, all);
}

/// A block of a chain: nothing is found in it; with one signature changed, exactly that one is, with its place.
#[test]
fn a_chain_has_no_bad_signature_and_one_that_was_changed_is_found_in_its_place() {
    let mut world = World::new(16, 4);
    for sequence in 0..40 {
        world.transfer(ALICE, sequence, 1);
        world.transfer(BOB, sequence, 1);
    }
    let domain = world.deployment.domain;
    let (executed, _) = world.step();
    let users = executed
        .segments
        .iter()
        .filter(|one| one.kind == SegmentKind::Users);
    let mut found = 0;
    for segment in users {
        let all = segments::transactions(&segment.bytes).unwrap();
        assert!(bad_signatures(&all, &domain).is_empty());
        for place in 0..all.len() {
            let changed = flipped(all[place], all[place].len() - 1);
            let mut all = all.clone();
            all[place] = &changed;
            let bad = bad_signatures(&all, &domain);
            let [bad] = bad.as_slice() else {
                panic!("{bad:?}");
            };
            assert_eq!((bad.place as usize, bad.code), (place, Code::BadSignature));
            found += 1;
        }
    }
    assert_eq!(found, 80);
}
