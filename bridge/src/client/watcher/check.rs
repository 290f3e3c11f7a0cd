//! Checks what nodes hand over. The set of an epoch is the one that root committed to, whoever serves it; a node that serves another one, or
//! statements that no key made, is named.

use alloy_primitives::B256;
use alloy_sol_types::SolValue;
use plasmid_staking::Member;

use super::report::{self, CourtEvidence};
use super::{
    ASK_INTERVAL, At, ChildSource, IRegistry, IRootChain, Instant, KeptCase, MAX_CASES, OffenceId,
    RootMoment, Rpc, RpcError, Waiting, WatchNotice, Watcher, set, view_call,
};
use crate::relay::watch::Closing;

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
            return Ok(true);
        }
        if !self.find_set(rpc, at, epoch, say).await? {
            return Ok(false);
        }
        let members = self.sets.get(&epoch).map(Vec::as_slice).unwrap_or_default();
        let place = match one.statement.check(members, epoch, &self.created.id) {
            Ok(place) => place,
            Err(error) => {
                self.lie(
                    one.node,
                    format!("it serves evidence that is none: {error}"),
                    say,
                );
                return Ok(true);
            }
        };
        let Some(member) = members.get(place) else {
            return Ok(true);
        };
        let offence = OffenceId {
            epoch,
            operator: member.operator.into(),
        };
        let is_known = self.cases.contains_key(&offence);
        if is_known || self.records.offences().any(|known| known == offence) {
            return Ok(true);
        }
        let source = epoch.checked_sub(2);
        let source = source.and_then(|epoch| self.records.acceptance(epoch));
        let evidence = CourtEvidence::of(&one.statement);
        let made = evidence.zip(report::accused(members, place, source));
        let Some((evidence, accused)) = made else {
            return Ok(true);
        };
        if let Some(reason) = self.unfit(rpc, at, member).await? {
            if self.told.insert(format!("{} {epoch}", offence.operator)) {
                say(&WatchNotice::Dropped {
                    offence,
                    reason: reason.into(),
                });
            }
            return Ok(true);
        }
        if self.cases.len() >= MAX_CASES {
            return Ok(false);
        }
        let (kind, bytes) = evidence.encode();
        let kept = KeptCase {
            epoch,
            operator: offence.operator,
            kind: kind.into(),
            evidence: bytes,
            accused: accused.abi_encode().into(),
            beneficiary: self.options.beneficiary,
            commits: 0,
        };
        self.kept.cases.push(kept);
        // Nothing is sent for it before it is on the disk.
        if !self.save(say) {
            self.kept.cases.pop();
            return Ok(false);
        }
        let case = self.case(evidence, accused, self.options.beneficiary, 0);
        self.cases.insert(offence, case);
        say(&WatchNotice::Found {
            offence,
            kind,
            place: self.place(one.node),
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
    async fn find_set(
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
            self.lie(node, what, say);
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

    /// Names a node, once for each thing that it says.
    fn lie(&mut self, node: usize, reason: String, say: &mut impl FnMut(&WatchNotice)) {
        let place = self.place(node);
        if self.told.len() < MAX_CASES && self.told.insert(format!("{place} {reason}")) {
            say(&WatchNotice::Lie { place, reason });
        }
    }
}
