//! A local root chain: anvil under supervision. Its blocks are mined and its state is kept by us, so that SIGKILL loses nothing final.
//!
//! ```text
//! keeper, each block time:  evm_mine ─▶ block b ─▶ does it hold transactions?                                         keeper
//!                                                  └─ yes: anvil_dumpState ─▶ a new file, synced ─▶ state.json.gz
//! ```
//! `finalized` is latest − 2 (`--slots-in-an-epoch 1`), and block b + 1 is mined only after the snapshot that holds b stands: what a
//! node of the child sees as final is on disk. anvil's own `--state` rewrites its file in place, which SIGKILL damages.
//! The cap on a transaction's gas is enforced (`--enable-tx-gas-limit`). States of the last 16 blocks are kept in memory.
//!
//! anvil holds every block and transaction, with its trace, for as long as it runs: 5 to 9 KB for an empty block (measured), and each
//! snapshot writes all of them. So whenever it is started it loads only what is still needed of its snapshot (`thin`).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use plasmid_bridge::client::rpc::{Limits, Rpc, RpcError};

use super::port::{self, PortTaken};
use super::process::{Child, ProcessError};

mod keeper;
mod thin;

use keeper::Keeper;

const READY: Duration = Duration::from_secs(60);
/// The largest answer that is read: a state in hex.
const MAX_ANSWER_BYTES: usize = 512 << 20;
/// States that can be asked for; nodes ask for those of the newest final blocks. Each is a whole copy, with the hashes of all blocks.
const KEPT_STATES: u64 = 16;

/// How a local root chain runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens, on loopback.
    pub port: u16,
    /// Its chain id.
    pub chain_id: u64,
    /// The time from one block to the next while transactions wait.
    pub block_time_secs: u64,
    /// The time from one block to the next while no transaction waits: at least `block_time_secs`. anvil holds every block in memory.
    pub idle_block_time_secs: u64,
    /// Folder of its state and its log.
    pub folder: PathBuf,
}

/// Why a local root chain did not start.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum AnvilError {
    #[error(transparent)]
    Port(#[from] PortTaken),
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error("cannot use {path}: {source}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the root chain's state {path} is damaged ({cause}): start anew with --reset", path = path.display())]
    Damaged { path: PathBuf, cause: String },
    #[error("the root chain (anvil): {0}")]
    Rpc(#[from] RpcError),
}

/// A running anvil. Dropped, it is killed.
#[derive(Debug)]
pub struct Anvil {
    child: Child,
    keeper: Keeper,
    url: String,
}

impl Anvil {
    /// Starts anvil, resuming the state in the folder if there is one, waits until it answers with its chain id, and mines from there on.
    pub async fn start(program: &Path, options: &Options) -> Result<Self, AnvilError> {
        port::require_free(options.port, "the root chain (anvil)")?;
        let folder = &options.folder;
        fs::create_dir_all(folder).map_err(|source| AnvilError::File {
            path: folder.clone(),
            source,
        })?;
        let url = format!("http://127.0.0.1:{}", options.port);
        let limits = Limits {
            request: Duration::from_secs(60),
            answer_bytes: MAX_ANSWER_BYTES,
            ..Limits::default()
        };
        let rpc = Arc::new(Rpc::new(&url, limits)?);
        let mut child = Child::spawn(
            "anvil",
            command(program, options),
            &folder.join("anvil.log"),
        )?;
        child
            .ready(READY, || is_chain(&rpc, options.chain_id))
            .await?;
        let block_time = Duration::from_secs(options.block_time_secs);
        let state = folder.join("state.json.gz");
        let idle_ticks = options.idle_block_time_secs / options.block_time_secs.max(1);
        let keeper = Keeper::start(rpc, state, block_time, idle_ticks).await?;
        Ok(Self { child, keeper, url })
    }

    /// Its JSON-RPC endpoint.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process, to watch or kill it.
    pub fn process(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Stops mining, or goes on: while it is stopped, blocks come by `evm_mine` alone.
    pub async fn pause(&self, paused: bool) {
        self.keeper.pause(paused).await;
    }

    /// Keeps the state as it stands, and ends the process.
    ///
    /// # Errors
    /// [`ProcessError`]; a state that cannot be kept is logged, and the one before it stays.
    pub async fn stop(&mut self, grace: Duration) -> Result<(), ProcessError> {
        if self.child.exited()?.is_none() {
            self.keeper.stop().await;
        }
        self.child.stop(grace).await.map(drop)
    }
}

fn command(program: &Path, options: &Options) -> Command {
    let mut command = Command::new(program);
    let flag = |name: &str, value: u64| [name.to_owned(), value.to_string()];
    command
        .args(["--host", "127.0.0.1", "--hardfork", "osaka"])
        .args(["--enable-tx-gas-limit", "--no-mining", "--quiet"])
        .arg("--no-request-size-limit")
        .args(flag("--port", options.port.into()))
        .args(flag("--chain-id", options.chain_id))
        .args(flag("--slots-in-an-epoch", 1))
        .args(flag("--prune-history", KEPT_STATES))
        .arg("--cache-path")
        .arg(options.folder.join("cache"));
    command
}

async fn is_chain(rpc: &Rpc, wanted: u64) -> Result<(), String> {
    match rpc.chain_id().await {
        Ok(found) if found == wanted => Ok(()),
        Ok(found) => Err(format!("chain id {found}, wanted {wanted}")),
        Err(error) => Err(error.to_string()),
    }
}
