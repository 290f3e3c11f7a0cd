//! The store at work: heights queue up, are written and flushed behind the tip, and folded when enough of them stand.
//!
//! ```text
//! commit(h) → queue ──(thread: write all, one flush)──→ durable ──(64 heights or 48 MB)──→ folded into pages
//! ```
//! Several heights share one flush when the disk is slower than the chain. Reads see a height from its commit on. A failure
//! that may pass is tried again for a minute; another one is kept, and that the disk does not answer at all for two: every later call
//! returns it, and the durable height stands still.

use super::archive::Archive;
use super::backend::Backend;
use super::keys::{self, Table};
use super::layers::Cabinet;
use super::load::Loaded;
use super::record::{Record, Share};
use super::sealed::Sealed;
use super::state::{Floor, last_mark};
use super::writer::{Recent, Writer, WriterDesk, WriterState, WriterTask};
use super::{Identity, Included, Store, StoreError, segments, staked};
use crate::chain::opened::OpenedSegment;
use crate::chain::tree::{Layer, Old};
use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::commitment::BlockCommitment;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;

/// When committed heights are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// By a thread of the store, behind the tip.
    Thread,
    /// Within each commit.
    Commit,
    /// Only when flushed: a simulation decides how far behind the tip the disk is.
    Flush,
}

/// A store over a backend.
pub struct Books<S: Backend> {
    pub(super) writer: Arc<Writer<S>>,
    pace: Pace,
    imported: Option<u64>,
    thread: Option<JoinHandle<()>>,
}

impl<S: Backend> Books<S> {
    /// Opens the store of a chain, new or as it was left, and gives what it holds.
    ///
    /// # Errors
    /// [`StoreError`]: damage, another version or chain, a failing disk.
    pub fn open(
        backend: S,
        identity: Identity,
        pace: Pace,
    ) -> Result<(Self, Option<Loaded>), StoreError> {
        let archive = Archive {
            disk: Sealed::new(backend),
        };
        let opened = archive.open(identity)?;
        let height = opened.loaded.as_ref().map(Loaded::height);
        let mark = opened.recent.iter().rev().find_map(|r| last_mark(r));
        let loaded = opened.loaded.as_ref();
        let layer = loaded.and_then(|loaded| loaded.tree.last_on_disk());
        let folded_mark = opened.folded.mark.map(|(epoch, _)| epoch);
        let writer = Arc::new(Writer {
            archive,
            desk: Mutex::new(WriterDesk {
                last_mark: mark.or(opened.folded.mark),
                folded: opened.folded,
                folding: None,
                floor: opened.floor,
                cabinet: Cabinet::new(folded_mark, opened.floor.epoch),
            }),
            shared: Mutex::new(WriterState::new(opened.recent, height, layer)),
            changed: Condvar::new(),
        });
        let thread = match pace {
            Pace::Thread => Some(writer.spawn()?),
            Pace::Commit | Pace::Flush => None,
        };
        let books = Self {
            writer,
            pace,
            imported: opened.imported,
            thread,
        };
        Ok((books, opened.loaded))
    }

    fn enqueue(
        &self,
        mut shared: MutexGuard<'_, WriterState>,
        task: WriterTask,
    ) -> Result<(), StoreError> {
        shared.check()?;
        shared.push(task);
        drop(shared);
        self.writer.changed.notify_all();
        match self.pace {
            Pace::Commit => self.writer.work(),
            Pace::Thread | Pace::Flush => Ok(()),
        }
    }

    fn recent<T>(&self, mut find: impl FnMut(&Record) -> Option<T>) -> Option<T> {
        let shared = self.writer.lock();
        let mut recent = shared.recent.iter().rev();
        recent.find_map(|recent| find(&recent.record))
    }
}

impl<S: Backend> Store for Books<S> {
    fn durable_height(&self) -> Option<u64> {
        self.writer.lock().durable
    }

    fn imported(&self) -> Option<u64> {
        self.imported
    }

    fn failure(&self) -> Option<StoreError> {
        self.writer.lock().check().err()
    }

    fn commit(&self, record: Arc<Record>) -> Result<(), StoreError> {
        let given = record.height();
        let root = record.journal.root;
        if root != record.block.after {
            return Err(StoreError::Root {
                height: given,
                commitment: record.block.after.to_string(),
                tree: root.to_string(),
            });
        }
        let recent = Recent::new(record);
        let mut progress = self.writer.progress();
        let mut shared = self.writer.lock();
        while self.pace == Pace::Thread && shared.check().is_ok() && shared.is_full() {
            shared = self.writer.wait_for_disk(shared, &mut progress);
        }
        let expected = shared.tip.map_or(0, |tip| tip.saturating_add(1));
        if given != expected {
            return Err(StoreError::Order { expected, given });
        }
        self.enqueue(shared, WriterTask::Commit(recent))
    }

    fn flush(&self) -> Result<Option<u64>, StoreError> {
        if self.pace != Pace::Thread {
            self.writer.work()?;
        }
        let mut progress = self.writer.progress();
        let mut shared = self.writer.lock();
        let taken = shared.taken;
        while shared.check().is_ok() && shared.done < taken {
            shared = self.writer.wait_for_disk(shared, &mut progress);
        }
        shared.check().map(|()| shared.durable)
    }

