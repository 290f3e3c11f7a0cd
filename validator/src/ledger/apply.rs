//! Users' transactions on the state (PROTOCOL section 4).
//!
//! The sender's account and the fee pool are written first, then what the rule of the kind writes ([`super::rules`]): the order
//! of first writes is the order of new leaves. A leaf that is written twice keeps its first place.

use alloy_primitives::B256;

use super::check::{CheckedTransaction, assume};
use super::code::Code;
use super::context::{Context, Error};
use super::event::{Event, involved};
use super::leaves::{HeldWrites, LeafFault, Leaves};
use super::reject::Reject;
use super::rules::{self, ReceiptDraft, accounts_of};

mod cost;
#[cfg(test)]
mod tests;

pub use cost::{Quote, quote};
use cost::{charge, check_fee};

/// What came of a transaction or a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its result code.
    pub code: Code,
    /// Result data: numbers (u64) of the withdrawals or of the positions made, in their order; else empty.
    pub data: Vec<u8>,
    /// Leaves made: gas wanted and gas used.
    pub leaves_made: u32,
    /// What happened, for those who search.
    pub events: Vec<Event>,
    /// Why it had no effect, for people; not hashed.
    pub reason: Option<Reject>,
}

impl Receipt {
    /// EIP-712 digest of the signed transaction that took effect: a user's, or a forced one.
    #[must_use]
    pub fn digest(&self) -> Option<B256> {
        self.events.iter().find_map(|event| match event {
            Event::Transaction { digest, .. } => Some(*digest),
            _ => None,
        })
    }
}

/// Carries a transaction out. On an error nothing was written.
pub fn apply<L: Leaves + ?Sized>(
    leaves: &mut L,
    checked: &CheckedTransaction,
    context: &Context<'_>,
) -> Result<Receipt, Error<L::Error>> {
    let mut overlay = HeldWrites::new(leaves);
    let receipt = run(&mut overlay, checked, context)?;
    overlay.commit().map_err(LeafFault::Leaves)?;
    Ok(receipt)
}

/// What [`apply`] would answer; nothing is written.
pub fn simulate<L: Leaves + ?Sized>(
    leaves: &mut L,
    checked: &CheckedTransaction,
    context: &Context<'_>,
) -> Result<Receipt, Error<L::Error>> {
    run(&mut HeldWrites::new(leaves), checked, context)
}

/// What [`apply`] would answer if the sender had signed these bytes; their signature is not looked at, and nothing is written.
pub fn rehearse<L: Leaves + ?Sized>(
    leaves: &mut L,
    bytes: &[u8],
    context: &Context<'_>,
) -> Result<Receipt, Error<L::Error>> {
    let assumed = assume(bytes, context.domain)?;
    run(&mut HeldWrites::new(leaves), &assumed, context)
}

fn run<L: Leaves + ?Sized>(
    overlay: &mut HeldWrites<'_, L>,
    checked: &CheckedTransaction,
    context: &Context<'_>,
) -> Result<Receipt, Error<L::Error>> {
    let (header, body) = (checked.header(), checked.body());
    if context.height > header.valid_until {
        return Err(Reject::Expired {
            valid_until: header.valid_until,
            height: context.height,
        }
        .into());
    }
    let account = rules::sequence::take(overlay, header)?;
    check_fee(overlay, checked, context)?;
    charge(overlay, header, body, account, context)?;
    let mut books = ReceiptDraft::default();
    rules::apply(overlay, header.sender, body, context, &mut books)?;
    let mut events = vec![Event::Transaction {
        digest: *checked.digest(),
        kind: body.name(),
        sender: header.sender,
        sequence: header.sequence,
        fee: header.fee,
    }];
    events.append(&mut books.events);
    events.extend(involved(accounts_of(header.sender, body, books.involved)));
    Ok(Receipt {
        code: Code::Ok,
        data: books.data,
        leaves_made: overlay.made(),
        events,
        reason: None,
    })
}
