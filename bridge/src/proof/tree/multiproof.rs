//! One proof for many leaves: the siblings that the leaves do not give each other, as one stream.
//!
//! ```text
//!          root              leaves 2, 3, 6: level 0 combines 2 and 3, takes the sibling of 6 (s0);
//!        /      \            level 1 takes the sibling of (2 3) (s1) and of (6 7) (s2); level 2 combines;
//!      s1 23  s2 67          29 siblings follow, one a level. The stream is s0 s1 s2 …
//!     0 1 2 3 4 5 6 s0
//! ```
//! Strict: leaves strictly ascend by index, every sibling is used and none is left out, zero subtrees included. So a set of
//! leaves has exactly one proof, and the same siblings give the root after the leaves have changed.

use super::{DEPTH, Hash, ProofError, node_many, state_root};

/// Siblings of a set of leaves, level by level from the leaves, left to right.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Multiproof {
    /// The stream.
    pub siblings: Vec<Hash>,
}

impl Multiproof {
    /// The proof of the leaves `indices`; `node_at(level, index)` is a node of the tree, level 0 being the leaves.
    ///
    /// # Errors
    /// [`ProofError::NoLeaves`] or [`ProofError::LeafOrder`] for the indices.
    pub fn collect(
        indices: &[u32],
        mut node_at: impl FnMut(usize, u32) -> Hash,
    ) -> Result<Self, ProofError> {
        check_order(indices.iter().copied())?;
        let mut siblings = Vec::new();
        let mut level = indices.to_vec();
        for depth in 0..DEPTH {
            let mut parents = Vec::with_capacity(level.len());
            let mut at = level.iter().copied().peekable();
            while let Some(index) = at.next() {
                if index & 1 == 1 || at.next_if_eq(&(index | 1)).is_none() {
                    siblings.push(node_at(depth, index ^ 1));
                }
                parents.push(index >> 1);
            }
            level = parents;
        }
        Ok(Self { siblings })
    }

    /// The tree root over `leaves`, pairs of index and leaf hash.
    ///
    /// # Errors
    /// [`ProofError::NoLeaves`], [`ProofError::LeafOrder`], [`ProofError::MissingSiblings`] or [`ProofError::UnusedSiblings`].
    pub fn root(&self, leaves: &[(u32, Hash)]) -> Result<Hash, ProofError> {
        check_order(leaves.iter().map(|(index, _)| *index))?;
        let mut stream = self.siblings.iter();
        let mut indices: Vec<u32> = leaves.iter().map(|(index, _)| *index).collect();
        let mut hashes: Vec<Hash> = leaves.iter().map(|(_, hash)| *hash).collect();
        let mut pairs = Vec::with_capacity(hashes.len());
        for _ in 0..DEPTH {
            pairs.clear();
            indices = self.pair_level(&indices, &hashes, &mut stream, &mut pairs)?;
            hashes.clear();
            node_many(&pairs, &mut hashes);
        }
        match (stream.len(), hashes.as_slice()) {
            (0, [root]) => Ok(*root),
            (unused, _) => Err(ProofError::UnusedSiblings {
                given: self.siblings.len(),
                used: self.siblings.len().saturating_sub(unused),
            }),
        }
    }

    /// Pairs every hash of a level with its neighbour or the next sibling; gives the indices of the parents.
    fn pair_level<'a>(
        &self,
        indices: &[u32],
        hashes: &[Hash],
        stream: &mut impl Iterator<Item = &'a Hash>,
        pairs: &mut Vec<[Hash; 2]>,
    ) -> Result<Vec<u32>, ProofError> {
        let mut parents = Vec::with_capacity(indices.len());
        let mut level = indices.iter().zip(hashes).peekable();
        while let Some((index, hash)) = level.next() {
            parents.push(index >> 1);
            let neighbour = level.next_if(|(next, _)| index & 1 == 0 && **next == index | 1);
            let sibling = match neighbour {
                Some((_, hash)) => hash,
                None => stream.next().ok_or(ProofError::MissingSiblings {
                    given: self.siblings.len(),
                })?,
            };
            pairs.push(if index & 1 == 0 {
                [*hash, *sibling]
            } else {
                [*sibling, *hash]
            });
        }
        Ok(parents)
    }

    /// Checks that `leaves` stand in the state `root` of `count` leaves.
    ///
    /// # Errors
    /// [`ProofError::BeyondCount`], [`ProofError::Root`], or what [`Multiproof::root`] refuses.
    pub fn verify(
        &self,
        leaves: &[(u32, Hash)],
        count: u32,
        root: &Hash,
    ) -> Result<(), ProofError> {
        if let Some((index, _)) = leaves.iter().find(|(index, _)| *index >= count) {
            return Err(ProofError::BeyondCount {
                index: *index,
                count,
            });
        }
        let computed = state_root(&self.root(leaves)?, count);
        if computed == *root {
            Ok(())
        } else {
            Err(ProofError::Root {
                computed,
                expected: *root,
            })
        }
    }
}

/// Checks that indices are there and strictly ascend.
fn check_order(indices: impl Iterator<Item = u32>) -> Result<(), ProofError> {
    let mut previous = None;
    for index in indices {
        match previous {
            Some(previous) if previous >= index => {
                return Err(ProofError::LeafOrder { previous, index });
            }
            _ => previous = Some(index),
        }
    }
    previous.map(|_| ()).ok_or(ProofError::NoLeaves)
}

#[cfg(test)]
mod tests;
