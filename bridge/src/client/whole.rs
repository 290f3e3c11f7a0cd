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
    replace_with(path, mode, all(bytes))
}

/// Replaces a file as [`replace`] does, with what `fill` writes: for content that is too large to be kept in memory.
///
/// # Errors
/// As [`replace`], and what `fill` gives.
pub fn replace_with(
    path: &Path,
    mode: u32,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    write(path, mode, fill, |fresh| fresh.persist(path))
}

/// Makes a file of these bytes and this mode, and never replaces one. Its folder must exist.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when there is a file at `path`, and else what the system says.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    create_with(path, mode, all(bytes))
}

/// Creates a file as [`create`] does, with what `fill` writes: for content that is too large to be kept in memory.
///
/// # Errors
/// As [`create`], and what `fill` gives.
pub fn create_with(
    path: &Path,
    mode: u32,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    write(path, mode, fill, |fresh| fresh.persist_noclobber(path))
}

fn all(bytes: &[u8]) -> impl FnOnce(&mut File) -> io::Result<()> {
    move |file| file.write_all(bytes)
}

fn write(
    path: &Path,
    mode: u32,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
    rename: impl FnOnce(TempPath) -> Result<(), PathPersistError>,
) -> io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    let mut file = begin(&fresh, mode)?;
    // Whatever fails from here on, the new file is removed while it is still locked.
    let fresh = TempPath::try_from_path(fresh)?;
    fill(&mut file)?;
    file.sync_all()?;
    rename(fresh).map_err(|refused| refused.error)?;
    sync(folder.unwrap_or(Path::new(".")))
}

/// Makes a folder and those above it that are missing, and syncs their names.
///
/// # Errors
/// What the system says.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    sync_upwards(folder)
}

/// Makes sure that the file at `path` outlives a loss of power. Its writer may have been killed after the rename and before the sync of the folder:
/// then it is there, is read, and may be gone later. Call this before anything depends on a file that was found.
///
/// # Errors
/// What the system says; when there is no file too.
pub fn settle(path: &Path) -> io::Result<()> {
    sync(path)?;
    path.parent().map_or(Ok(()), sync_upwards)
}

/// Syncs a folder, and those above it as far as they may be opened: any of them may be new.
fn sync_upwards(folder: &Path) -> io::Result<()> {
    // A file that is named without a folder stands in the one that the process is in.
    let folder = match folder == Path::new("") {
        true => Path::new("."),
        false => folder,
    };
    let folder = fs::canonicalize(folder)?;
    sync(&folder)?;
    for above in folder.ancestors().skip(1) {
        if sync(above).is_err() {
            break;
        }
    }
    Ok(())
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    #[cfg(test)]
    tests::SYNCED.with_borrow_mut(|synced| synced.push(path.to_owned()));
    Ok(())
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
