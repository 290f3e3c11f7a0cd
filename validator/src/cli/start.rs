//! `plasmid start`: runs one node, beside an engine that is started separately.

use std::path::PathBuf;

use clap::Args;

use super::{CliError, keys::KeyOptions};
use crate::node::start::{self, Options, StartError};

/// Options of a node.
#[derive(Debug, Args)]
pub struct StartCommand {
    /// The node's folder, as `plasmid init` made it.
    #[arg(long, env = "PLASMID_HOME")]
    home: PathBuf,
    /// Executes every segment again from its witness alone; a difference stops the node.
    #[arg(long)]
    verify_segments: bool,
    /// Begins a fresh sign state: only for a checkpoint key that never signed in this deployment.
    #[arg(long)]
    new_sign_state: bool,
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
pub async fn run(command: StartCommand, keys: &KeyOptions) -> Result<(), CliError> {
    let filter =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    let has_key = crate::node::config::Home::new(&command.home)
        .checkpoint_key_path()
        .exists();
    let password = if has_key {
        Some(keys.password(false)?.to_string())
    } else {
        None
    };
    let options = Options {
        home: command.home,
        password,
        verify_segments: command.verify_segments,
        new_sign_state: command.new_sign_state,
    };
    Ok(start::run(&options).await?)
}
