//! What nodes say of a checkpoint's parts, in our words. Nothing of it is compared with anything yet, but a segment's bytes with its record.

use alloy_primitives::B256;
use plasmid_bridge::proof::tree::{Inclusion, value_hash};
use plasmid_proto::bridge::v1::{LeafProof, Segment};

use crate::chain::opened::{OpenedSegment, ShownLeaf};
use crate::wire::word;

pub(super) fn segment(told: Segment) -> Option<OpenedSegment> {
    let mut shown = OpenedSegment {
        kind: told.kind.try_into().ok()?,
        first: told.first,
        count: told.count,
        length: told.length,
        chunks_root: word(&told.chunks_root)?,
        before: word(&told.state_root_before)?,
        after: word(&told.state_root_after)?,
        bytes: Some(told.bytes),
    };
    shown.trim();
    Some(shown)
}

pub(super) fn leaf(told: LeafProof) -> Option<ShownLeaf> {
    let siblings: Option<Vec<B256>> = told.siblings.iter().map(|one| word(one)).collect();
    let kind = told.kind.try_into().ok()?;
    Some(ShownLeaf {
        kind,
        inclusion: Inclusion {
            index: told.index,
            count: told.leaf_count,
            key: word(&told.leaf_key)?,
            next: word(&told.next_key)?,
            value_hash: value_hash(kind, &told.value),
            siblings: siblings?.try_into().ok()?,
        },
        value: told.value,
    })
}
