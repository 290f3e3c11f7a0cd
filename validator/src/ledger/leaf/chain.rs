//! Leaves that blocks and epochs leave behind.

use plasmid_bridge::proof::bytes::Reader;

use super::{LeafError, Value, refuse, take_flag};
use crate::ledger::slot::width;

/// How far the inbox is consumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct InboxLeaf {
    /// Index of the last message consumed; 0 for none.
    pub cursor: u64,
    /// The inbox link at the cursor.
    pub link: [u8; 32],
}

impl Value for InboxLeaf {
    const KIND: u8 = 0x09;
    const WIDTH: usize = width(Self::KIND);

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.cursor.to_be_bytes());
        bytes.extend(self.link);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self {
            cursor: reader.u64()?,
            link: reader.array()?,
        })
    }
}

/// Members whose checkpoint share stands in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareBits {
    /// epoch(v) of the votes that carried them.
    pub epoch: u64,
    /// Bit b, by member number, is bit (b mod 8) of byte b / 8.
    pub bitmap: [u8; 64],
}

impl Default for ShareBits {
    fn default() -> Self {
        Self {
            epoch: 0,
            bitmap: [0; 64],
        }
    }
}

impl Value for ShareBits {
    const KIND: u8 = 0x0a;
    const WIDTH: usize = width(Self::KIND);

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.epoch.to_be_bytes());
        bytes.extend(self.bitmap);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self {
            epoch: reader.u64()?,
            bitmap: reader.array()?,
        })
    }
}

/// Votes seen in the blocks of an epoch, by seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participation(pub [u16; 512]);

impl Default for Participation {
    fn default() -> Self {
        Self([0; 512])
    }
}

impl Value for Participation {
    const KIND: u8 = 0x0b;
    const WIDTH: usize = width(Self::KIND);

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.0.iter().flat_map(|count| count.to_be_bytes()));
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        let mut value = Self::default();
        for count in &mut value.0 {
            *count = reader.u16()?;
        }
        Ok(value)
    }
}

/// What the steps of a boundary do, one pass after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// A: lines of the ending epoch's set are paid, or jailed.
    Reward,
    /// B: seats become the set of the epoch after next.
    Roll,
    /// C: that set would have no member, so it is the one before.
    Copy,
}

/// Running results of an epoch boundary between its segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundaryLeaf {
    /// Epoch of the set that is being fixed.
    pub epoch: u64,
    /// The pass that the next step belongs to.
    pub pass: Pass,
    /// What the members of the ending epoch share, while pass A goes on.
    pub released: u128,
    /// First seat that is not rolled yet.
    pub next_seat: u16,
    /// Members so far.
    pub count: u16,
    /// Their power.
    pub total_power: u64,
    /// Sum of their checkpoint keys.
    pub aggregate_key: [u8; 96],
    /// At position d the root of the complete subtree of 2^d members still open, or zeros.
    pub frontier: [[u8; 32]; 10],
}

impl Value for BoundaryLeaf {
    const KIND: u8 = 0x11;
    const WIDTH: usize = width(Self::KIND);

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.epoch.to_be_bytes());
        bytes.push(match self.pass {
            Pass::Reward => 0,
            Pass::Roll => 1,
            Pass::Copy => 2,
        });
        bytes.extend(self.released.to_be_bytes());
        bytes.extend(self.next_seat.to_be_bytes());
        bytes.extend(self.count.to_be_bytes());
        bytes.extend(self.total_power.to_be_bytes());
        bytes.extend(self.aggregate_key);
        bytes.extend(self.frontier.iter().flatten());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        let epoch = reader.u64()?;
        let pass = match reader.u8()? {
            0 => Pass::Reward,
            1 => Pass::Roll,
            2 => Pass::Copy,
            other => return Err(refuse::<Self>("pass", u64::from(other))),
        };
        let mut value = Self {
            epoch,
            pass,
            released: reader.u128()?,
            next_seat: reader.u16()?,
            count: reader.u16()?,
            total_power: reader.u64()?,
            aggregate_key: reader.array()?,
            frontier: [[0; 32]; 10],
        };
        for root in &mut value.frontier {
            *root = reader.array()?;
        }
        Ok(value)
    }
}

/// What an epoch leaves behind for the one who brings its checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct EpochRecord {
    /// The epoch.
    pub epoch: u64,
    /// Time of its last block, seconds.
    pub last_block_time: u64,
    /// Who is paid for its checkpoint at first.
    pub relayer: [u8; 20],
    /// Fees that were paid in it.
    pub fees: u128,
    /// Whether the reserve of these fees is settled: it was paid, or went to the reward pool.
    pub paid: bool,
    /// When root accepted the checkpoint, in seconds; 0 before a message said so.
    pub accepted: u64,
}

impl Value for EpochRecord {
    const KIND: u8 = 0x12;
    const WIDTH: usize = width(Self::KIND);

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.epoch.to_be_bytes());
        bytes.extend(self.last_block_time.to_be_bytes());
        bytes.extend(self.relayer);
        bytes.extend(self.fees.to_be_bytes());
        bytes.push(u8::from(self.paid));
        bytes.extend(self.accepted.to_be_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self {
            epoch: reader.u64()?,
            last_block_time: reader.u64()?,
            relayer: reader.array()?,
            fees: reader.u128()?,
            paid: take_flag::<Self>(reader, "paid")?,
            accepted: reader.u64()?,
        })
    }
}
