//! Accepted checkpoints that break a rule of the child. The reader of the child judges them, and hands over the proof that shows root that one is broken; this module keeps the proof
//! until the checkpoint is void or final, and sends it.
//!
//! ```text
//! root: acceptances ──▶ the reader of the child: opened, judged ──▶ (rule, call of FraudCourt) ──▶ watch.json ──▶ dry run, send, void
//! ```

use std::collections::BTreeSet;

use alloy_primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{
    At, Call, ChildSource, DeploymentEnd, IRootChain, PoolWait, RootMoment, Rpc, Subject,
    WatchNotice, Watcher, view_call,
};
use crate::proof::deployment;
use crate::relay::acceptance::Acceptance;
use crate::relay::watch::{Decision, End, ReportStep};

/// The most proofs that are kept: those of the lowest epochs, because when one checkpoint is void all behind it are void too. Of one epoch several are kept, because another one is sent where root refuses one.
pub(super) const MAX_UNSOUND: usize = 32;
const MAX_OF_EPOCH: usize = 4;
/// Bytes of a proof, at most: no node of root takes larger transactions.
const MAX_PROOF: usize = 128 << 10;
/// When a checkpoint can be final in at most this number of root blocks, its proof does not wait for other watchers.
const URGENT_BLOCKS: u64 = 64;

/// How many final checkpoints are published with those that are not final, because the reader's state may stand behind one of them and is carried on from there.
pub const MAX_FINAL: u64 = 12;

/// A checkpoint that breaks a rule, and the proof that shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnsoundCheckpoint {
    /// The epoch of the checkpoint.
    pub epoch: u64,
    /// The word that root keeps of it, which the proof opens.
    pub record: B256,
    /// The rule that it breaks: `L1` to `L15`, `bad_signature`, `wrong_sender` or `bad_segment`.
    pub rule: String,
    /// How it breaks the rule.
    pub reason: String,
    /// The height of the block that breaks it.
    pub height: u64,
    /// The call of `FraudCourt`; `None` when the data that the call needs is not there.
    pub call: Option<Bytes>,
}

/// The checkpoints that root has accepted and can still call void, as root keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AcceptedCheckpoints {
    /// The acceptances in ascending order: at most [`MAX_FINAL`] of the last final ones, and then those that are not final.
    pub acceptances: Vec<Acceptance>,
    /// How many checkpoints are final.
    pub finalized: u64,
    /// The checkpoints that are over, as all endpoints of root say; what is kept of them may be deleted.
    pub over: CheckpointsOver,
}

/// Checkpoints that are final or void, as all endpoints of root say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckpointsOver {
    /// The checkpoints of lower epochs are final.
    pub finalized: u64,
    /// The checkpoints from this epoch on are void.
    pub void_from: Option<u64>,
}

impl CheckpointsOver {
    /// Whether the checkpoint of an epoch is void, or final and not the last final one, which is still needed because the next one follows it.
    #[must_use]
    pub fn is_over(&self, epoch: u64) -> bool {
        let is_void = self.void_from.is_some_and(|from| from <= epoch);
        is_void || epoch.saturating_add(1) < self.finalized
    }
}

/// When a watcher proves that a checkpoint is broken.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProveTurn {
    /// The first root block in which it does.
    first: u64,
    /// How long it waits for somebody else's proof.
    pool: PoolWait,
}

impl UnsoundCheckpoint {
    /// Whether root takes its proof.
    fn is_provable(&self) -> bool {
        let call = self.call.as_ref();
        call.is_some_and(|call| call.len() <= MAX_PROOF)
    }
}

impl AcceptedCheckpoints {
    /// The acceptances that are not final.
    pub fn open(&self) -> impl Iterator<Item = &Acceptance> {
        let accepted = self.acceptances.iter();
        accepted.filter(|one| one.epoch >= self.finalized)
    }

    /// The acceptance of an epoch.
    #[must_use]
    pub fn of(&self, epoch: u64) -> Option<&Acceptance> {
        self.acceptances.iter().find(|one| one.epoch == epoch)
    }
}

