//! One segment executed again from its witness alone, as a court or a stranger does it.
//!
//! ```text
//! witness + state root before ──open──► the touched part of the state
//! segment bytes ──► form ──► signatures of users ──► the same rules as in the block ──► changes in order ──► state root after
//! ```
//! Besides the witness it needs the segment record and the block's height and time. It refuses whatever the execution of a
//! block refuses and a segment can show; what a segment cannot show is a link rule or an input (PROTOCOL section 12). The
//! stages of a refusal are the types of [`ReexecuteError`].

use alloy_primitives::B256;
use plasmid_bridge::proof::commitment::SegmentKind;
use plasmid_bridge::proof::inbox::Message;
use plasmid_bridge::proof::tree::{PartialTree, Witness, WitnessError};

use super::epoch::{Moment, boundary, participation};
use super::error::ExecutionFault;
use super::evidence::Misbehavior;
use super::execute::Checker;
use super::overlay::{Overlay, Reads, TriedWrites};
use super::run::{Refused, apply_message, apply_misbehavior, apply_user};
use super::segments::{MAX_COURT_LEAVES, Segment};
use super::tree::Change;
use crate::ledger::leaves::expect;
use crate::ledger::{CheckedTransaction, Context, Domain, Parameters, Reject, Slot};

mod error;
mod form;
#[cfg(test)]
mod tests;

pub use error::{FormError, ReexecuteError, RuleError};
pub(in crate::chain) use form::Form;

impl Reads for PartialTree {
    type Error = WitnessError;

    fn value(&self, key: &B256) -> Result<Option<&[u8]>, Self::Error> {
        Ok(self.get(key)?.map(|(_, value)| value))
    }

    fn low(&self, key: &B256) -> Result<B256, Self::Error> {
        PartialTree::low(self, key)
    }

    fn count(&self) -> u32 {
        PartialTree::count(self)
    }
}

/// What a segment is executed with, besides its witness.
#[derive(Clone, Copy, Debug)]
pub struct SegmentInput<'a> {
    /// What it is made of, as its record says.
    pub kind: SegmentKind,
    /// The number of its transactions, as its record says.
    pub count: u32,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Height and time of its block.
    pub moment: Moment,
    /// What users' signatures bind.
    pub domain: &'a Domain,
}

impl<'a> SegmentInput<'a> {
    /// The input for a segment which was executed in a block of this moment.
    #[must_use]
    pub fn of(segment: &'a Segment, moment: Moment, domain: &'a Domain) -> Self {
        Self {
            kind: segment.kind,
            count: segment.count,
            bytes: &segment.bytes,
            moment,
            domain,
        }
    }
}

/// Executes a segment on its witness and gives the state root after it.
///
/// # Errors
/// [`ReexecuteError`] when the witness, the bytes or the rules do not allow it.
pub fn reexecute(
    witness: Witness,
    before: &B256,
    input: &SegmentInput<'_>,
    checker: &dyn Checker,
) -> Result<B256, ReexecuteError> {
    let mut tree = PartialTree::open(witness, before).map_err(ReexecuteError::Witness)?;
    for change in judge(&tree, input, checker)? {
        tree.set(&change.key, change.kind, change.value)
            .map_err(ReexecuteError::Witness)?;
    }
    tree.finish().map_err(ReexecuteError::Witness)
}

/// Executes a segment on the state before it and gives its changes, in the order of the first write to each leaf.
pub(crate) fn judge<R: Reads>(
    reads: &R,
    input: &SegmentInput<'_>,
    checker: &dyn Checker,
) -> Result<Vec<Change>, ReexecuteError<R::Error>> {
    Ok(carry_out(reads, input, checker)?.changes)
}

/// Executes a segment on the state before it as [`judge`] does, and gives the leaves that it touches with its changes.
pub(in crate::chain) fn carry_out<R: Reads>(
    reads: &R,
    input: &SegmentInput<'_>,
    checker: &dyn Checker,
) -> Result<TriedWrites, ReexecuteError<R::Error>> {
    let form = Form::read(input)?;
    let mut overlay = Overlay::new(reads);
    let outcome = run(&mut overlay, form, input, checker);
    // Execution counts as stopped at the access with which the segment touches too many leaves: the segment is refused for that, also when
    // the witness lacks a leaf that the same transaction asked for later, because a witness has no room for it.
    check_touched(&overlay)?;
    outcome?;
    Ok(overlay.take())
}

