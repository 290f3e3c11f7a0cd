//! The checks of steps 15 to 17: what the Court found, paid and cut.

use std::collections::BTreeSet;

use plasmid_bridge::proof::court::{self, Offence, WHOLE};

use super::{
    Check, Verdict, all_moved, alter, number, seen,
    stake::{one_set, power_in},
    unmove,
};
use crate::cli::demo::observe::{
    Collusion, Culprit, CutSeen, JudgedKey, Moved, Observations, SetSeen,
};

/// Commit, reveal, collect: what only whoever has the evidence does. Whoever watches may settle, also the second watcher.
const TRANSACTIONS: u64 = 3;

/// In the order of what happens.
pub const CHECKS: [Check; 12] = [
    Check {
        step: 15,
        name: "colluders-are-members",
        verify: are_members,
        sabotage: |o| {
            let culprits = &mut collusion(o).culprits;
            culprits.iter_mut().for_each(|culprit| culprit.node = 0);
        },
    },
    Check {
        step: 16,
        name: "watcher-reports",
        verify: reported,
        sabotage: |o| judged(o).sent = 0,
    },
    Check {
        step: 16,
        name: "court-counts-the-share",
        verify: share,
        sabotage: |o| judged(o).share += 1,
    },
    Check {
        step: 16,
        name: "reward-arrives",
        verify: rewarded,
        sabotage: |o| unmove(&mut judged(o).reward),
    },
    Check {
        step: 16,
        name: "bond-pays",
        verify: bond_pays,
        sabotage: |o| alter(&mut judged(o).bond.after),
    },
    Check {
        step: 16,
        name: "cut-by-the-formula",
        verify: by_the_formula,
        sabotage: |o| judged(o).fraction += 1,
    },
    Check {
        step: 16,
        name: "positions-are-cut",
        verify: positions_are_cut,
        sabotage: |o| {
            if let Some(cut) = judged(o).positions.last_mut() {
                unmove(&mut cut.held);
            }
        },
    },
    Check {
        step: 16,
        name: "chain-goes-on-without-it",
        verify: goes_on,
        sabotage: |o| judged(o).tombstoned = false,
    },
    Check {
        step: 17,
        name: "court-counts-both-shares",
        verify: both_shares,
        sabotage: |o| culprit(o).share += 1,
    },
    Check {
        step: 17,
        name: "both-bonds-pay",
        verify: both_bonds_pay,
        sabotage: |o| alter(&mut culprit(o).bond.after),
    },
    Check {
        step: 17,
        name: "colluders-lose-by-the-formula",
        verify: both_are_cut,
        sabotage: |o| unmove(&mut culprit(o).stake),
    },
    Check {
        step: 17,
        name: "chain-goes-on-without-colluders",
        verify: goes_on_without_both,
        sabotage: |o| culprit(o).seat = Some(2),
    },
];

fn judged(o: &mut Observations) -> &mut JudgedKey {
    o.judged.get_or_insert_default()
}

fn collusion(o: &mut Observations) -> &mut Collusion {
    o.collusion.get_or_insert_default()
}

fn culprit(o: &mut Observations) -> &mut Culprit {
    let culprits = &mut collusion(o).culprits;
    if culprits.is_empty() {
        culprits.push(Culprit::default());
    }
    &mut culprits[0]
}

fn found(o: &Observations) -> Result<&JudgedKey, String> {
    seen(o.judged.as_ref(), "the Court")
}

fn reported(o: &Observations) -> Verdict {
    let sent = found(o)?.sent;
    match sent {
        0..TRANSACTIONS => Err(format!(
            "the watcher made {sent} transactions on root, and a report takes {TRANSACTIONS}"
        )),
        _ => Ok(format!("the watcher made {sent} transactions on root")),
    }
}

/// The share of a key in a set.
fn due_share(set: &SetSeen, key: &str) -> Result<u32, String> {
    let power = power_in(set, key)?.ok_or("the key is in no set of that epoch")?;
    let total = set.engine.iter().map(|(_, power)| power).sum();
    Ok(court::share(power, total))
}

