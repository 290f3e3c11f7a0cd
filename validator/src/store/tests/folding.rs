//! Crashes between any two writes of a chain's life, in memory: the disk keeps a first part of them.

use super::*;
use crate::store::keys::Table;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A memory that stops taking writes after some, as a killed process does. What a write call brings lands whole or not.
#[derive(Clone)]
pub(super) struct Dying {
    memory: Memory,
    left: Arc<AtomicUsize>,
}

impl Dying {
    pub(super) fn new(memory: &Memory, left: Arc<AtomicUsize>) -> Self {
        let memory = memory.clone();
        Self { memory, left }
    }

    fn gone() -> StoreError {
        StoreError::Disk {
            folder: "memory".into(),
            reason: "killed".into(),
        }
    }
}

impl Backend for Dying {
    reads_memory!();
    fn write(&self, table: Table, writes: Vec<Write>) -> Result<(), StoreError> {
        for write in writes {
            let taken = self
                .left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
            if taken.is_err() {
                return Err(Self::gone());
            }
            self.memory.write(table, vec![write])?;
        }
        Ok(())
    }
    fn flush(&self) -> Result<(), StoreError> {
        match self.left.load(Ordering::SeqCst) {
            0 => Err(Self::gone()),
            _ => Ok(()),
        }
    }
}

#[test]
fn a_crash_between_any_two_writes_loses_nothing_that_was_durable() {
    let seed = seed("folding");
    let rng = &mut ChaCha20Rng::seed_from_u64(seed);
    let memory = Memory::new();
    let mut chain = Chain::new(seed, 0);
    let mut height = None;
    let mut deaths = 0;
    while height < Some(400) {
        let left = Arc::new(AtomicUsize::new(rng.random_range(1..600)));
        let memory = Dying::new(&memory, left);
        let Ok((books, loaded)) = Books::open(memory, identity(), Pace::Commit) else {
            deaths += 1;
            continue;
        };
        let (mut tree, mut tip) = match loaded {
            Some(loaded) => {
                assert!(Some(loaded.height()) >= height);
                assert_eq!(loaded.warning, None);
                chain.advance(loaded.height());
                chain.agrees(&loaded, 0);
                (loaded.tree, Some(loaded.block))
            }
            None => {
                assert_eq!(height, None);
                (Tree::new(), None)
            }
        };
        loop {
            let record = step(seed, &mut tree, tip.as_ref());
            tip = Some(record.block);
            let failed = books.commit(Arc::new(record)).is_err();
            height = books.durable_height();
            if failed {
                deaths += 1;
                assert!(books.flush().is_err(), "a failure stays");
                break;
            }
            if height >= Some(400) {
                break;
            }
        }
    }
    println!("{deaths} deaths on the way to 400");
    assert!(deaths > 10);
}

#[test]
fn folding_removes_the_records_and_keeps_one_page_for_32_leaves() {
    let seed = seed("pages");
    let memory = Memory::new();
    let (books, _) = Books::open(memory.clone(), identity(), Pace::Commit).unwrap();
    grow(seed, &books, None, 300);
    let count = |table| {
        let mut count = 0;
        let last = [0xff; 40];
        let visit = &mut |_: &[u8], _: &[u8]| {
            count += 1;
            Ok(())
        };
        memory.scan(table, &[], &last, visit).unwrap();
        count
    };
    let tree = Chain::new(seed, 300).tree;
    assert!(count(Table::Page) <= tree.count().div_ceil(32));
    assert!(
        count(Table::Redo) <= 64 * 3,
        "{} redo values",
        count(Table::Redo)
    );
}
