//! What a node needs in its folder to run in a network that stands: configuration, genesis, and the engine's own of both.

use std::{
    collections::BTreeSet,
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use plasmid_bridge::{client::ceremony::Created, proof::bls};

use super::FoundingError;
use crate::{
    chain::genesis::{
        Genesis,
        file::{File, Loaded},
    },
    node::{
        comet::{
            Config as CometConfig, EnginePace, EnginePeer, Genesis as CometGenesis, Settings,
            genesis::{GenesisParts, ValidatorPart},
            statesync::StateSync,
        },
        config::{Config, Home, MAX_SHARED, RootConfig},
        sign_state::{SignState, SignStateIdentity},
    },
};

/// Where gRPC, the engine's RPC and its peers' port are unless somebody says otherwise.
const GRPC: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9_090);
const RPC: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 26_657);
const P2P: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 26_656);

/// Where one node listens, whom it knows, and how long it waits for them. A field that is none, empty or false keeps what
/// the folder says, or the default where the folder says nothing. It has no `Debug`: an address may hold a key.
#[derive(Clone)]
pub struct Place {
    /// What others call it.
    pub moniker: Option<String>,
    /// gRPC.
    pub grpc: Option<SocketAddr>,
    /// The engine's RPC.
    pub rpc: Option<SocketAddr>,
    /// The engine's peers.
    pub p2p: Option<SocketAddr>,
    /// Nodes to stay connected with.
    pub peers: Vec<EnginePeer>,
    /// All nodes on one machine or in one private network.
    pub private: bool,
    /// gRPC addresses of the nodes that shares are handed to; where neither they nor the folder name any, those of the peers.
    pub share_with: Vec<String>,
    /// Timeouts of consensus for nodes on one machine, instead of those for networks.
    pub one_machine: bool,
    /// Where metrics are served, if anywhere.
    pub metrics: Option<SocketAddr>,
    /// Blocks that the engine keeps; zero keeps all.
    pub retain_blocks: u64,
    /// The first JSON-RPC endpoint of the root chain.
    pub root: String,
    /// The second one, which must agree with it.
    pub second_root: Option<String>,
    /// From whom a node without blocks takes the state of others; what the folder says where it is none.
    pub statesync: Option<StateSync>,
}

impl Place {
    /// The lines of CometBFT's configuration that this place says nothing of.
    fn unnamed(&self) -> Vec<(&'static str, &'static str)> {
        let mut lines = Vec::new();
        if self.moniker.is_none() {
            lines.push(("", "moniker"));
        }
        if self.rpc.is_none() {
            lines.push(("rpc", "laddr"));
        }
        if self.p2p.is_none() {
            lines.push(("p2p", "laddr"));
        }
        if self.peers.is_empty() {
            lines.push(("p2p", "persistent_peers"));
        }
        if !self.private {
            lines.extend([
                ("p2p", "addr_book_strict"),
                ("p2p", "allow_duplicate_ip"),
                ("p2p", "pex"),
            ]);
        }
        lines
    }

    /// The nodes that shares are handed to. A share is public and says itself whose it is, so an address that is only supposed loses nothing,
    /// and the node says when nobody answers there. Peers on this machine have other ports than the default.
    fn shares_go_to(&self, before: Option<&Config>) -> Vec<String> {
        let kept = before.map(|config| config.share_with.as_slice());
        let named = [Some(self.share_with.as_slice()), kept];
        let named = named.into_iter().flatten().find(|named| !named.is_empty());
        if let Some(named) = named {
            return named.to_vec();
        }
        let hosts = self.peers.iter().filter_map(|peer| {
            let (host, _) = peer.address.rsplit_once(':')?;
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            let here = bare == "localhost" || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
            (!here).then_some(host)
        });
        let hosts: BTreeSet<_> = hosts.collect();
        let places = hosts.into_iter().take(MAX_SHARED);
        places
            .map(|host| format!("http://{host}:{}", GRPC.port()))
            .collect()
    }

    /// The endpoints of the root chain: this one, and a second that is named here or stands in the folder.
    fn endpoints(&self, before: Option<&Config>) -> Vec<String> {
        let kept = before.and_then(|config| second_beside(&config.root.endpoints, &self.root));
        let second = self.second_root.as_ref().or(kept);
        let second = second.filter(|second| **second != self.root);
        [Some(&self.root), second]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }
}

/// The one of these endpoints of root, which stand in a folder, that stays the second one beside this first one. A first one that stood second changes places
/// with the other: both stay.
#[must_use]
pub fn second_beside<'a>(kept: &'a [String], root: &str) -> Option<&'a String> {
    match kept {
        [first, second, ..] if second == root => Some(first).filter(|first| *first != root),
        [_, second, ..] => Some(second),
        _ => None,
    }
}

/// Writes the folder of one more node of a network that stands, with the genesis that another of its nodes has.
///
/// # Errors
/// [`FoundingError`], as [`write`].
pub fn write_beside(
    home: &Home,
    place: &Place,
    created: &Created,
    loaded: &Loaded,
) -> Result<(), FoundingError> {
    let file = File::new(&loaded.genesis, &loaded.root)?;
    write(home, place, created, &loaded.genesis, &file)
}

