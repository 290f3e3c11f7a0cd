//! What a relayer does next: one checkpoint after the other, each paid for once.
//!
//! ```text
//!  Look ─► nothing of ours pending ─► Fetch(next epoch) ─► quorum? linger ─► Submit at the account's next nonce ─► Look …
//!    ├───► ours is pending ─► wait; stuck: Submit the epoch that is next now, at the same nonce, with higher fees
//!    └───► another's is in the pool ─► wait, once an epoch, as long as for one of ours
//!  Fetch: nothing to submit now, checkpoints are ripe ─► Finalize at the account's next nonce ─► Look …
//!    └───► there is always something to submit ─► Finalize goes first when it has waited for MAX_WAIT_SECS
//! ```
//! All that it needs after a crash it reads again: the accepted count and the account's two nonces from root, contents and shares from the
//! child. While the pending nonce is ahead of the mined one nothing is sent at a new nonce, so a transaction that an earlier process left
//! behind is either mined or replaced, and no checkpoint is paid for twice. Root binds a submission to the time and block of the acceptance
//! before it, so submissions cannot be pipelined into one root block. A race that another relayer won is noticed at the next look: before
//! each submission the newest block and the node's pool are read, and root is asked whether it would take it.

use std::sync::Arc;

use alloy_primitives::B256;

use super::acceptance::Acceptance;
use super::witness::InboxWitnessError;
use crate::abi::IRootChain::Submission;
use crate::proof::checkpoint::Checkpoint;

mod messages;
mod parcel;
pub mod tail;

pub use messages::{
    CheckpointOffer, Deployment, Missing, Notice, Outcome, Parcel, Policy, RootState, Task,
};
pub use parcel::ParcelError;

/// Seconds of root's time for which what is ripe waits for a moment without a checkpoint to submit. A relayer that is behind, or whose epochs are as short as
/// root's blocks, has none, and nodes keep the states of all that is not final.
const MAX_WAIT_SECS: u64 = 30;

#[derive(Clone, Copy, Debug)]
struct Flight {
    nonce: u64,
    since: u64,
}

#[derive(Debug, Default)]
enum Step {
    #[default]
    Look,
    Fetch,
    Submit(Box<Parcel>),
    Finalize(Arc<Acceptance>, u64),
    Busy,
}

/// What is being handed in: a checkpoint with the number of absent signers, or none of them where checkpoints are made final.
#[derive(Clone, Copy, Debug)]
struct Sending {
    epoch: u64,
    nonce: u64,
    absent: Option<usize>,
}

/// The machine.
#[derive(Debug)]
pub struct Outbox {
    policy: Policy,
    deployment: Deployment,
    step: Step,
    root: Option<RootState>,
    flight: Option<Flight>,
    rival: Option<(u64, u64)>,
    quorum_since: Option<(u64, u64)>,
    /// Since when something is ripe, by root's time in seconds.
    ripe_since: Option<u64>,
    /// The epoch of which it was said last that another relayer goes first.
    yielded: Option<u64>,
    accepted: Option<u64>,
    /// The epoch that is awaited, since when by root's time in seconds, and whether it was said that it has not ended.
    awaited: Option<(u64, u64, bool)>,
    sending: Option<Sending>,
    ready_at: u64,
}

impl Outbox {
    /// A machine that knows nothing yet.
    pub fn new(deployment: Deployment, policy: Policy) -> Self {
        Self {
            policy,
            deployment,
            step: Step::Look,
            root: None,
            flight: None,
            rival: None,
            quorum_since: None,
            ripe_since: None,
            yielded: None,
            accepted: None,
            awaited: None,
            sending: None,
            ready_at: 0,
        }
    }

    /// What to do now, one task at a time; `now` in milliseconds.
    pub fn next(&mut self, now: u64) -> Option<Task> {
        if now < self.ready_at {
            return None;
        }
        match std::mem::replace(&mut self.step, Step::Busy) {
            Step::Busy => None,
            Step::Look => Some(Task::Look),
            Step::Fetch => Some(Task::Fetch(
                self.root.as_ref().map_or(0, |root| root.accepted),
            )),
            Step::Submit(parcel) => {
                self.sending = Some(Sending {
                    epoch: parcel.epoch,
                    nonce: parcel.nonce,
                    absent: Some(parcel.submission.absent.len()),
                });
                Some(Task::Submit(parcel))
            }
            Step::Finalize(ripe, nonce) => {
                self.sending = Some(Sending {
                    epoch: ripe.epoch,
                    nonce,
                    absent: None,
                });
                Some(Task::Finalize(ripe, nonce))
            }
        }
    }

