//! A part of a state: leaves in a row with one proof, so that each part is judged for itself against the state's root.
//!
//! ```text
//! part 0 = what a state's file has in front of its leaves ‖ siblings u8 × 32, by which its block is the last one of its epoch
//! part i = siblings u8 × 32 ‖ leaf × n        leaf = kind u8 ‖ width u16 ‖ key 32 ‖ value ‖ next key 32
//! ```
//! Part i, from 1 on, has the leaves (i − 1) × 4,096 to i × 4,096 − 1, as many of them as the state has. How many it has is known before, with a proof.

use super::write::{head, short};
use super::{Heading, ImageError, LEAF_HEAD, read_heading, write_heading};
use crate::chain::tree::{Change, LeafRef, MAX_VALUE};
use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::bytes::{DecodeError, Reader};
use plasmid_bridge::proof::list;
use plasmid_bridge::proof::tree::{DEPTH, Multiproof, ProofError, leaf as leaf_hash, value_hash};
use std::io;

/// Leaves of a part, but of the last one.
pub const PART_LEAVES: u32 = 4_096;
/// Siblings of leaves in a row: two of a level.
const MAX_SIBLINGS: usize = 2 * DEPTH;
/// The most bytes that a part of leaves can have.
pub const MAX_PART_BYTES: usize =
    1 + 32 * MAX_SIBLINGS + PART_LEAVES as usize * (LEAF_HEAD + MAX_VALUE + 32);

/// Why a part is refused.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum PartError {
    #[error("it has {0} bytes, and no part has more than {MAX_PART_BYTES}")]
    Large(usize),
    #[error("it has {0} siblings, and leaves in a row have {MAX_SIBLINGS} at most")]
    Siblings(u8),
    #[error("leaf {index} has a value of {width} bytes; the widest has {MAX_VALUE}")]
    Wide { index: u32, width: usize },
    #[error("it ends too early or too late: {0}")]
    Bytes(#[from] DecodeError),
    #[error(transparent)]
    Heading(#[from] ImageError),
    #[error("its block is not the last one of the epoch whose checkpoint root accepted")]
    Block,
    #[error("its leaves do not stand in the state that root accepted: {0}")]
    Proof(#[from] ProofError),
}

/// How many parts a state of `count` leaves has.
#[must_use]
pub const fn parts(count: u32) -> u32 {
    1 + count.div_ceil(PART_LEAVES)
}

/// The indices of the leaves of part `number`, none for one that the state has not.
#[must_use]
pub fn leaves_of(number: u32, count: u32) -> std::ops::Range<u32> {
    let end = number.saturating_mul(PART_LEAVES).min(count);
    let first = number.saturating_sub(1).saturating_mul(PART_LEAVES);
    first.min(end)..end
}

/// The bytes of the first part. `blocks` are the commitments' hashes of the epoch's blocks.
///
/// # Errors
/// More of anything than there can be.
pub fn write_first(heading: &Heading, blocks: &[Hash]) -> io::Result<Vec<u8>> {
    let last = blocks.len().saturating_sub(1);
    let last = u32::try_from(last).map_err(io::Error::other)?;
    let siblings = list::prove(blocks, last).unwrap_or_default();
    let mut out = write_heading(heading)?;
    put_siblings(&siblings, &mut out)?;
    Ok(out)
}

/// What the first part says, whose block is the last one of an epoch whose blocks have this root.
///
/// # Errors
/// [`PartError`]: it is none.
pub fn read_first(mut bytes: &[u8], blocks_root: &Hash) -> Result<Heading, PartError> {
    let heading = read_heading(&mut bytes)?;
    let mut reader = Reader::new(bytes);
    let siblings = siblings(&mut reader)?;
    reader.finish()?;
    let count = heading.parameters.epoch_blocks;
    let (block, last) = (heading.block.hash(), count.saturating_sub(1));
    match list::verify(blocks_root, &block, last, count, &siblings) {
        true => Ok(heading),
        false => Err(PartError::Block),
    }
}

fn put_siblings(siblings: &[Hash], out: &mut Vec<u8>) -> io::Result<()> {
    out.push(u8::try_from(siblings.len()).map_err(io::Error::other)?);
    for sibling in siblings {
        out.extend_from_slice(sibling.as_slice());
    }
    Ok(())
}

fn siblings(reader: &mut Reader<'_>) -> Result<Vec<Hash>, PartError> {
    let count = reader.u8()?;
    if usize::from(count) > MAX_SIBLINGS {
        return Err(PartError::Siblings(count));
    }
    let siblings = (0..count).map(|_| reader.array().map(Hash::from));
    Ok(siblings.collect::<Result<_, _>>()?)
}

/// The bytes of a part of leaves.
///
/// # Errors
/// More siblings, or a wider value, than there can be.
pub fn write_part<'a>(
    proof: &Multiproof,
    leaves: impl Iterator<Item = LeafRef<'a>>,
) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    put_siblings(&proof.siblings, &mut out)?;
    for leaf in leaves {
        short(leaf.value.len())?;
        out.extend_from_slice(&head(&leaf)?);
        out.extend_from_slice(leaf.value);
        out.extend_from_slice(leaf.next.as_slice());
    }
    Ok(out)
}

/// The leaves of part `number` of the state with this root, which has `count` leaves.
///
/// # Errors
/// [`PartError`]: it is not that part.
pub fn read_part(
    bytes: &[u8],
    number: u32,
    count: u32,
    root: &Hash,
) -> Result<Vec<Change>, PartError> {
    if bytes.len() > MAX_PART_BYTES {
        return Err(PartError::Large(bytes.len()));
    }
    let mut reader = Reader::new(bytes);
    let proof = Multiproof {
        siblings: siblings(&mut reader)?,
    };
    let (mut hashes, mut leaves) = (Vec::new(), Vec::new());
    for index in leaves_of(number, count) {
        let (change, next) = leaf(&mut reader, index)?;
        let value = value_hash(change.kind, &change.value);
        hashes.push((index, leaf_hash(&change.key, &next, &value)));
        leaves.push(change);
    }
    reader.finish()?;
    proof.verify(&hashes, count, root)?;
    Ok(leaves)
}

fn leaf(reader: &mut Reader<'_>, index: u32) -> Result<(Change, Hash), PartError> {
    let kind = reader.u8()?;
    let width = usize::from(reader.u16()?);
    if width > MAX_VALUE {
        return Err(PartError::Wide { index, width });
    }
    let key = Hash::from(reader.array::<32>()?);
    let value = reader.slice(width)?.to_vec();
    let next = Hash::from(reader.array::<32>()?);
    Ok((Change { key, kind, value }, next))
}

#[cfg(test)]
mod tests;
