//! The processes of a local network: started in order, watched, stopped all.

use std::{
    io,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use plasmid_bridge::client::{
    ceremony,
    rpc::{Limits, Rpc},
    whole,
};
use plasmid_proto::chain::v1::{GetStatusRequest, chain_service_client::ChainServiceClient};

use super::{
    Local, LocalError, MAX_VALIDATORS, NodePorts, ROOT_CHAIN_ID,
    anvil::{self, Anvil},
    comet::Comet,
    folder,
    found::{self, Founding},
    loopback, port,
    process::{Child, ProcessError},
    tools::RootTools,
    upkeep,
};
use crate::{ledger::Parameters, node::tools::Tools};

/// How long a process may take until it answers.
const READY: Duration = Duration::from_secs(60);
/// How long a process may take to end by itself.
const GRACE: Duration = Duration::from_secs(10);

/// How a local network is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its folder.
    pub folder: PathBuf,
    /// How many validators; what the folder holds, else four.
    pub validators: Option<u16>,
    /// The child's parameters.
    pub parameters: Parameters,
    /// Blocks that each engine keeps; zero keeps all.
    pub retain_blocks: u64,
    /// The first of a row of ports; free ones when absent.
    pub first_port: Option<u16>,
    /// The time between two blocks of the root chain while no transaction waits for one; otherwise it is a second.
    pub root_idle_secs: u64,
    /// Deletes what the folder holds first.
    pub reset: bool,
    /// Whether nodes execute every segment again from its witness.
    pub verify_segments: bool,
    /// Where tools are installed; the project's own folder when absent.
    pub tools: Option<PathBuf>,
}

/// One validator: its application and its engine, each a process.
#[derive(Debug)]
pub struct Node {
    /// `plasmid start`.
    pub app: Child,
    /// CometBFT.
    pub engine: Comet,
}

/// A running local network. Dropped, all its processes are killed.
#[derive(Debug)]
pub struct Network {
    /// Its folder.
    pub folder: PathBuf,
    /// Ports and contracts.
    pub local: Local,
    /// The root chain.
    pub anvil: Anvil,
    /// The validators; `None` where one was killed.
    pub nodes: Vec<Option<Node>>,
    /// `plasmid relay`.
    pub relayer: Option<Child>,
    /// `plasmid watch`.
    pub watcher: Option<Child>,
    /// The binary whose `start`, `relay` and `watch` are run; this process's own when absent.
    pub program: Option<PathBuf>,
    cometbft: PathBuf,
    verify_segments: bool,
}

impl Network {
    /// Starts the root chain, and founds the network unless the folder holds one. Validators are started by
    /// [`Network::start_node`], relayer and watcher by [`Network::start_relayer`] and
    /// [`Network::start_watcher`].
    ///
    /// # Errors
    /// [`LocalError`] says which part did not start, and what to do.
    pub async fn open(options: &Options, say: &mut dyn FnMut(&str)) -> Result<Self, LocalError> {
        let tools = Tools::new(options.tools.clone());
        say("tools");
        let (cometbft, root_tools) = tokio::task::block_in_place(|| -> Result<_, LocalError> {
            Ok((tools.ensure_cometbft()?, RootTools::ensure(&tools)?))
        })?;
        folder::prepare(&options.folder, options.reset)?;
        let found = Local::read(&options.folder)?;
        let (root_port, nodes) = tokio::task::block_in_place(|| ports(options, found.as_ref()))?;
        say("root chain");
        let anvil_options = anvil::Options {
            port: root_port,
            chain_id: ROOT_CHAIN_ID,
            block_time_secs: 1,
            idle_block_time_secs: options.root_idle_secs,
            folder: options.folder.join("root"),
        };
        let anvil = Anvil::start(&root_tools.anvil, &anvil_options).await?;
        let local = match found {
            Some(local) => {
                check_root(&options.folder, anvil.url(), &local).await?;
                local
            }
            None => found_new(options, anvil.url(), root_port, nodes, say).await?,
        };
        let nodes = local.nodes.iter().map(|_| None).collect();
        Ok(Self {
            folder: options.folder.clone(),
            local,
            anvil,
            nodes,
            relayer: None,
            watcher: None,
            program: None,
            cometbft,
            verify_segments: options.verify_segments,
        })
    }

    /// Starts validator `number`: first the application, then the engine under it. Where the engine takes the state of others, the application answers
    /// nobody else before it has one.
    ///
    /// # Errors
    /// [`LocalError::Process`] with the end of the log of what did not answer.
    pub async fn start_node(&mut self, number: usize) -> Result<(), LocalError> {
        let takes_snapshots = Local::home(&self.folder, number)
            .engine()
            .takes_snapshots()?;
        let mut app = self.spawn_app(number)?;
        if !takes_snapshots {
            self.answers(number, &mut app).await?;
        }
        let engine = self.start_engine(number).await?;
        if takes_snapshots {
            self.answers(number, &mut app).await?;
        }
        if let Some(place) = self.nodes.get_mut(number) {
            *place = Some(Node { app, engine });
        }
        Ok(())
    }

