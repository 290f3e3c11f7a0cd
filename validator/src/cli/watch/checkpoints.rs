//! Judges every checkpoint that root accepted and that is not final, from what nodes of the child show of it. None is believed: what they show is compared with
//! the words that root keeps, and what is judged is what those commit to.
//!
//! ```text
//! root's words ─▶ K block commitments ─▶ L1 to L5 ─▶ leaves of the state ─▶ L12 to L15 ─▶ segments of each block ─▶ L6 to L11, signatures
//!                 └───────────────────────── from the folder, else from any node, and then into the folder ───────────────────────┘  └─▶ executed again
//! ```
//! Each part is judged for itself: what is withheld of one hides nothing in another. What is found is told at once, and what is judged is not read again. What
//! was read of the oldest checkpoint is executed first ([`replayed`]).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::B256;
use plasmid_bridge::client::watcher::ChildNews;
use plasmid_bridge::client::watcher::unsound::{AcceptedCheckpoints, UnsoundCheckpoint};
use plasmid_bridge::relay::acceptance::Acceptance;
use tokio::sync::{mpsc::Sender, watch};
use tokio::time::{Instant, timeout};
use tonic::transport::Channel;

use crate::chain::links::end_slots;
use crate::court::{CourtFacts, Finding, Hearing, OpenedEpoch};
use crate::ledger::Domain;
use asked::CheckpointNodes;
use kept::CheckpointArchive;
use progress::{Deaf, EpochProgress, Question};
use replayed::{CarriedState, PartState};

pub mod asked;
pub mod challenged;
mod found;
pub mod kept;
mod progress;
mod read;
mod replayed;

/// How long what no node showed rests before it is asked for again.
const AGAIN: Duration = Duration::from_secs(2);
/// How long one checkpoint is read before the others have their turn.
const TURN: Duration = Duration::from_secs(60);
/// Characters of what nodes say that are told.
const MAX_REASON: usize = 500;

/// What the judge rests on: the deployment, as it was read back from root.
#[derive(Clone, Debug)]
pub struct Deployed {
    /// What users' signatures bind.
    pub domain: Domain,
    /// The root of the genesis state.
    pub state_root: B256,
    /// The genesis time in seconds.
    pub time: u64,
    /// The network's genesis.json, where it is known.
    pub genesis: Option<PathBuf>,
}

/// Why a checkpoint is not judged.
enum Unjudged {
    /// CheckpointNodes do not show it; what each of them says.
    Withheld(String),
    /// It had its turn.
    Later,
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
    let judge = CheckpointJudge::new(nodes, deployed, folder, accepted, news);
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
    /// How far each is judged, by the same word.
    progress: BTreeMap<B256, EpochProgress>,
    /// The state on which their blocks are executed again.
    carried: Option<CarriedState>,
    /// What nodes have shown of the one that it begins with.
    part: Option<PartState>,
    /// Where no node answered in time any more.
    late: Option<u64>,
    news: Sender<ChildNews>,
    /// Why the folder cannot be written, as it was told last.
    trouble: Option<String>,
}

impl CheckpointJudge {
    fn new(
        nodes: Vec<(usize, Channel)>,
        deployed: Deployed,
        folder: PathBuf,
        accepted: watch::Receiver<AcceptedCheckpoints>,
        news: &Sender<ChildNews>,
    ) -> Self {
        Self {
            nodes: CheckpointNodes::new(nodes, news.clone()),
            archive: CheckpointArchive::open(folder),
            deployed,
            accepted,
            facts: None,
            epochs: BTreeMap::new(),
            progress: BTreeMap::new(),
            carried: None,
            part: None,
            late: None,
            news: news.clone(),
            trouble: None,
        }
    }

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

    /// Judges what is not judged, the newest first: of the others more is judged already. Gives whether all is.
    async fn judge_all(&mut self, now: &AcceptedCheckpoints) -> Result<bool, Deaf> {
        let words: BTreeSet<B256> = now.acceptances.iter().map(Acceptance::record).collect();
        self.progress.retain(|word, _| words.contains(word));
        self.epochs.retain(|word, _| words.contains(word));
        self.archive.retain(now);
        let mut is_done = true;
        let mut open: Vec<&Acceptance> = now.open().collect();
        // Where no node answered in time the last time, the others come first.
        let behind = self.late.take();
        open.sort_by_key(|one| {
            let is_last = behind.is_some_and(|late| one.epoch >= late);
            (is_last, std::cmp::Reverse(one.epoch))
        });
        for accepted in open {
            let (epoch, word) = (accepted.epoch, accepted.record());
            let mut progress = self.progress.remove(&word).unwrap_or_default();
            if !progress.is_over {
                let judged = self.judge(now, accepted, &mut progress).await;
                progress.is_over = judged.is_ok();
                if !progress.is_over && self.nodes.rest() {
                    self.late.get_or_insert(epoch);
                }
                is_done &= progress.is_over;
                let told = match judged {
                    Ok(()) | Err(Unjudged::Later) => None,
                    Err(Unjudged::Withheld(reason)) => {
                        let reason = reason.chars().take(MAX_REASON).collect();
                        Some(ChildNews::Withheld { epoch, reason })
                    }
                    Err(Unjudged::Deaf) => return Err(Deaf),
                };
                if let Some(told) = told {
                    self.tell(told).await?;
                }
            }
            self.progress.insert(word, progress);
        }
        is_done &= self.replay_all(now).await?;
        for accepted in now.open() {
            let progress = self.progress.get_mut(&accepted.record());
            if progress.is_some_and(EpochProgress::is_newly_sound) {
                let epoch = accepted.epoch;
                self.tell(ChildNews::Sound { epoch }).await?;
            }
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

    /// Tells what is broken in a checkpoint, as far as it is news.
    async fn accuse(
        &self,
        accepted: &Acceptance,
        progress: &mut EpochProgress,
        found: Vec<Finding>,
    ) -> Result<(), Deaf> {
        for one in found {
            if progress.is_news(&one) {
                let told = UnsoundCheckpoint {
                    epoch: accepted.epoch,
                    record: accepted.record(),
                    rule: one.broken.name(),
                    reason: one.broken.to_string(),
                    height: one.height,
                    call: one.call.map(Into::into),
                };
                self.tell(ChildNews::Unsound(Box::new(told))).await?;
            }
        }
        Ok(())
    }

    /// Judges what is not judged of a checkpoint, and tells what is broken in it.
    async fn judge(
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
                        let judge =
                            move || hearing(&facts, &epoch, None).judge_segments(number, &segments);
                        let found = apart(judge).await.unwrap_or_default();
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
    ) -> Result<(), Deaf> {
        let (facts, epoch) = (Arc::clone(facts), Arc::clone(epoch));
        let judge = move || hearing(&facts, &epoch, previous.as_deref()).judge_blocks();
        let found = apart(judge).await.unwrap_or_default();
        self.accuse(accepted, progress, found).await
    }
}

const fn hearing<'a>(
    facts: &'a CourtFacts,
    epoch: &'a OpenedEpoch,
    previous: Option<&'a OpenedEpoch>,
) -> Hearing<'a> {
    Hearing {
        facts,
        epoch,
        previous,
    }
}

/// Judges where it keeps nobody else from working: signatures take long. It ends without an answer only when the program does.
async fn apart<T: Send + 'static>(judge: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(judge).await.ok()
}