fn share(o: &Observations) -> Verdict {
    let judged = found(o)?;
    let (due, share) = (due_share(&judged.set, &judged.consensus_key)?, judged.share);
    match share == due && judged.set.epoch == judged.epoch {
        true => Ok(format!("{share} of {WHOLE} parts of the power are guilty")),
        false => Err(format!("the Court counts {share}, and {due} are due")),
    }
}

fn rewarded(o: &Observations) -> Verdict {
    let reward = &found(o)?.reward;
    all_moved(std::slice::from_ref(reward), 1)?;
    Ok(format!("{} wei of reward arrived", reward.expected))
}

fn bond_pays(o: &Observations) -> Verdict {
    let judged = found(o)?;
    let taken = bond_paid(&judged.bond, &judged.reward.expected, &judged.cost)?;
    Ok(format!("the bond paid {taken} wei, a part of them burned"))
}

/// A bond pays the gas and the whole of what an offence costs, of which a half is burned.
fn bond_paid(bond: &Moved, paid: &str, cost: &str) -> Result<i128, String> {
    all_moved(std::slice::from_ref(bond), 1)?;
    let (paid, cost) = (number(paid)?, number(cost)?);
    let taken = -number(&bond.expected)?;
    match taken - paid == cost - cost / 2 && paid >= cost / 2 && cost > 0 {
        true => Ok(taken),
        false => Err(format!(
            "{} paid {taken}, {paid} of it to the reporter, and {cost} is the cost",
            bond.what
        )),
    }
}

fn by_the_formula(o: &Observations) -> Verdict {
    let judged = found(o)?;
    let alone = Offence {
        operator: [0; 20],
        epoch: judged.epoch,
        share: due_share(&judged.set, &judged.consensus_key)?,
    };
    let due = court::cut(&[alone], &[], judged.epoch, judged.min_cut);
    let on_child = judged.positions.iter().map(|cut| u64::from(cut.fraction));
    let mut all = on_child.chain([judged.fraction]);
    match all.find(|fraction| *fraction != due) {
        None => Ok(format!("{due} of {WHOLE} parts of the stake are cut")),
        Some(other) => Err(format!("{other} are cut, and {due} are due")),
    }
}

/// Each position and the line have lost what the formula says, to the last unit.
fn positions_are_cut(o: &Observations) -> Verdict {
    let judged = found(o)?;
    let mut lost = 0;
    for cut in &judged.positions {
        lost += taken(cut)?;
    }
    let stake = &judged.stake;
    all_moved(std::slice::from_ref(stake), 1)?;
    if judged.positions.len() < 2 || number(&stake.expected)? != -lost {
        return Err(format!(
            "{} positions lost {lost}, and the line {}",
            judged.positions.len(),
            stake.expected
        ));
    }
    let told = judged.positions.iter().map(|cut| {
        let held = &cut.held;
        format!("{}: {} → {}", held.what, held.before, held.after)
    });
    Ok(told.collect::<Vec<_>>().join(", "))
}

/// What a position has lost, which is what is due.
fn taken(cut: &CutSeen) -> Result<i128, String> {
    let held = &cut.held;
    all_moved(std::slice::from_ref(held), 1)?;
    let (before, whole) = (number(&held.before)?, i128::from(WHOLE));
    let left = before * (whole - i128::from(cut.fraction)) / whole;
    match number(&held.after)? == left && cut.fraction > 0 {
        true => Ok(before - left),
        false => Err(format!(
            "{} held {before}, and of that {} less {} of {WHOLE} parts",
            held.what, held.after, cut.fraction
        )),
    }
}

fn goes_on(o: &Observations) -> Verdict {
    let judged = found(o)?;
    if !judged.tombstoned || judged.freezes > 0 || judged.later.epoch <= judged.epoch {
        return Err(format!(
            "in epoch {} the key is tombstoned: {}, with {} freezes left",
            judged.later.epoch, judged.tombstoned, judged.freezes
        ));
    }
    match power_in(&judged.later, &judged.consensus_key)? {
        Some(power) => Err(format!("it has power {power} again")),
        None => one_set(&judged.later),
    }
}

