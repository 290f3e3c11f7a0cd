//! Ed25519 signatures, good and bad in every way we know, with ed25519-zebra's verdict on each: what the contract must say too.
//!
//! Kept in `vectors/ed25519.bin`, made here from a seed, read by `contracts/test/Ed25519Verdicts.t.sol`:
//!
//! ```text
//! file   = count u32 ‖ records, to the end
//! record = family u8 ‖ verdict u8 ‖ key 32 ‖ signature 64 ‖ length u16 ‖ message      (integers big-endian)
//! ```
//! Families 0 and 1 are the matrix of small order and the mixed-torsion cases; 2 to 10, drawn at random, make up 10,000; 11 and 12 are the public
//! corpora Wycheproof and speccheck (`vectors/ed25519-corpora.txt`).
//! After a change: `PLASMID_WRITE_VECTORS=1 cargo test --release -p plasmid-bridge --test ed25519_vectors`.

use std::path::Path;

use curve25519_dalek::{
    constants::EIGHT_TORSION,
    edwards::{CompressedEdwardsY, EdwardsPoint},
    scalar::Scalar,
};
use ed25519_zebra::{Signature, VerificationKey};
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha512};

const SEED: u64 = 0x706c_6173_6d69_6403;
const MIXED_TORSION: usize = 200;
const RANDOM: usize = 10_000;
const CORPORA: &str = include_str!("../vectors/ed25519-corpora.txt");

/// The order L of the base point, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

#[derive(Clone)]
struct Case {
    family: u8,
    key: [u8; 32],
    r: [u8; 32],
    s: [u8; 32],
    message: Vec<u8>,
}

impl Case {
    fn signature(&self) -> Signature {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&self.r);
        bytes[32..].copy_from_slice(&self.s);
        Signature::from(bytes)
    }

    fn verdict(&self) -> bool {
        VerificationKey::try_from(self.key)
            .is_ok_and(|key| key.verify(&self.signature(), &self.message).is_ok())
    }

    /// The challenge over the bytes as they stand.
    fn challenge(&self) -> Scalar {
        let digest = Sha512::new()
            .chain_update(self.r)
            .chain_update(self.key)
            .chain_update(&self.message)
            .finalize();
        Scalar::from_bytes_mod_order_wide(&digest.into())
    }

    fn encode(&self) -> Vec<u8> {
        let length = u16::try_from(self.message.len()).expect("a short message");
        let mut bytes = vec![self.family, u8::from(self.verdict())];
        bytes.extend_from_slice(&self.key);
        bytes.extend_from_slice(&self.r);
        bytes.extend_from_slice(&self.s);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&self.message);
        bytes
    }
}

/// A signer: the scalar a and a torsion point, whose sum aB + T is the key.
fn signed(rng: &mut ChaCha20Rng, family: u8, torsion: [EdwardsPoint; 2]) -> Case {
    let (a, nonce) = (scalar(rng), scalar(rng));
    let mut case = Case {
        family,
        key: (EdwardsPoint::mul_base(&a) + torsion[0]).compress().0,
        r: (EdwardsPoint::mul_base(&nonce) + torsion[1]).compress().0,
        s: [0; 32],
        message: message(rng),
    };
    case.s = (nonce + case.challenge() * a).to_bytes();
    case
}

fn honest(rng: &mut ChaCha20Rng, family: u8) -> Case {
    signed(rng, family, [EIGHT_TORSION[0]; 2])
}

fn scalar(rng: &mut ChaCha20Rng) -> Scalar {
    let mut wide = [0; 64];
    rng.fill_bytes(&mut wide);
    Scalar::from_bytes_mod_order_wide(&wide)
}

