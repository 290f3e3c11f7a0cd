//! What a watcher keeps: evidence before anything is sent for it, what was sent and is not mined, and how far both chains were read.
//!
//! One file, written whole or not at all, in a folder that one watcher holds by a lock. The stage of a report is not in it: root says that.
//! A watcher without the file only has to read more again; the evidence alone cannot be had again once the nodes have deleted their blocks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use serde::{Deserialize, Serialize};

use super::handed::HandedStatement;
use super::report::CourtEvidence;
use super::unsound::UnsoundCheckpoint;
use crate::client::whole;
use crate::relay::challenges::DataTarget;
use crate::relay::watch::{OffenceId, Subject};

const NAME: &str = "watch.json";
/// Bytes of the file that are read, at most.
const MAX_FILE: u64 = 128 << 20;

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The operating system refused an operation.
    #[error("the watcher's folder {folder}: {source}")]
    Io {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process holds the folder.
    #[error(
        "another watcher runs with the folder {0}: stop it first, or name another folder and another key"
    )]
    Held(PathBuf),
    /// The file in it was not written by a watcher, or is damaged.
    #[error(
        "{0} is damaged, or another program's: it may hold evidence, so nothing is deleted; move it away to begin anew"
    )]
    Damaged(PathBuf),
    /// The file would be longer than what a watcher reads.
    #[error(
        "{0} would have more than {MAX_FILE} bytes, which no watcher reads: what was written before stays as it is"
    )]
    TooLarge(PathBuf),
    /// The folder belongs to another key or deployment.
    #[error(
        "the folder {0} belongs to another key or another deployment: name another one with --folder"
    )]
    Other(PathBuf),
}

/// Evidence that was found and checked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeptCase {
    /// The epoch of the offence.
    pub epoch: u64,
    /// The operator that committed it; the zero address for two certificates, which accuse many operators.
    pub operator: Address,
    /// The kind of the evidence.
    pub kind: String,
    /// The evidence, ABI-encoded.
    pub evidence: Bytes,
    /// The accused, ABI-encoded.
    pub accused: Bytes,
    /// The account that is paid for the report.
    pub beneficiary: Address,
    /// How often a commitment to this evidence was sent.
    pub commits: u32,
    /// For two certificates, the members that signed both, as a certificate's bitmap; otherwise empty.
    #[serde(default)]
    pub both: Bytes,
}

impl KeptCase {
    /// The subject of this case, given its evidence.
    #[must_use]
    pub fn subject(&self, evidence: &CourtEvidence) -> Subject {
        match evidence {
            CourtEvidence::Certificates(_) => Subject::Certificates {
                epoch: self.epoch,
                evidence: evidence.hash(),
            },
            CourtEvidence::Votes(_) | CourtEvidence::Shares(_) => Subject::Offence(OffenceId {
                epoch: self.epoch,
                operator: self.operator,
            }),
        }
    }

    /// Whether this case is about the subject.
    #[must_use]
    pub fn is_of(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Offence(one) => (self.epoch, self.operator) == (one.epoch, one.operator),
            Subject::Certificates { evidence, .. } => keccak256(&self.evidence) == *evidence,
            Subject::Overlap { .. } | Subject::Checkpoint { .. } | Subject::Data { .. } => false,
        }
    }
}

/// A statement that cannot be judged yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptStatement {
    /// The place that it comes from.
    pub place: String,
    /// The statement.
    pub statement: HandedStatement,
}

/// A transaction that was signed, or was about to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSending {
    /// Its nonce.
    pub nonce: u64,
    /// What the transaction is about.
    pub subject: Subject,
    /// The name of the step that it takes.
    pub step: String,
    /// All hashes that were signed for this step, as far as they are known.
    pub hashes: Vec<B256>,
    /// The hashes of other steps that were signed for the same nonce before; of all these transactions exactly one is mined.
    pub earlier: Vec<B256>,
    /// The most that any of these transactions costs, in wei.
    pub most: U256,
    /// For a transaction that is sent by the word of one endpoint alone, the most that it costs, in wei.
    #[serde(default)]
    pub alone: Option<U256>,
}

