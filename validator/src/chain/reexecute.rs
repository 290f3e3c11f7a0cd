//! One segment executed again from its witness alone, as a court or a stranger does it.
//!
//! ```text
//! witness + state root before ──open──► the touched part of the state
//! segment bytes ──► the same rules as in the block ──► changes in order ──► state root after
//! ```
//! Nothing else of the block is needed but its height and time. A witness that does not decide a key is an error.

use alloy_primitives::B256;
use plasmid_bridge::proof::bytes::DecodeError;
use plasmid_bridge::proof::commitment::SegmentKind;
use plasmid_bridge::proof::inbox::Message;
use plasmid_bridge::proof::tree::{PartialTree, Witness, WitnessError};

use super::error::{Fault, Malformed};
use super::evidence::{MISBEHAVIOR, Misbehavior};
use super::execute::Checker;
use super::overlay::{Overlay, Reads};
use super::record::{Executing, MESSAGE};
use super::run::{Refused, apply_message, apply_user};
use super::segments;
use super::transition::{self, Moment};
use crate::ledger::leaves::expect;
use crate::ledger::{Context, Domain, Parameters, Reject, Slot};

/// Why a segment cannot be executed again.
#[derive(Debug, thiserror::Error)]
pub enum ReexecuteError {
    /// The witness does not carry it.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// Its bytes are no transactions of its kind.
    #[error("a transaction of the segment is malformed: {0}")]
    Malformed(#[from] Malformed),
    /// Its bytes are no frames.
    #[error("the segment's bytes are malformed: {0}")]
    Bytes(#[from] DecodeError),
    /// A user's transaction does not apply, or does not verify.
    #[error("a user's transaction is refused: {0}")]
    Reject(Reject),
    /// A boundary segment has no bytes, a record segment one transaction.
    #[error("a segment of kind {kind:?} cannot have {transactions} transactions")]
    Count {
        kind: SegmentKind,
        transactions: usize,
    },
    /// The state is not what the rules write.
    #[error(transparent)]
    Fault(Fault<WitnessError>),
}

impl From<Fault<WitnessError>> for ReexecuteError {
    fn from(fault: Fault<WitnessError>) -> Self {
        Self::Fault(fault)
    }
}

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
    /// What it is made of.
    pub kind: SegmentKind,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Height and time of its block.
    pub moment: Moment,
    /// What users' signatures bind.
    pub domain: &'a Domain,
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
    let mut tree = PartialTree::open(witness, before)?;
    let mut overlay = Overlay::new(&tree);
    let parameters: Parameters = expect(&mut overlay, &Slot::Parameters).map_err(Fault::from)?;
    let context = Context {
        height: input.moment.height,
        parameters: &parameters,
        domain: input.domain,
    };
    let transactions = segments::transactions(input.bytes)?;
    match input.kind {
        SegmentKind::Record => record(&mut overlay, &transactions)?,
        SegmentKind::Messages => messages(&mut overlay, &transactions, &context)?,
        SegmentKind::Users => users(&mut overlay, &transactions, &context, checker)?,
        SegmentKind::Boundary => {
            expect_count(input.kind, transactions.len(), 0)?;
            transition::boundary_step(&mut overlay, &input.moment)?;
        }
    }
    for change in overlay.take().changes {
        tree.set(&change.key, change.kind, change.value)?;
    }
    Ok(tree.finish()?)
}

fn record(
    overlay: &mut Overlay<'_, PartialTree>,
    transactions: &[&[u8]],
) -> Result<(), ReexecuteError> {
    expect_count(SegmentKind::Record, transactions.len(), 1)?;
    for bytes in transactions {
        transition::record(overlay, &Executing::decode(bytes)?)?;
    }
    Ok(())
}

fn messages(
    overlay: &mut Overlay<'_, PartialTree>,
    transactions: &[&[u8]],
    context: &Context<'_>,
) -> Result<(), ReexecuteError> {
    for bytes in transactions {
        match bytes.split_first() {
            Some((&MESSAGE, rest)) => {
                apply_message(overlay, &Message::decode(rest)?, context)?;
            }
            Some((&MISBEHAVIOR, _)) => {
                Misbehavior::decode(bytes)?;
            }
            first => {
                let found = first.map_or(0, |(kind, _)| *kind);
                let expected = MESSAGE;
                return Err(Malformed::Kind { expected, found }.into());
            }
        }
    }
    Ok(())
}

fn users(
    overlay: &mut Overlay<'_, PartialTree>,
    transactions: &[&[u8]],
    context: &Context<'_>,
    checker: &dyn Checker,
) -> Result<(), ReexecuteError> {
    for verdict in checker.check(transactions, context.domain) {
        let transaction = verdict.map_err(ReexecuteError::Reject)?;
        apply_user(overlay, &transaction, context).map_err(|refused| match refused {
            Refused::Reject(reject) => ReexecuteError::Reject(reject),
            Refused::Fault(fault) => ReexecuteError::Fault(fault),
            Refused::TooLarge(large) => ReexecuteError::Fault(Fault::Boundary {
                leaves: large.leaves,
            }),
        })?;
    }
    Ok(())
}

fn expect_count(kind: SegmentKind, found: usize, expected: usize) -> Result<(), ReexecuteError> {
    if found != expected {
        return Err(ReexecuteError::Count {
            kind,
            transactions: found,
        });
    }
    Ok(())
}
