//! CometBFT beside us, unmodified: its home (configuration, genesis, keys) and its RPC. An operator's supervisor runs it, and a local network
//! itself (`localnet/comet.rs`).
//!
//! ```text
//! <home>/config/config.toml               ours, rewritten whole          config
//!               genesis.json              the network's                  genesis
//!               priv_validator_key.json   mode 0600, never overwritten   keys
//!               node_key.json             mode 0600, never overwritten
//!        data/priv_validator_state.json   CometBFT's own; made once, beside a new key, and never again
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use plasmid_bridge::client::whole;

use crate::engine::version::{COMETBFT_VERSION, triple};

pub mod batch;
mod beside;
#[expect(
    missing_docs,
    reason = "the names are those of CometBFT's documentation"
)]
pub mod config;
#[expect(
    missing_docs,
    reason = "the names are those of CometBFT's documentation"
)]
pub mod genesis;
pub mod keys;
mod merge;
mod remembered;
pub mod rpc;
pub mod signed;
mod span;
#[expect(
    missing_docs,
    reason = "the names are those of CometBFT's documentation"
)]
pub mod statesync;
#[cfg(test)]
mod tests;
pub mod votes;

pub use config::{Config, EnginePace, EnginePeer, Settings};
pub use genesis::Genesis;
pub use rpc::{Client, RpcError};

/// What a person does whose newest copy of CometBFT's sign state is lost. Where a network stands still, it leaves a round only once more than two thirds have
/// voted in it: a key that refuses more than what it is known to have signed there would keep it standing. A vote that no node knows was lost with its machine.
const COPY_LOST: &str = "stop CometBFT and write {\"height\":\"HEIGHT\",\"round\":0,\"step\":3} into priv_validator_state.json, HEIGHT being ten more than the newest \
block that any node of the network shows: the key then signs nothing up to there. Do that only while more than two thirds of the power sign without this key and all \
others in this state: where they do not, the network stands still, and that block never comes. Then HEIGHT is one more than the newest block, and round and step are those of the newest vote of the \
key at that height that any node shows (`dump_consensus_state` of its RPC; step 2 for a prevote, 3 for a precommit), or both 0 where none shows one. The node \
keeps what was written in data/last_vote.json, and refuses less from then on: whoever has to lower what was written by hand stops both and deletes that file too";

