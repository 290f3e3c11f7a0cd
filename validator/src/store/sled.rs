//! The backend in sled 0.34: one tree of sled for each table.
//!
//! sled keeps its first failure of a write for ever: it is opened again then, which loses what was not flushed. A failure can
//! also leave a flush asleep, because not every one wakes it (`Log::exit_reservation`): it is woken by a write beside it.
//!
//! What sled needs to behave well, as measurements showed: no flushing thread but an explicit flush; a bounded cache; batches
//! of at most 1,000 keys; values below 128 KiB, which stay in its log. It panics on some damaged files, so every call is
//! caught and becomes an error that names the folder.

use super::StoreError;
use super::backend::{Backend, Row, Visit, Write};
use super::keys::Table;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, SystemTime};

const CACHE_BYTES: u64 = 64 << 20;
/// A folder's time of change may be this far behind the clock.
const COARSE: Duration = Duration::from_secs(2);
/// A flush that takes longer is woken, in case that it sleeps.
const WAKE: Duration = Duration::from_secs(1);
/// A key of sled's own tree, which has no table of the store: a write to it tells whether sled still writes.
const PROBE: &[u8] = b"probe";

/// sled's files in a folder.
pub struct Sled {
    folder: String,
    /// None while it is opened again.
    open: Mutex<Option<Arc<Open>>>,
    broken: AtomicBool,
    synced: Mutex<Synced>,
}

/// The files beside sled's log that are synced.
#[derive(Default)]
struct Synced {
    names: BTreeSet<OsString>,
    /// When their folder was last changed, if it has stood for longer than a file system's clock may be coarse.
    changed: Option<SystemTime>,
}

struct Open {
    db: sled::Db,
    /// sled's log. On Linux sled itself syncs a range of it, without what the file system knows of the file's growth.
    log: File,
    trees: Vec<(Table, sled::Tree)>,
}

impl Sled {
    /// Opens the files in `folder`, or makes them.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::InUse`] or [`StoreError::Disk`].
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let name = folder.display().to_string();
        let open = Open::new(&name)?;
        Ok(Self {
            folder: name,
            open: Mutex::new(Some(Arc::new(open))),
            broken: AtomicBool::new(false),
            synced: Mutex::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Open>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self) -> Result<Arc<Open>, StoreError> {
        self.lock().clone().ok_or_else(|| StoreError::Passing {
            folder: self.folder.clone(),
            reason: "it is opened again after a failure".into(),
        })
    }

    fn call<T>(&self, call: impl FnOnce(&Open) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let open = self.opened()?;
        let result = caught(&self.folder, || call(&open));
        if let Err(StoreError::Damaged { .. }) = &result {
            self.broken.store(true, Ordering::Relaxed);
        }
        result
    }

    /// sled writes nodes above 128 KiB to files of their own, and syncs none of them. Their folder is listed only when it has
    /// changed: a flush without such files needs no file descriptor.
    fn sync_blobs(&self) -> std::io::Result<()> {
        let folder = Path::new(&self.folder).join("blobs");
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = std::fs::metadata(&folder)?.modified()?;
        if synced.changed == Some(changed) {
            return Ok(());
        }
        let stands = SystemTime::now().duration_since(changed);
        let mut there = BTreeSet::new();
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name();
            // Names are log positions: a file is written once. It may be gone again by now.
            if !synced.names.contains(&name) {
                match File::open(entry.path()) {
                    Ok(blob) => blob.sync_data()?,
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
            there.insert(name);
        }
        synced.names = there;
        synced.changed = stands.is_ok_and(|time| time > COARSE).then_some(changed);
        Ok(())
    }

    fn on_tree<T>(
        &self,
        table: Table,
        call: impl FnOnce(&sled::Tree) -> Result<T, sled::Error>,
    ) -> Result<T, StoreError> {
        self.call(|open| {
            let tree = open.tree(table).ok_or_else(|| StoreError::Disk {
                folder: self.folder.clone(),
                reason: format!("table {} is not open", table.name()),
            })?;
            call(tree).map_err(|error| from_sled(&self.folder, &error))
        })
    }
}

impl Open {
    fn new(folder: &str) -> Result<Self, StoreError> {
        caught(folder, || {
            let db = sled::Config::new()
                .path(folder)
                .cache_capacity(CACHE_BYTES)
                .flush_every_ms(None)
                .open()
                .map_err(|error| from_sled(folder, &error))?;
            let mut trees = Vec::new();
            for table in Table::ALL {
                let tree = db.open_tree(table.name());
                trees.push((table, tree.map_err(|error| from_sled(folder, &error))?));
            }
            let log = File::open(Path::new(folder).join("db"))
                .map_err(|error| StoreError::from_io(folder, &error))?;
            Ok(Self { db, log, trees })
        })
    }

    /// Flushes sled. A failure of sled's that forgets to wake the flush is kept, so that any later write finds it and wakes the flush.
    fn flush(&self, folder: &str) -> Result<(), StoreError> {
        let (done, ended) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            let wake = move || {
                while ended.recv_timeout(WAKE) == Err(RecvTimeoutError::Timeout) {
                    let _ = caught(folder, || self.probe(folder));
                }
            };
            std::thread::Builder::new()
                .name("store-flush".into())
                .spawn_scoped(scope, wake)
                .map_err(|error| StoreError::from_io(folder, &error))?;
            let flushed = self.db.flush();
            drop(done);
            flushed.map_err(|error| from_sled(folder, &error))?;
            Ok(())
        })
    }

