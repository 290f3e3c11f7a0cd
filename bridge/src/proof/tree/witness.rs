//! What a segment's re-execution starts from: the leaves that it touches, their multiproof, and what can be wrong with them.
//!
//! ```text
//! witness  leaf count u32 ‖ appends u8 ‖ number of leaves u8 ‖ leaves ‖ siblings, 32 bytes each, to the end   (PROTOCOL section 12)
//! leaf     index u32 ‖ next key 32 ‖ form u8 ‖   form 0: kind u8 ‖ key 32 ‖ value, as wide as its kind
//!                                                form 1: key 32 ‖ value hash 32
//! ```

use super::{Hash, Multiproof, ProofError, value_hash};
use crate::proof::bytes::{DecodeError, Reader};

/// Leaves that a witness may hold, appended ones included: two more than the 72 above which a court objects, so that it can be
/// shown that a segment touches too many. A node ends a segment at 65.
pub const MAX_WITNESS_LEAVES: usize = 74;

/// Bytes of the widest value.
pub const MAX_VALUE_BYTES: usize = 1_024;

/// What a witness says about a leaf's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The value.
    Value {
        /// Kind of the leaf.
        kind: u8,
        /// Its value.
        value: Vec<u8>,
    },
    /// Only the value hash: the leaf stands here for its place in the list, or is overwritten unread.
    Hash(Hash),
}

impl Content {
    pub(super) fn hash(&self) -> Hash {
        match self {
            Self::Value { kind, value } => value_hash(*kind, value),
            Self::Hash(hash) => *hash,
        }
    }
}

/// A leaf of the state before the segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessLeaf {
    /// Index of the leaf.
    pub index: u32,
    /// Its key.
    pub key: Hash,
    /// The next larger key, or 0.
    pub next: Hash,
    /// Its value.
    pub content: Content,
}

/// All that a segment touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Leaf count before the segment.
    pub count: u32,
    /// Leaves that the segment appends, exactly.
    pub appends: u32,
    /// Leaves before the segment, strictly ascending by index.
    pub leaves: Vec<WitnessLeaf>,
    /// Multiproof of `leaves` and of the places `count..count + appends`.
    pub proof: Multiproof,
}

impl Witness {
    /// The bytes, as a court is given them.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let small = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
        let appends = usize::try_from(self.appends).unwrap_or(usize::MAX);
        let mut bytes = self.count.to_be_bytes().to_vec();
        bytes.extend([small(appends), small(self.leaves.len())]);
        for leaf in &self.leaves {
            bytes.extend(leaf.index.to_be_bytes());
            bytes.extend(leaf.next);
            match &leaf.content {
                Content::Value { kind, value } => {
                    bytes.extend([0, *kind]);
                    bytes.extend(leaf.key);
                    bytes.extend(value);
                }
                Content::Hash(hash) => {
                    bytes.push(1);
                    bytes.extend(leaf.key);
                    bytes.extend(hash);
                }
            }
        }
        bytes.extend(self.proof.siblings.iter().flatten());
        bytes
    }

    /// The inverse of [`Witness::encode`]; `width` tells how wide the values of a kind are. Whether the leaves ascend and the
    /// siblings prove them is judged when the witness is opened.
    ///
    /// # Errors
    /// [`DecodeError`] for bytes that end early, an unknown kind or form, and a number of leaves above [`MAX_WITNESS_LEAVES`].
    pub fn decode(bytes: &[u8], width: impl Fn(u8) -> Option<usize>) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let count = reader.u32()?;
        let appends = u32::from(reader.u8()?);
        let length = usize::from(reader.u8()?);
        if length > MAX_WITNESS_LEAVES {
            let limit = MAX_WITNESS_LEAVES;
            return Err(DecodeError::TooLong { length, limit });
        }
        let mut leaves = Vec::with_capacity(length);
        for _ in 0..length {
            leaves.push(read_leaf(&mut reader, &width)?);
        }
        let mut siblings = Vec::new();
        while reader.left() > 0 {
            siblings.push(Hash::from(reader.array::<32>()?));
        }
        Ok(Self {
            count,
            appends,
            leaves,
            proof: Multiproof { siblings },
        })
    }
}

fn read_leaf(
    reader: &mut Reader<'_>,
    width: impl Fn(u8) -> Option<usize>,
) -> Result<WitnessLeaf, DecodeError> {
    let index = reader.u32()?;
    let next = Hash::from(reader.array::<32>()?);
    let (key, content) = match reader.u8()? {
        0 => {
            let kind = reader.u8()?;
            let key = Hash::from(reader.array::<32>()?);
            let width = width(kind).ok_or(DecodeError::UnknownKind(kind))?;
            let value = reader.slice(width)?.to_vec();
            (key, Content::Value { kind, value })
        }
        1 => {
            let key = Hash::from(reader.array::<32>()?);
            (key, Content::Hash(reader.array::<32>()?.into()))
        }
        form => return Err(DecodeError::UnknownKind(form)),
    };
    Ok(WitnessLeaf {
        index,
        key,
        next,
        content,
    })
}

/// Why a witness does not carry an execution.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// More leaves than a witness may hold.
    #[error("{touched} leaves touched, at most {MAX_WITNESS_LEAVES} are allowed")]
    TooManyLeaves {
        /// Leaves of the witness and leaves to append.
        touched: usize,
    },
    /// A value wider than any kind.
    #[error("a value of {length} bytes, at most {MAX_VALUE_BYTES} are allowed")]
    ValueTooLong {
        /// Its length.
        length: usize,
    },
    /// The leaf count would pass 2^32 − 1.
    #[error("{appends} leaves do not fit behind {count}")]
    Full {
        /// Leaf count before.
        count: u32,
        /// Leaves to append.
        appends: u32,
    },
    /// The multiproof does not lead to the state root.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// Two leaves with one key.
    #[error("key {0} stands in two leaves")]
    DuplicateKey(Hash),
    /// The witness neither holds the key nor shows its absence.
    #[error("the witness does not decide key {0}")]
    Undecided(Hash),
    /// The witness holds only the hash of the value.
    #[error("the witness has only the value hash of key {0}")]
    HashOnly(Hash),
    /// A key is written with another kind than it has.
    #[error("key {key} has kind {found}, not {wanted}")]
    Kind {
        /// The key.
        key: Hash,
        /// Kind of its leaf.
        found: u8,
        /// Kind that was written.
        wanted: u8,
    },
    /// The number of appended leaves is not what the witness says.
    #[error("{found} leaves appended, the witness says {wanted}")]
    Appends {
        /// Leaves appended.
        found: u32,
        /// Leaves that the witness has places for.
        wanted: u32,
    },
}

pub(super) fn check_value(value: &[u8]) -> Result<(), WitnessError> {
    match value.len() {
        0..=MAX_VALUE_BYTES => Ok(()),
        length => Err(WitnessError::ValueTooLong { length }),
    }
}

/// Bounds everything that is counted or hashed later; the counts cannot overflow behind this.
pub(super) fn check_sizes(witness: &Witness) -> Result<(), WitnessError> {
    let appends = usize::try_from(witness.appends).unwrap_or(usize::MAX);
    let touched = witness.leaves.len().saturating_add(appends);
    if touched > MAX_WITNESS_LEAVES {
        return Err(WitnessError::TooManyLeaves { touched });
    }
    if witness.count.checked_add(witness.appends).is_none() {
        return Err(WitnessError::Full {
            count: witness.count,
            appends: witness.appends,
        });
    }
    for leaf in &witness.leaves {
        if let Content::Value { value, .. } = &leaf.content {
            check_value(value)?;
        }
    }
    Ok(())
}
