//! A position: an amount of stake of one owner, with one or two legs that say which line it backs, in which epochs.
//!
//! ```text
//! delegate in r          [ A: first r+2, last ∞ ]
//! undelegate in r        [ A: first f,   last min(r+1, until of the line) ]          waits until `last` has matured
//! redelegate in r        [ A: first f,   last min(r+1, until) ][ B: first r+2, last ∞ ]
//! ```
//! A leg earns and backs from its first to its last epoch and nowhere else; one whose first is behind its last is empty. There are
//! no shares: a position holds its base less the cuts of its legs, whatever others do.

use ruint::aliases::U256;

use crate::bytes::Reader;
use crate::cuts::WHOLE;
use crate::index::Index;
use crate::leaf::{Key, Leaf, LeafError, Value, refuse, take_flag};
use crate::line::{Account, LineId};

/// One leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Leg {
    /// The line that it backs.
    pub line: LineId,
    /// First backed epoch.
    pub first: u64,
    /// Last backed epoch; [`Leg::BONDED`] while it is not ended.
    pub last: u64,
    /// Whether rewards were settled, so that `index` is where they go on. Else they begin at the mark of `first` − 1.
    pub settled: bool,
    /// The line's index up to which rewards are settled.
    pub index: Index,
}

impl Leg {
    /// `last` of a leg that was not ended.
    pub const BONDED: u64 = u64::MAX;

    /// A leg that begins to back a line in `first`.
    pub fn bonded(line: LineId, first: u64) -> Self {
        Self {
            line,
            first,
            last: Self::BONDED,
            ..Self::default()
        }
    }

    /// Whether there is no such leg: no line has the number 0.
    pub const fn is_absent(&self) -> bool {
        self.line.line == 0
    }

    /// Whether it was not ended.
    pub const fn is_bonded(&self) -> bool {
        self.last == Self::BONDED
    }

    /// Whether it backs nothing.
    pub const fn is_empty(&self) -> bool {
        self.first > self.last
    }
}

/// A position as its leaf holds it. One that was paid out is all zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Who is paid.
    pub owner: Account,
    /// Whether anybody may restake its rewards.
    pub restake: bool,
    /// Stake before the cuts of its legs, in base units of the native asset.
    pub base: u128,
    /// Rewards that are settled and not paid.
    pub pending: u128,
    /// Applied cuts of the first and of the second leg, in 1/10^9.
    pub cuts: [u32; 2],
    /// The legs, the older one first; the second is all zeros where there is one only.
    pub legs: [Leg; 2],
}

impl Position {
    /// A position that was just made, with one leg.
    pub fn new(owner: Account, base: u128, leg: Leg) -> Self {
        Self {
            owner,
            restake: false,
            base,
            pending: 0,
            cuts: [0; 2],
            legs: [leg, Leg::default()],
        }
    }

    /// What is left of one that was paid out.
    pub fn gone() -> Self {
        Self::new([0; 21], 0, Leg::default())
    }

    /// Whether it was paid out.
    pub fn is_gone(&self) -> bool {
        self.legs[0].is_absent()
    }

    /// Whether it has two legs.
    pub fn has_two_legs(&self) -> bool {
        !self.legs[1].is_absent()
    }

    /// The legs that are there.
    pub fn legs(&self) -> impl Iterator<Item = &Leg> {
        self.legs.iter().filter(|leg| !leg.is_absent())
    }

    /// The leg that was made last.
    pub fn newest(&self) -> &Leg {
        match self.has_two_legs() {
            true => &self.legs[1],
            false => &self.legs[0],
        }
    }

    /// The leg that was made last, to be changed.
    pub fn newest_mut(&mut self) -> &mut Leg {
        match self.has_two_legs() {
            true => &mut self.legs[1],
            false => &mut self.legs[0],
        }
    }

    /// Whether it backs a line until its owner ends it.
    pub fn is_bonded(&self) -> bool {
        !self.is_gone() && self.newest().is_bonded()
    }

    /// What it holds: ⌊base·(1 − first cut)·(1 − second cut)⌋. Two legs of one line count together, by the greater cut.
    pub fn held_down(&self) -> u128 {
        let [first, second] = self.cuts;
        let factors = match self.legs[0].line == self.legs[1].line {
            true => [first.max(second), 0],
            false => [first, second],
        };
        cut_down(self.base, factors)
    }
}

/// ⌊amount·(1 − first cut)·(1 − second cut)⌋.
pub(crate) fn cut_down(amount: u128, cuts: [u32; 2]) -> u128 {
    let whole = U256::from(WHOLE);
    let left = cuts.iter().fold(U256::from(amount), |left, cut| {
        left.saturating_mul(U256::from(WHOLE.saturating_sub(*cut)))
    });
    let left = left
        .checked_div(whole.saturating_mul(whole))
        .unwrap_or_default();
    u128::try_from(left).unwrap_or(u128::MAX)
}

/// ⌊amount·numerator / denominator⌋; `None` for a denominator of zero, or where the result is beyond 128 bits.
pub fn share_down(amount: u128, numerator: u128, denominator: u128) -> Option<u128> {
    let product = U256::from(amount).checked_mul(U256::from(numerator))?;
    u128::try_from(product.checked_div(U256::from(denominator))?).ok()
}

impl Value for Position {
    const KIND: u8 = 0x1c;
    const WIDTH: usize = 216;

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.owner);
        bytes.push(u8::from(self.restake));
        bytes.extend(self.base.to_be_bytes());
        bytes.extend(self.pending.to_be_bytes());
        for cut in self.cuts {
            bytes.extend(cut.to_be_bytes());
        }
        for leg in &self.legs {
            leg.line.put(bytes);
            bytes.extend(leg.first.to_be_bytes());
            bytes.extend(leg.last.to_be_bytes());
            bytes.push(u8::from(leg.settled));
            leg.index.put(bytes);
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        let mut value = Self {
            owner: reader.array()?,
            restake: take_flag::<Self>(reader, "restake")?,
            base: reader.u128()?,
            pending: reader.u128()?,
            cuts: [reader.u32()?, reader.u32()?],
            legs: [Leg::default(); 2],
        };
        for leg in &mut value.legs {
            *leg = Leg {
                line: LineId::take(reader)?,
                first: reader.u64()?,
                last: reader.u64()?,
                settled: take_flag::<Self>(reader, "settled")?,
                index: Index::take(reader)?,
            };
        }
        if let Some(cut) = value.cuts.into_iter().find(|cut| *cut > WHOLE) {
            return Err(refuse::<Self>("cut", u64::from(cut)));
        }
        for (leg, cut) in value.legs.iter().zip(value.cuts) {
            if leg.is_absent() && *leg != Leg::default() {
                return Err(refuse::<Self>("field of an absent leg", 1));
            }
            if leg.is_absent() && cut != 0 {
                return Err(refuse::<Self>("cut of an absent leg", u64::from(cut)));
            }
        }
        if value.is_gone() && value != Self::gone() {
            return Err(refuse::<Self>("field of a position that is gone", 1));
        }
        Ok(value)
    }
}

impl Leaf for Position {
    /// The number of the position, from 1.
    type Name = u64;

    fn key(number: u64) -> Key {
        Key::Position(number)
    }
}

/// Number of the next position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter(pub u64);

impl Value for Counter {
    const KIND: u8 = 0x1b;
    const WIDTH: usize = 8;

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.0.to_be_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self(reader.u64()?))
    }
}

impl Leaf for Counter {
    type Name = ();

    fn key((): ()) -> Key {
        Key::Counter
    }
}
