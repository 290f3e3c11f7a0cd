//! What the tree refuses, and that it is unchanged after.

use super::*;

fn change(byte: u8, kind: u8, width: usize) -> Change {
    Change {
        key: Hash::repeat_byte(byte),
        kind,
        value: vec![byte; width],
    }
}

fn refused(wrong: &[Change]) -> TreeError {
    let mut tree = Tree::new();
    tree.apply(&[change(1, 2, 64), change(2, 4, 66)]).unwrap();
    let root = tree.root();
    tree.mark(0).unwrap();
    tree.drain();
    let mut changes = vec![change(1, 2, 64), change(9, 9, 9)];
    changes.extend_from_slice(wrong);
    let error = tree.apply(&changes).unwrap_err();
    assert_eq!((tree.root(), tree.count()), (root, 3));
    let journal = tree.drain();
    assert!(journal.leaves.is_empty() && journal.undo.is_empty());
    error
}

#[test]
fn a_change_that_does_not_fit_its_leaf_leaves_the_tree_as_it_was() {
    let key = Hash::repeat_byte(2);
    let cases = [
        (
            vec![change(2, 5, 66)],
            TreeError::Kind {
                key,
                found: 4,
                given: 5,
            },
        ),
        (
            vec![change(2, 4, 65)],
            TreeError::Width {
                key,
                found: 66,
                given: 65,
            },
        ),
        (
            vec![change(2, 4, 64)],
            TreeError::Width {
                key,
                found: 66,
                given: 64,
            },
        ),
        (
            vec![change(2, 4, 66), change(2, 4, 66)],
            TreeError::Repeated { key },
        ),
        (vec![change(0, 0, 0)], TreeError::Sentinel),
        (
            vec![change(3, 4, 1_025)],
            TreeError::TooWide {
                key: Hash::repeat_byte(3),
                width: 1_025,
            },
        ),
        (
            vec![change(3, 4, 5), change(3, 4, 5)],
            TreeError::Repeated {
                key: Hash::repeat_byte(3),
            },
        ),
    ];
    for (wrong, error) in cases {
        assert_eq!(refused(&wrong), error);
    }
}

#[test]
fn multiproofs_want_indices_that_ascend() {
    let tree = Tree::new();
    assert!(tree.multiproof(&[]).is_err());
    assert!(tree.multiproof(&[0, 0]).is_err());
    assert!(tree.multiproof(&[1, 0]).is_err());
    assert_eq!(tree.multiproof(&[0]).unwrap().siblings.len(), 32);
    assert_eq!(tree.multiproof(&[u32::MAX]).unwrap().siblings.len(), 32);
}

#[test]
fn an_index_from_the_count_on_has_no_proof() {
    let refused = TreeError::OutOfRange { index: 1, count: 1 };
    assert_eq!(Tree::new().prove(1), Err(refused));
}
