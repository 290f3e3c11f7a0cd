//! What committed state says about the votes that a block carries: all by their own height v.

use plasmid_staking::{Member, epoch_of};

use super::Deployment;
use crate::chain::bitmap::Bitmap;
use crate::chain::committed::genesis_leaf;
use crate::chain::epoch::participation::share_bits;
use crate::chain::epoch::set::set_at;
use crate::chain::error::ExecutionFault;
use crate::chain::overlay::{Overlay, Reads};
use crate::chain::tally::{CommitVote, Voting};
use crate::ledger::leaf::InboxLeaf;
use crate::ledger::{Parameters, Slot};

/// What committed state says about the votes that a block carries.
pub(crate) struct VoteState {
    /// The votes' height, v.
    pub(crate) height: u64,
    /// The set of epoch(v); empty before block 2.
    pub(crate) members: Vec<Member>,
    /// The inbox before the block.
    pub(crate) inbox: InboxLeaf,
    /// Share bits of epoch(v).
    pub(crate) standing: Bitmap,
    /// Whether epoch(v) signs a checkpoint.
    pub(crate) signs: bool,
}

impl VoteState {
    pub(crate) fn read<R: Reads>(
        reads: &R,
        block_height: u64,
        parameters: &Parameters,
    ) -> Result<Self, ExecutionFault<R::Error>> {
        let height = block_height.saturating_sub(1);
        let members = match height {
            0 => Vec::new(),
            _ => set_at(reads, height)?,
        };
        let bits = share_bits(&mut Overlay::new(reads), block_height, parameters)?;
        Ok(Self {
            height,
            members,
            inbox: genesis_leaf(reads, &Slot::Inbox)?,
            standing: Bitmap(bits.bitmap),
            signs: epoch_of(height, parameters.epoch_blocks).is_some_and(|epoch| epoch > 0),
        })
    }

    pub(crate) fn voting<'a>(
        &'a self,
        deployment: &'a Deployment,
        round: u32,
        commit: &'a [CommitVote],
        parameters: &Parameters,
    ) -> Voting<'a> {
        Voting {
            chain_id: &deployment.chain_id,
            height: self.height,
            round,
            commit,
            members: &self.members,
            cursor: self.inbox.cursor,
            link: self.inbox.link.into(),
            standing: self.standing,
            signs: self.signs,
            batch: parameters.inbox_batch,
        }
    }
}
