//! What a rule makes happen outside of staking: money that the ledger moves, and what is told to those who watch.

use crate::Member;
use crate::line::{Account, LineId};

/// Why a seat was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// A line with more stake took it.
    Displaced,
    /// Its operator left it.
    Left,
    /// Its operator closed the line.
    Retired,
    /// The stake fell below what a seat needs, or the operator's own below its minimum.
    TooSmall,
    /// The court froze the line.
    Frozen,
    /// The engine proved that its key signed two conflicting votes.
    Tombstoned,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The account pays `amount` of the native asset into staking.
    Take {
        /// Who pays.
        from: Account,
        /// Base units of the native asset.
        amount: u128,
    },
    /// The account is paid `amount` of the native asset out of staking.
    Pay {
        /// Who is paid.
        to: Account,
        /// Base units of the native asset.
        amount: u128,
    },
    /// Stake was cut and belongs to nobody any more.
    Burn {
        /// Base units of the native asset.
        amount: u128,
    },
    /// A position was made.
    Opened {
        /// Its number.
        position: u64,
        /// Its owner.
        owner: Account,
        /// The line that it backs.
        line: LineId,
        /// What it holds.
        amount: u128,
    },
    /// A position backs a line from the epoch after next on.
    Backs {
        /// Its number.
        position: u64,
        /// The line.
        line: LineId,
        /// What it holds.
        amount: u128,
    },
    /// A position was ended completely: it backs its line up to `last`.
    Ended {
        /// Its number.
        position: u64,
        /// The line.
        line: LineId,
        /// The last epoch that it backs, or an epoch before its first when it never backs one.
        last: u64,
    },
    /// Rewards were collected, by payment or by a new position.
    Collected {
        /// The position.
        position: u64,
        /// Base units of the native asset.
        amount: u128,
    },
    /// A cut was applied.
    Cut {
        /// The position.
        position: u64,
        /// What it lost, base units of the native asset.
        amount: u128,
    },
    /// A position was merged into another of the same owner.
    Merged {
        /// The position that stays.
        first: u64,
        /// The position that is gone.
        second: u64,
    },
    /// A line took a seat.
    Seated {
        /// The line.
        line: LineId,
        /// The seat.
        seat: u16,
        /// The line's stake.
        stake: u128,
    },
    /// A line lost its seat.
    Unseated {
        /// The line.
        line: LineId,
        /// The seat that it had.
        seat: u16,
        /// Why.
        why: Loss,
    },
    /// A line was absent too long.
    Jailed {
        /// The line.
        line: LineId,
        /// The epoch in which it was absent.
        epoch: u64,
        /// The first epoch in which it may return.
        until: u64,
    },
    /// A line's seat has power again.
    Unjailed {
        /// The line.
        line: LineId,
    },
    /// A registration was taken into the state.
    Registered {
        /// The line that it signs for.
        line: LineId,
        /// Its number.
        registration: u64,
    },
    /// A line was closed.
    Closed {
        /// The line.
        line: LineId,
    },
    /// What was at risk behind a line in an epoch waits until an offence is settled.
    Frozen {
        /// The line.
        line: LineId,
        /// The registration whose key offended.
        registration: u64,
        /// The epoch of the offence.
        epoch: u64,
    },
    /// An offence was settled: the freeze ends, and who stood behind the line in that epoch has a cut to apply.
    Settled {
        /// The line.
        line: LineId,
        /// The registration whose key offended.
        registration: u64,
        /// The epoch of the offence.
        epoch: u64,
        /// What is cut, in 1/10^9; 0 where nothing that stood behind that epoch can be cut any more.
        fraction: u32,
    },
    /// Money from root entered the reward pool.
    Funded {
        /// Base units of the native asset.
        amount: u128,
    },
    /// An epoch matured: nothing that was at risk in it can be cut any more, but for what is frozen.
    Matured {
        /// The epoch.
        epoch: u64,
    },
    /// Stake that was at risk in this epoch is locked.
    EpochFrozen {
        /// The epoch.
        epoch: u64,
    },
    /// One freeze of this epoch was lifted.
    EpochReleased {
        /// The epoch.
        epoch: u64,
    },
    /// The key of a registration never signs again.
    Tombstoned {
        /// The operator.
        operator: [u8; 20],
        /// The registration.
        registration: u64,
    },
    /// Rewards that were released to the members of the epoch.
    Released {
        /// Base units of the native asset.
        amount: u128,
    },
    /// A line was paid for an epoch.
    Paid {
        /// The line.
        line: LineId,
        /// The epoch.
        epoch: u64,
        /// What its positions receive, base units of the native asset.
        stakers: u128,
        /// What its operator receives.
        commission: u128,
    },
    /// A member that was copied from its seat into the set of an epoch (pass B), in the order of seats.
    Member(Member),
    /// The range of seats is done; the power of all seats copied so far.
    Rolled {
        /// The first seat after the range, from 0.
        next: u16,
        /// Power of all seats copied so far, this range included.
        total: u64,
    },
}
