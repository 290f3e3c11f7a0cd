//! The port: the leaves that staking reads and writes, typed, and an adapter in memory beside it.

use std::collections::BTreeMap;

use crate::leaf::{Key, Leaf, LeafError};
use crate::minima::{self, Node};
use crate::{Error, Seat, Value};

/// Reads and writes leaves by their typed names. Genesis makes every seat and every node of the minima; a ring's leaf is made when it is first used.
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

/// The value of a leaf that genesis made.
pub(crate) fn expect<T: Leaf, L: TypedLeaves>(
    leaves: &mut L,
    name: T::Name,
) -> Result<T, Error<L::Error>> {
    let value = leaves.read(name).map_err(Error::Fault)?;
    value.ok_or_else(|| Error::Missing(T::key(name)))
}

/// Leaves in memory, kept as bytes.
#[derive(Clone, Debug)]
pub struct MemoryLeaves(BTreeMap<Key, Vec<u8>>);

impl MemoryLeaves {
    /// Empty seats and their minima, as genesis makes them.
    pub fn new(seats: u16) -> Self {
        let mut leaves = BTreeMap::new();
        for seat in 0..seats {
            leaves.insert(Key::Seat(seat), Seat::default().encode());
        }
        for (level, nodes) in (0u8..).zip(minima::build(&vec![0; usize::from(seats)])) {
            for (index, node) in (0u16..).zip(nodes) {
                leaves.insert(Node::key((level, index)), node.encode());
            }
        }
        Self(leaves)
    }
}

impl TypedLeaves for MemoryLeaves {
    type Error = LeafError;

    fn read<T: Leaf>(&mut self, name: T::Name) -> Result<Option<T>, LeafError> {
        let bytes = self.0.get(&T::key(name));
        bytes.map(|bytes| T::decode(bytes)).transpose()
    }

    fn write<T: Leaf>(&mut self, name: T::Name, value: &T) -> Result<(), LeafError> {
        self.0.insert(T::key(name), value.encode());
        Ok(())
    }
}
