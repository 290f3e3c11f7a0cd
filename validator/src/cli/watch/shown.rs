//! A notice of the watcher for programs, and for people.

use plasmid_bridge::{client::watcher::WatchNotice, relay::watch::OffenceId};
use serde_json::{Value, json};

use crate::plain;

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
        let mut object = json!({
            "event": event, "operator": offence.operator.to_string(), "epoch": offence.epoch,
        });
        if let (Value::Object(object), Value::Object(rest)) = (&mut object, rest) {
            object.extend(rest);
        }
        object
    };
    match notice {
        WatchNotice::Found {
            offence,
            kind,
            place,
        } => (
            object("found", offence, json!({ "kind": kind, "place": place })),
            format!("{}: found two {kind} of one key at {place}", who(offence)),
        ),
        WatchNotice::Sent {
            offence,
            step,
            hash,
            nonce,
        } => (
            object(
                "sent",
                offence,
                json!({ "step": step, "hash": hash.to_string(), "nonce": nonce }),
            ),
            format!("{}: {step} is sent as {hash}", who(offence)),
        ),
        WatchNotice::WouldSend {
            offence,
            step,
            gas,
            cost,
        } => (
            object(
                "would_send",
                offence,
                json!({ "step": step, "gas": gas, "cost": cost.to_string() }),
            ),
            format!(
                "{}: would send {step}, {gas} gas at most, {cost} wei at most; nothing is sent in a dry run",
                who(offence)
            ),
        ),
        WatchNotice::Paid {
            offence,
            step,
            hash,
            gas_used,
            succeeded,
        } => (
            object(
                "paid",
                offence,
                json!({
                    "step": step, "hash": hash.to_string(), "gas_used": gas_used, "succeeded": succeeded,
                }),
            ),
            format!(
                "{}: {step} took {gas_used} gas{}",
                who(offence),
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
            offence,
            step,
            reason,
        } => (
            object(
                "refused",
                offence,
                json!({ "step": step, "reason": reason }),
            ),
            format!(
                "{}: {step} is not sent, root would refuse it: {reason}",
                who(offence)
            ),
        ),
        WatchNotice::Unworthy {
            offence,
            step,
            cost,
            pays,
        } => (
            object(
                "unworthy",
                offence,
                json!({
                    "step": step, "cost": cost.to_string(), "pays": pays.to_string(),
                }),
            ),
            format!(
                "{}: {step} is not sent, it costs {cost} wei and brings {pays}",
                who(offence)
            ),
        ),
        WatchNotice::Dropped { offence, reason } => (
            object("dropped", offence, json!({ "reason": reason })),
            format!("{}: let go of, {reason}", who(offence)),
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

#[cfg(test)]
mod tests;
