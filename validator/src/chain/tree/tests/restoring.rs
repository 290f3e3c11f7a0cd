//! A tree built from its journals is the same tree; from altered ones it is refused or has another root.

use super::*;
use std::collections::BTreeMap;

/// All that a store keeps: leaves by index, marks and undo in order.
#[derive(Clone, Default)]
struct Kept {
    leaves: BTreeMap<u32, LeafImage>,
    marks: Vec<EpochMark>,
    undo: Vec<UndoLeaf>,
}

impl Kept {
    fn take(&mut self, journal: Journal) {
        self.leaves
            .extend(journal.leaves.into_iter().map(|leaf| (leaf.index, leaf)));
        self.marks.extend(journal.marks);
        self.undo.extend(journal.undo);
    }

    fn restore(&self, first: u64) -> Result<Tree, TreeError> {
        let mut restore = Restore::new();
        for leaf in self.leaves.values() {
            restore.leaf(leaf.key, leaf.next, leaf.kind, &leaf.value)?;
        }
        for mark in self.marks.iter().filter(|mark| mark.epoch >= first) {
            restore.mark(*mark)?;
            for undo in self.undo.iter().filter(|undo| undo.epoch == mark.epoch) {
                restore.undo(undo.clone())?;
            }
        }
        restore.finish()
    }
}

/// A tree of some epochs, what was kept of it, and the naive trees of its epochs.
fn grown(rng: &mut ChaCha20Rng) -> (Tree, Kept, Naive) {
    let (mut tree, mut naive, mut kept) = (Tree::new(), Naive::new(), Kept::default());
    for block in 0..30u64 {
        for _ in 0..2 {
            let changes = segment(rng, &naive, 6);
            naive.apply(&changes);
            tree.apply(&changes).unwrap();
        }
        if block % 7 == 6 {
            tree.mark(block / 7).unwrap();
        }
        let journal = tree.drain();
        assert_eq!((journal.count, journal.root), (tree.count(), tree.root()));
        kept.take(journal);
    }
    (tree, kept, naive)
}

#[test]
fn a_restored_tree_has_the_same_states_and_goes_on_alike() {
    let mut rng = seeded("restore");
    for first in [0, 2] {
        let (mut tree, kept, mut naive) = grown(&mut rng);
        let mut other = kept.restore(first).unwrap();
        assert_eq!(other.root(), tree.root());
        assert!(other.drain().leaves.is_empty());
        tree.retain(first);
        for _ in 0..3 {
            let changes = segment(&mut rng, &naive, 6);
            naive.apply(&changes);
            assert_eq!(
                tree.apply(&changes).unwrap(),
                other.apply(&changes).unwrap()
            );
            assert_eq!(tree.drain(), other.drain());
        }
        for mark in tree.marks() {
            let (one, two) = (tree.at(mark.epoch).unwrap(), other.at(mark.epoch).unwrap());
            assert_eq!((one.root(), two.root()), (mark.root, mark.root));
            for index in 0..mark.count {
                assert_eq!(one.prove(index).unwrap(), two.prove(index).unwrap());
            }
        }
        assert_eq!(tree.marks().count(), other.marks().count());
    }
}

#[test]
fn whatever_was_altered_in_what_was_kept_is_noticed() {
    let mut rng = seeded("altered");
    let (tree, kept, _) = grown(&mut rng);
    for _ in 0..200 {
        let mut bad = kept.clone();
        let index = rng.random_range(0..tree.count());
        let undo = rng.random_range(0..bad.undo.len());
        let mark = rng.random_range(0..bad.marks.len());
        let leaf = bad.leaves.get_mut(&index).unwrap();
        match rng.random_range(0..9) {
            0 => leaf.key.0[rng.random_range(0..32)] ^= 1,
            1 => leaf.next ^= 1,
            2 => leaf.kind ^= 1,
            3 => match leaf.value.first_mut() {
                Some(byte) => *byte ^= 1,
                None => leaf.value = vec![1].into(),
            },
            4 => bad.undo[undo].next ^= 1,
            5 => drop(bad.undo.remove(undo)),
            6 => bad.marks[mark].count ^= 1,
            7 => bad.marks[mark].root.0[0] ^= 1,
            _ => bad.undo.push(kept.undo[undo].clone()),
        }
        // An entry may go unnoticed only if it says nothing: an empty value whose next did not change.
        if let Ok(other) = bad.restore(0)
            && other.root() == tree.root()
        {
            assert!(tree.marks().eq(other.marks()));
            for mark in tree.marks() {
                let (one, two) = (tree.at(mark.epoch).unwrap(), other.at(mark.epoch).unwrap());
                assert_eq!((one.root(), two.root()), (mark.root, mark.root));
            }
        }
    }
}
