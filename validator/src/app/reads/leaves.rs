//! The state at the end of an epoch, leaf by leaf, for whoever executes the blocks behind it again.
//!
//! Each page comes with one proof of its leaves, which binds their number in the state too: who reads it needs to believe no page, and may ask one node for this
//! page and another one for the next.

use plasmid_proto::bridge::v1::{GetLeavesRequest, GetLeavesResponse, StateLeaf};

use super::{Past, ReadError, Reader};

/// Leaves of one answer, at most. An answer has a megabyte. A node whose answer holds fewer leaves than this and [`MAX_VALUE_BYTES`] allow is not believed, unless there are no more.
pub const MAX_PAGE_LEAVES: u32 = 512;
/// Bytes of the values of an answer's leaves, at most.
pub const MAX_VALUE_BYTES: usize = 256 << 10;

/// Leaves in a row.
pub fn get_leaves(
    source: &Reader<'_>,
    request: &GetLeavesRequest,
) -> Result<GetLeavesResponse, ReadError> {
    let GetLeavesRequest { epoch, first } = *request;
    let past = Past::of(source, epoch)
        .map_err(|error| error.because(&format!("the leaves at the end of epoch {epoch}")))?;
    let count = past.count();
    if first >= count {
        return Err(ReadError::Invalid(format!(
            "the state of epoch {epoch} has {count} leaves, and the first one that is asked for is {first}, counted from 0"
        )));
    }
    let end = count.min(first.saturating_add(MAX_PAGE_LEAVES));
    let (mut leaves, mut bytes) = (Vec::new(), 0usize);
    for index in first..end {
        source.check()?;
        let leaf = past.leaf(index)?;
        bytes = bytes.saturating_add(leaf.value.len());
        if bytes > MAX_VALUE_BYTES {
            break;
        }
        leaves.push(StateLeaf {
            key: leaf.key.to_vec(),
            next_key: leaf.next.to_vec(),
            kind: u32::from(leaf.kind),
            value: leaf.value,
        });
    }
    let indices: Vec<u32> = (first..end).take(leaves.len()).collect();
    let proof = past.multiproof(&indices)?;
    Ok(GetLeavesResponse {
        leaf_count: count,
        leaves,
        siblings: proof.siblings.iter().map(|one| one.to_vec()).collect(),
    })
}
