//! Attacks on keys and signatures: identity, points outside the subgroup, other tags, every byte flipped.

use super::*;
use crate::proof::attack::{flips, negative};

fn secret(number: u8) -> SecretKey {
    SecretKey::from_entropy(&[number; 32]).expect("a key")
}

fn digest(number: u8) -> Hash {
    Hash::repeat_byte(number)
}

/// A point on the curve, outside the subgroup: the first x that has a y. (A random point is inside with chance 2^−125.)
fn stray_key() -> [u8; KEY_BYTES] {
    let point = (1..=u8::MAX).find_map(|x| {
        let mut bytes = [0; 48];
        (bytes[0], bytes[47]) = (0x80, x);
        PublicKey::uncompress(&bytes).ok()
    });
    point.expect("half of all x have a y").serialize()
}

fn stray_signature() -> [u8; SIGNATURE_BYTES] {
    let point = (1..=u8::MAX).find_map(|x| {
        let mut bytes = [0; 96];
        (bytes[0], bytes[95]) = (0x80, x);
        Signature::uncompress(&bytes).ok()
    });
    point.expect("half of all x have a y").serialize()
}

fn identity<const N: usize>() -> [u8; N] {
    let mut identity = [0; N];
    identity[0] = 0x40;
    identity
}

#[test]
fn a_signature_verifies_under_its_own_tag_key_and_message_only() {
    let (key, message) = (secret(1).public_key(), digest(9));
    let share = secret(1).sign_checkpoint(&message);
    let proof = secret(1).sign_possession(&message);
    assert_eq!(verify_share(&key, &message, &share), Ok(()));
    assert_eq!(verify_possession(&key, &message, &proof), Ok(()));
    let refused = Err(BlsError::Signature);
    assert_eq!(verify_share(&key, &message, &proof), refused);
    assert_eq!(verify_possession(&key, &message, &share), refused);
    assert_eq!(verify_share(&key, &digest(8), &share), refused);
    let other = secret(2).public_key();
    assert_eq!(verify_share(&other, &message, &share), refused);
    assert_ne!(CHECKPOINT_TAG, POSSESSION_TAG);
}

#[test]
fn no_byte_of_a_key_or_signature_can_be_changed() {
    let (key, message) = (secret(1).public_key(), digest(9));
    let share = secret(1).sign_checkpoint(&message);
    for (at, flipped) in flips(&key) {
        let flipped = flipped.try_into().expect("96 bytes");
        assert!(verify_share(&flipped, &message, &share).is_err(), "{at}");
    }
    for (at, flipped) in flips(&share) {
        let flipped = flipped.try_into().expect("192 bytes");
        assert!(verify_share(&key, &message, &flipped).is_err(), "{at}");
    }
    for (at, flipped) in flips(message.as_slice()) {
        let flipped = Hash::from_slice(&flipped);
        assert!(verify_share(&key, &flipped, &share).is_err(), "{at}");
    }
}

#[test]
fn every_flag_bit_is_refused() {
    let (key, message) = (secret(1).public_key(), digest(9));
    let share = secret(1).sign_checkpoint(&message);
    for flags in [0x20, 0x40, 0x60, 0x80, 0xa0, 0xc0, 0xe0] {
        let (mut flagged_key, mut flagged_share) = (key, share);
        flagged_key[0] |= flags;
        flagged_share[0] |= flags;
        assert_eq!(check_key(&flagged_key), Err(BlsError::Encoding));
        assert_eq!(
            verify_share(&key, &message, &flagged_share),
            Err(BlsError::Encoding)
        );
    }
}

#[test]
fn the_identity_is_refused_everywhere() {
    let message = digest(9);
    let (key, share) = (secret(1).public_key(), secret(1).sign_checkpoint(&message));
    let refused = BlsError::Identity;
    assert_eq!(check_key(&identity()), Err(refused));
    for verify in [verify_share, verify_possession] {
        assert_eq!(verify(&identity(), &message, &identity()), Err(refused));
        assert_eq!(verify(&key, &message, &identity()), Err(refused));
        assert_eq!(verify(&identity(), &message, &share), Err(refused));
    }
    assert_eq!(aggregate_signatures(&[share, identity()]), Err(refused));
    assert_eq!(aggregate_keys([&key, &identity()]), Err(refused));
    assert_eq!(add_key(&NO_KEY, &identity()), Err(refused));
    assert_eq!(add_key(&identity(), &key), Err(refused));
}

