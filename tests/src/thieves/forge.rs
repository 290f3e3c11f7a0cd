//! An epoch of a real chain, as a node shows it, with one segment in which a purse gets more than the rules give it. Every link of it is right, and so is every segment
//! behind that one: each begins in the state that the one before leaves.

use std::sync::Arc;

use alloy_primitives::B256;
use plasmid::chain::epoch::Moment;
use plasmid::chain::genesis::file::Loaded;
use plasmid::chain::opened::OpenedSegment;
use plasmid::chain::tree::{Change, Tree};
use plasmid::ledger::{Account, Domain};
use plasmid::wire::{commitment, word};
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::commitment::{BlockCommitment, blocks_root};
use plasmid_proto::bridge::v1::{
    GetCheckpointRequest, GetLeavesRequest, GetSegmentsRequest, Segment,
    bridge_service_client::BridgeServiceClient,
};
use plasmid_proto::chain::v1::{ListBlocksRequest, chain_service_client::ChainServiceClient};
use tonic::transport::Channel;

use super::{SegmentText, ShownChain, ShownEpoch, copy, execute, mint, seal};

/// What is given to the purse, in wei: more than all that the Vault of a local network holds.
pub const MINTED: u128 = 1_000_000_000_000_000_000_000_000;
/// The number of the segment, in its block, in which it is given: the block's record.
pub const SEGMENT: u32 = 0;

/// The chain of which an epoch is forged.
pub struct Victim<'a> {
    /// A node of it.
    pub node: Channel,
    /// Its genesis.
    pub genesis: &'a Loaded,
}

/// An epoch that was forged.
pub struct Forged {
    /// What a node of the thieves shows.
    pub chain: ShownChain,
    /// The place in the epoch of the block with the segment.
    pub block: u64,
}

impl Victim<'_> {
    fn domain(&self) -> &Domain {
        &self.genesis.deployment.domain
    }

    fn blocks(&self) -> u64 {
        self.genesis.genesis.parameters.epoch_blocks.into()
    }

    /// The checkpoint that is true.
    async fn checkpoint(&self, epoch: u64) -> Checkpoint {
        let mut client = BridgeServiceClient::new(self.node.clone());
        let told = client.get_checkpoint(GetCheckpointRequest { epoch }).await;
        let told = told.expect("the epoch is over").into_inner().checkpoint;
        let encoded = told.expect("a checkpoint").encoded;
        Checkpoint::decode(&encoded).expect("a checkpoint")
    }

    /// The state that an epoch leaves.
    async fn state(&self, epoch: u64) -> Tree {
        let mut client = BridgeServiceClient::new(self.node.clone());
        let mut tree = Tree::new();
        loop {
            let read = tree.count();
            // The sentinel stands in every tree.
            let (first, known) = if read == 1 { (0, 1) } else { (read, 0) };
            let page = client.get_leaves(GetLeavesRequest { epoch, first }).await;
            let page = page.expect("the node has the state").into_inner();
            let leaves = page.leaves.into_iter().skip(known).map(|one| Change {
                key: word(&one.key).expect("a key"),
                kind: u8::try_from(one.kind).expect("a kind"),
                value: one.value,
            });
            let leaves: Vec<Change> = leaves.collect();
            tree.apply(&leaves).expect("they are leaves of a tree");
            assert_ne!(tree.count(), read, "a page has leaves");
            if tree.count() == page.leaf_count {
                return tree;
            }
        }
    }

    async fn commitments(&self, epoch: u64) -> Vec<BlockCommitment> {
        let mut client = ChainServiceClient::new(self.node.clone());
        let mut blocks: Vec<BlockCommitment> = Vec::new();
        while (blocks.len() as u64) < self.blocks() {
            let read = blocks.len() as u64;
            let request = ListBlocksRequest {
                first: epoch * self.blocks() + 1 + read,
                count: u32::try_from(self.blocks() - read).expect("K"),
            };
            let page = client.list_blocks(request).await.expect("the blocks");
            let page = page.into_inner().blocks;
            assert!(!page.is_empty(), "a page has blocks");
            let told = page.iter().map(|one| commitment(one).expect("a block"));
            blocks.extend(told);
        }
        blocks
    }

    async fn segments(&self, height: u64) -> Vec<Segment> {
        let mut client = BridgeServiceClient::new(self.node.clone());
        let mut segments = Vec::new();
        loop {
            let first = u32::try_from(segments.len()).expect("a number");
            let request = GetSegmentsRequest { height, first };
            let page = client.get_segments(request).await.expect("the segments");
            let page = page.into_inner();
            assert!(!page.segments.is_empty(), "a page has segments");
            segments.extend(page.segments);
            if segments.len() == page.count as usize {
                return segments;
            }
        }
    }

    /// Forges an epoch that is over; there is one before it.
    ///
    /// # Panics
    /// When the node does not show what it has.
    pub async fn forge(&self, epoch: u64, purse: Account) -> Forged {
        let mut state = self.state(epoch - 1).await;
        let block = self.blocks() / 2;
        let mut blocks = Vec::new();
        for (place, mut one) in (0..).zip(self.commitments(epoch).await) {
            one.before = state.root();
            let moment = Moment {
                height: one.height,
                time: one.time,
            };
            let told = self.segments(one.height).await;
            let mut segments: Vec<OpenedSegment> = Vec::new();
            for (number, told) in (0..).zip(&told) {
                let text = SegmentText {
                    kind: u8::try_from(told.kind).expect("a kind"),
                    first: told.first,
                    count: told.count,
                    bytes: &told.bytes,
                };
                let is_it = (place, number) == (block, SEGMENT);
                let then = |state: &mut Tree| {
                    if is_it {
                        mint(state, purse, MINTED);
                    }
                };
                segments.push(execute(&mut state, self.domain(), moment, text, then));
            }
            one.after = state.root();
            blocks.push(seal(one, segments, None));
        }
        let hashes: Vec<B256> = blocks.iter().map(|(one, _)| one.hash()).collect();
        let checkpoint = Checkpoint {
            blocks_root: blocks_root(&hashes),
            state_root: state.root(),
            ..self.checkpoint(epoch).await
        };
        let shown = ShownEpoch {
            blocks,
            state: Arc::new(state),
            checkpoint,
        };
        let chain = ShownChain {
            first: epoch,
            blocks: self.blocks(),
            epochs: vec![shown],
            genesis: Arc::new(copy(&self.genesis.built.tree)),
        };
        Forged { chain, block }
    }
}