impl<C: ChildSource> Watcher<C> {
    /// The checkpoints that root has accepted and can still call void, published at each look.
    #[must_use]
    pub fn accepted(&self) -> watch::Receiver<AcceptedCheckpoints> {
        self.standing.subscribe()
    }

    /// Tells the reader of the child what there is to judge. `is_confirmed` says whether all endpoints agree about how far root is.
    pub(super) fn publish(&mut self, is_confirmed: bool) {
        let finalized = self.end.finalized;
        self.withheld = self.withheld.split_off(&finalized);
        self.behind = self.behind.split_off(&finalized);
        let first = finalized.saturating_sub(MAX_FINAL);
        let last = self.end.void_from.unwrap_or(self.accepted);
        if is_confirmed {
            self.checkpoints_over = CheckpointsOver {
                finalized,
                void_from: self.end.void_from,
            };
        }
        let known = self.records.acceptances_of(first..last);
        let now = AcceptedCheckpoints {
            acceptances: known.cloned().collect(),
            finalized,
            over: self.checkpoints_over,
        };
        self.standing.send_if_modified(|before| {
            let is_news = *before != now;
            *before = now;
            is_news
        });
    }

    /// Whether root keeps another word of this checkpoint than the one that the proof opens. Where root's word is not known at this moment, the answer is no.
    fn is_other(&self, found: &UnsoundCheckpoint) -> bool {
        let accepted = self.records.acceptance(found.epoch).map(Acceptance::record);
        accepted.is_some_and(|word| word != found.record)
    }

    /// Says what was found about words that root did not keep when the finding was handed over, and that root keeps again now.
    pub(super) fn accuse_returned(&mut self, say: &mut impl FnMut(&WatchNotice)) {
        let over = self.checkpoints_over.finalized;
        for found in std::mem::take(&mut self.elsewhere) {
            if found.epoch >= over {
                self.accuse_checkpoint(found, say);
            }
        }
    }

    /// Takes over the proof that a checkpoint is broken, and says it. Where root keeps another word at this moment, the proof is put aside until root goes back to this word,
    /// because the reader of the child hands each finding over only once.
    pub(super) fn accuse_checkpoint(
        &mut self,
        found: UnsoundCheckpoint,
        say: &mut impl FnMut(&WatchNotice),
    ) {
        if self.kept.unsound.contains(&found) {
            return;
        }
        if self.is_other(&found) {
            self.elsewhere.push(found);
            self.elsewhere
                .sort_by_key(|one| (one.epoch, !one.is_provable()));
            self.elsewhere.truncate(MAX_UNSOUND);
            return;
        }
        say(&WatchNotice::Broken {
            epoch: found.epoch,
            rule: found.rule.clone(),
            height: found.height,
            reason: found.reason.clone(),
            final_in: self.final_in(found.epoch),
            is_provable: found.is_provable(),
        });
        if !found.is_provable() {
            return;
        }
        // A proof that root's word is known to contradict makes room for one that it does not contradict.
        let word = |epoch| self.records.acceptance(epoch).map(Acceptance::record);
        let alike = self.kept.unsound.iter();
        let alike = alike.filter(|one| one.epoch == found.epoch);
        if alike.count() >= MAX_OF_EPOCH {
            let place = self.kept.unsound.iter().position(|one| {
                one.epoch == found.epoch && word(one.epoch).is_some_and(|word| word != one.record)
            });
            let Some(place) = place else {
                return;
            };
            self.kept.unsound.remove(place);
        }
        self.kept.unsound.push(found);
        self.kept.unsound.sort_by_key(|one| one.epoch);
        self.kept.unsound.truncate(MAX_UNSOUND);
        self.save(say);
    }