    /// Writes something that means nothing, to find whether sled still writes.
    fn probe(&self, folder: &str) -> Result<(), StoreError> {
        // sled writes nothing when the value is there already, so one of two values is written.
        let probed = self.db.insert(PROBE, b"0".as_slice());
        let probed = probed.and_then(|_| self.db.insert(PROBE, b"1".as_slice()));
        probed.map(drop).map_err(|error| from_sled(folder, &error))
    }

    fn tree(&self, table: Table) -> Option<&sled::Tree> {
        let found = self.trees.iter().find(|(known, _)| *known == table);
        found.map(|(_, tree)| tree)
    }
}

impl Backend for Sled {
    fn folder(&self) -> String {
        self.folder.clone()
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.on_tree(table, |tree| Ok(tree.get(key)?.map(|value| value.to_vec())))
    }

    fn scan(
        &self,
        table: Table,
        first: &[u8],
        last: &[u8],
        visit: Visit<'_>,
    ) -> Result<(), StoreError> {
        let mut entries = self.on_tree(table, |tree| Ok(tree.range(first..=last)))?;
        while let Some((key, value)) = self.call(|_| {
            let entry = entries.next().transpose();
            entry.map_err(|error| from_sled(&self.folder, &error))
        })? {
            visit(&key, &value)?;
        }
        Ok(())
    }

    fn first(&self, table: Table, first: &[u8], last: &[u8]) -> Result<Option<Row>, StoreError> {
        self.on_tree(table, |tree| {
            let found = tree.range(first..=last).next().transpose()?;
            Ok(found.map(|(key, value)| (key.to_vec(), value.to_vec())))
        })
    }

    fn write(&self, table: Table, writes: Vec<Write>) -> Result<(), StoreError> {
        self.on_tree(table, |tree| {
            let mut batch = sled::Batch::default();
            for (key, value) in writes {
                match value {
                    Some(value) => batch.insert(key, value),
                    None => batch.remove(key),
                }
            }
            tree.apply_batch(batch)
        })
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.call(|open| {
            open.flush(&self.folder)?;
            let synced = open.log.sync_data().and_then(|()| self.sync_blobs());
            synced.map_err(|error| StoreError::from_io(&self.folder, &error))
        })
    }

    fn heal(&self) -> Result<(), StoreError> {
        if let Ok(open) = self.opened()
            && caught(&self.folder, || open.probe(&self.folder)).is_ok()
        {
            return Ok(());
        }
        // A read under way may still hold it; it is closed when that one ends.
        let closed = self.lock().take();
        caught(&self.folder, || {
            drop(closed);
            Ok(())
        })?;
        match Open::new(&self.folder) {
            Ok(open) => {
                // Names of files beside the log are positions in it, which may come again.
                *self.synced.lock().unwrap_or_else(PoisonError::into_inner) = Synced::default();
                *self.lock() = Some(Arc::new(open));
                Ok(())
            }
            Err(StoreError::InUse { folder }) => Err(StoreError::Passing {
                folder,
                reason: "it is not closed yet after a failure".into(),
            }),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Sled {
    fn drop(&mut self) {
        let open = self.lock().take();
        if self.broken.load(Ordering::Relaxed) {
            // After damage sled may panic again or wait for itself; the process is about to end.
            std::mem::forget(open);
            return;
        }
        let _ = caught(&self.folder, || {
            // sled flushes when it is closed, and that flush is not woken. After this one nothing is left to it.
            let flushed = open.as_ref().map(|open| open.flush(&self.folder));
            drop(open);
            flushed.unwrap_or(Ok(()))
        });
    }
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs a call into sled; a panic becomes an error, and is not printed.
fn caught<T>(folder: &str, call: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                before(panic);
            }
        }));
    });
    let was_quiet = QUIET.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    QUIET.set(was_quiet);
    result.unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        Err(StoreError::Damaged {
            folder: folder.into(),
            what: format!("sled stopped: {text}"),
        })
    })
}

fn from_sled(folder: &str, error: &sled::Error) -> StoreError {
    let folder = folder.to_owned();
    match error {
        sled::Error::Io(io) if io.to_string().contains("could not acquire lock") => {
            StoreError::InUse { folder }
        }
        sled::Error::Io(io) if io.kind() != std::io::ErrorKind::UnexpectedEof => {
            StoreError::from_io(&folder, io)
        }
        other => StoreError::Damaged {
            folder,
            what: other.to_string(),
        },
    }
}
