//! Open freezes: what was at risk in a frozen epoch neither matures nor moves until the court has settled it.
//!
//! Only the count, the lowest and the highest frozen epoch are kept, for each line and once for freezes of whole epochs. So what
//! stands between two frozen epochs waits for both; and when the count is zero again, nothing waits.

use crate::bytes::Reader;
use crate::leaf::{Key, Leaf, LeafError, Value};

/// How many freezes are open, and which epochs they span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Freezes {
    /// Freezes that are not settled. It stays at its greatest value for ever when it reaches it, which the court's rules make
    /// impossible: then too much waits, and never too little.
    pub count: u16,
    /// The lowest frozen epoch; 0 when nothing is frozen.
    pub lowest: u64,
    /// The highest frozen epoch; 0 when nothing is frozen.
    pub highest: u64,
}

impl Freezes {
    /// With one more freeze, of `epoch`.
    pub fn with(self, epoch: u64) -> Self {
        match self.count {
            0 => Self {
                count: 1,
                lowest: epoch,
                highest: epoch,
            },
            count => Self {
                count: count.saturating_add(1),
                lowest: self.lowest.min(epoch),
                highest: self.highest.max(epoch),
            },
        }
    }

    /// With one freeze less; nothing is frozen when it was the last.
    pub fn without_one(self) -> Self {
        match self.count {
            0 | 1 => Self::default(),
            u16::MAX => self,
            count => Self {
                count: count.saturating_sub(1),
                ..self
            },
        }
    }

    /// Whether any epoch from `first` to `last` lies in the span of what is frozen.
    pub const fn meets(&self, first: u64, last: u64) -> bool {
        self.count > 0 && first <= last && first <= self.highest && self.lowest <= last
    }

    pub(crate) fn put(self, bytes: &mut Vec<u8>) {
        bytes.extend(self.count.to_be_bytes());
        bytes.extend(self.lowest.to_be_bytes());
        bytes.extend(self.highest.to_be_bytes());
    }

    pub(crate) fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self {
            count: reader.u16()?,
            lowest: reader.u64()?,
            highest: reader.u64()?,
        })
    }
}

/// How far epochs have matured, and freezes of whole epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Maturity {
    /// Epochs that have matured: those below this number.
    pub matured: u64,
    /// Freezes of whole epochs.
    pub freezes: Freezes,
}

impl Value for Maturity {
    const KIND: u8 = 0x15;
    const WIDTH: usize = 26;

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.matured.to_be_bytes());
        self.freezes.put(bytes);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self {
            matured: reader.u64()?,
            freezes: Freezes::take(reader)?,
        })
    }
}

impl Leaf for Maturity {
    type Name = ();

    fn key((): ()) -> Key {
        Key::Maturity
    }
}
