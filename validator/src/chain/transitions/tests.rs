//! The court's answers about segments: the vectors in `validator/vectors/court/`, and mutants of what it is shown.

mod cases;
mod mutants;
// It needs the tools of a node.
#[cfg(feature = "node")]
mod random;
mod state;
mod vectors;

use super::*;
use crate::chain::reexecute;
use crate::chain::segments::bytes_of;
use crate::ledger::Code;
use state::SparseState;

/// A segment, what a court is shown of it, and its answer.
#[derive(Clone)]
struct CourtCase {
    name: String,
    kind: u8,
    count: u32,
    bytes: Vec<u8>,
    moment: Moment,
    before: B256,
    after: B256,
    domain: Domain,
    proof: SegmentProof,
}

impl CourtCase {
    fn judged(&self) -> JudgedSegment<'_> {
        JudgedSegment {
            kind: self.kind,
            count: self.count,
            bytes: &self.bytes,
            moment: self.moment,
            before: self.before,
            after: self.after,
            domain: &self.domain,
        }
    }

    fn answer(&self) -> Result<Option<SegmentFraud>, UndecidedSegment> {
        judge_segment(&self.judged(), &self.proof)
    }

    /// A segment of this state that tells the root after it as it is; where it has none, it tells some other word.
    fn of(
        name: &str,
        state: &SparseState,
        (kind, moment): (SegmentKind, Moment),
        transactions: &[Vec<u8>],
    ) -> Self {
        let mut case = Self {
            name: name.to_owned(),
            kind: kind as u8,
            count: transactions.len() as u32,
            bytes: bytes_of(transactions),
            moment,
            before: state.root(),
            after: B256::repeat_byte(0xaf),
            domain: crate::ledger::fixture::domain(),
            proof: SegmentProof::default(),
        };
        case.proof = show_segment(state, &case.judged());
        if let Some(after) = case.root_after(|_| {}) {
            case.after = after;
        }
        case
    }

    /// The root after the segment, found by its re-execution; `edit` adds to what it writes.
    fn root_after(&self, edit: impl FnOnce(&mut Vec<Change>)) -> Option<B256> {
        let witness = Witness::decode(&self.proof.witness, width_of_kind).ok()?;
        let mut tree = PartialTree::open(witness, &self.before).ok()?;
        let input = SegmentInput {
            kind: SegmentKind::from_byte(self.kind)?,
            count: self.count,
            bytes: &self.bytes,
            moment: self.moment,
            domain: &self.domain,
        };
        let mut changes = reexecute::judge(&tree, &input, &AsSigned).ok()?;
        edit(&mut changes);
        for change in changes {
            tree.set(&change.key, change.kind, change.value).ok()?;
        }
        tree.finish().ok()
    }

    fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    fn with(mut self, name: &str, edit: impl FnOnce(&mut Self)) -> Self {
        edit(&mut self);
        self.named(name)
    }
}

/// The name of an answer.
fn name_of(answer: Result<Option<SegmentFraud>, UndecidedSegment>) -> &'static str {
    match answer {
        Ok(None) => "sound",
        Ok(Some(fraud)) => fraud.name(),
        Err(undecided) => undecided.name(),
    }
}

/// Codes with which the state refuses a user's transaction of a kind that courts judge.
const REFUSING: [Code; 9] = [
    Code::NonceUsed,
    Code::NonceAhead,
    Code::Expired,
    Code::FeeTooLow,
    Code::InsufficientBalance,
    Code::UnknownToken,
    Code::BadRecipient,
    Code::Overflow,
    Code::StateFull,
];

/// The name of every answer.
fn all_answers() -> Vec<&'static str> {
    let answers = ["sound", "frames", "form", "order", "touched", "after"];
    let undecided = [
        UndecidedSegment::HeightZero,
        UndecidedSegment::Kind,
        UndecidedSegment::NotJudged,
        UndecidedSegment::Witness,
        UndecidedSegment::Undecided,
        UndecidedSegment::HashOnly,
        UndecidedSegment::Appends,
        UndecidedSegment::Hints,
        UndecidedSegment::Unsound,
    ];
    let refused = REFUSING.map(|code| SegmentFraud::Refused(code).name());
    let all = answers.into_iter().chain(refused);
    all.chain(undecided.map(UndecidedSegment::name)).collect()
}
