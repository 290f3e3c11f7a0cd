//! A block's writes over the state before it, in two layers: what the block has done, and what the transaction at hand does.
//!
//! ```text
//! transaction   reads, writes and low leaves of one transaction; dropped when it is refused, kept when it applies
//! block         kept writes of the block so far
//! base          the state before the block, behind the port Reads
//! ```
//! It also notes which leaves a transaction touches, because segments are cut by that number: the distinct leaves read or
//! written, and for a key that is absent the low leaf that shows it (PROTOCOL section 6, "Segments").

use std::collections::BTreeSet;

use alloy_primitives::B256;

use super::keyed::Keyed;
use super::tree::{Change, Tree};
use crate::ledger::{Leaves, Slot};

/// The state that a block is executed on. Owned here: the tree implements it, and so does a segment's witness.
pub trait Reads {
    /// Why a leaf cannot be read: the node is broken, or a witness lacks it.
    type Error: std::error::Error + Clone + Send + 'static;

    /// The value of a leaf, or `None` when the key is absent.
    ///
    /// # Errors
    /// When the state cannot say.
    fn value(&self, key: &B256) -> Result<Option<&[u8]>, Self::Error>;

    /// The greatest key below `key` that has a leaf; the sentinel's key zero at least.
    ///
    /// # Errors
    /// When the state cannot say.
    fn low(&self, key: &B256) -> Result<B256, Self::Error>;

    /// How many leaves there are.
    fn count(&self) -> u32;
}

/// As many leaves that stand are remembered: more than a transaction touches.
const FOUND: usize = 128;

/// What one transaction did: kept as a whole or dropped as a whole.
#[derive(Default, Debug)]
pub(crate) struct TriedWrites {
    /// Writes in the order of the first one to each leaf.
    pub(crate) changes: Vec<Change>,
    /// Keys among the changes that had no leaf before.
    pub(crate) inserted: BTreeSet<B256>,
    /// Leaves touched.
    pub(crate) touched: BTreeSet<B256>,
    /// Leaves among them that stand: a leaf is read before it is written, and looked for once.
    found: Vec<B256>,
}

/// The writes of a block over a base.
pub(crate) struct Overlay<'a, R> {
    base: &'a R,
    block: Keyed<Vec<u8>>,
    inserted: BTreeSet<B256>,
    layer: TriedWrites,
    keys: Keys,
}

/// The keys of the last slots: a transaction reads and writes a slot several times, and a key costs a hash.
#[derive(Default)]
struct Keys {
    recent: Vec<(Slot, B256)>,
    next: usize,
}

impl Keys {
    const KEPT: usize = 16;

    fn of(&mut self, slot: &Slot) -> B256 {
        if let Some((_, key)) = self.recent.iter().find(|(known, _)| known == slot) {
            return *key;
        }
        let key = slot.key();
        match self.recent.get_mut(self.next) {
            Some(oldest) => *oldest = (*slot, key),
            None => self.recent.push((*slot, key)),
        }
        self.next = self.next.saturating_add(1) % Self::KEPT;
        key
    }
}

impl<'a, R: Reads> Overlay<'a, R> {
    pub(crate) fn new(base: &'a R) -> Self {
        Self {
            base,
            block: Keyed::new(),
            inserted: BTreeSet::new(),
            layer: TriedWrites::default(),
            keys: Keys::default(),
        }
    }

    /// Leaves that exist now, the transaction's own included.
    pub(crate) fn leaf_count(&self) -> u32 {
        let made = self
            .inserted
            .len()
            .saturating_add(self.layer.inserted.len());
        self.base
            .count()
            .saturating_add(u32::try_from(made).unwrap_or(u32::MAX))
    }

    /// Reads a leaf and notes it, or the low leaf that shows its absence.
    pub(crate) fn get(&mut self, key: &B256) -> Result<Option<Vec<u8>>, R::Error> {
        let value = self.find(key)?.map(<[u8]>::to_vec);
        self.touch(key, value.is_some())?;
        if value.is_some() && self.layer.found.len() < FOUND && !self.layer.found.contains(key) {
            self.layer.found.push(*key);
        }
        Ok(value)
    }

    /// Writes a leaf, making it when it is absent.
    pub(crate) fn set(&mut self, key: B256, kind: u8, value: Vec<u8>) -> Result<(), R::Error> {
        if !self.layer.found.contains(&key) {
            let exists = self.find(&key)?.is_some();
            self.touch(&key, exists)?;
            if !exists {
                self.layer.inserted.insert(key);
                self.layer.touched.insert(key);
            }
        }
        match self
            .layer
            .changes
            .iter_mut()
            .find(|change| change.key == key)
        {
            Some(change) => change.value = value,
            None => self.layer.changes.push(Change { key, kind, value }),
        }
        Ok(())
    }

    /// Leaves that the transaction has touched so far.
    pub(crate) fn touched(&self) -> usize {
        self.layer.touched.len()
    }

    /// The transaction's layer, taken out: either `keep` it or let it go.
    pub(crate) fn take(&mut self) -> TriedWrites {
        std::mem::take(&mut self.layer)
    }

    /// Adds a transaction's writes to the block's.
    pub(crate) fn keep(&mut self, layer: TriedWrites) {
        self.inserted.extend(layer.inserted);
        for change in layer.changes {
            self.block.insert(change.key, change.value);
        }
    }

