//! What is judged, from the folder where it was kept, and else from nodes.

use std::sync::Arc;

use plasmid_bridge::relay::acceptance::Acceptance;

use super::kept::CheckpointArchive;
use super::{CheckpointJudge, Deployed, Unjudged, apart, asked, name};
use crate::chain::opened::{OpenedSegments, ShownLeaf};
use crate::cli::genesis_state;
use crate::court::{CourtFacts, OpenedEpoch};
use crate::ledger::Slot;

impl CheckpointJudge {
    /// What the court knows of the genesis: from the folder, or the network's genesis.json, and else from nodes. No node is needed for it twice.
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
        let kept = self.on_disk(|archive| archive.parameters()).await?;
        let facts = match kept.and_then(make) {
            Some(facts) => facts,
            None => {
                let own = self.genesis_parameters().await?;
                let facts = match own.and_then(make) {
                    Some(facts) => facts,
                    None => self.nodes.genesis(make).await?,
                };
                let shown = facts.shown.clone();
                self.on_disk(move |archive| archive.keep_parameters(&shown))
                    .await?;
                facts
            }
        };
        let facts = Arc::new(facts);
        self.facts = Some(Arc::clone(&facts));
        Ok(facts)
    }

    /// The leaf of the parameters, from the network's genesis.json where that is known and can be read.
    async fn genesis_parameters(&self) -> Result<Option<ShownLeaf>, Unjudged> {
        let Some(path) = self.deployed.genesis.clone() else {
            return Ok(None);
        };
        let read = move || {
            let tree = genesis_state::read(&path).ok()?;
            let (index, ..) = tree.get(&Slot::Parameters.key())?;
            ShownLeaf::of(&tree, index)
        };
        apart(read).await
    }

    /// The block commitments of a checkpoint.
    pub(super) async fn opened(
        &mut self,
        accepted: &Acceptance,
        blocks: u32,
    ) -> Result<Arc<OpenedEpoch>, Unjudged> {
        if let Some(known) = self.epochs.get(&name(accepted)) {
            return Ok(Arc::clone(known));
        }
        let own = accepted.clone();
        let read = move |archive: &mut CheckpointArchive| {
            let kept = archive.blocks(&own)?;
            OpenedEpoch::new(own, kept, blocks).ok()
        };
        let opened = match self.on_disk(read).await? {
            Some(opened) => Arc::new(opened),
            None => {
                let opened = Arc::new(self.nodes.blocks(accepted, blocks).await?);
                let own = Arc::clone(&opened);
                self.on_disk(move |archive| archive.keep_blocks(&own))
                    .await?;
                opened
            }
        };
        self.epochs.insert(name(accepted), Arc::clone(&opened));
        Ok(opened)
    }

    /// The segments of a block, as far as the folder and nodes show them, and why not all.
    pub(super) async fn segments(
        &mut self,
        facts: &Arc<CourtFacts>,
        epoch: &OpenedEpoch,
        number: u32,
    ) -> Result<(Option<OpenedSegments>, Option<String>), Unjudged> {
        let place = usize::try_from(number).ok();
        let block = place.and_then(|place| epoch.blocks.get(place)).copied();
        let Some(block) = block else {
            return Ok((None, Some("there is no such block".into())));
        };
        let (own, of) = (epoch.accepted.clone(), Arc::clone(facts));
        let read = move |archive: &mut CheckpointArchive| {
            let kept = archive.segments(&own, number)?;
            let kept = asked::records_of(&of, &block, kept)?;
            let is_whole = asked::fits(&of, &block, &kept);
            Some((kept, is_whole))
        };
        let mut kept = match self.on_disk(read).await? {
            Some((kept, true)) => return Ok((Some(kept), None)),
            Some((kept, false)) => Some(kept),
            None => None,
        };
        let before = kept.as_ref().map(OpenedSegments::shown);
        let blocks = u64::from(facts.parameters.epoch_blocks);
        let first = epoch.accepted.epoch.saturating_mul(blocks);
        let height = first.saturating_add(1).saturating_add(u64::from(number));
        let why = self
            .nodes
            .segments((facts, &block, height), &mut kept)
            .await?;
        let Some(shown) = kept else {
            return Ok((None, why));
        };
        if before == Some(shown.shown()) {
            return Ok((Some(shown), why));
        }
        let own = epoch.accepted.clone();
        let write = move |archive: &mut CheckpointArchive| {
            archive.keep_segments(&own, number, &shown);
            shown
        };
        Ok((Some(self.on_disk(write).await?), why))
    }
}
