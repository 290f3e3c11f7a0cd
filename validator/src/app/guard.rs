//! The application as the engine sees it: an engine that is too old is refused, and every gRPC read is a query path too.

use std::sync::{Arc, atomic::AtomicBool};

use tendermint_proto::v0_38::abci::{
    RequestCheckTx, RequestExtendVote, RequestFinalizeBlock, RequestInfo, RequestInitChain,
    RequestLoadSnapshotChunk, RequestOfferSnapshot, RequestPrepareProposal, RequestProcessProposal,
    RequestQuery, RequestVerifyVoteExtension, ResponseCheckTx, ResponseCommit, ResponseExtendVote,
    ResponseFinalizeBlock, ResponseInfo, ResponseInitChain, ResponseListSnapshots,
    ResponseLoadSnapshotChunk, ResponseOfferSnapshot, ResponsePrepareProposal,
    ResponseProcessProposal, ResponseQuery, ResponseVerifyVoteExtension, Snapshot,
    response_offer_snapshot,
};

use super::{
    App,
    query::{QueryAnswer, respond},
    reads::{self, Door, ReadError, Reader, Source, snapshots},
};
use crate::{
    engine::{
        abci::{Fault, Handler, Outcome},
        version::{COMETBFT_VERSION, is_old},
    },
    wire::shown,
};

/// What stands between engine and application.
pub struct Guard {
    app: Arc<App>,
    source: Arc<dyn Source>,
}

impl Guard {
    /// Guards `app`, and answers reads from `source`.
    pub fn new(app: Arc<App>, source: Arc<dyn Source>) -> Self {
        Self { app, source }
    }

    /// These paths read the tip, and what they answer is put together from many leaves. No part of it is older than the answer's height.
    fn read(&self, request: &RequestQuery, reader: &Reader<'_>) -> Result<QueryAnswer, ReadError> {
        let tip = self.source.tip().height;
        if request.height != 0 && u64::try_from(request.height) != Ok(tip) {
            return Err(ReadError::Invalid(format!(
                "{} reads the tip, now {tip}, and not height {}: ask for height 0, or /leaf for a leaf of the past",
                shown(&request.path),
                request.height
            )));
        }
        if request.prove {
            return Err(ReadError::Invalid(format!(
                "{} has no proof: ask /leaf with prove for each leaf, or GetProof for one under a checkpoint",
                shown(&request.path)
            )));
        }
        Ok(QueryAnswer {
            value: reads::answer(reader, &request.path, &request.data)?,
            height: tip,
            proof: None,
        })
    }
}

impl Handler for Guard {
    fn info(&self, request: RequestInfo) -> Outcome<ResponseInfo> {
        refuse_old(&request.version)?;
        self.app.info(request)
    }

    fn query(&self, request: RequestQuery, cancelled: &AtomicBool) -> Outcome<ResponseQuery> {
        if request.path.starts_with("/plasmid.") {
            let reader = Reader::new(self.source.as_ref(), cancelled).by(Door::Engine);
            return respond(&request, self.read(&request, &reader));
        }
        self.app.query(request, cancelled)
    }

    fn check_tx(&self, request: RequestCheckTx) -> Outcome<ResponseCheckTx> {
        self.app.check_tx(request)
    }

    fn check_txs(&self, requests: Vec<RequestCheckTx>) -> Vec<Outcome<ResponseCheckTx>> {
        self.app.check_txs(requests)
    }

    fn init_chain(&self, request: RequestInitChain) -> Outcome<ResponseInitChain> {
        self.app.init_chain(request)
    }

    fn prepare_proposal(
        &self,
        request: RequestPrepareProposal,
    ) -> Outcome<ResponsePrepareProposal> {
        self.app.prepare_proposal(request)
    }

    fn process_proposal(
        &self,
        request: RequestProcessProposal,
    ) -> Outcome<ResponseProcessProposal> {
        self.app.process_proposal(request)
    }

    fn extend_vote(&self, request: RequestExtendVote) -> Outcome<ResponseExtendVote> {
        self.app.extend_vote(request)
    }

    fn verify_vote_extension(
        &self,
        request: RequestVerifyVoteExtension,
    ) -> Outcome<ResponseVerifyVoteExtension> {
        self.app.verify_vote_extension(request)
    }

    fn finalize_block(&self, request: RequestFinalizeBlock) -> Outcome<ResponseFinalizeBlock> {
        self.app.finalize_block(request)
    }

    fn commit(&self) -> Outcome<ResponseCommit> {
        self.app.commit()
    }

    fn offer_snapshot(&self, _request: RequestOfferSnapshot) -> Outcome<ResponseOfferSnapshot> {
        tracing::error!(
            "the engine asks this node to take the state of others, and it has one: the engine's own data are gone. Bring them back, or stop both, move data/store away, and start both again"
        );
        Ok(ResponseOfferSnapshot {
            result: response_offer_snapshot::Result::Abort.into(),
        })
    }

    fn list_snapshots(&self, cancelled: &AtomicBool) -> Outcome<ResponseListSnapshots> {
        let reader = Reader::new(self.source.as_ref(), cancelled).by(Door::Snapshot);
        let offers = given(snapshots::offers(&reader))?.unwrap_or_default();
        let snapshots = offers.into_iter().map(|offer| Snapshot {
            height: offer.height,
            format: offer.format,
            chunks: offer.parts,
            hash: offer.digest.into(),
            metadata: offer.shown.into(),
        });
        Ok(ResponseListSnapshots {
            snapshots: snapshots.collect(),
        })
    }

    fn load_snapshot_chunk(
        &self,
        request: RequestLoadSnapshotChunk,
        cancelled: &AtomicBool,
    ) -> Outcome<ResponseLoadSnapshotChunk> {
        let reader = Reader::new(self.source.as_ref(), cancelled).by(Door::Snapshot);
        let part = snapshots::part(&reader, (request.height, request.format), request.chunk);
        Ok(ResponseLoadSnapshotChunk {
            chunk: given(part)?.unwrap_or_default().into(),
        })
    }
}

/// Refuses an engine that is too old.
///
/// # Errors
/// [`Fault`] with the least version.
pub fn refuse_old(version: &str) -> Outcome<()> {
    // `abci-cli` and people's tools name no version; an engine always does.
    if !version.is_empty() && is_old(version) {
        return Err(Fault(format!(
            "the engine says it is {text:?}; the least that bounds block times is CometBFT {COMETBFT_VERSION}: install it",
            text = shown(version)
        )));
    }
    Ok(())
}

/// What was read for a stranger; nothing, where it is not there. What this node cannot read although it should is its fault.
fn given<T>(read: Result<T, ReadError>) -> Outcome<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(ReadError::Internal(why)) => Err(Fault(why)),
        Err(_) => Ok(None),
    }
}
