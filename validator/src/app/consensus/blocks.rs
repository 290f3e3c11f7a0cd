//! FinalizeBlock and Commit.
//!
//! A decided block that breaks a rule is a fault of the network: this node stops rather than follow it. At or below the tip
//! nothing is executed: the block hash is compared, and the answer is the one that was given before.

use std::sync::atomic::Ordering;
use std::sync::{Arc, RwLockWriteGuard};

use alloy_primitives::B256;
use plasmid_staking::epoch_of;
use prost::{Message, bytes::Bytes};
use rayon::prelude::*;
use tendermint_proto::v0_38::abci::{RequestFinalizeBlock, ResponseCommit, ResponseFinalizeBlock};

use super::proposals::Judgement;
use crate::app::mempool::Unswept;
use crate::app::ports::Agreed;
use crate::app::state::State;
use crate::app::verdicts::Verdicts;
use crate::app::{App, convert};
use crate::chain::commit::Committed;
use crate::chain::committed::genesis_leaf;
use crate::chain::epoch::set::copied_set;
use crate::chain::execute::{Block, Checker, Executed};
use crate::chain::opened::OpenedSegment;
use crate::engine::abci::{Fault, Outcome};
use crate::ledger::Slot;
use crate::ledger::leaf::InboxLeaf;
use crate::store::{BlockSegments, Floor};

impl App {
    pub(in crate::app) fn on_finalize_block(
        &self,
        request: &RequestFinalizeBlock,
    ) -> Outcome<ResponseFinalizeBlock> {
        let height = convert::height(request.height)?;
        let hash = convert::hash(&request.hash)?;
        if height <= self.state().tip.height {
            return self.answer_again(height, &hash);
        }
        if let Some(own) = &self.surroundings.own_votes {
            let (_, votes) = convert::commit(request.decided_last_commit.as_ref())?;
            own.shown(&votes, height.saturating_sub(1))?;
        }
        let executed = match self.recall(height, &hash) {
            Some(executed) => executed,
            None => {
                let verdicts = Verdicts { pool: &self.pool };
                Arc::new(self.execute_decided(request, height, &hash, &verdicts)?)
            }
        };
        let mut state = self.state_mut();
        let chain: &mut State = &mut state;
        // Neither half takes a lock.
        let (committed, worded) = rayon::join(
            || self.apply(chain, &executed, hash),
            || Worded::new(&executed),
        );
        let committed = committed?;
        let (response, encoded) = worded?.answer(&committed);
        self.keep_block(state, executed, &committed, encoded, &request.txs)?;
        Ok(response)
    }

    /// Applies an executed block to the tree at the tip, and executes its segments again when this node was told to.
    pub(in crate::app) fn apply(
        &self,
        state: &mut State,
        executed: &Executed,
        block_hash: B256,
    ) -> Result<Committed, Fault> {
        let before = state.tip;
        let committed = state.apply(
            executed,
            &self.parameters,
            &self.deployment,
            block_hash,
            self.surroundings.reexecute,
        )?;
        let reexecuted = self.reexecute(&before, executed, &committed)?;
        let work = &mut state.work;
        work.first = if work.first == 0 {
            executed.height
        } else {
            work.first
        };
        work.segments = work.segments.saturating_add(executed.segments.len() as u64);
        work.reexecuted = work.reexecuted.saturating_add(reexecuted);
        Ok(committed)
    }

    /// Keeps what Commit will need of the block at the tip. `response` is the encoded answer to FinalizeBlock.
    pub(in crate::app) fn keep_block(
        &self,
        mut state: RwLockWriteGuard<'_, State>,
        executed: Arc<Executed>,
        committed: &Committed,
        response: Vec<u8>,
        transactions: &[Bytes],
    ) -> Result<(), Fault> {
        let segments = self.segments(&executed, committed);
        state.keep((&executed, segments), response, transactions);
        self.height.store(state.tip.height, Ordering::SeqCst);
        self.time.store(state.tip.time, Ordering::SeqCst);
        if executed.ended.is_some() {
            let copied = copied_set(&state.tree, executed.height).map_err(Fault::new)?;
            self.copied
                .store(copied.unwrap_or_default(), Ordering::SeqCst);
        }
        let leaves = state.tree.count();
        drop(state);
        crate::app::lock(&self.judged).clear();
        let unswept = Unswept::new(executed, transactions, leaves, &self.parameters);
        *crate::app::lock(&self.unswept) = Some(unswept);
        Ok(())
    }

