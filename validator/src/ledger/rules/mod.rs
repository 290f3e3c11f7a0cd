//! One rule, one file: what a transaction or a message checks and does, and the leaves that it touches, in the order in which it asks
//! for them. A contract that executes a rule again carries the same name.
//!
//! ```text
//! of users (and forced)   transfer   withdraw   payout   record   generic   stake      check · paid · needs · apply
//! of the inbox            deposit    acceptance   forced   registration   court   funding   recorded
//!                                                                             apply, total: a refusal is an answer
//! shared                  balance (debit, credit), sequence, maturity
//! ```
//! This file only says which rule a body has; a message that has no other rule is `recorded`. `validator/vectors/rules/<name>.json` has the
//! cases of each rule: leaves before, input, code, leaves after in the order of their writes, and leaves touched.

use plasmid_bridge::proof::inbox::{self, Message};
use plasmid_staking::Effect;

use super::account::Account;
use super::code::Code;
use super::context::{Context, Error};
use super::event::{self, Event};
use super::fees::Maker;
use super::leaves::{HeldWrites, LeafFault, Leaves};
use super::reject::Reject;
use super::slot::Slot;
use super::transaction::Body;

pub mod acceptance;
mod balance;
mod court;
mod deposit;
pub mod forced;
mod funding;
mod generic;
mod maturity;
mod payout;
mod record;
mod recorded;
mod registration;
pub(in crate::ledger) mod sequence;
pub(crate) mod stake;
mod transfer;
#[cfg(test)]
pub(crate) mod vectors;
mod withdraw;

/// What an effect leaves for the receipt.
#[derive(Debug, Default)]
pub(in crate::ledger) struct ReceiptDraft {
    /// Result data.
    pub data: Vec<u8>,
    /// What happened.
    pub events: Vec<Event>,
    /// Whom it concerns beside the sender and whom the body names to be paid.
    pub involved: Vec<Account>,
}

/// What came of a message, as its receipt tells it.
pub(in crate::ledger) struct Outcome {
    pub code: Code,
    pub data: Vec<u8>,
    pub events: Vec<Event>,
    pub reason: Option<Reject>,
}

/// What came of a message that staking was asked about.
fn of_stake(message: &Message, tried: Tried<Vec<Effect>>) -> Outcome {
    let effects = match tried {
        Tried::Done(effects) => effects,
        Tried::Refused(reject) => return recorded::recorded(message, Some(reject)),
    };
    let mut events = vec![Event::Applied {
        index: message.index,
        kind: message.body.kind(),
    }];
    events.extend(event::of_stake(&effects));
    events.extend(event::involved(event::accounts_of_stake(&effects)));
    Outcome {
        code: Code::Ok,
        data: Vec::new(),
        events,
        reason: None,
    }
}

/// What a body needs before it is applied.
pub(in crate::ledger) struct Needs {
    /// Native coin that it takes from its sender beside the fee.
    pub native: u128,
    /// Whether the leaves that it makes may come from the reserve.
    pub maker: Maker,
    /// The leaf that it writes and makes when the leaf does not stand.
    pub leaf: Option<Slot>,
    /// The number of leaves that it makes beside that one, at most.
    pub fresh: u32,
}

/// Refuses what is reserved for a later version. Unlike [`check`], this comes before the signature: nothing is consumed.
pub(in crate::ledger) fn check_support(body: &Body) -> Result<(), Reject> {
    match body {
        Body::Message { .. } => generic::check(body.kind()),
        Body::Transfer { .. }
        | Body::Withdraw { .. }
        | Body::SetPayout { .. }
        | Body::Record { .. }
        | Body::Stake(_) => Ok(()),
    }
}

/// What no state can make right of a body of `sender`.
pub(in crate::ledger) fn check(sender: Account, body: &Body) -> Result<(), Reject> {
    match body {
        Body::Transfer { to, amount, .. } => transfer::check(*to, *amount),
        Body::Withdraw {
            recipient, amount, ..
        } => withdraw::check(recipient, *amount),
        Body::SetPayout { .. } => Ok(()),
        Body::Record { data, .. } => record::check(data.as_slice()),
        Body::Message { .. } => generic::check(body.kind()),
        Body::Stake(body) => stake::check(sender, body),
    }
}

/// Whom a body pays, or names to be paid, in which asset.
pub(in crate::ledger) const fn paid(body: &Body) -> Option<(Account, [u8; 20])> {
    match body {
        Body::Transfer { to, token, .. } => Some(transfer::paid(*to, *token)),
        Body::Withdraw {
            recipient, token, ..
        } => Some(withdraw::paid(*recipient, *token)),
        Body::SetPayout { payout } => Some(payout::paid(*payout)),
        Body::Stake(body) => stake::paid(body),
        Body::Record { .. } | Body::Message { .. } => None,
    }
}

