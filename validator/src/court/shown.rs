//! What is broken as `FraudCourt` reads it: one call a shape.

use alloy_primitives::{B256, Bytes};
use alloy_sol_types::SolCall;
use plasmid_bridge::abi::{IFraudCourt, IRootChain};
use plasmid_bridge::proof::commitment::{BlockCommitment, SegmentKind};
use plasmid_bridge::proof::list;
use plasmid_bridge::proof::tree::Inclusion;

use super::{Hearing, OpenedEpoch};
use crate::chain::links::LinkError;
use crate::chain::opened::{OpenedSegment, OpenedSegments, ShownLeaf};
use crate::chain::signatures::BadSignature;
use crate::chain::transitions::SegmentProof;

/// A block commitment with its place and its path.
#[must_use]
pub fn block(number: u32, one: &BlockCommitment, siblings: Vec<B256>) -> IFraudCourt::Block {
    IFraudCourt::Block {
        number,
        rules: one.rules,
        height: one.height,
        time: one.time,
        blockHash: one.block_hash,
        witnessHash: one.witness_hash,
        stateBefore: one.before,
        stateAfter: one.after,
        segmentsRoot: one.segments_root,
        siblings,
    }
}

/// A segment record with its place and its path.
#[must_use]
pub fn segment(number: u32, one: &OpenedSegment, siblings: Vec<B256>) -> IFraudCourt::Segment {
    IFraudCourt::Segment {
        number,
        kind: one.kind,
        first: one.first,
        count: one.count,
        length: one.length,
        chunksRoot: one.chunks_root,
        stateBefore: one.before,
        stateAfter: one.after,
        siblings,
    }
}

pub(super) fn inclusion(one: &Inclusion) -> IFraudCourt::Inclusion {
    IFraudCourt::Inclusion {
        index: one.index,
        key: one.key,
        next: one.next,
        valueHash: one.value_hash,
        siblings: one.siblings,
        count: one.count,
    }
}

pub(super) fn counts(of: &OpenedSegments) -> IFraudCourt::Segments {
    IFraudCourt::Segments {
        count: of.count,
        transactions: of.transactions,
        listRoot: of.list_root,
    }
}

pub(super) fn segment_of(of: &OpenedSegments, number: u32) -> Option<IFraudCourt::Segment> {
    let one = of.segments.get(usize::try_from(number).ok()?)?;
    Some(segment(number, one, list::prove(&of.hashes(), number)?))
}

pub(super) fn block_of(of: &OpenedEpoch, number: u32) -> Option<IFraudCourt::Block> {
    Some(block(number, of.block(number)?, of.path(number)?))
}