    fn retain(&self, floor: Floor) -> Result<(), StoreError> {
        self.enqueue(self.writer.lock(), WriterTask::Retain(floor))
    }

    fn keep_share(&self, share: Share) -> Result<(), StoreError> {
        self.enqueue(self.writer.lock(), WriterTask::Share(share))
    }

    fn keep_layer(&self, layer: Arc<Layer>) -> Result<(), StoreError> {
        let shared = self.writer.lock();
        match shared.layer_taken >= Some(layer.mark().epoch) {
            true => Ok(()),
            false => self.enqueue(shared, WriterTask::Layer(layer)),
        }
    }

    fn last_layer(&self) -> Option<u64> {
        self.writer.lock().layer_durable
    }

    fn old_leaf(&self, index: u32, epochs: Range<u64>) -> Result<Option<Old>, StoreError> {
        self.writer.archive.old_leaf(index, epochs)
    }

    fn old_node(
        &self,
        level: u8,
        place: u32,
        epochs: Range<u64>,
    ) -> Result<Option<Hash>, StoreError> {
        self.writer.archive.old_node(level, place, epochs)
    }

    fn block(&self, height: u64) -> Result<Option<BlockCommitment>, StoreError> {
        let recent = self.recent(|record| (record.height() == height).then_some(record.block));
        match recent {
            Some(block) => Ok(Some(block)),
            None => Ok(self.writer.archive.blocks(height, height)?.pop()),
        }
    }

    fn segments(&self, epoch: u64, height: u64) -> Result<Option<Vec<OpenedSegment>>, StoreError> {
        let recent = self.recent(|record| Some(record.segments_of(height)?.records.clone()));
        match recent {
            Some(records) => Ok(Some(records)),
            None => segments::read(&self.writer.archive.disk, epoch, height),
        }
    }

    fn segment_bytes(
        &self,
        epoch: u64,
        height: u64,
        number: u32,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        match self.recent(|record| record.segments_of(height)?.bytes_of(number)) {
            Some(bytes) => Ok(Some(Arc::unwrap_or_clone(bytes))),
            None => segments::read_bytes(&self.writer.archive.disk, (epoch, height), number),
        }
    }

    fn response(&self, height: u64) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.recent(|record| (record.height() == height).then(|| record.response.clone())))
    }

    fn checkpoint(&self, epoch: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let recent = self.recent(|record| match &record.checkpoint {
            Some((found, contents)) if *found == epoch => Some(contents.clone()),
            _ => None,
        });
        match recent {
            Some(contents) => Ok(Some(contents)),
            None => {
                let key = keys::checkpoint(epoch);
                self.writer.archive.disk.get(Table::Checkpoint, &key)
            }
        }
    }

    fn shares(&self, epoch: u64) -> Result<Vec<Share>, StoreError> {
        // Before the table is read: what is written in between is seen twice, not missed.
        let waiting = self.writer.lock().shares(epoch);
        let mut found = self.writer.archive.shares(epoch)?;
        found.extend(waiting);
        found.reverse();
        found.sort_by_key(|share| share.member);
        found.dedup_by_key(|share| share.member);
        Ok(found)
    }

    fn transaction(&self, key: &Hash) -> Result<Option<Included>, StoreError> {
        // Looked through outside the lock, which every commit takes.
        let recent: Vec<Recent> = self.writer.lock().recent.iter().rev().cloned().collect();
        match recent.iter().find_map(|recent| recent.find(key)) {
            Some(found) => Ok(Some(found)),
            None => self.writer.archive.transaction(key),
        }
    }

    fn staked(
        &self,
        from: (u64, u32),
        last: u64,
        most: usize,
    ) -> Result<Vec<Included>, StoreError> {
        // Before the table is read: what is folded in between is in both.
        let recent: Vec<Recent> = self.writer.lock().recent.iter().cloned().collect();
        let oldest = recent.first().map(|recent| recent.record.height());
        let folded = oldest.map_or(last, |oldest| last.min(oldest.saturating_sub(1)));
        let mut found = staked::read(&self.writer.archive.disk, from, folded, most)?;
        let wanted = from.0..=last;
        for recent in recent {
            let height = recent.record.height();
            if found.len() >= most || !wanted.contains(&height) {
                continue;
            }
            let first = if height == from.0 { from.1 } else { 0 };
            let left = most.saturating_sub(found.len());
            found.extend(recent.staked(first).take(left));
        }
        Ok(found)
    }
}

impl<S: Backend> Drop for Books<S> {
    /// Writes what is queued; a simulation that flushes itself loses it, as in a crash.
    fn drop(&mut self) {
        let mut shared = self.writer.lock();
        shared.closing = true;
        let stuck = shared.stuck;
        drop(shared);
        self.writer.changed.notify_all();
        if let Some(thread) = self.thread.take().filter(|_| !stuck) {
            // Its failure stands in the shared state, which goes with this.
            let _ = thread.join();
        }
    }
}
