//! Which checkpoint digests this key has signed: written to disk before a share leaves the process.
//!
//! ```text
//! PSGN ‖ version u8 ‖ deployment id 20 ‖ checkpoint key 96 ‖ floor u64 ‖ count u32 ‖ count × (epoch u64 ‖ digest 32) ‖ keccak-256 of all before
//! ```
//! A second digest for one epoch is refused for ever, also after a restart; so is any epoch below `floor`, whose entries are no longer
//! kept. Only what root has accepted is forgotten, as the child has agreed on it: whatever else was signed may have to be signed again, for as
//! long as root stands still. The file is replaced whole: temporary file, fsync, rename, fsync of the directory, mode 0600. A lock beside it
//! keeps a second process out.
//!
//! **What it cannot know.** A file that was replaced by an older copy of itself is valid and lacks the newest digests. The node refuses what root
//! has accepted meanwhile, as far as its own state says (`signer`), and nothing else. Never restore it from a backup; whoever must, runs `plasmid sign-state refuse-below` with an epoch above all that this key can have signed.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use alloy_primitives::{B256, hex};
use plasmid_bridge::client::whole;

mod bytes;
mod carried;
mod error;

use self::bytes::{decode, encode};
pub use carried::{Carried, CarriedError};
pub use error::SignStateError;

/// How often a lock is tried before it counts as held, and how long behind each other.
const LOCK_TRIES: u32 = 20;
const LOCK_LOOK: Duration = Duration::from_millis(10);
/// What the file's name ends with once it was exported.
const EXPORTED: &str = "exported";
const HEADER_BYTES: usize = 4 + 1 + 20 + 96 + 8 + 4;
const ENTRY_BYTES: usize = 40;
/// Digests kept, whatever root has accepted; with epochs of a minute, the last eleven days.
const KEPT: usize = 16_384;
/// With as many digests, no epoch behind the newest one is signed until root has accepted some; with epochs of a minute, that is a year in which
/// root accepts nothing.
const MAX_AHEAD: usize = 1 << 19;
/// With as many, no further epoch is signed at all. What lies between is for older epochs, because root accepts in order and waits for them.
const MAX_DIGESTS: usize = 1 << 20;
/// No file of ours is larger: 42 MB.
const FILE_LIMIT: u64 = (HEADER_BYTES + MAX_DIGESTS * ENTRY_BYTES + 32) as u64;

/// Whether a digest is signed for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// It is written now.
    First,
    /// It stood there before.
    Again,
}

/// The deployment and the key whose signatures a file is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignStateIdentity {
    /// The deployment id.
    pub deployment: [u8; 20],
    /// The public checkpoint key.
    pub key: [u8; 96],
}

/// What a file says in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The deployment and the key that it is about.
    pub identity: SignStateIdentity,
    /// Epochs below it are refused, unless their digest stands in the file.
    pub floor: u64,
    /// How many digests stand in the file.
    pub count: usize,
    /// The newest epoch signed, with its digest.
    pub newest: Option<(u64, B256)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Content {
    identity: SignStateIdentity,
    floor: u64,
    signed: BTreeMap<u64, B256>,
}

impl Content {
    fn summary(&self) -> Summary {
        let newest = self.signed.last_key_value();
        Summary {
            identity: self.identity,
            floor: self.floor,
            count: self.signed.len(),
            newest: newest.map(|(epoch, digest)| (*epoch, *digest)),
        }
    }
}

/// The sign state of one key in one deployment, open and locked.
#[derive(Debug)]
pub struct SignState {
    path: PathBuf,
    content: Content,
    _lock: File,
}

impl SignState {
    /// Makes the file for a key that has signed nothing from `floor` on in this deployment; epochs below it are refused for ever.
    ///
    /// # Errors
    /// [`SignStateError::Exists`] when there is one, `Locked`, `Io`.
    pub fn create(
        path: &Path,
        identity: SignStateIdentity,
        floor: u64,
    ) -> Result<Self, SignStateError> {
        if let Some(folder) = path.parent() {
            whole::make_folder(folder).map_err(|e| failed(path, "written", e))?;
        }
        let lock = lock(path)?;
        if path.exists() {
            return Err(SignStateError::Exists(path.to_owned()));
        }
        let exported = exported(path);
        if exported.exists() {
            return Err(SignStateError::Exported(exported));
        }
        let content = Content {
            identity,
            floor,
            signed: BTreeMap::new(),
        };
        write(path, &content)?;
        Ok(Self {
            path: path.to_owned(),
            content,
            _lock: lock,
        })
    }

