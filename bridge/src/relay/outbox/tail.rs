//! From what is final on root to its newest block: messages and the last acceptance that are not final yet.

use crate::relay::acceptance::Acceptance;
use crate::relay::events::{self, Heard};
use crate::relay::inbox::{Entry, View};
use crate::relay::seen::Log;

/// The messages of `view` and of `logs`, and the newest acceptance of either. `logs` are those after the view's final block.
///
/// They are not final, so a submission made of them may fail; root checks every part of it.
pub fn extend(view: &View, logs: &[Log]) -> Result<(Vec<Entry>, Option<Acceptance>), String> {
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
        match events::decode(log)? {
            Heard::Message(message) if message.index <= count => {}
            Heard::Message(message) if message.index == count.saturating_add(1) => {
                let entry = message.extend(&link, log.block)?;
                (count, link) = (entry.index, entry.link);
                entries.push(entry);
            }
            Heard::Message(message) => {
                return Err(format!(
                    "message {} follows message {count}; the follower is behind",
                    message.index
                ));
            }
            Heard::Acceptance(record) => newest = Some(*record),
        }
    }
    Ok((entries, newest))
}
