//! How far the consensus key has signed, as CometBFT's own file says it, and whether CometBFT runs.

use std::fs::{File, TryLockError};

use plasmid_bridge::client::whole;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{CometError, Home, exists, file_error, keys, read};

/// The last vote or proposal that the consensus key signed; later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastVote {
    /// Its height; zero before the first one.
    pub height: u64,
    /// Its round.
    pub round: u32,
    /// 1 for a proposal, 2 for a prevote, 3 for a precommit.
    pub step: u8,
}

/// `priv_validator_state.json`. What else stands in it is the signature, which is of use where the same is asked for again.
#[derive(Deserialize)]
struct StateFile {
    height: String,
    round: u32,
    step: u8,
}

impl Home {
    /// What this home's consensus key signed last; `None` where there is no sign state.
    ///
    /// # Errors
    /// When it cannot be read, or is none of CometBFT's.
    pub fn last_signed(&self) -> Result<Option<LastVote>, CometError> {
        let path = self.sign_state_path();
        if !exists(&path)? {
            return Ok(None);
        }
        let malformed = |cause: String| CometError::Malformed {
            path: path.clone(),
            cause,
        };
        let state: StateFile =
            serde_json::from_str(&read(&path)?).map_err(|error| malformed(error.to_string()))?;
        let height = state.height.parse();
        Ok(Some(LastVote {
            height: height.map_err(|_| malformed("it has no height".to_owned()))?,
            round: state.round,
            step: state.step,
        }))
    }

    /// Has CometBFT sign nothing up to this vote, unless its file says a later one already. The signature does not come along, so this very
    /// vote is not signed again either.
    ///
    /// # Errors
    /// As [`Home::last_signed`], and when the file cannot be written.
    pub fn raise_last_signed(&self, vote: LastVote) -> Result<(), CometError> {
        if self.last_signed()? >= Some(vote) {
            return Ok(());
        }
        let LastVote {
            height,
            round,
            step,
        } = vote;
        let state = json!({ "height": height.to_string(), "round": round, "step": step });
        let path = self.sign_state_path();
        if let Some(folder) = path.parent() {
            whole::make_folder(folder).map_err(file_error(folder))?;
        }
        let text = format!("{state:#}\n");
        whole::replace(&path, text.as_bytes(), whole::PRIVATE).map_err(file_error(&path))
    }

    /// The public consensus key of this home.
    ///
    /// # Errors
    /// When the key file cannot be read, or does not agree with itself.
    pub fn consensus_key(&self) -> Result<[u8; 32], CometError> {
        keys::read_public_consensus_key(&self.consensus_key_path())
    }

    /// Keeps CometBFT from starting in this home while the answer lives: CometBFT locks this file of its database for as long as it runs.
    ///
    /// # Errors
    /// [`CometError::Running`] when it runs.
    pub fn hold(&self) -> Result<Option<File>, CometError> {
        let path = self.folder().join("data/state.db/LOCK");
        if !exists(&path)? {
            return Ok(None);
        }
        let options = File::options().read(true).write(true).open(&path);
        let file = options.map_err(file_error(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Err(CometError::Running {
                folder: self.folder().to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(CometError::File { path, source }),
        }
    }
}
