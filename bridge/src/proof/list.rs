//! The tree over a list of hashes: chunks of a segment, segments of a block, blocks of an epoch, members of a set.
//!
//! Leaves are hashes, padded with 32 zero bytes to the next power of two; one leaf is its own root; the tree over nothing is
//! 32 zero bytes (PROTOCOL section 1, "List tree"). The root alone does not say how many leaves there are: every commitment
//! that holds such a root holds the count beside it, and [`verify`] takes that count.

use super::{
    Hash,
    tree::{DEPTH, node, zeros},
};

/// Levels above the leaves of a list of `count`: the logarithm of the next power of two.
#[must_use]
pub fn depth(count: u32) -> usize {
    let last = count.saturating_sub(1);
    u32::BITS.saturating_sub(last.leading_zeros()) as usize
}

/// The level above `level`, where `zero` stands for a subtree of padding.
fn above(level: &[Hash], zero: &Hash) -> Vec<Hash> {
    level
        .chunks(2)
        .map(|pair| match pair {
            [left, right] => node(left, right),
            [left] => node(left, zero),
            _ => *zero,
        })
        .collect()
}

/// Root over `leaves`.
#[must_use]
pub fn root(leaves: &[Hash]) -> Hash {
    let mut level = leaves.to_vec();
    for zero in zeros() {
        if level.len() <= 1 {
            break;
        }
        level = above(&level, zero);
    }
    level.first().copied().unwrap_or_default()
}

/// Siblings of leaf `index`, from the leaves upwards; `None` when there is no such leaf.
#[must_use]
pub fn prove(leaves: &[Hash], index: u32) -> Option<Vec<Hash>> {
    let mut at = usize::try_from(index).ok()?;
    leaves.get(at)?;
    let mut level = leaves.to_vec();
    let mut siblings = Vec::with_capacity(DEPTH);
    for zero in zeros() {
        if level.len() <= 1 {
            break;
        }
        siblings.push(level.get(at ^ 1).copied().unwrap_or(*zero));
        level = above(&level, zero);
        at >>= 1;
    }
    Some(siblings)
}

/// Whether `leaf` is number `index` of the `count` leaves under `root`. The proof has exactly [`depth`] siblings.
#[must_use]
pub fn verify(root: &Hash, leaf: &Hash, index: u32, count: u32, siblings: &[Hash]) -> bool {
    if index >= count || siblings.len() != depth(count) {
        return false;
    }
    let mut at = index;
    let mut hash = *leaf;
    for sibling in siblings {
        hash = if at & 1 == 0 {
            node(&hash, sibling)
        } else {
            node(sibling, &hash)
        };
        at >>= 1;
    }
    hash == *root
}

#[cfg(test)]
mod tests;
