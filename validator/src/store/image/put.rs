//! Writes a state that was read into an empty store, as if all heights up to it were folded.

use super::Heading;
use crate::chain::tree::{EpochMark, LeafImage, Tree};
use crate::store::StoreError;
use crate::store::archive::Archive;
use crate::store::backend::Backend;
use crate::store::fold::encode_page;
use crate::store::keys::{self, PAGE_LEAVES, Table};
use crate::store::layers::{Filed, encode_mark};
use crate::store::sealed::Sealed;
use crate::store::state::{self, Floor, Folded};

/// Writes the state of a header, whose tree this is, into a store that has nothing yet, and makes it durable. The state of that epoch can be proven
/// from there; those before it cannot.
///
/// # Errors
/// [`StoreError`]: a store that holds something, a failing disk.
pub fn put<S: Backend>(backend: S, header: &Heading, tree: &Tree) -> Result<(), StoreError> {
    let archive = Archive {
        disk: Sealed::new(backend),
    };
    let (disk, block) = (&archive.disk, &header.block);
    state::claim_new(disk, header.identity)?;
    archive.put_pages(tree)?;
    disk.put(Table::Block, &keys::block(block.height), &block.encode())?;
    let mut checkpoints = disk.chunk(Table::Checkpoint);
    for checkpoint in &header.checkpoints {
        checkpoints.put(&keys::checkpoint(checkpoint.epoch), &checkpoint.encode())?;
    }
    checkpoints.finish()?;
    let mark = EpochMark {
        epoch: header.ended().saturating_sub(1),
        count: tree.count(),
        root: tree.root(),
    };
    let body = encode_mark(&mark, Filed::Not);
    disk.put(Table::Layer, &keys::layer(mark.epoch), &body)?;
    let floor = Floor {
        epoch: mark.epoch,
        block: block.height,
    };
    state::put_floor(disk, floor)?;
    state::put_imported(disk, block.height)?;
    let folded = Folded {
        height: Some(block.height),
        target: Some(block.height),
        count: mark.count,
        block: Some(*block),
        mark: Some((mark.epoch, block.height)),
    };
    state::put_folded(disk, &folded)?;
    disk.flush()
}

impl<S: Backend> Archive<S> {
    fn put_pages(&self, tree: &Tree) -> Result<(), StoreError> {
        let mut pages = self.disk.chunk(Table::Page);
        for number in 0..tree.count().div_ceil(PAGE_LEAVES) {
            let first = number.saturating_mul(PAGE_LEAVES);
            let last = first.saturating_add(PAGE_LEAVES).min(tree.count());
            let leaves: Vec<LeafImage> = (first..last)
                .filter_map(|index| image(tree, index))
                .collect();
            pages.put(&keys::page(number), &encode_page(leaves.iter()))?;
        }
        pages.finish()
    }
}

/// A leaf with the index of the next one.
fn image(tree: &Tree, index: u32) -> Option<LeafImage> {
    let leaf = tree.leaf(index)?;
    let (next, ..) = tree.get(leaf.next)?;
    Some(LeafImage {
        index,
        key: *leaf.key,
        next,
        kind: leaf.kind,
        value: leaf.value.into(),
    })
}
