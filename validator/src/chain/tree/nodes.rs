//! The hashes of the tree by level: level 0 holds the leaf hashes, level 32 the tree root.
//!
//! A level holds only the nodes over leaves that exist; all to the right of them is the zero subtree of that level.

use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::tree::{DEPTH, node_many, zeros};

use crate::chain::cores::each;

/// Versions of nodes from which one core hashes their parents at a time.
const CHUNK: usize = 512;

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
pub(super) struct NodeTable {
    levels: Vec<Vec<Hash>>,
}

impl NodeTable {
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

/// A node's hash from a segment on.
pub(super) struct NodeVersion {
    pub place: u32,
    pub segment: u32,
    pub hash: Hash,
}

impl NodeTable {
    /// Sets leaf hashes of many segments and rehashes every node above them once a segment. `versions` ascend by place, then segment, without
    /// repeats. `changes` is told level, place and hash before all of this of the nodes on levels that are kept for past epochs. Gives the
    /// versions of the tree root.
    pub fn update_all(
        &mut self,
        mut versions: Vec<NodeVersion>,
        mut changes: impl FnMut(usize, u32, &Hash),
    ) -> Vec<NodeVersion> {
        for level in 0..DEPTH {
            let fresh = self.parents_of(level, &versions);
            self.settle(level, &versions);
            versions = fresh;
            let above = level.saturating_add(1);
            if is_kept(above) {
                for node in versions.chunk_by(is_of_one_node).filter_map(<[_]>::first) {
                    changes(above, node.place, &self.get(above, node.place));
                }
            }
        }
        self.settle(DEPTH, &versions);
        versions
    }

    /// The versions of all parents of nodes of a level, while the level is still as it was before.
    fn parents_of(&self, level: usize, versions: &[NodeVersion]) -> Vec<NodeVersion> {
        let mut chunks = Vec::new();
        let mut rest = versions;
        while let Some(middle) = rest.get(CHUNK..) {
            let last = rest.get(CHUNK.saturating_sub(1));
            let is_same =
                |next: &NodeVersion| last.is_some_and(|last| is_of_one_parent(last, next));
            let more = middle.iter().take_while(|next| is_same(next)).count();
            let (chunk, behind) = rest.split_at(CHUNK.saturating_add(more));
            chunks.push(chunk);
            rest = behind;
        }
        chunks.push(rest);
        let parents = each(&chunks, |chunk| {
            let mut pairs = Vec::with_capacity(chunk.len());
            let mut fresh = Vec::with_capacity(chunk.len());
            for children in chunk.chunk_by(is_of_one_parent) {
                self.pair(level, children, |segment, place, pair| {
                    pairs.push(pair);
                    fresh.push((segment, place));
                });
            }
            let mut hashes = Vec::with_capacity(pairs.len());
            node_many(&pairs, &mut hashes);
            let versions = fresh.into_iter().zip(hashes);
            let versions = versions.map(|((segment, place), hash)| NodeVersion {
                place,
                segment,
                hash,
            });
            versions.collect::<Vec<_>>()
        });
        parents.into_iter().flatten().collect()
    }

    /// Walks the versions of one parent's children: the two hashes under each version of the parent.
    fn pair(
        &self,
        level: usize,
        children: &[NodeVersion],
        mut told: impl FnMut(u32, u32, [Hash; 2]),
    ) {
        let parent = children.first().map_or(0, |child| child.place >> 1);
        let left = parent.wrapping_mul(2);
        let split = children.partition_point(|child| child.place == left);
        let (mut lefts, mut rights) = children.split_at_checked(split).unwrap_or_default();
        let mut pair = [self.get(level, left), self.get(level, left | 1)];
        while let Some(segment) = [lefts, rights]
            .iter()
            .filter_map(|side| side.first())
            .map(|version| version.segment)
            .min()
        {
            for (hash, side) in pair.iter_mut().zip([&mut lefts, &mut rights]) {
                if let Some((first, behind)) = side.split_first()
                    && first.segment == segment
                {
                    *hash = first.hash;
                    *side = behind;
                }
            }
            told(segment, parent, pair);
        }
    }

    /// Keeps the last version of each node of a level.
    fn settle(&mut self, level: usize, versions: &[NodeVersion]) {
        let Some(nodes) = self.levels.get_mut(level) else {
            return;
        };
        if let Some(last) = versions.last() {
            reach(nodes, last.place);
        }
        for version in versions.chunk_by(is_of_one_node).filter_map(<[_]>::last) {
            if let Some(slot) = nodes.get_mut(version.place as usize) {
                *slot = version.hash;
            }
        }
    }
}

fn is_of_one_node(one: &NodeVersion, next: &NodeVersion) -> bool {
    one.place == next.place
}

fn is_of_one_parent(one: &NodeVersion, next: &NodeVersion) -> bool {
    one.place >> 1 == next.place >> 1
}

/// Makes a level wide enough for a place.
fn reach(level: &mut Vec<Hash>, place: u32) {
    let needed = (place as usize).saturating_add(1);
    if level.len() < needed {
        level.resize(needed, Hash::ZERO);
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
        reach(level, *last);
    }
    for (place, hash) in places.iter().zip(hashes) {
        if let Some(slot) = level.get_mut(*place as usize) {
            *slot = *hash;
        }
    }
}
