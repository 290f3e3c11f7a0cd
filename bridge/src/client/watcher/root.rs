//! What a watcher reads of root: the events of RootChain, Court and DataChallenges in blocks that it has not read, and their state in one block.
//!
//! Events only tell where to look. Whatever is sent follows from the contracts' state, and what an event shows of a checkpoint is compared with
//! the word that RootChain keeps of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use alloy_primitives::{Address, B256};
use alloy_sol_types::SolEvent;

use crate::abi::{ICourt, IRootChain};
use crate::client::follower::view_call;
use crate::client::rpc::{At, Rpc, RpcError};
use crate::relay::acceptance::Acceptance;
use crate::relay::challenges::{ChallengeBook, DataEvent, ToldBy};
use crate::relay::events::{self, Heard};
use crate::relay::seen::{Block, Failure, Log, Which};
use crate::relay::watch::{Closing, OffenceId};

/// Blocks of one question, at most.
const MAX_PAGE: u64 = 5_000;
/// Questions of one look, at most.
const MAX_PAGES: usize = 16;
/// How far reading goes back when the last block that was read is another one now.
pub const REORGANISED: u64 = 256;

mod asked;
mod offences;
pub mod overlaps;
mod whole;

use asked::SecondEvents;

/// An event of the Court that is told.
#[derive(Clone, Debug)]
pub enum CourtEvent {
    /// A commitment.
    Committed(ICourt::Committed),
    /// The first reveal.
    Revealed(ICourt::Revealed),
    /// An older commitment.
    Overtaken(ICourt::Overtaken),
    /// A reward.
    Collected(ICourt::Collected),
    /// A cut.
    Settled(ICourt::Settled),
    /// Two certificates.
    Overlapped(ICourt::Overlapped),
    /// An older commitment to two certificates.
    OverlapOvertaken(ICourt::OverlapOvertaken),
    /// One whom they showed.
    Convicted(ICourt::Convicted),
    /// What became of a challenge of data.
    Data(DataEvent),
}

/// Where the contracts are.
#[derive(Clone, Copy, Debug)]
pub struct CourtContracts {
    /// The deployment.
    pub deployment: [u8; 20],
    /// Court.
    pub court: Address,
    /// DataChallenges.
    pub data_challenges: Address,
    /// RootChain.
    pub root_chain: Address,
    /// K: how many blocks an epoch has.
    pub epoch_blocks: u32,
    /// How many checkpoints RootChain keeps a word of.
    pub record_slots: u64,
}

/// What was read of root.
#[derive(Debug)]
pub struct CourtRecords {
    contracts: CourtContracts,
    acceptances: BTreeMap<u64, Acceptance>,
    /// Commitments that were revealed of offences that are not over.
    revealed: BTreeMap<OffenceId, BTreeSet<B256>>,
    /// Offences that two certificates showed and that are not over, with the numbers of their overlaps.
    convicted: BTreeMap<OffenceId, u64>,
    overlaps: BTreeMap<u64, ICourt::Overlap>,
    /// Overlaps that are not read again.
    over: BTreeSet<u64>,
    challenges: ChallengeBook,
    /// The events of challenges as a second endpoint tells them.
    second: SecondEvents,
    /// Acceptances that were not compared yet with the word that root keeps.
    unchecked: BTreeSet<u64>,
    read: u64,
    read_hash: Option<B256>,
    rewound: Option<u64>,
    page: u64,
    /// The block in which events were last found to be wrong, from which on they are read again at once.
    doubted: Option<u64>,
    /// Whether all that root accepted and is needed is known, as root keeps it.
    is_whole: bool,
    /// Until when checkpoints are accepted, once the deployment closes, and the block since which root says so.
    exit_at: Option<(u64, u64)>,
    /// The block that is looked at.
    number: u64,
}

impl CourtRecords {
    /// Nothing yet; events are read from behind block `read`.
    #[must_use]
    pub fn new(contracts: CourtContracts, read: u64) -> Self {
        Self {
            contracts,
            acceptances: BTreeMap::new(),
            revealed: BTreeMap::new(),
            convicted: BTreeMap::new(),
            overlaps: BTreeMap::new(),
            over: BTreeSet::new(),
            challenges: ChallengeBook::default(),
            second: SecondEvents::behind(read),
            unchecked: BTreeSet::new(),
            read,
            read_hash: None,
            rewound: None,
            page: MAX_PAGE,
            doubted: None,
            is_whole: false,
            exit_at: None,
            number: 0,
        }
    }

    /// What root says of the end of the deployment in this block. It closes reports only once it says the same for some blocks: root never takes it back, and
    /// one answer that is none must not have all evidence let go of.
    pub(super) fn ends(&mut self, exit_at: Option<u64>, number: u64) {
        self.number = number;
        if exit_at != self.exit_at.map(|(at, _)| at) {
            self.exit_at = exit_at.map(|at| (at, number));
        }
    }

