//! CometBFT's JSON-RPC, typed by `tendermint-rpc`, over our own transport: time-outs, bounded answers, no proxies.
//!
//! (`tendermint-rpc`'s own client reads answers of any length, and gives up on the HTTP status 500 under which CometBFT
//! sends its errors.)

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tendermint::Hash;
use tendermint::block::{self as block_meta, Height};
use tendermint::evidence::DuplicateVoteEvidence;
use tendermint_rpc::dialect::v0_38::Dialect;
use tendermint_rpc::endpoint::{
    abci_info, abci_query, block, block_results, blockchain,
    broadcast::{tx_async, tx_sync},
    commit, consensus_params, evidence as broadcast_evidence, net_info, status, tx, tx_search,
    validators,
};
use tendermint_rpc::error::ErrorDetail;
use tendermint_rpc::request::RequestMessage;
use tendermint_rpc::{Order, Response, ResponseError, SimpleRequest};

use crate::plain;

const CONNECT: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(15);
/// A block of 100 MB in base64, and then some: nothing that CometBFT sends is larger.
const BODY_BYTES: usize = 192 << 20;
/// Most validators that a set can have here, and most pages that are asked for.
const PAGE: u8 = 100;
const PAGES: usize = 100;

/// Why a call of the engine's RPC gave nothing.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum RpcError {
    #[error("the engine's RPC {place} does not answer: {source}")]
    Http {
        place: String,
        source: reqwest::Error,
    },
    #[error("the engine's RPC answers with over {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the engine refuses: {0}")]
    Refused(ResponseError),
    #[error("the engine's RPC answers (HTTP {status}) with something else: {cause}")]
    Malformed { status: u16, cause: String },
    #[error("height {0} is out of range")]
    Height(u64),
}

/// A client of one CometBFT's RPC.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    body_bytes: usize,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", plain::place(&self.url))
    }
}

impl Client {
    /// A client of the RPC at `address`.
    pub fn new(address: SocketAddr) -> Result<Self, RpcError> {
        Self::with_url(format!("http://{address}"))
    }

