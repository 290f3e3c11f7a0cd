//! Whether this node's own checkpoint follows from its last block and from the state behind it: one that breaks a link rule
//! (PROTOCOL section 12) is void as soon as somebody shows that on root, so it is not signed.

use std::collections::BTreeMap;
use std::sync::Mutex;

use alloy_primitives::B256;
use plasmid_bridge::proof::{checkpoint::Checkpoint, commitment::BlockCommitment};

use super::reads::{Past, ReadError};
use super::signers::OwnTrees;
use super::state::State;
use super::unread::Unread;
use super::{App, lock};
use crate::chain::links::{EndsVerdict, check_ends_by};
use crate::engine::abci::Fault;
use crate::ledger::Slot;

/// Verdicts that are remembered, by digest; which ones go when there are more does not matter.
const MAX_REMEMBERED: usize = 256;

/// Whether each checkpoint that was looked at keeps the link rules.
#[derive(Debug, Default)]
pub(super) struct Ends(Mutex<BTreeMap<B256, bool>>);

impl App {
    /// Whether this node's checkpoint of an epoch that is over breaks no link rule. Which one it breaks is said once. `None` when its last block
    /// or the state behind it is not kept any more, because root settled the epoch long ago.
    ///
    /// # Errors
    /// [`Unread`] when the state or the store cannot be read.
    pub(super) fn keeps_links(&self, checkpoint: &Checkpoint) -> Result<Option<bool>, Unread> {
        let known = self.known(checkpoint);
        if known.is_some() {
            return Ok(known);
        }
        let last = self.last_block(&self.state(), checkpoint)?;
        let own = OwnTrees(self);
        let past = match Past::of(&own, checkpoint.epoch) {
            Err(ReadError::NotFound(_)) => return Ok(None),
            found => found.map_err(unread)?,
        };
        let Some(last) = last else {
            return Ok(None);
        };
        let leaf = |slot: &Slot| {
            let found = past.get(&slot.key()).map_err(unread)?;
            Ok(found.map(|leaf| leaf.value))
        };
        self.judge(checkpoint, &last, leaf).map(Some)
    }

    /// Whether one of the newest checkpoints breaks no link rule, for whoever holds the state.
    ///
    /// # Errors
    /// As [`App::keeps_links`]; [`Unread::Passing`] when the last block is not kept.
    pub(super) fn keeps_links_at(
        &self,
        state: &State,
        checkpoint: &Checkpoint,
    ) -> Result<bool, Unread> {
        if let Some(known) = self.known(checkpoint) {
            return Ok(known);
        }
        let then = state.tree.at(checkpoint.epoch).map_err(Fault::new)?;
        let last = self.last_block(state, checkpoint)?.ok_or_else(|| {
            let epoch = checkpoint.epoch;
            let why = format!(
                "the last block of epoch {epoch} is not kept, so its checkpoint cannot be judged"
            );
            Unread::Passing(why)
        })?;
        let leaf = |slot: &Slot| Ok(then.get(&slot.key()).map(|(_, _, value)| value.to_vec()));
        self.judge(checkpoint, &last, leaf)
    }

    /// The verdict on a checkpoint that was judged before: neither the state nor the store is read for it.
    fn known(&self, checkpoint: &Checkpoint) -> Option<bool> {
        lock(&self.ends.0).get(&checkpoint.digest()).copied()
    }

    fn judge(
        &self,
        checkpoint: &Checkpoint,
        last: &BlockCommitment,
        leaf: impl FnMut(&Slot) -> Result<Option<Vec<u8>>, Unread>,
    ) -> Result<bool, Unread> {
        let (epoch, digest) = (checkpoint.epoch, checkpoint.digest());
        let found = check_ends_by(checkpoint, last, self.parameters.ring, leaf)?;
        if let EndsVerdict::Broken(error) = &found {
            tracing::error!(
                epoch,
                %error,
                "this node's own checkpoint breaks a link rule, so it is not signed: anybody could have root void it. Compare this node with others, and report it"
            );
        }
        let is_right = found == EndsVerdict::Fit;
        let mut known = lock(&self.ends.0);
        known.insert(digest, is_right);
        if known.len() > MAX_REMEMBERED {
            known.pop_first();
        }
        Ok(is_right)
    }

    fn last_block(
        &self,
        state: &State,
        checkpoint: &Checkpoint,
    ) -> Result<Option<BlockCommitment>, Unread> {
        let blocks = u64::from(self.parameters.epoch_blocks);
        let height = checkpoint.epoch.saturating_add(1).saturating_mul(blocks);
        match state.tip.height == height {
            true => Ok(Some(state.tip)),
            false => Ok(self.store().block(height)?),
        }
    }
}

fn unread(error: ReadError) -> Unread {
    match error {
        ReadError::Unavailable(why) | ReadError::NotFound(why) => Unread::Passing(why),
        error => Unread::Fault(Fault::new(error)),
    }
}
