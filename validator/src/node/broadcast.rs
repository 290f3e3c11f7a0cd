//! Transactions that came by gRPC, handed to the engine's mempool.
//!
//! ```text
//! batch ─▶ App::hand_in (no signature yet) ─▶ broadcast_tx_async, ten a request, in order ─▶ engine ─▶ CheckTx ─▶ App::await_answer
//! ```
//! The engine answers before it has asked about them: it gathers its questions for up to 20 ms, and a request that waits for the answer to each would take as
//! long for each.

use std::{convert::Infallible, mem, sync::Arc, time::Duration};

use plasmid_proto::chain::v1::{ListVotesRequest, ListVotesResponse, VoteEvidence};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, timeout_at},
};

use super::comet::{self, RpcError, batch::MAX_BATCH};
use crate::{
    app::{App, AwaitedAnswer, Submission, pool::Hash},
    ledger::Code,
    plain,
    rpc::{Mempool, SeenVotes, Taken},
    wire::engine_hash,
};

/// Bytes of evidence in an answer, at most: with the commits of two blocks of the largest set it is less than an answer may have.
const MAX_EVIDENCE: usize = 256 << 10;
/// How long CheckTx may take to be asked about what the engine took of a batch; and about what the engine says that it knows. Both begin with the end of the
/// batch's last request, for all of it together: an engine that ends loses many at once.
const VERDICT: Duration = Duration::from_secs(15);
const ASKED_SOON: Duration = Duration::from_secs(1);
/// Words of the engine where it has no room: for one more, and while it asks again after a block.
const FULL: [&str; 2] = ["mempool is full", "it is considered as full"];
/// How often it is looked whether the engine lost what waits here, and how many of that it is handed at a time.
const LOOKED_EVERY: Duration = Duration::from_secs(1);
const MAX_HELD_AGAIN: usize = 50 * MAX_BATCH;

/// CometBFT's mempool, reached by its RPC; it asks the application in its turn.
pub struct Engine {
    client: comet::Client,
    app: Arc<App>,
}

impl Engine {
    /// The mempool of the engine whose RPC is at `url`.
    pub fn new(url: &str, app: Arc<App>) -> Result<Self, comet::RpcError> {
        let client = comet::Client::with_url(url.to_owned())?;
        Ok(Self { client, app })
    }
}

#[tonic::async_trait]
impl Mempool for Engine {
    async fn broadcast(&self, batch: Vec<Submission>) -> Vec<Result<Taken, String>> {
        let count = batch.len();
        let judged = self.beside(move |app| {
            let judged = app.hand_in(&batch);
            Ok((batch, judged))
        });
        let (batch, judged) = match judged.await {
            Ok(judged) => judged,
            Err(why) => return vec![Err(why); count],
        };
        let mut answers: Vec<Option<Result<Taken, String>>> = Vec::new();
        let mut handed = Vec::new();
        for (place, (one, judged)) in batch.into_iter().zip(judged).enumerate() {
            answers.push(match judged {
                Ok(None) => {
                    handed.push((place, one.bytes));
                    None
                }
                Ok(Some(reject)) => Some(Ok(taken(reject.code(), &reject.to_string()))),
                Err(why) => Some(Err(why)),
            });
        }
        for (place, answer) in self.hand_over(handed).await {
            if let Some(one) = answers.get_mut(place) {
                *one = Some(answer);
            }
        }
        let unanswered = || Err("the engine was not asked".to_owned());
        let answers = answers.into_iter();
        answers
            .map(|answer| answer.unwrap_or_else(unanswered))
            .collect()
    }
}

fn taken(code: Code, log: &str) -> Taken {
    Taken {
        code: code.number(),
        log: log.to_owned(),
    }
}

#[tonic::async_trait]
impl SeenVotes for Engine {
    async fn votes(&self, request: ListVotesRequest) -> Result<ListVotesResponse, String> {
        let known = usize::try_from(request.known).unwrap_or(usize::MAX);
        let page = self.client.votes(request.first, known, MAX_EVIDENCE).await;
        let page =
            page.map_err(|error| format!("the engine: {}", plain::words(&error.to_string())))?;
        let evidence = page
            .evidence
            .into_iter()
            .map(|(height, piece)| VoteEvidence {
                height,
                json: piece.to_string().into_bytes(),
            });
        let commits = page.commits.into_iter();
        Ok(ListVotesResponse {
            chain_id: page.chain,
            oldest: page.oldest,
            newest: page.newest,
            last: page.last,
            evidence: evidence.collect(),
            commits: commits.map(|one| one.to_string().into_bytes()).collect(),
            unreadable: page.unreadable.unwrap_or_default(),
        })
    }
}

/// Where CheckTx says what it says of one.
type Verdict = oneshot::Receiver<Taken>;

/// A transaction that the engine was handed, with its place among all, and who waits for what CheckTx says of it.
struct Handed {
    place: usize,
    hash: Hash,
    verdict: Verdict,
    /// Why the engine did not take it to ask about it.
    refused: Option<RpcError>,
    _awaited: AwaitedAnswer,
}

