//! The commitment to one epoch that a set signs and root verifies (PROTOCOL sections 1 and 7, DESIGN section 8).
//!
//! ```text
//! digest = H(PCKP ‖ deployment ‖ epoch ‖ last block time ‖ blocks root ‖ state root ‖ inbox cursor ‖ inbox link
//!              ‖ set commitment of e+2 ‖ relayer ‖ previous digest)
//! ```
//! Checkpoint e is signed by set e+1; the previous digest of checkpoint 0 is the deployment id with 12 zero bytes behind.

use super::{
    Hash,
    bytes::{DecodeError, Reader},
    keccak::hash,
};

pub mod certificate;

pub use certificate::Certificate;

/// What an epoch commits to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Deployment id.
    pub deployment: [u8; 20],
    /// Its epoch.
    pub epoch: u64,
    /// Time of the epoch's last block, seconds.
    pub last_block_time: u64,
    /// List root over the block commitment hashes of the epoch.
    pub blocks_root: Hash,
    /// State root after the epoch's last block.
    pub state_root: Hash,
    /// Inbox messages consumed.
    pub inbox_cursor: u64,
    /// The inbox link at that cursor.
    pub inbox_link: Hash,
    /// Set commitment of epoch e+2.
    pub next_set: Hash,
    /// Who is paid for carrying it to root.
    pub relayer: [u8; 20],
    /// Digest of the checkpoint before.
    pub previous: Hash,
}

impl Checkpoint {
    /// Bytes of the encoding: the preimage of the digest without its tag.
    pub const BYTES: usize = 224;

    /// What is signed.
    #[must_use]
    pub fn digest(&self) -> Hash {
        hash(&[b"PCKP", &self.encode()])
    }

    /// The fields in order, fixed width.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::BYTES);
        bytes.extend_from_slice(&self.deployment);
        bytes.extend_from_slice(&self.epoch.to_be_bytes());
        bytes.extend_from_slice(&self.last_block_time.to_be_bytes());
        bytes.extend_from_slice(self.blocks_root.as_slice());
        bytes.extend_from_slice(self.state_root.as_slice());
        bytes.extend_from_slice(&self.inbox_cursor.to_be_bytes());
        bytes.extend_from_slice(self.inbox_link.as_slice());
        bytes.extend_from_slice(self.next_set.as_slice());
        bytes.extend_from_slice(&self.relayer);
        bytes.extend_from_slice(self.previous.as_slice());
        bytes
    }

    /// The inverse of [`Checkpoint::encode`].
    ///
    /// # Errors
    /// [`DecodeError`] unless there are exactly [`Checkpoint::BYTES`] bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let checkpoint = Self {
            deployment: reader.array()?,
            epoch: reader.u64()?,
            last_block_time: reader.u64()?,
            blocks_root: reader.array()?.into(),
            state_root: reader.array()?.into(),
            inbox_cursor: reader.u64()?,
            inbox_link: reader.array()?.into(),
            next_set: reader.array()?.into(),
            relayer: reader.array()?,
            previous: reader.array()?.into(),
        };
        reader.finish()?;
        Ok(checkpoint)
    }
}

#[cfg(test)]
mod tests;
