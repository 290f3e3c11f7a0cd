//! The body of `plasmid watch`: takes whoever says two things with one key to the Court, and may be stopped at any moment.
//!
//! What is next for an offence is decided by [`crate::relay::watch`] from root's state in one block; this reads root, checks what nodes of the
//! child hand over, sends, and says what happened. Everything that is sent has the account's nonce of the block that was looked at, so nothing is
//! paid twice, whatever was sent before: the account is the watcher's own.
//!
//! ```text
//! nodes: votes, shares ──┐
//! root: calldata ────────┼▶ set of the epoch, as root committed to it ─▶ signatures ─▶ watch.json ─▶ commit, (show,) reveal, (freeze,)
//! files ─────────────────┘                                                                           collect, settle
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall;
use plasmid_staking::Member;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use super::ceremony::Created;
use super::follower::view_call;
use super::rpc::{At, Call, Rpc, RpcError};
use super::wallet::{Fees, Wallet, WalletError};
use crate::abi::{ICourt, IDataChallenges, IRegistry, IRootChain};
use crate::proof::{deployment, set};
use crate::relay::acceptance::DeploymentEnd;
use crate::relay::seen::Which;
use crate::relay::watch::book::CheckpointBook;
use crate::relay::watch::commits::CommitBook;
use crate::relay::watch::docket::Docket;
use crate::relay::watch::statement::DoubleStatement;
use crate::relay::watch::{
    Closing, CourtSeen, CourtTimes, OffenceId, Patience, ReportStep, RootMoment, Subject,
};

mod act;
mod calldata;
mod calls;
mod cases;
pub mod challenges;
mod check;
mod compare;
pub mod folder;
mod ground;
pub mod handed;
mod hear;
mod later;
mod look;
mod news;
mod notice;
mod options;
mod plan;
pub mod report;
pub mod root;
mod second;
mod sets;
mod silence;
mod still;
mod submission;
pub mod unsound;

use act::PoolWait;
use calldata::BlockRefusal;
use challenges::{DataDesk, DataWindows};
use folder::{FolderError, Kept, KeptCase, KeptStatement, WatchFolder};
use handed::HandedStatement;
use later::Rereading;
pub use news::{ChildNews, ChildSource, FirstRead, UnfinishedCheckpoint};
pub use notice::WatchNotice;
pub use options::WatchOptions;
use report::CourtEvidence;
use root::{CourtContracts, CourtRecords};
use second::Confirmed;
use sets::{AskedSet, KnownSet};
use silence::Silence;
use still::Stillness;
use submission::BlockParts;
use unsound::{AcceptedCheckpoints, CheckpointsOver, ProveTurn, UnsoundCheckpoint};

/// Between two looks at root.
const POLL: Duration = Duration::from_millis(1_000);
/// The longest wait for a root that does not answer.
const MAX_POLL: Duration = Duration::from_secs(30);
/// Offences with evidence that are kept, at most: more than a set has members for two epochs.
const MAX_CASES: usize = 1_024;
/// Evidence of two certificates that is kept, at most: one such offence takes all stake of those who committed it.
const MAX_CERTIFICATES: usize = 16;
/// Root blocks of a reveal window in which a reveal that misses a block has another one.
const WIDE: u64 = 4;
/// Nodes whose heights are kept though they are not read now, at most.
const MAX_HEIGHTS: usize = 256;
/// What shows checkpoints and is no node: root's calldata.
const ROOT: usize = usize::MAX;
/// How often the heights that were read are written down.
const SAVE_INTERVAL: Duration = Duration::from_secs(5);

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

