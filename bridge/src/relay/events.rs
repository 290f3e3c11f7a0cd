//! The events that are followed, decoded strictly: an event that is not exactly as the contract emits it is a lie of the endpoint.

use std::sync::Arc;

use alloy_primitives::{B256, Bytes};
use alloy_sol_types::SolEvent;

use super::acceptance::Acceptance;
use super::seen::{Entry, Log};
use crate::abi::{IInbox, IRootChain, signer_bitmap};
use crate::proof::inbox;

/// The topic of a message.
pub const MESSAGE: B256 = IInbox::MessageSent::SIGNATURE_HASH;
/// The topic of an accepted checkpoint.
pub const ACCEPTANCE: B256 = IRootChain::CheckpointAccepted::SIGNATURE_HASH;

/// An event.
#[derive(Clone, Debug)]
pub enum Heard {
    /// A message was sent.
    Message(Sent),
    /// A checkpoint was accepted.
    Acceptance(Box<Acceptance>),
}

/// A message as its event shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its index.
    pub index: u64,
    /// The link there, as the event says.
    pub link: B256,
    /// Its bytes.
    pub bytes: Bytes,
}

impl Sent {
    /// The message that its bytes hold, when index and block agree.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn message(&self, block: u64) -> Result<inbox::Message, String> {
        let message = inbox::Message::decode(&self.bytes)
            .map_err(|e| format!("message {} is malformed: {e}", self.index))?;
        if message.index != self.index || message.root_height != block {
            return Err(format!(
                "message {} in block {block} says that it is message {} of block {}",
                self.index, message.index, message.root_height
            ));
        }
        Ok(message)
    }

    /// The message as the one after `previous`, when bytes, hash and block agree.
    pub fn extend(&self, previous: &B256, block: u64) -> Result<Entry, String> {
        let message = self.message(block)?;
        let message_hash = inbox::message_hash(&self.bytes);
        let link = inbox::link(self.index, previous, &message_hash);
        if link != self.link {
            return Err(format!(
                "message {} leads to link {link}, and its event says {}",
                self.index, self.link
            ));
        }
        Ok(Entry {
            index: self.index,
            link,
            message_hash,
            due: message.due,
            root_height: block,
            bytes: Arc::from(self.bytes.as_ref()),
        })
    }
}

/// Decodes an event of either contract of `deployment`; says what is wrong with it.
pub fn decode(log: &Log, deployment: &[u8; 20]) -> Result<Heard, String> {
    let topics = log.topics.iter().copied();
    match log.topics.first() {
        Some(&MESSAGE) => {
            let event = IInbox::MessageSent::decode_raw_log_validate(topics, &log.data)
                .map_err(|e| undecoded("a message", log, &e))?;
            is_canonical(&event, log)?;
            Ok(Heard::Message(Sent {
                index: event.index,
                link: event.link,
                bytes: event.message,
            }))
        }
        Some(&ACCEPTANCE) => {
            let event = IRootChain::CheckpointAccepted::decode_raw_log_validate(topics, &log.data)
                .map_err(|e| undecoded("an acceptance", log, &e))?;
            is_canonical(&event, log)?;
            acceptance(event, log.block, *deployment)
                .map(|record| Heard::Acceptance(Box::new(record)))
        }
        Some(other) => Err(format!(
            "event {} of block {} has topic {other}, which no event of the contracts has",
            log.index, log.block
        )),
        None => Err(format!(
            "event {} of block {} has no topic",
            log.index, log.block
        )),
    }
}

fn undecoded(what: &str, log: &Log, error: &alloy_sol_types::Error) -> String {
    format!(
        "{what} event that does not decode, event {} of block {}: {error}",
        log.index, log.block
    )
}

/// The decoder forgives loose encodings; contracts make none.
fn is_canonical<E: SolEvent>(event: &E, log: &Log) -> Result<(), String> {
    let data = event.encode_log_data();
    if data.topics() != log.topics || data.data != log.data {
        return Err(format!(
            "an event that no contract encodes so: event {} of block {}, {} bytes where {} would do",
            log.index,
            log.block,
            log.data.len(),
            data.data.len()
        ));
    }
    Ok(())
}

fn acceptance(
    event: IRootChain::CheckpointAccepted,
    block: u64,
    deployment: [u8; 20],
) -> Result<Acceptance, String> {
    let (content, added) = (event.checkpoint, event.acceptance);
    if content.epoch != event.epoch || added.blockNumber != block {
        return Err(format!(
            "the acceptance of checkpoint {} in block {block} says that it is of checkpoint {} in block {}",
            event.epoch, content.epoch, added.blockNumber
        ));
    }
    let signers = signer_bitmap(&added.signers);
    let checkpoint = content.content(deployment);
    let computed = checkpoint.digest();
    if computed != event.digest {
        return Err(format!(
            "the acceptance of checkpoint {} names digest {}, and its content has {computed}",
            event.epoch, event.digest
        ));
    }
    Ok(Acceptance {
        epoch: event.epoch,
        digest: event.digest,
        carrier: event.carrier,
        checkpoint,
        signers,
        time: added.time,
        block,
        due_count: added.dueCount,
        tau: event.tau,
    })
}