fn colluded(o: &Observations) -> Result<&Collusion, String> {
    let collusion = seen(o.collusion.as_ref(), "the collusion")?;
    match collusion.culprits.len() {
        2 => Ok(collusion),
        other => Err(format!("{other} signed two checkpoints, and not 2")),
    }
}

fn are_members(o: &Observations) -> Verdict {
    let collusion = colluded(o)?;
    let mut powers = 0;
    let nodes = BTreeSet::from_iter(collusion.culprits.iter().map(|culprit| culprit.node));
    if nodes.len() < collusion.culprits.len() {
        return Err(format!("the keys of {nodes:?} alone signed twice"));
    }
    for culprit in &collusion.culprits {
        let power = power_in(&collusion.set, &culprit.consensus_key)?;
        powers += power.ok_or_else(|| format!("node {} is not a member", culprit.node))?;
    }
    let epoch = collusion.epoch;
    Ok(format!(
        "two members of epoch {epoch} with power {powers} signed a second checkpoint of epoch {}",
        epoch - 1
    ))
}

fn both_shares(o: &Observations) -> Verdict {
    let collusion = colluded(o)?;
    for culprit in &collusion.culprits {
        let due = due_share(&collusion.set, &culprit.consensus_key)?;
        if culprit.share != due || collusion.set.epoch != collusion.epoch {
            let share = culprit.share;
            return Err(format!("the Court counts {share}, and {due} are due"));
        }
    }
    let shares = collusion.culprits.iter().map(|one| one.share.to_string());
    let shares = shares.collect::<Vec<_>>().join(" and ");
    Ok(format!("{shares} of {WHOLE} parts of the power are guilty"))
}

fn both_bonds_pay(o: &Observations) -> Verdict {
    let collusion = colluded(o)?;
    let (mut taken, mut paid) = (0, 0);
    for culprit in &collusion.culprits {
        taken += bond_paid(&culprit.bond, &culprit.paid, &collusion.cost)?;
        paid += number(&culprit.paid)?;
    }
    let reward = &collusion.reward;
    all_moved(std::slice::from_ref(reward), 1)?;
    match number(&reward.expected)? == paid {
        true => Ok(format!(
            "the bonds paid {taken} wei, {paid} of them arrived"
        )),
        false => Err(format!("{paid} were paid, and {} arrived", reward.expected)),
    }
}

/// Each has lost what the formula says of both together, to the last unit.
fn both_are_cut(o: &Observations) -> Verdict {
    let collusion = colluded(o)?;
    let mut offences = Vec::new();
    for (number, culprit) in (0..).zip(&collusion.culprits) {
        offences.push(Offence {
            operator: [number; 20],
            epoch: collusion.epoch,
            share: due_share(&collusion.set, &culprit.consensus_key)?,
        });
    }
    let due = court::cut(&offences, &[], collusion.epoch, collusion.min_cut);
    for culprit in &collusion.culprits {
        let lost = taken(&culprit.position)?;
        let stake = &culprit.stake;
        all_moved(std::slice::from_ref(stake), 1)?;
        let on_child = u64::from(culprit.position.fraction);
        let (on_root, moved) = (culprit.fraction, number(&stake.expected)?);
        if (on_root, on_child, moved) != (due, due, -lost) {
            return Err(format!(
                "{} lost {moved} by {on_root} on root and {on_child} on the child, and {due} are due",
                stake.what
            ));
        }
    }
    Ok(format!("{due} of {WHOLE} parts of either stake are cut"))
}

fn goes_on_without_both(o: &Observations) -> Verdict {
    let collusion = colluded(o)?;
    if collusion.later.epoch <= collusion.epoch {
        return Err("no later set was seen".into());
    }
    for culprit in &collusion.culprits {
        let power = power_in(&collusion.later, &culprit.consensus_key)?;
        if power.is_some() || culprit.seat.is_some() {
            let seat = culprit.seat;
            return Err(format!("it has power {power:?} and seat {seat:?} still"));
        }
    }
    one_set(&collusion.later)
}
