//! Judges every checkpoint that root accepted and that is not final, from what nodes of the child show of it. None is believed: what they show is compared with
//! the words that root keeps, and what is judged is what those commit to.
//!
//! ```text
//! root's words ─▶ K block commitments ─▶ segments of each block ─▶ links, signatures ─▶ leaves of the state ─▶ sound, or broken with its proof
//!                 └──────── from the folder, else from any node, and then into the folder ───────┘
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::B256;
use plasmid_bridge::client::watcher::ChildNews;
use plasmid_bridge::client::watcher::unsound::{AcceptedCheckpoints, UnsoundCheckpoint};
use plasmid_bridge::relay::acceptance::Acceptance;
use tokio::sync::{mpsc::Sender, watch};
use tokio::time::timeout;
use tonic::transport::Channel;

use crate::chain::links::end_slots;
use crate::chain::opened::{OpenedSegments, ShownLeaf};
use crate::court::{CourtFacts, Finding, Hearing, OpenedEpoch};
use crate::ledger::{Domain, Slot};
use asked::{CheckpointNodes, ShownSegments};
use kept::CheckpointArchive;

pub mod asked;
pub mod kept;

/// How long what no node showed rests before it is asked for again.
const AGAIN: Duration = Duration::from_secs(2);
/// Characters of what nodes say that are told.
const MAX_REASON: usize = 500;

/// What the judge rests on: the deployment, as it was read back from root.
#[derive(Clone, Copy, Debug)]
pub struct Deployed {
    /// What users' signatures bind.
    pub domain: Domain,
    /// The root of the genesis state.
    pub state_root: B256,
    /// The genesis time in seconds.
    pub time: u64,
}

/// Why a checkpoint is not judged.
enum Unjudged {
    /// CheckpointNodes do not show it; what each of them says.
    Withheld(String),
    /// Nobody listens any more.
    Deaf,
}

/// Judges in a task that ends when nobody listens.
pub fn follow(
    nodes: Vec<(usize, Channel)>,
    deployed: Deployed,
    folder: PathBuf,
    accepted: watch::Receiver<AcceptedCheckpoints>,
    news: &Sender<ChildNews>,
) {
    let judge = CheckpointJudge {
        nodes: CheckpointNodes::new(nodes, news.clone()),
        archive: CheckpointArchive::open(folder),
        deployed,
        accepted,
        facts: None,
        epochs: BTreeMap::new(),
        judged: BTreeSet::new(),
        news: news.clone(),
        trouble: None,
    };
    tokio::spawn(judge.run());
}

struct CheckpointJudge {
    nodes: CheckpointNodes,
    archive: CheckpointArchive,
    deployed: Deployed,
    accepted: watch::Receiver<AcceptedCheckpoints>,
    facts: Option<Arc<CourtFacts>>,
    /// Block commitments of checkpoints, by the word that root keeps of them.
    epochs: BTreeMap<B256, Arc<OpenedEpoch>>,
    /// The words of those that are judged.
    judged: BTreeSet<B256>,
    news: Sender<ChildNews>,
    /// Why the folder cannot be written, as it was told last.
    trouble: Option<String>,
}

impl CheckpointJudge {
    async fn run(mut self) {
        loop {
            let now = self.accepted.borrow_and_update().clone();
            let Ok(is_done) = self.judge_all(&now).await else {
                return;
            };
            let changed = match is_done {
                true => self.accepted.changed().await,
                false => match timeout(AGAIN, self.accepted.changed()).await {
                    Ok(changed) => changed,
                    Err(_) => Ok(()),
                },
            };
            if changed.is_err() || self.news.is_closed() {
                return;
            }
        }
    }

    /// Judges what is not judged. Gives whether all is.
    async fn judge_all(&mut self, now: &AcceptedCheckpoints) -> Result<bool, Deaf> {
        let words: BTreeSet<B256> = now.acceptances.iter().map(Acceptance::record).collect();
        self.judged.retain(|word| words.contains(word));
        self.epochs.retain(|word, _| words.contains(word));
        self.archive.retain(now);
        let mut is_done = true;
        for accepted in now.open() {
            let word = accepted.record();
            if self.judged.contains(&word) {
                continue;
            }
            let epoch = accepted.epoch;
            let told = match self.judge(now, accepted).await {
                Ok(None) => ChildNews::Sound { epoch },
                Ok(Some(found)) => ChildNews::Unsound(Box::new(UnsoundCheckpoint {
                    epoch,
                    record: word,
                    rule: found.broken.name(),
                    reason: found.broken.to_string(),
                    height: found.height,
                    call: found.call.map(Into::into),
                })),
                Err(Unjudged::Withheld(reason)) => {
                    is_done = false;
                    let reason: String = reason.chars().take(MAX_REASON).collect();
                    self.tell(ChildNews::Withheld { epoch, reason }).await?;
                    continue;
                }
                Err(Unjudged::Deaf) => return Err(Deaf),
            };
            self.judged.insert(word);
            self.tell(told).await?;
        }
        if let Some(trouble) = self.archive.trouble()
            && self.trouble.as_ref() != Some(&trouble)
        {
            self.trouble = Some(trouble.clone());
            self.tell(ChildNews::Trouble(trouble)).await?;
        }
        Ok(is_done)
    }

