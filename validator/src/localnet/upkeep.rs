//! Keeps what a local network leaves beside its stores small: logs, and the write-ahead logs of CometBFT.
//!
//! CometBFT bounds its write-ahead log at a gigabyte, in files of ten megabytes; after a crash it reads what was written since the last
//! height, and goes on without it when it finds nothing. On one machine that is all that has to stay.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// A log is cut when it is longer, and keeps this much of its end.
const MAX_LOG_BYTES: u64 = 4 << 20;
const KEPT_LOG_BYTES: u64 = 1 << 20;
/// Once the newest file of a write-ahead log holds this much, the ones before it are not needed.
const MIN_WAL_BYTES: u64 = 2 << 20;

/// Cuts the end of a long log into `NAME.old` and begins it anew. Whoever writes to it must append.
pub fn cut_log(path: &Path) -> io::Result<()> {
    let mut file = match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let length = file.metadata()?.len();
    if length <= MAX_LOG_BYTES {
        return Ok(());
    }
    file.seek(SeekFrom::Start(length.saturating_sub(KEPT_LOG_BYTES)))?;
    let mut old = path.as_os_str().to_owned();
    old.push(".old");
    let mut end = File::create(PathBuf::from(old))?;
    io::copy(&mut (&mut file).take(KEPT_LOG_BYTES), &mut end)?;
    file.set_len(0)
}

/// Deletes the files of a write-ahead log (`wal.000`, `wal.001`, …) that are older than what its newest one holds.
pub fn cut_wal(folder: &Path) -> io::Result<()> {
    let head = match fs::metadata(folder.join("wal")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if head.len() < MIN_WAL_BYTES {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("wal."));
        if number.is_some_and(|number| number.bytes().all(|digit| digit.is_ascii_digit())) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_long_log_is_cut_while_it_is_written_and_keeps_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.log");
        cut_log(&path).unwrap();
        let mut log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .unwrap();
        log.write_all(&vec![b'a'; MAX_LOG_BYTES as usize]).unwrap();
        cut_log(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), MAX_LOG_BYTES);
        log.write_all(b"the end").unwrap();
        cut_log(&path).unwrap();
        log.write_all(b"anew").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "anew");
        let old = fs::read_to_string(folder.path().join("node.log.old")).unwrap();
        assert_eq!(old.len() as u64, KEPT_LOG_BYTES);
        assert!(old.ends_with("the end"));
    }

    #[test]
    fn old_files_of_a_write_ahead_log_go_once_the_newest_holds_enough() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        cut_wal(&at("none")).unwrap();
        for name in ["wal.000", "wal.001", "wal.lock", "other.000"] {
            fs::write(at(name), "x").unwrap();
        }
        fs::write(at("wal"), vec![0; MIN_WAL_BYTES as usize - 1]).unwrap();
        cut_wal(folder.path()).unwrap();
        assert!(at("wal.000").exists());
        fs::write(at("wal"), vec![0; MIN_WAL_BYTES as usize]).unwrap();
        cut_wal(folder.path()).unwrap();
        for (name, there) in [
            ("wal", true),
            ("wal.000", false),
            ("wal.001", false),
            ("wal.lock", true),
            ("other.000", true),
        ] {
            assert_eq!(at(name).exists(), there, "{name}");
        }
    }
}
