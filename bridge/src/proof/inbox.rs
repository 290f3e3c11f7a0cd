//! Messages from root to child, and the chain of their hashes (PROTOCOL sections 1 and 5).
//!
//! ```text
//! message = index u64 ‖ arrival u64 (s) ‖ root height u64 ‖ due u64 (ms) ‖ kind u8 ‖ body          33 to 588 bytes
//! h(i)    = H(PINB ‖ i ‖ h(i−1) ‖ H(PMSG ‖ H(message)))          h(0) = 32 zero bytes
//! ```
//! Decoding is strict about the header and the length, and about nothing else. Root admits a message once and for all, and the
//! child consumes messages in order: if one of them could not be decoded, the inbox would stand still for ever. So a body
//! of a kind that this version does not know, or with other bytes than its kind has, is [`Body::Opaque`]: it is recorded
//! without effect. What the fields of the other bodies mean is judged where they are applied.

use super::{
    Hash,
    bytes::{DecodeError, Reader},
    keccak,
};

mod body;
mod payload;

pub use body::{Body, Deposit, Registration};
pub use payload::{PAYLOAD_LIMIT, Payload};

/// Root keeps the link of every message whose index is a multiple of this for ever. Twin: `Inbox.sol`.
pub const KEPT_EVERY: u64 = 32;

/// Bytes before a message's body.
pub const HEADER_BYTES: usize = 33;

/// Bytes of a message, at most: those of a generic message with the longest payload. Root admits none that is longer.
pub const MAX_MESSAGE_BYTES: usize = HEADER_BYTES + 20 + 21 + 2 + PAYLOAD_LIMIT;

/// One message of the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Running number, from 1.
    pub index: u64,
    /// Time of the root block that admitted it, seconds.
    pub arrival: u64,
    /// Height of that root block.
    pub root_height: u64,
    /// When the child must have consumed it, milliseconds.
    pub due: u64,
    /// What it says.
    pub body: Body,
}

impl Message {
    /// The bytes that root hashes and that stand in a block behind 0xf1.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + 192);
        for field in [self.index, self.arrival, self.root_height, self.due] {
            bytes.extend_from_slice(&field.to_be_bytes());
        }
        bytes.push(self.body.kind());
        self.body.encode_to(&mut bytes);
        bytes
    }

    /// The inverse of [`Message::encode`].
    ///
    /// # Errors
    /// [`DecodeError`] for fewer than [`HEADER_BYTES`] or more than [`MAX_MESSAGE_BYTES`] bytes; every other body decodes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(DecodeError::TooLong {
                length: bytes.len(),
                limit: MAX_MESSAGE_BYTES,
            });
        }
        let mut reader = Reader::new(bytes);
        let (index, arrival) = (reader.u64()?, reader.u64()?);
        let (root_height, due) = (reader.u64()?, reader.u64()?);
        let kind = reader.u8()?;
        Ok(Self {
            index,
            arrival,
            root_height,
            due,
            body: Body::decode(kind, reader.slice(reader.left())?),
        })
    }

    /// Hash of the message, as links and bare hashes hold it.
    #[must_use]
    pub fn hash(&self) -> Hash {
        message_hash(&self.encode())
    }
}

/// Hash of a message from its bytes.
#[must_use]
pub fn message_hash(message: &[u8]) -> Hash {
    keccak::hash(&[b"PMSG", keccak::hash(&[message]).as_slice()])
}

/// h(index) from h(index − 1) and the message hash.
#[must_use]
pub fn link(index: u64, previous: &Hash, message_hash: &Hash) -> Hash {
    keccak::hash(&[
        b"PINB",
        &index.to_be_bytes(),
        previous.as_slice(),
        message_hash.as_slice(),
    ])
}

#[cfg(test)]
mod tests;
