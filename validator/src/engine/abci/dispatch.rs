//! Hands each request to the one method that answers it, and decides what a fault or a panic in that method means.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use tendermint_proto::v0_38::abci::{
    RequestCheckTx, ResponseCheckTx, ResponseEcho, ResponseFlush, ResponseQuery,
    request::Value as Request, response::Value as Response,
};
use tokio::sync::watch;

use super::handler::{Fault, Handler, Outcome};

/// Code of a `check_tx` or `query` that this node could not judge; never hashed, never in a block.
pub const INTERNAL_CODE: u32 = u32::MAX;
/// Codespace of `INTERNAL_CODE`.
pub const INTERNAL_CODESPACE: &str = "engine";

/// The answer to a caller whose input this node could not judge.
const UNJUDGED: &str = "this node could not judge the input: see its log";

/// The node is broken and has stopped answering consensus. The process must end; the engine beside it ends by itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ALARM: this node stopped in {call}: {fault}")]
pub struct Alarm {
    /// The call that the engine made.
    pub call: &'static str,
    /// The fault that ended it.
    pub fault: Fault,
}

impl Alarm {
    /// An alarm about a fault in `call`.
    pub(super) fn new(call: &'static str, cause: &dyn std::fmt::Display) -> Self {
        Self {
            call,
            fault: Fault::new(cause),
        }
    }
}

/// When a call may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// The connection itself answers it.
    Transport,
    /// It may run at any time, and out of its connection's order.
    Read,
    /// It may run at any time, in its connection's order.
    Ordered,
    /// It runs alone: one such call at a time over all connections.
    Consensus,
}

pub(super) fn class(request: &Request) -> Class {
    match request {
        Request::Echo(_) | Request::Flush(_) => Class::Transport,
        Request::Query(_) | Request::ListSnapshots(_) | Request::LoadSnapshotChunk(_) => {
            Class::Read
        }
        Request::Info(_) | Request::CheckTx(_) => Class::Ordered,
        _ => Class::Consensus,
    }
}

/// The handler, and what is done before and behind each call of it.
pub(super) struct Dispatch<H> {
    handler: Arc<H>,
    consensus: Mutex<()>,
    alarm: watch::Sender<Option<Alarm>>,
}

impl<H: Handler> Dispatch<H> {
    pub(super) fn new(handler: Arc<H>) -> Self {
        Self {
            handler,
            consensus: Mutex::new(()),
            alarm: watch::Sender::new(None),
        }
    }

    /// A receiver that sees the alarm when it is raised.
    pub(super) fn alarm(&self) -> watch::Receiver<Option<Alarm>> {
        self.alarm.subscribe()
    }

