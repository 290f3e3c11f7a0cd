//! Messages of the inbox that are recorded and have no effect: the inbox leaf advances, and the result code is 21. An unknown kind is
//! recorded too, and never makes a block invalid.
//!
//! ```text
//! kinds    generic for now; every unknown kind and every body that does not decode; of all others what their rules refuse
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
