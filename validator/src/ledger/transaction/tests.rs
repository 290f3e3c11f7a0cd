//! One transaction, one encoding: every kind and scheme comes back, and nothing else decodes.

use super::*;
use crate::ledger::code::Code;

fn header() -> Header {
    Header {
        sender: Account {
            kind: 1,
            id: [2; 20],
        },
        lane: 3,
        sequence: 4,
        fee: 5,
        fee_payer: Account::NONE,
        valid_until: 6,
        memo: [7; 32],
    }
}

fn data(length: usize) -> Data {
    Data::new(vec![0xda; length]).unwrap()
}

fn bodies() -> Vec<Body> {
    let to = Account {
        kind: 1,
        id: [8; 20],
    };
    vec![
        Body::Transfer {
            to,
            token: [9; 20],
            amount: 10,
        },
        Body::Withdraw {
            recipient: [8; 20],
            token: [9; 20],
            amount: 10,
        },
        Body::SetPayout { payout: [8; 20] },
        Body::Record {
            topic: [8; 32],
            data: data(0),
        },
        Body::Record {
            topic: [8; 32],
            data: data(1_024),
        },
        Body::Message {
            target: to,
            token: [9; 20],
            amount: 10,
            data: data(512),
        },
    ]
}

fn multisig(signed: u16) -> Authentication {
    let member = |bit: u8| {
        let yes = signed >> bit & 1 == 1;
        match bit % 2 {
            0 => MultisigMember::Ed25519 {
                key: [bit; 32],
                signature: yes.then_some([bit; 64]),
            },
            _ => MultisigMember::Secp256k1 {
                key: [bit; 32],
                signature: yes.then_some([bit; 65]),
            },
        }
    };
    Authentication::Multisig(Multisig::new(2, (0..16).map(member).collect()).unwrap())
}

fn authentications() -> Vec<Authentication> {
    vec![
        Authentication::Ed25519 {
            key: [1; 32],
            signature: [2; 64],
        },
        Authentication::Secp256k1 {
            r: [1; 32],
            s: [2; 32],
            v: 27,
        },
        Authentication::RootSender,
        multisig(0),
        multisig(0b1000_0000_0010_0101),
        multisig(u16::MAX),
    ]
}

fn every_transaction() -> Vec<Transaction> {
    let mut all = Vec::new();
    for body in bodies() {
        for authentication in authentications() {
            let body = body.clone();
            all.push(Transaction {
                header: header(),
                body,
                authentication,
                fee_payer_authentication: None,
            });
        }
    }
    for authentication in authentications() {
        let header = Header {
            fee_payer: Account {
                kind: 0,
                id: [5; 20],
            },
            ..header()
        };
        let fee_payer_authentication = Some(authentication);
        let authentication = authentications().remove(0);
        all.push(Transaction {
            header,
            body: bodies().remove(0),
            authentication,
            fee_payer_authentication,
        });
    }
    all
}

#[test]
fn every_kind_under_every_scheme_comes_back() {
    for transaction in every_transaction() {
        let bytes = transaction.encode();
        assert!(bytes.len() <= MAX_TRANSACTION_BYTES);
        assert_eq!(Transaction::decode(&bytes), Ok(transaction));
    }
}

#[test]
fn lengths_are_those_of_the_protocol() {
    let lengths: Vec<usize> = bodies()
        .into_iter()
        .map(|body| Transaction {
            header: header(),
            body,
            authentication: Authentication::RootSender,
            fee_payer_authentication: None,
        })
        .map(|transaction| transaction.encode().len() - HEADER_BYTES)
        .collect();
    assert_eq!(lengths, [57, 56, 20, 34, 34 + 1_024, 57 + 2 + 512]);
    let scheme = |authentication| Transaction {
        header: header(),
        body: Body::SetPayout { payout: [0; 20] },
        authentication,
        fee_payer_authentication: None,
    };
    let lengths = authentications()
        .into_iter()
        .map(|a| scheme(a).encode().len() - HEADER_BYTES - 20);
    let keys = 2 + 16 * 33 + 2;
    assert_eq!(
        lengths.collect::<Vec<_>>(),
        [
            96,
            65,
            0,
            keys,
            keys + 64 * 2 + 65 * 2,
            keys + 8 * 64 + 8 * 65
        ]
    );
}

