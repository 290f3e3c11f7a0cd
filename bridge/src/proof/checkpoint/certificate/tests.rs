//! Attacks on certificates: every byte, every bit, borrowed and cancelling signatures, other sets, too little power.

use super::*;
use crate::proof::{
    attack::{flips, negative, wrong_lengths},
    bls::SecretKey,
};

fn digest() -> Hash {
    Hash::repeat_byte(7)
}

fn secret(number: u16) -> SecretKey {
    let mut entropy = [4; 32];
    entropy[..2].copy_from_slice(&number.to_be_bytes());
    SecretKey::from_entropy(&entropy).expect("a key")
}

fn set(powers: &[u64]) -> Vec<Member> {
    let member = |(number, power): (usize, &u64)| Member {
        at_risk: true,
        seat: number as u16 * 2,
        operator: [number as u8; 20],
        registration: 0,
        consensus_key: [0; 32],
        checkpoint_key: secret(number as u16).public_key(),
        power: *power,
    };
    powers.iter().enumerate().map(member).collect()
}

fn share(number: u16, digest: &Hash) -> (u16, [u8; 192]) {
    (number, secret(number).sign_checkpoint(digest))
}

fn shares(numbers: &[u16], digest: &Hash) -> Vec<(u16, [u8; 192])> {
    numbers
        .iter()
        .map(|number| share(*number, digest))
        .collect()
}

#[test]
fn a_certificate_of_more_than_two_thirds_verifies_and_says_how_much_signed() {
    let digest = digest();
    let members = set(&[10, 10, 10, 10, 50]);
    for (numbers, power) in [(&[0, 1, 2, 3, 4][..], 90), (&[0, 4, 2], 70)] {
        let certificate = build(&members, &digest, &shares(numbers, &digest));
        let certificate = certificate.expect("a quorum");
        let signed = verify(&members, &digest, &certificate);
        assert_eq!(signed, Ok(power));
        assert_eq!(Certificate::decode(&certificate.encode()), Ok(certificate));
    }
}

#[test]
fn exactly_two_thirds_make_no_certificate_and_verify_as_none() {
    let digest = digest();
    let members = set(&[10, 10, 10, 10, 50]);
    let signed = shares(&[3, 4], &digest);
    let refused = CertificateError::Quorum {
        signed: 60,
        total: 90,
    };
    assert_eq!(build(&members, &digest, &signed), Err(refused));
    let mut bitmap = [0; 64];
    bitmap[0] = 0b11000;
    let signature = bls::aggregate_signatures(&[signed[0].1, signed[1].1]).expect("a sum");
    let forced = Certificate { bitmap, signature };
    assert_eq!(verify(&members, &digest, &forced), Err(refused));
}

#[test]
fn two_thirds_are_not_enough_and_one_more_is() {
    for (signed, total, enough) in [
        (2, 3, false),
        (3, 3, true),
        (66, 100, false),
        (67, 100, true),
        (0, 0, false),
        (u128::from(u64::MAX) * 512, u128::from(u64::MAX) * 512, true),
    ] {
        assert_eq!(is_quorum(signed, total), enough);
    }
}

#[test]
fn no_byte_of_a_certificate_can_be_changed() {
    let digest = digest();
    let members = set(&[10; 7]);
    let signed = shares(&[0, 1, 2, 4, 6], &digest);
    let certificate = build(&members, &digest, &signed).expect("a quorum");
    let bytes = certificate.encode();
    assert_eq!(bytes.len(), Certificate::BYTES);
    for (at, flipped) in flips(&bytes) {
        let bent = Certificate::decode(&flipped).expect("every content decodes");
        let verdict = verify(&members, &digest, &bent);
        assert!(verdict.is_err(), "byte {at}");
    }
    for bit in 0..512 {
        let mut bent = certificate;
        bent.bitmap[bit / 8] ^= 1 << (bit % 8);
        assert!(verify(&members, &digest, &bent).is_err());
    }
    for cut in wrong_lengths(&bytes) {
        assert!(Certificate::decode(&cut).is_err());
    }
}

#[test]
fn bits_from_the_member_count_on_are_refused() {
    let digest = digest();
    let members = set(&[10; 4]);
    let signed = shares(&[0, 1, 2, 3], &digest);
    let certificate = build(&members, &digest, &signed).expect("a quorum");
    for bit in [4, 5, 7, 8, 63, 511] {
        let mut bent = certificate;
        insert(&mut bent.bitmap, bit);
        assert_eq!(
            verify(&members, &digest, &bent),
            Err(CertificateError::StrayBit { bit, count: 4 })
        );
    }
}

#[test]
fn a_certificate_is_for_its_own_digest_and_its_own_set() {
    let digest = digest();
    let members = set(&[10; 4]);
    let signed = shares(&[0, 1, 2], &digest);
    let certificate = build(&members, &digest, &signed).expect("a quorum");
    let refused = Err(CertificateError::Bls(BlsError::Signature));
    let other = Hash::repeat_byte(8);
    assert_eq!(verify(&members, &other, &certificate), refused);
    let mut reordered = members.clone();
    reordered.swap(0, 3);
    assert_eq!(verify(&reordered, &digest, &certificate), refused);
    assert!(verify(&members[..2], &digest, &certificate).is_err());
    assert!(verify(&[], &digest, &certificate).is_err());
    let heavier = set(&[10, 10, 10, 15]);
    assert!(matches!(
        verify(&heavier, &digest, &certificate),
        Err(CertificateError::Quorum {
            signed: 30,
            total: 45
        })
    ));
}