    pub(in crate::app) fn on_commit(&self) -> Outcome<ResponseCommit> {
        let mut state = self.state_mut();
        let asked = state.answered;
        let record = state.pending.take_if(|record| record.height() == asked);
        let inbox: InboxLeaf = genesis_leaf(&state.tree, &Slot::Inbox).map_err(Fault::new)?;
        drop(state);
        let ended = record.as_ref().map(|record| record.checkpoint.is_some());
        if let Some(record) = record {
            self.surroundings.store.commit(record).map_err(Fault::new)?;
        }
        // The engine lets nothing into its pool while it commits, and asks again about all that it holds before it does. The store writes
        // meanwhile.
        let unswept = crate::app::lock(&self.unswept).take();
        if let Some(unswept) = unswept {
            self.sweep(&unswept)?;
        }
        if let Some(ended) = ended {
            let outlook = &self.surroundings.outlook;
            outlook.consumed(inbox.cursor, inbox.link.into());
            if ended {
                let settled = self.settled();
                let retain_height = self.retain_height(settled);
                self.forget_settled(settled, retain_height)?;
                let retain_height = i64::try_from(retain_height).map_err(Fault::new)?;
                return Ok(ResponseCommit { retain_height });
            }
        }
        Ok(ResponseCommit { retain_height: 0 })
    }

    /// The number of epochs, from the first on, whose states no proof needs any more: what root's endpoints show, but never more than the
    /// child has agreed on.
    fn settled(&self) -> u64 {
        let state = self.state();
        let (accepted, time) = (state.accepted, state.tip.time / 1_000_000_000);
        drop(state);
        let is_own = |epoch: u64, digest: &B256| {
            let own = self.checkpoint(epoch);
            own.is_ok_and(|own| own.is_some_and(|own| own.digest() == *digest))
        };
        let agreed = Agreed {
            accepted,
            time,
            is_own: &is_own,
        };
        self.surroundings.outlook.settled(&agreed)
    }

    /// The first height that the engine has to keep; zero keeps all, as whoever joins by replay needs them. Blocks behind what root has settled are kept in any case: a node that joins by a snapshot needs them.
    fn retain_height(&self, settled: u64) -> u64 {
        let epoch_blocks = u64::from(self.parameters.epoch_blocks);
        let unsettled = settled.saturating_mul(epoch_blocks).saturating_add(1);
        let durable = self.surroundings.store.durable_height().unwrap_or(0);
        let tip = self.state().tip.height;
        match self.surroundings.retain_blocks {
            0 => 0,
            kept => tip.saturating_sub(kept).min(durable).min(unsettled),
        }
    }

    /// Drops states and shares of epochs that no proof needs any more, and commitments of blocks that the engine drops. What must stay and
    /// does not fit into memory goes to the store, and is dropped from memory at the end of a later epoch, when it is durable. Nothing
    /// waits for that.
    fn forget_settled(&self, settled: u64, retain_height: u64) -> Result<(), Fault> {
        let store = &self.surroundings.store;
        let on_disk = store.last_layer();
        let mut state = self.state_mut();
        // While this node catches up, root is ahead of it; the newest state has undo of its own and stays.
        let newest = state.tree.newest_mark().map_or(0, |mark| mark.epoch);
        let epoch = settled.min(newest);
        state.tree.retain(epoch);
        if let Some(last) = on_disk {
            state.tree.release(last);
        }
        let excess = state.tree.excess(self.surroundings.past);
        drop(state);
        for layer in excess {
            store.keep_layer(layer).map_err(Fault::new)?;
        }
        if epoch == 0 {
            return Ok(());
        }
        let floor = Floor {
            epoch,
            block: retain_height,
        };
        store.retain(floor).map_err(Fault::new)
    }

