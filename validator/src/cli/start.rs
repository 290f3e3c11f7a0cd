//! `plasmid start`: runs one node, beside an engine that is started separately.
//!
//! The log goes to standard error; standard output has one answer, when the node is ready. `RUST_LOG` chooses what is logged.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use serde_json::{Value, json};

use super::{CliError, keys::KeyOptions, output::Output};
use crate::node::start::{self, Options, Ready, StartError};
use crate::plain::LogLines;

mod aside;

use aside::Aside;

/// How long the end of a node waits for its log to be taken.
const LOG_PATIENCE: Duration = Duration::from_secs(2);

/// Options of a node.
#[derive(Debug, Args)]
pub struct StartCommand {
    /// The node's folder, as `plasmid init` made it.
    #[arg(long, env = "PLASMID_HOME")]
    home: PathBuf,
    /// Executes every segment again from its witness alone, and asks what a court would say of it; a difference stops the node. The tree is updated segment by segment then, and not for all of a block's at once.
    #[arg(long)]
    verify_segments: bool,
    /// Makes a new sign state if there is none: only for a checkpoint key that never signed in this deployment, or whose sign state is lost for good. It then refuses every checkpoint that root has accepted; no other copy of this node may sign with the key.
    #[arg(long)]
    new_sign_state: bool,
    /// CometBFT runs with files that are not in this folder, on another machine or in another container: they are not checked.
    #[arg(long)]
    engine_elsewhere: bool,
}

impl From<StartError> for CliError {
    fn from(error: StartError) -> Self {
        Self::new(error.to_string())
    }
}

/// Runs `plasmid start` until Ctrl-C or SIGTERM.
///
/// # Errors
/// [`StartError`], in words.
pub async fn run(command: StartCommand, keys: &KeyOptions, output: Output) -> Result<(), CliError> {
    let log = CommandLog::begin(output)?;
    let has_key = crate::node::config::Home::new(&command.home)
        .checkpoint_key_path()
        .exists();
    let password = if has_key {
        Some(keys.password("the checkpoint key", false)?)
    } else {
        None
    };
    let options = Options {
        home: command.home,
        password,
        verify_segments: command.verify_segments,
        new_sign_state: command.new_sign_state,
        engine_elsewhere: command.engine_elsewhere,
    };
    let outcome = start::run(&options, |ready| answer(output, ready)).await;
    log.end();
    outcome.map_err(|error| CliError::from(error).said_within(output, LOG_PATIENCE))
}

/// The log of a program that runs for long.
pub(super) struct CommandLog(Aside);

impl CommandLog {
    /// Begins it, on standard error.
    ///
    /// # Errors
    /// When the system has no thread for it.
    pub(super) fn begin(output: Output) -> Result<Self, CliError> {
        let aside = Aside::start(std::io::stderr(), output.is_json())
            .map_err(|error| CliError::new(format!("no thread for the log: {error}")))?;
        log(output, &aside);
        Ok(Self(aside))
    }

    /// Waits until it is written, unless nobody takes it.
    pub(super) fn end(&self) {
        self.0.finish(LOG_PATIENCE);
    }
}

/// Logs in the form that was asked for: lines for people, or a JSON object a line.
fn log(output: Output, aside: &Aside) {
    let aside = aside.clone();
    let filter =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Where a line cannot be written, the complaint about it cannot either, and it would be a panic of whoever logs.
        .log_internal_errors(false)
        .with_ansi(false)
        .with_writer(move || LogLines::new(aside.clone(), output.is_json()));
    match output.is_json() {
        true => log.json().flatten_event(true).init(),
        false => log.init(),
    }
}

fn answer(output: Output, ready: &Ready) {
    output.object(&shown(ready));
}

fn shown(ready: &Ready) -> Value {
    json!({
        "chain_id": ready.chain_id, "height": ready.height, "abci": ready.abci, "grpc": ready.grpc, "signs": ready.signs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_ready_is_shown_under_its_names() {
        let ready = Ready {
            chain_id: "chain".into(),
            height: 1,
            abci: "abci".into(),
            grpc: "grpc".into(),
            signs: true,
        };
        let expected = json!({
            "chain_id": "chain", "height": 1, "abci": "abci", "grpc": "grpc", "signs": true,
        });
        assert_eq!(shown(&ready), expected);
    }
}
