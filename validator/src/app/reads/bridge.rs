//! Checkpoints, shares and proofs.

use plasmid_bridge::proof::checkpoint::{Checkpoint, certificate};
use plasmid_proto::bridge::v1::{
    Checkpoint as WireCheckpoint, CheckpointStage, GetCheckpointRequest, GetCheckpointResponse,
    GetProofRequest, GetProofResponse, GetSharesRequest, GetSharesResponse, LeafProof,
    ListCheckpointsRequest, ListCheckpointsResponse, Share, get_proof_request,
};
use plasmid_proto::chain::v1::{AwaitedCheckpoint, MissingShare};
use plasmid_staking::{Member, epoch_of};

use super::{
    Past, ReadError, Reader,
    claims::{self, CheckpointStanding},
    page,
};
use crate::{
    ledger::Slot,
    wire::{self, address_bytes, address_text},
};

/// A checkpoint whose epoch is over.
pub fn get_checkpoint(
    source: &Reader<'_>,
    request: &GetCheckpointRequest,
) -> Result<GetCheckpointResponse, ReadError> {
    Ok(GetCheckpointResponse {
        checkpoint: Some(describe(source, &wanted(source, request.epoch)?)?),
    })
}

pub(super) fn wanted(source: &Reader<'_>, epoch: u64) -> Result<Checkpoint, ReadError> {
    source.checkpoint(epoch)?.ok_or_else(|| {
        let blocks = source.facts().parameters.epoch_blocks;
        let current = epoch_of(source.tip().height.max(1), blocks).unwrap_or(0);
        ReadError::NotFound(format!("no checkpoint {epoch}: epoch {current} is running"))
    })
}

/// The newest checkpoints first. A page's token is the number of epochs below it, so that a checkpoint that appears in the
/// meantime moves nothing from one page to another.
pub fn list_checkpoints(
    source: &Reader<'_>,
    request: &ListCheckpointsRequest,
) -> Result<ListCheckpointsResponse, ReadError> {
    let (below, length) = page(request.page_size, &request.page_token, 20)?;
    let blocks = source.facts().parameters.epoch_blocks;
    let ended =
        usize::try_from(source.tip().height / u64::from(blocks.max(1))).unwrap_or(usize::MAX);
    let newest = match request.page_token.as_str() {
        "" => ended,
        _ => below.min(ended),
    };
    let oldest = newest.saturating_sub(length.min(100));
    let mut checkpoints = Vec::new();
    for epoch in (oldest..newest).rev() {
        if let Some(checkpoint) = source.checkpoint(epoch as u64)? {
            checkpoints.push(describe(source, &checkpoint)?);
        }
    }
    Ok(ListCheckpointsResponse {
        checkpoints,
        next_page_token: match oldest {
            0 => String::new(),
            below => below.to_string(),
        },
    })
}

fn describe(source: &Reader<'_>, checkpoint: &Checkpoint) -> Result<WireCheckpoint, ReadError> {
    let epoch = checkpoint.epoch;
    // A set that is not kept any more has no power here; one that cannot be read now is asked for again.
    let (members, total_power) = kept_signers(source, epoch)?.unwrap_or_default();
    let root = source.root();
    let accepted = root.acceptances.get(&epoch);
    let shares = source.shares(epoch)?;
    // Shares of settled epochs are given up; root's record of them has who signed.
    let signed = |(number, _): &(usize, &Member)| {
        let held = shares.iter().any(|(held, _)| usize::from(*held) == *number);
        held || accepted.is_some_and(|record| certificate::has(&record.signers, *number))
    };
    let accepted_at = accepted.map_or(0, |acceptance| acceptance.time);
    let window = source.facts().parameters.challenge_secs;
    let stage = match claims::standing(source, epoch) {
        CheckpointStanding::Final => CheckpointStage::Final,
        CheckpointStanding::Accepted { .. } => CheckpointStage::Accepted,
        CheckpointStanding::Open => CheckpointStage::Signing,
        CheckpointStanding::Void => CheckpointStage::Void,
    };
    Ok(WireCheckpoint {
        epoch,
        encoded: checkpoint.encode(),
        digest: checkpoint.digest().to_vec(),
        last_block_time: checkpoint.last_block_time,
        blocks_root: checkpoint.blocks_root.to_vec(),
        state_root: checkpoint.state_root.to_vec(),
        inbox_cursor: checkpoint.inbox_cursor,
        inbox_link: checkpoint.inbox_link.to_vec(),
        next_set: checkpoint.next_set.to_vec(),
        relayer: address_text(&checkpoint.relayer),
        previous: checkpoint.previous.to_vec(),
        stage: stage.into(),
        signed_power: members
            .iter()
            .enumerate()
            .filter(signed)
            .map(|(_, member)| member.power)
            .sum(),
        total_power,
        accepted_at,
        final_at: if accepted_at == 0 {
            0
        } else {
            accepted_at.saturating_add(window)
        },
    })
}

/// The members that sign the checkpoint of an epoch, in seat order, and their power. It is not the same to a relayer that a set is given up and
/// that an epoch is not over.
pub(super) fn signers(source: &Reader<'_>, epoch: u64) -> Result<(Vec<Member>, u64), ReadError> {
    kept_signers(source, epoch)?.ok_or_else(|| {
        ReadError::Unavailable(format!(
            "this node does not keep the set that signs checkpoint {epoch} any more: it has seen root settle that epoch"
        ))
    })
}

