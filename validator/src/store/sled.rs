//! The backend in sled 0.34: one tree of sled for each table.
//!
//! A write or a sync that failed is never tried again, not even on a full disk: sled keeps its first failure for ever, a page that the
//! system could not write counts as clean from then on, so that the next sync of it succeeds, and sled skips a value that it believes to
//! hold. The node ends. The system's cache outlives it, and would show the next start what never came to the disk: so before sled reads
//! anything, its files are synced and the cache lets go of them, and what is read then is what the disk has. (A file system may keep pages
//! that it cannot write all the same: then the sync fails, and so does the start.) What failed before anything was written may pass.
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
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::fs::{Advice, fadvise};

const CACHE_BYTES: u64 = 64 << 20;
/// A folder's time of change may be this far behind the clock.
const COARSE: Duration = Duration::from_secs(2);

/// sled's files in a folder.
pub struct Sled {
    folder: String,
    open: Option<Open>,
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
        read_anew(folder).map_err(|error| StoreError::from_io(&name, &error))?;
        let open = caught(&name, || {
            let db = sled::Config::new()
                .path(folder)
                .cache_capacity(CACHE_BYTES)
                .flush_every_ms(None)
                .open()
                .map_err(|error| from_sled(&name, &error))?;
            let mut trees = Vec::new();
            for table in Table::ALL {
                let tree = db.open_tree(table.name());
                trees.push((table, tree.map_err(|error| from_sled(&name, &error))?));
            }
            let log = File::open(folder.join("db"))
                .map_err(|error| StoreError::from_io(&name, &error))?;
            Ok(Open { db, log, trees })
        })?;
        Ok(Self {
            folder: name,
            open: Some(open),
            broken: AtomicBool::new(false),
            synced: Mutex::default(),
        })
    }

    fn call<T>(&self, call: impl FnOnce(&Open) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let Some(open) = &self.open else {
            return Err(self.gone());
        };
        let result = caught(&self.folder, || call(open));
        if let Err(StoreError::Damaged { .. } | StoreError::Disk { .. }) = &result {
            self.broken.store(true, Ordering::Relaxed);
        }
        result
    }

    /// sled writes nodes above 128 KiB to files of their own, and syncs none of them. Their folder is listed only when it has
    /// changed: a flush without such files needs no file descriptor.
    fn sync_blobs(&self) -> Result<(), StoreError> {
        let failed = |error| StoreError::from_io(&self.folder, &error);
        let folder = Path::new(&self.folder).join("blobs");
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = std::fs::metadata(&folder).and_then(|found| found.modified());
        let changed = changed.map_err(failed)?;
        if synced.changed == Some(changed) {
            return Ok(());
        }
        let stands = SystemTime::now().duration_since(changed);
        let mut there = BTreeSet::new();
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            // Names are log positions: a file is written once. It may be gone again by now.
            if !synced.names.contains(&name) {
                match File::open(entry.path()) {
                    Ok(blob) => blob.sync_data().map_err(|error| failed(error).lasting())?,
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => return Err(failed(error)),
                }
            }
            there.insert(name);
        }
        synced.names = there;
        synced.changed = stands.is_ok_and(|time| time > COARSE).then_some(changed);
        Ok(())
    }

    fn gone(&self) -> StoreError {
        StoreError::Disk {
            folder: self.folder.clone(),
            reason: "it is closed".into(),
        }
    }

    fn on_tree<T>(
        &self,
        table: Table,
        call: impl FnOnce(&sled::Tree) -> Result<T, sled::Error>,
    ) -> Result<T, StoreError> {
        self.call(|open| {
            let tree = open.tree(table).ok_or_else(|| self.gone())?;
            call(tree).map_err(|error| from_sled(&self.folder, &error))
        })
    }
}

impl Open {
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
        self.call(|open| {
            let tree = open.tree(table).ok_or_else(|| self.gone())?;
            let mut batch = sled::Batch::default();
            for (key, value) in writes {
                match value {
                    Some(value) => batch.insert(key, value),
                    None => batch.remove(key),
                }
            }
            let written = tree.apply_batch(batch);
            written.map_err(|error| from_sled(&self.folder, &error).lasting())
        })
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.call(|open| {
            let flushed = open.db.flush();
            flushed.map_err(|error| from_sled(&self.folder, &error).lasting())?;
            let synced = open.log.sync_data();
            synced.map_err(|error| StoreError::from_io(&self.folder, &error).lasting())?;
            self.sync_blobs()
        })
    }
}

impl Drop for Sled {
    fn drop(&mut self) {
        let open = self.open.take();
        if self.broken.load(Ordering::Relaxed) {
            // After damage sled may panic again or wait for itself; the process is about to end.
            std::mem::forget(open);
        } else {
            let _ = caught(&self.folder, || {
                drop(open);
                Ok(())
            });
        }
    }
}

/// Has the system read all of sled's files from the disk again, and not from its cache.
fn read_anew(folder: &Path) -> io::Result<()> {
    for folder in [folder, &folder.join("blobs")] {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            // They are not made yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                let file = File::open(entry.path())?;
                file.sync_all()?;
                fadvise(&file, 0, None, Advice::DontNeed)?;
            }
        }
    }
    Ok(())
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
