//! Accepted checkpoints that break a rule of the child. Who reads the child judges them, and hands over what shows root that one is broken; this keeps it until
//! the checkpoint is void or final, and sends it.
//!
//! ```text
//! root: acceptances ──▶ who reads the child: opened, judged ──▶ (rule, call of FraudCourt) ──▶ watch.json ──▶ dry run, send, void
//! ```

use std::collections::BTreeSet;

use alloy_primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{Call, ChildSource, Subject, WatchNotice, Watcher};
use crate::proof::deployment;
use crate::relay::acceptance::Acceptance;
use crate::relay::watch::{Decision, End, ReportStep};

/// Broken checkpoints that are kept, at most: those of the lowest epochs, because a void of one is a void of all behind it.
const MAX_UNSOUND: usize = 8;
/// Bytes of a proof, at most: no node of root takes larger transactions.
const MAX_PROOF: usize = 128 << 10;

/// A checkpoint that breaks a rule, and what shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnsoundCheckpoint {
    /// Its epoch.
    pub epoch: u64,
    /// The word that root keeps of it, which the proof opens.
    pub record: B256,
    /// `L1` to `L15`, `bad_signature` or `wrong_sender`.
    pub rule: String,
    /// How it is broken.
    pub reason: String,
    /// The height of the block that breaks it.
    pub height: u64,
    /// The call of `FraudCourt`; none when what it needs is not there.
    pub call: Option<Bytes>,
}

/// What root has accepted and can still call void, as it keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AcceptedCheckpoints {
    /// Ascending, with the last one that is final, which the first of the others follows.
    pub acceptances: Vec<Acceptance>,
    /// Checkpoints that are final.
    pub finalized: u64,
}

impl AcceptedCheckpoints {
    /// Those that are not final.
    pub fn open(&self) -> impl Iterator<Item = &Acceptance> {
        let accepted = self.acceptances.iter();
        accepted.filter(|one| one.epoch >= self.finalized)
    }

    /// The one of an epoch.
    #[must_use]
    pub fn of(&self, epoch: u64) -> Option<&Acceptance> {
        self.acceptances.iter().find(|one| one.epoch == epoch)
    }
}

impl<C: ChildSource> Watcher<C> {
    /// What root has accepted and can still call void, at each look.
    #[must_use]
    pub fn accepted(&self) -> watch::Receiver<AcceptedCheckpoints> {
        self.standing.subscribe()
    }

    /// Tells who reads the child what there is to judge.
    pub(super) fn publish(&self) {
        let finalized = self.end.finalized;
        let first = finalized.saturating_sub(1);
        let last = self.end.void_from.unwrap_or(self.accepted);
        let known = (first..last).filter_map(|epoch| self.records.acceptance(epoch));
        let now = AcceptedCheckpoints {
            acceptances: known.cloned().collect(),
            finalized,
        };
        self.standing.send_if_modified(|before| {
            let is_news = *before != now;
            *before = now;
            is_news
        });
    }

    /// Takes over what shows that a checkpoint is broken. What root has not accepted so is judged anew.
    pub(super) fn accuse_checkpoint(
        &mut self,
        found: UnsoundCheckpoint,
        say: &mut impl FnMut(&WatchNotice),
    ) {
        let accepted = self.records.acceptance(found.epoch).map(Acceptance::record);
        let fits = found
            .call
            .as_ref()
            .is_none_or(|call| call.len() <= MAX_PROOF);
        if accepted != Some(found.record) || !fits || self.kept.unsound.contains(&found) {
            return;
        }
        say(&WatchNotice::Broken {
            epoch: found.epoch,
            rule: found.rule.clone(),
            height: found.height,
            reason: found.reason.clone(),
            final_in: self.final_in(found.epoch),
            is_provable: found.call.is_some(),
        });
        self.kept.unsound.retain(|one| one.epoch != found.epoch);
        self.kept.unsound.push(found);
        self.kept.unsound.sort_by_key(|one| one.epoch);
        self.kept.unsound.truncate(MAX_UNSOUND);
        self.save(say);
    }

    /// Seconds until a checkpoint can be made final.
    pub(super) fn final_in(&self, epoch: u64) -> u64 {
        let accepted = self.records.acceptance(epoch);
        let ends = accepted.map_or(0, |one| one.time.saturating_add(self.window_secs));
        ends.saturating_sub(self.root_time)
    }

    /// What there is to do about checkpoints.
    pub(super) fn unsound(&self) -> BTreeSet<Subject> {
        let epochs = self.kept.unsound.iter().map(|one| one.epoch);
        epochs.map(|epoch| Subject::Checkpoint { epoch }).collect()
    }

    /// What is next for a broken checkpoint: its proof, until root calls it void or final.
    pub(super) fn unsound_step(&self, epoch: u64) -> Decision {
        if epoch < self.end.finalized {
            return Decision::Done(End::Final);
        }
        if self.end.void_from.is_some_and(|from| from <= epoch) {
            return Decision::Done(End::Void);
        }
        match self.proof_of(epoch) {
            Some(_) => Decision::Send(ReportStep::Prove),
            None => Decision::Wait,
        }
    }

    /// The call that makes it void, if root still keeps what it opens.
    pub(super) fn proof_of(&self, epoch: u64) -> Option<Call> {
        let known = self.kept.unsound.iter().find(|one| one.epoch == epoch)?;
        let record = self.records.acceptance(epoch)?.record();
        let data = known.call.as_ref().filter(|_| known.record == record)?;
        let registry = self.created.registry.into_array();
        let court = Address::from(deployment::fraud_court(&registry));
        Some(Call::to(court, data.to_vec()))
    }
}
