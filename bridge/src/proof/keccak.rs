//! Keccak-256 of joined parts, and of many equal-sized preimages at once.

use alloy_primitives::Keccak256;

use super::Hash;

/// Keccak-256 of the concatenation of `parts`.
#[must_use]
pub fn hash(parts: &[&[u8]]) -> Hash {
    let mut hasher = Keccak256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize()
}

/// Keccak-256 of many preimages of `N` words each, appended to `out` in order.
pub fn hash_words<const N: usize>(preimages: &[[Hash; N]], out: &mut Vec<Hash>) {
    out.extend(preimages.iter().map(|words| {
        let mut hasher = Keccak256::new();
        for word in words {
            hasher.update(word);
        }
        hasher.finalize()
    }));
}
