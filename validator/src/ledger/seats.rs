//! The leaves of `staking` over the leaves of the ledger: seats, the tree of minima, members in their ring.

use plasmid_staking::minima::Node;
use plasmid_staking::{Leaves as StakingLeaves, Seat, SetEntry};

use super::leaf::{MemberLeaf, MinimaNode, SeatLeaf};
use super::leaves::{Fault, Leaves, expect, read, write};
use super::slot::{Slot, ring_place};

/// An adapter for as long as one call of `staking`.
#[derive(Debug)]
pub struct Seats<'a, L: ?Sized> {
    leaves: &'a mut L,
    ring: u32,
}

impl<'a, L: Leaves + ?Sized> Seats<'a, L> {
    /// Over leaves with a ring of `ring` epochs.
    pub fn new(leaves: &'a mut L, ring: u32) -> Self {
        Self { leaves, ring }
    }

    fn place(&self, epoch: u64, seat: u16) -> Slot {
        Slot::Member {
            place: ring_place(epoch, self.ring),
            seat,
        }
    }
}

impl<L: Leaves + ?Sized> StakingLeaves for Seats<'_, L> {
    type Error = Fault<L::Error>;

    fn seat(&mut self, seat: u16) -> Result<Seat, Self::Error> {
        expect(self.leaves, &Slot::Seat(seat)).map(|SeatLeaf(seat)| seat)
    }

    fn set_seat(&mut self, seat: u16, value: &Seat) -> Result<(), Self::Error> {
        write(self.leaves, &Slot::Seat(seat), &SeatLeaf(value.clone()))
    }

    fn minima(&mut self, level: u8, index: u16) -> Result<Node, Self::Error> {
        expect(self.leaves, &Slot::Minima { level, index }).map(|MinimaNode(node)| node)
    }

    fn set_minima(&mut self, level: u8, index: u16, value: &Node) -> Result<(), Self::Error> {
        write(
            self.leaves,
            &Slot::Minima { level, index },
            &MinimaNode(*value),
        )
    }

    fn member(&mut self, epoch: u64, seat: u16) -> Result<Option<SetEntry>, Self::Error> {
        let slot = self.place(epoch, seat);
        let leaf: Option<MemberLeaf> = read(self.leaves, &slot)?;
        Ok(leaf.map(|leaf| leaf.entry(seat)))
    }

    fn set_member(&mut self, seat: u16, value: &SetEntry) -> Result<(), Self::Error> {
        let slot = self.place(value.epoch, seat);
        write(self.leaves, &slot, &MemberLeaf::new(value))
    }
}
