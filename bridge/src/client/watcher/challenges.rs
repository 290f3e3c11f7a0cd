//! Challenges of accepted checkpoints' data (PROTOCOL section 13): whatever somebody asks for on root is answered as soon as somebody who reads the child has the answer, and what nobody shows is
//! asked for, within a sum of its own.
//!
//! ```text
//! DataChallenges: what is open ──▶ who reads the child: from the folder, or from any node ──▶ answer, or nobody shows it: expire behind the deadline
//! what no node shows of a checkpoint, for longer than the patience ──▶ ask ──▶ an answer stands in an event of root: back to whoever reads the child
//! ```
//! What is open says root in the block that is looked at: events only tell where to look. So nothing is paid twice, whatever was sent before.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, Bytes, U256};
use tokio::sync::{mpsc, watch};

use super::folder::KeptSending;
use super::{
    At, ChildSource, IDataChallenges, PoolWait, ReportStep, Rpc, RpcError, Subject, WatchNotice,
    Watcher, view_call,
};
use crate::relay::challenges::{DataEvent, DataTarget, DoublingCount, QuestionPrices, Tellers};

mod answers;
mod heard;
mod money;
mod questions;
mod steps;
mod turns;

use answers::RestingAnswer;
pub use answers::RootAnswer;
use money::QuestionMoney;
pub(super) use steps::DataStep;

/// Open challenges that whoever reads the child works on at a time, at most.
const MAX_OPEN: usize = 8;
/// Answers from root that wait for whoever reads the child, at most.
const MAX_ANSWERS: usize = 16;
/// Answers that are kept until they are sent, at most: those are worked on.
const MAX_CALLS: usize = 64;
/// How long what nobody shows gives way to other questions, at most, in seconds: no reader rests for longer.
const MAX_REST_SECS: u64 = 60;

/// How long a challenge takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct DataWindows {
    /// A, in seconds.
    answer_secs: u64,
    /// C, in seconds.
    ask_secs: u64,
    /// What a question costs.
    prices: QuestionPrices,
}

impl DataWindows {
    pub(super) async fn read(rpc: &Rpc, contract: Address) -> Result<Self, RpcError> {
        let call = IDataChallenges::parametersCall {};
        let given = view_call(rpc, contract, call, At::Latest).await?;
        let call = IDataChallenges::challengeSecsCall {};
        Ok(Self {
            answer_secs: given.answerSecs,
            prices: QuestionPrices {
                floor: U256::from(given.floor),
                answer_secs: given.answerSecs,
            },
            ask_secs: view_call(rpc, contract, call, At::Latest).await?,
        })
    }
}

/// What whoever reads the child is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataQuestions {
    /// Open challenges without an answer, the most urgent ones first; those that nobody showed a moment ago behind the others.
    pub open: Vec<DataTarget>,
    /// Checkpoints of which something was withheld: what of them is missing?
    pub withheld: Vec<u64>,
    /// What of them somebody asked for on root before, and whether it is open still.
    pub asked: BTreeMap<DataTarget, bool>,
}

/// What the watcher and whoever reads the child tell each other beside the news.
#[derive(Debug)]
pub struct DataDialogue {
    /// What is asked.
    pub questions: watch::Receiver<DataQuestions>,
    /// What stands on root, of checkpoints of which something was withheld.
    pub answers: mpsc::Receiver<RootAnswer>,
}

/// What a watcher says of challenges.
#[derive(Clone, Debug)]
pub enum DataNotice {
    /// An event on root.
    Root(DataEvent),
    /// Nobody shows what is asked for.
    Unanswered {
        /// What is asked for.
        target: DataTarget,
        /// Until when it can be answered for certain, in seconds of root's clock.
        deadline: u64,
        /// What nodes say.
        reason: String,
    },
    /// There is no more room for questions in the sum that they may hold.
    OverBudget {
        /// What is not asked for.
        target: DataTarget,
        /// What it costs now, in wei, with room for a rise.
        price: U256,
        /// What is left, in wei.
        left: U256,
    },
    /// An answer on root that the endpoint does not give: it is asked for again.
    Hidden {
        /// What was asked for.
        target: DataTarget,
        /// The block.
        block: u64,
    },
    /// What an endpoint shows as an answer on root is none: it is asked for again.
    FalseAnswer {
        /// What was asked for.
        target: DataTarget,
    },
    /// The first endpoint does not tell that somebody asks, and the second one does. It is answered once both say in root's state that it is open.
    Untold {
        /// The first endpoint.
        place: String,
        /// What is asked for: one of those that are news.
        target: DataTarget,
        /// How many such questions there are by now; said again when they are twice as many.
        count: u64,
    },
    /// Root holds a checkpoint up for a question that no endpoint tells of: events are read again.
    Unheard {
        /// Its epoch.
        epoch: u64,
    },
    /// More challenges are open than are kept; those with the latest deadlines are not answered.
    LeftOut {
        /// How many more; said again when they are twice as many.
        count: u64,
    },
}

