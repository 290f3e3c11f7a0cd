//! Questions about past epochs hold the state for a bounded piece of work each time, whatever is asked and whatever changed.

use std::cell::{Cell, RefCell};

use plasmid_bridge::proof::tree::{verify_absence, verify_inclusion};
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha20Rng;

use super::*;
use crate::chain::tree::{Change, HASHED, Tree};

mod on_disk;

/// Hashes that one look at the state may make: of the subtree below one kept node.
const MAX_HASHES: usize = 16;

/// A tree into which a block comes after every look, as on a busy chain.
struct Busy {
    tree: RefCell<Tree>,
    rng: RefCell<ChaCha20Rng>,
    looks: Cell<usize>,
    max_hashes: Cell<usize>,
}

impl Busy {
    fn block(&self) {
        let rng = &mut *self.rng.borrow_mut();
        let mut tree = self.tree.borrow_mut();
        let known: Vec<(B256, usize)> = tree
            .iter()
            .skip(1)
            .map(|leaf| (*leaf.key, leaf.value.len()))
            .collect();
        let mut changes: Vec<Change> = known
            .choose_multiple(rng, 3)
            .map(|(key, width)| Change {
                key: *key,
                kind: 1,
                value: vec![rng.random(); *width],
            })
            .collect();
        changes.push(Change {
            key: B256::from(rng.random::<[u8; 32]>()),
            kind: 1,
            value: vec![rng.random(); 20],
        });
        tree.apply(&changes).unwrap();
    }
}

impl Trees for Busy {
    fn look(&self, visit: &mut dyn FnMut(&Tree)) -> Result<(), ReadError> {
        HASHED.set(0);
        visit(&self.tree.borrow());
        self.looks.set(self.looks.get() + 1);
        self.max_hashes.set(self.max_hashes.get().max(HASHED.get()));
        self.block();
        Ok(())
    }

    fn enter_disk(&self) -> Result<DiskRead<'_>, ReadError> {
        unreachable!("everything is in memory")
    }
}

fn busy(seed: u64) -> Busy {
    println!("seed {seed}");
    let busy = Busy {
        tree: RefCell::default(),
        rng: RefCell::new(ChaCha20Rng::seed_from_u64(seed)),
        looks: Cell::default(),
        max_hashes: Cell::default(),
    };
    (0..40).for_each(|_| busy.block());
    busy
}

#[test]
fn a_storm_of_questions_that_cycles_through_epochs_never_holds_the_state_for_more_than_one_node() {
    let busy = busy(7);
    let mut past = Vec::new();
    for epoch in 0..6 {
        let mark = busy.tree.borrow_mut().mark(epoch).unwrap();
        let tree = busy.tree.borrow();
        let leaves = tree.iter().map(|leaf| (*leaf.key, leaf.value.to_vec()));
        past.push((mark, leaves.collect::<Vec<_>>()));
        drop(tree);
        (0..20).for_each(|_| busy.block());
    }
    for round in 0..8 {
        for (mark, leaves) in &past {
            let view = Past::of(&busy, mark.epoch).unwrap();
            assert_eq!((view.count(), view.root()), (mark.count, mark.root));
            let (key, value) = &leaves[1 + round * 5 % (leaves.len() - 1)];
            let leaf = view.get(key).unwrap().unwrap();
            assert_eq!(&leaf.value, value);
            let proof = view.prove(&leaf).unwrap();
            verify_inclusion(key, leaf.kind, value, &proof, &mark.root).unwrap();

            let absent = B256::from(busy.rng.borrow_mut().random::<[u8; 32]>());
            let low = view.prove(&view.low(&absent).unwrap()).unwrap();
            verify_absence(&absent, &low, &mark.root).unwrap();

            let indices: Vec<u32> = (1..mark.count).step_by(2).collect();
            let several = view.multiproof(&indices).unwrap();
            let whole = busy
                .tree
                .borrow()
                .at(mark.epoch)
                .unwrap()
                .multiproof(&indices);
            assert_eq!(several, whole.unwrap());
        }
    }
    let most = busy.max_hashes.get();
    assert!(most > 0 && most <= MAX_HASHES, "{most} hashes in one look");
}

#[test]
fn leaves_made_since_are_walked_over_in_bounded_steps() {
    let busy = busy(8);
    let made: Vec<Change> = (0..3 * STEPS as u64)
        .map(|number| {
            let mut key = B256::repeat_byte(0x80);
            key.0[24..].copy_from_slice(&number.to_be_bytes());
            Change {
                key,
                kind: 1,
                value: vec![1],
            }
        })
        .collect();
    let key = B256::repeat_byte(0x81);
    let mark = busy.tree.borrow_mut().mark(0).unwrap();
    let expected = busy.tree.borrow().low(&key);
    busy.tree.borrow_mut().apply(&made).unwrap();
    let view = Past::of(&busy, 0).unwrap();
    let before = busy.looks.get();
    let low = view.low(&key).unwrap();
    assert_eq!(low.index, expected);
    assert!(
        busy.looks.get() - before > 3,
        "no look walks over more than {STEPS} keys"
    );
    let proof = view.prove(&low).unwrap();
    verify_absence(&key, &proof, &mark.root).unwrap();
}

#[test]
fn an_epoch_that_is_given_up_meanwhile_is_not_found() {
    let busy = busy(9);
    busy.tree.borrow_mut().mark(0).unwrap();
    busy.tree.borrow_mut().mark(1).unwrap();
    let view = Past::of(&busy, 0).unwrap();
    let leaf = view.low(&B256::repeat_byte(0x40)).unwrap();
    busy.tree.borrow_mut().retain(1);
    assert!(matches!(view.prove(&leaf), Err(ReadError::NotFound(_))));
    assert!(matches!(
        view.multiproof(&[1, 2]),
        Err(ReadError::NotFound(_))
    ));
    assert!(matches!(Past::of(&busy, 0), Err(ReadError::NotFound(_))));
}