#[test]
fn no_truncated_and_no_extended_transaction_decodes() {
    for transaction in every_transaction() {
        let bytes = transaction.encode();
        for length in 0..bytes.len() {
            let error = Transaction::decode(&bytes[..length]).unwrap_err();
            assert_eq!(
                error.code(),
                Code::Malformed,
                "{length} of {} bytes: {error}",
                bytes.len()
            );
        }
        let error = Transaction::decode(&[&bytes[..], &[0]].concat()).unwrap_err();
        assert_eq!(error.code(), Code::Malformed, "{error}");
    }
}

#[test]
fn whatever_decodes_encodes_to_the_same_bytes() {
    for transaction in every_transaction() {
        let bytes = transaction.encode();
        for position in 0..bytes.len().min(400) {
            for flip in [1, 0x80] {
                let mut changed = bytes.clone();
                changed[position] ^= flip;
                if let Ok(other) = Transaction::decode(&changed) {
                    assert_eq!(other.encode(), changed, "two encodings of one transaction");
                    assert_ne!(other, transaction);
                }
            }
        }
    }
}

#[test]
fn unknown_kinds_schemes_and_blocks_parts_are_refused_by_name() {
    let bytes = every_transaction().remove(0).encode();
    let with = |position: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[position] = byte;
        Transaction::decode(&bytes).unwrap_err()
    };
    assert_eq!(with(0, 0), Reject::UnsupportedKind { kind: 0 });
    assert_eq!(with(0, 6), Reject::UnsupportedKind { kind: 6 });
    assert_eq!(with(0, 0x7f), Reject::UnsupportedKind { kind: 0x7f });
    assert_eq!(with(1, 0), Reject::UnsupportedScheme { scheme: 0 });
    assert_eq!(with(1, 5), Reject::UnsupportedScheme { scheme: 5 });
    for kind in 0x80..=0xff {
        assert_eq!(with(0, kind).code(), Code::NotAllowedHere);
    }
}

#[test]
fn a_huge_length_claims_nothing() {
    let transaction = Transaction {
        header: header(),
        body: Body::Record {
            topic: [8; 32],
            data: data(3),
        },
        authentication: Authentication::RootSender,
        fee_payer_authentication: None,
    };
    let mut bytes = transaction.encode();
    let at = HEADER_BYTES + 32;
    bytes[at..at + 2].copy_from_slice(&u16::MAX.to_be_bytes());
    assert_eq!(
        Transaction::decode(&bytes).unwrap_err().code(),
        Code::Malformed
    );
    let error = Transaction::decode(&vec![1; MAX_TRANSACTION_BYTES + 1]).unwrap_err();
    assert_eq!(error.code(), Code::TooLarge);
    assert_eq!(
        Data::new(vec![0; 65_536]).unwrap_err().code(),
        Code::TooLarge
    );
}

#[test]
fn a_multisig_is_bounded_and_its_bitmap_strict() {
    let transaction = |authentication| Transaction {
        header: header(),
        body: Body::SetPayout { payout: [0; 20] },
        authentication,
        fee_payer_authentication: None,
    };
    let one = Multisig::new(
        1,
        vec![MultisigMember::Ed25519 {
            key: [1; 32],
            signature: None,
        }],
    )
    .unwrap();
    let bytes = transaction(Authentication::Multisig(one)).encode();
    let start = HEADER_BYTES + 20;
    for (position, byte, why) in [
        (start + 1, 0, "no key"),
        (start + 1, 17, "17 keys"),
        (start + 2, 3, "a key of scheme root-sender"),
        (start + 2, 4, "a multisig in a multisig"),
        (start + 35, 0x80, "a bit above the count"),
        (start + 36, 0x02, "a bit above the count"),
    ] {
        let mut changed = bytes.clone();
        changed[position] = byte;
        assert_eq!(
            Transaction::decode(&changed).unwrap_err().code(),
            Code::Malformed,
            "{why}"
        );
    }
    assert!(Multisig::new(1, vec![]).is_err());
    let member = MultisigMember::Ed25519 {
        key: [1; 32],
        signature: None,
    };
    assert!(Multisig::new(1, vec![member; 17]).is_err());
}
