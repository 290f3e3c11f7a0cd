//! `plasmid sign-state`: what a validator's two keys have signed, how it moves to another machine, and the remedies that errors of `plasmid start`
//! name.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{CliError, keys::KeyOptions, output::Output};
use crate::chain::genesis::file::Loaded as Genesis;
use crate::node::{
    comet::{CometError, signed::LastVote},
    config::Home,
    sign_state::{Carried, CarriedError, SignState, SignStateError, SignStateIdentity, Summary},
    signer::Reach,
};

/// What a validator's keys have signed: the checkpoint key in its deployment, and the consensus key in CometBFT's own file.
#[derive(Debug, Subcommand)]
pub enum SignStateCommand {
    /// Shows the sign state of a node; the node may be running.
    Show(SignStateFolder),
    /// Refuses every epoch below this one for ever, except for digests that stand in the sign state; the node must be stopped.
    RefuseBelow(RefuseBelow),
    /// Writes both keys' sign states to a new file, for a validator that moves to another machine, and moves those of this folder aside, so that neither key signs here again until `import` takes a file over. Node and CometBFT must be stopped. A consensus key that a remote signer has, or whose files are in another folder (`--engine-elsewhere`), is refused: its sign state is not here.
    Export(Carry),
    /// Takes both keys' sign states over from a file that `export` wrote, in the folder that has the same keys. Of each the higher one stays, so nothing is lowered and nothing that was signed is signed otherwise. Node and CometBFT must be stopped; CometBFT is found to run by the locks of its databases in this folder. A consensus key that a remote signer has, or whose files are in another folder, is refused as `export` does.
    Import(Carry),
}

/// From or to which file.
#[derive(Debug, Args)]
pub struct Carry {
    /// The file with both sign states. It holds no secret, but whoever changes it could have this validator sign twice.
    file: PathBuf,
    #[command(flatten)]
    at: SignStateFolder,
}

/// Whose sign state.
#[derive(Debug, Args)]
pub struct SignStateFolder {
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
    at: SignStateFolder,
    /// Makes the sign state where there is none: for a key whose sign state is lost or damaged. The key file is opened with its password.
    #[arg(long)]
    new: bool,
}

impl From<CometError> for CliError {
    fn from(error: CometError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<CarriedError> for CliError {
    fn from(error: CarriedError) -> Self {
        Self::new(error.to_string())
    }
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
            show(output, &Home::new(&at.home))?;
        }
        SignStateCommand::Export(command) => export(&command, output)?,
        SignStateCommand::Import(command) => import(&command, keys, output)?,
        SignStateCommand::RefuseBelow(command) => {
            let home = Home::new(&command.at.home);
            let path = home.sign_state_path();
            let mut state = match command.new && !path.exists() {
                true => SignState::create(
                    &path,
                    identity(&genesis(&home)?, &home, keys)?,
                    command.epoch,
                )?,
                false => SignState::open_any(&path)?,
            };
            state.refuse_below(command.epoch)?;
            drop(state);
            show(output, &home)?;
        }
    }
    Ok(())
}

fn genesis(home: &Home) -> Result<Genesis, CliError> {
    let genesis = home.read_genesis();
    genesis.map_err(|error| CliError::new(error.to_string()))
}

/// The deployment and the key whose sign state belongs into this folder. `plasmid start` compares both with what it opens, and so the key file is opened here too:
/// what it says of its key is nobody's word.
fn identity(
    genesis: &Genesis,
    home: &Home,
    keys: &KeyOptions,
) -> Result<SignStateIdentity, CliError> {
    Ok(SignStateIdentity {
        deployment: genesis.deployment.domain.deployment,
        key: keys.checkpoint_key(&home.checkpoint_key_path())?,
    })
}

fn export(command: &Carry, output: Output) -> Result<(), CliError> {
    let (home, file) = (Home::new(&command.at.home), command.file.display());
    let engine = home.engine();
    let _engine = engine.hold()?;
    let mut state = SignState::open_to_export(&home.sign_state_path())?;
    // Of an older copy of CometBFT's file nothing is exported: the other machine would sign what was signed here.
    let deployment = state.says().identity.deployment;
    engine.remember_last_signed(&home.last_vote_path(), &deployment)?;
    let key = engine.consensus_key()?;
    if command.file.exists() {
        return Err(CliError::new(format!(
            "there is a file at {file} already, and none is replaced: nothing was exported"
        )));
    }
    // The keys sign no more before the file can be used elsewhere. However this ends, the same command goes on.
    let last_vote = engine.retire()?;
    state.retire()?;
    let written = Carried::of(&state, key, last_vote).write_new(&command.file);
    written.map_err(|error| {
        CliError::new(format!(
            "{error}. Both sign states were moved aside, so nothing signs here any more: export again, to another file"
        ))
    })?;
    output.object(&shown(&state.says(), Some(last_vote)));
    output.say("neither key signs on this machine any more, until `import` takes a file over here");
    output.next(&format!(
        "plasmid sign-state import {file} --home FOLDER, on the other machine"
    ));
    Ok(())
}

fn import(command: &Carry, keys: &KeyOptions, output: Output) -> Result<(), CliError> {
    let home = Home::new(&command.at.home);
    let engine = home.engine();
    let carried = Carried::read(&command.file)?;
    let genesis = genesis(&home)?;
    let identity = identity(&genesis, &home, keys)?;
    let _engine = engine.hold()?;
    carried.check(identity, engine.consensus_key()?)?;
    let parameters = &genesis.genesis.parameters;
    // Of what the chain began with, and not of what the file itself says.
    let reach = Reach::of(0, genesis.root.time, parameters);
    carried.check_reach(reach.max_accepted(), parameters.epoch_blocks)?;
    // What cannot be read, or contradicts, is found before anything is written. The checkpoint key's state comes last: without it `plasmid start` does not
    // start, and without it CometBFT casts no vote.
    engine.last_signed()?;
    carried.take_over(&home.sign_state_path(), identity, || {
        engine.raise_last_signed(carried.last_vote())?;
        Ok::<_, CliError>(
            engine.remember_last_signed(&home.last_vote_path(), &identity.deployment)?,
        )
    })?;
    show(output, &home)
}

fn show(output: Output, home: &Home) -> Result<(), CliError> {
    let summary = SignState::summary(&home.sign_state_path())?;
    output.object(&shown(&summary, home.engine().last_signed()?));
    Ok(())
}

fn shown(summary: &Summary, last_vote: Option<LastVote>) -> Value {
    json!({
        "deployment_id": hex::encode(summary.identity.deployment),
        "checkpoint_key": hex::encode(summary.identity.key),
        "refused_below": summary.floor,
        "signed": summary.count,
        "newest_signed": summary.newest.map(|(epoch, _)| epoch),
        "newest_digest": summary.newest.map(|(_, digest)| digest.to_string()),
        "last_vote_height": last_vote.map(|vote| vote.height),
        "last_vote_round": last_vote.map(|vote| vote.round),
        "last_vote_step": last_vote.map(|vote| vote.step),
    })
}

#[cfg(test)]
mod tests;
