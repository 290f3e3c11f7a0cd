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
    /// Where Prometheus reads metrics (`/metrics`); none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<SocketAddr>,
    /// Blocks that the engine keeps, at least the genesis's `evidence_age_blocks`; zero keeps all. A node that comes later replays all
    /// blocks: a network needs nodes that keep them.
    #[serde(default)]
    pub retain_blocks: u64,
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

impl Config {
    /// How many blocks the engine keeps, zero for all: it deletes nothing that evidence may still need.
    ///
    /// # Errors
    /// [`ConfigError::Retain`] when it is less than evidence lives.
    pub fn retained(&self, evidence_age_blocks: u64) -> Result<u64, ConfigError> {
        match self.retain_blocks {
            found if found == 0 || found >= evidence_age_blocks => Ok(found),
            found => Err(ConfigError::Retain {
                found,
                min: evidence_age_blocks,
            }),
        }
    }
}

/// An option as docs/OPTIONS.md describes it.
pub struct Described {
    /// Its name, with its table.
    pub name: &'static str,
    /// What holds when it is absent.
    pub default: &'static str,
    /// What is refused.
    pub checked: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

/// Every option of `plasmid.toml`.
pub const OPTIONS: [Described; 8] = [
    Described {
        name: "abci",
        default: "required",
        checked: "`unix://PATH` or `tcp://HOST:PORT`",
        meaning: "where the application listens for CometBFT; its `proxy_app` must be the same",
    },
    Described {
        name: "grpc",
        default: "required",
        checked: "an address and a port that is free",
        meaning: "where gRPC and grpc-web are served, in plain text: anything but loopback belongs behind a proxy with TLS",
    },
    Described {
        name: "engine_rpc",
        default: "required",
        checked: "`http://HOST:PORT`",
        meaning: "CometBFT's RPC, to which submitted transactions are handed",
    },
    Described {
        name: "metrics",
        default: "off",
        checked: "an address and a port that is free",
        meaning: "where Prometheus reads `/metrics` (docs/METRICS.md), in plain text",
    },
    Described {
        name: "retain_blocks",
        default: "0",
        checked: "0, or at least the genesis's `evidence_age_blocks`",
        meaning: "how many blocks CometBFT keeps; 0 keeps all. A new node replays every block, so a network needs nodes that keep all",
    },
    Described {
        name: "root.endpoints",
        default: "required",
        checked: "one or two `http://` or `https://` addresses, of the genesis's root chain",
        meaning: "JSON-RPC of the root chain; where two are named, both must agree before anything is reported",
    },
    Described {
        name: "root.registry",
        default: "required",
        checked: "the RootChain that it makes is the genesis's",
        meaning: "the Registry, from which all other contracts follow",
    },
    Described {
        name: "root.deployed_at",
        default: "required",
        checked: "the contracts stand in this block",
        meaning: "the root block in which the contracts were made, from which messages are read",
    },
];

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
