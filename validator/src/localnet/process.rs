//! Child processes that never outlive us: each in a process group of its own, logging to a file.
//!
//! ```text
//! spawn -> running -> ready (a probe answers) -> stop: SIGTERM, wait, SIGKILL -> reaped
//!             |                                  kill, drop, our own death: SIGKILL
//!             +-> exited by itself: the error carries the end of its log
//! ```
//!
//! A group of its own keeps the terminal's Ctrl-C away from children, so that we stop them in order. A process is signalled only while it
//! is not reaped: its number cannot have gone to a stranger.

use std::fs::{File, OpenOptions};
use std::future::Future;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::node::process::spawn_bound;

const POLL: Duration = Duration::from_millis(20);
const TAIL_BYTES: u64 = 2_000;

/// What goes wrong with a child process.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum ProcessError {
    #[error("cannot start {name} ({program}): {source}")]
    Spawn {
        name: String,
        program: String,
        source: io::Error,
    },
    #[error("cannot write the log file {path}: {source}", path = path.display())]
    Log { path: PathBuf, source: io::Error },
    #[error("{name} ended by itself ({status}); its log {log} ends with:\n{tail}", log = log.display())]
    Exited {
        name: String,
        status: ExitStatus,
        log: PathBuf,
        tail: String,
    },
    #[error("{name} is not ready after {limit:?} ({last}); its log: {log}", log = log.display())]
    NotReady {
        name: String,
        limit: Duration,
        last: String,
        log: PathBuf,
    },
    #[error("cannot end {name} (process {pid}): {source}")]
    End {
        name: String,
        pid: u32,
        source: io::Error,
    },
}

/// A running child process. Dropped, it is killed.
#[derive(Debug)]
pub struct Child {
    name: String,
    log: PathBuf,
    inner: std::process::Child,
    exited: Option<ExitStatus>,
}

impl Child {
    /// Starts `command` with no input and both outputs appended to `log`, whose folder must exist.
    pub fn spawn(name: &str, command: Command, log: &Path) -> Result<Self, ProcessError> {
        Self::spawn_patient(name, command, log, Duration::ZERO)
    }

    /// As [`Child::spawn`], for a process whose timers may be late by `slack`, so that the kernel wakes it less often; zero is the
    /// kernel's own default, a twentieth of a millisecond.
    pub fn spawn_patient(
        name: &str,
        mut command: Command,
        log: &Path,
        slack: Duration,
    ) -> Result<Self, ProcessError> {
        let no_log = |source| ProcessError::Log {
            path: log.to_owned(),
            source,
        };
        let out = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .map_err(no_log)?;
        let err = out.try_clone().map_err(no_log)?;
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let program = command.get_program().to_string_lossy().into_owned();
        let inner = spawn_bound(command, slack).map_err(|source| ProcessError::Spawn {
            name: name.to_owned(),
            program,
            source,
        })?;
        Ok(Self {
            name: name.to_owned(),
            log: log.to_owned(),
            inner,
            exited: None,
        })
    }

    /// Its name in errors.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id, also its group's.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.inner.id()
    }

    /// Where its output goes.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// How it ended, or `None` while it runs.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>, ProcessError> {
        if self.exited.is_none() {
            self.exited = self
                .inner
                .try_wait()
                .map_err(|source| self.no_end(source))?;
        }
        Ok(self.exited)
    }

    /// Fails with the end of its log if it has ended.
    pub fn check(&mut self) -> Result<(), ProcessError> {
        let Some(status) = self.exited()? else {
            return Ok(());
        };
        Err(ProcessError::Exited {
            name: self.name.clone(),
            status,
            log: self.log.clone(),
            tail: tail(&self.log),
        })
    }

    /// Polls `probe` until it answers, the child ends, or `limit` has passed.
    pub async fn ready<T, E, F>(
        &mut self,
        limit: Duration,
        mut probe: impl FnMut() -> F,
    ) -> Result<T, ProcessError>
    where
        E: std::fmt::Display,
        F: Future<Output = Result<T, E>>,
    {
        let deadline = Instant::now() + limit;
        let mut last = "it did not answer".to_owned();
        loop {
            self.check()?;
            match timeout_at(deadline, probe()).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => last = error.to_string(),
                Err(_) => {}
            }
            if Instant::now() + POLL >= deadline {
                return Err(ProcessError::NotReady {
                    name: self.name.clone(),
                    limit,
                    last,
                    log: self.log.clone(),
                });
            }
            sleep(POLL).await;
        }
    }

    /// Asks it to end (SIGTERM), and kills it after `grace`.
    pub async fn stop(&mut self, grace: Duration) -> Result<ExitStatus, ProcessError> {
        self.signal(libc::SIGTERM)?;
        let deadline = Instant::now() + grace;
        while Instant::now() < deadline {
            if let Some(status) = self.exited()? {
                return Ok(status);
            }
            sleep(POLL).await;
        }
        tracing::warn!(name = self.name, ?grace, "does not end by itself: killed");
        self.kill()
    }

    /// Kills it and its group at once (SIGKILL), and waits for its end.
    pub fn kill(&mut self) -> Result<ExitStatus, ProcessError> {
        self.signal(libc::SIGKILL)?;
        if let Some(status) = self.exited {
            return Ok(status);
        }
        let status = self.inner.wait().map_err(|source| self.no_end(source))?;
        self.exited = Some(status);
        Ok(status)
    }

    /// Signals its group, if it still runs.
    pub fn signal(&mut self, signal: i32) -> Result<(), ProcessError> {
        if self.exited()?.is_some() {
            return Ok(());
        }
        signal_group(self.pid(), signal).map_err(|source| self.no_end(source))
    }

    fn no_end(&self, source: io::Error) -> ProcessError {
        ProcessError::End {
            name: self.name.clone(),
            pid: self.inner.id(),
            source,
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            tracing::error!(%error, "a child process may still run");
        }
    }
}

#[expect(unsafe_code, reason = "std signals one process, never a group")]
fn signal_group(pid: u32, signal: i32) -> io::Result<()> {
    let group = i32::try_from(pid).map_err(io::Error::other)?;
    // SAFETY: kill takes two integers and touches no memory of ours.
    match unsafe { libc::kill(-group, signal) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The end of a log, or nothing if it cannot be read.
fn tail(log: &Path) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut end = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut end)?;
        Ok(end)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests;
