//! What a store has of the end of an epoch: the header of a file, and the leaves that go into it.

use super::{Heading, MAX_CHECKPOINTS};
use crate::chain::tree::{TreeError, TreeView};
use crate::ledger::Parameters;
use crate::store::{Identity, Loaded, Store, StoreError};
use plasmid_bridge::proof::checkpoint::Checkpoint;

/// Why a state is not there to be exported.
#[derive(Debug, thiserror::Error)]
pub enum Gone {
    /// The first epoch has not ended.
    #[error("no epoch has ended yet, and a state is exported at the end of one: let the node run")]
    NoEpoch,
    /// The epoch has not ended, or its state is not kept in memory any more.
    #[error(
        "the state at the end of epoch {epoch} cannot be exported: {source}; leave --epoch out for that of epoch {newest}"
    )]
    Epoch {
        /// The epoch that was asked for.
        epoch: u64,
        /// The last one that has ended.
        newest: u64,
        /// Why.
        source: TreeError,
    },
    /// What stands beside the state is missing.
    #[error("the store has no {what} any more, without which the state cannot be used")]
    Lacks {
        /// What is missing.
        what: String,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Gathers the state at the end of an epoch; of the last one that has ended, where none is named.
///
/// # Errors
/// [`Gone`] names what is not kept.
pub fn gather<'a>(
    store: &dyn Store,
    loaded: &'a Loaded,
    (identity, parameters): (Identity, Parameters),
    epoch: Option<u64>,
) -> Result<(Heading, TreeView<'a>), Gone> {
    let newest = loaded.tree.newest_mark().ok_or(Gone::NoEpoch)?.epoch;
    let epoch = epoch.unwrap_or(newest);
    let view = loaded.tree.at(epoch).map_err(|source| Gone::Epoch {
        epoch,
        newest,
        source,
    })?;
    let ended = epoch.saturating_add(1);
    let height = ended.saturating_mul(parameters.epoch_blocks.into());
    let block = store.block(height)?;
    let block = block.ok_or_else(|| lacks(format!("commitment of height {height}")))?;
    let header = Heading {
        identity,
        parameters,
        block,
        checkpoints: checkpoints(store, ended)?,
    };
    Ok((header, view))
}

/// These checkpoints, from a store.
fn checkpoints(store: &dyn Store, ended: u64) -> Result<Vec<Checkpoint>, Gone> {
    last_checkpoints(ended, |epoch| {
        let bytes = store.checkpoint(epoch)?;
        let checkpoint = bytes.map(|bytes| Checkpoint::decode(&bytes)).transpose();
        checkpoint.map_err(|_| lacks(format!("checkpoint of epoch {epoch}")))
    })
}

/// The checkpoints before an epoch that are kept in a row, the most that a file takes, ascending, each as `get` gives it.
///
/// # Errors
/// What `get` says.
pub fn last_checkpoints<E>(
    ended: u64,
    mut get: impl FnMut(u64) -> Result<Option<Checkpoint>, E>,
) -> Result<Vec<Checkpoint>, E> {
    let mut found = Vec::new();
    for epoch in (ended.saturating_sub(MAX_CHECKPOINTS)..ended).rev() {
        match get(epoch)? {
            Some(checkpoint) => found.push(checkpoint),
            None => break,
        }
    }
    found.reverse();
    Ok(found)
}

fn lacks(what: String) -> Gone {
    Gone::Lacks { what }
}
