//! The body of `plasmid watch`: takes whoever says two things with one key to the Court, and may be stopped at any moment.
//!
//! What is next for an offence is decided by [`crate::relay::watch`] from root's state in one block; this reads root, checks what nodes of the
//! child hand over, sends, and says what happened. Everything that is sent has the account's nonce of the block that was looked at, so nothing is
//! paid twice, whatever was sent before: the account is the watcher's own.
//!
//! ```text
//! nodes ── votes, shares ──▶ set of the epoch, as root committed to it ─▶ signatures ─▶ watch.json ─▶ commit, reveal, collect, settle
//! ```

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::ops::Range;
use std::time::Duration;

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolCall, SolValue};
use plasmid_staking::Member;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::ceremony::Created;
use super::follower::view_call;
use super::rpc::{At, Call, Rpc, RpcError};
use super::wallet::{Fees, Wallet, WalletError};
use crate::abi::{ICourt, IRegistry, IRootChain};
use crate::proof::{court, deployment, set};
use crate::relay::seen::Which;
use crate::relay::watch::statement::DoubleStatement;
use crate::relay::watch::{
    Closing, CourtSeen, CourtTimes, Decision, End, Matter, OffenceId, Patience, ReportStep,
    RootMoment, decide,
};

mod act;
mod check;
pub mod folder;
mod notice;
pub mod report;
pub mod root;

use folder::{FolderError, Kept, KeptCase, WatchFolder};
pub use notice::WatchNotice;
use report::Evidence;
use root::{CourtContracts, CourtEvent, CourtRecords};

/// Between two looks at root.
const POLL: Duration = Duration::from_millis(1_000);
/// The longest wait for a root that does not answer.
const MAX_POLL: Duration = Duration::from_secs(30);
/// Offences with evidence that are kept, at most: more than a set has members for two epochs.
const MAX_CASES: usize = 1_024;
/// Statements of one node that wait for the set of their epoch, at most.
const MAX_WAITING: usize = 64;
/// How often nodes are asked for the set of one epoch.
const ASK_INTERVAL: Duration = Duration::from_secs(5);
/// How often the heights that were read are written down.
const SAVE_INTERVAL: Duration = Duration::from_secs(5);

/// What somebody who reads the child found.
#[derive(Clone, Debug)]
pub enum ChildNews {
    /// A node's blocks are read up to this height.
    Read {
        /// Which node.
        node: usize,
        /// The height.
        height: u64,
    },
    /// It handed over two statements.
    Accuses {
        /// Which node.
        node: usize,
        /// The height of the block in which they stand; 0 when in none.
        height: u64,
        /// The statements.
        statement: Box<DoubleStatement>,
    },
    /// It does not answer, or has no more what is asked of it.
    Silent {
        /// Which node.
        node: usize,
        /// Why.
        reason: String,
    },
    /// It answers again.
    Back {
        /// Which node.
        node: usize,
    },
    /// It has deleted blocks that were not read.
    Skipped {
        /// Which node.
        node: usize,
        /// The first of them.
        from: u64,
        /// The last of them.
        to: u64,
    },
}

/// Nodes of the child, none of which is believed.
pub trait Child {
    /// Where each is, without what may be a key.
    fn places(&self) -> &[String];
    /// Which of them tell sets.
    fn sources(&self) -> Range<usize>;
    /// The set of an epoch, as this node says it.
    fn members(
        &self,
        node: usize,
        epoch: u64,
    ) -> impl Future<Output = Result<Vec<Member>, String>> + Send;
}

/// How a watcher behaves.
#[derive(Clone, Copy, Debug)]
pub struct WatchOptions {
    /// Who is paid.
    pub beneficiary: Address,
    /// Whether nothing is sent.
    pub dry_run: bool,
}

