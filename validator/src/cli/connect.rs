//! Where the node and the root chain are: from options, from the environment, or from the local network's own file.

use std::{
    fmt, fs,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use alloy_primitives::Address;
use clap::Args;
use plasmid_bridge::{
    abi::{self, IRootChain},
    client::{
        follower::view_call,
        rpc::{At, Limits, Rpc},
    },
};
use plasmid_proto::{
    bridge::v1::bridge_service_client::BridgeServiceClient,
    chain::v1::{GetStatusRequest, GetStatusResponse, chain_service_client::ChainServiceClient},
    ledger::v1::{
        account_service_client::AccountServiceClient,
        transaction_service_client::TransactionServiceClient,
    },
};
use serde::{Deserialize, Serialize};
use tonic::transport::Channel;

use super::CliError;
use crate::{
    client::endpoint,
    ledger::{Domain, OwnContracts, address},
    node::config::url,
    plain,
};

mod lost;

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

/// Where to connect.
#[derive(Clone, Args)]
pub struct Connection {
    /// gRPC address of a node, such as `http://127.0.0.1:9090`; `https://` is TLS, checked against the certificates that this machine trusts [default: the local network's first].
    #[arg(long, env = "PLASMID_NODE", hide_env_values = true, global = true, help_heading = "Options of every command", value_parser = url)]
    pub node: Option<String>,
    /// JSON-RPC address of the root chain [default: the local network's].
    #[arg(long, env = "PLASMID_ROOT", hide_env_values = true, global = true, help_heading = "Options of every command", value_parser = url)]
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
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |url: &Option<String>| url.as_deref().map(plain::place);
        f.debug_struct("Connection")
            .field("node", &place(&self.node))
            .field("root", &place(&self.root))
            .field("registry", &self.registry)
            .field("net", &self.net)
            .finish()
    }
}

