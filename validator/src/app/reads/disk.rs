//! Undo of past epochs that only the store has, read for those who ask for proofs.
//!
//! The disk is also the one that blocks become durable on, so that few reads use it at the same time. Clients wait for their turn in
//! front of as many threads as they have places, without any lock (`rpc`), and one site has half of them at most. Lists at past heights,
//! which read thousands of leaves, have places and threads of their own, and so have the sets that sign checkpoints, and what a checkpoint commits to: who leaves with a proof never waits behind them. The engine does not
//! say for whom it asks, so what comes through it has places of its own, and is told to ask again when they are taken: neither
//! keeps the other out. The node's own reads, which are few, are always let in. One proof costs at most [`MAX_SEARCHES`] searches in the store, however many epochs lie between.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use alloy_primitives::B256;

use super::ReadError;
use crate::chain::tree::Old;
use crate::store::Store;

/// Clients' reads that may use the disk at the same time.
pub const MAX_DISK_READS: usize = 4;
/// How many of these one site may have.
pub const MAX_DISK_READS_OF_SITE: usize = 2;
/// Reads of lists at past heights that may use the disk at the same time.
pub const MAX_LIST_READS: usize = 2;
/// How many of these one site may have.
pub const MAX_LIST_READS_OF_SITE: usize = 1;
/// Reads of checkpoints, and of this node's state beside them, that may use the disk at the same time, because they need the set that signed.
pub const MAX_SET_READS: usize = 4;
/// How many of these one site may have.
pub const MAX_SET_READS_OF_SITE: usize = 2;
/// Reads of blocks in a row and of segments, which whoever judges a checkpoint asks for, that may use the disk at the same time: of all sites, and of one.
pub const MAX_COURT_READS: (usize, usize) = (2, 1);
/// Parts of a state for nodes that join that may be read from the disk at the same time: they are read one after another.
const MAX_SNAPSHOT_READS: usize = 1;
/// The engine's queries that may use the disk at the same time.
const MAX_ENGINE_DISK_READS: usize = 2;

/// The way by which a read came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// A client's own connection.
    Client,
    /// A client's own connection, for a list at a past height.
    List,
    /// A client's own connection, for the set that signs a checkpoint: what relayers, members and the curious ask, without a fee.
    Set,
    /// A client's own connection, for what a checkpoint commits to.
    Court,
    /// The engine's, for whoever asks there.
    Engine,
    /// The engine's, for a node that joins.
    Snapshot,
    /// This node's own, for the shares that it owes: it goes on whatever others ask.
    Own,
}

/// Searches of one proof: for every level one for the kept node above the sibling, and up to eight for what is below it; one
/// more for the leaf. Every fourth level is kept.
#[cfg(test)]
pub const MAX_SEARCHES: usize = 1 + 8 * (4 + 1 + 2 + 4 + 8);

#[cfg(test)]
thread_local! {
    /// Searches that this thread made.
    pub static SEARCHES: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// The store's layers of undo.
pub struct Disk {
    store: Arc<dyn Store>,
    clients: AtomicUsize,
    lists: AtomicUsize,
    sets: AtomicUsize,
    court: AtomicUsize,
    engine: AtomicUsize,
    snapshots: AtomicUsize,
    own: AtomicUsize,
}

impl Disk {
    /// The layers of this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            clients: AtomicUsize::new(0),
            lists: AtomicUsize::new(0),
            sets: AtomicUsize::new(0),
            court: AtomicUsize::new(0),
            engine: AtomicUsize::new(0),
            snapshots: AtomicUsize::new(0),
            own: AtomicUsize::new(0),
        }
    }

    /// Takes one of the places for reads by this door that use the disk, until the answer is dropped.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when all are taken.
    pub fn enter(&self, door: Door) -> Result<DiskRead<'_>, ReadError> {
        let (taken, most) = match door {
            Door::Client => (&self.clients, MAX_DISK_READS),
            Door::List => (&self.lists, MAX_LIST_READS),
            Door::Set => (&self.sets, MAX_SET_READS),
            Door::Court => (&self.court, MAX_COURT_READS.0),
            Door::Engine => (&self.engine, MAX_ENGINE_DISK_READS),
            Door::Snapshot => (&self.snapshots, MAX_SNAPSHOT_READS),
            Door::Own => (&self.own, usize::MAX),
        };
        let enter = |taken: usize| (taken < most).then_some(taken.saturating_add(1));
        match taken.fetch_update(Ordering::SeqCst, Ordering::SeqCst, enter) {
            Ok(_) => Ok(DiskRead {
                store: self.store.as_ref(),
                taken,
            }),
            Err(_) => Err(ReadError::Unavailable(
                "the state of this epoch is on disk, and this node reads it for as many others as it can: ask again in a second".into(),
            )),
        }
    }
}

