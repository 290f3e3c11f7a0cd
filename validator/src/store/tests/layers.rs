//! Layers that leave the tree for the store: whole after a crash between any two writes, gone once their epochs are given up.

use super::folding::Dying;
use super::*;
use crate::chain::tree::{PastLimit, above};
use crate::store::keys::{self, Table};
use crate::store::sealed::Sealed;
use std::sync::atomic::AtomicUsize;

const LIMIT: PastLimit = PastLimit {
    epochs: 1,
    bytes: usize::MAX,
};

/// Hands over what is too much for memory, as the application does at the end of an epoch.
pub(super) fn spill<S: Backend>(books: &Books<S>, tree: &mut Tree) -> Result<(), StoreError> {
    if let Some(last) = books.last_layer() {
        tree.release(last);
    }
    let mut excess = tree.excess(LIMIT).into_iter();
    excess.try_for_each(|layer| books.keep_layer(layer))
}

/// States of a tree whose oldest layers only the store has are those of `whole`, which has all of its own: of some of the
/// epochs, what some of the leaves and the nodes above them were.
pub(super) fn agrees_on_disk<S: Backend>(books: &Books<S>, tree: &Tree, whole: &Tree) {
    assert!(tree.marks().eq(whole.marks()));
    let Some(last) = tree.last_on_disk() else {
        return;
    };
    let shallow = tree.marks().find(|mark| mark.epoch > last).unwrap().epoch;
    let view = tree.at(shallow).unwrap();
    let marks: Vec<_> = tree.marks().take_while(|mark| mark.epoch <= last).collect();
    for mark in marks.iter().rev().step_by(1 + marks.len() / 5) {
        let then = whole.at(mark.epoch).unwrap();
        let indices = (0..mark.count).rev();
        for index in indices.step_by(1 + mark.count as usize / 50) {
            let old = books.old_leaf(index, mark.epoch..shallow).unwrap();
            let leaf = then.leaf(index).unwrap();
            match &old {
                Some(old) => {
                    assert_eq!((leaf.value, leaf.index), (&*old.value, index));
                    assert_eq!(leaf.next, tree.leaf(old.next).unwrap().key);
                }
                None => assert_eq!(leaf, view.leaf(index).unwrap()),
            }
            for (level, place) in above(index) {
                let old = books.old_node(level, place, mark.epoch..shallow).unwrap();
                let found = old.unwrap_or_else(|| view.node(level.into(), place));
                assert_eq!(found, then.node(level.into(), place), "level {level}");
            }
        }
    }
}

fn keys_of(disk: &Memory, table: Table) -> Vec<Vec<u8>> {
    let sealed = Sealed::new(disk.clone());
    sealed.keys(table, &[], &[0xff; 33]).unwrap()
}

#[test]
fn a_crash_between_any_two_writes_leaves_every_layer_in_memory_or_on_disk() {
    let seed = seed("layers");
    let rng = &mut ChaCha20Rng::seed_from_u64(seed);
    let memory = Memory::new();
    let mut chain = Chain::new(seed, 0);
    let (mut height, mut floor, mut deaths, mut most) = (None, 0, 0, 0);
    while height < Some(500) {
        let left = Arc::new(AtomicUsize::new(rng.random_range(1..3_000)));
        let Ok((books, loaded)) = Books::open(Dying::new(&memory, left), identity(), Pace::Commit)
        else {
            deaths += 1;
            continue;
        };
        let (mut tree, mut tip) = match loaded {
            Some(loaded) => {
                assert!(Some(loaded.height()) >= height);
                chain.advance(loaded.height());
                // The floor that was asked for last may have been lost.
                let first = loaded.tree.marks().next().map_or(0, |mark| mark.epoch);
                assert!(first <= floor);
                floor = first;
                chain.agrees(&loaded, floor);
                agrees_on_disk(&books, &loaded.tree, &chain.tree);
                most = most.max(loaded.tree.past_size().epochs_on_disk);
                (loaded.tree, Some(loaded.block))
            }
            None => (Tree::new(), None),
        };
        let failed = loop {
            let record = step(seed, &mut tree, tip.as_ref());
            let ends = record.checkpoint.is_some();
            tip = Some(record.block);
            let mut done = books.commit(Arc::new(record));
            height = books.durable_height();
            if ends {
                done = done.and_then(|()| spill(&books, &mut tree));
                // Now and then root settles some, far behind.
                let newest = tree.newest_mark().unwrap().epoch;
                if rng.random_ratio(1, 12) && newest > floor + 30 {
                    floor += rng.random_range(1..25);
                    tree.retain(floor);
                    let asked = Floor {
                        epoch: floor,
                        block: 0,
                    };
                    done = done.and_then(|()| books.retain(asked));
                }
            }
            if done.is_err() || height >= Some(500) {
                break done.is_err();
            }
        };
        deaths += usize::from(failed);
    }
    println!("{deaths} deaths, {most} epochs on disk");
    assert!(deaths > 10 && most > 10);
    // Root settles all: nothing of the past stays on disk.
    let (books, loaded) = Books::open(memory.clone(), identity(), Pace::Commit).unwrap();
    let newest = loaded.unwrap().tree.newest_mark().unwrap().epoch;
    let asked = Floor {
        epoch: newest,
        block: 0,
    };
    books.retain(asked).unwrap();
    assert_eq!(keys_of(&memory, Table::Past).len(), 0);
    // The newest mark stays; it stands in a record alone when that is not folded yet.
    assert!(keys_of(&memory, Table::Layer).len() <= 1);
}

