//! Carries a vote of one who is not flagged commit, soundly signed by a colluder.

use plasmid::chain::extension::{Brought, Extension};

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct NilVote;

impl Attack for NilVote {
    fn name(&self) -> &'static str {
        "nil vote"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        scene.edit(|record| {
            let number = scene
                .network
                .last
                .votes
                .iter()
                .position(|vote| vote.block_id_flag != 2)?;
            let extension = Extension {
                cursor: u64::MAX,
                link: [1; 32].into(),
                share: Brought::Due([1; 192]),
            };
            let carried = scene.carry(number, &extension.encode());
            let votes = &mut record.witness.votes;
            let place = votes
                .iter()
                .position(|vote| vote.seat > carried.seat)
                .unwrap_or(votes.len());
            votes.insert(place, carried);
            Some(())
        })
    }
}
