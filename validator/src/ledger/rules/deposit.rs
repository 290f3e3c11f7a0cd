//! Deposit (message 2): credited as it says, or given back as withdrawals; never lost, never made out of nothing.
//!
//! ```text
//! credit   refused before any leaf is asked for: amount 0, native coin beside the zero token, a recipient that cannot receive, a contract of
//!          the deployment or the token itself as recipient
//! leaves   for the token, then for native coin beside it, where the amount is above 0:  asset w, recipient's leaf w
//! made     the asset (with the token's symbol), the recipient's balance for a token, its account for native coin
//! refund   when that does not apply, to the refund address, for each asset:  asset w, withdrawal counter w, withdrawal w
//! made     the withdrawal; data: the numbers (u64 each); code 20
//! records  (21) when nobody could claim at the refund address, when nothing is above 0, when the sum overflows, or when there is no room for the withdrawals
//! ```

use plasmid_bridge::proof::inbox::{Deposit, Message};

use super::balance::credit;
use super::recorded::recorded;
use super::withdraw::open_withdrawal;
use super::{Outcome, ReceiptDraft, Tried, attempt};
use crate::ledger::account::Account;
use crate::ledger::code::Code;
use crate::ledger::context::{Context, Error};
use crate::ledger::event::{Event, involved};
use crate::ledger::fees::{Maker, check_room};
use crate::ledger::leaf::{AssetLeaf, NATIVE, Withdrawal};
use crate::ledger::leaves::{HeldWrites, LeafFault, Leaves, read, write};
use crate::ledger::recipient::OwnContracts;
use crate::ledger::reject::Reject;
use crate::ledger::slot::Slot;

/// Credits a deposit, or refunds it, or, when even that cannot be written, records it.
pub(in crate::ledger) fn apply<L: Leaves + ?Sized>(
    leaves: &mut L,
    message: &Message,
    deposit: &Deposit,
    context: &Context<'_>,
) -> Result<Outcome, LeafFault<L::Error>> {
    let contracts = &context.contracts;
    let reject = match attempt(leaves, |leaves| credit_all(leaves, deposit, contracts))? {
        Tried::Done(()) => return Ok(credited(message, deposit)),
        Tried::Refused(reject) => reject,
    };
    match attempt(leaves, |leaves| refund(leaves, message, deposit, contracts))? {
        Tried::Done(books) if !books.data.is_empty() => Ok(refunded(deposit, books, reject)),
        Tried::Done(_) => Ok(recorded(message, Some(reject))),
        Tried::Refused(reject) => Ok(recorded(message, Some(reject))),
    }
}

fn credited(message: &Message, deposit: &Deposit) -> Outcome {
    let recipient = Account::from_bytes(&deposit.recipient);
    let mut events = vec![Event::Deposit {
        index: message.index,
        recipient,
        token: deposit.token,
        amount: deposit.amount,
        native: deposit.native,
        depositor: deposit.depositor,
    }];
    events.extend(involved([recipient, Account::ethereum(deposit.depositor)]));
    Outcome {
        code: Code::Ok,
        data: Vec::new(),
        events,
        reason: None,
    }
}

fn refunded(deposit: &Deposit, books: ReceiptDraft, reject: Reject) -> Outcome {
    let ReceiptDraft {
        data, mut events, ..
    } = books;
    events.extend(involved([
        Account::ethereum(deposit.refund),
        Account::ethereum(deposit.depositor),
    ]));
    Outcome {
        code: Code::Refunded,
        data,
        events,
        reason: Some(reject),
    }
}

fn credit_all<L: Leaves + ?Sized>(
    leaves: &mut HeldWrites<'_, L>,
    deposit: &Deposit,
    contracts: &OwnContracts,
) -> Result<(), Error<L::Error>> {
    let recipient = Account::from_bytes(&deposit.recipient);
    if deposit.amount == 0 {
        return Err(Reject::ZeroAmount.into());
    }
    if deposit.token == NATIVE && deposit.native != 0 {
        return Err(Reject::NotAllowedHere {
            why: "a deposit of the native coin carries its amount once",
        }
        .into());
    }
    if !recipient.can_receive() {
        return Err(Reject::BadRecipient { account: recipient }.into());
    }
    contracts.check(recipient, deposit.token)?;
    for (token, amount) in amounts(deposit)? {
        let asset = asset_of(leaves, token, deposit)?;
        let overflow = Reject::Overflow {
            what: "what was credited of the asset",
            left: asset.credited,
            right: amount,
        };
        let credited = asset.credited.checked_add(amount).ok_or(overflow)?;
        write(
            leaves,
            &Slot::Asset(token),
            &AssetLeaf { credited, ..asset },
        )?;
        credit(leaves, recipient, token, amount)?;
    }
    Ok(check_made(leaves)?)
}

/// One withdrawal to the refund address for each asset, if somebody can claim them there.
fn refund<L: Leaves + ?Sized>(
    leaves: &mut HeldWrites<'_, L>,
    message: &Message,
    deposit: &Deposit,
    contracts: &OwnContracts,
) -> Result<ReceiptDraft, Error<L::Error>> {
    contracts.check_refund(deposit.refund, deposit.token)?;
    let mut books = ReceiptDraft::default();
    for (token, amount) in amounts(deposit)? {
        let asset = asset_of(leaves, token, deposit)?;
        write(leaves, &Slot::Asset(token), &asset)?;
        let withdrawal = Withdrawal {
            recipient: deposit.refund,
            token,
            amount,
        };
        let number = open_withdrawal(leaves, &withdrawal, amount)?;
        books.data.extend(number.to_be_bytes());
        let (index, recipient) = (message.index, deposit.refund);
        books.events.push(Event::Refund {
            index,
            number,
            recipient,
            token,
            amount,
        });
    }
    check_made(leaves)?;
    Ok(books)
}

/// The asset's leaf, or a new one with what the deposit tells about the token. The native coin's is made at genesis.
fn asset_of<L: Leaves + ?Sized>(
    leaves: &mut L,
    token: [u8; 20],
    deposit: &Deposit,
) -> Result<AssetLeaf, LeafFault<L::Error>> {
    let slot = Slot::Asset(token);
    match read(leaves, &slot)? {
        Some(asset) => Ok(asset),
        None if token == NATIVE => Err(LeafFault::Missing { slot }),
        None => Ok(AssetLeaf::new(
            token,
            deposit.decimals,
            deposit.symbol_length,
            &deposit.symbol,
        )),
    }
}

/// Whether what was made had room.
fn check_made<L: Leaves + ?Sized>(overlay: &HeldWrites<'_, L>) -> Result<(), Reject> {
    check_room(Maker::Reserved, overlay.count_before(), overlay.made())
}

/// Total of one asset that a deposit brought.
fn amounts(deposit: &Deposit) -> Result<Vec<([u8; 20], u128)>, Reject> {
    let (token, amount, native) = (deposit.token, deposit.amount, deposit.native);
    let overflow = Reject::Overflow {
        what: "the deposit",
        left: amount,
        right: native,
    };
    let all = match token == NATIVE {
        true => vec![(token, amount.checked_add(native).ok_or(overflow)?)],
        false => vec![(token, amount), (NATIVE, native)],
    };
    Ok(all.into_iter().filter(|(_, amount)| *amount > 0).collect())
}
