//! The digest by its preimage; attacks on certificates.

use alloy_primitives::keccak256;
use plasmid_staking::Member;

use super::{certificate::CertificateError, *};
use crate::proof::{
    attack::{flips, wrong_lengths},
    bls::{self, BlsError, SecretKey},
};

fn checkpoint() -> Checkpoint {
    let word = Hash::repeat_byte;
    Checkpoint {
        deployment: [1; 20],
        epoch: 2,
        last_block_time: 3,
        blocks_root: word(4),
        state_root: word(5),
        inbox_cursor: 6,
        inbox_hash: word(7),
        next_set: word(8),
        relayer: [9; 20],
        previous: word(10),
    }
}

fn secret(number: u16) -> SecretKey {
    let mut entropy = [4; 32];
    entropy[..2].copy_from_slice(&number.to_be_bytes());
    SecretKey::from_entropy(&entropy).expect("a key")
}

fn set(powers: &[u64]) -> Vec<Member> {
    let member = |(number, power): (usize, &u64)| Member {
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
fn the_digest_is_keccak_of_228_bytes_in_the_order_of_the_protocol() {
    let (one, two) = ([1; 20], 2_u64.to_be_bytes());
    let (three, six) = (3_u64.to_be_bytes(), 6_u64.to_be_bytes());
    let parts: [&[u8]; 11] = [
        b"PCKP", &one, &two, &three, &[4; 32], &[5; 32], &six, &[7; 32], &[8; 32], &[9; 20],
        &[10; 32],
    ];
    let preimage = parts.concat();
    assert_eq!(preimage.len(), 228);
    assert_eq!(checkpoint().digest(), keccak256(preimage));
}

#[test]
fn a_checkpoint_decodes_strictly_and_every_byte_is_signed() {
    let bytes = checkpoint().encode();
    assert_eq!(bytes.len(), Checkpoint::BYTES);
    assert_eq!(Checkpoint::decode(&bytes), Ok(checkpoint()));
    for (at, flipped) in flips(&bytes) {
        let other = Checkpoint::decode(&flipped).expect("every content decodes");
        assert_ne!(other.digest(), checkpoint().digest(), "byte {at}");
    }
    for cut in wrong_lengths(&bytes) {
        assert!(Checkpoint::decode(&cut).is_err());
    }
}

#[test]
fn a_certificate_of_more_than_two_thirds_verifies_and_says_how_much_signed() {
    let digest = checkpoint().digest();
    let members = set(&[10, 10, 10, 10, 50]);
    for (numbers, power) in [(&[0, 1, 2, 3, 4][..], 90), (&[0, 4, 2], 70)] {
        let certificate = certificate::build(&members, &digest, &shares(numbers, &digest));
        let certificate = certificate.expect("a quorum");
        let signed = certificate::verify(&members, &digest, &certificate);
        assert_eq!(signed, Ok(power));
        assert_eq!(Certificate::decode(&certificate.encode()), Ok(certificate));
    }
}

#[test]
fn exactly_two_thirds_make_no_certificate_and_verify_as_none() {
    let digest = checkpoint().digest();
    let members = set(&[10, 10, 10, 10, 50]);
    let signed = shares(&[3, 4], &digest);
    let refused = CertificateError::Quorum {
        signed: 60,
        total: 90,
    };
    assert_eq!(certificate::build(&members, &digest, &signed), Err(refused));
    let mut bitmap = [0; 64];
    bitmap[0] = 0b11000;
    let signature = bls::aggregate_signatures(&[signed[0].1, signed[1].1]).expect("a sum");
    let forced = Certificate { bitmap, signature };
    assert_eq!(
        certificate::verify(&members, &digest, &forced),
        Err(refused)
    );
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
        assert_eq!(certificate::is_quorum(signed, total), enough);
    }
}

#[test]
fn no_byte_of_a_certificate_can_be_changed() {
    let digest = checkpoint().digest();
    let members = set(&[10; 7]);
    let signed = shares(&[0, 1, 2, 4, 6], &digest);
    let certificate = certificate::build(&members, &digest, &signed).expect("a quorum");
    let bytes = certificate.encode();
    assert_eq!(bytes.len(), Certificate::BYTES);
    for (at, flipped) in flips(&bytes) {
        let bent = Certificate::decode(&flipped).expect("every content decodes");
        let verdict = certificate::verify(&members, &digest, &bent);
        assert!(verdict.is_err(), "byte {at}");
    }
    for bit in 0..512 {
        let mut bent = certificate;
        bent.bitmap[bit / 8] ^= 1 << (bit % 8);
        assert!(certificate::verify(&members, &digest, &bent).is_err());
    }
    for cut in wrong_lengths(&bytes) {
        assert!(Certificate::decode(&cut).is_err());
    }
}

#[test]
fn bits_from_the_member_count_on_are_refused() {
    let digest = checkpoint().digest();
    let members = set(&[10; 4]);
    let signed = shares(&[0, 1, 2, 3], &digest);
    let certificate = certificate::build(&members, &digest, &signed).expect("a quorum");
    for bit in [4, 5, 7, 8, 63, 511] {
        let mut bent = certificate;
        certificate::insert(&mut bent.bitmap, bit);
        assert_eq!(
            certificate::verify(&members, &digest, &bent),
            Err(CertificateError::StrayBit { bit, count: 4 })
        );
    }
}

#[test]
fn a_certificate_is_for_its_own_digest_and_its_own_set() {
    let digest = checkpoint().digest();
    let members = set(&[10; 4]);
    let signed = shares(&[0, 1, 2], &digest);
    let certificate = certificate::build(&members, &digest, &signed).expect("a quorum");
    let refused = Err(CertificateError::Bls(BlsError::Signature));
    let other = Checkpoint {
        epoch: 3,
        ..checkpoint()
    };
    assert_eq!(
        certificate::verify(&members, &other.digest(), &certificate),
        refused
    );
    let mut reordered = members.clone();
    reordered.swap(0, 3);
    assert_eq!(
        certificate::verify(&reordered, &digest, &certificate),
        refused
    );
    assert!(certificate::verify(&members[..2], &digest, &certificate).is_err());
    assert!(certificate::verify(&[], &digest, &certificate).is_err());
    let heavier = set(&[10, 10, 10, 15]);
    assert!(matches!(
        certificate::verify(&heavier, &digest, &certificate),
        Err(CertificateError::Quorum {
            signed: 30,
            total: 45
        })
    ));
}

#[test]
fn one_signature_does_not_count_for_another_member_or_twice() {
    let digest = checkpoint().digest();
    let members = set(&[10; 4]);
    let own = share(0, &digest);
    let borrowed = [own, (1, own.1), (2, own.1), own, own];
    assert_eq!(
        certificate::build(&members, &digest, &borrowed),
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
    assert!(certificate::verify(&members, &digest, &forged).is_err());
}

#[test]
fn bad_shares_are_left_out_and_do_not_stop_the_good_ones() {
    let digest = checkpoint().digest();
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
    let certificate = certificate::build(&members, &digest, &mixed).expect("a quorum");
    assert_eq!(certificate.bitmap[0], 0b0111);
    let clean = certificate::build(&members, &digest, &shares(&[0, 1, 2], &digest));
    assert_eq!(Ok(certificate), clean);
}

#[test]
fn an_empty_set_or_no_shares_make_no_certificate() {
    let digest = checkpoint().digest();
    let nothing = CertificateError::Quorum {
        signed: 0,
        total: 0,
    };
    assert_eq!(certificate::build(&[], &digest, &[]), Err(nothing));
    let members = set(&[10; 4]);
    assert!(certificate::build(&members, &digest, &[]).is_err());
    let powerless = set(&[0; 4]);
    let signed = shares(&[0, 1, 2, 3], &digest);
    assert_eq!(
        certificate::build(&powerless, &digest, &signed),
        Err(nothing)
    );
}

#[test]
fn more_than_512_members_are_refused() {
    let digest = checkpoint().digest();
    let many = vec![set(&[1]).remove(0); 513];
    assert_eq!(
        certificate::build(&many, &digest, &[]),
        Err(CertificateError::TooManyMembers { count: 513 })
    );
    let empty = Certificate {
        bitmap: [0; 64],
        signature: [0; 192],
    };
    assert_eq!(
        certificate::verify(&many, &digest, &empty),
        Err(CertificateError::TooManyMembers { count: 513 })
    );
}

#[test]
fn bits_beyond_the_bitmap_are_nobody() {
    let mut bitmap = [0; 64];
    certificate::insert(&mut bitmap, 512);
    certificate::insert(&mut bitmap, usize::MAX);
    assert_eq!(bitmap, [0; 64]);
    certificate::insert(&mut bitmap, 511);
    assert_eq!(bitmap[63], 0x80);
    assert!(certificate::has(&bitmap, 511));
    assert!(!certificate::has(&bitmap, 512) && !certificate::has(&bitmap, usize::MAX));
}
