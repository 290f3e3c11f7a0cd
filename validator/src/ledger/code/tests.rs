//! The frozen table, and a message for every code that a reject has.

use std::collections::BTreeSet;

use super::*;
use crate::ledger::account::Account;
use crate::ledger::reject::{Asset, Reject};
use plasmid_bridge::proof::bytes::DecodeError;

#[test]
fn the_table_of_codes_is_frozen() {
    let table: Vec<(u32, &str)> = Code::ALL
        .iter()
        .map(|code| (code.number(), code.name()))
        .collect();
    let frozen = [
        (0, "ok"),
        (1, "malformed"),
        (2, "unsupported"),
        (3, "bad_signature"),
        (4, "wrong_sender"),
        (5, "nonce_used"),
        (6, "nonce_ahead"),
        (7, "expired"),
        (8, "fee_too_low"),
        (9, "insufficient_balance"),
        (10, "unknown_token"),
        (11, "zero_amount"),
        (12, "bad_recipient"),
        (13, "overflow"),
        (14, "state_full"),
        (15, "too_large"),
        (16, "known"),
        (17, "pool_full"),
        (18, "replacement_underpriced"),
        (19, "not_allowed_here"),
        (20, "refunded"),
        (21, "recorded"),
        (22, "stake"),
    ];
    assert_eq!(table, frozen);
    for code in Code::ALL {
        assert_eq!(Code::from_number(code.number()), Some(code));
    }
    assert_eq!((Code::from_number(23), Code::SPACE), (None, "plasmid"));
}

#[test]
fn every_refusal_says_what_was_wrong_with_its_numbers() {
    let account = Account::ethereum([0xab; 20]);
    let asset = Asset([0; 20]);
    let cases: Vec<(Reject, &[&str])> = vec![
        (
            DecodeError::Truncated { wanted: 8, left: 3 }.into(),
            &["8", "3"],
        ),
        (
            Reject::BadField {
                field: "count",
                found: 17,
                allowed: "1 to 16",
            },
            &["count", "17", "1 to 16"],
        ),
        (
            Reject::BadText {
                field: "the name",
                why: "is not UTF-8",
            },
            &["the name", "is not UTF-8"],
        ),
        (Reject::NotOperator { sender: account }, &["0xABaB", "key"]),
        (
            Reject::UnsupportedKind { kind: 9 },
            &["0x09", "transfer (1)"],
        ),
        (
            Reject::UnsupportedScheme { scheme: 4 },
            &["4", "ed25519 (1)"],
        ),
        (Reject::UnsupportedLane { lane: 7 }, &["7", "lane 0"]),
        (
            Reject::UnsupportedFeePayer { payer: account },
            &["0xABaB", "sender pays"],
        ),
        (Reject::NotAllowedHere { why: "because" }, &["because"]),
        (
            Reject::TooLarge {
                what: "data",
                length: 9,
                limit: 8,
            },
            &["9", "8"],
        ),
        (Reject::ZeroAmount, &["0", "at least 1"]),
        (
            Reject::BadRecipient {
                account: Account {
                    kind: 2,
                    id: [1; 20],
                },
            },
            &["kind is 2"],
        ),
        (
            Reject::UnusableRecipient {
                account: Account::ethereum([7; 20]),
            },
            &["contract of this deployment", "another recipient"],
        ),
        (Reject::ZeroRecipient, &["zero address"]),
        (Reject::BadSignature { why: "because" }, &["because"]),
        (
            Reject::WrongSender {
                sender: account,
                signer: Account::ethereum([1; 20]),
            },
            &["0xABaB", "0x0101"],
        ),
        (
            Reject::Expired {
                valid_until: 4,
                height: 5,
            },
            &["4", "5"],
        ),
        (
            Reject::NonceUsed {
                expected: 4,
                found: 3,
            },
            &["4", "3"],
        ),
        (
            Reject::NonceAhead {
                expected: 4,
                found: 6,
            },
            &["4", "6"],
        ),
        (
            Reject::FeeTooLow {
                fee: 1,
                minimum: 22,
                length: 333,
                leaves: 4,
            },
            &["1", "22", "333", "4"],
        ),
        (
            Reject::InsufficientBalance {
                sender: account,
                asset,
                balance: 8,
                needed: 99,
            },
            &["8", "99", "native"],
        ),
        (
            Reject::QueueNotCovered {
                sender: account,
                asset,
                balance: 8,
                needed: 99,
            },
            &["8", "99", "native", "waiting"],
        ),
        (
            Reject::UnknownToken {
                token: Asset([0xab; 20]),
            },
            &["0xABaB", "deposit"],
        ),
        (
            Reject::Overflow {
                what: "it",
                left: 7,
                right: 8,
            },
            &["7", "8"],
        ),
        (Reject::StateFull { count: 7, limit: 8 }, &["7", "8"]),
        (Reject::Known, &["already"]),
        (Reject::PoolFull { held: 7, limit: 8 }, &["7", "8"]),
        (
            Reject::ReplacementUnderpriced {
                pending: 10,
                minimum: 11,
                fee: 9,
            },
            &["10", "11", "9"],
        ),
        (
            Reject::SequenceWaits {
                sequence: 3,
                next: 5,
                minimum: 11,
            },
            &["3", "5", "11", "replace"],
        ),
        (
            Reject::Stake(plasmid_staking::Reject::NotEnough { amount: 9, held: 8 }),
            &["9", "8"],
        ),
        (
            Reject::TopicWaits {
                what: "this position",
            },
            &["this position", "in a block"],
        ),
        (Reject::ReplacedOften { times: 8 }, &["8", "next block"]),
        (
            Reject::MadeRoomOften,
            &["two blocks", "next block", "several times"],
        ),
        (Reject::GivenUp, &["removed from the mempool", "again"]),
    ];
    let codes: BTreeSet<Code> = cases.iter().map(|(reject, _)| reject.code()).collect();
    let told = [Code::Ok, Code::Refunded, Code::Recorded];
    let expected: BTreeSet<Code> = Code::ALL
        .into_iter()
        .filter(|code| !told.contains(code))
        .collect();
    assert_eq!(
        codes, expected,
        "a code that no reject has, or one that no case shows"
    );
    for (reject, parts) in cases {
        let text = reject.to_string();
        assert!(
            parts.iter().all(|part| text.contains(part)),
            "{parts:?}: {text}"
        );
    }
}