/// A checked offence.
#[derive(Clone, Debug)]
struct Case {
    evidence: CourtEvidence,
    accused: ICourt::Accused,
    beneficiary: Address,
    salt: B256,
    commitment: B256,
    commits: u32,
    /// Of two certificates: who signed both.
    both: Option<[u8; 64]>,
    /// How long it waits for somebody else's reveal.
    pool: PoolWait,
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
    second: Option<Arc<Rpc>>,
    child: Arc<C>,
    options: WatchOptions,
    created: Created,
    contracts: CourtContracts,
    times: CourtTimes,
    epoch_blocks: u64,
    /// W: how long a checkpoint can be challenged, in seconds.
    window_secs: u64,
    reward: u128,
    folder: WatchFolder,
    kept: Kept,
    saved: Instant,
    records: CourtRecords,
    cases: BTreeMap<Subject, Case>,
    counted: BTreeSet<OffenceId>,
    docket: Docket,
    /// Statements that people hand in and that found no room yet.
    handed: Vec<(String, DoubleStatement)>,
    /// Places of which more were handed in than are kept, with the epoch of the first one that was left out.
    left_out: BTreeMap<String, u64>,
    book: CheckpointBook,
    commits: CommitBook,
    /// The epochs whose checkpoints are listened to.
    window: Range<u64>,
    /// What root had accepted of them when they were compared last.
    compared: BTreeMap<u64, B256>,
    /// The epoch whose checkpoints were compared last.
    last_compared: u64,
    sets: BTreeMap<u64, KnownSet>,
    asked: BTreeMap<u64, Instant>,
    asking: BTreeMap<u64, AskedSet>,
    /// Until when this look waits for sets.
    waits_until: Instant,
    patience: Patience,
    offered: Option<Offered>,
    /// The troubles that were said and last.
    told: BTreeSet<String>,
    /// What was said of what others say.
    said: BTreeSet<String>,
    /// How many checkpoints root had accepted at the last look.
    accepted: u64,
    /// Root's time at the last look, in seconds.
    root_time: u64,
    /// What root accepted and can still call void, for who judges it.
    standing: watch::Sender<AcceptedCheckpoints>,
    checkpoints_over: CheckpointsOver,
    /// Checkpoints that were said to be withheld, each with how long it was then until it could be final, in seconds.
    withheld: BTreeMap<u64, u64>,
    /// Checkpoints that were said to be behind, each with how long it was then until it could be final, in seconds.
    behind: BTreeMap<u64, u64>,
    /// What was found of words that root did not keep when it was heard.
    elsewhere: Vec<UnsoundCheckpoint>,
    /// Challenges of data.
    data: DataDesk,
    /// Whose turn it is to prove that a checkpoint is broken, by epoch.
    proving: BTreeMap<u64, ProveTurn>,
    /// How far the deployment had come to its end at the last look.
    end: DeploymentEnd,
    confirmed: Confirmed,
    rereading: Rereading,
    parts: BlockParts,
    /// Endpoints of root that are said to refuse blocks.
    unread: BTreeMap<String, BlockRefusal>,
    still: Stillness,
    silence: Silence,
    /// How far calldata was read by one endpoint's word alone: the position that is kept stays where both said the same.
    ahead: Option<(u64, B256)>,
    /// Of each place how many epochs it came too late with.
    late: BTreeMap<String, u64>,
}

