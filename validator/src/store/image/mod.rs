//! The state at the end of an epoch as one file: every leaf, and what a node needs beside them to go on from there.
//!
//! ```text
//! "PLSMSTAT" ‖ format u32 ‖ deployment 20 ‖ genesis root 32 ‖ length u32 ‖ parameters ‖ block commitment 180
//!   ‖ checkpoints u16 × 224 ‖ leaves u32 × leaf ‖ H(all before) 32
//! leaf = kind u8 ‖ width u16 ‖ key 32 ‖ value, in the order of their indices; the first is the sentinel
//! ```
//! The commitment is that of the epoch's last block. The checkpoints are those of the last epochs, the epoch's own the last. Its digest covers the
//! state, the second of the last block and all earlier checkpoints: who knows the digest from root needs to believe nothing of these. What it does not
//! bind are the other fields of the block's commitment (block hash, witness hash, state before, segments root and the fraction of the second): a
//! false one gives another app hash than the next block's header has, and the engine stops. Between two ends of epochs the state would not be
//! bound, because what an unfinished epoch's blocks commit to is certified by nothing yet; a node that believed it could sign a wrong checkpoint.
//!
//! A file is read once, front to back, into a tree whose root must be the one that the commitment states, and only what was read whole is written
//! anywhere. Which leaf comes next is not in the file, so it cannot be wrong there.

#[cfg(test)]
pub(crate) mod fixture;
mod gather;
pub mod part;
mod put;
mod read;
pub mod taking;
mod write;

pub use gather::{Gone, gather, last_checkpoints};
pub use put::put;
pub use read::{read, read_heading, read_leaves};
pub use write::{write, write_heading, write_leaves};

use super::Identity;
use crate::chain::tree::{MAX_VALUE, TreeError};
use crate::ledger::Parameters;
use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::commitment::BlockCommitment;

/// The form of the file.
pub const FORMAT: u32 = 1;
/// Bytes of a leaf before its value.
pub const LEAF_HEAD: usize = 35;
const MAGIC: [u8; 8] = *b"PLSMSTAT";

/// Checkpoints that a node reads when it starts (`app::state`): a file has at least these, or those of all epochs that have ended.
const MIN_CHECKPOINTS: u64 = 4;
/// The most checkpoints of a file.
pub const MAX_CHECKPOINTS: u64 = 4_096;

/// Nanoseconds of a second.
const NANOS: u64 = 1_000_000_000;

/// What a file says in front of its leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// Whose state it is.
    pub identity: Identity,
    /// The deployment's parameters.
    pub parameters: Parameters,
    /// Commitment of the epoch's last block; the state root is `block.after`.
    pub block: BlockCommitment,
    /// The checkpoints of the last epochs, ascending; the epoch's own is the last.
    pub checkpoints: Vec<Checkpoint>,
}

/// Why a file is refused. Nothing was written then.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// It is something else.
    #[error("it is not an exported state: it begins with other bytes")]
    Magic,
    /// Another form.
    #[error(
        "it has format {found}, and this program reads {FORMAT}: use the version of the program that wrote it"
    )]
    Format {
        /// What stands there.
        found: u32,
    },
    /// It ends too early.
    #[error("it ends within {0}: it was cut short")]
    Short(&'static str),
    /// It does not end where it should.
    #[error("there are more bytes behind its end")]
    Trailing,
    /// A byte differs from what was written.
    #[error("its checksum is {found}, and its bytes have {computed}: it was damaged")]
    Checksum {
        /// What stands there.
        found: Hash,
        /// What its bytes give.
        computed: Hash,
    },
    /// A field that cannot be.
    #[error("{what}: {why}")]
    Field {
        /// Which part.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A value wider than any leaf's.
    #[error("leaf {index} has a value of {width} bytes; the widest has {MAX_VALUE}")]
    Wide {
        /// The leaf.
        index: u32,
        /// How wide it is.
        width: usize,
    },
    /// A leaf that the tree refuses.
    #[error("leaf {index}: {source}")]
    Leaf {
        /// The leaf, or the first of those that were added with it.
        index: u32,
        /// Why.
        source: TreeError,
    },
    /// A key that stands twice.
    #[error("the leaves from {first} to {last} repeat a key")]
    Twice {
        /// The first of those that were added at once.
        first: u32,
        /// The last of them.
        last: u32,
    },
    /// The leaves are others than it states.
    #[error("its leaves lead to state root {computed}, and it states {stated}")]
    Root {
        /// What the header says.
        stated: Hash,
        /// What the leaves give.
        computed: Hash,
    },
    /// The file system refused.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

fn field(what: &'static str, why: impl Into<String>) -> ImageError {
    let why = why.into();
    ImageError::Field { what, why }
}

impl Heading {
    /// How many epochs had ended at the height.
    pub fn ended(&self) -> u64 {
        let epoch_blocks = u64::from(self.parameters.epoch_blocks);
        self.block.height.checked_div(epoch_blocks).unwrap_or(0)
    }

    /// The checkpoint of the epoch that the height ends.
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.checkpoints.last()
    }

    /// That the parts fit one another: height, epochs and roots.
    ///
    /// # Errors
    /// [`ImageError::Field`] names the part that does not.
    pub fn check(&self) -> Result<(), ImageError> {
        self.parameters
            .validate()
            .map_err(|error| field("its parameters", error.to_string()))?;
        let (height, epoch_blocks) = (self.block.height, self.parameters.epoch_blocks);
        if height == 0 || !height.is_multiple_of(epoch_blocks.into()) {
            let why = format!("height {height} ends no epoch of {epoch_blocks} blocks");
            return Err(field("its block", why));
        }
        self.check_checkpoints()?;
        self.check_block()
    }

    /// That the block's commitment has what checkpoint and parameters say of it.
    fn check_block(&self) -> Result<(), ImageError> {
        let (rules, own) = (self.block.rules, self.parameters.rules);
        if rules != own {
            let why = format!("it was made by rules {rules}, and the parameters have rules {own}");
            return Err(field("its block", why));
        }
        let seconds = self.block.time / NANOS;
        match self
            .checkpoint()
            .map(|checkpoint| checkpoint.last_block_time)
        {
            Some(last) if last != seconds => Err(field(
                "its block",
                format!("it has time {seconds}, and its checkpoint says {last}"),
            )),
            _ => Ok(()),
        }
    }

    fn check_checkpoints(&self) -> Result<(), ImageError> {
        let refuse = |why: String| Err(field("its checkpoints", why));
        let (count, ended) = (self.checkpoints.len() as u64, self.ended());
        let (least, most) = (ended.min(MIN_CHECKPOINTS), ended.min(MAX_CHECKPOINTS));
        if count < least || count > most {
            return refuse(format!(
                "there are {count}, and where {ended} epochs have ended there are {least} to {most}"
            ));
        }
        let mut previous = None;
        for (epoch, checkpoint) in (ended.saturating_sub(count)..).zip(&self.checkpoints) {
            if checkpoint.epoch != epoch || checkpoint.deployment != self.identity.deployment {
                return refuse(format!(
                    "where that of epoch {epoch} belongs stands one of epoch {}, or of another deployment",
                    checkpoint.epoch
                ));
            }
            if previous.is_some_and(|digest| digest != checkpoint.previous) {
                return refuse(format!(
                    "that of epoch {epoch} does not follow the one before it"
                ));
            }
            previous = Some(checkpoint.digest());
        }
        let stated = self.checkpoint().map(|checkpoint| checkpoint.state_root);
        if stated != Some(self.block.after) {
            return refuse("the last one is over another state".to_owned());
        }
        Ok(())
    }
}
