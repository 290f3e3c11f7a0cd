//! What answers on root show, judged by itself: somebody paid for it, and it breaks a rule or does not whatever else of its checkpoint is withheld.

use std::collections::BTreeSet;
use std::sync::Arc;

use plasmid_bridge::client::watcher::unsound::AcceptedCheckpoints;

use super::super::{Deaf, Unjudged, apart, hearing, name};
use super::DataReader;
use super::answered::RootBlock;
use crate::court::{CourtFacts, Finding, OpenedEpoch, has_such_counts};

impl DataReader {
    /// Judges the blocks of which answers showed something new: each behind and before its neighbours where those are shown, by its counts and records where all of them are, and users' signatures
    /// of each segment that is.
    pub(super) async fn judge_parts(&mut self, now: &AcceptedCheckpoints) -> Result<(), Deaf> {
        while let Some((place, fresh)) = self.parts.fresh() {
            let facts = match self.reader.facts().await {
                Ok(facts) => facts,
                Err(Unjudged::Deaf) => return Err(Deaf),
                // Nobody shows the parameters at this moment.
                Err(Unjudged::Later | Unjudged::Failed | Unjudged::Withheld(_)) => return Ok(()),
            };
            let (epoch, block) = place;
            let blocks = facts.parameters.epoch_blocks;
            let accepted = now.of(epoch);
            let opened = accepted.and_then(|one| {
                let opened = self.parts.opened(one, block, blocks)?;
                Some((one, opened))
            });
            self.parts.is_judged(place);
            let Some((accepted, (shown, opened))) = opened else {
                continue;
            };
            let judge = move || judge(&facts, &opened, block, (&shown, &fresh));
            let Ok(found) = apart(judge).await else {
                let what = format!("judging an answer about checkpoint {epoch}");
                self.reader.tell_failed(&what).await?;
                continue;
            };
            let name = name(accepted);
            let mut progress = self.reader.progress.remove(&name).unwrap_or_default();
            let told = self.reader.accuse(accepted, &mut progress, found).await;
            self.reader.progress.insert(name, progress);
            told?;
        }
        Ok(())
    }
}

/// What is broken in what is shown of a block, of whose segments these were not judged.
fn judge(
    facts: &Arc<CourtFacts>,
    epoch: &OpenedEpoch,
    block: u32,
    (shown, fresh): (&RootBlock, &BTreeSet<u32>),
) -> Vec<Finding> {
    let hearing = hearing(facts, epoch, None);
    let mut found = hearing.judge_blocks();
    match shown.whole() {
        Some(segments) => found.extend(hearing.judge_segments(block, &segments)),
        None => {
            // Counts that no block can have are broken without any segment.
            if !has_such_counts(facts, &shown.counts) {
                found.extend(hearing.judge_segments(block, &shown.counts));
            }
            let parts = fresh.iter().filter_map(|number| {
                let (one, path) = shown.segments.get(number)?;
                hearing.judge_segment(block, &shown.counts, (*number, one, path))
            });
            found.extend(parts);
        }
    }
    found
}
