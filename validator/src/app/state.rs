//! The chain in memory: the tree at the tip, what the unfinished epoch has committed to, and the block that awaits its Commit.
//!
//! ```text
//! FinalizeBlock(h) ──► tree, tip = h, pending = record of h          Commit ──► pending goes to the store, durable behind it
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_primitives::B256;
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::commitment::{BlockCommitment, blocks_root};
use plasmid_bridge::proof::deployment;
use prost::bytes::Bytes;
use rayon::prelude::*;

use crate::chain::commit::{Committed, commit};
use crate::chain::epoch::boundary::EpochEnd;
use crate::chain::execute::{Deployment, Executed};
use crate::chain::tree::Tree;
use crate::engine::abci::Fault;
use crate::ledger::{Parameters, Receipt};
use crate::store::{BlockSegments, Loaded, Record, Share, Store, TransactionNames};
use crate::wire::engine_hash;

/// Checkpoints kept in memory: votes of an epoch's first block still sign the one before the last.
const KEPT_CHECKPOINTS: usize = 4;

/// What this process executed.
#[derive(Clone, Copy, Debug, Default)]
pub struct WorkDone {
    /// The first height; zero when there is none yet.
    pub first: u64,
    /// Segments of all blocks from that height to the tip.
    pub segments: u64,
    /// How many of them were executed again from their witnesses alone, and gave the recorded root.
    pub reexecuted: u64,
}

/// The chain at the tip.
pub struct State {
    /// The state tree.
    pub tree: Tree,
    /// The last block, or genesis.
    pub tip: BlockCommitment,
    /// Commitment hashes of the unfinished epoch.
    pub epoch_blocks: Vec<B256>,
    /// The last checkpoints, by epoch.
    pub checkpoints: BTreeMap<u64, Checkpoint>,
    /// The block whose Commit the engine has not called.
    pub(super) pending: Option<Arc<Record>>,
    /// What was executed since the start.
    pub work: WorkDone,
    /// Checkpoints that root has accepted, by the messages that the child consumed since this process started: two thirds of the power
    /// reported them, so no endpoint of one node makes them up.
    pub accepted: u64,
    /// The last block's record, so that its transactions are found before and while the store takes it.
    latest: Option<Arc<Record>>,
    /// The height that FinalizeBlock answered last.
    pub(super) answered: u64,
}

impl State {
    /// The chain as the store has it.
    pub(super) fn load(
        loaded: Loaded,
        parameters: &Parameters,
        store: &dyn Store,
    ) -> Result<Self, Fault> {
        let height = loaded.block.height;
        let ended = height / u64::from(parameters.epoch_blocks).max(1);
        let mut checkpoints = BTreeMap::new();
        for epoch in ended.saturating_sub(KEPT_CHECKPOINTS as u64)..ended {
            let bytes = store.checkpoint(epoch).map_err(Fault::new)?;
            let bytes = bytes.ok_or_else(|| {
                Fault::new(format!("the store lacks the checkpoint of epoch {epoch}"))
            })?;
            checkpoints.insert(epoch, Checkpoint::decode(&bytes).map_err(Fault::new)?);
        }
        Ok(Self {
            tree: loaded.tree,
            tip: loaded.block,
            epoch_blocks: loaded
                .epoch_blocks
                .iter()
                .map(BlockCommitment::hash)
                .collect(),
            checkpoints,
            pending: None,
            work: WorkDone::default(),
            accepted: 0,
            latest: None,
            answered: height,
        })
    }

    /// The chain before block 1.
    pub(super) fn genesis(tree: Tree, block: BlockCommitment) -> Self {
        Self {
            tree,
            tip: block,
            epoch_blocks: Vec::new(),
            checkpoints: BTreeMap::new(),
            pending: None,
            work: WorkDone::default(),
            accepted: 0,
            latest: None,
            answered: 0,
        }
    }

    /// The last block's record.
    pub(super) fn latest(&self) -> Option<Arc<Record>> {
        self.latest.clone()
    }

    /// The next block's height.
    pub fn next_height(&self) -> u64 {
        self.tip.height.saturating_add(1)
    }

