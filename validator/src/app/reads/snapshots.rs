//! The state at the end of an epoch, part by part, for a node that joins under the engine's state sync (`store/image/taking.rs` takes it in).
//!
//! What is offered are states whose checkpoint root has accepted, as the child has consumed it. No copy of one is made: a part is read from the tree
//! and from what is kept of the past when it is asked for.

use super::{Past, PastLeaf, ReadError, Reader, on_tree};
use crate::{
    chain::tree::{LeafRef, Tree},
    ledger::{Slot, Value, leaf::EpochRecord, ring_place},
    store::{
        Identity,
        image::{
            Heading, last_checkpoints, part,
            taking::{SNAPSHOT_FORMAT, SnapshotOffer, ended_by},
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
    let parameters = &source.facts().parameters;
    let (ring, blocks) = (parameters.ring, u64::from(parameters.epoch_blocks));
    // Of blocks up to there this node has no commitments.
    let first = source.imported().map_or(0, |height| height / blocks.max(1));
    let epochs = on_tree(source, |tree| {
        let ended = tree.marks().map(|mark| mark.epoch);
        let ended: Vec<u64> = ended.filter(|epoch| *epoch >= first).collect();
        let newest = ended.into_iter().rev().take(LOOKED_AT);
        let accepted = newest.filter(|epoch| is_accepted(tree, *epoch, ring));
        accepted.take(OFFERED).collect::<Vec<_>>()
    })?;
    let mut offers = Vec::new();
    for epoch in epochs {
        match offer(source, epoch) {
            Ok(offer) => offers.push(offer),
            // It was given up meanwhile.
            Err(ReadError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(offers)
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
        return first(source, height, epoch);
    }
    let indices: Vec<u32> = part::leaves_of(number, past.count()).collect();
    if indices.is_empty() {
        return Err(no(format!(
            "the state of height {height} has no part {number}"
        )));
    }
    let mut leaves = Vec::with_capacity(indices.len());
    for index in &indices {
        source.check()?;
        leaves.push(past.leaf(*index)?);
    }
    let proof = past.multiproof(&indices)?;
    part::write_part(&proof, leaves.iter().map(reference)).map_err(internal)
}

/// The first part: what stands in front of the leaves, and the place of its block in the epoch.
fn first(source: &Reader<'_>, height: u64, epoch: u64) -> Result<Vec<u8>, ReadError> {
    let facts = source.facts();
    let blocks = u64::from(facts.parameters.epoch_blocks);
    let (mut hashes, mut last) = (Vec::new(), None);
    for height in height.saturating_sub(blocks).saturating_add(1)..=height {
        source.check()?;
        let block = source.commitment(height)?.ok_or_else(|| lacks(epoch))?;
        hashes.push(block.hash());
        last = Some(block);
    }
    let genesis = &source.genesis_parameters().inclusion;
    let heading = Heading {
        identity: Identity {
            deployment: facts.domain.deployment,
            genesis_root: genesis.state_root().map_err(internal)?,
        },
        parameters: facts.parameters,
        block: last.ok_or_else(|| lacks(epoch))?,
        checkpoints: last_checkpoints(epoch.saturating_add(1), |epoch| {
            source.check()?;
            source.checkpoint(epoch)
        })?,
    };
    part::write_first(&heading, &hashes).map_err(internal)
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
        "this node has not the checkpoint and all blocks' commitments of epoch {epoch}"
    ))
}

fn internal(error: impl std::fmt::Display) -> ReadError {
    ReadError::Internal(error.to_string())
}

#[cfg(test)]
mod tests;
