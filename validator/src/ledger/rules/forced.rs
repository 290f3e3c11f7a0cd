//! Forced transaction (message 7): what an account does through the inbox, with no validator's help.
//!
//! ```text
//! decode · supported · form · signature and sender · sequence · room for the sender's leaf     failing: nothing is consumed
//! static rules · room · balances · effect                                                     failing: the sequence is consumed
//!
//! leaves   when it is signed: sender's account w; when the static rules allow it: the leaf that the kind may make r, then the
//!          leaves of the kind's own rule
//! made     the sender's account, and what the kind makes
//! ```
//! A transaction of scheme root-sender has no sequence to consume. No forced transaction pays a fee, because its sender paid the price of
//! the inbox on root. Its form (`check/forced.rs`): no fee and no last height; of a root-sender no sequence either. A message whose body
//! does not decode never comes here (`recorded`); a body that decodes and carries bytes that are no transaction is refused here, and
//! nothing is consumed. The cases are in `validator/vectors/rules/forced.json`.

use plasmid_bridge::proof::inbox::{Body, Message};

use super::recorded::recorded;
use super::{Outcome, ReceiptDraft, Tried, accounts_of, attempt, leaves_made, needs};
use crate::ledger::account::Account;
use crate::ledger::check::{Forced, check_forced};
use crate::ledger::code::Code;
use crate::ledger::context::{Context, Error};
use crate::ledger::event::{Event, involved};
use crate::ledger::fees::check_room;
use crate::ledger::leaves::{LeafFault, Leaves, write};
use crate::ledger::reject::Reject;
use crate::ledger::slot::Slot;

/// Signatures that one message has checked, at most. A court can check 32 in a segment of 32 messages, so whoever supports
/// transactions with more signatures here must count them where segments end.
pub const MAX_MESSAGE_SIGNATURES: u32 = 1;

/// Carries a forced transaction out, or tells why not.
pub(in crate::ledger) fn apply<L: Leaves + ?Sized>(
    leaves: &mut L,
    message: &Message,
    context: &Context<'_>,
) -> Result<Outcome, LeafFault<L::Error>> {
    let Body::Forced {
        sender,
        transaction,
    } = &message.body
    else {
        return Ok(recorded(message, None));
    };
    let forced = match check_forced(transaction.as_slice(), *sender, context.domain) {
        Ok(forced) => forced,
        Err(reject) => return Ok(refused(message, Account::ethereum(*sender), None, reject)),
    };
    let account = forced.transaction.header.sender;
    let kind = Some(forced.transaction.body.name());
    if forced.is_signed()
        && let Tried::Refused(reject) = attempt(leaves, |leaves| consume(leaves, &forced))?
    {
        return Ok(refused(message, account, kind, reject));
    }
    match attempt(leaves, |leaves| carry_out(leaves, &forced, context))? {
        Tried::Done(books) => Ok(done(message, &forced, books)),
        Tried::Refused(reject) => Ok(refused(message, account, kind, reject)),
    }
}

fn consume<L: Leaves + ?Sized>(leaves: &mut L, forced: &Forced) -> Result<(), Error<L::Error>> {
    let header = &forced.transaction.header;
    let account = super::sequence::take(leaves, header)?;
    let slot = Slot::Account(header.sender);
    let new = leaves.read(&slot).map_err(LeafFault::Leaves)?.is_none();
    let needs = needs(header.sender, &forced.transaction.body);
    check_room(needs.maker, leaves.count(), u32::from(new))?;
    write(leaves, &slot, &account)?;
    Ok(())
}

fn carry_out<L: Leaves + ?Sized>(
    leaves: &mut L,
    forced: &Forced,
    context: &Context<'_>,
) -> Result<ReceiptDraft, Error<L::Error>> {
    forced.rules.clone()?;
    let (header, body) = (&forced.transaction.header, &forced.transaction.body);
    let needs = needs(header.sender, body);
    let made = leaves_made(leaves, None, &needs)?;
    check_room(needs.maker, leaves.count(), made)?;
    let mut books = ReceiptDraft::default();
    super::apply(leaves, header.sender, body, context, &mut books)?;
    Ok(books)
}

fn done(message: &Message, forced: &Forced, books: ReceiptDraft) -> Outcome {
    let (header, body) = (&forced.transaction.header, &forced.transaction.body);
    let mut events = vec![Event::Forced {
        index: message.index,
        sender: header.sender,
        code: Code::Ok,
        kind: Some(body.name()),
    }];
    if forced.is_signed() {
        events.push(Event::Transaction {
            digest: forced.digest,
            kind: body.name(),
            sender: header.sender,
            sequence: header.sequence,
            fee: header.fee,
        });
    }
    events.extend(books.events);
    events.extend(involved(accounts_of(header.sender, body, books.involved)));
    Outcome {
        code: Code::Ok,
        data: books.data,
        events,
        reason: None,
    }
}

fn refused(
    message: &Message,
    sender: Account,
    kind: Option<&'static str>,
    reject: Reject,
) -> Outcome {
    let code = reject.code();
    let mut events = vec![Event::Forced {
        index: message.index,
        sender,
        code,
        kind,
    }];
    events.extend(involved([sender]));
    Outcome {
        code,
        data: Vec::new(),
        events,
        reason: Some(reject),
    }
}