/// What a body of `sender` needs.
pub(in crate::ledger) fn needs(sender: Account, body: &Body) -> Needs {
    match body {
        Body::Transfer { to, token, amount } => transfer::needs(*to, *token, *amount),
        Body::Withdraw { token, amount, .. } => withdraw::needs(*token, *amount),
        Body::SetPayout { .. } => payout::needs(sender),
        Body::Record { topic, .. } => record::needs(sender, *topic),
        Body::Message { .. } => generic::needs(),
        Body::Stake(body) => stake::needs(sender, body),
    }
}

/// Carries a body out for `sender`. On an error the caller drops the overlay that it passed.
pub(in crate::ledger) fn apply<L: Leaves + ?Sized>(
    leaves: &mut L,
    sender: Account,
    body: &Body,
    context: &Context<'_>,
    books: &mut ReceiptDraft,
) -> Result<(), Error<L::Error>> {
    // Transfers, withdrawals and payouts to accounts that could not use them are refused; this reads no leaf.
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
        Body::Message { .. } => Ok(generic::check(body.kind())?),
        Body::Stake(body) => stake::apply(leaves, sender, body, context, books),
    }
}

/// Carries out a message of the inbox.
pub(in crate::ledger) fn apply_message<L: Leaves + ?Sized>(
    leaves: &mut L,
    message: &Message,
    context: &Context<'_>,
) -> Result<Outcome, LeafFault<L::Error>> {
    match &message.body {
        inbox::Body::Deposit(body) => deposit::apply(leaves, message, body, context),
        inbox::Body::Acceptance { .. } => acceptance::apply(leaves, message, context),
        inbox::Body::Forced { .. } => forced::apply(leaves, message, context),
        inbox::Body::Registration(body) => registration::apply(leaves, message, body, context),
        inbox::Body::Freeze { .. }
        | inbox::Body::Settlement { .. }
        | inbox::Body::EpochFreeze { .. }
        | inbox::Body::EpochRelease { .. } => court::apply(leaves, message, context),
        inbox::Body::RewardFunding { amount, .. } => {
            funding::apply(leaves, message, *amount, context)
        }
        inbox::Body::Generic { .. } | inbox::Body::Opaque { .. } => {
            Ok(recorded::recorded(message, None))
        }
    }
}

/// Everyone whom a transaction concerned, the sender first.
pub(in crate::ledger) fn accounts_of(
    sender: Account,
    body: &Body,
    involved: Vec<Account>,
) -> impl Iterator<Item = Account> {
    let paid = paid(body).map(|(account, _)| account);
    std::iter::once(sender).chain(paid).chain(involved)
}

/// The number of leaves that a body would make at most: those that it writes and that do not stand. `consumes` names the account whose
/// sequence is consumed, if one is.
pub(in crate::ledger) fn leaves_made<L: Leaves + ?Sized>(
    leaves: &mut L,
    consumes: Option<Account>,
    needs: &Needs,
) -> Result<u32, LeafFault<L::Error>> {
    let own = consumes.map(Slot::Account);
    let other = needs.leaf.filter(|slot| Some(*slot) != own);
    let mut made = needs.fresh;
    for slot in own.iter().chain(&other) {
        if leaves.read(slot).map_err(LeafFault::Leaves)?.is_none() {
            made = made.saturating_add(1);
        }
    }
    Ok(made)
}

pub(in crate::ledger) use balance::{credit, debit};
pub(in crate::ledger) use maturity::mature;

/// Refuses to move nothing.
fn check_amount(amount: u128) -> Result<(), Reject> {
    match amount {
        0 => Err(Reject::ZeroAmount),
        _ => Ok(()),
    }
}

/// What came of a rule that was tried.
enum Tried<T> {
    /// It succeeded, and its writes stand.
    Done(T),
    /// It refused, and nothing of it stands.
    Refused(Reject),
}

/// Runs `rule` over an overlay of its own. Its writes stay only when it succeeds. What it read counts as touched either way.
fn attempt<L: Leaves + ?Sized, T>(
    leaves: &mut L,
    rule: impl FnOnce(&mut HeldWrites<'_, L>) -> Result<T, Error<L::Error>>,
) -> Result<Tried<T>, LeafFault<L::Error>> {
    let mut overlay = HeldWrites::new(leaves);
    match rule(&mut overlay) {
        Ok(value) => {
            overlay.commit().map_err(LeafFault::Leaves)?;
            Ok(Tried::Done(value))
        }
        Err(Error::Reject(reject)) => Ok(Tried::Refused(reject)),
        Err(Error::Fault(fault)) => Err(fault),
    }
}
