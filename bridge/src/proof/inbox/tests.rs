//! Messages of every kind: sizes, strict decoding, and the chain of their hashes.

use alloy_primitives::keccak256;
use rand::{Rng, RngCore};

use super::*;
use crate::proof::attack::{flips, seeded, wrong_lengths};

fn message(body: Body) -> Message {
    Message {
        index: 1,
        arrival: 2,
        root_height: 3,
        due: 4,
        body,
    }
}

fn payload(length: usize) -> Payload {
    Payload::new(vec![0xab; length]).expect("within the limit")
}

/// One of each kind with the bytes of its body.
fn every_kind() -> Vec<(Body, usize)> {
    let (operator, registration, epoch) = ([1; 20], 2, 3);
    vec![
        (
            Body::Registration(Registration {
                operator,
                registration,
                consensus_key: [4; 32],
                checkpoint_key: [5; 96],
                bounty_bond: 6,
            }),
            172,
        ),
        (
            Body::Deposit(Deposit {
                token: [1; 20],
                amount: 2,
                native: 3,
                recipient: [4; 21],
                refund: [5; 20],
                depositor: [6; 20],
                decimals: 7,
                symbol_length: 8,
                symbol: [9; 32],
            }),
            147,
        ),
        (
            Body::Freeze {
                operator,
                registration,
                epoch,
            },
            36,
        ),
        (
            Body::Settlement {
                operator,
                registration,
                epoch,
                fraction: 4,
            },
            44,
        ),
        (
            Body::Acceptance {
                epoch,
                relayer: [7; 20],
                gas_price: 8,
                absent: 9,
            },
            46,
        ),
        (
            Body::RewardFunding {
                amount: 1,
                funder: [2; 20],
            },
            36,
        ),
        (
            Body::Forced {
                sender: [3; 20],
                transaction: payload(100),
            },
            122,
        ),
        (
            Body::Generic {
                sender: [3; 20],
                target: [4; 21],
                data: payload(512),
            },
            555,
        ),
        (Body::EpochFreeze { epoch }, 8),
        (Body::EpochRelease { epoch }, 8),
    ]
}

#[test]
fn every_kind_has_its_number_and_its_size() {
    for (at, (body, size)) in every_kind().into_iter().enumerate() {
        assert_eq!(usize::from(body.kind()), at + 1);
        let bytes = message(body.clone()).encode();
        assert_eq!(bytes.len(), HEADER_BYTES + size, "kind {}", at + 1);
        assert_eq!(bytes[32], body.kind());
        assert_eq!(Message::decode(&bytes), Ok(message(body)));
    }
}

#[test]
fn fields_stand_in_the_order_of_the_protocol() {
    let bytes = message(Body::Acceptance {
        epoch: 0x0a,
        relayer: [0xbb; 20],
        gas_price: 0x0c,
        absent: 0x0d,
    })
    .encode();
    let expected = "0000000000000001000000000000000200000000000000030000000000000004\
                    05000000000000000abbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb0000000000000000000000000000000c000d";
    assert_eq!(hex::encode(bytes), expected);
}

/// What every node must be able to carry, whatever stands in it: it decodes to a body without meaning, with the same bytes.
fn is_opaque(bytes: &[u8]) {
    let message = Message::decode(bytes).expect("only the header is strict");
    let body = Body::Opaque {
        kind: bytes[32],
        bytes: bytes[HEADER_BYTES..].to_vec(),
    };
    assert_eq!(message.body, body);
    assert_eq!(message.body.kind(), bytes[32]);
    assert_eq!(message.encode(), bytes);
    assert_eq!(message.hash(), message_hash(bytes));
}

#[test]
fn a_short_header_is_refused_and_a_body_with_a_byte_too_few_or_too_many_is_opaque() {
    for (body, _) in every_kind() {
        for bytes in wrong_lengths(&message(body).encode()) {
            match bytes.len() {
                HEADER_BYTES..=MAX_MESSAGE_BYTES => is_opaque(&bytes),
                _ => assert!(Message::decode(&bytes).is_err(), "{} bytes", bytes.len()),
            }
        }
    }
}