    /// Waits until no consensus call runs.
    pub(super) fn settle(&self) {
        drop(
            self.consensus
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
    }

    /// Calls the handler, and returns when it has answered. An alarm means that there is no answer, now or later.
    pub(super) fn call(&self, request: Request) -> Result<Response, Alarm> {
        static NEVER: AtomicBool = AtomicBool::new(false);
        self.call_until(request, &NEVER)
    }

    /// Calls the handler like [`Self::call`]; a query learns from `cancelled` that nobody waits for its answer any more.
    pub(super) fn call_until(
        &self,
        request: Request,
        cancelled: &AtomicBool,
    ) -> Result<Response, Alarm> {
        let class = class(&request);
        let _turn = (class == Class::Consensus).then(|| {
            self.consensus
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        });
        if let Some(alarm) = self.alarm.borrow().as_ref() {
            return Err(alarm.clone());
        }
        let call = name(&request);
        let refusal = refusal(&request);
        let answer = catch_unwind(AssertUnwindSafe(|| self.answer(request, cancelled)))
            .unwrap_or_else(|panic| Err(Fault(format!("panic: {}", panic_text(&*panic)))));
        match (answer, refusal) {
            (Ok(response), _) => Ok(response),
            (Err(fault), Some(refusal)) => {
                tracing::error!(call, %fault, "one input could not be judged");
                Ok(refusal)
            }
            (Err(fault), None) => {
                let alarm = Alarm { call, fault };
                // The alarm is raised before anything else, so that nothing which goes wrong later can keep it from being raised.
                self.alarm.send_if_modified(|raised| {
                    raised.get_or_insert_with(|| alarm.clone());
                    true
                });
                tracing::error!("{alarm}");
                Err(alarm)
            }
        }
    }

    /// Answers several calls of one connection. Calls of `check_tx` are handed in together; if that breaks the handler, each is called by
    /// itself, so that only the call that breaks it is refused.
    pub(super) fn call_all(&self, requests: Vec<Request>) -> Result<Vec<Response>, Alarm> {
        let checks = requests.iter().filter_map(|request| match request {
            Request::CheckTx(check) => Some(check.clone()),
            _ => None,
        });
        let checks: Vec<RequestCheckTx> = checks.collect();
        let together = checks.len() == requests.len() && checks.len() > 1;
        if together && self.alarm.borrow().is_none() {
            let judge = AssertUnwindSafe(|| self.handler.check_txs(checks));
            if let Ok(outcomes) = catch_unwind(judge)
                && outcomes.len() == requests.len()
            {
                return Ok(outcomes.into_iter().map(checked).collect());
            }
        }
        let answers = requests.into_iter().map(|request| self.call(request));
        answers.collect()
    }

    fn answer(&self, request: Request, cancelled: &AtomicBool) -> Outcome<Response> {
        let handler = &self.handler;
        Ok(match request {
            Request::Echo(request) => Response::Echo(ResponseEcho {
                message: request.message,
            }),
            Request::Flush(_) => Response::Flush(ResponseFlush {}),
            Request::Info(request) => Response::Info(handler.info(request)?),
            Request::InitChain(request) => Response::InitChain(handler.init_chain(request)?),
            Request::Query(request) => Response::Query(handler.query(request, cancelled)?),
            Request::CheckTx(request) => Response::CheckTx(handler.check_tx(request)?),
            Request::Commit(_) => Response::Commit(handler.commit()?),
            Request::ListSnapshots(_) => {
                Response::ListSnapshots(handler.list_snapshots(cancelled)?)
            }
            Request::OfferSnapshot(request) => {
                Response::OfferSnapshot(handler.offer_snapshot(request)?)
            }
            Request::LoadSnapshotChunk(request) => {
                Response::LoadSnapshotChunk(handler.load_snapshot_chunk(request, cancelled)?)
            }
            Request::ApplySnapshotChunk(request) => {
                Response::ApplySnapshotChunk(handler.apply_snapshot_chunk(request)?)
            }
            Request::PrepareProposal(request) => {
                Response::PrepareProposal(handler.prepare_proposal(request)?)
            }
            Request::ProcessProposal(request) => {
                Response::ProcessProposal(handler.process_proposal(request)?)
            }
            Request::ExtendVote(request) => Response::ExtendVote(handler.extend_vote(request)?),
            Request::VerifyVoteExtension(request) => {
                Response::VerifyVoteExtension(handler.verify_vote_extension(request)?)
            }
            Request::FinalizeBlock(request) => {
                Response::FinalizeBlock(handler.finalize_block(request)?)
            }
        })
    }
}

/// The answer to a `check_tx`.
fn checked(outcome: Outcome<ResponseCheckTx>) -> Response {
    Response::CheckTx(outcome.unwrap_or_else(|fault| {
        tracing::error!(call = "check_tx", %fault, "one input could not be judged");
        unjudged()
    }))
}

/// The answer about a transaction that this node could not judge.
fn unjudged() -> ResponseCheckTx {
    ResponseCheckTx {
        code: INTERNAL_CODE,
        codespace: INTERNAL_CODESPACE.to_owned(),
        log: UNJUDGED.to_owned(),
        ..Default::default()
    }
}

/// The answer to a call that anyone can cause, for when the handler has none, because such a call must not stop the node.
fn refusal(request: &Request) -> Option<Response> {
    match request {
        Request::CheckTx(_) => Some(Response::CheckTx(unjudged())),
        Request::Query(_) => Some(unanswered(UNJUDGED)),
        request => nothing(request),
    }
}

/// The answer to a read of snapshots when the handler has none.
pub(super) fn nothing(request: &Request) -> Option<Response> {
    match request {
        Request::ListSnapshots(_) => Some(Response::ListSnapshots(Default::default())),
        Request::LoadSnapshotChunk(_) => Some(Response::LoadSnapshotChunk(Default::default())),
        _ => None,
    }
}

/// The answer to a query when the handler has none.
pub(super) fn unanswered(log: &str) -> Response {
    Response::Query(ResponseQuery {
        code: INTERNAL_CODE,
        codespace: INTERNAL_CODESPACE.to_owned(),
        log: log.to_owned(),
        ..Default::default()
    })
}

fn name(request: &Request) -> &'static str {
    match request {
        Request::Echo(_) => "echo",
        Request::Flush(_) => "flush",
        Request::Info(_) => "info",
        Request::InitChain(_) => "init_chain",
        Request::Query(_) => "query",
        Request::CheckTx(_) => "check_tx",
        Request::Commit(_) => "commit",
        Request::ListSnapshots(_) => "list_snapshots",
        Request::OfferSnapshot(_) => "offer_snapshot",
        Request::LoadSnapshotChunk(_) => "load_snapshot_chunk",
        Request::ApplySnapshotChunk(_) => "apply_snapshot_chunk",
        Request::PrepareProposal(_) => "prepare_proposal",
        Request::ProcessProposal(_) => "process_proposal",
        Request::ExtendVote(_) => "extend_vote",
        Request::VerifyVoteExtension(_) => "verify_vote_extension",
        Request::FinalizeBlock(_) => "finalize_block",
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
