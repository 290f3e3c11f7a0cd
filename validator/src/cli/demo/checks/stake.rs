//! The checks of steps 9 to 13, and 16: delegators, the fifth validator, its absence and its two votes.

use super::{Check, Verdict, all_moved, alter, equal, number, seen, short, unmove};
use crate::cli::demo::observe::{
    Delegation, DoubleVote, Earned, Jailed, Newcomer, Observations, RefusedSeen, SetSeen,
    Undelegation,
};

/// In the order of the steps.
pub const CHECKS: [Check; 18] = [
    Check {
        step: 9,
        name: "delegation-foretold",
        verify: foretold,
        sabotage: |o| delegation(o).foretold += 1,
    },
    Check {
        step: 9,
        name: "delegation-paid",
        verify: delegation_paid,
        sabotage: |o| unmove(&mut delegation(o).paid),
    },
    Check {
        step: 9,
        name: "delegation-stands",
        verify: delegation_stands,
        sabotage: |o| alter(&mut delegation(o).position.held),
    },
    Check {
        step: 10,
        name: "fifth-registered",
        verify: registered,
        sabotage: |o| alter(&mut newcomer(o).keys_on_root),
    },
    Check {
        step: 10,
        name: "fifth-seated",
        verify: seated,
        sabotage: |o| newcomer(o).set = newcomer(o).before.clone(),
    },
    Check {
        step: 10,
        name: "fifth-first-share",
        verify: first_share,
        sabotage: |o| newcomer(o).shared = false,
    },
    Check {
        step: 10,
        name: "fifth-signs",
        verify: signs,
        sabotage: |o| newcomer(o).signed = None,
    },
    Check {
        step: 11,
        name: "rewards-claimed",
        verify: rewards_claimed,
        sabotage: |o| unmove(&mut earned(o).paid),
    },
    Check {
        step: 11,
        name: "redelegation-stands",
        verify: redelegated,
        sabotage: |o| earned(o).position.legs.truncate(1),
    },
    Check {
        step: 11,
        name: "redelegation-moved",
        verify: redelegation_moved,
        sabotage: |o| unmove(&mut earned(o).stake),
    },
    Check {
        step: 12,
        name: "absent-is-jailed",
        verify: is_jailed,
        sabotage: |o| jailed(o).without = jailed(o).set.clone(),
    },
    Check {
        step: 12,
        name: "no-early-return",
        verify: no_early_return,
        sabotage: |o| jailed(o).early.code = 0,
    },
    Check {
        step: 12,
        name: "unjailed",
        verify: unjailed,
        sabotage: |o| jailed(o).present = 0,
    },
    Check {
        step: 13,
        name: "double-vote-tombstones",
        verify: tombstones,
        sabotage: |o| double_vote(o).tombstoned = false,
    },
    Check {
        step: 13,
        name: "double-vote-empties-the-seat",
        verify: seat_is_empty,
        sabotage: |o| double_vote(o).seat = Some(4),
    },
    Check {
        step: 16,
        name: "no-early-claim",
        verify: no_early_claim,
        sabotage: |o| undelegation(o).early.code = 0,
    },
    Check {
        step: 16,
        name: "undelegation-matured",
        verify: matured,
        sabotage: |o| undelegation(o).matured = undelegation(o).last,
    },
    Check {
        step: 16,
        name: "undelegation-paid",
        verify: undelegation_paid,
        sabotage: |o| unmove(&mut undelegation(o).paid),
    },
];

fn delegation(o: &mut Observations) -> &mut Delegation {
    o.delegation.get_or_insert_default()
}

fn newcomer(o: &mut Observations) -> &mut Newcomer {
    o.newcomer.get_or_insert_default()
}

fn earned(o: &mut Observations) -> &mut Earned {
    o.earned.get_or_insert_default()
}

fn undelegation(o: &mut Observations) -> &mut Undelegation {
    o.undelegation.get_or_insert_default()
}

fn jailed(o: &mut Observations) -> &mut Jailed {
    o.jailed.get_or_insert_default()
}

fn double_vote(o: &mut Observations) -> &mut DoubleVote {
    o.double_vote.get_or_insert_default()
}

/// CometBFT, the child and root have the same set.
pub(super) fn one_set(set: &SetSeen) -> Verdict {
    if set.engine != set.child || set.engine.is_empty() {
        return Err(format!(
            "in epoch {} CometBFT has {:?}, the child {:?}",
            set.epoch, set.engine, set.child
        ));
    }
    let (root, child) = (("root", &*set.on_root), ("the child", &*set.computed));
    equal("the set's commitment", root, child)?;
    let (count, epoch) = (set.engine.len(), set.epoch);
    Ok(format!(
        "{count} members of epoch {epoch} equal in CometBFT, on the child and on root"
    ))
}