impl<C: ChildSource> Watcher<C> {
    /// A watcher of a deployment that was read back, with what an earlier run left in its folder. With a `second` endpoint of root, nothing is sent and nothing let
    /// go of where the two differ.
    ///
    /// # Errors
    /// [`WatchError`] when root does not answer, or the folder cannot be used.
    pub async fn open(
        wallet: Wallet,
        second: Option<Arc<Rpc>>,
        created: Created,
        child: C,
        path: &std::path::Path,
        options: WatchOptions,
    ) -> Result<Self, WatchError> {
        let rpc = Arc::clone(wallet.rpc());
        let registry = created.registry.into_array();
        let court = Address::from(deployment::court(&registry));
        let at = At::Latest;
        let root = view_call(&rpc, created.root_chain, IRootChain::parametersCall {}, at).await?;
        let own = view_call(&rpc, court, ICourt::parametersCall {}, at).await?;
        let (folder, kept) = WatchFolder::open(path, &created.id, wallet.address())?;
        let contracts = CourtContracts {
            deployment: created.id,
            court,
            data_challenges: deployment::data_challenges(&registry).into(),
            root_chain: created.root_chain,
            epoch_blocks: root.epochBlocks,
            record_slots: u64::from(root.recordSlots),
        };
        let windows = DataWindows::read(&rpc, contracts.data_challenges).await?;
        let times = CourtTimes {
            reveal_blocks: u64::from(root.revealBlocks),
            root_block_secs: root.rootBlockSecs,
            evidence_secs: root.evidenceSecs,
        };
        let read = kept.root_block.max(created.block.saturating_sub(1));
        // What is decided by is compared with the second endpoint's answer.
        rpc.remember();
        let still = Stillness::new(&times);
        let mut watcher = Self {
            wallet,
            second,
            child: Arc::new(child),
            options,
            contracts,
            times,
            epoch_blocks: u64::from(root.epochBlocks),
            window_secs: root.challengeSecs,
            reward: own.reward,
            silence: Silence::new(&times, still.after()),
            still,
            created,
            folder,
            saved: Instant::now(),
            records: CourtRecords::new(contracts, read),
            cases: BTreeMap::new(),
            counted: BTreeSet::new(),
            docket: Docket::new(u64::from(root.epochBlocks)),
            handed: Vec::new(),
            left_out: BTreeMap::new(),
            book: CheckpointBook::default(),
            commits: CommitBook::default(),
            window: 0..0,
            compared: BTreeMap::new(),
            last_compared: 0,
            sets: BTreeMap::new(),
            asked: BTreeMap::new(),
            asking: BTreeMap::new(),
            waits_until: Instant::now() + sets::WAIT,
            patience: Patience::default(),
            offered: None,
            told: BTreeSet::new(),
            said: BTreeSet::new(),
            accepted: 0,
            root_time: 0,
            standing: watch::Sender::default(),
            checkpoints_over: CheckpointsOver::default(),
            withheld: BTreeMap::new(),
            behind: BTreeMap::new(),
            elsewhere: Vec::new(),
            data: DataDesk::new(windows),
            proving: BTreeMap::new(),
            end: DeploymentEnd::default(),
            confirmed: Confirmed::default(),
            rereading: Rereading::default(),
            parts: BlockParts::default(),
            unread: BTreeMap::new(),
            ahead: None,
            late: BTreeMap::new(),
            kept,
        };
        for one in watcher.kept.waiting.clone() {
            if let Some(statement) = one.statement.statement() {
                let intake = watcher.docket.take(&one.place, statement.clone());
                if !intake.is_over() {
                    watcher.hand_over(&one.place, statement);
                }
            }
        }
        for kept in watcher.kept.cases.clone() {
            watcher.resume(&kept);
        }
        Ok(watcher)
    }

    /// Where the child is read from: of each node behind what was read of it, and not before the first epoch whose reports are open. Root is read for
    /// it, for as long as that takes.
    pub async fn prepare(&mut self, say: &mut impl FnMut(&WatchNotice)) -> FirstRead {
        if self.times.reveal_blocks < WIDE {
            say(&WatchNotice::Narrow {
                reveal_blocks: self.times.reveal_blocks,
                fits: self.times.can_reveal(),
            });
        }
        while !self.try_look(say).await {
            sleep(POLL).await;
        }
        let first = self.kept.first_epoch.saturating_mul(self.epoch_blocks);
        if self.kept.heights.len() > MAX_HEIGHTS {
            let places = self.child.places();
            let is_read = |place: &String| places.contains(place);
            self.kept.heights.retain(|place, _| is_read(place));
        }
        let from = |place: &String| {
            let read = self.kept.heights.get(place).copied().unwrap_or(0);
            read.max(first).saturating_add(1)
        };
        FirstRead {
            heights: self.child.places().iter().map(from).collect(),
            floor: first.saturating_add(1),
            epoch: self.window.start,
        }
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

    /// Writes down what must not be lost. Gives whether that worked.
    fn save(&mut self, say: &mut impl FnMut(&WatchNotice)) -> bool {
        self.saved = Instant::now();
        let kept = |place: &str, statement: &DoubleStatement| KeptStatement {
            place: place.to_owned(),
            statement: HandedStatement::from(statement),
        };
        let handed = self.handed.iter().map(|(place, one)| kept(place, one));
        let waiting = self
            .docket
            .iter()
            .map(|one| kept(&one.place, &one.statement));
        self.kept.waiting = waiting.chain(handed).collect();
        match self.folder.save(&self.kept) {
            Ok(()) => true,
            Err(error) => {
                say(&WatchNotice::Trouble(error.to_string()));
                false
            }
        }
    }
}

#[cfg(test)]
mod tests;
