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
    fmt, fs,
    io::{self, Read},
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use alloy_primitives::Address;
use plasmid_bridge::client::whole;
use serde::{Deserialize, Serialize};

use super::toml_error;
use crate::{
    chain::genesis::file::{File, FileError, Loaded, MAX_FILE_BYTES},
    ledger::address,
    plain,
};

mod check;
#[cfg(test)]
mod tests;

pub use check::{MAX_SHARED, url};

/// The largest configuration or genesis that is read, in bytes.
const MAX_FILE: u64 = MAX_FILE_BYTES;

/// `plasmid.toml`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the engine reaches the application: `unix://…` or `tcp://…`.
    pub abci: String,
    /// Where gRPC (and grpc-web) listens.
    pub grpc: SocketAddr,
    /// Proxies in front of gRPC: their connections have no limit of their own, and the last address of `x-forwarded-for` is believed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grpc_proxies: Vec<IpAddr>,
    /// The engine's RPC, `http://…`.
    pub engine_rpc: String,
    /// Where Prometheus reads metrics (`/metrics`); `None` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<SocketAddr>,
    /// gRPC addresses of other nodes, to which this node hands its shares over checkpoints that root has not accepted: what
    /// votes did not carry reaches a relayer that asks any of them.
    #[serde(default)]
    pub share_with: Vec<String>,
    /// Blocks that the engine keeps, at least the genesis's `evidence_age_blocks`; zero keeps all. A node that comes later and takes no
    /// snapshot replays all blocks: it needs nodes that keep them.
    #[serde(default)]
    pub retain_blocks: u64,
    /// The root chain.
    pub root: RootConfig,
}

/// The root chain and the contracts on it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootConfig {
    /// One or two JSON-RPC endpoints; two must agree before anything is reported.
    pub endpoints: Vec<String>,
    /// The Registry, which made the other contracts.
    #[serde(with = "address::text")]
    pub registry: Address,
    /// The block in which it made them.
    pub deployed_at: u64,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share_with: Vec<_> = self
            .share_with
            .iter()
            .map(|url| plain::place(url))
            .collect();
        f.debug_struct("Config")
            .field("abci", &self.abci)
            .field("grpc", &self.grpc)
            .field("grpc_proxies", &self.grpc_proxies)
            .field("engine_rpc", &plain::place(&self.engine_rpc))
            .field("metrics", &self.metrics)
            .field("share_with", &share_with)
            .field("retain_blocks", &self.retain_blocks)
            .field("root", &self.root)
            .finish()
    }
}

impl fmt::Debug for RootConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoints: Vec<_> = self.endpoints.iter().map(|url| plain::place(url)).collect();
        f.debug_struct("Root")
            .field("endpoints", &endpoints)
            .field("registry", &self.registry)
            .field("deployed_at", &self.deployed_at)
            .finish()
    }
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
    #[error("{0} is larger than {MAX_FILE} bytes")]
    TooLarge(PathBuf),
    /// The file is not of its form.
    #[error("{path}: {why}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        why: String,
    },
    /// The engine would delete blocks that evidence may still need.
    #[error(
        "retain_blocks in plasmid.toml is {found}: at least {min} blocks are needed for evidence (evidence_age_blocks), or 0 to keep all"
    )]
    Retain {
        /// The file's.
        found: u64,
        /// The least.
        min: u64,
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

    /// The newest vote that CometBFT's sign state was seen to have.
    pub fn last_vote_path(&self) -> PathBuf {
        self.0.join("data/last_vote.json")
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
        let malformed = |why: String| ConfigError::Malformed {
            path: path.clone(),
            why,
        };
        let text = read_bounded(&path)?;
        let config: Config =
            toml::from_str(&text).map_err(|error| malformed(toml_error::told(&text, &error)))?;
        config.check().map_err(malformed)?;
        Ok(config)
    }

    /// Writes the configuration.
    ///
    /// # Errors
    /// [`ConfigError::Io`], or [`ConfigError::Malformed`] for what could not be read again.
    pub fn write_config(&self, config: &Config) -> Result<(), ConfigError> {
        let path = self.config_path();
        let malformed = |why: String| ConfigError::Malformed {
            path: path.clone(),
            why,
        };
        config.check().map_err(malformed)?;
        let text = toml::to_string(config).map_err(|error| malformed(error.to_string()))?;
        write_private(&path, &text)
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
        write_private(&path, &text)
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
        .take(MAX_FILE + 1)
        .read_to_string(&mut text)
        .map_err(io)?;
    if text.len() as u64 > MAX_FILE {
        return Err(ConfigError::TooLarge(path.to_owned()));
    }
    Ok(text)
}

/// Writes a file whole or not at all, for its owner only, and syncs it and its folder: it may hold a provider's key.
///
/// # Errors
/// [`ConfigError::Io`].
pub fn write_private(path: &Path, text: &str) -> Result<(), ConfigError> {
    let folder = path.parent().map_or(Ok(()), whole::make_folder);
    folder
        .and_then(|()| whole::replace(path, text.as_bytes(), whole::PRIVATE))
        .map_err(|source| ConfigError::Io {
            path: path.to_owned(),
            source,
        })
}