/// A read that uses the disk.
pub struct DiskRead<'a> {
    store: &'a dyn Store,
    taken: &'a AtomicUsize,
}

impl DiskRead<'_> {
    /// What a leaf was at the mark of the first of these epochs, if the layer of one of them has it.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] for a failure of the store that may pass, else [`ReadError::Internal`].
    pub fn leaf(&self, index: u32, epochs: Range<u64>) -> Result<Option<Old>, ReadError> {
        #[cfg(test)]
        SEARCHES.set(SEARCHES.get() + 1);
        Ok(self.store.old_leaf(index, epochs)?)
    }

    /// What the hash of a node of a kept level was at the mark of the first of these epochs, if the layer of one of them has it.
    ///
    /// # Errors
    /// As [`DiskRead::leaf`].
    pub fn node(
        &self,
        level: usize,
        place: u32,
        epochs: Range<u64>,
    ) -> Result<Option<B256>, ReadError> {
        #[cfg(test)]
        SEARCHES.set(SEARCHES.get() + 1);
        let level = u8::try_from(level).unwrap_or(u8::MAX);
        Ok(self.store.old_node(level, place, epochs)?)
    }
}

impl Drop for DiskRead<'_> {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Books, Identity, Memory, Pace, StoreError};

    #[test]
    fn a_few_reads_by_each_door_use_the_disk_at_once_and_a_place_is_given_back() {
        let identity = Identity {
            deployment: [1; 20],
            genesis_root: B256::ZERO,
        };
        let (books, _) = Books::open(Memory::new(), identity, Pace::Commit).unwrap();
        let disk = Disk::new(Arc::new(books));
        for (door, others, places) in [
            (
                Door::Client,
                [Door::Engine, Door::List, Door::Set, Door::Court],
                MAX_DISK_READS,
            ),
            (
                Door::List,
                [Door::Engine, Door::Client, Door::Set, Door::Court],
                MAX_LIST_READS,
            ),
            (
                Door::Set,
                [Door::Engine, Door::Client, Door::List, Door::Court],
                MAX_SET_READS,
            ),
            (
                Door::Court,
                [Door::Engine, Door::Client, Door::List, Door::Set],
                MAX_COURT_READS.0,
            ),
            (
                Door::Engine,
                [Door::Client, Door::List, Door::Set, Door::Court],
                MAX_ENGINE_DISK_READS,
            ),
        ] {
            let enter = |_| disk.enter(door).unwrap();
            let mut reads: Vec<DiskRead<'_>> = (0..places).map(enter).collect();
            assert!(matches!(disk.enter(door), Err(ReadError::Unavailable(_))));
            for other in others {
                drop(disk.enter(other).unwrap());
            }
            drop(disk.enter(Door::Own).unwrap());
            reads.pop();
            drop(disk.enter(door).unwrap());
            assert!(disk.enter(door).is_ok());
        }
    }

    #[test]
    fn a_failure_of_the_store_that_may_pass_is_told_apart_from_damage() {
        let (folder, reason) = ("here".to_owned(), "no descriptor".to_owned());
        let passing = StoreError::Passing {
            folder: folder.clone(),
            reason,
        };
        let damaged = StoreError::Damaged {
            folder,
            what: "a value".to_owned(),
        };
        assert!(matches!(
            ReadError::from(passing),
            ReadError::Unavailable(_)
        ));
        assert!(matches!(ReadError::from(damaged), ReadError::Internal(_)));
    }
}