    /// Executes a decided block, which breaks no rule.
    pub(in crate::app) fn execute_decided(
        &self,
        request: &RequestFinalizeBlock,
        height: u64,
        hash: &B256,
        checker: &dyn Checker,
    ) -> Result<Executed, Fault> {
        let (round, votes) = convert::commit(request.decided_last_commit.as_ref())?;
        let misbehavior = convert::misbehavior(&request.misbehavior)?;
        let transactions: Vec<&[u8]> = request.txs.iter().map(AsRef::as_ref).collect();
        let block = Block {
            height,
            time: convert::time(request.time.as_ref())?,
            proposer: convert::address(&request.proposer_address)?,
            round,
            votes: &votes,
            misbehavior: &misbehavior,
            transactions: &transactions,
        };
        match self.judge_block(&block, checker)? {
            Judgement::Valid(executed) => Ok(*executed),
            Judgement::Invalid(why) => Err(Fault::new(format!(
                "block {hash} of height {height} was decided and is invalid: {why}; two thirds of the power broke the rules"
            ))),
        }
    }

    /// The answer to a block that this node has executed before.
    fn answer_again(&self, height: u64, hash: &B256) -> Outcome<ResponseFinalizeBlock> {
        let mut state = self.state_mut();
        let known = match height == state.tip.height {
            true => Some(state.tip),
            false => self.surroundings.store.block(height).map_err(Fault::new)?,
        };
        let known = known.map(|block| block.block_hash);
        if known != Some(*hash) {
            let known = known.map_or_else(|| "no block".to_owned(), |known| known.to_string());
            return Err(Fault::new(format!(
                "the engine finalizes {hash} at height {height}, where this node has {known}"
            )));
        }
        let pending = state
            .pending
            .as_ref()
            .filter(|record| record.height() == height);
        let kept = match pending {
            Some(record) => Some(record.response.clone()),
            None => self
                .surroundings
                .store
                .response(height)
                .map_err(Fault::new)?,
        };
        let kept =
            kept.ok_or_else(|| Fault::new(format!("the answer of height {height} is not kept")))?;
        state.answered = height;
        ResponseFinalizeBlock::decode(kept.as_slice()).map_err(Fault::new)
    }

    /// The block's segments, for whoever judges its checkpoint.
    fn segments(&self, executed: &Executed, committed: &Committed) -> BlockSegments {
        let blocks = self.parameters.epoch_blocks;
        let records = committed.segments.iter().zip(&committed.chunks_roots);
        let segments = records.zip(&executed.segments);
        BlockSegments {
            epoch: epoch_of(executed.height, blocks).unwrap_or_default(),
            records: segments
                .map(|((record, root), one)| OpenedSegment::bare(record, *root, one.bytes.len()))
                .collect(),
            bytes: executed
                .segments
                .iter()
                .map(|one| Arc::clone(&one.bytes))
                .collect(),
        }
    }
}

/// The answer to FinalizeBlock, and its encoding, but for the app hash.
pub(in crate::app) struct Worded {
    response: ResponseFinalizeBlock,
    encoded: Vec<u8>,
}

impl Worded {
    /// What a block did, in the engine's words: mostly texts of accounts, for those who search.
    pub(in crate::app) fn new(executed: &Executed) -> Result<Self, Fault> {
        let updates = executed.updates.iter().map(convert::update);
        let response = ResponseFinalizeBlock {
            events: executed.events.iter().map(convert::event).collect(),
            tx_results: executed.receipts.par_iter().map(convert::result).collect(),
            validator_updates: updates.collect::<Result<_, _>>()?,
            ..ResponseFinalizeBlock::default()
        };
        let encoded = response.encode_to_vec();
        Ok(Self { response, encoded })
    }

    /// The whole answer. The app hash is the last field that it has, so it is encoded behind the others.
    pub(in crate::app) fn answer(self, committed: &Committed) -> (ResponseFinalizeBlock, Vec<u8>) {
        let Self {
            mut response,
            mut encoded,
        } = self;
        let last = ResponseFinalizeBlock {
            app_hash: committed.block.hash().to_vec().into(),
            ..ResponseFinalizeBlock::default()
        };
        encoded.extend(last.encode_to_vec());
        response.app_hash = last.app_hash;
        (response, encoded)
    }
}
