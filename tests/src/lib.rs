//! What several tests of the workspace share: networks in one process, networks of real processes, a root chain that runs on this machine,
//! a deployment on it, and the built program.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use plasmid::localnet::process::Child;
use serde_json::Value;

pub mod anvil;
pub mod harness;
pub mod pace;
pub mod running;
pub mod stage;
pub mod terminal;
pub mod tester;
pub mod thieves;
pub mod tmkms;
pub mod typed;

/// When a test gives up waiting for the end of an engine whose application has ended.
const ENDS: Duration = Duration::from_secs(150);
/// After how long an engine that has stopped counts as one that does not end.
const HANGS: Duration = Duration::from_secs(30);

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

/// A command of `plasmid` that takes no option from this process's environment.
///
/// # Panics
/// As [`binary`].
#[must_use]
pub fn plasmid() -> Command {
    let mut command = Command::new(binary());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PLASMID_") {
            command.env_remove(name);
        }
    }
    command
}

/// Starts `plasmid localnet --json` in `folder`, and waits for what it says once it is ready. Its log is `localnet.err` there.
///
/// # Panics
/// When it does not become ready.
pub fn start_localnet(command: &mut Command, folder: &Path) -> (process::Child, Value) {
    /// How long a network may take until it is ready.
    const READY: Duration = Duration::from_secs(600);
    let path = folder.join("localnet.err");
    let log = fs::File::create(&path).expect("a log");
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .expect("localnet starts");
    let out = child.stdout.take().expect("standard output");
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let _ = BufReader::new(out).read_line(&mut line);
        let _ = sender.send(line);
    });
    let line = receiver.recv_timeout(READY).unwrap_or_default();
    match serde_json::from_str(&line) {
        Ok(description) => (child, description),
        Err(error) => {
            let _ = child.kill();
            let said = fs::read_to_string(&path).unwrap_or_default();
            panic!("localnet said {line:?} ({error}) and {said}");
        }
    }
}

/// The block time that a test's network is founded with: `usual`, scaled by `PLASMID_TEST_BLOCK_TIME_PERCENT` when that is set, so that
/// the suite can be run with its block time halved (50) or doubled (200). At 16 ms an epoch of 64 blocks still takes a second.
///
/// # Panics
/// When the variable holds no number.
pub fn block_time_ms(usual: u32) -> u32 {
    pace_ms(usual).max(16)
}

/// The block time of engines that no plan founded, whose epochs have no shortest time: `usual`, scaled by the same variable.
///
/// # Panics
/// When the variable holds no number.
pub fn pace_ms(usual: u32) -> u32 {
    match std::env::var("PLASMID_TEST_BLOCK_TIME_PERCENT") {
        Ok(percent) => {
            let percent: u32 = percent.parse().expect("a percentage");
            usual * percent / 100
        }
        Err(_) => usual,
    }
}

/// The block time of networks that a test starts by the command line, as text.
#[must_use]
pub fn fast_block_time() -> String {
    block_time_ms(plasmid::ledger::Parameters::fast().block_time_ms).to_string()
}

/// Process ids of everything whose command line names this folder, or that works in it.
///
/// # Panics
/// Where there is no `/proc`.
pub fn processes(folder: &Path) -> Vec<i32> {
    let needle = folder.to_string_lossy().into_owned();
    let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_string_lossy().parse::<i32>().ok());
    pids.filter(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let place = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&needle) || place == folder
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

/// The soft and the hard limit of open files that a process had until now; sets others when they are given.
///
/// # Panics
/// When the system refuses.
pub fn limit_files(pid: i32, new: Option<(u64, u64)>) -> (u64, u64) {
    let new = new.map(|(soft, hard)| libc::rlimit {
        rlim_cur: soft,
        rlim_max: hard,
    });
    let mut old = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    let new = new.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    #[allow(
        unsafe_code,
        reason = "prlimit(2) of another process has no safe wrapper here"
    )]
    // SAFETY: both pointers are null or point to a value that outlives the call.
    let taken = unsafe { libc::prlimit(pid, libc::RLIMIT_NOFILE, new, &raw mut old) };
    assert_eq!(taken, 0, "the limit of open files of process {pid}");
    (old.rlim_cur, old.rlim_max)
}

/// What CometBFT says when it has lost its application, once for each of its connections that notices; then it ends itself.
const LOST: &str = "connection terminated. Did the application crash?";

/// What CometBFT says when it stops.
const STOPPING: &str = "Stopping Node";

/// How often an engine has said that it lost its application.
///
/// # Panics
/// When it has no log.
pub fn losses(engine: &Child) -> usize {
    let log = std::fs::read_to_string(engine.log()).expect("the engine's log");
    log.matches(LOST).count()
}

/// Waits until an engine, which had said `before` times that it lost its application, has ended for that reason, or has stopped for it and
/// waits for ever: a call to the application that CometBFT 0.38.25 makes while it closes the connection is never answered, and its
/// consensus waits for that answer. Then it is killed.
///
/// # Panics
/// When it goes on alone, and when it ended for another reason.
pub async fn ends_with_its_application(engine: &mut Child, before: usize) {
    let start = Instant::now();
    while engine.exited().expect("a child").is_none() {
        let log = std::fs::read_to_string(engine.log()).expect("the engine's log");
        let lost = log.match_indices(LOST).nth(before);
        let has_stopped = lost.is_some_and(|(at, _)| log[at..].contains(STOPPING));
        assert!(
            has_stopped || start.elapsed() < ENDS,
            "the engine goes on alone; it said {} times that it lost its application, {before} times before",
            losses(engine)
        );
        if has_stopped && start.elapsed() > HANGS {
            println!("the engine has stopped and does not end: it is killed");
            engine.kill().expect("it is killed");
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(
        losses(engine) > before,
        "the engine ended and did not say that it lost its application: see {}",
        engine.log().display()
    );
}
