//! Re-execution from a witness gives the whole state's root, and no witness can be bent.

use rand::{Rng, seq::IndexedRandom};

use super::*;
use crate::proof::{
    attack::{random_hash, seeded},
    tree::{MAX_VALUE_BYTES, model::Model, value_hash},
};

fn state(seed: u64, count: u32) -> Model {
    let mut rng = seeded(seed);
    let mut model = Model::new();
    while model.count() < count {
        model.set(random_hash(&mut rng), 3, &[model.count() as u8; 16]);
    }
    model
}

/// The witness of writing `writes` and reading `reads` in `model`: leaves, low leaves, places.
fn witness_of(model: &Model, writes: &[(Hash, Vec<u8>)], reads: &[Hash]) -> Witness {
    let keys = writes.iter().map(|(key, _)| key).chain(reads);
    let mut indices: Vec<u32> = keys
        .filter_map(|key| model.index_of(key).or_else(|| model.low_of(key)))
        .collect();
    indices.sort_unstable();
    indices.dedup();
    let mut new: Vec<&Hash> = writes
        .iter()
        .map(|(key, _)| key)
        .filter(|key| model.index_of(key).is_none())
        .collect();
    new.sort_unstable();
    new.dedup();
    model.witness(&indices, new.len() as u32)
}

/// A state, three writes to it (one append), and their witness.
fn small() -> (Model, Vec<(Hash, Vec<u8>)>, Witness) {
    let model = state(40, 13);
    let writes = vec![
        (model.leaves[3].key, vec![1; 16]),
        (Hash::repeat_byte(0x77), vec![2; 16]),
        (model.leaves[9].key, vec![3; 16]),
    ];
    let witness = witness_of(&model, &writes, &[]);
    (model, writes, witness)
}

#[test]
fn random_segments_give_the_same_root_from_their_witness_alone() {
    let mut rng = seeded(41);
    let mut model = state(42, 5);
    for segment in 0..200 {
        let mut writes = Vec::new();
        let mut reads = vec![random_hash(&mut rng)];
        for _ in 0..rng.random_range(0..12) {
            let known = model.leaves[1..].choose(&mut rng).expect("some").key;
            let fresh = random_hash(&mut rng);
            let key = if rng.random_bool(0.6) { known } else { fresh };
            writes.push((key, vec![rng.random(); 16]));
            reads.push(model.leaves.choose(&mut rng).expect("some").key);
        }
        let witness = witness_of(&model, &writes, &reads);
        let mut partial = PartialTree::open(witness, &model.root()).expect("it opens");
        for key in &reads {
            let held = model.index_of(key).map(|at| &model.leaves[at as usize]);
            let expected = held.map(|leaf| (leaf.kind, leaf.value.as_slice()));
            assert_eq!(partial.get(key), Ok(expected), "segment {segment}");
        }
        for (key, value) in &writes {
            model.set(*key, 3, value);
            partial.set(key, 3, value.clone()).expect("it is decided");
            assert_eq!(partial.get(key), Ok(Some((3, value.as_slice()))));
        }
        assert_eq!(partial.count(), model.count());
        assert_eq!(partial.finish(), Ok(model.root()), "segment {segment}");
    }
    assert!(model.count() > 200, "the state has grown");
}

#[test]
fn a_chain_of_appends_into_one_gap_needs_one_low_leaf() {
    let mut model = state(43, 4);
    let mut writes = Vec::new();
    for number in [5, 1, 3, 2, 4, 9] {
        let mut key = Hash::repeat_byte(0xff);
        key[31] = number;
        writes.push((key, vec![number; 16]));
    }
    let witness = witness_of(&model, &writes, &[]);
    assert_eq!(witness.leaves.len(), 1);
    let mut partial = PartialTree::open(witness, &model.root()).expect("it opens");
    for (key, value) in writes {
        model.set(key, 3, &value);
        partial.set(&key, 3, value).expect("decided");
        assert!(partial.root().is_ok());
    }
    assert_eq!(partial.finish(), Ok(model.root()));
}

