//! What a node keeps on disk: the chain's state and what stands beside it, behind the port [`Store`].
//!
//! ```text
//! commit(h) ─→ one redo record per height (values of ≤ 110 KB, head last) ─→ flush: h is durable
//!                   └─ behind the tip: folded into pages of 32 leaves, undo by epoch, digests ─→ record removed
//! open      ─→ pages + records ─→ the tree of the durable height, its root checked; all kept marks, and the undo that is not
//!              on disk only (layers.rs)
//! ```
//! - Height h may be committed only once the engine called Commit(h); durable it is when `durable_height` says so, and then no
//!   SIGKILL loses it. The engine replays the rest.
//! - Nothing read is trusted: every value is sealed, the root is computed again. Damage is an error that names folder and
//!   remedy, or an older height with the right root.
//! - Adapters: [`Memory`] and [`Sled`] under the same [`Books`]; all keys stand in `keys.rs`.

mod archive;
mod backend;
pub mod bench;
mod books;
mod error;
mod fold;
pub mod image;
mod keys;
mod layers;
mod load;
mod record;
mod results;
mod seal;
mod sealed;
mod segments;
mod sled;
mod staked;
mod state;
#[cfg(test)]
mod tests;
mod writer;

pub use backend::{Backend, Memory, Row, Visit, Write};
pub use books::{Books, Pace};
pub use error::{Identity, StoreError};
pub use load::Loaded;
pub use record::{Record, Share, TransactionNames};
pub use segments::BlockSegments;
pub use sled::Sled;
pub use state::{Floor, VERSION};
pub use writer::MAX_WAITING;

use crate::chain::opened::OpenedSegment;
use crate::chain::tree::{Layer, Old};
use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::commitment::BlockCommitment;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A transaction in a block, or what the block itself tells behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Included {
    /// The block.
    pub height: u64,
    /// Its place in the block.
    pub index: u32,
    /// The engine's hash; zero for what the block itself tells.
    pub hash: Hash,
    /// The EIP-712 digest; zero for what the block itself tells.
    pub digest: Hash,
    /// Its encoded result in the answer to FinalizeBlock; empty when that answer has none.
    pub result: Vec<u8>,
}

/// The port of the store. Small, synchronous, shared by threads. Every error is a fault of the node.
pub trait Store: Send + Sync {
    /// The last height that no crash loses.
    fn durable_height(&self) -> Option<u64>;

    /// The height of the state that came from a file, where the store began with one: of the heights up to it there are no results, and no
    /// engine has confirmed what the file says of their epochs' checkpoints.
    fn imported(&self) -> Option<u64>;

    /// Why nothing is written any more, once that is so.
    fn failure(&self) -> Option<StoreError>;

    /// Takes the next height, whose Commit the engine has called; 0 is the genesis. May return before it is durable, and waits
    /// while too much is not.
    ///
    /// # Errors
    /// [`StoreError::Order`] and [`StoreError::Root`] for a wrong record; else an earlier failure of the disk.
    fn commit(&self, record: Arc<Record>) -> Result<(), StoreError>;

    /// Waits until all that was taken is durable; gives the durable height.
    ///
    /// # Errors
    /// A failure of the disk.
    fn flush(&self) -> Result<Option<u64>, StoreError>;

    /// Forgets states of epochs and blocks below the floor, but never those since the newest mark.
    ///
    /// # Errors
    /// An earlier failure of the disk.
    fn retain(&self, floor: Floor) -> Result<(), StoreError>;

    /// Keeps a share that came outside of blocks.
    ///
    /// # Errors
    /// An earlier failure of the disk.
    fn keep_share(&self, share: Share) -> Result<(), StoreError>;

    /// Takes a layer of undo that the tree is to let go of; one that was taken before is not taken again. It is written behind
    /// the mark that follows it.
    ///
    /// # Errors
    /// An earlier failure of the disk.
    fn keep_layer(&self, layer: Arc<Layer>) -> Result<(), StoreError>;

