//! The state at the end of a past epoch: today's tree under an overlay of what has changed since.
//!
//! The overlay holds the hashes, as they were, of the changed leaves and of the nodes above them; all other nodes are
//! today's. It is built when first asked for, extended by what changed later, checked against the marked root, and kept for
//! the epochs that were last asked for.

use super::nodes::parents;
use super::source::{self, LeafRef, Source, hash_leaves};
use super::{Inclusion, Mark, Multiproof, Tree, TreeError};
use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::tree::{DEPTH, node_many, state_root, zeros};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Epochs whose overlay is kept.
const CACHED_EPOCHS: usize = 4;
/// An overlay of more nodes is used once and dropped (about 60 bytes a node).
const CACHED_NODES: usize = 2_000_000;

/// Hashes as they were at a mark, by level and place.
#[derive(Clone, Default)]
struct Overlay {
    levels: Vec<BTreeMap<u32, Hash>>,
    nodes: usize,
    /// Up to where this overlay knows all changes.
    seen: Option<Seen>,
}

/// How much a tree has changed: no two states of one tree after a mark are alike in all three.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    /// The newest layer and the count of its entries.
    epoch: u64,
    entries: usize,
    /// Leaf count: a leaf can be made without an entry, when its predecessor has one already.
    count: u32,
}

/// Overlays of the epochs that were last asked for, the latest at the end.
#[derive(Default)]
pub(super) struct Cache {
    overlays: Mutex<Vec<(u64, Arc<Overlay>)>>,
}

impl Cache {
    /// The overlay of an epoch: shared if it knows all changes up to `seen`, else taken out, to be extended in place.
    fn take(&self, epoch: u64, seen: Option<Seen>) -> Arc<Overlay> {
        let mut overlays = self.overlays.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(place) = overlays.iter().position(|(known, _)| *known == epoch) else {
            return Arc::default();
        };
        let (epoch, overlay) = overlays.remove(place);
        if overlay.seen == seen {
            overlays.push((epoch, Arc::clone(&overlay)));
        }
        overlay
    }

    fn put(&self, epoch: u64, overlay: &Arc<Overlay>) {
        if overlay.nodes > CACHED_NODES {
            return;
        }
        let mut overlays = self.overlays.lock().unwrap_or_else(PoisonError::into_inner);
        overlays.retain(|(known, _)| *known != epoch);
        overlays.push((epoch, Arc::clone(overlay)));
        if overlays.len() > CACHED_EPOCHS {
            overlays.remove(0);
        }
    }

    pub fn retain(&mut self, first: u64) {
        self.overlays
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|(epoch, _)| *epoch >= first);
    }
}

/// The tree as it was at the end of an epoch.
pub struct View<'a> {
    tree: &'a Tree,
    mark: Mark,
    /// Place of the mark's layer.
    layer: usize,
    overlay: Arc<Overlay>,
}

impl<'a> View<'a> {
    pub(super) fn new(tree: &'a Tree, epoch: u64) -> Result<Self, TreeError> {
        let layer = tree.history.find(epoch)?;
        let mark = tree
            .history
            .layers()
            .get(layer)
            .map(|layer| layer.mark)
            .ok_or(TreeError::UnknownEpoch {
                epoch,
                first: None,
                last: None,
            })?;
        let mut view = Self::bare(tree, layer, mark);
        view.overlay = tree.cache.take(epoch, view.now());
        view.extend();
        let computed = state_root(&view.node(DEPTH, 0), mark.count);
        if computed != mark.root {
            return Err(TreeError::History {
                epoch,
                marked: mark.root,
                computed,
            });
        }
        tree.cache.put(epoch, &view.overlay);
        Ok(view)
    }

