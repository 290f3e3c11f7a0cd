//! Sign bytes against an independent encoder (prost over CometBFT's own protobuf), and Ed25519's acceptance.

use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use prost::Message as _;
use rand::{Rng, RngCore};
use tendermint_proto::{
    google::protobuf::Timestamp,
    v0_38::types::{
        CanonicalBlockId, CanonicalPartSetHeader, CanonicalVote, CanonicalVoteExtension,
    },
};

use super::*;
use crate::proof::attack::{flips, seeded};

fn key(signer: &SigningKey) -> [u8; 32] {
    VerificationKeyBytes::from(signer).into()
}

/// A prime-order key, a message and a signature.
fn signed() -> ([u8; 32], [u8; 40], [u8; 64]) {
    let signer = SigningKey::from([7; 32]);
    let message = [5; 40];
    (key(&signer), message, signer.sign(&message).into())
}

/// Encodings of the eight points of small order, canonical, sign bit clear first.
fn small_order_keys() -> Vec<[u8; 32]> {
    let mut one = [0; 32];
    one[0] = 1;
    let mut minus_one = PRIME;
    minus_one[0] = 0xec;
    let mut keys = vec![one, minus_one, [0; 32], ORDER_8[0], ORDER_8[1]];
    for y in [[0; 32], ORDER_8[0], ORDER_8[1]] {
        let mut negative = y;
        negative[31] |= 0x80;
        keys.push(negative);
    }
    keys
}

/// Encodings whose y is not below the prime, of points that exist: y and y − p are the same point.
fn non_canonical_keys() -> Vec<[u8; 32]> {
    let mut keys = Vec::new();
    for above in 0..19 {
        let mut y = PRIME;
        y[0] += above;
        for sign in [0, 0x80] {
            let mut key = y;
            key[31] |= sign;
            keys.push(key);
        }
    }
    keys
}

#[test]
fn extension_sign_bytes_are_those_of_an_independent_encoder() {
    let mut rng = seeded(80);
    let lengths = [0, 1, 42, 100, 127, 128, 234, 300, 16_383, 16_384, 20_000];
    for length in lengths {
        for round in [0, 1, 2, 300, i32::MAX as u32] {
            let mut extension = vec![0; length];
            rng.fill_bytes(&mut extension);
            let height = rng.random_range(0..i64::MAX as u64);
            let chain_id = "plasmid-".repeat(rng.random_range(0..7));
            let independent = CanonicalVoteExtension {
                extension: extension.clone(),
                height: height as i64,
                round: i64::from(round),
                chain_id: chain_id.clone(),
            };
            assert_eq!(
                extension_sign_bytes(&extension, height, round, &chain_id),
                independent.encode_length_delimited_to_vec()
            );
        }
    }
    let all_zero = CanonicalVoteExtension::default();
    assert_eq!(
        extension_sign_bytes(&[], 0, 0, ""),
        all_zero.encode_length_delimited_to_vec()
    );
}

#[test]
fn prevote_sign_bytes_are_those_of_an_independent_encoder() {
    for (height, chain_id) in [(1, "plasmidpop"), (0, ""), (u64::MAX >> 1, "a chain")] {
        let independent = CanonicalVote {
            r#type: 1,
            height: height as i64,
            round: 0,
            block_id: None,
            timestamp: Some(Timestamp {
                seconds: 0,
                nanos: 0,
            }),
            chain_id: chain_id.to_owned(),
        };
        assert_eq!(
            nil_prevote_sign_bytes(height, chain_id),
            independent.encode_length_delimited_to_vec()
        );
    }
}

