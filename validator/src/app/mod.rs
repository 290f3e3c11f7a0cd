//! The ABCI application: each call is decoded, the chain is asked, the answer encoded. No rule lives here.
//!
//! ```text
//! engine ──► guard ─┬─► Handler for App ─┬─ consensus   InitChain, proposals, votes, FinalizeBlock, Commit ──► chain, store
//!                    │                    ├─ mempool     CheckTx ──► pool
//!                    │                    └─ query       a leaf and its proof
//!                    └─► reads, when a query's path is a gRPC method's; rpc asks the same reads
//! root view, checkpoint key ──► ports
//! ```
//! - Height h goes to the store only after Commit(h) was called, else the engine could never start again.
//! - Calls at or below the tip (an engine that restarted alone) compare the block hash and answer from what was kept.
//! - Info never changes state: anyone reaches it.

pub mod bench;
pub mod bundle;
mod consensus;
mod convert;
mod ends;
pub mod guard;
mod late;
#[cfg(test)]
mod looks;
mod mempool;
pub mod pool;
pub mod ports;
pub mod query;
pub mod reads;
pub mod recent;
pub mod shares;
mod signers;
mod simulate;
mod staked;
mod state;
mod unread;
mod unsound;
mod verdicts;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use alloy_primitives::B256;
use plasmid_bridge::proof::commitment::BlockCommitment;
use plasmid_staking::Member;
use tendermint_proto::v0_38::abci::{
    RequestCheckTx, RequestExtendVote, RequestFinalizeBlock, RequestInfo, RequestInitChain,
    RequestPrepareProposal, RequestProcessProposal, RequestQuery, RequestVerifyVoteExtension,
    ResponseCheckTx, ResponseCommit, ResponseExtendVote, ResponseFinalizeBlock, ResponseInfo,
    ResponseInitChain, ResponsePrepareProposal, ResponseProcessProposal, ResponseQuery,
    ResponseVerifyVoteExtension,
};

pub use staked::{Newest, StakedPage};
pub use state::State;

use crate::chain::epoch::set::copied_set;
use crate::chain::execute::{Deployment, Executed};
use crate::chain::genesis::Built;
use crate::chain::genesis::file::Loaded as Genesis;
use crate::chain::opened::ShownLeaf;
use crate::chain::tree::{PastLimit, Tree};
use crate::engine::abci::{Fault, Handler, Outcome};
use crate::ledger::{Parameters, Slot};
use crate::store::{Identity, Included, Loaded, Store, StoreError};
pub use consensus::told as informed;
use mempool::Unswept;
pub use mempool::{Handed, Submission};
use pool::{Hash, Limits, Pool};
use ports::{Outlook, OwnVotes, Signer};
use reads::Disk;

/// What the application runs with.
pub struct Surroundings {
    /// Where blocks become durable.
    pub store: Arc<dyn Store>,
    /// The root chain as this node sees it.
    pub outlook: Arc<dyn Outlook>,
    /// The checkpoint key, of a validator.
    pub signer: Option<Box<dyn Signer>>,
    /// How far the consensus key has signed, of a validator whose engine has its files beside this node.
    pub own_votes: Option<Box<dyn OwnVotes>>,
    /// How much the pool holds.
    pub pool: Limits,
    /// Whether every segment of every block is executed again from its witness, and judged as a court would; a difference stops the node.
    pub reexecute: bool,
    /// Blocks that the engine keeps; zero keeps all.
    pub retain_blocks: u64,
    /// How much of the past stays in memory.
    pub past: PastLimit,
}

