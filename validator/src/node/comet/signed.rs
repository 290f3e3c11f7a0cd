//! How far the consensus key has signed, as CometBFT's own file says it, and whether CometBFT runs.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use plasmid_bridge::client::whole;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{CometError, Home, exists, file_error, keys, read};

/// CometBFT opens these databases when it starts, and locks this file of each for as long as it runs.
const LOCKS: [&str; 2] = ["data/blockstore.db/LOCK", "data/state.db/LOCK"];
/// What its configuration says of the databases where they lie in its home, and are of the kind that has such locks.
const DATABASES: [(&str, &str); 2] = [("db_backend", "goleveldb"), ("db_dir", "data")];
/// What its configuration says of the consensus key and its sign state where they lie in its home.
const KEY_FILES: [(&str, &str); 2] = [
    ("priv_validator_key_file", "config/priv_validator_key.json"),
    (
        "priv_validator_state_file",
        "data/priv_validator_state.json",
    ),
];

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
        last_in(&self.sign_state_path())
    }

    /// Where the sign state stands once it was exported: CometBFT does not start with a key and no sign state.
    #[must_use]
    pub fn exported_path(&self) -> PathBuf {
        let mut path = self.sign_state_path().into_os_string();
        path.push(".exported");
        path.into()
    }

    /// Has CometBFT sign nothing any more in this home, and tells what it signed last here. Where that was done before, it only tells.
    ///
    /// # Errors
    /// [`CometError::NoSignState`] where there never was one; when a file cannot be read or written.
    pub fn retire(&self) -> Result<LastVote, CometError> {
        let (path, exported) = (self.sign_state_path(), self.exported_path());
        let before = last_in(&exported)?;
        if let Some(last) = self.last_signed()? {
            // What was exported earlier may not get lost under a file that was made since.
            self.raise_last_signed(before.map_or(last, |before| before.max(last)))?;
            fs::rename(&path, &exported).map_err(file_error(&path))?;
        }
        let last = last_in(&exported)?.ok_or(CometError::NoSignState { path })?;
        whole::settle(&exported).map_err(file_error(&exported))?;
        Ok(last)
    }

    /// Makes sure that there is a sign state in this home, and that none was exported.
    ///
    /// # Errors
    /// `Exported`, `NoSignState`, or `Beside` where both stand.
    pub fn require_sign_state(&self) -> Result<(), CometError> {
        let (path, exported) = (self.sign_state_path(), self.exported_path());
        match (path.exists(), exported.exists()) {
            (true, false) => Ok(()),
            (true, true) => Err(CometError::Beside { path, exported }),
            (false, true) => Err(CometError::Exported { path: exported }),
            (false, false) => Err(CometError::NoSignState { path }),
        }
    }

    /// Has CometBFT sign nothing up to this vote, unless its file says a later one already. The signature does not come along, so this very
    /// vote is not signed again either. Where the file was exported, CometBFT signs again from here on, and nothing up to what it signed before.
    ///
    /// # Errors
    /// As [`Home::last_signed`], and when the file cannot be written.
    pub fn raise_last_signed(&self, vote: LastVote) -> Result<(), CometError> {
        let exported = self.exported_path();
        let before = last_in(&exported)?;
        let vote = before.map_or(vote, |before| before.max(vote));
        if self.last_signed()? < Some(vote) {
            self.write_last_signed(vote)?;
        }
        match before {
            Some(_) => fs::remove_file(&exported).map_err(file_error(&exported)),
            None => Ok(()),
        }
    }

    fn write_last_signed(&self, vote: LastVote) -> Result<(), CometError> {
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

    /// Keeps CometBFT from starting in this home while the answer lives, by the locks that it takes itself.
    ///
    /// # Errors
    /// [`CometError::Running`] when it runs; [`CometError::NotHere`] when its configuration says that its key, sign state or databases are not where
    /// this program looks.
    pub fn hold(&self) -> Result<Vec<File>, CometError> {
        self.is_all_here()?;
        let lock = |lock: &str| {
            let path = self.folder().join(lock);
            super::make_folder(&path).map_err(file_error(&path))?;
            let mut options = File::options();
            options.read(true).write(true).create(true).truncate(false);
            let file = options.open(&path).map_err(file_error(&path))?;
            match file.try_lock() {
                Ok(()) => Ok(file),
                Err(TryLockError::WouldBlock) => Err(CometError::Running {
                    folder: self.folder().to_owned(),
                }),
                Err(TryLockError::Error(source)) => Err(CometError::File { path, source }),
            }
        };
        LOCKS.into_iter().map(lock).collect()
    }

    /// Refuses a consensus key or a sign state of it that CometBFT is told to have at another place than this program looks at: it would compare, and
    /// guard, a file that nothing writes to. A remote signer has both, and CometBFT uses neither file then.
    ///
    /// # Errors
    /// [`CometError::Config`].
    pub(super) fn check_key_files(&self) -> Result<(), CometError> {
        match self.moved(&KEY_FILES)? {
            Some(said) if !self.has_remote_signer()? => Err(CometError::Config(format!(
                "{said}, and this node reads there what the consensus key has signed. Stop CometBFT, move the file there, and take that line out"
            ))),
            _ => Ok(()),
        }
    }

    /// What the configuration says otherwise than this; nothing is said of what it leaves out, which is CometBFT's default.
    fn moved(&self, places: &[(&str, &str)]) -> Result<Option<String>, CometError> {
        let table = self.config_table()?;
        let is_other = |(name, expected): &&(&str, &str)| {
            let found = table.get(*name);
            found.is_some_and(|found| found.as_str() != Some(*expected))
        };
        let path = self.config_path();
        Ok(places.iter().find(is_other).map(|(name, expected)| {
            let path = path.display();
            format!("{path} says that {name} is other than \"{expected}\"")
        }))
    }

    fn is_all_here(&self) -> Result<(), CometError> {
        let path = self.config_path();
        let key = self.consensus_key_path();
        let not_here = |why: String| Err(CometError::NotHere { why });
        if exists(&path)? {
            if self.has_remote_signer()? {
                return not_here(format!(
                    "{} names a remote signer (priv_validator_laddr), which keeps the consensus key's sign state itself",
                    path.display()
                ));
            }
            let elsewhere = match self.moved(&DATABASES)? {
                None => self.moved(&KEY_FILES)?,
                moved => moved,
            };
            if let Some(said) = elsewhere {
                return not_here(said);
            }
        }
        match exists(&key)? {
            true => Ok(()),
            false => not_here(format!(
                "there is no consensus key at {}: a remote signer has it, or CometBFT's files are in another folder (--engine-elsewhere)",
                key.display()
            )),
        }
    }
}

/// What this sign state says; `None` where there is none.
fn last_in(path: &Path) -> Result<Option<LastVote>, CometError> {
    if !exists(path)? {
        return Ok(None);
    }
    let malformed = |cause: String| CometError::Malformed {
        path: path.to_owned(),
        cause,
    };
    let state: StateFile =
        serde_json::from_str(&read(path)?).map_err(|error| malformed(error.to_string()))?;
    let height = state.height.parse();
    Ok(Some(LastVote {
        height: height.map_err(|_| malformed("it has no height".to_owned()))?,
        round: state.round,
        step: state.step,
    }))
}