    /// Seconds until a checkpoint can be made final, as far as its acceptance is known.
    pub(super) fn final_in(&self, epoch: u64) -> u64 {
        let standing = self.standing.borrow();
        let accepted = self.records.acceptance(epoch).or(standing.of(epoch));
        let ends = accepted.map_or(0, |one| one.time.saturating_add(self.window_secs));
        ends.saturating_sub(self.root_time)
    }

    /// Puts the proof that root refused behind the other proofs of the same checkpoint.
    pub(super) fn prove_otherwise(&mut self, epoch: u64) {
        let of_epoch = |one: &UnsoundCheckpoint| one.epoch == epoch;
        if let Some(place) = self.proof_place(epoch) {
            let refused = self.kept.unsound.remove(place);
            let behind = self.kept.unsound.iter().rposition(of_epoch);
            let behind = behind.map_or(place, |last| last.saturating_add(1));
            self.kept.unsound.insert(behind, refused);
        }
    }

    /// The broken checkpoints about which there is something to do.
    pub(super) fn unsound(&self) -> BTreeSet<Subject> {
        let epochs = self.kept.unsound.iter().map(|one| one.epoch);
        epochs.map(|epoch| Subject::Checkpoint { epoch }).collect()
    }

    /// What is next for a broken checkpoint: to send its proof, until root calls it void or final. While there is time, watchers begin at different blocks, so that in most cases only one pays.
    pub(super) fn unsound_step(&mut self, epoch: u64, now: &RootMoment) -> Decision {
        if epoch < self.end.finalized {
            return Decision::Done(End::Final);
        }
        if self.end.void_from.is_some_and(|from| from <= epoch) {
            return Decision::Done(End::Void);
        }
        if self.proof_of(epoch).is_none() {
            return Decision::Wait;
        }
        let subject = Subject::Checkpoint { epoch };
        let stagger = subject.stagger(&self.times, &self.options.beneficiary);
        let turn = self.proving.entry(epoch).or_insert(ProveTurn {
            first: now.number.saturating_add(stagger),
            pool: PoolWait::default(),
        });
        match turn.first <= now.number || self.is_urgent(epoch) {
            true => Decision::Send(ReportStep::Prove),
            false => Decision::Wait,
        }
    }

    /// Whether a checkpoint can be final so soon that nothing about it waits for others.
    fn is_urgent(&self, epoch: u64) -> bool {
        let secs = URGENT_BLOCKS.saturating_mul(self.times.root_block_secs);
        self.final_in(epoch) <= secs
    }

    /// Whether somebody else's proof waits in the node's pool. Nobody vouches for what a pool shows, so our own proof waits for it only a few blocks.
    pub(super) async fn is_proven_in_pool(
        &mut self,
        rpc: &Rpc,
        epoch: u64,
        now: &RootMoment,
    ) -> bool {
        if self.is_urgent(epoch) {
            return false;
        }
        let call = IRootChain::headCall {};
        let pool = view_call(rpc, self.contracts.root_chain, call, At::Pending).await;
        // An endpoint that does not show its pool holds no proof back.
        let void_from = pool
            .ok()
            .and_then(|head| DeploymentEnd::of(&head).void_from);
        if void_from.is_none_or(|from| from > epoch) {
            return false;
        }
        let turn = self.proving.get_mut(&epoch);
        turn.is_some_and(|turn| turn.pool.lasts(now.number))
    }

    /// The place of the proof that goes first, among the proofs of this checkpoint that open the word that root keeps.
    fn proof_place(&self, epoch: u64) -> Option<usize> {
        let record = self.records.acceptance(epoch)?.record();
        let mut kept = self.kept.unsound.iter();
        kept.position(|one| one.epoch == epoch && one.record == record)
    }

    /// The call that makes the checkpoint void, if root still keeps the word that the call opens.
    pub(super) fn proof_of(&self, epoch: u64) -> Option<Call> {
        let known = self.kept.unsound.get(self.proof_place(epoch)?)?;
        let data = known.call.as_ref()?;
        let registry = self.created.registry.into_array();
        let court = Address::from(deployment::fraud_court(&registry));
        Some(Call::to(court, data.to_vec()))
    }
}
