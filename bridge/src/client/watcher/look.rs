//! One look at root: what its events tell, what is next for each offence, and what is not needed any more.

use alloy_primitives::B256;

use super::root::CourtEvent;
use super::root::overlaps::bits;
use super::second::About;
use super::sets::WAIT;
use super::{
    At, ChildSource, Closing, CourtSeen, IRootChain, Instant, OffenceId, RootMoment, Rpc, RpcError,
    Subject, WatchNotice, Watcher, view_call,
};
use crate::relay::acceptance::DeploymentEnd;
use crate::relay::seen::{Block, Which};
use crate::relay::watch::End;

/// Epochs that are let go of in one look, at most.
const MAX_RELEASED: u64 = 1_024;

impl<C: ChildSource> Watcher<C> {
    /// Looks at root and does what is next. Gives whether root answered and all of its events are read.
    pub(super) async fn try_look(&mut self, say: &mut impl FnMut(&WatchNotice)) -> bool {
        let rpc = super::Arc::clone(self.wallet.rpc());
        let place = rpc.place();
        let done = match self.look(&rpc, say).await {
            Ok(done) => {
                if self.told.remove(&place) {
                    say(&WatchNotice::Back { place });
                }
                done
            }
            Err(error) => {
                if self.told.insert(place.clone()) {
                    let reason = error.to_string();
                    say(&WatchNotice::Silent { place, reason });
                }
                false
            }
        };
        self.go_on(&rpc, say).await;
        done
    }

