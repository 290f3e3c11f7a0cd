//! Take seat: a line without a seat takes the weakest one, with more stake than its holder counts.
//!
//! ```text
//! leaves   operator r, line w, registration r, minima's top r, seat w, the displaced line w, one node of each level of the minima w;
//!          of a line that was displaced, until its last set is over: member of that epoch r
//! ```
//! Only the weakest can be taken: if any smaller holder could be displaced, a third of the stake could collect half of the power. An
//! empty and a jailed seat count as zero, so they go first. Of equal stakes the lower seat is the weaker (`minima`). The cases are in
//! `validator/vectors/rules/stake.json`.
//!
//! A line that lost its seat takes another when its last set is over. Only a line that was displaced takes one in the epoch of that set
//! already, if that set has it at the seat that was taken from it and no evidence came against its key: it takes back what the stake that displaced it has left by then. If it could
//! as well when it left, one larger stake could displace a member and leave, epoch for epoch, and a smaller one have the seat in between. So no
//! line takes a seat in two epochs behind each other. Nobody empties a seat that is new (`stake`): who backs lines that change or take away each
//! other's seats could else never go.

use crate::leaves::{expect, write};
use crate::minima::{self, Weight};
use crate::stake::{open_line, put_seat, stands, unseat};
use crate::{
    Context, Effect, Error, Line, LineId, Loss, Registration, Reject, Rules, Seat, SeatState,
    TypedLeaves,
};

/// The operator's newest line takes the weakest seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakeSeat {
    /// The operator, who is the sender.
    pub operator: [u8; 20],
}

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &TakeSeat,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let (id, newest, mut line) = open_line(leaves, input.operator)?;
    let number = newest.registration;
    let registration: Registration = expect(leaves, (id.operator, number))?;
    check(context, &line, number, &registration)?;
    refuse_too_soon(leaves, context, id, &line)?;
    let (weakest, needed) = cheapest(leaves, context.rules)?;
    let stake = line.stake;
    if stake < needed {
        return Err(Reject::StakeBelowSeat { stake, needed }.into());
    }
    let before: Seat = expect(leaves, weakest.seat)?;
    let mut effects = Vec::new();
    if before.state != SeatState::Empty {
        let mut displaced: Line = expect(leaves, before.line)?;
        unseat(context, &mut displaced);
        write(leaves, before.line, &displaced)?;
        effects.push(Effect::Unseated {
            line: before.line,
            seat: weakest.seat,
            why: Loss::Displaced,
        });
    }
    let seat = Seat {
        state: SeatState::Active,
        line: id,
        registration: number,
        consensus_key: registration.consensus_key,
        checkpoint_key: registration.checkpoint_key,
        stake,
        commission: line.commission,
    };
    put_seat(leaves, context, weakest.seat, &seat)?;
    line.seat = weakest.seat;
    line.until = Line::UNLIMITED;
    write(leaves, id, &line)?;
    effects.push(Effect::Seated {
        line: id,
        seat: weakest.seat,
        stake,
    });
    Ok(effects)
}

/// The seat that can be taken now, and the stake that it takes.
///
/// # Errors
/// When the leaves cannot be read, or are not those of these rules.
pub fn cheapest<L: TypedLeaves>(
    leaves: &mut L,
    rules: &Rules,
) -> Result<(Weight, u128), Error<L::Error>> {
    let weakest = minima::weakest(leaves, rules.seats)?;
    let needed = rules.min_seat.max(weakest.stake.saturating_add(1));
    Ok((weakest, needed))
}

fn check(
    context: &Context<'_>,
    line: &Line,
    number: u64,
    registration: &Registration,
) -> Result<(), Reject> {
    if line.seated() {
        return Err(Reject::Seated { seat: line.seat });
    }
    if registration.tombstoned {
        return Err(Reject::Tombstoned {
            registration: number,
        });
    }
    if context.epoch < line.jailed {
        return Err(Reject::InJail {
            until: line.jailed,
            epoch: context.epoch,
        });
    }
    if line.self_stake < line.min_self_stake {
        return Err(Reject::SelfStakeBelow {
            own: line.self_stake,
            minimum: line.min_self_stake,
        });
    }
    Ok(())
}

/// Refuses a line whose last set is not over; when another line took its seat and that set has it there, only before that epoch.
fn refuse_too_soon<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    id: LineId,
    line: &Line,
) -> Result<(), Error<L::Error>> {
    let (epoch, until) = (context.epoch, line.until);
    if until == 0 || epoch > until {
        return Ok(());
    }
    let is_back =
        line.seat != Line::NO_SEAT && stands(leaves, context.rules, id, until, line.seat)?;
    let from = until.saturating_add(u64::from(!is_back));
    match epoch < from {
        true => Err(Reject::LostSeat { from }.into()),
        false => Ok(()),
    }
}
