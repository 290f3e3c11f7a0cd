//! Withdraw (kind 0x02): an amount leaves the child, to be claimed on root under a number.
//!
//! ```text
//! check    the amount is above 0; the recipient is not the zero address
//! leaves   native   sender's account w           token   asset r, sender's balance w
//!          then     asset w, withdrawal counter w, withdrawal w
//! made     the withdrawal
//! refuses  unknown token, a balance that is too low, sums and numbers beyond their width
//! data     the number (u64)
//! ```

use super::balance::{debit, native_part};
use super::{Needs, ReceiptDraft, check_amount};
use crate::ledger::account::Account;
use crate::ledger::context::Error;
use crate::ledger::event::Event;
use crate::ledger::fees::Maker;
use crate::ledger::leaf::{AssetLeaf, Withdrawal, WithdrawalCounter};
use crate::ledger::leaves::{LeafFault, Leaves, expect, write};
use crate::ledger::reject::Reject;
use crate::ledger::slot::Slot;

pub(super) fn check(recipient: &[u8; 20], amount: u128) -> Result<(), Reject> {
    check_amount(amount)?;
    match *recipient == [0; 20] {
        true => Err(Reject::ZeroRecipient),
        false => Ok(()),
    }
}

pub(super) const fn paid(recipient: [u8; 20], token: [u8; 20]) -> (Account, [u8; 20]) {
    (Account::ethereum(recipient), token)
}

/// Withdrawals have the reserve of leaves, so that a full state keeps nobody's money.
pub(super) fn needs(token: [u8; 20], amount: u128) -> Needs {
    Needs {
        native: native_part(token, amount),
        maker: Maker::Reserved,
        leaf: None,
        fresh: 1,
    }
}

pub(super) fn apply<L: Leaves + ?Sized>(
    leaves: &mut L,
    account: Account,
    recipient: [u8; 20],
    token: [u8; 20],
    amount: u128,
    books: &mut ReceiptDraft,
) -> Result<(), Error<L::Error>> {
    debit(leaves, account, token, amount)?;
    let withdrawal = Withdrawal {
        recipient,
        token,
        amount,
    };
    let number = open_withdrawal(leaves, &withdrawal, 0)?;
    books.data.extend(number.to_be_bytes());
    books.events.push(Event::Withdrawal {
        number,
        account,
        recipient,
        token,
        amount,
    });
    Ok(())
}

/// Writes a withdrawal under the next number: asset (with `credited` more credited, for a refund), counter, withdrawal.
pub(super) fn open_withdrawal<L: Leaves + ?Sized>(
    leaves: &mut L,
    withdrawal: &Withdrawal,
    credited: u128,
) -> Result<u64, Error<L::Error>> {
    let slot = Slot::Asset(withdrawal.token);
    let asset: AssetLeaf = expect(leaves, &slot)?;
    let sum = |what, left: u128, right: u128| {
        left.checked_add(right)
            .ok_or(Reject::Overflow { what, left, right })
    };
    let asset = AssetLeaf {
        credited: sum("what was credited of the asset", asset.credited, credited)?,
        withdrawn: sum(
            "what was withdrawn of the asset",
            asset.withdrawn,
            withdrawal.amount,
        )?,
        ..asset
    };
    write(leaves, &slot, &asset)?;
    let counter: WithdrawalCounter = expect(leaves, &Slot::WithdrawalCounter)?;
    let number = counter.next;
    let overflow = Reject::Overflow {
        what: "the number of withdrawals",
        left: number.into(),
        right: 1,
    };
    let next = number.checked_add(1).ok_or(overflow)?;
    write(
        leaves,
        &Slot::WithdrawalCounter,
        &WithdrawalCounter { next },
    )?;
    if leaves
        .read(&Slot::Withdrawal(number))
        .map_err(LeafFault::Leaves)?
        .is_some()
    {
        return Err(LeafFault::Books {
            slot: Slot::Withdrawal(number),
            left: number.into(),
            right: next.into(),
        }
        .into());
    }
    write(leaves, &Slot::Withdrawal(number), withdrawal)?;
    Ok(number)
}
