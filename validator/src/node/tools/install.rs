//! Running an installer: its toolchain checked first, its progress shown, the end of its output in the error.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{node::process::spawn_bound, plain};

/// Lines of an installer's output that an error shows: some name the cause first (npm), some last (go).
const HEAD_LINES: usize = 10;
const TAIL_LINES: usize = 20;
/// Longest line that is read at once.
const LINE_BYTES: u64 = 4_096;

/// Why a tool could not be installed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum InstallError {
    #[error("`{program}` is not on the PATH ({purpose}): {install}")]
    NoToolchain {
        program: &'static str,
        purpose: &'static str,
        install: &'static str,
    },
    #[error("`{program}` has version {found}, at least {}.{} is needed ({purpose}): {install}", min_version.0, min_version.1)]
    OldToolchain {
        program: &'static str,
        found: String,
        min_version: (u32, u32),
        purpose: &'static str,
        install: &'static str,
    },
    #[error("anvil and forge are pinned for Linux on x86-64 only: run the root chain there")]
    Platform,
    #[error("installing {name} failed ({status}); its output:\n{output}")]
    Failed {
        name: String,
        status: ExitStatus,
        output: String,
    },
    #[error("the installer made no {path}", path = .0.display())]
    Missing(PathBuf),
    #[error("cannot use {path}: {source}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("cannot run {program}: {source}")]
    Run { program: String, source: io::Error },
}

/// A program that must be on the machine before.
pub(crate) struct Toolchain {
    pub program: &'static str,
    /// Arguments that make it print its version.
    pub version: &'static [&'static str],
    /// The lowest major and minor version that will do.
    pub min_version: (u32, u32),
    pub purpose: &'static str,
    pub install: &'static str,
}

/// Checks that `toolchain` is there and new enough.
pub(crate) fn require(toolchain: &Toolchain) -> Result<(), InstallError> {
    let &Toolchain {
        program,
        min_version,
        purpose,
        install,
        ..
    } = toolchain;
    let output = Command::new(program).args(toolchain.version).output();
    let Some(output) = output.ok().filter(|output| output.status.success()) else {
        return Err(InstallError::NoToolchain {
            program,
            purpose,
            install,
        });
    };
    let found = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match version(&found) {
        Some(version) if version < min_version => Err(InstallError::OldToolchain {
            program,
            found,
            min_version,
            purpose,
            install,
        }),
        // One that prints no number is the user's own build: let it try.
        _ => Ok(()),
    }
}

/// The first `major.minor` in a text such as `go version go1.26.8 linux/amd64`.
pub(super) fn version(text: &str) -> Option<(u32, u32)> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let mut parts = text.get(start..)?.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Runs an installer, showing its progress on standard error: a spinner for people, two plain lines elsewhere.
pub fn report(name: &str, command: Command) -> Result<(), InstallError> {
    let started = Instant::now();
    let people = io::stderr().is_terminal() && std::env::var_os("CI").is_none();
    let bar = match people {
        true => spinner(name),
        false => {
            say(&format!("installing {name}"));
            ProgressBar::hidden()
        }
    };
    let (status, output) = run(command, &bar)?;
    bar.finish_and_clear();
    if !status.success() {
        let name = name.to_owned();
        return Err(InstallError::Failed {
            name,
            status,
            output,
        });
    }
    say(&format!(
        "installed {name} in {} s",
        started.elapsed().as_secs()
    ));
    Ok(())
}

/// One line on standard error. Where it cannot be written, the installation goes on without it.
fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

fn spinner(name: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_prefix(name.to_owned());
    if let Ok(style) =
        ProgressStyle::with_template("{spinner} installing {prefix} {elapsed} {wide_msg}")
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Runs a command to its end; gives its status and the first and last lines of its output.
fn run(mut command: Command, bar: &ProgressBar) -> Result<(ExitStatus, String), InstallError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |source| InstallError::Run {
        program: program.clone(),
        source,
    };
    let (reader, writer) = io::pipe().map_err(failed)?;
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone().map_err(failed)?)
        .stderr(writer);
    // Takes the command, and with it our ends of the pipe: the reader sees its end when the installer is gone.
    let mut child = Running(spawn_bound(command, Duration::ZERO).map_err(failed)?);
    let mut reader = BufReader::new(reader);
    let (mut head, mut tail) = (Vec::new(), VecDeque::new());
    loop {
        let mut line = Vec::new();
        let read = reader
            .by_ref()
            .take(LINE_BYTES)
            .read_until(b'\n', &mut line);
        if read.map_err(failed)? == 0 {
            break;
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        bar.set_message(plain::line(&line, 200));
        if head.len() < HEAD_LINES {
            head.push(line);
            continue;
        }
        if tail.len() == TAIL_LINES {
            tail.pop_front();
            head.truncate(HEAD_LINES);
            head.push("…".to_owned());
        }
        tail.push_back(line);
    }
    let status = child.0.wait().map_err(failed)?;
    head.extend(tail);
    Ok((status, head.join("\n")))
}

/// An installer that does not outlive an error here.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail once it has been waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
