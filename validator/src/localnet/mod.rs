//! A whole network on one machine: a root chain (anvil), its contracts, validators under CometBFT, a relayer, and a watcher.
//!
//! ```text
//! found:  anvil ─▶ Registry ─▶ operators register, agree ─▶ Inbox, Vault, RootChain ─▶ genesis.json in every node's folder
//! run:    anvil, and for each validator `plasmid start` + CometBFT, then `plasmid relay` and `plasmid watch`
//! ```
//! The folder keeps all that a second start needs; `local.json` is written last, so a folder without it was never founded.
//!
//! The feature `localnet` has this room, with its commands and the demo in `cli`. What an operator runs is in `node` and used here: CometBFT's
//! files and its pinned build, key files, the founding, and the published keys, which a node has to know to refuse them.

use std::{
    fs,
    io::{self, Read},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    ledger::address,
    node::{
        comet::CometError,
        config::{ConfigError, Home},
        founding::FoundingError,
        keystore::KeystoreError,
        sign_state::SignStateError,
        tools::InstallError,
    },
};
use anvil::AnvilError;
use process::ProcessError;

pub use carry::Watching;
pub use double_vote::double_vote;
pub use join::Joined;

pub mod anvil;
mod carry;
pub mod comet;
mod double_vote;
mod folder;
pub mod found;
mod join;
pub mod port;
pub mod process;
pub mod rival;
pub mod run;
pub mod tools;
mod upkeep;
pub mod usage;

/// The most validators of a local network.
pub const MAX_VALIDATORS: u16 = 16;
/// The password of every key file of a local network; it guards nothing.
pub const PASSWORD: &str = "plasmid local network";
/// The root chain id of local networks.
pub const ROOT_CHAIN_ID: u64 = 31_337;

/// Why a local network does not start.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum LocalError {
    /// Too few or too many.
    #[error("{0} validators: a local network has 1 to {MAX_VALIDATORS}")]
    Validators(u16),
    /// The numbers from the first port on are too few for the ports of the network.
    #[error(
        "--first-port {first}: the network uses {ports} ports one after another, and they are numbers from 1 to 65,535"
    )]
    FirstPort {
        /// The first one.
        first: u16,
        /// How many it uses.
        ports: u16,
    },
    /// The folder holds another network.
    #[error(
        "{folder} holds a network of {found} validators, and {wanted} were asked for: leave --validators out, or start anew with --reset"
    )]
    OtherValidators {
        /// The folder.
        folder: PathBuf,
        /// What it holds.
        found: u16,
        /// What was asked for.
        wanted: u16,
    },
    /// Something else is in the folder.
    #[error("{0} holds files that are not of a local network: choose an empty folder or a new one")]
    NotOurs(PathBuf),
    /// Somebody's own keys are in the folder.
    #[error(
        "{folder} holds files that the founding did not write ({names}), and --reset deletes them for ever: move keys that you need to \
         another folder, such as ~/.plasmid/keys, and delete the others",
        folder = folder.display()
    )]
    HoldsKeys {
        /// The folder of keys.
        folder: PathBuf,
        /// The files' names.
        names: String,
    },
    /// The folder is not empty and was never founded to the end.
    #[error("{0} holds a network whose founding was cut off: start anew with --reset")]
    HalfFounded(PathBuf),
    /// The root chain lost what the nodes rely on.
    #[error(
        "the root chain of {folder} does not hold this network's contracts ({why}): start anew with --reset"
    )]
    RootLost {
        /// The folder.
        folder: PathBuf,
        /// What is missing.
        why: String,
    },
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// `local.json` is not of its form.
    #[error("{path}: {why}; start anew with --reset")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        why: String,
    },
    /// A key out of range: cannot be with the published ones.
    #[error("development key {0} is out of range")]
    Key(String),
    /// A chain did not say what it must.
    #[error("{0}")]
    Unsaid(String),
    /// A port is taken.
    #[error(transparent)]
    Port(#[from] port::PortTaken),
    #[error(transparent)]
    Install(#[from] InstallError),
    #[error(transparent)]
    Anvil(#[from] AnvilError),
    #[error(transparent)]
    Comet(#[from] CometError),
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    #[error(transparent)]
    SignState(#[from] SignStateError),
    #[error(transparent)]
    Founding(#[from] FoundingError),
    #[error(transparent)]
    Ceremony(#[from] plasmid_bridge::client::ceremony::CeremonyError),
    #[error(transparent)]
    Artifact(#[from] plasmid_bridge::client::ceremony::ArtifactError),
    #[error(transparent)]
    Rpc(#[from] plasmid_bridge::client::rpc::RpcError),
    #[error(transparent)]
    Wallet(#[from] plasmid_bridge::client::wallet::WalletError),
}

/// Where one node listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodePorts {
    /// gRPC.
    pub grpc: u16,
    /// CometBFT's RPC.
    pub rpc: u16,
    /// CometBFT's peers.
    pub p2p: u16,
}

/// `local.json`: what a second start must find as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Local {
    /// Port of the root chain.
    pub root_port: u16,
    /// Ports of each node.
    pub nodes: Vec<NodePorts>,
    /// The Registry's address.
    #[serde(with = "address::text")]
    pub registry: alloy_primitives::Address,
    /// The root block of the deployment.
    pub deployed_at: u64,
    /// The ERC-20 that was deployed for trying things out.
    #[serde(with = "address::text")]
    pub token: alloy_primitives::Address,
}

impl Local {
    /// Reads the network in `folder`; `None` when nothing was founded there.
    ///
    /// # Errors
    /// [`LocalError::HalfFounded`] when the folder holds something else.
    pub fn read(folder: &Path) -> Result<Option<Self>, LocalError> {
        let path = folder.join("local.json");
        let text = match fs::File::open(&path) {
            Ok(file) => {
                let mut text = String::new();
                file.take(64 * 1024)
                    .read_to_string(&mut text)
                    .map_err(|source| LocalError::Io {
                        path: path.clone(),
                        source,
                    })?;
                text
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let occupied = folder.join("root").exists();
                return if occupied {
                    Err(LocalError::HalfFounded(folder.to_owned()))
                } else {
                    Ok(None)
                };
            }
            Err(source) => return Err(LocalError::Io { path, source }),
        };
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| LocalError::Malformed {
                path,
                why: error.to_string(),
            })
    }

    /// The folder of node `number`.
    pub fn home(folder: &Path, number: usize) -> Home {
        Home::new(folder.join(format!("node{number}")))
    }
}

/// `127.0.0.1` and this port.
pub fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
