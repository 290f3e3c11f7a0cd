//! What must hold of thieves, and of those who left because of them.

use super::super::{Verdict, all_moved, number, seen, short};
use crate::cli::demo::observe::{CensoredSeen, ClosedSeen, ForgedSeen, LeftSeen, VoidSeen};

pub fn forged(seen: &ForgedSeen) -> Verdict {
    let ForgedSeen {
        epoch,
        digest_on_root: root,
        digest_of_honest: honest,
        ..
    } = seen;
    if root.is_empty() || honest.is_empty() || root == honest {
        return Err(format!(
            "root accepted {root} of epoch {epoch}, and the honest validator has {honest}"
        ));
    }
    Ok(format!(
        "root accepted {} of epoch {epoch}, and the honest validator has {}",
        short(root),
        short(honest)
    ))
}

pub fn power(seen: &ForgedSeen) -> Verdict {
    let (signed, total) = (u128::from(seen.signed_power), seen.total_power.into());
    match signed * 3 > total * 2 && signed < total && !seen.honest_signed {
        true => Ok(format!(
            "{signed} of {total} power signed, none of it honest"
        )),
        false => Err(format!(
            "{signed} of {total} power signed, and the honest validator did it too: {}",
            seen.honest_signed
        )),
    }
}

/// In the forged state the thieves have more than there is.
pub fn sum(seen: &ForgedSeen) -> Verdict {
    all_moved(std::slice::from_ref(&seen.purse), 1)?;
    let (has, escrow) = (number(&seen.purse.after)?, number(&seen.escrow)?);
    match has > escrow {
        true => Ok(format!(
            "the thieves have {has} in their state, {} in the true one, and the Vault holds {escrow}",
            seen.purse.before
        )),
        false => Err(format!(
            "the thieves have {has}, and the Vault holds {escrow}"
        )),
    }
}

pub fn void(forged: &ForgedSeen, seen: &VoidSeen) -> Verdict {
    match seen.void_from == forged.epoch && seen.exit_at > 0 {
        true => Ok(format!("void from epoch {}, exit mode begun", forged.epoch)),
        false => Err(format!(
            "checkpoint {} was forged; void from {}, exit mode from {}",
            forged.epoch, seen.void_from, seen.exit_at
        )),
    }
}

pub fn by_execution(seen: &VoidSeen) -> Verdict {
    match seen.rule == "bad_segment" {
        true => Ok("found by executing its blocks again".into()),
        false => Err(format!(
            "the watcher says that rule {:?} is broken",
            seen.rule
        )),
    }
}

pub fn in_time(seen: &VoidSeen) -> Verdict {
    let took = seen.exit_at.checked_sub(seen.accepted_at);
    let took = took.ok_or("it was void before root accepted it")?;
    match seen.window_secs > 0 && took <= seen.window_secs {
        true => Ok(format!(
            "{took} s after root accepted it, of {} s",
            seen.window_secs
        )),
        false => Err(format!(
            "void after {took} s, and final after {} s",
            seen.window_secs
        )),
    }
}

pub fn transactions(seen: &VoidSeen) -> Verdict {
    all_moved(std::slice::from_ref(&seen.transactions), 1)?;
    Ok(format!(
        "transactions of the watcher: {}",
        seen.transactions.expected
    ))
}

pub fn behind_deadline(seen: &VoidSeen) -> Verdict {
    let (asked, deadline) = (seen.accepted_at, seen.deadline);
    match asked < deadline && deadline < seen.exit_at {
        true => Ok(format!(
            "{} s after root accepted it, {} s after the deadline of the question",
            seen.exit_at - asked,
            seen.exit_at - deadline
        )),
        false => Err(format!(
            "accepted at {asked}, to be answered until {deadline}, void at {}",
            seen.exit_at
        )),
    }
}

pub fn asked(forged: &ForgedSeen, seen: &VoidSeen) -> Verdict {
    let missing = (forged.block, u64::from(forged.segment));
    match seen.asked.contains(&missing) && !seen.answered && seen.rule.is_empty() {
        true => Ok(format!(
            "segment {} of block {} was asked for, and nobody answered",
            missing.1, missing.0
        )),
        false => Err(format!(
            "{missing:?} was kept back, {:?} was asked for, answered {}, found {:?}",
            seen.asked, seen.answered, seen.rule
        )),
    }
}