#[test]
fn reading_or_writing_nothing_leaves_the_root() {
    let (model, _, _) = small();
    let witness = model.witness(&[2, 6], 0);
    let partial = PartialTree::open(witness, &model.root()).expect("it opens");
    assert_eq!(partial.finish(), Ok(model.root()));
}

#[test]
fn every_change_of_a_witness_is_refused_when_it_is_opened() {
    let (model, _, witness) = small();
    let root = model.root();
    let refused = |change: &dyn Fn(&mut Witness)| {
        let mut bent = witness.clone();
        change(&mut bent);
        assert!(PartialTree::open(bent, &root).is_err());
    };
    assert!(PartialTree::open(witness.clone(), &root).is_ok());
    for at in 0..witness.leaves.len() {
        for byte in 0..32 {
            refused(&|bent| bent.leaves[at].key[byte] ^= 1);
            refused(&|bent| bent.leaves[at].next[byte] ^= 1);
        }
        for index in (0..16).filter(|index| *index != witness.leaves[at].index) {
            refused(&|bent| bent.leaves[at].index = index);
        }
        refused(&|bent| bent.leaves[at].content = Content::Hash(Hash::ZERO));
        refused(&|bent| {
            if let Content::Value { value, .. } = &mut bent.leaves[at].content {
                value[0] ^= 1;
            }
        });
        refused(&|bent| {
            if let Content::Value { kind, .. } = &mut bent.leaves[at].content {
                *kind ^= 1;
            }
        });
        refused(&|bent| drop(bent.leaves.remove(at)));
        refused(&|bent| {
            let twin = bent.leaves[at].clone();
            bent.leaves.insert(at, twin);
        });
    }
    for at in 0..witness.proof.siblings.len() {
        refused(&|bent| bent.proof.siblings[at][at % 32] ^= 1);
        refused(&|bent| {
            bent.proof.siblings.remove(at);
        });
    }
    refused(&|bent| bent.proof.siblings.push(Hash::ZERO));
    refused(&|bent| bent.leaves.swap(0, 1));
    refused(&|bent| bent.leaves.clear());
    for count in [0, 1, 12, 14, u32::MAX] {
        refused(&|bent| bent.count = count);
    }
    for appends in [0, 2, u32::MAX] {
        refused(&|bent| bent.appends = appends);
    }
    assert!(PartialTree::open(witness.clone(), &model.tree_root()).is_err());
    assert!(PartialTree::open(witness, &Hash::ZERO).is_err());
}

#[test]
fn a_key_outside_the_witness_is_undecided_and_never_absent() {
    let (model, _, witness) = small();
    let mut partial = PartialTree::open(witness, &model.root()).expect("it opens");
    let held = [3, 9, model.low_of(&Hash::repeat_byte(0x77)).expect("one")];
    for (index, leaf) in model.leaves.iter().enumerate() {
        if held.contains(&(index as u32)) {
            continue;
        }
        let undecided = WitnessError::Undecided(leaf.key);
        assert_eq!(partial.get(&leaf.key), Err(undecided.clone()));
        assert_eq!(partial.set(&leaf.key, 3, vec![0; 16]), Err(undecided));
    }
}

#[test]
fn a_value_known_by_hash_can_be_overwritten_but_not_read() {
    let (mut model, _, mut witness) = small();
    let key = model.leaves[3].key;
    let leaf = witness.leaves.iter_mut().find(|leaf| leaf.index == 3);
    leaf.expect("held").content = Content::Hash(value_hash(3, &model.leaves[3].value));
    witness.appends = 0;
    let held: Vec<u32> = witness.leaves.iter().map(|leaf| leaf.index).collect();
    witness.proof = model.multiproof(&held);
    let mut partial = PartialTree::open(witness, &model.root()).expect("it opens");
    assert_eq!(partial.get(&key), Err(WitnessError::HashOnly(key)));
    partial.set(&key, 3, vec![8; 16]).expect("known place");
    assert_eq!(partial.get(&key), Ok(Some((3, [8; 16].as_slice()))));
    model.set(key, 3, &[8; 16]);
    assert_eq!(partial.finish(), Ok(model.root()));
}

