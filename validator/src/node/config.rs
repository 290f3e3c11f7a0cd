//! A node's folder and its configuration.
//!
//! ```text
//! HOME/plasmid.toml      this file
//! HOME/genesis.json      the genesis, with everything derived (chain::genesis::file)
//! HOME/keys/             encrypted key files
//! HOME/data/             store and sign state
//! HOME/cometbft/         CometBFT's own home
//! ```

use std::{
    fs,
    io::{self, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

use crate::chain::genesis::file::{File, FileError, Loaded};

/// The largest configuration or genesis that is read, in bytes.
const LARGEST_FILE: u64 = 4 << 20;

/// `plasmid.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the engine reaches the application: `unix://…` or `tcp://…`.
    pub abci: String,
    /// Where gRPC (and grpc-web) listens.
    pub grpc: SocketAddr,
    /// The engine's RPC, `http://…`.
    pub engine_rpc: String,
    /// The root chain.
    pub root: Root,
}

/// The root chain and the contracts on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// One or two JSON-RPC endpoints; two must agree before anything is reported.
    pub endpoints: Vec<String>,
    /// The Registry, which made the other contracts.
    pub registry: Address,
    /// The block in which it made them.
    pub deployed_at: u64,
}

/// Why a node's folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Too large to be what it should be.
    #[error("{0} is larger than {LARGEST_FILE} bytes")]
    TooLarge(PathBuf),
    /// The file is not of its form.
    #[error("{path}: {why}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        why: String,
    },
    /// The genesis does not follow from itself.
    #[error("{path}: {source}")]
    Genesis {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        source: Box<FileError>,
    },
}

/// A node's folder.
#[derive(Clone, Debug)]
pub struct Home(PathBuf);

impl Home {
    /// The node's folder at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The configuration file.
    pub fn config_path(&self) -> PathBuf {
        self.0.join("plasmid.toml")
    }

    /// The genesis file.
    pub fn genesis_path(&self) -> PathBuf {
        self.0.join("genesis.json")
    }

    /// The checkpoint key's encrypted file.
    pub fn checkpoint_key_path(&self) -> PathBuf {
        self.0.join("keys/checkpoint.json")
    }

    /// The store's folder.
    pub fn store_path(&self) -> PathBuf {
        self.0.join("data/store")
    }

    /// How far root was read: a hint that may be lost.
    pub fn root_position_path(&self) -> PathBuf {
        self.0.join("data/root_position")
    }

    /// The sign state.
    pub fn sign_state_path(&self) -> PathBuf {
        self.0.join("data/sign_state")
    }

    /// CometBFT's home.
    pub fn engine(&self) -> super::comet::Home {
        super::comet::Home::new(self.0.join("cometbft"))
    }

    /// Reads the configuration.
    ///
    /// # Errors
    /// [`ConfigError`] names the file and the line.
    pub fn read_config(&self) -> Result<Config, ConfigError> {
        let path = self.config_path();
        toml::from_str(&read_bounded(&path)?).map_err(|error| ConfigError::Malformed {
            path,
            why: error.to_string(),
        })
    }

    /// Writes the configuration.
    ///
    /// # Errors
    /// [`ConfigError::Io`].
    pub fn write_config(&self, config: &Config) -> Result<(), ConfigError> {
        let path = self.config_path();
        let text = toml::to_string(config).map_err(|error| ConfigError::Malformed {
            path: path.clone(),
            why: error.to_string(),
        })?;
        write(&path, &text)
    }

    /// Reads the genesis and recomputes all that it says of itself.
    ///
    /// # Errors
    /// [`ConfigError::Genesis`] when a derived field differs.
    pub fn read_genesis(&self) -> Result<Loaded, ConfigError> {
        let path = self.genesis_path();
        let file: File = serde_json::from_str(&read_bounded(&path)?).map_err(|error| {
            ConfigError::Malformed {
                path: path.clone(),
                why: error.to_string(),
            }
        })?;
        file.load().map_err(|source| ConfigError::Genesis {
            path,
            source: Box::new(source),
        })
    }

    /// Writes the genesis.
    ///
    /// # Errors
    /// [`ConfigError::Io`].
    pub fn write_genesis(&self, file: &File) -> Result<(), ConfigError> {
        let path = self.genesis_path();
        let text = serde_json::to_string_pretty(file).map_err(|error| ConfigError::Malformed {
            path: path.clone(),
            why: error.to_string(),
        })?;
        write(&path, &text)
    }
}

fn read_bounded(path: &Path) -> Result<String, ConfigError> {
    let io = |source| ConfigError::Io {
        path: path.to_owned(),
        source,
    };
    let mut text = String::new();
    fs::File::open(path)
        .map_err(io)?
        .take(LARGEST_FILE + 1)
        .read_to_string(&mut text)
        .map_err(io)?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(ConfigError::TooLarge(path.to_owned()));
    }
    Ok(text)
}

/// Writes a file by way of a temporary one beside it.
fn write(path: &Path, text: &str) -> Result<(), ConfigError> {
    let io = |source| ConfigError::Io {
        path: path.to_owned(),
        source,
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(io)?;
    }
    let partial = path.with_extension("partial");
    fs::write(&partial, text).map_err(io)?;
    fs::rename(&partial, path).map_err(io)
}
