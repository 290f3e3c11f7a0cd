//! What challenges ask for, from what is kept of the checkpoint or from any node, and what is missing of a checkpoint.
//!
//! It reads as the judge reads, beside it and with calls of its own: an answer has a deadline, and waits for nothing that is judged. No node is believed: a part that leads
//! to root's word is the answer, whoever showed it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use plasmid_bridge::client::watcher::ChildNews;
use plasmid_bridge::client::watcher::challenges::{DataDialogue, DataQuestions};
use plasmid_bridge::client::watcher::unsound::AcceptedCheckpoints;
use plasmid_bridge::relay::acceptance::Acceptance;
use plasmid_bridge::relay::challenges::DataTarget;
use tokio::sync::{mpsc::Sender, watch};
use tokio::time::{Instant, sleep};
use tonic::transport::Channel;

use super::asked::{CheckpointNodes, lock};
use super::kept::CheckpointArchive;
use super::{AGAIN, CheckpointJudge, Deaf, Deployed, SharedArchive, Unjudged, apart, told};
use crate::chain::opened::{OpenedSegment, OpenedSegments, ShownLeaf};
use crate::court::answers::{leaf_answer, no_leaf_answer};
use crate::ledger::Slot;
use answered::RootParts;

mod answered;
mod parts;

/// The longest rest of what nobody shows, before it is asked for again.
const MAX_REST: Duration = Duration::from_secs(60);

/// How long what is missing of one checkpoint is looked for before what is open is looked at again: answers have deadlines.
const TURN: Duration = Duration::from_secs(10);

/// Until when what was looked for in vain rests, and for how long: longer each time.
struct Rests<K>(BTreeMap<K, (Instant, Duration)>);

impl<K> Default for Rests<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Rests<K> {
    fn has(&self, one: &K) -> bool {
        let resting = self.0.get(one);
        resting.is_some_and(|(until, _)| Instant::now() < *until)
    }

    fn add(&mut self, one: K) {
        let before = self.0.get(&one).map(|(_, rest)| *rest);
        let rest = before.map_or(AGAIN, |rest| rest.saturating_mul(2).min(MAX_REST));
        self.0.insert(one, (Instant::now() + rest, rest));
    }

    fn end(&mut self, one: &K) {
        self.0.remove(one);
    }

    /// Lets go of all but these.
    fn retain(&mut self, wanted: &[K]) {
        self.0.retain(|one, _| wanted.contains(one));
    }
}

/// Who reads for challenges.
pub struct DataReader {
    reader: CheckpointJudge,
    folder: PathBuf,
    parts: RootParts,
    /// What nobody showed of what is asked for on root.
    resting: Rests<DataTarget>,
    /// Withheld checkpoints of which it was looked for what is missing.
    resting_epochs: Rests<u64>,
    /// The block with which the next look for what is missing begins, by epoch.
    next_blocks: BTreeMap<u64, u32>,
}

/// Reads in a task that ends when nobody listens.
pub fn follow(
    nodes: Vec<(usize, Channel)>,
    deployed: Deployed,
    place: (PathBuf, SharedArchive),
    accepted: watch::Receiver<AcceptedCheckpoints>,
    dialogue: DataDialogue,
    news: &Sender<ChildNews>,
) {
    let reader = DataReader::new(nodes, deployed, place, accepted, news);
    tokio::spawn(reader.run(dialogue));
}

impl DataReader {
    /// One that asks these nodes, each with its number, and has this folder with what is in it.
    pub fn new(
        nodes: Vec<(usize, Channel)>,
        deployed: Deployed,
        (folder, archive): (PathBuf, SharedArchive),
        accepted: watch::Receiver<AcceptedCheckpoints>,
        news: &Sender<ChildNews>,
    ) -> Self {
        Self {
            reader: CheckpointJudge::new(
                CheckpointNodes::new(nodes, news.clone()),
                archive,
                deployed,
                accepted,
                news.clone(),
            ),
            folder,
            parts: RootParts::default(),
            resting: Rests::default(),
            resting_epochs: Rests::default(),
            next_blocks: BTreeMap::new(),
        }
    }

