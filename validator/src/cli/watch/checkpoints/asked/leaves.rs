//! The state that a final checkpoint leaves, read page by page, each page from whichever node shows it: its proof leads to the root that root keeps.

use alloy_primitives::B256;
use plasmid_bridge::proof::tree::{Multiproof, leaf as leaf_hash, value_hash};
use plasmid_bridge::relay::acceptance::Acceptance;
use plasmid_proto::bridge::v1::{GetLeavesRequest, GetLeavesResponse};
use tonic::transport::Channel;

use super::{CheckpointNodes, NotServed, Unjudged, bridge, within};
use crate::app::reads::leaves::{MAX_PAGE_LEAVES, MAX_VALUE_BYTES};
use crate::chain::tree::{Change, MAX_VALUE};
use crate::wire::word;

/// Leaves in a row of a state, which their proof leads to its root.
#[derive(Debug, PartialEq, Eq)]
pub struct ShownLeaves {
    /// Leaves of the state.
    pub count: u32,
    /// These, in the order of their indices.
    pub leaves: Vec<Change>,
}

impl CheckpointNodes {
    /// Leaves of the state that a checkpoint leaves, from `first` on.
    pub(in crate::cli::watch::checkpoints) async fn leaves(
        &mut self,
        accepted: &Acceptance,
        first: u32,
    ) -> Result<ShownLeaves, Unjudged> {
        let (epoch, root) = (accepted.epoch, accepted.checkpoint.state_root);
        let ask = async |_, channel: Channel| {
            let request = GetLeavesRequest { epoch, first };
            let answer = within(bridge(channel).get_leaves(request)).await?;
            let shown = shown(answer, first, &root).ok_or_else(|| {
                NotServed::Lie(format!(
                    "its leaves of the state of epoch {epoch} do not stand in the state that root's word names"
                ))
            })?;
            match is_full(&shown, first) {
                true => Ok(shown),
                false => Err(NotServed::Silent(format!(
                    "it shows fewer leaves of the state of epoch {epoch} than an answer holds"
                ))),
            }
        };
        self.first(ask).await
    }
}

/// Whether a page has as many leaves as an answer holds, or all that are left. Else a node could show a state so slowly that it is never read, and each page would still be true.
fn is_full(shown: &ShownLeaves, first: u32) -> bool {
    let left = shown.count.saturating_sub(first).min(MAX_PAGE_LEAVES);
    let has_all = u32::try_from(shown.leaves.len()).is_ok_and(|count| count >= left);
    let bytes = shown.leaves.iter().map(|one| one.value.len());
    // The next one had no room, however large it is.
    let bytes = bytes.fold(MAX_VALUE, usize::saturating_add);
    has_all || bytes > MAX_VALUE_BYTES
}

/// What a node shows, if it stands in the state with this root.
fn shown(told: GetLeavesResponse, first: u32, root: &B256) -> Option<ShownLeaves> {
    let mut hashes = Vec::new();
    let mut leaves = Vec::new();
    for (index, one) in (first..told.leaf_count).zip(told.leaves) {
        let (key, next) = (word(&one.key)?, word(&one.next_key)?);
        let kind = u8::try_from(one.kind).ok()?;
        if one.value.len() > MAX_VALUE {
            return None;
        }
        hashes.push((index, leaf_hash(&key, &next, &value_hash(kind, &one.value))));
        leaves.push(Change {
            key,
            kind,
            value: one.value,
        });
    }
    let siblings = told.siblings.iter().map(|one| word(one));
    let proof = Multiproof {
        siblings: siblings.collect::<Option<_>>()?,
    };
    proof.verify(&hashes, told.leaf_count, root).ok()?;
    Some(ShownLeaves {
        count: told.leaf_count,
        leaves,
    })
}

#[cfg(test)]
mod tests;
