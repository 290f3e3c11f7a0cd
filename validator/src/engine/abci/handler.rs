//! The port that an application implements: one synchronous, typed method for each call of ABCI 2.0.
//!
//! | calls | how the server makes them |
//! |---|---|
//! | `init_chain` to `commit`, snapshots taken in | one at a time, over all connections |
//! | `info`, `check_tx`, `query`, snapshots given out | at any time, beside the above and beside each other; `check_tx` of one connection in order |
//!
//! An answer says "this input is bad". A `Fault` (or a panic) says "this node is broken": in `check_tx`, in `query` and where snapshots are given out it
//! refuses that one input, in every other call it stops the server without an answer, because a wrong answer to consensus
//! is worse than none.

use std::sync::atomic::AtomicBool;

use tendermint_proto::v0_38::abci::{
    RequestApplySnapshotChunk, RequestCheckTx, RequestExtendVote, RequestFinalizeBlock,
    RequestInfo, RequestInitChain, RequestLoadSnapshotChunk, RequestOfferSnapshot,
    RequestPrepareProposal, RequestProcessProposal, RequestQuery, RequestVerifyVoteExtension,
    ResponseApplySnapshotChunk, ResponseCheckTx, ResponseCommit, ResponseExtendVote,
    ResponseFinalizeBlock, ResponseInfo, ResponseInitChain, ResponseListSnapshots,
    ResponseLoadSnapshotChunk, ResponseOfferSnapshot, ResponsePrepareProposal,
    ResponseProcessProposal, ResponseQuery, ResponseVerifyVoteExtension,
    response_apply_snapshot_chunk, response_offer_snapshot,
};

/// This node is broken: its store failed, a decided block is invalid, or an invariant does not hold. Never a caller's error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fault(pub String);

impl Fault {
    /// A fault that says what `cause` says.
    pub fn new(cause: impl std::fmt::Display) -> Self {
        Self(cause.to_string())
    }
}

/// What one call gives: an answer, or a fault of this node.
pub type Outcome<T> = Result<T, Fault>;

/// An ABCI 2.0 application. The `bytes` in a request share the memory of its whole frame: copy what is kept for long.
pub trait Handler: Send + Sync + 'static {
    /// Last durable height and its app hash. Anyone reaches it through the engine's RPC: it must change nothing.
    fn info(&self, request: RequestInfo) -> Outcome<ResponseInfo>;

    /// A read of committed state. Concurrent with everything, on threads of its own; a long one ends early once `cancelled` is
    /// true, since nobody waits for its answer.
    fn query(&self, request: RequestQuery, cancelled: &AtomicBool) -> Outcome<ResponseQuery>;

    /// Whether a transaction may enter, or stay in, the mempool. Concurrent with everything but its own connection.
    fn check_tx(&self, request: RequestCheckTx) -> Outcome<ResponseCheckTx>;

    /// Several of one connection that wait, judged in their order; the answers in the same order. What costs time and depends on no
    /// other one may be done for all at once: while they wait, so does the engine's Commit.
    fn check_txs(&self, requests: Vec<RequestCheckTx>) -> Vec<Outcome<ResponseCheckTx>> {
        let checked = requests.into_iter().map(|request| self.check_tx(request));
        checked.collect()
    }

    /// The first call on a fresh engine; must be idempotent over the same genesis.
    fn init_chain(&self, request: RequestInitChain) -> Outcome<ResponseInitChain>;

    /// Builds a block. Vote extensions above the configured size have been emptied before they got here.
    fn prepare_proposal(&self, request: RequestPrepareProposal)
    -> Outcome<ResponsePrepareProposal>;

    /// Judges a block that someone proposed.
    fn process_proposal(&self, request: RequestProcessProposal)
    -> Outcome<ResponseProcessProposal>;

    /// This validator's own extension of a precommit.
    fn extend_vote(&self, request: RequestExtendVote) -> Outcome<ResponseExtendVote>;

    /// Judges another validator's extension.
    fn verify_vote_extension(
        &self,
        request: RequestVerifyVoteExtension,
    ) -> Outcome<ResponseVerifyVoteExtension>;

    /// Executes a decided block.
    fn finalize_block(&self, request: RequestFinalizeBlock) -> Outcome<ResponseFinalizeBlock>;

    /// The engine has saved the block's outcome: it may become durable from here on.
    fn commit(&self) -> Outcome<ResponseCommit>;

    /// Snapshots on offer: none, unless implemented. It runs as `query` does.
    fn list_snapshots(&self, _cancelled: &AtomicBool) -> Outcome<ResponseListSnapshots> {
        Ok(ResponseListSnapshots::default())
    }

    /// One chunk of a snapshot on offer: empty, unless implemented. It runs as `query` does.
    fn load_snapshot_chunk(
        &self,
        _request: RequestLoadSnapshotChunk,
        _cancelled: &AtomicBool,
    ) -> Outcome<ResponseLoadSnapshotChunk> {
        Ok(ResponseLoadSnapshotChunk::default())
    }

    /// A snapshot offered by a peer: refused, unless implemented.
    fn offer_snapshot(&self, _request: RequestOfferSnapshot) -> Outcome<ResponseOfferSnapshot> {
        Ok(ResponseOfferSnapshot {
            result: response_offer_snapshot::Result::Abort.into(),
        })
    }

    /// One chunk of an accepted snapshot: refused, unless implemented.
    fn apply_snapshot_chunk(
        &self,
        _request: RequestApplySnapshotChunk,
    ) -> Outcome<ResponseApplySnapshotChunk> {
        Ok(ResponseApplySnapshotChunk {
            result: response_apply_snapshot_chunk::Result::Abort.into(),
            ..Default::default()
        })
    }
}