fn bytes(rng: &mut ChaCha20Rng) -> [u8; 32] {
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// Mostly short; one in sixteen as long as a vote or longer, over the edges of SHA-512's blocks.
fn message(rng: &mut ChaCha20Rng) -> Vec<u8> {
    let most = if rng.random_range(0..16) == 0 { 300 } else { 8 };
    let mut message = vec![0; rng.random_range(0..=most)];
    rng.fill_bytes(&mut message);
    message
}

fn torsion(rng: &mut ChaCha20Rng) -> EdwardsPoint {
    EIGHT_TORSION[rng.random_range(0..8)]
}

/// y = p + `above` (0 to 18) with a sign: the encodings that are not canonical because of y.
fn beyond_the_prime(above: u8, sign: bool) -> [u8; 32] {
    let mut encoding = [0xff; 32];
    encoding[0] = 0xed + above;
    encoding[31] = if sign { 0xff } else { 0x7f };
    encoding
}

/// The fourteen encodings of the eight points of small order: canonical ones, x = 0 with its sign set, y not below p.
fn small_order() -> Vec<[u8; 32]> {
    let mut encodings: Vec<[u8; 32]> = EIGHT_TORSION.iter().map(|p| p.compress().0).collect();
    for point in &EIGHT_TORSION {
        let mut encoding = point.compress().0;
        encoding[31] ^= 0x80;
        encodings.push(encoding);
    }
    for (above, sign) in [(0, false), (0, true), (1, false), (1, true)] {
        encodings.push(beyond_the_prime(above, sign));
    }
    encodings.retain(|encoding| {
        CompressedEdwardsY(*encoding)
            .decompress()
            .is_some_and(|point| point.is_small_order())
    });
    encodings.sort_unstable();
    encodings.dedup();
    encodings
}

fn matrix() -> Vec<Case> {
    let encodings = small_order();
    let row = |key: &[u8; 32]| {
        let key = *key;
        encodings.clone().into_iter().map(move |r| Case {
            family: 0,
            key,
            r,
            s: [0; 32],
            message: b"Zcash".to_vec(),
        })
    };
    encodings.iter().flat_map(row).collect()
}

fn mixed_torsion(rng: &mut ChaCha20Rng) -> Vec<Case> {
    let mut case = || {
        let parts = [EIGHT_TORSION[rng.random_range(1..8)], torsion(rng)];
        signed(rng, 1, parts)
    };
    (0..MIXED_TORSION).map(|_| case()).collect()
}

/// Flips one bit of the key, the signature or the message.
fn flipped(rng: &mut ChaCha20Rng) -> Case {
    let mut case = honest(rng, 3);
    let mask = 1_u8 << rng.random_range(0..8);
    let place = rng.random_range(0..96 + case.message.len());
    match place {
        0..32 => case.key[place] ^= mask,
        32..64 => case.r[place - 32] ^= mask,
        64..96 => case.s[place - 64] ^= mask,
        _ => case.message[place - 96] ^= mask,
    }
    case
}

/// s plus a multiple of L: the same residue under another name.
fn scalar_beyond_the_order(rng: &mut ChaCha20Rng) -> Case {
    let mut case = honest(rng, 4);
    for _ in 0..rng.random_range(1..15) {
        let mut carry = 0;
        for (byte, order) in case.s.iter_mut().zip(ORDER) {
            carry += u16::from(*byte) + u16::from(order);
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
    }
    case
}

/// Key or R (or both) of small order in any encoding, the other made to fit: valid by the cofactored equation only.
fn small_order_part(rng: &mut ChaCha20Rng) -> Case {
    let encodings = small_order();
    let mut pick = || encodings[rng.random_range(0..encodings.len())];
    let (small_key, small_r) = (pick(), pick());
    let (a, nonce) = (scalar(rng), scalar(rng));
    let torsion = [torsion(rng), torsion(rng)];
    let mut case = Case {
        family: 5,
        key: (EdwardsPoint::mul_base(&a) + torsion[0]).compress().0,
        r: (EdwardsPoint::mul_base(&nonce) + torsion[1]).compress().0,
        s: [0; 32],
        message: message(rng),
    };
    match rng.random_range(0..3) {
        0 => {
            case.key = small_key;
            case.s = nonce.to_bytes();
        }
        1 => {
            case.r = small_r;
            case.s = (case.challenge() * a).to_bytes();
        }
        _ => {
            case.key = small_key;
            case.s = (nonce + Scalar::ONE).to_bytes();
        }
    }
    case
}

/// Key or R with y from p to p + 18, where most are points of large order that nobody has signed for, and some no points.
fn beyond(rng: &mut ChaCha20Rng) -> Case {
    let mut case = honest(rng, 6);
    let encoding = beyond_the_prime(rng.random_range(0..19), rng.random());
    if rng.random() {
        case.key = encoding;
    } else {
        case.r = encoding;
    }
    if rng.random() {
        case.s = [0; 32];
    }
    case
}

/// Good parts in wrong places, and extreme words.
fn misplaced(rng: &mut ChaCha20Rng) -> Case {
    let mut case = honest(rng, 7);
    match rng.random_range(0..6) {
        0 => std::mem::swap(&mut case.key, &mut case.r),
        1 => std::mem::swap(&mut case.r, &mut case.s),
        2 => case.s.reverse(),
        3 => case.key = [0; 32],
        4 => case.r = [0xff; 32],
        _ => case.s = ORDER,
    }
    case
}

/// A torsion point added to R or key after signing: valid only if the challenge did not depend on the bytes.
fn torsion_after_signing(rng: &mut ChaCha20Rng) -> Case {
    let mut case = honest(rng, 8);
    let torsion = EIGHT_TORSION[rng.random_range(1..8)];
    let target = if rng.random() {
        &mut case.r
    } else {
        &mut case.key
    };
    let point = CompressedEdwardsY(*target)
        .decompress()
        .expect("a made point");
    *target = (point + torsion).compress().0;
    case
}

fn random_bytes(rng: &mut ChaCha20Rng) -> Case {
    let mut case = Case {
        family: 9,
        key: bytes(rng),
        r: bytes(rng),
        s: bytes(rng),
        message: message(rng),
    };
    if rng.random() {
        case.s = scalar(rng).to_bytes();
    }
    case
}

fn random(rng: &mut ChaCha20Rng) -> Case {
    match rng.random_range(2..12_u8) {
        2 => honest(rng, 2),
        3 => flipped(rng),
        4 => scalar_beyond_the_order(rng),
        5 | 10 => small_order_part(rng),
        6 => beyond(rng),
        7 => misplaced(rng),
        8 => torsion_after_signing(rng),
        9 => random_bytes(rng),
        _ => {
            let parts = [torsion(rng), torsion(rng)];
            signed(rng, 10, parts)
        }
    }
}

/// A case of a public corpus, its number there, and what that corpus says of it.
fn public(line: &str) -> (Case, &str, &str) {
    let mut parts = line.split(' ');
    let mut part = || parts.next().expect("six words in a line");
    let family = if part() == "wycheproof" { 11 } else { 12 };
    let (number, stated) = (part(), part());
    let mut bytes = || hex::decode(part().trim_matches('-')).expect("hexadecimal");
    let (key, signature, message) = (bytes(), bytes(), bytes());
    let half = |from: usize| signature[from..from + 32].try_into().expect("64 bytes");
    let case = Case {
        family,
        key: key.try_into().expect("32 bytes"),
        r: half(0),
        s: half(32),
        message,
    };
    (case, number, stated)
}

fn corpora() -> impl Iterator<Item = (Case, &'static str, &'static str)> {
    let lines = CORPORA.lines().filter(|line| !line.starts_with('#'));
    lines.map(public)
}

fn all() -> Vec<Case> {
    let mut rng = ChaCha20Rng::seed_from_u64(SEED);
    let mut cases = matrix();
    cases.extend(mixed_torsion(&mut rng));
    cases.extend((0..RANDOM).map(|_| random(&mut rng)));
    cases.extend(corpora().map(|(case, ..)| case));
    cases
}

#[test]
fn zip_215_accepts_all_of_the_small_order_matrix_and_of_mixed_torsion() {
    let cases = all();
    let accepted = |family| {
        let of_family = cases.iter().filter(|case| case.family == family);
        of_family
            .map(Case::verdict)
            .fold((0, 0), |(yes, all), v| (yes + usize::from(v), all + 1))
    };
    assert_eq!(accepted(0), (196, 196));
    assert_eq!(accepted(1), (MIXED_TORSION, MIXED_TORSION));
}

#[test]
fn the_random_cases_hold_enough_of_every_family_and_of_both_verdicts() {
    println!("seed {SEED:#x}");
    let mut seen = [[0_usize; 2]; 11];
    for case in all().into_iter().filter(|case| case.family < 11) {
        seen[usize::from(case.family)][usize::from(case.verdict())] += 1;
    }
    println!("family: [refused, accepted]: {seen:?}");
    assert!(seen.iter().all(|counts| counts[0] + counts[1] >= 196));
    // Families that are always accepted, never accepted, and mixed.
    assert!([0, 1, 2, 10].iter().all(|family| seen[*family][0] == 0));
    assert!([4, 9].iter().all(|family| seen[*family][1] == 0));
    assert!(seen[5][0] > 200 && seen[5][1] > 200);
    let refused: usize = seen.iter().map(|counts| counts[0]).sum();
    assert!((3_000..8_000).contains(&refused));
}

/// Of its cases Wycheproof says what ZIP-215 says, but for one: an R with y = 1 and the sign of x set, which decodes by ZIP-215 alone. Of the twelve of speccheck, which are about small and mixed order, ZIP-215 accepts what its README
/// shows for ed25519-zebra.
#[test]
fn the_public_corpora_have_their_verdicts() {
    let mut zips = String::new();
    let mut stated = [0; 2];
    for (case, number, said) in corpora() {
        match said {
            "valid" | "invalid" => {
                let expected = said == "valid" || number == "151";
                assert_eq!(case.verdict(), expected, "Wycheproof {number}");
                stated[usize::from(case.verdict())] += 1;
            }
            _ => zips.push(if case.verdict() { 'V' } else { 'X' }),
        }
    }
    assert_eq!(stated, [50, 89]);
    assert_eq!(zips, "VVVVVVXXXVVV");
}

#[test]
fn the_committed_verdicts_are_those_of_ed25519_zebra() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/ed25519.bin");
    let cases = all();
    let count = u32::try_from(cases.len()).expect("few cases");
    let mut made = count.to_be_bytes().to_vec();
    made.extend(cases.iter().flat_map(Case::encode));
    if std::env::var_os("PLASMID_WRITE_VECTORS").is_some() {
        std::fs::write(&path, &made).expect("the vectors are written");
    }
    let kept = std::fs::read(&path).expect("bridge/vectors/ed25519.bin");
    assert!(
        kept == made,
        "vectors differ: run once with PLASMID_WRITE_VECTORS=1 and read the difference"
    );
}
