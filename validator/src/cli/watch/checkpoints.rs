//! Judges every checkpoint that root accepted and that is not final, from what nodes of the child show of it. None is believed: what they show is compared with
//! the words that root keeps, and what is judged is what those commit to.
//!
//! ```text
//! root's words ─▶ K block commitments ─▶ L1 to L5 ─▶ leaves of the state ─▶ L12 to L15 ─▶ segments of each block ─▶ L6 to L11, signatures
//!                 └───────────────────────── from the folder, else from any node, and then into the folder ───────────────────────┘  └─▶ executed again
//! ```
//! Each part is judged for itself: what is withheld of one hides nothing in another. What is found is told at once, and what is judged is not read again. The
//! oldest checkpoint, which is final first, is judged first ([`turns`]), and behind each turn what was read is executed on, the oldest first too ([`replayed`]).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alloy_primitives::B256;
use plasmid_bridge::client::watcher::ChildNews;
use plasmid_bridge::client::watcher::unsound::{
    AcceptedCheckpoints, CheckpointsOver, MAX_FINAL, UnsoundCheckpoint,
};
use plasmid_bridge::relay::acceptance::Acceptance;
use tokio::sync::{mpsc::Sender, watch};
use tokio::time::{sleep, timeout};
use tonic::transport::Channel;

use crate::chain::opened::OpenedSegments;
use crate::chain::tree::Tree;
use crate::court::{CourtFacts, Finding, Hearing, OpenedEpoch, Replayed};
use crate::ledger::Domain;
use asked::{CheckpointNodes, lock};
use behind::OpenCheckpoints;
use kept::CheckpointArchive;
use progress::{Deaf, EpochProgress};
use replayed::{CarriedState, ReplayTurn};
use states::PartState;
use turns::JudgeTurns;

pub mod asked;
mod behind;
pub mod challenged;
mod found;
mod judged;
pub mod kept;
mod progress;
mod read;
mod replayed;
mod states;
mod turns;

/// How long what no node showed rests before it is asked for again.
const AGAIN: Duration = Duration::from_secs(2);
/// Troubles that are remembered as told, at most.
const MAX_TROUBLES: usize = 64;
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

/// What was shown, on disk, as whoever judges and whoever answers share it: its bytes are counted once.
pub type SharedArchive = Arc<Mutex<CheckpointArchive>>;

/// What an earlier run left in a watcher's folder.
pub fn archive(folder: PathBuf) -> SharedArchive {
    Arc::new(Mutex::new(CheckpointArchive::open(folder)))
}

/// Why a checkpoint is not judged.
enum Unjudged {
    /// CheckpointNodes do not show it; what each of them says.
    Withheld(String),
    /// It had its turn.
    Later,
    /// What was done about it ended by itself: this program is broken.
    Failed,
    /// Nobody listens any more.
    Deaf,
}

/// Judges in a task that ends when nobody listens.
pub fn follow(
    nodes: Vec<(usize, Channel)>,
    deployed: Deployed,
    archive: SharedArchive,
    accepted: watch::Receiver<AcceptedCheckpoints>,
    news: &Sender<ChildNews>,
) {
    let own = news.clone();
    let judge = move || {
        let nodes = CheckpointNodes::new(nodes.clone(), own.clone());
        let archive = Arc::clone(&archive);
        let (deployed, accepted) = (deployed.clone(), accepted.clone());
        CheckpointJudge::new(nodes, archive, deployed, accepted, own.clone()).run()
    };
    tokio::spawn(go_on(judge, news.clone(), AGAIN));
}

/// Does something until it ends, and from its beginning again, after a rest, where it ended by a fault of this program.
async fn go_on<F: Future<Output = ()> + Send + 'static>(
    work: impl Fn() -> F,
    news: Sender<ChildNews>,
    rest: Duration,
) {
    while tokio::spawn(work()).await.is_err() {
        let trouble = "what judges checkpoints ended by itself, and begins anew; report this, with what stands on standard error";
        if news.send(ChildNews::Trouble(trouble.into())).await.is_err() {
            return;
        }
        sleep(rest).await;
    }
}

