//! The sequence of a signed transaction: it must be the next one of its sender's account, and is consumed.
//!
//! ```text
//! leaves   sender's account r (whoever calls writes it)
//! refuses  a sequence that was used, one that is ahead
//! ```

use crate::ledger::context::Error;
use crate::ledger::leaf::AccountLeaf;
use crate::ledger::leaves::{Leaves, read};
use crate::ledger::reject::Reject;
use crate::ledger::slot::Slot;
use crate::ledger::transaction::Header;

/// The sender's account with its sequence consumed, not written yet.
pub(in crate::ledger) fn take<L: Leaves + ?Sized>(
    leaves: &mut L,
    header: &Header,
) -> Result<AccountLeaf, Error<L::Error>> {
    let account: AccountLeaf = read(leaves, &Slot::Account(header.sender))?.unwrap_or_default();
    let (expected, found) = (account.sequence, header.sequence);
    if found < expected {
        return Err(Reject::NonceUsed { expected, found }.into());
    }
    if found > expected {
        return Err(Reject::NonceAhead { expected, found }.into());
    }
    let overflow = Reject::Overflow {
        what: "the sequence",
        left: expected.into(),
        right: 1,
    };
    let sequence = expected.checked_add(1).ok_or(overflow)?;
    Ok(AccountLeaf {
        sequence,
        ..account
    })
}
