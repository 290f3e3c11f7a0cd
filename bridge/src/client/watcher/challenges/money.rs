//! What the questions of a watcher hold, and when that is free again.
//!
//! ```text
//! sent ──▶ root says it is ours: it holds what was paid in ──▶ paid back, as an event says that stands there still blocks later: free
//!   └────▶ its nonce is used, and root says, also blocks later, that nobody or somebody else asked: free
//! ```
//! Where there are two endpoints, both have to say so. What is answered is never free again. One endpoint that is alone and lies each time can have more asked for than the sum.

use std::collections::BTreeMap;

use alloy_primitives::U256;

use super::super::folder::KeptQuestion;
use super::super::second::About;
use super::super::{At, ChildSource, Rpc, RpcError, Subject, WatchNotice, Watcher};
use crate::relay::challenges::{DataTarget, is_paid_back_in, paid_back_topics};
use crate::relay::seen::Block;

/// Root blocks behind which what frees money is asked for once more.
const SETTLED_BLOCKS: u64 = 32;

/// What is known of the money of questions.
#[derive(Debug, Default)]
pub(super) struct QuestionMoney {
    /// The blocks in which questions of ours were paid back, as events say.
    pub(super) paid_back: BTreeMap<DataTarget, u64>,
    /// Since which block root says that what was sent is no question of ours.
    not_ours: BTreeMap<DataTarget, u64>,
    /// Questions of ours whose event was not read, which root was asked of.
    asked_of: Vec<DataTarget>,
}

impl<C: ChildSource> Watcher<C> {
    /// What is left of the sum, beside what was sent for this question before.
    pub(super) fn left_for_questions(&self, target: &DataTarget) -> U256 {
        let others = self.kept.asked.iter().filter(|one| one.target != *target);
        let held = others.fold(U256::ZERO, |sum, one| sum.saturating_add(one.price));
        U256::from(self.options.challenge_budget).saturating_sub(held)
    }

    /// A question is about to be sent with this nonce: what it holds is kept before.
    pub(in crate::client::watcher) fn note_question(&mut self, target: DataTarget, nonce: u64) {
        let Some((_, value)) = self.data.asking.filter(|(asked, _)| *asked == target) else {
            return;
        };
        self.data.money.not_ours.remove(&target);
        let known = self.kept.asked.iter_mut();
        match known.into_iter().find(|one| one.target == target) {
            Some(one) => {
                one.price = one.price.max(value);
                one.nonce = one.nonce.max(nonce);
            }
            None => self.kept.asked.push(KeptQuestion {
                target,
                price: value,
                nonce,
                is_ours: false,
            }),
        }
    }

    /// Finds out what became of what was sent, and what of it holds nothing any more.
    pub(super) async fn settle_questions(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(), RpcError> {
        let at = At::Hash(latest.hash);
        let own = self.wallet.address();
        let mut free = Vec::new();
        for one in self.kept.asked.clone() {
            let is_free = match one.is_ours {
                true => self.is_paid_back(rpc, latest, one.target).await,
                false => self.is_not_ours(rpc, latest, &one, say).await?,
            };
            if is_free {
                free.push(one.target);
            }
        }
        self.kept.asked.retain(|one| !free.contains(&one.target));
        // The event of a question can be older than what is read behind a start.
        let book = self.records.challenges();
        let unread = self.kept.asked.iter().filter(|one| one.is_ours);
        let unread = unread.map(|one| one.target);
        let mut unread = unread.filter(|target| {
            let is_known = book.of(target).is_some() || book.is_answered(target);
            !is_known && !self.data.money.asked_of.contains(target)
        });
        let Some(target) = unread.next() else {
            return Ok(());
        };
        let told = self.told_of(rpc, target, at).await?;
        self.data.money.asked_of.push(target);
        if let Some(told) = told.filter(|told| told.challenger == own && told.deadline != 0) {
            self.records.adopt_challenge(target, told.into());
        }
        Ok(())
    }

    /// Whether what was sent is no question of ours, and never will be: root said so in a block long ago, and both endpoints do now. What is ours holds what was paid in.
    async fn is_not_ours(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        one: &KeptQuestion,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<bool, RpcError> {
        let (target, account) = (one.target, self.wallet.address());
        let at = At::Hash(latest.hash);
        if rpc.nonce(account, at).await? <= one.nonce {
            self.data.money.not_ours.remove(&target);
            return Ok(false);
        }
        let Some(told) = self.told_of(rpc, target, at).await? else {
            return Ok(false);
        };
        let is_ours = told.challenger == account;
        if is_ours {
            self.data.money.not_ours.remove(&target);
        } else {
            let since = self.data.money.not_ours.entry(target);
            let since = *since.or_insert(latest.number);
            if latest.number.saturating_sub(since) < SETTLED_BLOCKS {
                return Ok(false);
            }
        }
        let about = About::Subject(Subject::Data { target });
        if !self.both_say(rpc, latest, &about, say).await {
            return Ok(false);
        }
        self.data.money.not_ours.remove(&target);
        if is_ours {
            for kept in self
                .kept
                .asked
                .iter_mut()
                .filter(|kept| kept.target == target)
            {
                kept.is_ours = true;
                if told.price != 0 {
                    kept.price = U256::from(told.price);
                }
            }
        }
        Ok(!is_ours)
    }

    /// Whether both endpoints say that a question of ours was paid back, of a checkpoint that is over for both, in a block that is no new one.
    async fn is_paid_back(&mut self, rpc: &Rpc, latest: &Block, target: DataTarget) -> bool {
        let block = self.data.money.paid_back.get(&target).copied();
        let is_old = |block: &u64| latest.number >= block.saturating_add(SETTLED_BLOCKS);
        let Some(block) = block.filter(is_old) else {
            return false;
        };
        if !self.checkpoints_over.is_over(target.epoch()) {
            return false;
        }
        let (contract, account) = (self.contracts.data_challenges, self.wallet.address());
        let topics = paid_back_topics(target.epoch());
        let mut told = vec![rpc.logs_of(block, contract, &topics).await];
        if let Some(second) = self.second.clone() {
            let logs = second.logs_of(block, contract, &topics);
            told.push(self.silence.within(logs).await);
        }
        let mut is_back = true;
        for logs in told {
            match logs {
                Ok(logs) => is_back &= is_paid_back_in(&logs, target, account),
                // It is asked for again.
                Err(_) => return false,
            }
        }
        self.data.money.paid_back.remove(&target);
        is_back
    }
}
