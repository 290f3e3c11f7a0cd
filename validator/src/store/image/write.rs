//! Writes a state, leaf by leaf.

use super::{FORMAT, Heading, LEAF_HEAD, MAGIC};
use crate::chain::tree::{LeafRef, Tree, TreeView};
use crate::ledger::Value;
use alloy_primitives::Keccak256;
use std::io::{self, Write};

/// Bytes on their way, with their checksum.
struct Hashed<W> {
    out: W,
    hasher: Keccak256,
}

impl<W: Write> Hashed<W> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.out.write_all(bytes)
    }
}

/// Writes the state of a header, whose leaves these are. What is written at once is one leaf at most, so `out` should gather it.
///
/// # Errors
/// What `out` says.
pub fn write(out: impl Write, header: &Heading, leaves: &TreeView<'_>) -> io::Result<()> {
    let mut out = Hashed {
        out,
        hasher: Keccak256::new(),
    };
    heading(&mut out, header)?;
    out.put(&leaves.count().to_be_bytes())?;
    for index in 0..leaves.count() {
        let leaf = leaves.leaf(index);
        let leaf = leaf.ok_or_else(|| io::Error::other(format!("leaf {index} is missing")))?;
        out.put(&head(&leaf)?)?;
        out.put(leaf.value)?;
    }
    let Hashed { mut out, hasher } = out;
    out.write_all(hasher.finalize().as_slice())?;
    out.flush()
}

/// What a state says in front of its leaves.
///
/// # Errors
/// A length that has no room in its field.
pub fn write_heading(header: &Heading) -> io::Result<Vec<u8>> {
    let mut out = Hashed {
        out: Vec::new(),
        hasher: Keccak256::new(),
    };
    heading(&mut out, header)?;
    Ok(out.out)
}

fn heading<W: Write>(out: &mut Hashed<W>, header: &Heading) -> io::Result<()> {
    out.put(&MAGIC)?;
    out.put(&FORMAT.to_be_bytes())?;
    out.put(&header.identity.deployment)?;
    out.put(header.identity.genesis_root.as_slice())?;
    let parameters = header.parameters.encode();
    out.put(&count(parameters.len())?.to_be_bytes())?;
    out.put(&parameters)?;
    out.put(&header.block.encode())?;
    out.put(&short(header.checkpoints.len())?.to_be_bytes())?;
    for checkpoint in &header.checkpoints {
        out.put(&checkpoint.encode())?;
    }
    Ok(())
}

/// Writes the leaves of a state alone: their number, and they.
///
/// # Errors
/// What `out` says.
pub fn write_leaves(mut out: impl Write, tree: &Tree) -> io::Result<()> {
    out.write_all(&tree.count().to_be_bytes())?;
    for leaf in tree.iter() {
        out.write_all(&head(&leaf)?)?;
        out.write_all(leaf.value)?;
    }
    out.flush()
}

/// What stands before the value of a leaf.
pub(super) fn head(leaf: &LeafRef<'_>) -> io::Result<[u8; LEAF_HEAD]> {
    let mut head = [0; LEAF_HEAD];
    let (kind, rest) = head.split_at_mut(1);
    let (width, key) = rest.split_at_mut(2);
    kind.copy_from_slice(&[leaf.kind]);
    width.copy_from_slice(&short(leaf.value.len())?.to_be_bytes());
    key.copy_from_slice(leaf.key.as_slice());
    Ok(head)
}

pub(super) fn short(count: usize) -> io::Result<u16> {
    u16::try_from(count).map_err(io::Error::other)
}

fn count(count: usize) -> io::Result<u32> {
    u32::try_from(count).map_err(io::Error::other)
}
