//! Which step about a challenge a watcher takes, so that several of them do not all take the same one.
//!
//! ```text
//! least time left ──▶ by deadline, whoever else sends it
//! else: of the answers with the earliest deadlines, the one that this watcher has first in an order of its own; what a pool shows as answered is left to whoever sent it
//! ```

use std::collections::BTreeMap;

use alloy_primitives::U256;

use super::super::second::About;
use super::super::{
    At, ChildSource, IDataChallenges, IRootChain, ReportStep, RootMoment, Rpc, RpcError, Subject,
    WatchNotice, Watcher, view_call,
};
use super::DataStep;
use crate::relay::challenges::{DataTarget, Tellers};
use crate::relay::seen::Block;

/// Challenges of which root is asked in one look whether they are open, at most, of those that both endpoints tell of and of those of each alone.
const MAX_LOOKED: usize = 4;
/// In how many looks root's state must not bear out that a challenge is open before it is let go of: an endpoint that is wrong once has nothing forgotten.
const MAX_DENIED: u32 = 3;
/// Answers among which a watcher has an order of its own: those with the earliest deadlines.
const WINDOW: usize = 16;
/// Root blocks before a deadline from which on an answer waits for nobody: more than the window has answers, which go one a block then.
const LAST_BLOCKS: u64 = 20;
/// Root blocks for which what one endpoint vetoed goes behind all else.
const VETOED_BLOCKS: u64 = 16;
/// And the other questions that the same endpoints tell: one invents any number of them.
const TURN_BLOCKS: u64 = 2;
/// The part of a budget that is kept for proofs and for answers that are urgent, and the part of it that is kept from those too.
const KEPT_PART: u64 = 4;
const PROOFS_PART: u64 = 8;

impl DataStep {
    /// Answers in the last moment, what makes void, answers that are urgent, questions, answers that have time, and money.
    const fn rank(&self) -> u8 {
        match (self.step, self.is_urgent) {
            (ReportStep::Answer, _) if self.is_last => 0,
            (ReportStep::Expire, _) => 1,
            (ReportStep::Answer, true) => 2,
            (ReportStep::Ask, _) => 3,
            (ReportStep::Answer, false) => 4,
            _ => 5,
        }
    }

    const fn is_shared(&self) -> bool {
        matches!(self.step, ReportStep::Answer) && !self.is_last
    }
}

impl<C: ChildSource> Watcher<C> {
    /// Puts them in the order in which they are tried.
    pub(super) fn order(&self, steps: &mut [DataStep]) {
        let book = self.records.challenges();
        let is_vetoed = |one: &DataStep| {
            let of = book.tellers(&one.target);
            self.data.vetoed.contains_key(&one.target) || self.data.vetoed_of.contains_key(&of)
        };
        for one in steps.iter_mut() {
            one.is_urgent &= !is_vetoed(one);
        }
        steps.sort_by_key(|one| (is_vetoed(one), one.rank(), one.deadline));
        let place = |one: &DataStep| (is_vetoed(one), one.rank());
        for run in steps.chunk_by_mut(|one, next| place(one) == place(next)) {
            if !run.first().is_some_and(DataStep::is_shared) {
                continue;
            }
            let count = run.len().min(WINDOW);
            if let Some(window) = run.get_mut(..count) {
                // What is on its way is not replaced by another one.
                window.sort_by_cached_key(|one| {
                    let place = one.target.place_of(&self.options.beneficiary);
                    (!self.is_on_the_way(one), place)
                });
            }
        }
    }

