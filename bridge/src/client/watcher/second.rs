//! A second endpoint of root: what decides a step, or that nothing is left to do, is read at both in the same block.

use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolCall;

use super::{
    At, Call, ChildSource, ICourt, IRootChain, OffenceId, Rpc, RpcError, Subject, WatchNotice,
    Watcher, view_call,
};
use crate::relay::seen::{Block, Which};

/// Looks in a row in which the second endpoint may lack the first one's newest block before that is said.
const MAX_LOOKS_BEHIND: u32 = 20;

/// What a second endpoint says.
enum SecondWord {
    /// The same.
    Same,
    /// Nothing yet: it does not have the block.
    Later,
    /// Something else.
    Other(String),
}

impl<C: ChildSource> Watcher<C> {
    /// Whether the second endpoint says the same, if there is one.
    pub(super) async fn second_agrees(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        subject: Subject,
        say: &mut impl FnMut(&WatchNotice),
    ) -> bool {
        let Some(second) = self.second.clone() else {
            return true;
        };
        let place = second.place();
        let told = format!("second {place}");
        match self.difference(rpc, &second, latest, subject).await {
            Ok(SecondWord::Same) => {
                self.behind = 0;
                self.told.remove(&told);
                true
            }
            // An honest endpoint is a block behind now and then.
            Ok(SecondWord::Later) => {
                self.behind = self.behind.saturating_add(1);
                if self.behind > MAX_LOOKS_BEHIND && self.told.insert(told) {
                    let reason = "it never has the first one's newest block".to_owned();
                    say(&WatchNotice::Disagree { place, reason });
                }
                false
            }
            Ok(SecondWord::Other(reason)) => {
                if self.told.insert(told) {
                    say(&WatchNotice::Disagree { place, reason });
                }
                false
            }
            Err(error) => {
                if self.told.insert(told) {
                    let reason = error.to_string();
                    say(&WatchNotice::Silent { place, reason });
                }
                false
            }
        }
    }

    async fn difference(
        &self,
        rpc: &Rpc,
        second: &Rpc,
        latest: &Block,
        subject: Subject,
    ) -> Result<SecondWord, RpcError> {
        let number = latest.number;
        match second.block(Which::Number(number)).await? {
            None => return Ok(SecondWord::Later),
            Some(there) if there != *latest => {
                return Ok(SecondWord::Other(format!(
                    "block {number} has another hash or time there"
                )));
            }
            Some(_) => {}
        }
        let at = At::Hash(latest.hash);
        let account = self.wallet.address();
        if rpc.nonce(account, at).await? != second.nonce(account, at).await? {
            return Ok(SecondWord::Other(format!(
                "{account} has sent another number of transactions there"
            )));
        }
        let head = IRootChain::headCall {};
        let head = view_call(rpc, self.contracts.root_chain, head, at).await?;
        for (contract, data, what) in self.deciding(subject, head.accepted) {
            let call = Call::to(contract, data);
            let (own, other) = (rpc.call(&call, at).await?, second.call(&call, at).await?);
            if own != other {
                return Ok(SecondWord::Other(format!(
                    "in block {number} {what} is another one there"
                )));
            }
        }
        Ok(SecondWord::Same)
    }

    /// What decides about a subject, when root accepted so many checkpoints: it refuses to tell of one that it does not keep.
    fn deciding(&self, subject: Subject, accepted: u64) -> Vec<(Address, Bytes, &'static str)> {
        let (court, root_chain) = (self.contracts.court, self.contracts.root_chain);
        let epoch = subject.epoch();
        let mut all: Vec<(Address, Bytes, &'static str)> = vec![
            (
                root_chain,
                IRootChain::headCall {}.abi_encode().into(),
                "the last accepted checkpoint",
            ),
            (
                court,
                ICourt::uncountedCall {}.abi_encode().into(),
                "the number of offences that are not counted",
            ),
        ];
        let closing = [epoch.saturating_add(1), epoch.saturating_add(2)];
        let first = accepted.saturating_sub(self.contracts.record_slots);
        for epoch in closing
            .into_iter()
            .filter(|epoch| (first..accepted).contains(epoch))
        {
            let call = IRootChain::recordCall { epoch };
            all.push((
                root_chain,
                call.abi_encode().into(),
                "an accepted checkpoint",
            ));
        }
        if let Some(commitment) = self.cases.get(&subject).map(|case| case.commitment) {
            let call = ICourt::commitmentCall {
                commitment_: commitment,
            };
            all.push((court, call.abi_encode().into(), "the commitment"));
        }
        match subject {
            Subject::Offence(OffenceId { epoch, operator }) => {
                let call = ICourt::offenceCall { operator, epoch };
                all.push((court, call.abi_encode().into(), "the offence"));
            }
            Subject::Certificates { epoch, .. } => {
                let call = ICourt::lastOverlapCall { epoch };
                all.push((court, call.abi_encode().into(), "the last overlap"));
                if let Some(case) = self.cases.get(&subject) {
                    let call = ICourt::shownCall {
                        setCommitment: super::calls::commitment_of(&case.accused.set),
                    };
                    all.push((court, call.abi_encode().into(), "what was shown of the set"));
                }
            }
            Subject::Overlap { number, .. } => {
                let call = ICourt::overlapCall { number };
                all.push((court, call.abi_encode().into(), "the overlap"));
            }
        }
        all
    }
}
