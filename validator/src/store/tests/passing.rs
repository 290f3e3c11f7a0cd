//! Failures that pass, such as a process without a free file descriptor: the store tries again, and nothing is lost.

use super::*;
use crate::store::keys::Table;
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

const FOLDER: &str = "PLASMID_TEST_FULL_STORE";

/// Heights by which the disk may be behind while calls fail.
const MAX_BEHIND: u64 = 8;

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
    reads_memory!();
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
        // How many calls a height costs depends on how far the writer is behind, so heights come until some calls have failed.
        let failures = || disk.failures.load(Ordering::SeqCst);
        let mut last = 0;
        for height in 0_u64.. {
            let record = step(seed, &mut tree, tip.as_ref());
            tip = Some(record.block);
            books.commit(Arc::new(record)).unwrap();
            last = height;
            // What the writer tries at once is tried as a whole: it is not so much that it hardly ever meets no failure.
            while books.durable_height() < height.checked_sub(MAX_BEHIND) {
                assert_eq!(books.failure(), None);
                std::thread::yield_now();
            }
            if height >= 300 && failures() > 3 {
                break;
            }
        }
        println!("{} calls failed in {last} heights", failures());
        // A flush fails like any other call, and may be asked for again.
        let flushed = (0..100).find_map(|_| books.flush().ok());
        assert_eq!(flushed, Some(Some(last)));
        assert_eq!(books.failure(), None);
        drop(books);
        disk.one_of.store(0, Ordering::SeqCst);
        let (_, loaded) = Books::open(disk, identity(), pace).unwrap();
        Chain::new(seed, last).agrees(&loaded.unwrap(), 0);
    }
}

#[test]
fn a_disk_that_is_broken_is_not_tried_again_and_a_lack_that_may_end_is_told_apart() {
    let error = io::Error::from_raw_os_error;
    // As sled copies it.
    let copy = |error: &io::Error| io::Error::new(error.kind(), format!("{error:?}"));
    let passes = |error: &io::Error| StoreError::from_io("folder", error).is_passing();
    let lacks = [libc::EMFILE, libc::ENFILE, libc::ENOMEM, libc::EINTR];
    // A disk without room fails writes, and a write that failed is never repeated.
    let ends = [
        libc::EIO,
        libc::EROFS,
        libc::ENOENT,
        libc::EACCES,
        libc::ENOSPC,
        libc::EDQUOT,
        libc::EFBIG,
    ];
    for (numbers, passing) in [(lacks.as_slice(), true), (ends.as_slice(), false)] {
        for number in numbers.iter().copied() {
            let (one, two) = (copy(&error(number)), copy(&copy(&error(number))));
            for error in [&error(number), &one, &two] {
                assert_eq!(passes(error), passing, "{error:?}");
            }
            let said = StoreError::from_io("folder", &two).to_string();
            assert!(said.contains(&error(number).to_string()), "{said}");
            assert!(!said.contains("Os {"), "{said}");
        }
    }
    assert!(passes(&io::Error::new(io::ErrorKind::OutOfMemory, "none")));
    for kind in [
        io::ErrorKind::StorageFull,
        io::ErrorKind::QuotaExceeded,
        io::ErrorKind::FileTooLarge,
        io::ErrorKind::Other,
    ] {
        assert!(!passes(&io::Error::new(kind, "as told")), "{kind:?}");
    }
}

/// A memory whose flush does not return until it is let go.
#[derive(Clone, Default)]
struct Asleep {
    memory: Memory,
    awake: Arc<(Mutex<bool>, Condvar)>,
}

impl Backend for Asleep {
    reads_memory!();
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

/// sled's files may not grow, as on a full disk: the store fails for good and says so, it can be closed, and what it called durable is
/// there when there is room.
#[test]
fn a_store_on_a_full_disk_ends_and_what_was_durable_is_there_at_the_next_start() {
    if let Ok(folder) = std::env::var(FOLDER) {
        return fill(folder.as_ref());
    }
    let shell = "trap '' XFSZ; ulimit -S -f $LIMIT; exec \"$0\" \"$@\"";
    // In units of 512 bytes. With 4 or 6 MiB there is at times no room for the first height, and nothing to find again.
    for limit in [17_000, 24_001, 34_000, 48_000] {
        let base = tempfile::tempdir().unwrap();
        let output = Command::new("sh")
            .args(["-c", shell])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "--test-threads=1"])
            .arg("store::tests::passing::a_store_on_a_full_disk_ends_and_what_was_durable_is_there_at_the_next_start")
            .env(FOLDER, base.path())
            .env("LIMIT", limit.to_string())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}");
        let number = |name: &str| -> u64 {
            let (_, behind) = said.split_once(name).expect(name);
            let word = behind.split_whitespace().next().unwrap();
            word.parse().unwrap()
        };
        let (seed, durable) = (number("PLASMID_SEED="), number("durable "));
        let (_, loaded) = open(base.path(), identity()).unwrap();
        let loaded = loaded.unwrap();
        assert!(loaded.height() >= durable, "{} {durable}", loaded.height());
        let chain = Chain::new(seed, loaded.height());
        assert_eq!(loaded.tree.root(), chain.tree.root());
    }
}

/// Grows a store until it cannot, and closes it.
fn fill(folder: &Path) {
    let seed = seed("full");
    let (books, _) = open(folder, identity()).unwrap();
    let (mut tree, mut tip) = (Tree::new(), None);
    let failed = loop {
        let mut record = step(seed, &mut tree, tip.as_ref());
        record.response = vec![7; 200_000];
        let first = tip.is_none();
        tip = Some(record.block);
        if let Err(error) = books.commit(Arc::new(record)) {
            break error;
        }
        // However slow the machine is, something stands on the disk before it is full.
        if first {
            books.flush().unwrap();
        }
    };
    let said = failed.to_string();
    assert!(
        said.contains("check the disk and whether it has room"),
        "{said}"
    );
    assert_eq!(books.flush(), Err(failed));
    let durable = books.durable_height().unwrap_or_default();
    assert!(durable > 0, "something was durable before");
    println!("durable {durable} ");
    drop(books);
}
