//! A seat: a numbered place in the active set, its states, and what it holds.
//!
//! ```text
//!           take seat                absence
//!   empty ──────────────► active ───────────────► jailed
//!     ▲                      │  ◄──── unjail ───────  │
//!     └──── loss ────────────┴────────────────────────┘   displaced, left, too small, frozen, its registration tombstoned
//! ```
//!
//! Only an active seat has power and counts in the minima with its stake; every other counts as zero.

use crate::bytes::Reader;
use crate::leaf::{Key, Leaf, LeafError, Value, refuse};
use crate::line::LineId;

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
}

impl SeatState {
    /// The byte that stands in the seat leaf (PROTOCOL section 3).
    pub const fn byte(self) -> u8 {
        match self {
            Self::Empty => 0,
            Self::Active => 1,
            Self::Jailed => 2,
        }
    }

    /// The state of a byte, or none for a byte above 2.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Empty),
            1 => Some(Self::Active),
            2 => Some(Self::Jailed),
            _ => None,
        }
    }
}

/// A seat as its leaf holds it. An empty seat is all zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Empty, active or jailed.
    pub state: SeatState,
    /// The line that holds it.
    pub line: LineId,
    /// Number of the registration whose keys stand here.
    pub registration: u64,
    /// Ed25519 key that signs votes.
    pub consensus_key: [u8; 32],
    /// BLS12-381 key in G1, uncompressed, that signs checkpoints.
    pub checkpoint_key: [u8; 96],
    /// The line's stake, in base units of the native asset.
    pub stake: u128,
    /// The line's commission, in 1/10,000.
    pub commission: u16,
}

impl Default for Seat {
    fn default() -> Self {
        Self {
            state: SeatState::Empty,
            line: LineId::default(),
            registration: 0,
            consensus_key: [0; 32],
            checkpoint_key: [0; 96],
            stake: 0,
            commission: 0,
        }
    }
}

impl Seat {
    /// The stake with which this seat stands in the tree of minima: zero unless it is active.
    pub const fn weight(&self) -> u128 {
        match self.state {
            SeatState::Active => self.stake,
            SeatState::Empty | SeatState::Jailed => 0,
        }
    }
}

impl Value for Seat {
    const KIND: u8 = 0x0e;
    const WIDTH: usize = 183;

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.state.byte());
        bytes.extend(self.line.operator);
        bytes.extend(self.registration.to_be_bytes());
        bytes.extend(self.consensus_key);
        bytes.extend(self.checkpoint_key);
        bytes.extend(self.stake.to_be_bytes());
        bytes.extend(self.line.line.to_be_bytes());
        bytes.extend(self.commission.to_be_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        let byte = reader.u8()?;
        let state = SeatState::from_byte(byte).ok_or(refuse::<Self>("state", u64::from(byte)))?;
        let operator = reader.array()?;
        let seat = Self {
            state,
            registration: reader.u64()?,
            consensus_key: reader.array()?,
            checkpoint_key: reader.array()?,
            stake: reader.u128()?,
            line: LineId {
                operator,
                line: reader.u64()?,
            },
            commission: reader.u16()?,
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
