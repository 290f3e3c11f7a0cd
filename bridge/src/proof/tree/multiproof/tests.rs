//! Attacks on multiproofs: siblings dropped, added, swapped and flipped, leaves repeated, moved and reordered.

use rand::Rng;

use super::*;
use crate::proof::{
    attack::{random_hash, seeded},
    tree::{model::Model, zeros},
};

fn state(seed: u64, count: u32) -> Model {
    let mut rng = seeded(seed);
    let mut model = Model::new();
    while model.count() < count {
        model.set(random_hash(&mut rng), 3, &[model.count() as u8; 16]);
    }
    model
}

fn leaves(model: &Model, indices: &[u32]) -> Vec<(u32, Hash)> {
    indices
        .iter()
        .map(|index| (*index, model.leaf_hash(*index)))
        .collect()
}

#[test]
fn any_set_of_leaves_gives_the_root_and_stays_provable_after_a_change() {
    let mut rng = seeded(20);
    for round in 0..60 {
        let mut model = state(round, 1 + round as u32);
        let indices: Vec<u32> = (0..model.count() + 4)
            .filter(|_| rng.random_bool(0.4))
            .collect();
        if indices.is_empty() {
            continue;
        }
        let proof = model.multiproof(&indices);
        assert_eq!(proof.root(&leaves(&model, &indices)), Ok(model.tree_root()));
        for index in &indices {
            if let Some(leaf) = model.leaves.get_mut(*index as usize) {
                leaf.value = vec![0xee; 16];
            }
        }
        assert_eq!(proof.root(&leaves(&model, &indices)), Ok(model.tree_root()));
    }
}

#[test]
fn a_proof_of_one_leaf_has_the_siblings_of_its_path() {
    let model = state(21, 9);
    for index in 0..9 {
        let path = model.prove(index).siblings.to_vec();
        assert_eq!(model.multiproof(&[index]).siblings, path);
    }
}

#[test]
fn a_proof_of_all_leaves_has_only_the_empty_subtrees() {
    let model = state(22, 8);
    let proof = model.multiproof(&(0..8).collect::<Vec<_>>());
    assert_eq!(proof.siblings, zeros()[3..DEPTH]);
}

#[test]
fn the_last_place_of_the_tree_can_be_proven_empty() {
    let model = state(23, 3);
    let indices = [0, u32::MAX - 1, u32::MAX];
    let proof = model.multiproof(&indices);
    assert_eq!(proof.root(&leaves(&model, &indices)), Ok(model.tree_root()));
}

#[test]
fn every_sibling_is_needed_where_it_stands() {
    let model = state(24, 13);
    let indices = [1, 2, 3, 8, 12, 13];
    let given = leaves(&model, &indices);
    let proof = model.multiproof(&indices);
    let root = model.tree_root();
    for at in 0..proof.siblings.len() {
        let mut dropped = proof.clone();
        dropped.siblings.remove(at);
        assert!(matches!(
            dropped.root(&given),
            Err(ProofError::MissingSiblings { .. })
        ));
        let mut doubled = proof.clone();
        doubled.siblings.insert(at, proof.siblings[at]);
        assert!(matches!(
            doubled.root(&given),
            Err(ProofError::UnusedSiblings { .. })
        ));
        for byte in 0..32 {
            let mut flipped = proof.clone();
            flipped.siblings[at][byte] ^= 1;
            assert_ne!(flipped.root(&given), Ok(root));
        }
        if at > 0 && proof.siblings[at] != proof.siblings[at - 1] {
            let mut swapped = proof.clone();
            swapped.siblings.swap(at, at - 1);
            assert_ne!(swapped.root(&given), Ok(root));
        }
    }
}

#[test]
fn leaves_out_of_order_or_twice_are_refused() {
    let model = state(25, 13);
    let proof = model.multiproof(&[2, 5, 9]);
    for indices in [[5, 2, 9], [2, 9, 5], [2, 2, 9], [2, 5, 5], [9, 5, 2]] {
        let verdict = proof.root(&leaves(&model, &indices));
        assert!(matches!(verdict, Err(ProofError::LeafOrder { .. })));
        assert!(Multiproof::collect(&indices, |_, _| Hash::ZERO).is_err());
    }
    assert_eq!(proof.root(&[]), Err(ProofError::NoLeaves));
    assert_eq!(Multiproof::default().root(&[]), Err(ProofError::NoLeaves));
}

#[test]
fn a_leaf_at_another_index_or_with_another_hash_is_refused() {
    let model = state(26, 13);
    let indices = [2, 5, 9];
    let proof = model.multiproof(&indices);
    let root = model.root();
    let given = leaves(&model, &indices);
    assert_eq!(proof.verify(&given, 13, &root), Ok(()));
    for at in 0..given.len() {
        for moved in 0..16 {
            let mut wrong = given.clone();
            wrong[at].0 = moved;
            assert!(wrong == given || proof.verify(&wrong, 13, &root).is_err());
        }
        for byte in 0..32 {
            let mut wrong = given.clone();
            wrong[at].1[byte] ^= 0x80;
            assert!(proof.verify(&wrong, 13, &root).is_err());
        }
        let mut fewer = given.clone();
        fewer.remove(at);
        assert!(proof.verify(&fewer, 13, &root).is_err());
    }
}

#[test]
fn a_wrong_count_or_root_is_refused_and_so_is_a_leaf_beyond_the_count() {
    let model = state(27, 13);
    let given = leaves(&model, &[2, 12]);
    let proof = model.multiproof(&[2, 12]);
    for count in [0, 1, 12, 14, u32::MAX] {
        assert!(proof.verify(&given, count, &model.root()).is_err());
    }
    assert!(proof.verify(&given, 13, &model.tree_root()).is_err());
    assert!(proof.verify(&given, 13, &Hash::ZERO).is_err());
    let beyond = leaves(&model, &[2, 13]);
    assert_eq!(
        model
            .multiproof(&[2, 13])
            .verify(&beyond, 13, &model.root()),
        Err(ProofError::BeyondCount {
            index: 13,
            count: 13
        })
    );
}

#[test]
fn a_stream_of_a_million_siblings_is_refused() {
    let model = state(28, 3);
    let mut proof = model.multiproof(&[1]);
    proof.siblings.resize(1_000_000, Hash::ZERO);
    assert!(matches!(
        proof.root(&leaves(&model, &[1])),
        Err(ProofError::UnusedSiblings {
            given: 1_000_000,
            used: 32
        })
    ));
}