    /// A client of the RPC at `url`.
    pub fn with_url(url: String) -> Result<Self, RpcError> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .build();
        match http {
            Ok(http) => Ok(Self {
                http,
                url,
                body_bytes: BODY_BYTES,
            }),
            Err(source) => Err(unanswered(&url, source)),
        }
    }

    /// The largest answer that is read.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_bytes = bytes;
        self
    }

    /// Where it asks.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The node's own state: chain id, latest height and app hash, whether it catches up.
    pub async fn status(&self) -> Result<status::Response, RpcError> {
        self.call(status::Request).await
    }

    /// Its peers.
    pub async fn net_info(&self) -> Result<net_info::Response, RpcError> {
        self.call(net_info::Request).await
    }

    /// A block, the latest if no height is given.
    pub async fn block(&self, at: Option<u64>) -> Result<block::Response, RpcError> {
        let height = at.map(height).transpose()?;
        self.call(block::Request { height }).await
    }

    /// The pieces of evidence of a block, as the engine writes them: `tendermint` does not read votes with extensions.
    pub async fn evidence(&self, at: u64) -> Result<Vec<Value>, RpcError> {
        let request = block::Request {
            height: Some(height(at)?),
        };
        let result: EvidenceResult = self.as_written(request).await?;
        Ok(result.block.evidence.evidence.unwrap_or_default())
    }

    /// The commit of a block, as the engine writes it: of its newest block it is what this engine saw itself.
    pub async fn commit_as_written(&self, at: u64) -> Result<Value, RpcError> {
        let result: CommitResult = self.as_written(commit::Request::new(height(at)?)).await?;
        Ok(result.signed_header.commit)
    }

    async fn as_written<T: serde::de::DeserializeOwned>(
        &self,
        request: impl RequestMessage,
    ) -> Result<T, RpcError> {
        let (status, body) = self.post(request.into_json()).await?;
        let malformed = |cause: String| RpcError::Malformed { status, cause };
        let answer: AnswerAsWritten<T> =
            serde_json::from_slice(&body).map_err(|error| malformed(error.to_string()))?;
        match (answer.error, answer.result) {
            (Some(refused), _) => Err(RpcError::Refused(refused)),
            (None, Some(result)) => Ok(result),
            (None, None) => Err(malformed("an answer without a result".to_owned())),
        }
    }

    /// Heads of blocks from one height to another, 20 at most, in whatever order the engine has them.
    pub async fn heads(&self, from: u64, to: u64) -> Result<Vec<block_meta::Meta>, RpcError> {
        let request = blockchain::Request::new(height(from)?, height(to)?);
        Ok(self.call(request).await?.block_metas)
    }

    /// What execution of a block gave.
    pub async fn block_results(
        &self,
        at: Option<u64>,
    ) -> Result<block_results::Response, RpcError> {
        let height = at.map(height).transpose()?;
        self.call(block_results::Request { height }).await
    }

    /// The header and commit of a height.
    pub async fn commit(&self, at: Option<u64>) -> Result<commit::Response, RpcError> {
        let height = at.map(height).transpose()?;
        self.call(commit::Request { height }).await
    }

    /// The whole validator set of a height, all pages.
    pub async fn validators(&self, at: u64) -> Result<Vec<tendermint::validator::Info>, RpcError> {
        let at = height(at)?;
        let mut all = Vec::new();
        for page in 1..=PAGES {
            let request = validators::Request::new(Some(at), Some(page.into()), Some(PAGE.into()));
            let answer = self.call(request).await?;
            let none = answer.validators.is_empty();
            all.extend(answer.validators);
            if none || all.len() >= usize::try_from(answer.total).unwrap_or(0) {
                break;
            }
        }
        Ok(all)
    }

    /// The consensus parameters of its next block, or of its last one while it catches up.
    pub async fn consensus_params(&self) -> Result<consensus_params::Response, RpcError> {
        self.call(consensus_params::Request::default()).await
    }

    /// Hands a transaction to the pool; gives CheckTx's answer.
    pub async fn broadcast_tx_sync(&self, tx: Vec<u8>) -> Result<tx_sync::Response, RpcError> {
        self.call(tx_sync::Request::new(tx)).await
    }

    /// Hands a transaction to the pool, and does not wait for what CheckTx says of it.
    pub async fn broadcast_tx_async(&self, tx: Vec<u8>) -> Result<tx_async::Response, RpcError> {
        self.call(tx_async::Request::new(tx)).await
    }

    /// The height of the last block that the application has committed.
    pub async fn committed_height(&self) -> Result<u64, RpcError> {
        let info = self.call(abci_info::Request {}).await?.response;
        Ok(info.last_block_height.value())
    }

    /// The transactions of a block, whatever evidence it has: `tendermint` does not read votes with extensions.
    pub async fn block_transactions(&self, at: u64) -> Result<Vec<Vec<u8>>, RpcError> {
        let request = block::Request {
            height: Some(height(at)?),
        };
        let result: TransactionsResult = self.as_written(request).await?;
        let held = result.block.data.txs.unwrap_or_default();
        Ok(held.into_iter().map(|one| one.0).collect())
    }

    /// Hands evidence of a double vote to the pool.
    pub async fn broadcast_evidence(
        &self,
        evidence: DuplicateVoteEvidence,
    ) -> Result<broadcast_evidence::Response, RpcError> {
        let power = evidence.validator_power.value();
        let request = broadcast_evidence::Request::<Dialect>::new(evidence.into()).into_json();
        self.ask::<broadcast_evidence::Request<Dialect>>(engine_evidence(request, power))
            .await
    }

    /// A query of the application, at the latest height if it is zero.
    pub async fn abci_query(
        &self,
        path: &str,
        data: Vec<u8>,
        at: u64,
        prove: bool,
    ) -> Result<abci_query::AbciQuery, RpcError> {
        let request =
            abci_query::Request::new(Some(path.to_owned()), data, Some(height(at)?), prove);
        Ok(self.call(request).await?.response)
    }

    /// An indexed transaction by its hash (SHA-256 of its bytes).
    pub async fn tx(&self, hash: [u8; 32], prove: bool) -> Result<tx::Response, RpcError> {
        self.call(tx::Request::new(Hash::Sha256(hash), prove)).await
    }

    /// Indexed transactions, oldest first; `page` from 1, at most 100 a page.
    pub async fn tx_search(
        &self,
        query: &str,
        page: u32,
        per_page: u8,
    ) -> Result<tx_search::Response, RpcError> {
        let request = tx_search::Request::new(query, false, page, per_page, Order::Ascending);
        self.call(request).await
    }

    async fn call<R: SimpleRequest<Dialect>>(&self, request: R) -> Result<R::Output, RpcError> {
        self.ask::<R>(request.into_json()).await
    }

    /// Posts a request of this kind, and reads its answer.
    async fn ask<R: SimpleRequest<Dialect>>(&self, request: String) -> Result<R::Output, RpcError> {
        let (status, body) = self.post(request).await?;
        let answer = R::Response::from_string(&body);
        answer.map(Into::into).map_err(|error| match error.0 {
            ErrorDetail::Response(refused) => RpcError::Refused(refused.source),
            other => RpcError::Malformed {
                status,
                cause: other.to_string(),
            },
        })
    }

    /// Posts a request; gives the HTTP status and the bounded body.
    pub(super) async fn post(&self, body: String) -> Result<(u16, Vec<u8>), RpcError> {
        let failed = |source| unanswered(&self.url, source);
        let post = self.http.post(&self.url);
        let post = post.header("content-type", "application/json").body(body);
        let mut answer = post.send().await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if body.len().saturating_add(chunk.len()) > self.body_bytes {
                return Err(RpcError::TooLarge {
                    limit: self.body_bytes,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok((answer.status().as_u16(), body))
    }
}

/// An answer of which only that is read which is used.
#[derive(serde::Deserialize)]
struct AnswerAsWritten<T> {
    error: Option<ResponseError>,
    result: Option<T>,
}

/// What [`Client::commit_as_written`] reads.
#[derive(serde::Deserialize)]
struct CommitResult {
    signed_header: SignedCommit,
}

#[derive(serde::Deserialize)]
struct SignedCommit {
    commit: Value,
}

/// What [`Client::evidence`] reads of a block.
#[derive(serde::Deserialize)]
struct EvidenceResult {
    block: EvidenceBlock,
}

#[derive(serde::Deserialize)]
struct EvidenceBlock {
    evidence: EvidenceList,
}

#[derive(serde::Deserialize)]
struct EvidenceList {
    evidence: Option<Vec<Value>>,
}

/// Fields of evidence as `tendermint-rpc` writes them, and as CometBFT reads them: it takes a field of another name for zero.
const EVIDENCE_FIELDS: [(&str, &str); 2] = [
    ("total_voting_power", "TotalVotingPower"),
    ("timestamp", "Timestamp"),
];

/// Fields of a vote that CometBFT reads in base64, and `tendermint` writes as lists of numbers.
const EXTENSION_FIELDS: [&str; 2] = ["extension", "extension_signature"];

/// What [`Client::block_transactions`] reads of a block.
#[derive(serde::Deserialize)]
struct TransactionsResult {
    block: TransactionsBlock,
}

#[derive(serde::Deserialize)]
struct TransactionsBlock {
    data: TransactionsData,
}

#[derive(serde::Deserialize)]
struct TransactionsData {
    txs: Option<Vec<Base64>>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Base64(
    #[serde(with = "tendermint_proto::serializers::bytes::base64string")] pub(super) Vec<u8>,
);

/// A request that hands evidence in, with the names and forms that CometBFT reads, and the power of the validator: `tendermint` writes that of the
/// whole set there.
fn engine_evidence(request: String, power: u64) -> String {
    let Ok(mut named) = serde_json::from_str::<Value>(&request) else {
        return request;
    };
    if let Some(Value::Object(fields)) = named.pointer_mut("/params/evidence/value") {
        for (ours, theirs) in EVIDENCE_FIELDS {
            if let Some(value) = fields.remove(ours) {
                fields.insert(theirs.to_owned(), value);
            }
        }
        fields.insert("ValidatorPower".to_owned(), power.to_string().into());
        for vote in ["vote_a", "vote_b"] {
            for name in EXTENSION_FIELDS {
                let field = fields.get_mut(vote).and_then(|vote| vote.get_mut(name));
                if let Some(field) = field
                    && let Ok(bytes) = serde_json::from_value::<Vec<u8>>(field.clone())
                    && let Ok(text) = serde_json::to_value(Base64(bytes))
                {
                    *field = text;
                }
            }
        }
    }
    named.to_string()
}

/// Neither the address nor the error says more than where the RPC is.
fn unanswered(url: &str, source: reqwest::Error) -> RpcError {
    RpcError::Http {
        place: plain::place(url),
        source: source.without_url(),
    }
}

fn height(height: u64) -> Result<Height, RpcError> {
    Height::try_from(height).map_err(|_| RpcError::Height(height))
}
