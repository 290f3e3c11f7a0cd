//! Messages of the inbox on the state: total, whatever a stranger put into them (PROTOCOL section 5).
//!
//! The inbox leaf is written first, then what the rule of the kind writes ([`super::rules`]).
//!
//! Only the order of messages can be wrong, and that is the block's fault, not the message's: [`MessageError::OutOfOrder`].

use alloy_primitives::B256;
use plasmid_bridge::proof::inbox::{Message, link, message_hash};
use plasmid_staking::Input;

use super::apply::Receipt;
use super::code::Code;
use super::context::{Context, Error};
use super::event;
use super::leaf::InboxLeaf;
use super::leaves::{HeldWrites, LeafFault, Leaves, expect, write};
use super::rules::{self, Outcome};
use super::slot::Slot;
use super::stake;

#[cfg(test)]
mod tests;

/// A message cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError<E> {
    /// The block holds another message than the next.
    #[error("message {found} where the inbox continues with {expected}")]
    OutOfOrder {
        /// The index that the inbox continues with.
        expected: u64,
        /// The index of the message that was given.
        found: u64,
    },
    /// The node is broken.
    #[error(transparent)]
    Fault(#[from] LeafFault<E>),
}

/// Consumes the next message.
pub fn apply_message<L: Leaves + ?Sized>(
    leaves: &mut L,
    message: &Message,
    context: &Context<'_>,
) -> Result<Receipt, MessageError<L::Error>> {
    let mut overlay = HeldWrites::new(leaves);
    advance(&mut overlay, message)?;
    let matured = rules::mature(&mut overlay, message.arrival, context)?;
    let outcome = rules::apply_message(&mut overlay, message, context)?;
    let leaves_made = overlay.made();
    overlay.commit().map_err(LeafFault::Leaves)?;
    let Outcome {
        code,
        data,
        mut events,
        reason,
    } = outcome;
    events.extend(matured);
    Ok(Receipt {
        code,
        data,
        leaves_made,
        events,
        reason,
    })
}

/// Misbehavior of the validator with a consensus address, as the engine has shown it: its key never signs for a seat again. One that is
/// unknown, or tombstoned already, is recorded. Total.
pub fn apply_misbehavior<L: Leaves + ?Sized>(
    leaves: &mut L,
    address: [u8; 20],
    context: &Context<'_>,
) -> Result<Receipt, LeafFault<L::Error>> {
    let mut overlay = HeldWrites::new(leaves);
    let tombstoned = stake::apply(&mut overlay, context, &Input::Tombstone(address));
    let (code, events, reason) = match tombstoned {
        Ok(effects) => {
            overlay.commit().map_err(LeafFault::Leaves)?;
            let accounts = event::involved(event::accounts_of_stake(&effects));
            let events = event::of_stake(&effects).chain(accounts).collect();
            (Code::Ok, events, None)
        }
        Err(Error::Reject(reject)) => (Code::Recorded, Vec::new(), Some(reject)),
        Err(Error::Fault(fault)) => return Err(fault),
    };
    Ok(Receipt {
        code,
        data: Vec::new(),
        leaves_made: 0,
        events,
        reason,
    })
}

fn advance<L: Leaves + ?Sized>(
    leaves: &mut L,
    message: &Message,
) -> Result<(), MessageError<L::Error>> {
    let inbox: InboxLeaf = expect(leaves, &Slot::Inbox)?;
    let found = message.index;
    if inbox.cursor.checked_add(1) != Some(found) {
        return Err(MessageError::OutOfOrder {
            expected: inbox.cursor.saturating_add(1),
            found,
        });
    }
    let link = link(
        found,
        &B256::from(inbox.link),
        &message_hash(&message.encode()),
    );
    write(
        leaves,
        &Slot::Inbox,
        &InboxLeaf {
            cursor: found,
            link: link.0,
        },
    )?;
    Ok(())
}