/// What goes wrong with CometBFT's files, its program or its RPC.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum CometError {
    #[error("cannot use {path}: {source}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{path} cannot be read: {cause}", path = path.display())]
    Malformed { path: PathBuf, cause: String },
    #[error("{path} holds another key; it is not overwritten: move it away, or use another folder", path = path.display())]
    OtherKey { path: PathBuf },
    #[error("{path} can be read by others (mode {mode:o}): chmod 600 it, or make a new key", path = path.display())]
    Exposed { path: PathBuf, mode: u32 },
    #[error(
        "{path} is gone while the key beside it was used: without it this validator could sign twice. Bring it back, \
         or wait until nothing signed with the key can still be in a block and make a new home", path = path.display()
    )]
    NoSignState { path: PathBuf },
    #[error(
        "{state} says that the consensus key signed last at height {found}, and this node saw it say height {remembered}, as {record} keeps: it is \
         an older copy of itself, from a backup perhaps, and CometBFT would sign a second time what it has signed. Put the newest copy back. \
         Where that is lost, {COPY_LOST}. What is written may not be less than what {record} holds (height, round and step), unless that itself was written by hand",
        state = state.display(), record = record.display()
    )]
    OlderVotes {
        state: PathBuf,
        found: u64,
        record: PathBuf,
        remembered: u64,
    },
    #[error(
        "a block shows that this node's consensus key voted at height {shown}, and {state} says that it signed last at height {found}: this folder is an older copy \
         of itself, from a backup perhaps, or another machine signs with the key. It would sign a second time what it has signed, so the node ends before it votes. \
         Make sure that no other machine has the key. Then put the newest copy of the folder back. Where that is lost, {COPY_LOST}",
        state = state.display()
    )]
    ShownLater {
        state: PathBuf,
        found: u64,
        shown: u64,
    },
    #[error(
        "{record} says how far a consensus key signed in another deployment, {found}, and this node is of {expected}: the folder was another network's, or a file \
         of it was copied here. Where this folder's own data are that network's, use a new folder. Otherwise move the file away and start again, and only where \
         CometBFT's priv_validator_state.json was not put back from a backup", record = record.display()
    )]
    OtherRecord {
        record: PathBuf,
        found: String,
        expected: String,
    },
    #[error(
        "{record}, in which this node keeps how far the consensus key signed, cannot be read: {cause}. Delete {record} and start again: it is written anew. \
         But where somebody may have put an older copy of {state} there, from a backup perhaps, first put the newest copy back; where that is lost, {COPY_LOST}",
        record = record.display(), state = state.display()
    )]
    BadRecord {
        record: PathBuf,
        state: PathBuf,
        cause: String,
    },
    #[error(
        "this validator's sign states were exported to another machine ({path}), so it signs nothing here. To go on here, stop it there, export there, and \
         take that file over with `plasmid sign-state import`", path = path.display()
    )]
    Exported { path: PathBuf },
    #[error(
        "a sign state stands at {path} beside {exported}, which was exported to another machine: somebody put it there, or an import was cut short. This validator \
         signs nothing here until `plasmid sign-state import` has joined both with what the other machine exports", path = path.display(), exported = exported.display()
    )]
    Beside { path: PathBuf, exported: PathBuf },
    #[error(
        "the consensus key's sign state cannot be exported or imported here: {why}. Move it by the means of whatever has the key; the checkpoint key's \
         sign state alone moves by a copy of data/sign_state while neither node runs, and the old one must be deleted"
    )]
    NotHere { why: String },
    #[error(
        "CometBFT runs in {folder}: stop it first, because what it signs meanwhile would be missing", folder = folder.display()
    )]
    Running { folder: PathBuf },
    #[error("the genesis is refused: {0}")]
    Genesis(String),
    #[error("the configuration is refused: {0}")]
    Config(String),
    #[error("{program} does not say its version: {said}", program = program.display())]
    NoVersion { program: PathBuf, said: String },
    #[error(
        "{program} is CometBFT {found}; {COMETBFT_VERSION} or a later 0.38 is needed (older ones do not bound a block's time)",
        program = program.display()
    )]
    Version { program: PathBuf, found: String },
    #[error(transparent)]
    Rpc(#[from] RpcError),
}

/// The folder that CometBFT is started with.
#[derive(Clone, Debug)]
pub struct Home {
    folder: PathBuf,
}

impl Home {
    /// A home in `folder`, which need not exist yet.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its configuration.
    #[must_use]
    pub fn config_path(&self) -> PathBuf {
        self.folder.join("config/config.toml")
    }

    /// The genesis.
    #[must_use]
    pub fn genesis_path(&self) -> PathBuf {
        self.folder.join("config/genesis.json")
    }

    /// The key that signs votes.
    #[must_use]
    pub fn consensus_key_path(&self) -> PathBuf {
        self.folder.join("config/priv_validator_key.json")
    }

    /// The key that peers know the node by.
    #[must_use]
    pub fn node_key_path(&self) -> PathBuf {
        self.folder.join("config/node_key.json")
    }

    /// How far the consensus key has signed.
    #[must_use]
    pub fn sign_state_path(&self) -> PathBuf {
        self.folder.join("data/priv_validator_state.json")
    }

    /// Writes the configuration over what is there.
    pub fn write_config(&self, config: &Config) -> Result<(), CometError> {
        replace(&self.config_path(), config.to_text()?.as_bytes())
    }

    /// Writes the configuration; what an operator set in the file that is there stays, and the lines of `unnamed` (section, key) too.
    pub fn merge_config(
        &self,
        config: &Config,
        unnamed: &[(&str, &str)],
    ) -> Result<(), CometError> {
        let path = self.config_path();
        if !exists(&path)? {
            return self.write_config(config);
        }
        let text = merge::merged(&read(&path)?, config, unnamed).map_err(|error| {
            CometError::Malformed {
                path: path.clone(),
                cause: error.to_string(),
            }
        })?;
        replace(&path, text.as_bytes())
    }

