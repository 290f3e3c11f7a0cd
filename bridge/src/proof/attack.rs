//! How the tests of this room attack what stands here: seeded randomness, every byte flipped, every length cut.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Hash, bls::SecretKey};

/// Randomness from a seed that a failing test shows.
pub fn seeded(seed: u64) -> ChaCha8Rng {
    println!("seed {seed}");
    ChaCha8Rng::seed_from_u64(seed)
}

pub fn random_hash(rng: &mut ChaCha8Rng) -> Hash {
    let mut word = Hash::ZERO;
    rng.fill_bytes(word.as_mut_slice());
    word
}

/// `bytes` with one byte changed, once for every byte.
pub fn flips(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> + '_ {
    (0..bytes.len()).map(|at| {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << (at % 8);
        (at, flipped)
    })
}

/// Every proper prefix of `bytes`, and `bytes` with one more byte.
pub fn wrong_lengths(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    (0..bytes.len())
        .map(|length| bytes[..length].to_vec())
        .chain([[bytes, &[0]].concat()])
}

/// The key whose public key and signatures cancel out those of `key`: the group order minus it.
pub fn negative(key: &SecretKey) -> SecretKey {
    const ORDER: [u64; 4] = [
        0x73ed_a753_299d_7d48,
        0x3339_d808_09a1_d805,
        0x53bd_a402_fffe_5bfe,
        0xffff_ffff_0000_0001,
    ];
    let key = key.to_bytes();
    let mut negative = [0; 32];
    let mut borrow = false;
    for at in (0..4).rev() {
        let word = &key[at * 8..at * 8 + 8];
        let word = u64::from_be_bytes(word.try_into().expect("8 bytes"));
        let (difference, first) = ORDER[at].overflowing_sub(word);
        let (difference, second) = difference.overflowing_sub(u64::from(borrow));
        borrow = first || second;
        negative[at * 8..at * 8 + 8].copy_from_slice(&difference.to_be_bytes());
    }
    SecretKey::from_bytes(&negative).expect("a key")
}
