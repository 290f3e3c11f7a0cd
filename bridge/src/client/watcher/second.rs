//! A second endpoint of root: what decides a step, or that something is let go of, is read at both in the same block. Whatever is let go of, be it
//! evidence, an epoch or a position, asks [`Watcher::both_say`] first.

use std::collections::BTreeSet;
use std::ops::Range;

use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::SolCall;
use plasmid_staking::Member;

use super::{
    At, Call, ChildSource, ICourt, IRegistry, IRootChain, OffenceId, Rpc, RpcError, Subject,
    WatchNotice, Watcher,
};
use crate::relay::seen::{Block, Which};

/// Looks in a row in which the second endpoint may lack the first one's newest block before that is said.
const MAX_LOOKS_BEHIND: u32 = 20;

/// What both must say the same of.
#[derive(Clone, Debug)]
pub(super) enum About {
    /// How far root is.
    Head,
    /// What is next for a subject, or that nothing is.
    Subject(Subject),
    /// Whether statements of an epoch are evidence, and reports of it open.
    Epoch(u64),
    /// Whether anything can be held against this member of an epoch.
    Member(u64, Box<Member>),
    /// That reports of these epochs are closed.
    Closed(Range<u64>),
}

/// A view function of a contract, its data, and what it tells.
type Deciding = (Address, Bytes, &'static str);

/// What the second endpoint confirmed of one block.
#[derive(Debug, Default)]
pub(super) struct Confirmed {
    block: B256,
    is_same_block: bool,
    /// Whether it lacked the block when it was asked in this look.
    pub(super) is_behind: bool,
    calls: BTreeSet<(Address, Bytes)>,
}

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
    pub(super) async fn both_say(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        about: &About,
        say: &mut impl FnMut(&WatchNotice),
    ) -> bool {
        let Some(second) = self.second.clone() else {
            return true;
        };
        let place = second.place();
        let (told, late) = (format!("second {place}"), format!("behind {place}"));
        match self.difference(rpc, &second, latest, about).await {
            Ok(SecondWord::Same) => {
                self.behind = 0;
                self.told.remove(&told);
                self.told.remove(&late);
                true
            }
            // An honest endpoint is a block behind now and then.
            Ok(SecondWord::Later) => {
                if !self.confirmed.is_behind {
                    self.confirmed.is_behind = true;
                    self.behind = self.behind.saturating_add(1);
                }
                if self.behind > MAX_LOOKS_BEHIND && self.told.insert(late) {
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
        &mut self,
        rpc: &Rpc,
        second: &Rpc,
        latest: &Block,
        about: &About,
    ) -> Result<SecondWord, RpcError> {
        if self.confirmed.block != latest.hash {
            self.confirmed = Confirmed {
                block: latest.hash,
                ..Confirmed::default()
            };
        }
        let (number, at) = (latest.number, At::Hash(latest.hash));
        if self.confirmed.is_behind {
            return Ok(SecondWord::Later);
        }
        if !self.confirmed.is_same_block {
            match second.block(Which::Number(number)).await? {
                None => return Ok(SecondWord::Later),
                Some(there) if there != *latest => {
                    return Ok(SecondWord::Other(format!(
                        "block {number} has another hash or time there"
                    )));
                }
                Some(_) => {}
            }
            let account = self.wallet.address();
            if rpc.nonce(account, at).await? != second.nonce(account, at).await? {
                return Ok(SecondWord::Other(format!(
                    "{account} has sent another number of transactions there"
                )));
            }
            self.confirmed.is_same_block = true;
        }
        for (contract, data, what) in self.deciding(about) {
            let key = (contract, data.clone());
            if self.confirmed.calls.contains(&key) {
                continue;
            }
            let call = Call::to(contract, data);
            let (own, other) = (rpc.call(&call, at).await?, second.call(&call, at).await?);
            if own != other {
                return Ok(SecondWord::Other(format!(
                    "in block {number} {what} is another one there"
                )));
            }
            self.confirmed.calls.insert(key);
        }
        Ok(SecondWord::Same)
    }

    /// What decides: root refuses to tell of a checkpoint that it does not keep.
    fn deciding(&self, about: &About) -> Vec<Deciding> {
        let (court, root_chain) = (self.contracts.court, self.contracts.root_chain);
        let uncounted = ICourt::uncountedCall {}.abi_encode();
        let mut all: Vec<Deciding> = vec![
            (
                root_chain,
                IRootChain::headCall {}.abi_encode().into(),
                "the last accepted checkpoint",
            ),
            (
                court,
                uncounted.into(),
                "the number of offences that are not counted",
            ),
        ];
        match about {
            About::Head => {}
            About::Subject(subject) => {
                let epoch = subject.epoch();
                let closing = epoch.saturating_add(1)..epoch.saturating_add(3);
                self.records_of(closing, &mut all);
                self.of_a_subject(*subject, &mut all);
            }
            About::Epoch(epoch) => self.of_an_epoch(*epoch, &mut all),
            About::Member(epoch, member) => {
                self.of_an_epoch(*epoch, &mut all);
                let call = has_keys(member).abi_encode();
                let what = "whether the Registry knows an operator's keys";
                all.push((self.created.registry, call.into(), what));
            }
            About::Closed(epochs) => {
                let closing = epochs.start.saturating_add(1)..epochs.end.saturating_add(1);
                self.records_of(closing, &mut all);
                let overlaps = ICourt::overlapsCall {}.abi_encode();
                all.push((court, overlaps.into(), "the number of overlaps"));
            }
        }
        all
    }

    /// The words that root keeps of these epochs' checkpoints.
    fn records_of(&self, epochs: Range<u64>, all: &mut Vec<Deciding>) {
        let (root_chain, accepted) = (self.contracts.root_chain, self.accepted);
        let first = accepted.saturating_sub(self.contracts.record_slots);
        for epoch in epochs.start.max(first)..epochs.end.min(accepted) {
            let call = IRootChain::recordCall { epoch };
            all.push((
                root_chain,
                call.abi_encode().into(),
                "an accepted checkpoint",
            ));
        }
    }

    /// The set of an epoch, what was accepted before it and behind it, and who is convicted of it.
    fn of_an_epoch(&self, epoch: u64, all: &mut Vec<Deciding>) {
        self.records_of(epoch.saturating_sub(2)..epoch.saturating_add(2), all);
        if epoch < 2 {
            let call = IRootChain::genesisSetsCall {}.abi_encode();
            let what = "the sets of the genesis";
            all.push((self.contracts.root_chain, call.into(), what));
        }
        for (number, _) in self.records.overlaps_of(epoch) {
            let call = ICourt::overlapCall { number }.abi_encode();
            all.push((self.contracts.court, call.into(), "an overlap"));
        }
    }

    fn of_a_subject(&self, subject: Subject, all: &mut Vec<Deciding>) {
        let court = self.contracts.court;
        if let Some(case) = self.cases.get(&subject) {
            let call = ICourt::commitmentCall {
                commitment_: case.commitment,
            };
            all.push((court, call.abi_encode().into(), "the commitment"));
            // What commits to the set, and the checkpoint that evidence may name.
            let epoch = subject.epoch();
            self.records_of(epoch.saturating_sub(2)..epoch, all);
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
            Subject::Checkpoint { epoch } => {
                self.records_of(epoch..epoch.saturating_add(1), all);
            }
            Subject::Overlap { number, .. } => {
                let call = ICourt::overlapCall { number };
                all.push((court, call.abi_encode().into(), "the overlap"));
            }
        }
    }
}

/// Whether the Registry knows a member's keys.
pub(super) fn has_keys(member: &Member) -> IRegistry::hasKeysCall {
    IRegistry::hasKeysCall {
        operator: member.operator.into(),
        number: member.registration,
        consensusKey: member.consensus_key.into(),
        checkpointKey: member.checkpoint_key.to_vec().into(),
    }
}
