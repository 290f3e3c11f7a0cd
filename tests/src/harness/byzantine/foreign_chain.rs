//! Carries an extension that was signed for another chain.

use plasmid_bridge::proof::vote;

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct ForeignChain;

impl Attack for ForeignChain {
    fn name(&self) -> &'static str {
        "foreign chain"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        scene.edit(|record| {
            let vote = record.witness.votes.first_mut()?;
            let node = &scene.network.nodes[usize::from(vote.seat)];
            let round = scene.network.last.round as u32;
            let height = scene.honest.height as u64 - 1;
            let bytes =
                vote::extension_sign_bytes(&vote.extension, height, round, "plasmid-elsewhere");
            vote.signature = node.consensus.sign(&bytes).into();
            Some(())
        })
    }
}
