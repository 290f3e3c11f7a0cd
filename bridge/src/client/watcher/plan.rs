//! What is next for each thing that is reported, and which of it goes first.

use std::collections::BTreeSet;

use alloy_primitives::B256;

use super::calls::{SHOW_BATCH, commitment_of};
use super::root::overlaps::{ConvictedDue, bits};
use super::second::About;
use super::{
    At, ChildSource, Closing, CourtSeen, ICourt, OffenceId, ReportStep, RootMoment, Rpc, RpcError,
    Subject, WatchNotice, Watcher, view_call,
};
use crate::proof::checkpoint::certificate::both;
use crate::relay::seen::Block;
use crate::relay::watch::overlap::{
    CertificatesSeen, ContestedOverlap, decide_certificates, decide_convicted, decide_overlap,
};
use crate::relay::watch::{CourtCommitment, Decision, Matter, decide};

/// What root shows of a subject, as its call needs it.
#[derive(Clone, Debug)]
pub(super) enum StepView {
    /// Of an offence.
    Offence(CourtSeen),
    /// Of an offence that two certificates showed.
    Convicted {
        /// What is owed for it.
        due: Option<ConvictedDue>,
        /// What closes the reports that its cut depends on.
        after_next: Closing,
    },
    /// Of evidence of two certificates.
    Certificates {
        /// What decides.
        seen: CertificatesSeen,
        /// The number of the last overlap of its epoch.
        last: u64,
        /// How many members of the set were shown.
        shown: u16,
    },
    /// Of an overlap.
    Overlap {
        /// Its number.
        number: u64,
        /// It.
        overlap: Box<ICourt::Overlap>,
    },
    /// Of a checkpoint that breaks a rule.
    Unsound,
    /// Of a challenge of data.
    Data,
}

impl StepView {
    /// Our commitment.
    pub(super) const fn own(&self) -> Option<CourtCommitment> {
        match self {
            Self::Offence(seen) => seen.own,
            Self::Certificates { seen, .. } => seen.own,
            Self::Convicted { .. } | Self::Overlap { .. } | Self::Unsound | Self::Data => None,
        }
    }

    /// What closes the reports that an offence's cut depends on.
    pub(super) const fn after_next(&self) -> Option<Closing> {
        match self {
            Self::Offence(seen) => Some(seen.after_next),
            Self::Convicted { after_next, .. } => Some(*after_next),
            Self::Certificates { .. } | Self::Overlap { .. } | Self::Unsound | Self::Data => None,
        }
    }
}

/// A step, and what its call is made of.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    /// For what, and which step.
    pub(super) key: (Subject, ReportStep),
    /// What root shows.
    pub(super) plan: StepView,
}

