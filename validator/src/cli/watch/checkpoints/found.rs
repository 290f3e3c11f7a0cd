//! What is judged, from the folder where it was kept, and else from nodes.

use std::sync::Arc;

use plasmid_bridge::relay::acceptance::Acceptance;

use super::{CheckpointJudge, Deployed, Unjudged, asked};
use crate::chain::opened::OpenedSegments;
use crate::court::{CourtFacts, OpenedEpoch};

impl CheckpointJudge {
    /// What the court knows of the genesis.
    pub(super) async fn facts(&mut self) -> Result<Arc<CourtFacts>, Unjudged> {
        if let Some(facts) = &self.facts {
            return Ok(Arc::clone(facts));
        }
        let Deployed {
            domain,
            state_root,
            time,
            ..
        } = self.deployed;
        let make = |shown| CourtFacts::new(domain, state_root, time, shown);
        let facts = self.nodes.genesis(make).await?;
        let facts = Arc::new(facts);
        self.facts = Some(Arc::clone(&facts));
        Ok(facts)
    }

    /// The block commitments of a checkpoint.
    pub(super) async fn opened(
        &mut self,
        accepted: &Acceptance,
        blocks: u32,
    ) -> Result<Arc<OpenedEpoch>, Unjudged> {
        let word = accepted.record();
        if let Some(known) = self.epochs.get(&word) {
            return Ok(Arc::clone(known));
        }
        let kept = self.archive.blocks(accepted);
        let kept = kept.and_then(|kept| OpenedEpoch::new(accepted.clone(), kept, blocks).ok());
        let opened = match kept {
            Some(opened) => opened,
            None => {
                let opened = self.nodes.blocks(accepted, blocks).await?;
                self.archive.keep_blocks(&opened);
                opened
            }
        };
        let opened = Arc::new(opened);
        self.epochs.insert(word, Arc::clone(&opened));
        Ok(opened)
    }

    /// The segments of a block, as far as the folder and nodes show them, and why not all.
    pub(super) async fn segments(
        &mut self,
        facts: &CourtFacts,
        epoch: &OpenedEpoch,
        number: u32,
    ) -> Result<(Option<OpenedSegments>, Option<String>), Unjudged> {
        let place = usize::try_from(number).ok();
        let Some(block) = place.and_then(|place| epoch.blocks.get(place)) else {
            return Ok((None, Some("there is no such block".into())));
        };
        let kept = self.archive.segments(&epoch.accepted, number);
        let mut kept = kept.and_then(|kept| asked::records_of(facts, block, kept));
        if kept
            .as_ref()
            .is_some_and(|kept| asked::fits(facts, block, kept))
        {
            return Ok((kept, None));
        }
        let before = kept.as_ref().map(OpenedSegments::shown);
        let blocks = u64::from(facts.parameters.epoch_blocks);
        let first = epoch.accepted.epoch.saturating_mul(blocks);
        let height = first.saturating_add(1).saturating_add(u64::from(number));
        let why = self
            .nodes
            .segments((facts, block, height), &mut kept)
            .await?;
        if let Some(shown) = &kept
            && before != Some(shown.shown())
        {
            self.archive.keep_segments(&epoch.accepted, number, shown);
        }
        Ok((kept, why))
    }
}