impl Hearing<'_> {
    fn accused(&self) -> IFraudCourt::Accused {
        (&self.epoch.accepted).into()
    }

    /// The call that shows a broken link of block `number`.
    pub(super) fn link_call(
        &self,
        number: u32,
        error: &LinkError,
        segments: Option<&OpenedSegments>,
    ) -> Option<Vec<u8>> {
        let rule = error.rule();
        match error {
            LinkError::Rules { .. } | LinkError::Height { .. } => self.block_call(rule, number),
            LinkError::Time { .. } | LinkError::State => self.behind_call(rule, number),
            LinkError::Counts { .. } => self.counts_call(number, segments?),
            LinkError::First => self.segment_call(rule, number, segments?, 0),
            LinkError::Sizes { place, .. } => {
                self.segment_call(rule, number, segments?, u32::try_from(*place).ok()?)
            }
            LinkError::Kinds {
                place,
                kind,
                before,
            } => {
                let place = u32::try_from(*place).ok()?;
                match *kind > SegmentKind::Record as u8 && kind < before {
                    true => self.neighbours_call(rule, number, segments?, place),
                    false => self.segment_call(rule, number, segments?, place),
                }
            }
            LinkError::Numbers { place, .. } | LinkError::Roots { place } => {
                let place = u32::try_from(*place).ok()?;
                match place {
                    0 => self.segment_call(rule, number, segments?, 0),
                    place if place == segments?.count => {
                        self.segment_call(rule, number, segments?, place.checked_sub(1)?)
                    }
                    place => self.neighbours_call(rule, number, segments?, place),
                }
            }
            LinkError::End { .. } | LinkError::Leaf { .. } => None,
        }
    }

    pub(super) fn block_call(&self, rule: u8, number: u32) -> Option<Vec<u8>> {
        let call = IFraudCourt::proveBlockCall {
            accused: self.accused(),
            rule,
            shown: block_of(self.epoch, number)?,
        };
        Some(call.abi_encode())
    }

    /// A block behind the one before it, in this epoch, in the one before, or behind the genesis.
    fn behind_call(&self, rule: u8, number: u32) -> Option<Vec<u8>> {
        let accused = self.accused();
        let later = block_of(self.epoch, number)?;
        if let Some(earlier) = number.checked_sub(1) {
            let call = IFraudCourt::proveBlocksCall {
                accused,
                rule,
                earlier: block_of(self.epoch, earlier)?,
                later,
            };
            return Some(call.abi_encode());
        }
        let Some(previous) = self.previous else {
            return self.block_call(rule, number);
        };
        let last = u32::try_from(previous.blocks.len()).ok()?.checked_sub(1)?;
        let call = IFraudCourt::proveAcrossCall {
            accused,
            rule,
            previous: IRootChain::Checkpoint::from(&previous.accepted.checkpoint),
            last: block_of(previous, last)?,
            first: later,
        };
        Some(call.abi_encode())
    }

    fn counts_call(&self, number: u32, segments: &OpenedSegments) -> Option<Vec<u8>> {
        let call = IFraudCourt::proveCountsCall {
            accused: self.accused(),
            shown: block_of(self.epoch, number)?,
            segments: counts(segments),
            parameters: self.facts.shown.value.clone().into(),
            proof: inclusion(&self.facts.shown.inclusion),
        };
        Some(call.abi_encode())
    }

    fn segment_call(
        &self,
        rule: u8,
        number: u32,
        segments: &OpenedSegments,
        place: u32,
    ) -> Option<Vec<u8>> {
        let call = IFraudCourt::proveSegmentCall {
            accused: self.accused(),
            rule,
            shown: block_of(self.epoch, number)?,
            segments: counts(segments),
            segment: segment_of(segments, place)?,
        };
        Some(call.abi_encode())
    }

    fn neighbours_call(
        &self,
        rule: u8,
        number: u32,
        segments: &OpenedSegments,
        place: u32,
    ) -> Option<Vec<u8>> {
        let call = IFraudCourt::proveSegmentsCall {
            accused: self.accused(),
            rule,
            shown: block_of(self.epoch, number)?,
            segments: counts(segments),
            earlier: segment_of(segments, place.checked_sub(1)?)?,
            later: segment_of(segments, place)?,
        };
        Some(call.abi_encode())
    }

    pub(super) fn leaf_call(&self, rule: u8, leaf: &ShownLeaf) -> Vec<u8> {
        let call = IFraudCourt::proveLeafCall {
            accused: self.accused(),
            rule,
            value: leaf.value.clone().into(),
            leaf: inclusion(&leaf.inclusion),
            parameters: self.facts.shown.value.clone().into(),
            proof: inclusion(&self.facts.shown.inclusion),
        };
        call.abi_encode()
    }

    /// The call that shows a user's signature in segment `place` of block `number`.
    #[must_use]
    pub fn signature_call(
        &self,
        number: u32,
        segments: &OpenedSegments,
        place: u32,
        bad: &BadSignature,
    ) -> Option<Vec<u8>> {
        let one = segments.segments.get(usize::try_from(place).ok()?)?;
        let opened = segment_of(segments, place)?;
        self.signed_call(number, segments, (opened, one), bad)
    }

    /// The call that shows a user's signature in a segment that is opened already.
    pub(super) fn signed_call(
        &self,
        number: u32,
        segments: &OpenedSegments,
        (opened, one): (IFraudCourt::Segment, &OpenedSegment),
        bad: &BadSignature,
    ) -> Option<Vec<u8>> {
        let [of_key, of_r] = bad.hints;
        let call = IFraudCourt::proveSignatureCall {
            accused: self.accused(),
            shown: block_of(self.epoch, number)?,
            segments: counts(segments),
            segment: opened,
            signed: IFraudCourt::Signed {
                segment: Bytes::from(one.bytes.clone()?),
                place: bad.place,
                ofKey: of_key,
                ofR: of_r,
            },
        };
        Some(call.abi_encode())
    }

    /// The call that shows that segment `place` of block `number` is not what its record says.
    #[must_use]
    pub fn execution_call(
        &self,
        number: u32,
        segments: &OpenedSegments,
        place: u32,
        proof: &SegmentProof,
    ) -> Option<Vec<u8>> {
        let one = segments.segments.get(usize::try_from(place).ok()?)?;
        let call = IFraudCourt::proveExecutionCall {
            accused: self.accused(),
            shown: block_of(self.epoch, number)?,
            segments: counts(segments),
            segment: segment_of(segments, place)?,
            executed: IFraudCourt::Executed {
                segment: Bytes::from(one.bytes.clone()?),
                witness: proof.witness.clone().into(),
                hints: proof.hints.clone(),
            },
        };
        Some(call.abi_encode())
    }
}