#[test]
fn one_signature_does_not_count_for_another_member_or_twice() {
    let digest = digest();
    let members = set(&[10; 4]);
    let own = share(0, &digest);
    let borrowed = [own, (1, own.1), (2, own.1), own, own];
    assert_eq!(
        build(&members, &digest, &borrowed),
        Err(CertificateError::Quorum {
            signed: 10,
            total: 40
        })
    );
    let mut bitmap = [0; 64];
    bitmap[0] = 0b111;
    let forged = Certificate {
        bitmap,
        signature: own.1,
    };
    assert!(verify(&members, &digest, &forged).is_err());
}

#[test]
fn bad_shares_are_left_out_and_do_not_stop_the_good_ones() {
    let digest = digest();
    let members = set(&[10; 4]);
    let mut identity = [0; 192];
    identity[0] = 0x40;
    let stale = share(3, &Hash::repeat_byte(1));
    let mut mixed = vec![
        (0, identity),
        (0, [0xff; 192]),
        stale,
        (4, share(0, &digest).1),
        (511, identity),
        (u16::MAX, [0; 192]),
    ];
    mixed.extend(shares(&[2, 0, 1, 2], &digest));
    let certificate = build(&members, &digest, &mixed).expect("a quorum");
    assert_eq!(certificate.bitmap[0], 0b0111);
    let clean = build(&members, &digest, &shares(&[0, 1, 2], &digest));
    assert_eq!(Ok(certificate), clean);
}

#[test]
fn an_empty_set_or_no_shares_make_no_certificate() {
    let digest = digest();
    let nothing = CertificateError::Quorum {
        signed: 0,
        total: 0,
    };
    assert_eq!(build(&[], &digest, &[]), Err(nothing));
    let members = set(&[10; 4]);
    assert!(build(&members, &digest, &[]).is_err());
    let powerless = set(&[0; 4]);
    let signed = shares(&[0, 1, 2, 3], &digest);
    assert_eq!(build(&powerless, &digest, &signed), Err(nothing));
}

#[test]
fn more_than_512_members_are_refused() {
    let digest = digest();
    let many = vec![set(&[1]).remove(0); 513];
    assert_eq!(
        build(&many, &digest, &[]),
        Err(CertificateError::TooManyMembers { count: 513 })
    );
    let empty = Certificate {
        bitmap: [0; 64],
        signature: [0; 192],
    };
    assert_eq!(
        verify(&many, &digest, &empty),
        Err(CertificateError::TooManyMembers { count: 513 })
    );
}

#[test]
fn bits_beyond_the_bitmap_are_nobody() {
    let mut bitmap = [0; 64];
    insert(&mut bitmap, 512);
    insert(&mut bitmap, usize::MAX);
    assert_eq!(bitmap, [0; 64]);
    insert(&mut bitmap, 511);
    assert_eq!(bitmap[63], 0x80);
    assert!(has(&bitmap, 511));
    assert!(!has(&bitmap, 512) && !has(&bitmap, usize::MAX));
}

#[test]
fn keys_that_cancel_out_sign_nothing() {
    let digest = digest();
    let mut members = set(&[50, 50, 10]);
    members[1].checkpoint_key = negative(&secret(0)).public_key();
    let cancelling = [
        share(0, &digest),
        (1, negative(&secret(0)).sign_checkpoint(&digest)),
    ];
    let refused = CertificateError::Bls(BlsError::Identity);
    assert_eq!(build(&members, &digest, &cancelling), Err(refused));
    let mut bitmap = [0; 64];
    bitmap[0] = 0b011;
    let mut identity = [0; 192];
    identity[0] = 0x40;
    for signature in [identity, [0; 192], cancelling[0].1] {
        let forged = Certificate { bitmap, signature };
        assert_eq!(verify(&members, &digest, &forged), Err(refused));
    }
    let all = [cancelling[0], cancelling[1], share(2, &digest)];
    assert!(build(&members, &digest, &all).is_ok());
}

#[test]
fn who_signed_two_certified_checkpoints_is_in_both_bitmaps() {
    let members = set(&[10, 10, 10, 10]);
    let digests = [Hash::repeat_byte(1), Hash::repeat_byte(2)];
    let certify = |which: usize, numbers: &[u16]| {
        let digest = &digests[which];
        build(&members, digest, &shares(numbers, digest)).expect("a certificate")
    };
    let first = certify(0, &[0, 1, 2]);
    let second = certify(1, &[1, 2, 3]);
    let found = overlap(&members, (&digests[0], &first), (&digests[1], &second));
    let mut expected = [0; BITMAP_BYTES];
    insert(&mut expected, 1);
    insert(&mut expected, 2);
    assert_eq!(found, Ok(expected));
    let same = overlap(&members, (&digests[0], &first), (&digests[0], &first));
    assert_eq!(same, Err(OverlapError::Same(digests[0])));
    let swapped = overlap(&members, (&digests[0], &second), (&digests[1], &first));
    assert!(matches!(
        swapped,
        Err(OverlapError::Certificate { which: 1, .. })
    ));
    let wrong = overlap(&members, (&digests[0], &first), (&digests[1], &first));
    assert!(matches!(
        wrong,
        Err(OverlapError::Certificate { which: 2, .. })
    ));
    // Of another set.
    let others = &members[..3];
    let other = overlap(others, (&digests[0], &first), (&digests[1], &second));
    assert!(matches!(
        other,
        Err(OverlapError::Certificate { which: 2, .. })
    ));
}
