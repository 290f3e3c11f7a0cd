//! An accepted checkpoint judged as the court does, from what it commits to and nothing else, and the proof of what is broken (PROTOCOL section 12).
//!
//! ```text
//! record on root ─ digest ─ blocks root ─ K block commitments ─ segments root ─ segment records ─ bytes      opened: whatever a node serves
//!                         └ state root ─ leaves                                                              is compared with what is above it
//! ```
//! The rules are those of [`links`](crate::chain::links) and [`signatures`](crate::chain::signatures), which a node judges itself by, and those by which it executes
//! ([`replay`](crate::chain::replay)). What is found comes with the call of `FraudCourt` that shows it.

#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::expect_used,
        clippy::float_arithmetic,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

use alloy_primitives::B256;
use plasmid_bridge::proof::commitment::{BlockCommitment, SegmentKind};

use crate::chain::links::{
    LinkError, check_blocks, check_counts, check_last, check_leaf, check_segments, end_slots,
};
use crate::chain::opened::{OpenedSegment, OpenedSegments, ShownLeaf};
use crate::chain::signatures::{BadSignature, bad_signatures, split};
use crate::chain::transitions::{SegmentFraud, UndecidedSegment};
use crate::ledger::leaf::Value;
use crate::ledger::{Code, Domain, Parameters, Slot};

pub mod answers;
mod blocks;
mod executed;
pub mod shown;

pub use blocks::{OpenedEpoch, OtherBlocks};
pub use executed::Replayed;

/// What a false segment is called.
const BAD_SEGMENT: &str = "bad_segment";

/// Findings of one kind in one part of a checkpoint that are told, at most: one is enough for root.
const MAX_FINDINGS: usize = 8;

/// What the court knows of the genesis, and what it is shown of it.
#[derive(Clone, Debug)]
pub struct CourtFacts {
    /// What users' signatures bind.
    pub domain: Domain,
    /// What block 1 follows.
    pub genesis: BlockCommitment,
    /// The parameters.
    pub parameters: Parameters,
    /// Their leaf in the genesis state.
    pub shown: ShownLeaf,
}

impl CourtFacts {
    /// From the leaf of the parameters, as somebody shows it; `time` is the genesis time in seconds. None when it is not that leaf of that state.
    #[must_use]
    pub fn new(domain: Domain, state_root: B256, time: u64, shown: ShownLeaf) -> Option<Self> {
        if !shown.stands(&Slot::Parameters, &state_root) {
            return None;
        }
        let parameters = Parameters::decode(&shown.value).ok()?;
        let time = time.saturating_mul(1_000_000_000);
        Some(Self {
            domain,
            genesis: BlockCommitment::genesis(parameters.rules, time, state_root),
            parameters,
            shown,
        })
    }
}

/// Whether a block can have as many segments and transactions as `segments` says. Where it cannot, these counts alone show it, and no segment is needed.
#[must_use]
pub fn has_such_counts(facts: &CourtFacts, segments: &OpenedSegments) -> bool {
    let count = usize::try_from(segments.count).unwrap_or(usize::MAX);
    check_counts(count, segments.transactions, &facts.parameters).is_ok()
}

/// What is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrokenRule {
    /// A link rule.
    Link(LinkError),
    /// A user's signature.
    Signature {
        /// Number of the segment in the block.
        segment: u32,
        /// Number of the transaction in the segment.
        place: u32,
        /// `bad_signature` or `wrong_sender`.
        code: Code,
    },
    /// A segment that is not what its record says.
    Segment {
        /// Number of the segment in the block.
        segment: u32,
        /// What a court says of it.
        fraud: SegmentFraud,
    },
    /// A segment that is not what its record says, of which a court says nothing.
    Unjudged {
        /// Number of the segment in the block, of the block in the epoch, and of the epoch.
        place: [u64; 3],
        /// Why.
        undecided: UndecidedSegment,
    },
}

