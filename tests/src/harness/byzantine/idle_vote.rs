//! Carries a vote that reports nothing new and has no share.

use plasmid::chain::extension::{Brought, Extension};

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct IdleVote;

impl Attack for IdleVote {
    fn name(&self) -> &'static str {
        "idle vote"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        scene.edit(|record| {
            if !record.witness.votes.is_empty() || scene.network.last.votes.is_empty() {
                return None;
            }
            let held = scene.held();
            let extension = Extension {
                cursor: held.0,
                link: held.1,
                share: Brought::Nothing,
            };
            let number = scene
                .network
                .last
                .votes
                .iter()
                .position(|vote| vote.block_id_flag == 2)?;
            record
                .witness
                .votes
                .push(scene.carry(number, &extension.encode()));
            Some(())
        })
    }
}
