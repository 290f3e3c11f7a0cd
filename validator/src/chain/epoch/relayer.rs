//! Who carries the checkpoint of the next epoch: named one boundary ahead, in the step that reads the member anyway.
//!
//! ```text
//! leaves   set of e+1 r; epoch record of e+1 w, when one of the step's members is named; where its place holds an old record that was
//!          not paid: fee pool w, rewards w
//! made     the epoch record of a place of the ring that was not used yet
//! ```

use plasmid_staking::Member;

use super::check_epoch;
use crate::chain::error::ExecutionFault;
use crate::ledger::leaf::{EpochRecord, SetLeaf};
use crate::ledger::leaves::{expect, read, write};
use crate::ledger::rules::acceptance::{free_reserve, reserve_down};
use crate::ledger::{Leaves, Parameters, Slot, ring_place};

/// Names who carries the checkpoint of the epoch after the ending one, among the members of the set that will sign it: the one
/// whose number is that epoch modulo the count of the set before, or number 0 when there are fewer members.
pub(super) fn name_relayer<L: Leaves>(
    leaves: &mut L,
    parameters: &Parameters,
    ending: u64,
    first_number: u16,
    members: &[Member],
) -> Result<(), ExecutionFault<L::Error>>
where
    L::Error: std::error::Error + 'static,
{
    let next = ending.saturating_add(1);
    let slot = Slot::Set {
        place: ring_place(next, parameters.ring),
    };
    let before: SetLeaf = expect(leaves, &slot)?;
    check_epoch(slot, next, before.epoch)?;
    let wanted = next.checked_rem(u64::from(before.count)).unwrap_or(0);
    let numbered = (u64::from(first_number)..).zip(members);
    let named = numbered
        .filter(|(number, _)| *number == 0 || *number == wanted)
        .last();
    let Some((_, member)) = named else {
        return Ok(());
    };
    let slot = Slot::EpochRecord {
        place: ring_place(next, parameters.ring),
    };
    give_up(leaves, parameters, ending, &slot)?;
    let record = EpochRecord {
        epoch: next,
        relayer: member.operator,
        ..EpochRecord::default()
    };
    write(leaves, &slot, &record)?;
    Ok(())
}

/// The reserve of an old record that nobody was paid from goes to the reward pool before the record is overwritten.
fn give_up<L: Leaves>(
    leaves: &mut L,
    parameters: &Parameters,
    ending: u64,
    slot: &Slot,
) -> Result<(), ExecutionFault<L::Error>>
where
    L::Error: std::error::Error + 'static,
{
    let old: Option<EpochRecord> = read(leaves, slot)?;
    let Some(old) = old.filter(|old| !old.paid && old.epoch < ending) else {
        return Ok(());
    };
    let reserve = reserve_down(parameters, old.fees);
    free_reserve(leaves, parameters, ending, reserve, 0).map_err(ExecutionFault::stake)
}
