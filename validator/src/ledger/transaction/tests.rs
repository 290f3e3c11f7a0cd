//! One transaction, one encoding: every kind and scheme comes back, and nothing else decodes.

use plasmid_staking::rules::MAX_POSITIONS;

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

/// One of each kind of stake, from the kinds' order, and a second claim of rewards.
pub(in crate::ledger) fn stakes() -> Vec<StakeBody> {
    let to = Account {
        kind: 1,
        id: [8; 20],
    };
    let profile = Profile {
        name: Text::new("a text", "name").unwrap(),
        website: Text::new("a text", "https://example.org/ä").unwrap(),
        contact: Text::new("a text", "").unwrap(),
        details: Text::new("a text", &"d".repeat(96)).unwrap(),
    };
    let (position, amount) = (0x0102_0304_0506_0708, 1 << 100 | 9);
    vec![
        StakeBody::Delegate {
            operator: [3; 20],
            amount,
            line: 11,
            max_commission: 500,
        },
        StakeBody::Undelegate { position, amount },
        StakeBody::CancelUnbonding { position },
        StakeBody::Redelegate {
            position,
            amount,
            to: [4; 20],
            line: 12,
            max_commission: 10_000,
        },
        StakeBody::ClaimStake { position, to },
        StakeBody::ClaimRewards {
            to,
            positions: vec![position],
        },
        StakeBody::ClaimCommission { line: position, to },
        StakeBody::Restake { position },
        StakeBody::AllowRestake {
            position,
            allowed: true,
        },
        StakeBody::ApplyCut { position },
        StakeBody::Merge {
            first: position,
            second: 9,
        },
        StakeBody::TakeSeat,
        StakeBody::Leave,
        StakeBody::Retire,
        StakeBody::Unjail,
        StakeBody::Edit {
            commission: Some(100),
            max_commission: None,
            commission_step: Some(0),
            min_self_stake: None,
        },
        StakeBody::Describe(Box::new(profile)),
        StakeBody::ClaimRewards {
            to,
            positions: (1..=MAX_POSITIONS as u64).collect(),
        },
    ]
}

fn every_body() -> Vec<Body> {
    let stakes = stakes().into_iter().map(Body::Stake);
    bodies().into_iter().chain(stakes).collect()
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
    for body in every_body() {
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
    let lengths: Vec<usize> = every_body()
        .into_iter()
        .map(|body| Transaction {
            header: header(),
            body,
            authentication: Authentication::RootSender,
            fee_payer_authentication: None,
        })
        .map(|transaction| transaction.encode().len() - HEADER_BYTES)
        .collect();
    let (money, stake) = lengths.split_at(bodies().len());
    assert_eq!(money, [57, 56, 20, 34, 34 + 1_024, 57 + 2 + 512]);
    let expected = [
        46,
        24,
        8,
        54,
        29,
        30,
        29,
        8,
        9,
        8,
        16,
        0,
        0,
        0,
        0,
        22,
        256,
        22 + 8 * MAX_POSITIONS,
    ];
    assert_eq!(stake, expected);
    assert_eq!(HEADER_BYTES + 65, MIN_TRANSACTION_BYTES);
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

#[test]
fn kinds_of_stake_are_in_their_order_and_none_is_beside_them() {
    let kinds: Vec<u8> = stakes().iter().map(StakeBody::kind).collect();
    let [first, last] = StakeBody::KINDS;
    let expected: Vec<u8> = (first..=last).chain([0x15]).collect();
    assert_eq!(kinds, expected);
    let names: std::collections::BTreeSet<&str> = stakes().iter().map(StakeBody::name).collect();
    assert_eq!(names.len(), kinds.len() - 1);
}

fn of_stake(body: StakeBody) -> Vec<u8> {
    Transaction {
        header: header(),
        body: Body::Stake(body),
        authentication: Authentication::RootSender,
        fee_payer_authentication: None,
    }
    .encode()
}

#[test]
fn a_field_of_stake_has_one_encoding() {
    let refused = |body: &StakeBody, at: usize, byte: u8| {
        let mut bytes = of_stake(body.clone());
        bytes[HEADER_BYTES + at] = byte;
        Transaction::decode(&bytes).unwrap_err()
    };
    let allow = StakeBody::AllowRestake {
        position: 1,
        allowed: false,
    };
    let rewards = StakeBody::ClaimRewards {
        to: Account::NONE,
        positions: vec![1],
    };
    for (body, at, byte) in [(&allow, 8, 2), (&rewards, 21, 0), (&rewards, 21, 9)] {
        let error = refused(body, at, byte);
        assert_eq!(error.code(), Code::Malformed, "{error}");
        assert!(matches!(error, Reject::BadField { .. }), "{error}");
    }
    let describe = stakes().swap_remove(16);
    for (at, byte, why) in [
        (31, 1, "has bytes behind its first zero"),
        (0, 0xff, "is not UTF-8"),
        (0, 7, "has a control character"),
        (0, 0, "has bytes behind its first zero"),
    ] {
        let field = "the name";
        assert_eq!(refused(&describe, at, byte), Reject::BadText { field, why });
    }
}

#[test]
fn what_does_not_change_is_all_ones_in_an_edit() {
    let bytes = of_stake(StakeBody::Edit {
        commission: None,
        max_commission: None,
        commission_step: None,
        min_self_stake: None,
    });
    assert_eq!(bytes[HEADER_BYTES..], [0xff; 22]);
}

#[test]
fn a_profile_is_its_bytes_and_its_texts_have_a_width() {
    let Some(StakeBody::Describe(profile)) = stakes().into_iter().nth(16) else {
        panic!("no description")
    };
    assert_eq!(Profile::of_bytes(&profile.bytes()), Ok(*profile));
    assert_eq!(profile.texts()[1], "https://example.org/ä");
    let long = Text::<32>::new("the name", &"n".repeat(33)).unwrap_err();
    assert_eq!(long.code(), Code::TooLarge);
    assert!(Text::<32>::new("the name", "a\u{7f}b").is_err());
    assert!(Text::<32>::new("the name", "a\0b").is_err());
}
