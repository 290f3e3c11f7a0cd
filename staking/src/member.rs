//! A member of a validator set: who votes and signs checkpoints in one epoch, from which seat, with which keys and power.

use crate::bytes::Reader;
use crate::leaf::{Key, Leaf, LeafError, Value, refuse, take_flag};
use crate::line::LineId;

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
    /// Whether stake stands behind that power: not in a set that copies the one before, where nothing can be cut.
    pub at_risk: bool,
}

impl Member {
    /// The bit of a member leaf's seat that says that nothing is at risk. Seats are below 512.
    pub const NOTHING_AT_RISK: u16 = 1 << 15;

    /// The seat as the member leaf has it.
    #[must_use]
    pub fn marked_seat(&self) -> u16 {
        match self.at_risk {
            true => self.seat,
            false => self.seat | Self::NOTHING_AT_RISK,
        }
    }
}

/// Who stands at a seat of a fixed set, and what rewards are weighed by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The line.
    pub line: LineId,
    /// Number of the registration that names the two keys.
    pub registration: u64,
    /// Ed25519 key.
    pub consensus_key: [u8; 32],
    /// BLS key in G1.
    pub checkpoint_key: [u8; 96],
    /// Weight in consensus; not zero.
    pub power: u64,
    /// Stake when the set was fixed; zero in a set that copies the one before, where nobody is paid and nothing is at risk.
    pub stake: u128,
    /// Commission when the set was fixed, in 1/10,000.
    pub commission: u16,
}

/// One seat of a fixed set. The seat itself stands in the key, so the value alone does not know it: see [`MemberLeaf::member`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberLeaf {
    /// Epoch of the set.
    pub epoch: u64,
    /// Who stands there, or nobody.
    pub standing: Option<Standing>,
}

impl MemberLeaf {
    /// The member at the seat of the key, or `None` where the seat had no power when the set was fixed.
    pub fn member(&self, seat: u16) -> Option<Member> {
        self.standing.as_ref().map(|standing| Member {
            seat,
            operator: standing.line.operator,
            registration: standing.registration,
            consensus_key: standing.consensus_key,
            checkpoint_key: standing.checkpoint_key,
            power: standing.power,
            at_risk: standing.stake != 0,
        })
    }
}

impl Value for MemberLeaf {
    const KIND: u8 = 0x0c;
    const WIDTH: usize = 199;

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.epoch.to_be_bytes());
        let Some(standing) = &self.standing else {
            bytes.resize(bytes.len().saturating_add(Self::WIDTH - 8), 0);
            return;
        };
        bytes.push(1);
        bytes.extend(standing.line.operator);
        bytes.extend(standing.registration.to_be_bytes());
        bytes.extend(standing.consensus_key);
        bytes.extend(standing.checkpoint_key);
        bytes.extend(standing.power.to_be_bytes());
        bytes.extend(standing.line.line.to_be_bytes());
        bytes.extend(standing.stake.to_be_bytes());
        bytes.extend(standing.commission.to_be_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        let epoch = reader.u64()?;
        if !take_flag::<Self>(reader, "present")? {
            if reader.slice(Self::WIDTH - 9)?.iter().any(|byte| *byte != 0) {
                return Err(refuse::<Self>("field of an absent member", 1));
            }
            let standing = None;
            return Ok(Self { epoch, standing });
        }
        let operator = reader.array()?;
        let standing = Standing {
            registration: reader.u64()?,
            consensus_key: reader.array()?,
            checkpoint_key: reader.array()?,
            power: reader.u64()?,
            line: LineId {
                operator,
                line: reader.u64()?,
            },
            stake: reader.u128()?,
            commission: reader.u16()?,
        };
        if standing.power == 0 {
            return Err(refuse::<Self>("power of a member", 0));
        }
        let standing = Some(standing);
        Ok(Self { epoch, standing })
    }
}

impl Leaf for MemberLeaf {
    /// The place of the epoch in the ring, and the seat.
    type Name = (u32, u16);

    fn key((place, seat): Self::Name) -> Key {
        Key::Member { place, seat }
    }
}
