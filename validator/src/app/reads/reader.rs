//! One read under way: what it is answered from, and whether anybody still waits for the answer.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};

use plasmid_staking::Member;

use super::{DiskRead, Door, ReadError, Source};
use crate::chain::tree::Tree;

/// Shows the state after the newest decided block. Each look holds the state, and no block is applied meanwhile: long reads take
/// many short looks.
pub trait Trees {
    /// Lets `visit` look at the tree once.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when nobody waits for this read any more.
    fn look(&self, visit: &mut dyn FnMut(&Tree)) -> Result<(), ReadError>;

    /// A place among those who read the layers of past epochs that are not in memory.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when there is none, or nobody waits for this read any more.
    fn enter_disk(&self) -> Result<DiskRead<'_>, ReadError>;
}

/// What one read is answered from. It ends at its next look at the state once it is cancelled.
pub struct Reader<'a> {
    source: &'a dyn Source,
    cancelled: &'a AtomicBool,
    door: Door,
}

impl<'a> Reader<'a> {
    /// A client's read from `source` that goes on until `cancelled` is true.
    pub fn new(source: &'a dyn Source, cancelled: &'a AtomicBool) -> Self {
        Self {
            source,
            cancelled,
            door: Door::Client,
        }
    }

    /// This read, which came by `door` and not by a client's own connection.
    #[must_use]
    pub const fn by(self, door: Door) -> Self {
        Self { door, ..self }
    }

    /// Ends it when nobody waits for it any more.
    ///
    /// # Errors
    /// As [`check`].
    pub fn check(&self) -> Result<(), ReadError> {
        check(self.cancelled)
    }

    /// Whether it came through the engine, whose questions are answered one after another.
    pub fn is_of_engine(&self) -> bool {
        self.door == Door::Engine
    }
}

/// Ends a read that nobody waits for.
///
/// # Errors
/// [`ReadError::Unavailable`] once it is cancelled.
pub fn check(cancelled: &AtomicBool) -> Result<(), ReadError> {
    match cancelled.load(Ordering::Relaxed) {
        true => Err(ReadError::Unavailable(
            "this read was stopped, because it took too long or its client is gone".into(),
        )),
        false => Ok(()),
    }
}

impl Deref for Reader<'_> {
    type Target = dyn Source;

    fn deref(&self) -> &Self::Target {
        self.source
    }
}

impl Trees for Reader<'_> {
    fn look(&self, visit: &mut dyn FnMut(&Tree)) -> Result<(), ReadError> {
        self.look_with_height(&mut |tree, _| visit(tree))
    }

    fn enter_disk(&self) -> Result<DiskRead<'_>, ReadError> {
        check(self.cancelled)?;
        self.source.disk().enter(self.door)
    }
}

impl Reader<'_> {
    /// The set that signs the checkpoint of an epoch; `None` when the epoch is not over, or the set is not kept any more.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn signers(&self, epoch: u64) -> Result<Option<Vec<Member>>, ReadError> {
        self.source.signers(self, epoch)
    }

    /// Looks at the newest state as [`Trees::look`] does; `visit` is given its height too.
    ///
    /// # Errors
    /// As [`Trees::look`].
    pub fn look_with_height(&self, visit: &mut dyn FnMut(&Tree, u64)) -> Result<(), ReadError> {
        check(self.cancelled)?;
        self.source.with_tree(visit);
        Ok(())
    }
}

/// Runs `read` on the tree and its height in one look.
///
/// # Errors
/// As [`Trees::look`].
pub fn on_tree_and_height<T>(
    reader: &Reader<'_>,
    read: impl FnOnce(&Tree, u64) -> T,
) -> Result<T, ReadError> {
    let mut read = Some(read);
    let mut answer = None;
    reader.look_with_height(&mut |tree, height| {
        if let Some(read) = read.take() {
            answer = Some(read(tree, height));
        }
    })?;
    answer.ok_or_else(|| ReadError::Internal("the state was not shown".into()))
}

/// Runs `read` on the tree and gives its answer.
///
/// # Errors
/// As [`Trees::look`].
pub fn on_tree<T>(trees: &dyn Trees, read: impl FnOnce(&Tree) -> T) -> Result<T, ReadError> {
    let mut read = Some(read);
    let mut answer = None;
    trees.look(&mut |tree| {
        if let Some(read) = read.take() {
            answer = Some(read(tree));
        }
    })?;
    answer.ok_or_else(|| ReadError::Internal("the state was not shown".into()))
}
