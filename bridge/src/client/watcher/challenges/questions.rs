//! What is asked for on root, and when: what no node shows of a checkpoint, the first part of each block before any second one, within a sum.

use std::ops::Range;

use alloy_primitives::U256;

use super::super::folder::KeptQuestion;
use super::super::{
    At, ChildSource, IDataChallenges, ReportStep, RootMoment, Rpc, RpcError, Subject, WatchNotice,
    Watcher, view_call,
};
use super::{DataNotice, DataStep};
use crate::relay::challenges::{DataTarget, with_room};

/// What is missing is asked for when this part of C is over: a node that is down for a moment costs nobody anything.
const PATIENCE: u64 = 64;

impl<C: ChildSource> Watcher<C> {
    /// Checkpoints of which it is to be found out what is missing: where it would be asked for, or stands on root.
    pub(in crate::client::watcher) fn withheld_epochs(&self) -> Vec<u64> {
        let withheld = self.data.withheld.keys().copied();
        let stands = |epoch: &u64| self.end.void_from.is_none_or(|from| *epoch < from);
        let withheld = withheld.filter(stands);
        withheld.filter(|epoch| self.is_wanted(*epoch)).collect()
    }

    fn is_wanted(&self, epoch: u64) -> bool {
        let answered = self.data.known.iter().any(|one| one.epoch() == epoch);
        answered || self.is_patience_over(epoch)
    }

    fn is_patience_over(&self, epoch: u64) -> bool {
        let patience = self.data.windows.ask_secs / PATIENCE;
        let since = self.data.withheld.get(&epoch);
        self.options.challenge_budget > 0
            && since.is_some_and(|since| self.root_time >= since.saturating_add(patience))
    }