/// When a watcher answers, or makes void.
#[derive(Clone, Copy, Debug)]
struct DataTurn {
    /// The first root block in which it does.
    first: u64,
    /// How long it waits for somebody else's.
    pool: PoolWait,
}

/// What nobody showed.
#[derive(Clone, Copy, Debug, Default)]
struct Unanswered {
    /// How often.
    times: u32,
    /// Until when others go first, in seconds of root's clock.
    rests_until: u64,
}

/// What is known of challenges beside what root says.
#[derive(Debug)]
pub(super) struct DataDesk {
    windows: DataWindows,
    questions: watch::Sender<DataQuestions>,
    read: mpsc::Sender<RootAnswer>,
    reads: Option<mpsc::Receiver<RootAnswer>>,
    /// Calls that answer.
    calls: BTreeMap<DataTarget, Bytes>,
    /// How often nobody showed it.
    unanswered: BTreeMap<DataTarget, Unanswered>,
    /// In how many looks root's state did not bear out that it is open.
    denied: BTreeMap<DataTarget, u32>,
    /// What one endpoint's state denies, and not the other one's.
    doubted: BTreeSet<DataTarget>,
    /// What one endpoint says in root's state and the other one does not, when a step was to be sent: until which block it gives way to all else.
    vetoed: BTreeMap<DataTarget, u64>,
    /// Of whom a question was told for which that was so, and until which block the others that they tell give way.
    vetoed_of: BTreeMap<Tellers, u64>,
    /// The block in which a question was last vetoed: in that one no other is asked.
    question_vetoed: Option<u64>,
    /// Checkpoints of which something is withheld, and since when, in seconds of root's clock.
    withheld: BTreeMap<u64, u64>,
    /// What of them is missing.
    missing: BTreeMap<u64, BTreeSet<DataTarget>>,
    /// Answers on root that were read.
    known: BTreeSet<DataTarget>,
    /// What root says that somebody asked for, though no event does.
    asked: BTreeSet<DataTarget>,
    /// Answers on root that were asked for, and when they are asked for again.
    resting: BTreeMap<DataTarget, RestingAnswer>,
    /// Who tells of the answer that was asked for last.
    last_read: Tellers,
    /// Of how many answers an endpoint did not give the event, and how many that it gave are none.
    hidden: DoublingCount,
    false_answers: DoublingCount,
    turns: BTreeMap<DataTarget, DataTurn>,
    /// The money of our questions.
    money: QuestionMoney,
    /// How long a question waits for somebody else's.
    ask_wait: Option<(DataTarget, PoolWait)>,
    /// The question that is asked next, with what is sent along.
    asking: Option<(DataTarget, U256)>,
}

impl DataDesk {
    pub(super) fn new(windows: DataWindows) -> Self {
        let (read, reads) = mpsc::channel(MAX_ANSWERS);
        Self {
            windows,
            questions: watch::Sender::default(),
            read,
            reads: Some(reads),
            calls: BTreeMap::new(),
            unanswered: BTreeMap::new(),
            denied: BTreeMap::new(),
            doubted: BTreeSet::new(),
            vetoed: BTreeMap::new(),
            vetoed_of: BTreeMap::new(),
            question_vetoed: None,
            withheld: BTreeMap::new(),
            missing: BTreeMap::new(),
            known: BTreeSet::new(),
            asked: BTreeSet::new(),
            resting: BTreeMap::new(),
            last_read: Tellers::Second,
            hidden: DoublingCount::default(),
            false_answers: DoublingCount::default(),
            turns: BTreeMap::new(),
            money: QuestionMoney::default(),
            ask_wait: None,
            asking: None,
        }
    }
}

impl<C: ChildSource> Watcher<C> {
    /// What it asks whoever reads the child, and tells it. There is one such.
    pub fn dialogue(&mut self) -> Option<DataDialogue> {
        let answers = self.data.reads.take()?;
        Some(DataDialogue {
            questions: self.data.questions.subscribe(),
            answers,
        })
    }

    /// An event of root, each time that it is read.
    pub(super) fn hear_data(&mut self, event: &DataEvent, block: u64) {
        if let DataEvent::PaidBack { target, .. } = event
            && self.kept.asked.iter().any(|one| one.target == *target)
        {
            self.data.money.paid_back.insert(*target, block);
        }
    }

