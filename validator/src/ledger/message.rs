//! Messages of the inbox on the state: total, whatever a stranger put into them (PROTOCOL section 5).
//!
//! Order of writes: the inbox leaf, then
//!
//! ```text
//! deposit     asset; token: recipient's balance, native: recipient's account;  with native coin beside a token: asset of the native coin, account
//! refund      for each asset, the token first: asset, withdrawal counter, withdrawal
//! forced      signed: the sender's account;  then what a transaction of the kind writes (`apply`), without the fee pool
//! acceptance  epoch record; with a reward: fee pool, the relayer's account
//! ```
//!
//! Only the order of messages can be wrong, and that is the block's fault, not the message's: [`MessageError::OutOfOrder`].

use alloy_primitives::B256;
use plasmid_bridge::proof::inbox::{Body, Deposit, Message, link, message_hash};

use super::apply::{Context, Error, Receipt};
use super::code::Code;
use super::event::Event;
use super::leaf::InboxLeaf;
use super::leaves::{Fault, Leaves, Overlay, expect, write};
use super::reject::Reject;
use super::slot::Slot;

mod acceptance;
mod deposit;
mod forced;
#[cfg(test)]
mod tests;

pub use acceptance::reward_down;
pub use forced::MAX_MESSAGE_SIGNATURES;

/// A message cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError<E> {
    /// The block holds another message than the next.
    #[error("message {found} where the inbox continues with {expected}")]
    OutOfOrder { expected: u64, found: u64 },
    /// The node is broken.
    #[error(transparent)]
    Fault(#[from] Fault<E>),
}

/// What a message came to: nothing, or one that is told in its receipt.
struct Outcome {
    code: Code,
    data: Vec<u8>,
    events: Vec<Event>,
    reason: Option<Reject>,
}

impl Outcome {
    fn recorded(message: &Message, reason: Option<Reject>) -> Self {
        let events = vec![Event::Recorded {
            index: message.index,
            kind: message.body.kind(),
        }];
        Self {
            code: Code::Recorded,
            data: Vec::new(),
            events,
            reason,
        }
    }
}

/// Consumes the next message.
pub fn apply_message<L: Leaves + ?Sized>(
    leaves: &mut L,
    message: &Message,
    context: &Context<'_>,
) -> Result<Receipt, MessageError<L::Error>> {
    let mut overlay = Overlay::new(leaves);
    advance(&mut overlay, message)?;
    let outcome = act(&mut overlay, message, context)?;
    let leaves_made = overlay.made();
    overlay.commit().map_err(Fault::Leaves)?;
    let Outcome {
        code,
        data,
        events,
        reason,
    } = outcome;
    Ok(Receipt {
        code,
        data,
        leaves_made,
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
    let hash = link(
        found,
        &B256::from(inbox.hash),
        &message_hash(&message.encode()),
    );
    write(
        leaves,
        &Slot::Inbox,
        &InboxLeaf {
            cursor: found,
            hash: hash.0,
        },
    )?;
    Ok(())
}

fn act<L: Leaves + ?Sized>(
    leaves: &mut L,
    message: &Message,
    context: &Context<'_>,
) -> Result<Outcome, Fault<L::Error>> {
    match &message.body {
        Body::Deposit(body) => deposit::apply(leaves, message, body, context),
        Body::Acceptance { .. } => acceptance::apply(leaves, message, context),
        Body::Forced { .. } => forced::apply(leaves, message, context),
        Body::Registration(_)
        | Body::Freeze { .. }
        | Body::Settlement { .. }
        | Body::RewardFunding { .. }
        | Body::Generic { .. }
        | Body::Opaque { .. } => Ok(Outcome::recorded(message, None)),
    }
}

/// Runs `rule` over an overlay of its own: its writes stay only when it succeeds, a reject is an answer, a fault goes on.
fn attempt<L: Leaves + ?Sized, T>(
    leaves: &mut L,
    rule: impl FnOnce(&mut Overlay<'_, L>) -> Result<T, Error<L::Error>>,
) -> Result<Result<T, Reject>, Fault<L::Error>> {
    let mut overlay = Overlay::new(leaves);
    match rule(&mut overlay) {
        Ok(value) => {
            overlay.commit().map_err(Fault::Leaves)?;
            Ok(Ok(value))
        }
        Err(Error::Reject(reject)) => Ok(Err(reject)),
        Err(Error::Fault(fault)) => Err(fault),
    }
}

/// Total of one asset that a deposit brought.
fn amounts(deposit: &Deposit) -> Result<Vec<([u8; 20], u128)>, Reject> {
    let (token, amount, native) = (deposit.token, deposit.amount, deposit.native);
    let overflow = Reject::Overflow {
        what: "the deposit",
        left: amount,
        right: native,
    };
    let all = match token == super::leaf::NATIVE {
        true => vec![(token, amount.checked_add(native).ok_or(overflow)?)],
        false => vec![(token, amount), (super::leaf::NATIVE, native)],
    };
    Ok(all.into_iter().filter(|(_, amount)| *amount > 0).collect())
}
