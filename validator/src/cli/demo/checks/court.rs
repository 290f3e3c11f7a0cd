//! The checks of step 15: what the Court found, paid and cut.

use plasmid_bridge::proof::court::{self, Offence, WHOLE};

use super::{
    Check, Verdict, all_moved, alter, number, seen,
    stake::{one_set, power_in},
    unmove,
};
use crate::cli::demo::observe::{CutSeen, JudgedKey, Observations};

/// Commit, reveal, collect, settle.
const TRANSACTIONS: u64 = 4;

/// In the order of what happens.
pub const CHECKS: [Check; 7] = [
    Check {
        step: 15,
        name: "watcher-reports",
        verify: reported,
        sabotage: |o| judged(o).sent = 0,
    },
    Check {
        step: 15,
        name: "court-counts-the-share",
        verify: share,
        sabotage: |o| judged(o).share += 1,
    },
    Check {
        step: 15,
        name: "reward-arrives",
        verify: rewarded,
        sabotage: |o| unmove(&mut judged(o).reward),
    },
    Check {
        step: 15,
        name: "bond-pays",
        verify: bond_pays,
        sabotage: |o| alter(&mut judged(o).bond.after),
    },
    Check {
        step: 15,
        name: "cut-by-the-formula",
        verify: by_the_formula,
        sabotage: |o| judged(o).fraction += 1,
    },
    Check {
        step: 15,
        name: "positions-are-cut",
        verify: positions_are_cut,
        sabotage: |o| {
            if let Some(cut) = judged(o).positions.last_mut() {
                unmove(&mut cut.held);
            }
        },
    },
    Check {
        step: 15,
        name: "chain-goes-on-without-it",
        verify: goes_on,
        sabotage: |o| judged(o).tombstoned = false,
    },
];

fn judged(o: &mut Observations) -> &mut JudgedKey {
    o.judged.get_or_insert_default()
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

/// The share of the key in the set of its epoch.
fn due_share(judged: &JudgedKey) -> Result<u32, String> {
    let power = power_in(&judged.set, &judged.consensus_key)?;
    let power = power.ok_or("the key is in no set of that epoch")?;
    let total = judged.set.engine.iter().map(|(_, power)| power).sum();
    Ok(court::share(power, total))
}

fn share(o: &Observations) -> Verdict {
    let judged = found(o)?;
    let (due, share) = (due_share(judged)?, judged.share);
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

/// The bond pays the gas and the whole of what an offence costs; what is not paid of that is burned, a half.
fn bond_pays(o: &Observations) -> Verdict {
    let judged = found(o)?;
    all_moved(std::slice::from_ref(&judged.bond), 1)?;
    let (paid, cost) = (number(&judged.reward.expected)?, number(&judged.cost)?);
    let burned = cost - cost / 2;
    let taken = -number(&judged.bond.expected)?;
    match taken - paid == burned && paid >= cost / 2 {
        true => Ok(format!(
            "the bond paid {taken} wei, {burned} of them burned"
        )),
        false => Err(format!(
            "the bond paid {taken}, {paid} of it to the reporter, and {cost} is the cost"
        )),
    }
}

fn by_the_formula(o: &Observations) -> Verdict {
    let judged = found(o)?;
    let alone = Offence {
        operator: [0; 20],
        epoch: judged.epoch,
        share: due_share(judged)?,
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
