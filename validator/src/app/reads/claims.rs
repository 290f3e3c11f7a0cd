//! Withdrawals, how far they are from root, and the calldata that claims them.

use std::ops::Range;

use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolCall;
use plasmid_bridge::{
    abi::IVault,
    relay::acceptance::{Acceptance, NotFinal, is_final, newest_final},
};
use plasmid_proto::bridge::v1::{
    GetWithdrawalRequest, GetWithdrawalResponse, ListWithdrawalsRequest, ListWithdrawalsResponse,
    PrepareClaimRequest, PrepareClaimResponse, RootCall, Withdrawal, WithdrawalStage,
};

use super::{Past, ReadError, Reader, accounts::value, on_tree, page};
use crate::{
    chain::tree::Tree,
    ledger::{
        Slot,
        leaf::{Withdrawal as WithdrawalLeaf, WithdrawalCounter},
    },
    wire::{address_bytes, address_text},
};

/// The largest number of withdrawals in one claim. A claim of this number still fits into one root transaction when every recipient
/// burns all the gas that its payout has (measured in `VaultClaims.t.sol`).
const MAX_BATCH: usize = 28;
/// Withdrawals that one page looks at, for those of one recipient.
const LOOKED_AT: u64 = 20_000;
/// How many of these withdrawals are looked at while the state is held.
const LOOK: u64 = 256;
/// Seconds from an epoch's end to its acceptance on root, as an estimate only.
pub(super) const USUAL_RELAY_SECS: u64 = 6;

/// How far the checkpoint of an epoch is on root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointStanding {
    /// Root has not accepted it.
    Open,
    /// Root accepted it.
    Accepted {
        /// When its challenge window ends, in seconds of root time; `None` while a message that it skipped is not consumed.
        final_at: Option<u64>,
    },
    /// It can never be voided.
    Final,
    /// Root accepted it, and a proof of fraud, or data that nobody showed, has voided it or one before it.
    Void,
}

/// Root's clock as its last final block shows it: behind the true one, so that nothing is called final too early.
fn root_time(source: &Reader<'_>) -> u64 {
    source
        .root()
        .finalized
        .as_ref()
        .map_or(0, |block| block.time)
}

/// How far the checkpoint of `epoch` is.
pub fn standing(source: &Reader<'_>, epoch: u64) -> CheckpointStanding {
    let root = source.root();
    let window = source.facts().parameters.challenge_secs;
    // A checkpoint is never final before the one before it is, so older ones need no record any more.
    let newest = newest_final(&root.acceptances, &root.end, root_time(source), window);
    if newest.is_some_and(|newest| epoch <= newest.epoch) {
        return CheckpointStanding::Final;
    }
    match is_final(
        &root.acceptances,
        &root.end,
        epoch,
        root_time(source),
        window,
    ) {
        Ok(()) => CheckpointStanding::Final,
        Err(NotFinal::Window { until, .. }) => CheckpointStanding::Accepted {
            final_at: Some(until),
        },
        Err(NotFinal::Skipped { .. }) => CheckpointStanding::Accepted { final_at: None },
        Err(NotFinal::Void { .. }) => CheckpointStanding::Void,
        // What comes behind a void one is accepted by nobody, and the record of a void one may not be kept.
        Err(NotFinal::Unknown { .. }) => match root.end.void_from {
            Some(from) if epoch >= from => CheckpointStanding::Void,
            _ => CheckpointStanding::Open,
        },
    }
}

/// How many checkpoints are final.
pub fn final_count(source: &Reader<'_>) -> u64 {
    let root = source.root();
    let window = source.facts().parameters.challenge_secs;
    newest_final(&root.acceptances, &root.end, root_time(source), window)
        .map_or(0, |acceptance| acceptance.epoch.saturating_add(1))
}

