//! JSON-RPC over HTTP to a node of the root chain.
//!
//! Nothing that the node says is believed before it is bounded and parsed: the answer is read up to a limit that is checked while it
//! arrives, its id must be the request's, quantities are numbers in hex, and nothing
//! that could be read in two ways. Reads are repeated with backoff;
//! submissions never are, because their outcome is unknown after a failure. Errors tell apart what the caller can do about them.

mod call;
mod error;
mod memory;
mod parse;

pub use call::{At, Call, Limits};
pub use error::RpcError;
pub use parse::{Receipt, Seen};

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, U256};
use serde_json::{Value, json};

use crate::relay::seen::{Block, Log, Which};
use memory::{Memory, StateQuestion};

/// No wait that an endpoint asks for is longer than this.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// A client of one node.
pub struct Rpc {
    http: reqwest::Client,
    url: reqwest::Url,
    limits: Limits,
    id: AtomicU64,
    memory: OnceLock<Mutex<Memory>>,
}

impl fmt::Debug for Rpc {
    /// Without the path and the query of the URL, which may hold a provider's key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rpc({})", self.url.host_str().unwrap_or_default())
    }
}

impl Rpc {
    /// A client of the node at `url`; nothing is sent yet.
    pub fn new(url: &str, limits: Limits) -> Result<Self, RpcError> {
        let wrong = |reason: String| RpcError::Address { reason };
        let parsed = reqwest::Url::parse(url).map_err(|e| wrong(e.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(wrong(format!(
                "scheme {text:?} is not supported",
                text = parsed.scheme()
            )));
        }
        let http = reqwest::Client::builder()
            .connect_timeout(limits.connect)
            .timeout(limits.request)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|e| wrong(e.to_string()))?;
        Ok(Self {
            http,
            url: parsed,
            limits,
            id: AtomicU64::new(1),
            memory: OnceLock::new(),
        })
    }

    /// Where the node is, without the credentials, the path and the query of the URL, which may hold a provider's key.
    pub fn place(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port().map(|port| format!(":{port}"));
        format!("{}://{host}{}", self.url.scheme(), port.unwrap_or_default())
    }

    /// Whether the node is on this machine.
    pub fn is_on_loopback(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        address.map_or(host == "localhost", |address| address.is_loopback())
    }

    /// Whether both are clients of one URL.
    pub fn is_same(&self, other: &Self) -> bool {
        self.url == other.url
    }

    /// From now on the node is asked once for what a contract returns, and how many transactions an account has sent, in a block that is named by its hash: what it
    /// answered first holds for as long as no other block is asked about.
    pub fn remember(&self) {
        self.memory.get_or_init(Mutex::default);
    }

    fn remembered(&self, asked: &StateQuestion, at: At) -> Option<Bytes> {
        let (memory, At::Hash(block)) = (self.memory.get()?, at) else {
            return None;
        };
        let memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.answer(&block, asked)
    }

    fn keep(&self, asked: StateQuestion, at: At, answer: Bytes) -> Result<Bytes, RpcError> {
        let (Some(memory), At::Hash(block)) = (self.memory.get(), at) else {
            return Ok(answer);
        };
        let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = memory.keep(block, asked, answer);
        kept.ok_or_else(|| {
            RpcError::Malformed("its answers about one block are too long to compare".into())
        })
    }

    /// Calls once.
    pub async fn once(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let id = self.id.fetch_add(1, Ordering::Relaxed);
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let answer = self
            .http
            .post(self.url.clone())
            .header("content-type", "application/json")
            .body(request.to_string())
            .send()
            .await
            .map_err(unreachable)?;
        let status = answer.status().as_u16();
        if status == 429 {
            return Err(RpcError::RateLimited(retry_after(&answer)));
        }
        let body = self.body(answer).await?;
        match parse::answer(&body, id) {
            Err(RpcError::Malformed(_)) if status != 200 => Err(RpcError::Status(status)),
            other => other,
        }
    }