    /// The second endpoint does not say the same of a step that was to be sent, or says nothing: others have their turn. Where it only lacks the block, it does so of all steps, and the next look asks again.
    pub(in crate::client::watcher) fn give_way(
        &mut self,
        key: (Subject, ReportStep),
        now: &RootMoment,
    ) {
        let (Subject::Data { target }, step) = key else {
            return;
        };
        if self.confirmed.is_behind {
            return;
        }
        self.patience
            .unanswered(key, now.number, "the two endpoints do not say the same");
        if step == ReportStep::Ask {
            self.data.question_vetoed = Some(now.number);
        }
        if !self.confirmed.is_silent {
            let until = now.number.saturating_add(VETOED_BLOCKS);
            self.data.vetoed.insert(target, until);
            if step != ReportStep::Ask {
                let of = self.records.challenges().tellers(&target);
                let until = now.number.saturating_add(TURN_BLOCKS);
                self.data.vetoed_of.insert(of, until);
            }
        }
    }

    fn is_on_the_way(&self, one: &DataStep) -> bool {
        let subject = Subject::Data { target: one.target };
        let sending = self.kept.sending.as_ref();
        sending.is_some_and(|sent| sent.subject == subject && sent.step == one.step.name())
    }

    /// Whether so few root blocks are left that an answer waits for nobody.
    pub(super) const fn is_last_moment(&self, deadline: u64, now: &RootMoment) -> bool {
        let last = LAST_BLOCKS.saturating_mul(self.times.root_block_secs);
        now.time.saturating_add(last) >= deadline
    }

    /// Whether an answer is given whatever it costs: behind half of A and as many blocks as watchers go by turns, or in the last moment.
    pub(super) fn is_urgent_answer(
        &self,
        target: DataTarget,
        deadline: u64,
        now: &RootMoment,
    ) -> bool {
        let subject = Subject::Data { target };
        let stagger = subject.stagger(&self.times, &self.options.beneficiary);
        let turn = deadline.saturating_add(stagger.saturating_mul(self.times.root_block_secs));
        let half = self.data.windows.answer_secs / 2;
        self.is_last_moment(deadline, now) || now.time.saturating_add(half) >= turn
    }

