//! What root is shown of checkpoints and sets, in the contracts' form.

use alloy_primitives::B256;
use plasmid_staking::Member;

use super::IRootChain;
use crate::proof::checkpoint::Checkpoint;
use crate::proof::set::SetCommitment;

impl From<&Checkpoint> for IRootChain::Checkpoint {
    /// The deployment is not in it: RootChain knows its own.
    fn from(checkpoint: &Checkpoint) -> Self {
        Self {
            epoch: checkpoint.epoch,
            lastBlockTime: checkpoint.last_block_time,
            blocksRoot: checkpoint.blocks_root,
            stateRoot: checkpoint.state_root,
            inboxCursor: checkpoint.inbox_cursor,
            inboxLink: checkpoint.inbox_link,
            nextSet: checkpoint.next_set,
            relayer: checkpoint.relayer.into(),
            previous: checkpoint.previous,
        }
    }
}

impl IRootChain::Checkpoint {
    /// This checkpoint as members sign it, which names the deployment too.
    #[must_use]
    pub fn content(&self, deployment: [u8; 20]) -> Checkpoint {
        Checkpoint {
            deployment,
            epoch: self.epoch,
            last_block_time: self.lastBlockTime,
            blocks_root: self.blocksRoot,
            state_root: self.stateRoot,
            inbox_cursor: self.inboxCursor,
            inbox_link: self.inboxLink,
            next_set: self.nextSet,
            relayer: self.relayer.into_array(),
            previous: self.previous,
        }
    }
}

impl From<&SetCommitment> for IRootChain::Set {
    fn from(set: &SetCommitment) -> Self {
        Self {
            membersRoot: set.members_root,
            count: set.count,
            aggregateKey: set.aggregate.to_vec().into(),
            totalPower: set.total,
        }
    }
}

impl IRootChain::SetMember {
    /// Member `number` of a set.
    #[must_use]
    pub fn of(number: u16, member: &Member) -> Self {
        Self {
            number,
            seat: member.marked_seat(),
            operator: member.operator.into(),
            registration: member.registration,
            consensusKey: member.consensus_key.into(),
            checkpointKey: member.checkpoint_key.to_vec().into(),
            power: member.power,
        }
    }
}

/// The bitmap of a certificate in its two words.
#[must_use]
pub fn signer_words(bitmap: &[u8; 64]) -> [B256; 2] {
    let (low, high) = bitmap.split_at(32);
    [B256::from_slice(low), B256::from_slice(high)]
}

/// The inverse of [`signer_words`].
#[must_use]
pub fn signer_bitmap([low, high]: &[B256; 2]) -> [u8; 64] {
    let mut bitmap = [0; 64];
    let (first, second) = bitmap.split_at_mut(32);
    first.copy_from_slice(low.as_slice());
    second.copy_from_slice(high.as_slice());
    bitmap
}
