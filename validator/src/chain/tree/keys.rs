//! Leaves by key: in key order, and at once by a hash.
//!
//! The hash is seeded anew in each process, so nobody can choose keys that meet in it; and what is found by it does not depend on it, because
//! whole keys are compared and nothing is ever walked in its order.

use super::leaves::LeafTable;
use alloy_primitives::B256 as Hash;
use hashbrown::HashTable;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

/// Index of the leaf of each key.
#[derive(Clone, Default)]
pub(super) struct KeyIndex {
    order: BTreeMap<Hash, u32>,
    places: HashTable<u32>,
    seed: RandomState,
}

impl KeyIndex {
    /// The index of leaves whose keys differ, in key order.
    pub fn new(leaves: &LeafTable, order: BTreeMap<Hash, u32>) -> Self {
        let mut index = Self {
            places: HashTable::with_capacity(order.len()),
            ..Self::default()
        };
        for (key, place) in &order {
            index.place(leaves, key, *place);
        }
        Self { order, ..index }
    }

    /// Adds the key of a leaf that stands in the table, and that no other leaf has.
    pub fn insert(&mut self, leaves: &LeafTable, key: Hash, place: u32) {
        self.place(leaves, &key, place);
        self.order.insert(key, place);
    }

    pub fn find(&self, leaves: &LeafTable, key: &Hash) -> Option<u32> {
        let is_it = |place: &u32| leaves.key(*place) == Some(key);
        self.places.find(self.seed.hash_one(key), is_it).copied()
    }

    /// Keys below `key` with their leaves, descending.
    pub fn below(&self, key: &Hash) -> impl Iterator<Item = (&Hash, u32)> {
        let below = self.order.range::<Hash, _>(..key).rev();
        below.map(|(key, place)| (key, *place))
    }

    fn place(&mut self, leaves: &LeafTable, key: &Hash, place: u32) {
        let seed = &self.seed;
        let again = |place: &u32| leaves.key(*place).map_or(0, |key| seed.hash_one(key));
        self.places.insert_unique(seed.hash_one(key), place, again);
    }
}