pub fn paid_back(seen: &VoidSeen) -> Verdict {
    let spent = transactions(seen)?;
    match seen.held == "0" {
        true => Ok(format!("{spent}; the price is paid back")),
        false => Err(format!(
            "root still holds {} wei of what was asked",
            seen.held
        )),
    }
}

pub fn paid(left: &LeftSeen, least: usize) -> Verdict {
    all_moved(&left.paid, least)
}

pub fn thieves(left: &LeftSeen, forged: &ForgedSeen) -> Verdict {
    let purse = seen(left.purse.as_ref(), "the thieves' money")?;
    let moved = all_moved(std::slice::from_ref(purse), 1)?;
    let had = number(&forged.purse.before)?;
    match number(&purse.expected)? == had && had > 0 {
        true => Ok(format!("{moved}, no more than they had")),
        false => Err(format!("the thieves had {had}, and got {}", purse.expected)),
    }
}

pub fn sums(left: &LeftSeen, least: usize) -> Verdict {
    let mut said = Vec::new();
    for asset in &left.escrow {
        let (before, after) = (number(&asset.before)?, number(&asset.after)?);
        let paid = asset.paid.iter().map(|one| number(one));
        let paid: i128 = paid.sum::<Result<i128, String>>()?;
        let rest = number(&asset.stakes_and_pools)?;
        if before - after != paid || after != rest || paid == 0 {
            return Err(format!(
                "{}: the Vault held {before} and holds {after}, {paid} was paid, and stakes and pools have {rest}",
                asset.token
            ));
        }
        said.push(format!("{before} − {paid} = {rest}"));
    }
    match left.escrow.len() >= least && left.unknown == 0 {
        true => Ok(format!("the Vault: {}", said.join(", "))),
        false => Err(format!(
            "{} assets were seen of {least}, and {} leaves are nobody's",
            left.escrow.len(),
            left.unknown
        )),
    }
}

pub fn once(left: &LeftSeen) -> Verdict {
    match left.twice == 0 && left.base > 0 {
        true => Ok("nobody is paid twice".into()),
        false => Err(format!(
            "{} leaves were paid again, under a base of {} checkpoints",
            left.twice, left.base
        )),
    }
}

pub fn censored(seen: &CensoredSeen) -> Verdict {
    let CensoredSeen {
        message,
        cursor,
        before,
        accepted,
        ..
    } = seen;
    let is_due = seen.due_ms > 0 && seen.tau.saturating_mul(1_000) >= seen.due_ms;
    match cursor < message && accepted > before && is_due {
        true => Ok(format!(
            "message {message} is due, {} checkpoints came since, and they took {cursor} messages",
            accepted - before
        )),
        false => Err(format!(
            "message {message} is due at {} ms, and checkpoint {accepted} of root time {} took {cursor} messages ({before} came before)",
            seen.due_ms, seen.tau
        )),
    }
}

pub fn closed_by(censored: &CensoredSeen, seen: &ClosedSeen) -> Verdict {
    let is_it = seen.message > censored.cursor && seen.message <= censored.message;
    let from = seen.due.saturating_add(seen.timeout_secs);
    match is_it && seen.due > 0 && seen.sent_at >= from && seen.exit_at > 0 {
        true => Ok(format!(
            "closed by message {}, {} s after it was due, where T is {} s",
            seen.message,
            seen.sent_at - seen.due,
            seen.timeout_secs
        )),
        false => Err(format!(
            "message {} of {} closed it at {}, due at {}, and T is {} s; exit mode from {}",
            seen.message, censored.message, seen.sent_at, seen.due, seen.timeout_secs, seen.exit_at
        )),
    }
}

pub fn not_by_silence(seen: &ClosedSeen) -> Verdict {
    match seen.accepted > 0 && seen.sent_at < seen.tau.saturating_add(seen.timeout_secs) {
        true => Ok(format!("{} checkpoints came all the while", seen.accepted)),
        false => Err(format!(
            "the last of {} checkpoints shows root time {}, and it was closed at {}",
            seen.accepted, seen.tau, seen.sent_at
        )),
    }
}
