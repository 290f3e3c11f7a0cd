//! Signatures and senders attacked; a batch gives every transaction the verdict that it gets alone.

use alloy_primitives::{U256, uint};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::claimed::HALF_ORDER;
use super::*;
use crate::ledger::account::Account;
use crate::ledger::code::Code;
use crate::ledger::fixture::{TOKEN, Wallet, domain, transfer};
use crate::ledger::transaction::{Authentication, Data, Multisig, MultisigMember};

const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);

fn signed(number: u8) -> Transaction {
    let wallet = Wallet::new(number);
    wallet.sign(
        wallet.header(3),
        transfer(Wallet::new(1).account(), TOKEN, 5),
    )
}

fn code(transaction: &Transaction) -> Code {
    check(&transaction.encode(), &domain()).map_or_else(|reject| reject.code(), |_| Code::Ok)
}

#[test]
fn what_a_wallet_signed_is_checked_and_keeps_its_bytes() {
    for number in 0..4 {
        let transaction = signed(number);
        let bytes = transaction.encode();
        let checked = check(&bytes, &domain()).unwrap();
        assert_eq!(checked.transaction(), &transaction);
        assert_eq!(checked.length(), bytes.len());
        assert_eq!(*checked.digest(), transaction.digest(&domain()));
    }
}

#[test]
fn every_single_byte_that_changes_breaks_a_signed_transaction() {
    let mut by_code = std::collections::BTreeMap::new();
    for number in 0..2 {
        let bytes = signed(number).encode();
        for position in 0..bytes.len() {
            for flip in [0x01, 0x02, 0x10, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[position] ^= flip;
                let reject = check(&changed, &domain()).expect_err("a changed transaction passed");
                *by_code.entry(reject.code()).or_insert(0) += 1;
            }
        }
    }
    println!("refused by: {by_code:?}");
    assert!(by_code.contains_key(&Code::BadSignature) && by_code.contains_key(&Code::WrongSender));
}

#[test]
fn a_signature_for_another_deployment_does_not_pass() {
    for number in 0..2 {
        let wallet = Wallet::new(number);
        for other in [
            Domain {
                root_chain_id: 1_337,
                ..domain()
            },
            Domain {
                root_chain: [0; 20],
                ..domain()
            },
            Domain {
                deployment: [0; 20],
                ..domain()
            },
        ] {
            let transaction = wallet.sign_for(
                &other,
                wallet.header(0),
                transfer(wallet.account(), TOKEN, 1),
            );
            assert!(check(&transaction.encode(), &other).is_ok());
            assert!(matches!(
                code(&transaction),
                Code::BadSignature | Code::WrongSender
            ));
        }
    }
}

#[test]
fn a_signature_of_another_wallet_does_not_pass() {
    for (number, other) in [(0, 2), (2, 0), (1, 3), (3, 1), (0, 1), (1, 0)] {
        let (wallet, thief) = (Wallet::new(number), Wallet::new(other));
        let transaction = thief.sign(wallet.header(0), transfer(thief.account(), TOKEN, 1));
        let reject = check(&transaction.encode(), &domain()).unwrap_err();
        let (sender, signer) = (wallet.account(), thief.account());
        assert_eq!(reject, Reject::WrongSender { sender, signer });
    }
}

#[test]
fn an_ed25519_account_is_not_the_ethereum_account_of_the_same_id() {
    let wallet = Wallet::new(0);
    let mut header = wallet.header(0);
    header.sender.kind = Account::ETHEREUM;
    let transaction = wallet.sign(header, transfer(wallet.account(), TOKEN, 1));
    assert_eq!(code(&transaction), Code::WrongSender);
}

fn with_secp(change: impl Fn(&mut U256, &mut U256, &mut u8)) -> Code {
    let mut transaction = signed(1);
    let Authentication::Secp256k1 { r, s, v } = &mut transaction.authentication else {
        panic!("scheme")
    };
    let (mut wide_r, mut wide_s) = (U256::from_be_bytes(*r), U256::from_be_bytes(*s));
    change(&mut wide_r, &mut wide_s, v);
    (*r, *s) = (wide_r.to_be_bytes(), wide_s.to_be_bytes());
    code(&transaction)
}

#[test]
fn the_mirror_image_of_an_ecdsa_signature_is_refused() {
    assert_eq!(with_secp(|_, _, _| ()), Code::Ok);
    let mirrored = |_: &mut U256, s: &mut U256, v: &mut u8| {
        *s = ORDER - *s;
        *v = 55 - *v;
    };
    assert_eq!(with_secp(mirrored), Code::BadSignature);
    assert_eq!(HALF_ORDER, ORDER / U256::from(2));
}