#[test]
fn zeros_are_no_point() {
    let message = digest(9);
    let (key, share) = (secret(1).public_key(), secret(1).sign_checkpoint(&message));
    assert_eq!(check_key(&NO_KEY), Err(BlsError::Encoding));
    assert!(verify_share(&NO_KEY, &message, &share).is_err());
    assert!(verify_share(&key, &message, &[0; SIGNATURE_BYTES]).is_err());
    assert!(verify_share(&NO_KEY, &message, &[0; SIGNATURE_BYTES]).is_err());
    assert!(aggregate_keys([&key, &NO_KEY]).is_err());
    assert!(add_key(&key, &NO_KEY).is_err());
    assert!(add_key(&NO_KEY, &NO_KEY).is_err());
    assert!(aggregate_signatures(&[share, [0; SIGNATURE_BYTES]]).is_err());
}

#[test]
fn points_outside_the_subgroup_are_refused_everywhere() {
    let message = digest(9);
    let (key, share) = (secret(1).public_key(), secret(1).sign_checkpoint(&message));
    let refused = BlsError::Subgroup;
    assert_eq!(check_key(&stray_key()), Err(refused));
    assert_eq!(verify_share(&stray_key(), &message, &share), Err(refused));
    assert_eq!(
        verify_share(&key, &message, &stray_signature()),
        Err(refused)
    );
    assert_eq!(aggregate_keys([&key, &stray_key()]), Err(refused));
    assert_eq!(add_key(&stray_key(), &key), Err(refused));
    assert_eq!(
        aggregate_signatures(&[share, stray_signature()]),
        Err(refused)
    );
}

#[test]
fn a_coordinate_that_is_not_reduced_is_refused() {
    const PRIME: &str = "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";
    let prime = hex::decode(PRIME).expect("hex");
    for at in [0, 48] {
        let mut key = secret(1).public_key();
        key[at..at + 48].copy_from_slice(&prime);
        assert_eq!(check_key(&key), Err(BlsError::Encoding));
    }
}

#[test]
fn sums_of_keys_verify_sums_of_signatures() {
    let message = digest(9);
    let keys: Vec<_> = (1..=5).map(|number| secret(number).public_key()).collect();
    let shares: Vec<_> = (1..=5)
        .map(|number| secret(number).sign_checkpoint(&message))
        .collect();
    let sum = aggregate_signatures(&shares).expect("a sum");
    let key = aggregate_keys(&keys).expect("a sum");
    assert_eq!(verify_share(&key, &message, &sum), Ok(()));
    let step = keys.iter().try_fold(NO_KEY, |sum, key| add_key(&sum, key));
    assert_eq!(step, Ok(key));
    let fewer = aggregate_keys(&keys[..4]).expect("a sum");
    assert_eq!(
        verify_share(&fewer, &message, &sum),
        Err(BlsError::Signature)
    );
    let fewer = aggregate_signatures(&shares[1..]).expect("a sum");
    assert!(verify_share(&key, &message, &fewer).is_err());
    assert_eq!(aggregate_keys([]), Err(BlsError::Empty));
    assert_eq!(aggregate_signatures(&[]), Err(BlsError::Empty));
}

#[test]
fn secret_keys_come_back_from_their_bytes_and_are_not_printed() {
    let key = secret(5);
    let bytes = key.to_bytes();
    let again = SecretKey::from_bytes(&bytes).expect("a key");
    assert_eq!(again.public_key(), key.public_key());
    let printed = format!("{key:?} {key:#?}");
    assert_eq!(printed, "SecretKey(hidden) SecretKey(hidden)");
    assert_ne!(secret(6).to_bytes(), bytes);
}

#[test]
fn zero_and_the_group_order_are_no_secret_keys() {
    const ORDER: &str = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";
    let order: [u8; 32] = hex::decode(ORDER).expect("hex").try_into().expect("32");
    for bytes in [[0; 32], order, [0xff; 32]] {
        let refused = SecretKey::from_bytes(&bytes).err();
        assert_eq!(refused, Some(BlsError::SecretKey));
    }
}

#[test]
fn sums_that_cancel_out_are_no_signature_and_no_key() {
    let message = digest(9);
    let (key, opposite) = (secret(1), negative(&secret(1)));
    let shares = [&key, &opposite].map(|key| key.sign_checkpoint(&message));
    assert_eq!(aggregate_signatures(&shares), Err(BlsError::Identity));
    let keys = [key.public_key(), opposite.public_key()];
    assert_eq!(aggregate_keys(&keys), Ok(NO_KEY));
    assert_eq!(add_key(&keys[0], &keys[1]), Ok(NO_KEY));
    assert_eq!(add_key(&NO_KEY, &keys[1]), Ok(keys[1]));
}