#[test]
fn bodies_of_unknown_kinds_are_opaque() {
    for kind in (0..=u8::MAX).filter(|kind| !(1..=10).contains(kind)) {
        for length in [0, 1, 8, 36, 555] {
            let mut bytes = vec![0xab; HEADER_BYTES + length];
            bytes[32] = kind;
            is_opaque(&bytes);
        }
    }
}

#[test]
fn a_message_of_589_bytes_is_refused_whatever_it_says() {
    let limit = MAX_MESSAGE_BYTES;
    assert_eq!(limit, 588);
    for kind in 0..=u8::MAX {
        let mut bytes = vec![kind; limit + 1];
        let length = limit + 1;
        let refused = Err(DecodeError::TooLong { length, limit });
        assert_eq!(Message::decode(&bytes), refused);
        bytes.pop();
        assert_eq!(Message::decode(&bytes).map(|all| all.encode()), Ok(bytes));
    }
}

#[test]
fn a_payload_that_is_not_as_long_as_it_says_is_opaque() {
    assert!(Payload::new(vec![0; 512]).is_ok());
    let too_long = DecodeError::TooLong {
        length: 513,
        limit: 512,
    };
    assert_eq!(Payload::new(vec![0; 513]), Err(too_long));
    let mut bytes = message(Body::Forced {
        sender: [0; 20],
        transaction: payload(0),
    })
    .encode();
    let at = bytes.len() - 2;
    bytes.extend([0; 513]);
    for length in [0_u16, 512, 513, 514, u16::MAX] {
        bytes[at..at + 2].copy_from_slice(&length.to_be_bytes());
        is_opaque(&bytes);
    }
}

#[test]
fn what_decodes_encodes_to_the_same_bytes() {
    let mut rng = seeded(60);
    let mut decoded = 0;
    for round in 0..20_000 {
        let (body, _) = every_kind().swap_remove(round % 8);
        let mut bytes = message(body).encode();
        for _ in 0..rng.random_range(1..6) {
            let at = rng.random_range(0..bytes.len());
            bytes[at] = rng.random();
        }
        let message = Message::decode(&bytes).expect("the header is whole");
        assert_eq!(message.encode(), bytes);
        decoded += u32::from(!matches!(message.body, Body::Opaque { .. }));
        let mut noise = vec![0; rng.random_range(0..300)];
        rng.fill_bytes(&mut noise);
        if let Ok(message) = Message::decode(&noise) {
            assert_eq!(message.encode(), noise);
        }
    }
    assert!(decoded > 1_000, "{decoded} of the mutated messages decode");
}

#[test]
fn every_byte_of_a_message_changes_its_hash() {
    for (body, _) in every_kind() {
        let message = message(body);
        for (_, flipped) in flips(&message.encode()) {
            assert_ne!(message_hash(&flipped), message.hash());
        }
    }
}

#[test]
fn hashes_and_links_are_keccak_of_their_preimages() {
    let bytes = message(every_kind()[1].0.clone()).encode();
    let hash = keccak256([b"PMSG".as_slice(), keccak256(&bytes).as_slice()].concat());
    assert_eq!(message_hash(&bytes), hash);
    let previous = Hash::repeat_byte(8);
    let preimage = [
        b"PINB".as_slice(),
        &7_u64.to_be_bytes(),
        previous.as_slice(),
        hash.as_slice(),
    ]
    .concat();
    assert_eq!(preimage.len(), 76);
    assert_eq!(link(7, &previous, &hash), keccak256(preimage));
    assert_ne!(link(7, &previous, &hash), link(8, &previous, &hash));
    assert_ne!(link(7, &previous, &hash), link(7, &hash, &previous));
}
