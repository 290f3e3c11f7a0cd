//! The reward index of a line: what one unit of stake has earned since the line began, times 2^96 (F1 fee distribution, Ojha 2018).
//!
//! ```text
//! a line is paid x for stake s:   increment = ⌊x·2^96 / s⌋    paid = ⌈increment·s / 2^96⌉ ≤ x
//! a position of held stake h earned, with the growths of the indices that its legs backed, which are rounded once together:
//!                                 ⌊h·((to − from) + (to' − from')) / 2^96⌋
//! ```
//! An index has 256 bits: no payment that fits 112 bits makes it overflow in 2^48 epochs (ISA-2025-005). A mark keeps the index
//! through one epoch; it serves as the start of what backs from the next epoch on, and as the end of what backs up to this one.

use ruint::aliases::U256;

use crate::bytes::Reader;
use crate::leaf::{Key, Leaf, LeafError, Value};
use crate::line::LineId;

/// 2^96.
const ONE: U256 = U256::from_limbs([0, 1 << 32, 0, 0]);

/// Rewards for one unit of stake, times 2^96.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Index(U256);

impl Index {
    /// The index behind a payment of at most `reward` for `stake`, and what of it is paid. `None` for a stake of zero, and for an index
    /// that would overflow.
    pub fn paid_down(self, reward: u128, stake: u128) -> Option<(Self, u128)> {
        let scaled = U256::from(reward).checked_mul(ONE)?;
        let increment = scaled.checked_div(U256::from(stake))?;
        let paid = increment.checked_mul(U256::from(stake))?.div_ceil(ONE);
        let raised = self.0.checked_add(increment)?;
        Some((Self(raised), u128::try_from(paid).ok()?))
    }

    /// What `held` stake earned between two indices, rounded down. `None` when the index fell, and for an overflow.
    pub fn earned_down(held: u128, from: Self, to: Self) -> Option<u128> {
        let grown = to.0.checked_sub(from.0)?;
        let product = grown.checked_mul(U256::from(held))?;
        u128::try_from(product.checked_div(ONE)?).ok()
    }

    /// This growth with that from one index to another. `None` when the index fell, and for an overflow.
    pub(crate) fn with_growth(self, from: Self, to: Self) -> Option<Self> {
        let grown = to.0.checked_sub(from.0)?;
        self.0.checked_add(grown).map(Self)
    }

    pub(crate) fn put(self, bytes: &mut Vec<u8>) {
        bytes.extend(self.0.to_be_bytes::<32>());
    }

    pub(crate) fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self(U256::from_be_bytes(reader.array::<32>()?)))
    }
}

/// The index of a line through one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(pub Index);

impl Value for Mark {
    const KIND: u8 = 0x19;
    const WIDTH: usize = 32;

    fn put(&self, bytes: &mut Vec<u8>) {
        self.0.put(bytes);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Index::take(reader).map(Self)
    }
}

impl Leaf for Mark {
    /// The line, and the epoch that the mark goes through.
    type Name = (LineId, u64);

    fn key((line, epoch): Self::Name) -> Key {
        Key::Mark { line, epoch }
    }
}
