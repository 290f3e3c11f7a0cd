//! Sends what is next, at the nonce of the block that was looked at.

use super::plan::{Planned, StepView};
use super::second::About;
use super::silence::Allowed;
use super::{
    At, ChildSource, Fees, ICourt, Instant, OffenceId, Offered, ReportStep, RootMoment, Rpc,
    RpcError, Subject, U256, WalletError, WatchNotice, Watcher, folder, view_call,
};
use crate::relay::seen::Block;

/// Gas for which a budget must have room beside a commitment, so that what it is made for can be paid too.
const REVEAL_GAS: u64 = 1_000_000;
/// Root blocks for which a reveal or a proof waits for another one that is in the node's pool, at most.
const MAX_POOL_WAIT: u64 = 3;

/// How long something waits for somebody else's that is in the node's pool, in all: what can be in no block may stand in a pool for ever.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PoolWait {
    /// The block in which the other one was first seen.
    seen: Option<u64>,
}

impl PoolWait {
    /// The other one is seen in this block. Gives whether it is waited for.
    pub(super) fn lasts(&mut self, number: u64) -> bool {
        let seen = *self.seen.get_or_insert(number);
        number.saturating_sub(seen) < MAX_POOL_WAIT
    }
}

impl<C: ChildSource> Watcher<C> {
    /// Looks after what was sent: once its nonce is used in the block that was looked at, it is over.
    pub(super) async fn mined(
        &mut self,
        nonce: u64,
        number: u64,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(), RpcError> {
        let over = self.kept.sending.as_ref();
        let Some(sending) = over.filter(|sending| sending.nonce < nonce).cloned() else {
            return Ok(());
        };
        let own = self.wallet.look(&sending.hashes).await?;
        let receipt = match &own {
            Some(_) => own.clone(),
            None => self.wallet.look(&sending.earlier).await?,
        };
        let told = receipt.and_then(|receipt| {
            let price = U256::from(receipt.gas_price?);
            Some(price.saturating_mul(U256::from(receipt.gas_used)))
        });
        // What cannot be found, or only one endpoint tells of, counts as dear as it can have been.
        let cost = sending.alone.or(told).unwrap_or(sending.most);
        let alone = sending.alone.unwrap_or_default();
        self.kept.spent = self.kept.spent.saturating_add(cost);
        self.kept.alone = self.kept.alone.saturating_add(alone);
        self.kept.sending = None;
        self.offered = None;
        if let Some(receipt) = own {
            if !receipt.succeeded {
                self.reverted(&sending, number);
            }
            say(&WatchNotice::Paid {
                subject: sending.subject,
                step: sending.step,
                hash: receipt.hash,
                gas_used: receipt.gas_used,
                succeeded: receipt.succeeded,
            });
        }
        self.save(say);
        Ok(())
    }

    /// Sends a step, unless it is on its way, root would refuse it, or it costs more than it brings or is left.
    pub(super) async fn send(
        &mut self,
        rpc: &Rpc,
        planned: &Planned,
        now: &RootMoment,
        (latest, nonce): (&Block, u64),
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(), RpcError> {
        let key = planned.key;
        let (subject, step) = key;
        let sending = self.kept.sending.as_ref();
        let again = sending.is_some_and(|sending| {
            (sending.nonce, sending.subject, &*sending.step) == (nonce, subject, step.name())
        });
        if again && self.is_on_its_way(rpc).await? {
            return Ok(());
        }
        if !again && self.is_anticipated(rpc, planned, now).await {
            return Ok(());
        }
        let Some(call) = self.call(planned) else {
            return Ok(());
        };
        let about = match (subject, step) {
            (Subject::Data { target }, ReportStep::Ask) => About::Question(target),
            _ => About::Subject(subject),
        };
        let is_alone = match self.allowed(rpc, latest, &about, say).await {
            Allowed::All => false,
            Allowed::Alone => true,
            Allowed::Nothing => {
                self.give_way(key, now);
                return Ok(());
            }
        };
        let left = self.left(key, now, is_alone);
        let name = "--budget";
        self.wallet
            .limit(left.map(|left| (left.saturating_to(), name)));
        let (gas, fees) = match self.wallet.limits(&call).await {
            Ok(limits) => limits,
            Err(error) => return self.failed(key, now, error, say),
        };
        if !self.is_worth(rpc, planned, (gas, fees), now, say).await?
            || !self.is_affordable(key, (gas, fees), (now, is_alone), say)
        {
            return Ok(());
        }
        let [cost, most] = self.wallet.max_cost((gas, fees));
        if self.options.dry_run {
            if self.patience.refused(key, now.number, "dry run") {
                let step = step.name();
                say(&WatchNotice::WouldSend {
                    subject,
                    step,
                    gas,
                    cost,
                });
            }
            return Ok(());
        }
        self.note(subject, step, (nonce, again), most);
        let before = self.kept.sending.as_ref().and_then(|one| one.alone);
        if is_alone && let Some(sending) = &mut self.kept.sending {
            sending.alone = Some(most);
        }
        // A restart knows by this what is on its way.
        if !self.save(say) {
            return Ok(());
        }
        let last = self
            .offered
            .and_then(|offered| offered.fees)
            .filter(|_| again);
        let bid = self.wallet.bid(call, nonce, last).await;
        let at = Instant::now();
        let (hashes, signed) = match &bid {
            Ok(sent) => {
                let [most, _] = self.wallet.max_cost((sent.gas, sent.fees));
                (sent.hashes.clone(), Some(most))
            }
            Err(error) if error.hashes().is_empty() => (Vec::new(), before),
            Err(error) => (error.hashes().to_vec(), Some(most)),
        };
        if let Some(sending) = &mut self.kept.sending {
            sending.hashes.extend(hashes);
            if is_alone {
                sending.alone = before.max(signed);
            }
        }
        self.save(say);
        match bid {
            Ok(sent) => {
                let fees = Some(sent.fees);
                self.offered = Some(Offered { at, fees });
                say(&WatchNotice::Sent {
                    subject,
                    step: step.name(),
                    hash: sent.hash(),
                    nonce,
                });
                Ok(())
            }
            Err(error) => self.failed(key, now, error, say),
        }
    }

    /// What is left of the budget, in wei, and of what one endpoint's word may cost; `None` when there is no such bound.
    fn left(&self, key: (Subject, ReportStep), now: &RootMoment, is_alone: bool) -> Option<U256> {
        let budget = self.options.budget.map(U256::from);
        let used = self.kept.spent.saturating_add(self.kept_back(key, now));
        let left = budget.map(|budget| budget.saturating_sub(used));
        let alone = is_alone.then(|| self.left_alone());
        left.into_iter().chain(alone).min()
    }

    /// Whether somebody else's reveal or proof waits in the node's pool, for a few blocks in all. A pool is nobody's word: an endpoint that tells nothing of
    /// it holds nothing back.
    async fn is_anticipated(&mut self, rpc: &Rpc, planned: &Planned, now: &RootMoment) -> bool {
        if let (Subject::Checkpoint { epoch }, ReportStep::Prove) = planned.key {
            return self.is_proven_in_pool(rpc, epoch, now).await;
        }
        let (subject, ReportStep::Reveal(_)) = planned.key else {
            return false;
        };
        let made = planned.plan.own().map_or(0, |own| own.block);
        let last = made.saturating_add(self.times.reveal_blocks);
        if now.number.saturating_add(MAX_POOL_WAIT) >= last
            || !self
                .is_revealed_in_pool(rpc, planned)
                .await
                .unwrap_or(false)
        {
            return false;
        }
        let case = self.cases.get_mut(&subject);
        case.is_some_and(|case| case.pool.lasts(now.number))
    }

    async fn is_revealed_in_pool(&self, rpc: &Rpc, planned: &Planned) -> Result<bool, RpcError> {
        let (subject, _) = planned.key;
        let court = self.contracts.court;
        match (subject, &planned.plan) {
            (Subject::Offence(OffenceId { epoch, operator }), StepView::Offence(seen)) => {
                let call = ICourt::offenceCall { operator, epoch };
                let known = view_call(rpc, court, call, At::Pending).await?;
                Ok(seen.offence.is_none() && known.registration != 0)
            }
            (Subject::Certificates { epoch, .. }, StepView::Certificates { last, .. }) => {
                let call = ICourt::lastOverlapCall { epoch };
                Ok(view_call(rpc, court, call, At::Pending).await? != *last)
            }
            _ => Ok(false),
        }
    }

    /// Whether a step that is done for money alone brings what it costs.
    async fn is_worth(
        &mut self,
        rpc: &Rpc,
        planned: &Planned,
        (gas, fees): (u64, Fees),
        now: &RootMoment,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<bool, RpcError> {
        let Some(pays) = self.pays(rpc, planned).await? else {
            return Ok(true);
        };
        let price = (fees.max.saturating_sub(fees.tip) / 2).saturating_add(fees.tip);
        let cost = U256::from(gas).saturating_mul(U256::from(price));
        if cost <= pays {
            return Ok(true);
        }
        if self.patience.unworthy(planned.key, now.number) {
            let (subject, step) = planned.key;
            let step = step.name();
            say(&WatchNotice::Unworthy {
                subject,
                step,
                cost,
                pays,
            });
        }
        Ok(false)
    }

    /// Whether the budget has room for a step, and of one that prepares a reveal for that too.
    fn is_affordable(
        &mut self,
        key: (Subject, ReportStep),
        (gas, fees): (u64, Fees),
        (now, is_alone): (&RootMoment, bool),
        say: &mut impl FnMut(&WatchNotice),
    ) -> bool {
        let Some(left) = self.left(key, now, is_alone) else {
            return true;
        };
        let (subject, step) = key;
        let more = match step {
            ReportStep::Commit | ReportStep::Show => REVEAL_GAS,
            _ => 0,
        };
        let cost = U256::from(gas.saturating_add(more)).saturating_mul(U256::from(fees.max));
        if cost <= left {
            return true;
        }
        if self.patience.refused(key, now.number, "budget") {
            let step = step.name();
            say(&WatchNotice::OverBudget {
                subject,
                step,
                cost,
                left,
                is_alone,
            });
        }
        false
    }

    /// Keeps what is about to be sent.
    fn note(
        &mut self,
        subject: Subject,
        step: ReportStep,
        (nonce, again): (u64, bool),
        most: U256,
    ) {
        if let (Subject::Data { target }, ReportStep::Ask) = (subject, step) {
            self.note_question(target, nonce);
        }
        if again {
            if let Some(sending) = &mut self.kept.sending {
                sending.most = sending.most.max(most);
            }
            return;
        }
        self.offered = None;
        let before = self.kept.sending.take();
        let before = before.filter(|before| before.nonce == nonce);
        let (mut earlier, mut dearest) = (Vec::new(), most);
        let alone = before.as_ref().and_then(|before| before.alone);
        if let Some(before) = before {
            earlier = [before.earlier, before.hashes].concat();
            dearest = dearest.max(before.most);
        }
        self.kept.sending = Some(folder::KeptSending {
            nonce,
            subject,
            step: step.name().into(),
            hashes: Vec::new(),
            earlier,
            most: dearest,
            alone,
        });
        if step == ReportStep::Commit
            && let Some(case) = self.cases.get_mut(&subject)
        {
            case.commits = case.commits.saturating_add(1);
            let own = |kept: &&mut folder::KeptCase| kept.is_of(&subject);
            if let Some(kept) = self.kept.cases.iter_mut().find(own) {
                kept.commits = case.commits;
            }
        }
    }

    /// Whether what was sent may still be mined as it is: it was sent a short while ago, or, after a restart, the node knows it.
    async fn is_on_its_way(&mut self, rpc: &Rpc) -> Result<bool, RpcError> {
        if let Some(offered) = self.offered {
            return Ok(offered.at.elapsed() < self.wallet.stuck());
        }
        let hashes = self.kept.sending.iter().flat_map(|one| one.hashes.clone());
        for hash in hashes.collect::<Vec<_>>() {
            if rpc.transaction_is_known(hash).await? {
                let at = Instant::now();
                self.offered = Some(Offered { at, fees: None });
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A step was not sent, or it is not known what the node did with it. What a contract refuses is left alone for a while.
    fn failed(
        &mut self,
        key: (Subject, ReportStep),
        now: &RootMoment,
        error: WalletError,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(), RpcError> {
        if let (Subject::Checkpoint { epoch }, ReportStep::Prove) = key {
            self.prove_otherwise(epoch);
        }
        if let (Subject::Data { target }, ReportStep::Answer) = key
            && matches!(error, WalletError::WouldRevert(_))
        {
            self.answer_otherwise(target);
        }
        // What an endpoint answers in words of its own is an answer: only one that gives none ends the look.
        let error = match error {
            WalletError::Rpc(error) if error.is_transient() => return Err(error),
            error => error,
        };
        let said = error.to_string();
        let is_news = match error {
            WalletError::Rpc(_) => self.patience.unanswered(key, now.number, &said),
            _ => self.patience.refused(key, now.number, &said),
        };
        if is_news {
            let (subject, step) = key;
            let step = step.name();
            say(&match error {
                WalletError::WouldRevert(reason) => WatchNotice::Refused {
                    subject,
                    step,
                    reason,
                },
                _ => WatchNotice::Trouble(said),
            });
        }
        Ok(())
    }
}
