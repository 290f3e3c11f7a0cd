//! Checks what nodes hand over. The set of an epoch is the one that root committed to, whoever serves it; a node that serves another one, or
//! statements that no key made, is named.

use alloy_primitives::{Address, keccak256};
use alloy_sol_types::SolValue;
use plasmid_staking::Member;

use super::report::{self, CourtEvidence};
use super::root::REORGANISED;
use super::second::{About, MAX_CONFIRMED, has_keys};
use super::{
    At, ChildSource, DoubleStatement, ICourt, KeptCase, MAX_CASES, MAX_CERTIFICATES, OffenceId,
    ROOT, RootMoment, Rpc, RpcError, Subject, WatchNotice, Watcher, view_call,
};
use crate::proof::checkpoint::certificate;
use crate::relay::seen::Block;
use crate::relay::watch::Closing;
use crate::relay::watch::docket::Accusation;
use crate::relay::watch::statement::{Guilty, StatementError};

/// What became of statements that were judged.
enum Verdict {
    /// They wait, and are an offence of their set.
    Wait,
    /// What they show stands on root, and may yet be taken away.
    Aside,
    /// They wait for what they are judged by.
    Unsure,
    /// They are a case now, or nothing is lost with them.
    Over,
    /// They are to be let go of, because root says so.
    LetGo(About, Option<WatchNotice>),
}

