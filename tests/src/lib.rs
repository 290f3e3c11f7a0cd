//! What several tests of the workspace share: networks in one process, networks of real processes, a root chain that runs on this machine,
//! a deployment on it, and the built program.

use std::path::{Path, PathBuf};

pub mod anvil;
pub mod harness;
pub mod running;
pub mod stage;

/// The `plasmid` binary of this build. Cargo builds it beside the tests, because its own package has integration tests.
///
/// # Panics
/// When it is not there: run `cargo test --release --workspace`.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("this test's own path");
    let folder = test
        .parent()
        .and_then(|deps| deps.parent())
        .expect("the build folder");
    let binary = folder.join("plasmid");
    assert!(
        binary.is_file(),
        "{} is not built: run cargo test --release --workspace",
        binary.display()
    );
    binary
}

/// Process ids of everything whose command line names this folder.
///
/// # Panics
/// Where there is no `/proc`.
pub fn processes(folder: &Path) -> Vec<i32> {
    let needle = folder.to_string_lossy().into_owned();
    let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_string_lossy().parse::<i32>().ok());
    pids.filter(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&needle)
    })
    .collect()
}

/// Sends a signal to a process; 0 when it was taken.
pub fn signal(pid: i32, signal: i32) -> i32 {
    #[allow(
        unsafe_code,
        reason = "kill(2) has no safe wrapper here, and touches no memory"
    )]
    // SAFETY: kill takes two integers and changes no memory of this process.
    unsafe {
        libc::kill(pid, signal)
    }
}
