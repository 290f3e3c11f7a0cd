//! Changes what an extension reports, its signature left as it was.

use super::{Attack, Scene};
use crate::harness::requests::Proposal;

/// See the file's head.
pub struct ForgedReport;

impl Attack for ForgedReport {
    fn name(&self) -> &'static str {
        "forged report"
    }

    fn forge(&self, scene: &Scene<'_>) -> Option<Proposal> {
        scene.edit(|record| {
            let vote = record.witness.votes.first_mut()?;
            vote.extension[8] ^= 1;
            Some(())
        })
    }
}
