//! Transactions that came by gRPC, handed to the engine's mempool.

use std::sync::Arc;

use super::comet;
use crate::{
    app::App,
    ledger::Code,
    rpc::{Mempool, Taken},
};

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
        let _plainly = (!replace).then(|| self.app.hand_in_plainly(&bytes));
        let answer = match self.client.broadcast_tx_sync(bytes).await {
            Ok(answer) => answer,
            // The engine's own cache knows these bytes: in the pool, or in a block already.
            Err(error) if error.to_string().contains("already exists in cache") => {
                return Ok(Taken {
                    code: Code::Known.number(),
                    log: "these bytes were handed in before: they wait, or stand in a block".into(),
                });
            }
            Err(error) if error.to_string().contains("mempool is full") => {
                return Ok(Taken {
                    code: Code::PoolFull.number(),
                    log: format!("{error}; try again later"),
                });
            }
            Err(error) => return Err(format!("the engine: {error}")),
        };
        Ok(Taken {
            code: answer.code.value(),
            log: answer.log,
        })
    }
}