/// Writes the folder's configuration and genesis over what is there; keys are not touched.
///
/// # Errors
/// [`FoundingError`] with the file that could not be written, or that is there and cannot be read: nothing of it is lost unseen.
pub fn write(
    home: &Home,
    place: &Place,
    created: &Created,
    genesis: &Genesis,
    file: &File,
) -> Result<(), FoundingError> {
    let socket = format!("unix://{}", absolute(home)?.join("abci.sock").display());
    // What was set by hand and the command says nothing of stays.
    let before = match home.config_path().exists() {
        true => Some(home.read_config()?),
        false => None,
    };
    let before = before.as_ref();
    let own = before.filter(|config| !config.abci.ends_with("/abci.sock"));
    let abci = own.map_or(socket, |config| config.abci.clone());
    let rpc = place.rpc.unwrap_or(RPC);
    let engine_rpc = match (place.rpc, before) {
        (None, Some(config)) => config.engine_rpc.clone(),
        _ => format!("http://{rpc}"),
    };
    home.write_config(&Config {
        abci: abci.clone(),
        grpc: place
            .grpc
            .or(before.map(|config| config.grpc))
            .unwrap_or(GRPC),
        grpc_proxies: before
            .map(|config| config.grpc_proxies.clone())
            .unwrap_or_default(),
        engine_rpc,
        metrics: place.metrics.or(before.and_then(|config| config.metrics)),
        share_with: place.shares_go_to(before),
        retain_blocks: before.map_or(place.retain_blocks, |config| config.retain_blocks),
        root: RootConfig {
            endpoints: place.endpoints(before),
            registry: created.registry,
            deployed_at: created.block,
        },
    })?;
    home.write_genesis(file)?;
    let block_time_ms = genesis.parameters.block_time_ms;
    let pace = match place.one_machine {
        true => EnginePace::local(block_time_ms),
        false => EnginePace::network(block_time_ms),
    };
    let mut settings = Settings::local(abci, rpc, place.p2p.unwrap_or(P2P), pace);
    if let Some(moniker) = &place.moniker {
        settings.moniker.clone_from(moniker);
    }
    settings.peers.clone_from(&place.peers);
    settings.private = place.private;
    settings.statesync.clone_from(&place.statesync);
    let engine = home.engine();
    engine.merge_config(&CometConfig::new(&settings), &place.unnamed())?;
    engine.write_genesis(&engine_genesis(created.chain_id(), genesis, file)?)?;
    Ok(())
}

/// Makes the sign state of a founder's checkpoint key that cannot have signed yet: root has accepted no checkpoint, this folder has
/// never held a state of the chain, the consensus key in it is the one that the founder registered with that checkpoint key, and the engine's
/// own sign state is there and empty. It is made with the consensus key, so where it is gone the folder has lost data after it may have signed;
/// and a checkpoint key beside another consensus key was copied from where it may have signed. Any other start without one is the operator's
/// decision, and has a flag. `open` opens the key file and gives its public key.
///
/// # Errors
/// [`FoundingError`] with the file that could not be read or written, or why the key file does not open.
pub fn ensure_sign_state<E: From<FoundingError>>(
    home: &Home,
    deployment: [u8; 20],
    genesis: &Genesis,
    accepted: u64,
    open: impl FnOnce(&Path) -> Result<[u8; bls::KEY_BYTES], E>,
) -> Result<(), E> {
    let (path, key) = (home.sign_state_path(), home.checkpoint_key_path());
    if accepted > 0 || path.exists() || home.store_path().exists() || !key.exists() {
        return Ok(());
    }
    if home.engine().last_vote().map_err(FoundingError::from)? != Some(0) {
        return Ok(());
    }
    if !home.engine().consensus_key_path().exists() {
        return Ok(());
    }
    let consensus = home.engine().consensus_key();
    let consensus = consensus.map_err(FoundingError::from)?;
    let key = open(&key)?;
    let mut operators = genesis.operators.iter();
    if operators.any(|founder| (founder.consensus_key, founder.checkpoint_key) == (consensus, key))
    {
        let identity = SignStateIdentity { deployment, key };
        SignState::create(&path, identity, 0).map_err(FoundingError::from)?;
    }
    Ok(())
}

/// The engine's genesis of a network with this chain id.
///
/// # Errors
/// [`FoundingError::Comet`] when CometBFT would not start with it.
pub(super) fn engine_genesis(
    chain_id: String,
    genesis: &Genesis,
    file: &File,
) -> Result<CometGenesis, FoundingError> {
    let parameters = &genesis.parameters;
    let validators = genesis.operators.iter().enumerate();
    let validators = validators
        .map(|(number, operator)| ValidatorPart {
            key: operator.consensus_key,
            power: u64::try_from(operator.stake / parameters.unit).unwrap_or(u64::MAX),
            name: format!("operator{number}"),
        })
        .collect();
    let app_state = serde_json::to_value(file)
        .map_err(|error| FoundingError::Plan(format!("the genesis as JSON: {error}")))?;
    Ok(CometGenesis::new(GenesisParts {
        time_secs: file.root.time,
        chain_id,
        max_block_bytes: parameters.max_block_bytes,
        max_evidence_bytes: u64::from(parameters.max_evidence_bytes),
        evidence_age_blocks: parameters.evidence_age_blocks,
        evidence_age_secs: parameters.evidence_age_secs,
        validators,
        app_hash: Vec::new(),
        app_state,
    })?)
}

fn absolute(home: &Home) -> Result<PathBuf, FoundingError> {
    let path = home.path();
    fs::create_dir_all(path)
        .and_then(|()| fs::canonicalize(path))
        .map_err(|source| FoundingError::Io {
            path: path.to_owned(),
            source,
        })
}

#[cfg(test)]
mod tests;
