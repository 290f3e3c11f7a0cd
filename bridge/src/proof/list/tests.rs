//! The list tree by its definition, and attacks on its proofs.

use super::*;
use crate::proof::attack::{random_hash, seeded};

fn leaves(count: u32) -> Vec<Hash> {
    let mut rng = seeded(u64::from(count));
    (0..count).map(|_| random_hash(&mut rng)).collect()
}

/// The definition: pad to the next power of two, halve.
fn padded_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::ZERO,
        [only] => *only,
        _ => {
            let mut padded = leaves.to_vec();
            padded.resize(leaves.len().next_power_of_two(), Hash::ZERO);
            let (left, right) = padded.split_at(padded.len() / 2);
            let full = |half: &[Hash]| full_root(half);
            node(&full(left), &full(right))
        }
    }
}

fn full_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [only] => *only,
        _ => {
            let (left, right) = leaves.split_at(leaves.len() / 2);
            node(&full_root(left), &full_root(right))
        }
    }
}

#[test]
fn roots_are_those_of_the_padded_list() {
    for count in (0..70).chain([127, 128, 129, 512]) {
        let leaves = leaves(count);
        assert_eq!(root(&leaves), padded_root(&leaves), "{count} leaves");
    }
}

#[test]
fn the_depth_is_the_logarithm_of_the_padded_count() {
    let expected = [
        (0, 0),
        (1, 0),
        (2, 1),
        (3, 2),
        (4, 2),
        (5, 3),
        (64, 6),
        (65, 7),
    ];
    for (count, levels) in expected {
        assert_eq!(depth(count), levels, "{count} leaves");
    }
    assert_eq!(depth(u32::MAX), 32);
}

#[test]
fn every_leaf_verifies_at_its_place_and_at_no_other() {
    for count in 1..=17 {
        let leaves = leaves(count);
        let root = root(&leaves);
        for index in 0..count {
            let proof = prove(&leaves, index).expect("a leaf");
            for claimed in 0..=count {
                let verdict = verify(&root, &leaves[index as usize], claimed, count, &proof);
                assert_eq!(verdict, claimed == index, "{index} as {claimed} of {count}");
            }
        }
        assert_eq!(prove(&leaves, count), None);
        assert_eq!(prove(&leaves, u32::MAX), None);
    }
}

#[test]
fn padding_is_not_a_leaf() {
    let leaves = leaves(5);
    let mut padded = leaves.clone();
    padded.resize(8, Hash::ZERO);
    let root = root(&leaves);
    for index in 5..8 {
        let proof = prove(&padded, index).expect("padding");
        assert!(!verify(&root, &Hash::ZERO, index, 5, &proof));
    }
    assert!(!verify(&Hash::ZERO, &Hash::ZERO, 0, 0, &[]));
}

#[test]
fn a_proof_of_another_length_root_leaf_or_sibling_is_refused() {
    let leaves = leaves(11);
    let root = root(&leaves);
    let leaf = leaves[6];
    let proof = prove(&leaves, 6).expect("a leaf");
    assert!(verify(&root, &leaf, 6, 11, &proof));
    for length in 0..proof.len() {
        assert!(!verify(&root, &leaf, 6, 11, &proof[..length]));
    }
    let longer = [proof.as_slice(), &[Hash::ZERO]].concat();
    assert!(!verify(&root, &leaf, 6, 11, &longer));
    for count in [0, 1, 6, 8, 17, u32::MAX] {
        assert!(!verify(&root, &leaf, 6, count, &proof), "count {count}");
    }
    assert!(!verify(&root, &leaves[7], 6, 11, &proof));
    assert!(!verify(&Hash::ZERO, &leaf, 6, 11, &proof));
    for at in 0..proof.len() {
        for byte in 0..32 {
            let mut flipped = proof.clone();
            flipped[at][byte] ^= 4;
            assert!(!verify(&root, &leaf, 6, 11, &flipped));
        }
    }
    let mut swapped = proof.clone();
    swapped.swap(0, 1);
    assert!(!verify(&root, &leaf, 6, 11, &swapped));
}

#[test]
fn a_node_is_no_leaf_of_a_shorter_list() {
    let leaves = leaves(4);
    let proof = prove(&leaves, 0).expect("a leaf");
    let left = node(&leaves[0], &leaves[1]);
    // The claim is true of the hashes: only the count beside the root tells the lists apart.
    assert!(verify(&root(&leaves), &left, 0, 2, &proof[1..]));
    assert!(!verify(&root(&leaves), &left, 0, 4, &proof[1..]));
    assert!(!verify(&root(&leaves), &left, 0, 3, &proof[1..]));
}
