//! `plasmid sign-state`: what a checkpoint key has signed in its deployment, and the remedies that errors of `plasmid start` name.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{CliError, keys::KeyOptions, output::Output};
use crate::node::{
    config::Home,
    sign_state::{Identity, SignState, SignStateError, Summary},
};

/// What a checkpoint key has signed.
#[derive(Debug, Subcommand)]
pub enum SignStateCommand {
    /// Shows the sign state of a node; the node may be running.
    Show(At),
    /// Refuses every epoch below this one for ever, except for digests that stand in the sign state; the node must be stopped.
    RefuseBelow(RefuseBelow),
}

/// Whose sign state.
#[derive(Debug, Args)]
pub struct At {
    /// The node's folder.
    #[arg(long, env = "PLASMID_HOME")]
    home: PathBuf,
}

/// Options of `sign-state refuse-below`.
#[derive(Debug, Args)]
pub struct RefuseBelow {
    /// The first epoch that may be signed: one above all that the key can have signed elsewhere.
    epoch: u64,
    #[command(flatten)]
    at: At,
    /// Makes the sign state where there is none: for a key whose sign state is lost or damaged. The key file is opened with its password.
    #[arg(long)]
    new: bool,
}

impl From<SignStateError> for CliError {
    fn from(error: SignStateError) -> Self {
        Self::new(error.to_string())
    }
}

/// Runs `plasmid sign-state …`.
///
/// # Errors
/// What is wrong with the files, and what to do.
pub fn run(command: SignStateCommand, keys: &KeyOptions, output: Output) -> Result<(), CliError> {
    match command {
        SignStateCommand::Show(at) => {
            let path = Home::new(&at.home).sign_state_path();
            show(output, &SignState::summary(&path)?);
        }
        SignStateCommand::RefuseBelow(command) => {
            let home = Home::new(&command.at.home);
            let path = home.sign_state_path();
            let mut state = match command.new && !path.exists() {
                true => SignState::create(&path, identity(&home, keys)?, command.epoch)?,
                false => SignState::open_any(&path)?,
            };
            state.refuse_below(command.epoch)?;
            drop(state);
            show(output, &SignState::summary(&path)?);
        }
    }
    Ok(())
}

/// Whose sign state belongs into this folder; `plasmid start` compares both with what it opens, and so the key file is opened here too:
/// what it says of its key is nobody's word.
fn identity(home: &Home, keys: &KeyOptions) -> Result<Identity, CliError> {
    let genesis = home
        .read_genesis()
        .map_err(|error| CliError::new(error.to_string()))?;
    Ok(Identity {
        deployment: genesis.deployment.domain.deployment,
        key: keys.checkpoint_key(&home.checkpoint_key_path())?,
    })
}

fn show(output: Output, summary: &Summary) {
    output.object(&json!({
        "deployment_id": hex::encode(summary.identity.deployment),
        "checkpoint_key": hex::encode(summary.identity.key),
        "refused_below": summary.floor,
        "signed": summary.count,
        "newest_signed": summary.newest.map(|(epoch, _)| epoch),
        "newest_digest": summary.newest.map(|(_, digest)| digest.to_string()),
    }));
}
