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
use crate::relay::watch::statement::DoubleStatement;
use crate::relay::watch::{
    Closing, CourtSeen, CourtTimes, OffenceId, Patience, ReportStep, RootMoment,
};

mod act;
mod check;
pub mod folder;
mod look;
mod news;
mod notice;
pub mod report;
pub mod root;

use folder::{FolderError, Kept, KeptCase, WatchFolder};
pub use news::{ChildNews, ChildSource};
pub use notice::WatchNotice;
use report::CourtEvidence;
use root::{CourtContracts, CourtRecords};

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
    evidence: CourtEvidence,
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

impl<C: ChildSource> Watcher<C> {
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
        let evidence = CourtEvidence::decode(&kept.kind, &kept.evidence);
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
        evidence: CourtEvidence,
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
                    statement,
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
