//! Users' transactions on the state (PROTOCOL section 4).
//!
//! Order of writes, which is the order of new leaves: the sender's account, the fee pool, then
//!
//! ```text
//! transfer    native: recipient's account          token: sender's balance, recipient's balance
//! withdraw    token: sender's balance;  then asset, withdrawal counter, withdrawal
//! set payout  (the sender's account)               record: the record
//! ```
//!
//! A leaf that is written twice keeps its first place. A token transfer makes the recipient's balance leaf and no account leaf: what no native coin
//! ever reached has none, and reads as zeros.

use alloy_primitives::B256;
use plasmid_staking::epoch_of;

use super::account::Account;
use super::check::{CheckedTransaction, assume};
use super::code::Code;
use super::eip712::Domain;
use super::event::{Event, involved};
use super::leaves::{Fault, Leaves, Overlay};
use super::parameters::Parameters;
use super::recipient::OwnContracts;
use super::reject::Reject;
use super::transaction::Body;

mod cost;
mod effect;
#[cfg(test)]
mod tests;

pub use cost::{Quote, quote};
use cost::{charge, check_fee};
pub(super) use cost::{leaves_needed, maker, take_sequence};
pub(super) use effect::{Books, act, credit, open_withdrawal};

/// What rules read beside leaves: all of it is fixed by the block and the deployment.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Height of the block.
    pub height: u64,
    /// Value of the parameters leaf.
    pub parameters: &'a Parameters,
    /// Where signatures hold; messages of the inbox carry signed transactions.
    pub domain: &'a Domain,
    /// The deployment's contracts, which can receive nothing.
    pub contracts: OwnContracts,
}

impl<'a> Context<'a> {
    /// What rules read in the block of this height.
    pub fn new(height: u64, parameters: &'a Parameters, domain: &'a Domain) -> Self {
        Self {
            height,
            parameters,
            domain,
            contracts: OwnContracts::of(parameters),
        }
    }

    /// Epoch of the block.
    pub fn epoch(&self) -> u64 {
        epoch_of(self.height, self.parameters.epoch_blocks).unwrap_or(0)
    }
}

/// What came of a transaction or a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its result code.
    pub code: Code,
    /// Result data: numbers (u64) of the withdrawals made, in their order; else empty.
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

/// A refused transaction, or a broken node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error<E> {
    /// The transaction is refused; nothing was written.
    #[error(transparent)]
    Reject(#[from] Reject),
    /// The node is broken.
    #[error(transparent)]
    Fault(#[from] Fault<E>),
}

/// Carries a transaction out. On an error nothing was written.
pub fn apply<L: Leaves + ?Sized>(
    leaves: &mut L,
    checked: &CheckedTransaction,
    context: &Context<'_>,
) -> Result<Receipt, Error<L::Error>> {
    let mut overlay = Overlay::new(leaves);
    let receipt = run(&mut overlay, checked, context)?;
    overlay.commit().map_err(Fault::Leaves)?;
    Ok(receipt)
}

/// What [`apply`] would answer; nothing is written.
pub fn simulate<L: Leaves + ?Sized>(
    leaves: &mut L,
    checked: &CheckedTransaction,
    context: &Context<'_>,
) -> Result<Receipt, Error<L::Error>> {
    run(&mut Overlay::new(leaves), checked, context)
}

/// What [`apply`] would answer if the sender had signed these bytes; their signature is not looked at, and nothing is written.
pub fn rehearse<L: Leaves + ?Sized>(
    leaves: &mut L,
    bytes: &[u8],
    context: &Context<'_>,
) -> Result<Receipt, Error<L::Error>> {
    let assumed = assume(bytes, context.domain)?;
    run(&mut Overlay::new(leaves), &assumed, context)
}

fn run<L: Leaves + ?Sized>(
    overlay: &mut Overlay<'_, L>,
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
    let account = take_sequence(overlay, header)?;
    check_fee(overlay, checked, context)?;
    charge(overlay, header, body, account, context)?;
    let mut books = Books::default();
    act(overlay, header.sender, body, context, &mut books)?;
    let mut events = vec![Event::Transaction {
        digest: *checked.digest(),
        kind: body.name(),
        sender: header.sender,
        sequence: header.sequence,
        fee: header.fee,
    }];
    events.append(&mut books.events);
    events.extend(involved(accounts_of(header.sender, body)));
    Ok(Receipt {
        code: Code::Ok,
        data: books.data,
        leaves_made: overlay.made(),
        events,
        reason: None,
    })
}

/// Everyone whom a transaction concerns, the sender first.
pub(super) fn accounts_of(sender: Account, body: &Body) -> Vec<Account> {
    match body {
        Body::Transfer { to, .. } => vec![sender, *to],
        Body::Withdraw { recipient, .. } => vec![sender, Account::ethereum(*recipient)],
        Body::SetPayout { payout } => vec![sender, Account::ethereum(*payout)],
        Body::Record { .. } => vec![sender],
        Body::Message { target, .. } => vec![sender, *target],
    }
}
