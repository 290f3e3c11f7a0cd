//! What a block does: segments, receipts, and what others need to find or to sign.

use alloy_primitives::B256;
use plasmid_staking::{Update, epoch_of};

use super::parts::number;
use super::votes::VoteState;
use crate::chain::epoch::{Moment, boundary::EpochEnd};
use crate::chain::segments::Segment;
use crate::chain::tally::Tally;
use crate::ledger::{Account, CheckedTransaction, Event, Parameters, Receipt};

/// What a block does.
#[derive(Clone, Debug)]
pub struct Executed {
    /// The block's height.
    pub height: u64,
    /// Its time, nanoseconds.
    pub time: u64,
    /// How many transactions it has.
    pub transactions: u32,
    /// The record's witness bytes.
    pub witness: Vec<u8>,
    /// Segments with their ordered changes.
    pub segments: Vec<Segment>,
    /// One receipt a transaction.
    pub receipts: Vec<Receipt>,
    /// What the end of an epoch did, in the order of its steps.
    pub events: Vec<Event>,
    /// What the engine is told about its validators.
    pub updates: Vec<Update>,
    /// What the checkpoint needs, when the block ends an epoch.
    pub ended: Option<EpochEnd>,
    /// Hashes of the inbox messages: message i is transaction 1 + i.
    pub messages: Vec<B256>,
    /// The number of checkpoints that root has accepted, as the newest acceptance among the block's messages shows; 0 when the block has no
    /// acceptance.
    pub accepted: u64,
    /// Each user's transaction.
    pub users: Vec<UserMark>,
    /// Shares that the block brings for the first time. They are carried and not part of the state, and nobody has verified them.
    pub shares: Vec<CarriedShare>,
}

impl Executed {
    /// Height and time.
    pub fn moment(&self) -> Moment {
        Moment {
            height: self.height,
            time: self.time,
        }
    }

    /// The numbers of the transactions that are misbehavior: they stand between messages and users' transactions.
    pub fn misbehavior(&self) -> std::ops::Range<u32> {
        let first = number(self.messages.len().saturating_add(1));
        let users = self.users.first().map(|user| user.index);
        first..users.unwrap_or(self.transactions).max(first)
    }
}

/// How a user's transaction is found again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UserMark {
    /// Its number in the block.
    pub index: u32,
    /// Its EIP-712 digest.
    pub digest: B256,
    /// The account that sent it.
    pub sender: Account,
    /// The sequence that it used.
    pub sequence: u64,
}

/// A share over a checkpoint, as a block carried it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CarriedShare {
    /// The checkpoint's epoch.
    pub epoch: u64,
    /// Member number in the set of the epoch after.
    pub member: u16,
    /// The share, unverified.
    pub share: [u8; 192],
}

pub(super) fn marks(first: usize, users: &[&CheckedTransaction]) -> Vec<UserMark> {
    let numbered = users.iter().enumerate();
    numbered
        .map(|(place, transaction)| UserMark {
            index: number(first.saturating_add(place)),
            digest: *transaction.digest(),
            sender: transaction.header().sender,
            sequence: transaction.header().sequence,
        })
        .collect()
}

pub(super) fn carried_shares(
    state: &VoteState,
    tally: &Tally,
    parameters: &Parameters,
) -> Vec<CarriedShare> {
    let signed = epoch_of(state.height, parameters.epoch_blocks).and_then(|e| e.checked_sub(1));
    let Some(epoch) = signed else {
        return Vec::new();
    };
    let shares = tally.brought.iter();
    shares
        .map(|(member, share)| CarriedShare {
            epoch,
            member: *member,
            share: *share,
        })
        .collect()
}
