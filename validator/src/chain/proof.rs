//! How a stranger verifies an answer of `/leaf` against an app hash, which a light client takes from a header.
//!
//! ```text
//! app hash = hash of the block commitment          operation `plasmid:block`: its 180 bytes
//!            └─ state root after the block
//!                 └─ leaf (key, next, value hash)  operation `plasmid:leaf`: index, leaf count, leaf, 32 siblings
//! ```
//! A leaf with the key asked for shows its value. Any other leaf shows that the key is absent, if it is the low leaf: its key
//! is smaller and its next key larger, or none. The app hash of height h stands in the header of height h + 1.

use alloy_primitives::B256;
use plasmid_bridge::proof::bytes::DecodeError;
use plasmid_bridge::proof::commitment::BlockCommitment;
use plasmid_bridge::proof::tree::{Inclusion, ProofError, verify_absence, verify_inclusion};

/// Name of the proof operation that holds the leaf.
pub const LEAF_OP: &str = "plasmid:leaf";
/// Name of the proof operation that holds the block commitment.
pub const BLOCK_OP: &str = "plasmid:block";

/// What proves a leaf, or that there is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeafProof {
    /// The leaf, or the low leaf of an absent key.
    pub inclusion: Inclusion,
    /// The commitment of the block after which it stands.
    pub block: BlockCommitment,
}

/// Why an answer is not proven.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LeafProofError {
    /// The operations' bytes.
    #[error(transparent)]
    Bytes(#[from] DecodeError),
    /// The block commitment is of another app hash.
    #[error("the block commitment hashes to {computed}, the app hash is {expected}")]
    AppHash {
        /// The app hash that the proof leads to.
        computed: B256,
        /// The app hash that was expected.
        expected: B256,
    },
    /// The leaf is not what the answer says.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl LeafProof {
    /// Reads the data of the two operations.
    ///
    /// # Errors
    /// [`LeafProofError::Bytes`] when they are not exactly that.
    pub fn decode(leaf: &[u8], block: &[u8]) -> Result<Self, LeafProofError> {
        Ok(Self {
            inclusion: Inclusion::decode(leaf)?,
            block: BlockCommitment::decode(block)?,
        })
    }

    /// Verifies that after the block of `app_hash` the leaf `key` has this kind and value, or that there is no such leaf.
    /// Gives the height of that block.
    ///
    /// # Errors
    /// [`LeafProofError`] says which link is broken.
    pub fn verify(
        &self,
        app_hash: &B256,
        key: &B256,
        value: Option<(u8, &[u8])>,
    ) -> Result<u64, LeafProofError> {
        let computed = self.block.hash();
        if computed != *app_hash {
            return Err(LeafProofError::AppHash {
                computed,
                expected: *app_hash,
            });
        }
        let root = self.block.after;
        match value {
            Some((kind, value)) => {
                verify_inclusion(key, kind, value, &self.inclusion, &root)?;
            }
            None => verify_absence(key, &self.inclusion, &root)?,
        }
        Ok(self.block.height)
    }
}
