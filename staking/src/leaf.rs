//! Leaves: typed values with their bytes, and the keys that name those of staking (PROTOCOL section 3).
//!
//! ```text
//! key = keccak(kind u8 ‖ fields)      value hash = keccak(kind u8 ‖ value)      a kind has one width
//!
//! 0x0c  member   place in the ring u32 ‖ seat u16        `MemberLeaf`
//! 0x0e  seat     seat u16                                `Seat`
//! 0x0f  minima   level u8 ‖ index u16                    `minima::MinimaNode`
//! 0x10  operator operator 20                             `Operator`
//! 0x14  rewards                                          `Rewards`
//! 0x15  maturity                                         `Maturity`
//! 0x16  registration   operator 20 ‖ number u64          `Registration`
//! 0x17  address  consensus address 20                    `Signer`
//! 0x18  line     operator 20 ‖ line u64                  `Line`
//! 0x19  mark     operator 20 ‖ line u64 ‖ epoch u64      `Mark`
//! 0x1a  cut      operator 20 ‖ line u64 ‖ level u8 ‖ index u16   `CutNode`
//! 0x1b  counter                                          `Counter`
//! 0x1c  position number u64                              `Position`
//! 0x1d  description    operator 20                       `Description`
//! ```
//! A type that staking keeps says its kind, width and bytes beside itself ([`Value`]), and what names it ([`Leaf`]): nothing
//! else has to know it. Decoding is strict: the width of the kind, every reserved byte zero, every enumeration known. What does
//! not decode was not written by this program.

use crate::bytes::{DecodeError, Reader};
use crate::cuts::CutNode;
use crate::freezes::Maturity;
use crate::index::Mark;
use crate::line::{Line, LineId};
use crate::minima::MinimaNode;
use crate::operator::{Description, Operator, Registration, Rewards, Signer};
use crate::position::{Counter, Position};
use crate::{MemberLeaf, Seat};

/// Why a leaf does not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// Every kind has one width.
    #[error("a value of kind {kind:#04x} has {found} bytes; its width is {width}")]
    Width {
        /// The kind.
        kind: u8,
        /// Bytes that are there.
        found: usize,
        /// Bytes that the kind has.
        width: usize,
    },
    /// A field with a value that nothing writes.
    #[error("a value of kind {kind:#04x} has {field} = {found}")]
    Field {
        /// The kind.
        kind: u8,
        /// The field.
        field: &'static str,
        /// What stands there.
        found: u64,
    },
    /// The reader ran out of bytes, which the width makes impossible.
    #[error(transparent)]
    Bytes(#[from] DecodeError),
}

/// A typed value of a leaf.
pub trait Value: Sized {
    /// Kind of the leaves that hold it.
    const KIND: u8;

    /// Bytes of every value of the kind.
    const WIDTH: usize;

    /// Appends the fields.
    fn put(&self, bytes: &mut Vec<u8>);

    /// Reads the fields.
    ///
    /// # Errors
    /// [`LeafError`] for a field with a value that nothing writes.
    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError>;

    /// The bytes of the leaf.
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::WIDTH);
        self.put(&mut bytes);
        bytes
    }

    /// The inverse of [`Value::encode`].
    ///
    /// # Errors
    /// [`LeafError`] for another width, and for what [`Value::take`] refuses.
    fn decode(bytes: &[u8]) -> Result<Self, LeafError> {
        if bytes.len() != Self::WIDTH {
            return Err(LeafError::Width {
                kind: Self::KIND,
                found: bytes.len(),
                width: Self::WIDTH,
            });
        }
        let mut reader = Reader::new(bytes);
        let value = Self::take(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }
}

/// The error of a field that has a value which nothing writes.
pub const fn refuse<T: Value>(field: &'static str, found: u64) -> LeafError {
    LeafError::Field {
        kind: T::KIND,
        field,
        found,
    }
}

/// Reads a byte that is 0 or 1.
///
/// # Errors
/// [`LeafError::Field`] for any other.
pub fn take_flag<T: Value>(
    reader: &mut Reader<'_>,
    field: &'static str,
) -> Result<bool, LeafError> {
    match reader.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        found => Err(refuse::<T>(field, u64::from(found))),
    }
}

