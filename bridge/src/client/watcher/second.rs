//! A second endpoint of root: what decides a step, or that something is let go of, is read at both in the same block. Whatever is let go of, be it
//! evidence, an epoch or a position, asks [`Watcher::both_say`] first. What happens when one endpoint says nothing stands in [`super::silence`].
//!
//! The second endpoint's answers are compared with the very answers that the decision used: the first endpoint is asked each question once a block ([`Rpc::remember`]), and the word of a
//! checkpoint is made from what its event showed. So an endpoint that answers now one way and now another gains nothing by it.

use std::collections::BTreeMap;
use std::ops::Range;

use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::SolCall;
use plasmid_staking::Member;

use super::{
    At, Call, ChildSource, ICourt, IDataChallenges, IRegistry, IRootChain, OffenceId, Rpc,
    RpcError, Subject, Watcher,
};
use crate::relay::challenges::DataTarget;
use crate::relay::seen::{Block, Which};

/// Confirmations of a second endpoint that statements, or shares, or commits ask for in one look, at most.
pub(super) const MAX_CONFIRMED: usize = 16;

/// Bytes of a word of an answer.
const WORD: usize = 32;

/// The subject about which both endpoints must say the same.
#[derive(Clone, Debug)]
pub(super) enum About {
    /// How far root has accepted and finalized checkpoints.
    Head,
    /// What is next for a subject, or that nothing is.
    Subject(Subject),
    /// Whether statements of an epoch are evidence, and reports of it open.
    Epoch(u64),
    /// Whether anything can be held against this member of an epoch.
    Member(u64, Box<Member>),
    /// That reports of these epochs are closed.
    Closed(Range<u64>),
    /// A question for data that is about to be asked.
    Question(DataTarget),
    /// Which checkpoints from the first to the second one are held up by questions for data.
    Held(u64, u64),
}

/// What decides: a view function of a contract.
struct Deciding {
    contract: Address,
    data: Bytes,
    /// What the function tells, in words for a person.
    what: &'static str,
    /// The epoch and the answer, where the answer is known from an event and was not asked of the view function.
    read: Option<(u64, Bytes)>,
    /// How many bytes at the beginning of the answer are not compared.
    begins: usize,
}

impl Deciding {
    fn of<C: SolCall>(contract: Address, call: C, what: &'static str) -> Self {
        let data = call.abi_encode().into();
        Self {
            contract,
            data,
            what,
            read: None,
            begins: 0,
        }
    }
}

/// What the second endpoint says of one block; like the first, it is asked each question once.
#[derive(Debug, Default)]
pub(super) struct Confirmed {
    block: B256,
    is_same_block: bool,
    /// Whether it lacked the block when it was asked in this look.
    pub(super) is_behind: bool,
    /// Whether it lacked the block and goes on with blocks that the first one does not have.
    pub(super) contradicts: bool,
    /// Whether it said nothing when it was asked in this look.
    pub(super) is_silent: bool,
    /// How often it was asked in this look.
    pub(super) asked: usize,
    calls: BTreeMap<(Address, Bytes), Bytes>,
}

/// Which of the two endpoints did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SilentEndpoint {
    /// The endpoint whose answers the decision uses.
    First,
    /// The endpoint whose answers are compared with the first one's.
    Second,
}

/// What a second endpoint says.
pub(super) enum SecondWord {
    /// It says the same as the first endpoint.
    Same,
    /// It does not have the block yet.
    Later,
    /// It says something else.
    Other(String),
}

impl<C: ChildSource> Watcher<C> {
    /// What the second endpoint says about the subject. An error comes with the endpoint that did not answer.
    pub(super) async fn difference(
        &mut self,
        rpc: &Rpc,
        second: &Rpc,
        latest: &Block,
        about: &About,
    ) -> Result<SecondWord, (SilentEndpoint, RpcError)> {
        let (own, other) = (
            |error| (SilentEndpoint::First, error),
            |error| (SilentEndpoint::Second, error),
        );
        if self.confirmed.block != latest.hash {
            self.confirmed = Confirmed {
                block: latest.hash,
                asked: self.confirmed.asked,
                is_silent: self.confirmed.is_silent,
                ..Confirmed::default()
            };
        }
        let (number, at) = (latest.number, At::Hash(latest.hash));
        if self.confirmed.is_behind {
            return Ok(SecondWord::Later);
        }
        let mut is_asked = !self.confirmed.is_same_block;
        self.confirmed.asked = self.confirmed.asked.saturating_add(usize::from(is_asked));
        if !self.confirmed.is_same_block {
            let there = second.block(Which::Number(number));
            match self.silence.within(there).await.map_err(other)? {
                None => return Ok(SecondWord::Later),
                Some(there) if there != *latest => {
                    return Ok(SecondWord::Other(format!(
                        "block {number} has another hash or time there"
                    )));
                }
                Some(_) => {}
            }
            let account = self.wallet.address();
            let sent = rpc.nonce(account, at).await.map_err(own)?;
            let there = self.silence.within(second.nonce(account, at));
            if sent != there.await.map_err(other)? {
                return Ok(SecondWord::Other(format!(
                    "{account} has sent another number of transactions there"
                )));
            }
            self.confirmed.is_same_block = true;
        }
        for one in self.deciding(about) {
            let (contract, what, begins) = (one.contract, one.what, one.begins);
            let key = (contract, one.data.clone());
            let call = Call::to(contract, one.data);
            let epoch = one.read.as_ref().map(|(epoch, _)| *epoch);
            let told = match one.read {
                Some((_, read)) => read,
                None => rpc.call(&call, at).await.map_err(own)?,
            };
            let there = match self.confirmed.calls.get(&key) {
                Some(there) => there.clone(),
                None => {
                    if !is_asked {
                        is_asked = true;
                        self.confirmed.asked = self.confirmed.asked.saturating_add(1);
                    }
                    let there = self.silence.within(second.call(&call, at));
                    let there = there.await.map_err(other)?;
                    self.confirmed.calls.insert(key, there.clone());
                    there
                }
            };
            if told.get(begins..) != there.get(begins..) {
                // Perhaps the first endpoint does not say it any more either.
                if let Some(epoch) = epoch {
                    self.records.doubt(epoch);
                }
                return Ok(SecondWord::Other(format!(
                    "in block {number} {what} is another one there"
                )));
            }
        }
        Ok(SecondWord::Same)
    }

