//! Several transactions handed to the engine's mempool by one request of its JSON-RPC.

use std::net::SocketAddr;

use tendermint_rpc::ResponseError;

use super::rpc::{Base64, Client, RpcError};

/// CometBFT's own bound on requests in one (`rpc.max_request_batch_size`).
pub const MAX_BATCH: usize = 10;

/// The engine's configuration of its RPC.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RpcSection {
    /// Where it listens.
    pub laddr: String,
    /// Calls in one request; 0 is no bound.
    #[serde(default = "default_batch")]
    pub max_request_batch_size: u32,
}

/// CometBFT's own default.
const fn default_batch() -> u32 {
    MAX_BATCH as u32
}

impl RpcSection {
    /// Listens at this address.
    pub(super) fn at(address: SocketAddr) -> Self {
        Self {
            laddr: format!("tcp://{address}"),
            max_request_batch_size: default_batch(),
        }
    }

    /// Refuses a bound below [`MAX_BATCH`]: nothing would be taken where several come together.
    pub(super) fn check(&self) -> Result<(), String> {
        match self.max_request_batch_size {
            0 => Ok(()),
            found if found >= default_batch() => Ok(()),
            found => Err(format!(
                "rpc.max_request_batch_size is {found}: set it to 0 or at least {MAX_BATCH}, because this node hands over up to {MAX_BATCH} transactions in one request"
            )),
        }
    }
}

#[derive(serde::Serialize)]
struct Call<'a> {
    jsonrpc: &'a str,
    id: usize,
    method: &'a str,
    params: Params,
}

#[derive(serde::Serialize)]
struct Params {
    tx: Base64,
}

/// An answer, of which only that is read which is used.
#[derive(serde::Deserialize)]
struct Told {
    id: Option<usize>,
    error: Option<ResponseError>,
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Answers {
    Several(Vec<Told>),
    One(Told),
}

impl Client {
    /// Hands transactions to the pool, at most [`MAX_BATCH`], in this order, without waiting for what CheckTx says of them. Of each: whether the engine asks
    /// the application about it, or why it does not.
    ///
    /// # Errors
    /// When nothing can be said of any of them.
    pub async fn broadcast_all(
        &self,
        transactions: Vec<Vec<u8>>,
    ) -> Result<Vec<Result<(), RpcError>>, RpcError> {
        let count = transactions.len();
        let calls = transactions.into_iter().enumerate().map(|(id, tx)| Call {
            jsonrpc: "2.0",
            id,
            method: "broadcast_tx_async",
            params: Params { tx: Base64(tx) },
        });
        let calls: Vec<_> = calls.collect();
        let request = serde_json::to_string(&calls).map_err(|error| RpcError::Malformed {
            status: 0,
            cause: format!("the request is not sent: {error}"),
        })?;
        let (status, body) = self.post(request).await?;
        told(&body, count).map_err(|cause| RpcError::Malformed { status, cause })
    }
}

/// What the answer to a batch of `count` calls says of each of them.
fn told(body: &[u8], count: usize) -> Result<Vec<Result<(), RpcError>>, String> {
    let answers: Answers = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let answers = match answers {
        Answers::Several(answers) => answers,
        Answers::One(answer) => vec![answer],
    };
    if answers.len() != count {
        return Err(format!("{} answers to {count} calls", answers.len()));
    }
    let answers = answers.into_iter().enumerate();
    answers
        .map(|(place, answer)| match (answer.id, answer.error) {
            (Some(id), error) if id == place => {
                Ok(error.map_or(Ok(()), |error| Err(RpcError::Refused(error))))
            }
            _ => Err(format!("the answer at place {place} is to another call")),
        })
        .collect()
}

#[cfg(test)]
mod tests;
