//! The folder of a local network, and when it may be deleted.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, ErrorKind},
    path::Path,
};

use plasmid_bridge::client::whole;

use super::{LocalError, found};
use crate::{client::signer::Signer, node::keystore};

/// Only a folder that holds this file is ever deleted.
const MARKER: &str = ".plasmid-network";

/// Makes the folder, or empties it first if `reset`.
pub(super) fn prepare(folder: &Path, reset: bool) -> Result<(), LocalError> {
    let io = |source| LocalError::Io {
        path: folder.to_owned(),
        source,
    };
    let empty = match fs::read_dir(folder) {
        // A start that was killed may have left its half of the marker alone.
        Ok(mut entries) => entries.all(|entry| {
            entry.is_ok_and(|entry| entry.file_name() == format!("{MARKER}.new").as_str())
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => true,
        Err(error) => return Err(io(error)),
    };
    let marker = folder.join(MARKER);
    if !empty && !marker.is_file() {
        return Err(LocalError::NotOurs(folder.to_owned()));
    }
    if reset && !empty {
        let keys = folder.join("keys");
        let own = not_founded(&keys)?;
        if !own.is_empty() {
            return Err(LocalError::HoldsKeys {
                folder: keys,
                names: own.into_iter().collect::<Vec<_>>().join(", "),
            });
        }
        clear(folder, &marker).map_err(io)?;
    }
    fs::create_dir_all(folder).map_err(io)?;
    let said = b"a local network of plasmid; --reset deletes this folder\n";
    whole::replace(&marker, said, whole::READABLE).map_err(io)
}

/// The names of what stands in the folder of keys and is not the founding's: money may hang on it, and nobody else has it.
fn not_founded(keys: &Path) -> Result<BTreeSet<String>, LocalError> {
    let io = |path: &Path, source| LocalError::Io {
        path: path.to_owned(),
        source,
    };
    let entries = match fs::read_dir(keys) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(io(keys, error)),
    };
    let mut names = BTreeSet::new();
    for entry in entries {
        let path = entry.map_err(|source| io(keys, source))?.path();
        if !is_founded(&path)? {
            let name = path.file_name().unwrap_or_default();
            names.insert(name.to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

/// Whether this is the key file of somebody whose key is published, what a crash left of writing one, or what `plasmid tx` keeps beside a
/// key, which is no key.
fn is_founded(path: &Path) -> Result<bool, LocalError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let held = keystore::HELD_ENDING;
    if name.ends_with(&format!(".{held}")) || name.ends_with(&format!(".{held}.new")) {
        return Ok(true);
    }
    let Some((stem, ending)) = name.split_once('.') else {
        return Ok(false);
    };
    let Some((kind, secret)) = found::published(stem) else {
        return Ok(false);
    };
    if ending != "json" {
        return Ok(ending == "json.new");
    }
    let public =
        Signer::public_name(kind, &secret).map_err(|error| LocalError::Key(error.to_string()))?;
    Ok(keystore::describe(path)
        .is_ok_and(|stated| stated.kind == kind && stated.public == Some(public)))
}

/// Deletes all that the folder holds, its marker last: without the marker nothing would be deleted the next time.
fn clear(folder: &Path, marker: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path == marker {
            continue;
        }
        match fs::symlink_metadata(&path)?.is_dir() {
            true => fs::remove_dir_all(&path)?,
            false => fs::remove_file(&path)?,
        }
    }
    fs::remove_file(marker)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::keystore::{Cost, KeyKind, Secret};

    #[test]
    fn a_reset_deletes_the_marker_last_so_that_it_can_be_repeated() {
        let folder = tempfile::tempdir().expect("a folder");
        let network = folder.path().join("network");
        prepare(&network, false).expect("a new folder");
        let marker = network.join(MARKER);
        for number in 0..20 {
            fs::create_dir_all(network.join(format!("{number}/data"))).expect("a folder");
            fs::write(network.join(format!("{number}.log")), "x").expect("a file");
        }
        // A marker that cannot be deleted as a file: all else is gone when that is found.
        fs::remove_file(&marker).expect("removed");
        fs::create_dir(&marker).expect("a folder");
        clear(&network, &marker).expect_err("it is no file");
        let left: Vec<_> = fs::read_dir(&network).expect("a folder").collect();
        assert_eq!(left.len(), 1);
        assert!(marker.exists());
    }

    #[test]
    fn a_folder_that_holds_somebodys_own_keys_is_not_deleted() {
        let folder = tempfile::tempdir().expect("a folder");
        let network = folder.path().join("network");
        let keys = network.join("keys");
        prepare(&network, false).expect("a new folder");
        found::write_people(&network).expect("keys");
        for name in [
            "alice.held",
            "bob.held.new",
            "anna.held",
            "relayer.json.new",
            "watcher.json.new",
        ] {
            fs::write(keys.join(name), "{}").expect("written");
        }
        prepare(&network, true).expect("nothing in it is somebody's own");
        assert!(!keys.exists());

        let own = Secret::new([9; 32]);
        for name in ["anna.json", "alice.old.json", "alice.json", "notes"] {
            found::write_people(&network).expect("keys");
            let path = keys.join(name);
            if name == "alice.json" {
                fs::remove_file(&path).expect("removed");
            }
            let made = keystore::create(&path, KeyKind::Secp256k1, &own, "word", Cost::Light);
            made.expect("a key");
            let refused = prepare(&network, true).expect_err(name).to_string();
            assert!(refused.contains(name), "{refused}");
            assert!(path.exists(), "{name}");
            // With it somewhere else, the folder goes.
            fs::rename(&path, folder.path().join("own")).expect("moved");
            prepare(&network, true).expect(name);
            assert!(!keys.exists());
        }
    }

    #[test]
    fn a_folder_with_a_half_written_marker_alone_is_taken_and_another_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(format!("{MARKER}.new")), "a lo").expect("written");
        prepare(folder.path(), false).expect("nothing of anybody is in it");
        assert!(folder.path().join(MARKER).is_file());
        let other = tempfile::tempdir().expect("a folder");
        fs::write(other.path().join("mine"), "").expect("written");
        prepare(other.path(), false).expect_err("it is somebody's");
    }
}