    async fn run(mut self, mut dialogue: DataDialogue) {
        loop {
            let asked = dialogue.questions.borrow_and_update().clone();
            let now = self.reader.accepted.borrow_and_update().clone();
            while let Ok(answer) = dialogue.answers.try_recv() {
                let target = answer.target;
                let is_false = self.parts.take(&answer, &now) == Some(false);
                let news = ChildNews::FalseAnswer { target };
                if is_false && self.reader.tell(news).await.is_err() {
                    return;
                }
            }
            self.reader
                .epochs
                .retain(|(epoch, word), _| now.of(*epoch).is_some_and(|one| one.record() == *word));
            if self.work(&asked, &now).await.is_err() {
                return;
            }
            let is_idle = asked == DataQuestions::default();
            let is_over = tokio::select! {
                changed = dialogue.questions.changed() => changed.is_err(),
                () = sleep(AGAIN), if !is_idle => false,
            };
            if is_over || self.reader.news.is_closed() {
                return;
            }
        }
    }

    async fn work(&mut self, asked: &DataQuestions, now: &AcceptedCheckpoints) -> Result<(), Deaf> {
        self.resting.retain(&asked.open);
        self.resting_epochs.retain(&asked.withheld);
        self.next_blocks
            .retain(|epoch, _| asked.withheld.contains(epoch));
        for target in &asked.open {
            let accepted = now.of(target.epoch());
            let Some(accepted) = accepted.filter(|_| !self.resting.has(target)) else {
                continue;
            };
            let news = match self.answer(accepted, *target).await {
                Ok(call) => {
                    self.resting.end(target);
                    ChildNews::Answers {
                        target: *target,
                        call: call.into(),
                    }
                }
                Err(Unjudged::Deaf) => return Err(Deaf),
                Err(Unjudged::Later) => continue,
                Err(Unjudged::Failed) => {
                    self.resting.add(*target);
                    continue;
                }
                Err(Unjudged::Withheld(reason)) => {
                    self.resting.add(*target);
                    ChildNews::Unanswered {
                        target: *target,
                        reason: told(&reason),
                    }
                }
            };
            self.reader.tell(news).await?;
        }
        self.judge_parts(now).await?;
        for epoch in asked.withheld.iter().copied() {
            let accepted = now.of(epoch);
            let Some(accepted) = accepted.filter(|_| !self.resting_epochs.has(&epoch)) else {
                continue;
            };
            let targets = match self.missing(accepted, &asked.asked).await {
                Ok(targets) => targets,
                Err(Unjudged::Deaf) => return Err(Deaf),
                Err(Unjudged::Later | Unjudged::Failed | Unjudged::Withheld(_)) => Vec::new(),
            };
            self.resting_epochs.add(epoch);
            self.reader
                .tell(ChildNews::Missing { epoch, targets })
                .await?;
        }
        Ok(())
    }

    /// The call that answers a challenge.
    async fn answer(
        &mut self,
        accepted: &Acceptance,
        target: DataTarget,
    ) -> Result<Vec<u8>, Unjudged> {
        match target {
            DataTarget::Segment { block, number, .. } => {
                self.segment(accepted, block, number).await
            }
            DataTarget::Leaf { index, .. } => self.leaf(accepted, index).await,
        }
    }

    /// The call that answers a challenge, for whoever answers by hand.
    ///
    /// # Errors
    /// Why nobody shows it.
    pub async fn answer_once(
        &mut self,
        accepted: &Acceptance,
        target: DataTarget,
    ) -> Result<Vec<u8>, String> {
        self.answer(accepted, target)
            .await
            .map_err(|error| match error {
                Unjudged::Withheld(reason) => reason,
                Unjudged::Later | Unjudged::Failed | Unjudged::Deaf => {
                    "it was not read to its end".to_owned()
                }
            })
    }

    async fn segment(
        &mut self,
        accepted: &Acceptance,
        block: u32,
        number: u32,
    ) -> Result<Vec<u8>, Unjudged> {
        let facts = self.reader.facts().await?;
        let epoch = self
            .reader
            .opened(accepted, facts.parameters.epoch_blocks)
            .await?;
        let (segments, why) = self.reader.segments(&facts, &epoch, block).await?;
        let segments = segments.filter(|segments| {
            let place = usize::try_from(number).unwrap_or(usize::MAX);
            let one = segments.segments.get(place);
            number >= segments.count || one.is_some_and(OpenedSegment::has_bytes)
        });
        let answer = segments.and_then(|segments| epoch.segment_answer(block, &segments, number));
        answer.ok_or_else(|| {
            Unjudged::Withheld(why.unwrap_or_else(|| "its bytes are no segment's".to_owned()))
        })
    }