/// What judges the segments of a block, and what executes them.
#[derive(Clone, Copy)]
struct BlockRules {
    judge: fn(&Hearing<'_>, u32, &OpenedSegments) -> Vec<Finding>,
    replay: fn(&Hearing<'_>, u32, &OpenedSegments, &mut Tree) -> Replayed,
}

impl Default for BlockRules {
    fn default() -> Self {
        Self {
            judge: |hearing, number, segments| hearing.judge_segments(number, segments),
            replay: |hearing, number, segments, state| {
                hearing.replay_block(number, segments, state)
            },
        }
    }
}

/// What a checkpoint is called here: its epoch, and the word that root keeps of it.
type CheckpointName = (u64, B256);

fn name(accepted: &Acceptance) -> CheckpointName {
    (accepted.epoch, accepted.record())
}

struct CheckpointJudge {
    nodes: CheckpointNodes,
    archive: SharedArchive,
    rules: BlockRules,
    deployed: Deployed,
    accepted: watch::Receiver<AcceptedCheckpoints>,
    facts: Option<Arc<CourtFacts>>,
    /// Block commitments of checkpoints.
    epochs: BTreeMap<CheckpointName, Arc<OpenedEpoch>>,
    /// How far each is judged.
    progress: BTreeMap<CheckpointName, EpochProgress>,
    turns: JudgeTurns,
    open: OpenCheckpoints,
    /// The state on which their blocks are executed again.
    carried: Option<CarriedState>,
    /// One that does not lead to what root keeps at this moment, and did before.
    aside: Option<CarriedState>,
    /// What nodes have shown of the one that it begins with.
    part: Option<PartState>,
    /// The last final checkpoint at which a state came to its end.
    barred: Option<u64>,
    /// The checkpoint and the block whose execution ended by itself.
    failed: Option<(CheckpointName, u32)>,
    news: Sender<ChildNews>,
    /// What is in the way here, as it was told.
    troubles: BTreeSet<String>,
}

impl CheckpointJudge {
    fn new(
        nodes: CheckpointNodes,
        archive: SharedArchive,
        deployed: Deployed,
        accepted: watch::Receiver<AcceptedCheckpoints>,
        news: Sender<ChildNews>,
    ) -> Self {
        Self {
            nodes,
            archive,
            rules: BlockRules::default(),
            deployed,
            accepted,
            facts: None,
            epochs: BTreeMap::new(),
            progress: BTreeMap::new(),
            turns: JudgeTurns::default(),
            open: OpenCheckpoints::default(),
            carried: None,
            aside: None,
            part: None,
            barred: None,
            failed: None,
            news,
            troubles: BTreeSet::new(),
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

    /// Judges what is not judged, by turns, and executes what was read behind each of them, until each had one or root says something else. Gives whether nothing is
    /// left to do.
    async fn judge_all(&mut self, now: &AcceptedCheckpoints) -> Result<bool, Deaf> {
        self.retain(now).await?;
        loop {
            let has_judged = self.judge_next(now).await?;
            let executed = self.replay_all(now).await?;
            self.tell_standing(now).await?;
            let goes_on = has_judged || executed == ReplayTurn::Unfinished;
            if !goes_on || self.accepted.has_changed().unwrap_or(true) {
                self.tell_late(&now.over).await?;
                return Ok(executed == ReplayTurn::Done && self.waiting(now).is_empty());
            }
        }
    }

    /// Lets go of what is over as all endpoints of root say, and of what is judged of a word that root does not keep any more. What a state has to be carried over
    /// stays, though it is final.
    async fn retain(&mut self, now: &AcceptedCheckpoints) -> Result<(), Deaf> {
        let kept = lock(&self.archive).state_epoch();
        let part = self.part.as_ref().map(PartState::epoch);
        let carried = self.carried.as_ref().map(CarriedState::epoch);
        let needed = [kept, part, carried].into_iter().flatten().min();
        let needed = needed.unwrap_or(u64::MAX).saturating_add(1);
        let oldest = now.over.finalized.saturating_sub(MAX_FINAL);
        let over = CheckpointsOver {
            finalized: now.over.finalized.min(needed.max(oldest)),
            void_from: now.over.void_from,
        };
        let lasts = |(epoch, word): &CheckpointName| {
            let is_same = now.of(*epoch).is_none_or(|one| one.record() == *word);
            is_same && !over.is_over(*epoch)
        };
        self.progress.retain(|name, _| lasts(name));
        self.epochs.retain(|name, _| lasts(name));
        match self.on_disk(move |archive| archive.retain(&over)).await {
            Ok(()) => Ok(()),
            Err(_) => self.tell_failed("what is kept of checkpoints").await,
        }
    }

    /// Epochs of which not all that is shown is judged.
    fn waiting(&self, now: &AcceptedCheckpoints) -> BTreeSet<u64> {
        let is_over = |one: &Acceptance| {
            let progress = self.progress.get(&name(one));
            progress.is_some_and(|progress| progress.is_over)
        };
        let open = now.open().filter(|one| !is_over(one));
        open.map(|one| one.epoch).collect()
    }

    /// Judges the checkpoint whose turn it is. Gives whether one had its turn: none has where no node would be asked.
    async fn judge_next(&mut self, now: &AcceptedCheckpoints) -> Result<bool, Deaf> {
        if self.nodes.rest() {
            return Ok(false);
        }
        let next = self.turns.next(&self.waiting(now));
        let Some(accepted) = next.and_then(|epoch| now.of(epoch)) else {
            return Ok(false);
        };
        let epoch = accepted.epoch;
        let mut progress = self.progress.remove(&name(accepted)).unwrap_or_default();
        let judged = self.judge(now, accepted, &mut progress).await;
        progress.is_over = judged.is_ok();
        self.progress.insert(name(accepted), progress);
        self.turns
            .note(epoch, !matches!(judged, Err(Unjudged::Later)));
        match judged {
            Ok(()) | Err(Unjudged::Later) => {}
            Err(Unjudged::Withheld(reason)) => {
                let reason = told(&reason);
                self.tell(ChildNews::Withheld { epoch, reason }).await?;
            }
            Err(Unjudged::Failed) => {
                let what = format!("judging checkpoint {epoch}");
                self.tell_failed(&what).await?;
            }
            Err(Unjudged::Deaf) => return Err(Deaf),
        }
        Ok(true)
    }

    /// Does something with the folder.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut CheckpointArchive) -> T + Send + 'static,
    ) -> Result<T, Unjudged> {
        let archive = Arc::clone(&self.archive);
        apart(move || work(&mut lock(&archive))).await
    }

    /// Tells what is in the way here, once.
    async fn tell_trouble(&mut self, trouble: String) -> Result<(), Deaf> {
        if self.troubles.len() >= MAX_TROUBLES {
            self.troubles.clear();
        }
        match self.troubles.insert(trouble.clone()) {
            true => self.tell(ChildNews::Trouble(trouble)).await,
            false => Ok(()),
        }
    }

    async fn tell_failed(&mut self, what: &str) -> Result<(), Deaf> {
        let trouble =
            format!("{what} ended by itself; report this, with what stands on standard error");
        self.tell_trouble(trouble).await
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
}

/// What nodes say, as it is told.
fn told(reason: &str) -> String {
    reason.chars().take(MAX_REASON).collect()
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

/// Works where it keeps nobody else from working: signatures take long, and so do gigabytes.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Unjudged> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Unjudged::Failed)
}

#[cfg(test)]
mod tests;
