//! Why an input is refused, and which states are impossible unless the node is broken.

use crate::PowerError;
use crate::leaf::Key;

/// Why an input is refused; the caller drops what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reject {
    /// N out of bounds.
    #[error("{seats} seats; a deployment has 1 to 512")]
    Seats {
        /// Number of seats that the rules name.
        seats: u16,
    },
    /// Parameters that no rule can work with.
    #[error("the parameters of stake do not fit together: {0}")]
    Rules(&'static str),
    /// A range or a seat beyond the last.
    #[error(
        "seats {first} up to, and without, {end}: this has to be a range of at least one seat within the {seats} seats of the deployment"
    )]
    Range {
        /// The first seat of the range, from 0.
        first: u16,
        /// The first seat after the range.
        end: u32,
        /// Number of seats of the deployment.
        seats: u16,
    },
    /// Power out of bounds.
    #[error(transparent)]
    Power(#[from] PowerError),
    /// No epoch at this height.
    #[error("height {height} has no epoch of {epoch_blocks} blocks")]
    NoEpoch {
        /// The height that was asked for.
        height: u64,
        /// Length of an epoch in blocks.
        epoch_blocks: u32,
    },
    /// The ring holds another epoch there, or none.
    #[error(
        "the set of epoch {epoch} is not held at seat {seat}: the ring has {there} there",
        there = held.map_or_else(|| "no epoch".to_owned(), |held| format!("epoch {held}"))
    )]
    SetNotHeld {
        /// The epoch whose set was asked for.
        epoch: u64,
        /// The seat whose entry shows it, from 0.
        seat: u16,
        /// The epoch that the ring holds at this place; `None` when the place was never written.
        held: Option<u64>,
    },
    /// An amount of nothing.
    #[error("the amount is zero")]
    ZeroAmount,
    /// Less than the least amount of the operation.
    #[error("{amount} is less than {minimum}, the least amount of this operation")]
    TooSmall {
        /// The amount, in base units of the native asset.
        amount: u128,
        /// The least that is allowed.
        minimum: u128,
    },
    /// What stays of a position that moved is too little.
    #[error(
        "{rest} would stay behind the line, and less than {minimum} does not, while the position waits for the line that it backed before: take less, or the whole"
    )]
    RestTooSmall {
        /// What would stay, in base units of the native asset.
        rest: u128,
        /// The least that stays.
        minimum: u128,
    },
    /// More than there can be of the asset.
    #[error("{amount} is more than there can be of the asset, which is {limit}")]
    TooMuch {
        /// The amount, in base units of the native asset.
        amount: u128,
        /// The most that the root chain holds for the child.
        limit: u128,
    },
    /// More than the position holds.
    #[error("the position holds {held}, and {amount} was asked for")]
    NotEnough {
        /// The amount, in base units of the native asset.
        amount: u128,
        /// What there is.
        held: u128,
    },
    /// The sender has no registration.
    #[error("this operator has no registration: it registers on the root chain first")]
    NoOperator,
    /// The line takes no stake and no seat.
    #[error("this line of the operator is closed: a new registration opens another")]
    LineClosed,
    /// The named line is not the operator's newest.
    #[error("the newest line of the operator is {newest}, and {named} was named")]
    OtherLine {
        /// The line that was named.
        named: u64,
        /// The newest line of the operator.
        newest: u64,
    },
    /// The operator takes more than whoever delegates accepts.
    #[error(
        "the commission of the line is {commission} / 10,000, and at most {max_commission} / 10,000 was accepted"
    )]
    CommissionAbove {
        /// The commission of the line.
        commission: u16,
        /// The most that was accepted.
        max_commission: u16,
    },
    /// No such position, or one that was paid out.
    #[error("there is no position {number}")]
    NoPosition {
        /// The number that was asked for.
        number: u64,
    },
    /// The position is somebody else's.
    #[error("position {number} is another account's")]
    NotOwner {
        /// The position.
        number: u64,
    },
    /// The position does not back a line any more.
    #[error("position {number} is not bonded")]
    NotBonded {
        /// The position.
        number: u64,
    },
    /// The position was not ended.
    #[error("position {number} is bonded: undelegate it first")]
    Bonded {
        /// The position.
        number: u64,
    },
    /// The position still waits for its first leg.
    #[error(
        "position {number} was moved from another line and is still at risk there for the epochs up to {last}; it can move again once that epoch has matured"
    )]
    TwoLegs {
        /// The position.
        number: u64,
        /// Last backed epoch of its first leg.
        last: u64,
    },
    /// The last backed epoch has not matured.
    #[error(
        "position {number} was at risk up to epoch {last}, and only the epochs before {matured} have matured"
    )]
    NotMatured {
        /// The position.
        number: u64,
        /// The last epoch in which it was at risk.
        last: u64,
        /// Number of epochs that have matured.
        matured: u64,
    },
    /// The court has not settled what it froze.
    #[error(
        "position {number} was at risk behind the operator {}, and waits for the court: {what} {}; nothing that was at risk there moves before that is over",
        hex(operator),
        span(*lowest, *highest)
    )]
    Frozen {
        /// The position.
        number: u64,
        /// The operator of the line that it was at risk on.
        operator: [u8; 20],
        /// What is frozen.
        what: FrozenKind,
        /// The lowest frozen epoch.
        lowest: u64,
        /// The highest one; what lies between them waits too.
        highest: u64,
    },
    /// The court cut the line, and the cut was not applied to the position.
    #[error("a cut of position {number} was not applied yet: apply it first, which anybody may do")]
    CutPending {
        /// The position.
        number: u64,
    },
    /// No cut waits.
    #[error("no cut of position {number} waits to be applied")]
    NothingToApply {
        /// The position.
        number: u64,
    },
    /// Nothing to pay.
    #[error("there is nothing to collect")]
    NothingOwed,
    /// To the line that the position backs.
    #[error("the position backs this line already")]
    SameLine,
    /// Two positions that do not belong together.
    #[error("positions {first} and {second} cannot be merged: {why}")]
    NotMergeable {
        /// The position that would stay.
        first: u64,
        /// The position that would go.
        second: u64,
        /// The reason.
        why: &'static str,
    },
    /// The number of positions of one transaction.
    #[error("{count} positions; a transaction names 1 to {limit}, each at most once")]
    Positions {
        /// How many are named.
        count: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// A position with a cut line takes a transaction of its own.
    #[error(
        "position {number} backs a line that the court closed: collect its rewards in a transaction that names no other position"
    )]
    Alone {
        /// The position.
        number: u64,
    },
    /// Only the owner may restake.
    #[error("the owner of position {number} does not let others restake its rewards")]
    RestakeNotAllowed {
        /// The position.
        number: u64,
    },
    /// The line has a seat.
    #[error("the line has seat {seat} already")]
    Seated {
        /// The seat.
        seat: u16,
    },
    /// The line has no seat.
    #[error("the line has no seat")]
    NotSeated,
    /// A seat that no set has yet.
    #[error(
        "the line took seat {seat} in this epoch, and neither the seat nor stake behind it is given back until the next one begins: what takes a seat must be in at least one set"
    )]
    NewSeat {
        /// The seat.
        seat: u16,
    },
    /// Stake that no set has yet, behind a line that it keeps in its seat.
    #[error(
        "the position backs the line in seat {seat} since this epoch, and is ended or moved from the next one on: what keeps others out of a seat must be in at least one set"
    )]
    NewStake {
        /// The seat.
        seat: u16,
    },
    /// The seat before was lost too short a time ago.
    #[error(
        "the line lost its seat, and takes another from epoch {from} on: whoever backs it can go until then"
    )]
    LostSeat {
        /// The first epoch in which it takes another.
        from: u64,
    },
    /// Too little stake for a seat.
    #[error("a seat needs a stake of {needed}, and the line has {stake}")]
    StakeBelowSeat {
        /// The line's stake.
        stake: u128,
        /// What the cheapest seat costs now.
        needed: u128,
    },
    /// Too little stake of the operator's own.
    #[error("the operator's own stake is {own}, and the operator has set its minimum to {minimum}")]
    SelfStakeBelow {
        /// The operator's own stake.
        own: u128,
        /// The minimum.
        minimum: u128,
    },
    /// The newest registration is tombstoned.
    #[error(
        "the key of registration {registration} signed two conflicting votes and never validates again: register another key"
    )]
    Tombstoned {
        /// The registration.
        registration: u64,
    },
    /// The time in jail is not over.
    #[error("the line is in jail until epoch {until} begins; it is epoch {epoch}")]
    InJail {
        /// The first epoch in which it may return.
        until: u64,
        /// The epoch now.
        epoch: u64,
    },
    /// It is not in jail.
    #[error("the seat of this line is not jailed")]
    NotJailed,
    /// The commission cannot become this.
    #[error("the commission cannot become {commission} / 10,000: {why}")]
    Commission {
        /// What it would become.
        commission: u16,
        /// The reason.
        why: &'static str,
    },
    /// A bound that only moves one way.
    #[error("{what} can only be {way}")]
    OneWay {
        /// Which bound.
        what: &'static str,
        /// Which way it may move.
        way: &'static str,
    },
    /// A message of the court or of the registry that has no effect.
    #[error("{0}")]
    NoEffect(&'static str),
}

