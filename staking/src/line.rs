//! A line: an operator's stake from the registration that opened it, with its commission, its reward index and its open freezes.
//!
//! ```text
//!         registration              freeze by the court
//!   (none) ──────────► open ──────────────────────────► frozen
//!                        │  retire, by its operator        ▲
//!                        └─────────────► retired ──────────┘
//! ```
//! A line that is not open never opens again: no seat and no new stake, no rewards behind the sets that have it (a frozen one: none at once).
//! The operator's next registration opens another.

use crate::bytes::Reader;
use crate::freezes::Freezes;
use crate::index::Index;
use crate::leaf::{Key, Leaf, LeafError, Value, refuse};

/// The account that pays and is paid: kind u8 ‖ id 20 (PROTOCOL section 2).
pub type Account = [u8; 21];

/// The account (0, operator) of an operator.
pub fn account_of(operator: [u8; 20]) -> Account {
    let mut account = [0; 21];
    for (byte, from) in account.iter_mut().skip(1).zip(operator) {
        *byte = from;
    }
    account
}

/// Names a line: the operator, and the number of the registration that opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LineId {
    /// The operator's address on root.
    pub operator: [u8; 20],
    /// Number of the registration that opened the line, from 1.
    pub line: u64,
}

impl LineId {
    pub(crate) fn put(self, bytes: &mut Vec<u8>) {
        bytes.extend(self.operator);
        bytes.extend(self.line.to_be_bytes());
    }

    pub(crate) fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self {
            operator: reader.array()?,
            line: reader.u64()?,
        })
    }
}

/// Whether a line takes stake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LineState {
    /// It takes stake, and its operator may take a seat.
    #[default]
    Open,
    /// Its operator closed it.
    Retired,
    /// The court closed it.
    Frozen,
}

/// A line as its leaf holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Open, retired or frozen.
    pub state: LineState,
    /// The seat that it holds, or that another line took from it; [`Line::NO_SEAT`] before its first one, behind one that it lost otherwise, and
    /// behind evidence against its key.
    pub seat: u16,
    /// The last epoch in whose set it stands: [`Line::UNLIMITED`] while it is seated, 0 before its first seat.
    pub until: u64,
    /// Sum of what its bonded positions hold.
    pub stake: u128,
    /// The part of it that is the operator's own.
    pub self_stake: u128,
    /// The least stake of its own with which the operator wants the seat kept.
    pub min_self_stake: u128,
    /// Rewards for one unit of stake.
    pub index: Index,
    /// Share of the operator in rewards, in 1/10,000.
    pub commission: u16,
    /// The most that the commission may become.
    pub max_commission: u16,
    /// The most by which one change may raise or lower it.
    pub commission_step: u16,
    /// Epoch of the last change of the commission.
    pub changed: u64,
    /// Commission that was not collected yet.
    pub owed: u128,
    /// The first epoch in which it may return from jail; 0 when it was never jailed.
    pub jailed: u64,
    /// Freezes of the court that are not settled.
    pub freezes: Freezes,
    /// Epoch of the first place of the tree of cuts, fixed by the first freeze.
    pub cut_base: u64,
}

impl Line {
    /// The seat of a line that has none, and that no other line took one from.
    pub const NO_SEAT: u16 = u16::MAX;

    /// `until` of a line that is seated.
    pub const UNLIMITED: u64 = u64::MAX;

    /// A line that was just opened.
    pub fn opened(max_commission: u16, commission_step: u16) -> Self {
        Self {
            state: LineState::Open,
            seat: Self::NO_SEAT,
            until: 0,
            stake: 0,
            self_stake: 0,
            min_self_stake: 0,
            index: Index::default(),
            commission: 0,
            max_commission,
            commission_step,
            changed: 0,
            owed: 0,
            jailed: 0,
            freezes: Freezes::default(),
            cut_base: 0,
        }
    }

    /// Whether it holds a seat.
    pub const fn seated(&self) -> bool {
        self.until == Self::UNLIMITED
    }
}

impl Value for Line {
    const KIND: u8 = 0x18;
    const WIDTH: usize = 155;

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.push(match self.state {
            LineState::Open => 0,
            LineState::Retired => 1,
            LineState::Frozen => 2,
        });
        bytes.extend(self.seat.to_be_bytes());
        bytes.extend(self.until.to_be_bytes());
        for amount in [self.stake, self.self_stake, self.min_self_stake] {
            bytes.extend(amount.to_be_bytes());
        }
        self.index.put(bytes);
        for rate in [self.commission, self.max_commission, self.commission_step] {
            bytes.extend(rate.to_be_bytes());
        }
        bytes.extend(self.changed.to_be_bytes());
        bytes.extend(self.owed.to_be_bytes());
        bytes.extend(self.jailed.to_be_bytes());
        self.freezes.put(bytes);
        bytes.extend(self.cut_base.to_be_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        let state = match reader.u8()? {
            0 => LineState::Open,
            1 => LineState::Retired,
            2 => LineState::Frozen,
            other => return Err(refuse::<Self>("state", u64::from(other))),
        };
        Ok(Self {
            state,
            seat: reader.u16()?,
            until: reader.u64()?,
            stake: reader.u128()?,
            self_stake: reader.u128()?,
            min_self_stake: reader.u128()?,
            index: Index::take(reader)?,
            commission: reader.u16()?,
            max_commission: reader.u16()?,
            commission_step: reader.u16()?,
            changed: reader.u64()?,
            owed: reader.u128()?,
            jailed: reader.u64()?,
            freezes: Freezes::take(reader)?,
            cut_base: reader.u64()?,
        })
    }
}

impl Leaf for Line {
    type Name = LineId;

    fn key(line: LineId) -> Key {
        Key::Line(line)
    }
}