    /// Opens the file of this key and deployment.
    ///
    /// # Errors
    /// `Missing`, `Locked`, `Damaged`, `Foreign`, `Io`.
    pub fn open(path: &Path, identity: SignStateIdentity) -> Result<Self, SignStateError> {
        let state = Self::open_any(path)?;
        let found = state.content.identity;
        let foreign = |what, found: &[u8], expected: &[u8]| SignStateError::Foreign {
            path: path.to_owned(),
            what,
            found: hex::encode(found),
            expected: hex::encode(expected),
        };
        if found.deployment != identity.deployment {
            let (found, expected) = (found.deployment, identity.deployment);
            return Err(foreign("deployment", &found, &expected));
        }
        if found.key != identity.key {
            return Err(foreign("checkpoint key", &found.key, &identity.key));
        }
        Ok(state)
    }

    /// Opens the file of whichever key and deployment it is.
    ///
    /// # Errors
    /// `Missing`, `Beside`, `Locked`, `Damaged`, `Io`.
    pub fn open_any(path: &Path) -> Result<Self, SignStateError> {
        if !path.exists() {
            return Err(missing(path));
        }
        let lock = lock(path)?;
        let exported = exported(path);
        if exported.exists() {
            let path = path.to_owned();
            return Err(SignStateError::Beside { path, exported });
        }
        Self::open_there(path, lock)
    }

    /// Opens the file as [`Self::open_any`] does, and one that was exported before too: it then signs nothing, and can be exported again.
    ///
    /// # Errors
    /// `Missing`, `Locked`, `Damaged`, `Io`.
    pub fn open_to_export(path: &Path) -> Result<Self, SignStateError> {
        match (path.exists(), exported(path)) {
            (false, exported) if exported.exists() => Self::open_there(&exported, lock(path)?),
            _ => Self::open_any(path),
        }
    }

    /// Moves the file to where no node finds it, and every command says that it was exported. What it says stays.
    ///
    /// # Errors
    /// `Io`: the file is in one of the two places.
    pub fn retire(&mut self) -> Result<(), SignStateError> {
        let io = |source| failed(&self.path, "moved", source);
        if self.path.extension().is_some_and(|end| end == EXPORTED) {
            return Ok(());
        }
        let exported = exported(&self.path);
        fs::rename(&self.path, &exported).map_err(io)?;
        whole::settle(&exported).map_err(io)?;
        self.path = exported;
        Ok(())
    }

    /// The file at `path`, under its lock.
    fn open_there(path: &Path, lock: File) -> Result<Self, SignStateError> {
        // What it says was signed may leave again, so it must not be lost any more: a process may have ended before its folder was synced.
        whole::settle(path).map_err(|e| failed(path, "synced", e))?;
        Ok(Self {
            path: path.to_owned(),
            content: read(path)?,
            _lock: lock,
        })
    }

    /// What the file says, whether a node has it open or not.
    ///
    /// # Errors
    /// `Missing`, `Damaged`, `Io`.
    pub fn summary(path: &Path) -> Result<Summary, SignStateError> {
        Ok(read(path)?.summary())
    }

    /// What it says.
    #[must_use]
    pub fn says(&self) -> Summary {
        self.content.summary()
    }

