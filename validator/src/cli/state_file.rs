//! `plasmid export` and `plasmid import`: the state of a stopped node as a file, and back.

use std::path::PathBuf;

use alloy_primitives::{Address, B256};
use clap::Args;
use plasmid_bridge::relay::seen::Finality;
use serde_json::{Value, json};

use super::{
    CliError,
    output::{Output, note},
};
use crate::{
    node::{
        accepted::accepted_by_each,
        config::Home,
        founding,
        state_file::{self, Exported, StateFileError},
    },
    store::image::Heading,
};

/// What is exported, and where to.
#[derive(Debug, Args)]
pub struct ExportCommand {
    /// The file that is written; it must not exist.
    file: PathBuf,
    /// The node's folder. The node must be stopped.
    #[arg(long, env = "PLASMID_HOME")]
    home: PathBuf,
    /// The epoch, instead of the last one that has ended. Its state must still be in the node's memory when it runs, as those of the last epochs are; RootChain accepts the checkpoint of an epoch a little later, `plasmid import --certified` asks for that, and the command warns where the store does not know of it.
    #[arg(long)]
    epoch: Option<u64>,
}

/// What is imported, where to, and what it is compared with.
#[derive(Debug, Args)]
pub struct ImportCommand {
    /// The file that `plasmid export` wrote.
    file: PathBuf,
    /// The node's folder, as `plasmid init join` made it, without a store.
    #[arg(long, env = "PLASMID_HOME")]
    home: PathBuf,
    #[command(flatten)]
    check: Comparison,
    /// Reads and checks the file, and writes nothing.
    #[arg(long)]
    dry_run: bool,
}

/// What the file is compared with: its last checkpoint covers the state and all checkpoints before it. In every case the node signs no checkpoint of an epoch that the file has: where all members import a file whose last checkpoint root has not accepted, nobody signs that one again, and the bridge stops for good. `--certified` refuses such a file.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Comparison {
    /// Asks every root endpoint of plasmid.toml, and refuses another checkpoint than the one that RootChain has accepted of that epoch in a final block, as all of them say.
    #[arg(long)]
    certified: bool,
    /// The digest that the file's last checkpoint must have, from somewhere that you trust. It covers the state and all checkpoints before it, and not the other hashes of the last block, which CometBFT compares when the node starts.
    #[arg(long, value_name = "HASH")]
    checkpoint: Option<B256>,
    /// Takes the file's own word. Only for a file that you wrote yourself and kept where nobody else writes: a node that signs would sign what follows from a stranger's.
    #[arg(long)]
    unchecked: bool,
}

impl From<StateFileError> for CliError {
    fn from(error: StateFileError) -> Self {
        Self::new(error.to_string())
    }
}

/// Runs `plasmid export`.
///
/// # Errors
/// What is not there, or cannot be written.
pub fn export(command: &ExportCommand, output: Output) -> Result<(), CliError> {
    let progress = output.progress("writing the state");
    let home = Home::new(&command.home);
    let done = state_file::export(&home, command.epoch, &command.file);
    progress.finish_and_clear();
    let Exported {
        header,
        leaves,
        is_accepted,
    } = done?;
    let mut object = shown(&header, leaves);
    object["accepted"] = is_accepted.into();
    output.object(&object);
    if !is_accepted {
        note(&unaccepted(header.ended().saturating_sub(1)));
    }
    output.next(&format!(
        "plasmid import {} --home FOLDER",
        command.file.display()
    ));
    Ok(())
}

/// Runs `plasmid import`.
///
/// # Errors
/// What is wrong in the file or the folder; the folder is as it was then.
pub async fn import(command: &ImportCommand, output: Output) -> Result<(), CliError> {
    let home = Home::new(&command.home);
    let genesis = home.read_genesis().map_err(StateFileError::from)?;
    state_file::refuse_store(&home)?;
    let progress = output.progress("reading the state");
    let read = state_file::read(&genesis, &command.file);
    progress.finish_and_clear();
    let (header, tree) = read?;
    let checked = match command.check.checkpoint {
        Some(digest) => compare(&header, digest, "you gave")?,
        None if command.check.certified => {
            let root_chain = Address::from(genesis.root.root_chain);
            let finality = founding::finality(&genesis.genesis.parameters);
            certified(&home, &header, root_chain, finality).await?
        }
        None => "its own word alone",
    };
    let object = read_in(&header, tree.count(), checked, !command.dry_run);
    if command.dry_run {
        output.object(&object);
        output.next("the same command without --dry-run");
        return Ok(());
    }
    let progress = output.progress("writing the store");
    let done = state_file::import(&home, &header, tree);
    progress.finish_and_clear();
    done?;
    output.object(&object);
    output.next(&format!(
        "plasmid start --home {}, with a CometBFT that has the blocks from height {} on",
        command.home.display(),
        header.block.height.saturating_add(1)
    ));
    Ok(())
}