/// The power of a key in a set that all hold alike.
pub(super) fn power_in(set: &SetSeen, key: &str) -> Result<Option<u64>, String> {
    one_set(set)?;
    let mut members = set.engine.iter();
    Ok(members.find(|(own, _)| own == key).map(|(_, power)| *power))
}

fn refused_by_stake(refused: &RefusedSeen, because: &str) -> Verdict {
    if refused.code != refused.expected || refused.code == 0 || !refused.log.contains(because) {
        return Err(format!(
            "{} got code {} ({:?}), and {} was due",
            refused.what, refused.code, refused.log, refused.expected
        ));
    }
    Ok(format!("{} → {}", refused.what, refused.code))
}

fn foretold(o: &Observations) -> Verdict {
    let delegation = seen(o.delegation.as_ref(), "the delegation")?;
    let (foretold, made) = (delegation.foretold, delegation.position.number);
    if made > 0 && foretold == made {
        return Ok(format!("position {made}, as prepared"));
    }
    Err(format!("position {foretold} was foretold, {made} was made"))
}

fn delegation_paid(o: &Observations) -> Verdict {
    let delegation = seen(o.delegation.as_ref(), "the delegation")?;
    all_moved(std::slice::from_ref(&delegation.paid), 1)
}

fn delegation_stands(o: &Observations) -> Verdict {
    let delegation = seen(o.delegation.as_ref(), "the delegation")?;
    let position = &delegation.position;
    let stands = position.owner == delegation.owner
        && number(&position.held)? > 0
        && position.held == delegation.amount
        && matches!(&*position.legs, [leg]
            if leg.operator == delegation.operator && leg.first == delegation.epoch + 2 && leg.last.is_none());
    match stands {
        true => Ok(format!("it backs from epoch {} on", delegation.epoch + 2)),
        false => Err(format!("it is another: {delegation:?}")),
    }
}

fn registered(o: &Observations) -> Verdict {
    let newcomer = seen(o.newcomer.as_ref(), "the fifth validator")?;
    let number = newcomer.registration;
    let (root, child) = (&*newcomer.keys_on_root, &*newcomer.keys_on_child);
    equal("keys", ("the Registry", root), ("the child", child))
        .map(|said| format!("registration {number}: {said}"))
}

fn seated(o: &Observations) -> Verdict {
    let newcomer = seen(o.newcomer.as_ref(), "the fifth validator")?;
    let key = &newcomer.consensus_key;
    if let Some(power) = power_in(&newcomer.before, key)? {
        return Err(format!("it had power {power} before it took a seat"));
    }
    let due = newcomer.power;
    match power_in(&newcomer.set, key)? {
        Some(power) if power == due && due > 0 => one_set(&newcomer.set),
        power => Err(format!("its power is {power:?}, and {due} is due")),
    }
}

fn signs(o: &Observations) -> Verdict {
    let newcomer = seen(o.newcomer.as_ref(), "the fifth validator")?;
    let due = newcomer.first_due;
    match newcomer.signed {
        Some(epoch) if epoch == due && due > 0 => Ok(format!(
            "its share is in the next certificate, which is that of epoch {epoch}"
        )),
        Some(epoch) if epoch > due && due > 0 => Ok(format!(
            "its share is in the certificate of epoch {epoch}; root had taken those from epoch {due} on with more than two thirds of the power and without its own"
        )),
        signed => Err(format!(
            "its share is in the certificate of {signed:?}, and its set signs from epoch {due} on"
        )),
    }
}

/// The checkpoint of the epoch in which it is seated, and no later one.
fn first_share(o: &Observations) -> Verdict {
    let newcomer = seen(o.newcomer.as_ref(), "the fifth validator")?;
    let due = newcomer.first_due;
    match newcomer.shared && due.checked_add(1) == Some(newcomer.set.epoch) {
        true => Ok(format!(
            "its share over the checkpoint of epoch {due} is known, the first that a set with it signs"
        )),
        false => Err(format!(
            "its share over the checkpoint of epoch {due} is not known, the first that a set with it signs"
        )),
    }
}

fn rewards_claimed(o: &Observations) -> Verdict {
    let earned = seen(o.earned.as_ref(), "the rewards")?;
    let (least, paid) = (number(&earned.rewards)?, number(&earned.paid.expected)?);
    if least == 0 || paid < least {
        return Err(format!("{paid} was paid, and {least} was earned before"));
    }
    all_moved(std::slice::from_ref(&earned.paid), 1).map(|_| format!("{paid} of rewards claimed"))
}

