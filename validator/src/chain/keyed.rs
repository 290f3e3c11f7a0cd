//! Values by key, found by a hash that is seeded anew each time: nobody can choose keys that meet in it, whole keys are compared, and nothing
//! is walked in its order, so that what is found does not depend on it.

use std::hash::{BuildHasher, RandomState};

use alloy_primitives::B256;
use hashbrown::HashTable;

/// Values by key.
pub(crate) struct Keyed<V> {
    entries: Vec<(B256, V)>,
    places: HashTable<usize>,
    seed: RandomState,
}

impl<V> Keyed<V> {
    /// Nothing.
    pub(crate) fn new() -> Self {
        Self {
            entries: Vec::new(),
            places: HashTable::new(),
            seed: RandomState::new(),
        }
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &B256) -> Option<&V> {
        let place = self.place(key)?;
        self.entries.get(place).map(|(_, value)| value)
    }

    /// Gives a key its value, in the place of the one that it had.
    pub(crate) fn insert(&mut self, key: B256, value: V) {
        if let Some(place) = self.place(&key) {
            if let Some((_, old)) = self.entries.get_mut(place) {
                *old = value;
            }
            return;
        }
        let Self {
            entries,
            places,
            seed,
        } = self;
        let again = |place: &usize| entries.get(*place).map_or(0, |(key, _)| seed.hash_one(key));
        places.insert_unique(seed.hash_one(key), entries.len(), again);
        entries.push((key, value));
    }

    fn place(&self, key: &B256) -> Option<usize> {
        if self.entries.is_empty() {
            return None;
        }
        let is_it = |place: &usize| {
            self.entries
                .get(*place)
                .is_some_and(|(known, _)| known == key)
        };
        self.places.find(self.seed.hash_one(key), is_it).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn every_key_has_its_last_value_and_no_other_key_has_one() {
        let mut keyed = Keyed::new();
        let mut model = BTreeMap::new();
        let key =
            |number: u64| alloy_primitives::keccak256((number * number % 1_009).to_be_bytes());
        for number in 0..5_000 {
            keyed.insert(key(number), number);
            model.insert(key(number), number);
        }
        for (key, value) in &model {
            assert_eq!(keyed.get(key), Some(value));
        }
        for number in 5_000..6_000u64 {
            let absent = alloy_primitives::keccak256([number as u8; 40].as_slice());
            assert_eq!(keyed.get(&absent), model.get(&absent));
        }
    }
}
