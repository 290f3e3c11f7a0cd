//! What is asked for on root, and when: what no node shows of a checkpoint, the first part of each block before any second one, within a sum.

use std::ops::Range;

use super::super::second::About;
use super::super::{
    At, ChildSource, IDataChallenges, PoolWait, ReportStep, RootMoment, Rpc, RpcError, Subject,
    WatchNotice, Watcher, Which, view_call,
};
use super::{DataNotice, DataStep};
use crate::relay::challenges::{DataTarget, with_room};
use crate::relay::seen::Block;

/// What is missing is asked for when this part of C is over: a node that is down for a moment costs nobody anything.
const PATIENCE: u64 = 64;
/// Targets of which root is asked in one look whether somebody asked for them, at most.
const MAX_LOOKED: usize = 16;

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
        latest: &Block,
        now: &RootMoment,
        voidable: &Range<u64>,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<Option<DataStep>, RpcError> {
        self.data.asking = None;
        if self.data.question_vetoed == Some(now.number) {
            return Ok(None);
        }
        let Some(target) = self.unasked(rpc, latest, now, voidable, say).await? else {
            return Ok(None);
        };
        let at = At::Hash(latest.hash);
        let contract = self.contracts.data_challenges;
        if self.is_asked_in_pool(rpc, target, now).await {
            return Ok(None);
        }
        let kind = target.kind();
        let price = view_call(rpc, contract, IDataChallenges::priceCall { kind }, at).await?;
        let (deadline, told) = (price.deadline, price.price_);
        if self.is_backlog_too_long(deadline, now, target.epoch()) {
            return Ok(None);
        }
        let newest = rpc.header(Which::Latest).await?;
        let base_fee = newest.and_then(|seen| seen.base_fee).unwrap_or_default();
        let moment = (now.time, deadline);
        // Some endpoints reckon a price without the base fee where nothing is paid.
        let price = told.max(self.data.windows.prices.price(kind, base_fee, moment));
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

    /// The next one of which root does not say that somebody asked.
    async fn unasked(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        now: &RootMoment,
        voidable: &Range<u64>,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<Option<DataTarget>, RpcError> {
        let at = At::Hash(latest.hash);
        for _ in 0..MAX_LOOKED {
            let Some(target) = self.next_question(now, voidable) else {
                break;
            };
            let subject = Subject::Data { target };
            let told = self.told_of(rpc, target, at).await?;
            let is_asked = told.map(|told| !told.challenger.is_zero());
            let about = About::Subject(subject);
            if is_asked == Some(false) {
                return Ok(Some(target));
            }
            // Somebody asked, and it is answered or will be. By one endpoint's word nothing is taken for asked, and no other one waits for that.
            if is_asked == Some(true) && self.both_say(rpc, latest, &about, say).await {
                self.data.asked.insert(target);
            } else {
                let key = (subject, ReportStep::Ask);
                self.patience.unanswered(
                    key,
                    now.number,
                    "both do not say whether it is asked for",
                );
            }
        }
        Ok(None)
    }

    /// Whether somebody else's question for the same waits in the node's pool, for a few blocks in all.
    async fn is_asked_in_pool(&mut self, rpc: &Rpc, target: DataTarget, now: &RootMoment) -> bool {
        let subject = Subject::Data { target };
        let sending = self.kept.sending.as_ref();
        if sending.is_some_and(|sent| sent.subject == subject) {
            return false;
        }
        let pool = self.told_of(rpc, target, At::Pending).await;
        let is_asked = pool.is_ok_and(|told| told.is_some_and(|told| !told.challenger.is_zero()));
        let before = self.data.ask_wait.filter(|(waits, _)| *waits == target);
        let (_, mut wait) = before.unwrap_or((target, PoolWait::default()));
        let lasts = is_asked && wait.lasts(now.number);
        self.data.ask_wait = Some((target, wait));
        lasts
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
            let is_vetoed = self.data.vetoed.contains_key(target);
            (is_vetoed, target.epoch(), number, place)
        });
        let book = self.records.challenges();
        wanted.into_iter().find(|target| {
            let subject = Subject::Data { target: *target };
            let rests = self.patience.holds(subject, ReportStep::Ask, now.number);
            let is_asked = book.is_asked(target) || self.data.asked.contains(target);
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
}
