//! Leaves of fixed sets and of validators. Seats, minima and members stand with their types in `staking`.

use plasmid_bridge::proof::bytes::Reader;

use super::{LeafError, Value};
use crate::ledger::slot::width;

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
    const WIDTH: usize = width(Self::KIND);

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
    const WIDTH: usize = width(Self::KIND);

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
