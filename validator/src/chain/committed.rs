//! Reading committed state outside of segments: typed leaves, and the parameters.

use alloy_primitives::B256;

use super::error::ExecutionFault;
use super::overlay::{Overlay, Reads};
use crate::ledger::leaves;
use crate::ledger::{Parameters, Slot, Value};

/// A typed leaf of committed state, or none.
///
/// # Errors
/// [`ExecutionFault`] when the state cannot be read or is not what the rules write.
pub fn leaf<T: Value, R: Reads>(
    reads: &R,
    slot: &Slot,
) -> Result<Option<T>, ExecutionFault<R::Error>> {
    Ok(leaves::read(&mut Overlay::new(reads), slot)?)
}

/// A typed leaf that genesis makes.
///
/// # Errors
/// [`ExecutionFault`] when it is missing, too.
pub fn genesis_leaf<T: Value, R: Reads>(
    reads: &R,
    slot: &Slot,
) -> Result<T, ExecutionFault<R::Error>> {
    Ok(leaves::expect(&mut Overlay::new(reads), slot)?)
}

/// The deployment's parameters.
///
/// # Errors
/// As [`genesis_leaf`].
pub fn parameters<R: Reads>(reads: &R) -> Result<Parameters, ExecutionFault<R::Error>> {
    genesis_leaf(reads, &Slot::Parameters)
}

/// Key of the leaf that every segment touches.
pub(crate) fn parameters_key() -> B256 {
    Slot::Parameters.key()
}
