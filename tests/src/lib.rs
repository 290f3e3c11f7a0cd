//! What several tests of the workspace share: networks in one process, networks of real processes, a root chain that runs on this machine,
//! a deployment on it, and the built program.

use std::path::PathBuf;

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
