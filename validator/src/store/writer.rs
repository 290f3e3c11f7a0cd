//! The writer behind the tip: writes what is queued, flushes once for all of it, folds while nothing waits.

use super::archive::Archive;
use super::backend::Backend;
use super::fold::Folding;
use super::layers::Cabinet;
use super::record::{Record, Share};
use super::state::{Floor, Folded, last_mark};
use super::{Included, StoreError};
use crate::chain::tree::Layer;
use alloy_primitives::B256 as Hash;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

mod persist;

/// Folding begins when this many heights are not folded, or this many bytes of records stand before the last few. Those stay in memory
/// whatever they weigh, because an engine that restarts alone asks for their answers.
const FOLD_HEIGHTS: usize = 64;
const FOLD_BYTES: usize = 48 << 20;
const KEPT_HEIGHTS: usize = 16;
/// Steps of folding that are made even while heights wait; all of them once this much stands.
pub(super) const MIN_STEPS: usize = 4;
const MAX_HEIGHTS: usize = 4 * FOLD_HEIGHTS;
const MAX_BYTES: usize = 2 * FOLD_BYTES;
/// A commit waits while more than this is queued.
const QUEUE_HEIGHTS: usize = 64;
/// The most heights that are committed and not durable: those in the queue and those that are being written.
pub const MAX_WAITING: usize = 2 * QUEUE_HEIGHTS;
const QUEUE_BYTES: usize = 64 << 20;

pub(super) enum WriterTask {
    Commit(Recent),
    Share(Share),
    Retain(Floor),
    Layer(Arc<Layer>),
}

/// A record that is not folded, with its weight in bytes.
#[derive(Clone)]
pub(super) struct Recent {
    pub record: Arc<Record>,
    weight: usize,
    /// Engine hash and digest of its transactions with their places, ascending; made when somebody first looks for one.
    names: Arc<OnceLock<Vec<(Hash, usize)>>>,
    /// The places of those that concern stake; made when somebody first looks for them.
    staked: Arc<OnceLock<Vec<usize>>>,
}

impl Recent {
    pub fn new(record: Arc<Record>) -> Self {
        Self {
            weight: record.weight(),
            record,
            names: Arc::default(),
            staked: Arc::default(),
        }
    }

    /// What of the height concerns stake, from an index on.
    pub fn staked(&self, from: u32) -> impl Iterator<Item = Included> {
        let places = self.staked.get_or_init(|| self.record.staked());
        self.record.included_from(places, from)
    }

    /// The transaction with this engine hash or EIP-712 digest, when the height has it.
    pub fn find(&self, key: &Hash) -> Option<Included> {
        let names = self.names.get_or_init(|| {
            let listed = self.record.transactions.iter().enumerate();
            let names = listed.flat_map(|(place, one)| [(one.hash, place), (one.digest, place)]);
            let mut names: Vec<(Hash, usize)> = names.collect();
            names.sort_unstable();
            names
        });
        let place = names.binary_search_by_key(key, |(name, _)| *name).ok()?;
        let (_, place) = names.get(place)?;
        self.record.included(*place)
    }
}

#[derive(Default)]
pub(super) struct WriterState {
    pub queue: VecDeque<WriterTask>,
    queued_heights: usize,
    queued_bytes: usize,
    /// Tasks ever taken, and those of them that are durable.
    pub taken: u64,
    pub done: u64,
    pub closing: bool,
    /// Shares from outside of blocks that are not durable, by the number of their task.
    late: VecDeque<(u64, Share)>,
    /// Records of all heights that are not folded, durable or not.
    pub recent: VecDeque<Recent>,
    pub tip: Option<u64>,
    pub durable: Option<u64>,
    /// Epochs of the last layer that was taken, and of the last that is durable in the past table.
    pub layer_taken: Option<u64>,
    pub layer_durable: Option<u64>,
    failed: Option<StoreError>,
    /// The disk did not answer: the thread cannot be waited for.
    pub stuck: bool,
    /// How long the disk may take to answer.
    pub patience: Duration,
}

