//! One checkpoint judged, as far as it is shown: each part for itself.

use std::sync::Arc;
use std::time::Duration;

use plasmid_bridge::client::watcher::unsound::AcceptedCheckpoints;
use plasmid_bridge::relay::acceptance::Acceptance;
use tokio::time::Instant;

use super::progress::{EpochProgress, Question};
use super::{CheckpointJudge, Unjudged, apart, hearing};
use crate::chain::links::end_slots;
use crate::court::{CourtFacts, OpenedEpoch};

/// How long one checkpoint is read before what was read is executed, and the others have their turn.
const TURN: Duration = Duration::from_secs(10);

impl CheckpointJudge {
    /// Judges what is not judged of a checkpoint, and tells what is broken in it.
    pub(super) async fn judge(
        &mut self,
        now: &AcceptedCheckpoints,
        accepted: &Acceptance,
        progress: &mut EpochProgress,
    ) -> Result<(), Unjudged> {
        let until = Instant::now() + TURN;
        let facts = self.facts().await?;
        let blocks = facts.parameters.epoch_blocks;
        let epoch = self.opened(accepted, blocks).await?;
        if progress.next == 0 {
            // What the blocks alone show waits for nothing else.
            self.judge_links(accepted, progress, (&facts, &epoch, None))
                .await?;
        }
        let mut missing = None;
        let slots = end_slots(accepted.epoch, facts.parameters.ring);
        for (place, question) in progress.questions(slots, blocks) {
            if self.nodes.rest() {
                let late = || "no node answers in time".to_owned();
                return Err(Unjudged::Withheld(missing.unwrap_or_else(late)));
            }
            if Instant::now() > until {
                return Err(missing.map_or(Unjudged::Later, Unjudged::Withheld));
            }
            progress.next = place.saturating_add(1);
            let why = match question {
                Question::Before => match self.before(now, accepted, blocks).await {
                    Ok(previous) => {
                        let opened = (&facts, &epoch, previous);
                        self.judge_links(accepted, progress, opened).await?;
                        progress.has_links = true;
                        None
                    }
                    Err(Unjudged::Withheld(why)) => Some(format!("the blocks before it: {why}")),
                    Err(other) => return Err(other),
                },
                Question::Leaf(slot) => match self.nodes.leaf(accepted, &slot).await {
                    Ok(leaf) => {
                        let found = hearing(&facts, &epoch, None).judge_leaf(&slot, &leaf);
                        let found = found.into_iter().collect();
                        self.accuse(accepted, progress, found).await?;
                        progress.leaves.insert(slot);
                        None
                    }
                    Err(Unjudged::Withheld(why)) => Some(format!("{slot}: {why}")),
                    Err(other) => return Err(other),
                },
                Question::Block(number) => {
                    let (segments, why) = self.segments(&facts, &epoch, number).await?;
                    if let Some(segments) = segments {
                        let (facts, epoch) = (Arc::clone(&facts), Arc::clone(&epoch));
                        let rule = self.rules.judge;
                        let judge = move || rule(&hearing(&facts, &epoch, None), number, &segments);
                        let found = apart(judge).await?;
                        self.accuse(accepted, progress, found).await?;
                    }
                    if why.is_none() {
                        progress.blocks.insert(number);
                    }
                    why.map(|why| format!("block {number} of the epoch: {why}"))
                }
            };
            missing = missing.or(why);
        }
        missing.map_or(Ok(()), |why| Err(Unjudged::Withheld(why)))
    }

    /// The blocks of the checkpoint before; none of the first one.
    async fn before(
        &mut self,
        now: &AcceptedCheckpoints,
        accepted: &Acceptance,
        blocks: u32,
    ) -> Result<Option<Arc<OpenedEpoch>>, Unjudged> {
        let Some(before) = accepted.epoch.checked_sub(1) else {
            return Ok(None);
        };
        let why = || Unjudged::Withheld("what root accepted before it is not read yet".to_owned());
        let before = now.of(before).ok_or_else(why)?;
        self.opened(before, blocks).await.map(Some)
    }

    /// Judges L1 to L5.
    async fn judge_links(
        &self,
        accepted: &Acceptance,
        progress: &mut EpochProgress,
        (facts, epoch, previous): (
            &Arc<CourtFacts>,
            &Arc<OpenedEpoch>,
            Option<Arc<OpenedEpoch>>,
        ),
    ) -> Result<(), Unjudged> {
        let (facts, epoch) = (Arc::clone(facts), Arc::clone(epoch));
        let judge = move || hearing(&facts, &epoch, previous.as_deref()).judge_blocks();
        let found = apart(judge).await?;
        Ok(self.accuse(accepted, progress, found).await?)
    }
}
