//! What clients may read: the application, the root chain as it was last seen, and what does not change.

use std::sync::Arc;

use alloy_primitives::B256;
use plasmid_bridge::{
    proof::{checkpoint::Checkpoint, commitment::BlockCommitment},
    relay::inbox::View,
};
use prost::Message;
use tendermint_proto::v0_38::abci::ResponseFinalizeBlock;

use super::root::Root;
use crate::{
    app::{
        App,
        reads::{Facts, Id, LateShare, Located, ReadError, Simulated, Source, Tip},
    },
    chain::tree::Tree,
    store::Share,
};

/// Blocks over which the block time is averaged.
const AVERAGED: u64 = 20;

/// A node's answers.
pub struct Served {
    app: Arc<App>,
    root: Root,
    facts: Facts,
}

impl Served {
    /// Answers from these.
    pub fn new(app: Arc<App>, root: Root, facts: Facts) -> Self {
        Self { app, root, facts }
    }

    /// Nanoseconds that a block has taken of late.
    fn block_time(&self, tip: &BlockCommitment) -> Option<u64> {
        let before = tip.height.checked_sub(AVERAGED)?;
        let block = self.app.store().block(before).ok()??;
        tip.time
            .checked_sub(block.time)
            .map(|nanos| nanos / AVERAGED)
    }
}

fn internal(error: impl std::fmt::Display) -> ReadError {
    ReadError::Internal(error.to_string())
}

impl Source for Served {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn tip(&self) -> Tip {
        let block = self.app.state().tip;
        Tip {
            height: block.height,
            time: block.time,
            app_hash: block.hash(),
            durable_height: self.app.store().durable_height().unwrap_or(0),
            block_time: self.block_time(&block),
            segments_reexecuted: self.app.segments_reexecuted(),
        }
    }

    fn with_tree(&self, visit: &mut dyn FnMut(&Tree)) {
        visit(&self.app.state().tree);
    }

    fn commitment(&self, height: u64) -> Result<Option<BlockCommitment>, ReadError> {
        let tip = self.app.state().tip;
        if height == tip.height {
            return Ok(Some(tip));
        }
        self.app.store().block(height).map_err(internal)
    }

    fn checkpoint(&self, epoch: u64) -> Result<Option<Checkpoint>, ReadError> {
        if let Some(checkpoint) = self.app.state().checkpoints.get(&epoch) {
            return Ok(Some(*checkpoint));
        }
        let bytes = self.app.store().checkpoint(epoch).map_err(internal)?;
        bytes
            .map(|bytes| Checkpoint::decode(&bytes).map_err(internal))
            .transpose()
    }

    fn shares(&self, epoch: u64) -> Result<Vec<(u16, [u8; 192])>, ReadError> {
        let shares = self.app.store().shares(epoch).map_err(internal)?;
        Ok(shares
            .into_iter()
            .filter_map(|share| Some((share.member, share.bytes.try_into().ok()?)))
            .collect())
    }

    fn add_share(&self, share: &LateShare) -> Result<bool, ReadError> {
        let known = self
            .shares(share.epoch)?
            .contains(&(share.member, share.signature));
        if !known {
            let share = Share {
                epoch: share.epoch,
                member: share.member,
                bytes: share.signature.to_vec(),
            };
            self.app.store().keep_share(share).map_err(internal)?;
        }
        Ok(!known)
    }

    fn locate(&self, id: &Id) -> Result<Option<Located>, ReadError> {
        let (hash, digest, key) = match id {
            Id::Hash(hash) => (*hash, B256::ZERO, B256::from(*hash)),
            Id::Digest(digest) => ([0; 32], *digest, *digest),
        };
        let Some(place) = self.app.store().transaction(&key).map_err(internal)? else {
            return Ok(None);
        };
        let response = self.app.store().response(place.height).map_err(internal)?;
        let result = response
            .and_then(|bytes| ResponseFinalizeBlock::decode(bytes.as_slice()).ok())
            .and_then(|response| response.tx_results.into_iter().nth(place.index as usize));
        // Users' transactions in a block have code 0: any other is a fault of its proposer.
        let data = result
            .map(|result| result.data.to_vec())
            .unwrap_or_default();
        Ok(Some(Located {
            hash,
            digest,
            height: place.height,
            index: place.index,
            code: 0,
            data,
        }))
    }

    fn is_pending(&self, id: &Id) -> bool {
        match id {
            Id::Hash(hash) => self.app.pool().get(hash).is_some(),
            Id::Digest(digest) => self.app.pool().has_digest(digest),
        }
    }

    fn pending(&self) -> usize {
        self.app.pool().len()
    }

    fn simulate(&self, bytes: &[u8], skip_authentication: bool) -> Result<Simulated, ReadError> {
        self.app
            .simulate(bytes, skip_authentication)
            .map_err(internal)
    }

    fn root(&self) -> Arc<View> {
        self.root.view()
    }
}
