//! CometBFT's JSON-RPC as a way for the load, and as the place where blocks are followed.

use crate::{
    client::load::{After, FollowedBlocks, LoadAnswer, Submitter, answer_of},
    node::comet::{Client, RpcError},
};

/// How one engine is asked.
#[derive(Clone)]
pub struct EngineWay {
    rpc: Client,
    waits: bool,
}

impl EngineWay {
    /// The engine at this address, which takes transactions by `broadcast_tx_sync`, or by `broadcast_tx_async` where `waits` is false.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn new(url: &str, waits: bool) -> Result<Self, RpcError> {
        Ok(Self {
            rpc: Client::with_url(url.to_owned())?,
            waits,
        })
    }

    async fn broadcast(&self, bytes: Vec<u8>) -> Result<(u32, String), RpcError> {
        if self.waits {
            let answer = self.rpc.broadcast_tx_sync(bytes).await?;
            return Ok((answer.code.value(), answer.log));
        }
        let answer = self.rpc.broadcast_tx_async(bytes).await?;
        Ok((answer.code.value(), answer.log))
    }
}

#[tonic::async_trait]
impl Submitter for EngineWay {
    async fn submit(&self, bytes: Vec<u8>) -> LoadAnswer {
        match self.broadcast(bytes).await {
            Ok((code, log)) => answer_of(code, &log),
            Err(error) => failed(&error),
        }
    }
}

fn failed(error: &RpcError) -> LoadAnswer {
    let words = error.to_string();
    let kind = match error {
        RpcError::Refused(_) if words.contains("already exists in cache") => {
            return LoadAnswer::Taken;
        }
        RpcError::Refused(_) => {
            let is_full = words.contains("mempool is full");
            return LoadAnswer::Refused {
                kind: if is_full {
                    "mempool_full"
                } else {
                    "engine_refused"
                }
                .to_owned(),
                words,
                after: After::Again,
            };
        }
        RpcError::Http { .. } => "engine_unavailable",
        _ => "engine_failed",
    };
    LoadAnswer::Unclear {
        kind: kind.to_owned(),
        words,
    }
}

#[tonic::async_trait]
impl FollowedBlocks for EngineWay {
    async fn height(&self) -> Result<u64, String> {
        let height = self.rpc.committed_height().await;
        height.map_err(|error| error.to_string())
    }

    async fn transactions(&self, height: u64) -> Result<Vec<Vec<u8>>, String> {
        let held = self.rpc.block_transactions(height).await;
        held.map_err(|error| error.to_string())
    }
}
