//! The leaves of `staking` over the leaves of the ledger.

use plasmid_staking as staking;

use super::leaves::{LeafFault, Leaves, read, write};
use super::slot::Slot;

/// An adapter for as long as one call of `staking`.
#[derive(Debug)]
pub struct Seats<'a, L: ?Sized>(pub &'a mut L);

impl<L: Leaves + ?Sized> staking::TypedLeaves for Seats<'_, L> {
    type Error = LeafFault<L::Error>;

    fn read<T: staking::Leaf>(&mut self, name: T::Name) -> Result<Option<T>, Self::Error> {
        read(self.0, &Slot::from(T::key(name)))
    }

    fn write<T: staking::Leaf>(&mut self, name: T::Name, value: &T) -> Result<(), Self::Error> {
        write(self.0, &Slot::from(T::key(name)), value)
    }
}
