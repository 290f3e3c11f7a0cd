//! The hashes of the tree by level: level 0 holds the leaf hashes, level 32 the tree root.
//!
//! A level holds only the nodes over leaves that exist; all to the right of them is the zero subtree of that level.

use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::tree::{DEPTH, node_many, zeros};

/// Distance between two levels of the tree whose nodes are kept for past epochs.
pub(super) const STRIDE: usize = 4;

/// Whether nodes of this level are kept for past epochs.
pub(super) fn is_kept(level: usize) -> bool {
    level > 0 && level.is_multiple_of(STRIDE)
}

/// The levels that are kept for past epochs, ascending.
pub(super) fn kept_levels() -> impl Iterator<Item = u8> {
    let levels = (0u8..).zip(0..=DEPTH);
    levels.filter_map(|(short, level)| is_kept(level).then_some(short))
}

/// Level and place of every node of a kept level above a leaf.
pub fn above(index: u32) -> impl Iterator<Item = (u8, u32)> {
    kept_levels().map(move |level| {
        let place = index.checked_shr(level.into());
        (level, place.unwrap_or_default())
    })
}

#[derive(Clone)]
pub(super) struct Nodes {
    levels: Vec<Vec<Hash>>,
}

impl Nodes {
    pub fn new() -> Self {
        Self {
            levels: vec![Vec::new(); DEPTH + 1],
        }
    }

    /// Hash of the node at `place` of `level`, the zero subtree's where there are no leaves.
    pub fn get(&self, level: usize, place: u32) -> Hash {
        self.levels
            .get(level)
            .and_then(|nodes| nodes.get(place as usize))
            .or_else(|| zeros().get(level))
            .copied()
            .unwrap_or_default()
    }

    pub fn tree_root(&self) -> Hash {
        self.get(DEPTH, 0)
    }

    /// Sets leaf hashes and rehashes every node above them once. `places` ascend without repeats, one for each hash, and
    /// leave no gap behind the last leaf. `changes` is told level, place, hash before and hash after of the nodes on levels that
    /// are kept for past epochs.
    pub fn update(
        &mut self,
        mut places: Vec<u32>,
        hashes: &[Hash],
        mut changes: impl FnMut(usize, u32, &Hash, &Hash),
    ) {
        set(self.levels.first_mut(), &places, hashes);
        let mut pairs = Vec::with_capacity(places.len());
        let mut fresh = Vec::with_capacity(places.len());
        for level in 0..DEPTH {
            parents(&mut places);
            pairs.clear();
            pairs.extend(places.iter().map(|place| {
                let left = place.wrapping_mul(2);
                [self.get(level, left), self.get(level, left | 1)]
            }));
            fresh.clear();
            node_many(&pairs, &mut fresh);
            let above = level.saturating_add(1);
            if is_kept(above) {
                for (place, after) in places.iter().zip(&fresh) {
                    changes(above, *place, &self.get(above, *place), after);
                }
            }
            set(self.levels.get_mut(above), &places, &fresh);
        }
    }
}

/// Replaces ascending places by the places of their parents, each once.
fn parents(places: &mut Vec<u32>) {
    places.iter_mut().for_each(|place| *place >>= 1);
    places.dedup();
}

fn set(level: Option<&mut Vec<Hash>>, places: &[u32], hashes: &[Hash]) {
    let Some(level) = level else { return };
    if let Some(last) = places.last() {
        let needed = (*last as usize).saturating_add(1);
        if level.len() < needed {
            level.resize(needed, Hash::ZERO);
        }
    }
    for (place, hash) in places.iter().zip(hashes) {
        if let Some(slot) = level.get_mut(*place as usize) {
            *slot = *hash;
        }
    }
}
