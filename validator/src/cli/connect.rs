//! Where the node and the root chain are: from options, from the environment, or from the local network's own file.

use std::{
    fmt, fs,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use alloy_primitives::Address;
use clap::Args;
use plasmid_bridge::client::rpc::{Limits, Rpc};
use plasmid_proto::{
    bridge::v1::bridge_service_client::BridgeServiceClient,
    chain::v1::{GetStatusRequest, GetStatusResponse, chain_service_client::ChainServiceClient},
    ledger::v1::{
        account_service_client::AccountServiceClient,
        transaction_service_client::TransactionServiceClient,
    },
    stake::v1::stake_service_client::StakeServiceClient,
};
use serde::{Deserialize, Serialize};
use tonic::transport::Channel;

use super::CliError;
use crate::{client::endpoint, ledger::address, plain};

mod again;
mod deployment;
mod lost;
mod parameters;
mod url_option;

pub use again::patiently;
pub use deployment::Deployment;
pub use parameters::{agreed, all_parameters, value_of};
pub use url_option::UrlOption;

/// The name of the file in a local network's folder that tells clients where it is.
pub const NETWORK_FILE: &str = "network.json";
/// The folder of the local network where the user names no other.
pub const DEFAULT_FOLDER: &str = ".plasmid/localnet";
/// What else a person without a node can do, where this program can start a network.
pub const OR_START_ONE: &str = if cfg!(feature = "localnet") {
    ", or start a network with `plasmid localnet`"
} else {
    ""
};
/// The largest network file that is read, in bytes.
const MAX_FILE: u64 = 256 * 1024;

/// The client of checkpoints and withdrawals.
pub type Bridge = BridgeServiceClient<Channel>;

/// The client of accounts and tokens.
pub type Accounts = AccountServiceClient<Channel>;

/// Where to connect.
#[derive(Clone, Args)]
pub struct Connection {
    /// gRPC address of a node, such as `http://127.0.0.1:9090`; `https://` is TLS, checked against the certificates that this machine trusts [default: the local network's first].
    #[arg(long, env = "PLASMID_NODE", hide_env_values = true, global = true, help_heading = "Options of every command", value_parser = UrlOption)]
    pub node: Option<String>,
    /// JSON-RPC address of the root chain [default: the local network's].
    #[arg(long, env = "PLASMID_ROOT", hide_env_values = true, global = true, help_heading = "Options of every command", value_parser = UrlOption)]
    pub root: Option<String>,
    /// The deployment's Registry on root: where money goes follows from it, never from a node's word [default: the local network's].
    #[arg(long, env = "PLASMID_REGISTRY", global = true, help_heading = "Options of every command", value_parser = address::parse)]
    pub registry: Option<Address>,
    /// Folder of a local network [default: .plasmid/localnet].
    #[arg(
        long,
        env = "PLASMID_NET",
        global = true,
        help_heading = "Options of every command"
    )]
    pub net: Option<PathBuf>,
    /// The highest price that a command which sends one transaction on root offers per gas, base fee and tip together, in gwei (1.5); while root costs more, nothing is sent. More than 500 is asked about at a terminal. `relay` and `watch` have --max-fee [default: 500].
    #[arg(
        long,
        value_name = "GWEI",
        global = true,
        help_heading = "Options of every command"
    )]
    pub max_root_fee: Option<String>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |url: &Option<String>| url.as_deref().map(plain::place);
        f.debug_struct("Connection")
            .field("node", &place(&self.node))
            .field("root", &place(&self.root))
            .field("registry", &self.registry)
            .field("net", &self.net)
            .field("max_root_fee", &self.max_root_fee)
            .finish()
    }
}

/// What a local network writes for its clients. It has no `Debug`: an endpoint may hold a provider's key.
#[derive(Clone, Serialize, Deserialize)]
pub struct NetworkFile {
    /// gRPC addresses, one a node.
    pub nodes: Vec<String>,
    /// CometBFT RPC addresses, one a node.
    pub engines: Vec<String>,
    /// The root chain's JSON-RPC address.
    pub root: String,
    /// The root chain's id.
    pub root_chain_id: u64,
    /// The deployment id, hex.
    pub deployment_id: String,
    /// The folder of the funded accounts' key files.
    pub keys: PathBuf,
    /// The file with their password.
    pub password_file: PathBuf,
    /// Contract addresses by name, hex.
    pub contracts: std::collections::BTreeMap<String, String>,
}

