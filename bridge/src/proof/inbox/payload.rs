//! The part of a message whose length its sender chooses, bounded by its type.

use crate::proof::bytes::{DecodeError, Reader};

/// Bytes that a forced transaction or a generic message may carry.
pub const PAYLOAD_LIMIT: usize = 512;

/// Bytes that a sender put into a message: at most [`PAYLOAD_LIMIT`], by construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload(Vec<u8>);

impl Payload {
    /// Takes `bytes`.
    ///
    /// # Errors
    /// [`DecodeError::TooLong`] above [`PAYLOAD_LIMIT`].
    pub fn new(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        match bytes.len() {
            0..=PAYLOAD_LIMIT => Ok(Self(bytes)),
            length => Err(DecodeError::TooLong {
                length,
                limit: PAYLOAD_LIMIT,
            }),
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn encode_to(&self, bytes: &mut Vec<u8>) {
        let length = u16::try_from(self.0.len()).unwrap_or(u16::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&self.0);
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let length = usize::from(reader.u16()?);
        if length > PAYLOAD_LIMIT {
            return Err(DecodeError::TooLong {
                length,
                limit: PAYLOAD_LIMIT,
            });
        }
        Self::new(reader.slice(length)?.to_vec())
    }
}