    fn closed_at(&self) -> Option<u64> {
        let (at, since) = self.exit_at?;
        (self.number.saturating_sub(since) >= REORGANISED).then_some(at)
    }

    /// Whether all that root accepted and is needed is known, as root keeps it. Nothing is let go of before: an endpoint that lies once would have what is kept
    /// thrown away.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Up to which block events were read.
    #[must_use]
    pub const fn read(&self) -> u64 {
        self.read
    }

    /// To which block reading went back, if the chain was reorganised since this was asked.
    pub const fn rewound(&mut self) -> Option<u64> {
        self.rewound.take()
    }

    /// Offences that were revealed and are not over.
    pub fn offences(&self) -> impl Iterator<Item = OffenceId> + '_ {
        self.revealed.keys().chain(self.convicted.keys()).copied()
    }

    /// Whether this one was revealed and is not over.
    #[must_use]
    pub fn has_offence(&self, offence: &OffenceId) -> bool {
        self.revealed.contains_key(offence) || self.convicted.contains_key(offence)
    }

    /// An offence is over.
    pub fn forget(&mut self, offence: OffenceId) {
        self.revealed.remove(&offence);
        self.convicted.remove(&offence);
    }

    /// What root accepted of an epoch, as it keeps it.
    #[must_use]
    pub fn acceptance(&self, epoch: u64) -> Option<&Acceptance> {
        let known = self.acceptances.get(&epoch);
        known.filter(|_| !self.unchecked.contains(&epoch))
    }

    /// What root accepted of these epochs, as it keeps it and as far as it is known: whatever ends they have, no more is gone through than is known.
    pub fn acceptances_of(&self, epochs: Range<u64>) -> impl Iterator<Item = &Acceptance> {
        let known = self.acceptances.values();
        known.filter(move |one| epochs.contains(&one.epoch) && !self.unchecked.contains(&one.epoch))
    }

    /// Lets go of checkpoints below this epoch. Gives the block behind which the next start must read.
    pub fn release(&mut self, epoch: u64, first_block: u64) -> u64 {
        self.acceptances = self.acceptances.split_off(&epoch);
        self.unchecked = self.unchecked.split_off(&epoch);
        self.release_overlaps(epoch);
        let oldest = self.acceptances.first_key_value();
        match oldest {
            Some((first, acceptance)) if *first == epoch => acceptance.block.saturating_sub(1),
            _ => first_block,
        }
    }

    /// The first epoch whose acceptance is known.
    #[must_use]
    pub fn first_epoch(&self) -> Option<u64> {
        self.acceptances.first_key_value().map(|(epoch, _)| *epoch)
    }

    /// Reads on to the newest block, as far as one look goes. Gives the Court's events with their blocks.
    pub async fn scan(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
    ) -> Result<Vec<(u64, CourtEvent)>, RpcError> {
        if let Some(hash) = self.read_hash
            && self.read <= latest.number
        {
            let there = rpc.block(Which::Number(self.read)).await?;
            if there.is_none_or(|there| there.hash != hash) {
                self.read = self.read.saturating_sub(REORGANISED);
                self.over.clear();
                self.rewind_challenges();
                self.rewound = Some(self.read);
            }
        }
        let mut told = Vec::new();
        for _ in 0..MAX_PAGES {
            if self.read >= latest.number {
                break;
            }
            let from = self.read.saturating_add(1);
            let to = latest.number.min(self.read.saturating_add(self.page));
            let addresses = [
                self.contracts.root_chain,
                self.contracts.court,
                self.contracts.data_challenges,
            ];
            match rpc.logs(from, to, &addresses, &topics()).await {
                Ok(logs) => {
                    for log in &logs {
                        self.take(log, (from, to), &mut told)?;
                    }
                    self.read = to;
                    self.read_hash = (to == latest.number).then_some(latest.hash);
                    self.page = self.page.saturating_mul(2).min(MAX_PAGE);
                }
                Err(error) if self.failed((from, to), &error.failure()) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(told)
    }

    /// A question about these blocks failed. Gives whether a smaller one may be asked at once: whoever does not answer is asked for less at the
    /// next look.
    fn failed(&mut self, (from, to): (u64, u64), failure: &Failure) -> bool {
        if matches!(failure, Failure::RateLimited { .. }) {
            return false;
        }
        self.page = (self.page / 2).max(1);
        from < to && *failure != Failure::Unreachable
    }

    fn take(
        &mut self,
        log: &Log,
        (from, to): (u64, u64),
        told: &mut Vec<(u64, CourtEvent)>,
    ) -> Result<(), RpcError> {
        if log.block < from || log.block > to {
            return Err(RpcError::Malformed(format!(
                "an event of block {} where {from} to {to} were asked for",
                log.block
            )));
        }
        if log.address == self.contracts.root_chain {
            let heard = events::decode(log, &self.contracts.deployment);
            if let Heard::Acceptance(acceptance) = heard.map_err(RpcError::Malformed)? {
                self.unchecked.insert(acceptance.epoch);
                self.acceptances.insert(acceptance.epoch, *acceptance);
            }
            return Ok(());
        }
        if log.address == self.contracts.data_challenges {
            let heard = self
                .challenges
                .hear(log, self.contracts.epoch_blocks, ToldBy::First);
            let event = heard.map_err(RpcError::Malformed)?;
            told.push((log.block, CourtEvent::Data(event)));
            return Ok(());
        }
        let event = decode(log)?;
        match &event {
            CourtEvent::Revealed(one) => self.reveals(one.operator, one.epoch, one.commitment),
            CourtEvent::Overtaken(one) => self.reveals(one.operator, one.epoch, one.commitment),
            CourtEvent::Convicted(one) => {
                let (epoch, operator) = (one.epoch, one.operator);
                let offence = OffenceId { epoch, operator };
                self.revealed.remove(&offence);
                self.convicted.insert(offence, one.overlap);
            }
            CourtEvent::Committed(_)
            | CourtEvent::Collected(_)
            | CourtEvent::Settled(_)
            | CourtEvent::Overlapped(_)
            | CourtEvent::OverlapOvertaken(_)
            | CourtEvent::Data(_) => {}
        }
        told.push((log.block, event));
        Ok(())
    }

    fn reveals(&mut self, operator: Address, epoch: u64, commitment: B256) {
        let offence = OffenceId { epoch, operator };
        self.convicted.remove(&offence);
        self.revealed.entry(offence).or_default().insert(commitment);
    }

    /// What closes reports with the acceptance of checkpoint `epoch`, of which root accepted those below `accepted`: where none is accepted any more,
    /// they close as if it had been accepted last.
    #[must_use]
    pub fn closing(&self, epoch: u64, accepted: u64) -> Closing {
        if accepted <= epoch {
            return self.closed_at().map_or(Closing::Open, Closing::At);
        }
        if accepted.saturating_sub(epoch) > self.contracts.record_slots {
            return Closing::Gone;
        }
        self.acceptance(epoch)
            .map_or(Closing::Unread, |found| Closing::At(found.time))
    }
}

fn topics() -> [B256; 13] {
    let [asked, answered, paid_back, withheld] = ChallengeBook::topics();
    [
        asked,
        answered,
        paid_back,
        withheld,
        events::ACCEPTANCE,
        ICourt::Committed::SIGNATURE_HASH,
        ICourt::Revealed::SIGNATURE_HASH,
        ICourt::Overtaken::SIGNATURE_HASH,
        ICourt::Collected::SIGNATURE_HASH,
        ICourt::Settled::SIGNATURE_HASH,
        ICourt::Overlapped::SIGNATURE_HASH,
        ICourt::OverlapOvertaken::SIGNATURE_HASH,
        ICourt::Convicted::SIGNATURE_HASH,
    ]
}

fn decode(log: &Log) -> Result<CourtEvent, RpcError> {
    let event = match log.topics.first() {
        Some(&ICourt::Committed::SIGNATURE_HASH) => read(log, CourtEvent::Committed),
        Some(&ICourt::Revealed::SIGNATURE_HASH) => read(log, CourtEvent::Revealed),
        Some(&ICourt::Overtaken::SIGNATURE_HASH) => read(log, CourtEvent::Overtaken),
        Some(&ICourt::Collected::SIGNATURE_HASH) => read(log, CourtEvent::Collected),
        Some(&ICourt::Settled::SIGNATURE_HASH) => read(log, CourtEvent::Settled),
        Some(&ICourt::Overlapped::SIGNATURE_HASH) => read(log, CourtEvent::Overlapped),
        Some(&ICourt::OverlapOvertaken::SIGNATURE_HASH) => read(log, CourtEvent::OverlapOvertaken),
        Some(&ICourt::Convicted::SIGNATURE_HASH) => read(log, CourtEvent::Convicted),
        _ => {
            return Err(RpcError::Malformed(format!(
                "event {} of block {} is none that was asked for",
                log.index, log.block
            )));
        }
    };
    event.map_err(|error| {
        RpcError::Malformed(format!(
            "event {} of the Court in block {}: {error}",
            log.index, log.block
        ))
    })
}

fn read<E: SolEvent>(
    log: &Log,
    of: fn(E) -> CourtEvent,
) -> Result<CourtEvent, alloy_sol_types::Error> {
    let topics = log.topics.iter().copied();
    E::decode_raw_log_validate(topics, &log.data).map(of)
}

#[cfg(test)]
mod tests;
