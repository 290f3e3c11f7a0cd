//! A block's transactions by what they are, and everything about them that needs no state.

use alloy_primitives::B256;
use plasmid_bridge::proof::inbox::{self, Message};

use super::Block;
use crate::chain::error::Invalid;
use crate::chain::evidence::{self, MISBEHAVIOR, Misbehavior};
use crate::chain::record::{MESSAGE, Record};
use crate::ledger::Parameters;

/// A block's transactions by what they are.
pub(super) struct Parts<'a> {
    pub(super) record: Record,
    pub(super) messages: Vec<&'a [u8]>,
    pub(super) misbehavior: Vec<(&'a [u8], Misbehavior)>,
    pub(super) users: Vec<&'a [u8]>,
}

impl<'a> Parts<'a> {
    pub(super) fn split(block: &Block<'a>, parameters: &Parameters) -> Result<Self, Invalid> {
        check_size(block, parameters)?;
        let (first, rest) = block.transactions.split_first().ok_or(Invalid::Empty)?;
        let record = Record::decode(first).map_err(|why| Invalid::Malformed { index: 0, why })?;
        let messages: Vec<&[u8]> = leading(rest, MESSAGE);
        let rest = rest.get(messages.len()..).unwrap_or_default();
        let offered = leading(rest, MISBEHAVIOR);
        let users = rest.get(offered.len()..).unwrap_or_default().to_vec();
        let misbehavior = check_misbehavior(block, messages.len(), offered)?;
        Ok(Self {
            record,
            messages,
            misbehavior,
            users,
        })
    }

    /// Number of the first user's transaction in the block.
    pub(super) fn users_from(&self) -> usize {
        self.messages
            .len()
            .saturating_add(self.misbehavior.len())
            .saturating_add(1)
    }
}

/// The block's misbehavior is what the engine handed over, in its order, identical ones once.
fn check_misbehavior<'a>(
    block: &Block<'_>,
    messages: usize,
    offered: Vec<&'a [u8]>,
) -> Result<Vec<(&'a [u8], Misbehavior)>, Invalid> {
    let expected = evidence::distinct(block.misbehavior);
    let first = messages.saturating_add(1);
    for place in 0..expected.len().max(offered.len()) {
        let expected = expected.get(place).map(|one| one.encode(block.height));
        if expected.as_deref() != offered.get(place).copied() {
            let index = number(first.saturating_add(place));
            return Err(Invalid::Misbehavior { index });
        }
    }
    Ok(offered.into_iter().zip(expected).collect())
}

/// Hash of the message in a transaction, whose first byte is its kind.
pub(super) fn message_hash(transaction: &[u8]) -> B256 {
    inbox::message_hash(transaction.get(1..).unwrap_or_default())
}

fn check_size(block: &Block<'_>, parameters: &Parameters) -> Result<(), Invalid> {
    let bytes = block
        .transactions
        .iter()
        .fold(0u64, |sum, bytes| sum.saturating_add(bytes.len() as u64));
    let limit = parameters.max_block_bytes;
    if bytes > limit {
        return Err(Invalid::TooManyBytes { bytes, limit });
    }
    let (count, limit) = (block.transactions.len(), parameters.max_block_transactions);
    if count > usize::try_from(limit).unwrap_or(usize::MAX) {
        return Err(Invalid::TooManyTransactions { count, limit });
    }
    Ok(())
}

fn leading<'a>(transactions: &[&'a [u8]], kind: u8) -> Vec<&'a [u8]> {
    let of_kind = |bytes: &&&[u8]| bytes.first() == Some(&kind);
    transactions.iter().take_while(of_kind).copied().collect()
}

pub(super) fn decode_messages(parts: &Parts<'_>, cursor: u64) -> Result<Vec<Message>, Invalid> {
    let mut out = Vec::with_capacity(parts.messages.len());
    for (place, bytes) in parts.messages.iter().enumerate() {
        let expected = cursor.saturating_add(place as u64).saturating_add(1);
        let refuse = |why: String| Invalid::Message {
            index: number(place.saturating_add(1)),
            expected,
            why,
        };
        let message = Message::decode(bytes.get(1..).unwrap_or_default())
            .map_err(|error| refuse(error.to_string()))?;
        if message.index != expected {
            return Err(refuse(format!("it has index {}", message.index)));
        }
        out.push(message);
    }
    Ok(out)
}

pub(super) fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
