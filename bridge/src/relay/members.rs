//! Members of a set as the contracts are shown them: those who are absent from a certificate, and the proof of any of them.

use alloy_primitives::B256;
use plasmid_staking::Member;

use crate::abi::IRootChain;
use crate::proof::checkpoint::certificate::{self, BITMAP_BYTES};
use crate::proof::tree::{DEPTH, Multiproof, ProofError, node};
use crate::proof::{list, set};

/// The members whose bit is not set.
#[must_use]
pub fn absent(members: &[Member], bitmap: &[u8; BITMAP_BYTES]) -> Vec<IRootChain::SetMember> {
    (0u16..)
        .zip(members)
        .filter(|(number, _)| !certificate::has(bitmap, usize::from(*number)))
        .map(|(number, member)| IRootChain::SetMember::of(number, member))
        .collect()
}

/// The multiproof of these members' leaves in the tree over all of them; it is empty when there are no such members.
///
/// # Errors
/// [`ProofError`] for numbers that do not ascend.
pub fn siblings(members: &[Member], numbers: &[u32]) -> Result<Vec<B256>, ProofError> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let depth = list::depth(u32::try_from(members.len()).unwrap_or(u32::MAX));
    let width = 1usize << depth.min(16);
    let mut levels = vec![
        members
            .iter()
            .map(set::member_leaf)
            .chain(std::iter::repeat(B256::ZERO))
            .take(width)
            .collect::<Vec<_>>(),
    ];
    for _ in 0..depth {
        let below = levels.last().map(Vec::as_slice).unwrap_or_default();
        let above = below
            .chunks_exact(2)
            .filter_map(|pair| Some(node(pair.first()?, pair.get(1)?)))
            .collect();
        levels.push(above);
    }
    let at = |level: usize, index: u32| {
        let row = levels.get(level)?;
        row.get(usize::try_from(index).ok()?).copied()
    };
    let mut proof = Multiproof::collect(numbers, |level, index| {
        at(level, index).unwrap_or(B256::ZERO)
    })?;
    // The proof reaches up 32 levels, with one sibling in each level above the list's own root.
    let above = DEPTH.saturating_sub(depth);
    proof
        .siblings
        .truncate(proof.siblings.len().saturating_sub(above));
    Ok(proof.siblings)
}
