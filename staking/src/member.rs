//! A member of a validator set: who votes and signs checkpoints in one epoch, from which seat, with which keys and power.

use crate::bytes::Reader;
use crate::leaf::{Key, Leaf, LeafError, Value, refuse, take_flag};

/// One present seat of a set, as the member leaf commits to it (PROTOCOL section 1, "member leaf").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Seat number, below the parameter N; members are listed in ascending seat order.
    pub seat: u16,
    /// The operator's account on the root chain.
    pub operator: [u8; 20],
    /// Number of the registration that names the two keys.
    pub registration: u64,
    /// Ed25519 key of the consensus engine.
    pub consensus_key: [u8; 32],
    /// BLS12-381 public key (G1, uncompressed) that signs checkpoints.
    pub checkpoint_key: [u8; 96],
    /// Weight in consensus: stake / unit.
    pub power: u64,
}

/// One seat of a fixed set. The seat itself stands in the key, so the value alone does not know it: see [`MemberLeaf::member`].
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

    /// The leaf of what stands at a seat in the set of `epoch`.
    pub fn new(epoch: u64, member: Option<&Member>) -> Self {
        match member {
            None => Self::absent(epoch),
            Some(member) => Self {
                epoch,
                present: true,
                operator: member.operator,
                registration: member.registration,
                consensus_key: member.consensus_key,
                checkpoint_key: member.checkpoint_key,
                power: member.power,
            },
        }
    }

    /// The member at the seat of the key, or none where the seat had no power when the set was fixed.
    pub fn member(self, seat: u16) -> Option<Member> {
        self.present.then_some(Member {
            seat,
            operator: self.operator,
            registration: self.registration,
            consensus_key: self.consensus_key,
            checkpoint_key: self.checkpoint_key,
            power: self.power,
        })
    }
}

impl Value for MemberLeaf {
    const KIND: u8 = 0x0c;
    const WIDTH: usize = 173;

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

impl Leaf for MemberLeaf {
    /// The place of the epoch in the ring, and the seat.
    type Name = (u32, u16);

    fn key((place, seat): Self::Name) -> Key {
        Key::Member { place, seat }
    }
}