    /// A leaf by its index: its key, from a page of leaves, tells what proof is asked for. From the state that is kept where no node shows it.
    async fn leaf(&mut self, accepted: &Acceptance, index: u32) -> Result<Vec<u8>, Unjudged> {
        match self.leaf_from_nodes(accepted, index).await {
            Err(Unjudged::Withheld(why)) => {
                let (folder, own) = (self.folder.clone(), accepted.clone());
                let read = apart(move || leaf_from_folder(folder, &own, index)).await;
                read?.ok_or(Unjudged::Withheld(why))
            }
            other => other,
        }
    }

    async fn leaf_from_nodes(
        &mut self,
        accepted: &Acceptance,
        index: u32,
    ) -> Result<Vec<u8>, Unjudged> {
        let nodes = &mut self.reader.nodes;
        let any = nodes.leaf(accepted, &Slot::Parameters).await?;
        if index >= any.inclusion.count {
            return Ok(no_leaf_answer(accepted, index, &any.inclusion));
        }
        let page = nodes.leaves(accepted, index).await?;
        let missing = || Unjudged::Withheld("no node shows the leaf at this index".to_owned());
        let key = page.leaves.first().ok_or_else(missing)?.key;
        let leaf = nodes.leaf_of(accepted, key).await?;
        match leaf.inclusion.index == index {
            true => Ok(leaf_answer(accepted, &leaf)),
            false => Err(missing()),
        }
    }

    /// In one turn, which begins where the last one ended: the first part of each block of a checkpoint that neither the folder, nor a node, nor an answer on root shows, and that nobody asked for on root before.
    async fn missing(
        &mut self,
        accepted: &Acceptance,
        asked: &BTreeMap<DataTarget, bool>,
    ) -> Result<Vec<DataTarget>, Unjudged> {
        let epoch = accepted.epoch;
        let part = |block, number| DataTarget::Segment {
            epoch,
            block,
            number,
        };
        let facts = match self.reader.facts().await {
            Ok(facts) => facts,
            // Whatever the parameters are, there is a first block.
            Err(Unjudged::Withheld(_)) => {
                let number = self.parts.next_unasked(epoch, 0, asked);
                return Ok(number.map(|number| part(0, number)).into_iter().collect());
            }
            Err(other) => return Err(other),
        };
        let blocks = facts.parameters.epoch_blocks;
        self.parts
            .keep_blocks(accepted, blocks, &mut lock(&self.reader.archive));
        let opened = match self.reader.opened(accepted, blocks).await {
            Ok(opened) => opened,
            Err(Unjudged::Withheld(_)) => {
                let all = (0..blocks).filter(|block| !self.parts.has_block(epoch, *block));
                let first = |block| {
                    let number = self.parts.next_unasked(epoch, block, asked);
                    number.map(|number| part(block, number))
                };
                return Ok(all.filter_map(first).collect());
            }
            Err(other) => return Err(other),
        };
        let mut targets = Vec::new();
        let until = Instant::now() + TURN;
        let first = self.next_blocks.get(&epoch).copied().unwrap_or_default();
        for block in (first..blocks).chain(0..first) {
            if Instant::now() > until {
                break;
            }
            self.next_blocks.insert(epoch, block.saturating_add(1));
            self.parts
                .keep_segments(&opened, block, &mut lock(&self.reader.archive));
            let (segments, why) = self.reader.segments(&facts, &opened, block).await?;
            if why.is_none() {
                continue;
            }
            let number = match &segments {
                Some(segments) => {
                    first_missing(segments, |number| asked.contains_key(&part(block, number)))
                }
                None => self.parts.next_unasked(epoch, block, asked),
            };
            targets.extend(number.map(|number| part(block, number)));
        }
        Ok(targets)
    }
}

/// The first segment whose bytes are not there and that was not asked for.
fn first_missing(segments: &OpenedSegments, is_asked: impl Fn(u32) -> bool) -> Option<u32> {
    let mut all = (0_u32..).zip(&segments.segments);
    let first = all.find(|(number, one)| !one.has_bytes() && !is_asked(*number));
    first.map(|(number, _)| number)
}

/// The answer from the state that is kept, where it is this checkpoint's.
fn leaf_from_folder(folder: PathBuf, accepted: &Acceptance, index: u32) -> Option<Vec<u8>> {
    let own = AcceptedCheckpoints {
        acceptances: vec![accepted.clone()],
        ..AcceptedCheckpoints::default()
    };
    let (_, tree) = CheckpointArchive::open(folder).state(&own)?;
    if index >= tree.count() {
        let any = tree.prove(0).ok()?;
        return Some(no_leaf_answer(accepted, index, &any));
    }
    Some(leaf_answer(accepted, &ShownLeaf::of(&tree, index)?))
}

#[cfg(test)]
mod tests;
