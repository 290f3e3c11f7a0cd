//! Acceptance (message 5): root's time of the acceptance is kept, and the relayer of the checkpoint is paid once, from the reserve of its
//! epoch's fees. Within the relay window that is the relayer that the epoch record names; after it, whoever brought the checkpoint to
//! root. What of the reserve is not paid goes to the reward pool.
//!
//! ```text
//! leaves   epoch record w, when it is that epoch's; when it is not settled: where there is a reward and a usable relayer fee pool w, the
//!          relayer's account w; then, for what is not paid, fee pool w, rewards w
//! made     the relayer's account
//! records  (21) another epoch in the ring, one already settled, a reward of 0, no usable relayer, a sum that overflows, no room
//! ```

use plasmid_bridge::proof::inbox::{Body, Message};
use plasmid_staking::{Input, share_down};

use super::balance::credit;
use super::recorded::recorded;
use super::{Outcome, Tried, attempt};
use crate::ledger::account::Account;
use crate::ledger::code::Code;
use crate::ledger::context::{Context, Error};
use crate::ledger::event::{Event, involved};
use crate::ledger::fees::{Maker, check_room};
use crate::ledger::leaf::{EpochRecord, FeePool, NATIVE};
use crate::ledger::leaves::{HeldWrites, LeafFault, Leaves, expect, read, write};
use crate::ledger::parameters::Parameters;
use crate::ledger::reject::Reject;
use crate::ledger::slot::{Slot, ring_place};
use crate::ledger::stake;

/// What bringing a checkpoint earns: its gas at the price that root told, at most the reserve of the epoch's fees; rounded down.
/// Products beyond 128 bits are beyond any reserve, so they may saturate.
pub fn reward_down(
    parameters: &Parameters,
    epoch_fees: u128,
    gas_price: u128,
    absent: u16,
) -> u128 {
    let absent_gas = u128::from(parameters.relay_absent_gas).saturating_mul(absent.into());
    let gas = u128::from(parameters.relay_fixed_gas).saturating_add(absent_gas);
    let cost = gas
        .saturating_mul(gas_price)
        .saturating_mul(parameters.fee_per_wei);
    cost.min(reserve_down(parameters, epoch_fees))
}

/// Pays the relayer of an accepted checkpoint, or records that there is nothing to pay.
pub(in crate::ledger) fn apply<L: Leaves + ?Sized>(
    leaves: &mut L,
    message: &Message,
    context: &Context<'_>,
) -> Result<Outcome, LeafFault<L::Error>> {
    let Body::Acceptance {
        epoch,
        relayer,
        gas_price,
        absent,
    } = message.body
    else {
        return Ok(recorded(message, None));
    };
    let slot = Slot::EpochRecord {
        place: ring_place(epoch, context.parameters.ring),
    };
    let record: Option<EpochRecord> = read(leaves, &slot)?;
    let Some(record) = record.filter(|record| record.epoch == epoch) else {
        return Ok(recorded(message, None));
    };
    let accepted = match record.accepted {
        0 => message.arrival,
        first => first,
    };
    let settled = EpochRecord {
        accepted,
        paid: true,
        ..record
    };
    write(leaves, &slot, &settled)?;
    if record.paid {
        return Ok(recorded(message, None));
    }
    let alone = message.arrival.saturating_sub(record.last_block_time)
        <= context.parameters.relay_window_secs;
    let relayer = Account::ethereum(if alone { record.relayer } else { relayer });
    let amount = reward_down(context.parameters, record.fees, gas_price, absent);
    let tried = match payable(relayer, amount, context) {
        Ok(()) => attempt(leaves, |leaves| pay(leaves, relayer, amount))?,
        Err(refused) => refused,
    };
    let reserve = reserve_down(context.parameters, record.fees);
    let paid = match tried {
        Tried::Done(()) => amount,
        Tried::Refused(_) => 0,
    };
    let freed = free_reserve(leaves, context.parameters, context.epoch(), reserve, paid);
    freed.map_err(|error| match error {
        Error::Fault(fault) => fault,
        Error::Reject(_) => LeafFault::Stake {
            what: "the reserve of an epoch",
        },
    })?;
    if let Tried::Refused(reject) = tried {
        let why = (amount != 0 && !relayer.is_none()).then_some(reject);
        return Ok(recorded(message, why));
    }
    let mut events = vec![Event::Acceptance {
        index: message.index,
        epoch,
        relayer,
        amount,
    }];
    events.extend(involved([relayer]));
    Ok(Outcome {
        code: Code::Ok,
        data: Vec::new(),
        events,
        reason: None,
    })
}

/// Refuses to pay nothing, nobody, and who could not use it.
fn payable(relayer: Account, amount: u128, context: &Context<'_>) -> Result<(), Tried<()>> {
    if amount == 0 || relayer.is_none() {
        return Err(Tried::Refused(Reject::ZeroAmount));
    }
    let usable = context.contracts.check(relayer, NATIVE);
    usable.map_err(Tried::Refused)
}

/// What of an epoch's fees waits for its relayer.
pub fn reserve_down(parameters: &Parameters, epoch_fees: u128) -> u128 {
    const WHOLE: u128 = 10_000;
    let bps = u128::from(parameters.relay_share_bps).min(WHOLE);
    share_down(epoch_fees, bps, WHOLE).unwrap_or(epoch_fees)
}

/// What was not paid of a reserve leaves the fee pool and enters the reward pool.
///
/// # Errors
/// [`Error::Reject`] when staking refuses it, which no sound state makes happen.
pub fn free_reserve<L: Leaves + ?Sized>(
    leaves: &mut L,
    parameters: &Parameters,
    epoch: u64,
    reserve: u128,
    paid: u128,
) -> Result<(), Error<L::Error>> {
    let rest = reserve.saturating_sub(paid);
    if rest == 0 {
        return Ok(());
    }
    take_from_pool(leaves, rest)?;
    stake::apply_at(leaves, parameters, epoch, &Input::Fund(rest))?;
    Ok(())
}

fn pay<L: Leaves + ?Sized>(
    leaves: &mut HeldWrites<'_, L>,
    relayer: Account,
    amount: u128,
) -> Result<(), Error<L::Error>> {
    take_from_pool(leaves, amount)?;
    credit(leaves, relayer, NATIVE, amount)?;
    Ok(check_room(
        Maker::Reserved,
        leaves.count_before(),
        leaves.made(),
    )?)
}

/// The fee pool gets less.
///
/// # Errors
/// [`LeafFault::Books`] when it has less than that.
pub fn take_from_pool<L: Leaves + ?Sized>(
    leaves: &mut L,
    amount: u128,
) -> Result<(), LeafFault<L::Error>> {
    let pool: FeePool = expect(leaves, &Slot::FeePool)?;
    let books = LeafFault::Books {
        slot: Slot::FeePool,
        left: pool.amount,
        right: amount,
    };
    let amount = pool.amount.checked_sub(amount).ok_or(books)?;
    write(leaves, &Slot::FeePool, &FeePool { amount, ..pool })
}
