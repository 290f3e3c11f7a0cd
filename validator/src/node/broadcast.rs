//! Transactions that came by gRPC, and the bundles that carry them to the engine's mempool.
//!
//! ```text
//! batch ─▶ App::hand_in ─▶ answers
//!              └─▶ pool ─▶ packed: its own at once, others after a while ─▶ broadcast_tx_async, seven bundles a request ─▶ engine ─▶ other nodes
//! ```
//! What is acknowledged waits in this node's memory. Where it is killed before the next bundle went, that is lost; a node that is told to stop packs first.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use plasmid_proto::chain::v1::{ListVotesRequest, ListVotesResponse, VoteEvidence};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until, timeout, timeout_at},
};

use super::comet::{self, batch::MAX_BATCH};
use crate::{
    app::{
        App, Handed, Submission,
        pool::{Bundle, Packing},
    },
    ledger::Code,
    plain,
    rpc::{Mempool, SeenVotes, Taken},
};

/// Bytes of evidence in an answer, at most: with the commits of two blocks of the largest set it is less than an answer may have.
const MAX_EVIDENCE: usize = 256 << 10;
/// The time between two bundles of a node, for each validator, so that all nodes together make some ten a second; and the longest. A question about a
/// transaction costs an engine some milliseconds of a core, whatever is in it, when none was on its way (10 or more with one thread, about 5 with two, on a
/// busy machine): CometBFT's socket client (`abci/client/socket_client.go`, `flushThrottleMS`) waits 20 nanoseconds, not milliseconds, before it flushes, and
/// its timer runs again and again until Go's scheduler lets the goroutine run that it waits for. What comes alone goes at once.
const WINDOW: Duration = Duration::from_millis(100);
const MAX_WINDOW: Duration = Duration::from_millis(500);
/// Between these, at random, lies the time between two looks at what nothing carries, whoever brought it: several nodes may have it, and one is enough.
const LOOKS: std::ops::Range<Duration> = Duration::from_millis(200)..Duration::from_secs(1);
const SECOND: Duration = Duration::from_secs(1);
/// How long the engine may be silent before this node acknowledges nothing more, and how long a node that stops waits for it.
const SILENT: Duration = Duration::from_secs(5);
const PARTING: Duration = Duration::from_secs(2);
/// How long the engine has, when it took the last bundle, to ask about it and to pass it on.
const PASSED_ON: Duration = Duration::from_millis(500);
/// Bundles in one request: with them it has less than two thirds of the bytes that CometBFT reads (`rpc.max_body_bytes`, 1,000,000).
const TOGETHER: usize = 7;
const _: () = assert!(TOGETHER <= MAX_BATCH);
/// Words of the engine about a bundle that it holds.
const HELD: &str = "already exists in cache";

/// CometBFT's mempool, reached by its RPC; it asks the application in its turn.
pub struct Engine {
    client: comet::Client,
    app: Arc<App>,
    /// Something came by gRPC.
    came: Notify,
    /// Since when it has not answered.
    silent: Mutex<Option<Instant>>,
    /// This node stops.
    parting: AtomicBool,
}

impl Engine {
    /// The mempool of the engine whose RPC is at `url`.
    pub fn new(url: &str, app: Arc<App>) -> Result<Self, comet::RpcError> {
        let client = comet::Client::with_url(url.to_owned())?;
        Ok(Self {
            client,
            app,
            came: Notify::new(),
            silent: Mutex::default(),
            parting: AtomicBool::new(false),
        })
    }
}

#[tonic::async_trait]
impl Mempool for Engine {
    async fn broadcast(&self, batch: Vec<Submission>) -> Vec<Result<Taken, String>> {
        let count = batch.len();
        if self.parting.load(Ordering::SeqCst) {
            return vec![Err("this node stops: hand it in to another one".to_owned()); count];
        }
        if self.silent().is_some_and(|since| since.elapsed() > SILENT) {
            let why = "the engine does not answer, so that no other node would hear of it: try again later, or another node";
            return vec![Err(why.to_owned()); count];
        }
        let judged = self.beside(move |app| app.hand_in(&batch)).await;
        self.came.notify_one();
        match judged {
            Ok(judged) => judged.into_iter().map(|one| one.map(told)).collect(),
            Err(why) => vec![Err(why); count],
        }
    }
}

