//! Both keys' sign states in one file, for a validator that moves to another machine.
//!
//! ```text
//! { "state": { deployment, consensus key with its last vote, checkpoint key with its floor and digests }, "checksum": keccak-256 of the state }
//! ```
//! What takes it over keeps the higher of the two, of each, so nothing that was signed on either machine can be signed otherwise. It cannot know
//! whether the other machine goes on: that one must be stopped before, and stay stopped.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use alloy_primitives::{B256, FixedBytes, keccak256};
use plasmid_bridge::client::whole;
use serde::{Deserialize, Serialize};

use super::{
    Content, MAX_DIGESTS, SignState, SignStateError, SignStateIdentity, exported, lock, read, write,
};
use crate::node::comet::signed::LastVote;

/// No file of ours is larger: the most digests take 90 MB.
const MAX_BYTES: u64 = 128 << 20;

/// CometBFT's number of the last step that it signs in, a precommit.
const MAX_STEP: u8 = 3;

/// Why a file is not written or taken over.
#[derive(Debug, thiserror::Error)]
pub enum CarriedError {
    /// It is not as it was written.
    #[error(
        "the exported sign state {path} is damaged ({what}): nothing was imported. Export it again"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// It is of another validator or another network.
    #[error(
        "the exported sign state is of another {what}: it has {found}, and this folder has {expected}. Nothing was imported"
    )]
    Foreign {
        /// The field that differs.
        what: &'static str,
        /// What the file says.
        found: String,
        /// What the folder has.
        expected: String,
    },
    /// One key signed two digests.
    #[error(
        "checkpoint {epoch} was signed with digest {own} here and with {other} in the exported sign state: one key signed two, which is an offence. \
         Nothing was imported; find out which machines ran with this key"
    )]
    Conflict {
        /// The epoch.
        epoch: u64,
        /// The folder's digest.
        own: B256,
        /// The file's.
        other: B256,
    },
    /// A number that cannot be yet would keep the key from signing for ever.
    #[error(
        "the exported sign state speaks of epoch {found}, and no more than {max} can have begun: it would keep this validator's keys from signing until then. Nothing was \
         imported. If the date of this machine is behind, correct it; if a wrong number was given to `refuse-below`, the key is lost"
    )]
    TooFar {
        /// In the file.
        found: u64,
        /// By the time since the genesis.
        max: u64,
    },
    /// Reading or writing failed.
    #[error("the exported sign state {path} cannot be {doing}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The folder's own sign state cannot be used.
    #[error(transparent)]
    State(#[from] SignStateError),
}

/// Both keys' sign states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carried {
    deployment_id: FixedBytes<20>,
    consensus_key: B256,
    last_vote: LastVote,
    checkpoint_key: FixedBytes<96>,
    refused_below: u64,
    signed: BTreeMap<u64, B256>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CarriedFile {
    state: Carried,
    checksum: B256,
}

impl Carried {
    /// What this sign state and the engine's say.
    #[must_use]
    pub fn of(state: &SignState, consensus_key: [u8; 32], last_vote: LastVote) -> Self {
        let Content {
            identity,
            floor,
            signed,
        } = &state.content;
        Self {
            deployment_id: identity.deployment.into(),
            consensus_key: consensus_key.into(),
            last_vote,
            checkpoint_key: identity.key.into(),
            refused_below: *floor,
            signed: signed.clone(),
        }
    }

    /// What the consensus key signed last.
    #[must_use]
    pub const fn last_vote(&self) -> LastVote {
        self.last_vote
    }

    /// Writes it to a new file for its owner only.
    ///
    /// # Errors
    /// [`CarriedError::File`], also when there is a file.
    pub fn write_new(self, path: &Path) -> Result<(), CarriedError> {
        let failed = |source: io::Error| CarriedError::File {
            path: path.to_owned(),
            doing: "written",
            source,
        };
        let checksum = self.checksum().map_err(|e| failed(e.into()))?;
        let file = CarriedFile {
            state: self,
            checksum,
        };
        let bytes = serde_json::to_vec_pretty(&file).map_err(|e| failed(e.into()))?;
        whole::create(path, &bytes, whole::PRIVATE).map_err(failed)
    }

