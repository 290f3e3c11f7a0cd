//! Record (kind 0x04): the hash of some data stands under the sender's topic, with the height at which it was written.
//!
//! ```text
//! check    at most 1,024 bytes of data
//! leaves   the record w
//! made     the record
//! ```

use alloy_primitives::keccak256;

use super::{Needs, ReceiptDraft};
use crate::ledger::account::Account;
use crate::ledger::context::Error;
use crate::ledger::event::Event;
use crate::ledger::fees::Maker;
use crate::ledger::leaf::RecordLeaf;
use crate::ledger::leaves::{Leaves, write};
use crate::ledger::reject::Reject;
use crate::ledger::slot::Slot;
use crate::ledger::transaction::MAX_RECORD_BYTES;

pub(super) fn check(data: &[u8]) -> Result<(), Reject> {
    Reject::check_length("the data of a record", data.len(), MAX_RECORD_BYTES)
}

pub(super) const fn needs(sender: Account, topic: [u8; 32]) -> Needs {
    Needs {
        native: 0,
        maker: Maker::Ordinary,
        leaf: Some(Slot::Record(sender, topic)),
        fresh: 0,
    }
}

pub(super) fn apply<L: Leaves + ?Sized>(
    leaves: &mut L,
    account: Account,
    topic: [u8; 32],
    data: &[u8],
    height: u64,
    books: &mut ReceiptDraft,
) -> Result<(), Error<L::Error>> {
    let data_hash = keccak256(data);
    let leaf = RecordLeaf {
        data_hash: data_hash.0,
        height,
    };
    write(leaves, &Slot::Record(account, topic), &leaf)?;
    books.events.push(Event::Record {
        account,
        topic,
        data_hash,
    });
    Ok(())
}
