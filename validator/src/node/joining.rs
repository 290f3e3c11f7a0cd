//! A node without a state, which its engine may give that of others: it answers the engine alone until it has a state, and from then on as the
//! application does.
//!
//! ```text
//!            OfferSnapshot, ApplySnapshotChunk ─▶ intake ─▶ data/store      the store is opened, root is followed
//! undecided ──────────────────────────────────────────────▶ decided ───────────────────────────────▶ open: the application answers
//!     └───── any other call of consensus: the engine begins with the genesis, or goes on ──▲
//! ```
//! A store that has nothing but a state that came so, of which no block was executed, is no reason to stay closed to another one: an engine that
//! ended before it kept what it had verified begins again, maybe with a newer state.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, atomic::AtomicBool};

use plasmid_bridge::proof::commitment::BlockCommitment;
use tendermint_proto::v0_38::abci::{
    RequestApplySnapshotChunk, RequestCheckTx, RequestExtendVote, RequestFinalizeBlock,
    RequestInfo, RequestInitChain, RequestLoadSnapshotChunk, RequestOfferSnapshot,
    RequestPrepareProposal, RequestProcessProposal, RequestQuery, RequestVerifyVoteExtension,
    ResponseApplySnapshotChunk, ResponseCheckTx, ResponseCommit, ResponseExtendVote,
    ResponseFinalizeBlock, ResponseInfo, ResponseInitChain, ResponseListSnapshots,
    ResponseLoadSnapshotChunk, ResponseOfferSnapshot, ResponsePrepareProposal,
    ResponseProcessProposal, ResponseQuery, ResponseVerifyVoteExtension,
};
use tokio::sync::watch;

use crate::{
    app::{guard::refuse_old, informed},
    engine::abci::{Fault, Handler, INTERNAL_CODE, INTERNAL_CODESPACE, Outcome},
};

pub mod intake;
pub mod params;
pub mod trusted;

use intake::StateIntake;

/// What clients hear meanwhile.
const JOINING: &str = "this node has no state yet, and takes that of others: ask another node";

/// What answers the engine of a node that may be given a state.
pub struct EarlyAnswers<H> {
    rules: u32,
    /// The block of the state that the store has, before anything is decided.
    held: Option<BlockCommitment>,
    intake: Mutex<StateIntake>,
    decided: watch::Sender<bool>,
    gate: Mutex<Answerer<H>>,
    moved: Condvar,
}

/// Who answers once it is decided.
enum Answerer<H> {
    /// Nobody yet.
    Closed,
    Open(Arc<H>),
    /// Nobody any more: the node ended before it began.
    Shut,
}

/// Shuts an entry that nobody has opened when it is dropped, so that no thread waits for ever.
pub struct EarlyOpening<H>(Arc<EarlyAnswers<H>>);

impl<H: Handler> EarlyOpening<H> {
    /// From now on `handler` answers.
    pub fn open(&self, handler: Arc<H>) {
        self.0.set(Answerer::Open(handler));
    }
}

impl<H> Drop for EarlyOpening<H> {
    fn drop(&mut self) {
        if !matches!(*lock(&self.0.gate), Answerer::Open(_)) {
            self.0.set(Answerer::Shut);
        }
    }
}

impl<H> EarlyAnswers<H> {
    /// An entry of a node with these rules, whose store has the state of `held` and nothing else.
    pub fn new(
        rules: u32,
        held: Option<BlockCommitment>,
        intake: StateIntake,
    ) -> (Arc<Self>, EarlyOpening<H>) {
        let entry = Arc::new(Self {
            rules,
            held,
            intake: Mutex::new(intake),
            decided: watch::Sender::new(false),
            gate: Mutex::new(Answerer::Closed),
            moved: Condvar::new(),
        });
        (Arc::clone(&entry), EarlyOpening(entry))
    }

    /// Waits until the store has the state with which this node begins.
    pub async fn decided(&self) {
        // The sender lives as long as this does.
        let _ = self.decided.subscribe().wait_for(|decided| *decided).await;
    }

    fn decide(&self) {
        self.decided.send_replace(true);
    }

    fn is_decided(&self) -> bool {
        *self.decided.borrow()
    }

    fn set(&self, gate: Answerer<H>) {
        *lock(&self.gate) = gate;
        self.moved.notify_all();
    }

    /// Who answers, if the node has begun.
    fn opened(&self) -> Option<Arc<H>> {
        match &*lock(&self.gate) {
            Answerer::Open(handler) => Some(Arc::clone(handler)),
            _ => None,
        }
    }