/// Everything that the file holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// The deployment, in hexadecimal digits.
    pub deployment: String,
    /// The account that pays.
    pub from: Address,
    /// The root block behind which events are read at the next start.
    pub root_block: u64,
    /// The first epoch whose reports are open.
    pub first_epoch: u64,
    /// The last root block whose events were told.
    pub told: u64,
    /// The last height that was read of each node, by its address without what may be a key.
    pub heights: BTreeMap<String, u64>,
    /// The evidence that was found and checked.
    pub cases: Vec<KeptCase>,
    /// Statements that wait for the set of their epoch.
    pub waiting: Vec<KeptStatement>,
    /// Root blocks whose calldata is read again once the set that signs the checkpoint of an epoch is known.
    pub later: BTreeMap<u64, BTreeSet<u64>>,
    /// The last root block whose calldata was read.
    pub calldata: u64,
    /// The hash of that block; zeros where it is not known.
    pub calldata_hash: B256,
    /// Wei that all transactions have cost.
    pub spent: U256,
    /// Wei that transactions by one endpoint's word alone can have cost.
    pub alone: U256,
    /// Checkpoints that break a rule, with what shows it.
    pub unsound: Vec<UnsoundCheckpoint>,
    /// The questions that were asked on root, with what was paid for each.
    pub asked: Vec<KeptQuestion>,
    /// The transaction that was sent and is not mined yet.
    pub sending: Option<KeptSending>,
}

/// A question on root that this watcher pays for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptQuestion {
    /// The data that is asked for.
    pub target: DataTarget,
    /// The most that is or was sent with the question, in wei.
    pub price: U256,
    /// The nonce with which it was sent last.
    #[serde(default)]
    pub nonce: u64,
    /// Whether root says that this watcher asked the question.
    pub is_ours: bool,
}

/// A folder that this process holds.
#[derive(Debug)]
pub struct WatchFolder {
    path: PathBuf,
    _lock: File,
}

impl WatchFolder {
    /// Takes the folder, and reads what an earlier run left there.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn open(
        folder: &Path,
        deployment: &[u8; 20],
        from: Address,
    ) -> Result<(Self, Kept), FolderError> {
        let failed = |source| FolderError::Io {
            folder: folder.to_owned(),
            source,
        };
        whole::make_folder(folder).map_err(failed)?;
        let lock = File::create(folder.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FolderError::Held(folder.to_owned())),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let path = folder.join(NAME);
        let own = hex::encode(deployment);
        let kept = match read(&path) {
            Ok(bytes) => {
                let kept: Kept = serde_json::from_slice(&bytes)
                    .map_err(|_| FolderError::Damaged(path.clone()))?;
                if kept.deployment != own || kept.from != from {
                    return Err(FolderError::Other(folder.to_owned()));
                }
                kept
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Kept {
                deployment: own,
                from,
                ..Kept::default()
            },
            Err(error) => return Err(failed(error)),
        };
        Ok((Self { path, _lock: lock }, kept))
    }

    /// Writes everything down, so that it is found again after the process was killed.
    ///
    /// # Errors
    /// What the system says, or [`FolderError::TooLarge`] where [`Self::open`] could not read it again.
    pub fn save(&self, kept: &Kept) -> Result<(), FolderError> {
        let failed = |source| FolderError::Io {
            folder: self.path.clone(),
            source,
        };
        let bytes = serde_json::to_vec(kept).map_err(|error| failed(error.into()))?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_FILE) {
            return Err(FolderError::TooLarge(self.path.clone()));
        }
        whole::replace(&self.path, &bytes, whole::PRIVATE).map_err(failed)
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read;
    let mut bytes = Vec::new();
    let limit = MAX_FILE.saturating_add(1);
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