/// Why a watcher cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// Root.
    #[error(transparent)]
    Root(#[from] RpcError),
    /// Its folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// Something that a node handed over and that is not checked yet.
#[derive(Clone, Debug)]
struct Waiting {
    node: usize,
    height: u64,
    statement: DoubleStatement,
}

/// A checked offence.
#[derive(Clone, Debug)]
struct Case {
    evidence: Evidence,
    accused: ICourt::Accused,
    beneficiary: Address,
    salt: B256,
    commitment: B256,
    commits: u32,
}

/// What was sent last, as this process knows it.
#[derive(Clone, Copy, Debug)]
struct Offered {
    at: Instant,
    fees: Option<Fees>,
}

/// A watcher.
#[derive(Debug)]
pub struct Watcher<C> {
    wallet: Wallet,
    child: C,
    options: WatchOptions,
    created: Created,
    contracts: CourtContracts,
    times: CourtTimes,
    epoch_blocks: u64,
    reward: u128,
    folder: WatchFolder,
    kept: Kept,
    saved: Instant,
    records: CourtRecords,
    cases: BTreeMap<OffenceId, Case>,
    counted: BTreeSet<OffenceId>,
    waiting: VecDeque<Waiting>,
    sets: BTreeMap<u64, Vec<Member>>,
    asked: BTreeMap<u64, Instant>,
    patience: Patience,
    offered: Option<Offered>,
    told: BTreeSet<String>,
}

impl<C: Child> Watcher<C> {
    /// A watcher of a deployment that was read back, with what an earlier run left in its folder.
    ///
    /// # Errors
    /// [`WatchError`] when root does not answer, or the folder cannot be used.
    pub async fn open(
        wallet: Wallet,
        created: Created,
        child: C,
        path: &std::path::Path,
        options: WatchOptions,
    ) -> Result<Self, WatchError> {
        let rpc = std::sync::Arc::clone(wallet.rpc());
        let court = Address::from(deployment::court(&created.registry.into_array()));
        let at = At::Latest;
        let root = view_call(&rpc, created.root_chain, IRootChain::parametersCall {}, at).await?;
        let own = view_call(&rpc, court, ICourt::parametersCall {}, at).await?;
        let (folder, kept) = WatchFolder::open(path, &created.id, wallet.address())?;
        let contracts = CourtContracts {
            deployment: created.id,
            court,
            root_chain: created.root_chain,
            record_slots: u64::from(root.recordSlots),
        };
        let read = kept.root_block.max(created.block.saturating_sub(1));
        let mut watcher = Self {
            wallet,
            child,
            options,
            contracts,
            times: CourtTimes {
                reveal_blocks: u64::from(root.revealBlocks),
                root_block_secs: root.rootBlockSecs,
                evidence_secs: root.evidenceSecs,
            },
            epoch_blocks: u64::from(root.epochBlocks),
            reward: own.reward,
            created,
            folder,
            saved: Instant::now(),
            records: CourtRecords::new(contracts, read),
            cases: BTreeMap::new(),
            counted: BTreeSet::new(),
            waiting: VecDeque::new(),
            sets: BTreeMap::new(),
            asked: BTreeMap::new(),
            patience: Patience::default(),
            offered: None,
            told: BTreeSet::new(),
            kept,
        };
        for kept in watcher.kept.cases.clone() {
            watcher.resume(&kept);
        }
        Ok(watcher)
    }

    /// The height from which blocks of a node are read: behind what was read of it, and not before the first epoch whose reports are open.
    /// Root is read for it, for as long as that takes.
    pub async fn prepare(&mut self, say: &mut impl FnMut(&WatchNotice)) -> Vec<u64> {
        while !self.try_look(say).await {
            sleep(POLL).await;
        }
        let first = self.kept.first_epoch.saturating_mul(self.epoch_blocks);
        let from = |place: &String| {
            let read = self.kept.heights.get(place).copied().unwrap_or(0);
            read.max(first).saturating_add(1)
        };
        self.child.places().iter().map(from).collect()
    }

    /// Watches until it is dropped, or all who read the child have ended.
    pub async fn run(
        mut self,
        mut news: mpsc::Receiver<ChildNews>,
        mut say: impl FnMut(&WatchNotice),
    ) {
        let mut wait = POLL;
        loop {
            let until = Instant::now() + wait;
            loop {
                tokio::select! {
                    () = tokio::time::sleep_until(until) => break,
                    told = news.recv() => match told {
                        Some(told) => self.hear(told, &mut say),
                        None => return,
                    },
                }
            }
            wait = match self.try_look(&mut say).await {
                true => POLL,
                false => wait.saturating_mul(2).min(MAX_POLL),
            };
            if self.saved.elapsed() > SAVE_INTERVAL {
                self.save(&mut say);
            }
        }
    }

    /// Takes evidence up that an earlier run has kept. What does not decode was never written by one.
    fn resume(&mut self, kept: &KeptCase) {
        let evidence = Evidence::decode(&kept.kind, &kept.evidence);
        let accused = ICourt::Accused::abi_decode_validate(&kept.accused).ok();
        if let Some((evidence, accused)) = evidence.zip(accused) {
            let offence = OffenceId {
                epoch: kept.epoch,
                operator: kept.operator,
            };
            let case = self.case(evidence, accused, kept.beneficiary, kept.commits);
            self.cases.insert(offence, case);
        }
    }

    /// The salt is the hash of the evidence under the account's secret, so that nothing secret has to be kept.
    fn case(
        &self,
        evidence: Evidence,
        accused: ICourt::Accused,
        beneficiary: Address,
        commits: u32,
    ) -> Case {
        let hash = evidence.hash();
        let salt = self
            .wallet
            .keyed_hash(&[b"PSLT".as_slice(), hash.as_slice()].concat());
        let commitment = court::commitment(
            self.created.root_chain_id,
            &self.contracts.court.into_array(),
            &hash,
            &beneficiary.into_array(),
            &salt,
        );
        Case {
            evidence,
            accused,
            beneficiary,
            salt,
            commitment,
            commits,
        }
    }

    fn hear(&mut self, news: ChildNews, say: &mut impl FnMut(&WatchNotice)) {
        match news {
            ChildNews::Read { node, height } => {
                let lowest = self.waiting.iter().filter(|one| one.node == node);
                let lowest = lowest.map(|one| one.height.saturating_sub(1)).min();
                let height = height.min(lowest.unwrap_or(height));
                if let Some(place) = self.child.places().get(node) {
                    self.kept.heights.insert(place.clone(), height);
                }
            }
            ChildNews::Accuses {
                node,
                height,
                statement,
            } => {
                let one = Waiting {
                    node,
                    height,
                    statement: *statement,
                };
                let same = |other: &&Waiting| other.statement == one.statement;
                let of_node = self.waiting.iter().filter(|other| other.node == node);
                if self.waiting.iter().find(same).is_none() && of_node.count() < MAX_WAITING {
                    self.waiting.push_back(one);
                }
            }
            ChildNews::Silent { node, reason } => say(&WatchNotice::Silent {
                place: self.place(node),
                reason,
            }),
            ChildNews::Skipped { node, from, to } => say(&WatchNotice::Blind {
                place: self.place(node),
                from,
                to,
            }),
            ChildNews::Back { node } => say(&WatchNotice::Back {
                place: self.place(node),
            }),
        }
    }

    fn place(&self, node: usize) -> String {
        self.child.places().get(node).cloned().unwrap_or_default()
    }

    /// Looks at root and does what is next. Gives whether root answered and all of its events are read.
    async fn try_look(&mut self, say: &mut impl FnMut(&WatchNotice)) -> bool {
        let rpc = std::sync::Arc::clone(self.wallet.rpc());
        let place = rpc.place();
        match self.look(&rpc, say).await {
            Ok(done) => {
                if self.told.remove(&place) {
                    say(&WatchNotice::Back { place });
                }
                done
            }
            Err(error) => {
                if self.told.insert(place.clone()) {
                    let reason = error.to_string();
                    say(&WatchNotice::Silent { place, reason });
                }
                false
            }
        }
    }

    async fn look(
        &mut self,
        rpc: &Rpc,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<bool, RpcError> {
        let latest = rpc.block(Which::Latest).await?;
        let latest = latest.ok_or_else(|| RpcError::Malformed("no newest block".into()))?;
        let told = self.records.scan(rpc, &latest).await?;
        self.tell(&told, say);
        if self.records.read() < latest.number {
            let (reached, target) = (self.records.read(), latest.number);
            say(&WatchNotice::Reading { reached, target });
            return Ok(false);
        }
        let at = At::Hash(latest.hash);
        let head = view_call(rpc, self.contracts.root_chain, IRootChain::headCall {}, at).await?;
        let uncounted = view_call(rpc, self.contracts.court, ICourt::uncountedCall {}, at).await?;
        let nonce = rpc.nonce(self.wallet.address(), at).await?;
        let now = RootMoment {
            number: latest.number,
            time: latest.time,
            uncounted: uncounted.saturating_to(),
        };
        self.mined(nonce, say).await;
        self.judge_waiting(rpc, at, &now, head.accepted, say)
            .await?;
        let mut next: Option<(ReportStep, OffenceId, CourtSeen)> = None;
        let open: BTreeSet<OffenceId> = self
            .cases
            .keys()
            .copied()
            .chain(self.records.offences())
            .collect();
        for offence in open {
            let own = self.cases.get(&offence);
            let matter = Matter {
                commitment: own.map(|own| own.commitment),
                commits: own.map_or(0, |own| own.commits),
            };
            let seen = self
                .records
                .seen(rpc, at, offence, matter.commitment, head.accepted);
            let seen = seen.await?;
            self.tell_counted(offence, &seen, say);
            let unworthy = self.patience.is_unworthy(offence, now.number);
            match decide(&self.times, &now, &matter, &seen, unworthy) {
                Decision::Wait => {}
                Decision::Done(end) => self.over(offence, end, say),
                Decision::Send(step) => {
                    let held = self.patience.holds(offence, step, now.number);
                    let first = next.as_ref().is_none_or(|(other, ..)| step < *other);
                    if first && !held {
                        next = Some((step, offence, seen));
                    }
                }
            }
        }
        if let Some((step, offence, seen)) = next {
            self.send(rpc, (offence, step), &seen, &now, nonce, say)
                .await?;
        }
        self.release(&now, head.accepted);
        Ok(true)
    }

    /// Tells what the Court's events say, once.
    fn tell(&mut self, told: &[(u64, CourtEvent)], say: &mut impl FnMut(&WatchNotice)) {
        let before = self.kept.told;
        for (block, event) in told.iter().filter(|(block, _)| *block > before) {
            self.kept.told = self.kept.told.max(*block);
            let mine = |commitment: &B256| {
                let mut all = self.cases.values();
                all.any(|case| case.commitment == *commitment)
            };
            if let Some(notice) = WatchNotice::of(event, mine) {
                say(&notice);
            }
        }
    }

    /// Counting makes no event.
    fn tell_counted(
        &mut self,
        offence: OffenceId,
        seen: &CourtSeen,
        say: &mut impl FnMut(&WatchNotice),
    ) {
        if seen.offence.is_some_and(|offence| offence.is_counted) && self.counted.insert(offence) {
            say(&WatchNotice::Counted { offence });
        }
    }

    /// Nothing is left to do about an offence.
    fn over(&mut self, offence: OffenceId, end: End, say: &mut impl FnMut(&WatchNotice)) {
        let reason = match end {
            End::Settled => None,
            End::Closed => Some("reports of its epoch are closed on root"),
            End::NeverRevealed => Some("its commitment ran out on root again and again"),
        };
        if let Some(reason) = reason {
            say(&WatchNotice::Dropped {
                offence,
                reason: reason.into(),
            });
        }
        self.records.forget(offence);
        self.patience.forget(offence);
        self.counted.remove(&offence);
        if self.cases.remove(&offence).is_some() {
            let stays =
                |case: &KeptCase| (case.epoch, case.operator) != (offence.epoch, offence.operator);
            self.kept.cases.retain(stays);
            self.save(say);
        }
    }

    /// Lets go of checkpoints that no report needs any more: of an epoch whose reports are closed for longer than its reveals take.
    fn release(&mut self, now: &RootMoment, accepted: u64) {
        let windows = self.times.evidence_secs.saturating_add(
            self.times
                .reveal_blocks
                .saturating_mul(self.times.root_block_secs)
                .saturating_mul(2),
        );
        let is_over = |epoch: u64| match self.records.closing(epoch.saturating_add(1), accepted) {
            Closing::Open | Closing::Unread => false,
            Closing::Gone => true,
            Closing::At(time) => now.time > time.saturating_add(windows),
        };
        let mut first = self.kept.first_epoch;
        while is_over(first) {
            first = first.saturating_add(1);
        }
        self.kept.first_epoch = first;
        let open = self.cases.keys().copied().chain(self.records.offences());
        let oldest = open.map(|offence| offence.epoch).min();
        let needed = first.min(oldest.unwrap_or(first)).saturating_sub(2);
        let begin = self.created.block.saturating_sub(1);
        self.kept.root_block = match needed {
            0 => begin,
            needed => self
                .records
                .release(needed, self.kept.root_block.max(begin)),
        };
        self.sets.retain(|epoch, _| *epoch >= first);
        self.asked.retain(|epoch, _| *epoch >= first);
    }

    /// Writes down what must not be lost. Gives whether that worked.
    fn save(&mut self, say: &mut impl FnMut(&WatchNotice)) -> bool {
        self.saved = Instant::now();
        match self.folder.save(&self.kept) {
            Ok(()) => true,
            Err(error) => {
                say(&WatchNotice::Trouble(error.to_string()));
                false
            }
        }
    }
}