impl BrokenRule {
    /// What it is called: the rule, the code of the signature, or `bad_segment`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Link(error) => format!("L{}", error.rule()),
            Self::Signature { code, .. } => code.name().to_owned(),
            Self::Segment { .. } | Self::Unjudged { .. } => BAD_SEGMENT.to_owned(),
        }
    }
}

impl std::fmt::Display for BrokenRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Link(error) => error.fmt(f),
            Self::Signature {
                segment,
                place,
                code,
            } => {
                let why = match code {
                    Code::WrongSender => "is signed by another account than its sender",
                    _ => "has a signature that does not verify",
                };
                write!(f, "transaction {place} of segment {segment} {why}")
            }
            Self::Segment { segment, fraud } => {
                write!(f, "segment {segment} is not what its record says: {fraud}")
            }
            Self::Unjudged {
                place: [segment, block, epoch],
                undecided,
            } => write!(
                f,
                "segment {segment} of block {block} of epoch {epoch} is not what its record says and cannot be judged on root: {undecided}"
            ),
        }
    }
}

/// What is broken, where, and what shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The height of the block.
    pub height: u64,
    /// What is broken.
    pub broken: BrokenRule,
    /// The call of `FraudCourt` that shows it; none when what it needs is not there.
    pub call: Option<Vec<u8>>,
}

/// An accepted checkpoint before the court, behind the one before it.
#[derive(Clone, Copy, Debug)]
pub struct Hearing<'a> {
    /// The genesis.
    pub facts: &'a CourtFacts,
    /// The accused.
    pub epoch: &'a OpenedEpoch,
    /// The checkpoint before; none of the first epoch.
    pub previous: Option<&'a OpenedEpoch>,
}

