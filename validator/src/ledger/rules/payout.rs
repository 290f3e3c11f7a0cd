//! Set payout (kind 0x03): the sender names the address on root to which its exits are paid; zero names none.
//!
//! ```text
//! check    the address is none of this deployment's contracts (recipient.rs); any other may be named, zero too
//! leaves   the sender's account w
//! made     the sender's account
//! ```

use super::{Needs, ReceiptDraft};
use crate::ledger::account::Account;
use crate::ledger::context::Error;
use crate::ledger::event::Event;
use crate::ledger::fees::Maker;
use crate::ledger::leaf::{AccountLeaf, NATIVE};
use crate::ledger::leaves::{Leaves, read, write};
use crate::ledger::slot::Slot;

pub(super) const fn paid(payout: [u8; 20]) -> (Account, [u8; 20]) {
    (Account::ethereum(payout), NATIVE)
}

pub(super) const fn needs(sender: Account) -> Needs {
    Needs {
        native: 0,
        maker: Maker::Ordinary,
        leaf: Some(Slot::Account(sender)),
        fresh: 0,
    }
}

pub(super) fn apply<L: Leaves + ?Sized>(
    leaves: &mut L,
    account: Account,
    payout: [u8; 20],
    books: &mut ReceiptDraft,
) -> Result<(), Error<L::Error>> {
    let slot = Slot::Account(account);
    let held: AccountLeaf = read(leaves, &slot)?.unwrap_or_default();
    write(leaves, &slot, &AccountLeaf { payout, ..held })?;
    books.events.push(Event::Payout { account, payout });
    Ok(())
}
