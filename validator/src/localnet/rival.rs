//! CometBFT's own example application, `kvstore`, on as many engines as a local network has and with their configuration: what the engine
//! alone takes on this machine. The application runs inside of the engine's process, which spares it the socket.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Local, LocalError,
    comet::Comet,
    found, loopback, port,
    process::{Child, ProcessError},
};
use crate::node::{
    comet::{Config, EnginePeer, Home, keys::node_id},
    development,
    tools::Tools,
};

const READY: Duration = Duration::from_secs(60);
const GRACE: Duration = Duration::from_secs(10);

/// A running network of kvstores. Dropped, all its processes are killed.
#[derive(Debug)]
pub struct Rival {
    /// Its folder.
    pub folder: PathBuf,
    engines: Vec<Comet>,
}

impl Rival {
    /// Founds one in `folder` beside the local network in `model`, whose engines' configuration, genesis and keys it takes, and starts it.
    /// The model must not run: two engines with one key would sign twice.
    ///
    /// # Errors
    /// [`LocalError`] with the file or the process.
    pub async fn start(model: &Path, folder: &Path) -> Result<Self, LocalError> {
        let cometbft = tokio::task::block_in_place(|| Tools::new(None).ensure_cometbft())?;
        let local = Local::read(model)?;
        let count = local.map_or(0, |local| local.nodes.len());
        let homes = homes(model, folder, count)?;
        let mut rival = Self {
            folder: folder.to_owned(),
            engines: Vec::new(),
        };
        for home in homes {
            let log = home.folder().join("cometbft.log");
            let engine = Comet::start(&cometbft, &home, &log, READY).await?;
            rival.engines.push(engine);
        }
        Ok(rival)
    }

    /// The addresses of the engines' RPC.
    pub fn engines(&self) -> Vec<String> {
        let engines = self.engines.iter();
        engines.map(|one| one.rpc().url().to_owned()).collect()
    }

    /// Stops all of them.
    ///
    /// # Errors
    /// The first that could not be stopped.
    pub async fn stop(mut self) -> Result<(), ProcessError> {
        let mut outcome = Ok(());
        for engine in &mut self.engines {
            let process: &mut Child = engine.process();
            let stopped = process.stop(GRACE).await.map(drop);
            outcome = outcome.and(stopped);
        }
        outcome
    }
}

/// Writes the folders of the engines.
fn homes(model: &Path, folder: &Path, count: usize) -> Result<Vec<Home>, LocalError> {
    let free = || {
        port::free().map_err(|source| LocalError::Io {
            path: PathBuf::from("127.0.0.1"),
            source,
        })
    };
    let mut places = Vec::new();
    for number in 0..count {
        let seed = development::secret("node", u32::try_from(number).unwrap_or(u32::MAX));
        let peer = EnginePeer {
            id: node_id(&seed)?,
            address: loopback(free()?).to_string(),
        };
        places.push((seed, peer, loopback(free()?)));
    }
    let mut homes = Vec::new();
    for (number, (seed, own, rpc)) in places.iter().enumerate() {
        let engine = Local::home(model, number).engine();
        let mut config: Config = engine.read_config()?;
        config.proxy_app = "kvstore".to_owned();
        config.rpc.laddr = format!("tcp://{rpc}");
        config.p2p.laddr = format!("tcp://{}", own.address);
        let others = places.iter().map(|(_, peer, _)| peer);
        let others = others
            .filter(|peer| peer.id != own.id)
            .map(EnginePeer::to_string);
        config.p2p.persistent_peers = others.collect::<Vec<_>>().join(",");
        let mut genesis = engine.read_genesis()?;
        genesis.app_state = serde_json::Value::Null;
        genesis.app_hash = String::new();
        let home = Home::new(folder.join(format!("node{number}")).join("cometbft"));
        fs::create_dir_all(home.folder()).map_err(|source| LocalError::Io {
            path: home.folder().to_owned(),
            source,
        })?;
        home.write_config(&config)?;
        home.write_genesis(&genesis)?;
        home.ensure_consensus_key(&found::consensus_secret(number))?;
        home.ensure_node_key(seed)?;
        homes.push(home);
    }
    Ok(homes)
}
