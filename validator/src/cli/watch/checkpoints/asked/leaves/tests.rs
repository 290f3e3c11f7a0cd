//! A page of leaves is taken as it stands in the state, and in no other form.

use plasmid_proto::bridge::v1::StateLeaf;

use super::*;
use crate::chain::tree::Tree;

fn state() -> Tree {
    let mut tree = Tree::new();
    let changes = (1..=9u8).map(|number| Change {
        key: B256::repeat_byte(number.wrapping_mul(77)),
        kind: number,
        value: vec![number; usize::from(number)],
    });
    tree.apply(&changes.collect::<Vec<_>>()).expect("it fits");
    tree
}

fn page(tree: &Tree, first: u32, count: u32) -> GetLeavesResponse {
    let indices: Vec<u32> = (first..first + count).collect();
    let leaves = indices.iter().map(|index| {
        let leaf = tree.leaf(*index).expect("it stands");
        StateLeaf {
            key: leaf.key.to_vec(),
            next_key: leaf.next.to_vec(),
            kind: leaf.kind.into(),
            value: leaf.value.to_vec(),
        }
    });
    let proof = tree.multiproof(&indices).expect("they stand");
    GetLeavesResponse {
        leaf_count: tree.count(),
        leaves: leaves.collect(),
        siblings: proof.siblings.iter().map(|one| one.to_vec()).collect(),
    }
}

#[test]
fn pages_make_the_state_again() {
    let tree = state();
    let root = tree.root();
    for size in 1..=10 {
        let mut again = Tree::new();
        for first in (0..tree.count()).step_by(size) {
            let count = (size as u32).min(tree.count() - first);
            let shown = shown(page(&tree, first, count), first, &root).expect("it stands there");
            assert_eq!((shown.count, shown.leaves.len() as u32), (10, count));
            let known = usize::from(first == 0);
            again.apply(&shown.leaves[known..]).expect("it fits");
        }
        assert_eq!(again.root(), root);
    }
}

#[test]
fn a_page_that_is_changed_anywhere_is_a_lie() {
    let tree = state();
    let root = tree.root();
    let whole = page(&tree, 3, 4);
    assert!(shown(whole.clone(), 3, &root).is_some());
    let lies: [fn(&mut GetLeavesResponse); 14] = [
        |one| one.leaf_count += 1,
        |one| one.leaf_count = 6,
        |one| one.leaf_count = u32::MAX,
        |one| one.leaves.clear(),
        |one| one.leaves.truncate(3),
        |one| one.leaves.push(one.leaves[0].clone()),
        |one| one.leaves.swap(0, 1),
        |one| one.leaves[2].kind += 1,
        |one| one.leaves[2].kind += 256,
        |one| one.leaves[2].value.push(0),
        |one| one.leaves[2].value.resize(MAX_VALUE + 1, 0),
        |one| one.leaves[2].key.truncate(31),
        |one| one.siblings.truncate(one.siblings.len() - 1),
        |one| one.siblings.push(vec![0; 32]),
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let mut told = whole.clone();
        lie(&mut told);
        assert_eq!(shown(told, 3, &root), None, "lie {number}");
    }
    for place in 0..4 {
        for byte in 0..32 {
            for field in [0, 1] {
                let mut told = whole.clone();
                let leaf = &mut told.leaves[place];
                let bytes = match field {
                    0 => &mut leaf.key,
                    _ => &mut leaf.next_key,
                };
                bytes[byte] ^= 1;
                assert_eq!(shown(told, 3, &root), None, "leaf {place}, byte {byte}");
            }
        }
    }
    for place in 0..whole.siblings.len() {
        let mut told = whole.clone();
        told.siblings[place][31] ^= 1;
        assert_eq!(shown(told, 3, &root), None, "sibling {place}");
    }
    assert_eq!(shown(whole.clone(), 2, &root), None);
    assert_eq!(shown(whole, 3, &B256::repeat_byte(1)), None);
}

#[test]
fn a_true_page_that_has_fewer_leaves_than_an_answer_holds_is_not_taken() {
    let tree = state();
    let root = tree.root();
    let is_taken = |first, count| {
        let shown = shown(page(&tree, first, count), first, &root);
        is_full(&shown.expect("it stands there"), first)
    };
    // The sentinel alone, and any other page that is not the rest.
    for first in 0..10 {
        for count in 1..=10 - first {
            assert_eq!(is_taken(first, count), count == 10 - first);
        }
    }
    let sized = |count: usize, bytes| {
        let one = Change {
            key: B256::ZERO,
            kind: 0,
            value: vec![0; bytes],
        };
        let shown = ShownLeaves {
            count: 10_000,
            leaves: vec![one; count],
        };
        is_full(&shown, 9)
    };
    assert!(sized(512, 0));
    assert!(!sized(511, 0));
    // As many as have room, before one that may be as large as a leaf can be.
    assert!(sized(256, MAX_VALUE));
    assert!(!sized(255, MAX_VALUE));
    assert!(sized(260, 1_008));
    assert!(!sized(250, 1_000));
}
