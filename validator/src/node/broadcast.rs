//! Transactions that came by gRPC, handed to the engine's mempool.

use std::sync::Arc;

use plasmid_proto::chain::v1::{ListVotesRequest, ListVotesResponse, VoteEvidence};

use super::comet;
use crate::{
    app::{App, pool::Hash},
    ledger::Code,
    plain,
    rpc::{Mempool, SeenVotes, Taken},
    wire::engine_hash,
};

/// Bytes of evidence in an answer, at most: with the commits of two blocks of the largest set it is less than an answer may have.
const MAX_EVIDENCE: usize = 256 << 10;

/// CometBFT's mempool, reached by its RPC; it asks the application in its turn.
pub(super) struct Engine {
    client: comet::Client,
    app: Arc<App>,
}

impl Engine {
    /// The mempool of the engine whose RPC is at `url`.
    pub(super) fn new(url: &str, app: Arc<App>) -> Result<Self, comet::RpcError> {
        let client = comet::Client::with_url(url.to_owned())?;
        Ok(Self { client, app })
    }
}

#[tonic::async_trait]
impl Mempool for Engine {
    async fn broadcast(&self, bytes: Vec<u8>, replace: bool) -> Result<Taken, String> {
        let (bytes, refused) = self
            .beside(move |app| {
                let refused = app.hand_in(&bytes, replace);
                refused.map(|refused| (bytes, refused))
            })
            .await?;
        if let Some(reject) = refused {
            return Ok(Taken {
                code: reject.code().number(),
                log: reject.to_string(),
            });
        }
        let hash = engine_hash(&bytes);
        let answer = match self.client.broadcast_tx_sync(bytes).await {
            Ok(answer) => answer,
            // The engine's own cache knows these bytes.
            Err(error) if error.to_string().contains("already exists in cache") => {
                return self.handed_in_before(hash).await;
            }
            Err(error) if error.to_string().contains("mempool is full") => {
                return Ok(Taken {
                    code: Code::PoolFull.number(),
                    log: format!("{error}; try again later"),
                });
            }
            Err(error) => return Err(format!("the engine: {error}")),
        };
        if answer.code.is_err() {
            self.app.forget(&hash);
        }
        Ok(Taken {
            code: answer.code.value(),
            log: answer.log,
        })
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

impl Engine {
    /// What to say of bytes that the engine remembers. It does so until it asks again after a block, also when the pool has given
    /// them up: then nobody carries them, and who is told that they wait would not send them again.
    async fn handed_in_before(&self, hash: Hash) -> Result<Taken, String> {
        let stands = self.beside(move |app| {
            let stands = app.stands(&hash);
            stands.map_err(|error| format!("the store: {error}"))
        });
        let (code, log) = match stands.await? {
            true => (
                Code::Known,
                "these bytes were handed in before: they wait, or stand in a block",
            ),
            false => (
                Code::PoolFull,
                "these bytes were handed in before and wait no more, because they made room for others or another transaction took their place; try again after the next block",
            ),
        };
        Ok(Taken {
            code: code.number(),
            log: log.into(),
        })
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
