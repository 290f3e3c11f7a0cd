//! Messages of the inbox that have no effect, or none any more: the inbox advances, and code 21 says so.
//!
//! ```text
//! kinds    registration, freeze, settlement, reward funding, generic for now; every unknown kind and every body that does not decode
//! leaves   none beside the inbox
//! ```

use plasmid_bridge::proof::inbox::Message;

use super::Outcome;
use crate::ledger::code::Code;
use crate::ledger::event::Event;
use crate::ledger::reject::Reject;

/// The answer, with the reason where the message was meant to have an effect.
pub(in crate::ledger) fn recorded(message: &Message, reason: Option<Reject>) -> Outcome {
    let events = vec![Event::Recorded {
        index: message.index,
        kind: message.body.kind(),
    }];
    Outcome {
        code: Code::Recorded,
        data: Vec::new(),
        events,
        reason,
    }
}
