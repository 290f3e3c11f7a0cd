//! Which challenge is next, and what is done about it.

use std::ops::Range;

use alloy_primitives::U256;
use alloy_sol_types::SolCall;

use super::super::plan::{Planned, StepView};
use super::super::{
    At, Call, ChildSource, IDataChallenges, IRootChain, PoolWait, ReportStep, RootMoment, Rpc,
    RpcError, Subject, WatchNotice, Watcher, Which, view_call,
};
use super::{DataNotice, DataQuestions, DataTurn, MAX_OPEN};
use crate::relay::challenges::{DataChallenge, DataTarget, asking};

/// Challenges of which root is asked in one look whether they are open, at most.
const MAX_LOOKED: usize = 4;
/// How often nobody must have shown it before a checkpoint is made void by it: it is looked for with longer and longer rests, so nodes that start again have that time.
const MIN_UNANSWERED: u32 = 4;
/// What an answer is paid for beside its bytes, and for each byte, with a tenth above: `ANSWER_GAS`, `ANSWER_BYTES` and `BYTE_GAS` of the contract.
const ANSWER_GAS: u64 = 60_000;
const ANSWER_BYTES: u64 = 2_048;
const BYTE_GAS: u64 = 64;

/// A step for a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::client::watcher) struct DataStep {
    target: DataTarget,
    step: ReportStep,
    /// Whether it goes before all but what makes a checkpoint void or shows evidence that is committed to.
    is_urgent: bool,
    deadline: u64,
}

impl DataStep {
    /// A question, whose deadline is not before this.
    pub(super) const fn ask(target: DataTarget, deadline: u64) -> Self {
        Self {
            target,
            step: ReportStep::Ask,
            is_urgent: true,
            deadline,
        }
    }

    pub(in crate::client::watcher) const fn goes_before(&self, other: &ReportStep) -> bool {
        self.is_urgent && !matches!(other, ReportStep::Prove | ReportStep::Reveal(_))
    }

    pub(in crate::client::watcher) fn planned(self) -> Planned {
        let subject = Subject::Data {
            target: self.target,
        };
        Planned {
            key: (subject, self.step),
            plan: StepView::Data,
        }
    }

    /// Those that are urgent first, then what makes void, questions, answers that have time, and money; the earliest deadline first.
    const fn order(&self) -> (u8, u64) {
        let rank = match (self.step, self.is_urgent) {
            (ReportStep::Answer, true) => 0,
            (ReportStep::Expire, _) => 1,
            (ReportStep::Ask, _) => 2,
            (ReportStep::Answer, false) => 3,
            _ => 4,
        };
        (rank, self.deadline)
    }
}