/// What a local network writes for its clients.
#[derive(Clone, Debug, Serialize, Deserialize)]
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

    /// A channel to the node.
    pub async fn channel(&self) -> Result<Channel, CliError> {
        let address = self.node_address()?;
        let endpoint = endpoint(&address)?.connect_timeout(Duration::from_secs(5));
        endpoint.connect().await.map_err(|error| {
            CliError::new(format!(
                "no node answers at {} ({}): is it running? Name another one with --node{OR_START_ONE}",
                plain::place(&address),
                innermost(&error)
            ))
        })
    }

    /// The client of accounts.
    pub async fn accounts(&self) -> Result<AccountServiceClient<Channel>, CliError> {
        Ok(AccountServiceClient::new(self.channel().await?))
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
    pub async fn bridge(&self) -> Result<BridgeServiceClient<Channel>, CliError> {
        Ok(BridgeServiceClient::new(self.channel().await?))
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
        let registry = self.named_or(self.registry.as_ref(), |local| {
            address::parse(local.contracts.get("registry")?).ok()
        })?;
        registry.ok_or_else(|| {
            CliError::new(
                "name the deployment's Registry with --registry: where money goes is not taken from a node's word",
            )
        })
    }

    /// The deployment that the user named, checked against what the node serves.
    ///
    /// # Errors
    /// When no Registry is named, or what the node serves is not its own.
    pub async fn deployment(&self, status: &GetStatusResponse) -> Result<Deployment, CliError> {
        let told = Deployment::of(self.registry()?, status)?;
        match self.known().await? {
            Some(known) if known != told => Err(CliError::new(format!(
                "the node serves deployment {} on root chain {}, and the Registry made {} on {}: what is signed for one holds there",
                hex::encode(told.domain.deployment),
                told.domain.root_chain_id,
                hex::encode(known.domain.deployment),
                known.domain.root_chain_id,
            ))),
            _ => Ok(told),
        }
    }

    /// The deployment that the user named, with no node's word.
    ///
    /// # Errors
    /// When no root chain is named that could tell of it.
    pub async fn deployment_alone(&self) -> Result<Deployment, CliError> {
        self.known().await?.ok_or_else(|| {
            CliError::new(
                "no node answers: without one, name the deployment's Registry with --registry and the root chain with --root",
            )
        })
    }

    /// What root, or the local network's own file, says of the deployment. It is `None` where the user named no root chain.
    async fn known(&self) -> Result<Option<Deployment>, CliError> {
        match (self.registry, self.root_address()) {
            (Some(registry), Ok(_)) => Deployment::on_root(&*self.root()?, registry)
                .await
                .map(Some),
            (Some(_), Err(_)) => Ok(None),
            (None, _) => self.local()?.as_ref().map(Deployment::of_local).transpose(),
        }
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

/// A deployment that the user named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// What signatures bind.
    pub domain: Domain,
    /// Takes deposits, pays claims.
    pub vault: Address,
    /// Takes forced transactions.
    pub inbox: Address,
    /// All of them: nothing is sent there.
    pub contracts: OwnContracts,
}

impl Deployment {
    /// The contracts that this Registry made; a node that serves others is refused.
    ///
    /// # Errors
    /// Names the contract that differs.
    pub fn of(registry: Address, status: &GetStatusResponse) -> Result<Self, CliError> {
        let [inbox, vault, root_chain] = abi::created_by(registry);
        for (name, said, own) in [
            ("Inbox", &status.inbox, inbox),
            ("Vault", &status.vault, vault),
            ("RootChain", &status.root_chain, root_chain),
        ] {
            if Address::from(address(said)?) != own {
                return Err(CliError::new(format!(
                    "the node says that the {name} is {said}, and Registry {registry} made {own}: it serves another deployment; \
                     name its own Registry with --registry, if you trust that one"
                )));
            }
        }
        let id = &status.deployment_id;
        let deployment = id.as_slice().try_into().map_err(|_| {
            CliError::new(format!(
                "the node's deployment id has {} bytes, not 20",
                id.len()
            ))
        })?;
        Ok(Self::made_by(registry, status.root_chain_id, deployment))
    }

    /// What RootChain says of itself.
    async fn on_root(root: &Rpc, registry: Address) -> Result<Self, CliError> {
        let [_, _, root_chain] = abi::created_by(registry);
        let id = view_call(root, root_chain, IRootChain::deploymentCall {}, At::Latest).await?;
        Ok(Self::made_by(registry, root.chain_id().await?, id.0))
    }

    fn of_local(local: &NetworkFile) -> Result<Self, CliError> {
        let damaged = |what: &str| {
            CliError::new(format!(
                "{NETWORK_FILE} of the local network: its {what} is malformed; `plasmid localnet` writes it anew when it starts"
            ))
        };
        let registry = local
            .contracts
            .get("registry")
            .and_then(|text| address::parse(text).ok());
        let registry = registry.ok_or_else(|| damaged("registry"))?;
        let id = hex::decode(&local.deployment_id).unwrap_or_default();
        let id = id.try_into().map_err(|_| damaged("deployment_id"))?;
        Ok(Self::made_by(registry, local.root_chain_id, id))
    }

    fn made_by(registry: Address, root_chain_id: u64, deployment: [u8; 20]) -> Self {
        let [inbox, vault, root_chain] = abi::created_by(registry);
        Self {
            domain: Domain {
                root_chain_id,
                root_chain: root_chain.into_array(),
                deployment,
            },
            vault,
            inbox,
            contracts: OwnContracts::of_registry(&registry.into_array()),
        }
    }
}

/// An address on root that a person or a node names.
///
/// # Errors
/// What is wrong in the text; see [`address::parse`].
pub fn address(text: &str) -> Result<[u8; 20], CliError> {
    address::parse(text)
        .map(Address::into_array)
        .map_err(|error| CliError::new(format!("{text:?} is no address on root: {error}")))
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
        .map_err(|error| unreadable(error.to_string()))
}

/// The error that the others only wrap.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
