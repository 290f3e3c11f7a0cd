//! Message (kind 0x05), reserved: it decodes, and it is refused as unsupported until contracts stand on the child.
//!
//! ```text
//! check    at most 512 bytes of data
//! leaves   none
//! ```

use crate::ledger::reject::Reject;
use crate::ledger::transaction::MAX_MESSAGE_BYTES;

pub(super) fn check(data: &[u8]) -> Result<(), Reject> {
    Reject::check_length("the data of a message", data.len(), MAX_MESSAGE_BYTES)
}

pub(super) fn unsupported(kind: u8) -> Reject {
    Reject::UnsupportedKind { kind }
}
