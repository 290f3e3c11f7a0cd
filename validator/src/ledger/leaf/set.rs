//! Leaves of fixed sets. Seats, lines, positions and members stand with their types in `staking`.

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
