//! What a transaction costs, and taking it: sequence, leaves, fee.

use crate::ledger::account::Account;
use crate::ledger::check::CheckedTransaction;
use crate::ledger::context::{Context, Error};
use crate::ledger::fees::{check_room, minimum_fee, quote_up};
use crate::ledger::leaf::{AccountLeaf, FeePool, NATIVE};
use crate::ledger::leaves::{LeafFault, Leaves, expect, write};
use crate::ledger::reject::{Asset, Reject};
use crate::ledger::rules::{leaves_made, needs};
use crate::ledger::slot::Slot;
use crate::ledger::transaction::{Body, Header};

/// What a transaction would cost now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The least fee.
    pub minimum: u128,
    /// What a wallet should sign: a tenth more, rounded up.
    pub suggested: u128,
    /// Leaves that it would make at most.
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
    let needs = needs(sender, body);
    let made = leaves_made(leaves, Some(sender), &needs)?;
    check_room(needs.maker, leaves.count(), made)?;
    let minimum = minimum_fee(context.parameters, length, made, leaves.count());
    Ok(Quote {
        minimum,
        suggested: quote_up(minimum),
        leaves: made,
    })
}

pub(super) fn check_fee<L: Leaves + ?Sized>(
    leaves: &mut L,
    checked: &CheckedTransaction,
    context: &Context<'_>,
) -> Result<(), Error<L::Error>> {
    let (header, body, length) = (checked.header(), checked.body(), checked.length());
    let needs = needs(header.sender, body);
    let made = leaves_made(leaves, Some(header.sender), &needs)?;
    check_room(needs.maker, leaves.count(), made)?;
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
    let amount = needs(header.sender, body).native;
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
        left.checked_add(fee).ok_or(LeafFault::Books {
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
