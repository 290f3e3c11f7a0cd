//! A segment before a court: a verdict from its record, its bytes and a witness, or none (PROTOCOL section 12). Twin: `SegmentJudge.sol`.
//!
//! ```text
//! bytes ──► frames ──► form of every transaction ──► (witness) transactions in order ──► root before ──► root after
//!             │ fraud      │ fraud                                  │ fraud               │ undecided      │ fraud
//! ```
//! The rules are those with which a node executes; what stands here is what a court does of its own: which stage goes first, which
//! transactions it cannot judge yet, what it is shown of forced signatures, and that users' signatures are looked at elsewhere
//! ([`signatures`](super::signatures)). Three answers: sound, fraud with its code, or undecided, which shows nothing about the segment.

use alloy_primitives::{B256, U256};
use plasmid_bridge::proof::commitment::{SegmentKind, SegmentRecord};
use plasmid_bridge::proof::inbox::{Body, Message};
use plasmid_bridge::proof::tree::{
    DEPTH, MAX_VALUE_BYTES, MAX_WITNESS_LEAVES, PartialTree, Witness, WitnessError,
};

use super::epoch::Moment;
use super::execute::Checker;
use super::overlay::{Overlay, Reads};
use super::record::{Executing, MESSAGE};
use super::reexecute::{Form, ReexecuteError, RuleError, SegmentInput, check_touched, run};
use super::segments::{self, Segment};
use super::tree::Change;
use crate::ledger::check::{forced_ed25519, has_forced_header};
use crate::ledger::slot::width_of_kind;
use crate::ledger::transaction::{FIRST_RESERVED_KIND, StakeBody, check_length};
use crate::ledger::{Claimed, Domain, Reject, Unverified};

mod show;
#[cfg(test)]
mod tests;
mod verdict;

pub(in crate::chain) use show::show_segment;
pub use verdict::{SegmentFraud, UndecidedSegment};

/// Bytes of a witness, at most: more leaves and siblings than these hold no witness has.
pub const MAX_WITNESS_BYTES: usize = 6
    + MAX_WITNESS_LEAVES * (70 + MAX_VALUE_BYTES)
    + MAX_WITNESS_LEAVES * DEPTH * size_of::<B256>();

/// What a court knows of a segment before it sees a witness: all of it is committed to.
#[derive(Clone, Copy, Debug)]
pub struct JudgedSegment<'a> {
    /// Kind, whatever byte it is.
    pub kind: u8,
    /// Number of its transactions.
    pub count: u32,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Height and time of its block.
    pub moment: Moment,
    /// State root before it.
    pub before: B256,
    /// State root after it.
    pub after: B256,
    /// What users' signatures bind.
    pub domain: &'a Domain,
}

impl<'a> JudgedSegment<'a> {
    /// A segment that was executed in a block of this moment.
    #[must_use]
    pub fn of(
        segment: &'a Segment,
        record: &SegmentRecord,
        moment: Moment,
        domain: &'a Domain,
    ) -> Self {
        Self {
            kind: segment.kind as u8,
            count: segment.count,
            bytes: &segment.bytes,
            moment,
            before: record.before,
            after: record.after,
            domain,
        }
    }

    /// What a court would say to this segment, which is sound, if it were shown this witness; none where it says nothing against it, or
    /// does not judge what it does yet. Anything else would end a sound chain, or hide what is wrong in another.
    #[must_use]
    pub fn objection(&self, witness: &Witness) -> Option<String> {
        let proof = SegmentProof {
            witness: witness.encode(),
            hints: self.hints(),
        };
        match judge_segment(self, &proof) {
            Ok(None) | Err(UndecidedSegment::NotJudged) => None,
            Ok(Some(fraud)) => Some(fraud.to_string()),
            Err(undecided) => Some(undecided.to_string()),
        }
    }

    /// This segment in the form that nodes execute, where its kind is this one.
    pub(in crate::chain) const fn input(&self, kind: SegmentKind) -> SegmentInput<'a> {
        SegmentInput {
            kind,
            count: self.count,
            bytes: self.bytes,
            moment: self.moment,
            domain: self.domain,
        }
    }

    /// The words with which the signatures of its forced transactions are decided.
    #[must_use]
    pub fn hints(&self) -> Vec<U256> {
        match read(self) {
            Ok(ReadSegment::Parts(_, parts)) => hints_of(&parts),
            Ok(ReadSegment::Fraud(_)) | Err(_) => Vec::new(),
        }
    }
}

fn hints_of(parts: &[SegmentPart<'_>]) -> Vec<U256> {
    let hints = parts.iter().filter_map(|part| part.hints);
    hints.flatten().collect()
}

/// What a court is shown to judge a segment by.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SegmentProof {
    /// The witness; empty where the bytes alone show it.
    pub witness: Vec<u8>,
    /// Two words for each Ed25519 signature of a forced transaction that is asked for.
    pub hints: Vec<U256>,
}

/// One transaction of a segment, as far as its bytes tell.
struct SegmentPart<'a> {
    /// What it is; none of what this court cannot judge yet.
    form: Option<Form<'a>>,
    /// The words with which its signature is decided, where one is.
    hints: Option<[U256; 2]>,
}

