//! The state on which somebody leaves: a file that `plasmid export` wrote, or the genesis where root never accepted a checkpoint.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use alloy_primitives::B256;
use clap::Args;
use plasmid_bridge::{client::exits::Ending, relay::seen::Finality};

use super::ExitDesk;
use crate::{
    chain::tree::Tree,
    cli::{CliError, genesis_state},
    node::accepted::accepted_by,
    store::image,
};

/// Where the state is.
#[derive(Clone, Debug, Args)]
pub struct StateOption {
    /// The state: a file that `plasmid export` wrote from a node's folder at the base's epoch. Where root has never accepted a checkpoint, the network's genesis.json.
    #[arg(long, value_name = "FILE")]
    pub state: PathBuf,
}

/// A state whose root is root's own word.
pub struct BaseState {
    /// Its leaves.
    pub tree: Tree,
    /// What it is, for people.
    pub under: String,
}

/// What the base is called when this number of checkpoints stand.
pub fn base_name(epochs: u64) -> String {
    match epochs.checked_sub(1) {
        None => "the genesis state".to_owned(),
        Some(epoch) => format!("the checkpoint of epoch {epoch}"),
    }
}

/// Reads a state and compares it with the base, or before there is one with the checkpoint that root accepted of its epoch.
///
/// # Errors
/// What is wrong with the file, and which one is needed.
pub async fn read(path: &Path, place: &ExitDesk, seen: &Ending) -> Result<BaseState, CliError> {
    let base = &seen.base;
    if base.opened && base.epochs == 0 {
        let tree = genesis(path)?;
        let under = format!("the base, {}", base_name(0));
        return match tree.root() == base.stateRoot {
            true => Ok(BaseState { tree, under }),
            false => Err(CliError::new(format!(
                "{}: its genesis state has root {}, and the base has {}: it is another network's",
                path.display(),
                tree.root(),
                base.stateRoot
            ))),
        };
    }
    let read = File::open(path).map_err(image::ImageError::from);
    let read = read.and_then(|file| image::read(BufReader::with_capacity(1 << 20, file)));
    let (header, tree) =
        read.map_err(|error| CliError::new(format!("{}: {error}", path.display())))?;
    if header.identity.deployment != place.deployment.domain.deployment {
        return Err(CliError::new(format!(
            "{} is of deployment {}, and this is {}: it is another network's",
            path.display(),
            hex::encode(header.identity.deployment),
            hex::encode(place.deployment.domain.deployment)
        )));
    }
    let epoch = header.ended().saturating_sub(1);
    if let Some(own) = base.epochs.checked_sub(1).filter(|_| base.opened) {
        compare((epoch, tree.root()), (own, base.stateRoot))?;
        let under = format!("the base, {}", base_name(base.epochs));
        return Ok(BaseState { tree, under });
    }
    if epoch >= seen.head.standing {
        return Err(CliError::new(format!(
            "this file states epoch {epoch}, and {} checkpoints stand on root, so the base will be another one: export an epoch that root has accepted",
            seen.head.standing
        )));
    }
    let newest = Finality::Depth(0);
    let found = accepted_by(&place.rpc, place.root_chain(), epoch, newest).await?;
    compare((epoch, tree.root()), (epoch, found.checkpoint.state_root))?;
    let under = format!(
        "{}, which root has accepted; there is no base yet",
        base_name(epoch.saturating_add(1))
    );
    Ok(BaseState { tree, under })
}

/// That a file's epoch and root are those that root names.
fn compare((epoch, root): (u64, B256), (own, wanted): (u64, B256)) -> Result<(), CliError> {
    if root == wanted {
        return Ok(());
    }
    Err(CliError::new(match epoch == own {
        false => format!(
            "this file states epoch {epoch}, the base is epoch {own}: export that one with `plasmid export --epoch {own}`"
        ),
        true => format!(
            "this file's state of epoch {epoch} has root {root}, and root accepted {wanted} for that epoch: export it again from another node"
        ),
    }))
}

fn genesis(path: &Path) -> Result<Tree, CliError> {
    genesis_state::read(path).map_err(|why| {
        CliError::new(format!(
            "{}: {why}; root has never accepted a checkpoint, so the base is the genesis state: name the network's genesis.json with --state",
            path.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_file_says_which_one_is_needed() {
        let (one, other) = (B256::repeat_byte(1), B256::repeat_byte(2));
        compare((9, one), (9, one)).expect("it is the base");
        let said = |file, base| compare(file, base).expect_err("it differs").to_string();
        assert_eq!(
            said((7, one), (9, other)),
            "this file states epoch 7, the base is epoch 9: export that one with `plasmid export --epoch 9`"
        );
        assert!(said((9, one), (9, other)).contains("from another node"));
        assert_eq!(base_name(0), "the genesis state");
        assert_eq!(base_name(10), "the checkpoint of epoch 9");
    }

    #[test]
    fn what_is_no_genesis_names_the_file_that_is_needed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state");
        for content in [None, Some("PLASMID"), Some("{}")] {
            if let Some(content) = content {
                std::fs::write(&path, content).expect("written");
            }
            let said = genesis(&path)
                .map(drop)
                .expect_err("no genesis")
                .to_string();
            assert!(said.contains("name the network's genesis.json"), "{said}");
        }
    }
}
