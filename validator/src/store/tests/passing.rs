//! Failures that pass, such as a process without a free file descriptor: the store tries again, and nothing is lost.

use super::*;
use crate::store::keys::Table;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

const FOLDER: &str = "PLASMID_TEST_FULL_STORE";

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
    fn heal(&self) -> Result<(), StoreError> {
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
    let error = io::Error::from_raw_os_error;
    // As sled copies it.
    let copy = |error: &io::Error| io::Error::new(error.kind(), format!("{error:?}"));
    let passes = |error: &io::Error| StoreError::from_io("folder", error).is_passing();
    for (numbers, passing) in [
        (
            [libc::EMFILE, libc::ENFILE, libc::ENOSPC, libc::EDQUOT],
            true,
        ),
        ([libc::EIO, libc::EROFS, libc::ENOENT, libc::EACCES], false),
    ] {
        for number in numbers {
            let (one, two) = (copy(&error(number)), copy(&copy(&error(number))));
            for error in [&error(number), &one, &two] {
                assert_eq!(passes(error), passing, "{error:?}");
            }
            let said = StoreError::from_io("folder", &two).to_string();
            assert!(said.contains(&error(number).to_string()), "{said}");
            assert!(!said.contains("Os {"), "{said}");
        }
    }
    assert!(passes(&io::Error::new(io::ErrorKind::StorageFull, "full")));
    assert!(!passes(&io::Error::other("broken")));
}

/// A memory whose flush does not return until it is let go.
#[derive(Clone, Default)]
struct Asleep {
    memory: Memory,
    awake: Arc<(Mutex<bool>, Condvar)>,
}

impl Backend for Asleep {
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
        self.memory.write(table, writes)
    }
    fn flush(&self) -> Result<(), StoreError> {
        let mut awake = self.awake.0.lock().unwrap();
        while !*awake {
            awake = self.awake.1.wait(awake).unwrap();
        }
        Ok(())
    }
    fn heal(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[test]
fn a_disk_that_does_not_answer_is_a_failure_and_neither_flush_nor_commit_nor_the_end_waits_for_it()
{
    let seed = seed("asleep");
    let disk = Asleep::default();
    *disk.awake.0.lock().unwrap() = true;
    let (books, _) = Books::open(disk.clone(), identity(), Pace::Thread).unwrap();
    grow(seed, &books, None, 3);
    assert_eq!(books.flush(), Ok(Some(3)));
    books.writer.lock().patience = Duration::from_millis(20);
    *disk.awake.0.lock().unwrap() = false;
    let mut chain = Chain::new(seed, 3);
    let (mut tree, mut tip) = (
        std::mem::take(&mut chain.tree),
        chain.blocks.last().copied(),
    );
    let failed = (0..1_000).find_map(|_| {
        let record = step(seed, &mut tree, tip.as_ref());
        tip = Some(record.block);
        books.commit(Arc::new(record)).err()
    });
    let said = failed.unwrap().to_string();
    assert!(said.contains("not come to an end"), "{said}");
    assert!(books.flush().is_err() && books.failure().is_some());
    drop(books);
    *disk.awake.0.lock().unwrap() = true;
    disk.awake.1.notify_all();
}

/// sled's files may not grow, as on a full disk: sled fails for good, is opened again, and all is there when there is room.
#[test]
fn a_store_on_a_full_disk_waits_for_room_and_goes_on() {
    if let Ok(folder) = std::env::var(FOLDER) {
        return fill(folder.as_ref());
    }
    let base = tempfile::tempdir().unwrap();
    let shell = "trap '' XFSZ; ulimit -S -f 8192; exec \"$0\" \"$@\"";
    let status = Command::new("sh")
        .args(["-c", shell])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "--test-threads=1"])
        .arg("store::tests::passing::a_store_on_a_full_disk_waits_for_room_and_goes_on")
        .env(FOLDER, base.path())
        .status()
        .unwrap();
    assert!(status.success());
}

/// Hears whether the store said that it waits.
#[derive(Clone, Default)]
struct Ear(Arc<AtomicBool>);

impl io::Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.0
            .fetch_or(text.contains("the store waits"), Ordering::SeqCst);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn fill(folder: &Path) {
    let ear = Ear::default();
    let waits = Arc::clone(&ear.0);
    let log = tracing_subscriber::fmt().with_writer(move || ear.clone());
    log.init();
    let seed = seed("full");
    let (books, _) = open(folder, identity()).unwrap();
    let (mut tree, mut tip) = (Tree::new(), None);
    let mut rooms = 0;
    while rooms < 5 || books.durable_height() < Some(60) {
        let mut record = step(seed, &mut tree, tip.as_ref());
        record.response = vec![7; 200_000];
        tip = Some(record.block);
        books.commit(Arc::new(record)).unwrap();
        if waits.swap(false, Ordering::SeqCst) {
            // A little room each time, so that it fails at many places.
            let limit = getrlimit(Resource::Fsize);
            let current = limit.current.map(|bytes| bytes + (3 << 20));
            setrlimit(Resource::Fsize, Rlimit { current, ..limit }).unwrap();
            rooms += 1;
            println!("room {rooms} at height {:?}", tip.map(|block| block.height));
        }
    }
    let limit = getrlimit(Resource::Fsize);
    let current = limit.maximum;
    setrlimit(Resource::Fsize, Rlimit { current, ..limit }).unwrap();
    let last = tip.map(|block| block.height);
    assert_eq!(books.flush(), Ok(last));
    drop(books);
    let (_, loaded) = open(folder, identity()).unwrap();
    let loaded = loaded.unwrap();
    assert_eq!(Some(loaded.height()), last);
    assert_eq!(loaded.warning, None);
    let chain = Chain::new(seed, loaded.height());
    assert_eq!(loaded.tree.root(), chain.tree.root());
}