/// An estimate of the seconds until the checkpoint of `epoch` is final; `None` when blocks are too few to say.
pub fn seconds_to_final(
    source: &Reader<'_>,
    epoch: u64,
    standing: CheckpointStanding,
) -> Option<u64> {
    let parameters = &source.facts().parameters;
    match standing {
        CheckpointStanding::Final => Some(0),
        CheckpointStanding::Void => None,
        CheckpointStanding::Accepted { final_at } => {
            final_at.map(|at| at.saturating_sub(root_time(source)).max(1))
        }
        CheckpointStanding::Open => {
            let tip = source.tip();
            let last = epoch
                .saturating_add(1)
                .saturating_mul(u64::from(parameters.epoch_blocks));
            let blocks_left = last.saturating_sub(tip.height);
            let nanos = tip.block_time?.saturating_mul(blocks_left);
            Some(
                (nanos / 1_000_000_000)
                    .saturating_add(USUAL_RELAY_SECS)
                    .saturating_add(parameters.challenge_secs),
            )
        }
    }
}

/// A withdrawal.
pub fn get_withdrawal(
    source: &Reader<'_>,
    request: &GetWithdrawalRequest,
) -> Result<GetWithdrawalResponse, ReadError> {
    let number = request.number;
    let found = on_tree(source, |tree| find(tree, number))??;
    let found = found.ok_or_else(|| ReadError::NotFound(format!("no withdrawal {number}")))?;
    Ok(GetWithdrawalResponse {
        withdrawal: Some(describe(source, &found)?),
    })
}

/// Withdrawals in the order of their numbers.
pub fn list_withdrawals(
    source: &Reader<'_>,
    request: &ListWithdrawalsRequest,
) -> Result<ListWithdrawalsResponse, ReadError> {
    let (start, length) = page(request.page_size, &request.page_token, 50)?;
    let recipient = if request.recipient.is_empty() {
        None
    } else {
        Some(address_bytes(&request.recipient)?)
    };
    let first = u64::try_from(start).unwrap_or(u64::MAX).max(1);
    let (found, next) = some_withdrawals(source, first, length, recipient.as_ref())?;
    let withdrawals = found
        .iter()
        .map(|found| describe(source, found))
        .collect::<Result<_, _>>()?;
    Ok(ListWithdrawalsResponse {
        withdrawals,
        next_page_token: next.map(|next| next.to_string()).unwrap_or_default(),
    })
}

/// A withdrawal's leaf.
struct Found {
    number: u64,
    index: u32,
    leaf: WithdrawalLeaf,
}

fn find(tree: &Tree, number: u64) -> Result<Option<Found>, ReadError> {
    let found = tree.get(&Slot::Withdrawal(number).key());
    let found = found.map(|(index, _, bytes)| {
        Ok(Found {
            number,
            index,
            leaf: super::accounts::decode(bytes)?,
        })
    });
    found.transpose()
}

/// Up to `length` withdrawals from number `first` on, of one recipient when one is given, and the number from which to go on: a
/// page looks at [`LOOKED_AT`] of them and no more.
fn some_withdrawals(
    source: &Reader<'_>,
    first: u64,
    length: usize,
    recipient: Option<&[u8; 20]>,
) -> Result<(Vec<Found>, Option<u64>), ReadError> {
    let counter = on_tree(source, |tree| {
        value::<WithdrawalCounter>(tree, &Slot::WithdrawalCounter)
    })??;
    let end = counter.map_or(1, |counter| counter.next);
    let last = first.saturating_add(LOOKED_AT).min(end);
    let (mut page, mut next) = (Vec::new(), first);
    while next < last && page.len() < length {
        let numbers = next..next.saturating_add(LOOK).min(last);
        next = on_tree(source, |tree| {
            walk(tree, numbers, length, recipient, &mut page)
        })??;
    }
    Ok((page, Some(next).filter(|next| *next < end)))
}

/// Adds withdrawals to a page until it is full; gives the number from which to go on.
fn walk(
    tree: &Tree,
    numbers: Range<u64>,
    length: usize,
    recipient: Option<&[u8; 20]>,
    page: &mut Vec<Found>,
) -> Result<u64, ReadError> {
    let end = numbers.end;
    for number in numbers {
        if page.len() >= length {
            return Ok(number);
        }
        if let Some(found) = find(tree, number)?
            && recipient.is_none_or(|wanted| found.leaf.recipient == *wanted)
        {
            page.push(found);
        }
    }
    Ok(end)
}

