//! A seat: a numbered place in the active set, its states, and what it holds.
//!
//! ```text
//!            place                 (later: jail)
//!   empty ──────────► active ◄───────────────────► jailed
//!     ▲                 │                             │
//!     └── (later: leave)┴────────► tombstoned ◄───────┘   (later: for ever, for this registration)
//! ```
//!
//! Only an active seat has power and counts in the minima with its stake; every other counts as zero.

use crate::bytes::Reader;
use crate::leaf::{Key, Leaf, LeafError, Value, refuse};

/// What a seat's state byte says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SeatState {
    /// Nobody holds it.
    #[default]
    Empty,
    /// Its holder validates from the set that is fixed next.
    Active,
    /// Its holder was absent too long: no power until it returns.
    Jailed,
    /// Its holder was proven to have offended: no power for ever.
    Tombstoned,
}

impl SeatState {
    /// The byte that stands in the seat leaf (PROTOCOL section 3).
    pub const fn byte(self) -> u8 {
        match self {
            Self::Empty => 0,
            Self::Active => 1,
            Self::Jailed => 2,
            Self::Tombstoned => 3,
        }
    }

    /// The state of a byte, or none for a byte above 3.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Empty),
            1 => Some(Self::Active),
            2 => Some(Self::Jailed),
            3 => Some(Self::Tombstoned),
            _ => None,
        }
    }
}

/// A seat as its leaf holds it. An empty seat is all zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Empty, active, jailed or tombstoned.
    pub state: SeatState,
    /// The validator's account on both chains.
    pub operator: [u8; 20],
    /// Number of the registration whose keys stand here.
    pub registration: u64,
    /// Ed25519 key that signs votes.
    pub consensus_key: [u8; 32],
    /// BLS12-381 key in G1, uncompressed, that signs checkpoints.
    pub checkpoint_key: [u8; 96],
    /// Amount locked, in the smallest unit of the coin.
    pub stake: u128,
}

impl Default for Seat {
    fn default() -> Self {
        Self {
            state: SeatState::Empty,
            operator: [0; 20],
            registration: 0,
            consensus_key: [0; 32],
            checkpoint_key: [0; 96],
            stake: 0,
        }
    }
}

impl Seat {
    /// The stake with which this seat stands in the tree of minima: zero unless it is active.
    pub const fn weight(&self) -> u128 {
        match self.state {
            SeatState::Active => self.stake,
            SeatState::Empty | SeatState::Jailed | SeatState::Tombstoned => 0,
        }
    }
}

impl Value for Seat {
    const KIND: u8 = 0x0e;
    const WIDTH: usize = 173;

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.state.byte());
        bytes.extend(self.operator);
        bytes.extend(self.registration.to_be_bytes());
        bytes.extend(self.consensus_key);
        bytes.extend(self.checkpoint_key);
        bytes.extend(self.stake.to_be_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        let byte = reader.u8()?;
        let state = SeatState::from_byte(byte).ok_or(refuse::<Self>("state", u64::from(byte)))?;
        let seat = Self {
            state,
            operator: reader.array()?,
            registration: reader.u64()?,
            consensus_key: reader.array()?,
            checkpoint_key: reader.array()?,
            stake: reader.u128()?,
        };
        if state == SeatState::Empty && seat != Self::default() {
            return Err(refuse::<Self>("field of an empty seat", 1));
        }
        Ok(seat)
    }
}

impl Leaf for Seat {
    /// The number of the seat.
    type Name = u16;

    fn key(seat: u16) -> Key {
        Key::Seat(seat)
    }
}

/// Who takes a seat, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The seat taken, below the number of seats.
    pub seat: u16,
    /// The validator's account; not zero.
    pub operator: [u8; 20],
    /// Number of its registration.
    pub registration: u64,
    /// Ed25519 key that signs votes.
    pub consensus_key: [u8; 32],
    /// BLS12-381 key in G1, uncompressed, that signs checkpoints.
    pub checkpoint_key: [u8; 96],
    /// Amount locked; at least one unit, or the seat would have no power.
    pub stake: u128,
}