/// The members that sign the checkpoint of an epoch, and their power; `None` when this node does not keep the set any more.
fn kept_signers(source: &Reader<'_>, epoch: u64) -> Result<Option<(Vec<Member>, u64)>, ReadError> {
    let members = source.signers(epoch)?;
    Ok(members.map(|members| {
        let powers = members.iter().map(|member| member.power);
        let power = powers.fold(0u64, u64::saturating_add);
        (members, power)
    }))
}

/// All that a relayer needs.
pub fn get_shares(
    source: &Reader<'_>,
    request: &GetSharesRequest,
) -> Result<GetSharesResponse, ReadError> {
    let checkpoint = wanted(source, request.epoch)?;
    let (members, _) = signers(source, request.epoch)?;
    let shares = source.shares(request.epoch)?;
    Ok(GetSharesResponse {
        checkpoint: Some(describe(source, &checkpoint)?),
        members: members
            .iter()
            .zip(0..)
            .map(|(member, number)| wire::member(member, number))
            .collect(),
        shares: shares
            .iter()
            .map(|(member, signature)| Share {
                member: u32::from(*member),
                signature: signature.to_vec(),
            })
            .collect(),
    })
}

/// The checkpoint that root waits for, with the members whose shares over it are missing on this node or do not verify. `None` when root
/// has accepted every checkpoint, and when it takes none any more. A total power of zero says that this node does not keep the set: it has seen root settle that epoch.
pub fn awaited(source: &Reader<'_>) -> Result<Option<AwaitedCheckpoint>, ReadError> {
    let root = source.root();
    if root.finalized.is_none() || root.is_over() {
        return Ok(None);
    }
    let epoch = root.accepted;
    let Some(checkpoint) = source.checkpoint(epoch)? else {
        return Ok(None);
    };
    let (members, total_power) = kept_signers(source, epoch)?.unwrap_or_default();
    let shares = source.shares(epoch)?;
    let has = |number: usize, member: &Member| {
        let held = shares.iter().find(|(held, _)| usize::from(*held) == number);
        held.is_some_and(|(_, share)| source.share_verifies(member, &checkpoint, share))
    };
    let mut awaited = AwaitedCheckpoint {
        epoch,
        total_power,
        ..AwaitedCheckpoint::default()
    };
    for (number, member) in members.iter().enumerate() {
        if has(number, member) {
            awaited.signed_power = awaited.signed_power.saturating_add(member.power);
        } else {
            awaited.missing.push(MissingShare {
                seat: u32::from(member.seat),
                operator: address_text(&member.operator),
            });
        }
    }
    Ok(Some(awaited))
}

/// The checkpoint that root waits for, for whoever asks how the node is. While others read all of the disk that may be read at once, it is left out, and `troubles` says so.
pub(super) fn awaited_beside(
    source: &Reader<'_>,
    troubles: &mut Vec<String>,
) -> Result<Option<AwaitedCheckpoint>, ReadError> {
    match awaited(source) {
        Err(ReadError::Unavailable(why)) => {
            source.check()?;
            troubles.push(format!(
                "which checkpoint root waits for is not told: {why}"
            ));
            Ok(None)
        }
        awaited => awaited,
    }
}

/// A leaf with its proof at a checkpoint.
pub fn get_proof(
    source: &Reader<'_>,
    request: &GetProofRequest,
) -> Result<GetProofResponse, ReadError> {
    let key = match &request.leaf {
        Some(get_proof_request::Leaf::Account(account)) => {
            Slot::Account(wire::account(account)?).key()
        }
        Some(get_proof_request::Leaf::Withdrawal(number)) => Slot::Withdrawal(*number).key(),
        Some(get_proof_request::Leaf::TokenBalance(id)) => {
            Slot::TokenBalance(wire::account(&id.account)?, address_bytes(&id.token)?).key()
        }
        Some(get_proof_request::Leaf::Record(id)) => {
            let topic = id.topic.as_slice().try_into().map_err(|_| {
                ReadError::Invalid(format!("a topic has 32 bytes, this one {}", id.topic.len()))
            })?;
            Slot::Record(wire::account(&id.account)?, topic).key()
        }
        Some(get_proof_request::Leaf::Key(key)) => {
            let key: [u8; 32] = key.as_slice().try_into().map_err(|_| {
                ReadError::Invalid(format!("a key has 32 bytes, this one {}", key.len()))
            })?;
            key.into()
        }
        None => return Err(ReadError::Invalid("name the leaf to prove".into())),
    };
    let epoch =
        match request.epoch {
            Some(epoch) => epoch,
            None => source.root().accepted.checked_sub(1).ok_or_else(|| {
                ReadError::Unavailable("root has accepted no checkpoint yet".into())
            })?,
        };
    let checkpoint = wanted(source, epoch)?;
    let past = Past::of(source, epoch)
        .map_err(|error| error.because(&format!("checkpoint {epoch} cannot be proven against")))?;
    let found = past.get(&key)?;
    let present = found.is_some();
    let leaf = match found {
        Some(leaf) => leaf,
        None => past.low(&key)?,
    };
    let inclusion = past.prove(&leaf)?;
    let proof = LeafProof {
        present,
        key: key.to_vec(),
        index: leaf.index,
        leaf_key: leaf.key.to_vec(),
        next_key: leaf.next.to_vec(),
        kind: u32::from(leaf.kind),
        value: leaf.value,
        siblings: inclusion
            .siblings
            .iter()
            .map(|sibling| sibling.to_vec())
            .collect(),
        leaf_count: past.count(),
        state_root: past.root().to_vec(),
    };
    Ok(GetProofResponse {
        checkpoint: Some(describe(source, &checkpoint)?),
        proof: Some(proof),
    })
}