/// What came of executing the transactions of a segment.
struct RanSegment {
    /// What ended it.
    fraud: Option<SegmentFraud>,
    /// Transactions that were carried out.
    done: usize,
    /// Leaves made.
    made: u32,
    changes: Vec<Change>,
}

/// Judges a segment: none is sound.
///
/// # Errors
/// [`UndecidedSegment`]: this shows nothing about the segment.
pub fn judge_segment(
    judged: &JudgedSegment<'_>,
    proof: &SegmentProof,
) -> Result<Option<SegmentFraud>, UndecidedSegment> {
    let (input, parts) = match read(judged)? {
        ReadSegment::Parts(input, parts) => (input, parts),
        ReadSegment::Fraud(fraud) => return Ok(Some(fraud)),
    };
    if parts.first().is_some_and(|part| part.form.is_none()) {
        return Err(UndecidedSegment::NotJudged);
    }
    if proof.witness.len() > MAX_WITNESS_BYTES {
        return Err(UndecidedSegment::Witness);
    }
    let witness = Witness::decode(&proof.witness, width_of_kind);
    let witness = witness.map_err(|_| UndecidedSegment::Witness)?;
    let mut tree = PartialTree::open(witness, &judged.before)?;
    let hints: Vec<Option<[U256; 2]>> = parts.iter().map(|part| part.hints).collect();
    let all = parts.len();
    let ran = execute(&tree, parts, &input)?;
    check_hints(hints.iter().take(ran.done), &proof.hints, ran.done == all)?;
    if ran.fraud.is_some() {
        // Nothing asks for the root after, and so nothing for the places of what was made until then.
        return Ok(ran.fraud);
    }
    for change in ran.changes {
        tree.set(&change.key, change.kind, change.value)?;
    }
    let after = tree.finish()?;
    Ok((after != judged.after).then_some(SegmentFraud::After))
}

/// The hints of the transactions that were carried out, and no more where those are all.
fn check_hints<'a>(
    needed: impl Iterator<Item = &'a Option<[U256; 2]>>,
    given: &[U256],
    are_all: bool,
) -> Result<(), UndecidedSegment> {
    let needed: Vec<U256> = needed.flatten().flatten().copied().collect();
    let is_right = match are_all {
        true => given == needed,
        false => given.starts_with(&needed),
    };
    is_right.then_some(()).ok_or(UndecidedSegment::Hints)
}

/// What the bytes of a segment are.
enum ReadSegment<'a> {
    /// They can be executed.
    Parts(SegmentInput<'a>, Vec<SegmentPart<'a>>),
    /// They are fraud by themselves.
    Fraud(SegmentFraud),
}

/// What the bytes alone tell, in the order of a court: the frames of all, then the form of each.
fn read<'a>(judged: &JudgedSegment<'a>) -> Result<ReadSegment<'a>, UndecidedSegment> {
    if judged.moment.height == 0 {
        return Err(UndecidedSegment::HeightZero);
    }
    let kind = SegmentKind::from_byte(judged.kind).ok_or(UndecidedSegment::Kind)?;
    if judged.count == 0 && !matches!(kind, SegmentKind::Record | SegmentKind::Boundary) {
        return Err(UndecidedSegment::Kind);
    }
    let Ok(transactions) = segments::transactions(judged.bytes) else {
        return Ok(ReadSegment::Fraud(SegmentFraud::Frames));
    };
    let expected = match kind {
        SegmentKind::Record => 1,
        SegmentKind::Boundary => 0,
        SegmentKind::Messages | SegmentKind::Evidence | SegmentKind::Users => judged.count,
    };
    if expected != judged.count || usize::try_from(expected) != Ok(transactions.len()) {
        return Ok(ReadSegment::Fraud(SegmentFraud::Frames));
    }
    let transactions = transactions.into_iter();
    let parts: Option<Vec<SegmentPart<'a>>> = match kind {
        SegmentKind::Record => transactions.map(|bytes| record(bytes, judged)).collect(),
        SegmentKind::Messages => transactions.map(message).collect(),
        SegmentKind::Users => transactions.map(user).collect(),
        SegmentKind::Evidence | SegmentKind::Boundary => return Err(UndecidedSegment::NotJudged),
    };
    let Some(parts) = parts else {
        return Ok(ReadSegment::Fraud(SegmentFraud::Form));
    };
    Ok(ReadSegment::Parts(judged.input(kind), parts))
}

fn record<'a>(bytes: &[u8], judged: &JudgedSegment<'_>) -> Option<SegmentPart<'a>> {
    let executing = Executing::decode(bytes).ok()?;
    let is_of_block = executing.differs_from(&judged.moment).is_none();
    is_of_block.then_some(SegmentPart {
        form: Some(Form::Record(executing)),
        hints: None,
    })
}

