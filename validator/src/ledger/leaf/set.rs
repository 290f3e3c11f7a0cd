//! Leaves of seats, of the sets fixed from them, and of validators.

use plasmid_bridge::proof::bytes::Reader;
use plasmid_staking::minima::{ARITY, Node, Weight};
use plasmid_staking::{Member, Seat, SeatState, SetEntry};

use super::chain::take_flag;
use super::{LeafError, Value, refuse};

/// One seat of a fixed set. The seat itself stands in the key, so the value alone does not know it: see [`MemberLeaf::entry`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberLeaf {
    /// Epoch of the set.
    pub epoch: u64,
    /// Whether the seat had power.
    pub present: bool,
    /// The validator's account.
    pub operator: [u8; 20],
    /// Number of its registration.
    pub registration: u64,
    /// Ed25519 key.
    pub consensus_key: [u8; 32],
    /// BLS key in G1.
    pub checkpoint_key: [u8; 96],
    /// Weight; zero when not present.
    pub power: u64,
}

impl MemberLeaf {
    /// The leaf of a seat without power.
    pub const fn absent(epoch: u64) -> Self {
        Self {
            epoch,
            present: false,
            operator: [0; 20],
            registration: 0,
            consensus_key: [0; 32],
            checkpoint_key: [0; 96],
            power: 0,
        }
    }

    /// The leaf of what staking fixed.
    pub fn new(entry: &SetEntry) -> Self {
        match &entry.member {
            None => Self::absent(entry.epoch),
            Some(member) => Self {
                epoch: entry.epoch,
                present: true,
                operator: member.operator,
                registration: member.registration,
                consensus_key: member.consensus_key,
                checkpoint_key: member.checkpoint_key,
                power: member.power,
            },
        }
    }

    /// What staking reads, for the seat of the key.
    pub fn entry(self, seat: u16) -> SetEntry {
        let Self {
            epoch,
            present,
            operator,
            registration,
            consensus_key,
            checkpoint_key,
            power,
        } = self;
        let member = Member {
            seat,
            operator,
            registration,
            consensus_key,
            checkpoint_key,
            power,
        };
        SetEntry {
            epoch,
            member: present.then_some(member),
        }
    }
}

impl Value for MemberLeaf {
    const KIND: u8 = 0x0c;

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.epoch.to_be_bytes());
        bytes.push(u8::from(self.present));
        bytes.extend(self.operator);
        bytes.extend(self.registration.to_be_bytes());
        bytes.extend(self.consensus_key);
        bytes.extend(self.checkpoint_key);
        bytes.extend(self.power.to_be_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        let value = Self {
            epoch: reader.u64()?,
            present: take_flag::<Self>(reader, "present")?,
            operator: reader.array()?,
            registration: reader.u64()?,
            consensus_key: reader.array()?,
            checkpoint_key: reader.array()?,
            power: reader.u64()?,
        };
        if value.present && value.power == 0 {
            return Err(refuse::<Self>("power of a member", 0));
        }
        if !value.present && value != Self::absent(value.epoch) {
            return Err(refuse::<Self>("field of an absent member", 1));
        }
        Ok(value)
    }
}

/// The commitment to a fixed set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetLeaf {
    /// Epoch of the set.
    pub epoch: u64,
    /// List root over member leaves.
    pub members_root: [u8; 32],
    /// Members.
    pub count: u16,
    /// Sum of the checkpoint keys.
    pub aggregate_key: [u8; 96],
    /// Sum of the powers.
    pub total_power: u64,
    /// Hash of all that.
    pub commitment: [u8; 32],
}

impl Value for SetLeaf {
    const KIND: u8 = 0x0d;

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.epoch.to_be_bytes());
        bytes.extend(self.members_root);
        bytes.extend(self.count.to_be_bytes());
        bytes.extend(self.aggregate_key);
        bytes.extend(self.total_power.to_be_bytes());
        bytes.extend(self.commitment);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self {
            epoch: reader.u64()?,
            members_root: reader.array()?,
            count: reader.u16()?,
            aggregate_key: reader.array()?,
            total_power: reader.u64()?,
            commitment: reader.array()?,
        })
    }
}

/// A seat, as `staking` knows it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SeatLeaf(pub Seat);

impl Value for SeatLeaf {
    const KIND: u8 = 0x0e;

    fn put(&self, bytes: &mut Vec<u8>) {
        let seat = &self.0;
        bytes.push(seat.state.byte());
        bytes.extend(seat.operator);
        bytes.extend(seat.registration.to_be_bytes());
        bytes.extend(seat.consensus_key);
        bytes.extend(seat.checkpoint_key);
        bytes.extend(seat.stake.to_be_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        let byte = reader.u8()?;
        let state = SeatState::from_byte(byte).ok_or(refuse::<Self>("state", u64::from(byte)))?;
        let seat = Seat {
            state,
            operator: reader.array()?,
            registration: reader.u64()?,
            consensus_key: reader.array()?,
            checkpoint_key: reader.array()?,
            stake: reader.u128()?,
        };
        if state == SeatState::Empty && seat != Seat::default() {
            return Err(refuse::<Self>("field of an empty seat", 1));
        }
        Ok(Self(seat))
    }
}

/// A node of the tree of minima, as `staking` knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct MinimaNode(pub Node);

impl Value for MinimaNode {
    const KIND: u8 = 0x0f;

    fn put(&self, bytes: &mut Vec<u8>) {
        for Weight { stake, seat } in self.0.0 {
            bytes.extend(stake.to_be_bytes());
            bytes.extend(seat.to_be_bytes());
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        let mut places = [Weight::UNUSED; ARITY as usize];
        for place in &mut places {
            *place = Weight {
                stake: reader.u128()?,
                seat: reader.u16()?,
            };
        }
        Ok(Self(Node(places)))
    }
}

/// A registered validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValidatorLeaf {
    /// Number of its newest registration.
    pub registration: u64,
    /// Its seat, or [`ValidatorLeaf::NO_SEAT`].
    pub seat: u16,
    /// What is left of its bounty bond on root, wei.
    pub bounty_bond: u128,
}

impl ValidatorLeaf {
    /// In place of a seat when it has none.
    pub const NO_SEAT: u16 = u16::MAX;
}

impl Value for ValidatorLeaf {
    const KIND: u8 = 0x10;

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.registration.to_be_bytes());
        bytes.extend(self.seat.to_be_bytes());
        bytes.extend(self.bounty_bond.to_be_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self {
            registration: reader.u64()?,
            seat: reader.u16()?,
            bounty_bond: reader.u128()?,
        })
    }
}