    async fn look(
        &mut self,
        rpc: &Rpc,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<bool, RpcError> {
        let latest = rpc.block(Which::Latest).await?;
        let latest = latest.ok_or_else(|| RpcError::Malformed("no newest block".into()))?;
        self.still.shows(&latest);
        self.ask_anew(rpc);
        self.waits_until = Instant::now() + WAIT;
        let told = self.records.scan(rpc, &latest).await?;
        self.tell(&told, say);
        if self.records.read() < latest.number {
            let (reached, target) = (self.records.read(), latest.number);
            say(&WatchNotice::Reading { reached, target });
            return Ok(false);
        }
        let at = At::Hash(latest.hash);
        let head = view_call(rpc, self.contracts.root_chain, IRootChain::headCall {}, at).await?;
        self.tell_end(&head, say);
        self.records.ends(self.end.exit_at, latest.number);
        let made = self.created.block.saturating_sub(1);
        let begin = (self.kept.root_block.max(made), made);
        let needed = self.kept.first_epoch.min(head.finalized).saturating_sub(2);
        let needed = (needed, head.accepted);
        let wrong = self.records.check(rpc, (at, latest.number), needed, begin);
        if let Some(epoch) = wrong.await? {
            say(&WatchNotice::Contradicted { epoch });
            return Ok(false);
        }
        self.hear_second(&latest, head.accepted, say).await;
        let nonce = rpc.nonce(self.wallet.address(), at).await?;
        let now = RootMoment {
            number: latest.number,
            time: latest.time,
        };
        self.mined(nonce, latest.number, say).await?;
        self.records.read_overlaps(rpc, at).await?;
        self.accepted = head.accepted;
        self.root_time = latest.time;
        let is_news = self.checkpoints_over.finalized != self.end.finalized
            || self.checkpoints_over.void_from != self.end.void_from;
        let is_confirmed = is_news && self.both_say(rpc, &latest, &About::Head, say).await;
        self.publish(is_confirmed);
        self.accuse_returned(say);
        self.listen(rpc, &latest, say).await;
        self.clear_sets(rpc, &latest, say).await?;
        self.clear_ground(rpc, &latest, say).await;
        // What is known is sent before anything is judged: whoever hands over what is none keeps no report waiting.
        let planned = self.plan(rpc, &latest, &now, say).await?;
        let sent = match &planned {
            Some(planned) => self.send(rpc, planned, &now, (&latest, nonce), say).await,
            None => Ok(()),
        };
        self.silence.wait_anew();
        // No report waits for a block that cannot be read, nor for a step that cannot be sent.
        let calldata = self.read_calldata(rpc, &latest, &now, say).await;
        self.compare(rpc, &latest, say).await?;
        self.compare_commits(rpc, &latest, &now, say).await?;
        self.take_handed(say);
        self.judge_waiting(rpc, &latest, &now, say).await?;
        if self.records.is_whole() {
            self.release(rpc, &latest, &now, say).await;
        }
        sent.and(calldata).map(|()| true)
    }

    /// Tells once that the deployment is closing, and that checkpoints are void.
    pub(super) fn tell_end(&mut self, head: &IRootChain::Head, say: &mut impl FnMut(&WatchNotice)) {
        let end = DeploymentEnd::of(head);
        let said = (self.end.exit_at, self.end.void_from);
        self.end = end;
        if let Some(exit_at) = end.exit_at
            && said != (end.exit_at, end.void_from)
        {
            let void_from = end.void_from;
            say(&WatchNotice::Ends { exit_at, void_from });
        }
    }

    /// Tells what the Court's events say, once.
    fn tell(&mut self, told: &[(u64, CourtEvent)], say: &mut impl FnMut(&WatchNotice)) {
        let before = self.kept.told;
        for (block, event) in told {
            if let CourtEvent::Data(event) = event {
                self.hear_data(event, *block);
            }
            if *block <= before {
                continue;
            }
            self.kept.told = self.kept.told.max(*block);
            let mine = |commitment: &B256| {
                let mut all = self.cases.values();
                all.any(|case| case.commitment == *commitment)
            };
            if let Some(notice) = WatchNotice::of(event, mine) {
                say(&notice);
            }
        }
    }

    /// Counting makes no event.
    pub(super) fn tell_counted(
        &mut self,
        offence: OffenceId,
        seen: &CourtSeen,
        say: &mut impl FnMut(&WatchNotice),
    ) {
        if seen.offence.is_some_and(|offence| offence.is_counted) && self.counted.insert(offence) {
            say(&WatchNotice::Counted { offence });
        }
    }

    /// Nothing is left to do about a subject.
    pub(super) fn over(&mut self, subject: Subject, end: End, say: &mut impl FnMut(&WatchNotice)) {
        let reason = match end {
            End::Settled | End::Void => None,
            End::Final => Some("it is final on root, and nothing makes it void any more"),
            End::Closed => Some("reports of its epoch are closed on root"),
        };
        if let Some(reason) = reason {
            say(&WatchNotice::Dropped {
                subject,
                reason: reason.into(),
            });
        }
        if let Subject::Offence(offence) = subject {
            self.records.forget(offence);
            self.counted.remove(&offence);
        }
        self.patience.forget(subject);
        if let Subject::Checkpoint { epoch } = subject {
            self.kept.unsound.retain(|one| one.epoch != epoch);
            self.proving.remove(&epoch);
            self.save(say);
        }
        if self.cases.remove(&subject).is_some() {
            self.kept.cases.retain(|case| !case.is_of(&subject));
            self.save(say);
        }
    }

    /// Lets go of checkpoints that no report needs any more: of an epoch whose reports are closed for longer than its reveals take.
    async fn release(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        now: &RootMoment,
        say: &mut impl FnMut(&WatchNotice),
    ) {
        let windows = self.times.evidence_secs.saturating_add(
            self.times
                .reveal_blocks
                .saturating_mul(self.times.root_block_secs)
                .saturating_mul(2),
        );
        let is_over =
            |epoch: u64| match self.records.closing(epoch.saturating_add(1), self.accepted) {
                Closing::Open | Closing::Unread => false,
                Closing::Gone => true,
                Closing::At(time) => now.time > time.saturating_add(windows),
            };
        let mut first = self.kept.first_epoch;
        // Behind what root accepted nothing is known, and nothing is over.
        let last = first.saturating_add(MAX_RELEASED).min(self.accepted);
        while first < last && is_over(first) {
            first = first.saturating_add(1);
        }
        let offences = self.records.offences().map(|offence| offence.epoch);
        let overlaps = self.records.overlaps();
        let pending = overlaps.filter(|(_, one)| bits(&one.pending) != [0; 64]);
        let others = pending.map(|(_, one)| one.epoch);
        let cases = self.cases.keys().map(Subject::epoch);
        let oldest = offences.chain(others).chain(cases).min();
        // What can still be called void is judged, behind the last one that is final.
        let oldest = oldest.unwrap_or(first).min(self.end.finalized);
        let needed = first.min(oldest).saturating_sub(2);
        let begin = self.created.block.saturating_sub(1);
        let epochs = self.kept.first_epoch..first;
        if epochs.is_empty() && !self.records.has_before(needed) {
            return;
        }
        if !self
            .both_say(rpc, latest, &About::Closed(epochs), say)
            .await
        {
            return;
        }
        self.kept.first_epoch = first;
        self.kept.root_block = match needed {
            0 => begin,
            needed => self
                .records
                .release(needed, self.kept.root_block.max(begin)),
        };
        self.commits.release(first);
        // The set of an epoch signs the checkpoint of the one before it.
        self.kept.later = self.kept.later.split_off(&first.saturating_sub(1));
        self.sets.retain(|epoch, _| *epoch >= first);
        self.asked.retain(|epoch, _| *epoch >= first);
        self.asking.retain(|epoch, _| *epoch >= first);
    }
}
