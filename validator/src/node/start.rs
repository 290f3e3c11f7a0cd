//! `plasmid start`: one node, wired together and run until it is asked to stop or has to.
//!
//! ```text
//! root endpoints ─▶ Follower ─▶ root::RootReader ─┐
//! checkpoint key ─▶ SignState ────────────────────┼─▶ App ◀─ ABCI socket ◀─ CometBFT
//! store ──────────────────────────────────────────┘    ├─▶ Served ─▶ gRPC
//!                                                      └─▶ duty ─▶ shares over what root has not accepted ─▶ other nodes
//! ```

use std::{convert::Infallible, path::PathBuf, sync::Arc, time::Duration};

use alloy_primitives::{Address, B256};
use plasmid_bridge::{
    abi,
    client::{
        follower::Follower,
        position::PositionFile,
        rpc::{Limits as RpcLimits, Rpc},
    },
    relay::{config::Config as FollowConfig, seen::Anchor},
};

use super::{
    broadcast::Engine,
    comet::{self, CometError, statesync::MAX_CHUNK_BYTES},
    config::{ConfigError, Home},
    descriptors::{self, TooFew},
    duty, founding,
    joining::params,
    keystore::Password,
    metrics::{self, MetricsError},
    root::{Keeping, RootOutlook, RootReader, RootRefusal},
    signer::{self, KeyTerms, KeyWatch, KeysError, OlderCopy, Reach},
    state_file::StateFileError,
};
use crate::{
    app::{
        App, Surroundings,
        guard::Guard,
        pool::Limits as PoolLimits,
        ports::Sight,
        reads::{Contracts, Facts, Served, Source},
    },
    chain::{
        committed, extension,
        genesis::file::{Loaded as Genesis, MAX_FILE_BYTES},
        tree::PastLimit,
    },
    engine::abci::{Address as AbciAddress, AddressError, Alarm, Fault, Limits, Server},
    ledger::{Parameters, Slot, leaf::InboxLeaf},
    plain,
    rpc::{self, Backends, Listen, ServeError},
    store::StoreError,
};

mod early;

use early::{Beginning, EngineSide};

/// How long the root chain may take to answer at the start.
const ROOT_PATIENCE: Duration = Duration::from_secs(20);
/// How often the root's standing is looked at while the node runs.
const ROOT_WATCH: Duration = Duration::from_secs(2);
/// Block times are counted in nanoseconds.
const NANOS: u64 = 1_000_000_000;

/// How a node is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its folder.
    pub home: PathBuf,
    /// The password of the checkpoint key; a node without that key only follows.
    pub password: Option<Password>,
    /// Executes every segment again from its witness, and asks what a court would say of it; a difference stops the node.
    pub verify_segments: bool,
    /// Allows a fresh sign state for a key that has none: only for a key that never signed in this deployment.
    pub new_sign_state: bool,
    /// CometBFT's files are not in this folder, and are not checked.
    pub engine_elsewhere: bool,
}

