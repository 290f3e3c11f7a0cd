//! Failures that pass, such as a process without a free file descriptor: the store tries again, and nothing is lost.

use super::*;
use crate::store::keys::Table;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A memory whose calls fail at times, as the seed says, for a reason that passes.
#[derive(Clone)]
struct Fickle {
    memory: Memory,
    rng: Arc<Mutex<ChaCha20Rng>>,
    failures: Arc<AtomicUsize>,
    /// One call in this number of calls fails; with 0 no call fails.
    one_of: Arc<AtomicUsize>,
}

impl Fickle {
    fn new(seed: u64, one_of: usize) -> Self {
        Self {
            memory: Memory::new(),
            rng: Arc::new(Mutex::new(ChaCha20Rng::seed_from_u64(seed))),
            failures: Arc::default(),
            one_of: Arc::new(AtomicUsize::new(one_of)),
        }
    }

    fn may(&self) -> Result<(), StoreError> {
        let one_of = self.one_of.load(Ordering::SeqCst);
        if one_of == 0 || self.rng.lock().unwrap().random_range(0..one_of) > 0 {
            return Ok(());
        }
        self.failures.fetch_add(1, Ordering::SeqCst);
        let error = io::Error::from_raw_os_error(libc::EMFILE);
        Err(StoreError::from_io("memory", &error))
    }
}

impl Backend for Fickle {
    fn folder(&self) -> String {
        self.memory.folder()
    }
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.memory.get(table, key)
    }
    fn scan(&self, table: Table, a: &[u8], b: &[u8], visit: Visit<'_>) -> Result<(), StoreError> {
        self.memory.scan(table, a, b, visit)
    }
    fn first(&self, table: Table, a: &[u8], b: &[u8]) -> Result<Option<Row>, StoreError> {
        self.memory.first(table, a, b)
    }
    fn write(&self, table: Table, writes: Vec<Write>) -> Result<(), StoreError> {
        for write in writes {
            self.may()?;
            self.memory.write(table, vec![write])?;
        }
        Ok(())
    }
    fn flush(&self) -> Result<(), StoreError> {
        self.may()
    }
}

#[test]
fn a_store_whose_disk_fails_for_a_while_again_and_again_ends_with_all_that_it_took() {
    let seed = seed("passing");
    for pace in [Pace::Commit, Pace::Thread] {
        let disk = Fickle::new(seed, 0);
        let (books, _) = Books::open(disk.clone(), identity(), pace).unwrap();
        disk.one_of.store(500, Ordering::SeqCst);
        let (mut tree, mut tip) = (Tree::new(), None);
        for _ in 0..=300 {
            let record = step(seed, &mut tree, tip.as_ref());
            tip = Some(record.block);
            books.commit(Arc::new(record)).unwrap();
        }
        // A flush fails like any other call, and may be asked for again.
        let flushed = (0..100).find_map(|_| books.flush().ok());
        assert_eq!(flushed, Some(Some(300)));
        assert_eq!(books.failure(), None);
        let failures = disk.failures.load(Ordering::SeqCst);
        println!("{failures} calls failed");
        assert!(failures > 3);
        drop(books);
        disk.one_of.store(0, Ordering::SeqCst);
        let (_, loaded) = Books::open(disk, identity(), pace).unwrap();
        Chain::new(seed, 300).agrees(&loaded.unwrap(), 0);
    }
}

#[test]
fn a_disk_that_is_broken_is_not_tried_again_and_a_lack_that_may_end_is_told_apart() {
    let kind = |number| {
        let error = io::Error::from_raw_os_error(number);
        StoreError::from_io("folder", &error).is_passing()
    };
    assert!(
        [libc::EMFILE, libc::ENFILE, libc::ENOSPC]
            .into_iter()
            .all(kind)
    );
    assert!(![libc::EIO, libc::EROFS, libc::ENOENT].into_iter().any(kind));
}