/// Runs the rules of the segment's kind, at least to the end of the transaction with which it touches too many leaves.
pub(in crate::chain) fn run<R: Reads>(
    overlay: &mut Overlay<'_, R>,
    form: Form<'_>,
    input: &SegmentInput<'_>,
    checker: &dyn Checker,
) -> Result<(), ReexecuteError<R::Error>> {
    let parameters: Parameters =
        expect(overlay, &Slot::Parameters).map_err(ExecutionFault::from)?;
    let context = Context::new(input.moment.height, &parameters, input.domain);
    match form {
        Form::Record(executing) => participation::record(overlay, &executing)?,
        Form::Messages(messages) => run_messages(overlay, &messages, &context)?,
        Form::Evidence(misbehavior) => run_evidence(overlay, &misbehavior, &context)?,
        Form::Users(transactions) => {
            let checked = check_users(&transactions, input.domain, checker)?;
            run_users(overlay, &checked, &context)?;
        }
        Form::Boundary => {
            boundary::step(overlay, &input.moment)?;
        }
    }
    Ok(())
}

fn run_messages<R: Reads>(
    overlay: &mut Overlay<'_, R>,
    messages: &[Message],
    context: &Context<'_>,
) -> Result<(), ReexecuteError<R::Error>> {
    for message in messages {
        apply_message(overlay, message, context)?;
        check_touched(overlay)?;
    }
    Ok(())
}

fn run_evidence<R: Reads>(
    overlay: &mut Overlay<'_, R>,
    misbehavior: &[Misbehavior],
    context: &Context<'_>,
) -> Result<(), ReexecuteError<R::Error>> {
    for one in misbehavior {
        apply_misbehavior(overlay, one, context)?;
        check_touched(overlay)?;
    }
    Ok(())
}

/// Verdicts on the bytes of users' transactions: a signature that is refused is told apart from everything else.
fn check_users<E: std::error::Error + 'static>(
    transactions: &[&[u8]],
    domain: &Domain,
    checker: &dyn Checker,
) -> Result<Vec<CheckedTransaction>, ReexecuteError<E>> {
    let verdicts = checker.check(transactions, domain);
    let (expected, found) = (transactions.len(), verdicts.len());
    if expected != found {
        return Err(ExecutionFault::Verdicts { expected, found }.into());
    }
    let judged = verdicts.into_iter().enumerate();
    judged
        .map(|(place, verdict)| {
            verdict.map_err(|reject| match reject {
                Reject::BadSignature { .. } | Reject::WrongSender { .. } => {
                    ReexecuteError::Signature { place, reject }
                }
                reject => FormError::User { place, reject }.into(),
            })
        })
        .collect()
}

fn run_users<R: Reads>(
    overlay: &mut Overlay<'_, R>,
    transactions: &[CheckedTransaction],
    context: &Context<'_>,
) -> Result<(), ReexecuteError<R::Error>> {
    for (place, transaction) in transactions.iter().enumerate() {
        apply_user(overlay, transaction, context).map_err(|refused| match refused {
            Refused::Reject(reject) => ReexecuteError::Rule(RuleError::User { place, reject }),
            Refused::Fault(fault) => fault.into(),
            Refused::TooLarge(large) => ReexecuteError::Rule(RuleError::Touched {
                leaves: large.leaves,
            }),
        })?;
        check_touched(overlay)?;
    }
    Ok(())
}

/// A court tolerates more than nodes put into a segment, since a read that two programs count differently must void no chain.
pub(in crate::chain) fn check_touched<R: Reads>(
    overlay: &Overlay<'_, R>,
) -> Result<(), ReexecuteError<R::Error>> {
    match overlay.touched() {
        0..=MAX_COURT_LEAVES => Ok(()),
        leaves => Err(ReexecuteError::Rule(RuleError::Touched { leaves })),
    }
}
