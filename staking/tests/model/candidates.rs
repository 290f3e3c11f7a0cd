//! What an operation could be done with now.

use crate::state::{Id, Interval, Model, Position, State};

/// Whether two positions have one owner and one line.
pub fn twins((first, one): &(u64, &Position), (second, two): &(u64, &Position)) -> bool {
    first != second && one.owner == two.owner && one.newest().line == two.newest().line
}

/// The newest line of an operator, when it is open.
pub fn fits_line(model: &Model, operator: u32) -> Option<Id> {
    let id = (operator, model.operators.get(&operator)?.1);
    (model.lines[&id].state == State::Open).then_some(id)
}

/// Whether an operator could do this; where `near`, but for time and amounts.
pub fn fits(kind: &str, model: &Model, operator: u32, near: bool) -> bool {
    let Some(id) = fits_line(model, operator) else {
        return matches!(kind, "register" | "describe" | "claim commission");
    };
    let line = &model.lines[&id];
    let seat = model.seat_of(id);
    let holder = seat.and_then(|seat| model.seats[seat].as_ref());
    match kind {
        "leave" => seat.is_some(),
        "unjail" => holder.is_some_and(|one| one.jailed) && (near || line.jailed <= model.epoch),
        "take seat" if near => seat.is_none(),
        "take seat" => {
            let number = model.operators[&operator].0;
            let (stake, own) = model.stake(id);
            let dead = model.registrations[&(operator, number)].tombstoned;
            let enough = stake >= model.terms.min_seat && stake > model.weakest().0;
            let free = seat.is_none() && line.jailed <= model.epoch && !dead;
            free && enough && own >= line.min_self_stake
        }
        _ => true,
    }
}

/// Whether this could be done with a position; where `near`, but for freezes and time.
pub fn suits(kind: &str, model: &Model, position: &Position, near: bool) -> bool {
    let due = position
        .intervals
        .iter()
        .any(|one| model.due(one) != one.cut);
    if due || kind == "apply" {
        return due && kind == "apply";
    }
    let frozen = || !near && position.intervals.iter().any(|one| model.frozen(one));
    let open = model.lines[&position.newest().line].state == State::Open;
    let first = position.intervals[0];
    let single = near || position.intervals.len() == 1 || first.last < model.matured;
    let earned = |one: &Interval| model.earned(position.held(), one).0 > 0;
    let earns = || position.pending.0 > 0 || position.intervals.iter().any(earned);
    let ended = near
        || position
            .intervals
            .iter()
            .all(|one| one.last < model.matured);
    let again = position.newest().last == model.epoch + 1;
    match kind {
        "undelegate" => position.bonded(),
        "redelegate" => position.bonded() && single && !frozen(),
        "cancel" => !position.bonded() && open && !frozen() && (single || again),
        "claim stake" => !position.bonded() && ended && !frozen(),
        "claim rewards" => earns(),
        "restake" => position.bonded() && open && earns(),
        "merge" => {
            let begun = near || position.newest().first < model.matured;
            position.bonded() && open && single && begun && !frozen()
        }
        _ => true,
    }
}
