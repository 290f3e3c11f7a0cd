//! Acceptance (message 5): the relayer of a checkpoint is paid once, from the fees of the checkpoint's epoch. Within the relay window that is
//! the relayer that the epoch record names; after it, whoever brought the checkpoint to root.
//!
//! ```text
//! leaves   epoch record r; when it is that epoch's and not paid: fee pool r; when there is a reward and a usable relayer:
//!          epoch record w, fee pool w, the relayer's account w
//! made     the relayer's account
//! records  (21) another epoch in the ring, one already paid, a reward of 0, no usable relayer, a sum that overflows, no room
//! ```

use plasmid_bridge::proof::inbox::{Body, Message};

use super::balance::credit;
use super::recorded::recorded;
use super::{Outcome, Tried, attempt};
use crate::ledger::account::Account;
use crate::ledger::code::Code;
use crate::ledger::context::{Context, Error};
use crate::ledger::event::{Event, involved};
use crate::ledger::fees::{Maker, check_room};
use crate::ledger::leaf::{EpochRecord, FeePool, NATIVE};
use crate::ledger::leaves::{LeafFault, Leaves, Overlay, expect, read, write};
use crate::ledger::parameters::Parameters;
use crate::ledger::slot::{Slot, ring_place};

/// What bringing a checkpoint earns: its gas at the price that root told, at most a share of the epoch's fees, at most the
/// pool; rounded down. Products beyond 128 bits are beyond any pool, so they may saturate.
pub fn reward_down(
    parameters: &Parameters,
    epoch_fees: u128,
    pool: u128,
    gas_price: u128,
    absent: u16,
) -> u128 {
    let absent_gas = u128::from(parameters.relay_absent_gas).saturating_mul(absent.into());
    let gas = u128::from(parameters.relay_fixed_gas).saturating_add(absent_gas);
    let cost = gas
        .saturating_mul(gas_price)
        .saturating_mul(parameters.fee_per_wei);
    cost.min(share_down(epoch_fees, parameters.relay_share_bps))
        .min(pool)
}

/// amount × bps / 10,000, rounded down, without a product that could leave 128 bits.
fn share_down(amount: u128, bps: u16) -> u128 {
    const WHOLE: u128 = 10_000;
    let bps = u128::from(bps).min(WHOLE);
    let thousands = (amount / WHOLE).saturating_mul(bps);
    let rest = (amount % WHOLE).saturating_mul(bps) / WHOLE;
    thousands.saturating_add(rest)
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
    let Some(record) = record.filter(|record| record.epoch == epoch && !record.paid) else {
        return Ok(recorded(message, None));
    };
    let alone = message.arrival.saturating_sub(record.last_block_time)
        <= context.parameters.relay_window_secs;
    let relayer = Account::ethereum(if alone { record.relayer } else { relayer });
    let pool: FeePool = expect(leaves, &Slot::FeePool)?;
    let amount = reward_down(
        context.parameters,
        record.fees,
        pool.amount,
        gas_price,
        absent,
    );
    if amount == 0 || relayer.is_none() {
        return Ok(recorded(message, None));
    }
    if let Err(reject) = context.contracts.check(relayer, NATIVE) {
        return Ok(recorded(message, Some(reject)));
    }
    let paid = attempt(leaves, |leaves| pay(leaves, &slot, record, relayer, amount))?;
    if let Tried::Refused(reject) = paid {
        return Ok(recorded(message, Some(reject)));
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

fn pay<L: Leaves + ?Sized>(
    leaves: &mut Overlay<'_, L>,
    slot: &Slot,
    record: EpochRecord,
    relayer: Account,
    amount: u128,
) -> Result<(), Error<L::Error>> {
    write(
        leaves,
        slot,
        &EpochRecord {
            paid: true,
            ..record
        },
    )?;
    let pool: FeePool = expect(leaves, &Slot::FeePool)?;
    let books = LeafFault::Books {
        slot: Slot::FeePool,
        left: pool.amount,
        right: amount,
    };
    let left = pool.amount.checked_sub(amount).ok_or(books)?;
    write(
        leaves,
        &Slot::FeePool,
        &FeePool {
            amount: left,
            ..pool
        },
    )?;
    credit(leaves, relayer, NATIVE, amount)?;
    Ok(check_room(
        Maker::Reserved,
        leaves.count_before(),
        leaves.made(),
    )?)
}
