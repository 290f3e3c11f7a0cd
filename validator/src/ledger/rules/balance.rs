//! Balances: what takes an amount of one asset from an account, and what adds it.
//!
//! ```text
//! debit    native   account w                     token   asset r, balance w      refuses: unknown token, a balance that is too low
//! credit   native   account w, made               token   balance w, made         refuses: a sum beyond 128 bits
//! ```

use crate::ledger::account::Account;
use crate::ledger::context::Error;
use crate::ledger::leaf::{AccountLeaf, AssetLeaf, NATIVE, TokenBalance};
use crate::ledger::leaves::{Leaves, read, write};
use crate::ledger::reject::{Asset, Reject};
use crate::ledger::slot::Slot;

/// Where an account's amount of an asset stands.
pub(super) fn slot(account: Account, token: [u8; 20]) -> Slot {
    match token == NATIVE {
        true => Slot::Account(account),
        false => Slot::TokenBalance(account, token),
    }
}

/// The part of an amount that is native coin.
pub(super) fn native_part(token: [u8; 20], amount: u128) -> u128 {
    match token == NATIVE {
        true => amount,
        false => 0,
    }
}

/// Takes an amount from an account. A token without an asset leaf was never deposited, so nobody has a balance of it: the error says so.
pub(in crate::ledger) fn debit<L: Leaves + ?Sized>(
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
