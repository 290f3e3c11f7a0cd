//! Keccak-256 of joined parts, and of many short preimages at once.
//!
//! The state tree hashes thousands of nodes of 64 bytes and leaves of 96 that do not depend on each other. A preimage below
//! the rate of 136 bytes is one permutation, so eight of them run side by side in AVX-512 lanes, or four in AVX2 lanes, chosen
//! at run time; everything else, and every other machine, takes the scalar path. All paths give the same bytes.

use alloy_primitives::Keccak256;

use super::Hash;

#[cfg(target_arch = "x86_64")]
mod lanes;

#[cfg(not(target_arch = "x86_64"))]
mod lanes {
    //! No lanes on this machine: `Lanes` has no values here, so `hash` is never called.

    use super::{Block, Hash};

    #[derive(Debug, Clone, Copy)]
    pub(super) enum Lanes {}

    impl Lanes {
        pub(super) fn detect() -> Option<Self> {
            None
        }

        pub(super) fn width(self) -> usize {
            match self {}
        }

        pub(super) fn hash(self, _: &[Block], _: &mut Vec<Hash>) {
            match self {}
        }
    }
}

use lanes::Lanes;

/// Bytes that one permutation takes in.
const RATE: usize = 136;

/// One padded preimage, as little-endian words.
type Block = [u64; RATE / 8];

/// The most lanes that any machine has.
const MAX_WIDTH: usize = 8;

/// The smallest group of preimages for which lanes are faster than hashing one after the other, on both instruction sets (measured).
const MIN_GROUP: usize = 2;

/// The padding's last bit, in the last word of a block.
const LAST_BIT: u64 = 1 << 63;

/// Keccak-256 of the concatenation of `parts`.
#[must_use]
pub fn hash(parts: &[&[u8]]) -> Hash {
    let mut hasher = Keccak256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize()
}

/// Keccak-256 of many preimages of `N` words each, at most four, appended to `out` in order.
pub fn hash_words<const N: usize>(preimages: &[[Hash; N]], out: &mut Vec<Hash>) {
    const { assert!(N * 32 < RATE, "more than one block") };
    hash_each(Lanes::detect(), preimages, out, block_of_words, |words| {
        hash(&words.each_ref().map(Hash::as_slice))
    });
}

/// Keccak-256 of many preimages, each in two `parts`, appended to `out` in order. Those below 136 bytes run side by side.
pub fn hash_many<T>(
    items: &[T],
    parts: impl for<'a> Fn(&'a T) -> [&'a [u8]; 2],
    out: &mut Vec<Hash>,
) {
    hash_runs(Lanes::detect(), items, parts, out);
}

/// Splits items into runs of short preimages and of long ones, which need more than one permutation.
fn hash_runs<T>(
    lanes: Option<Lanes>,
    items: &[T],
    parts: impl for<'a> Fn(&'a T) -> [&'a [u8]; 2],
    out: &mut Vec<Hash>,
) {
    let is_short = |item: &T| {
        let [head, tail] = parts(item);
        head.len().saturating_add(tail.len()) < RATE
    };
    for run in items.chunk_by(|left, right| is_short(left) == is_short(right)) {
        let lanes = lanes.filter(|_| run.first().is_some_and(is_short));
        let scalar = |item: &T| hash(&parts(item));
        hash_each(lanes, run, out, |item| block(parts(item)), scalar);
    }
}

/// Hashes items lane by lane, and with `scalar` where lanes would idle or are missing.
fn hash_each<T>(
    lanes: Option<Lanes>,
    items: &[T],
    out: &mut Vec<Hash>,
    block: impl Fn(&T) -> Block,
    scalar: impl Fn(&T) -> Hash,
) {
    let Some(lanes) = lanes else {
        out.extend(items.iter().map(scalar));
        return;
    };
    let mut blocks = [[0; RATE / 8]; MAX_WIDTH];
    for group in items.chunks(lanes.width()) {
        if group.len() < MIN_GROUP {
            out.extend(group.iter().map(&scalar));
            continue;
        }
        for (to, from) in blocks.iter_mut().zip(group) {
            *to = block(from);
        }
        lanes.hash(blocks.get(..group.len()).unwrap_or(&blocks), out);
    }
}

/// Pads a preimage below [`RATE`] bytes: 0x01 behind it, 0x80 in the last byte.
fn block(parts: [&[u8]; 2]) -> Block {
    let mut padded = [0; RATE];
    let mut end: usize = 0;
    for part in parts {
        let start = end;
        end = end.saturating_add(part.len());
        if let Some(here) = padded.get_mut(start..end) {
            here.copy_from_slice(part);
        }
    }
    if let Some(behind) = padded.get_mut(end) {
        *behind = 1;
    }
    fill(padded.as_chunks().0.iter().copied())
}

/// As [`block`], for a preimage of whole words.
fn block_of_words<const N: usize>(words: &[Hash; N]) -> Block {
    let bytes = words.iter().flat_map(|word| word.0.as_chunks().0);
    fill(bytes.copied().chain([1_u64.to_le_bytes()]))
}

/// A block of little-endian words and the padding's last bit.
fn fill(words: impl Iterator<Item = [u8; 8]>) -> Block {
    let mut block = [0; RATE / 8];
    for (to, from) in block.iter_mut().zip(words) {
        *to = u64::from_le_bytes(from);
    }
    let [.., last] = &mut block;
    *last |= LAST_BIT;
    block
}

#[cfg(test)]
mod tests;