    /// The last epoch whose layer is durable, with those of all kept epochs before it.
    fn last_layer(&self) -> Option<u64>;

    /// What a leaf was at the mark of the first of these epochs, if the layer of one of them has it. All of them are durable.
    ///
    /// # Errors
    /// [`StoreError`], here and below.
    fn old_leaf(&self, index: u32, epochs: Range<u64>) -> Result<Option<Old>, StoreError>;

    /// What the hash of a node of a kept level was at the mark of the first of these epochs, if the layer of one of them has it.
    ///
    /// # Errors
    /// [`StoreError`].
    fn old_node(
        &self,
        level: u8,
        place: u32,
        epochs: Range<u64>,
    ) -> Result<Option<Hash>, StoreError>;

    /// Commitment of a height, while it is kept.
    ///
    /// # Errors
    /// [`StoreError`], here and below.
    fn block(&self, height: u64) -> Result<Option<BlockCommitment>, StoreError>;

    /// The records of a block's segments, without their bytes, while states of its epoch are kept.
    ///
    /// # Errors
    /// [`StoreError`].
    fn segments(&self, epoch: u64, height: u64) -> Result<Option<Vec<OpenedSegment>>, StoreError>;

    /// The bytes of one of them.
    ///
    /// # Errors
    /// [`StoreError`].
    fn segment_bytes(
        &self,
        epoch: u64,
        height: u64,
        number: u32,
    ) -> Result<Option<Vec<u8>>, StoreError>;

    /// The encoded answer to FinalizeBlock of one of the last heights: of all that are not durable, and at least 16 more.
    ///
    /// # Errors
    /// [`StoreError`].
    fn response(&self, height: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// Contents of the checkpoint of an epoch.
    ///
    /// # Errors
    /// [`StoreError`].
    fn checkpoint(&self, epoch: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// Shares seen over the checkpoint of an epoch, one a member, ascending; the latest one of each.
    ///
    /// # Errors
    /// [`StoreError`].
    fn shares(&self, epoch: u64) -> Result<Vec<Share>, StoreError>;

    /// The transaction with an engine hash or EIP-712 digest, with its result.
    ///
    /// # Errors
    /// [`StoreError`].
    fn transaction(&self, key: &Hash) -> Result<Option<Included>, StoreError>;

    /// At most `most` transactions, messages and events of blocks that concern stake, with their results, ascending from a height and an index in it up
    /// to height `last`. What is read for that is bounded by `most` and by what is not folded, however many heights lie between.
    ///
    /// # Errors
    /// [`StoreError`].
    fn staked(&self, from: (u64, u32), last: u64, most: usize)
    -> Result<Vec<Included>, StoreError>;
}

/// Opens the store of a chain in sled's files in `folder`, new or as it was left. A thread writes behind the tip.
///
/// # Errors
/// [`StoreError`]: damage, another version or chain, in use, a failing disk.
pub fn open(
    folder: &Path,
    identity: Identity,
) -> Result<(Books<Sled>, Option<Loaded>), StoreError> {
    Books::open(Sled::open(folder)?, identity, Pace::Thread)
}

/// How often a store is opened again that this process has just closed.
const MAX_REOPENED: u32 = 500;
/// How long between two times.
const CLOSING: Duration = Duration::from_millis(20);

/// Opens a store that this process has just closed: sled lets go of its files only when the last of its threads has ended, some time later.
///
/// # Errors
/// As [`open`].
pub fn reopen(
    folder: &Path,
    identity: Identity,
) -> Result<(Books<Sled>, Option<Loaded>), StoreError> {
    for _ in 0..MAX_REOPENED {
        match open(folder, identity) {
            Err(StoreError::InUse { .. }) => std::thread::sleep(CLOSING),
            opened => return opened,
        }
    }
    open(folder, identity)
}