    /// Calls a method that changes nothing, again after a failure that may pass.
    pub async fn read(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let mut wait = self.limits.backoff;
        let mut left = self.limits.attempts.max(1);
        loop {
            left -= 1;
            match self.once(method, params.clone()).await {
                Err(error) if left > 0 && error.is_transient() => {
                    let asked = match error {
                        RpcError::RateLimited(asked) => asked,
                        _ => Duration::ZERO,
                    };
                    tokio::time::sleep(wait.max(asked).min(MAX_WAIT)).await;
                    wait = wait.saturating_mul(2);
                }
                done => return done,
            }
        }
    }

    /// Reads a body, refusing it at the first byte past the limit.
    async fn body(&self, mut answer: reqwest::Response) -> Result<Vec<u8>, RpcError> {
        let limit = self.limits.answer_bytes;
        if answer
            .content_length()
            .is_some_and(|length| length > limit as u64)
        {
            return Err(RpcError::TooLarge(limit));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > limit {
                return Err(RpcError::TooLarge(limit));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// The chain's id (EIP-155).
    pub async fn chain_id(&self) -> Result<u64, RpcError> {
        parse::quantity_u64(&self.read("eth_chainId", json!([])).await?)
    }

    /// A block's header, or `None` when there is no such block.
    pub async fn block(&self, which: Which) -> Result<Option<Block>, RpcError> {
        Ok(self.header(which).await?.map(|seen| seen.block))
    }

    /// The block that the `finalized` tag names, or `None` when the node knows of none; some nodes answer with an error then.
    pub async fn finalized(&self) -> Result<Option<Block>, RpcError> {
        match self.block(Which::Finalized).await {
            Err(RpcError::Refused { .. }) => Ok(None),
            answer => answer,
        }
    }

    /// A block's header with its base fee, or `None` when there is no such block.
    pub async fn header(&self, which: Which) -> Result<Option<Seen>, RpcError> {
        let name = match which {
            Which::Latest => json!("latest"),
            Which::Finalized => json!("finalized"),
            Which::Number(number) => json!(format!("{number:#x}")),
        };
        let value = self
            .read("eth_getBlockByNumber", json!([name, false]))
            .await?;
        let seen = parse::header(&value)?;
        match (which, &seen) {
            (Which::Number(asked), Some(seen)) if seen.block.number != asked => {
                Err(RpcError::Malformed(format!(
                    "block {} where {asked} was asked for",
                    seen.block.number
                )))
            }
            _ => Ok(seen),
        }
    }

    /// The hash of a block, and the calldata of all its transactions that call an account, also of those that failed.
    pub async fn calldata(
        &self,
        number: u64,
        to: Address,
    ) -> Result<Option<(B256, Vec<Bytes>)>, RpcError> {
        let name = format!("{number:#x}");
        let value = self
            .read("eth_getBlockByNumber", json!([name, true]))
            .await?;
        if value.is_null() {
            return Ok(None);
        }
        let hash = parse::hash(parse::field(&value, "hash")?)?;
        Ok(Some((hash, parse::calldata(&value, to)?)))
    }

    /// The events of these contracts in blocks `from` to `to`, both included.
    pub async fn logs(
        &self,
        from: u64,
        to: u64,
        addresses: &[Address],
        topics: &[B256],
    ) -> Result<Vec<Log>, RpcError> {
        let filter = json!({
            "fromBlock": format!("{from:#x}"),
            "toBlock": format!("{to:#x}"),
            "address": addresses,
            "topics": [topics],
        });
        parse::logs(&self.read("eth_getLogs", json!([filter])).await?)
    }

    /// The events of a contract in one block that begin with both of these topics.
    pub async fn logs_of(
        &self,
        block: u64,
        contract: Address,
        topics: &[B256; 2],
    ) -> Result<Vec<Log>, RpcError> {
        let name = format!("{block:#x}");
        let filter =
            json!({ "fromBlock": name, "toBlock": name, "address": contract, "topics": topics });
        let found = parse::logs(&self.read("eth_getLogs", json!([filter])).await?)?;
        let is_it = |log: &Log| {
            (log.block, log.address) == (block, contract) && log.topics.starts_with(topics)
        };
        match found.iter().all(is_it) {
            true => Ok(found),
            false => Err(RpcError::Malformed(format!(
                "an event that is none of those asked for in block {block}"
            ))),
        }
    }

    /// What a call would return.
    pub async fn call(&self, call: &Call, at: At) -> Result<Bytes, RpcError> {
        let asked = call
            .asks_plainly()
            .map(|to| StateQuestion::Call(to, call.data.clone()));
        if let Some(known) = asked.as_ref().and_then(|asked| self.remembered(asked, at)) {
            return Ok(known);
        }
        let object = json!([call.object(), at.value()]);
        let answer = parse::data(&self.read("eth_call", object).await?)?;
        match asked {
            Some(asked) => self.keep(asked, at, answer),
            None => Ok(answer),
        }
    }

    /// Gas that a transaction would use now.
    pub async fn estimate_gas(&self, call: &Call) -> Result<u64, RpcError> {
        parse::quantity_u64(
            &self
                .read("eth_estimateGas", json!([call.object(), "latest"]))
                .await?,
        )
    }

    /// The code of an account.
    pub async fn code(&self, address: Address, at: At) -> Result<Bytes, RpcError> {
        parse::data(
            &self
                .read("eth_getCode", json!([address, at.value()]))
                .await?,
        )
    }

    /// Wei of an account.
    pub async fn balance(&self, address: Address) -> Result<U256, RpcError> {
        parse::quantity(
            &self
                .read("eth_getBalance", json!([address, "latest"]))
                .await?,
        )
    }

    /// Transactions of an account: in blocks (`Latest`), or with those waiting in the node's pool (`Pending`).
    pub async fn nonce(&self, address: Address, at: At) -> Result<u64, RpcError> {
        let asked = StateQuestion::Nonce(address);
        let bytes = match self.remembered(&asked, at) {
            Some(known) => known,
            None => {
                let object = json!([address, at.value()]);
                let answer = self.read("eth_getTransactionCount", object).await?;
                let nonce = parse::quantity_u64(&answer)?;
                self.keep(asked, at, nonce.to_be_bytes().into())?
            }
        };
        let nonce = bytes.as_ref().try_into().map(u64::from_be_bytes);
        Ok(nonce.unwrap_or_default())
    }

    /// The tip that the node suggests, in wei, or `None` when it has no opinion.
    pub async fn suggested_tip(&self) -> Result<Option<u128>, RpcError> {
        match self.read("eth_maxPriorityFeePerGas", json!([])).await {
            Ok(value) => parse::quantity_u128(&value).map(Some),
            Err(RpcError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Hands in a signed transaction, once.
    pub async fn submit(&self, raw: &[u8]) -> Result<B256, RpcError> {
        let raw = Bytes::copy_from_slice(raw);
        parse::hash(&self.once("eth_sendRawTransaction", json!([raw])).await?)
    }

    /// Whether the node knows a transaction, in a block or in its pool.
    pub async fn transaction_is_known(&self, hash: B256) -> Result<bool, RpcError> {
        let value = self.read("eth_getTransactionByHash", json!([hash])).await?;
        Ok(!value.is_null())
    }

    /// The receipt of a transaction, or `None` while it is in no block.
    pub async fn receipt(&self, hash: B256) -> Result<Option<Receipt>, RpcError> {
        let value = self
            .read("eth_getTransactionReceipt", json!([hash]))
            .await?;
        parse::receipt(&value, hash)
    }
}

fn unreachable(error: reqwest::Error) -> RpcError {
    let is_connect = error.is_connect();
    let mut reason = error.without_url().to_string();
    reason.truncate(reason.floor_char_boundary(200));
    if is_connect {
        RpcError::NoConnection(reason)
    } else {
        RpcError::Unreachable(reason)
    }
}

fn retry_after(answer: &reqwest::Response) -> Duration {
    let seconds = answer
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .unwrap_or(1);
    Duration::from_secs(seconds).min(MAX_WAIT)
}

#[cfg(test)]
mod tests;