    /// What root says of a challenge: nothing stands there of one that the contract does not take. None where an endpoint refuses to say.
    pub(super) async fn told_of(
        &self,
        rpc: &Rpc,
        target: DataTarget,
        at: At,
    ) -> Result<Option<IDataChallenges::Challenge>, RpcError> {
        let call = IDataChallenges::challengedCall {
            target: target.into(),
        };
        match view_call(rpc, self.contracts.data_challenges, call, at).await {
            Ok(told) => Ok(Some(told)),
            Err(RpcError::Refused { data: Some(_), .. }) => {
                Ok(Some(IDataChallenges::Challenge::default()))
            }
            Err(RpcError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The first of these that root says is open, that is not left alone for now, and that nobody else does just now.
    pub(super) async fn first_open(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        now: &RootMoment,
        steps: Vec<DataStep>,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<Option<DataStep>, RpcError> {
        let at = At::Hash(latest.hash);
        // What one endpoint invents keeps none from being looked at that the other one tells.
        let mut looked: BTreeMap<Tellers, usize> = BTreeMap::new();
        for mut one in steps {
            let subject = Subject::Data { target: one.target };
            // What was not worth its gas is sent all the same once it is urgent.
            let is_due = one.is_urgent && self.patience.is_unworthy(subject, now.number);
            if self.patience.holds(subject, one.step, now.number) && !is_due {
                continue;
            }
            if one.step == ReportStep::Ask {
                return Ok(Some(one));
            }
            let tellers = self.records.challenges().tellers(&one.target);
            let looked = looked.entry(tellers).or_default();
            if *looked >= MAX_LOOKED {
                continue;
            }
            *looked = looked.saturating_add(1);
            let told = self.told_of(rpc, one.target, at).await?;
            let deadline = told.as_ref().map_or(0, |told| told.deadline);
            if let Some(told) = told.clone().filter(|told| told.deadline != 0) {
                self.data.denied.remove(&one.target);
                self.data.doubted.remove(&one.target);
                let about = About::Subject(subject);
                // Events tell it wrongly. By one endpoint's word no deadline is taken for a later one, and what is to be done does not wait for that.
                if deadline != one.deadline && self.both_say(rpc, latest, &about, say).await {
                    self.records.correct_challenge(one.target, told.into());
                    if !self.is_still_due(&mut one, deadline, now) {
                        continue;
                    }
                }
                if one.step == ReportStep::Expire && now.time <= deadline {
                    let key = (subject, one.step);
                    self.patience
                        .unanswered(key, now.number, "its deadline is not over");
                    continue;
                }
                match self.is_closed_in_pool(rpc, &one, now).await {
                    true => continue,
                    false => return Ok(Some(one)),
                }
            }
            // An event that root's state does not bear out: the same is not looked at in each block, and nothing is let go of that only one endpoint denies.
            let is_sure = self
                .both_say(rpc, latest, &About::Subject(subject), say)
                .await;
            match told {
                Some(_) if is_sure => self.deny(one.target),
                // It keeps its place, behind all that nobody denies.
                Some(_) => {
                    self.data.doubted.insert(one.target);
                }
                None => {}
            }
            self.patience
                .refused((subject, one.step), now.number, "it is not open on root");
        }
        Ok(None)
    }

    /// Its deadline is another one than events told. Gives whether an answer goes now all the same: what an endpoint invents makes none wait for nobody.
    fn is_still_due(&self, one: &mut DataStep, deadline: u64, now: &RootMoment) -> bool {
        if one.step != ReportStep::Answer {
            return true;
        }
        one.is_last = self.is_last_moment(deadline, now);
        one.is_urgent &= self.is_urgent_answer(one.target, deadline, now);
        let turn = self.data.turns.get(&one.target);
        one.is_urgent || turn.is_none_or(|turn| turn.first <= now.number)
    }

    /// Root's state says that it is not open.
    fn deny(&mut self, target: DataTarget) {
        let denied = self.data.denied.entry(target).or_default();
        *denied = denied.saturating_add(1);
        if *denied >= MAX_DENIED {
            self.data.denied.remove(&target);
            self.data.calls.remove(&target);
            self.records.drop_challenge(&target);
        }
    }

    /// Whether somebody else's answer, or a void, waits in the node's pool, for a few blocks in all.
    async fn is_closed_in_pool(&mut self, rpc: &Rpc, one: &DataStep, now: &RootMoment) -> bool {
        let is_closing = matches!(one.step, ReportStep::Answer | ReportStep::Expire);
        let waits_for_nobody = one.step == ReportStep::Answer && one.is_last;
        if !is_closing || waits_for_nobody || self.is_on_the_way(one) {
            return false;
        }
        let target = one.target;
        let pool = self.told_of(rpc, target, At::Pending).await;
        let call = IRootChain::voidableCall {};
        let ends = view_call(rpc, self.contracts.root_chain, call, At::Pending).await;
        // An endpoint that tells nothing of its pool holds nothing back.
        let is_closed = pool.is_ok_and(|told| told.is_some_and(|told| told.deadline == 0))
            || ends.is_ok_and(|told| told.until <= target.epoch());
        let turn = self.data.turns.get_mut(&target);
        is_closed && turn.is_some_and(|turn| turn.pool.lasts(now.number))
    }

    /// What of a budget a step leaves alone, because proofs and urgent answers may need it: what is paid for by root comes back to the account and not to the budget.
    pub(in crate::client::watcher) fn kept_back(
        &self,
        (subject, step): (Subject, ReportStep),
        now: &RootMoment,
    ) -> U256 {
        let Subject::Data { target } = subject else {
            return U256::ZERO;
        };
        let deadline = self.records.challenges().of(&target);
        let deadline = deadline.map_or(u64::MAX, |one| one.deadline);
        let is_urgent = match step {
            ReportStep::Answer => self.is_urgent_answer(target, deadline, now),
            ReportStep::Expire => true,
            _ => false,
        };
        let budget = U256::from(self.options.budget.unwrap_or_default());
        match (is_urgent, step) {
            (true, ReportStep::Expire) => U256::ZERO,
            (true, _) => budget / U256::from(PROOFS_PART),
            (false, _) => budget / U256::from(KEPT_PART),
        }
    }
}
