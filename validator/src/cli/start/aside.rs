//! A writer that never waits: lines go to a thread of their own, and those that nobody takes are counted.
//!
//! A pipe whose reader stands takes no more bytes. Whoever logs would wait for it, and consensus logs too.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread,
    time::Duration,
};

use serde_json::json;

/// The most lines that wait.
const MAX_LINES: usize = 4_096;

enum Entry {
    Line(Vec<u8>),
    /// Everything before this was written when it is answered.
    Ask(Sender<()>),
}

/// The near end, which each line is written to.
#[derive(Clone)]
pub struct Aside {
    lines: SyncSender<Entry>,
    lost: Arc<AtomicU64>,
}

impl Aside {
    /// Starts the thread that writes lines of text, or of JSON, to `out`.
    ///
    /// # Errors
    /// When the system has no thread for it.
    pub fn start(out: impl Write + Send + 'static, json: bool) -> io::Result<Self> {
        let (lines, taken) = sync_channel(MAX_LINES);
        let lost = Arc::new(AtomicU64::new(0));
        let missing = Arc::clone(&lost);
        thread::Builder::new()
            .name("log".into())
            .spawn(move || write_all(out, json, &taken, &missing))?;
        Ok(Self { lines, lost })
    }

    /// Waits until all lines so far are written, but no longer than `patience`.
    pub fn finish(&self, patience: Duration) {
        let (done, ended) = channel();
        if self.lines.try_send(Entry::Ask(done)).is_ok() {
            let _ = ended.recv_timeout(patience);
        }
    }
}

impl Write for Aside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.lines.try_send(Entry::Line(bytes.to_vec())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A line that cannot be written is gone, and the next one is tried: a disk may have room again.
fn write_all(mut out: impl Write, json: bool, taken: &Receiver<Entry>, missing: &AtomicU64) {
    while let Ok(entry) = taken.recv() {
        match entry {
            Entry::Line(line) => {
                let _ = out.write_all(&line);
            }
            Entry::Ask(done) => {
                let _ = out.flush();
                let _ = done.send(());
            }
        }
        let lost = missing.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let said =
                format!("{lost} lines of the log are missing here: nobody took them in time");
            let _ = match json {
                true => writeln!(out, "{}", json!({ "level": "WARN", "message": said })),
                false => writeln!(out, "{said}"),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use super::*;

    /// A pipe that nobody reads until it is told.
    struct Stuck {
        go: mpsc::Receiver<()>,
        goes: bool,
        said: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.goes = self.goes || self.go.recv().is_ok();
            self.said.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn whoever_logs_never_waits_and_what_is_missing_is_counted() {
        for json in [false, true] {
            fill(json);
        }
    }

    /// The number of lines that a line says are missing.
    fn missing_in(line: &str, json: bool) -> Option<usize> {
        let said = match json {
            false => line.to_owned(),
            true => {
                let line: serde_json::Value = serde_json::from_str(line).ok()?;
                assert_eq!(line["level"], "WARN");
                line["message"].as_str()?.to_owned()
            }
        };
        let number =
            said.strip_suffix(" lines of the log are missing here: nobody took them in time")?;
        Some(number.parse().unwrap())
    }

    fn fill(json: bool) {
        let (release, go) = mpsc::channel();
        let said = Arc::new(Mutex::new(Vec::new()));
        let mut aside = Aside::start(
            Stuck {
                go,
                goes: false,
                said: Arc::clone(&said),
            },
            json,
        )
        .unwrap();
        let count = 2 * MAX_LINES;
        for number in 0..count {
            aside
                .write_all(format!("line {number}\n").as_bytes())
                .unwrap();
        }
        release.send(()).unwrap();
        // What waits is written before room for the question is there.
        while aside
            .lines
            .try_send(Entry::Line(b"end\n".to_vec()))
            .is_err()
        {
            thread::yield_now();
        }
        let (done, ended) = channel();
        aside.lines.send(Entry::Ask(done)).unwrap();
        ended.recv().unwrap();
        let said = String::from_utf8(said.lock().unwrap().clone()).unwrap();
        let written = said
            .lines()
            .filter(|line| line.starts_with("line "))
            .count();
        let missing: usize = said.lines().filter_map(|line| missing_in(line, json)).sum();
        assert_eq!(written + missing, count);
        assert!(missing >= count - MAX_LINES - 1, "{missing}");
        assert!(said.starts_with("line 0\n"), "in order");
    }
}
