//! A block while it is executed: the overlay, its segments, and what each transaction gave.
//!
//! Proposing and executing share this. A proposer tries users' transactions and drops what does not apply; whoever executes
//! a block refuses it at the first that does not.

use plasmid_bridge::proof::commitment::SegmentKind;
use plasmid_bridge::proof::inbox::Message;

use super::committed::parameters_key;
use super::epoch::{Moment, boundary, participation};
use super::error::ExecutionFault;
use super::evidence::Misbehavior;
use super::overlay::{Overlay, Reads};
use super::record::Executing;
use super::segments::{Applied, Segment, Segments, TooLarge};
use crate::ledger::{
    self, CheckedTransaction, Code, Context, Event, MessageError, Receipt, Reject,
};

/// Why a transaction is not in the block.
#[derive(Debug)]
pub(crate) enum Refused<E: std::error::Error + 'static> {
    /// The ledger refuses it.
    Reject(Reject),
    /// No segment can carry it.
    TooLarge(TooLarge),
    /// The node is broken.
    Fault(ExecutionFault<E>),
}

impl<E: std::error::Error + 'static> From<ExecutionFault<E>> for Refused<E> {
    fn from(fault: ExecutionFault<E>) -> Self {
        Self::Fault(fault)
    }
}

/// A block being executed over `R`.
pub(crate) struct Run<'a, R> {
    pub(crate) overlay: Overlay<'a, R>,
    context: Context<'a>,
    moment: Moment,
    segments: Segments,
    receipts: Vec<Receipt>,
}

impl<'a, R: Reads> Run<'a, R> {
    pub(crate) fn new(reads: &'a R, moment: Moment, context: Context<'a>) -> Self {
        Self {
            overlay: Overlay::new(reads),
            context,
            moment,
            segments: Segments::new(parameters_key()),
            receipts: Vec::new(),
        }
    }

    /// Transactions so far.
    pub(crate) fn transactions(&self) -> u32 {
        self.segments.transactions()
    }

    pub(crate) fn record(&mut self, executing: &Executing) -> Result<(), Refused<R::Error>> {
        participation::record(&mut self.overlay, executing)?;
        let receipt = plain(Code::Ok);
        self.add(SegmentKind::Record, &executing.encode(), receipt)
    }

    /// `bytes` is the whole transaction, `message` what stands in it behind its first byte.
    pub(crate) fn message(
        &mut self,
        bytes: &[u8],
        message: &Message,
    ) -> Result<(), Refused<R::Error>> {
        let receipt = apply_message(&mut self.overlay, message, &self.context)?;
        self.add(SegmentKind::Messages, bytes, receipt)
    }

    pub(crate) fn misbehavior(
        &mut self,
        bytes: &[u8],
        misbehavior: &Misbehavior,
    ) -> Result<(), Refused<R::Error>> {
        let receipt = apply_misbehavior(&mut self.overlay, misbehavior, &self.context)?;
        self.add(SegmentKind::Evidence, bytes, receipt)
    }

    pub(crate) fn user(
        &mut self,
        bytes: &[u8],
        transaction: &CheckedTransaction,
    ) -> Result<(), Refused<R::Error>> {
        match apply_user(&mut self.overlay, transaction, &self.context) {
            Ok(receipt) => self.add(SegmentKind::Users, bytes, receipt),
            Err(refused) => {
                drop(self.overlay.take());
                Err(refused)
            }
        }
    }

    /// Runs the whole boundary at the end of an epoch's last block; says what happened.
    pub(crate) fn boundary(&mut self) -> Result<Vec<Event>, ExecutionFault<R::Error>> {
        let mut events = Vec::new();
        loop {
            let step = boundary::step(&mut self.overlay, &self.moment)?;
            events.extend(step.events);
            let layer = self.overlay.take();
            self.segments
                .add_boundary(&mut self.overlay, layer)
                .map_err(|TooLarge { leaves, .. }| ExecutionFault::Boundary { leaves })?;
            if step.last {
                return Ok(events);
            }
        }
    }

    /// Ends the block.
    pub(crate) fn finish(self) -> (Overlay<'a, R>, Vec<Segment>, Vec<Receipt>) {
        let segments = self.segments.finish(&self.overlay);
        (self.overlay, segments, self.receipts)
    }

    fn add(
        &mut self,
        kind: SegmentKind,
        bytes: &[u8],
        receipt: Receipt,
    ) -> Result<(), Refused<R::Error>> {
        let layer = self.overlay.take();
        let applied = Applied { kind, bytes, layer };
        self.segments
            .add(&mut self.overlay, applied)
            .map_err(Refused::TooLarge)?;
        self.receipts.push(receipt);
        Ok(())
    }
}

/// One inbox message: the inbox leaf advances, then it acts. Total.
pub(crate) fn apply_message<R: Reads>(
    overlay: &mut Overlay<'_, R>,
    message: &Message,
    context: &Context<'_>,
) -> Result<Receipt, ExecutionFault<R::Error>> {
    ledger::apply_message(overlay, message, context).map_err(|error| match error {
        MessageError::OutOfOrder { expected, found } => {
            ExecutionFault::OutOfOrder { expected, found }
        }
        MessageError::Fault(fault) => fault.into(),
    })
}

/// One misbehavior that the engine has shown. Total.
pub(crate) fn apply_misbehavior<R: Reads>(
    overlay: &mut Overlay<'_, R>,
    misbehavior: &Misbehavior,
    context: &Context<'_>,
) -> Result<Receipt, ExecutionFault<R::Error>> {
    Ok(ledger::apply_misbehavior(
        overlay,
        misbehavior.address,
        context,
    )?)
}

/// One user's transaction.
pub(crate) fn apply_user<R: Reads>(
    overlay: &mut Overlay<'_, R>,
    transaction: &CheckedTransaction,
    context: &Context<'_>,
) -> Result<Receipt, Refused<R::Error>> {
    ledger::apply(overlay, transaction, context).map_err(|error| match error {
        ledger::Error::Reject(reject) => Refused::Reject(reject),
        ledger::Error::Fault(fault) => Refused::Fault(fault.into()),
    })
}

/// The receipt of what only leaves a code.
fn plain(code: Code) -> Receipt {
    Receipt {
        code,
        data: Vec::new(),
        leaves_made: 0,
        events: Vec::new(),
        reason: None,
    }
}