#[test]
fn ecdsa_values_out_of_range_are_refused() {
    for v in [0, 1, 2, 3, 26, 29, 30, 35, 255] {
        assert_eq!(
            with_secp(|_, _, held| *held = v),
            Code::BadSignature,
            "v = {v}"
        );
    }
    assert_eq!(with_secp(|_, _, v| *v = 55 - *v), Code::WrongSender);
    for (r, s) in [
        (U256::ZERO, U256::from(1)),
        (U256::from(1), U256::ZERO),
        (ORDER, U256::from(1)),
        (U256::MAX, U256::from(1)),
    ] {
        let reject = with_secp(|held_r, held_s, _| (*held_r, *held_s) = (r, s));
        assert_eq!(reject, Code::BadSignature, "r = {r}, s = {s}");
    }
    assert_eq!(with_secp(|_, s, _| *s = ORDER), Code::BadSignature);
    assert_eq!(
        with_secp(|_, s, _| *s = HALF_ORDER + U256::from(1)),
        Code::BadSignature
    );
}

#[test]
fn reserved_parts_are_refused_as_unsupported_before_any_signature() {
    let base = signed(0);
    let lane = Transaction {
        header: Header {
            lane: 1,
            ..base.header
        },
        ..base.clone()
    };
    let payer = Account::ethereum([5; 20]);
    let fee_payer = Transaction {
        header: Header {
            fee_payer: payer,
            ..base.header
        },
        fee_payer_authentication: Some(Authentication::Ed25519 {
            key: [1; 32],
            signature: [2; 64],
        }),
        ..base.clone()
    };
    let member = MultisigMember::Ed25519 {
        key: [1; 32],
        signature: Some([0; 64]),
    };
    let authentication = Authentication::Multisig(Multisig::new(1, vec![member]).unwrap());
    let multisig = Transaction {
        authentication,
        ..base.clone()
    };
    let body = Body::Message {
        target: Account::NONE,
        token: [0; 20],
        amount: 0,
        data: Data::new(vec![0; 513]).unwrap(),
    };
    let message = Transaction {
        body,
        ..base.clone()
    };
    for (transaction, reject) in [
        (lane, Reject::UnsupportedLane { lane: 1 }),
        (fee_payer, Reject::UnsupportedFeePayer { payer }),
        (multisig, Reject::UnsupportedScheme { scheme: 4 }),
        (message, Reject::UnsupportedKind { kind: 5 }),
    ] {
        assert_eq!(check(&transaction.encode(), &domain()), Err(reject));
    }
    let root_sender = Transaction {
        authentication: Authentication::RootSender,
        ..base
    };
    assert_eq!(code(&root_sender), Code::NotAllowedHere);
}

#[test]
fn static_rules_are_judged_without_a_state() {
    let wallet = Wallet::new(0);
    let record = |length| Body::Record {
        topic: [0; 32],
        data: Data::new(vec![0; length]).unwrap(),
    };
    let withdraw = |recipient, amount| Body::Withdraw {
        recipient,
        token: TOKEN,
        amount,
    };
    let multisig = Account {
        kind: 2,
        id: [1; 20],
    };
    for (body, expected) in [
        (transfer(wallet.account(), TOKEN, 0), Code::ZeroAmount),
        (withdraw([1; 20], 0), Code::ZeroAmount),
        (transfer(multisig, TOKEN, 1), Code::BadRecipient),
        (
            transfer(
                Account {
                    kind: 255,
                    id: [1; 20],
                },
                TOKEN,
                1,
            ),
            Code::BadRecipient,
        ),
        (transfer(Account::NONE, TOKEN, 1), Code::BadRecipient),
        (
            transfer(
                Account {
                    kind: 1,
                    id: [0; 20],
                },
                TOKEN,
                1,
            ),
            Code::Ok,
        ),
        (withdraw([0; 20], 1), Code::BadRecipient),
        (record(1_024), Code::Ok),
        (record(1_025), Code::TooLarge),
        (Body::SetPayout { payout: [0; 20] }, Code::Ok),
    ] {
        assert_eq!(
            code(&wallet.sign(wallet.header(0), body.clone())),
            expected,
            "{body:?}"
        );
    }
}

/// Encodings of all eight points of small order, some with the sign bit set where it does not matter.
fn small_order_keys() -> Vec<[u8; 32]> {
    [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ]
    .map(|digits| hex::decode(digits).unwrap().try_into().unwrap())
    .to_vec()
}

