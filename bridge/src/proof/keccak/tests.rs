//! Every path gives the bytes of the scalar keccak, at every count and length.

use alloy_primitives::{b256, keccak256};
use rand::{Rng, RngCore};

use super::*;
use crate::proof::attack::{random_hash, seeded};

/// The paths that this machine can run, the scalar one first.
fn paths() -> Vec<Option<Lanes>> {
    let mut paths = vec![None];
    #[cfg(target_arch = "x86_64")]
    {
        paths.extend(Lanes::avx2().map(Some));
        paths.extend(Lanes::avx512().map(Some));
    }
    println!("paths: {paths:?}");
    paths
}

fn hash_all<const N: usize>(lanes: Option<Lanes>, preimages: &[[Hash; N]]) -> Vec<Hash> {
    let mut out = Vec::new();
    let scalar = |words: &[Hash; N]| hash(&words.each_ref().map(Hash::as_slice));
    hash_each(lanes, preimages, &mut out, block_of_words, scalar);
    out
}

/// A preimage in two parts, cut anywhere.
fn cut(preimage: &[u8]) -> [&[u8]; 2] {
    let (head, tail) = preimage.split_at(preimage.len() / 3);
    [head, tail]
}

fn words_agree<const N: usize>(seed: u64) {
    let mut rng = seeded(seed);
    for count in (0..40).chain([100, 1_001]) {
        let preimages: Vec<[Hash; N]> = (0..count)
            .map(|_| std::array::from_fn(|_| random_hash(&mut rng)))
            .collect();
        let expected: Vec<Hash> = preimages
            .iter()
            .map(|words| keccak256(words.iter().flat_map(|word| word.0).collect::<Vec<u8>>()))
            .collect();
        for lanes in paths() {
            assert_eq!(
                hash_all(lanes, &preimages),
                expected,
                "{count} by {lanes:?}"
            );
        }
        let mut out = vec![Hash::ZERO];
        hash_words(&preimages, &mut out);
        assert_eq!(out[1..], expected, "appended to what was there");
    }
}

#[test]
fn words_hash_alike_on_every_path() {
    words_agree::<1>(90);
    words_agree::<2>(91);
    words_agree::<3>(92);
    words_agree::<4>(93);
}

#[test]
fn preimages_of_every_length_hash_alike_on_every_path() {
    let mut rng = seeded(94);
    for lanes in paths() {
        for length in 0..300 {
            let mut preimage = vec![0; length];
            rng.fill_bytes(&mut preimage);
            let mut out = Vec::new();
            hash_runs(
                lanes,
                &vec![preimage.clone(); 9],
                |preimage| cut(preimage),
                &mut out,
            );
            assert_eq!(
                out,
                [keccak256(&preimage); 9],
                "{length} bytes by {lanes:?}"
            );
        }
    }
}

#[test]
fn short_and_long_preimages_keep_their_order() {
    let mut rng = seeded(95);
    for _ in 0..200 {
        let preimages: Vec<Vec<u8>> = (0..rng.random_range(0..40))
            .map(|_| vec![rng.random(); rng.random_range(100..170)])
            .collect();
        let expected: Vec<Hash> = preimages.iter().map(keccak256).collect();
        for lanes in paths() {
            let mut out = Vec::new();
            hash_runs(lanes, &preimages, |preimage| cut(preimage), &mut out);
            assert_eq!(out, expected, "by {lanes:?}");
        }
        let mut out = Vec::new();
        hash_many(&preimages, |preimage| cut(preimage), &mut out);
        assert_eq!(out, expected);
    }
}

#[test]
fn the_empty_preimage_has_its_known_hash() {
    let known = b256!("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    let mut out = Vec::new();
    hash_many(&[(); 8], |()| [&[], &[]], &mut out);
    assert_eq!(out, [known; 8]);
    assert_eq!(hash(&[]), known);
    assert_eq!(hash(&[b"ab", b"", b"c"]), keccak256(b"abc"));
}

#[test]
fn one_different_preimage_among_many_changes_its_own_hash_only() {
    let mut rng = seeded(96);
    let preimages: Vec<[Hash; 2]> = (0..16)
        .map(|_| [random_hash(&mut rng), random_hash(&mut rng)])
        .collect();
    for lanes in paths() {
        let before = hash_all(lanes, &preimages);
        for at in 0..preimages.len() {
            let mut changed = preimages.clone();
            changed[at][1][31] ^= 1;
            for (place, hash) in hash_all(lanes, &changed).iter().enumerate() {
                assert_eq!(*hash == before[place], place != at);
            }
        }
    }
}