fn message<'a>(bytes: &[u8]) -> Option<SegmentPart<'a>> {
    let (first, rest) = bytes.split_first()?;
    let message = Message::decode(rest).ok().filter(|_| *first == MESSAGE)?;
    let (is_judged, hints) = match &message.body {
        Body::Registration(_)
        | Body::Freeze { .. }
        | Body::Settlement { .. }
        | Body::EpochFreeze { .. }
        | Body::EpochRelease { .. } => (false, None),
        Body::Forced { transaction, .. } => {
            let bytes = transaction.as_slice();
            let asked = forced_ed25519(bytes);
            let hints = asked.map(|(key, of)| plasmid_bridge::proof::hint::hints(&key, &of));
            (!is_of_stake(bytes) || !has_forced_header(bytes), hints)
        }
        Body::Deposit(_)
        | Body::Acceptance { .. }
        | Body::RewardFunding { .. }
        | Body::Generic { .. }
        | Body::Opaque { .. } => (true, None),
    };
    Some(SegmentPart {
        form: is_judged.then(|| Form::Messages(vec![message])),
        hints,
    })
}

fn user(bytes: &[u8]) -> Option<SegmentPart<'_>> {
    let first = *bytes.first()?;
    if first >= FIRST_RESERVED_KIND || check_length(bytes).is_err() {
        return None;
    }
    let form = match is_of_stake(bytes) {
        true => None,
        false => {
            Unverified::read(bytes).ok()?;
            Some(Form::Users(vec![bytes]))
        }
    };
    Some(SegmentPart { form, hints: None })
}

/// What a court cannot judge yet, whatever else it says.
fn is_of_stake(bytes: &[u8]) -> bool {
    let [first, last] = StakeBody::KINDS;
    bytes
        .first()
        .is_some_and(|kind| (first..=last).contains(kind))
}

/// Why transactions are not executed to an answer.
enum Stopped<E> {
    /// The state does not tell what is asked of it.
    State(E),
    Undecided(UndecidedSegment),
}

impl From<Stopped<WitnessError>> for UndecidedSegment {
    fn from(stopped: Stopped<WitnessError>) -> Self {
        match stopped {
            Stopped::State(error) => error.into(),
            Stopped::Undecided(undecided) => undecided,
        }
    }
}

/// Carries transactions out one after the other, up to the first that is fraud.
fn execute<R: Reads>(
    reads: &R,
    parts: Vec<SegmentPart<'_>>,
    input: &SegmentInput<'_>,
) -> Result<RanSegment, Stopped<R::Error>> {
    let mut overlay = Overlay::new(reads);
    let mut done: usize = 0;
    let mut fraud = None;
    for part in parts {
        let form = part.form;
        let form = form.ok_or(Stopped::Undecided(UndecidedSegment::NotJudged))?;
        let outcome = run(&mut overlay, form, input, &AsSigned);
        fraud = match check_touched(&overlay) {
            Err(_) => Some(SegmentFraud::Touched),
            Ok(()) => outcome.err().map(fraud_of).transpose()?,
        };
        if fraud.is_some() {
            break;
        }
        done = done.saturating_add(1);
    }
    let made = overlay.leaf_count().saturating_sub(reads.count());
    Ok(RanSegment {
        fraud,
        done,
        made,
        changes: overlay.take().changes,
    })
}

/// What a refusal of the rules means to a court. A state that no sound block leaves shows nothing about this segment: what made it is
/// before it, and is the first thing that has to be shown.
fn fraud_of<E: std::error::Error + 'static>(
    error: ReexecuteError<E>,
) -> Result<SegmentFraud, Stopped<E>> {
    match error {
        ReexecuteError::Witness(error) => Err(Stopped::State(error)),
        ReexecuteError::Form(_) => Ok(SegmentFraud::Form),
        ReexecuteError::Rule(RuleError::MessageOrder { .. }) => Ok(SegmentFraud::Order),
        ReexecuteError::Rule(RuleError::User { reject, .. }) => {
            Ok(SegmentFraud::Refused(reject.code()))
        }
        ReexecuteError::Rule(RuleError::Touched { .. }) => Ok(SegmentFraud::Touched),
        ReexecuteError::Rule(
            RuleError::BoundaryHeight { .. }
            | RuleError::NoEpoch { .. }
            | RuleError::BoundaryOrder { .. }
            | RuleError::Unsound(_),
        )
        | ReexecuteError::Signature { .. }
        | ReexecuteError::Node(_) => Err(Stopped::Undecided(UndecidedSegment::Unsound)),
    }
}

/// Users' transactions as if each were signed by its sender: their signatures are judged elsewhere.
pub(in crate::chain) struct AsSigned;

impl Checker for AsSigned {
    fn claim(&self, transactions: &[&[u8]], domain: &Domain) -> Vec<Result<Claimed, Reject>> {
        let assumed = transactions.iter().map(|bytes| {
            let checked = crate::ledger::check::assume(bytes, domain)?;
            Ok(Claimed::known(checked))
        });
        assumed.collect()
    }

    fn prove(&self, claims: &[&Claimed]) -> Vec<Result<(), Reject>> {
        claims.iter().map(|_| Ok(())).collect()
    }
}