    /// The view functions that decide about a subject; root refuses to tell of a checkpoint that it does not keep.
    fn deciding(&self, about: &About) -> Vec<Deciding> {
        let (court, root_chain) = (self.contracts.court, self.contracts.root_chain);
        let mut all = vec![Deciding::of(
            root_chain,
            IRootChain::headCall {},
            "the last accepted checkpoint",
        )];
        match about {
            About::Head => {}
            About::Subject(subject) => {
                let epoch = subject.epoch();
                let closing = epoch.saturating_add(1)..epoch.saturating_add(3);
                self.records_of(closing, &mut all);
                let what = "the number of offences that are not counted";
                all.push(Deciding::of(court, ICourt::uncountedCall { epoch }, what));
                self.of_a_subject(*subject, &mut all);
            }
            About::Epoch(epoch) => self.of_an_epoch(*epoch, &mut all),
            About::Member(epoch, member) => {
                self.of_an_epoch(*epoch, &mut all);
                let what = "whether the Registry knows an operator's keys";
                let call = has_keys(member);
                all.push(Deciding::of(self.created.registry, call, what));
            }
            About::Question(target) => {
                let subject = Subject::Data { target: *target };
                self.of_a_subject(subject, &mut all);
                let call = IDataChallenges::priceCall {
                    kind: target.kind(),
                };
                let contract = self.contracts.data_challenges;
                // Where nothing is paid, each endpoint computes the price from a base fee of its own; only the deadline comes from root's state.
                all.push(Deciding {
                    begins: WORD,
                    ..Deciding::of(contract, call, "the deadline of a question")
                });
            }
            About::Held(from, to) => {
                let (from, to) = (*from, *to);
                let call = IDataChallenges::firstHeldCall { from, to };
                let contract = self.contracts.data_challenges;
                let what = "which checkpoint is held up by a question for data";
                all.push(Deciding::of(contract, call, what));
            }
            About::Closed(epochs) => {
                let closing = epochs.start.saturating_add(1)..epochs.end.saturating_add(1);
                self.records_of(closing, &mut all);
                let what = "the number of overlaps";
                all.push(Deciding::of(court, ICourt::overlapsCall {}, what));
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
            let read = self.records.acceptance(epoch).map(|found| {
                let word = found.record();
                let word = IRootChain::recordCall::abi_encode_returns(&word);
                (epoch, word.into())
            });
            all.push(Deciding {
                read,
                ..Deciding::of(root_chain, call, "an accepted checkpoint")
            });
        }
    }

    /// The functions that tell the set of an epoch, what was accepted before it and behind it, and who is convicted of an offence in it.
    fn of_an_epoch(&self, epoch: u64, all: &mut Vec<Deciding>) {
        self.records_of(epoch.saturating_sub(2)..epoch.saturating_add(2), all);
        let (court, root_chain) = (self.contracts.court, self.contracts.root_chain);
        if epoch < 2 {
            let (call, what) = (IRootChain::genesisSetsCall {}, "the sets of the genesis");
            all.push(Deciding::of(root_chain, call, what));
        }
        for (number, _) in self.records.overlaps_of(epoch) {
            let call = ICourt::overlapCall { number };
            all.push(Deciding::of(court, call, "an overlap"));
        }
    }

    fn of_a_subject(&self, subject: Subject, all: &mut Vec<Deciding>) {
        let court = self.contracts.court;
        if let Some(case) = self.cases.get(&subject) {
            let call = ICourt::commitmentCall {
                commitment_: case.commitment,
            };
            all.push(Deciding::of(court, call, "the commitment"));
            // The checkpoint that commits to the set, and the one that the evidence may name.
            let epoch = subject.epoch();
            self.records_of(epoch.saturating_sub(2)..epoch, all);
        }
        match subject {
            Subject::Offence(OffenceId { epoch, operator }) => {
                let call = ICourt::offenceCall { operator, epoch };
                all.push(Deciding::of(court, call, "the offence"));
            }
            Subject::Certificates { epoch, .. } => {
                let call = ICourt::lastOverlapCall { epoch };
                all.push(Deciding::of(court, call, "the last overlap"));
                if let Some(case) = self.cases.get(&subject) {
                    let call = ICourt::shownCall {
                        setCommitment: super::calls::commitment_of(&case.accused.set),
                    };
                    all.push(Deciding::of(court, call, "what was shown of the set"));
                }
            }
            Subject::Checkpoint { epoch } => {
                self.records_of(epoch..epoch.saturating_add(1), all);
            }
            Subject::Overlap { number, .. } => {
                let call = ICourt::overlapCall { number };
                all.push(Deciding::of(court, call, "the overlap"));
            }
            Subject::Data { target } => {
                let call = IDataChallenges::challengedCall {
                    target: target.into(),
                };
                let contract = self.contracts.data_challenges;
                all.push(Deciding::of(contract, call, "the challenge"));
                let epoch = target.epoch();
                self.records_of(epoch..epoch.saturating_add(1), all);
                let (call, what) = (IRootChain::voidableCall {}, "which checkpoints can be void");
                all.push(Deciding::of(self.contracts.root_chain, call, what));
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
