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
    net::SocketAddr,
    path::{Path, PathBuf},
};

use alloy_primitives::Address;
use plasmid_bridge::client::whole;
use serde::{Deserialize, Serialize};

use super::plain;
use crate::{
    chain::genesis::file::{File, FileError, Loaded},
    ledger::address,
};

/// The largest configuration or genesis that is read, in bytes.
const MAX_FILE: u64 = 4 << 20;

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
    /// gRPC addresses of other nodes, `http://…`, to which this node hands its shares over checkpoints that root has not accepted: what
    /// votes did not carry reaches a relayer that asks any of them.
    #[serde(default)]
    pub share_with: Vec<String>,
    /// Blocks that the engine keeps, at least the genesis's `evidence_age_blocks`; zero keeps all. A node that comes later replays all
    /// blocks: a network needs nodes that keep them.
    #[serde(default)]
    pub retain_blocks: u64,
    /// The root chain.
    pub root: Root,
}

/// The root chain and the contracts on it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// One or two JSON-RPC endpoints; two must agree before anything is reported.
    pub endpoints: Vec<String>,
    /// The Registry, which made the other contracts.
    #[serde(with = "address::text")]
    pub registry: Address,
    /// The block in which it made them.
    pub deployed_at: u64,
}

impl Config {
    /// Refuses addresses that nothing can listen on or connect to.
    fn check(&self) -> Result<(), String> {
        if self.grpc.port() == 0 {
            return Err("grpc has port 0: name the port that clients connect to".into());
        }
        url(&self.engine_rpc).map_err(|why| format!("engine_rpc: {why}"))?;
        if self.root.endpoints.is_empty() {
            return Err(
                "root.endpoints is empty: name a JSON-RPC endpoint of the root chain".into(),
            );
        }
        for (number, endpoint) in self.root.endpoints.iter().enumerate() {
            url(endpoint).map_err(|why| format!("root.endpoints[{number}]: {why}"))?;
        }
        Ok(())
    }

    /// How many blocks the engine keeps, zero for all: it deletes nothing that evidence may still need.
    ///
    /// # Errors
    /// [`ConfigError::Retain`] when it is less than evidence lives.
    pub fn retained(&self, min: u64) -> Result<u64, ConfigError> {
        match self.retain_blocks {
            found if found == 0 || found >= min => Ok(found),
            found => Err(ConfigError::Retain { found, min }),
        }
    }
}

/// The URL of a server, as it is written into a file; the text itself is not repeated, because it may hold a key.
///
/// # Errors
/// What is wrong, in words.
pub fn url(text: &str) -> Result<String, String> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("it has blanks or control characters in it".into());
    }
    let parsed = reqwest::Url::parse(text)
        .ok()
        .filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    match parsed {
        None => Err("it has the form http://HOST:PORT or https://HOST".into()),
        Some(url) if url.port() == Some(0) => Err("it has port 0".into()),
        Some(_) => Ok(text.to_owned()),
    }
}

impl fmt::Debug for Root {
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
        let config: Config =
            toml::from_str(&read_bounded(&path)?).map_err(|error| malformed(error.to_string()))?;
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn config() -> Config {
        Config {
            abci: "unix:///tmp/abci.sock".into(),
            grpc: SocketAddr::from(([127, 0, 0, 1], 9_090)),
            engine_rpc: "http://127.0.0.1:26657".into(),
            share_with: Vec::new(),
            retain_blocks: 0,
            metrics: None,
            root: Root {
                endpoints: vec!["https://eth.example/v3/0123abcd".into()],
                registry: Address::repeat_byte(7),
                deployed_at: 3,
            },
        }
    }

    #[test]
    fn a_configuration_is_for_its_owner_only_and_comes_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::new(folder.path().join("node"));
        for _ in 0..2 {
            home.write_config(&config()).expect("it is written");
            assert_eq!(home.read_config().expect("it reads"), config());
            let mode = fs::metadata(home.config_path()).expect("the file");
            assert_eq!(mode.permissions().mode() & 0o777, 0o600);
        }
        let held = fs::read_dir(home.path()).expect("the folder").count();
        assert_eq!(held, 1, "a temporary file is left");
    }

    #[test]
    fn a_providers_key_is_not_in_debug_output() {
        let said = format!("{:?}", config());
        assert!(!said.contains("0123abcd"), "{said}");
        assert!(said.contains("https://eth.example/…"), "{said}");
    }

    #[test]
    fn what_no_node_can_run_with_is_not_written_and_not_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::new(folder.path());
        type Edit = fn(&mut Config);
        let edits: [(Edit, &str); 6] = [
            (|config| config.grpc.set_port(0), "grpc"),
            (
                |config| config.engine_rpc = "127.0.0.1:1".into(),
                "engine_rpc",
            ),
            (|config| config.engine_rpc.push(' '), "blank"),
            (|config| config.root.endpoints.clear(), "endpoints"),
            (|config| config.root.endpoints[0].insert(0, ' '), "blank"),
            (
                |config| config.root.endpoints[0] = "http://127.0.0.1:0".into(),
                "port 0",
            ),
        ];
        for (edit, reason) in edits {
            let mut wrong = config();
            edit(&mut wrong);
            let error = home.write_config(&wrong).expect_err(reason).to_string();
            assert!(error.contains(reason), "{error}");
            assert!(!home.config_path().exists());
            let text = toml::to_string(&wrong).expect("TOML");
            fs::write(home.config_path(), text).expect("write");
            let error = home.read_config().expect_err(reason).to_string();
            assert!(error.contains(reason), "{error}");
            fs::remove_file(home.config_path()).expect("remove");
        }
    }
}
