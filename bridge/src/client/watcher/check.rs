//! Checks what nodes hand over. The set of an epoch is the one that root committed to, whoever serves it; a node that serves another one, or
//! statements that no key made, is named.

use alloy_primitives::{Address, B256, keccak256};
use alloy_sol_types::SolValue;
use plasmid_staking::Member;

use super::report::{self, CourtEvidence};
use super::{
    ASK_INTERVAL, At, ChildSource, DoubleStatement, IRegistry, IRootChain, Instant, KeptCase,
    MAX_CASES, MAX_CERTIFICATES, OffenceId, ROOT, RootMoment, Rpc, RpcError, Subject, Waiting,
    WatchNotice, Watcher, set, view_call,
};
use crate::proof::checkpoint::certificate;
use crate::relay::watch::Closing;
use crate::relay::watch::statement::Guilty;

impl<C: ChildSource> Watcher<C> {
    /// Judges all that waits, as far as the sets of their epochs can be had.
    pub(super) async fn judge_waiting(
        &mut self,
        rpc: &Rpc,
        at: At,
        now: &RootMoment,
        accepted: u64,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(), RpcError> {
        for _ in 0..self.waiting.len() {
            let Some(one) = self.waiting.pop_front() else {
                break;
            };
            if !self.judge(rpc, at, now, accepted, &one, say).await? {
                self.waiting.push_back(one);
            }
        }
        Ok(())
    }

    /// Gives whether it is judged; else it waits for its set.
    async fn judge(
        &mut self,
        rpc: &Rpc,
        at: At,
        now: &RootMoment,
        accepted: u64,
        one: &Waiting,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<bool, RpcError> {
        let epoch = one.statement.epoch(self.epoch_blocks);
        let is_closed = match self.records.closing(epoch.saturating_add(1), accepted) {
            Closing::Gone => true,
            Closing::At(time) => now.time > time.saturating_add(self.times.evidence_secs),
            Closing::Open | Closing::Unread => epoch < self.kept.first_epoch,
        };
        if is_closed {
            let place = one.place.clone();
            if self.tells(format!("late {place} {epoch}")) {
                say(&WatchNotice::Late { place, epoch });
            }
            return Ok(true);
        }
        if !self.find_set(rpc, at, epoch, say).await? {
            return Ok(false);
        }
        let members = self.sets.get(&epoch).cloned().unwrap_or_default();
        let signed = epoch.checked_sub(1);
        let accepted = signed.and_then(|epoch| self.records.acceptance(epoch));
        let statement = one.statement.clone();
        let statement = statement.ordered(accepted.map(|accepted| accepted.digest));
        match statement.check(&members, epoch, &self.created.id, accepted) {
            Ok(Guilty::Member(place)) => {
                self.judge_one(rpc, at, (one, &statement, epoch), &members, place, say)
                    .await
            }
            Ok(Guilty::Overlap(both)) => {
                self.judge_overlap(rpc, at, (one, &statement, epoch), &members, both, say)
                    .await
            }
            Err(error) => {
                // Anybody may have root's calldata say anything.
                if one.place != self.place(ROOT) {
                    let what = format!("it serves evidence that is none: {error}");
                    self.lie(&one.place, what, say);
                }
                Ok(true)
            }
        }
    }

    /// A member said two things.
    async fn judge_one(
        &mut self,
        rpc: &Rpc,
        at: At,
        (one, statement, epoch): (&Waiting, &DoubleStatement, u64),
        members: &[Member],
        place: usize,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<bool, RpcError> {
        let Some(member) = members.get(place) else {
            return Ok(true);
        };
        let offence = OffenceId {
            epoch,
            operator: member.operator.into(),
        };
        let subject = Subject::Offence(offence);
        let is_known = self.cases.contains_key(&subject);
        if is_known || self.records.offences().any(|known| known == offence) {
            return Ok(true);
        }
        // As long as two certificates are a case against it, or the Court waits for its freeze, a report of its own is refused.
        let in_case = self.cases.iter().any(|(other, case)| {
            let named = case.both.is_some_and(|both| certificate::has(&both, place));
            other.epoch() == epoch && named
        });
        let mut bit = [0; 64];
        certificate::insert(&mut bit, place);
        if in_case || self.is_overlapped(epoch, &bit) {
            return Ok(false);
        }
        if let Some(reason) = self.unfit(rpc, at, member).await? {
            self.drop_unfit(subject, reason, say);
            return Ok(true);
        }
        self.take_up((one, statement, subject), members, (place, None), say)
    }

    /// More than a third said two things.
    async fn judge_overlap(
        &mut self,
        rpc: &Rpc,
        at: At,
        (one, statement, epoch): (&Waiting, &DoubleStatement, u64),
        members: &[Member],
        both: [u8; 64],
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<bool, RpcError> {
        let covers = |other: &[u8; 64]| certificate::both(&both, other) == both;
        let in_case = self.cases.iter().any(|(subject, case)| {
            subject.epoch() == epoch && case.both.is_some_and(|other| covers(&other))
        });
        if in_case || self.is_overlapped(epoch, &both) {
            return Ok(true);
        }
        let Some(evidence) = CourtEvidence::of(statement, members) else {
            return Ok(true);
        };
        let subject = Subject::Certificates {
            epoch,
            evidence: evidence.hash(),
        };
        let mut last = "nobody signed both";
        for (place, member) in members.iter().enumerate() {
            if !certificate::has(&both, place) {
                continue;
            }
            match self.unfit(rpc, at, member).await? {
                None => {
                    let who = (place, Some(both));
                    return self.take_up((one, statement, subject), members, who, say);
                }
                Some(reason) => last = reason,
            }
        }
        self.drop_unfit(subject, last, say);
        Ok(true)
    }

    fn drop_unfit(&mut self, subject: Subject, reason: &str, say: &mut impl FnMut(&WatchNotice)) {
        let hash = keccak256(serde_json::to_vec(&subject).unwrap_or_default());
        if self.tells(format!("unfit {hash}")) {
            say(&WatchNotice::Dropped {
                subject,
                reason: reason.into(),
            });
        }
    }

    /// Keeps evidence. Gives whether it is kept; else it waits.
    fn take_up(
        &mut self,
        (one, statement, subject): (&Waiting, &DoubleStatement, Subject),
        members: &[Member],
        (place, both): (usize, Option<[u8; 64]>),
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<bool, RpcError> {
        let epoch = subject.epoch();
        let source = epoch.checked_sub(2);
        let source = source.and_then(|epoch| self.records.acceptance(epoch));
        let evidence = CourtEvidence::of(statement, members);
        let made = evidence.zip(report::accused(members, place, source));
        let Some((evidence, accused)) = made else {
            return Ok(true);
        };
        let many = self.cases.values().filter(|case| case.both.is_some());
        if self.cases.len() >= MAX_CASES || (both.is_some() && many.count() >= MAX_CERTIFICATES) {
            return Ok(false);
        }
        let (kind, bytes) = evidence.encode();
        let operator = match subject {
            Subject::Offence(offence) => offence.operator,
            Subject::Certificates { .. } | Subject::Overlap { .. } => Address::ZERO,
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
            return Ok(false);
        }
        let case = self.case((evidence, both), accused, self.options.beneficiary, 0);
        self.cases.insert(subject, case);
        say(&WatchNotice::Found {
            subject,
            kind,
            place: one.place.clone(),
        });
        Ok(true)
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
        let call = IRegistry::hasKeysCall {
            operator: member.operator.into(),
            number: member.registration,
            consensusKey: member.consensus_key.into(),
            checkpointKey: member.checkpoint_key.to_vec().into(),
        };
        let has = view_call(rpc, self.created.registry, call, at).await?;
        Ok((!has).then_some("the Registry does not know these keys for that registration"))
    }

    /// Whether the set of an epoch is known: the one that root committed to, asked of all nodes in turn.
    pub(super) async fn find_set(
        &mut self,
        rpc: &Rpc,
        at: At,
        epoch: u64,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<bool, RpcError> {
        if self.sets.contains_key(&epoch) {
            return Ok(true);
        }
        let Some(expected) = self.commitment_of(rpc, at, epoch).await? else {
            return Ok(false);
        };
        let asked = self.asked.get(&epoch);
        if asked.is_some_and(|asked| asked.elapsed() < ASK_INTERVAL) {
            return Ok(false);
        }
        self.asked.insert(epoch, Instant::now());
        let mut reasons = Vec::new();
        for node in self.child.sources() {
            let members = match self.child.members(node, epoch).await {
                Ok(members) => members,
                Err(reason) => {
                    reasons.push(format!("{}: {reason}", self.place(node)));
                    continue;
                }
            };
            // A copied set is marked in all of its leaves, and nodes need not say that.
            for at_risk in [true, false] {
                let marked = members.iter().map(|one| Member { at_risk, ..*one });
                let marked: Vec<Member> = marked.collect();
                if set::commit(&marked).is_ok_and(|own| own.commitment == expected) {
                    self.told.remove(&format!("set {epoch}"));
                    self.sets.insert(epoch, marked);
                    return Ok(true);
                }
            }
            let what = format!("its set of epoch {epoch} is not the one that root committed to");
            self.lie(&self.place(node), what, say);
        }
        if self.told.insert(format!("set {epoch}")) {
            say(&WatchNotice::NoSet {
                epoch,
                reason: match reasons.is_empty() {
                    true => "every node serves another one".into(),
                    false => reasons.join("; "),
                },
            });
        }
        Ok(false)
    }

    /// What root committed to as the set of an epoch; none before it has done so, or before its event is read.
    async fn commitment_of(&self, rpc: &Rpc, at: At, epoch: u64) -> Result<Option<B256>, RpcError> {
        let Some(source) = epoch.checked_sub(2) else {
            let call = IRootChain::genesisSetsCall {};
            let sets = view_call(rpc, self.contracts.root_chain, call, at).await?;
            return Ok(Some(if epoch == 0 { sets.set0 } else { sets.set1 }));
        };
        let acceptance = self.records.acceptance(source);
        Ok(acceptance.map(|acceptance| acceptance.checkpoint.next_set))
    }

    /// Names a place, once for each thing that it says.
    pub(super) fn lie(&mut self, place: &str, reason: String, say: &mut impl FnMut(&WatchNotice)) {
        if self.tells(format!("{place} {reason}")) {
            let place = place.to_owned();
            say(&WatchNotice::Lie { place, reason });
        }
    }

    /// Whether that is news, within bounds.
    fn tells(&mut self, what: String) -> bool {
        self.told.len() < MAX_CASES && self.told.insert(what)
    }
}
