//! The state at the end of a first epoch, as its own node gives it out.

use super::Heading;
use super::part::{leaves_of, parts, write_first, write_part};
use super::taking::{SNAPSHOT_FORMAT, SnapshotOffer};
use crate::chain::tree::{Change, Tree};
use crate::ledger::Parameters;
use crate::store::Identity;
use alloy_primitives::{B256, keccak256};
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::commitment::{BlockCommitment, blocks_root};

/// A state with all that is given out of it.
pub struct GivenState {
    /// Its tree.
    pub tree: Tree,
    /// What stands in front of its leaves.
    pub heading: Heading,
    /// What root accepted.
    pub checkpoint: Checkpoint,
    /// Hashes of its epoch's blocks.
    pub blocks: Vec<B256>,
}

impl GivenState {
    /// A state of `leaves` leaves; `seed` tells states apart.
    pub fn new(leaves: u32, seed: u8) -> Self {
        let mut tree = Tree::new();
        let changes = (1..leaves).map(|number| Change {
            key: keccak256([&[seed][..], &number.to_be_bytes()].concat()),
            kind: 1 + (number % 3) as u8,
            value: vec![seed; 1 + (number % 90) as usize],
        });
        tree.apply(&changes.collect::<Vec<_>>()).unwrap();
        let parameters = Parameters::local();
        let identity = Identity {
            deployment: [7; 20],
            genesis_root: B256::repeat_byte(9),
        };
        let mut block = BlockCommitment::genesis(1, 5, tree.root());
        let mut blocks = Vec::new();
        for height in 1..=u64::from(parameters.epoch_blocks) {
            block.height = height;
            block.block_hash = keccak256(height.to_be_bytes());
            blocks.push(block.hash());
        }
        let checkpoint = Checkpoint {
            deployment: identity.deployment,
            epoch: 0,
            last_block_time: block.time / 1_000_000_000,
            blocks_root: blocks_root(&blocks),
            state_root: tree.root(),
            inbox_cursor: 3,
            inbox_link: B256::repeat_byte(1),
            next_set: B256::repeat_byte(2),
            relayer: [3; 20],
            previous: B256::repeat_byte(4),
        };
        Self {
            tree,
            heading: Heading {
                identity,
                parameters,
                block,
                checkpoints: vec![checkpoint],
            },
            checkpoint,
            blocks,
        }
    }

    /// Whose state it is.
    pub fn whose(&self) -> (Identity, Parameters) {
        (self.heading.identity, self.heading.parameters)
    }

    /// The app hash behind its block.
    pub fn app_hash(&self) -> B256 {
        self.heading.block.hash()
    }

    /// How it is offered.
    pub fn offer(&self) -> SnapshotOffer {
        SnapshotOffer {
            height: self.heading.block.height,
            format: SNAPSHOT_FORMAT,
            parts: parts(self.tree.count()),
            digest: self.checkpoint.digest().to_vec(),
            shown: self.tree.prove(0).unwrap().encode(),
        }
    }

    /// One of its parts.
    pub fn part(&self, number: u32) -> Vec<u8> {
        if number == 0 {
            return write_first(&self.heading, &self.blocks).unwrap();
        }
        let indices: Vec<u32> = leaves_of(number, self.tree.count()).collect();
        let proof = self.tree.multiproof(&indices).unwrap();
        let leaves = indices.iter().filter_map(|index| self.tree.leaf(*index));
        write_part(&proof, leaves).unwrap()
    }
}
