//! What bodies do once they are authentic and paid for: the same for a user's transaction and for a forced one.

use alloy_primitives::keccak256;

use super::{Context, Error};
use crate::ledger::account::Account;
use crate::ledger::event::Event;
use crate::ledger::leaf::{
    AccountLeaf, AssetLeaf, NATIVE, RecordLeaf, TokenBalance, Withdrawal, WithdrawalCounter,
};
use crate::ledger::leaves::{Fault, Leaves, expect, read, write};
use crate::ledger::reject::{Asset, Reject};
use crate::ledger::slot::Slot;
use crate::ledger::transaction::Body;

/// What an effect leaves for the receipt.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Books {
    /// Result data.
    pub data: Vec<u8>,
    /// What happened.
    pub events: Vec<Event>,
}

/// Carries a body out for `sender`. On an error the caller drops the overlay that it passed.
pub(in crate::ledger) fn act<L: Leaves + ?Sized>(
    leaves: &mut L,
    sender: Account,
    body: &Body,
    context: &Context<'_>,
    books: &mut Books,
) -> Result<(), Error<L::Error>> {
    context.contracts.check_body(body)?;
    match body {
        Body::Transfer { to, token, amount } => {
            debit(leaves, sender, *token, *amount)?;
            credit(leaves, *to, *token, *amount)?;
            books.events.push(Event::Transfer {
                from: sender,
                to: *to,
                token: *token,
                amount: *amount,
            });
        }
        Body::Withdraw {
            recipient,
            token,
            amount,
        } => {
            debit(leaves, sender, *token, *amount)?;
            let withdrawal = Withdrawal {
                recipient: *recipient,
                token: *token,
                amount: *amount,
            };
            let number = open_withdrawal(leaves, &withdrawal, 0)?;
            books.data.extend(number.to_be_bytes());
            let Withdrawal {
                recipient,
                token,
                amount,
            } = withdrawal;
            books.events.push(Event::Withdrawal {
                number,
                account: sender,
                recipient,
                token,
                amount,
            });
        }
        Body::SetPayout { payout } => {
            let slot = Slot::Account(sender);
            let account: AccountLeaf = read(leaves, &slot)?.unwrap_or_default();
            write(
                leaves,
                &slot,
                &AccountLeaf {
                    payout: *payout,
                    ..account
                },
            )?;
            books.events.push(Event::Payout {
                account: sender,
                payout: *payout,
            });
        }
        Body::Record { topic, data } => {
            let data_hash = keccak256(data.as_slice());
            let leaf = RecordLeaf {
                data_hash: data_hash.0,
                height: context.height,
            };
            write(leaves, &Slot::Record(sender, *topic), &leaf)?;
            books.events.push(Event::Record {
                account: sender,
                topic: *topic,
                data_hash,
            });
        }
        Body::Message { .. } => return Err(Reject::UnsupportedKind { kind: body.kind() }.into()),
    }
    Ok(())
}

/// Takes an amount from an account. A token must have an asset leaf: without one nobody has it, and the error says so.
fn debit<L: Leaves + ?Sized>(
    leaves: &mut L,
    sender: Account,
    token: [u8; 20],
    amount: u128,
) -> Result<(), Error<L::Error>> {
    let short = |balance| Reject::InsufficientBalance {
        sender,
        asset: Asset(token),
        balance,
        needed: amount,
    };
    if token == NATIVE {
        let slot = Slot::Account(sender);
        let account: AccountLeaf = read(leaves, &slot)?.unwrap_or_default();
        let balance = account
            .balance
            .checked_sub(amount)
            .ok_or(short(account.balance))?;
        write(leaves, &slot, &AccountLeaf { balance, ..account })?;
        return Ok(());
    }
    if read::<AssetLeaf, _>(leaves, &Slot::Asset(token))?.is_none() {
        return Err(Reject::UnknownToken {
            token: Asset(token),
        }
        .into());
    }
    let slot = Slot::TokenBalance(sender, token);
    let held: TokenBalance = read(leaves, &slot)?.unwrap_or_default();
    let left = held.amount.checked_sub(amount).ok_or(short(held.amount))?;
    write(
        leaves,
        &slot,
        &TokenBalance {
            token,
            amount: left,
        },
    )?;
    Ok(())
}

/// Adds an amount to an account, making its leaf.
pub(in crate::ledger) fn credit<L: Leaves + ?Sized>(
    leaves: &mut L,
    to: Account,
    token: [u8; 20],
    amount: u128,
) -> Result<(), Error<L::Error>> {
    let overflow = |left| Reject::Overflow {
        what: "the recipient's balance",
        left,
        right: amount,
    };
    if token == NATIVE {
        let slot = Slot::Account(to);
        let account: AccountLeaf = read(leaves, &slot)?.unwrap_or_default();
        let balance = account
            .balance
            .checked_add(amount)
            .ok_or(overflow(account.balance))?;
        write(leaves, &slot, &AccountLeaf { balance, ..account })?;
        return Ok(());
    }
    let slot = Slot::TokenBalance(to, token);
    let held: TokenBalance = read(leaves, &slot)?.unwrap_or_default();
    let sum = held
        .amount
        .checked_add(amount)
        .ok_or(overflow(held.amount))?;
    write(leaves, &slot, &TokenBalance { token, amount: sum })?;
    Ok(())
}

/// Writes a withdrawal under the next number: asset (with `credited` more credited, for a refund), counter, withdrawal.
pub(in crate::ledger) fn open_withdrawal<L: Leaves + ?Sized>(
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
        .map_err(Fault::Leaves)?
        .is_some()
    {
        return Err(Fault::Books {
            slot: Slot::Withdrawal(number),
            left: number.into(),
            right: next.into(),
        }
        .into());
    }
    write(leaves, &Slot::Withdrawal(number), withdrawal)?;
    Ok(number)
}