    /// Somebody has the answer to a challenge.
    pub(super) fn take_answer(&mut self, target: DataTarget, call: Bytes) {
        self.data.unanswered.remove(&target);
        self.data.calls.insert(target, call);
        if self.data.calls.len() > MAX_CALLS
            && let Some((.., last)) = self.latest_call()
        {
            self.data.calls.remove(&last);
        }
    }

    /// The answer whose deadline is the latest, of those to questions that the same endpoints tell of as most do: before all others one that root may not wait for any more.
    fn latest_call(&self) -> Option<(Tellers, u64, DataTarget)> {
        let book = self.records.challenges();
        let open = |target: &DataTarget| {
            let is_doubted = self.data.doubted.contains(target);
            book.of(target).filter(|_| !is_doubted)
        };
        let deadline = |target: &DataTarget| open(target).map_or(u64::MAX, |one| one.deadline);
        let of = |tellers: Tellers| {
            let calls = self.data.calls.keys();
            calls.filter(move |target| book.tellers(target) == tellers)
        };
        let most = Tellers::ALL.into_iter();
        let most = most.max_by_key(|tellers| of(*tellers).count())?;
        of(most)
            .map(|target| (most, deadline(target), *target))
            .max_by_key(|(_, deadline, target)| (*deadline, *target))
    }

    /// Nobody shows what a challenge asks for.
    pub(super) fn no_answer(
        &mut self,
        target: DataTarget,
        reason: String,
        say: &mut impl FnMut(&WatchNotice),
    ) {
        let Some(open) = self.records.challenges().of(&target) else {
            return;
        };
        let deadline = open.deadline;
        let block = self.times.root_block_secs;
        let missed = self.data.unanswered.entry(target).or_default();
        missed.times = missed.times.saturating_add(1);
        let rest = block.saturating_mul(missed.times.into()).min(MAX_REST_SECS);
        missed.rests_until = self.root_time.saturating_add(rest);
        if missed.times == 1 {
            say(&WatchNotice::Data(DataNotice::Unanswered {
                target,
                deadline,
                reason,
            }));
        }
    }

    /// Root refused an answer: another one is looked for.
    pub(super) fn answer_otherwise(&mut self, target: DataTarget) {
        self.data.calls.remove(&target);
    }

    /// What was sent for a challenge reverted in its block: that counts as refused, and rests.
    pub(super) fn reverted(&mut self, sending: &KeptSending, number: u64) {
        let Subject::Data { target } = sending.subject else {
            return;
        };
        let mut steps = [
            ReportStep::Answer,
            ReportStep::Ask,
            ReportStep::Expire,
            ReportStep::Refund,
        ]
        .into_iter();
        if let Some(step) = steps.find(|step| step.name() == sending.step) {
            let key = (sending.subject, step);
            self.patience
                .refused(key, number, "it reverted in its block");
            if step == ReportStep::Answer {
                self.answer_otherwise(target);
            }
        }
    }

    /// No node shows all of a checkpoint.
    pub(super) fn is_missing(&mut self, epoch: u64) {
        self.data.withheld.entry(epoch).or_insert(self.root_time);
    }

    /// All of it is there by now.
    pub(super) fn is_shown(&mut self, epoch: u64) {
        self.data.withheld.remove(&epoch);
        self.data.missing.remove(&epoch);
    }

    /// What of a checkpoint is nowhere. That is one part of each block at most, and where it is nothing, the checkpoint may still be withheld: only who judged all of it says that it is not.
    pub(super) fn take_missing(&mut self, epoch: u64, targets: Vec<DataTarget>) {
        let most = usize::try_from(self.epoch_blocks).unwrap_or(usize::MAX);
        let targets = targets.into_iter().filter(|one| one.epoch() == epoch);
        let missing: BTreeSet<DataTarget> = targets.take(most).collect();
        self.data.missing.insert(epoch, missing);
    }
}

#[cfg(test)]
impl<C: ChildSource> Watcher<C> {
    /// What it has answers to.
    pub(super) const fn data_calls(&self) -> &BTreeMap<DataTarget, Bytes> {
        &self.data.calls
    }

    /// A, which the test's root says nothing of.
    pub(super) const fn data_answered_within(&mut self, secs: u64) {
        self.data.windows.answer_secs = secs;
    }

    /// A checkpoint is withheld since then.
    pub(super) fn data_withheld_since(&mut self, epoch: u64, time: u64) {
        self.data.withheld.insert(epoch, time);
    }
}
