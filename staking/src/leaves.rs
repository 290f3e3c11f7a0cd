//! The port: the leaves that staking reads and writes, typed, and an adapter in memory beside it.

use std::collections::{BTreeMap, BTreeSet};

use crate::Error;
use crate::leaf::{Key, Leaf, LeafError};

/// Reads and writes leaves by their typed names. [`crate::found`] makes every seat, every node of the minima and the leaves that there is one of; a ring's leaf is made when it is first used.
pub trait TypedLeaves {
    /// What can go wrong below: the node is broken, not the input.
    type Error;

    /// The value of a leaf, or `None` when the leaf does not exist.
    ///
    /// # Errors
    /// When the state cannot say, or holds what does not decode.
    fn read<T: Leaf>(&mut self, name: T::Name) -> Result<Option<T>, Self::Error>;

    /// Writes a leaf; the first write makes it.
    ///
    /// # Errors
    /// When the state cannot be written.
    fn write<T: Leaf>(&mut self, name: T::Name, value: &T) -> Result<(), Self::Error>;
}

/// The value of a leaf, or `None` when it does not exist.
pub(crate) fn read<T: Leaf, L: TypedLeaves>(
    leaves: &mut L,
    name: T::Name,
) -> Result<Option<T>, Error<L::Error>> {
    leaves.read(name).map_err(Error::Fault)
}

/// Writes a leaf.
pub(crate) fn write<T: Leaf, L: TypedLeaves>(
    leaves: &mut L,
    name: T::Name,
    value: &T,
) -> Result<(), Error<L::Error>> {
    leaves.write(name, value).map_err(Error::Fault)
}

/// The value of a leaf that genesis, or the rule that refers to it, made.
pub(crate) fn expect<T: Leaf, L: TypedLeaves>(
    leaves: &mut L,
    name: T::Name,
) -> Result<T, Error<L::Error>> {
    let value = leaves.read(name).map_err(Error::Fault)?;
    value.ok_or_else(|| Error::Missing(T::key(name)))
}

/// Leaves in memory, kept as bytes; says which were touched.
#[derive(Clone, Debug, Default)]
pub struct MemoryLeaves {
    leaves: BTreeMap<Key, Vec<u8>>,
    touched: BTreeSet<Key>,
}

impl MemoryLeaves {
    /// Keys and values of all leaves, ordered by key.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &[u8])> {
        self.leaves
            .iter()
            .map(|(key, value)| (key, value.as_slice()))
    }

    /// The leaves that were read or written since the last call.
    pub fn take_touched(&mut self) -> BTreeSet<Key> {
        std::mem::take(&mut self.touched)
    }
}

impl TypedLeaves for MemoryLeaves {
    type Error = LeafError;

    fn read<T: Leaf>(&mut self, name: T::Name) -> Result<Option<T>, LeafError> {
        self.touched.insert(T::key(name));
        let bytes = self.leaves.get(&T::key(name));
        bytes.map(|bytes| T::decode(bytes)).transpose()
    }

    fn write<T: Leaf>(&mut self, name: T::Name, value: &T) -> Result<(), LeafError> {
        self.touched.insert(T::key(name));
        self.leaves.insert(T::key(name), value.encode());
        Ok(())
    }
}