/// The application of one node.
pub struct App {
    parameters: Parameters,
    deployment: Deployment,
    genesis: BlockCommitment,
    /// The parameters' leaf in the genesis state.
    genesis_parameters: ShownLeaf,
    /// The set of epochs 0 and 1, and its commitment.
    first_set: (Vec<Member>, B256),
    state: RwLock<State>,
    /// The height of its tip, for readers that must not wait for a block.
    height: AtomicU64,
    /// Its time in nanoseconds, for the same readers.
    time: AtomicU64,
    /// Whether a set is copied, for the same readers: see [`App::copied`].
    copied: AtomicU64,
    /// Held by a block while it waits for the state, so that no later read gets the state first; the lock alone would allow that.
    turnstile: Mutex<()>,
    judged: Mutex<Vec<Judged>>,
    shares: shares::ShareVerdicts,
    late: late::LateShares,
    past_sets: signers::PastSets,
    ends: ends::Ends,
    pool: Mutex<Pool>,
    /// The last block, until the engine commits it.
    unswept: Mutex<Option<Unswept>>,
    bundles: mempool::BundleCheck,
    disk: Disk,
    surroundings: Surroundings,
    #[cfg(test)]
    looks: looks::Looks,
}

/// A proposal that was executed and found valid, so that FinalizeBlock need not execute it again.
struct Judged {
    height: u64,
    hash: B256,
    executed: Arc<Executed>,
}

/// The network whose store a node with this genesis opens.
pub fn identity(genesis: &Genesis) -> Identity {
    Identity {
        deployment: genesis.deployment.domain.deployment,
        genesis_root: genesis.built.root(),
    }
}

/// The parameters' leaf of the genesis state.
fn genesis_parameters(tree: &Tree) -> Result<ShownLeaf, Fault> {
    let found = tree.get(&Slot::Parameters.key());
    let shown = found.and_then(|(index, ..)| ShownLeaf::of(tree, index));
    shown.ok_or_else(|| Fault::new("the genesis state has no parameters"))
}

impl App {
    /// An application over a genesis and what its store holds.
    ///
    /// # Errors
    /// [`Fault`] when the store holds a state of other parameters, or lacks what it should hold.
    pub fn new(
        genesis: Genesis,
        loaded: Option<Loaded>,
        surroundings: Surroundings,
    ) -> Result<Self, Fault> {
        let parameters = genesis.genesis.parameters;
        let commitment = genesis.built.commitment(&genesis.genesis, &genesis.root);
        let Built {
            tree,
            members,
            sets: [_, set],
            ..
        } = genesis.built;
        let genesis_parameters = genesis_parameters(&tree)?;
        let state = match loaded {
            Some(loaded) => State::load(loaded, &parameters, surroundings.store.as_ref())?,
            None => State::genesis(tree, commitment),
        };
        let held = crate::chain::committed::parameters(&state.tree).map_err(Fault::new)?;
        if held != parameters {
            return Err(Fault::new(
                "the store's parameters are not the genesis file's",
            ));
        }
        let copied = copied_set(&state.tree, state.tip.height).map_err(Fault::new)?;
        // A node that starts again goes on at its height: what comes before its first block is as young as that block.
        let mut pool = Pool::new(surroundings.pool);
        pool.begin(state.tip.height);
        Ok(Self {
            parameters,
            deployment: genesis.deployment,
            genesis: commitment,
            genesis_parameters,
            first_set: (members, set.commitment.into()),
            height: AtomicU64::new(state.tip.height),
            time: AtomicU64::new(state.tip.time),
            copied: AtomicU64::new(copied.unwrap_or_default()),
            state: RwLock::new(state),
            turnstile: Mutex::default(),
            judged: Mutex::default(),
            shares: shares::ShareVerdicts::default(),
            late: late::LateShares::default(),
            past_sets: signers::PastSets::default(),
            ends: ends::Ends::default(),
            pool: Mutex::new(pool),
            unswept: Mutex::default(),
            bundles: mempool::BundleCheck::default(),
            disk: Disk::new(Arc::clone(&surroundings.store)),
            surroundings,
            #[cfg(test)]
            looks: looks::Looks::default(),
        })
    }

    /// The deployment's parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The number of validators that began the chain.
    pub fn founders(&self) -> usize {
        self.first_set.0.len()
    }

    /// Chain id and signature domain.
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The parameters' leaf with its proof in the genesis state.
    pub fn genesis_parameters(&self) -> &ShownLeaf {
        &self.genesis_parameters
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.surroundings.store
    }

