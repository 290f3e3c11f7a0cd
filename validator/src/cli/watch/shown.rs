//! A notice of the watcher for programs, and for people.

use plasmid_bridge::{
    client::watcher::{UnfinishedCheckpoint, WatchNotice},
    relay::watch::{OffenceId, Subject},
};
use serde_json::{Value, json};

use crate::plain;

mod challenges;

/// One object and one line.
pub fn shown(notice: &WatchNotice) -> (Value, String) {
    let who =
        |offence: &OffenceId| format!("offence of {} in epoch {}", offence.operator, offence.epoch);
    let by = |mine: bool| {
        if mine {
            "this watcher"
        } else {
            "somebody else"
        }
    };
    let object = |event: &str, offence: &OffenceId, rest: Value| {
        let own = json!({
            "event": event, "operator": offence.operator.to_string(), "epoch": offence.epoch,
        });
        with(own, rest)
    };
    let of = |subject: &Subject| match subject {
        Subject::Offence(offence) => who(offence),
        Subject::Certificates { epoch, .. } => format!("two certificates of epoch {epoch}"),
        Subject::Checkpoint { epoch } => format!("checkpoint {epoch}"),
        Subject::Data { target } => target.to_string(),
        Subject::Overlap { epoch, number } => {
            format!("overlap {number} of two certificates, in epoch {epoch}")
        }
    };
    let about = |event: &str, subject: &Subject, rest: Value| match subject {
        Subject::Offence(offence) => object(event, offence, rest),
        Subject::Certificates { epoch, evidence } => with(
            json!({ "event": event, "epoch": epoch, "evidence": evidence.to_string() }),
            rest,
        ),
        Subject::Checkpoint { epoch } => with(json!({ "event": event, "checkpoint": epoch }), rest),
        Subject::Data { target } => with(challenges::named(event, target), rest),
        Subject::Overlap { epoch, number } => with(
            json!({ "event": event, "epoch": epoch, "overlap": number }),
            rest,
        ),
    };
    match notice {
        WatchNotice::Data(notice) => challenges::shown(notice),
        WatchNotice::Found {
            subject,
            kind,
            place,
        } => (
            about("found", subject, json!({ "kind": kind, "place": place })),
            format!("{}: found two {kind} of one key at {place}", of(subject)),
        ),
        WatchNotice::Sent {
            subject,
            step,
            hash,
            nonce,
        } => (
            about(
                "sent",
                subject,
                json!({ "step": step, "hash": hash.to_string(), "nonce": nonce }),
            ),
            format!("{}: {step} is sent as {hash}", of(subject)),
        ),
        WatchNotice::WouldSend {
            subject,
            step,
            gas,
            cost,
        } => (
            about(
                "would_send",
                subject,
                json!({ "step": step, "gas": gas, "cost": cost.to_string() }),
            ),
            format!(
                "{}: would send {step}, {gas} gas at most, {cost} wei at most; nothing is sent in a dry run",
                of(subject)
            ),
        ),
        WatchNotice::Paid {
            subject,
            step,
            hash,
            gas_used,
            succeeded,
        } => (
            about(
                "paid",
                subject,
                json!({
                    "step": step, "hash": hash.to_string(), "gas_used": gas_used, "succeeded": succeeded,
                }),
            ),
            format!(
                "{}: {step} took {gas_used} gas{}",
                of(subject),
                if *succeeded { "" } else { ", and was refused" }
            ),
        ),
        WatchNotice::Committed { commitment } => (
            json!({ "event": "committed", "commitment": commitment.to_string() }),
            format!("commitment {commitment} stands on root"),
        ),
        WatchNotice::Revealed {
            offence,
            beneficiary,
            mine,
        } => (
            object(
                "revealed",
                offence,
                json!({ "beneficiary": beneficiary.to_string(), "mine": mine }),
            ),
            format!(
                "{}: revealed by {}, for {beneficiary}",
                who(offence),
                by(*mine)
            ),
        ),
        WatchNotice::Overtaken {
            offence,
            beneficiary,
            mine,
        } => (
            object(
                "overtaken",
                offence,
                json!({ "beneficiary": beneficiary.to_string(), "mine": mine }),
            ),
            format!(
                "{}: overtaken by an older commitment of {}, for {beneficiary}",
                who(offence),
                by(*mine)
            ),
        ),
        WatchNotice::Counted { offence } => (
            object("counted", offence, json!({})),
            format!("{}: counted", who(offence)),
        ),
        WatchNotice::Collected {
            offence,
            beneficiary,
            paid,
            mine,
        } => (
            object(
                "collected",
                offence,
                json!({
                    "beneficiary": beneficiary.to_string(), "paid": paid.to_string(), "mine": mine,
                }),
            ),
            format!(
                "{}: {paid} wei were paid to {beneficiary}, reported by {}",
                who(offence),
                by(*mine)
            ),
        ),
        WatchNotice::Settled { offence, fraction } => (
            object("settled", offence, json!({ "fraction": fraction })),
            format!(
                "{}: settled, {fraction} of 1000000000 of the stake are cut",
                who(offence)
            ),
        ),
        WatchNotice::Refused {
            subject,
            step,
            reason,
        } => (
            about(
                "refused",
                subject,
                json!({ "step": step, "reason": reason }),
            ),
            format!(
                "{}: {step} is not sent, root would refuse it: {reason}",
                of(subject)
            ),
        ),
        WatchNotice::Unworthy {
            subject,
            step,
            cost,
            pays,
        } => (
            about(
                "unworthy",
                subject,
                json!({
                    "step": step, "cost": cost.to_string(), "pays": pays.to_string(),
                }),
            ),
            format!(
                "{}: {step} is not sent, it costs {cost} wei and brings {pays}",
                of(subject)
            ),
        ),
        WatchNotice::Dropped { subject, reason } => (
            about("dropped", subject, json!({ "reason": reason })),
            format!("{}: let go of, {reason}", of(subject)),
        ),
        WatchNotice::Overlapped {
            epoch,
            number,
            members,
            beneficiary,
            mine,
        } => (
            json!({
                "event": "overlapped", "epoch": epoch, "overlap": number, "members": members,
                "beneficiary": beneficiary.to_string(), "mine": mine,
            }),
            format!(
                "two certificates of epoch {epoch} were shown by {}, for {beneficiary}: {members} members signed both, and the epoch is frozen until each of them is",
                by(*mine)
            ),
        ),
        WatchNotice::OverlapOvertaken {
            epoch,
            number,
            beneficiary,
            mine,
        } => (
            json!({
                "event": "overlap_overtaken", "epoch": epoch, "overlap": number,
                "beneficiary": beneficiary.to_string(), "mine": mine,
            }),
            format!(
                "overlap {number} of epoch {epoch}: overtaken by an older commitment of {}, for {beneficiary}",
                by(*mine)
            ),
        ),
        WatchNotice::Convicted { offence, number } => (
            object("convicted", offence, json!({ "overlap": number })),
            format!("{}: signed both certificates, and is frozen", who(offence)),
        ),
        WatchNotice::OverBudget {
            subject,
            step,
            cost,
            left,
            is_alone,
        } => (
            about(
                "over_budget",
                subject,
                json!({ "step": step, "cost": cost.to_string(), "left": left.to_string(), "alone": is_alone }),
            ),
            format!(
                "{}: {step} is not sent, it needs {cost} wei and {left} are left of {}",
                of(subject),
                match is_alone {
                    true =>
                        "what may be paid while the second root endpoint says nothing, which is half of --budget",
                    false => "--budget",
                }
            ),
        ),
        WatchNotice::Alone {
            place,
            blocks,
            left,
        } => (
            json!({ "event": "alone", "place": place, "blocks": blocks, "left": left.to_string() }),
            format!(
                "{place} has said nothing for {blocks} root blocks: reports go on by the other root endpoint's word alone, for at most {left} wei, and nothing is let go of"
            ),
        ),
        WatchNotice::Disagree { place, reason } => (
            json!({ "event": "disagree", "place": place, "reason": reason }),
            format!(
                "{place} says something else than the first root endpoint, so nothing is sent: {reason}"
            ),
        ),
        WatchNotice::Late {
            place,
            epoch,
            epochs,
        } => (
            json!({ "event": "late", "place": place, "epoch": epoch, "epochs": epochs }),
            match epochs {
                1 => {
                    format!(
                        "evidence from {place} comes too late: reports of epoch {epoch} are closed"
                    )
                }
                _ => format!(
                    "evidence from {place} comes too late for {epochs} epochs by now, the last one is epoch {epoch}: reports of them are closed"
                ),
            },
        ),
        WatchNotice::Still {
            place,
            block,
            secs,
            other,
        } => (
            json!({ "event": "still", "place": place, "block": block, "secs": secs, "other": other }),
            match other {
                Some(other) => format!(
                    "{place} stands still: it shows nothing newer than {secs} seconds, and its newest block is {block}; {other} has newer ones, so the watcher goes on with that one, and lets go of nothing until both say the same"
                ),
                None => format!(
                    "{place} stands still: it shows nothing newer than {secs} seconds, and its newest block is {block}; what stands on root since is not seen"
                ),
            },
        ),
        WatchNotice::Narrow {
            reveal_blocks,
            fits,
        } => (
            json!({ "event": "narrow", "reveal_blocks": reveal_blocks, "fits": fits }),
            match fits {
                true => format!(
                    "the reveal window of this deployment has {reveal_blocks} root blocks: a reveal that misses one block is too late, and its commitment is made again"
                ),
                false => format!(
                    "the reveal window of this deployment has {reveal_blocks} root blocks, which no watcher that waits for its commitment to be mined can meet: evidence is \
                     kept, and nothing is sent"
                ),
            },
        ),
        WatchNotice::Full { place, epoch } => (
            json!({ "event": "full", "place": place, "epoch": epoch }),
            format!(
                "{place}: as much evidence waits as is kept of it: evidence of epoch {epoch}, and what stands behind it there, is read when some is judged"
            ),
        ),
        WatchNotice::Ignored {
            place,
            epoch,
            reason,
        } => (
            json!({ "event": "ignored", "place": place, "epoch": epoch, "reason": reason }),
            format!("{place}: something of epoch {epoch} is not looked at: {reason}"),
        ),
        WatchNotice::NoSet { epoch, reason } => (
            json!({ "event": "no_set", "epoch": epoch, "reason": reason }),
            format!(
                "statements of epoch {epoch} wait, no node serves the set that root committed to: {reason}"
            ),
        ),
        WatchNotice::Lie { place, reason } => (
            json!({ "event": "lie", "place": place, "reason": reason }),
            format!("{place} lies: {reason}"),
        ),
        WatchNotice::Blind { place, from, to } => (
            json!({ "event": "blind", "place": place, "from": from, "to": to }),
            format!(
                "{place} does not give blocks {from} to {to}: what stands in them is not seen there"
            ),
        ),
        WatchNotice::Silent { place, reason } => (
            json!({ "event": "silent", "place": place, "reason": reason }),
            format!("{place} does not answer: {}", plain::words(reason)),
        ),
        WatchNotice::Back { place } => (
            json!({ "event": "back", "place": place }),
            format!("{place} answers again"),
        ),
        WatchNotice::Reading { reached, target } => (
            json!({ "event": "reading", "reached": reached, "target": target }),
            format!("reading the root chain: block {reached} of {target}"),
        ),
        WatchNotice::Ends { exit_at, void_from } => (
            json!({ "event": "ends", "exit_at": exit_at, "void_from": void_from }),
            match void_from {
                Some(from) => format!(
                    "root says that checkpoint {from} and all behind it are void by a proof of fraud or by data that nobody showed, and that exit mode begins, or has begun, at root time {exit_at}; leave with `plasmid exit`; reports are still made until their time is over"
                ),
                None => format!(
                    "root says that the deployment is closing, with exit mode from root time {exit_at} on; leave with `plasmid exit` then; reports are still made until their time is over"
                ),
            },
        ),
        WatchNotice::Broken {
            epoch,
            rule,
            height,
            reason,
            final_in,
            is_provable,
        } => (
            json!({
                "event": "broken", "checkpoint": epoch, "rule": rule, "height": height, "reason": reason,
                "final_in_secs": final_in, "provable": is_provable,
            }),
            format!(
                "ALARM: checkpoint {epoch} on root is unsound, block {height} breaks a rule: {reason}; it can be final in {final_in} s{}",
                match is_provable {
                    true => ", and its proof is sent",
                    false => ", and nothing shows it to root",
                }
            ),
        ),
        WatchNotice::Sound { epoch } => (
            json!({ "event": "sound", "checkpoint": epoch }),
            format!(
                "checkpoint {epoch}: its links, its users' signatures and what its blocks do are sound"
            ),
        ),
        WatchNotice::Withheld {
            epoch,
            reason,
            final_in,
        } => (
            json!({
                "event": "withheld", "checkpoint": epoch, "reason": reason, "final_in_secs": final_in,
            }),
            format!(
                "ALARM: no node shows all that checkpoint {epoch} on root commits to, so nobody can judge it; it can be final in {final_in} s; asking again: {}",
                plain::words(reason)
            ),
        ),
        WatchNotice::Behind {
            checkpoint,
            final_in,
        } => (
            with(
                json!({ "event": "behind", "final_in_secs": final_in }),
                unfinished(checkpoint),
            ),
            format!(
                "ALARM: half of the time in which checkpoint {} on root can be called void is over, and it is {}; it can be final in {final_in} s",
                checkpoint.epoch,
                what_is_left(checkpoint)
            ),
        ),
        WatchNotice::Missed(checkpoint) => (
            with(json!({ "event": "missed" }), unfinished(checkpoint)),
            format!(
                "ALARM: checkpoint {} became final on root, and it was {} before: what may be false in it can be shown to root no more",
                checkpoint.epoch,
                what_is_left(checkpoint)
            ),
        ),
        WatchNotice::Contradicted { epoch } => (
            json!({ "event": "contradicted", "epoch": epoch }),
            format!(
                "the root node's events of checkpoint {epoch} are missing, or are not what root keeps; reading its events again"
            ),
        ),
        WatchNotice::Trouble(reason) => (
            json!({ "event": "trouble", "reason": reason }),
            format!("trouble: {reason}; trying again"),
        ),
    }
}

fn unfinished(checkpoint: &UnfinishedCheckpoint) -> Value {
    json!({
        "checkpoint": checkpoint.epoch, "judged": checkpoint.is_judged, "executed": checkpoint.is_executed,
    })
}

fn what_is_left(checkpoint: &UnfinishedCheckpoint) -> &'static str {
    match (checkpoint.is_judged, checkpoint.is_executed) {
        (true, _) => "not executed again",
        (false, true) => "not judged whole",
        (false, false) => "neither judged whole nor executed again",
    }
}

/// Both objects in one.
fn with(mut object: Value, rest: Value) -> Value {
    if let (Value::Object(object), Value::Object(rest)) = (&mut object, rest) {
        object.extend(rest);
    }
    object
}

#[cfg(test)]
mod tests;
