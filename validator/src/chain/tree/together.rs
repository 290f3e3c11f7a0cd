//! Many segments at once, with the state root after each of them.
//!
//! ```text
//! node    after segment   3 ──── 7 ──── 9        each version is hashed from the newest versions of
//! left                    3 ──────────── 9       its two children up to that segment, or from what
//! right                          7               they were before all of this
//! ```
//! So no hash of a level depends on another one of that level, whatever segments they belong to: all of them are hashed side by side, in
//! lanes and on all cores, level by level. [`Tree::apply`] does one segment after the other and comes to the same.

use super::nodes::NodeVersion;
use super::source::{LeafRef, hash_leaves};
use super::{Change, Tree, TreeError};
use crate::chain::cores::each;
use alloy_primitives::B256 as Hash;
use plasmid_bridge::proof::tree::state_root;
use std::ops::Range;

/// Leaves that one core hashes at a time.
const CHUNK: usize = 256;

/// Leaves as segments left them.
#[derive(Default)]
struct Written {
    leaves: Vec<WrittenLeaf>,
    values: Vec<u8>,
}

struct WrittenLeaf {
    index: u32,
    segment: u32,
    key: Hash,
    next: Hash,
    kind: u8,
    value: Range<usize>,
}

impl Written {
    /// Notes these leaves as they are.
    fn note(&mut self, tree: &Tree, segment: u32, touched: &[u32]) {
        for leaf in touched.iter().filter_map(|index| tree.leaf(*index)) {
            let start = self.values.len();
            self.values.extend_from_slice(leaf.value);
            self.leaves.push(WrittenLeaf {
                index: leaf.index,
                segment,
                key: *leaf.key,
                next: *leaf.next,
                kind: leaf.kind,
                value: start..self.values.len(),
            });
        }
    }

    /// The hash of each, by index and segment.
    fn hash(mut self) -> Vec<NodeVersion> {
        let Self { leaves, values } = &mut self;
        leaves.sort_unstable_by_key(|leaf| (leaf.index, leaf.segment));
        let chunks: Vec<&[WrittenLeaf]> = leaves.chunks(CHUNK).collect();
        let hashed = each(&chunks, |chunk| {
            let contents = chunk.iter().map(|leaf| LeafRef {
                index: leaf.index,
                key: &leaf.key,
                next: &leaf.next,
                kind: leaf.kind,
                value: values.get(leaf.value.clone()).unwrap_or_default(),
            });
            hash_leaves(&contents.collect::<Vec<_>>())
        });
        let hashed = leaves.iter().zip(hashed.into_iter().flatten());
        let versions = hashed.map(|(leaf, hash)| NodeVersion {
            place: leaf.index,
            segment: leaf.segment,
            hash,
        });
        versions.collect()
    }
}

impl Tree {
    /// Applies segments in order and gives the state root after each. New leaves append as with [`Tree::apply`].
    ///
    /// # Errors
    /// As [`Tree::apply`] of one of them; the tree is of no use then.
    pub fn apply_all(&mut self, segments: &[&[Change]]) -> Result<Vec<Hash>, TreeError> {
        let mut written = Written::default();
        let mut counts = Vec::with_capacity(segments.len());
        for (segment, changes) in (0..).zip(segments) {
            let touched = self.write(changes)?;
            written.note(self, segment, &touched);
            counts.push(self.count());
        }
        let mut tree_root = self.nodes.tree_root();
        let history = &mut self.history;
        let versions = self
            .nodes
            .update_all(written.hash(), |level, place, before| {
                history.save_node(level, place, before);
            });
        let mut versions = versions.into_iter().peekable();
        let roots = (0..).zip(counts).map(|(segment, count)| {
            if let Some(version) = versions.next_if(|version| version.segment == segment) {
                tree_root = version.hash;
            }
            state_root(&tree_root, count)
        });
        let roots: Vec<Hash> = roots.collect();
        self.root = roots.last().copied().unwrap_or(self.root);
        Ok(roots)
    }
}

#[cfg(test)]
impl Tree {
    /// A second tree of this state, without its pin.
    pub(crate) fn twin(&self) -> Self {
        Self {
            leaves: self.leaves.clone(),
            keys: self.keys.clone(),
            nodes: self.nodes.clone(),
            root: self.root,
            history: self.history.clone(),
            pending: self.pending.clone(),
            pin: super::Pin::default(),
        }
    }
}
