//! What an operation could be done with now.

use std::collections::BTreeSet;

use crate::abstract_model::{Model, Position};

/// Whether two positions have one owner and one line.
pub fn twins((first, one): &(u64, &Position), (second, two): &(u64, &Position)) -> bool {
    first != second && one.owner == two.owner && one.now.line == two.now.line
}

pub fn operators(model: &Model) -> Vec<u32> {
    let all: BTreeSet<u32> = model.registrations.keys().map(|id| id.0).collect();
    all.into_iter().collect()
}

/// Whether an operator could do this; where `near`, but for time and amounts.
pub fn fits(kind: &str, model: &Model, operator: u32, near: bool) -> bool {
    let Some(id) = model.open_line(operator) else {
        return matches!(kind, "register" | "describe" | "claim commission");
    };
    let line = &model.lines[&id];
    let seat = model.seat_of(id);
    match kind {
        "leave" => seat.is_some() && !model.is_seat_new(id),
        "retire" => !model.is_seat_new(id),
        "unjail" => seat.is_some() && line.absent && (near || line.jailed <= model.epoch),
        "take seat" if near => seat.is_none(),
        "take seat" => {
            let (stake, own) = model.stake(id);
            let newest = model.newest(operator).map_or(0, |newest| newest.1.keys[0]);
            let dead = model.tombstones.contains(&newest);
            let enough = stake >= model.terms.min_seat && stake > model.weakest().0;
            let free = seat.is_none() && line.jailed.max(line.until) <= model.epoch && !dead;
            free && enough && own >= line.min_self_stake
        }
        _ => true,
    }
}

/// Whether this could be done with a position; where `near`, but for freezes and time.
pub fn suits(kind: &str, model: &Model, position: &Position, near: bool) -> bool {
    let due = model.cut_pending(position);
    if due || kind == "apply" {
        return due && kind == "apply";
    }
    let frozen = || !near && model.frozen(position);
    let open = model.lines[&position.now.line].open();
    let before = position.before;
    let single = near || before.is_none_or(|first| first.last < model.matured);
    let earns = || position.pending.0 > 0 || model.earned(position).0 > 0;
    let ended = near || position.intervals().all(|one| one.last < model.matured);
    let new = !near && model.is_stake_new(position);
    let again = position.now.last == model.epoch + 1;
    match kind {
        "undelegate" => position.bonded() && !new,
        "redelegate" => position.bonded() && !new && single && !frozen(),
        "cancel" => !position.bonded() && open && !frozen() && (single || again),
        "claim stake" => !position.bonded() && ended && !frozen(),
        "claim rewards" => earns(),
        "restake" => position.bonded() && open && earns(),
        "merge" => {
            let begun = near || position.now.first < model.matured;
            position.bonded() && open && single && begun && !frozen()
        }
        _ => true,
    }
}