    /// Records that `digest` is signed for `epoch`. When this returns `Ok`, it is on disk and the share may leave. `accepted` is how many
    /// checkpoints root has accepted, as far as the child has agreed on it since it was started: digests from there on are not dropped.
    ///
    /// # Errors
    /// `Equivocation` and `BelowFloor` for ever; `Full` until root has accepted more; `Io` leaves the state as it was.
    pub fn record(
        &mut self,
        epoch: u64,
        digest: B256,
        accepted: u64,
    ) -> Result<Permit, SignStateError> {
        match self.content.signed.get(&epoch) {
            Some(signed) if *signed == digest => return Ok(Permit::Again),
            Some(signed) => {
                return Err(SignStateError::Equivocation {
                    epoch,
                    signed: *signed,
                    asked: digest,
                });
            }
            None => {}
        }
        let floor = self.content.floor;
        if epoch < floor {
            return Err(SignStateError::BelowFloor { epoch, floor });
        }
        let mut next = self.content.clone();
        let is_newest = self.newest().is_none_or(|newest| newest < epoch);
        next.signed.insert(epoch, digest);
        while next.signed.len() > KEPT
            && let Some(oldest) = next.signed.first_entry()
            && *oldest.key() < accepted
        {
            next.floor = next.floor.max(oldest.remove_entry().0.saturating_add(1));
        }
        if epoch < next.floor {
            let floor = next.floor;
            return Err(SignStateError::BelowFloor { epoch, floor });
        }
        let most = if is_newest { MAX_AHEAD } else { MAX_DIGESTS };
        if next.signed.len() > most {
            return Err(SignStateError::Full {
                epoch,
                count: self.content.signed.len(),
            });
        }
        write(&self.path, &next)?;
        self.content = next;
        Ok(Permit::First)
    }

    /// Refuses every epoch below this one that does not stand in the file, for ever.
    ///
    /// # Errors
    /// `Io` leaves the state as it was.
    pub fn refuse_below(&mut self, epoch: u64) -> Result<(), SignStateError> {
        if epoch <= self.content.floor {
            return Ok(());
        }
        let mut next = self.content.clone();
        next.floor = epoch;
        write(&self.path, &next)?;
        self.content = next;
        Ok(())
    }

    /// The digest signed for an epoch.
    #[must_use]
    pub fn signed(&self, epoch: u64) -> Option<B256> {
        self.content.signed.get(&epoch).copied()
    }

    /// The newest epoch signed.
    #[must_use]
    pub fn newest(&self) -> Option<u64> {
        self.content
            .signed
            .last_key_value()
            .map(|(epoch, _)| *epoch)
    }
}

/// Where the file at `path` stands once it was exported.
fn exported(path: &Path) -> PathBuf {
    beside(path, &format!(".{EXPORTED}"))
}

/// Why there is no file at `path`.
fn missing(path: &Path) -> SignStateError {
    let exported = exported(path);
    match exported.exists() {
        true => SignStateError::Exported(exported),
        false => SignStateError::Missing(path.to_owned()),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Takes the lock beside the file; it is held as long as the value lives and freed by the system when the process ends.
fn lock(path: &Path) -> Result<File, SignStateError> {
    let lock_path = beside(path, ".lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&lock_path)
        .map_err(|e| failed(&lock_path, "locked", e))?;
    // A process that another thread starts has copies of all descriptors until it executes its program: a lock that is free may look held for a moment.
    for is_last in (1..=LOCK_TRIES).map(|attempt| attempt == LOCK_TRIES) {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if is_last => break,
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_LOOK),
            Err(TryLockError::Error(e)) => return Err(failed(&lock_path, "locked", e)),
        }
    }
    Err(SignStateError::Locked(path.to_owned()))
}

fn failed(path: &Path, doing: &'static str, source: io::Error) -> SignStateError {
    SignStateError::Io {
        path: path.to_owned(),
        doing,
        source,
    }
}

/// What a crash leaves of an attempt has not got the file's name, so no share has left on its account.
fn write(path: &Path, content: &Content) -> Result<(), SignStateError> {
    whole::replace(path, &encode(content), whole::PRIVATE).map_err(|e| failed(path, "written", e))
}

fn read(path: &Path) -> Result<Content, SignStateError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Err(missing(path));
        }
        Err(e) => return Err(failed(path, "read", e)),
    };
    let mut bytes = Vec::new();
    file.take(FILE_LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| failed(path, "read", e))?;
    decode(&bytes).map_err(|what| SignStateError::Damaged {
        path: path.to_owned(),
        what,
    })
}

#[cfg(test)]
mod tests;