/// What whoever keeps a file has to know whose last checkpoint root may never get.
fn unaccepted(epoch: u64) -> String {
    format!(
        "warning: as this store knows, root has not accepted the checkpoint of epoch {epoch}. A node that is made from this file signs no checkpoint of an epoch in it. If all \
         members were made from it, nobody would sign epoch {epoch} again, and the bridge would stop for good. Keep this file for single nodes; for one from which all could \
         go on, run the node until root has accepted epoch {epoch}, stop it, and export with --epoch {epoch}"
    )
}

fn compare(header: &Heading, wanted: B256, whose: &str) -> Result<&'static str, CliError> {
    let found = digest(header);
    match found == Some(wanted) {
        true => Ok("the digest that you gave"),
        false => Err(CliError::new(format!(
            "the file's checkpoint has digest {}, and {whose} {wanted}: nothing was imported",
            found.unwrap_or_default()
        ))),
    }
}

/// That RootChain has accepted the last checkpoint of the file, whose state is the file's, in a final block: every endpoint is asked, as the
/// node asks them when it runs, so that no one of them alone can make a state up.
async fn certified(
    home: &Home,
    header: &Heading,
    root_chain: Address,
    finality: Finality,
) -> Result<&'static str, CliError> {
    let config = home.read_config().map_err(StateFileError::from)?;
    let epoch = header.ended().saturating_sub(1);
    let said = accepted_by_each(&config.root.endpoints, root_chain, epoch, finality).await?;
    let said = said.into_iter().map(|(place, one)| (place, one.digest));
    all_say(header, &said.collect::<Vec<_>>())
}

/// That there is an endpoint, and that each has the file's digest.
fn all_say(header: &Heading, said: &[(String, B256)]) -> Result<&'static str, CliError> {
    if said.is_empty() {
        return Err(CliError::new(
            "plasmid.toml names no root endpoint that could be asked: nothing was imported",
        ));
    }
    for (place, digest) in said {
        compare(header, *digest, &format!("root accepted, as {place} says,"))?;
    }
    Ok("RootChain, which has accepted it")
}

fn digest(header: &Heading) -> Option<B256> {
    header.checkpoint().map(|checkpoint| checkpoint.digest())
}

fn shown(header: &Heading, leaves: u32) -> Value {
    json!({
        "height": header.block.height,
        "epoch": header.ended().saturating_sub(1),
        "state_root": header.block.after.to_string(),
        "checkpoint": digest(header).map(|digest| digest.to_string()),
        "app_hash": header.block.hash().to_string(),
        "leaves": leaves,
    })
}

/// What was read, and whether it is the folder's store now.
fn read_in(header: &Heading, leaves: u32, checked: &str, imported: bool) -> Value {
    let mut object = shown(header, leaves);
    object["checked_against"] = checked.into();
    object["imported"] = imported.into();
    object
}

#[cfg(test)]
mod tests {
    use plasmid_bridge::proof::{checkpoint::Checkpoint, commitment::BlockCommitment};

    use super::*;
    use crate::{ledger::Parameters, store::Identity};

    #[test]
    fn a_file_is_shown_by_its_height_and_its_checkpoint_and_compared_by_its_digest() {
        let root = B256::repeat_byte(3);
        let checkpoint = Checkpoint {
            deployment: [7; 20],
            epoch: 1,
            last_block_time: 2,
            blocks_root: B256::ZERO,
            state_root: root,
            inbox_cursor: 0,
            inbox_link: B256::ZERO,
            next_set: B256::ZERO,
            relayer: [0; 20],
            previous: B256::ZERO,
        };
        let mut block = BlockCommitment::genesis(1, 5, root);
        block.height = 128;
        let header = Heading {
            identity: Identity {
                deployment: [7; 20],
                genesis_root: B256::ZERO,
            },
            parameters: Parameters::local(),
            block,
            checkpoints: vec![checkpoint],
        };
        let digest = checkpoint.digest();
        let said = unaccepted(1);
        assert!(said.contains("--epoch 1") && said.contains("nobody would sign"));
        assert_eq!(
            read_in(&header, 9, "nothing", true),
            json!({
                "height": 128, "epoch": 1, "state_root": root.to_string(), "checkpoint": digest.to_string(),
                "app_hash": block.hash().to_string(), "leaves": 9, "checked_against": "nothing", "imported": true,
            })
        );
        assert!(compare(&header, digest, "you gave").is_ok());
        let say = |digests: &[B256]| {
            let said = digests.iter().map(|digest| ("a".to_owned(), *digest));
            all_say(&header, &said.collect::<Vec<_>>()).is_ok()
        };
        assert!(say(&[digest]) && say(&[digest, digest]));
        assert!(!say(&[digest, root]) && !say(&[root, digest]) && !say(&[]));
        let other = compare(&header, root, "root accepted").expect_err("another");
        let said = other.to_string();
        assert!(
            said.contains("root accepted") && said.contains(&digest.to_string()),
            "{said}"
        );
    }
}
