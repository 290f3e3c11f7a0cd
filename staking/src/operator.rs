//! Who validates: an operator's newest registration and line, its registrations with their keys, and who signs with a key.

use crate::bytes::Reader;
use crate::leaf::{Key, Leaf, LeafError, Value, take_flag};

/// An operator's newest registration and line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Number of its newest registration.
    pub registration: u64,
    /// Its newest line: the number of the registration that opened it.
    pub line: u64,
}

impl Value for Operator {
    const KIND: u8 = 0x10;
    const WIDTH: usize = 16;

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.registration.to_be_bytes());
        bytes.extend(self.line.to_be_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self {
            registration: reader.u64()?,
            line: reader.u64()?,
        })
    }
}

impl Leaf for Operator {
    /// The operator's address on root.
    type Name = [u8; 20];

    fn key(operator: [u8; 20]) -> Key {
        Key::Operator(operator)
    }
}

/// One registration: two keys, and the line that they sign for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The line, by the number of the registration that opened it.
    pub line: u64,
    /// Whether the engine proved that the consensus key signed two votes: then it never signs for a seat again.
    pub tombstoned: bool,
    /// Ed25519 key that signs votes.
    pub consensus_key: [u8; 32],
    /// BLS12-381 key in G1, uncompressed, that signs checkpoints.
    pub checkpoint_key: [u8; 96],
}

impl Value for Registration {
    const KIND: u8 = 0x16;
    const WIDTH: usize = 137;

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.line.to_be_bytes());
        bytes.push(u8::from(self.tombstoned));
        bytes.extend(self.consensus_key);
        bytes.extend(self.checkpoint_key);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self {
            line: reader.u64()?,
            tombstoned: take_flag::<Self>(reader, "tombstoned")?,
            consensus_key: reader.array()?,
            checkpoint_key: reader.array()?,
        })
    }
}

impl Leaf for Registration {
    /// The operator, and the number of the registration.
    type Name = ([u8; 20], u64);

    fn key((operator, number): Self::Name) -> Key {
        Key::Registration { operator, number }
    }
}

/// Who signs votes with the key of a consensus address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The operator.
    pub operator: [u8; 20],
    /// The newest registration with that key.
    pub registration: u64,
}

impl Value for Signer {
    const KIND: u8 = 0x17;
    const WIDTH: usize = 28;

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.operator);
        bytes.extend(self.registration.to_be_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self {
            operator: reader.array()?,
            registration: reader.u64()?,
        })
    }
}

impl Leaf for Signer {
    /// The consensus address: the first 20 bytes of SHA-256 of the consensus key.
    type Name = [u8; 20];

    fn key(address: [u8; 20]) -> Key {
        Key::Address(address)
    }
}

/// What an operator says about itself, 256 bytes that no rule reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description(pub [u8; 256]);

impl Value for Description {
    const KIND: u8 = 0x1d;
    const WIDTH: usize = 256;

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.0);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self(reader.array()?))
    }
}

impl Leaf for Description {
    type Name = [u8; 20];

    fn key(operator: [u8; 20]) -> Key {
        Key::Description(operator)
    }
}

/// The reward pool, and rewards that nobody has collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Rewards {
    /// What is not assigned to anybody yet.
    pub pool: u128,
    /// What lines were paid and nobody has collected: commissions and rewards of positions. What rounding leaves, and what doomed
    /// stake would have earned, stays here for ever.
    pub owed: u128,
}

impl Value for Rewards {
    const KIND: u8 = 0x14;
    const WIDTH: usize = 32;

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.pool.to_be_bytes());
        bytes.extend(self.owed.to_be_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self {
            pool: reader.u128()?,
            owed: reader.u128()?,
        })
    }
}

impl Leaf for Rewards {
    type Name = ();

    fn key((): ()) -> Key {
        Key::Rewards
    }
}