    /// The last checkpoint.
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.checkpoints
            .last_key_value()
            .map(|(_, checkpoint)| checkpoint)
    }

    /// The record of the state before block 1, for the store.
    pub(super) fn genesis_record(&mut self) -> Record {
        Record {
            block: self.tip,
            journal: self.tree.drain(),
            response: Vec::new(),
            checkpoint: None,
            shares: Vec::new(),
            transactions: Vec::new(),
            segments: None,
        }
    }

    /// Applies an executed block. What comes back still has to be answered, and `pending` to be completed by [`Self::keep`].
    pub(super) fn apply(
        &mut self,
        executed: &Executed,
        parameters: &Parameters,
        deployment: &Deployment,
        block_hash: B256,
        with_witnesses: bool,
    ) -> Result<Committed, Fault> {
        let rules = parameters.rules;
        let committed = commit(&mut self.tree, executed, rules, block_hash, with_witnesses)
            .map_err(Fault::new)?;
        self.tip = committed.block;
        self.accepted = self.accepted.max(executed.accepted);
        self.epoch_blocks.push(committed.block.hash());
        if let Some(end) = &executed.ended {
            let checkpoint = self.end_epoch(end, &deployment.domain.deployment)?;
            self.checkpoints.insert(end.epoch, checkpoint);
            while self.checkpoints.len() > KEPT_CHECKPOINTS {
                self.checkpoints.pop_first();
            }
            self.epoch_blocks.clear();
            self.tree.mark(end.epoch).map_err(Fault::new)?;
        }
        Ok(committed)
    }

    /// The checkpoint of the epoch that the tip ends.
    fn end_epoch(&self, end: &EpochEnd, id: &[u8; 20]) -> Result<Checkpoint, Fault> {
        let before = end.epoch.checked_sub(1);
        let previous = match before {
            None => deployment::salt(id),
            Some(before) => self
                .checkpoints
                .get(&before)
                .map(Checkpoint::digest)
                .ok_or_else(|| {
                    Fault::new(format!("the checkpoint of epoch {before} is missing"))
                })?,
        };
        Ok(Checkpoint {
            deployment: *id,
            epoch: end.epoch,
            last_block_time: end.last_block_time,
            blocks_root: blocks_root(&self.epoch_blocks),
            state_root: self.tip.after,
            inbox_cursor: end.inbox_cursor,
            inbox_link: end.inbox_link,
            next_set: end.next_set,
            relayer: end.relayer,
            previous,
        })
    }

    /// Keeps what the store will take when the engine calls Commit. `response` is the encoded answer to FinalizeBlock.
    /// `bytes` are the block's transactions.
    pub(super) fn keep(
        &mut self,
        (executed, segments): (&Executed, BlockSegments),
        response: Vec<u8>,
        bytes: &[Bytes],
    ) {
        let ended = executed.ended.map(|end| end.epoch);
        let contents = ended.and_then(|epoch| self.checkpoints.get(&epoch));
        let record = Arc::new(Record {
            block: self.tip,
            journal: self.tree.drain(),
            response,
            checkpoint: contents.map(|checkpoint| (checkpoint.epoch, checkpoint.encode())),
            shares: executed
                .shares
                .iter()
                .map(|carried| Share {
                    epoch: carried.epoch,
                    member: carried.member,
                    bytes: carried.share.to_vec(),
                })
                .collect(),
            transactions: listed(executed, bytes),
            segments: Some(segments),
        });
        self.pending = Some(Arc::clone(&record));
        self.latest = Some(record);
        self.answered = self.tip.height;
    }
}

/// Messages, misbehavior and users' transactions, as they are found again. A forced transaction that took effect has its own digest, as a
/// user's has; other messages have their message hash, which nobody can give to a second one; misbehavior has the engine's hash alone.
fn listed(executed: &Executed, bytes: &[Bytes]) -> Vec<TransactionNames> {
    let hashes: Vec<B256> = bytes
        .par_iter()
        .map(|bytes| engine_hash(bytes).into())
        .collect();
    let messages = (1u32..).zip(&executed.messages).map(|(index, message)| {
        let receipt = executed.receipts.get(index as usize);
        let forced = receipt.and_then(Receipt::digest);
        (index, forced.unwrap_or(*message))
    });
    let users = executed.users.iter().map(|user| (user.index, user.digest));
    let shown = executed.misbehavior();
    let named = messages.map(|(index, digest)| (index, Some(digest)));
    let named = named.chain(shown.map(|index| (index, None)));
    let named = named.chain(users.map(|(index, digest)| (index, Some(digest))));
    let all = named.filter_map(|(index, digest)| {
        let place = usize::try_from(index).ok()?;
        let hash = *hashes.get(place)?;
        Some(TransactionNames {
            index,
            hash,
            digest: digest.unwrap_or(hash),
        })
    });
    all.collect()
}
