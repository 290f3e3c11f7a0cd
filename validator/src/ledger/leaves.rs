//! The port of the ledger: leaves by slot; an adapter in memory; and an overlay that writes all or nothing.
//!
//! Whoever implements [`Leaves`] over the tree gives a new leaf the next index when it is first written: within a segment
//! the order of first writes is the order of indices, so it is part of the protocol.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use super::leaf::{LeafError, Value};
use super::slot::Slot;

#[cfg(test)]
mod tests;

/// Reads and writes of the rules, synchronous and by slot.
pub trait Leaves {
    /// What can go wrong below.
    type Error;

    /// The value at a slot, or `None` when the slot has no leaf.
    fn read(&mut self, slot: &Slot) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Writes a value of the slot's width; the first write makes the leaf.
    fn write(&mut self, slot: &Slot, value: Vec<u8>) -> Result<(), Self::Error>;

    /// Leaves in the tree, the sentinel and those made so far included.
    fn count(&self) -> u32;
}

/// The node is broken: nothing about a transaction causes this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeafFault<E> {
    /// The leaves cannot be read or written.
    #[error("the state cannot be read or written: {0}")]
    Leaves(E),
    /// A leaf that this program did not write.
    #[error("the leaf of {slot} is corrupt: {why}")]
    Corrupt {
        /// The leaf that was read.
        slot: Slot,
        /// What is wrong with its bytes.
        why: LeafError,
    },
    /// A leaf that genesis should have made.
    #[error("the leaf of {slot} is missing; genesis makes it")]
    Missing {
        /// The leaf that is not there.
        slot: Slot,
    },
    /// Books of stake that no sound state has.
    #[error("the books of stake do not add up: {what}")]
    Stake {
        /// Which of them.
        what: &'static str,
    },
    /// A sum of money that conservation makes impossible.
    #[error("the books of {slot} do not add up: {left} and {right}")]
    Books {
        /// The leaf whose amount would change.
        slot: Slot,
        /// The amount that the leaf holds, in base units.
        left: u128,
        /// The amount that was to be added or taken, in base units.
        right: u128,
    },
}

/// The typed value at a slot, or `None` when the slot has no leaf.
pub fn read<T: Value, L: Leaves + ?Sized>(
    leaves: &mut L,
    slot: &Slot,
) -> Result<Option<T>, LeafFault<L::Error>> {
    let Some(bytes) = leaves.read(slot).map_err(LeafFault::Leaves)? else {
        return Ok(None);
    };
    T::decode(&bytes)
        .map(Some)
        .map_err(|why| LeafFault::Corrupt { slot: *slot, why })
}

/// The typed value at a slot that genesis made.
pub fn expect<T: Value, L: Leaves + ?Sized>(
    leaves: &mut L,
    slot: &Slot,
) -> Result<T, LeafFault<L::Error>> {
    read(leaves, slot)?.ok_or(LeafFault::Missing { slot: *slot })
}

/// Writes a typed value.
pub fn write<T: Value, L: Leaves + ?Sized>(
    leaves: &mut L,
    slot: &Slot,
    value: &T,
) -> Result<(), LeafFault<L::Error>> {
    leaves
        .write(slot, value.encode())
        .map_err(LeafFault::Leaves)
}

/// Leaves in memory: the sentinel and what was written; counts what was touched.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    leaves: BTreeMap<Slot, Vec<u8>>,
    order: Vec<Slot>,
    touched: BTreeSet<Slot>,
    before: u32,
}

impl Memory {
    /// Nothing but the sentinel.
    pub fn new() -> Self {
        Self::with_count(1)
    }

    /// As if `before` other leaves stood there.
    pub fn with_count(before: u32) -> Self {
        Self {
            before,
            ..Self::default()
        }
    }

    /// Slots in the order in which their leaves were made.
    pub fn order(&self) -> &[Slot] {
        &self.order
    }

    /// Every leaf, ordered by slot.
    pub fn iter(&self) -> impl Iterator<Item = (&Slot, &[u8])> {
        self.leaves
            .iter()
            .map(|(slot, value)| (slot, value.as_slice()))
    }

    /// The slots read or written since the last call.
    pub fn take_touched(&mut self) -> BTreeSet<Slot> {
        std::mem::take(&mut self.touched)
    }
}

impl Leaves for Memory {
    type Error = Infallible;

    fn read(&mut self, slot: &Slot) -> Result<Option<Vec<u8>>, Infallible> {
        self.touched.insert(*slot);
        Ok(self.leaves.get(slot).cloned())
    }

    fn write(&mut self, slot: &Slot, value: Vec<u8>) -> Result<(), Infallible> {
        self.touched.insert(*slot);
        if self.leaves.insert(*slot, value).is_none() {
            self.order.push(*slot);
        }
        Ok(())
    }

    fn count(&self) -> u32 {
        let made = u32::try_from(self.order.len()).unwrap_or(u32::MAX);
        self.before.saturating_add(made)
    }
}

/// Writes held back over other leaves: [`HeldWrites::commit`] makes them in the order of the first write to each slot, and
/// dropping the overlay makes none of them. A slot is read below once.
#[derive(Debug)]
pub struct HeldWrites<'a, L: ?Sized> {
    below: &'a mut L,
    /// A handful, since every rule touches O(1) leaves: searched from the first on.
    held: Vec<(Slot, Held)>,
    order: Vec<Slot>,
    made: u32,
}

#[derive(Debug)]
struct Held {
    value: Option<Vec<u8>>,
    written: bool,
}

impl<'a, L: Leaves + ?Sized> HeldWrites<'a, L> {
    /// Nothing written yet.
    pub fn new(below: &'a mut L) -> Self {
        Self {
            below,
            held: Vec::new(),
            order: Vec::new(),
            made: 0,
        }
    }

    /// Leaves that the writes would make.
    pub const fn made(&self) -> u32 {
        self.made
    }

    /// Leaves that stood before the writes.
    pub fn count_before(&self) -> u32 {
        self.below.count()
    }

    /// Writes through.
    pub fn commit(mut self) -> Result<(), L::Error> {
        for slot in std::mem::take(&mut self.order) {
            if let Some(value) = self.load(&slot)?.value.take() {
                self.below.write(&slot, value)?;
            }
        }
        Ok(())
    }

    fn load(&mut self, slot: &Slot) -> Result<&mut Held, L::Error> {
        let place = self.held.iter().position(|(held, _)| held == slot);
        if place.is_none() {
            let value = self.below.read(slot)?;
            let written = false;
            self.held.push((*slot, Held { value, written }));
        }
        let last = self.held.len().saturating_sub(1);
        let (_, held) = &mut self.held[place.unwrap_or(last)];
        Ok(held)
    }
}

impl<L: Leaves + ?Sized> Leaves for HeldWrites<'_, L> {
    type Error = L::Error;

    fn read(&mut self, slot: &Slot) -> Result<Option<Vec<u8>>, L::Error> {
        Ok(self.load(slot)?.value.clone())
    }

    fn write(&mut self, slot: &Slot, value: Vec<u8>) -> Result<(), L::Error> {
        let held = self.load(slot)?;
        let new = held.value.replace(value).is_none();
        let first = !std::mem::replace(&mut held.written, true);
        if new {
            self.made = self.made.saturating_add(1);
        }
        if first {
            self.order.push(*slot);
        }
        Ok(())
    }

    fn count(&self) -> u32 {
        self.below.count().saturating_add(self.made)
    }
}
