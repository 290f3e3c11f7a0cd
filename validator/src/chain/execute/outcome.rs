//! What a block does: segments, receipts, and what others need to find or to sign.

use alloy_primitives::B256;
use plasmid_staking::{self as staking, Difference, Update, epoch_of};

use super::parts::number;
use super::votes::VoteState;
use crate::chain::error::Fault;
use crate::chain::overlay::{Overlay, Reads};
use crate::chain::segments::Segment;
use crate::chain::sets::set_at;
use crate::chain::tally::Tally;
use crate::chain::transition::{Moment, ends_epoch};
use crate::ledger::leaf::{EpochRecord, InboxLeaf, SetLeaf};
use crate::ledger::leaves::expect;
use crate::ledger::{Account, CheckedTransaction, Parameters, Receipt, Slot, ring_place};

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
    /// What the engine is told about its validators.
    pub updates: Vec<Update>,
    /// What the checkpoint needs, when the block ends an epoch.
    pub ended: Option<EpochEnd>,
    /// Hashes of the inbox messages: message i is transaction 1 + i.
    pub messages: Vec<B256>,
    /// Each user's transaction.
    pub users: Vec<UserMark>,
    /// Shares that the block brings for the first time. Transport, not state: nobody verified them.
    pub shares: Vec<CarriedShare>,
}

/// How a user's transaction is found again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UserMark {
    /// Its number in the block.
    pub index: u32,
    /// Its EIP-712 digest.
    pub digest: B256,
    /// Whose it is.
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

/// The end of an epoch, as its checkpoint tells it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EpochEnd {
    /// The epoch.
    pub epoch: u64,
    /// Time of its last block, seconds.
    pub last_block_time: u64,
    /// Inbox messages consumed, and their link.
    pub inbox_cursor: u64,
    /// Link at the cursor.
    pub inbox_hash: B256,
    /// Set commitment of e+2.
    pub next_set: B256,
    /// Who is paid first for carrying the checkpoint.
    pub relayer: [u8; 20],
}

pub(super) fn marks(first: usize, checked: &[CheckedTransaction]) -> Vec<UserMark> {
    let numbered = checked.iter().enumerate();
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

/// What turns the engine's set into that of the next epoch, told by the second-last block of an epoch.
pub(super) fn updates<R: Reads>(
    reads: &R,
    height: u64,
    parameters: &Parameters,
) -> Result<Vec<Update>, Fault<R::Error>> {
    let next = height.saturating_add(1);
    if !ends_epoch(next, parameters.epoch_blocks) {
        return Ok(Vec::new());
    }
    let epoch = epoch_of(height, parameters.epoch_blocks).ok_or(Fault::Height { height })?;
    let old = set_at(reads, next)?;
    let new = set_at(reads, next.saturating_add(1))?;
    match staking::difference(&old, &new).map_err(|why| Fault::Difference { epoch, why })? {
        Difference::Updates(updates) => Ok(updates),
        Difference::KeepOld => Err(Fault::EmptySet {
            epoch: epoch.saturating_add(1),
        }),
    }
}

pub(super) fn ended<R: Reads>(
    overlay: &mut Overlay<'_, R>,
    moment: &Moment,
    parameters: &Parameters,
) -> Result<Option<EpochEnd>, Fault<R::Error>> {
    if !ends_epoch(moment.height, parameters.epoch_blocks) {
        return Ok(None);
    }
    let height = moment.height;
    let epoch = epoch_of(height, parameters.epoch_blocks).ok_or(Fault::Height { height })?;
    let place = |epoch| ring_place(epoch, parameters.ring);
    let record: EpochRecord = expect(
        overlay,
        &Slot::EpochRecord {
            place: place(epoch),
        },
    )?;
    let slot = Slot::Set {
        place: place(epoch.saturating_add(2)),
    };
    let set: SetLeaf = expect(overlay, &slot)?;
    let inbox: InboxLeaf = expect(overlay, &Slot::Inbox)?;
    Ok(Some(EpochEnd {
        epoch,
        last_block_time: record.last_block_time,
        inbox_cursor: inbox.cursor,
        inbox_hash: inbox.hash.into(),
        next_set: set.commitment.into(),
        relayer: record.relayer,
    }))
}
