//! `plasmid start`: one node, wired together and run until it is asked to stop or has to.
//!
//! ```text
//! root endpoints ─▶ Follower ─▶ root::Root ─┐
//! checkpoint key ─▶ SignState ──────────────┼─▶ App ◀─ ABCI socket ◀─ CometBFT
//! store ────────────────────────────────────┘    └─▶ Served ─▶ gRPC
//! ```

use std::{
    convert::Infallible, path::PathBuf, sync::Arc, sync::Mutex, sync::PoisonError, time::Duration,
};

use alloy_primitives::{Address, B256};
use plasmid_bridge::{
    client::{
        ceremony::Created,
        follower::Follower,
        relayer,
        rpc::{Limits as RpcLimits, Rpc},
    },
    proof::bls,
    relay::inbox::{Anchor, Config as FollowConfig, Finality},
};

use super::{
    broadcast::Engine,
    comet,
    config::{ConfigError, Home},
    descriptors::{self, TooFew},
    development::{self, Published},
    guard::Guard,
    keystore::{self, KeystoreError},
    metrics::{self, MetricsError},
    root::{Root, RootRefusal},
    served::{self, Served},
    shutdown,
    sign_state::{Identity, SignState, SignStateError},
};
use crate::{
    app::{
        App, Surroundings, identity,
        pool::Limits as PoolLimits,
        ports::{Outlook, Signer},
        reads::{Facts, Source},
    },
    chain::{extension, genesis::file::Loaded as Genesis, sets},
    engine::abci::{Address as AbciAddress, AddressError, Alarm, Fault, Limits, Server},
    ledger::{Slot, leaf::InboxLeaf, parameters::FinalityRule},
    rpc::{self, Backends, ServeError},
    store::{self, StoreError},
};

/// How long the root chain may take to answer at the start.
const ROOT_PATIENCE: Duration = Duration::from_secs(20);
/// How often the root's standing is looked at while the node runs.
const ROOT_WATCH: Duration = Duration::from_secs(2);

/// How a node is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its folder.
    pub home: PathBuf,
    /// The password of the checkpoint key; a node without that key only follows.
    pub password: Option<String>,
    /// Executes every segment again from its witness; a difference stops the node.
    pub verify_segments: bool,
    /// Allows a fresh sign state for a key that has none: only for a key that never signed in this deployment.
    pub new_sign_state: bool,
}