fn redelegated(o: &Observations) -> Verdict {
    let earned = seen(o.earned.as_ref(), "the redelegation")?;
    let delegation = seen(o.delegation.as_ref(), "the delegation")?;
    let (epoch, position) = (earned.epoch, &earned.position);
    let stands = position.held == earned.amount
        && matches!(&*position.legs, [from, to]
            if from.operator == delegation.operator && from.last == Some(epoch + 1)
                && to.operator == earned.to && to.first == epoch + 2 && to.last.is_none());
    match stands {
        true => Ok(format!("position {} follows another", position.number)),
        false => Err(format!("it is another: {earned:?}")),
    }
}

fn redelegation_moved(o: &Observations) -> Verdict {
    let earned = seen(o.earned.as_ref(), "the redelegation")?;
    all_moved(std::slice::from_ref(&earned.stake), 1)
}

fn is_jailed(o: &Observations) -> Verdict {
    let jailed = seen(o.jailed.as_ref(), "the jail")?;
    let (stopped, without) = (jailed.stopped, jailed.without.epoch);
    if let Some(power) = power_in(&jailed.without, &jailed.consensus_key)? {
        return Err(format!("in epoch {without} it has power {power} still"));
    }
    if jailed.until <= stopped || without <= stopped {
        return Err(format!(
            "it was stopped in epoch {stopped} and jailed until {}",
            jailed.until
        ));
    }
    Ok(format!(
        "stopped in epoch {stopped}, in no set of epoch {without}"
    ))
}

fn no_early_return(o: &Observations) -> Verdict {
    let jailed = seen(o.jailed.as_ref(), "the jail")?;
    refused_by_stake(&jailed.early, "jail")
}

fn unjailed(o: &Observations) -> Verdict {
    let jailed = seen(o.jailed.as_ref(), "the return")?;
    let epoch = jailed.set.epoch;
    let power = power_in(&jailed.set, &jailed.consensus_key)?;
    if power.is_none() || epoch <= jailed.without.epoch || jailed.returned < jailed.until {
        return Err(format!(
            "it returned in epoch {}, might from {} on, and has power {power:?} in epoch {epoch}",
            jailed.returned, jailed.until
        ));
    }
    match jailed.present {
        0 => Err(format!("its vote stands in no block of epoch {epoch}")),
        _ => Ok(format!("it votes again in epoch {epoch}")),
    }
}

fn tombstones(o: &Observations) -> Verdict {
    let vote = seen(o.double_vote.as_ref(), "the double vote")?;
    if !vote.is_member || vote.tombstoned_before || vote.evidence.is_empty() || !vote.tombstoned {
        return Err(format!(
            "the key of height {} (a member: {}) was tombstoned: {} before, {} after evidence {:?}",
            vote.height, vote.is_member, vote.tombstoned_before, vote.tombstoned, vote.evidence
        ));
    }
    Ok(format!(
        "evidence {} tombstones the key",
        short(&vote.evidence)
    ))
}

fn seat_is_empty(o: &Observations) -> Verdict {
    let vote = seen(o.double_vote.as_ref(), "the double vote")?;
    if let Some(seat) = vote.seat {
        return Err(format!("it still has seat {seat}"));
    }
    match power_in(&vote.set, &vote.consensus_key)? {
        Some(power) => Err(format!("it still has power {power}")),
        None => one_set(&vote.set),
    }
}

fn no_early_claim(o: &Observations) -> Verdict {
    let ended = seen(o.undelegation.as_ref(), "the undelegation")?;
    refused_by_stake(&ended.early, "was at risk up to epoch")
}

fn matured(o: &Observations) -> Verdict {
    let ended = seen(o.undelegation.as_ref(), "the undelegation")?;
    let (last, matured) = (ended.last, ended.matured);
    if ended.epoch > 0 && last > ended.epoch && matured > last {
        return Ok(format!("epoch {last} has matured"));
    }
    Err(format!(
        "it was at risk up to epoch {last}, and {matured} epochs had matured"
    ))
}

fn undelegation_paid(o: &Observations) -> Verdict {
    let ended = seen(o.undelegation.as_ref(), "the undelegation")?;
    if !ended.gone || number(&ended.paid.expected)? < number(&ended.position.held)? {
        return Err(format!("it is not paid out: {ended:?}"));
    }
    all_moved(std::slice::from_ref(&ended.paid), 1)
}
