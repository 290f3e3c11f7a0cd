//! An accepted checkpoint judged as the court does, from what it commits to and nothing else, and the proof of what is broken (PROTOCOL section 12).
//!
//! ```text
//! record on root ─ digest ─ blocks root ─ K block commitments ─ segments root ─ segment records ─ bytes      opened: whatever a node serves
//!                         └ state root ─ leaves                                                              is compared with what is above it
//! ```
//! The rules are those of [`links`](crate::chain::links) and [`signatures`](crate::chain::signatures), which a node judges itself by. What is found comes with
//! the call of `FraudCourt` that shows it.

#![deny(missing_docs)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::expect_used,
        clippy::float_arithmetic,
        clippy::panic,
        clippy::unwrap_used
    )
)]

use alloy_primitives::B256;
use plasmid_bridge::proof::commitment::{BlockCommitment, SegmentKind, blocks_root};
use plasmid_bridge::relay::acceptance::Acceptance;

use crate::chain::links::{LinkError, check_blocks, check_counts, check_ends_by, check_segments};
use crate::chain::opened::{OpenedSegment, OpenedSegments, ShownLeaf};
use crate::chain::segments::transactions;
use crate::chain::signatures::bad_signatures;
use crate::ledger::leaf::Value;
use crate::ledger::{Code, Domain, Parameters, Slot};

pub mod shown;

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

/// Whether a block can have so many segments and transactions. Where not, that is shown by its counts, and no segment is needed.
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
}

impl BrokenRule {
    /// What it is called: the rule, or the code of the signature.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Link(error) => format!("L{}", error.rule()),
            Self::Signature { code, .. } => code.name().to_owned(),
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

/// Block commitments that are not those of the checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the block commitments have the root {found}, and the checkpoint commits to {expected}")]
pub struct OtherBlocks {
    /// The checkpoint's.
    pub expected: B256,
    /// Theirs.
    pub found: B256,
}

/// The block commitments of an accepted checkpoint.
#[derive(Clone, Debug)]
pub struct OpenedEpoch {
    /// The checkpoint.
    pub accepted: Acceptance,
    /// Its blocks, K of them.
    pub blocks: Vec<BlockCommitment>,
    hashes: Vec<B256>,
}

impl OpenedEpoch {
    /// These blocks, if they are the checkpoint's.
    ///
    /// # Errors
    /// [`OtherBlocks`], also where there are not K of them.
    pub fn new(
        accepted: Acceptance,
        blocks: Vec<BlockCommitment>,
        epoch_blocks: u32,
    ) -> Result<Self, OtherBlocks> {
        let hashes: Vec<B256> = blocks.iter().map(BlockCommitment::hash).collect();
        let (expected, found) = (accepted.checkpoint.blocks_root, blocks_root(&hashes));
        let is_whole = u32::try_from(blocks.len()).is_ok_and(|count| count == epoch_blocks);
        match is_whole && found == expected {
            true => Ok(Self {
                accepted,
                blocks,
                hashes,
            }),
            false => Err(OtherBlocks { expected, found }),
        }
    }
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
    /// What block `number` follows: of a height that its place gives, and in the state that the checkpoint before says itself that it leaves.
    fn before(&self, number: u32) -> Option<BlockCommitment> {
        let height = self.height(number).checked_sub(1)?;
        let known = match (number.checked_sub(1), self.previous) {
            (Some(earlier), _) => *self.epoch.blocks.get(usize::try_from(earlier).ok()?)?,
            (None, None) => self.facts.genesis,
            (None, Some(previous)) => BlockCommitment {
                after: previous.accepted.checkpoint.state_root,
                ..*previous.blocks.last()?
            },
        };
        Some(BlockCommitment { height, ..known })
    }

    /// The first thing that is broken in block `number`, of which these are the segments; none of a block that is sound, and where there is no such block.
    #[must_use]
    pub fn judge_block(&self, number: u32, segments: &OpenedSegments) -> Option<Finding> {
        let place = usize::try_from(number).ok()?;
        let (block, before) = (self.epoch.blocks.get(place)?, self.before(number)?);
        let parameters = &self.facts.parameters;
        let links = check_blocks(&before, block, parameters).and_then(|()| {
            let count = usize::try_from(segments.count).unwrap_or(usize::MAX);
            check_counts(count, segments.transactions, parameters)?;
            let linked = segments.segments.iter().map(OpenedSegment::linked);
            check_segments(block, linked, segments.transactions)
        });
        let broken = match links {
            Err(error) => BrokenRule::Link(error),
            Ok(()) => return self.judge_signatures(number, segments),
        };
        Some(Finding {
            height: self.height(number),
            call: self.link_call(number, &broken, Some(segments)),
            broken,
        })
    }

    fn judge_signatures(&self, number: u32, segments: &OpenedSegments) -> Option<Finding> {
        let users = (0u32..).zip(&segments.segments);
        let mut users = users.filter(|(_, one)| one.kind == SegmentKind::Users as u8);
        users.find_map(|(segment, one)| {
            // What does not split is unsound for another reason, which only its re-execution shows.
            let all = transactions(one.bytes.as_ref()?).ok()?;
            let bad = bad_signatures(&all, &self.facts.domain);
            let bad = bad.into_iter().find(|bad| bad.place < one.count)?;
            Some(Finding {
                height: self.height(number),
                broken: BrokenRule::Signature {
                    segment,
                    place: bad.place,
                    code: bad.code,
                },
                call: self.signature_call(number, segments, segment, &bad),
            })
        })
    }

    /// What is broken between the checkpoint, its last block and the leaves of its state, of which these are shown.
    #[must_use]
    pub fn judge_ends(&self, leaves: &[(Slot, ShownLeaf)]) -> Option<Finding> {
        let last = self.epoch.blocks.last()?;
        let number = u32::try_from(self.epoch.blocks.len().checked_sub(1)?).ok()?;
        let checkpoint = &self.epoch.accepted.checkpoint;
        let shown = |slot: &Slot| {
            let mut found = leaves.iter().filter(|(other, _)| other == slot);
            Ok::<_, std::convert::Infallible>(found.next().map(|(_, leaf)| leaf.value.clone()))
        };
        let verdict = match check_ends_by(checkpoint, last, self.facts.parameters.ring, shown) {
            Ok(verdict) => verdict,
            Err(never) => match never {},
        };
        let error = verdict.err()?;
        let call = match &error {
            LinkError::Leaf { rule } => self.leaf_call(*rule, leaves),
            error => self.block_call(error.rule(), number),
        };
        Some(Finding {
            height: self.height(number),
            broken: BrokenRule::Link(error),
            call,
        })
    }

    /// Which height block `number` of the epoch has by its place.
    fn height(&self, number: u32) -> u64 {
        let blocks = u64::from(self.facts.parameters.epoch_blocks);
        let before = self.epoch.accepted.epoch.saturating_mul(blocks);
        before.saturating_add(1).saturating_add(u64::from(number))
    }
}
