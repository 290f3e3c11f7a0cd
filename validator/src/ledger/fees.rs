//! Fees: what a transaction must pay at least, what a leaf costs, and when no more leaves are made.
//!
//! ```text
//! minimum    = base_fee + byte_fee × length + leaf price × leaves made
//! leaf price = leaf_fee × (1 + n / leaf_step)     n: leaves before the transaction, integer division
//!            = flat_leaf_fee                      from n = 2^32 − 2^30 on, where only withdrawals, inbox credits and what lets stake
//!                                                 out make leaves
//! ```
//! Leaves made are the most that the transaction can make, whatever it makes in the end: `leaves_made` and `needs` in `rules`. The cases of
//! each kind are in `validator/vectors/rules/`.

use super::parameters::Parameters;
use super::reject::Reject;

#[cfg(test)]
mod tests;

/// From this leaf count on only withdrawals, credits of the inbox and what lets stake out make leaves: 2^32 − 2^30.
pub const RESERVED_FROM: u32 = 3 << 30;

/// Leaves that the tree can hold while its count fits u32.
pub const CAPACITY: u32 = u32::MAX;

/// Who wants to make leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// Any other transaction.
    Ordinary,
    /// A withdrawal, a credit of the inbox, or a transaction that does nothing but let stake out.
    Reserved,
}

/// Price of one leaf when `count` leaves stand.
pub fn leaf_price(parameters: &Parameters, count: u32) -> u128 {
    if count >= RESERVED_FROM {
        return parameters.flat_leaf_fee;
    }
    let steps = count.checked_div(parameters.leaf_step).unwrap_or(u32::MAX);
    parameters
        .leaf_fee
        .saturating_mul(u128::from(steps).saturating_add(1))
}

/// The lowest fee of a transaction of `length` bytes that makes `leaves` leaves when `count` leaves exist. The sum saturates at 128 bits:
/// nobody could pay that, and valid parameters never lead to it.
pub fn minimum_fee(parameters: &Parameters, length: usize, leaves: u32, count: u32) -> u128 {
    let length = u128::try_from(length).unwrap_or(u128::MAX);
    let bytes = parameters.byte_fee.saturating_mul(length);
    let made = leaf_price(parameters, count).saturating_mul(leaves.into());
    parameters
        .base_fee
        .saturating_add(bytes)
        .saturating_add(made)
}

/// The fee that a wallet signs: the minimum and a tenth of it, rounded up, so that it still suffices when others make leaves meanwhile.
pub fn quote_up(minimum: u128) -> u128 {
    minimum.saturating_add(minimum.div_ceil(10))
}

/// Whether `leaves` more can be made when `count` stand.
pub fn check_room(maker: Maker, count: u32, leaves: u32) -> Result<(), Reject> {
    if leaves == 0 {
        return Ok(());
    }
    if maker == Maker::Ordinary && count >= RESERVED_FROM {
        return Err(Reject::StateFull {
            count,
            limit: RESERVED_FROM,
        });
    }
    match count.checked_add(leaves) {
        Some(_) => Ok(()),
        None => Err(Reject::StateFull {
            count,
            limit: CAPACITY,
        }),
    }
}
