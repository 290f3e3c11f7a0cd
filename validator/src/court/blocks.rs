//! The block commitments of an accepted checkpoint: all of them, or some in a row that were shown with their paths.

use alloy_primitives::B256;
use plasmid_bridge::proof::commitment::{BlockCommitment, blocks_root};
use plasmid_bridge::proof::list;
use plasmid_bridge::relay::acceptance::Acceptance;

/// Block commitments that are not those of the checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the block commitments have the root {found}, and the checkpoint commits to {expected}")]
pub struct OtherBlocks {
    /// The checkpoint's.
    pub expected: B256,
    /// Theirs.
    pub found: B256,
}

/// What leads from each block to the checkpoint.
#[derive(Clone, Debug)]
enum BlockPaths {
    /// The hashes of all blocks.
    All(Vec<B256>),
    /// The path of each block that is shown.
    Each(Vec<Vec<B256>>),
}

/// The block commitments of an accepted checkpoint.
#[derive(Clone, Debug)]
pub struct OpenedEpoch {
    /// The checkpoint.
    pub accepted: Acceptance,
    /// Its blocks, K of them, or those in a row that are shown.
    pub blocks: Vec<BlockCommitment>,
    /// The place of the first of these.
    first: u32,
    paths: BlockPaths,
}

impl OpenedEpoch {
    /// These blocks, if they are the checkpoint's.
    ///
    /// # Errors
    /// [`OtherBlocks`], also where there are not K of them.
    pub fn new(
        accepted: Acceptance,
        blocks: Vec<BlockCommitment>,
        epoch_blocks: u32,
    ) -> Result<Self, OtherBlocks> {
        let hashes: Vec<B256> = blocks.iter().map(BlockCommitment::hash).collect();
        let (expected, found) = (accepted.checkpoint.blocks_root, blocks_root(&hashes));
        let is_whole = u32::try_from(blocks.len()).is_ok_and(|count| count == epoch_blocks);
        match is_whole && found == expected {
            true => Ok(Self {
                accepted,
                blocks,
                first: 0,
                paths: BlockPaths::All(hashes),
            }),
            false => Err(OtherBlocks { expected, found }),
        }
    }

    /// Blocks in a row, from place `first` on, each with its path. None where one of them is not the checkpoint's.
    #[must_use]
    pub fn shown(
        accepted: Acceptance,
        first: u32,
        shown: Vec<(BlockCommitment, Vec<B256>)>,
        epoch_blocks: u32,
    ) -> Option<Self> {
        let root = accepted.checkpoint.blocks_root;
        let is_its = |(number, (block, path)): (u32, &(BlockCommitment, Vec<B256>))| {
            list::verify(&root, &block.hash(), number, epoch_blocks, path)
        };
        if !(first..).zip(&shown).all(is_its) {
            return None;
        }
        let (blocks, paths) = shown.into_iter().unzip();
        Some(Self {
            accepted,
            blocks,
            first,
            paths: BlockPaths::Each(paths),
        })
    }

    /// The blocks that are shown, with their places.
    pub(super) fn numbered(&self) -> impl Iterator<Item = (u32, &BlockCommitment)> {
        (self.first..).zip(&self.blocks)
    }

    fn index(&self, number: u32) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }

    /// The block in a place, if it is shown.
    #[must_use]
    pub fn block(&self, number: u32) -> Option<&BlockCommitment> {
        self.blocks.get(self.index(number)?)
    }

    /// The path of the block in a place.
    pub(super) fn path(&self, number: u32) -> Option<Vec<B256>> {
        match &self.paths {
            BlockPaths::All(hashes) => list::prove(hashes, number),
            BlockPaths::Each(paths) => paths.get(self.index(number)?).cloned(),
        }
    }
}
