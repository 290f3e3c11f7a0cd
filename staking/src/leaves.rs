//! The port: the leaves that staking reads and writes, typed, and an adapter in memory beside it.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use crate::minima::{self, Node};
use crate::{Seat, SetEntry};

/// Leaves of seats, of the tree of minima and of the sets. Genesis makes every seat and every node, so a missing one is an
/// error of the port. Whoever implements this decides how an epoch maps to a ring; [`SetEntry::epoch`] tells what the
/// ring holds there now.
pub trait Leaves {
    /// What can go wrong below: the node is broken, not the input.
    type Error;

    /// The seat leaf of `seat`.
    fn seat(&mut self, seat: u16) -> Result<Seat, Self::Error>;
    /// Writes the seat leaf of `seat`.
    fn set_seat(&mut self, seat: u16, value: &Seat) -> Result<(), Self::Error>;
    /// The node `index` of `level` of the tree of minima.
    fn minima(&mut self, level: u8, index: u16) -> Result<Node, Self::Error>;
    /// Writes the node `index` of `level` of the tree of minima.
    fn set_minima(&mut self, level: u8, index: u16, value: &Node) -> Result<(), Self::Error>;
    /// What stands at `seat` in the place of the ring that `epoch` maps to.
    fn member(&mut self, epoch: u64, seat: u16) -> Result<Option<SetEntry>, Self::Error>;
    /// Writes the entry of (`value.epoch`, `seat`).
    fn set_member(&mut self, seat: u16, value: &SetEntry) -> Result<(), Self::Error>;
}

/// A leaf that genesis should have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// Of a seat.
    #[error("seat {seat} has no leaf")]
    Seat { seat: u16 },
    /// Of the tree of minima.
    #[error("node {index} of level {level} of the minima has no leaf")]
    Minima { level: u8, index: u16 },
}

/// Leaves in memory, made for a number of seats, with a ring of epochs.
#[derive(Clone, Debug)]
pub struct MemoryLeaves {
    ring: NonZeroU64,
    seats: Vec<Seat>,
    minima: Vec<Vec<Node>>,
    members: BTreeMap<(u64, u16), SetEntry>,
}

impl MemoryLeaves {
    /// Empty seats as genesis makes them, and a ring of `ring` epochs (at least 1).
    pub fn new(seats: u16, ring: u64) -> Self {
        let seats = vec![Seat::default(); usize::from(seats)];
        let stakes: Vec<u128> = seats.iter().map(Seat::weight).collect();
        Self {
            ring: NonZeroU64::new(ring).unwrap_or(NonZeroU64::MIN),
            minima: minima::build(&stakes),
            seats,
            members: BTreeMap::new(),
        }
    }

    fn node(&mut self, level: u8, index: u16) -> Result<&mut Node, Missing> {
        let nodes = self.minima.get_mut(usize::from(level));
        nodes
            .and_then(|nodes| nodes.get_mut(usize::from(index)))
            .ok_or(Missing::Minima { level, index })
    }
}

impl Leaves for MemoryLeaves {
    type Error = Missing;

    fn seat(&mut self, seat: u16) -> Result<Seat, Missing> {
        self.seats
            .get(usize::from(seat))
            .cloned()
            .ok_or(Missing::Seat { seat })
    }

    fn set_seat(&mut self, seat: u16, value: &Seat) -> Result<(), Missing> {
        let held = self
            .seats
            .get_mut(usize::from(seat))
            .ok_or(Missing::Seat { seat })?;
        *held = value.clone();
        Ok(())
    }

    fn minima(&mut self, level: u8, index: u16) -> Result<Node, Missing> {
        self.node(level, index).copied()
    }

    fn set_minima(&mut self, level: u8, index: u16, value: &Node) -> Result<(), Missing> {
        *self.node(level, index)? = *value;
        Ok(())
    }

    fn member(&mut self, epoch: u64, seat: u16) -> Result<Option<SetEntry>, Missing> {
        Ok(self.members.get(&(epoch % self.ring, seat)).cloned())
    }

    fn set_member(&mut self, seat: u16, value: &SetEntry) -> Result<(), Missing> {
        self.members
            .insert((value.epoch % self.ring, seat), value.clone());
        Ok(())
    }
}
