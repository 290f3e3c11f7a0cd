//! From what is final on root to its newest block: messages and the last acceptance that are not final yet; and what can be forgotten.
//!
//! A follower keeps a fixed number of messages, and dropping what no submission can need makes room. When more lie between there and
//! root's newest, the messages known end early: acceptances are followed on, and a submission is made of what is known if it suffices.
//! Nothing is dropped that comes after the last accepted cursor, or that may turn out to be the last one due: so a follower is stuck only
//! when more messages than it keeps came since the last acceptance, and as many became due since.

use crate::relay::acceptance::Acceptance;
use crate::relay::events::{self, Heard};
use crate::relay::inbox::View;
use crate::relay::seen::{Entry, Log};
use crate::relay::witness;

use super::parcel::TAU_AGE_SECS;

/// The messages of `view` and of `logs` as far as they follow each other, and the newest acceptance of either. `logs` are those after the
/// view's final block, `count` the contract's number of messages after the last of these blocks.
///
/// They are not final, so a submission made of them may fail; root checks every part of it.
pub fn extend(
    view: &View,
    logs: &[Log],
    root_count: u64,
    deployment: &[u8; 20],
) -> Result<(Vec<Entry>, Option<Acceptance>), String> {
    let mut entries = view.entries.clone();
    let mut newest = view
        .acceptances
        .last_key_value()
        .map(|(_, record)| record.clone());
    let (mut count, mut link) = match entries.last() {
        Some(entry) => (entry.index, entry.link),
        None => (view.anchor.index, view.anchor.link),
    };
    for log in logs {
        match events::decode(log, deployment)? {
            Heard::Message(message) if message.index == count.saturating_add(1) => {
                let entry = message.extend(&link, log.block)?;
                (count, link) = (entry.index, entry.link);
                entries.push(entry);
            }
            // One that is known, or one behind messages that the follower has no room for.
            Heard::Message(_) => {}
            Heard::Acceptance(record) => newest = Some(*record),
        }
    }
    if count > root_count {
        return Err(format!(
            "events lead to message {count}, and the inbox has {root_count}"
        ));
    }
    Ok((entries, newest))
}

/// The message up to which no submission to come needs any: its cursor is not below the last one's, and its τ neither below the last one's
/// nor much older than root's newest block.
pub fn needless(view: &View) -> Option<u64> {
    let (_, last) = view.acceptances.last_key_value()?;
    let oldest = view.finalized?.time.saturating_sub(TAU_AGE_SECS);
    let due = witness::due_count(view.anchor.index, &view.entries, last.tau.max(oldest));
    // The one before is the link that the rest begins with.
    due.min(last.checkpoint.inbox_cursor).checked_sub(1)
}