    /// The configuration as it stands.
    pub fn read_config(&self) -> Result<Config, CometError> {
        let path = self.config_path();
        Config::from_text(&read(&path)?).map_err(|cause| CometError::Malformed { path, cause })
    }

    /// Writes the genesis over what is there, after the checks that CometBFT makes of it.
    pub fn write_genesis(&self, genesis: &Genesis) -> Result<(), CometError> {
        replace(&self.genesis_path(), genesis.to_text()?.as_bytes())
    }

    /// The genesis as it stands, checked.
    pub fn read_genesis(&self) -> Result<Genesis, CometError> {
        let path = self.genesis_path();
        let genesis = serde_json::from_str(&read(&path)?).map_err(|error| {
            let cause = error.to_string();
            CometError::Malformed { path, cause }
        })?;
        Genesis::checked(genesis)
    }

    /// Makes sure that the home holds this consensus key (Ed25519 seed) and a sign state for it. A new key gets an empty
    /// sign state; an old key without one is refused. Gives the public key.
    pub fn ensure_consensus_key(&self, seed: &[u8; 32]) -> Result<[u8; 32], CometError> {
        let path = self.consensus_key_path();
        let state = self.sign_state_path();
        // The state first: a key that stands always had one.
        if !exists(&path)? && !exists(&state)? && !exists(&self.exported_path())? {
            let empty = "{\n  \"height\": \"0\",\n  \"round\": 0,\n  \"step\": 0\n}\n";
            create(&state, empty.as_bytes())?;
        }
        let public = keys::ensure_consensus_key(&path, seed)?;
        self.require_sign_state()?;
        Ok(public)
    }

    /// The height at which this home's consensus key signed last, zero before its first vote; `None` where there is no sign state.
    ///
    /// # Errors
    /// When it cannot be read, or is none of CometBFT's.
    pub fn last_vote(&self) -> Result<Option<u64>, CometError> {
        Ok(self.last_signed()?.map(|vote| vote.height))
    }

    /// Makes sure that the home holds this node key (Ed25519 seed); gives the node's id, 40 hex digits.
    pub fn ensure_node_key(&self, seed: &[u8; 32]) -> Result<String, CometError> {
        keys::ensure_node_key(&self.node_key_path(), seed)
    }
}

/// Refuses a CometBFT older than the pinned one, or of another series; gives its version. Blocks.
pub fn check_version(program: &Path) -> Result<String, CometError> {
    let output = Command::new(program).arg("version").output();
    let output = output.map_err(|source| CometError::File {
        path: program.to_owned(),
        source,
    })?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let program = program.to_owned();
    let (Some(found), Some(least)) = (triple(&said), triple(COMETBFT_VERSION)) else {
        return Err(CometError::NoVersion { program, said });
    };
    if (found.0, found.1) != (least.0, least.1) || found.2 < least.2 {
        return Err(CometError::Version {
            program,
            found: said,
        });
    }
    Ok(said)
}

/// Largest file of CometBFT's that is read.
const FILE_BYTES: u64 = 64 << 20;

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> CometError {
    let path = path.to_owned();
    move |source| CometError::File { path, source }
}

fn exists(path: &Path) -> Result<bool, CometError> {
    path.try_exists().map_err(file_error(path))
}

fn read(path: &Path) -> Result<String, CometError> {
    let length = fs::metadata(path).map_err(file_error(path))?.len();
    if length > FILE_BYTES {
        return Err(CometError::Malformed {
            path: path.to_owned(),
            cause: format!("{length} bytes, at most {FILE_BYTES} are read"),
        });
    }
    fs::read_to_string(path).map_err(file_error(path))
}

/// Writes `path` whole or not at all, mode 0600, into a folder that is made if need be.
fn replace(path: &Path, content: &[u8]) -> Result<(), CometError> {
    make_folder(path)
        .and_then(|()| whole::replace(path, content, whole::PRIVATE))
        .map_err(file_error(path))
}

/// Creates a file that only its owner may read, and replaces none.
fn create(path: &Path, content: &[u8]) -> Result<(), CometError> {
    make_folder(path)
        .and_then(|()| whole::create(path, content, whole::PRIVATE))
        .map_err(file_error(path))
}

fn make_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), whole::make_folder)
}