impl<C: ChildSource> Watcher<C> {
    /// Judges all that waits, as far as the sets of their epochs can be had.
    pub(super) async fn judge_waiting(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        now: &RootMoment,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(), RpcError> {
        let before = self.confirmed.asked;
        for _ in 0..self.docket.len() {
            // The others have their turn in a later look.
            if self.confirmed.asked.saturating_sub(before) >= MAX_CONFIRMED {
                break;
            }
            let Some(mut one) = self.docket.pop() else {
                break;
            };
            let judged = self.judge(rpc, latest, now, &one, say).await;
            let verdict = match judged {
                Ok(verdict) => verdict,
                Err(error) => {
                    self.docket.put_back(one);
                    return Err(error);
                }
            };
            match verdict {
                Verdict::Over => {}
                Verdict::Wait | Verdict::Aside => {
                    one.is_checked = true;
                    one.is_shown = matches!(verdict, Verdict::Aside);
                    self.docket.put_back(one);
                }
                Verdict::Unsure => {
                    (one.is_checked, one.is_shown) = (false, false);
                    self.docket.put_back(one);
                }
                Verdict::LetGo(about, notice) => {
                    if !self.both_say(rpc, latest, &about, say).await {
                        self.docket.put_back(one);
                    } else if let Some(notice) = notice {
                        self.tell_news(notice, say);
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether reports of an epoch are closed, as far as root's first endpoint says.
    pub(super) fn is_closed(&self, epoch: u64, now: &RootMoment) -> bool {
        match self.records.closing(epoch.saturating_add(1), self.accepted) {
            Closing::Gone => true,
            Closing::At(time) => now.time > time.saturating_add(self.times.evidence_secs),
            Closing::Open | Closing::Unread => epoch < self.kept.first_epoch,
        }
    }

    /// A place names a thing once.
    fn tell_news(&mut self, mut notice: WatchNotice, say: &mut impl FnMut(&WatchNotice)) {
        if !self.is_news(&notice) {
            return;
        }
        if let WatchNotice::Late { place, epochs, .. } = &mut notice {
            let late = self.late.entry(place.clone()).or_default();
            *late = late.saturating_add(1);
            *epochs = *late;
            if !late.is_power_of_two() {
                return;
            }
        }
        say(&notice);
    }

    fn is_news(&mut self, notice: &WatchNotice) -> bool {
        match notice {
            WatchNotice::Late { place, epoch, .. } => self.tells(format!("late {place} {epoch}")),
            WatchNotice::Dropped { subject, .. } => {
                let hash = keccak256(serde_json::to_vec(subject).unwrap_or_default());
                self.tells(format!("unfit {hash}"))
            }
            WatchNotice::Lie { place, reason } => self.tells(format!("{place} {reason}")),
            _ => true,
        }
    }

    async fn judge(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        now: &RootMoment,
        one: &Accusation,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<Verdict, RpcError> {
        let epoch = one.statement.epoch(self.epoch_blocks);
        if self.is_closed(epoch, now) {
            let (place, epochs) = (one.place.clone(), 0);
            let late = WatchNotice::Late {
                place,
                epoch,
                epochs,
            };
            let late = (!one.is_shown).then_some(late);
            return Ok(Verdict::LetGo(About::Epoch(epoch), late));
        }
        if !self
            .find_set(rpc, At::Hash(latest.hash), epoch, say)
            .await?
        {
            return Ok(Verdict::Unsure);
        }
        let members = self.members_of(epoch).to_vec();
        let signed = epoch.checked_sub(1);
        let accepted = signed.and_then(|epoch| self.records.acceptance(epoch));
        let statement = one.statement.clone().naming(accepted);
        let statement = statement.ordered(accepted.map(|accepted| accepted.digest));
        match statement.check(&members, epoch, &self.created.id, accepted) {
            Ok(Guilty::Member(place)) => {
                self.judge_one(rpc, latest, (one, &statement, epoch), &members, place, say)
                    .await
            }
            Ok(Guilty::Overlap(both)) => {
                self.judge_overlap(rpc, latest, (one, &statement, epoch), &members, both, say)
                    .await
            }
            Err(StatementError::NotAccepted)
                if accepted.is_none() && statement.has_second(&members) =>
            {
                Ok(Verdict::Unsure)
            }
            Err(error) => {
                // What root's calldata shows was checked before: root accepted that very one since.
                let lie = (one.place != self.place(ROOT)).then(|| WatchNotice::Lie {
                    place: one.place.clone(),
                    reason: format!("it serves evidence that is none: {error}"),
                });
                Ok(Verdict::LetGo(About::Epoch(epoch), lie))
            }
        }
    }

    /// A member said two things.
    async fn judge_one(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        (one, statement, epoch): (&Accusation, &DoubleStatement, u64),
        members: &[Member],
        place: usize,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<Verdict, RpcError> {
        let Some(member) = members.get(place) else {
            return Ok(Verdict::Over);
        };
        let offence = OffenceId {
            epoch,
            operator: member.operator.into(),
        };
        let subject = Subject::Offence(offence);
        if let Some(case) = self.cases.get(&subject) {
            return Ok(match self.stands(&subject, case) {
                true => Verdict::Over,
                false => Verdict::Unsure,
            });
        }
        let at = At::Hash(latest.hash);
        // An event alone shows no offence: that root knows it says its state.
        if let Some(block) = self.revealed_at(rpc, at, offence).await? {
            return Ok(shown_verdict(block, latest, About::Subject(subject)));
        }
        if let Some(reason) = self.unfit(rpc, at, member).await? {
            return Ok(unfit_verdict(epoch, member, subject, reason));
        }
        // A case keeps others out, so one endpoint's word alone makes none while the other one says something.
        let about = About::Epoch(epoch);
        if !self.may_act(rpc, latest, &about, say).await {
            return Ok(Verdict::Unsure);
        }
        // As long as two certificates are a case against it, or the Court waits for its freeze, a report of its own is refused.
        let in_case = self.cases.iter().any(|(other, case)| {
            let named = case.both.is_some_and(|both| certificate::has(&both, place));
            other.epoch() == epoch && named && self.stands(other, case)
        });
        let mut bit = [0; 64];
        certificate::insert(&mut bit, place);
        if in_case || self.is_overlapped(epoch, &bit) {
            return Ok(Verdict::Wait);
        }
        Ok(self.take_up((one, statement, subject), members, (place, None), say))
    }

    /// The block of an offence's reveal, if root knows of one.
    async fn revealed_at(
        &self,
        rpc: &Rpc,
        at: At,
        OffenceId { epoch, operator }: OffenceId,
    ) -> Result<Option<u64>, RpcError> {
        let call = ICourt::offenceCall { operator, epoch };
        let known = view_call(rpc, self.contracts.court, call, at).await?;
        Ok((known.registration != 0).then(|| known.revealedAt.to()))
    }

    /// More than a third said two things.
    async fn judge_overlap(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        (one, statement, epoch): (&Accusation, &DoubleStatement, u64),
        members: &[Member],
        both: [u8; 64],
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<Verdict, RpcError> {
        if self.has_case_of(epoch, &both) {
            return Ok(Verdict::Over);
        }
        if self.is_overlapped(epoch, &both) {
            let overlaps = self.records.overlaps_of(epoch);
            let newest = overlaps.map(|(_, one)| one.revealedAt.to()).max();
            let newest = newest.unwrap_or_default();
            return Ok(shown_verdict(newest, latest, About::Epoch(epoch)));
        }
        let Some(evidence) = CourtEvidence::of(statement, members) else {
            return Ok(Verdict::Over);
        };
        let subject = Subject::Certificates {
            epoch,
            evidence: evidence.hash(),
        };
        let about = About::Epoch(epoch);
        if !self.may_act(rpc, latest, &about, say).await {
            return Ok(Verdict::Unsure);
        }
        let (at, mut last) = (At::Hash(latest.hash), None);
        for (place, member) in members.iter().enumerate() {
            if !certificate::has(&both, place) {
                continue;
            }
            match self.unfit(rpc, at, member).await? {
                None => {
                    let who = (place, Some(both));
                    return Ok(self.take_up((one, statement, subject), members, who, say));
                }
                Some(reason) => last = Some((member, reason)),
            }
        }
        Ok(match last {
            Some((member, reason)) => unfit_verdict(epoch, member, subject, reason),
            None => Verdict::LetGo(
                about,
                Some(WatchNotice::Dropped {
                    subject,
                    reason: "nobody signed both".into(),
                }),
            ),
        })
    }

    /// Keeps evidence, as far as there is room.
    fn take_up(
        &mut self,
        (one, statement, subject): (&Accusation, &DoubleStatement, Subject),
        members: &[Member],
        (place, both): (usize, Option<[u8; 64]>),
        say: &mut impl FnMut(&WatchNotice),
    ) -> Verdict {
        let epoch = subject.epoch();
        let source = epoch.checked_sub(2);
        let source = source.and_then(|epoch| self.records.acceptance(epoch));
        let evidence = CourtEvidence::of(statement, members);
        let made = evidence.zip(report::accused(members, place, source));
        let Some((evidence, accused)) = made else {
            return Verdict::Over;
        };
        let many = self.cases.values().filter(|case| case.both.is_some());
        if self.cases.len() >= MAX_CASES || (both.is_some() && many.count() >= MAX_CERTIFICATES) {
            return Verdict::Wait;
        }
        let (kind, bytes) = evidence.encode();
        let operator = match subject {
            Subject::Offence(offence) => offence.operator,
            Subject::Certificates { .. }
            | Subject::Overlap { .. }
            | Subject::Checkpoint { .. }
            | Subject::Data { .. } => Address::ZERO,
        };
        let kept = KeptCase {
            epoch,
            operator,
            kind: kind.into(),
            evidence: bytes,
            accused: accused.abi_encode().into(),
            beneficiary: self.options.beneficiary,
            commits: 0,
            both: both.map(|both| both.to_vec().into()).unwrap_or_default(),
        };
        self.kept.cases.push(kept);
        // Nothing is sent for it before it is on the disk.
        if !self.save(say) {
            self.kept.cases.pop();
            return Verdict::Wait;
        }
        let case = self.case((evidence, both), accused, self.options.beneficiary, 0);
        self.cases.insert(subject, case);
        say(&WatchNotice::Found {
            subject,
            kind,
            place: one.place.clone(),
        });
        Verdict::Over
    }

    /// Why nothing can be held against a member: what the Court would say after the commitment is paid.
    async fn unfit(
        &self,
        rpc: &Rpc,
        at: At,
        member: &Member,
    ) -> Result<Option<&'static str>, RpcError> {
        if !member.at_risk {
            return Ok(Some(
                "the set of its epoch is a copy, so nobody in it had stake at risk",
            ));
        }
        let call = has_keys(member);
        let has = view_call(rpc, self.created.registry, call, at).await?;
        Ok((!has).then_some("the Registry does not know these keys for that registration"))
    }

    /// Names a place, once for each thing that it says.
    pub(super) fn lie(&mut self, place: &str, reason: String, say: &mut impl FnMut(&WatchNotice)) {
        let place = place.to_owned();
        self.tell_news(WatchNotice::Lie { place, reason }, say);
    }

    /// Whether that is news, as far as it is remembered.
    pub(super) fn tells(&mut self, what: String) -> bool {
        if self.said.len() >= MAX_CASES {
            self.said.clear();
        }
        self.said.insert(what)
    }
}

/// What was shown on root in this block. A reorganisation may take it away, as long as it is not older than what is reckoned with.
fn shown_verdict(block: u64, latest: &Block, about: About) -> Verdict {
    match latest.number.saturating_sub(block) >= REORGANISED {
        true => Verdict::LetGo(about, None),
        false => Verdict::Aside,
    }
}

fn unfit_verdict(epoch: u64, member: &Member, subject: Subject, reason: &str) -> Verdict {
    let reason = reason.to_owned();
    let about = About::Member(epoch, Box::new(member.clone()));
    Verdict::LetGo(about, Some(WatchNotice::Dropped { subject, reason }))
}