    /// When [`Outbox::next`] may have something.
    pub fn wake(&self) -> u64 {
        self.ready_at
    }

    /// Takes what came of the last task.
    pub fn answer(&mut self, now: u64, outcome: Outcome) -> Vec<Notice> {
        match outcome {
            Outcome::Root(root) => self.looked(now, *root),
            Outcome::Offers(offers) => {
                let notices = self.offered(now, &offers);
                self.finalize(now);
                notices
            }
            Outcome::Sent(hash) => self.sent(now, hash),
            Outcome::Refused(reason) => {
                // Most often another relayer was faster, or a message arrived: the next look shows it.
                self.sending = None;
                self.rest_with(now, Notice::Trouble(format!("not sent: {reason}")))
            }
            Outcome::Failed(reason) => {
                self.sending = None;
                self.rest_with(now, Notice::Trouble(reason))
            }
        }
    }

    fn looked(&mut self, now: u64, root: RootState) -> Vec<Notice> {
        let mut notices = self.accepted_since(&root);
        let ripe = root.ripe.as_ref();
        self.ripe_since = ripe.map(|_| self.ripe_since.unwrap_or(root.time));
        if root.pending_nonce > root.nonce {
            let flight = match self.flight {
                Some(flight) if flight.nonce == root.nonce => flight,
                // An earlier process left it behind, or it is the next of several: the time after which it is replaced starts now.
                _ => Flight {
                    nonce: root.nonce,
                    since: now,
                },
            };
            self.flight = Some(flight);
            if now.saturating_sub(flight.since) < self.policy.stuck_ms {
                self.root = Some(root);
                notices.extend(self.rest(now));
                return notices;
            }
            notices.push(Notice::Stuck { nonce: root.nonce });
        } else {
            self.flight = None;
            if self.is_on_its_way(now, &root) {
                self.root = Some(root);
                notices.extend(self.rest(now));
                return notices;
            }
        }
        self.root = Some(root);
        self.step = Step::Fetch;
        notices
    }

    /// Whether another relayer's submission waits in the pool and is still waited for. It may never be mined, or may be there only to hold
    /// others back. So the wait ends a fixed time after one was first seen for this epoch, also when others take its place.
    fn is_on_its_way(&mut self, now: u64, root: &RootState) -> bool {
        if root.accepted_with_pool <= root.accepted {
            return false;
        }
        let since = match self.rival {
            Some((epoch, since)) if epoch == root.accepted => since,
            _ => now,
        };
        self.rival = Some((root.accepted, since));
        now.saturating_sub(since) < self.policy.stuck_ms
    }

    fn accepted_since(&mut self, root: &RootState) -> Vec<Notice> {
        let before = self.accepted.replace(root.accepted);
        let news = before.is_some_and(|before| before < root.accepted);
        root.previous
            .iter()
            .filter(|_| news)
            .map(|previous| Notice::Accepted {
                epoch: previous.epoch,
                carrier: previous.carrier,
            })
            .collect()
    }

    fn offered(&mut self, now: u64, offers: &[CheckpointOffer]) -> Vec<Notice> {
        let Some(root) = &self.root else {
            return self.rest(now);
        };
        let epoch = root.accepted;
        if offers.is_empty() {
            return self.not_over(now);
        }
        let ours = |offer: &&CheckpointOffer| self.is_our_turn(root, &offer.checkpoint);
        let submission = match self.best(root, offers.iter().filter(ours)) {
            None => {
                let mut notices = self.rest(now);
                notices.extend(offers.first().and_then(|offer| self.yields(epoch, offer)));
                return notices;
            }
            Some(Ok(submission)) => submission,
            Some(Err(error)) => {
                let reason = error.to_string();
                let notice = match error {
                    ParcelError::NoQuorum { missing, .. } => Notice::Waiting {
                        epoch,
                        reason,
                        missing,
                    },
                    ParcelError::Inbox(InboxWitnessError::Missing { index, first, .. })
                        if index < first =>
                    {
                        Notice::ReadsAgain { index }
                    }
                    _ => Notice::Trouble(format!("checkpoint {epoch}: {reason}")),
                };
                return self.rest_with(now, notice);
            }
        };
        let since = match self.quorum_since {
            Some((known, since)) if known == epoch => since,
            _ => now,
        };
        self.quorum_since = Some((epoch, since));
        let whole = submission.absent.is_empty();
        if !whole && now.saturating_sub(since) < self.policy.linger_ms {
            return self.rest(now);
        }
        self.step = Step::Submit(Box::new(Parcel {
            epoch,
            nonce: root.nonce,
            replaces: root.pending_nonce > root.nonce,
            submission,
        }));
        Vec::new()
    }

