//! Users' transactions on the state (PROTOCOL section 4).
//!
//! Order of writes, which is the order of new leaves: the sender's account, the fee pool, then
//!
//! ```text
//! transfer    native: recipient's account          token: sender's balance, recipient's balance
//! withdraw    token: sender's balance;  then asset, withdrawal counter, withdrawal
//! set payout  (the sender's account)               record: the record
//! ```
//!
//! A leaf that is written twice keeps its first place. A token transfer makes the recipient's balance leaf and no account leaf: what no native coin
//! ever reached has none, and reads as zeros.

use plasmid_staking::epoch_of;

use super::account::Account;
use super::check::CheckedTransaction;
use super::code::Code;
use super::eip712::Domain;
use super::event::{Event, involved};
use super::fees::{Maker, check_room, minimum_fee, quote_up};
use super::leaf::{AccountLeaf, FeePool, NATIVE};
use super::leaves::{Fault, Leaves, Overlay, expect, read, write};
use super::parameters::Parameters;
use super::reject::{Asset, Reject};
use super::slot::Slot;
use super::transaction::{Body, Header};

mod effect;

pub(super) use effect::{Books, act, credit, open_withdrawal};

/// What rules read beside leaves: all of it is fixed by the block and the deployment.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Height of the block.
    pub height: u64,
    /// Value of the parameters leaf.
    pub parameters: &'a Parameters,
    /// Where signatures hold; messages of the inbox carry signed transactions.
    pub domain: &'a Domain,
}

impl Context<'_> {
    /// Epoch of the block.
    pub fn epoch(&self) -> u64 {
        epoch_of(self.height, self.parameters.epoch_blocks).unwrap_or(0)
    }
}

/// What came of a transaction or a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its result code.
    pub code: Code,
    /// Result data: numbers (u64) of the withdrawals made, in their order; else empty.
    pub data: Vec<u8>,
    /// Leaves made: gas wanted and gas used.
    pub leaves_made: u32,
    /// What happened, for those who search.
    pub events: Vec<Event>,
    /// Why it had no effect, for people; not hashed.
    pub reason: Option<Reject>,
}

/// A refused transaction, or a broken node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error<E> {
    /// The transaction is refused; nothing was written.
    #[error(transparent)]
    Reject(#[from] Reject),
    /// The node is broken.
    #[error(transparent)]
    Fault(#[from] Fault<E>),
}

/// Carries a transaction out. On an error nothing was written.
pub fn apply<L: Leaves + ?Sized>(
    leaves: &mut L,
    checked: &CheckedTransaction,
    context: &Context<'_>,
) -> Result<Receipt, Error<L::Error>> {
    let mut overlay = Overlay::new(leaves);
    let receipt = run(&mut overlay, checked, context)?;
    overlay.commit().map_err(Fault::Leaves)?;
    Ok(receipt)
}

/// What [`apply`] would answer; nothing is written.
pub fn simulate<L: Leaves + ?Sized>(
    leaves: &mut L,
    checked: &CheckedTransaction,
    context: &Context<'_>,
) -> Result<Receipt, Error<L::Error>> {
    run(&mut Overlay::new(leaves), checked, context)
}

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

fn run<L: Leaves + ?Sized>(
    overlay: &mut Overlay<'_, L>,
    checked: &CheckedTransaction,
    context: &Context<'_>,
) -> Result<Receipt, Error<L::Error>> {
    let (header, body) = (checked.header(), checked.body());
    if context.height > header.valid_until {
        return Err(Reject::Expired {
            valid_until: header.valid_until,
            height: context.height,
        }
        .into());
    }
    let account = take_sequence(overlay, header)?;
    check_fee(overlay, checked, context)?;
    charge(overlay, header, body, account, context)?;
    let mut books = Books::default();
    act(overlay, header.sender, body, context, &mut books)?;
    let mut events = vec![Event::Transaction {
        digest: *checked.digest(),
        kind: body.name(),
        sender: header.sender,
        sequence: header.sequence,
        fee: header.fee,
    }];
    events.append(&mut books.events);
    events.extend(involved(accounts_of(header.sender, body)));
    Ok(Receipt {
        code: Code::Ok,
        data: books.data,
        leaves_made: overlay.made(),
        events,
        reason: None,
    })
}

/// The sender's account with its sequence consumed, not written yet.
pub(super) fn take_sequence<L: Leaves + ?Sized>(
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

fn check_fee<L: Leaves + ?Sized>(
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
fn charge<L: Leaves + ?Sized>(
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
pub(super) const fn maker(body: &Body) -> Maker {
    match body {
        Body::Withdraw { .. } => Maker::Reserved,
        _ => Maker::Ordinary,
    }
}

/// Leaves that a body would make: those it writes that are not there. `consumes` names the account whose sequence is
/// consumed, if one is.
pub(super) fn leaves_needed<L: Leaves + ?Sized>(
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

/// Everyone whom a transaction concerns, the sender first.
pub(super) fn accounts_of(sender: Account, body: &Body) -> Vec<Account> {
    match body {
        Body::Transfer { to, .. } => vec![sender, *to],
        Body::Withdraw { recipient, .. } => vec![sender, Account::ethereum(*recipient)],
        Body::SetPayout { payout } => vec![sender, Account::ethereum(*payout)],
        Body::Record { .. } => vec![sender],
        Body::Message { target, .. } => vec![sender, *target],
    }
}