    /// A view without overlay: its leaves are right, its nodes are today's.
    pub(super) fn bare(tree: &'a Tree, layer: usize, mark: Mark) -> Self {
        Self {
            tree,
            mark,
            layer,
            overlay: Arc::default(),
        }
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

    /// Index of the leaf that then had the largest key below `key`.
    pub fn low(&self, key: &Hash) -> u32 {
        Source::low(self, key)
    }

    /// Proof that the leaf at `index` stood under [`View::root`].
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

    /// Takes in what changed since the overlay was last extended.
    fn extend(&mut self) {
        let now = self.now();
        if self.overlay.seen == now {
            return;
        }
        let (mut places, mut hashes) = self.fresh();
        // Another reader may hold the same overlay: then this one goes on with a copy.
        let overlay = Arc::make_mut(&mut self.overlay);
        overlay.seen = now;
        overlay.levels.resize_with(DEPTH + 1, BTreeMap::new);
        overlay.set(0, &places, &hashes);
        for level in 0..DEPTH {
            parents(&mut places);
            let pairs: Vec<[Hash; 2]> = places
                .iter()
                .map(|place| place.wrapping_mul(2))
                .map(|left| [self.node(level, left), self.node(level, left | 1)])
                .collect();
            hashes.clear();
            node_many(&pairs, &mut hashes);
            Arc::make_mut(&mut self.overlay).set(level.saturating_add(1), &places, &hashes);
        }
    }

    /// Places and hashes, as they were, of the leaves that changed since and are not in the overlay yet; ascending.
    fn fresh(&self) -> (Vec<u32>, Vec<Hash>) {
        let known = self.overlay.levels.first();
        let is_known = |index: &u32| known.is_some_and(|known| known.contains_key(index));
        let mut changed = BTreeSet::new();
        for layer in self.tree.history.layers().range(self.layer..) {
            let entries = layer.entries().iter().skip(self.skipped(layer.mark.epoch));
            changed.extend(
                entries
                    .map(|(index, _)| *index)
                    .filter(|index| *index < self.mark.count && !is_known(index)),
            );
        }
        let leaves: Vec<LeafRef<'_>> = changed
            .iter()
            .filter_map(|index| Source::leaf(self, *index))
            .collect();
        let mut hashes = hash_leaves(&leaves);
        let mut places: Vec<u32> = changed.into_iter().collect();
        // Leaves made since: the path of the first of them parts what was there from the empty rest.
        let first = self.mark.count;
        if self.tree.count() > first && !is_known(&first) {
            places.push(first);
            hashes.push(Hash::ZERO);
        }
        (places, hashes)
    }

    /// How many entries of a layer the overlay knows. One that was open when it was seen and is closed now stands in another
    /// order: then all of it is looked at.
    fn skipped(&self, epoch: u64) -> usize {
        let open = self.now().map(|now| now.epoch);
        match self.overlay.seen {
            Some(seen) if epoch < seen.epoch => usize::MAX,
            Some(seen) if epoch == seen.epoch && open == Some(epoch) => seen.entries,
            _ => 0,
        }
    }

    fn now(&self) -> Option<Seen> {
        let newest = self.tree.history.newest()?;
        Some(Seen {
            epoch: newest.mark.epoch,
            entries: newest.entries().len(),
            count: self.tree.count(),
        })
    }
}

impl Overlay {
    fn set(&mut self, level: usize, places: &[u32], hashes: &[Hash]) {
        if let Some(known) = self.levels.get_mut(level) {
            let before = known.len();
            known.extend(places.iter().copied().zip(hashes.iter().copied()));
            let fresh = known.len().saturating_sub(before);
            self.nodes = self.nodes.saturating_add(fresh);
        }
    }
}

impl Source for View<'_> {
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
        let below = self.tree.order.range::<Hash, _>(..key).rev();
        below
            .map(|(_, index)| *index)
            .find(|index| *index < self.mark.count)
            .unwrap_or_default()
    }

    fn node(&self, level: usize, place: u32) -> Hash {
        let first = u64::from(place) << level;
        if first >= u64::from(self.mark.count) {
            return zeros().get(level).copied().unwrap_or_default();
        }
        let known = self
            .overlay
            .levels
            .get(level)
            .and_then(|known| known.get(&place));
        known
            .copied()
            .unwrap_or_else(|| self.tree.node(level, place))
    }
}