    /// The question that is asked next, if there is one that is in time and within the sum.
    pub(super) async fn question(
        &mut self,
        rpc: &Rpc,
        at: At,
        now: &RootMoment,
        voidable: &Range<u64>,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<Option<DataStep>, RpcError> {
        self.settle_questions(rpc, at).await?;
        self.data.asking = None;
        let Some(target) = self.next_question(now, voidable) else {
            return Ok(None);
        };
        let contract = self.contracts.data_challenges;
        let Some(told) = self.told_of(rpc, target, at).await? else {
            return Ok(None);
        };
        if !told.challenger.is_zero() {
            // Somebody asked, and it is answered or will be.
            self.data.asked.insert(target);
            return Ok(None);
        }
        let kind = target.kind();
        let price = view_call(rpc, contract, IDataChallenges::priceCall { kind }, at).await?;
        let (deadline, price) = (price.deadline, price.price_);
        if self.is_backlog_too_long(deadline, now, target.epoch()) {
            return Ok(None);
        }
        let value = with_room(price);
        let left = self.left_for_questions(&target);
        if value > left {
            let epoch = target.epoch();
            if self.tells(format!("challenge budget {epoch}")) {
                say(&WatchNotice::Data(DataNotice::OverBudget {
                    target,
                    price: value,
                    left,
                }));
            }
            return Ok(None);
        }
        self.data.asking = Some((target, value));
        Ok(Some(DataStep::ask(target, deadline)))
    }

    /// The first missing part of the lowest checkpoint that can be asked for: first parts of all blocks before second ones, and those that nobody asked for. Among parts with one number each watcher has an order
    /// of its own: several of them ask for different ones, and nobody knows what is asked for last.
    fn next_question(&self, now: &RootMoment, voidable: &Range<u64>) -> Option<DataTarget> {
        let block = self.times.root_block_secs;
        let patient = |epoch: &u64| voidable.contains(epoch) && self.is_patience_over(*epoch);
        let in_time = |epoch: &u64| {
            let accepted = self.records.acceptance(*epoch);
            accepted.is_some_and(|accepted| {
                let until = accepted.time.saturating_add(self.data.windows.ask_secs);
                now.time.saturating_add(block) <= until
            })
        };
        let epochs = self.data.missing.iter();
        let epochs = epochs.filter(|(epoch, _)| patient(epoch) && in_time(epoch));
        let mut wanted: Vec<DataTarget> = epochs.flat_map(|(_, all)| all).copied().collect();
        wanted.sort_by_cached_key(|target| {
            let number = match target {
                DataTarget::Segment { number, .. } => *number,
                DataTarget::Leaf { .. } => u32::MAX,
            };
            let place = target.place_of(&self.options.beneficiary);
            (target.epoch(), number, place)
        });
        let book = self.records.challenges();
        wanted.into_iter().find(|target| {
            let subject = Subject::Data { target: *target };
            let rests = self.patience.holds(subject, ReportStep::Ask, now.number);
            let is_asked = book.of(target).is_some()
                || book.is_answered(target)
                || self.data.asked.contains(target);
            !is_asked && !rests
        })
    }

    /// The price doubles with each half of A of the backlog: nothing is added to a long one while there is time to wait.
    fn is_backlog_too_long(&self, deadline: u64, now: &RootMoment, epoch: u64) -> bool {
        let half = self.data.windows.answer_secs / 2;
        let earliest = now.time.saturating_add(self.data.windows.answer_secs);
        let accepted = self.records.acceptance(epoch);
        let ends = accepted.map_or(0, |one| one.time.saturating_add(self.data.windows.ask_secs));
        deadline > earliest.saturating_add(half) && now.time.saturating_add(half) < ends
    }

    /// What is left of the sum, beside what was sent for this question before.
    fn left_for_questions(&self, target: &DataTarget) -> U256 {
        let others = self.kept.asked.iter().filter(|one| one.target != *target);
        let held = others.fold(U256::ZERO, |sum, one| sum.saturating_add(one.price));
        U256::from(self.options.challenge_budget).saturating_sub(held)
    }

    /// A question is about to be sent: what it holds is kept before.
    pub(in crate::client::watcher) fn note_question(&mut self, target: DataTarget) {
        let Some((_, value)) = self.data.asking.filter(|(asked, _)| *asked == target) else {
            return;
        };
        let known = self.kept.asked.iter_mut();
        match known.into_iter().find(|one| one.target == target) {
            Some(one) => one.price = one.price.max(value),
            None => self.kept.asked.push(KeptQuestion {
                target,
                price: value,
                is_ours: false,
            }),
        }
    }

    /// What was sent and is not on its way any more holds nothing, unless root says that the question is ours: then it holds what was paid in.
    async fn settle_questions(&mut self, rpc: &Rpc, at: At) -> Result<(), RpcError> {
        // What comes back is free again once all endpoints say that its checkpoint is over: one that invents refunds has nobody pay more.
        let (paid_back, over) = (&self.data.paid_back, &self.checkpoints_over);
        let is_back =
            |target: &DataTarget| paid_back.contains(target) && over.is_over(target.epoch());
        self.kept.asked.retain(|one| !is_back(&one.target));
        let own = self.wallet.address();
        let sending = self.kept.sending.as_ref().map(|one| one.subject);
        let mut asked = std::mem::take(&mut self.kept.asked);
        let mut done = Ok(());
        for one in asked.iter_mut().filter(|one| !one.is_ours) {
            let target = one.target;
            if sending == Some(Subject::Data { target }) {
                continue;
            }
            match self.told_of(rpc, target, at).await {
                Ok(None) => {}
                Ok(Some(told)) => {
                    one.is_ours = told.challenger == own;
                    if told.price != 0 {
                        one.price = U256::from(told.price);
                    }
                    if !one.is_ours {
                        one.price = U256::ZERO;
                    }
                }
                Err(error) => {
                    done = Err(error);
                    break;
                }
            }
        }
        asked.retain(|one| !one.price.is_zero());
        self.kept.asked = asked;
        done
    }
}
