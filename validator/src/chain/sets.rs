//! Reading committed state outside of segments: parameters, and the set of a height through the one accessor.

use alloy_primitives::B256;
use plasmid_staking::{self as staking, Member};

use super::error::Fault;
use super::overlay::{Overlay, Reads};
use crate::ledger::leaves;
use crate::ledger::{Parameters, Seats, Slot, Value};

/// A typed leaf of committed state, or none.
///
/// # Errors
/// [`Fault`] when the state cannot be read or is not what the rules write.
pub fn leaf<T: Value, R: Reads>(reads: &R, slot: &Slot) -> Result<Option<T>, Fault<R::Error>> {
    Ok(leaves::read(&mut Overlay::new(reads), slot)?)
}

/// A typed leaf that genesis makes.
///
/// # Errors
/// [`Fault`] when it is missing, too.
pub fn genesis_leaf<T: Value, R: Reads>(reads: &R, slot: &Slot) -> Result<T, Fault<R::Error>> {
    Ok(leaves::expect(&mut Overlay::new(reads), slot)?)
}

/// The deployment's parameters.
///
/// # Errors
/// As [`genesis_leaf`].
pub fn parameters<R: Reads>(reads: &R) -> Result<Parameters, Fault<R::Error>> {
    genesis_leaf(reads, &Slot::Parameters)
}

/// What staking needs of the parameters.
pub(crate) fn staking_rules(parameters: &Parameters) -> staking::Rules {
    staking::Rules {
        seats: parameters.seats,
        unit: parameters.unit,
    }
}

/// The set that signs votes at `height`, in seat order: the place in this list is the member number.
///
/// # Errors
/// [`Fault`] for height 0, and for a height whose set the ring no longer holds.
pub fn set_at<R: Reads>(reads: &R, height: u64) -> Result<Vec<Member>, Fault<R::Error>> {
    let parameters = parameters(reads)?;
    let mut overlay = Overlay::new(reads);
    let mut leaves = Seats::new(&mut overlay, parameters.ring);
    let rules = staking_rules(&parameters);
    staking::set_at(&mut leaves, &rules, height, parameters.epoch_blocks).map_err(Fault::staking)
}

/// Key of the leaf that every segment touches.
pub(crate) fn parameters_key() -> B256 {
    Slot::Parameters.key()
}
