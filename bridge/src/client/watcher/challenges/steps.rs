//! Which challenge is next, and what is done about it.

use std::collections::BTreeMap;
use std::ops::Range;

use alloy_primitives::U256;
use alloy_sol_types::SolCall;

use super::super::plan::{Planned, StepView};
use super::super::{
    At, Call, ChildSource, IDataChallenges, IRootChain, PoolWait, ReportStep, RootMoment, Rpc,
    RpcError, Subject, WatchNotice, Watcher, Which, view_call,
};
use super::{DataNotice, DataQuestions, DataTurn, MAX_CALLS, MAX_OPEN};
use crate::relay::challenges::{DataChallenge, DataTarget, Tellers, asking};
use crate::relay::seen::Block;

/// How often nobody must have shown it before a checkpoint is made void by it: it is looked for with longer and longer rests, so nodes that start again have that time.
const MIN_UNANSWERED: u32 = 4;
/// What an answer is paid for beside its bytes, and for each byte, with a tenth above: `ANSWER_GAS`, `ANSWER_BYTES` and `BYTE_GAS` of the contract.
const ANSWER_GAS: u64 = 60_000;
const ANSWER_BYTES: u64 = 2_048;
const BYTE_GAS: u64 = 64;

/// A step for a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::client::watcher) struct DataStep {
    pub(super) target: DataTarget,
    pub(super) step: ReportStep,
    /// Whether it goes before all but what makes a checkpoint void or shows evidence that is committed to.
    pub(super) is_urgent: bool,
    /// Whether so little time is left that it waits for nobody.
    pub(super) is_last: bool,
    pub(super) deadline: u64,
}

