//! Transactions that were handed in by gRPC and replace no other, for as long as the engine may ask about them.

use std::collections::BTreeSet;

use super::pool::Hash;

/// Blocks for which they are remembered at least. The engine may ask about one long after whoever handed it in has gone.
const MIN_BLOCKS: u64 = 64;
/// The most that are remembered; with more of them, the blocks are fewer.
const MAX: usize = 100_000;

/// Two generations: the elder one is forgotten when the younger one takes its place.
#[derive(Debug, Default)]
pub(super) struct HandedIn {
    young: BTreeSet<Hash>,
    old: BTreeSet<Hash>,
    /// The height at which the younger one began.
    since: u64,
}

impl HandedIn {
    /// Remembers one.
    pub fn insert(&mut self, hash: Hash) {
        if self.young.len() >= MAX / 2 {
            self.age();
        }
        self.young.insert(hash);
    }

    /// It replaces others after all, or the engine has judged it.
    pub fn remove(&mut self, hash: &Hash) {
        self.young.remove(hash);
        self.old.remove(hash);
    }

    pub fn contains(&self, hash: &Hash) -> bool {
        self.young.contains(hash) || self.old.contains(hash)
    }

    /// A block of this height came.
    pub fn turn(&mut self, height: u64) {
        if height >= self.since.saturating_add(MIN_BLOCKS) {
            self.age();
            self.since = height;
        }
    }

    fn age(&mut self) {
        self.old = std::mem::take(&mut self.young);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: usize) -> Hash {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&number.to_be_bytes());
        hash
    }

    #[test]
    fn one_is_remembered_for_its_blocks_and_no_longer_than_twice_that() {
        let mut handed = HandedIn::default();
        for height in 1..500 {
            handed.insert(hash(height as usize));
            handed.turn(height);
            for (before, known) in [(0, true), (MIN_BLOCKS - 1, true), (2 * MIN_BLOCKS, false)] {
                if let Some(then) = height.checked_sub(before).filter(|then| *then > 0) {
                    assert_eq!(
                        handed.contains(&hash(then as usize)),
                        known,
                        "{height} {then}"
                    );
                }
            }
        }
        handed.remove(&hash(499));
        assert!(!handed.contains(&hash(499)));
    }

    #[test]
    fn however_many_there_are_the_newest_are_remembered_and_the_number_is_bounded() {
        let mut handed = HandedIn::default();
        for number in 0..3 * MAX {
            handed.insert(hash(number));
            assert!(handed.young.len() + handed.old.len() <= MAX);
        }
        assert!(handed.contains(&hash(3 * MAX - 1)) && handed.contains(&hash(3 * MAX - MAX / 2)));
        assert!(!handed.contains(&hash(0)));
    }
}