#[test]
fn the_number_of_appended_leaves_is_exactly_the_witness_s() {
    let (model, writes, witness) = small();
    let open = || PartialTree::open(witness.clone(), &model.root()).expect("it opens");
    let wrong = |found, wanted| WitnessError::Appends { found, wanted };
    assert_eq!(open().finish(), Err(wrong(0, 1)));
    let mut partial = open();
    partial.set(&writes[1].0, 3, vec![0; 16]).expect("a place");
    let mut second = writes[1].0;
    second[31] ^= 1;
    assert_eq!(partial.set(&second, 3, vec![0; 16]), Err(wrong(2, 1)));
    assert!(partial.finish().is_ok());
}

#[test]
fn a_leaf_keeps_its_kind() {
    let (model, writes, witness) = small();
    let mut partial = PartialTree::open(witness, &model.root()).expect("it opens");
    let key = writes[0].0;
    let refused = WitnessError::Kind {
        key,
        found: 3,
        wanted: 2,
    };
    assert_eq!(partial.set(&key, 2, vec![0; 64]), Err(refused));
}

#[test]
fn sizes_are_bounded_before_anything_is_hashed() {
    let model = state(44, 80);
    let root = model.root();
    let all: Vec<u32> = (0..75).collect();
    assert!(PartialTree::open(model.witness(&all[..74], 0), &root).is_ok());
    assert!(PartialTree::open(model.witness(&all[..60], 14), &root).is_ok());
    for (held, appends) in [(75, 0), (60, 15), (1, 74)] {
        let witness = model.witness(&all[..held], appends);
        let refused = WitnessError::TooManyLeaves { touched: 75 };
        assert_eq!(PartialTree::open(witness, &root).err(), Some(refused));
    }
    let mut full = model.witness(&[1], 0);
    full.count = u32::MAX;
    full.appends = 1;
    assert!(matches!(
        PartialTree::open(full, &root),
        Err(WitnessError::Full { .. })
    ));
    let mut wide = model.witness(&[1], 0);
    wide.leaves[0].content = Content::Value {
        kind: 3,
        value: vec![0; MAX_VALUE_BYTES + 1],
    };
    let refused = WitnessError::ValueTooLong { length: 1_025 };
    assert_eq!(PartialTree::open(wide, &root).err(), Some(refused.clone()));
    let mut partial = PartialTree::open(model.witness(&[1], 0), &root).expect("it opens");
    let key = model.leaves[1].key;
    assert_eq!(partial.set(&key, 3, vec![0; 1_025]), Err(refused));
}

#[test]
fn a_witness_comes_back_from_its_bytes_and_nothing_else_decodes_to_it() {
    let model = state(45, 40);
    let mut witness = model.witness(&[0, 3, 7, 39], 2);
    witness.leaves[2].content = Content::Hash(Hash::repeat_byte(9));
    let kinds: Vec<(u8, usize)> = model
        .leaves
        .iter()
        .map(|leaf| (leaf.kind, leaf.value.len()))
        .collect();
    let width = |kind: u8| {
        let known = kinds.iter().find(|(known, _)| *known == kind);
        known.map(|(_, width)| *width)
    };
    let bytes = witness.encode();
    assert_eq!(Witness::decode(&bytes, width), Ok(witness.clone()));
    for bit in 0..bytes.len() * 8 {
        let mut other = bytes.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        if let Ok(decoded) = Witness::decode(&other, width) {
            assert_ne!(decoded, witness, "bit {bit}");
            assert_eq!(decoded.encode(), other, "bit {bit}");
        }
    }
    for length in 0..bytes.len() {
        if let Ok(decoded) = Witness::decode(&bytes[..length], width) {
            assert_ne!(decoded, witness, "only siblings can be missing");
        }
    }
    let mut many = bytes;
    many[5] = 75;
    assert!(Witness::decode(&many, width).is_err());
}
