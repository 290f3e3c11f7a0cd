//! Transfer (kind 0x01): an amount of one asset moves from the sender to another account.
//!
//! ```text
//! check    the amount is above 0; the recipient can receive (kind 0 but the zero address, or kind 1)
//! leaves   native   sender's account w, recipient's account w
//!          token    asset r, sender's balance w, recipient's balance w
//! made     native   the recipient's account             token   the recipient's balance, and no account
//! refuses  unknown token, a balance that is too low, a sum beyond 128 bits
//! ```

use super::balance::{credit, debit, native_part, slot};
use super::{Needs, ReceiptDraft, check_amount};
use crate::ledger::account::Account;
use crate::ledger::context::Error;
use crate::ledger::event::Event;
use crate::ledger::fees::Maker;
use crate::ledger::leaves::Leaves;
use crate::ledger::reject::Reject;

pub(super) fn check(to: Account, amount: u128) -> Result<(), Reject> {
    check_amount(amount)?;
    check_recipient(to)
}

/// Refuses an account that nobody can act for.
pub(super) fn check_recipient(to: Account) -> Result<(), Reject> {
    match to.can_receive() {
        true => Ok(()),
        false => Err(Reject::BadRecipient { account: to }),
    }
}

pub(super) const fn paid(to: Account, token: [u8; 20]) -> (Account, [u8; 20]) {
    (to, token)
}

pub(super) fn needs(to: Account, token: [u8; 20], amount: u128) -> Needs {
    Needs {
        native: native_part(token, amount),
        maker: Maker::Ordinary,
        leaf: Some(slot(to, token)),
        fresh: 0,
    }
}

pub(super) fn apply<L: Leaves + ?Sized>(
    leaves: &mut L,
    from: Account,
    to: Account,
    token: [u8; 20],
    amount: u128,
    books: &mut ReceiptDraft,
) -> Result<(), Error<L::Error>> {
    debit(leaves, from, token, amount)?;
    credit(leaves, to, token, amount)?;
    books.events.push(Event::Transfer {
        from,
        to,
        token,
        amount,
    });
    Ok(())
}