impl Engine {
    /// Hands these to the engine, in their order, and waits until CheckTx has judged each. What comes behind a request that failed is not handed over, so that
    /// nothing goes before what came before it.
    async fn hand_over(&self, batch: Vec<(usize, Vec<u8>)>) -> Vec<(usize, Result<Taken, String>)> {
        let (mut all, mut answers) = (Vec::new(), Vec::new());
        let mut failed: Option<String> = None;
        let mut batch = batch.into_iter().peekable();
        while batch.peek().is_some() {
            let part: Vec<_> = batch.by_ref().take(MAX_BATCH).collect();
            if let Some(why) = &failed {
                answers.extend(part.into_iter().map(|(place, _)| (place, Err(why.clone()))));
                continue;
            }
            let mut handed = Vec::new();
            let mut transactions = Vec::new();
            for (place, bytes) in part {
                handed.push(self.waiter(place, engine_hash(&bytes)));
                transactions.push(bytes);
            }
            match self.client.broadcast_all(transactions).await {
                Ok(told) => {
                    for (mut one, told) in handed.into_iter().zip(told) {
                        one.refused = told.err();
                        all.push(one);
                    }
                }
                Err(error) => {
                    let why = format!("the engine: {error}");
                    let places = handed.iter().map(|one| (one.place, Err(why.clone())));
                    answers.extend(places);
                    failed = Some(why);
                }
            }
        }
        let handed = Instant::now();
        for one in all {
            answers.push((one.place, self.judged(one, handed).await));
        }
        answers
    }

    fn waiter(&self, place: usize, hash: Hash) -> Handed {
        let (tell, verdict) = oneshot::channel();
        let told = move |code, log: &str| {
            let log = log.to_owned();
            // Nobody may wait any more.
            let _ = tell.send(Taken { code, log });
        };
        Handed {
            place,
            hash,
            verdict,
            refused: None,
            _awaited: self.app.await_answer(hash, told),
        }
    }

    /// What came of one of a batch that was handed over by then.
    async fn judged(&self, one: Handed, handed: Instant) -> Result<Taken, String> {
        let refused = one.refused.map(|error| error.to_string());
        match refused {
            None => {}
            // The engine's own cache knows these bytes.
            Some(why) if why.contains("already exists in cache") => {
                let soon = handed + ASKED_SOON;
                return self.handed_in_before(one.hash, one.verdict, soon).await;
            }
            Some(why) if FULL.iter().any(|words| why.contains(words)) => {
                let log = format!("{why}; try again later");
                return Ok(taken(Code::PoolFull, &log));
            }
            Some(why) => return Err(format!("the engine: {why}")),
        }
        let verdict = timeout_at(handed + VERDICT, one.verdict).await;
        let Ok(Ok(verdict)) = verdict else {
            return Err(format!(
                "the engine took the transaction and has not asked about it in {} seconds: look it up by its hash before you send it again",
                VERDICT.as_secs()
            ));
        };
        if verdict.code != Code::Ok.number() {
            self.app.forget(&one.hash);
        }
        Ok(verdict)
    }

    /// What to say of bytes that the engine remembers. It does so until it asks again after a block, also when the pool has given
    /// them up: then nobody carries them, and who is told that they wait would not send them again. When others hand them in at the same time, it may be about to ask.
    async fn handed_in_before(
        &self,
        hash: Hash,
        verdict: Verdict,
        soon: Instant,
    ) -> Result<Taken, String> {
        let known = taken(
            Code::Known,
            "these bytes were handed in before: they wait, or stand in a block",
        );
        let stands = self.beside(move |app| {
            let stands = app.stands(&hash);
            let stands = stands.map_err(|error| format!("the store: {error}"))?;
            Ok((stands, app.pool().why_gone(&hash).is_some()))
        });
        match stands.await? {
            (true, _) => return Ok(known),
            (false, true) => {}
            (false, false) => {
                if let Ok(Ok(verdict)) = timeout_at(soon, verdict).await {
                    return Ok(match verdict.code == Code::Ok.number() {
                        true => known,
                        false => verdict,
                    });
                }
            }
        }
        Ok(taken(
            Code::PoolFull,
            "these bytes were handed in before and wait no more, because they made room for others or another transaction took their place; try again after the next block",
        ))
    }

    /// Hands to the engine again, now and then, what waits here and what it lost because it started again without the application: else no other node would
    /// ever hear of that.
    pub async fn keep_held(&self) -> Infallible {
        loop {
            sleep(LOOKED_EVERY).await;
            let lost = self.beside(|app| {
                let mut pool = app.pool();
                pool.pass_second();
                Ok(pool.unheld(MAX_HELD_AGAIN))
            });
            let mut lost = lost.await.unwrap_or_default();
            while !lost.is_empty() {
                let rest = lost.split_off(lost.len().min(MAX_BATCH));
                let part = mem::replace(&mut lost, rest);
                let bytes = part.iter().map(|one| one.bytes.clone());
                // Where the engine is not there, it is asked again the next time.
                if let Err(error) = self.client.broadcast_all(bytes.collect()).await {
                    tracing::warn!(%error, "the engine lost what waits here, and is not handed it again");
                    break;
                }
                let noted = self.beside(move |app| {
                    app.pool().handed_again(&part);
                    Ok(())
                });
                if noted.await.is_err() {
                    break;
                }
            }
        }
    }

    /// Asks the application on a thread that may wait.
    async fn beside<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&App) -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let app = Arc::clone(&self.app);
        let asked = tokio::task::spawn_blocking(move || ask(&app)).await;
        asked.map_err(|error| error.to_string())?
    }
}