fn describe(source: &Reader<'_>, found: &Found) -> Result<Withdrawal, ReadError> {
    let Found {
        number,
        index,
        ref leaf,
    } = *found;
    let epoch = on_tree(source, |tree| first_epoch(tree, index))?;
    let standing = epoch.map_or(CheckpointStanding::Open, |epoch| standing(source, epoch));
    let stage = match standing {
        CheckpointStanding::Final => WithdrawalStage::Claimable,
        CheckpointStanding::Accepted { .. } => WithdrawalStage::Checkpointed,
        CheckpointStanding::Open | CheckpointStanding::Void => WithdrawalStage::Included,
    };
    let blocks = source.facts().parameters.epoch_blocks;
    let running = plasmid_staking::epoch_of(source.tip().height.max(1), blocks).unwrap_or(0);
    Ok(Withdrawal {
        number,
        recipient: address_text(&leaf.recipient),
        token: address_text(&leaf.token),
        amount: leaf.amount.to_string(),
        stage: stage.into(),
        seconds_to_claim: seconds_to_final(source, epoch.unwrap_or(running), standing),
        leaf_index: index,
    })
}

/// The first kept checkpoint that holds the leaf at `index`, or `None` when the epoch of that leaf has not ended. Leaves are never deleted and their
/// indices ascend, so a checkpoint holds those below its count.
fn first_epoch(tree: &Tree, index: u32) -> Option<u64> {
    tree.first_mark_with(index).map(|mark| mark.epoch)
}

/// Calldata that claims withdrawals under the newest final checkpoint.
pub fn prepare_claim(
    source: &Reader<'_>,
    request: &PrepareClaimRequest,
) -> Result<PrepareClaimResponse, ReadError> {
    let numbers = &request.withdrawals;
    if numbers.is_empty() || numbers.len() > MAX_BATCH {
        return Err(ReadError::Invalid(format!(
            "{} withdrawals: a claim takes 1 to {MAX_BATCH}",
            numbers.len()
        )));
    }
    let root = source.root();
    let window = source.facts().parameters.challenge_secs;
    let base = newest_final(&root.acceptances, &root.end, root_time(source), window)
        .ok_or_else(|| ReadError::Unavailable("no checkpoint is final yet".into()))?;
    let data = calldata(source, base, numbers)?;
    Ok(PrepareClaimResponse {
        call: Some(RootCall {
            to: source.facts().contracts.vault.to_string(),
            data: data.to_vec(),
            value: "0".into(),
            chain_id: source.facts().parameters.root_chain_id,
        }),
        epoch: base.epoch,
    })
}

fn calldata(source: &Reader<'_>, base: &Acceptance, numbers: &[u64]) -> Result<Bytes, ReadError> {
    let past = Past::of(source, base.epoch).map_err(|error| {
        error.because(&format!(
            "checkpoint {} cannot be proven against",
            base.epoch
        ))
    })?;
    let mut withdrawals = Vec::new();
    for number in numbers {
        let leaf = past.get(&Slot::Withdrawal(*number).key())?.ok_or_else(|| {
            ReadError::Unavailable(format!(
                "withdrawal {number} is not under the newest final checkpoint {} yet",
                base.epoch
            ))
        })?;
        let value: WithdrawalLeaf = super::accounts::decode(&leaf.value)?;
        withdrawals.push(IVault::Withdrawal {
            index: leaf.index,
            number: *number,
            recipient: Address::from(value.recipient),
            token: Address::from(value.token),
            amount: value.amount,
            next: leaf.next,
        });
    }
    withdrawals.sort_by_key(|withdrawal| withdrawal.index);
    let indices: Vec<u32> = withdrawals
        .iter()
        .map(|withdrawal| withdrawal.index)
        .collect();
    if indices.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(ReadError::Invalid("a withdrawal is named twice".into()));
    }
    let siblings = past.multiproof(&indices)?.siblings;
    let base = IVault::Base {
        checkpoint: (&base.checkpoint).into(),
        acceptance: base.into(),
        leafCount: past.count(),
    };
    Ok(match withdrawals.as_slice() {
        [one] => IVault::claimCall {
            base,
            withdrawal: one.clone(),
            siblings,
        }
        .abi_encode()
        .into(),
        _ => IVault::claimBatchCall {
            base,
            withdrawals,
            siblings,
        }
        .abi_encode()
        .into(),
    })
}
