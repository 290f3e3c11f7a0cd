//! Transactions: what one would do, what it would cost, where it stands.

use plasmid_proto::ledger::v1::{
    GetTransactionRequest, GetTransactionResponse, QuoteFeeRequest, QuoteFeeResponse,
    SimulateRequest, SimulateResponse, Stage, Status, get_transaction_request,
};

use super::{Id, ReadError, Reader, Trial, claims, on_tree_and_height};
use crate::app::pool::Departure;
use crate::ledger::Code;
use crate::ledger::fees::{leaf_price, minimum_fee, quote_up};
use crate::wire;
use plasmid_staking::epoch_of;

/// Runs a transaction on the state of the tip without submitting it.
pub fn simulate(
    source: &Reader<'_>,
    request: &SimulateRequest,
) -> Result<SimulateResponse, ReadError> {
    let trial = match request.skip_authentication {
        true => Trial::Unsigned,
        false => Trial::Signed,
    };
    let simulated = source.simulate(&request.transaction, trial)?;
    let minimum = minimum_fee(
        &source.facts().parameters,
        simulated.length,
        simulated.leaves_made,
        simulated.leaf_count,
    );
    Ok(SimulateResponse {
        code: simulated.code as u32,
        log: simulated.log,
        minimum_fee: minimum.to_string(),
        leaves_made: simulated.leaves_made,
        data: simulated.data,
        height: simulated.height,
    })
}

/// The lowest fee of a transaction of this length that makes this many new leaves.
pub fn quote_fee(
    source: &Reader<'_>,
    request: &QuoteFeeRequest,
) -> Result<QuoteFeeResponse, ReadError> {
    let (count, height) = on_tree_and_height(source, |tree, height| (tree.count(), height))?;
    let parameters = &source.facts().parameters;
    let minimum = minimum_fee(
        parameters,
        request.length as usize,
        request.leaves_made,
        count,
    );
    Ok(QuoteFeeResponse {
        minimum_fee: minimum.to_string(),
        suggested_fee: quote_up(minimum).to_string(),
        base_fee: parameters.base_fee.to_string(),
        byte_fee: parameters.byte_fee.to_string(),
        leaf_price: leaf_price(parameters, count).to_string(),
        height,
    })
}

/// Where a transaction stands.
pub fn get_transaction(
    source: &Reader<'_>,
    request: &GetTransactionRequest,
) -> Result<GetTransactionResponse, ReadError> {
    let id = match &request.id {
        Some(get_transaction_request::Id::Hash(hash)) => hash_id(hash)?,
        Some(get_transaction_request::Id::Digest(digest)) => digest_id(digest)?,
        None => {
            return Err(ReadError::Invalid(
                "name a transaction by its hash or by its digest".into(),
            ));
        }
    };
    let status = status(source, &id)?;
    if status.stage == Stage::Unknown as i32 && status.code == Code::Ok.number() {
        return Err(elsewhere(source.imported()).unwrap_or_else(|| {
            ReadError::NotFound("no such transaction stands in a block or waits here".into())
        }));
    }
    Ok(GetTransactionResponse {
        status: Some(status),
    })
}

/// Why a node that began with an imported state cannot say that a transaction stands in no block; `None` for one that has all results.
pub fn elsewhere(imported: Option<u64>) -> Option<ReadError> {
    let first = imported?.saturating_add(1);
    Some(ReadError::Unavailable(format!(
        "this node has results from height {first} on, and no such transaction among them: ask another node"
    )))
}

/// An engine hash.
pub fn hash_id(bytes: &[u8]) -> Result<Id, ReadError> {
    bytes.try_into().map(Id::Hash).map_err(|_| length(bytes))
}

/// An EIP-712 digest.
pub fn digest_id(bytes: &[u8]) -> Result<Id, ReadError> {
    <[u8; 32]>::try_from(bytes)
        .map(|digest| Id::Digest(digest.into()))
        .map_err(|_| length(bytes))
}

fn length(bytes: &[u8]) -> ReadError {
    ReadError::Invalid(format!("a hash has 32 bytes, this one {}", bytes.len()))
}

/// How far a transaction has come: pending → included → checkpointed → final.
pub fn status(source: &Reader<'_>, id: &Id) -> Result<Status, ReadError> {
    // The pool is asked first: a transaction that goes from the pool into a block is found in the block before it leaves the pool.
    let waiting = source.waiting(id);
    let Some(found) = source.locate(id)? else {
        return Ok(match waiting {
            Some(names) => Status {
                stage: Stage::Pending.into(),
                hash: names.hash.to_vec(),
                digest: names.digest.to_vec(),
                ..Status::default()
            },
            None => unknown(id, source.departed(id)),
        });
    };
    let blocks = source.facts().parameters.epoch_blocks;
    let epoch = epoch_of(found.height, blocks).unwrap_or(0);
    let standing = claims::standing(source, epoch);
    let stage = match standing {
        claims::CheckpointStanding::Final => Stage::Final,
        claims::CheckpointStanding::Accepted { .. } => Stage::Checkpointed,
        claims::CheckpointStanding::Open | claims::CheckpointStanding::Void => Stage::Included,
    };
    Ok(Status {
        stage: stage.into(),
        hash: found.names.hash.to_vec(),
        digest: found.names.digest.to_vec(),
        height: found.height,
        index: found.index,
        code: found.result.code,
        log: found.result.log,
        data: found.result.data.to_vec(),
        epoch,
        seconds_to_final: claims::seconds_to_final(source, epoch, standing),
        gas_used: u64::try_from(found.result.gas_used).unwrap_or(0),
        events: found.result.events.into_iter().map(wire::event).collect(),
    })
}

/// In no block, and not waiting here; `why` it waits no more, where that is remembered.
fn unknown(id: &Id, why: Option<Departure>) -> Status {
    let (hash, digest) = match id {
        Id::Hash(hash) => (hash.to_vec(), Vec::new()),
        Id::Digest(digest) => (Vec::new(), digest.to_vec()),
    };
    Status {
        stage: Stage::Unknown.into(),
        hash,
        digest,
        code: why.map_or(Code::Ok, Departure::code).number(),
        log: why.map_or_else(String::new, |why| why.to_string()),
        ..Status::default()
    }
}