    async fn tell(&self, news: ChildNews) -> Result<(), Deaf> {
        self.news.send(news).await.map_err(|_| Deaf)
    }

    /// The first thing that is broken in a checkpoint. What one block withholds hides nothing in the others.
    async fn judge(
        &mut self,
        now: &AcceptedCheckpoints,
        accepted: &Acceptance,
    ) -> Result<Option<Finding>, Unjudged> {
        let facts = self.facts().await?;
        let blocks = facts.parameters.epoch_blocks;
        let epoch = self.opened(accepted, blocks).await?;
        let previous = match accepted.epoch.checked_sub(1).map(|before| now.of(before)) {
            None => None,
            Some(Some(before)) => Some(self.opened(before, blocks).await?),
            Some(None) => {
                let why = "what root accepted before it is not read yet".to_owned();
                return Err(Unjudged::Withheld(why));
            }
        };
        let mut missing = None;
        for number in 0..blocks {
            match self.segments(&facts, &epoch, number).await? {
                ShownSegments::Whole(segments) => {
                    let found = hear(&facts, &epoch, previous.as_ref(), number, segments).await;
                    if found.is_some() {
                        return Ok(found);
                    }
                }
                ShownSegments::Part(segments, why) => {
                    if let Some(segments) = segments {
                        let found = hear(&facts, &epoch, previous.as_ref(), number, segments).await;
                        if found.is_some() {
                            return Ok(found);
                        }
                    }
                    missing.get_or_insert(format!("block {number} of the epoch: {why}"));
                }
            }
        }
        let leaves = self.leaves(&facts, accepted).await;
        let leaves = match leaves {
            Ok(leaves) => leaves,
            Err(Unjudged::Withheld(why)) => {
                return Err(Unjudged::Withheld(missing.unwrap_or(why)));
            }
            Err(deaf) => return Err(deaf),
        };
        let hearing = Hearing {
            facts: &facts,
            epoch: &epoch,
            previous: previous.as_deref(),
        };
        match (hearing.judge_ends(&leaves), missing) {
            (Some(found), _) => Ok(Some(found)),
            (None, None) => Ok(None),
            (None, Some(why)) => Err(Unjudged::Withheld(why)),
        }
    }

    /// What the court knows of the genesis.
    async fn facts(&mut self) -> Result<Arc<CourtFacts>, Unjudged> {
        if let Some(facts) = &self.facts {
            return Ok(Arc::clone(facts));
        }
        let deployed = self.deployed;
        let facts = self
            .nodes
            .genesis(|shown| {
                CourtFacts::new(deployed.domain, deployed.state_root, deployed.time, shown)
            })
            .await?;
        let facts = Arc::new(facts);
        self.facts = Some(Arc::clone(&facts));
        Ok(facts)
    }

    /// The block commitments of a checkpoint.
    async fn opened(
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

    /// The segments of a block.
    async fn segments(
        &mut self,
        facts: &CourtFacts,
        epoch: &OpenedEpoch,
        number: u32,
    ) -> Result<ShownSegments, Unjudged> {
        let place = usize::try_from(number).ok();
        let Some(block) = place.and_then(|place| epoch.blocks.get(place)) else {
            return Ok(ShownSegments::Part(None, "there is no such block".into()));
        };
        if let Some(kept) = self.archive.segments(&epoch.accepted, number)
            && asked::fits(facts, block, &kept)
        {
            return Ok(ShownSegments::Whole(kept));
        }
        let blocks = u64::from(facts.parameters.epoch_blocks);
        let before = epoch.accepted.epoch.saturating_mul(blocks);
        let height = before.saturating_add(1).saturating_add(u64::from(number));
        let shown = self.nodes.segments(facts, block, height).await?;
        if let ShownSegments::Whole(segments) = &shown {
            self.archive
                .keep_segments(&epoch.accepted, number, segments);
        }
        Ok(shown)
    }

    /// The leaves that L12 to L15 are about.
    async fn leaves(
        &mut self,
        facts: &CourtFacts,
        accepted: &Acceptance,
    ) -> Result<Vec<(Slot, ShownLeaf)>, Unjudged> {
        let mut leaves = Vec::new();
        for slot in end_slots(accepted.epoch, facts.parameters.ring) {
            let leaf = self.nodes.leaf(accepted, &slot).await?;
            leaves.push((slot, leaf));
        }
        Ok(leaves)
    }
}

/// Nobody listens any more.
struct Deaf;

impl From<Deaf> for Unjudged {
    fn from(_: Deaf) -> Self {
        Self::Deaf
    }
}

/// Judges a block where it keeps nobody else from working: signatures take long.
async fn hear(
    facts: &Arc<CourtFacts>,
    epoch: &Arc<OpenedEpoch>,
    previous: Option<&Arc<OpenedEpoch>>,
    number: u32,
    segments: OpenedSegments,
) -> Option<Finding> {
    let (facts, epoch) = (Arc::clone(facts), Arc::clone(epoch));
    let previous = previous.map(Arc::clone);
    let judge = move || {
        let hearing = Hearing {
            facts: &facts,
            epoch: &epoch,
            previous: previous.as_deref(),
        };
        hearing.judge_block(number, &segments)
    };
    // It only ends otherwise when the program does.
    tokio::task::spawn_blocking(judge).await.ok().flatten()
}
