//! Sends what is next, at the nonce of the block that was looked at.

use super::{
    At, Call, ChildSource, CourtSeen, ICourt, IRegistry, Instant, OffenceId, Offered, ReportStep,
    RootMoment, Rpc, RpcError, SolCall, U256, WalletError, WatchNotice, Watcher, folder, report,
    view_call,
};

impl<C: ChildSource> Watcher<C> {
    /// Looks after what was sent: once its nonce is used in the block that was looked at, it is over.
    pub(super) async fn mined(&mut self, nonce: u64, say: &mut impl FnMut(&WatchNotice)) {
        let Some(sending) = self.kept.sending.take_if(|sending| sending.nonce < nonce) else {
            return;
        };
        self.offered = None;
        if let Ok(Some(receipt)) = self.wallet.look(&sending.hashes).await {
            say(&WatchNotice::Paid {
                offence: OffenceId {
                    epoch: sending.epoch,
                    operator: sending.operator,
                },
                step: sending.step,
                hash: receipt.hash,
                gas_used: receipt.gas_used,
                succeeded: receipt.succeeded,
            });
        }
        self.save(say);
    }

    /// Sends a step, unless it is on its way, root would refuse it, or it costs more than it brings.
    pub(super) async fn send(
        &mut self,
        rpc: &Rpc,
        key: (OffenceId, ReportStep),
        seen: &CourtSeen,
        now: &RootMoment,
        nonce: u64,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(), RpcError> {
        let (offence, step) = key;
        let sending = self.kept.sending.as_ref();
        let again = sending.is_some_and(|sending| {
            (
                sending.nonce,
                sending.epoch,
                sending.operator,
                &*sending.step,
            ) == (nonce, offence.epoch, offence.operator, step.name())
        });
        if again && self.is_on_its_way(rpc).await? {
            return Ok(());
        }
        let Some(call) = self.call(offence, step, seen) else {
            return Ok(());
        };
        let (gas, fees) = match self.wallet.limits(&call).await {
            Ok(limits) => limits,
            Err(error) => return self.failed(key, now, error, say),
        };
        if let Some(pays) = self.pays(rpc, offence, step, seen).await? {
            let price = (fees.max.saturating_sub(fees.tip) / 2).saturating_add(fees.tip);
            let cost = U256::from(gas).saturating_mul(U256::from(price));
            if cost > pays {
                if self.patience.unworthy(key, now.number) {
                    let step = step.name();
                    say(&WatchNotice::Unworthy {
                        offence,
                        step,
                        cost,
                        pays,
                    });
                }
                return Ok(());
            }
        }
        if self.options.dry_run {
            if self.patience.refused(key, now.number, "") {
                let [cost, _] = self.wallet.most((gas, fees));
                let step = step.name();
                say(&WatchNotice::WouldSend {
                    offence,
                    step,
                    gas,
                    cost,
                });
            }
            return Ok(());
        }
        self.note(offence, step, nonce, again);
        // A restart knows by this what is on its way.
        if !self.save(say) {
            return Ok(());
        }
        let last = self
            .offered
            .and_then(|offered| offered.fees)
            .filter(|_| again);
        let bid = self.wallet.bid(call, nonce, last).await;
        let at = Instant::now();
        let hashes = match &bid {
            Ok(sent) => sent.hashes.clone(),
            Err(error) => error.hashes().to_vec(),
        };
        if let Some(sending) = &mut self.kept.sending {
            sending.hashes.extend(hashes);
        }
        self.save(say);
        match bid {
            Ok(sent) => {
                let fees = Some(sent.fees);
                self.offered = Some(Offered { at, fees });
                say(&WatchNotice::Sent {
                    offence,
                    step: step.name(),
                    hash: sent.hash(),
                    nonce,
                });
                Ok(())
            }
            Err(error) => self.failed(key, now, error, say),
        }
    }

    /// Keeps what is about to be sent.
    fn note(&mut self, offence: OffenceId, step: ReportStep, nonce: u64, again: bool) {
        if again {
            return;
        }
        self.offered = None;
        self.kept.sending = Some(folder::KeptSending {
            nonce,
            epoch: offence.epoch,
            operator: offence.operator,
            step: step.name().into(),
            hashes: Vec::new(),
        });
        if step == ReportStep::Commit
            && let Some(case) = self.cases.get_mut(&offence)
        {
            case.commits = case.commits.saturating_add(1);
            let own = |kept: &&mut folder::KeptCase| {
                (kept.epoch, kept.operator) == (offence.epoch, offence.operator)
            };
            if let Some(kept) = self.kept.cases.iter_mut().find(own) {
                kept.commits = case.commits;
            }
        }
    }

    /// Whether what was sent may still be mined as it is: it was sent a short while ago, or, after a restart, the node knows it.
    async fn is_on_its_way(&mut self, rpc: &Rpc) -> Result<bool, RpcError> {
        if let Some(offered) = self.offered {
            return Ok(offered.at.elapsed() < self.wallet.stuck());
        }
        let hashes = self.kept.sending.iter().flat_map(|one| one.hashes.clone());
        for hash in hashes.collect::<Vec<_>>() {
            if rpc.transaction_is_known(hash).await? {
                let at = Instant::now();
                self.offered = Some(Offered { at, fees: None });
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The call of a step; none when what it needs is gone.
    fn call(&self, offence: OffenceId, step: ReportStep, seen: &CourtSeen) -> Option<Call> {
        let OffenceId { epoch, operator } = offence;
        let case = self.cases.get(&offence);
        let accepted = |epoch: u64| report::kept(self.records.acceptance(epoch));
        let data = match step {
            ReportStep::Commit => ICourt::commitCall {
                commitment: case?.commitment,
            }
            .abi_encode(),
            ReportStep::Reveal(leader) => {
                let case = case?;
                let mut accused = case.accused.clone();
                // Root may have accepted it in another block since it was found.
                if let Some(source) = epoch.checked_sub(2)
                    && let Some(acceptance) = self.records.acceptance(source)
                {
                    accused.source = report::kept(Some(acceptance));
                }
                accused.closing = match seen.next {
                    super::Closing::At(_) => accepted(epoch.saturating_add(1)),
                    _ => report::kept(None),
                };
                let claim = ICourt::Claim {
                    beneficiary: case.beneficiary,
                    salt: case.salt,
                    leader,
                };
                case.evidence.reveal(accused, claim)
            }
            ReportStep::Collect => ICourt::collectCall {
                operator,
                epoch,
                commitment: case?.commitment,
            }
            .abi_encode(),
            ReportStep::Count => ICourt::countCall { operator, epoch }.abi_encode(),
            ReportStep::Settle => {
                let closing = match seen.after_next {
                    super::Closing::At(_) => accepted(epoch.saturating_add(2)),
                    _ => report::kept(None),
                };
                ICourt::settleCall {
                    operator,
                    epoch,
                    closing,
                }
                .abi_encode()
            }
        };
        Some(Call::to(self.contracts.court, data))
    }

    /// What a step brings at most, where it is done for that alone.
    async fn pays(
        &self,
        rpc: &Rpc,
        offence: OffenceId,
        step: ReportStep,
        seen: &CourtSeen,
    ) -> Result<Option<U256>, RpcError> {
        let Some(case) = self.cases.get(&offence) else {
            return Ok(None);
        };
        let half = self.reward / 2;
        let wei = match step {
            ReportStep::Collect => {
                let leads =
                    seen.offence.and_then(|offence| offence.leader) == Some(case.commitment);
                let gas = seen.own.map_or(0, |own| own.gas_wei);
                gas.saturating_add(if leads { half } else { 0 })
            }
            ReportStep::Reveal(leader) if !leader.is_zero() => half,
            _ => return Ok(None),
        };
        let call = IRegistry::registrationOfCall {
            operator: offence.operator,
            number: case.accused.member.registration,
        };
        let bond = view_call(rpc, self.created.registry, call, At::Latest)
            .await?
            .bond;
        Ok(Some(
            U256::from(wei).min(bond.saturating_sub(U256::from(1))),
        ))
    }

    /// A step was not sent, or it is not known what the node did with it. What a contract refuses is left alone for a while.
    fn failed(
        &mut self,
        key: (OffenceId, ReportStep),
        now: &RootMoment,
        error: WalletError,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(), RpcError> {
        let error = match error {
            WalletError::Rpc(error) => return Err(error),
            error => error,
        };
        let said = error.to_string();
        if self.patience.refused(key, now.number, &said) {
            let (offence, step) = key;
            let step = step.name();
            say(&match error {
                WalletError::WouldRevert(reason) => WatchNotice::Refused {
                    offence,
                    step,
                    reason,
                },
                _ => WatchNotice::Trouble(said),
            });
        }
        Ok(())
    }
}
