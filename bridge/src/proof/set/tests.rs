//! The accumulator equals the list tree over all members, at every count, and refuses what is no member.

use alloy_primitives::keccak256;

use super::*;
use crate::proof::{
    attack::{flips, negative},
    bls::SecretKey,
};

fn secret(number: u16) -> SecretKey {
    let mut entropy = [3; 32];
    entropy[..2].copy_from_slice(&number.to_be_bytes());
    SecretKey::from_entropy(&entropy).expect("a key")
}

fn member(number: u16) -> Member {
    Member {
        at_risk: true,
        seat: number,
        operator: [number as u8; 20],
        registration: 7,
        consensus_key: [number as u8; 32],
        checkpoint_key: secret(number).public_key(),
        power: 10 + u64::from(number),
    }
}

fn fields(member: &Member) -> Vec<u8> {
    [
        member.seat.to_be_bytes().as_slice(),
        &member.operator,
        &member.registration.to_be_bytes(),
        &member.consensus_key,
        &member.checkpoint_key,
        &member.power.to_be_bytes(),
    ]
    .concat()
}

#[test]
fn a_member_leaf_is_keccak_of_170_bytes_and_every_byte_matters() {
    let member = member(300);
    let preimage = [b"PMEM".as_slice(), &fields(&member)].concat();
    assert_eq!(preimage.len(), 170);
    assert_eq!(member_leaf(&member), keccak256(&preimage));
    // Where nothing is at risk, the highest bit of the seat says so.
    let copied = Member {
        at_risk: false,
        ..member.clone()
    };
    let mut marked = preimage.clone();
    marked[4] |= 0x80;
    assert_eq!(member_leaf(&copied), keccak256(&marked));
    for (_, flipped) in flips(&preimage) {
        assert_ne!(keccak256(flipped), member_leaf(&member));
    }
}

#[test]
fn the_accumulator_equals_the_list_over_all_members_at_every_count() {
    let members: Vec<Member> = (0..512).map(member).collect();
    let leaves: Vec<Hash> = members.iter().map(member_leaf).collect();
    let mut accumulator = Accumulator::default();
    for (at, member) in members.iter().enumerate() {
        assert_eq!(accumulator.finish().members_root, list::root(&leaves[..at]));
        accumulator.push(member).expect("a member");
        for (level, open) in accumulator.frontier.iter().enumerate() {
            let in_use = accumulator.count >> level & 1 == 1;
            assert_eq!(!open.is_zero(), in_use, "level {level} at {at}");
        }
    }
    let set = accumulator.finish();
    assert_eq!(set.members_root, list::root(&leaves));
    assert_eq!((set.count, set.total), (512, 10 * 512 + 511 * 512 / 2));
    let keys = members.iter().map(|member| &member.checkpoint_key);
    assert_eq!(Ok(set.aggregate), bls::aggregate_keys(keys));
    assert_eq!(accumulator.push(&member(512)), Err(SetError::Full));
    assert_eq!(accumulator.finish(), set);
    assert_eq!(commit(&members), Ok(set));
}

#[test]
fn the_set_commitment_is_keccak_of_142_bytes() {
    let set = commit(&[member(1), member(2), member(3)]).expect("a set");
    let preimage = [
        b"PSET".as_slice(),
        set.members_root.as_slice(),
        &3_u16.to_be_bytes(),
        &set.aggregate,
        &set.total.to_be_bytes(),
    ]
    .concat();
    assert_eq!(preimage.len(), 142);
    assert_eq!(set.commitment, keccak256(preimage));
}

#[test]
fn the_order_of_members_matters_and_so_does_each_of_them() {
    let set = commit(&[member(1), member(2)]).expect("a set");
    let swapped = commit(&[member(2), member(1)]).expect("a set");
    assert_eq!(set.aggregate, swapped.aggregate);
    assert_ne!(set.commitment, swapped.commitment);
    assert_ne!(set, commit(&[member(1)]).expect("a set"));
    assert_ne!(set, commit(&[member(1), member(3)]).expect("a set"));
}

#[test]
fn nobody_is_a_set_of_zeros() {
    let set = Accumulator::default().finish();
    assert_eq!(set.members_root, Hash::ZERO);
    assert_eq!((set.count, set.total), (0, 0));
    assert_eq!(set.aggregate, bls::NO_KEY);
}

#[test]
fn a_refused_member_leaves_the_accumulator_as_it_was() {
    let mut accumulator = Accumulator::default();
    accumulator.push(&member(1)).expect("a member");
    let before = accumulator.clone();
    let heavy = Member {
        power: u64::MAX,
        ..member(2)
    };
    let refused = SetError::Power {
        total: 11,
        power: u64::MAX,
    };
    assert_eq!(accumulator.push(&heavy), Err(refused));
    let mut identity = [0; 96];
    identity[0] = 0x40;
    for key in [identity, [0; 96], [0xff; 96], [1; 96]] {
        let keyless = Member {
            checkpoint_key: key,
            ..member(2)
        };
        let verdict = accumulator.push(&keyless);
        assert!(matches!(verdict, Err(SetError::Key { seat: 2, .. })));
    }
    assert_eq!(accumulator, before);
}

#[test]
fn two_keys_that_cancel_out_do_not_stop_the_boundary() {
    let first = member(1);
    let second = Member {
        checkpoint_key: negative(&secret(1)).public_key(),
        ..member(2)
    };
    let mut accumulator = Accumulator::default();
    accumulator.push(&first).expect("a member");
    accumulator.push(&second).expect("its negative");
    assert_eq!(accumulator.aggregate, bls::NO_KEY);
    assert_eq!(accumulator.finish().count, 2);
    accumulator.push(&member(3)).expect("a third");
    assert_eq!(accumulator.aggregate, member(3).checkpoint_key);
}