/// What the court has frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrozenKind {
    /// A line, for offences of its keys that are not settled.
    Line,
    /// Whole epochs, for two checkpoints each, that are not released.
    Epochs,
}

impl std::fmt::Display for FrozenKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Line => "an offence of this operator is not settled, of",
            Self::Epochs => "two checkpoints were shown and not released, of",
        })
    }
}

fn hex(address: &[u8; 20]) -> String {
    let digits = address.iter().map(|byte| format!("{byte:02x}"));
    format!("0x{}", digits.collect::<String>())
}

fn span(lowest: u64, highest: u64) -> String {
    match lowest == highest {
        true => format!("epoch {lowest}"),
        false => format!("epochs from {lowest} to {highest}"),
    }
}

/// Refused input, or storage that failed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error<E> {
    /// The input is refused.
    #[error(transparent)]
    Reject(#[from] Reject),
    /// The storage behind the port failed.
    #[error("the leaves cannot be read or written")]
    Fault(E),
    /// A leaf that must be there is not: the node is broken.
    #[error(
        "the leaf of {0} is missing, and an earlier rule must have made it: the node's state is damaged"
    )]
    Missing(Key),
    /// Amounts that a sound state cannot have.
    #[error("the amounts of stake do not add up: {0}")]
    Books(&'static str),
}