    /// Who answers what belongs to consensus: the store has what it has, and the node begins with that.
    fn begun(&self) -> Outcome<Arc<H>> {
        self.decide();
        let mut gate = lock(&self.gate);
        loop {
            match &*gate {
                Answerer::Open(handler) => return Ok(Arc::clone(handler)),
                Answerer::Shut => return Err(Fault::new("this node ended before it began")),
                Answerer::Closed => {
                    gate = self
                        .moved
                        .wait(gate)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refused() -> ResponseCheckTx {
    ResponseCheckTx {
        code: INTERNAL_CODE,
        codespace: INTERNAL_CODESPACE.to_owned(),
        log: JOINING.to_owned(),
        ..ResponseCheckTx::default()
    }
}

impl<H: Handler> Handler for EarlyAnswers<H> {
    fn info(&self, request: RequestInfo) -> Outcome<ResponseInfo> {
        if self.is_decided() {
            return self.begun()?.info(request);
        }
        refuse_old(&request.version)?;
        informed(self.rules, self.held.as_ref())
    }

    fn query(&self, request: RequestQuery, cancelled: &AtomicBool) -> Outcome<ResponseQuery> {
        match self.opened() {
            Some(handler) => handler.query(request, cancelled),
            None => Ok(ResponseQuery {
                code: INTERNAL_CODE,
                codespace: INTERNAL_CODESPACE.to_owned(),
                log: JOINING.to_owned(),
                ..ResponseQuery::default()
            }),
        }
    }

    fn check_tx(&self, request: RequestCheckTx) -> Outcome<ResponseCheckTx> {
        self.opened()
            .map_or_else(|| Ok(refused()), |handler| handler.check_tx(request))
    }

    fn check_txs(&self, requests: Vec<RequestCheckTx>) -> Vec<Outcome<ResponseCheckTx>> {
        match self.opened() {
            Some(handler) => handler.check_txs(requests),
            None => requests.iter().map(|_| Ok(refused())).collect(),
        }
    }

    fn init_chain(&self, request: RequestInitChain) -> Outcome<ResponseInitChain> {
        self.begun()?.init_chain(request)
    }

    fn prepare_proposal(
        &self,
        request: RequestPrepareProposal,
    ) -> Outcome<ResponsePrepareProposal> {
        self.begun()?.prepare_proposal(request)
    }

    fn process_proposal(
        &self,
        request: RequestProcessProposal,
    ) -> Outcome<ResponseProcessProposal> {
        self.begun()?.process_proposal(request)
    }

    fn extend_vote(&self, request: RequestExtendVote) -> Outcome<ResponseExtendVote> {
        self.begun()?.extend_vote(request)
    }

    fn verify_vote_extension(
        &self,
        request: RequestVerifyVoteExtension,
    ) -> Outcome<ResponseVerifyVoteExtension> {
        self.begun()?.verify_vote_extension(request)
    }

    fn finalize_block(&self, request: RequestFinalizeBlock) -> Outcome<ResponseFinalizeBlock> {
        self.begun()?.finalize_block(request)
    }

    fn commit(&self) -> Outcome<ResponseCommit> {
        self.begun()?.commit()
    }

    fn list_snapshots(&self, cancelled: &AtomicBool) -> Outcome<ResponseListSnapshots> {
        match self.opened() {
            Some(handler) => handler.list_snapshots(cancelled),
            None => Ok(ResponseListSnapshots::default()),
        }
    }

    fn load_snapshot_chunk(
        &self,
        request: RequestLoadSnapshotChunk,
        cancelled: &AtomicBool,
    ) -> Outcome<ResponseLoadSnapshotChunk> {
        match self.opened() {
            Some(handler) => handler.load_snapshot_chunk(request, cancelled),
            None => Ok(ResponseLoadSnapshotChunk::default()),
        }
    }

    fn offer_snapshot(&self, request: RequestOfferSnapshot) -> Outcome<ResponseOfferSnapshot> {
        match self.is_decided() {
            true => self.begun()?.offer_snapshot(request),
            false => lock(&self.intake).offer(request),
        }
    }

    fn apply_snapshot_chunk(
        &self,
        request: RequestApplySnapshotChunk,
    ) -> Outcome<ResponseApplySnapshotChunk> {
        if self.is_decided() {
            return self.begun()?.apply_snapshot_chunk(request);
        }
        let mut intake = lock(&self.intake);
        let answer = intake.apply(request)?;
        if intake.is_done() {
            self.decide();
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests;
