//! Writes a file whole or not at all: whoever reads it, or starts after a crash, finds the old content or the new one.
//!
//! ```text
//! NAME.new, locked ─▶ all bytes ─▶ fsync ─▶ rename to NAME ─▶ fsync of the folder
//! ```
//! The new file has a fixed name, so that the next attempt removes what a crash has left of it, and it is locked, so that two
//! writers take turns. It is made by its writer and never opened when somebody else has made it: it may hold a key.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use tempfile::{PathPersistError, TempPath};

/// Mode of a file that is for its owner only.
pub const PRIVATE: u32 = 0o600;
/// Mode of a file that may be read by everybody, as far as the umask allows.
pub const READABLE: u32 = 0o644;
/// How often a writer lets another one go first.
const MAX_TURNS: u32 = 10_000;

/// Puts a file of these bytes and this mode in the place of the one at `path`, if there is one. Its folder must exist.
///
/// # Errors
/// What the system says. The old file is whole then: it is still there, or has been replaced and only the sync of the
/// folder has failed.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    write(path, bytes, mode, |fresh| fresh.persist(path))
}

/// Makes a file of these bytes and this mode, and never replaces one. Its folder must exist.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when there is a file at `path`, and else what the system says.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    write(path, bytes, mode, |fresh| fresh.persist_noclobber(path))
}

fn write(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    rename: impl FnOnce(TempPath) -> Result<(), PathPersistError>,
) -> io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    let mut file = begin(&fresh, mode)?;
    // Whatever fails from here on, the new file is removed while it is still locked.
    let fresh = TempPath::try_from_path(fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    rename(fresh).map_err(|refused| refused.error)?;
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Makes the new file and locks it.
fn begin(fresh: &Path, mode: u32) -> io::Result<File> {
    for _ in 0..MAX_TURNS {
        let mut options = OpenOptions::new();
        options.write(true);
        match options.clone().create_new(true).mode(mode).open(fresh) {
            Ok(file) => {
                file.lock()?;
                if is_at(&file, fresh)? {
                    return Ok(file);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // Another writer holds its lock until the file has its name; what a crash has left is held by nobody.
                let Some(other) = found(options.open(fresh))? else {
                    continue;
                };
                other.lock()?;
                if is_at(&other, fresh)? {
                    fs::remove_file(fresh)?;
                }
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::ResourceBusy,
        format!("{} is in the way", fresh.display()),
    ))
}

/// Whether the open file is the one that stands at this path.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let own = file.metadata()?;
    let there = found(fs::metadata(path))?;
    Ok(there.is_some_and(|there| (there.dev(), there.ino()) == (own.dev(), own.ino())))
}

/// `None` for what is not there.
fn found<T>(answer: io::Result<T>) -> io::Result<Option<T>> {
    match answer {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        answer => answer.map(Some),
    }
}

#[cfg(test)]
mod tests;
