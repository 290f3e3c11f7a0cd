//! A local root chain: anvil under supervision, its state kept across restarts and SIGKILL.
//!
//! `finalized` is latest − 2 (`--slots-in-an-epoch 1 --block-time`), the cap on a transaction's gas is enforced
//! (`--enable-tx-gas-limit`), and the state is written each second (`--state-interval`), not on a clean exit only.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::port::{self, Taken};
use super::process::{Child, ProcessError};

const READY: Duration = Duration::from_secs(60);
const ANSWER: Duration = Duration::from_secs(5);

/// How a local root chain runs.
#[derive(Clone, Debug)]
pub struct Options {
    pub port: u16,
    pub chain_id: u64,
    pub block_time_secs: u64,
    /// Folder of its state and its log.
    pub folder: PathBuf,
}

/// Why a local root chain did not start.
#[derive(Debug, thiserror::Error)]
pub enum AnvilError {
    #[error(transparent)]
    Port(#[from] Taken),
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error("cannot use {path}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the root chain's state {path} is damaged ({cause}): start anew with --reset", path = path.display())]
    Damaged { path: PathBuf, cause: String },
    #[error("cannot make an HTTP client: {0}")]
    Http(#[from] reqwest::Error),
}

/// A running anvil. Dropped, it is killed; its state is at most a second old then.
#[derive(Debug)]
pub struct Anvil {
    child: Child,
    url: String,
}

impl Anvil {
    /// Starts anvil, resuming the state in the folder if there is one, and waits until it answers with its chain id.
    pub async fn start(program: &Path, options: &Options) -> Result<Self, AnvilError> {
        port::require_free(options.port, "the root chain (anvil)")?;
        let folder = &options.folder;
        fs::create_dir_all(folder).map_err(|source| AnvilError::File {
            path: folder.clone(),
            source,
        })?;
        let state = folder.join("state.json");
        check(&state)?;
        let command = command(program, options, &state);
        let mut child = Child::spawn("anvil", command, &folder.join("anvil.log"))?;
        let url = format!("http://127.0.0.1:{}", options.port);
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(ANSWER)
            .build()?;
        let wanted = format!("{:#x}", options.chain_id);
        child
            .ready(READY, || chain_id(&http, &url, &wanted))
            .await?;
        Ok(Self { child, url })
    }

    /// Its JSON-RPC endpoint.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process, to watch, stop or kill it.
    pub fn process(&mut self) -> &mut Child {
        &mut self.child
    }
}

fn command(program: &Path, options: &Options, state: &Path) -> Command {
    let mut command = Command::new(program);
    let flag = |name: &str, value: u64| [name.to_owned(), value.to_string()];
    command
        .args(["--host", "127.0.0.1", "--hardfork", "osaka"])
        .args(["--enable-tx-gas-limit", "--preserve-historical-states"])
        .args(flag("--port", options.port.into()))
        .args(flag("--chain-id", options.chain_id))
        .args(flag("--block-time", options.block_time_secs))
        .args(flag("--slots-in-an-epoch", 1))
        .args(flag("--state-interval", 1))
        .arg("--state")
        .arg(state);
    command
}

/// A state file that was cut by a crash would make anvil fail in a way that nobody understands.
fn check(state: &Path) -> Result<(), AnvilError> {
    let file = match fs::File::open(state) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            return Err(AnvilError::File {
                path: state.to_owned(),
                source,
            });
        }
    };
    serde_json::from_reader::<_, serde::de::IgnoredAny>(io::BufReader::new(file))
        .map(drop)
        .map_err(|error| AnvilError::Damaged {
            path: state.to_owned(),
            cause: error.to_string(),
        })
}

async fn chain_id(http: &reqwest::Client, url: &str, wanted: &str) -> Result<(), String> {
    let request = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}"#;
    let post = http
        .post(url)
        .header("content-type", "application/json")
        .body(request);
    let answer = post.send().await.map_err(|error| error.to_string())?;
    let text = answer.text().await.map_err(|error| error.to_string())?;
    let value: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| error.to_string())?;
    match value.get("result").and_then(serde_json::Value::as_str) {
        Some(id) if id == wanted => Ok(()),
        other => Err(format!("chain id {other:?}, wanted {wanted}")),
    }
}
