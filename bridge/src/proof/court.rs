//! What the court judges by: how much an offence cuts, and what a report commits to.
//!
//! An offence is (operator, epoch). s(e) is the sum of the shares of the distinct operators with offences in the epochs e − 1, e and e + 1,
//! each with its largest share there; the cut of e is min(1, max(least, 9·s(e)²)), rounded up (Namada's cubic slashing). Epochs do not
//! chain: an offence of e + 2 is nothing to e. Where two certificates were shown for an epoch, more than a third signed both, and the cut of it and of
//! both neighbours is 1. Twin: `contracts/src/court/Settlement.sol`, which keeps sums instead of a list.

use std::collections::BTreeMap;

use super::{Hash, deployment::word, keccak::hash};

/// Parts of the whole: of power, of stake.
pub const WHOLE: u64 = 1_000_000_000;

/// One offence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offence {
    /// Who committed it.
    pub operator: [u8; 20],
    /// The epoch whose set it was a member of.
    pub epoch: u64,
    /// Its share of that set's power, of [`WHOLE`].
    pub share: u32,
}

/// A member's share of its set's power, of [`WHOLE`], rounded up; of a forged set too at most the whole.
#[must_use]
pub fn share(power: u64, total: u64) -> u32 {
    let share = match power < total {
        true => u128::from(power)
            .saturating_mul(u128::from(WHOLE))
            .div_ceil(u128::from(total)),
        false => u128::from(WHOLE),
    };
    u32::try_from(share).unwrap_or(u32::MAX)
}

/// The cut of an offence of `epoch`, of [`WHOLE`], by all that is known.
///
/// `convicted` are the epochs for which two certificates were shown.
#[must_use]
pub fn cut(offences: &[Offence], convicted: &[u64], epoch: u64, least: u32) -> u64 {
    if convicted.iter().any(|one| one.abs_diff(epoch) <= 1) {
        return WHOLE;
    }
    let mut largest: BTreeMap<[u8; 20], u32> = BTreeMap::new();
    for one in offences.iter().filter(|one| one.epoch.abs_diff(epoch) <= 1) {
        let share = largest.entry(one.operator).or_default();
        *share = one.share.max(*share);
    }
    let sum = largest
        .values()
        .fold(0_u128, |sum, share| sum.saturating_add(u128::from(*share)));
    let cubic = sum
        .saturating_mul(sum)
        .saturating_mul(9)
        .div_ceil(u128::from(WHOLE));
    u64::try_from(cubic)
        .unwrap_or(WHOLE)
        .max(u64::from(least))
        .min(WHOLE)
}

/// What a reporter commits to before it reveals: keccak of `PRPT` ‖ root chain id u256 ‖ Court 20 ‖ evidence 32 ‖ beneficiary 20 ‖ salt 32.
///
/// `evidence` is the hash of the ABI-encoded evidence. It holds signatures, so nobody knows it before the offence.
#[must_use]
pub fn commitment(
    root_chain_id: u64,
    court: &[u8; 20],
    evidence: &Hash,
    beneficiary: &[u8; 20],
    salt: &Hash,
) -> Hash {
    hash(&[
        b"PRPT",
        &word(u128::from(root_chain_id)),
        court,
        evidence.as_slice(),
        beneficiary,
        salt.as_slice(),
    ])
}

#[cfg(test)]
mod tests;