#[test]
fn vote_sign_bytes_are_those_of_an_independent_encoder() {
    let mut rng = seeded(82);
    let chain_id = "plasmid-0123456789abcdef0123456789abcdef01234567";
    for case in 0..2_000_u32 {
        let parts = match case % 5 {
            0 => None,
            1 => Some(1),
            2 => Some(127 + case % 2),
            _ => Some(rng.random_range(1..=u32::MAX)),
        };
        let block = parts.map(|parts| VotedBlock {
            hash: rng.random(),
            parts,
            parts_hash: rng.random(),
        });
        let ballot = Ballot {
            step: [VoteStep::Prevote, VoteStep::Precommit][case as usize % 2],
            height: rng.random_range(1..=i64::MAX as u64) >> (case % 60),
            round: [0, 1, rng.random_range(0..=i32::MAX as u32)][case as usize % 3],
            block,
            secs: [0, -1, rng.random(), 1_700_000_000][case as usize % 4],
            nanos: [0, 1, 999_999_999][case as usize % 3],
        };
        let independent = CanonicalVote {
            r#type: ballot.step as i32,
            height: ballot.height as i64,
            round: i64::from(ballot.round),
            block_id: block.map(|block| CanonicalBlockId {
                hash: block.hash.to_vec(),
                part_set_header: Some(CanonicalPartSetHeader {
                    total: block.parts,
                    hash: block.parts_hash.to_vec(),
                }),
            }),
            timestamp: Some(Timestamp {
                seconds: ballot.secs,
                nanos: ballot.nanos as i32,
            }),
            chain_id: chain_id.to_owned(),
        };
        assert_eq!(
            ballot.sign_bytes(chain_id),
            independent.encode_length_delimited_to_vec(),
            "{ballot:?}"
        );
    }
}

#[test]
fn no_byte_of_key_message_or_signature_can_be_changed() {
    let (key, message, signature) = signed();
    assert!(verify(&key, &message, &signature));
    for (at, flipped) in flips(&key) {
        let flipped = flipped.try_into().expect("32 bytes");
        assert!(!verify(&flipped, &message, &signature), "key byte {at}");
    }
    for (at, flipped) in flips(&message) {
        assert!(!verify(&key, &flipped, &signature), "message byte {at}");
    }
    for (at, flipped) in flips(&signature) {
        let flipped = flipped.try_into().expect("64 bytes");
        assert!(!verify(&key, &message, &flipped), "signature byte {at}");
    }
    assert!(!verify(&key, &message[..39], &signature));
    assert!(!verify(&key, &message, &[0; 64]));
}

#[test]
fn a_signature_scalar_that_is_not_reduced_is_refused() {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let (key, message, mut signature) = signed();
    let mut carry = 0;
    for (digit, order) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*digit) + u16::from(order) + carry;
        *digit = sum as u8;
        carry = sum >> 8;
    }
    assert!(!verify(&key, &message, &signature));
}

#[test]
fn zip_215_accepts_keys_of_small_order_which_is_why_they_cannot_be_registered() {
    let mut anything = [0; 64];
    anything[0] = 1; // R is the identity, s is zero: nobody signed this
    let keys = small_order_keys();
    assert_eq!(keys.len(), 8);
    for key in keys {
        assert!(verify(&key, b"any message", &anything), "{key:02x?}");
        assert!(!registrable_key(&key), "{key:02x?}");
    }
}

#[test]
fn non_canonical_keys_verify_but_cannot_be_registered() {
    let mut known = 0;
    for key in non_canonical_keys() {
        known += usize::from(VerificationKey::try_from(key).is_ok());
        assert!(!registrable_key(&key), "{key:02x?}");
    }
    assert!(known > 10, "{known} of them are points");
    let mut negative_zero = [0; 32];
    (negative_zero[0], negative_zero[31]) = (1, 0x80);
    assert!(!registrable_key(&negative_zero));
    let mut minus_one = PRIME;
    (minus_one[0], minus_one[31]) = (0xec, 0xff);
    assert!(!registrable_key(&minus_one));
}

#[test]
fn keys_that_signers_make_can_be_registered_and_what_is_no_point_cannot() {
    let mut rng = seeded(81);
    let (mut points, mut others) = (0, 0);
    for _ in 0..200 {
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        assert!(registrable_key(&key(&SigningKey::from(seed))));
        let is_point = VerificationKey::try_from(seed).is_ok();
        assert_eq!(registrable_key(&seed), is_point);
        points += usize::from(is_point);
        others += usize::from(!is_point);
    }
    assert!(points > 50 && others > 50, "{points} and {others}");
}

#[test]
fn an_address_is_the_head_of_the_key_s_sha_256() {
    let digest = Sha256::digest([7; 32]);
    assert_eq!(address(&[7; 32]), digest[..20]);
}