/// A transaction of the account of a small-order key: R of small order and s = 0 satisfy ZIP-215 for every message.
fn of_small_order(key: [u8; 32], r: [u8; 32]) -> Transaction {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&r);
    let header = Header {
        sender: Account::ed25519(&key),
        ..Wallet::new(0).header(0)
    };
    let body = transfer(Wallet::new(1).account(), TOKEN, 1);
    Transaction {
        header,
        body,
        authentication: Authentication::Ed25519 { key, signature },
        fee_payer_authentication: None,
    }
}

fn single_and_batch_agree(transactions: &[Transaction]) -> Vec<bool> {
    let bytes: Vec<Vec<u8>> = transactions.iter().map(Transaction::encode).collect();
    let slices: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
    let alone: Vec<_> = slices.iter().map(|bytes| check(bytes, &domain())).collect();
    assert_eq!(check_batch(&slices, &domain()), alone);
    alone.iter().map(Result::is_ok).collect()
}

#[test]
fn small_order_keys_have_one_verdict_alone_and_in_any_company() {
    let keys = small_order_keys();
    let all: Vec<Transaction> = keys
        .iter()
        .flat_map(|key| keys.iter().map(|r| of_small_order(*key, *r)))
        .collect();
    assert!(
        single_and_batch_agree(&all).into_iter().all(|ok| ok),
        "ZIP-215 accepts the whole matrix"
    );
    for chunk in all.chunks(7) {
        let company: Vec<Transaction> = chunk
            .iter()
            .cloned()
            .chain([signed(0), signed(2)])
            .collect();
        assert!(single_and_batch_agree(&company).into_iter().all(|ok| ok));
    }
}

#[test]
fn a_signature_of_a_small_order_key_opens_no_other_account() {
    let thief = of_small_order(small_order_keys()[0], small_order_keys()[1]);
    for number in 0..4 {
        let header = Header {
            sender: Wallet::new(number).account(),
            ..thief.header
        };
        let transaction = Transaction {
            header,
            ..thief.clone()
        };
        assert_eq!(code(&transaction), Code::WrongSender);
    }
}

#[test]
fn a_batch_gives_each_the_verdict_that_it_gets_alone() {
    let seed = 11;
    println!("seed {seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..60 {
        let count = rng.random_range(0..12);
        let transactions: Vec<Transaction> = (0..count).map(|_| maybe_broken(&mut rng)).collect();
        for ok in single_and_batch_agree(&transactions) {
            *if ok { &mut accepted } else { &mut refused } += 1;
        }
    }
    println!("{accepted} accepted, {refused} refused");
    assert!(accepted > 50 && refused > 50);
}

fn maybe_broken(rng: &mut ChaCha8Rng) -> Transaction {
    let mut transaction = signed(rng.random_range(0..4));
    match (rng.random_range(0..6), &mut transaction.authentication) {
        (0, Authentication::Ed25519 { signature, .. }) => {
            signature[rng.random_range(0..64)] ^= 1 << rng.random_range(0..8)
        }
        (1, Authentication::Ed25519 { key, .. }) => {
            *key = rng.random();
            transaction.header.sender = Account::ed25519(key);
        }
        (2, Authentication::Ed25519 { signature, .. }) => signature[63] |= 0xe0,
        (0 | 1, Authentication::Secp256k1 { r, .. }) => r[rng.random_range(0..32)] ^= 1,
        (2, Authentication::Secp256k1 { s, .. }) => *s = [0xff; 32],
        (3, _) => transaction.header.fee ^= 1,
        _ => {}
    }
    transaction
}

#[test]
fn malformed_bytes_in_a_batch_spoil_only_themselves() {
    let good = signed(0).encode();
    let verdicts = check_batch(&[&[], &good, &[0xf0, 1], &good[..50], &good], &domain());
    let codes: Vec<Code> = verdicts
        .iter()
        .map(|v| v.as_ref().map_or_else(Reject::code, |_| Code::Ok))
        .collect();
    assert_eq!(
        codes,
        [
            Code::Malformed,
            Code::Ok,
            Code::NotAllowedHere,
            Code::Malformed,
            Code::Ok
        ]
    );
    assert!(check_batch(&[], &domain()).is_empty());
}

#[test]
fn random_bytes_never_pass_and_never_panic() {
    let seed = 12;
    println!("seed {seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..20_000 {
        let mut bytes: Vec<u8> = (0..rng.random_range(0..400))
            .map(|_| rng.random())
            .collect();
        if let Some(kind) = bytes.first_mut() {
            *kind %= 7;
        }
        if let Some(scheme) = bytes.get_mut(1) {
            *scheme %= 6;
        }
        assert!(check(&bytes, &domain()).is_err());
    }
}
