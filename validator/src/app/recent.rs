//! What was found lately, within a bound.

use std::collections::{BTreeMap, VecDeque};

/// Findings by name, of which the first ones go when there are too many.
#[derive(Debug)]
pub struct RecentFindings<K, V = ()> {
    found: BTreeMap<K, V>,
    /// The oldest first.
    order: VecDeque<K>,
}

impl<K, V> Default for RecentFindings<K, V> {
    fn default() -> Self {
        Self {
            found: BTreeMap::new(),
            order: VecDeque::new(),
        }
    }
}

impl<K: Copy + Ord, V> RecentFindings<K, V> {
    /// What was found of this name.
    pub fn get(&self, name: &K) -> Option<&V> {
        self.found.get(name)
    }

    /// Remembers at most `limit`.
    pub fn insert(&mut self, name: K, found: V, limit: usize) {
        if self.found.insert(name, found).is_none() {
            self.order.push_back(name);
        }
        while self.order.len() > limit {
            if let Some(first) = self.order.pop_front() {
                self.found.remove(&first);
            }
        }
    }

    /// How many are found, and how many stand in the order.
    #[cfg(test)]
    pub(crate) fn lens(&self) -> (usize, usize) {
        (self.found.len(), self.order.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_has_a_bound_and_what_came_first_goes_first() {
        let mut remembered = RecentFindings::default();
        for number in (0..100).rev() {
            remembered.insert(number, true, 10);
            remembered.insert(number, true, 10);
        }
        assert_eq!(remembered.lens(), (10, 10));
        let kept: Vec<_> = remembered.found.keys().copied().collect();
        assert_eq!(kept, (0..10).collect::<Vec<_>>());
        assert_eq!(remembered.get(&9), Some(&true));
        assert_eq!(remembered.get(&10), None);
    }
}
