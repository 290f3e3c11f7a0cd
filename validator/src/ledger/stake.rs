//! Staking over the leaves of the ledger: its port, its rules' parameters, and the money that its effects move.

use plasmid_staking as staking;
use plasmid_staking::{Effect, Input};

use super::account::Account;
use super::context::{Context, Error};
use super::leaf::{Burned, NATIVE};
use super::leaves::{LeafFault, Leaves, expect, read, write};
use super::parameters::Parameters;
use super::rules::{credit, debit};
use super::slot::Slot;

#[cfg(test)]
pub(crate) mod tests;

/// An adapter for as long as one call of `staking`.
#[derive(Debug)]
pub struct Stake<'a, L: ?Sized>(pub &'a mut L);

impl<L: Leaves + ?Sized> staking::TypedLeaves for Stake<'_, L> {
    type Error = LeafFault<L::Error>;

    fn read<T: staking::Leaf>(&mut self, name: T::Name) -> Result<Option<T>, Self::Error> {
        read(self.0, &Slot::from(T::key(name)))
    }

    fn write<T: staking::Leaf>(&mut self, name: T::Name, value: &T) -> Result<(), Self::Error> {
        write(self.0, &Slot::from(T::key(name)), value)
    }
}

/// What staking needs of the parameters.
pub fn staking_rules(parameters: &Parameters) -> staking::Rules {
    staking::Rules {
        seats: parameters.seats,
        unit: parameters.unit,
        ring: parameters.ring,
        min_seat: parameters.min_seat,
        min_redelegation: parameters.min_redelegation,
        drip: parameters.drip,
        unbonding_secs: parameters.unbonding_secs,
        jail_divisor: parameters.jail_divisor,
        jail_epochs: parameters.jail_epochs,
        max_commission: parameters.max_commission_bps,
        commission_step: parameters.commission_step_bps,
    }
}

/// Applies one input in an epoch, without its effects on money. On an error the caller drops what was written.
///
/// # Errors
/// [`Error::Reject`] when staking refuses it.
pub fn apply_at<L: Leaves + ?Sized>(
    leaves: &mut L,
    parameters: &Parameters,
    epoch: u64,
    input: &Input,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let rules = staking_rules(parameters);
    let context = staking::Context {
        rules: &rules,
        epoch,
    };
    let outcome = staking::apply(&mut Stake(leaves), &context, input);
    #[cfg(test)]
    tests::carried::note(input, &outcome);
    Ok(outcome?)
}

/// Applies one input in the block of `context` and moves the money that it moves. On an error the caller drops what was written.
///
/// # Errors
/// [`Error::Reject`] when staking refuses it, or when nobody could be paid.
pub(in crate::ledger) fn apply<L: Leaves + ?Sized>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &Input,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let effects = apply_at(leaves, context.parameters, context.epoch(), input)?;
    for effect in &effects {
        match effect {
            Effect::Take { from, amount } => {
                debit(leaves, Account::from_bytes(from), NATIVE, *amount)?;
            }
            Effect::Pay { to, amount } => {
                credit(leaves, Account::from_bytes(to), NATIVE, *amount)?;
            }
            Effect::Burn { amount } => burn(leaves, *amount)?,
            _ => {}
        }
    }
    Ok(effects)
}

fn burn<L: Leaves + ?Sized>(leaves: &mut L, amount: u128) -> Result<(), LeafFault<L::Error>> {
    let burned: Burned = expect(leaves, &Slot::Burned)?;
    let sum = burned.amount.checked_add(amount);
    let amount = sum.ok_or(LeafFault::Books {
        slot: Slot::Burned,
        left: burned.amount,
        right: amount,
    })?;
    write(leaves, &Slot::Burned, &Burned { amount })
}

impl<E> From<staking::Error<LeafFault<E>>> for Error<E> {
    fn from(error: staking::Error<LeafFault<E>>) -> Self {
        match error {
            staking::Error::Reject(reject) => Self::Reject(reject.into()),
            staking::Error::Fault(fault) => Self::Fault(fault),
            staking::Error::Missing(key) => Self::Fault(LeafFault::Missing {
                slot: Slot::from(key),
            }),
            staking::Error::Books(what) => Self::Fault(LeafFault::Stake { what }),
        }
    }
}
