//! How the tests of this room attack what stands here: seeded randomness, every byte flipped, every length cut.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Hash;

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