impl WriterState {
    /// With the records of a store just opened, and the epoch of the last layer in its past table.
    pub fn new(
        recent: impl IntoIterator<Item = Arc<Record>>,
        height: Option<u64>,
        layer: Option<u64>,
    ) -> Self {
        Self {
            recent: recent.into_iter().map(Recent::new).collect(),
            tip: height,
            durable: height,
            layer_taken: layer,
            layer_durable: layer,
            patience: persist::PATIENCE,
            ..Self::default()
        }
    }

    /// Shares over an epoch's checkpoint that may not be written yet, in the order that they came.
    pub fn shares(&self, epoch: u64) -> Vec<Share> {
        let behind = |recent: &&Recent| Some(recent.record.height()) > self.durable;
        let seen = self.recent.iter().filter(behind);
        let seen = seen.flat_map(|recent| &recent.record.shares);
        let late = self.late.iter().map(|(_, share)| share);
        let mut shares: Vec<Share> = seen.chain(late).cloned().collect();
        shares.retain(|share| share.epoch == epoch);
        shares
    }

    /// An earlier failure, which ends all writing.
    pub fn check(&self) -> Result<(), StoreError> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    pub fn is_full(&self) -> bool {
        self.queued_heights >= QUEUE_HEIGHTS || self.queued_bytes >= QUEUE_BYTES
    }

    pub fn push(&mut self, task: WriterTask) {
        if let WriterTask::Commit(recent) = &task {
            self.tip = Some(recent.record.height());
            self.queued_heights += 1;
            self.queued_bytes += recent.weight;
            self.recent.push_back(recent.clone());
        }
        self.taken += 1;
        if let WriterTask::Layer(layer) = &task {
            self.layer_taken = Some(layer.mark().epoch);
        }
        if let WriterTask::Share(share) = &task {
            self.late.push_back((self.taken, share.clone()));
        }
        self.queue.push_back(task);
    }

    fn take(&mut self) -> VecDeque<WriterTask> {
        self.queued_heights = 0;
        self.queued_bytes = 0;
        std::mem::take(&mut self.queue)
    }

    /// Whether folding is to stop for now, after some steps.
    fn is_wanted_elsewhere(&self, steps: usize) -> bool {
        let before = self.recent.len().saturating_sub(KEPT_HEIGHTS);
        let piled = before > MAX_HEIGHTS || weight(self.recent.iter().take(before)) > MAX_BYTES;
        self.waits() && steps >= MIN_STEPS && !piled
    }

    /// Whether something waits for the writer.
    pub fn waits(&self) -> bool {
        !self.queue.is_empty() || self.closing
    }
}

/// What only the writer uses.
pub(super) struct WriterDesk {
    pub folded: Folded,
    pub folding: Option<Folding>,
    pub floor: Floor,
    pub last_mark: Option<(u64, u64)>,
    pub cabinet: Cabinet,
}

pub(super) struct Writer<S> {
    pub archive: Archive<S>,
    pub desk: Mutex<WriterDesk>,
    pub shared: Mutex<WriterState>,
    pub changed: Condvar,
}