impl Connection {
    /// Whether nothing of another network than the local one is named.
    pub const fn is_local(&self) -> bool {
        self.node.is_none() && self.root.is_none() && self.registry.is_none()
    }

    /// The local network's file, when there is one.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub fn local(&self) -> Result<Option<NetworkFile>, CliError> {
        let folder = self
            .net
            .clone()
            .unwrap_or_else(|| PathBuf::from(DEFAULT_FOLDER));
        read_network(&folder.join(NETWORK_FILE))
    }

    /// What the user named, or else the local network's own.
    fn named_or<T>(
        &self,
        named: Option<&T>,
        own: impl FnOnce(NetworkFile) -> Option<T>,
    ) -> Result<Option<T>, CliError>
    where
        T: Clone,
    {
        match named {
            Some(named) => Ok(Some(named.clone())),
            None => Ok(self.local()?.and_then(own)),
        }
    }

    fn node_address(&self) -> Result<String, CliError> {
        let node = self.named_or(self.node.as_ref(), |local| local.nodes.first().cloned())?;
        node.ok_or_else(|| CliError::new(format!("no node: name one with --node{OR_START_ONE}")))
    }

    /// The node and these others; with none named, all nodes of the local network.
    ///
    /// # Errors
    /// When no node is known.
    pub fn nodes(&self, others: &[String]) -> Result<Vec<String>, CliError> {
        let mut nodes = match self.node {
            None if others.is_empty() => self.local()?.map(|local| local.nodes).unwrap_or_default(),
            _ => Vec::new(),
        };
        if nodes.is_empty() {
            nodes.push(self.node_address()?);
        }
        for other in others {
            if !nodes.contains(other) {
                nodes.push(other.clone());
            }
        }
        Ok(nodes)
    }

    /// CometBFT RPC addresses: these, or all of the local network; none where neither is known.
    ///
    /// # Errors
    /// When the local network's file cannot be read.
    pub fn engines(&self, named: &[String]) -> Result<Vec<String>, CliError> {
        if !named.is_empty() {
            return Ok(named.to_vec());
        }
        let local = self.local()?.filter(|_| self.node.is_none());
        Ok(local.map(|local| local.engines).unwrap_or_default())
    }

    /// The folder of the local network, when there is one.
    pub fn local_folder(&self) -> Option<PathBuf> {
        let default = || PathBuf::from(DEFAULT_FOLDER);
        Some(self.net.clone().unwrap_or_else(default)).filter(|folder| folder.is_dir())
    }

    /// A channel to the node.
    pub async fn channel(&self) -> Result<Channel, CliError> {
        channel_to(&self.node_address()?).await
    }

    /// The client of accounts.
    pub async fn accounts(&self) -> Result<Accounts, CliError> {
        Ok(Accounts::new(self.channel().await?))
    }

    /// The client of transactions.
    pub async fn transactions(&self) -> Result<TransactionServiceClient<Channel>, CliError> {
        Ok(TransactionServiceClient::new(self.channel().await?))
    }

    /// The client of blocks and the node.
    pub async fn chain(&self) -> Result<ChainServiceClient<Channel>, CliError> {
        Ok(ChainServiceClient::new(self.channel().await?))
    }

    /// The client of checkpoints and withdrawals.
    pub async fn bridge(&self) -> Result<Bridge, CliError> {
        Ok(Bridge::new(self.channel().await?))
    }

    /// The client of stake.
    pub async fn stake(&self) -> Result<StakeServiceClient<Channel>, CliError> {
        Ok(StakeServiceClient::new(self.channel().await?))
    }

    /// What the node says of itself.
    pub async fn status(&self) -> Result<GetStatusResponse, CliError> {
        Ok(self
            .chain()
            .await?
            .get_status(GetStatusRequest {})
            .await?
            .into_inner())
    }

    /// The Registry that the user named, or the local network's.
    ///
    /// # Errors
    /// When there is neither.
    pub fn registry(&self) -> Result<Address, CliError> {
        if let Some(registry) = self.registry {
            return Ok(registry);
        }
        let local = self.local()?;
        let named = local
            .as_ref()
            .and_then(|local| local.contracts.get("registry"));
        let text = named.ok_or_else(no_registry)?;
        address::parse(text).map_err(|error| {
            CliError::new(format!(
                "{NETWORK_FILE} names the Registry {text:?}, which is not an address on root: {error}; `plasmid localnet` writes it anew when it starts"
            ))
        })
    }

    /// The deployment that the user named, checked against what the node serves.
    ///
    /// # Errors
    /// When no Registry is named, or what the node serves is not its own.
    pub async fn deployment(&self, status: &GetStatusResponse) -> Result<Deployment, CliError> {
        let told = Deployment::of(self.registry()?, status)?;
        let known = self.deployment_alone().await?;
        if known == told {
            return Ok(known);
        }
        Err(CliError::new(format!(
            "the node serves deployment {} on root chain {}, but the Registry made deployment {} on root chain {}: a signature for one deployment is not valid in the other",
            hex::encode(told.domain.deployment),
            told.domain.root_chain_id,
            hex::encode(known.domain.deployment),
            known.domain.root_chain_id,
        )))
    }

    /// The deployment that the user named, with no node's word: what root, or the local network's own file, says of it.
    ///
    /// # Errors
    /// When no Registry is named, or no root chain that could tell of it.
    pub async fn deployment_alone(&self) -> Result<Deployment, CliError> {
        let Some(registry) = self.registry else {
            return match self.local()? {
                Some(local) => Deployment::of_local(&local),
                None => Err(no_registry()),
            };
        };
        self.root_address().map_err(|_| {
            CliError::new(
                "name the root chain's JSON-RPC address with --root: the deployment that is signed for is not taken from a node's word",
            )
        })?;
        Deployment::on_root(&*self.root()?, registry).await
    }

    /// The root chain's JSON-RPC address.
    pub fn root_address(&self) -> Result<String, CliError> {
        self.named_or(self.root.as_ref(), |local| Some(local.root))?
            .ok_or_else(|| CliError::new("no root chain: name its JSON-RPC address with --root"))
    }

    /// The root chain's client.
    pub fn root(&self) -> Result<Arc<Rpc>, CliError> {
        Ok(Arc::new(Rpc::new(
            &self.root_address()?,
            Limits::default(),
        )?))
    }
}