    /// The layers of past epochs that are not in memory.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// A transaction in a block, by engine hash or EIP-712 digest.
    ///
    /// # Errors
    /// [`StoreError`] when the disk fails.
    pub fn included(&self, key: &B256) -> Result<Option<Included>, StoreError> {
        // The store has all but the last block, which it may be taking right now.
        let latest = self.state().latest();
        match latest.and_then(|record| record.find(key)) {
            Some(found) => Ok(Some(found)),
            None => self.surroundings.store.transaction(key),
        }
    }

    /// Whether a transaction with this engine hash waits here or stands in a block.
    ///
    /// # Errors
    /// [`StoreError`] when the disk fails.
    pub fn stands(&self, hash: &Hash) -> Result<bool, StoreError> {
        // The pool is asked first: a transaction that goes from the pool into a block is found in the block before it leaves the pool.
        let waits = self.pool().get(hash).is_some();
        Ok(waits || self.included(&B256::from(*hash))?.is_some())
    }

    /// The root chain as this node sees it.
    pub fn outlook(&self) -> &Arc<dyn Outlook> {
        &self.surroundings.outlook
    }

    /// The chain at the tip; hold it shortly, no block is applied meanwhile.
    pub fn state(&self) -> RwLockReadGuard<'_, State> {
        drop(lock(&self.turnstile));
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        #[cfg(test)]
        self.looks.begun();
        state
    }

    /// The height of the tip. It never waits, though a block holds the state: what runs on threads that must not stand asks here.
    pub fn height(&self) -> u64 {
        self.height.load(Ordering::SeqCst)
    }

    /// The time of the tip since 1970, which never waits either.
    pub fn time(&self) -> Duration {
        Duration::from_nanos(self.time.load(Ordering::SeqCst))
    }

    /// The epoch of the first set, of that which signs the next block and the one after, that is a copy of the set before it because nobody
    /// has a seat; `None` when none of them is one. It never waits.
    pub fn copied(&self) -> Option<u64> {
        let epoch = self.copied.load(Ordering::SeqCst);
        (epoch != 0).then_some(epoch)
    }

    /// The pool; hold it shortly.
    pub fn pool(&self) -> MutexGuard<'_, Pool> {
        lock(&self.pool)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        let _turn = lock(&self.turnstile);
        #[cfg(test)]
        let waits = self.looks.waits();
        let state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        #[cfg(test)]
        self.looks.waited(waits);
        state
    }
}

/// A lock whose holder panicked is still a lock: consensus has stopped by then, reads go on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Handler for App {
    fn info(&self, request: RequestInfo) -> Outcome<ResponseInfo> {
        self.on_info(request)
    }

    fn query(&self, request: RequestQuery, cancelled: &AtomicBool) -> Outcome<ResponseQuery> {
        self.on_query(&request, cancelled)
    }

    fn check_tx(&self, request: RequestCheckTx) -> Outcome<ResponseCheckTx> {
        self.on_check_tx(&request)
    }

    fn check_txs(&self, requests: Vec<RequestCheckTx>) -> Vec<Outcome<ResponseCheckTx>> {
        self.on_check_txs(&requests)
    }

    fn init_chain(&self, request: RequestInitChain) -> Outcome<ResponseInitChain> {
        self.on_init_chain(&request)
    }

    fn prepare_proposal(
        &self,
        request: RequestPrepareProposal,
    ) -> Outcome<ResponsePrepareProposal> {
        self.on_prepare_proposal(&request)
    }

    fn process_proposal(
        &self,
        request: RequestProcessProposal,
    ) -> Outcome<ResponseProcessProposal> {
        self.on_process_proposal(&request)
    }

    fn extend_vote(&self, request: RequestExtendVote) -> Outcome<ResponseExtendVote> {
        self.on_extend_vote(&request)
    }

    fn verify_vote_extension(
        &self,
        request: RequestVerifyVoteExtension,
    ) -> Outcome<ResponseVerifyVoteExtension> {
        self.on_verify_vote_extension(&request)
    }

    fn finalize_block(&self, request: RequestFinalizeBlock) -> Outcome<ResponseFinalizeBlock> {
        self.on_finalize_block(&request)
    }

    fn commit(&self) -> Outcome<ResponseCommit> {
        self.on_commit()
    }
}