    /// Starts all validators, side by side: none is ready before more than two thirds are.
    ///
    /// # Errors
    /// As [`Network::start_node`].
    pub async fn start_nodes(&mut self) -> Result<(), LocalError> {
        for number in 0..self.nodes.len() {
            self.start_node(number).await?;
        }
        Ok(())
    }

    /// Starts the application of validator `number` alone, and waits until it answers.
    ///
    /// # Errors
    /// [`LocalError::Process`].
    pub async fn start_app(&self, number: usize) -> Result<Child, LocalError> {
        let mut app = self.spawn_app(number)?;
        self.answers(number, &mut app).await?;
        Ok(app)
    }

    fn spawn_app(&self, number: usize) -> Result<Child, LocalError> {
        let home = Local::home(&self.folder, number);
        let mut command = self.program()?;
        command
            .arg("start")
            .arg("--home")
            .arg(home.path())
            .arg("--password-file")
            .arg(self.password_file());
        if self.verify_segments {
            command.arg("--verify-segments");
        }
        let log = home.path().join("plasmid.log");
        Ok(Child::spawn(&format!("node{number}"), command, &log)?)
    }

    async fn answers(&self, number: usize, app: &mut Child) -> Result<(), LocalError> {
        let url = self.grpc(number);
        app.ready(READY, || async {
            let mut client = ChainServiceClient::connect(url.clone())
                .await
                .map_err(|error| error.to_string())?;
            client
                .get_status(GetStatusRequest {})
                .await
                .map_err(|status| status.message().to_owned())
        })
        .await?;
        Ok(())
    }

    /// Starts the engine of validator `number` alone.
    ///
    /// # Errors
    /// [`LocalError::Comet`].
    pub async fn start_engine(&self, number: usize) -> Result<Comet, LocalError> {
        let home = Local::home(&self.folder, number);
        Comet::start(
            &self.cometbft,
            &home.engine(),
            &home.path().join("cometbft.log"),
            READY,
        )
        .await
    }

    /// The gRPC address of validator `number`.
    pub fn grpc(&self, number: usize) -> String {
        let port = self.local.nodes.get(number).map_or(0, |ports| ports.grpc);
        format!("http://{}", loopback(port))
    }

    /// The file with the password of all key files.
    pub fn password_file(&self) -> PathBuf {
        self.folder.join("password")
    }

    /// A command of the program that the network runs, which takes no option from this process's environment.
    ///
    /// # Errors
    /// [`LocalError::Io`] when this process does not know its own program.
    pub fn program(&self) -> Result<Command, LocalError> {
        let program = match &self.program {
            Some(program) => program.clone(),
            None => std::env::current_exe().map_err(|source| LocalError::Io {
                path: PathBuf::from("plasmid"),
                source,
            })?,
        };
        let mut command = Command::new(program);
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PLASMID_"))
        {
            command.env_remove(name);
        }
        Ok(command)
    }

    /// Fails when a process that should run has ended.
    ///
    /// # Errors
    /// [`ProcessError`] with the end of its log.
    pub fn check(&mut self) -> Result<(), ProcessError> {
        self.anvil.process().check()?;
        for node in self.nodes.iter_mut().flatten() {
            node.app.check()?;
            node.engine.process().check()?;
        }
        let mut beside = self.relayer.iter_mut().chain(&mut self.watcher);
        beside.try_for_each(Child::check)
    }

    /// Bounds the logs of all processes and the write-ahead logs of the engines. To be called now and then; blocks.
    ///
    /// # Errors
    /// [`LocalError::Io`] with the file.
    pub fn tend(&self) -> Result<(), LocalError> {
        let at = |path: &Path, done: io::Result<()>| {
            done.map_err(|source| LocalError::Io {
                path: path.to_owned(),
                source,
            })
        };
        let mut logs = vec![
            self.folder.join("relayer.log"),
            self.folder.join("watcher.log"),
            self.folder.join("root/anvil.log"),
        ];
        for number in 0..self.local.nodes.len() {
            let home = Local::home(&self.folder, number);
            logs.push(home.path().join("plasmid.log"));
            logs.push(home.path().join("cometbft.log"));
            let wal = home.engine().folder().join("data/cs.wal");
            at(&wal, upkeep::cut_wal(&wal))?;
        }
        for log in &logs {
            at(log, upkeep::cut_log(log))?;
        }
        Ok(())
    }