#[test]
fn a_start_reads_the_layers_that_are_not_on_disk_and_no_other() {
    let seed = seed("start");
    let memory = Memory::new();
    let (books, _) = Books::open(memory.clone(), identity(), Pace::Commit).unwrap();
    let (mut tree, mut tip) = (Tree::new(), None);
    for _ in 0..=EPOCH * 200 {
        let record = step(seed, &mut tree, tip.as_ref());
        tip = Some(record.block);
        books.commit(Arc::new(record)).unwrap();
        spill(&books, &mut tree).unwrap();
    }
    spill(&books, &mut tree).unwrap();
    let size = tree.past_size();
    // The open layer, the limit, and what is not folded: at most 64 heights.
    assert!(size.epochs <= 2 + 64 / EPOCH + 1, "{size:?}");
    assert_eq!(size.epochs + size.epochs_on_disk, 200);
    drop(books);
    let (books, loaded) = Books::open(memory, identity(), Pace::Commit).unwrap();
    let loaded = loaded.unwrap();
    assert_eq!(loaded.tree.past_size(), size);
    let mut chain = Chain::new(seed, EPOCH * 200);
    chain.agrees(&loaded, 0);
    agrees_on_disk(&books, &loaded.tree, &chain.tree);
}

#[test]
fn an_altered_entry_is_refused_when_it_is_read_and_harms_nothing_else() {
    let seed = seed("entry");
    let memory = Memory::new();
    let (books, _) = Books::open(memory.clone(), identity(), Pace::Commit).unwrap();
    let (mut tree, mut tip) = (Tree::new(), None);
    for _ in 0..=EPOCH * 60 {
        let record = step(seed, &mut tree, tip.as_ref());
        tip = Some(record.block);
        books.commit(Arc::new(record)).unwrap();
        spill(&books, &mut tree).unwrap();
    }
    let all = keys_of(&memory, Table::Past);
    let leaf = all.iter().find(|key| key[0] == 0 && key[12] == 7).unwrap();
    let leaf = u32::from_be_bytes(*leaf[1..].first_chunk().unwrap());
    // The root changes in every epoch.
    for (level, place) in [(0, leaf), (32, 0)] {
        let key = keys::past(level, place, 7);
        let mut value = memory.get(Table::Past, &key).unwrap().unwrap();
        value[9] ^= 1;
        memory
            .write(Table::Past, vec![(key.to_vec(), Some(value))])
            .unwrap();
    }
    drop(books);
    let (books, loaded) = Books::open(memory, identity(), Pace::Commit).unwrap();
    assert_eq!(loaded.unwrap().warning, None);
    let damaged = |error| matches!(error, StoreError::Damaged { .. });
    assert!(books.old_leaf(leaf, 7..20).is_err_and(damaged));
    assert!(books.old_node(32, 0, 5..8).unwrap().is_some());
    assert!(books.old_node(32, 0, 7..8).is_err_and(damaged));
    assert!(books.old_node(32, 0, 8..20).unwrap().is_some());
    assert_eq!(books.old_node(32, 0, 8..8), Ok(None));
    assert_eq!(books.old_leaf(u32::MAX, 0..20), Ok(None));
}
