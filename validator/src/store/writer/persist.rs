//! A disk that fails for a while, or does not answer at all.

use super::{Backend, StoreError, Writer, WriterDesk, WriterState};
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A step that fails for a passing reason is done again so often, each time a millisecond later than the time before and at most
/// this much: for a minute in all.
const MAX_ATTEMPTS: u32 = 650;
const MAX_PAUSE_MS: u32 = 100;
/// A disk that begins no other write or flush for this long, while one is waited for, has stopped.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// How often a wait looks whether the disk still works.
const LOOK: Duration = Duration::from_secs(1);

/// How far the disk was when it last did something.
pub struct DiskProgress {
    begun: u64,
    at: Instant,
}

impl<S: Backend> Writer<S> {
    /// Does `step`, and all of it again while it fails for a reason that passes.
    pub(super) fn persist(
        &self,
        desk: &mut WriterDesk,
        mut step: impl FnMut(&mut WriterDesk) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut done = step(desk);
        for attempt in 1..MAX_ATTEMPTS {
            let Err(error) = &done else {
                if attempt > 1 {
                    tracing::info!(attempt, "the store goes on");
                }
                return done;
            };
            if !error.is_passing() || self.lock().closing {
                return done;
            }
            if attempt == 1 {
                tracing::warn!(%error, "the store waits");
            }
            std::thread::sleep(Duration::from_millis(attempt.min(MAX_PAUSE_MS).into()));
            desk.folding = None;
            desk.cabinet.restart();
            done = step(desk);
        }
        done
    }

    pub fn progress(&self) -> DiskProgress {
        DiskProgress {
            begun: self.archive.disk.begun(),
            at: Instant::now(),
        }
    }

    /// Waits until something changes, for as long as the disk does something; else the store has failed.
    pub fn wait_for_disk<'a>(
        &self,
        shared: MutexGuard<'a, WriterState>,
        last: &mut DiskProgress,
    ) -> MutexGuard<'a, WriterState> {
        let look = LOOK.min(shared.patience);
        let waited = self.changed.wait_timeout(shared, look);
        let (mut shared, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if self.archive.disk.begun() != last.begun {
            *last = self.progress();
        } else if last.at.elapsed() >= shared.patience {
            let secs = shared.patience.as_secs();
            let reason = format!("a write to it has not come to an end in {secs} seconds");
            shared.failed.get_or_insert(self.broken(&reason));
            shared.stuck = true;
            self.changed.notify_all();
        }
        shared
    }
}
