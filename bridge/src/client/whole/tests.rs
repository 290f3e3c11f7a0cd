//! Writers that crash, fail, or come two at a time.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};

use super::*;

/// The file that a process of [`under_a_limit`] replaces.
const TARGET: &str = "PLASMID_TEST_WHOLE_FILE";
/// More than the limit of [`under_a_limit`].
const LARGE: usize = 1 << 20;
/// The system's number of SIGXFSZ, which ends a process that writes past its limit.
const SIGXFSZ: i32 = 25;

std::thread_local! {
    /// What this test's thread has synced.
    pub(super) static SYNCED: std::cell::RefCell<Vec<PathBuf>> = const { std::cell::RefCell::new(Vec::new()) };
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Runs the test of this name again in a process whose files may have 8 KiB at most; `before` is done by its shell.
fn under_a_limit(test: &str, path: &Path, before: &str) -> ExitStatus {
    let script = format!("ulimit -c 0; ulimit -f 8; {before} exec \"$0\" --exact \"$1\"");
    Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .arg(format!("client::whole::tests::{test}"))
        .env(TARGET, path)
        .stdout(Stdio::null())
        .status()
        .unwrap()
}

#[test]
fn a_file_is_replaced_with_its_mode_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for (content, wanted) in [
        ("old", READABLE),
        ("new and longer", PRIVATE),
        ("", READABLE),
    ] {
        replace(&path, content.as_bytes(), wanted).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
        // The umask of whoever runs this may take bits away.
        assert_eq!(mode(&path) | wanted, wanted);
        assert_eq!(names(folder.path()), ["file"]);
    }
}

#[test]
fn a_file_that_is_there_is_never_replaced_by_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    create(&path, b"first", PRIVATE).unwrap();
    assert_eq!(mode(&path), PRIVATE);
    let again = create(&path, b"second", PRIVATE).unwrap_err();
    assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&path).unwrap(), b"first");
    assert_eq!(names(folder.path()), ["key"]);
}

#[test]
fn a_crash_leaves_the_old_file_whole_and_the_next_attempt_succeeds() {
    if let Some(path) = std::env::var_os(TARGET) {
        // The process ends here.
        replace(Path::new(&path), &[2; LARGE], PRIVATE).unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    replace(&path, b"old", PRIVATE).unwrap();
    let name = "a_crash_leaves_the_old_file_whole_and_the_next_attempt_succeeds";
    let ended = under_a_limit(name, &path, "");
    assert_eq!(ended.signal(), Some(SIGXFSZ), "{ended}");
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["file", "file.new"]);
    replace(&path, b"new", PRIVATE).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(names(folder.path()), ["file"]);
}

#[test]
fn a_write_that_fails_leaves_the_old_file_whole_and_nothing_beside_it() {
    if let Some(path) = std::env::var_os(TARGET) {
        let failed = replace(Path::new(&path), &[2; LARGE], PRIVATE).unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::FileTooLarge);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    replace(&path, b"old", PRIVATE).unwrap();
    let name = "a_write_that_fails_leaves_the_old_file_whole_and_nothing_beside_it";
    let ended = under_a_limit(name, &path, "trap '' XFSZ;");
    assert!(ended.success(), "{ended}");
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["file"]);
}

#[test]
fn what_cannot_be_written_or_renamed_is_an_error_and_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let missing = replace(&folder.path().join("none/file"), b"new", PRIVATE).unwrap_err();
    assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    // A folder in the place of the file refuses the rename.
    let taken = folder.path().join("taken");
    fs::create_dir_all(taken.join("inside")).unwrap();
    assert!(replace(&taken, b"new", PRIVATE).is_err());
    assert!(create(&taken, b"new", PRIVATE).is_err());
    assert_eq!(names(folder.path()), ["taken"]);
    // A folder in the place of the new file is not removed.
    let path = folder.path().join("file");
    replace(&path, b"old", PRIVATE).unwrap();
    fs::create_dir(folder.path().join("file.new")).unwrap();
    assert!(replace(&path, b"new", PRIVATE).is_err());
    assert_eq!(fs::read(&path).unwrap(), b"old");
}

#[test]
fn bytes_never_go_through_a_link_or_into_a_file_that_somebody_else_made() {
    let folder = tempfile::tempdir().unwrap();
    let (path, fresh) = (folder.path().join("key"), folder.path().join("key.new"));
    let other = folder.path().join("other");
    fs::write(&other, "theirs").unwrap();
    fs::set_permissions(&other, fs::Permissions::from_mode(0o666)).unwrap();
    symlink(&other, &fresh).unwrap();
    create(&path, b"secret", PRIVATE).unwrap();
    assert_eq!(fs::read_to_string(&other).unwrap(), "theirs");
    fs::hard_link(&other, &fresh).unwrap();
    replace(&path, b"another", PRIVATE).unwrap();
    assert_eq!(fs::read_to_string(&other).unwrap(), "theirs");
    assert_eq!(fs::read(&path).unwrap(), b"another");
    assert_eq!(mode(&path), PRIVATE);
    // A link to nowhere is in the way, and is told of.
    symlink(folder.path().join("nowhere"), &fresh).unwrap();
    let refused = replace(&path, b"third", PRIVATE).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ResourceBusy);
    assert_eq!(fs::read(&path).unwrap(), b"another");
}

#[test]
fn of_many_writers_at_once_each_leaves_a_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let kept = folder.path().join("kept");
    let content = |writer: u8| vec![writer; 1_000 * usize::from(writer)];
    replace(&path, &content(1), PRIVATE).unwrap();
    let made = std::thread::scope(|scope| {
        let writers: Vec<_> = (1..=8)
            .map(|writer| {
                let (path, kept) = (&path, &kept);
                scope.spawn(move || {
                    for _ in 0..20 {
                        replace(path, &content(writer), PRIVATE).unwrap();
                        let read = fs::read(path).unwrap();
                        assert_eq!(read, content(read[0]));
                    }
                    create(kept, &content(writer), PRIVATE).is_ok()
                })
            })
            .collect();
        let made = writers.into_iter().map(|writer| writer.join().unwrap());
        made.filter(|made| *made).count()
    });
    assert_eq!(made, 1);
    let read = fs::read(&kept).unwrap();
    assert_eq!(read, content(read[0]));
    assert_eq!(names(folder.path()), ["file", "kept"]);
}

#[test]
fn what_was_written_or_found_is_synced_with_its_name_and_the_names_of_its_folders() {
    let synced = || SYNCED.with_borrow_mut(std::mem::take);
    let parent = tempfile::tempdir().unwrap();
    let parent = fs::canonicalize(parent.path()).unwrap();
    let folder = parent.join("a/b");
    make_folder(&folder).unwrap();
    let seen = synced();
    for name in [&folder, &parent.join("a"), &parent] {
        assert!(seen.contains(name), "{name:?}: {seen:?}");
    }
    let path = folder.join("file");
    create(&path, b"x", PRIVATE).unwrap();
    assert!(synced().contains(&folder));
    replace(&path, b"y", PRIVATE).unwrap();
    assert!(synced().contains(&folder));
    // Found after a crash: nobody knows how far its writer came.
    settle(&path).unwrap();
    let seen = synced();
    for name in [&path, &folder, &parent.join("a"), &parent] {
        assert!(seen.contains(name), "{name:?}: {seen:?}");
    }
    assert!(settle(&folder.join("none")).is_err());
}