impl<C: ChildSource> Watcher<C> {
    /// What is next about challenges. Whoever reads the child is told which are open.
    pub(in crate::client::watcher) async fn plan_data(
        &mut self,
        rpc: &Rpc,
        at: At,
        now: &RootMoment,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<Option<DataStep>, RpcError> {
        let finalized = self.end.finalized;
        self.data.withheld = self.data.withheld.split_off(&finalized);
        self.data.missing = self.data.missing.split_off(&finalized);
        let count = self.records.settle_challenges(finalized);
        if count > 0 {
            say(&WatchNotice::Data(DataNotice::LeftOut { count }));
        }
        let open = self.records.challenges().open();
        let open: Vec<(DataTarget, DataChallenge)> =
            open.map(|(target, one)| (*target, one.clone())).collect();
        let book = self.records.challenges();
        let is_open = |target: &DataTarget| book.of(target).is_some();
        self.data.calls.retain(|target, _| is_open(target));
        self.data.unanswered.retain(|target, _| is_open(target));
        self.data.turns.retain(|target, _| {
            let stays = is_open(target);
            if !stays {
                self.patience.forget(Subject::Data { target: *target });
            }
            stays
        });
        if open.is_empty() && self.data.withheld.is_empty() && self.kept.asked.is_empty() {
            self.publish_questions(Vec::new());
            return Ok(None);
        }
        let call = IRootChain::voidableCall {};
        let told = view_call(rpc, self.contracts.root_chain, call, at).await?;
        let voidable = told.from..told.until;
        let mut steps = self.steps(&open, &voidable, now);
        if let Some(question) = self.question(rpc, at, now, &voidable, say).await? {
            steps.push(question);
        }
        self.ask_for_answers(&open, &voidable);
        self.read_answers(rpc, now.number, say).await;
        steps.sort_by_key(DataStep::order);
        self.first_open(rpc, at, now, steps).await
    }

    /// What could be done about each that is open.
    fn steps(
        &mut self,
        open: &[(DataTarget, DataChallenge)],
        voidable: &Range<u64>,
        now: &RootMoment,
    ) -> Vec<DataStep> {
        let own = self.wallet.address();
        let mut steps = Vec::new();
        for (target, one) in open {
            let (target, deadline) = (*target, one.deadline);
            let mut add = |step, is_urgent| {
                steps.push(DataStep {
                    target,
                    step,
                    is_urgent,
                    deadline,
                });
            };
            if !voidable.contains(&target.epoch()) {
                if one.challenger == own {
                    add(ReportStep::Refund, false);
                }
                continue;
            }
            let missed = self.data.unanswered.get(&target).copied();
            let (has_call, is_late) = (self.data.calls.contains_key(&target), now.time > deadline);
            if !has_call && !(is_late && missed.unwrap_or_default() >= MIN_UNANSWERED) {
                continue;
            }
            let subject = Subject::Data { target };
            let stagger = subject.stagger(&self.times, &self.options.beneficiary);
            let turn = self.data.turns.entry(target).or_insert(DataTurn {
                first: now.number.saturating_add(stagger),
                pool: PoolWait::default(),
            });
            let is_turn = turn.first <= now.number;
            let is_urgent = self.is_urgent_answer(deadline, now);
            match has_call {
                true if is_urgent || is_turn => add(ReportStep::Answer, is_urgent),
                false if is_turn => add(ReportStep::Expire, true),
                _ => {}
            }
        }
        steps
    }

    /// Whether half of A is over.
    const fn is_urgent_answer(&self, deadline: u64, now: &RootMoment) -> bool {
        now.time.saturating_add(self.data.windows.answer_secs / 2) >= deadline
    }

    /// The first of these that root says is open, and that is not left alone for now.
    async fn first_open(
        &mut self,
        rpc: &Rpc,
        at: At,
        now: &RootMoment,
        steps: Vec<DataStep>,
    ) -> Result<Option<DataStep>, RpcError> {
        let mut looked = 0_usize;
        for one in steps {
            let subject = Subject::Data { target: one.target };
            // What was not worth its gas is sent all the same once it is urgent.
            let is_due = one.is_urgent && self.patience.is_unworthy(subject, now.number);
            if self.patience.holds(subject, one.step, now.number) && !is_due {
                continue;
            }
            if one.step == ReportStep::Ask {
                return Ok(Some(one));
            }
            if looked >= MAX_LOOKED {
                break;
            }
            looked = looked.saturating_add(1);
            let call = IDataChallenges::challengedCall {
                target: one.target.into(),
            };
            let told = view_call(rpc, self.contracts.data_challenges, call, at).await?;
            if told.deadline == one.deadline && told.deadline != 0 {
                return Ok(Some(one));
            }
            // An event that root's state does not bear out: the same is not looked at in each block.
            self.patience
                .refused((subject, one.step), now.number, "it is not open on root");
        }
        Ok(None)
    }

    /// Tells whoever reads the child what is open and has no answer yet.
    fn ask_for_answers(&mut self, open: &[(DataTarget, DataChallenge)], voidable: &Range<u64>) {
        let times = |target: &DataTarget| {
            let times = self.data.unanswered.get(target);
            times.copied().unwrap_or_default()
        };
        let mut asked: Vec<(u32, u64, DataTarget)> = open
            .iter()
            .filter(|(target, _)| voidable.contains(&target.epoch()))
            .filter(|(target, _)| !self.data.calls.contains_key(target))
            .map(|(target, one)| (times(target), one.deadline, *target))
            .collect();
        asked.sort_unstable();
        let asked = asked.into_iter().take(MAX_OPEN);
        self.publish_questions(asked.map(|(.., target)| target).collect());
    }

    fn publish_questions(&self, open: Vec<DataTarget>) {
        let now = DataQuestions {
            open,
            withheld: self.withheld_epochs(),
        };
        self.data.questions.send_if_modified(|before| {
            let is_news = *before != now;
            *before = now;
            is_news
        });
    }

    /// Whether somebody else's answer, or a void, waits in the node's pool, for a few blocks in all.
    pub(in crate::client::watcher) async fn is_closed_in_pool(
        &mut self,
        rpc: &Rpc,
        target: DataTarget,
        now: &RootMoment,
    ) -> bool {
        let open = self.records.challenges().of(&target);
        let deadline = open.map_or(0, |one| one.deadline);
        let answers = self.data.calls.contains_key(&target);
        if answers && self.is_urgent_answer(deadline, now) {
            return false;
        }
        let call = IDataChallenges::challengedCall {
            target: target.into(),
        };
        let pool = view_call(rpc, self.contracts.data_challenges, call, At::Pending).await;
        let call = IRootChain::voidableCall {};
        let ends = view_call(rpc, self.contracts.root_chain, call, At::Pending).await;
        // An endpoint that tells nothing of its pool holds nothing back.
        let is_closed = pool.is_ok_and(|told| told.deadline == 0)
            || ends.is_ok_and(|told| told.until <= target.epoch());
        let turn = self.data.turns.get_mut(&target);
        is_closed && turn.is_some_and(|turn| turn.pool.lasts(now.number))
    }

    /// The call of a step.
    pub(in crate::client::watcher) fn data_call(
        &self,
        target: DataTarget,
        step: ReportStep,
    ) -> Option<Call> {
        let contract = self.contracts.data_challenges;
        let named = target.into();
        let data = match step {
            ReportStep::Answer => self.data.calls.get(&target)?.to_vec(),
            ReportStep::Expire => IDataChallenges::expireCall { target: named }.abi_encode(),
            ReportStep::Refund => IDataChallenges::refundCall { target: named }.abi_encode(),
            ReportStep::Ask => {
                let (_, value) = self.data.asking.filter(|(asked, _)| *asked == target)?;
                let data = asking(self.records.acceptance(target.epoch())?, target);
                let call = Call::to(contract, data);
                return Some(Call { value, ..call });
            }
            _ => return None,
        };
        Some(Call::to(contract, data))
    }

    /// What an answer is paid, as far as it is given only for that: none once half of A is over.
    pub(in crate::client::watcher) async fn pays_for(
        &self,
        rpc: &Rpc,
        target: DataTarget,
    ) -> Result<Option<U256>, RpcError> {
        let now = RootMoment {
            number: 0,
            time: self.root_time,
        };
        let open = self.records.challenges().of(&target);
        let open = open.map(|one| (one.deadline, one.price));
        let call = self.data.calls.get(&target);
        let Some(((deadline, price), call)) = open.zip(call) else {
            return Ok(None);
        };
        if self.is_urgent_answer(deadline, &now) {
            return Ok(None);
        }
        let bytes = u64::try_from(call.len()).unwrap_or(u64::MAX);
        let gas = BYTE_GAS.saturating_mul(ANSWER_BYTES.saturating_add(bytes));
        let gas = U256::from(gas.saturating_add(ANSWER_GAS).saturating_mul(11) / 10);
        let newest = rpc.header(Which::Latest).await?;
        let base = newest.and_then(|seen| seen.base_fee).unwrap_or_default();
        let pays = gas.saturating_mul(U256::from(base));
        Ok(Some(pays.min(price / U256::from(2))))
    }
}
