//! Mines the blocks of a local root chain, and keeps its state on disk before anything in it can be final.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::Bytes;
use plasmid_bridge::client::{
    rpc::{Rpc, RpcError},
    whole,
};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::{AnvilError, thin};

/// Blocks after which a state without transactions is kept too: a resumed chain is not far behind its clock.
const IDLE_BLOCKS: u64 = 60;
/// Blocks that are mined at once after a state was loaded: anvil knows the states of new blocks only, and nodes ask for the final one's.
const RESUMED_BLOCKS: u64 = 3;
/// How far a block must lie behind the newest one to be final.
const FINALITY: u64 = 2;
/// The largest state file that is read.
const MAX_STATE_BYTES: u64 = 256 << 20;

/// What the task and its owner share.
#[derive(Debug)]
struct Chain {
    rpc: Arc<Rpc>,
    state: PathBuf,
    /// No block is mined.
    paused: bool,
    /// The block whose transactions were looked at last, and the one up to which the state is kept.
    seen: u64,
    kept: u64,
    /// A block with transactions is not kept yet: none is mined on it.
    owed: bool,
    /// The newest block with transactions: until it is final, blocks are mined without a pause.
    busy: u64,
    /// Block times from one block to the next while no transaction waits, and those that passed since the last block.
    idle_ticks: u64,
    ticks: u64,
}

/// The task. Dropped, it ends.
#[derive(Debug)]
pub(super) struct Keeper {
    chain: Arc<Mutex<Chain>>,
    task: JoinHandle<()>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Keeper {
    /// Loads the state if there is one, and mines a block each `block_time`, or each `idle_ticks` times as long while no transaction waits.
    pub async fn start(
        rpc: Arc<Rpc>,
        state: PathBuf,
        block_time: Duration,
        idle_ticks: u64,
    ) -> Result<Self, AnvilError> {
        let resumed = load(&rpc, &state).await?;
        let blocks = if resumed { RESUMED_BLOCKS } else { 0 };
        for _ in 0..blocks {
            rpc.once("evm_mine", json!([])).await?;
        }
        let seen = latest(&rpc).await?;
        let chain = Arc::new(Mutex::new(Chain {
            rpc,
            state,
            paused: false,
            seen,
            kept: seen,
            owed: false,
            busy: seen,
            idle_ticks,
            ticks: 0,
        }));
        let mining = Arc::clone(&chain);
        let task = tokio::spawn(async move {
            let mut tick = interval(block_time);
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                if let Err(error) = mining.lock().await.step().await {
                    tracing::error!(%error, "the root chain stands until its state can be kept");
                }
            }
        });
        Ok(Self { chain, task })
    }

    /// Once it returned, no block is mined, or again one each block time.
    pub async fn pause(&self, paused: bool) {
        self.chain.lock().await.paused = paused;
    }

    /// Mines no more, and keeps the state as it stands.
    pub async fn stop(&self) {
        self.task.abort();
        let mut chain = self.chain.lock().await;
        if let Err(error) = chain.keep().await {
            tracing::error!(%error, "the newest blocks of the root chain are not kept");
        }
    }
}

impl Chain {
    /// Mines one block if one is due. It mines none when an earlier one could not be kept, or while it is paused.
    async fn step(&mut self) -> Result<(), AnvilError> {
        if self.owed {
            self.keep().await?;
        }
        if self.paused {
            return Ok(());
        }
        self.ticks = self.ticks.saturating_add(1);
        if !self.due().await? {
            return Ok(());
        }
        self.ticks = 0;
        // Whatever goes wrong from here on: there may be something to keep.
        self.owed = true;
        self.rpc.once("evm_mine", json!([])).await?;
        let newest = latest(&self.rpc).await?;
        let mut busy = newest < self.seen;
        for number in self.seen.saturating_add(1)..=newest {
            busy = busy || holds_transactions(&self.rpc, number).await?;
        }
        self.seen = newest;
        if busy {
            self.busy = newest;
        }
        if busy || newest >= self.kept.saturating_add(IDLE_BLOCKS) {
            return self.keep().await;
        }
        self.owed = false;
        Ok(())
    }

    /// Whether a block is mined at this tick: the pause is over, the newest transactions are not final yet, or others wait.
    async fn due(&self) -> Result<bool, RpcError> {
        if self.ticks >= self.idle_ticks || self.seen < self.busy.saturating_add(FINALITY) {
            return Ok(true);
        }
        let status = self.rpc.read("txpool_status", json!([])).await?;
        Ok(status.get("pending").and_then(Value::as_str) != Some("0x0"))
    }

    async fn keep(&mut self) -> Result<(), AnvilError> {
        let newest = latest(&self.rpc).await?;
        let dumped = self.rpc.once("anvil_dumpState", json!([false])).await?;
        let bytes: Bytes = serde_json::from_value(dumped)
            .map_err(|error| RpcError::Malformed(error.to_string()))?;
        let path = self.state.clone();
        let written =
            tokio::task::spawn_blocking(move || whole::replace(&path, &bytes, whole::READABLE))
                .await;
        written
            .unwrap_or_else(|error| Err(io::Error::other(error)))
            .map_err(|source| AnvilError::File {
                path: self.state.clone(),
                source,
            })?;
        self.kept = newest;
        self.owed = false;
        Ok(())
    }
}

async fn latest(rpc: &Rpc) -> Result<u64, RpcError> {
    let value = rpc.read("eth_blockNumber", json!([])).await?;
    let number = value
        .as_str()
        .and_then(|text| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok());
    number.ok_or_else(|| RpcError::Malformed(format!("block number {value}")))
}

async fn holds_transactions(rpc: &Rpc, number: u64) -> Result<bool, RpcError> {
    let asked = json!([format!("{number:#x}"), false]);
    let block = rpc.read("eth_getBlockByNumber", asked).await?;
    let transactions = block.get("transactions").and_then(Value::as_array);
    Ok(transactions.is_none_or(|list| !list.is_empty()))
}

/// Hands a kept state to a chain that has just started; says whether there was one.
async fn load(rpc: &Rpc, path: &Path) -> Result<bool, AnvilError> {
    let Some(bytes) = read(path).map_err(|source| AnvilError::File {
        path: path.to_owned(),
        source,
    })?
    else {
        return Ok(false);
    };
    let damaged = |cause: String| AnvilError::Damaged {
        path: path.to_owned(),
        cause,
    };
    let thinned = tokio::task::spawn_blocking(move || thin::thinned(&bytes)).await;
    let thinned = thinned.unwrap_or_else(|error| Err(io::Error::other(error)));
    let bytes = Bytes::from(thinned.map_err(|error| damaged(error.to_string()))?);
    match rpc.once("anvil_loadState", json!([bytes])).await {
        Ok(Value::Bool(true)) => Ok(true),
        Ok(other) => Err(damaged(format!("anvil answers {other}"))),
        Err(error @ RpcError::Refused { .. }) => Err(damaged(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

fn read(path: &Path) -> io::Result<Option<Bytes>> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(MAX_STATE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_STATE_BYTES {
        return Err(io::Error::other(format!(
            "it is larger than {MAX_STATE_BYTES} bytes"
        )));
    }
    Ok(Some(bytes.into()))
}
