//! What a transaction costs, and taking it: sequence, leaves, fee.

use super::{Context, Error};
use crate::ledger::account::Account;
use crate::ledger::check::CheckedTransaction;
use crate::ledger::fees::{Maker, check_room, minimum_fee, quote_up};
use crate::ledger::leaf::{AccountLeaf, FeePool, NATIVE};
use crate::ledger::leaves::{Fault, Leaves, expect, read, write};
use crate::ledger::reject::{Asset, Reject};
use crate::ledger::slot::Slot;
use crate::ledger::transaction::{Body, Header};

/// What a transaction would cost now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The least fee.
    pub minimum: u128,
    /// What a wallet should sign: a tenth more, rounded up.
    pub suggested: u128,
    /// Leaves that it would make.
    pub leaves: u32,
}

/// The fee of a transaction that is not signed yet, `length` bytes long when it is.
pub fn quote<L: Leaves + ?Sized>(
    leaves: &mut L,
    sender: Account,
    body: &Body,
    length: usize,
    context: &Context<'_>,
) -> Result<Quote, Error<L::Error>> {
    let made = leaves_needed(leaves, Some(sender), sender, body)?;
    check_room(maker(body), leaves.count(), made)?;
    let minimum = minimum_fee(context.parameters, length, made, leaves.count());
    Ok(Quote {
        minimum,
        suggested: quote_up(minimum),
        leaves: made,
    })
}

/// The sender's account with its sequence consumed, not written yet.
pub(in crate::ledger) fn take_sequence<L: Leaves + ?Sized>(
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

pub(super) fn check_fee<L: Leaves + ?Sized>(
    leaves: &mut L,
    checked: &CheckedTransaction,
    context: &Context<'_>,
) -> Result<(), Error<L::Error>> {
    let (header, body, length) = (checked.header(), checked.body(), checked.length());
    let made = leaves_needed(leaves, Some(header.sender), header.sender, body)?;
    check_room(maker(body), leaves.count(), made)?;
    let minimum = minimum_fee(context.parameters, length, made, leaves.count());
    match header.fee >= minimum {
        true => Ok(()),
        false => Err(Reject::FeeTooLow {
            fee: header.fee,
            minimum,
            length,
            leaves: made,
        }
        .into()),
    }
}

/// Takes the whole fee and writes the consumed sequence; refuses a balance that does not also cover the body.
pub(super) fn charge<L: Leaves + ?Sized>(
    leaves: &mut L,
    header: &Header,
    body: &Body,
    account: AccountLeaf,
    context: &Context<'_>,
) -> Result<(), Error<L::Error>> {
    let fee = header.fee;
    let amount = native_amount(body);
    let overflow = Reject::Overflow {
        what: "fee and amount",
        left: fee,
        right: amount,
    };
    let needed = fee.checked_add(amount).ok_or(overflow)?;
    let short = Reject::InsufficientBalance {
        sender: header.sender,
        asset: Asset(NATIVE),
        balance: account.balance,
        needed,
    };
    if account.balance < needed {
        return Err(short.into());
    }
    let balance = account.balance.checked_sub(fee).ok_or(short)?;
    write(
        leaves,
        &Slot::Account(header.sender),
        &AccountLeaf { balance, ..account },
    )?;
    let pool: FeePool = expect(leaves, &Slot::FeePool)?;
    let epoch = context.epoch();
    let sum = |left: u128| {
        let slot = Slot::FeePool;
        left.checked_add(fee).ok_or(Fault::Books {
            slot,
            left,
            right: fee,
        })
    };
    let (amount, epoch_fees) = (sum(pool.amount)?, sum(pool.fees_of(epoch))?);
    write(
        leaves,
        &Slot::FeePool,
        &FeePool {
            amount,
            epoch,
            epoch_fees,
        },
    )?;
    Ok(())
}

fn native_amount(body: &Body) -> u128 {
    match body {
        Body::Transfer { token, amount, .. } | Body::Withdraw { token, amount, .. }
            if *token == NATIVE =>
        {
            *amount
        }
        _ => 0,
    }
}

/// Who makes the leaves of a body: withdrawals have the reserve.
pub(in crate::ledger) const fn maker(body: &Body) -> Maker {
    match body {
        Body::Withdraw { .. } => Maker::Reserved,
        _ => Maker::Ordinary,
    }
}

/// Leaves that a body would make: those it writes that are not there. `consumes` names the account whose sequence is
/// consumed, if one is.
pub(in crate::ledger) fn leaves_needed<L: Leaves + ?Sized>(
    leaves: &mut L,
    consumes: Option<Account>,
    sender: Account,
    body: &Body,
) -> Result<u32, Fault<L::Error>> {
    let own = consumes.map(Slot::Account);
    let (other, always) = match body {
        Body::Transfer { to, token, .. } if *token == NATIVE => (Some(Slot::Account(*to)), 0),
        Body::Transfer { to, token, .. } => (Some(Slot::TokenBalance(*to, *token)), 0),
        Body::Withdraw { .. } => (None, 1),
        Body::SetPayout { .. } => (Some(Slot::Account(sender)), 0),
        Body::Record { topic, .. } => (Some(Slot::Record(sender, *topic)), 0),
        Body::Message { .. } => (None, 0),
    };
    let mut made: u32 = always;
    for slot in own
        .iter()
        .chain(other.iter().filter(|slot| Some(**slot) != own))
    {
        if leaves.read(slot).map_err(Fault::Leaves)?.is_none() {
            made = made.saturating_add(1);
        }
    }
    Ok(made)
}
