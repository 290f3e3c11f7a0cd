//! CometBFT's JSON-RPC as a way for the load, and as the place where blocks are followed.

use plasmid_proto::ledger::v1::{
    GetAccountRequest, GetAccountResponse, GetTransactionRequest, GetTransactionResponse,
    get_transaction_request,
};
use prost::Message;

use crate::{
    client::load::{
        After, FollowedBlocks, LoadAnswer, LoadFate, NodeWord, Submitter, answer_of, fate_of,
    },
    ledger::Transaction,
    node::comet::{Client, RpcError},
};

/// Reads that the application behind an engine answers.
const GET_ACCOUNT: &str = "/plasmid.ledger.v1.AccountService/GetAccount";
const GET_TRANSACTION: &str = "/plasmid.ledger.v1.TransactionService/GetTransaction";

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

    /// What the application behind the engine answers.
    async fn read<A: Message + Default>(&self, path: &str, request: &impl Message) -> Option<A> {
        let request = request.encode_to_vec();
        let answer = self.rpc.abci_query(path, request, 0, false).await.ok()?;
        let value = answer.code.is_ok().then_some(answer.value)?;
        A::decode(value.as_slice()).ok()
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
impl NodeWord for EngineWay {
    async fn next_sequence(&self, transaction: &[u8]) -> Option<u64> {
        let sender = Transaction::decode(transaction).ok()?.header.sender;
        let request = GetAccountRequest {
            account: sender.to_string(),
        };
        let answer: GetAccountResponse = self.read(GET_ACCOUNT, &request).await?;
        Some(answer.next_sequence)
    }

    async fn fate(&self, hash: [u8; 32]) -> LoadFate {
        let request = GetTransactionRequest {
            id: Some(get_transaction_request::Id::Hash(hash.to_vec())),
        };
        let answer: Option<GetTransactionResponse> = self.read(GET_TRANSACTION, &request).await;
        match answer {
            Some(answer) => fate_of(answer.status),
            // An engine tells in one way of what its application does not know and of what it cannot say.
            None => LoadFate::Untold,
        }
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