    /// Stops every process: watcher, relayer, engines, applications, root chain.
    ///
    /// # Errors
    /// The first that could not be stopped; the others are stopped all the same.
    pub async fn stop(mut self) -> Result<(), ProcessError> {
        let mut outcome = Ok(());
        let mut note = |result: Result<(), ProcessError>| {
            if let (Err(error), Ok(())) = (result, &outcome) {
                outcome = Err(error);
            }
        };
        for one in self.watcher.iter_mut().chain(&mut self.relayer) {
            note(one.stop(GRACE).await.map(drop));
        }
        for node in self.nodes.iter_mut().flatten() {
            note(node.engine.process().stop(GRACE).await.map(drop));
        }
        for node in self.nodes.iter_mut().flatten() {
            note(node.app.stop(GRACE).await.map(drop));
        }
        note(self.anvil.stop(GRACE).await);
        outcome
    }
}

/// The ports of the network: as founded, or a row from the first one on, or free ones.
fn ports(options: &Options, found: Option<&Local>) -> Result<(u16, Vec<NodePorts>), LocalError> {
    if let Some(local) = found {
        let held = u16::try_from(local.nodes.len()).unwrap_or(u16::MAX);
        if let Some(wanted) = options.validators.filter(|wanted| *wanted != held) {
            return Err(LocalError::OtherValidators {
                folder: options.folder.clone(),
                found: held,
                wanted,
            });
        }
        require_free(local.root_port, &local.nodes)?;
        return Ok((local.root_port, local.nodes.clone()));
    }
    let validators = options.validators.unwrap_or(4);
    if validators == 0 || validators > MAX_VALIDATORS {
        return Err(LocalError::Validators(validators));
    }
    let ports = 1 + 3 * validators;
    if let Some(first) = options.first_port {
        let last = u32::from(first) + u32::from(ports) - 1;
        if first == 0 || last > u32::from(u16::MAX) {
            return Err(LocalError::FirstPort { first, ports });
        }
    }
    let mut next = options.first_port;
    let mut take = || -> Result<u16, LocalError> {
        match &mut next {
            Some(port) => {
                let given = *port;
                *port = port.saturating_add(1);
                Ok(given)
            }
            None => port::free().map_err(|source: io::Error| LocalError::Io {
                path: PathBuf::from("127.0.0.1"),
                source,
            }),
        }
    };
    let root = take()?;
    let mut nodes = Vec::new();
    for _ in 0..validators {
        nodes.push(NodePorts {
            grpc: take()?,
            rpc: take()?,
            p2p: take()?,
        });
    }
    require_free(root, &nodes)?;
    Ok((root, nodes))
}

fn require_free(root: u16, nodes: &[NodePorts]) -> Result<(), LocalError> {
    port::require_free(root, "the root chain (anvil)")?;
    for (number, ports) in nodes.iter().enumerate() {
        port::require_free(ports.grpc, &format!("gRPC of node {number}"))?;
        port::require_free(ports.rpc, &format!("CometBFT's RPC of node {number}"))?;
        port::require_free(ports.p2p, &format!("CometBFT's peers of node {number}"))?;
    }
    Ok(())
}

async fn found_new(
    options: &Options,
    url: &str,
    root_port: u16,
    nodes: Vec<NodePorts>,
    say: &mut dyn FnMut(&str),
) -> Result<Local, LocalError> {
    let validators = u16::try_from(nodes.len()).unwrap_or(u16::MAX);
    let founding = Founding {
        validators,
        parameters: options.parameters,
        retain_blocks: options.retain_blocks,
        root_port,
        nodes,
    };
    let local = found::found(&options.folder, url, &founding, say).await?;
    write_local(&options.folder, &local)?;
    Ok(local)
}

/// Keeps what a second start must find.
pub(super) fn write_local(folder: &Path, local: &Local) -> Result<(), LocalError> {
    let path = folder.join("local.json");
    let text = serde_json::to_string_pretty(local).map_err(|error| LocalError::Malformed {
        path: path.clone(),
        why: error.to_string(),
    })?;
    whole::replace(&path, text.as_bytes(), whole::READABLE)
        .map_err(|source| LocalError::Io { path, source })
}

/// The root chain may have lost its newest blocks: without the contracts nothing can go on.
async fn check_root(folder: &Path, url: &str, local: &Local) -> Result<(), LocalError> {
    let rpc = Rpc::new(url, Limits::default())?;
    let lost = |why: String| LocalError::RootLost {
        folder: folder.to_owned(),
        why,
    };
    let created = ceremony::read_back(&rpc, local.registry)
        .await
        .map_err(|error| lost(error.to_string()))?;
    if created.block == local.deployed_at {
        Ok(())
    } else {
        Err(lost(format!(
            "they stand in block {}, not in {}",
            created.block, local.deployed_at
        )))
    }
}