impl Hearing<'_> {
    /// What block `number` follows: of a height that its place gives, and in the state that the checkpoint before says itself that it leaves. What is not shown of the
    /// checkpoint before says nothing against the first block.
    fn before(&self, number: u32, block: &BlockCommitment) -> BlockCommitment {
        let earlier = number.checked_sub(1);
        let known = match (earlier, self.previous) {
            (Some(earlier), _) => self.epoch.block(earlier).copied(),
            (None, None) if self.epoch.accepted.epoch == 0 => Some(self.facts.genesis),
            (None, None) => None,
            (None, Some(previous)) => previous.blocks.last().map(|last| BlockCommitment {
                after: previous.accepted.checkpoint.state_root,
                ..*last
            }),
        };
        let unknown = BlockCommitment {
            after: block.before,
            time: 0,
            ..*block
        };
        BlockCommitment {
            height: self.height(number).saturating_sub(1),
            ..known.unwrap_or(unknown)
        }
    }

    /// What is broken between blocks that are shown, and between the last one and the checkpoint: L1 to L5. No segment and no leaf is needed for it.
    #[must_use]
    pub fn judge_blocks(&self) -> Vec<Finding> {
        let links = self.epoch.numbered().filter_map(|(number, block)| {
            let before = self.before(number, block);
            let error = check_blocks(&before, block, &self.facts.parameters).err()?;
            let call = self.link_call(number, &error, None);
            Some(self.finding(number, BrokenRule::Link(error), call))
        });
        links.chain(self.judge_last()).take(MAX_FINDINGS).collect()
    }

    fn judge_last(&self) -> Option<Finding> {
        let last = self.epoch.block(self.last_number())?;
        let error = check_last(&self.epoch.accepted.checkpoint, last).err()?;
        let number = self.last_number();
        let call = self.block_call(error.rule(), number);
        Some(self.finding(number, BrokenRule::Link(error), call))
    }

    /// What is broken in block `number`, of which these are the segments: L6 to L11, and users' signatures.
    #[must_use]
    pub fn judge_segments(&self, number: u32, segments: &OpenedSegments) -> Vec<Finding> {
        let Some(block) = self.epoch.block(number) else {
            return Vec::new();
        };
        let count = usize::try_from(segments.count).unwrap_or(usize::MAX);
        let counts = check_counts(count, segments.transactions, &self.facts.parameters);
        let links = counts.and_then(|()| {
            let linked = segments.segments.iter().map(OpenedSegment::linked);
            check_segments(block, linked, segments.transactions)
        });
        let link = links.err().map(|error| {
            let call = self.link_call(number, &error, Some(segments));
            self.finding(number, BrokenRule::Link(error), call)
        });
        let signatures = self.judge_signatures(number, segments);
        link.into_iter()
            .chain(signatures)
            .take(MAX_FINDINGS)
            .collect()
    }

    /// The first bad signature of each segment.
    fn judge_signatures(
        &self,
        number: u32,
        segments: &OpenedSegments,
    ) -> impl Iterator<Item = Finding> {
        (0u32..)
            .zip(&segments.segments)
            .filter_map(move |(segment, one)| {
                let bad = self.bad_signature(one)?;
                let call = self.signature_call(number, segments, segment, &bad);
                Some(self.signature_finding((number, segment), &bad, call))
            })
    }

    /// A segment of block `number` that is shown alone, with its place and its path in the list of which these are the counts: users' signatures.
    #[must_use]
    pub fn judge_segment(
        &self,
        number: u32,
        counts: &OpenedSegments,
        (segment, one, siblings): (u32, &OpenedSegment, &[B256]),
    ) -> Option<Finding> {
        let bad = self.bad_signature(one)?;
        let opened = shown::segment(segment, one, siblings.to_vec());
        let call = self.signed_call(number, counts, (opened, one), &bad);
        Some(self.signature_finding((number, segment), &bad, call))
    }

    fn bad_signature(&self, one: &OpenedSegment) -> Option<BadSignature> {
        let users = Some(one).filter(|one| one.kind == SegmentKind::Users as u8)?;
        let all = split(users.bytes.as_ref()?, users.count);
        let bad = bad_signatures(&all, &self.facts.domain);
        bad.into_iter().next()
    }

    fn signature_finding(
        &self,
        (number, segment): (u32, u32),
        bad: &BadSignature,
        call: Option<Vec<u8>>,
    ) -> Finding {
        let broken = BrokenRule::Signature {
            segment,
            place: bad.place,
            code: bad.code,
        };
        self.finding(number, broken, call)
    }

    /// What is broken between the checkpoint and a leaf of its state, which its proof shows there: one of L12 to L15. A leaf of another kind or width is never
    /// what the rules write; root reads none such, so there is no call for it.
    #[must_use]
    pub fn judge_leaf(&self, slot: &Slot, leaf: &ShownLeaf) -> Option<Finding> {
        let checkpoint = &self.epoch.accepted.checkpoint;
        let slots = end_slots(checkpoint.epoch, self.facts.parameters.ring);
        let (rule, _) = (12..).zip(slots).find(|(_, one)| one == slot)?;
        let is_readable = leaf.kind == slot.kind() && leaf.value.len() == slot.width();
        let call = match is_readable {
            true => {
                check_leaf(checkpoint, rule, Some(&leaf.value)).err()?;
                Some(self.leaf_call(rule, leaf))
            }
            false => None,
        };
        let broken = BrokenRule::Link(LinkError::Leaf { rule });
        Some(self.finding(self.last_number(), broken, call))
    }

    fn finding(&self, number: u32, broken: BrokenRule, call: Option<Vec<u8>>) -> Finding {
        Finding {
            height: self.height(number),
            broken,
            call,
        }
    }

    const fn last_number(&self) -> u32 {
        self.facts.parameters.epoch_blocks.saturating_sub(1)
    }

    /// Which height block `number` of the epoch has by its place.
    fn height(&self, number: u32) -> u64 {
        let blocks = u64::from(self.facts.parameters.epoch_blocks);
        let before = self.epoch.accepted.epoch.saturating_mul(blocks);
        before.saturating_add(1).saturating_add(u64::from(number))
    }
}
