//! The call of each step, from what root shows in the block that was looked at.

use alloy_primitives::B256;

use super::plan::{Planned, StepView};
use super::root::overlaps::bits;
use super::{
    At, Call, ChildSource, Closing, CourtSeen, ICourt, IRegistry, IRootChain, OffenceId,
    ReportStep, Rpc, RpcError, SolCall, Subject, U256, Watcher, report, set, view_call,
};
use crate::proof::checkpoint::certificate::has;

/// Members that are shown in one transaction, at most: a few million gas.
pub(super) const SHOW_BATCH: u16 = 128;
/// Members that are frozen in one transaction, at most: likewise.
const FREEZE_BATCH: usize = 64;

/// The commitment to a set in the contracts' form.
pub(super) fn commitment_of(shown: &IRootChain::Set) -> B256 {
    let aggregate = shown.aggregateKey.as_ref().try_into().unwrap_or([0; 96]);
    set::commitment(
        &shown.membersRoot,
        shown.count,
        &aggregate,
        shown.totalPower,
    )
}

impl<C: ChildSource> Watcher<C> {
    /// The call of a step; `None` when what it needs is gone.
    pub(super) fn call(&self, planned: &Planned) -> Option<Call> {
        let (subject, step) = planned.key;
        if let Subject::Checkpoint { epoch } = subject {
            return self.proof_of(epoch);
        }
        if let Subject::Data { target } = subject {
            return self.data_call(target, step);
        }
        let data = match (step, &planned.plan) {
            (ReportStep::Commit, _) => ICourt::commitCall {
                commitment: self.cases.get(&subject)?.commitment,
            }
            .abi_encode(),
            (ReportStep::Reveal(leader), StepView::Offence(seen)) => {
                self.reveal(subject, leader, seen.next)?
            }
            (ReportStep::Reveal(_), StepView::Certificates { seen, last, .. }) => {
                self.reveal(subject, U256::from(*last).into(), seen.next)?
            }
            (ReportStep::Show, StepView::Certificates { shown, .. }) => {
                let case = self.cases.get(&subject)?;
                let count = case.accused.set.count;
                let end = shown.saturating_add(SHOW_BATCH).min(count);
                let numbers: Vec<u16> = (*shown..end).collect();
                let members = self.members_of(subject.epoch());
                let (members, siblings) = report::shown_members(members, &numbers)?;
                let set = case.accused.set.clone();
                ICourt::showSetCall {
                    set,
                    members,
                    siblings,
                }
                .abi_encode()
            }
            (ReportStep::Freeze, StepView::Overlap { number, overlap }) => {
                let pending = bits(&overlap.pending);
                let numbers = (0..overlap.count).filter(|at| has(&pending, usize::from(*at)));
                let numbers: Vec<u16> = numbers.take(FREEZE_BATCH).collect();
                let members = self.members_of(subject.epoch());
                let (members, siblings) = report::shown_members(members, &numbers)?;
                ICourt::freezeCall {
                    overlap_: *number,
                    members,
                    siblings,
                }
                .abi_encode()
            }
            (_, plan) => self.of_an_offence(subject, step, plan)?,
        };
        Some(Call::to(self.contracts.court, data))
    }

    /// Collecting, counting and settling.
    fn of_an_offence(
        &self,
        subject: Subject,
        step: ReportStep,
        plan: &StepView,
    ) -> Option<Vec<u8>> {
        let Subject::Offence(OffenceId { epoch, operator }) = subject else {
            return None;
        };
        Some(match step {
            ReportStep::Collect => ICourt::collectCall {
                operator,
                epoch,
                commitment: match plan {
                    StepView::Convicted { due, .. } => due.as_ref()?.commitment,
                    _ => self.cases.get(&subject)?.commitment,
                },
            }
            .abi_encode(),
            ReportStep::Count => ICourt::countCall { operator, epoch }.abi_encode(),
            ReportStep::Settle => ICourt::settleCall {
                operator,
                epoch,
                closing: self.closing(epoch.saturating_add(2), plan.after_next()?),
            }
            .abi_encode(),
            _ => return None,
        })
    }

    /// What root kept of a checkpoint that closes reports; zeros when it keeps none.
    fn closing(&self, epoch: u64, closing: Closing) -> ICourt::Kept {
        let accepted = self.records.acceptance(epoch);
        report::kept(accepted.filter(|_| matches!(closing, Closing::At(_))))
    }

    fn reveal(&self, subject: Subject, leader: B256, next: Closing) -> Option<Vec<u8>> {
        let (case, epoch) = (self.cases.get(&subject)?, subject.epoch());
        let mut accused = case.accused.clone();
        // Root may have accepted it in another block since it was found.
        if let Some(source) = epoch.checked_sub(2)
            && let Some(acceptance) = self.records.acceptance(source)
        {
            accused.source = report::kept(Some(acceptance));
        }
        accused.closing = self.closing(epoch.saturating_add(1), next);
        let named = case.evidence.named(&self.created.id);
        let accepted = named.and_then(|named| self.records.acceptance(named.epoch));
        let claim = ICourt::Claim {
            beneficiary: case.beneficiary,
            salt: case.salt,
            leader,
        };
        let accepted = report::kept(accepted);
        Some(case.evidence.reveal(accused, accepted, claim))
    }

    /// What a step brings at most, where it is done for that alone.
    pub(super) async fn pays(
        &self,
        rpc: &Rpc,
        planned: &Planned,
    ) -> Result<Option<U256>, RpcError> {
        if let (Subject::Data { target }, ReportStep::Answer) = planned.key {
            return self.pays_for(rpc, target).await;
        }
        let half = self.reward / 2;
        let case = self.cases.get(&planned.key.0);
        let (wei, registration) = match (planned.key.1, &planned.plan, case) {
            (ReportStep::Collect, StepView::Convicted { due: Some(due), .. }, _) => {
                let reward = if due.leads { half } else { 0 };
                (due.gas_wei.saturating_add(reward), due.registration)
            }
            (
                ReportStep::Collect,
                StepView::Offence(CourtSeen { own, offence, .. }),
                Some(case),
            ) => {
                let leads = offence.and_then(|offence| offence.leader) == Some(case.commitment);
                let gas = own.map_or(0, |own| own.gas_wei);
                let reward = if leads { half } else { 0 };
                (gas.saturating_add(reward), case.accused.member.registration)
            }
            (ReportStep::Reveal(leader), StepView::Offence(_), Some(case)) if !leader.is_zero() => {
                (half, case.accused.member.registration)
            }
            _ => return Ok(None),
        };
        let Subject::Offence(OffenceId { operator, .. }) = planned.key.0 else {
            return Ok(None);
        };
        let call = IRegistry::registrationOfCall {
            operator,
            number: registration,
        };
        let bond = view_call(rpc, self.created.registry, call, At::Latest)
            .await?
            .bond;
        Ok(Some(
            U256::from(wei).min(bond.saturating_sub(U256::from(1))),
        ))
    }
}
