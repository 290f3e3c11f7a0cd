//! Past epochs read and prove as the naive tree did then.

use super::*;

fn agrees(rng: &mut ChaCha20Rng, view: &TreeView<'_>, naive: &Naive) {
    let root = naive.root();
    assert_eq!(view.root(), root);
    assert_eq!(view.count() as usize, naive.leaves().len());
    for (index, (key, kind, value)) in naive.leaves().iter().enumerate() {
        let index = index as u32;
        assert_eq!(view.get(key), Some((index, *kind, value.as_slice())));
        assert_eq!(*view.leaf(index).unwrap().next, naive.next(*key));
        let proof = view.prove(index).unwrap();
        verify_inclusion(key, *kind, value, &proof, &root).unwrap();
    }
    assert!(view.prove(view.count()).is_err());
    for _ in 0..10 {
        let key = random_key(rng);
        assert_eq!(view.low(&key), naive.low(key));
        if let Ok(low) = view.prove_absence(&key) {
            verify_absence(&key, &low, &root).unwrap();
        }
    }
    let mut indices: Vec<u32> = (0..6)
        .map(|_| rng.random_range(0..view.count() + 2))
        .collect();
    indices.sort_unstable();
    indices.dedup();
    let leaves: Vec<_> = indices.iter().map(|i| (*i, naive.leaf_hash(*i))).collect();
    let proof = view.multiproof(&indices).unwrap();
    let computed = state_root(&proof.root(&leaves).unwrap(), view.count());
    assert_eq!(computed, root);
}

#[test]
fn every_kept_epoch_reads_and_proves_as_it_was() {
    let mut rng = seeded("history");
    for _ in 0..4 {
        let (mut tree, mut naive) = (Tree::new(), Naive::new());
        let mut past: Vec<(u64, Naive)> = Vec::new();
        for epoch in 0..12u64 {
            for _ in 0..rng.random_range(0..4) {
                let changes = segment(&mut rng, &naive, 8);
                naive.apply(&changes);
                tree.apply(&changes).unwrap();
                // An overlay that stands in the cache must take in what changes after.
                if let Some((epoch, then)) = past.choose(&mut rng) {
                    agrees(&mut rng.clone(), &tree.at(*epoch).unwrap(), then);
                }
            }
            let mark = tree.mark(epoch).unwrap();
            assert_eq!((mark.count, mark.root), (tree.count(), naive.root()));
            past.push((epoch, naive.clone()));
            if epoch == 8 {
                tree.retain(3);
                past.retain(|(epoch, _)| *epoch >= 3);
                assert!(matches!(
                    tree.at(2),
                    Err(TreeError::UnknownEpoch {
                        epoch: 2,
                        first: Some(3),
                        last: Some(8)
                    })
                ));
            }
            for (epoch, then) in &past {
                agrees(&mut rng, &tree.at(*epoch).unwrap(), then);
            }
        }
    }
}

#[test]
fn two_readers_of_one_epoch_do_not_disturb_each_other() {
    let mut rng = seeded("readers");
    let (mut tree, mut naive) = (Tree::new(), Naive::new());
    let changes = segment(&mut rng, &naive, 30);
    naive.apply(&changes);
    tree.apply(&changes).unwrap();
    tree.mark(0).unwrap();
    let then = naive.clone();
    for _ in 0..5 {
        let changes = segment(&mut rng, &naive, 30);
        naive.apply(&changes);
        tree.apply(&changes).unwrap();
        let (one, other) = (tree.at(0).unwrap(), tree.at(0).unwrap());
        agrees(&mut rng, &one, &then);
        agrees(&mut rng, &other, &then);
    }
}

#[test]
fn epochs_are_marked_in_order_and_forgetting_all_stops_the_undo() {
    let mut rng = seeded("order");
    let mut tree = Tree::new();
    tree.mark(5).unwrap();
    assert_eq!(
        tree.mark(5),
        Err(TreeError::EpochOrder { last: 5, given: 5 })
    );
    assert_eq!(
        tree.mark(4),
        Err(TreeError::EpochOrder { last: 5, given: 4 })
    );
    let mut naive = Naive::new();
    let first = segment(&mut rng, &naive, 5);
    tree.apply(&first).unwrap();
    naive.apply(&first);
    let journal = tree.drain();
    assert_eq!(journal.marks.len(), 1);
    assert_eq!(journal.undo.len(), 1, "the sentinel's next changed");
    tree.retain(6);
    assert_eq!(tree.marks().count(), 0);
    tree.apply(&segment(&mut rng, &naive, 5)).unwrap();
    assert!(tree.drain().undo.is_empty());
    tree.mark(9).unwrap();
    assert_eq!(tree.at(9).unwrap().root(), tree.root());
}

#[test]
fn a_leaf_made_behind_one_that_changed_before_is_not_in_the_past() {
    let mut naive = Naive::new();
    let mut tree = Tree::new();
    let change = |byte, value| Change {
        key: Hash::repeat_byte(byte),
        kind: 1,
        value: vec![value; 16],
    };
    let first = [change(2, 0), change(8, 0)];
    naive.apply(&first);
    tree.apply(&first).unwrap();
    tree.mark(0).unwrap();
    let rng = &mut seeded("behind");
    // The predecessor has its entry, and the overlay knows it, before the first leaf is made.
    tree.apply(&[change(2, 1)]).unwrap();
    agrees(rng, &tree.at(0).unwrap(), &naive);
    tree.apply(&[change(3, 1)]).unwrap();
    agrees(rng, &tree.at(0).unwrap(), &naive);
    tree.apply(&[change(4, 1)]).unwrap();
    agrees(rng, &tree.at(0).unwrap(), &naive);
}

#[test]
fn what_is_kept_of_the_past_is_counted_and_goes_with_the_epochs() {
    let mut tree = Tree::new();
    let change = |byte, value| Change {
        key: Hash::repeat_byte(byte),
        kind: 1,
        value: vec![value; 16],
    };
    for epoch in 0..3 {
        let value = u8::try_from(epoch).unwrap();
        tree.apply(&[change(1, value), change(2, value)]).unwrap();
        tree.mark(epoch).unwrap();
    }
    let size = |epochs, leaves| PastSize {
        epochs,
        leaves,
        ..PastSize::default()
    };
    assert_eq!(tree.past_size(), size(3, 4));
    tree.retain(2);
    assert_eq!(tree.past_size(), size(1, 0));
}

#[test]
fn a_pinned_state_stays_as_it_was_until_it_is_given_back_and_there_is_one_at_a_time() {
    let mut rng = seeded("pin");
    let (mut tree, mut naive) = (Tree::new(), Naive::new());
    for _ in 0..3 {
        let changes = segment(&mut rng, &naive, 20);
        naive.apply(&changes);
        tree.apply(&changes).unwrap();
    }
    let then = naive.clone();
    assert_eq!(tree.pin(), Some(tree.count()));
    assert_eq!(tree.pin(), None);
    for epoch in 0..3 {
        let changes = segment(&mut rng, &naive, 20);
        naive.apply(&changes);
        tree.apply(&changes).unwrap();
        tree.mark(epoch).unwrap();
    }
    let mut seen = Vec::new();
    tree.visit_pinned(0..u32::MAX, |leaf| {
        assert_eq!(*leaf.next, then.next(*leaf.key));
        seen.push((*leaf.key, leaf.kind, leaf.value.to_vec()));
    });
    assert_eq!(seen, then.leaves());
    tree.unpin();
    tree.visit_pinned(0..u32::MAX, |_| panic!("nothing is pinned"));
    assert_eq!(tree.pin(), Some(tree.count()));
}