    /// Reads such a file.
    ///
    /// # Errors
    /// [`CarriedError::Damaged`], also for one that is too large; [`CarriedError::File`].
    pub fn read(path: &Path) -> Result<Self, CarriedError> {
        let failed = |source| CarriedError::File {
            path: path.to_owned(),
            doing: "read",
            source,
        };
        let damaged = |what: String| CarriedError::Damaged {
            path: path.to_owned(),
            what,
        };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(failed)?;
        file.take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(damaged(format!("it has more than {MAX_BYTES} bytes")));
        }
        let read = serde_json::from_slice(&bytes);
        let CarriedFile { state, checksum } = read.map_err(|e| damaged(e.to_string()))?;
        let found = state.checksum().map_err(|e| damaged(e.to_string()))?;
        if found != checksum {
            return Err(damaged("its checksum is wrong".to_owned()));
        }
        let LastVote {
            height,
            round,
            step,
        } = state.last_vote;
        if i64::try_from(height).is_err() || i32::try_from(round).is_err() || step > MAX_STEP {
            return Err(damaged(
                "its last vote is none that CometBFT can make".to_owned(),
            ));
        }
        if state.signed.len() > MAX_DIGESTS {
            return Err(damaged(format!("it has more than {MAX_DIGESTS} digests")));
        }
        Ok(state)
    }

    fn checksum(&self) -> serde_json::Result<B256> {
        Ok(keccak256(serde_json::to_vec(self)?))
    }

    /// Refuses the file of another network or another validator.
    ///
    /// # Errors
    /// [`CarriedError::Foreign`].
    pub fn check(
        &self,
        identity: SignStateIdentity,
        consensus_key: [u8; 32],
    ) -> Result<(), CarriedError> {
        let pairs = [
            (
                "deployment",
                self.deployment_id.to_string(),
                FixedBytes::from(identity.deployment).to_string(),
            ),
            (
                "checkpoint key",
                self.checkpoint_key.to_string(),
                FixedBytes::from(identity.key).to_string(),
            ),
            (
                "consensus key",
                self.consensus_key.to_string(),
                B256::from(consensus_key).to_string(),
            ),
        ];
        let other = pairs
            .into_iter()
            .find(|(_, found, expected)| found != expected);
        match other {
            Some((what, found, expected)) => Err(CarriedError::Foreign {
                what,
                found,
                expected,
            }),
            None => Ok(()),
        }
    }

    /// Refuses a floor, a signed epoch or the epoch of the last vote that lies above `max`, the number of epochs that can have begun. None of them ever comes down.
    ///
    /// # Errors
    /// [`CarriedError::TooFar`].
    pub fn check_reach(&self, max: u64, epoch_blocks: u32) -> Result<(), CarriedError> {
        let newest = self.signed.last_key_value().map(|(epoch, _)| *epoch);
        let voted = self.last_vote.height.checked_div(epoch_blocks.into());
        match newest.max(voted).max(Some(self.refused_below)) {
            Some(found) if found > max => Err(CarriedError::TooFar { found, max }),
            _ => Ok(()),
        }
    }

    /// Takes the checkpoint key's part over into the sign state at `path`, which is made where there is none. Everything that stands there stays.
    /// `before` is done when nothing contradicts, and before anything is written here: a node whose own sign state is missing does not start, so the
    /// consensus key's part must be in its place by then.
    ///
    /// # Errors
    /// [`CarriedError::Conflict`], what the file there says, and what `before` says; nothing is written here then.
    pub fn take_over<E: From<CarriedError>>(
        &self,
        path: &Path,
        identity: SignStateIdentity,
        before: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(folder) = path.parent() {
            let made = whole::make_folder(folder).map_err(|e| super::failed(path, "written", e));
            made.map_err(CarriedError::from)?;
        }
        let _lock = lock(path).map_err(CarriedError::from)?;
        let next = self.joined(path, identity)?;
        before()?;
        let written = write(path, &next).and_then(|()| {
            let exported = exported(path);
            match fs::remove_file(&exported) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    Err(super::failed(&exported, "removed", e))
                }
                _ => Ok(()),
            }
        });
        Ok(written.map_err(CarriedError::from)?)
    }

    /// What stands at `path` and what is carried, in one.
    fn joined(&self, path: &Path, identity: SignStateIdentity) -> Result<Content, CarriedError> {
        let exported = exported(path);
        let mut next = match (path.exists(), exported.exists()) {
            (true, true) => {
                let mut own = read(path)?;
                let before = read(&exported)?;
                self.check(before.identity, self.consensus_key.0)?;
                own.join(before.floor, &before.signed)?;
                own
            }
            (true, false) => read(path)?,
            // What was signed here before it was exported counts like what is carried.
            (false, true) => read(&exported)?,
            (false, false) => Content {
                identity,
                floor: 0,
                signed: BTreeMap::new(),
            },
        };
        self.check(next.identity, self.consensus_key.0)?;
        next.join(self.refused_below, &self.signed)?;
        if next.signed.len() > MAX_DIGESTS {
            let count = next.signed.len();
            let epoch = next.signed.last_key_value().map_or(0, |(epoch, _)| *epoch);
            return Err(SignStateError::Full { epoch, count }.into());
        }
        Ok(next)
    }
}

impl Content {
    /// Takes over what another one refuses and has signed.
    fn join(&mut self, floor: u64, signed: &BTreeMap<u64, B256>) -> Result<(), CarriedError> {
        self.floor = self.floor.max(floor);
        for (epoch, digest) in signed {
            let own = *self.signed.entry(*epoch).or_insert(*digest);
            if own != *digest {
                return Err(CarriedError::Conflict {
                    epoch: *epoch,
                    own,
                    other: *digest,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
