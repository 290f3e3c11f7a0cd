//! What answers a challenge of an accepted checkpoint's data: one call of `DataChallenges` each, from what the checkpoint opens to. Whoever has that can answer.

use alloy_primitives::Bytes;
use alloy_sol_types::SolCall;
use plasmid_bridge::abi::IDataChallenges;
use plasmid_bridge::proof::tree::Inclusion;
use plasmid_bridge::relay::acceptance::Acceptance;

use super::OpenedEpoch;
use super::shown::{block_of, counts, inclusion, segment_of};
use crate::chain::opened::{OpenedSegments, ShownLeaf};

#[cfg(test)]
mod tests;

impl OpenedEpoch {
    /// The call that answers with segment `number` of block `block`, of which these are the segments, or with their count where there is no such one. None where its
    /// bytes are not there, or the block is not.
    #[must_use]
    pub fn segment_answer(
        &self,
        block: u32,
        segments: &OpenedSegments,
        number: u32,
    ) -> Option<Vec<u8>> {
        let (accused, shown) = ((&self.accepted).into(), block_of(self, block)?);
        if number >= segments.count {
            let call = IDataChallenges::answerNoSegmentCall {
                accused,
                shown,
                segments: counts(segments),
                number,
            };
            return Some(call.abi_encode());
        }
        let one = segments.segments.get(usize::try_from(number).ok()?)?;
        let call = IDataChallenges::answerSegmentCall {
            accused,
            shown,
            segments: counts(segments),
            segment: segment_of(segments, number)?,
            content: Bytes::from(one.bytes.clone()?),
        };
        Some(call.abi_encode())
    }
}

/// The call that answers with a leaf of the state.
#[must_use]
pub fn leaf_answer(accepted: &Acceptance, leaf: &ShownLeaf) -> Vec<u8> {
    let call = IDataChallenges::answerLeafCall {
        accused: accepted.into(),
        value: IDataChallenges::Value {
            kind: leaf.kind,
            content: leaf.value.clone().into(),
        },
        leaf: inclusion(&leaf.inclusion),
    };
    call.abi_encode()
}

/// The call that answers that the state has no leaf at an index: with the leaf count, which the proof of any of its leaves tells.
#[must_use]
pub fn no_leaf_answer(accepted: &Acceptance, index: u32, any: &Inclusion) -> Vec<u8> {
    let call = IDataChallenges::answerNoLeafCall {
        accused: accepted.into(),
        index,
        treeRoot: any.tree_root(),
        count: any.count,
    };
    call.abi_encode()
}
