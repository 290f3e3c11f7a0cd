//! A local network of real processes whose way to root can be made to fail: anvil, four `plasmid start` under four CometBFT, a relayer.
//!
//! ```text
//! anvil ◀─ Proxy ─ node n's first endpoint        (Running::ways[n][0])
//!       ◀─ Proxy ─ node n's second endpoint       (Running::ways[n][1]; a lone node has none)
//!       ◀─ Proxy ─ the relayer                    (Running::relayer)
//!       ◀──────── people, and the checks
//! ```
//! A test reads as a story over it, and waits with deadlines that are only there to end a run that cannot succeed. After each story
//! [`Running::agree`] compares every app hash of every node and the sums of both chains.

use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy_primitives::Address;
use plasmid::ledger::{Domain, Parameters};
use plasmid::localnet::anvil::{Anvil, Options as AnvilOptions};
use plasmid::localnet::process::Child;
use plasmid::localnet::run::{Network, Options};
use plasmid::localnet::tools::RootTools;
use plasmid::localnet::{Joined, Local, ROOT_CHAIN_ID};
use plasmid::node::comet::Client;
use plasmid::node::config::{Config, Home};
use plasmid::node::tools::Tools;
use plasmid_bridge::abi;
use plasmid_bridge::client::rpc::{Limits, Rpc};
use tonic::transport::Channel;

use crate::pace::Turns;
use crate::thieves::rob::fill_sign_state;

mod agreement;
pub mod fork;
pub mod garbage;
mod money;
pub mod proxy;
pub mod raw;
mod reads;
mod storm;
mod typing;

pub use money::{NATIVE, Person, message_index, operator, person};
use proxy::{Behaviour, Proxy};
pub use reads::{channel_from, member};
pub use storm::Storm;

/// The longest that a story waits for one thing.
const PATIENCE: Duration = Duration::from_secs(150);
/// How often a node that is attacked has to take its turn.
const TURNS: usize = 2;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// What a network is started with.
#[derive(Clone, Debug)]
pub struct Plan {
    /// For garbage and choices; printed.
    pub seed: u64,
    /// The child's parameters.
    pub parameters: Parameters,
    /// Nodes with one endpoint instead of two.
    pub lone: Vec<usize>,
    /// How many files each node may have open. When absent, a node has the limit of this process.
    pub max_open_files: Option<u32>,
    /// Changes the configuration of a node, which is named by its number, before it starts.
    pub configure: fn(usize, &mut Config),
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 0,
            parameters: Parameters {
                epoch_blocks: 48,
                inbox_batch: 8,
                inbox_interval_ms: 1_000,
                block_time_ms: crate::block_time_ms(3 * Parameters::fast().block_time_ms),
                ..Parameters::local()
            },
            lone: Vec::new(),
            max_open_files: None,
            configure: |_, _| {},
        }
    }
}

/// A running network. Dropped, all its processes are killed; its folder is kept when a test failed.
pub struct Running {
    /// Its processes.
    pub network: Network,
    /// Each node's ways to root, in the order of its configuration.
    pub ways: Vec<Vec<Proxy>>,
    /// The relayer's way to root.
    pub relayer: Proxy,
    /// Straight to root.
    pub rpc: Arc<Rpc>,
    /// The Vault.
    pub vault: Address,
    /// The Inbox.
    pub inbox: Address,
    /// RootChain.
    pub root_chain: Address,
    /// What transactions are signed for.
    pub domain: Domain,
    channels: Vec<Channel>,
    compared: u64,
    _folder: Folder,
}

/// A folder that stays when a test failed.
struct Folder(Option<tempfile::TempDir>);

impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(folder) = self.0.take()
        {
            eprintln!("logs and state: {}", folder.keep().display());
        }
    }
}

impl Running {
    /// Founds a network of four validators and starts all of it.
    ///
    /// # Panics
    /// When a part does not start.
    pub async fn start(plan: &Plan) -> Self {
        println!("seed {}", plan.seed);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = Options {
            folder: folder.path().join("net"),
            validators: Some(4),
            parameters: plan.parameters,
            retain_blocks: 0,
            first_port: None,
            root_idle_secs: 1,
            reset: false,
            verify_segments: true,
            tools: None,
        };
        let mut network = Network::open(&options, &mut |text| println!("{text}"))
            .await
            .expect("the network is founded");
        network.program = Some(match plan.max_open_files {
            Some(limit) => limited(folder.path(), limit),
            None => crate::binary(),
        });
        let upstream = network.anvil.url().to_owned();
        let ways = ways(&network, plan, &upstream).await;
        network.start_nodes().await.expect("the nodes start");
        let relayer = Proxy::start(&upstream, plan.seed ^ 0xff).await;
        let [inbox, vault, root_chain] = abi::created_by(network.local.registry);
        let loaded = Local::home(&network.folder, 0)
            .read_genesis()
            .expect("the genesis is sound");
        let channels = (0..network.nodes.len())
            .map(|number| {
                Channel::from_shared(network.grpc(number))
                    .expect("an address")
                    .connect_lazy()
            })
            .collect();
        let mut running = Self {
            rpc: Arc::new(Rpc::new(&upstream, Limits::default()).expect("an address")),
            vault,
            inbox,
            root_chain,
            domain: loaded.deployment.domain,
            network,
            ways,
            relayer,
            channels,
            compared: 0,
            _folder: Folder(Some(folder)),
        };
        running.start_relayer();
        running
    }

