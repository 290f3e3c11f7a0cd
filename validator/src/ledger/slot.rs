//! Every leaf of the state: its kind, the fields of its key and its width, in one place (PROTOCOL section 3).
//!
//! ```text
//! key = keccak(kind u8 ‖ fields)      value hash = keccak(kind u8 ‖ value)      the sentinel's key is 0
//! ```
//!
//! A kind's fields have a fixed width, so no two slots share a preimage. No value is 63 or 95 bytes wide: with its kind it
//! would be as long as a node or a leaf of the tree.

use std::fmt;

use alloy_primitives::{Address, B256, keccak256};
use plasmid_staking as staking;
pub use plasmid_staking::ring_place;

use super::account::Account;

/// Where a value stands. Epochs are named by their place in the ring: see [`ring_place`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// Leaf 0 of the tree, empty.
    Sentinel,
    /// The deployment's parameters.
    Parameters,
    /// Native balance, sequence and payout address of an account.
    Account(Account),
    /// Balance of another token.
    TokenBalance(Account, [u8; 20]),
    /// What was credited and withdrawn of an asset; zero is the native coin.
    Asset([u8; 20]),
    /// Fees that nobody has been paid yet.
    FeePool,
    /// Number of the next withdrawal.
    WithdrawalCounter,
    /// A withdrawal by its number.
    Withdrawal(u64),
    /// The record of an account under a topic.
    Record(Account, [u8; 32]),
    /// How far the inbox is consumed.
    Inbox,
    /// Checkpoint shares seen in blocks.
    ShareBits,
    /// Votes seen, by seat.
    Participation {
        /// Place in the ring of participation leaves.
        place: u32,
    },
    /// A leaf that staking keeps: seats and sets, operators and lines, positions.
    Staking(staking::Key),
    /// The commitment of a fixed set.
    Set {
        /// Place in the ring of sets.
        place: u32,
    },
    /// Running results of an epoch boundary.
    Boundary,
    /// What an epoch leaves behind for its checkpoint.
    EpochRecord {
        /// Place in the ring of epoch records.
        place: u32,
    },
    /// Stake that was cut.
    Burned,
}

impl From<staking::Key> for Slot {
    fn from(key: staking::Key) -> Self {
        Self::Staking(key)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sentinel => f.write_str("the sentinel"),
            Self::Parameters => f.write_str("the parameters"),
            Self::Account(account) => write!(f, "account {account}"),
            Self::TokenBalance(account, token) => {
                write!(
                    f,
                    "the balance of {account} in token {}",
                    Address::from(token)
                )
            }
            Self::Asset(token) => write!(f, "asset {}", Address::from(token)),
            Self::FeePool => f.write_str("the fee pool"),
            Self::WithdrawalCounter => f.write_str("the number of the next withdrawal"),
            Self::Withdrawal(number) => write!(f, "withdrawal {number}"),
            Self::Record(account, topic) => {
                write!(
                    f,
                    "the record of {account} under topic {}",
                    B256::from(topic)
                )
            }
            Self::Inbox => f.write_str("the inbox"),
            Self::ShareBits => f.write_str("the bits of shares"),
            Self::Participation { place } => write!(f, "participation at place {place}"),
            Self::Staking(key) => key.fmt(f),
            Self::Set { place } => write!(f, "the set at place {place}"),
            Self::Boundary => f.write_str("the epoch's boundary"),
            Self::EpochRecord { place } => write!(f, "the epoch record at place {place}"),
            Self::Burned => f.write_str("what was burned"),
        }
    }
}

impl Slot {
    /// The kind byte.
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Sentinel => 0x00,
            Self::Parameters => 0x01,
            Self::Account(_) => 0x02,
            Self::TokenBalance(..) => 0x03,
            Self::Asset(_) => 0x04,
            Self::FeePool => 0x05,
            Self::WithdrawalCounter => 0x06,
            Self::Withdrawal(_) => 0x07,
            Self::Record(..) => 0x08,
            Self::Inbox => 0x09,
            Self::ShareBits => 0x0a,
            Self::Participation { .. } => 0x0b,
            Self::Staking(key) => key.kind(),
            Self::Set { .. } => 0x0d,
            Self::Boundary => 0x11,
            Self::EpochRecord { .. } => 0x12,
            Self::Burned => 0x13,
        }
    }

    /// Width of the value in bytes.
    pub const fn width(&self) -> usize {
        width(self.kind())
    }

    /// Bytes whose hash is the key: kind ‖ fields.
    pub fn preimage(&self) -> Vec<u8> {
        let mut bytes = vec![self.kind()];
        match self {
            Self::Sentinel
            | Self::Parameters
            | Self::FeePool
            | Self::WithdrawalCounter
            | Self::Inbox
            | Self::ShareBits
            | Self::Boundary
            | Self::Burned => {}
            Self::Account(account) => bytes.extend(account.bytes()),
            Self::TokenBalance(account, token) => {
                bytes.extend(account.bytes());
                bytes.extend(token);
            }
            Self::Asset(token) => bytes.extend(token),
            Self::Withdrawal(number) => bytes.extend(number.to_be_bytes()),
            Self::Record(account, topic) => {
                bytes.extend(account.bytes());
                bytes.extend(topic);
            }
            Self::Participation { place } | Self::Set { place } | Self::EpochRecord { place } => {
                bytes.extend(place.to_be_bytes());
            }
            Self::Staking(key) => key.put(&mut bytes),
        }
        bytes
    }

    /// The key of the leaf in the state tree.
    pub fn key(&self) -> B256 {
        match self {
            Self::Sentinel => B256::ZERO,
            _ => keccak256(self.preimage()),
        }
    }
}

/// Width in bytes of the values of a kind, or none for a kind that the state does not have.
pub const fn width_of_kind(kind: u8) -> Option<usize> {
    Some(match kind {
        0x00 => 0,
        0x01 => 417,
        0x02 => 64,
        0x03 => 36,
        0x04 => 86,
        0x05 => 40,
        0x06 => 8,
        0x07 => 56,
        0x08 => 40,
        0x09 => 40,
        0x0a => 72,
        0x0b => 1_024,
        0x0d => 178,
        0x11 => 453,
        0x12 => 61,
        0x13 => 16,
        _ => return staking::width_of_kind(kind),
    })
}

/// Width in bytes of the values of a kind that the state has.
pub const fn width(kind: u8) -> usize {
    match width_of_kind(kind) {
        Some(width) => width,
        None => 0,
    }
}
