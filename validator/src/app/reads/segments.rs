//! What a checkpoint commits to, its blocks and their segments, for whoever judges it before it is final.

use plasmid_proto::bridge::v1::{
    GetGenesisParametersRequest, GetGenesisParametersResponse, GetSegmentsRequest,
    GetSegmentsResponse, LeafProof, Segment,
};
use plasmid_proto::chain::v1::{ListBlocksRequest, ListBlocksResponse};

use super::{ReadError, Reader, Trees, chain::told};
use crate::{
    chain::opened::{OpenedSegments, ShownLeaf},
    chain::segments::MAX_SEGMENT_BYTES,
    ledger::Slot,
};

/// Bytes of segments in one answer, at most, and segments: an answer has a megabyte.
const MAX_PAGE_BYTES: usize = 768 << 10;
const MAX_PAGE_SEGMENTS: usize = 1_000;

/// Blocks of one page.
const MAX_BLOCKS: u32 = 1_000;

/// Blocks in a row.
pub fn list_blocks(
    source: &Reader<'_>,
    request: &ListBlocksRequest,
) -> Result<ListBlocksResponse, ReadError> {
    let (first, tip) = (request.first, source.tip().height);
    if first == 0 || first > tip {
        let why = format!("no block {first}: the first one is 1, and the tip is {tip}");
        return Err(ReadError::NotFound(why));
    }
    let _place = source.enter_disk()?;
    let count = match request.count {
        0 => MAX_BLOCKS,
        count => count.min(MAX_BLOCKS),
    };
    let last = tip.min(first.saturating_add(u64::from(count)).saturating_sub(1));
    let mut blocks = Vec::new();
    for height in first..=last {
        source.check()?;
        let Some(block) = source.commitment(height)? else {
            break;
        };
        blocks.push(told(&block));
    }
    match blocks.is_empty() {
        true => Err(ReadError::NotFound(format!("block {first} is not kept"))),
        false => Ok(ListBlocksResponse { blocks }),
    }
}

/// A block's segments.
pub fn get_segments(
    source: &Reader<'_>,
    request: &GetSegmentsRequest,
) -> Result<GetSegmentsResponse, ReadError> {
    let height = request.height;
    let _place = source.enter_disk()?;
    let missing = || {
        ReadError::NotFound(format!(
            "segments of block {height} are not kept: it is not committed yet, root has settled its epoch, or this node's store is older than they are"
        ))
    };
    let whole = OpenedSegments::of(source.segments(height)?.ok_or_else(missing)?);
    let (first, mut left) = (request.first, MAX_PAGE_BYTES);
    if first >= whole.count {
        let count = whole.count;
        return Err(ReadError::Invalid(format!(
            "block {height} has {count} segments, and the first one that is asked for is {first}, counted from 0"
        )));
    }
    let numbered = (0u32..).zip(&whole.segments);
    let wanted = numbered.filter(|(number, _)| *number >= first);
    let mut page = Vec::new();
    for (number, one) in wanted.take(MAX_PAGE_SEGMENTS) {
        source.check()?;
        let Some(rest) = left.checked_sub(usize::try_from(one.length).unwrap_or(MAX_SEGMENT_BYTES))
        else {
            break;
        };
        left = rest;
        let bytes = match one.length {
            0 => Vec::new(),
            _ => source.segment_bytes(height, number)?.ok_or_else(missing)?,
        };
        page.push(Segment {
            kind: u32::from(one.kind),
            first: one.first,
            count: one.count,
            length: one.length,
            chunks_root: one.chunks_root.to_vec(),
            state_root_before: one.before.to_vec(),
            state_root_after: one.after.to_vec(),
            bytes,
        });
    }
    Ok(GetSegmentsResponse {
        count: whole.count,
        transactions: whole.transactions,
        list_root: whole.list_root.to_vec(),
        segments: page,
    })
}

/// The parameters' leaf in the genesis state.
pub fn get_genesis_parameters(
    source: &Reader<'_>,
    _: &GetGenesisParametersRequest,
) -> Result<GetGenesisParametersResponse, ReadError> {
    let ShownLeaf {
        kind,
        value,
        inclusion,
    } = source.genesis_parameters();
    let root = inclusion.state_root();
    let root = root.map_err(|error| ReadError::Internal(format!("the genesis state: {error}")))?;
    Ok(GetGenesisParametersResponse {
        proof: Some(LeafProof {
            present: true,
            key: Slot::Parameters.key().to_vec(),
            index: inclusion.index,
            leaf_key: inclusion.key.to_vec(),
            next_key: inclusion.next.to_vec(),
            kind: u32::from(*kind),
            value: value.clone(),
            siblings: inclusion.siblings.iter().map(|one| one.to_vec()).collect(),
            leaf_count: inclusion.count,
            state_root: root.to_vec(),
        }),
    })
}
