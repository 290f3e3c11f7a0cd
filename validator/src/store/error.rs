//! What can go wrong with the store, with the folder it happened in and the way back.

use rustix::io::Errno;
use std::{fmt, io};

/// Why the store refuses or failed. It is a fault of this node in every case, never of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum StoreError {
    /// The bytes on disk are not what was written.
    #[error(
        "the store in {folder} is damaged: {what}; remove that folder and start again, the engine replays the blocks"
    )]
    Damaged { folder: String, what: String },
    /// Written by another version of this program.
    #[error(
        "the store in {folder} has version {found}, this program knows {known}; start the program that wrote it, or remove \
         that folder and start again, the engine replays the blocks"
    )]
    UnknownVersion {
        folder: String,
        found: u32,
        known: u32,
    },
    /// The store of another deployment or genesis.
    #[error(
        "the store in {folder} is of {stored}, this node runs {given}; name another folder, or remove it if that chain is gone"
    )]
    OtherChain {
        folder: String,
        stored: Box<Identity>,
        given: Box<Identity>,
    },
    /// Another process has it open.
    #[error("the store in {folder} is in use by another process; stop that one first")]
    InUse { folder: String },
    /// The disk or the file system failed, or is full: a write that failed is never repeated, so the node ends.
    #[error(
        "the store in {folder} cannot be read or written: {reason}; check the disk and whether it has room, and start again"
    )]
    Disk { folder: String, reason: String },
    /// The system lacks something for now, such as a free file descriptor: the same call may work later.
    #[error(
        "the store in {folder} cannot be read or written for now: {reason}; raise the limit of open files or free memory, and start again if \
         the node has stopped"
    )]
    Passing { folder: String, reason: String },
    /// Heights are committed one after the other, from 0.
    #[error("height {given} was committed, expected was {expected}")]
    Order { expected: u64, given: u64 },
    /// A record whose commitment names another state than its changes lead to.
    #[error("the block commitment of height {height} ends in {commitment}, the tree in {tree}")]
    Root {
        height: u64,
        commitment: String,
        tree: String,
    },
}

impl StoreError {
    /// A failure of the file system in `folder`, which is passing or not. A disk without room fails writes alone, and a write that failed is
    /// not repeated: it does not pass.
    pub(super) fn from_io(folder: &str, error: &io::Error) -> Self {
        let number = error.raw_os_error().or_else(|| number_in(error));
        let known = number.map(io::Error::from_raw_os_error);
        let reason = known.as_ref().unwrap_or(error).to_string();
        let folder = folder.to_owned();
        let passing = [
            Errno::MFILE,
            Errno::NFILE,
            Errno::NOMEM,
            Errno::INTR,
            Errno::AGAIN,
        ];
        let passing_kinds = [
            io::ErrorKind::OutOfMemory,
            io::ErrorKind::Interrupted,
            io::ErrorKind::WouldBlock,
        ];
        let passes = match number {
            Some(number) => passing.contains(&Errno::from_raw_os_error(number)),
            None => passing_kinds.contains(&error.kind()),
        };
        match passes {
            true => Self::Passing { folder, reason },
            false => Self::Disk { folder, reason },
        }
    }

    /// This failure, of a write or a sync, as one that does not pass: nothing that was written can be relied on after it.
    pub(super) fn lasting(self) -> Self {
        match self {
            Self::Passing { folder, reason } => Self::Disk { folder, reason },
            other => other,
        }
    }

    /// Whether the same call may work later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Passing { .. })
    }
}

/// The number of the system's error of which this one is a copy: sled hands out copies that have it in their text alone, as
/// `Os { code: 28, kind: StorageFull, .. }`.
fn number_in(error: &io::Error) -> Option<i32> {
    let text = error.to_string();
    let (_, behind) = text.split_once("Os { code: ")?;
    let (number, _) = behind.split_once(',')?;
    number.parse().ok()
}

/// Which chain a store is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Deployment id.
    pub deployment: [u8; 20],
    /// State root of the genesis.
    pub genesis_root: alloy_primitives::B256,
}

impl fmt::Display for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = hex::encode(self.deployment);
        write!(out, "deployment {id} with genesis {}", self.genesis_root)
    }
}
