//! Messages from root to child, and the chain of their hashes (PROTOCOL sections 1 and 5).
//!
//! ```text
//! message = index u64 ‖ arrival u64 (s) ‖ root height u64 ‖ due u64 (ms) ‖ kind u8 ‖ body
//! h(i)    = H(PINB ‖ i ‖ h(i−1) ‖ H(PMSG ‖ H(message)))          h(0) = 32 zero bytes
//! ```
//! Decoding is strict about lengths and kinds, and takes every field's content as it is: root admits a message once and for
//! all, so what its fields mean is judged where it is applied, and a message without meaning there is a recorded no-op.

use super::{
    Hash,
    bytes::{DecodeError, Reader},
    keccak,
};

mod body;
mod payload;

pub use body::{Body, Deposit, Registration};
pub use payload::{PAYLOAD_LIMIT, Payload};

/// Bytes before a message's body.
pub const HEADER_BYTES: usize = 33;

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
    /// [`DecodeError`] for an unknown kind, a payload over [`PAYLOAD_LIMIT`], missing or extra bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let message = Self {
            index: reader.u64()?,
            arrival: reader.u64()?,
            root_height: reader.u64()?,
            due: reader.u64()?,
            body: Body::decode(&mut reader)?,
        };
        reader.finish()?;
        Ok(message)
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
