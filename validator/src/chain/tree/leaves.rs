//! The leaves by index: key, the index of the next larger key, kind and value.
//!
//! A value of up to 64 bytes stands in the leaf itself, so that an account costs one record of 104 bytes; the few wider
//! ones (members, participation, seats) stand in a side list. Key, kind and width of a leaf never change.

use super::TreeError;
use alloy_primitives::B256 as Hash;

/// No value of any kind is wider (PROTOCOL.md section 3), in bytes.
pub const MAX_VALUE: usize = 1_024;
const INLINE: usize = 64;
const LARGE: u8 = u8::MAX;

#[derive(Clone)]
struct Leaf {
    key: Hash,
    /// The value, zero-padded; of a large one the place in the side list, big-endian, in the first four bytes.
    value: [u8; INLINE],
    next: u32,
    kind: u8,
    width: u8,
}

/// All leaves, dense by index.
#[derive(Clone, Default)]
pub(super) struct LeafTable {
    leaves: Vec<Leaf>,
    large: Vec<Box<[u8]>>,
}

impl LeafTable {
    pub fn count(&self) -> u32 {
        u32::try_from(self.leaves.len()).unwrap_or(u32::MAX)
    }

    pub fn key(&self, index: u32) -> Option<&Hash> {
        self.leaves.get(index as usize).map(|leaf| &leaf.key)
    }

    pub fn next(&self, index: u32) -> Option<u32> {
        self.leaves.get(index as usize).map(|leaf| leaf.next)
    }

    pub fn kind(&self, index: u32) -> Option<u8> {
        self.leaves.get(index as usize).map(|leaf| leaf.kind)
    }

    pub fn value(&self, index: u32) -> Option<&[u8]> {
        let leaf = self.leaves.get(index as usize)?;
        if leaf.width == LARGE {
            self.large.get(large_place(leaf)).map(AsRef::as_ref)
        } else {
            leaf.value.get(..usize::from(leaf.width))
        }
    }

    /// Overwrites a value; its width stays.
    pub fn set_value(&mut self, index: u32, value: &[u8]) -> Result<(), TreeError> {
        let count = self.count();
        let Some(leaf) = self.leaves.get_mut(index as usize) else {
            return Err(TreeError::OutOfRange { index, count });
        };
        let slot = if leaf.width == LARGE {
            self.large.get_mut(large_place(leaf)).map(AsMut::as_mut)
        } else {
            leaf.value.get_mut(..usize::from(leaf.width))
        };
        match slot {
            Some(slot) if slot.len() == value.len() => slot.copy_from_slice(value),
            slot => {
                return Err(TreeError::Width {
                    key: leaf.key,
                    found: slot.map_or(0, |slot| slot.len()),
                    given: value.len(),
                });
            }
        }
        Ok(())
    }

    pub fn set_next(&mut self, index: u32, next: u32) {
        if let Some(leaf) = self.leaves.get_mut(index as usize) {
            leaf.next = next;
        }
    }

    /// Appends a leaf and gives its index.
    pub fn push(&mut self, key: Hash, next: u32, kind: u8, value: &[u8]) -> Result<u32, TreeError> {
        if value.len() > MAX_VALUE {
            return Err(TreeError::TooWide {
                key,
                width: value.len(),
            });
        }
        let index = self.count();
        if index == u32::MAX {
            return Err(TreeError::Full);
        }
        let mut leaf = Leaf {
            key,
            value: [0; INLINE],
            next,
            kind,
            width: LARGE,
        };
        if let Some(slot) = leaf.value.get_mut(..value.len()) {
            slot.copy_from_slice(value);
            leaf.width = u8::try_from(value.len()).unwrap_or(LARGE);
        } else {
            let place = u32::try_from(self.large.len()).map_err(|_| TreeError::Full)?;
            if let Some(slot) = leaf.value.first_chunk_mut::<4>() {
                *slot = place.to_be_bytes();
            }
            self.large.push(value.into());
        }
        self.leaves.push(leaf);
        Ok(index)
    }
}

fn large_place(leaf: &Leaf) -> usize {
    leaf.value
        .first_chunk::<4>()
        .map_or(usize::MAX, |bytes| u32::from_be_bytes(*bytes) as usize)
}
