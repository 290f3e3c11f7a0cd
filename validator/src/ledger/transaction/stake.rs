//! What users do with stake (kinds 0x10 to 0x20) and its bytes. The meaning of each is its rule in `staking/src/rules`.
//!
//! An operator does kinds 0x16 and 0x1b to 0x20: its account is (0, operator), so the sender says which operator is meant.

use plasmid_bridge::proof::bytes::Reader;
use plasmid_staking::rules::MAX_POSITIONS;

use super::take_account;
use super::text::{Profile, take_flag};
use crate::ledger::account::Account;
use crate::ledger::reject::Reject;

/// A commission, or a bound of it, that does not change.
const UNCHANGED_RATE: u16 = u16::MAX;

/// An amount that does not change.
const UNCHANGED_AMOUNT: u128 = u128::MAX;

/// What a user does with stake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StakeBody {
    /// Puts an amount behind the newest line of an operator, as a new position.
    Delegate {
        /// The operator's address on root.
        operator: [u8; 20],
        /// Base units of the native asset, at least 1.
        amount: u128,
        /// The operator's newest line, by the number of the registration that opened it.
        line: u64,
        /// The highest commission of the line that the sender accepts, in 1/10,000.
        max_commission: u16,
    },
    /// Ends a position, or a part of it.
    Undelegate {
        /// The position.
        position: u64,
        /// How much of its base; 0 ends a position whose base is 0.
        amount: u128,
    },
    /// Takes the end of a position back.
    CancelUnbonding {
        /// The position.
        position: u64,
    },
    /// Moves a position, or a part of it, to another operator.
    Redelegate {
        /// The position.
        position: u64,
        /// How much of its base, at least 1.
        amount: u128,
        /// The operator that it backs then.
        to: [u8; 20],
        /// That operator's newest line, by the number of the registration that opened it.
        line: u64,
        /// The highest commission of the line that the sender accepts, in 1/10,000.
        max_commission: u16,
    },
    /// Pays an ended position out, with its rewards.
    ClaimStake {
        /// The position.
        position: u64,
        /// Who is paid.
        to: Account,
    },
    /// Pays the rewards of positions.
    ClaimRewards {
        /// Who is paid.
        to: Account,
        /// The positions, 1 to 7.
        positions: Vec<u64>,
    },
    /// Pays the commission of a line of the sender.
    ClaimCommission {
        /// The line, by the number of the registration that opened it.
        line: u64,
        /// Who is paid.
        to: Account,
    },
    /// Makes a position of the rewards of another.
    Restake {
        /// The position whose rewards are staked.
        position: u64,
    },
    /// Says whether anybody may restake the rewards of a position.
    AllowRestake {
        /// The position.
        position: u64,
        /// Whether anybody may.
        allowed: bool,
    },
    /// Takes from a position what the court cut of its lines.
    ApplyCut {
        /// The position.
        position: u64,
    },
    /// Merges a position into another.
    Merge {
        /// The position that stays.
        first: u64,
        /// The position that goes.
        second: u64,
    },
    /// The sender's line takes the weakest seat.
    TakeSeat,
    /// The sender's line gives its seat back.
    Leave,
    /// The sender's line closes for ever.
    Retire,
    /// The seat of the sender's line counts again.
    Unjail,
    /// The sender changes what its line promises.
    Edit {
        /// The commission in 1/10,000, when it changes.
        commission: Option<u16>,
        /// The most that the commission may become, when that falls.
        max_commission: Option<u16>,
        /// The most that one change of it may be, when that falls.
        commission_step: Option<u16>,
        /// The least stake of its own, when that rises.
        min_self_stake: Option<u128>,
    },
    /// The sender says who it is.
    Describe(Box<Profile>),
}

impl StakeBody {
    /// The first kind byte of stake, and the last one.
    pub const KINDS: [u8; 2] = [0x10, 0x20];

