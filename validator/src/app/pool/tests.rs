//! The pool: held sequences, replacement, room, expiry, order.

use super::*;
use crate::ledger::transaction::{Authentication, Body, Header};
use crate::ledger::{Domain, Transaction, check};

const DOMAIN: Domain = Domain {
    root_chain_id: 31_337,
    root_chain: [1; 20],
    deployment: [2; 20],
};

fn account(sender: u8) -> Account {
    let key = ed25519_zebra::SigningKey::from([sender; 32]);
    Account::ed25519(&ed25519_zebra::VerificationKey::from(&key).into())
}

fn pending(sender: u8, sequence: u64, fee: u128, valid_until: u64) -> Pending {
    let key = ed25519_zebra::SigningKey::from([sender; 32]);
    let public: [u8; 32] = ed25519_zebra::VerificationKey::from(&key).into();
    let with = |signature| Transaction {
        header: Header {
            sender: account(sender),
            lane: 0,
            sequence,
            fee,
            fee_payer: Account::NONE,
            valid_until,
            memo: [0; 32],
        },
        body: Body::SetPayout { payout: [7; 20] },
        authentication: Authentication::Ed25519 {
            key: public,
            signature,
        },
        fee_payer_authentication: None,
    };
    let digest = with([0; 64]).digest(&DOMAIN);
    let bytes = with(key.sign(digest.as_slice()).into()).encode();
    Pending {
        hash: engine_hash(&bytes),
        checked: check(&bytes, &DOMAIN).expect("a sound transaction"),
        bytes,
    }
}

fn order(pool: &Pool, next: u64) -> Vec<(u128, u64)> {
    let ready = pool.ready(100, |_| next);
    let headers = ready.iter().map(|pending| *pending.checked.header());
    headers
        .map(|header| (header.fee, header.sequence))
        .collect()
}

#[test]
fn sequences_up_to_64_ahead_are_held_and_no_further() {
    let mut pool = Pool::new(Limits::default());
    pool.add(pending(1, 5 + 64, 10, 9), 5).unwrap();
    assert_eq!(
        pool.add(pending(1, 5 + 65, 10, 9), 5),
        Err(Reject::NonceAhead {
            expected: 5,
            found: 70
        })
    );
    assert_eq!(
        pool.add(pending(1, 4, 10, 9), 5),
        Err(Reject::NonceUsed {
            expected: 5,
            found: 4
        })
    );
    assert!(order(&pool, 5).is_empty(), "held, not ready");
}

#[test]
fn a_gap_that_closes_makes_all_behind_it_ready() {
    let mut pool = Pool::new(Limits::default());
    for sequence in [2, 1, 3] {
        pool.add(pending(1, sequence, 10, 9), 0).unwrap();
    }
    assert!(order(&pool, 0).is_empty());
    assert_eq!(pool.next_sequence(&account(1), 0), 0);
    pool.add(pending(1, 0, 10, 9), 0).unwrap();
    assert_eq!(order(&pool, 0), vec![(10, 0), (10, 1), (10, 2), (10, 3)]);
    assert_eq!(pool.next_sequence(&account(1), 0), 4);
}

#[test]
fn a_replacement_pays_a_tenth_more_rounded_up_and_takes_the_place() {
    let mut pool = Pool::new(Limits::default());
    pool.add(pending(1, 0, 101, 9), 0).unwrap();
    assert_eq!(
        pool.add(pending(1, 0, 111, 9), 0),
        Err(Reject::ReplacementUnderpriced {
            pending: 101,
            minimum: 112,
            fee: 111
        })
    );
    assert_eq!(pool.add(pending(1, 0, 101, 9), 0), Err(Reject::Known));
    pool.add(pending(1, 0, 112, 9), 0).unwrap();
    assert_eq!(order(&pool, 0), vec![(112, 0)]);
    assert_eq!(pool.len(), 1);
}

#[test]
fn a_transaction_is_found_by_its_hash_and_by_its_digest_while_it_waits() {
    let mut pool = Pool::new(Limits::default());
    let (first, second) = (pending(1, 0, 100, 9), pending(1, 0, 200, 9));
    let names = |pending: &Pending| (pending.hash, *pending.checked.digest());
    let (old, new) = (names(&first), names(&second));
    pool.add(first, 0).unwrap();
    assert_eq!(
        pool.with_digest(&old.1).map(|found| found.hash),
        Some(old.0)
    );
    pool.add(second, 0).unwrap();
    assert!(pool.with_digest(&old.1).is_none() && pool.get(&old.0).is_none());
    assert_eq!(
        pool.with_digest(&new.1).map(|found| found.hash),
        Some(new.0)
    );
    pool.remove(&new.0);
    assert!(pool.with_digest(&new.1).is_none());
}

#[test]
fn the_best_fees_come_first_and_each_sender_keeps_its_order() {
    let mut pool = Pool::new(Limits::default());
    pool.add(pending(1, 0, 10, 9), 0).unwrap();
    pool.add(pending(1, 1, 90, 9), 0).unwrap();
    pool.add(pending(2, 0, 50, 9), 0).unwrap();
    pool.add(pending(3, 0, 20, 9), 0).unwrap();
    assert_eq!(order(&pool, 0), vec![(50, 0), (20, 0), (10, 0), (90, 1)]);
    assert_eq!(pool.ready(2, |_| 0).len(), 2);
}

#[test]
fn a_full_pool_gives_up_the_lowest_fee_for_one_that_pays_a_tenth_more() {
    let mut pool = Pool::new(Limits {
        transactions: 2,
        bytes: 1 << 20,
    });
    pool.add(pending(1, 0, 100, 9), 0).unwrap();
    pool.add(pending(2, 0, 50, 9), 0).unwrap();
    assert_eq!(
        pool.add(pending(3, 0, 54, 9), 0),
        Err(Reject::PoolFull { held: 2, limit: 2 })
    );
    pool.add(pending(3, 0, 55, 9), 0).unwrap();
    assert_eq!(order(&pool, 0), vec![(100, 0), (55, 0)]);
    let mut small = Pool::new(Limits {
        transactions: 2,
        bytes: 10,
    });
    assert!(matches!(
        small.add(pending(1, 0, 1, 9), 0),
        Err(Reject::PoolFull { .. })
    ));
    assert!(small.is_empty());
}

#[test]
fn what_was_used_or_expired_goes_and_leaves_nothing_behind() {
    let mut pool = Pool::new(Limits::default());
    for sequence in 0..5 {
        pool.add(pending(1, sequence, 10, 10 + sequence), 0)
            .unwrap();
    }
    pool.advance(&account(1), 2);
    assert_eq!(order(&pool, 2), vec![(10, 2), (10, 3), (10, 4)]);
    pool.expire(13);
    assert_eq!(order(&pool, 3), vec![(10, 3), (10, 4)]);
    pool.expire(100);
    assert!(pool.is_empty());
    assert_eq!(pool.bytes, 0);
    assert!(pool.senders.is_empty() && pool.fees.is_empty() && pool.expiry.is_empty());
    assert!(pool.digests.is_empty());
}