    /// Starts the relayer behind its own proxy.
    fn start_relayer(&mut self) {
        let network = &self.network;
        let mut command = crate::plasmid();
        command
            .args(["relay", "--from", "relayer", "--output", "json"])
            .args(["--patience", "0"])
            .args(["--node", &network.grpc(0), "--also-node", &network.grpc(1)])
            .args(["--root", self.relayer.url()])
            .args(["--registry", &network.local.registry.to_string()])
            .arg("--keys")
            .arg(network.folder.join("keys"))
            .arg("--password-file")
            .arg(network.password_file());
        let log = network.folder.join("relayer.log");
        let child = Child::spawn("relayer", command, &log).expect("the relayer starts");
        self.network.relayer = Some(child);
    }

    /// Every way of these nodes to root, and the relayer's if `relayer`, behaves like this.
    pub fn behave(&self, nodes: &[usize], relayer: bool, behaviour: &Behaviour) {
        for way in nodes.iter().flat_map(|number| &self.ways[*number]) {
            way.behave(behaviour.clone());
        }
        if relayer {
            self.relayer.behave(behaviour.clone());
        }
    }

    /// Ends anvil, which writes its state; root is down until [`Running::resume_root`].
    ///
    /// # Panics
    /// When it cannot be ended.
    pub async fn end_root(&mut self) {
        let anvil = &mut self.network.anvil;
        anvil
            .stop(Duration::from_secs(20))
            .await
            .expect("anvil ends");
    }

