//! Sets: the one accessor by height, the leaf that commits to one, and what the engine is told when the next one comes.

use plasmid_bridge::proof::set::Accumulator;
use plasmid_staking::{
    self as staking, Difference, Effect, Key, Member, MemberLeaf, Update, epoch_of,
};

use super::ends_epoch;
use crate::chain::committed::parameters;
use crate::chain::error::ExecutionFault;
use crate::chain::overlay::{Overlay, Reads};
use crate::ledger::leaf::SetLeaf;
use crate::ledger::leaves::expect;
use crate::ledger::stake::{Stake, staking_rules};
use crate::ledger::{Error, Parameters, Slot, ring_place};

/// The set that signs votes at `height`, in seat order: the place in this list is the member number.
///
/// # Errors
/// [`ExecutionFault`] for height 0, and for a height whose set the ring no longer holds.
pub fn set_at<R: Reads>(reads: &R, height: u64) -> Result<Vec<Member>, ExecutionFault<R::Error>> {
    let parameters = parameters(reads)?;
    let mut overlay = Overlay::new(reads);
    let mut leaves = Stake(&mut overlay);
    let rules = staking_rules(&parameters);
    staking::set_at(&mut leaves, &rules, height, parameters.epoch_blocks)
        .map_err(|error| ExecutionFault::stake(Error::from(error)))
}

/// The epoch of the first set that is a copy of the one before it, of the set that signs the block behind `height` and the set after that
/// one. A boundary makes a copy when no seat has a holder: its members have no stake, nothing is at risk and nobody is paid in such an epoch.
///
/// # Errors
/// [`ExecutionFault`] when the leaves cannot be read or are missing.
pub fn copied_set<R: Reads>(
    reads: &R,
    height: u64,
) -> Result<Option<u64>, ExecutionFault<R::Error>> {
    let parameters = parameters(reads)?;
    let behind = height.saturating_add(1);
    let now = epoch_of(behind, parameters.epoch_blocks)
        .ok_or(ExecutionFault::Height { height: behind })?;
    for epoch in [now, now.saturating_add(1)] {
        if is_copied(reads, &parameters, epoch)? {
            return Ok(Some(epoch));
        }
    }
    Ok(None)
}

fn is_copied<R: Reads>(
    reads: &R,
    parameters: &Parameters,
    epoch: u64,
) -> Result<bool, ExecutionFault<R::Error>> {
    let place = ring_place(epoch, parameters.ring);
    let mut overlay = Overlay::new(reads);
    for seat in 0..parameters.seats {
        let leaf: MemberLeaf = expect(&mut overlay, &Slot::from(Key::Member { place, seat }))?;
        if let Some(standing) = leaf.standing {
            return Ok(leaf.epoch == epoch && standing.stake == 0);
        }
    }
    Ok(false)
}

/// The members that rolling seats gave, in seat order.
pub(crate) fn members_of(effects: Vec<Effect>) -> Vec<Member> {
    let members = effects.into_iter().filter_map(|effect| match effect {
        Effect::Member(member) => Some(member),
        _ => None,
    });
    members.collect()
}

/// The leaf that commits to a finished set.
pub fn set_leaf(epoch: u64, accumulator: &Accumulator) -> SetLeaf {
    let set = accumulator.finish();
    SetLeaf {
        epoch,
        members_root: set.members_root.0,
        count: set.count,
        aggregate_key: set.aggregate,
        total_power: set.total,
        commitment: set.commitment.0,
    }
}

/// What turns the engine's set into that of the next epoch, told by the second-last block of an epoch.
pub(crate) fn updates<R: Reads>(
    reads: &R,
    height: u64,
    parameters: &Parameters,
) -> Result<Vec<Update>, ExecutionFault<R::Error>> {
    let next = height.saturating_add(1);
    if !ends_epoch(next, parameters.epoch_blocks) {
        return Ok(Vec::new());
    }
    let epoch =
        epoch_of(height, parameters.epoch_blocks).ok_or(ExecutionFault::Height { height })?;
    let old = set_at(reads, next)?;
    let new = set_at(reads, next.saturating_add(1))?;
    match staking::difference(&old, &new)
        .map_err(|why| ExecutionFault::Difference { epoch, why })?
    {
        Difference::Updates(updates) => Ok(updates),
        Difference::KeepOld => Err(ExecutionFault::EmptySet {
            epoch: epoch.saturating_add(1),
        }),
    }
}