    /// The value that the block has given to a leaf so far.
    pub(crate) fn written(&self, key: &B256) -> Option<&[u8]> {
        self.block.get(key).map(Vec::as_slice)
    }

    fn find(&self, key: &B256) -> Result<Option<&[u8]>, R::Error> {
        let layer = self.layer.changes.iter().find(|change| change.key == *key);
        if let Some(change) = layer {
            return Ok(Some(&change.value));
        }
        match self.block.get(key) {
            Some(value) => Ok(Some(value)),
            None => self.base.value(key),
        }
    }

    fn touch(&mut self, key: &B256, exists: bool) -> Result<(), R::Error> {
        let noted = if exists { *key } else { self.low(key)? };
        self.layer.touched.insert(noted);
        Ok(())
    }

    fn low(&self, key: &B256) -> Result<B256, R::Error> {
        let base = self.base.low(key)?;
        let block = self.inserted.range(..*key).next_back().copied();
        let layer = self.layer.inserted.range(..*key).next_back().copied();
        Ok(base
            .max(block.unwrap_or_default())
            .max(layer.unwrap_or_default()))
    }
}

impl<R: Reads> Leaves for Overlay<'_, R> {
    type Error = R::Error;

    fn read(&mut self, slot: &Slot) -> Result<Option<Vec<u8>>, Self::Error> {
        let key = self.keys.of(slot);
        self.get(&key)
    }

    fn write(&mut self, slot: &Slot, value: Vec<u8>) -> Result<(), Self::Error> {
        let key = self.keys.of(slot);
        self.set(key, slot.kind(), value)
    }

    fn count(&self) -> u32 {
        self.leaf_count()
    }
}

impl Reads for Tree {
    type Error = std::convert::Infallible;

    fn value(&self, key: &B256) -> Result<Option<&[u8]>, Self::Error> {
        Ok(self.get(key).map(|(_, _, value)| value))
    }

    fn low(&self, key: &B256) -> Result<B256, Self::Error> {
        let low = Tree::low(self, key);
        Ok(self.leaf(low).map(|leaf| *leaf.key).unwrap_or_default())
    }

    fn count(&self) -> u32 {
        Tree::count(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// A base of plain keys, without hashing.
    struct Map(BTreeMap<B256, Vec<u8>>);

    impl Reads for Map {
        type Error = std::convert::Infallible;

        fn value(&self, key: &B256) -> Result<Option<&[u8]>, Self::Error> {
            Ok(self.0.get(key).map(Vec::as_slice))
        }

        fn low(&self, key: &B256) -> Result<B256, Self::Error> {
            Ok(self
                .0
                .range(..*key)
                .next_back()
                .map(|(key, _)| *key)
                .unwrap_or_default())
        }

        fn count(&self) -> u32 {
            self.0.len() as u32
        }
    }

    fn key(byte: u8) -> B256 {
        B256::with_last_byte(byte)
    }

    fn base() -> Map {
        Map([0, 10, 20]
            .into_iter()
            .map(|at| (key(at), vec![at]))
            .collect())
    }

    fn touched(layer: &TriedWrites) -> Vec<B256> {
        layer.touched.iter().copied().collect()
    }

    #[test]
    fn a_dropped_transaction_leaves_no_trace() {
        let base = base();
        let mut overlay = Overlay::new(&base);
        overlay.set(key(10), 2, vec![1]).unwrap();
        overlay.set(key(15), 2, vec![1]).unwrap();
        assert_eq!(overlay.leaf_count(), 4);
        drop(overlay.take());
        assert_eq!(overlay.leaf_count(), 3);
        assert_eq!(overlay.get(&key(10)).unwrap(), Some(vec![10]));
        assert_eq!(overlay.get(&key(15)).unwrap(), None);
    }

    #[test]
    fn an_absent_key_touches_its_low_leaf_and_a_new_one_both() {
        let base = base();
        let mut overlay = Overlay::new(&base);
        assert_eq!(overlay.get(&key(15)).unwrap(), None);
        assert_eq!(touched(&overlay.take()), vec![key(10)]);
        overlay.set(key(15), 2, vec![1]).unwrap();
        assert_eq!(touched(&overlay.take()), vec![key(10), key(15)]);
    }

    #[test]
    fn the_low_leaf_is_found_among_leaves_that_the_block_and_the_transaction_made() {
        let base = base();
        let mut overlay = Overlay::new(&base);
        overlay.set(key(12), 2, vec![1]).unwrap();
        let layer = overlay.take();
        overlay.keep(layer);
        overlay.set(key(14), 2, vec![1]).unwrap();
        assert_eq!(touched(&overlay.take()), vec![key(12), key(14)]);
        overlay.set(key(14), 2, vec![1]).unwrap();
        overlay.get(&key(16)).unwrap();
        assert_eq!(touched(&overlay.take()), vec![key(12), key(14)]);
    }

    #[test]
    fn changes_stand_in_the_order_of_the_first_write() {
        let base = base();
        let mut overlay = Overlay::new(&base);
        for (at, value) in [(20, 1), (5, 2), (20, 3)] {
            overlay.set(key(at), 2, vec![value]).unwrap();
        }
        let layer = overlay.take();
        let order: Vec<_> = layer.changes.iter().map(|c| (c.key, c.value[0])).collect();
        assert_eq!(order, vec![(key(20), 3), (key(5), 2)]);
        assert_eq!(layer.inserted.into_iter().collect::<Vec<_>>(), vec![key(5)]);
    }
}