    /// Starts anvil again, with its state.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn resume_root(&mut self) {
        let options = AnvilOptions {
            port: self.network.local.root_port,
            chain_id: ROOT_CHAIN_ID,
            block_time_secs: 1,
            idle_block_time_secs: 1,
            folder: self.network.folder.join("root"),
        };
        let program = tokio::task::spawn_blocking(|| RootTools::ensure(&Tools::new(None)))
            .await
            .expect("no panic")
            .expect("the root tools are installed")
            .anvil;
        self.network.anvil = Anvil::start(&program, &options)
            .await
            .expect("anvil starts again");
    }

    /// Ends the application of a node, and waits until its engine has ended by itself, because it lost its application.
    ///
    /// The application ends when the engine takes part in consensus, and not before: CometBFT 0.38.25 does not end while it catches up, nor
    /// in the moment after, when it says that it has caught up and its consensus has not begun.
    ///
    /// # Panics
    /// When a part does not end.
    pub async fn stop_node(&mut self, number: usize) {
        let engine = self.engine(number);
        let height = async || {
            let sync = engine.status().await.ok()?.sync_info;
            (!sync.catching_up).then_some(sync.latest_block_height.value())
        };
        let caught_up = self.until("the node has caught up", |_| height()).await;
        // After that, its consensus alone makes blocks.
        self.until("it takes part in consensus", async |_| {
            (height().await? > caught_up).then_some(())
        })
        .await;
        let mut node = self.network.nodes[number].take().expect("the node runs");
        let before = crate::losses(node.engine.process());
        node.app.stop(PATIENCE).await.expect("the application ends");
        crate::ends_with_its_application(node.engine.process(), before).await;
    }

    /// Starts a node that was stopped.
    ///
    /// # Panics
    /// When a part does not start.
    pub async fn start_node(&mut self, number: usize) {
        self.network
            .start_node(number)
            .await
            .expect("the node starts");
    }

    /// One more operator registers, and its node starts, with straight ways to root.
    ///
    /// # Panics
    /// When root refuses it, or a part does not start.
    pub async fn join(&mut self) -> Joined {
        let joined = self.network.join().await.expect("the operator registers");
        self.follows(joined).await
    }

    /// The operator of a validator registers new keys, and a second node of it starts with them, with straight ways to root.
    ///
    /// # Panics
    /// As [`Running::join`].
    pub async fn rotate(&mut self, operator: usize) -> Joined {
        let rotated = self.network.rotate(operator).await;
        self.follows(rotated.expect("the operator registers")).await
    }

    async fn follows(&mut self, joined: Joined) -> Joined {
        self.ways.push(Vec::new());
        let url = self.network.grpc(joined.number);
        let channel = Channel::from_shared(url).expect("an address");
        self.channels.push(channel.connect_lazy());
        self.start_node(joined.number).await;
        joined
    }

    /// A client of a node's engine.
    ///
    /// # Panics
    /// When its configuration cannot be read.
    #[must_use]
    pub fn engine(&self, number: usize) -> Client {
        let config = self.home(number).read_config();
        let url = config.expect("its configuration").engine_rpc;
        Client::with_url(url).expect("the address of its engine")
    }

    /// Waits until the validator of a node has taken its turn twice ([`Turns`]), as another node's engine tells.
    ///
    /// # Panics
    /// When it takes too long.
    pub async fn takes_turns(&mut self, number: usize, what: &str) {
        let other = (number + 1) % self.network.nodes.len();
        let (engine, other) = (self.engine(number), self.engine(other));
        let mut turns = Turns::of(&engine, &other).await;
        let start = Instant::now();
        loop {
            self.nodes_run();
            let (taken, blocks) = turns.read(&other).await;
            if taken >= TURNS {
                let took = start.elapsed();
                println!(
                    "{took:>7.1?}  node {number} took {taken} turns in {blocks} blocks: {what}"
                );
                return;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "node {number} took {taken} turns in {blocks} blocks: {what}"
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The folder of a node.
    #[must_use]
    pub fn home(&self, number: usize) -> Home {
        Local::home(&self.network.folder, number)
    }

    /// From now on, or no more, the disk of a node does not take its sign state, as if it were full: a folder stands where the new
    /// file would be written.
    ///
    /// # Panics
    /// When the file system refuses.
    pub fn fill_sign_state(&self, number: usize, full: bool) {
        fill_sign_state(&self.home(number), full);
    }

    /// What the relayer said, one object a line.
    ///
    /// # Panics
    /// When its log cannot be read.
    #[must_use]
    pub fn relayer_said(&self) -> Vec<serde_json::Value> {
        let log = self.network.folder.join("relayer.log");
        let text = std::fs::read_to_string(log).expect("the relayer's log");
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// Waits until `look` gives something; fails when a process ended meanwhile.
    ///
    /// # Panics
    /// When it takes too long, with `what` was waited for.
    pub async fn until<T, F>(&mut self, what: &str, mut look: impl FnMut(View) -> F) -> T
    where
        F: Future<Output = Option<T>>,
    {
        let start = Instant::now();
        loop {
            self.nodes_run();
            if let Some(found) = look(self.view()).await {
                println!("{:>7.1?}  {what}", start.elapsed());
                return found;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "waited until {what}, and that did not happen"
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What can be read, apart from the processes.
    #[must_use]
    pub fn view(&self) -> View {
        View {
            channels: self.channels.clone(),
            rpc: Arc::clone(&self.rpc),
            vault: self.vault,
            inbox: self.inbox,
            root_chain: self.root_chain,
        }
    }

    /// Fails when a node or the relayer has ended; root may be down.
    ///
    /// # Panics
    /// With the end of its log.
    pub fn nodes_run(&mut self) {
        let nodes = self.network.nodes.iter_mut().flatten();
        let checks = nodes.flat_map(|node| [node.app.check(), node.engine.process().check()]);
        let relayer = self.network.relayer.iter_mut().map(Child::check);
        for check in checks.chain(relayer) {
            if let Err(error) = check {
                panic!("{error}");
            }
        }
    }

    /// Fails when a process that should run has ended.
    ///
    /// # Panics
    /// With the end of its log.
    pub fn all_run(&mut self) {
        if let Err(error) = self.network.check() {
            panic!("{error}");
        }
    }

    /// Stops everything.
    ///
    /// # Panics
    /// When a process cannot be stopped.
    pub async fn stop(self) {
        self.network.stop().await.expect("every process ends");
    }
}

/// Both chains, to be read.
#[derive(Clone, Debug)]
pub struct View {
    channels: Vec<Channel>,
    rpc: Arc<Rpc>,
    vault: Address,
    inbox: Address,
    root_chain: Address,
}

/// Puts proxies between every node and root, and into the nodes' configurations.
async fn ways(network: &Network, plan: &Plan, upstream: &str) -> Vec<Vec<Proxy>> {
    let mut ways = Vec::new();
    for number in 0..network.nodes.len() {
        let count = if plan.lone.contains(&number) { 1 } else { 2 };
        let mut own = Vec::new();
        for place in 0..count {
            let seed = plan.seed.wrapping_add(16 * number as u64 + place);
            own.push(Proxy::start(upstream, seed).await);
        }
        let home = Local::home(&network.folder, number);
        let mut config = home.read_config().expect("the node's configuration");
        config.root.endpoints = own.iter().map(|proxy| proxy.url().to_owned()).collect();
        (plan.configure)(number, &mut config);
        home.write_config(&config).expect("the configuration");
        ways.push(own);
    }
    ways
}

/// A script that runs the binary with fewer files that it may have open.
fn limited(folder: &Path, limit: u32) -> PathBuf {
    let path = folder.join("plasmid-limited");
    let binary = crate::binary();
    let script = format!(
        "#!/bin/sh\nulimit -n {limit} || exit 1\nexec '{}' \"$@\"\n",
        binary.display()
    );
    std::fs::write(&path, script).expect("a script");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("it may be run");
    path
}