impl<S: Backend> Writer<S> {
    pub fn lock(&self) -> MutexGuard<'_, WriterState> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn wait<'a>(&self, shared: MutexGuard<'a, WriterState>) -> MutexGuard<'a, WriterState> {
        self.changed
            .wait(shared)
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the thread that works until the store closes or fails.
    pub fn spawn(self: &Arc<Self>) -> Result<JoinHandle<()>, StoreError> {
        let writer = Arc::clone(self);
        let work = move || {
            if catch_unwind(AssertUnwindSafe(|| writer.run())).is_err() {
                writer.fail(writer.broken("its thread panicked"));
            }
        };
        std::thread::Builder::new()
            .name("store".into())
            .spawn(work)
            .map_err(|error| self.broken(&format!("no thread: {error}")))
    }

    fn broken(&self, reason: &str) -> StoreError {
        StoreError::Disk {
            folder: self.archive.disk.folder(),
            reason: reason.into(),
        }
    }

    fn fail(&self, error: StoreError) {
        self.lock().failed.get_or_insert(error);
        self.changed.notify_all();
    }

    fn run(&self) {
        loop {
            let mut shared = self.lock();
            while shared.queue.is_empty() && !shared.closing {
                shared = self.wait(shared);
            }
            if shared.queue.is_empty() {
                return;
            }
            drop(shared);
            if self.work().is_err() {
                return;
            }
        }
    }

    /// Writes all that is queued, flushes once, folds if enough stands.
    pub fn work(&self) -> Result<(), StoreError> {
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        let mut shared = self.lock();
        shared.check()?;
        let tasks = shared.take();
        drop(shared);
        self.changed.notify_all();
        let done = self.persist(&mut desk, |desk| self.write(desk, &tasks));
        let done = done.and_then(|()| {
            self.persist(&mut desk, |desk| {
                self.fold(desk).and_then(|()| self.file(desk))
            })
        });
        if let Err(error) = &done {
            self.fail(error.clone());
        }
        done
    }

    fn write(&self, desk: &mut WriterDesk, tasks: &VecDeque<WriterTask>) -> Result<(), StoreError> {
        let mut last = None;
        for task in tasks {
            match task {
                WriterTask::Commit(Recent { record, .. }) => {
                    self.archive.write(record)?;
                    desk.last_mark = last_mark(record).or(desk.last_mark);
                    last = Some(record.height());
                }
                WriterTask::Share(share) => {
                    self.archive.write_shares(std::slice::from_ref(share))?
                }
                WriterTask::Retain(floor) => desk.retain(&self.archive, *floor)?,
                WriterTask::Layer(layer) => desk.cabinet.take(layer),
            }
        }
        self.archive.disk.flush()?;
        let mut shared = self.lock();
        shared.durable = last.or(shared.durable);
        shared.done += tasks.len() as u64;
        let done = shared.done;
        shared.late.retain(|(number, _)| *number > done);
        drop(shared);
        self.changed.notify_all();
        Ok(())
    }

    /// Folds while nothing else waits, and a little even then, so that records never pile up.
    fn fold(&self, desk: &mut WriterDesk) -> Result<(), StoreError> {
        for steps in 1.. {
            if desk.folding.is_none() {
                let Some(records) = self.to_fold() else {
                    return Ok(());
                };
                let begun = self
                    .archive
                    .begin_fold(&mut desk.folded, records, desk.floor)?;
                desk.folding = Some(begun);
            }
            if let Some(folding) = &mut desk.folding
                && self.archive.step_fold(folding, &mut desk.folded)?
            {
                desk.folding = None;
                desk.cabinet.folded = desk.folded.mark.map(|(epoch, _)| epoch);
                let folded = desk.folded.height;
                let recent = &mut self.lock().recent;
                recent.retain(|recent| Some(recent.record.height()) > folded);
            }
            if self.lock().is_wanted_elsewhere(steps) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn to_fold(&self) -> Option<Vec<Arc<Record>>> {
        let shared = self.lock();
        let durable: Vec<&Recent> = shared
            .recent
            .iter()
            .take_while(|recent| Some(recent.record.height()) <= shared.durable)
            .collect();
        let fold = durable.get(..foldable(&durable))?;
        let records = fold.iter().map(|recent| Arc::clone(&recent.record));
        (!fold.is_empty()).then(|| records.collect())
    }
}

fn weight<'a>(records: impl Iterator<Item = &'a Recent>) -> usize {
    records.map(|recent| recent.weight).sum()
}

/// How many of these records, from the first on, are to be folded now.
fn foldable(records: &[&Recent]) -> usize {
    let before = records.len().saturating_sub(KEPT_HEIGHTS);
    let bytes = weight(records.iter().take(before).copied());
    match records.len() >= FOLD_HEIGHTS || bytes >= FOLD_BYTES {
        true => before,
        false => 0,
    }
}

impl WriterDesk {
    /// Raises the floor, never past the newest mark: it and the blocks after it are needed to go on.
    fn retain<S: Backend>(&mut self, archive: &Archive<S>, floor: Floor) -> Result<(), StoreError> {
        let Some((epoch, height)) = self.last_mark else {
            return Ok(());
        };
        let floor = Floor {
            epoch: floor.epoch.min(epoch).max(self.floor.epoch),
            block: floor
                .block
                .min(height.saturating_add(1))
                .max(self.floor.block),
        };
        if floor != self.floor {
            archive.retain(floor)?;
            self.floor = floor;
            self.cabinet.raise(floor.epoch);
        }
        Ok(())
    }
}