impl DataStep {
    /// A question, whose deadline is not before this.
    pub(super) const fn ask(target: DataTarget, deadline: u64) -> Self {
        Self {
            target,
            step: ReportStep::Ask,
            is_urgent: true,
            is_last: false,
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
}

impl<C: ChildSource> Watcher<C> {
    /// What is next about challenges. Whoever reads the child is told which are open.
    pub(in crate::client::watcher) async fn plan_data(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        now: &RootMoment,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<Option<DataStep>, RpcError> {
        let at = At::Hash(latest.hash);
        self.compare_held(rpc, latest, say).await?;
        self.settle_questions(rpc, latest, say).await?;
        // What is let go of is final by the word of all endpoints.
        let finalized = self.checkpoints_over.finalized;
        self.data.withheld = self.data.withheld.split_off(&finalized);
        self.data.missing = self.data.missing.split_off(&finalized);
        self.data.asked.retain(|target| target.epoch() >= finalized);
        if let Some(count) = self.records.settle_challenges(finalized) {
            say(&WatchNotice::Data(DataNotice::LeftOut { count }));
        }
        let open = self.records.challenges().open();
        let open: Vec<(DataTarget, DataChallenge)> =
            open.map(|(target, one)| (*target, one.clone())).collect();
        let book = self.records.challenges();
        let is_open = |target: &DataTarget| book.of(target).is_some();
        self.data.calls.retain(|target, _| is_open(target));
        self.data.unanswered.retain(|target, _| is_open(target));
        self.data.denied.retain(|target, _| is_open(target));
        self.data.doubted.retain(is_open);
        self.data.vetoed.retain(|_, until| now.number < *until);
        self.data.vetoed_of.retain(|_, until| now.number < *until);
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
        if let Some(question) = self.question(rpc, latest, now, &voidable, say).await? {
            steps.push(question);
        }
        self.ask_for_answers(&open, &voidable);
        self.read_answers(rpc, now.number, say).await;
        self.order(&mut steps);
        self.first_open(rpc, latest, now, steps, say).await
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
            let is_last = self.is_last_moment(deadline, now);
            let mut add = |step, is_urgent| {
                steps.push(DataStep {
                    target,
                    step,
                    is_urgent,
                    is_last,
                    deadline,
                });
            };
            if !voidable.contains(&target.epoch()) {
                if one.challenger == own {
                    add(ReportStep::Refund, false);
                }
                continue;
            }
            let missed = self.data.unanswered.get(&target).map(|missed| missed.times);
            let (has_call, is_late) = (self.data.calls.contains_key(&target), now.time > deadline);
            let is_nowhere = is_late && missed.unwrap_or_default() >= MIN_UNANSWERED;
            if !has_call && !is_nowhere {
                continue;
            }
            let subject = Subject::Data { target };
            let stagger = subject.stagger(&self.times, &self.options.beneficiary);
            let turn = self.data.turns.entry(target).or_insert(DataTurn {
                first: now.number.saturating_add(stagger),
                pool: PoolWait::default(),
            });
            let is_turn = turn.first <= now.number;
            let is_urgent = self.is_urgent_answer(target, deadline, now);
            match has_call {
                true if is_urgent || is_turn => add(ReportStep::Answer, is_urgent),
                false if is_turn => add(ReportStep::Expire, true),
                _ => {}
            }
        }
        steps
    }

    /// Tells whoever reads the child what is open and has no answer yet: half of what there is room for is left to what is late, which was not looked for as often yet as it takes to make a checkpoint
    /// void, and the others go by their deadlines, those that nobody showed a moment ago behind the rest.
    fn ask_for_answers(&mut self, open: &[(DataTarget, DataChallenge)], voidable: &Range<u64>) {
        // Where there is no more room for answers, one with a later deadline than those has to wait.
        let last = (self.data.calls.len() >= MAX_CALLS).then(|| self.latest_call());
        let last = last.flatten();
        let book = self.records.challenges();
        let has_room = |target: &DataTarget, deadline: u64| {
            last.is_none_or(|(tellers, last, _)| deadline < last || book.tellers(target) != tellers)
        };
        let wanted = open
            .iter()
            .filter(|(target, _)| voidable.contains(&target.epoch()))
            .filter(|(target, one)| has_room(target, one.deadline))
            .filter(|(target, _)| !self.data.calls.contains_key(target));
        let (mut late, mut others) = (Vec::new(), Vec::new());
        for (target, one) in wanted {
            let missed = self.data.unanswered.get(target).copied();
            let missed = missed.unwrap_or_default();
            let is_doubted = self.data.doubted.contains(target);
            let rests = is_doubted || self.root_time < missed.rests_until;
            let is_late =
                self.root_time > one.deadline && missed.times < MIN_UNANSWERED && !is_doubted;
            match is_late {
                true => late.push((false, one.deadline, *target)),
                false => others.push((rests, one.deadline, *target)),
            }
        }
        let mut late = self.in_turn(late).into_iter();
        let first: Vec<DataTarget> = late.by_ref().take(MAX_OPEN / 2).collect();
        let others = self.in_turn(others);
        let asked = first.into_iter().chain(others).chain(late).take(MAX_OPEN);
        self.publish_questions(asked.collect());
    }

    /// Questions that both endpoints tell of, and questions that each tells alone, have their turns, and within these they go by rest and deadline: what one endpoint invents keeps none back that the other one tells.
    fn in_turn(&self, mut all: Vec<(bool, u64, DataTarget)>) -> Vec<DataTarget> {
        all.sort_unstable();
        let book = self.records.challenges();
        let mut turns: BTreeMap<Tellers, u32> = BTreeMap::new();
        let mut placed: Vec<(u32, DataTarget)> = Vec::new();
        for (.., target) in all {
            let turn = turns.entry(book.tellers(&target)).or_default();
            placed.push((*turn, target));
            *turn = turn.saturating_add(1);
        }
        placed.sort_by_key(|(turn, _)| *turn);
        placed.into_iter().map(|(_, target)| target).collect()
    }

    fn publish_questions(&self, open: Vec<DataTarget>) {
        let (withheld, book) = (self.withheld_epochs(), self.records.challenges());
        let asked = withheld.iter().flat_map(|epoch| book.asked_of(*epoch));
        let asked = asked
            .chain(self.data.asked.iter().map(|target| (*target, false)))
            .collect();
        let now = DataQuestions {
            open,
            withheld,
            asked,
        };
        self.data.questions.send_if_modified(|before| {
            let is_news = *before != now;
            *before = now;
            is_news
        });
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
        if self.is_urgent_answer(target, deadline, &now) {
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
