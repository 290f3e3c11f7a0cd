//! One rule, one file: what a transaction or a message checks and does, and the leaves that it touches, in the order in which it asks
//! for them. A contract that executes a rule again carries the same name.
//!
//! ```text
//! of users (and forced)   transfer   withdraw   payout   record   generic      check · leaves made · native amount · apply
//! of the inbox            deposit    acceptance   forced   recorded            apply, total: a refusal is an answer
//! shared                  balance (debit, credit), sequence
//! ```
//! This file only says which rule a body has. `validator/vectors/rules/<name>.json` has the cases of each rule: leaves before, input,
//! code, leaves after in the order of their writes, and leaves touched.

use super::account::Account;
use super::code::Code;
use super::context::{Context, Error};
use super::event::Event;
use super::fees::Maker;
use super::leaves::{LeafFault, Leaves, Overlay};
use super::reject::Reject;
use super::slot::Slot;
use super::transaction::Body;

pub mod acceptance;
mod balance;
pub(in crate::ledger) mod deposit;
pub mod forced;
mod generic;
mod payout;
mod record;
pub(in crate::ledger) mod recorded;
pub(in crate::ledger) mod sequence;
mod transfer;
#[cfg(test)]
mod vectors;
mod withdraw;

/// What an effect leaves for the receipt.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Books {
    /// Result data.
    pub data: Vec<u8>,
    /// What happened.
    pub events: Vec<Event>,
}

/// What a message came to: nothing, or one that is told in its receipt.
pub(in crate::ledger) struct Outcome {
    pub code: Code,
    pub data: Vec<u8>,
    pub events: Vec<Event>,
    pub reason: Option<Reject>,
}

/// What no state can make right.
pub(in crate::ledger) fn check(body: &Body) -> Result<(), Reject> {
    match body {
        Body::Transfer { to, amount, .. } => transfer::check(*to, *amount),
        Body::Withdraw {
            recipient, amount, ..
        } => withdraw::check(recipient, *amount),
        Body::SetPayout { .. } => Ok(()),
        Body::Record { data, .. } => record::check(data.as_slice()),
        Body::Message { data, .. } => generic::check(data.as_slice()),
    }
}

/// Carries a body out for `sender`. On an error the caller drops the overlay that it passed.
pub(in crate::ledger) fn apply<L: Leaves + ?Sized>(
    leaves: &mut L,
    sender: Account,
    body: &Body,
    context: &Context<'_>,
    books: &mut Books,
) -> Result<(), Error<L::Error>> {
    // Transfers, withdrawals and payouts go to nobody who could not use them; this reads no leaf.
    context.contracts.check_body(body)?;
    match body {
        Body::Transfer { to, token, amount } => {
            transfer::apply(leaves, sender, *to, *token, *amount, books)
        }
        Body::Withdraw {
            recipient,
            token,
            amount,
        } => withdraw::apply(leaves, sender, *recipient, *token, *amount, books),
        Body::SetPayout { payout } => payout::apply(leaves, sender, *payout, books),
        Body::Record { topic, data } => {
            let height = context.height;
            record::apply(leaves, sender, *topic, data.as_slice(), height, books)
        }
        Body::Message { .. } => Err(generic::unsupported(body.kind()).into()),
    }
}

/// Everyone whom a transaction concerns, the sender first.
pub(in crate::ledger) fn accounts_of(sender: Account, body: &Body) -> Vec<Account> {
    match body {
        Body::Transfer { to, .. } => vec![sender, *to],
        Body::Withdraw { recipient, .. } => vec![sender, Account::ethereum(*recipient)],
        Body::SetPayout { payout } => vec![sender, Account::ethereum(*payout)],
        Body::Record { .. } => vec![sender],
        Body::Message { target, .. } => vec![sender, *target],
    }
}

/// Native coin that a body takes from its sender beside the fee.
pub(in crate::ledger) fn native_amount(body: &Body) -> u128 {
    match body {
        Body::Transfer { token, amount, .. } | Body::Withdraw { token, amount, .. } => {
            balance::native_part(*token, *amount)
        }
        Body::SetPayout { .. } | Body::Record { .. } | Body::Message { .. } => 0,
    }
}

/// Who makes the leaves of a body: withdrawals have the reserve.
pub(in crate::ledger) const fn maker(body: &Body) -> Maker {
    match body {
        Body::Withdraw { .. } => Maker::Reserved,
        Body::Transfer { .. }
        | Body::SetPayout { .. }
        | Body::Record { .. }
        | Body::Message { .. } => Maker::Ordinary,
    }
}

/// Leaves that a body would make: those it writes that are not there. `consumes` names the account whose sequence is
/// consumed, if one is.
pub(in crate::ledger) fn leaves_made<L: Leaves + ?Sized>(
    leaves: &mut L,
    consumes: Option<Account>,
    sender: Account,
    body: &Body,
) -> Result<u32, LeafFault<L::Error>> {
    let own = consumes.map(Slot::Account);
    let (other, always) = match body {
        Body::Transfer { to, token, .. } => (Some(balance::slot(*to, *token)), 0),
        Body::Withdraw { .. } => (None, 1),
        Body::SetPayout { .. } => (Some(Slot::Account(sender)), 0),
        Body::Record { topic, .. } => (Some(Slot::Record(sender, *topic)), 0),
        Body::Message { .. } => (None, 0),
    };
    let mut made: u32 = always;
    for slot in own
        .iter()
        .chain(other.iter().filter(|slot| Some(**slot) != own))
    {
        if leaves.read(slot).map_err(LeafFault::Leaves)?.is_none() {
            made = made.saturating_add(1);
        }
    }
    Ok(made)
}

/// Nothing can be moved.
fn check_amount(amount: u128) -> Result<(), Reject> {
    match amount {
        0 => Err(Reject::ZeroAmount),
        _ => Ok(()),
    }
}

/// Runs `rule` over an overlay of its own: its writes stay only when it succeeds, a reject is an answer, a fault goes on. What it
/// read counts as touched either way.
fn attempt<L: Leaves + ?Sized, T>(
    leaves: &mut L,
    rule: impl FnOnce(&mut Overlay<'_, L>) -> Result<T, Error<L::Error>>,
) -> Result<Result<T, Reject>, LeafFault<L::Error>> {
    let mut overlay = Overlay::new(leaves);
    match rule(&mut overlay) {
        Ok(value) => {
            overlay.commit().map_err(LeafFault::Leaves)?;
            Ok(Ok(value))
        }
        Err(Error::Reject(reject)) => Ok(Err(reject)),
        Err(Error::Fault(fault)) => Err(fault),
    }
}