fn no_registry() -> CliError {
    CliError::new(
        "name the deployment's Registry with --registry: where money goes is not taken from a node's word",
    )
}

/// An address on root that a person or a node names.
///
/// # Errors
/// What is wrong in the text; see [`address::parse`].
pub fn address(text: &str) -> Result<[u8; 20], CliError> {
    address::parse(text)
        .map(Address::into_array)
        .map_err(|error| CliError::new(format!("{text:?} is not an address on root: {error}")))
}

/// The file of a local network, or `None` where there is no such network.
fn read_network(path: &Path) -> Result<Option<NetworkFile>, CliError> {
    let unreadable = |why: String| {
        CliError::new(format!(
            "{}: {why}; `plasmid localnet` writes it anew when it starts",
            path.display()
        ))
    };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    let mut bytes = Vec::new();
    file.take(MAX_FILE)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(error.to_string()))?;
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| unreadable(plain::without_quoted(&error.to_string())))
}

/// The error that the others only wrap.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

async fn channel_to(address: &str) -> Result<Channel, CliError> {
    endpoint(address)?.connect().await.map_err(|error| {
        CliError::new(format!(
            "no node answers at {} ({}): is it running? Name another one with --node{OR_START_ONE}",
            plain::place(address),
            innermost(&error)
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_with_a_wrong_checksum_is_refused_and_not_taken_for_none() {
        let folder = tempfile::tempdir().unwrap();
        let registry = |named: Option<&str>| {
            let contracts = named.map(|text| ("registry".to_owned(), text.to_owned()));
            let file = NetworkFile {
                nodes: Vec::new(),
                engines: Vec::new(),
                root: String::new(),
                root_chain_id: 1,
                deployment_id: String::new(),
                keys: PathBuf::new(),
                password_file: PathBuf::new(),
                contracts: contracts.into_iter().collect(),
            };
            let text = serde_json::to_string(&file).unwrap();
            fs::write(folder.path().join(NETWORK_FILE), text).unwrap();
            let connection = Connection {
                node: None,
                root: None,
                registry: None,
                net: Some(folder.path().to_owned()),
                max_root_fee: None,
            };
            connection.registry().map_err(|error| error.to_string())
        };
        let right = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
        assert_eq!(registry(Some(right)), Ok(address::parse(right).unwrap()));
        let wrong = right.replace("0xf39F", "0xF39F");
        let own = address::parse(&wrong).unwrap_err().to_string();
        let said = registry(Some(&wrong)).unwrap_err();
        assert!(said.contains(&own) && said.contains(&wrong), "{said}");
        let none = registry(None).unwrap_err();
        assert!(none.contains("--registry"), "{none}");
    }
}
