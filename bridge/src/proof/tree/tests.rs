//! The state tree's hashes by their definition, and attacks on inclusion and absence.

use alloy_primitives::{b256, keccak256};
use rand::RngCore;

use super::{model::Model, *};
use crate::proof::attack::{flips, random_hash, seeded, wrong_lengths};

/// A state of `count` leaves.
fn random_state(seed: u64, count: u32) -> Model {
    let mut rng = seeded(seed);
    let mut model = Model::new();
    while model.count() < count {
        let mut value = [0; 16];
        rng.fill_bytes(&mut value);
        model.set(random_hash(&mut rng), 3, &value);
    }
    model
}

fn verify_all(proof: &Inclusion, model: &Model, index: u32) -> Result<(), ProofError> {
    let leaf = &model.leaves[index as usize];
    verify_inclusion(&leaf.key, leaf.kind, &leaf.value, proof, &model.root())
}

#[test]
fn every_hash_is_keccak_of_its_preimage() {
    let (a, b, c) = (
        Hash::repeat_byte(1),
        Hash::repeat_byte(2),
        Hash::repeat_byte(3),
    );
    assert_eq!(node(&a, &b), keccak256([a.0, b.0].concat()));
    assert_eq!(leaf(&a, &b, &c), keccak256([a.0, b.0, c.0].concat()));
    assert_eq!(value_hash(7, &[9, 9]), keccak256([7, 9, 9]));
    let mut preimage = a.to_vec();
    preimage.extend([0, 1, 2, 3]);
    assert_eq!(state_root(&a, 0x0001_0203), keccak256(preimage));
}

#[test]
fn empty_subtrees_begin_with_zero_and_each_is_the_node_of_two_below() {
    assert_eq!(zeros()[0], Hash::ZERO);
    let first = b256!("ad3228b676f7d3cd4284a5443f17f1962b36e491b30a40b2405849e597ba5fb5");
    assert_eq!(zeros()[1], first);
    for pair in zeros().windows(2) {
        assert_eq!(pair[1], node(&pair[0], &pair[0]));
    }
}

#[test]
fn no_value_is_as_long_as_a_node_or_a_leaf() {
    let widths = [
        0, 287, 64, 16, 66, 40, 8, 56, 40, 40, 72, 1_024, 173, 178, 173, 288, 26, 436, 53, 16,
    ];
    for width in widths {
        assert!(![64, 96].contains(&(1 + width)), "width {width}");
    }
}

#[test]
fn every_leaf_of_states_of_every_small_size_is_included() {
    for count in 1..=18 {
        let model = random_state(100 + u64::from(count), count);
        for index in 0..count {
            let proof = model.prove(index);
            assert_eq!(
                verify_all(&proof, &model, index),
                Ok(()),
                "{index} of {count}"
            );
            assert_eq!(Inclusion::decode(&proof.encode()), Ok(proof));
        }
    }
}

#[test]
fn no_byte_of_an_inclusion_can_be_changed() {
    let model = random_state(1, 13);
    for index in [0, 5, 12] {
        let bytes = model.prove(index).encode();
        assert_eq!(bytes.len(), INCLUSION_BYTES);
        for (at, flipped) in flips(&bytes) {
            let proof = Inclusion::decode(&flipped).expect("every content decodes");
            assert!(verify_all(&proof, &model, index).is_err(), "byte {at}");
            assert!(proof.verify(&model.root()).is_err(), "byte {at}");
        }
        for cut in wrong_lengths(&bytes) {
            assert!(Inclusion::decode(&cut).is_err(), "{} bytes", cut.len());
        }
    }
}

#[test]
fn a_proof_proves_its_own_leaf_in_its_own_state_only() {
    let model = random_state(2, 13);
    let root = model.root();
    let proof = model.prove(4);
    let (own, other) = (&model.leaves[4], &model.leaves[5]);
    assert!(matches!(
        verify_inclusion(&other.key, 3, &other.value, &proof, &root),
        Err(ProofError::Key { .. })
    ));
    assert!(matches!(
        verify_inclusion(&own.key, 4, &own.value, &proof, &root),
        Err(ProofError::Value { .. })
    ));
    assert!(matches!(
        verify_inclusion(&own.key, 3, &other.value, &proof, &root),
        Err(ProofError::Value { .. })
    ));
    for wrong in [Hash::ZERO, model.tree_root(), random_state(3, 13).root()] {
        assert!(matches!(
            verify_inclusion(&own.key, 3, &own.value, &proof, &wrong),
            Err(ProofError::Root { .. })
        ));
    }
}

