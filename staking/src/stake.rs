//! How a line's stake changes, and how a seat is lost: every rule that does either does it here.
//!
//! ```text
//! leaves   line w; when it is seated: seat w, one node of each level of the minima w; when stake is withdrawn, or what is left is too
//!          little for its seat: member of the next epoch r
//! ```

use crate::effect::{Effect, Loss};
use crate::leaves::{expect, read, write};
use crate::line::{Account, Line, LineId, account_of};
use crate::minima::{self, Weight};
use crate::{
    Context, Error, LineState, MemberLeaf, Operator, Reject, Rules, Seat, SeatState, Standing,
    TypedLeaves, ring_place,
};

/// By how much the stake of a line changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    More(u128),
    /// What an owner takes away.
    Withdrawn {
        amount: u128,
        /// Whether it came in this epoch, so that no set has it.
        new: bool,
    },
    /// What a position does not hold any more.
    Burned(u128),
}

impl Change {
    fn of(self, amount: u128) -> Option<u128> {
        match self {
            Self::More(more) => amount.checked_add(more),
            Self::Withdrawn { amount: less, .. } | Self::Burned(less) => amount.checked_sub(less),
        }
    }
}

/// Changes the stake of a line by what a position of `owner` gains or loses. A seat that is too small afterwards is lost.
///
/// What took a seat in this epoch stays behind its line until the next one begins. Else stake that is lent to the line for one block, and
/// is at risk in no epoch, takes the seat of a member with more stake than the line has, who asks in the next epoch (`take_seat`): a set would
/// have the smaller stake, and with other such stake every set. Nor does a cut that somebody applies empty such a seat: a cut that is not applied takes nothing that
/// anybody could have, and in the next epoch anybody applies it.
///
/// What came in this epoch behind a line that has a seat stays as long, too. Else stake that comes in the first block of each epoch and goes in the last one
/// keeps a larger line out of an old seat, and is at risk in no set. Nobody but its owner makes a leg (a restake by somebody else makes a position of its own), so nobody is held by that for longer.
pub(crate) fn change<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    id: LineId,
    owner: Account,
    change: Change,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let mut line: Line = expect(leaves, id)?;
    line.stake = change
        .of(line.stake)
        .ok_or(Error::Books("the stake of a line"))?;
    if owner == account_of(id.operator) {
        line.self_stake = change
            .of(line.self_stake)
            .ok_or(Error::Books("the own stake of a line"))?;
    }
    let (is_kept, is_new) = match change {
        Change::Withdrawn { new, .. } => (true, new),
        Change::More(_) | Change::Burned(_) => (is_too_small(context, &line), false),
    };
    if line.seated() && is_kept {
        refuse_new_seat(leaves, context, id, line.seat)?;
    }
    if line.seated() && is_new {
        refuse_new_stake(leaves, line.seat)?;
    }
    let effects = settle_seat(leaves, context, id, &mut line)?;
    write(leaves, id, &line)?;
    Ok(effects)
}

/// Whether a line has too little for any seat, or its operator too little of its own.
const fn is_too_small(context: &Context<'_>, line: &Line) -> bool {
    line.stake < context.rules.min_seat || line.self_stake < line.min_self_stake
}

/// Brings the seat of a line up to date with it, or empties it when the line is too small for it.
pub(crate) fn settle_seat<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    id: LineId,
    line: &mut Line,
) -> Result<Vec<Effect>, Error<L::Error>> {
    if !line.seated() {
        return Ok(Vec::new());
    }
    if is_too_small(context, line) {
        return lose_seat(leaves, context, id, line, Loss::TooSmall).map(|effect| vec![effect]);
    }
    let mut seat: Seat = expect(leaves, line.seat)?;
    seat.stake = line.stake;
    seat.commission = line.commission;
    put_seat(leaves, context, line.seat, &seat)?;
    Ok(Vec::new())
}

/// Empties the seat of a line, which backs its last set in the next epoch, and takes no other one before that is over. The caller writes the
/// line.
pub(crate) fn lose_seat<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    id: LineId,
    line: &mut Line,
    why: Loss,
) -> Result<Effect, Error<L::Error>> {
    let seat = line.seat;
    put_seat(leaves, context, seat, &Seat::default())?;
    unseat(context, line);
    line.seat = Line::NO_SEAT;
    let line = id;
    Ok(Effect::Unseated { line, seat, why })
}