    /// Where nothing of the account waits to be mined, and nothing is to be submitted or that has gone first for long enough, what is ripe is made final.
    fn finalize(&mut self, now: u64) {
        let Some(root) = &self.root else {
            return;
        };
        let Some(ripe) = root
            .ripe
            .as_ref()
            .filter(|_| root.pending_nonce == root.nonce)
        else {
            return;
        };
        let lingers = |(epoch, _): &(u64, u64)| *epoch == root.accepted;
        let waited = |since: u64| root.time.saturating_sub(since) >= MAX_WAIT_SECS;
        let is_idle =
            matches!(self.step, Step::Look) && !self.quorum_since.as_ref().is_some_and(lingers);
        if is_idle || self.ripe_since.is_some_and(waited) {
            self.step = Step::Finalize(Arc::clone(ripe), root.nonce);
            self.ready_at = now;
        }
    }

    /// No node tells of an end of the epoch that is awaited: the child makes no blocks, or the nodes do not have them.
    fn not_over(&mut self, now: u64) -> Vec<Notice> {
        let Some(root) = &self.root else {
            return self.rest(now);
        };
        let previous = root.previous.as_ref();
        let (since, told) = match self.awaited {
            Some((epoch, since, told)) if epoch == root.accepted => (since, told),
            _ => (
                previous.map_or(root.time, |previous| previous.checkpoint.last_block_time),
                false,
            ),
        };
        let (epoch, secs) = (root.accepted, root.time.saturating_sub(since));
        let tell = !told && secs > self.deployment.epoch_max_secs;
        self.awaited = Some((epoch, since, told || tell));
        match tell {
            true => self.rest_with(now, Notice::NotOver { epoch, secs }),
            false => self.rest(now),
        }
    }

    /// The first offer that can be submitted. If there is none, the reason: that shares are missing is reported before the reason that a node's
    /// offer is not what root wants.
    fn best<'a>(
        &self,
        root: &RootState,
        offers: impl Iterator<Item = &'a CheckpointOffer>,
    ) -> Option<Result<Submission, ParcelError>> {
        let mut refused = None;
        for offer in offers {
            match parcel::submission(&self.deployment, root, offer) {
                Ok(submission) => return Some(Ok(submission)),
                Err(error) => match refused {
                    Some(ParcelError::NoQuorum { .. }) => {}
                    _ => refused = Some(error),
                },
            }
        }
        refused.map(Err)
    }

    fn is_our_turn(&self, root: &RootState, checkpoint: &Checkpoint) -> bool {
        checkpoint.relayer == self.deployment.me.into_array()
            || root.time >= self.alone_until(checkpoint)
    }

    /// Until when the relayer that a checkpoint names goes first.
    fn alone_until(&self, checkpoint: &Checkpoint) -> u64 {
        let end = checkpoint.last_block_time;
        end.saturating_add(self.policy.patience_secs)
    }

    /// What is said, once, of an epoch's checkpoint that another relayer carries first.
    fn yields(&mut self, epoch: u64, offer: &CheckpointOffer) -> Option<Notice> {
        let is_news = self.yielded.replace(epoch) != Some(epoch);
        is_news.then(|| Notice::NotOurTurn {
            epoch,
            relayer: offer.checkpoint.relayer.into(),
            until: self.alone_until(&offer.checkpoint),
        })
    }

    fn sent(&mut self, now: u64, hash: B256) -> Vec<Notice> {
        let Some(Sending {
            epoch,
            nonce,
            absent,
        }) = self.sending.take()
        else {
            return self.rest(now);
        };
        self.flight = Some(Flight { nonce, since: now });
        let notice = match absent {
            Some(absent) => Notice::Sent {
                epoch,
                nonce,
                hash,
                absent,
            },
            None => Notice::Finalizing { epoch, nonce, hash },
        };
        self.rest_with(now, notice)
    }

    fn rest(&mut self, now: u64) -> Vec<Notice> {
        self.step = Step::Look;
        self.ready_at = now.saturating_add(self.policy.poll_ms);
        Vec::new()
    }

    fn rest_with(&mut self, now: u64, notice: Notice) -> Vec<Notice> {
        self.rest(now);
        vec![notice]
    }
}

#[cfg(test)]
mod tests;