fn told(handed: Handed) -> Taken {
    let (code, log) = match handed {
        Handed::Taken => (Code::Ok, String::new()),
        Handed::Known => (
            Code::Known,
            "these bytes were handed in before: they wait, or stand in a block".to_owned(),
        ),
        Handed::Refused(reject) => (reject.code(), reject.to_string()),
    };
    Taken {
        code: code.number(),
        log,
    }
}

impl Engine {
    /// Hands to the engine, in bundles, what waits here and nothing carries.
    pub async fn pack(&self) -> Infallible {
        let founders = u32::try_from(self.app.founders()).unwrap_or(u32::MAX);
        let window = WINDOW.saturating_mul(founders).clamp(WINDOW, MAX_WINDOW);
        let mut second = Instant::now() + SECOND;
        let mut look = Instant::now();
        let mut next = Instant::now();
        loop {
            let came = timeout_at(look, self.came.notified()).await.is_ok();
            // What comes meanwhile goes with it.
            sleep_until(next).await;
            let now = Instant::now();
            next = now + window;
            let packing = match came && now < look {
                true => Packing::Own,
                false => {
                    look = now + rand::random_range(LOOKS);
                    Packing::All
                }
            };
            if now >= second {
                second = now + SECOND;
                let passed = self.beside(|app| app.pool().pass_second()).await;
                if let Err(why) = passed {
                    tracing::error!(%why, "the pool cannot be asked");
                }
            }
            self.hand_over(packing).await;
        }
    }

    /// Hands over what came here and is not packed yet, before the node stops.
    pub async fn part(&self) {
        self.parting.store(true, Ordering::SeqCst);
        let parted = timeout(PARTING, self.hand_over(Packing::Own)).await;
        if parted.is_err() {
            tracing::warn!("the engine is not handed all that waits here");
        }
        sleep(PASSED_ON).await;
    }

    fn silent(&self) -> Option<Instant> {
        *self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn heard(&self, answers: bool) {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        *silent = match answers {
            true => None,
            false => Some(silent.unwrap_or_else(Instant::now)),
        };
    }

    /// Packs and hands over until nothing is left, or the engine takes no more.
    async fn hand_over(&self, packing: Packing) {
        loop {
            let packed = self
                .beside(move |app| app.pool().pack(packing, TOGETHER))
                .await;
            let packed = packed.unwrap_or_default();
            if packed.is_empty() {
                // Nothing but a question tells that it is there again.
                if self.silent().is_some() {
                    let answered = timeout(SILENT, self.client.committed_height()).await;
                    self.heard(answered.is_ok_and(|height| height.is_ok()));
                }
                return;
            }
            let bytes = packed.iter().map(|one| one.bytes.to_vec()).collect();
            let told = timeout(SILENT, self.client.broadcast_all(bytes)).await;
            let told = told.map_err(|_| format!("no answer in {} s", SILENT.as_secs()));
            let told = told.and_then(|told| told.map_err(|error| error.to_string()));
            self.heard(told.is_ok());
            let refused: Vec<Bundle> = match told {
                Ok(told) => {
                    let all = packed.iter().zip(told);
                    let refused = all.filter(|(_, told)| {
                        let error = told.as_ref().err().map(ToString::to_string);
                        error.is_some_and(|why| !why.contains(HELD))
                    });
                    refused.map(|(one, _)| one.clone()).collect()
                }
                // Where the engine is not there, it is asked again with the next look.
                Err(error) => {
                    tracing::warn!(%error, "the engine is not handed what waits here");
                    packed.clone()
                }
            };
            let (is_last, is_refused) = (packed.len() < TOGETHER, !refused.is_empty());
            let noted = self.beside(move |app| {
                let mut pool = app.pool();
                refused.iter().for_each(|one| pool.not_taken(&one.hash));
            });
            if noted.await.is_err() || is_last || is_refused {
                return;
            }
        }
    }

    /// Asks the application on a thread that may wait.
    async fn beside<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&App) -> T + Send + 'static,
    ) -> Result<T, String> {
        let app = Arc::clone(&self.app);
        let asked = tokio::task::spawn_blocking(move || ask(&app)).await;
        asked.map_err(|error| error.to_string())
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