/// Why a node does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Descriptors(#[from] TooFew),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    #[error(transparent)]
    Published(#[from] Published),
    #[error(transparent)]
    SignState(#[from] SignStateError),
    #[error(transparent)]
    Store(#[from] StoreError),
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
    #[error(transparent)]
    Alarm(#[from] Alarm),
    #[error("the checkpoint key's file holds no key of the curve")]
    BadKey,
    #[error("the checkpoint key is encrypted: name the file of its password with --password-file")]
    NoPassword,
    #[error("address {text:?}: {why}")]
    Address { text: String, why: String },
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
    let contracts = served::contracts(config.root.registry, &genesis);
    let facts = Facts {
        chain_id: genesis.deployment.chain_id.clone(),
        domain: genesis.deployment.domain,
        parameters,
        contracts: contracts.map_err(StartError::OtherDeployment)?,
    };
    let signer = open_signer(options, &home, &genesis)?;
    let signs = signer.is_some();
    let (books, loaded) = store::open(&home.store_path(), identity(&genesis))?;
    if let Some(warning) = loaded.as_ref().and_then(|loaded| loaded.warning.as_ref()) {
        tracing::warn!(%warning, "store");
    }
    let anchor = match &loaded {
        Some(loaded) => anchor(&loaded.tree)?,
        None => Anchor::GENESIS,
    };
    let follow = follow_config(&genesis, &facts, config.root.deployed_at);
    let follower = Follower::start(follow, anchor, &config.root.endpoints)?;
    let root = Root::of(&follower);
    wait_root(&root).await?;
    let surroundings = Surroundings {
        store: Arc::new(books),
        outlook: Arc::new(RootOutlook(root.clone(), parameters.challenge_secs)),
        signer,
        pool: PoolLimits::default(),
        reexecute: options.verify_segments,
        retain_blocks: config.retained(parameters.evidence_age_blocks)?,
    };
    let app = Arc::new(App::new(genesis, loaded, surroundings).map_err(StartError::Fault)?);
    let endpoint = config.root.endpoints.first().cloned().unwrap_or_default();
    let served = Arc::new(Served::new(Arc::clone(&app), root.clone(), facts));
    let source: Arc<dyn Source> = served.clone();
    let guard = Arc::new(Guard::new(Arc::clone(&app), Arc::clone(&source)));
    let engine = Engine::new(&config.engine_rpc).map_err(|error| StartError::Address {
        text: config.engine_rpc.clone(),
        why: error.to_string(),
    })?;
    let backends = Backends {
        source,
        shares: served,
        engine: Arc::new(engine),
        root: Arc::new(Rpc::new(&endpoint, RpcLimits::default())?),
        counts: Arc::default(),
    };
    let address: AbciAddress = config.abci.parse()?;
    let limits = Limits::new(
        parameters.max_block_bytes,
        parameters.seats,
        extension::EXTENSION_LONG,
    );
    let server = Server::bind(&address, limits).await?;
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
        outcome = server.run(guard, shutdown::requested()) => outcome.map_err(StartError::from),
        outcome = rpc::serve(config.grpc, backends, connections, std::future::pending()) => outcome.map_err(StartError::from),
        never = watch_root(&root) => match never {},
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

/// The checkpoint key with its sign state; none when the folder has no key.
fn open_signer(
    options: &Options,
    home: &Home,
    genesis: &Genesis,
) -> Result<Option<Box<dyn Signer>>, StartError> {
    let path = home.checkpoint_key_path();
    if !path.exists() {
        tracing::info!("no checkpoint key: this node follows and signs nothing");
        return Ok(None);
    }
    let root_chain_id = genesis.genesis.parameters.root_chain_id;
    let password = options.password.as_deref().ok_or(StartError::NoPassword)?;
    let (_, secret) = keystore::open(&path, password)?;
    development::refuse_published("the checkpoint key", &secret, root_chain_id)?;
    if let Ok(seed) = comet::keys::read_consensus_key(&home.engine().consensus_key_path()) {
        development::refuse_published("the consensus key", &seed, root_chain_id)?;
    }
    let key = bls::SecretKey::from_bytes(&secret).map_err(|_| StartError::BadKey)?;
    let identity = Identity {
        deployment: genesis.deployment.domain.deployment,
        key: key.public_key(),
    };
    let path = home.sign_state_path();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|source| ConfigError::Io {
            path: folder.to_owned(),
            source,
        })?;
    }
    let fresh = !path.exists() && (options.new_sign_state || !home.store_path().exists());
    let state = if fresh {
        SignState::create(&path, identity)?
    } else {
        SignState::open(&path, identity)?
    };
    Ok(Some(Box::new(CheckpointSigner {
        key,
        state: Mutex::new(state),
    })))
}

fn anchor(tree: &crate::chain::tree::Tree) -> Result<Anchor, StartError> {
    let inbox: InboxLeaf = sets::genesis_leaf(tree, &Slot::Inbox)
        .map_err(|fault| StartError::Fault(Fault::new(fault)))?;
    Ok(Anchor {
        index: inbox.cursor,
        link: B256::from(inbox.hash),
        root_height: 0,
    })
}

fn follow_config(genesis: &Genesis, facts: &Facts, deployed_at: u64) -> FollowConfig {
    let parameters = &facts.parameters;
    FollowConfig {
        finality: match parameters.finality_rule {
            FinalityRule::Tag => Finality::Tag,
            FinalityRule::Depth => Finality::Depth(parameters.finality_depth),
        },
        ..base_config(
            parameters.root_chain_id,
            facts.contracts.inbox,
            facts.contracts.root_chain,
            deployed_at,
            genesis.root.parent_block_hash,
        )
    }
}

/// What a relayer follows: the deployment as root says it.
pub fn follow(created: &Created) -> FollowConfig {
    FollowConfig {
        kept_messages: relayer::KEPT_MESSAGES,
        ..base_config(
            created.root_chain_id,
            created.inbox,
            created.root_chain,
            created.block,
            created.parent_hash,
        )
    }
}

fn base_config(
    root_chain_id: u64,
    inbox: Address,
    root_chain: Address,
    deployed_at: u64,
    parent_hash: B256,
) -> FollowConfig {
    FollowConfig {
        root_chain_id,
        inbox,
        root_chain,
        deployed_at,
        parent_hash,
        finality: Finality::Tag,
        range: 1_000,
        kept_messages: 4_096,
        kept_checkpoints: 4_096,
        poll_ms: 250,
        longest_wait_ms: 10_000,
        patience_ms: 10_000,
    }
}

/// Waits until the root chain is known or has refused; a silent one is left to answer later.
async fn wait_root(root: &Root) -> Result<(), StartError> {
    let deadline = tokio::time::Instant::now() + ROOT_PATIENCE;
    while tokio::time::Instant::now() < deadline {
        root.check()?;
        if root.finalized().is_some() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tracing::warn!("the root chain does not answer: this node reports nothing until it does");
    Ok(())
}

/// Says when an endpoint shows a history that is not this chain's, and when that is over. The node goes on without reports: an endpoint
/// that lies while it runs must not be able to stop it, or one provider with a third of the validators could stop the chain.
async fn watch_root(root: &Root) -> Infallible {
    let mut known = Ok(());
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

/// The follower as the application asks it, and the challenge window in seconds.
struct RootOutlook(Root, u64);

impl Outlook for RootOutlook {
    fn report(&self, cursor: u64, hash: B256, limit: u64) -> Option<(u64, B256)> {
        self.0.report(cursor, hash, limit)
    }

    fn message(&self, index: u64) -> Option<Vec<u8>> {
        let known = self.0.messages(index.checked_sub(1)?, index)?;
        known.first().map(|message| message.bytes.to_vec())
    }

    fn consumed(&self, cursor: u64, hash: B256) {
        self.0.consumed(cursor, hash);
    }

    fn settled(&self) -> u64 {
        self.0.settled(self.1)
    }
}

/// The checkpoint key, which signs nothing that the sign state does not hold.
struct CheckpointSigner {
    key: bls::SecretKey,
    state: Mutex<SignState>,
}

impl Signer for CheckpointSigner {
    fn key(&self) -> [u8; 96] {
        self.key.public_key()
    }

    fn share(&self, epoch: u64, digest: &B256) -> Option<[u8; 192]> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.record(epoch, *digest) {
            Ok(_) => Some(self.key.sign_checkpoint(digest)),
            Err(error) => {
                tracing::error!(epoch, %digest, %error, "no share was signed");
                None
            }
        }
    }
}
