//! Message (kind 0x05), reserved: it decodes, and it is refused as unsupported until contracts stand on the child.
//!
//! ```text
//! check    refuses it, whatever it says, before its signature is looked at: forced, it consumes no sequence
//! leaves   none
//! made     none
//! ```

use super::Needs;
use crate::ledger::fees::Maker;
use crate::ledger::reject::Reject;

pub(super) const fn check(kind: u8) -> Result<(), Reject> {
    Err(Reject::UnsupportedKind { kind })
}

pub(super) const fn needs() -> Needs {
    Needs {
        native: 0,
        maker: Maker::Ordinary,
        leaf: None,
        fresh: 0,
    }
}
