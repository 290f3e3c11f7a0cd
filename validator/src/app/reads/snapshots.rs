//! The state at the end of an epoch, part by part, for a node that joins under the engine's state sync (`store/image/taking.rs` takes it in).
//!
//! What is offered are states whose checkpoint root has accepted, as the child has consumed it. No copy of one is made: a part is read from the tree
//! and from what is kept of the past when it is asked for.

use alloy_primitives::B256;

use super::{Past, PastLeaf, ReadError, Reader, on_tree};
use crate::{
    chain::tree::{LeafRef, Tree},
    ledger::{Slot, Value, leaf::EpochRecord, ring_place},
    store::{
        Identity,
        image::{
            Heading, last_checkpoints, part,
            taking::{SNAPSHOT_FORMAT, SnapshotOffer, ended_by},
            write_heading,
        },
    },
};

/// How many states are offered at the same time, the newest ones.
const OFFERED: usize = 3;
/// Epochs that are looked at for them. Where root has accepted none of as many, none is offered.
const LOOKED_AT: usize = 256;

/// Whether a message of root that this state has consumed says that root accepted the checkpoint of an epoch.
pub fn is_accepted(tree: &Tree, epoch: u64, ring: u32) -> bool {
    let place = ring_place(epoch, ring);
    let record = tree.get(&Slot::EpochRecord { place }.key());
    let record = record.and_then(|(_, _, bytes)| EpochRecord::decode(bytes).ok());
    record.is_some_and(|record| record.epoch == epoch && record.accepted != 0)
}

/// The states that are offered, the newest first.
///
/// # Errors
/// [`ReadError`]: the state is not kept any more, the store cannot be read.
pub fn offers(source: &Reader<'_>) -> Result<Vec<SnapshotOffer>, ReadError> {
    let ring = source.facts().parameters.ring;
    let epochs = on_tree(source, |tree| {
        let ended: Vec<u64> = tree.marks().map(|mark| mark.epoch).collect();
        let newest = ended.into_iter().rev().take(LOOKED_AT);
        let accepted = newest.filter(|epoch| is_accepted(tree, *epoch, ring));
        accepted.take(OFFERED).collect::<Vec<_>>()
    })?;
    epochs.into_iter().map(|epoch| offer(source, epoch)).collect()
}

fn offer(source: &Reader<'_>, epoch: u64) -> Result<SnapshotOffer, ReadError> {
    source.check()?;
    let blocks = u64::from(source.facts().parameters.epoch_blocks);
    let past = Past::of(source, epoch)?;
    let shown = past.prove(&past.leaf(0)?)?.encode();
    let checkpoint = source.checkpoint(epoch)?;
    let checkpoint = checkpoint.ok_or_else(|| lacks(epoch))?;
    Ok(SnapshotOffer {
        height: epoch.saturating_add(1).saturating_mul(blocks),
        format: SNAPSHOT_FORMAT,
        parts: part::parts(past.count()),
        digest: checkpoint.digest().to_vec(),
        shown,
    })
}

/// Part `number` of the state at a height.
///
/// # Errors
/// [`ReadError`]: there is no such part, or the state is not kept.
pub fn part(
    source: &Reader<'_>,
    (height, format): (u64, u32),
    number: u32,
) -> Result<Vec<u8>, ReadError> {
    let no = |why: String| ReadError::NotFound(why);
    if format != SNAPSHOT_FORMAT {
        return Err(no(format!("no state is given out in format {format}")));
    }
    let blocks = source.facts().parameters.epoch_blocks;
    let epoch = ended_by(height, blocks).map_err(|error| no(error.to_string()))?;
    let past = Past::of(source, epoch)?;
    if number == 0 {
        let heading = heading(source, height, epoch, past.root())?;
        return write_heading(&heading).map_err(internal);
    }
    let indices: Vec<u32> = part::leaves_of(number, past.count()).collect();
    if indices.is_empty() {
        return Err(no(format!("the state of height {height} has no part {number}")));
    }
    let mut leaves = Vec::with_capacity(indices.len());
    for index in &indices {
        source.check()?;
        leaves.push(past.leaf(*index)?);
    }
    let proof = past.multiproof(&indices)?;
    part::write_part(&proof, leaves.iter().map(reference)).map_err(internal)
}

/// What stands in front of the leaves.
fn heading(
    source: &Reader<'_>,
    height: u64,
    epoch: u64,
    root: B256,
) -> Result<Heading, ReadError> {
    let block = source.commitment(height)?;
    let block = block.filter(|block| block.after == root);
    let facts = source.facts();
    let genesis = &source.genesis_parameters().inclusion;
    Ok(Heading {
        identity: Identity {
            deployment: facts.domain.deployment,
            genesis_root: genesis.state_root().map_err(internal)?,
        },
        parameters: facts.parameters,
        block: block.ok_or_else(|| lacks(epoch))?,
        checkpoints: last_checkpoints(epoch.saturating_add(1), |epoch| {
            source.check()?;
            source.checkpoint(epoch)
        })?,
    })
}

fn reference(leaf: &PastLeaf) -> LeafRef<'_> {
    LeafRef {
        index: leaf.index,
        key: &leaf.key,
        next: &leaf.next,
        kind: leaf.kind,
        value: &leaf.value,
    }
}

fn lacks(epoch: u64) -> ReadError {
    ReadError::NotFound(format!(
        "this node has no checkpoint or no last block of epoch {epoch} any more"
    ))
}

fn internal(error: impl std::fmt::Display) -> ReadError {
    ReadError::Internal(error.to_string())
}
