//! The state at the end of a past epoch: today's tree under what has changed since.
//!
//! Nothing is built before it is read. A leaf is the old one where one is kept. A node whose kept ancestor did not change is
//! today's; another one is hashed from what is kept below it, at most [`STRIDE`] levels of it.

use super::nodes::{STRIDE, is_kept};
use super::source::{self, LeafRef, Source, hash_leaves};
use super::{EpochMark, Inclusion, Multiproof, Tree, TreeError};
use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::tree::{DEPTH, node, state_root, zeros};
use std::convert::Infallible;

/// The tree as it was at the end of an epoch.
pub struct TreeView<'a> {
    tree: &'a Tree,
    mark: EpochMark,
    /// Place of the mark's layer.
    layer: usize,
}

impl<'a> TreeView<'a> {
    pub(super) fn new(tree: &'a Tree, epoch: u64) -> Result<Self, TreeError> {
        let (layer, mark) = tree.history.find(epoch)?;
        let view = Self { tree, mark, layer };
        let computed = state_root(&view.node(DEPTH, 0), view.mark.count);
        if computed != view.mark.root {
            return Err(TreeError::History {
                epoch,
                marked: view.mark.root,
                computed,
            });
        }
        Ok(view)
    }

    /// Leaf count then.
    pub fn count(&self) -> u32 {
        self.mark.count
    }

    /// State root then.
    pub fn root(&self) -> Hash {
        self.mark.root
    }

    /// Index, kind and value of the leaf of `key` then.
    pub fn get(&self, key: &Hash) -> Option<(u32, u8, &[u8])> {
        let leaf = self.leaf(self.find(key)?)?;
        Some((leaf.index, leaf.kind, leaf.value))
    }

    /// The leaf at `index` then.
    pub fn leaf(&self, index: u32) -> Option<LeafRef<'_>> {
        Source::leaf(self, index)
    }

    /// Index of the leaf of `key` then.
    pub fn find(&self, key: &Hash) -> Option<u32> {
        Source::find(self, key)
    }

    /// Index of the leaf that then had the largest key below `key`.
    pub fn low(&self, key: &Hash) -> u32 {
        Source::low(self, key)
    }

    /// The node at `place` of `level` then, level 0 being the leaves.
    pub fn node(&self, level: usize, place: u32) -> Hash {
        Source::node(self, level, place)
    }

    /// Proof that the leaf at `index` stood under [`TreeView::root`].
    ///
    /// # Errors
    /// An index from the leaf count on.
    pub fn prove(&self, index: u32) -> Result<Inclusion, TreeError> {
        source::prove(self, index)
    }

    /// Proof that no leaf had `key`.
    ///
    /// # Errors
    /// A key that had a leaf.
    pub fn prove_absence(&self, key: &Hash) -> Result<Inclusion, TreeError> {
        source::prove_absence(self, key)
    }

    /// Siblings of the leaves at `indices`, which ascend strictly.
    ///
    /// # Errors
    /// No index, or indices that do not ascend.
    pub fn multiproof(&self, indices: &[u32]) -> Result<Multiproof, TreeError> {
        source::multiproof(self, indices)
    }

    /// Hash of the leaf at `index` then.
    fn leaf_hash(&self, index: u32) -> Hash {
        let hashes = self.leaf(index).map(|leaf| hash_leaves(&[leaf]));
        let hash = hashes.and_then(|hashes| hashes.first().copied());
        hash.unwrap_or_default()
    }
}

/// A node below which something changed, hashed from the nearest kept level below it or from the leaves, in a tree of `count`
/// leaves. `read` gives the hash of a leaf, on level 0, or a node of a kept level; it is asked for at most eight of them.
///
/// # Errors
/// What `read` fails with.
pub fn hashed<E>(
    count: u32,
    level: usize,
    place: u32,
    read: &mut impl FnMut(usize, u32) -> Result<Hash, E>,
) -> Result<Hash, E> {
    if is_beyond(count, level, place) {
        return Ok(zeros().get(level).copied().unwrap_or_default());
    }
    #[cfg(test)]
    HASHED.set(HASHED.get() + 1);
    if level == 0 {
        return read(0, place);
    }
    let lower = level.saturating_sub(1);
    let mut below = |place: u32| match is_kept(lower) {
        true => read(lower, place),
        false => hashed(count, lower, place, read),
    };
    let left = place.wrapping_mul(2);
    Ok(node(&below(left)?, &below(left | 1)?))
}

/// Whether a node stands over no leaf of a tree of `count` leaves: it is a zero subtree then.
pub fn is_beyond(count: u32, level: usize, place: u32) -> bool {
    u64::from(place) << level >= u64::from(count)
}

/// The nearest kept node at or above a node: where nothing below it changed, the node is what it is today.
pub fn kept_above(level: usize, place: u32) -> (usize, u32) {
    let kept = level.max(1).next_multiple_of(STRIDE);
    let levels = u32::try_from(kept.saturating_sub(level)).unwrap_or(u32::MAX);
    (kept, place.checked_shr(levels).unwrap_or_default())
}

#[cfg(test)]
thread_local! {
    /// Hashes that this thread made for nodes of the past.
    pub(crate) static HASHED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

impl Source for TreeView<'_> {
    fn count(&self) -> u32 {
        self.mark.count
    }

    fn leaf(&self, index: u32) -> Option<LeafRef<'_>> {
        if index >= self.mark.count {
            return None;
        }
        let today = self.tree.leaf(index)?;
        let Some(old) = self.tree.history.old(self.layer, index) else {
            return Some(today);
        };
        Some(LeafRef {
            next: self.tree.leaves.key(old.next)?,
            value: &old.value,
            ..today
        })
    }

    fn find(&self, key: &Hash) -> Option<u32> {
        let index = Source::find(self.tree, key)?;
        (index < self.mark.count).then_some(index)
    }

    fn low(&self, key: &Hash) -> u32 {
        let low = self.tree.low_within(self.mark.count, key, usize::MAX);
        low.unwrap_or_default()
    }

    fn node(&self, level: usize, place: u32) -> Hash {
        if is_beyond(self.mark.count, level, place) {
            return zeros().get(level).copied().unwrap_or_default();
        }
        let (kept, above) = kept_above(level, place);
        match self.tree.history.old_node(self.layer, kept, above) {
            None => self.tree.node(level, place),
            Some(old) if kept == level => *old,
            Some(_) => {
                let mut read = |level, place| {
                    Ok::<_, Infallible>(match level {
                        0 => self.leaf_hash(place),
                        _ => self.node(level, place),
                    })
                };
                match hashed(self.mark.count, level, place, &mut read) {
                    Ok(hash) => hash,
                    Err(never) => match never {},
                }
            }
        }
    }
}
