//! What stands in the leaves: one type a kind, each with its bytes (PROTOCOL section 3).
//!
//! [`money`]: accounts, assets, the fee pool, withdrawals, records. [`set`]: seats and sets. [`chain`]: what
//! blocks and epochs leave behind.
//! Decoding is strict: the width of the kind, every reserved byte zero, every enumeration known. What does not decode was
//! not written by this program: a fault, never a reject.

use plasmid_bridge::proof::bytes::{DecodeError, Reader};

use super::slot::width_of_kind;

mod chain;
mod money;
mod set;
#[cfg(test)]
mod tests;

pub use chain::{BoundaryLeaf, EpochRecord, InboxLeaf, Participation, ShareBits};
pub use money::{
    AccountLeaf, AssetLeaf, Burned, FeePool, NATIVE, RecordLeaf, TokenBalance, Withdrawal,
    WithdrawalCounter,
};
pub use set::{MemberLeaf, MinimaNode, SeatLeaf, SetLeaf, ValidatorLeaf};

/// Why a leaf does not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// Every kind has one width.
    #[error("a value of kind {kind:#04x} has {found} bytes; its width is {width}")]
    Width {
        kind: u8,
        found: usize,
        width: usize,
    },
    /// A field with a value that nothing writes.
    #[error("a value of kind {kind:#04x} has {field} = {found}")]
    Field {
        kind: u8,
        field: &'static str,
        found: u64,
    },
    /// The reader ran out of bytes, which the width makes impossible.
    #[error(transparent)]
    Bytes(#[from] DecodeError),
}

/// A typed value of a leaf.
pub trait Value: Sized {
    /// Kind of the slots that hold it.
    const KIND: u8;

    /// Appends the fields.
    fn put(&self, bytes: &mut Vec<u8>);

    /// Reads the fields.
    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError>;

    /// The bytes of the leaf.
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(width_of_kind(Self::KIND).unwrap_or_default());
        self.put(&mut bytes);
        bytes
    }

    /// The inverse of [`Value::encode`].
    fn decode(bytes: &[u8]) -> Result<Self, LeafError> {
        let width = width_of_kind(Self::KIND).unwrap_or_default();
        if bytes.len() != width {
            return Err(LeafError::Width {
                kind: Self::KIND,
                found: bytes.len(),
                width,
            });
        }
        let mut reader = Reader::new(bytes);
        let value = Self::take(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }
}

/// A field that must be below a bound, or zero: the error of every other.
pub(super) const fn refuse<T: Value>(field: &'static str, found: u64) -> LeafError {
    LeafError::Field {
        kind: T::KIND,
        field,
        found,
    }
}
