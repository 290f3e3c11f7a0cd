//! A terminal at which a test types what a person would.

use std::{
    ffi::CStr,
    fs::{File, OpenOptions},
    os::{fd::AsRawFd, unix::fs::OpenOptionsExt},
    path::Path,
};

/// The longest name of a terminal.
const MAX_NAME: usize = 64;

/// Opens a pseudo-terminal: where the test types, and what a program has as its standard input. A program reads what was typed only while
/// the first of the two is open.
///
/// # Panics
/// When the system has none.
pub fn open() -> (File, File) {
    let keys = opened(Path::new("/dev/ptmx"));
    let mut name = [0; MAX_NAME];
    #[allow(
        unsafe_code,
        reason = "unlockpt(3) and ptsname_r(3) have no safe wrapper here"
    )]
    // SAFETY: the descriptor stays open, and the pointer and the length are those of the array that outlives the call.
    let failed = unsafe {
        libc::unlockpt(keys.as_raw_fd())
            | libc::ptsname_r(keys.as_raw_fd(), name.as_mut_ptr().cast(), name.len())
    };
    assert_eq!(failed, 0, "the terminal has a name");
    let name = CStr::from_bytes_until_nul(&name).expect("the name ends");
    let terminal = opened(Path::new(name.to_str().expect("text")));
    (keys, terminal)
}

/// Opens a device, which is the terminal of no process by that.
fn opened(path: &Path) -> File {
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NOCTTY)
        .open(path)
        .expect("the device opens")
}