/// Why a node does not start, or stopped.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum StartError {
    #[error(transparent)]
    Descriptors(#[from] TooFew),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Comet(#[from] CometError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    OldState(#[from] StateFileError),
    #[error(transparent)]
    Root(#[from] RootRefusal),
    #[error(transparent)]
    Abci(#[from] AddressError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    #[error(transparent)]
    Rpc(#[from] plasmid_bridge::client::rpc::RpcError),
    #[error("{0}")]
    Fault(Fault),
    #[error(
        "what follows the root chain ended by itself, as this node's log says: start the node again, and report it"
    )]
    FollowerEnded,
    #[error(transparent)]
    Alarm(#[from] Alarm),
    #[error("address {place}: {why}")]
    Address { place: String, why: String },
    #[error("{0}; correct plasmid.toml or genesis.json")]
    OtherDeployment(String),
}

/// A node that answers.
#[derive(Clone, Debug)]
pub struct Ready {
    /// The chain id.
    pub chain_id: String,
    /// The height that it begins with; zero: genesis.
    pub height: u64,
    /// Where the engine connects.
    pub abci: String,
    /// Where gRPC is served.
    pub grpc: String,
    /// Whether it signs checkpoints.
    pub signs: bool,
}

/// Runs a node until it is asked to stop; `ready` is told once it answers.
///
/// # Errors
/// [`StartError`] with what to do; an [`Alarm`] when the node found itself broken.
pub async fn run(options: &Options, ready: impl FnOnce(&Ready)) -> Result<(), StartError> {
    let connections = descriptors::raise()?;
    let home = Home::new(&options.home);
    let config = home.read_config()?;
    let genesis = home.read_genesis()?;
    let parameters = genesis.genesis.parameters;
    let contracts = contracts(config.root.registry, &genesis);
    let facts = Facts {
        chain_id: genesis.deployment.chain_id.clone(),
        domain: genesis.deployment.domain,
        parameters,
        contracts: contracts.map_err(StartError::OtherDeployment)?,
    };
    let others = duty::others(&config.share_with).map_err(|(text, why)| StartError::Address {
        place: plain::place(&text),
        why: why.to_string(),
    })?;
    let mut takes_snapshots = false;
    if !options.engine_elsewhere {
        let block_time_ms = parameters.block_time_ms;
        home.engine().check_config(&config.abci, block_time_ms)?;
        takes_snapshots = home.engine().takes_snapshots()?;
    }
    let address: AbciAddress = config.abci.parse()?;
    let limits = limits(&parameters, takes_snapshots);
    let folder = (&home, &config, &genesis);
    let beginning = early::begin(folder, takes_snapshots, (&address, limits)).await?;
    let (books, loaded, early) = match beginning {
        Beginning::Store(books, loaded) => (books, loaded, None),
        Beginning::Answered(books, loaded, early) => (books, loaded, Some(early)),
        Beginning::Stopped => return Ok(()),
    };
    if let Some(warning) = loaded.as_ref().and_then(|loaded| loaded.warning.as_ref()) {
        tracing::warn!(%warning, "store");
    }
    let (tree, height, anchor) = match &loaded {
        Some(loaded) => (&loaded.tree, loaded.block.height, anchor(&loaded.tree)?),
        None => (&genesis.built.tree, 0, Anchor::GENESIS),
    };
    let terms = KeyTerms {
        password: options.password.as_ref(),
        engine_elsewhere: options.engine_elsewhere,
    };
    let key = signer::open(terms, &home, &genesis, tree, height)?;
    let signs = key.is_some();
    // A state that is there is opened before root is waited for, so that what is wrong with it is said at once.
    let fresh = options.new_sign_state && !home.sign_state_path().exists();
    let held = key.as_ref().filter(|_| !fresh);
    let held = held
        .map(|key| key.open_state(&home, tree, height))
        .transpose()?;
    let follow = follow_config(&genesis, &facts, config.root.deployed_at);
    let position = PositionFile::open(&home.root_position_path(), follow.deployment);
    let position = position.up_to(anchor.index);
    let follower = Follower::start(follow, anchor, Some(position), &config.root.endpoints)?;
    let root = RootReader::of(&follower);
    wait_root(&root, ROOT_PATIENCE).await?;
    let signer = match (key, held) {
        (None, _) => None,
        (Some(key), Some(state)) => Some(key.signer(state)),
        (Some(key), None) => {
            let time = loaded.as_ref().map(|loaded| loaded.block.time / NANOS);
            let reach = Reach::of(height, time.unwrap_or(genesis.root.time), &parameters);
            let state = key.new_state(&home, &genesis.built.members, &root.view(), reach)?;
            Some(key.signer(state))
        }
    };
    let own_votes = OlderCopy::watching(terms, &home)?;
    let own_key = signer.as_ref().map(|signer| signer.key());
    let surroundings = Surroundings {
        store: Arc::new(books),
        outlook: Arc::new(RootOutlook(root.clone(), Keeping::of(&parameters))),
        signer,
        own_votes,
        pool: PoolLimits::default(),
        reexecute: options.verify_segments,
        retain_blocks: config.retained(parameters.evidence_age_blocks)?,
        past: PastLimit::MAX,
    };
    let app = Arc::new(App::new(genesis, loaded, surroundings).map_err(StartError::Fault)?);
    let endpoint = config.root.endpoints.first().cloned().unwrap_or_default();
    let sight = Arc::new(root.clone());
    let served = Arc::new(Served::new(Arc::clone(&app), sight, facts));
    let source: Arc<dyn Source> = served.clone();
    let guard = Arc::new(Guard::new(Arc::clone(&app), Arc::clone(&source)));
    let engine =
        Engine::new(&config.engine_rpc, Arc::clone(&app)).map_err(|error| StartError::Address {
            place: plain::place(&config.engine_rpc),
            why: error.to_string(),
        })?;
    let engine = Arc::new(engine);
    let backends = Backends {
        source,
        shares: served.clone(),
        engine: engine.clone(),
        votes: engine.clone(),
        root: Arc::new(Rpc::new(&endpoint, RpcLimits::default())?),
        counts: Arc::default(),
    };
    let asked = comet::Client::with_url(config.engine_rpc.clone()).map_err(CometError::from)?;
    let keys = KeyWatch {
        engine: asked.clone(),
        engine_elsewhere: options.engine_elsewhere,
        home,
        app: Arc::clone(&app),
        served,
        own: own_key,
        others: others.clone(),
    };
    let listen = Listen {
        address: config.grpc,
        limits: connections,
        proxies: config.grpc_proxies,
    };
    let server = match early {
        Some(early) => EngineSide::Early(early),
        None => EngineSide::Bound(Server::bind(&address, limits).await?),
    };
    let watched = (Arc::clone(&backends.source), Arc::clone(&backends.counts));
    let told = Ready {
        chain_id: app.deployment().chain_id.clone(),
        height: app.state().tip.height,
        abci: address.to_string(),
        grpc: config.grpc.to_string(),
        signs,
    };
    tracing::info!(
        abci = told.abci,
        grpc = told.grpc,
        chain = told.chain_id,
        "node started"
    );
    ready(&told);
    let outcome = tokio::select! {
        outcome = server.serve(guard, engine.part()) => outcome,
        outcome = duty::run(Arc::clone(&app), root.clone(), others) => match outcome {
            Ok(never) => match never {},
            Err(fault) => Err(StartError::Fault(fault)),
        },
        outcome = rpc::serve(listen, backends) => outcome.map_err(StartError::from),
        never = watch_root(&root) => match never {},
        never = engine.pack() => match never {},
        () = follower.ended() => Err(StartError::FollowerEnded),
        error = keys.run() => Err(error.into()),
        Err(differs) = params::compared(&asked, &app, height > 0) => Err(StartError::Fault(differs)),
        outcome = metrics::serve(config.metrics, watched) => match outcome {
            Ok(never) => match never {},
            Err(error) => Err(error.into()),
        },
    };
    // What was committed becomes durable, however the node ends.
    app.store().flush()?;
    drop(follower);
    outcome
}

/// What the engine may send.
fn limits(parameters: &Parameters, takes_snapshots: bool) -> Limits {
    // InitChain carries the genesis, with the spaces that indent it in CometBFT's file.
    let mut largest = parameters.max_block_bytes.max(2 * MAX_FILE_BYTES);
    if takes_snapshots {
        largest = largest.max(MAX_CHUNK_BYTES);
    }
    Limits::new(largest, parameters.seats, extension::EXTENSION_LATE)
}

/// The contracts that the Registry of the configuration made, which must be the genesis's.
fn contracts(registry: Address, genesis: &Genesis) -> Result<Contracts, String> {
    let [inbox, vault, root_chain] = abi::created_by(registry);
    let stated = Address::from(genesis.deployment.domain.root_chain);
    if stated != root_chain {
        return Err(format!(
            "the Registry of plasmid.toml makes RootChain {root_chain}, and genesis.json names {stated}"
        ));
    }
    Ok(Contracts {
        registry,
        inbox,
        vault,
        root_chain,
    })
}

fn anchor(tree: &crate::chain::tree::Tree) -> Result<Anchor, StartError> {
    let inbox: InboxLeaf = committed::genesis_leaf(tree, &Slot::Inbox)
        .map_err(|fault| StartError::Fault(Fault::new(fault)))?;
    Ok(Anchor {
        index: inbox.cursor,
        link: B256::from(inbox.link),
        root_height: 0,
    })
}

fn follow_config(genesis: &Genesis, facts: &Facts, deployed_at: u64) -> FollowConfig {
    let parameters = &facts.parameters;
    FollowConfig::new(
        founding::finality(parameters),
        genesis.deployment.domain.deployment,
        parameters.root_chain_id,
        facts.contracts.inbox,
        facts.contracts.root_chain,
        deployed_at,
        genesis.root.parent_block_hash,
    )
}

/// Waits until the root chain is known or has refused; a silent one is left to answer later.
async fn wait_root(root: &RootReader, patience: Duration) -> Result<(), StartError> {
    let deadline = tokio::time::Instant::now() + patience;
    while tokio::time::Instant::now() < deadline {
        match root.check() {
            Err(RootRefusal::Shorter { .. }) => {}
            checked => {
                checked?;
                if root.finalized().is_some() {
                    return Ok(());
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    match root.check() {
        // It lags behind what others have seen, and may do so for as long as it could be silent.
        Err(error @ RootRefusal::Shorter { .. }) => {
            tracing::warn!(%error, "this node reports nothing of the root chain until it has caught up");
            Ok(())
        }
        Err(error) => Err(error.into()),
        Ok(()) => {
            tracing::warn!(
                "the root chain does not answer: this node reports nothing until it does"
            );
            Ok(())
        }
    }
}

/// Says when an endpoint shows a history that is not this chain's, and when that is over. The node goes on without reports: an endpoint
/// that lies while it runs must not be able to stop it, or one provider with a third of the validators could stop the chain.
async fn watch_root(root: &RootReader) -> Infallible {
    // What was said at the start is not said again.
    let mut known = root.check();
    loop {
        tokio::time::sleep(ROOT_WATCH).await;
        let seen = root.check();
        if seen == known {
            continue;
        }
        match &seen {
            Ok(()) => tracing::info!("the endpoints of the root chain show this chain's history"),
            Err(error) => tracing::error!(%error, "nothing is reported of the root chain"),
        }
        known = seen;
    }
}

#[cfg(test)]
mod tests;