#[test]
fn an_index_at_or_beyond_the_count_is_refused_whatever_the_count_claims() {
    let model = random_state(4, 8);
    for (index, count) in [(8, 8), (0, 0), (u32::MAX, u32::MAX), (9, 8)] {
        let proof = Inclusion {
            index,
            count,
            ..model.prove(7)
        };
        let refused = ProofError::BeyondCount { index, count };
        assert_eq!(proof.verify(&model.root()), Err(refused));
    }
    let huge = Inclusion {
        count: u32::MAX,
        ..model.prove(7)
    };
    assert!(matches!(
        huge.verify(&model.root()),
        Err(ProofError::Root { .. })
    ));
}

#[test]
fn an_empty_place_is_not_a_leaf() {
    let model = random_state(5, 5);
    let levels = model.levels();
    let empty = Inclusion {
        index: 4,
        count: 5,
        key: Hash::ZERO,
        next: Hash::ZERO,
        value_hash: Hash::ZERO,
        siblings: std::array::from_fn(|level| Model::node_at(&levels, level, 5 >> level ^ 1)),
    };
    assert!(empty.verify(&model.root()).is_err());
}

#[test]
fn every_absent_key_has_its_low_leaf_and_no_other() {
    let model = random_state(6, 13);
    let root = model.root();
    let mut rng = seeded(7);
    for _ in 0..50 {
        let key = random_hash(&mut rng);
        let low = model.low_of(&key).expect("a low leaf");
        for index in 0..model.count() {
            let verdict = verify_absence(&key, &model.prove(index), &root);
            assert_eq!(verdict.is_ok(), index == low, "leaf {index} for {key}");
        }
    }
}

#[test]
fn a_key_that_stands_in_the_state_has_no_proof_of_absence() {
    let model = random_state(8, 13);
    let root = model.root();
    for leaf in &model.leaves {
        for index in 0..model.count() {
            let verdict = verify_absence(&leaf.key, &model.prove(index), &root);
            assert!(matches!(verdict, Err(ProofError::NotLow { .. })));
        }
    }
}

#[test]
fn the_gap_behind_the_largest_key_and_before_the_smallest_are_provable() {
    let model = random_state(9, 13);
    let root = model.root();
    let largest = model.leaves.iter().position(|leaf| leaf.next.is_zero());
    let largest = model.prove(largest.expect("one") as u32);
    assert_eq!(
        verify_absence(&Hash::repeat_byte(0xff), &largest, &root),
        Ok(())
    );
    let mut one = Hash::ZERO;
    one[31] = 1;
    assert_eq!(verify_absence(&one, &model.prove(0), &root), Ok(()));
    assert!(verify_absence(&one, &largest, &root).is_err());
}

#[test]
fn a_low_leaf_with_a_forged_next_key_is_refused() {
    let model = random_state(10, 13);
    let root = model.root();
    let present = model.leaves[6].key;
    let mut low = model.prove(0);
    low.next = Hash::ZERO;
    assert!(matches!(
        verify_absence(&present, &low, &root),
        Err(ProofError::Root { .. })
    ));
    let mut raised = model.prove(model.low_of(&Hash::repeat_byte(0xff)).expect("one"));
    raised.key = Hash::ZERO;
    assert!(verify_absence(&present, &raised, &root).is_err());
}

#[test]
fn hashing_many_is_hashing_each() {
    let mut rng = seeded(11);
    let words: Vec<Hash> = (0..33).map(|_| random_hash(&mut rng)).collect();
    let pairs: Vec<[Hash; 2]> = words.windows(2).map(|pair| [pair[0], pair[1]]).collect();
    let triples: Vec<[Hash; 3]> = words.windows(3).map(|w| [w[0], w[1], w[2]]).collect();
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.0).collect();
    let widths = [0, 16, 64, 134, 135, 136, 173, 1_024];
    let values: Vec<(u8, &[u8])> = widths
        .iter()
        .map(|width| (*width as u8, &bytes[..*width]))
        .collect();
    let (mut nodes, mut leaves, mut hashes) = (vec![], vec![], vec![]);
    node_many(&pairs, &mut nodes);
    leaf_many(&triples, &mut leaves);
    value_hash_many(&values, &mut hashes);
    let each: Vec<Hash> = pairs.iter().map(|[l, r]| node(l, r)).collect();
    assert_eq!(nodes, each);
    let each: Vec<Hash> = triples.iter().map(|[k, n, v]| leaf(k, n, v)).collect();
    assert_eq!(leaves, each);
    let each: Vec<Hash> = values.iter().map(|(k, v)| value_hash(*k, v)).collect();
    assert_eq!(hashes, each);
}