/// Refuses to give back or to empty a seat that was taken in this epoch: no set would have the line, and none the one that it took the
/// seat from. So stake that is at risk in no epoch could keep the weakest members out of every set, for two fees an epoch.
///
/// Who took a seat in this epoch does not stand in the next set (`take_seat`), so the member at this seat says all. And whoever backs the line
/// waits for the end of this epoch only: in the whole of the next one the line has the seat that its first set gives it, or has lost it and
/// takes none.
///
/// ```text
/// leaves   seat r, member of the next epoch r
/// ```
pub(crate) fn refuse_new_seat<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    id: LineId,
    number: u16,
) -> Result<(), Error<L::Error>> {
    let seat: Seat = expect(leaves, number)?;
    let next = context.epoch.saturating_add(1);
    let stands = stands(leaves, context.rules, id, next, number)?;
    match stands || seat.state != SeatState::Active {
        true => Ok(()),
        false => Err(Reject::NewSeat { seat: number }.into()),
    }
}

/// Refuses to take away what came in this epoch, behind a seat that counts: a jailed one keeps nobody out.
fn refuse_new_stake<L: TypedLeaves>(leaves: &mut L, number: u16) -> Result<(), Error<L::Error>> {
    let seat: Seat = expect(leaves, number)?;
    match seat.state {
        SeatState::Active => Err(Reject::NewStake { seat: number }.into()),
        SeatState::Empty | SeatState::Jailed => Ok(()),
    }
}

/// Whether a line stands at a seat of an epoch's set, with stake: a set that was copied has nothing at risk.
pub(crate) fn stands<L: TypedLeaves>(
    leaves: &mut L,
    rules: &Rules,
    id: LineId,
    epoch: u64,
    seat: u16,
) -> Result<bool, Error<L::Error>> {
    let place = ring_place(epoch, rules.ring);
    let member: MemberLeaf = expect(leaves, (place, seat))?;
    let stands = |standing: Standing| standing.line == id && standing.stake > 0;
    Ok(member.standing.is_some_and(stands))
}

/// What the loss of a seat is to the line; where another one took it, it still says which one it was.
pub(crate) fn unseat(context: &Context<'_>, line: &mut Line) {
    line.until = context.epoch.saturating_add(1);
}

/// Writes a seat and its weight.
pub(crate) fn put_seat<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    number: u16,
    seat: &Seat,
) -> Result<(), Error<L::Error>> {
    let stake = seat.weight();
    let weight = Weight {
        stake,
        seat: number,
    };
    minima::update(leaves, context.rules.seats, weight)?;
    write(leaves, number, seat)
}

/// The line of an operator that takes stake.
pub(crate) fn open_line<L: TypedLeaves>(
    leaves: &mut L,
    operator: [u8; 20],
) -> Result<(LineId, Operator, Line), Error<L::Error>> {
    let (id, newest, line) = newest_line(leaves, operator)?;
    match line.state {
        LineState::Open => Ok((id, newest, line)),
        _ => Err(Reject::LineClosed.into()),
    }
}

/// Whether stake may be put behind a line: it is the newest of its operator and open, and its commission is at most what the owner of the
/// stake accepts.
///
/// The commission of the line is the newest that its operator has said, above all that stands in sets that are fixed already: what is
/// delegated now backs none of those. So a rise that came before the delegation cannot hit it, and what comes later is bounded by the step.
pub(crate) fn check_line<L: TypedLeaves>(
    leaves: &mut L,
    named: LineId,
    max_commission: u16,
) -> Result<(), Error<L::Error>> {
    let (newest, _, line) = newest_line(leaves, named.operator)?;
    if newest != named {
        let (named, newest) = (named.line, newest.line);
        return Err(Reject::OtherLine { named, newest }.into());
    }
    if line.state != LineState::Open {
        return Err(Reject::LineClosed.into());
    }
    let commission = line.commission;
    match commission <= max_commission {
        true => Ok(()),
        false => Err(Reject::CommissionAbove {
            commission,
            max_commission,
        }
        .into()),
    }
}

/// The newest line of an operator.
pub(crate) fn newest_line<L: TypedLeaves>(
    leaves: &mut L,
    operator: [u8; 20],
) -> Result<(LineId, Operator, Line), Error<L::Error>> {
    let newest: Operator = read(leaves, operator)?.ok_or(Reject::NoOperator)?;
    let line = newest.line;
    let id = LineId { operator, line };
    let line = expect(leaves, id)?;
    Ok((id, newest, line))
}