    /// The kind byte.
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Delegate { .. } => 0x10,
            Self::Undelegate { .. } => 0x11,
            Self::CancelUnbonding { .. } => 0x12,
            Self::Redelegate { .. } => 0x13,
            Self::ClaimStake { .. } => 0x14,
            Self::ClaimRewards { .. } => 0x15,
            Self::ClaimCommission { .. } => 0x16,
            Self::Restake { .. } => 0x17,
            Self::AllowRestake { .. } => 0x18,
            Self::ApplyCut { .. } => 0x19,
            Self::Merge { .. } => 0x1a,
            Self::TakeSeat => 0x1b,
            Self::Leave => 0x1c,
            Self::Retire => 0x1d,
            Self::Unjail => 0x1e,
            Self::Edit { .. } => 0x1f,
            Self::Describe(_) => 0x20,
        }
    }

    /// What people call it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Delegate { .. } => "delegate",
            Self::Undelegate { .. } => "undelegate",
            Self::CancelUnbonding { .. } => "cancel_unbonding",
            Self::Redelegate { .. } => "redelegate",
            Self::ClaimStake { .. } => "claim_stake",
            Self::ClaimRewards { .. } => "claim_rewards",
            Self::ClaimCommission { .. } => "claim_commission",
            Self::Restake { .. } => "restake",
            Self::AllowRestake { .. } => "allow_restake",
            Self::ApplyCut { .. } => "apply_cut",
            Self::Merge { .. } => "merge",
            Self::TakeSeat => "take_seat",
            Self::Leave => "leave",
            Self::Retire => "retire",
            Self::Unjail => "unjail",
            Self::Edit { .. } => "edit",
            Self::Describe(_) => "describe",
        }
    }

    /// Whether only an operator does it.
    pub const fn is_of_operator(&self) -> bool {
        matches!(
            self,
            Self::ClaimCommission { .. }
                | Self::TakeSeat
                | Self::Leave
                | Self::Retire
                | Self::Unjail
                | Self::Edit { .. }
                | Self::Describe(_)
        )
    }

    pub(super) fn put(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Delegate {
                operator,
                amount,
                line,
                max_commission,
            } => {
                bytes.extend(operator);
                bytes.extend(amount.to_be_bytes());
                bytes.extend(line.to_be_bytes());
                bytes.extend(max_commission.to_be_bytes());
            }
            Self::Undelegate { position, amount } => {
                bytes.extend(position.to_be_bytes());
                bytes.extend(amount.to_be_bytes());
            }
            Self::Redelegate {
                position,
                amount,
                to,
                line,
                max_commission,
            } => {
                bytes.extend(position.to_be_bytes());
                bytes.extend(amount.to_be_bytes());
                bytes.extend(to);
                bytes.extend(line.to_be_bytes());
                bytes.extend(max_commission.to_be_bytes());
            }
            Self::ClaimStake {
                position: number,
                to,
            }
            | Self::ClaimCommission { line: number, to } => {
                bytes.extend(number.to_be_bytes());
                bytes.extend(to.bytes());
            }
            Self::ClaimRewards { to, positions } => {
                bytes.extend(to.bytes());
                bytes.push(u8::try_from(positions.len()).unwrap_or(u8::MAX));
                bytes.extend(positions.iter().flat_map(|number| number.to_be_bytes()));
            }
            Self::CancelUnbonding { position }
            | Self::Restake { position }
            | Self::ApplyCut { position } => bytes.extend(position.to_be_bytes()),
            Self::AllowRestake { position, allowed } => {
                bytes.extend(position.to_be_bytes());
                bytes.push(u8::from(*allowed));
            }
            Self::Merge { first, second } => {
                bytes.extend(first.to_be_bytes());
                bytes.extend(second.to_be_bytes());
            }
            Self::TakeSeat | Self::Leave | Self::Retire | Self::Unjail => {}
            Self::Edit { .. } => {
                let (rates, amount) = self.edited();
                bytes.extend(rates.into_iter().flat_map(u16::to_be_bytes));
                bytes.extend(amount.to_be_bytes());
            }
            Self::Describe(profile) => bytes.extend(profile.bytes()),
        }
    }

    /// Commission, its maximum, its step, and the least own stake, as an edit encodes them.
    pub(crate) fn edited(&self) -> ([u16; 3], u128) {
        match self {
            Self::Edit {
                commission,
                max_commission,
                commission_step,
                min_self_stake,
            } => (
                [*commission, *max_commission, *commission_step]
                    .map(|rate| rate.unwrap_or(UNCHANGED_RATE)),
                min_self_stake.unwrap_or(UNCHANGED_AMOUNT),
            ),
            _ => ([UNCHANGED_RATE; 3], UNCHANGED_AMOUNT),
        }
    }

    pub(super) fn take(kind: u8, reader: &mut Reader<'_>) -> Result<Self, Reject> {
        Ok(match kind {
            0x10 => Self::Delegate {
                operator: reader.array()?,
                amount: reader.u128()?,
                line: reader.u64()?,
                max_commission: reader.u16()?,
            },
            0x11 => Self::Undelegate {
                position: reader.u64()?,
                amount: reader.u128()?,
            },
            0x12 => Self::CancelUnbonding {
                position: reader.u64()?,
            },
            0x13 => Self::Redelegate {
                position: reader.u64()?,
                amount: reader.u128()?,
                to: reader.array()?,
                line: reader.u64()?,
                max_commission: reader.u16()?,
            },
            0x14 => Self::ClaimStake {
                position: reader.u64()?,
                to: take_account(reader)?,
            },
            0x15 => Self::ClaimRewards {
                to: take_account(reader)?,
                positions: take_positions(reader)?,
            },
            0x16 => Self::ClaimCommission {
                line: reader.u64()?,
                to: take_account(reader)?,
            },
            0x17 => Self::Restake {
                position: reader.u64()?,
            },
            0x18 => Self::AllowRestake {
                position: reader.u64()?,
                allowed: take_flag(reader, "allowed")?,
            },
            0x19 => Self::ApplyCut {
                position: reader.u64()?,
            },
            0x1a => Self::Merge {
                first: reader.u64()?,
                second: reader.u64()?,
            },
            0x1b => Self::TakeSeat,
            0x1c => Self::Leave,
            0x1d => Self::Retire,
            0x1e => Self::Unjail,
            0x1f => take_edit(reader)?,
            0x20 => Self::Describe(Box::new(Profile::take(reader)?)),
            kind => return Err(Reject::UnsupportedKind { kind }),
        })
    }
}

fn take_positions(reader: &mut Reader<'_>) -> Result<Vec<u64>, Reject> {
    let count = reader.u8()?;
    if count == 0 || usize::from(count) > MAX_POSITIONS {
        return Err(Reject::BadField {
            field: "the number of positions",
            found: count.into(),
            allowed: "a claim of rewards names 1 to 7",
        });
    }
    let mut positions = Vec::with_capacity(count.into());
    for _ in 0..count {
        positions.push(reader.u64()?);
    }
    Ok(positions)
}

fn take_edit(reader: &mut Reader<'_>) -> Result<StakeBody, Reject> {
    let mut rate = || -> Result<Option<u16>, Reject> {
        Ok(Some(reader.u16()?).filter(|rate| *rate != UNCHANGED_RATE))
    };
    let (commission, max_commission, commission_step) = (rate()?, rate()?, rate()?);
    Ok(StakeBody::Edit {
        commission,
        max_commission,
        commission_step,
        min_self_stake: Some(reader.u128()?).filter(|amount| *amount != UNCHANGED_AMOUNT),
    })
}