impl<C: ChildSource> Watcher<C> {
    /// The step that goes first. Lets go of what is over.
    pub(super) async fn plan(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        now: &RootMoment,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<Option<Planned>, RpcError> {
        let at = At::Hash(latest.hash);
        let offences = self.records.offences().map(Subject::Offence);
        let overlaps = self.records.overlaps().map(|(number, one)| {
            let epoch = one.epoch;
            Subject::Overlap { epoch, number }
        });
        let open: BTreeSet<Subject> = offences
            .chain(overlaps)
            .chain(self.cases.keys().copied())
            .chain(self.unsound())
            .collect();
        let mut next: Option<Planned> = None;
        for subject in open {
            let (decision, plan) = match subject {
                Subject::Offence(offence) => match self.records.convicted_by(&offence) {
                    Some(number) => {
                        self.convicted(rpc, latest, (offence, number), now, say)
                            .await?
                    }
                    None => self.offence(rpc, latest, offence, now, say).await?,
                },
                Subject::Checkpoint { epoch } => (self.unsound_step(epoch, now), StepView::Unsound),
                // They are planned apart, by their deadlines.
                Subject::Data { .. } => continue,
                Subject::Certificates { .. } => {
                    self.certificates(rpc, at, subject, now, say).await?
                }
                Subject::Overlap { epoch, number } => {
                    let Some(found) = self.records.overlap(number).cloned() else {
                        continue;
                    };
                    self.overlap(rpc, at, (epoch, number, found), now, say)
                        .await?
                }
            };
            match decision {
                Decision::Wait => {}
                Decision::Done(_) if !self.records.is_whole() => {}
                Decision::Done(end) => {
                    if self
                        .both_say(rpc, latest, &About::Subject(subject), say)
                        .await
                    {
                        self.over(subject, end, say);
                    }
                }
                // A step that rests on nothing would cost gas without any effect.
                Decision::Send(ReportStep::Commit | ReportStep::Show | ReportStep::Reveal(_))
                    if self
                        .cases
                        .get(&subject)
                        .is_some_and(|case| !self.stands(&subject, case)) => {}
                Decision::Send(step) => {
                    let held = self.patience.holds(subject, step, now.number);
                    let first = next.as_ref().is_none_or(|other| step < other.key.1);
                    if first && !held {
                        let key = (subject, step);
                        next = Some(Planned { key, plan });
                    }
                }
            }
        }
        let data = self.plan_data(rpc, latest, now, say).await?;
        Ok(match (next, data) {
            (Some(next), Some(data)) if !data.goes_before(&next.key.1) => Some(next),
            (_, Some(data)) => Some(data.planned()),
            (next, None) => next,
        })
    }

    fn matter(&self, subject: Subject) -> Matter {
        let own = self.cases.get(&subject);
        let beneficiary = own.map_or(self.options.beneficiary, |own| own.beneficiary);
        Matter {
            commitment: own.map(|own| own.commitment),
            commits: own.map_or(0, |own| own.commits),
            stagger: subject.stagger(&self.times, &beneficiary),
        }
    }

    async fn offence(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        offence: OffenceId,
        now: &RootMoment,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(Decision, StepView), RpcError> {
        let subject = Subject::Offence(offence);
        let matter = self.matter(subject);
        let at = At::Hash(latest.hash);
        let seen = self
            .records
            .seen(rpc, at, offence, matter.commitment, self.accepted)
            .await?;
        if seen.offence.is_none() {
            self.unreveal(rpc, latest, offence, say).await;
        }
        self.tell_counted(offence, &seen, say);
        let unworthy = self.patience.is_unworthy(subject, now.number);
        let decision = decide(&self.times, now, &matter, &seen, unworthy);
        Ok((decision, StepView::Offence(seen)))
    }

    /// Its reveal was mined in a block that is no more.
    async fn unreveal(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        offence: OffenceId,
        say: &mut impl FnMut(&WatchNotice),
    ) {
        let about = About::Subject(Subject::Offence(offence));
        if self.records.has_offence(&offence) && self.both_say(rpc, latest, &about, say).await {
            self.records.forget(offence);
        }
    }

    async fn convicted(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        (offence, number): (OffenceId, u64),
        now: &RootMoment,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(Decision, StepView), RpcError> {
        let subject = Subject::Offence(offence);
        let epoch = offence.epoch;
        let after_next = self.records.closing(epoch.saturating_add(2), self.accepted);
        let own = self
            .cases
            .iter()
            .filter(|(subject, case)| case.both.is_some() && subject.epoch() == epoch);
        let own: Vec<B256> = own.map(|(_, case)| case.commitment).collect();
        let wait = StepView::Convicted {
            due: None,
            after_next,
        };
        // There are hundreds of them where the set is large.
        if own.is_empty() && matches!(after_next, Closing::Open | Closing::Unread) {
            return Ok((Decision::Wait, wait));
        }
        let at = At::Hash(latest.hash);
        let seen = self
            .records
            .convicted_seen(rpc, at, (offence, number), &own, after_next);
        let Some((seen, due)) = seen.await? else {
            self.unreveal(rpc, latest, offence, say).await;
            return Ok((Decision::Wait, wait));
        };
        let stagger = self.matter(subject).stagger;
        let unworthy = self.patience.is_unworthy(subject, now.number);
        let decision = decide_convicted(&self.times, now, stagger, &seen, unworthy);
        Ok((decision, StepView::Convicted { due, after_next }))
    }

    async fn certificates(
        &mut self,
        rpc: &Rpc,
        at: At,
        subject: Subject,
        now: &RootMoment,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(Decision, StepView), RpcError> {
        let epoch = subject.epoch();
        let matter = self.matter(subject);
        let own = match matter.commitment {
            Some(commitment) => self.records.committed(rpc, at, commitment).await?,
            None => None,
        };
        let case = self.cases.get(&subject);
        let named = case.and_then(|case| case.both).unwrap_or([0; 64]);
        let set = case.map(|case| &case.accused.set);
        let (count, commitment) =
            set.map_or((0, B256::ZERO), |set| (set.count, commitment_of(set)));
        let call = ICourt::shownCall {
            setCommitment: commitment,
        };
        let shown = view_call(rpc, self.contracts.court, call, at).await?;
        let left = match shown.sound {
            true => 0,
            false => count.saturating_sub(shown.count).div_ceil(SHOW_BATCH),
        };
        let last = self.records.overlaps_of(epoch).last();
        let ends = |block: u64| block.saturating_add(self.times.reveal_blocks);
        let is_open = self.records.has_convicted(epoch)
            || self.records.overlaps_of(epoch).any(|(_, one)| {
                bits(&one.pending) != [0; 64] || now.number <= ends(one.revealedAt.to())
            });
        let seen = CertificatesSeen {
            own,
            next: self.records.closing(epoch.saturating_add(1), self.accepted),
            adds: !self.is_overlapped(epoch, &named),
            last: last.map(|(_, one)| ContestedOverlap {
                block: one.revealedAt.to(),
                leader_block: one.madeAt.to(),
                is_named: both(&named, &bits(&one.signers)) != [0; 64],
            }),
            to_show: u64::from(left),
            is_open,
        };
        let plan = StepView::Certificates {
            seen,
            last: last.map_or(0, |(number, _)| number),
            shown: shown.count,
        };
        let mut decision = decide_certificates(&self.times, now, &matter, &seen);
        // Nothing else waits for a set that nobody serves.
        if decision == Decision::Send(ReportStep::Show)
            && !self.find_set(rpc, at, epoch, say).await?
        {
            decision = Decision::Wait;
        }
        Ok((decision, plan))
    }

    /// Whether all of these members are in overlaps of an epoch.
    pub(super) fn is_overlapped(&self, epoch: u64, members: &[u8; 64]) -> bool {
        let mut known = [0; 64];
        for (_, one) in self.records.overlaps_of(epoch) {
            for (byte, other) in known.iter_mut().zip(bits(&one.signers)) {
                *byte |= other;
            }
        }
        both(members, &known) == *members
    }

    async fn overlap(
        &mut self,
        rpc: &Rpc,
        at: At,
        (epoch, number, overlap): (u64, u64, ICourt::Overlap),
        now: &RootMoment,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(Decision, StepView), RpcError> {
        let is_ours = self
            .cases
            .values()
            .any(|case| case.commitment == overlap.leader);
        let is_pending = bits(&overlap.pending) != [0; 64];
        let stagger = self.matter(Subject::Overlap { epoch, number }).stagger;
        let seen = (overlap.revealedAt.to(), is_pending, is_ours);
        let mut decision = decide_overlap(now, stagger, seen);
        if decision != Decision::Wait && !self.find_set(rpc, at, epoch, say).await? {
            decision = Decision::Wait;
        }
        let overlap = Box::new(overlap);
        Ok((decision, StepView::Overlap { number, overlap }))
    }
}