/// Names one leaf of staking. Epochs are named by their place in the ring: see [`ring_place`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// One seat of a fixed set.
    Member {
        /// Place of the set's epoch in the ring.
        place: u32,
        /// The seat.
        seat: u16,
    },
    /// What a seat holds now.
    Seat(u16),
    /// A node of the tree of minima.
    Minima {
        /// Its level; seats are below level 0.
        level: u8,
        /// Its number in the level.
        index: u16,
    },
    /// What is newest of an operator.
    Operator([u8; 20]),
    /// Money of rewards.
    Rewards,
    /// How far epochs have matured.
    Maturity,
    /// A registration.
    Registration {
        /// The operator.
        operator: [u8; 20],
        /// Number of the registration.
        number: u64,
    },
    /// Who signs votes with the key of a consensus address.
    Address([u8; 20]),
    /// A line.
    Line(LineId),
    /// The index of a line through an epoch.
    Mark {
        /// The line.
        line: LineId,
        /// The epoch.
        epoch: u64,
    },
    /// A node of the tree of cuts of a line.
    Cut {
        /// The line.
        line: LineId,
        /// Its level; epochs are below level 0.
        level: u8,
        /// Its number in the level.
        index: u16,
    },
    /// Number of the next position.
    Counter,
    /// A position by its number.
    Position(u64),
    /// What an operator says about itself.
    Description([u8; 20]),
}

impl Key {
    /// The kind byte.
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Member { .. } => MemberLeaf::KIND,
            Self::Seat(_) => Seat::KIND,
            Self::Minima { .. } => MinimaNode::KIND,
            Self::Operator(_) => Operator::KIND,
            Self::Rewards => Rewards::KIND,
            Self::Maturity => Maturity::KIND,
            Self::Registration { .. } => Registration::KIND,
            Self::Address(_) => Signer::KIND,
            Self::Line(_) => Line::KIND,
            Self::Mark { .. } => Mark::KIND,
            Self::Cut { .. } => CutNode::KIND,
            Self::Counter => Counter::KIND,
            Self::Position(_) => Position::KIND,
            Self::Description(_) => Description::KIND,
        }
    }

    /// Appends the fields of the key.
    pub fn put(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Member { place, seat } => {
                bytes.extend(place.to_be_bytes());
                bytes.extend(seat.to_be_bytes());
            }
            Self::Seat(seat) => bytes.extend(seat.to_be_bytes()),
            Self::Minima { level, index } => {
                bytes.push(*level);
                bytes.extend(index.to_be_bytes());
            }
            Self::Operator(id) | Self::Address(id) | Self::Description(id) => bytes.extend(id),
            Self::Rewards | Self::Maturity | Self::Counter => {}
            Self::Registration { operator, number } => {
                bytes.extend(operator);
                bytes.extend(number.to_be_bytes());
            }
            Self::Line(line) => line.put(bytes),
            Self::Mark { line, epoch } => {
                line.put(bytes);
                bytes.extend(epoch.to_be_bytes());
            }
            Self::Cut { line, level, index } => {
                line.put(bytes);
                bytes.push(*level);
                bytes.extend(index.to_be_bytes());
            }
            Self::Position(number) => bytes.extend(number.to_be_bytes()),
        }
    }
}

/// Width in bytes of the values of a kind that staking keeps, or none for any other kind.
pub const fn width_of_kind(kind: u8) -> Option<usize> {
    match kind {
        MemberLeaf::KIND => Some(MemberLeaf::WIDTH),
        Seat::KIND => Some(Seat::WIDTH),
        MinimaNode::KIND => Some(MinimaNode::WIDTH),
        Operator::KIND => Some(Operator::WIDTH),
        Rewards::KIND => Some(Rewards::WIDTH),
        Maturity::KIND => Some(Maturity::WIDTH),
        Registration::KIND => Some(Registration::WIDTH),
        Signer::KIND => Some(Signer::WIDTH),
        Line::KIND => Some(Line::WIDTH),
        Mark::KIND => Some(Mark::WIDTH),
        CutNode::KIND => Some(CutNode::WIDTH),
        Counter::KIND => Some(Counter::WIDTH),
        Position::KIND => Some(Position::WIDTH),
        Description::KIND => Some(Description::WIDTH),
        _ => None,
    }
}

/// Place of an epoch in a ring of `ring` epochs; a ring of zero, which no valid parameters have, has one place.
pub fn ring_place(epoch: u64, ring: u32) -> u32 {
    epoch
        .checked_rem(u64::from(ring))
        .and_then(|place| u32::try_from(place).ok())
        .unwrap_or(0)
}

/// A value that staking keeps in a leaf of its own.
pub trait Leaf: Value {
    /// What names one of them.
    type Name: Copy;

    /// The key of the leaf with this name.
    fn key(name: Self::Name) -> Key;
}
