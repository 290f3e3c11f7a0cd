//! A node of the child chain that lies as a test tells it, and remembers what it was given.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use alloy_primitives::Address;
use plasmid_bridge::abi;
use plasmid_proto::{
    bridge::v1::{
        Checkpoint, GetCheckpointRequest, GetCheckpointResponse, GetGenesisParametersRequest,
        GetGenesisParametersResponse, GetLeavesRequest, GetLeavesResponse, GetProofRequest,
        GetProofResponse, GetSegmentsRequest, GetSegmentsResponse, GetSharesRequest,
        GetSharesResponse, GetWithdrawalRequest, GetWithdrawalResponse, ListCheckpointsRequest,
        ListCheckpointsResponse, ListWithdrawalsRequest, ListWithdrawalsResponse,
        PrepareClaimRequest, PrepareClaimResponse, PrepareDepositRequest, PrepareDepositResponse,
        PrepareForceRequest, PrepareForceResponse, SubmitShareRequest, SubmitShareResponse,
        Withdrawal,
        bridge_service_server::{BridgeService, BridgeServiceServer},
    },
    chain::v1::{
        GetBlockRequest, GetBlockResponse, GetParametersRequest, GetParametersResponse,
        GetStatusRequest, GetStatusResponse, GetSupplyRequest, GetSupplyResponse,
        ListBlocksRequest, ListBlocksResponse, ListValidatorsRequest, ListValidatorsResponse,
        ListVotesRequest, ListVotesResponse,
        chain_service_server::{ChainService, ChainServiceServer},
    },
    ledger::v1::{
        FollowRequest, FollowResponse, GetAccountRequest, GetAccountResponse,
        GetTransactionRequest, GetTransactionResponse, ListBalancesRequest, ListBalancesResponse,
        ListTokensRequest, ListTokensResponse, QuoteFeeRequest, QuoteFeeResponse, SimulateRequest,
        SimulateResponse, Stage, Status as Standing, SubmitManyRequest, SubmitManyResponse,
        SubmitRequest, SubmitResponse, Token,
        account_service_server::{AccountService, AccountServiceServer},
        follow_request, get_transaction_request,
        transaction_service_server::{TransactionService, TransactionServiceServer},
    },
    stake::v1::stake_service_server::StakeServiceServer,
};
use tonic::{Request, Response, Status, Streaming, transport::Server};

use crate::program::{self, Stub as Thread};

pub mod stake;

pub type Answer<T> = Result<Response<T>, Status>;

/// What its stub says of the deployment, and no Registry made.
pub const DEPLOYMENT: [u8; 20] = [0xde; 20];
/// The sequence that an account signs first.
pub const FIRST: u64 = 7;

/// What a node does with a transaction that it was given, and always keeps.
#[derive(Clone, Copy, Debug)]
pub enum Lie {
    /// Takes it, and says so a while later.
    None,
    /// Refuses it with this code.
    Refuses(u32),
    /// Answers as a node that went away.
    Fails,
    /// Never answers.
    Silent,
    /// Names another hash.
    OtherHash,
    /// Takes it and says later that it waits nowhere.
    Gone,
    /// Takes it and breaks off when it should tell more of it.
    Breaks,
    /// Names this block as its newest, and this fee.
    Tip(u64, &'static str),
    /// Answers about another one than was asked for.
    Another,
    /// Would have the sequence signed next that lies so far ahead.
    Ahead(u64),
    /// Says that a block has what is asked for, with this code.
    Included(u32),
}

/// Who and what it answers about when it answers about another one.
pub const ANOTHER: &str = "0x00000000000000000000000000000000000000e2";

/// What the node was given.
#[derive(Debug, Default)]
pub struct Given {
    /// Bytes that were handed in.
    pub transactions: Vec<Vec<u8>>,
    /// Hashes that were followed.
    pub followed: Vec<Vec<u8>>,
    /// Pages of tokens that were asked for.
    pub pages: usize,
}

/// A running node; it ends with the test.
pub struct Node {
    pub url: String,
    pub given: Arc<Mutex<Given>>,
    _stub: Thread,
}

#[derive(Clone)]
struct Stub {
    registry: Address,
    lie: Lie,
    tokens: Vec<Token>,
    endless: bool,
    given: Arc<Mutex<Given>>,
}

impl Node {
    /// Starts a node of the deployment that `registry` made.
    pub fn start(registry: Address, lie: Lie) -> Self {
        Self::with_tokens(registry, lie, Vec::new(), false)
    }

    /// One that lists these tokens, on a single page or on pages without end.
    pub fn with_tokens(registry: Address, lie: Lie, tokens: Vec<Token>, endless: bool) -> Self {
        let given = Arc::new(Mutex::new(Given::default()));
        let stub = Stub {
            registry,
            lie,
            tokens,
            endless,
            given: Arc::clone(&given),
        };
        let thread = program::serve(
            Server::builder()
                .add_service(AccountServiceServer::new(stub.clone()))
                .add_service(BridgeServiceServer::new(stub.clone()))
                .add_service(ChainServiceServer::new(stub.clone()))
                .add_service(StakeServiceServer::new(stub.clone()))
                .add_service(TransactionServiceServer::new(stub)),
        );
        Self {
            url: format!("http://{}", thread.address),
            given,
            _stub: thread,
        }
    }

    /// Bytes that were handed in.
    pub fn transactions(&self) -> Vec<Vec<u8>> {
        self.given.lock().expect("no panic").transactions.clone()
    }
}

impl Stub {
    /// The number that it answers about.
    fn about(&self, asked: u64) -> u64 {
        asked + u64::from(matches!(self.lie, Lie::Another))
    }

    /// The name that it answers about.
    fn named(&self, asked: String) -> String {
        match self.lie {
            Lie::Another => ANOTHER.into(),
            _ => asked,
        }
    }

    /// The hash that it answers about.
    fn hash(&self, asked: Vec<u8>) -> Vec<u8> {
        match self.lie {
            Lie::Another => vec![0xaa; 32],
            _ => asked,
        }
    }
}

fn nothing<T>() -> Answer<T> {
    Err(Status::unimplemented("the stub does not say"))
}

#[tonic::async_trait]
impl ChainService for Stub {
    async fn get_status(&self, _: Request<GetStatusRequest>) -> Answer<GetStatusResponse> {
        let [inbox, vault, root_chain] = abi::created_by(self.registry);
        Ok(Response::new(GetStatusResponse {
            deployment_id: DEPLOYMENT.to_vec(),
            height: match self.lie {
                Lie::Tip(height, _) => height,
                _ => 5,
            },
            inbox: inbox.to_string(),
            vault: vault.to_string(),
            root_chain: root_chain.to_string(),
            root_chain_id: 31_337,
            ..Default::default()
        }))
    }

    async fn list_blocks(&self, _: Request<ListBlocksRequest>) -> Answer<ListBlocksResponse> {
        Err(Status::unimplemented("nobody asks"))
    }

    async fn list_votes(&self, _: Request<ListVotesRequest>) -> Answer<ListVotesResponse> {
        Err(Status::unimplemented("nobody asks"))
    }

    async fn get_block(&self, request: Request<GetBlockRequest>) -> Answer<GetBlockResponse> {
        Ok(Response::new(GetBlockResponse {
            height: self.about(request.into_inner().height),
            ..Default::default()
        }))
    }

    async fn list_validators(
        &self,
        request: Request<ListValidatorsRequest>,
    ) -> Answer<ListValidatorsResponse> {
        Ok(Response::new(ListValidatorsResponse {
            epoch: self.about(request.into_inner().epoch.unwrap_or_default()),
            ..Default::default()
        }))
    }

    async fn get_supply(&self, _: Request<GetSupplyRequest>) -> Answer<GetSupplyResponse> {
        nothing()
    }

    async fn get_parameters(
        &self,
        _: Request<GetParametersRequest>,
    ) -> Answer<GetParametersResponse> {
        nothing()
    }
}

#[tonic::async_trait]
impl AccountService for Stub {
    async fn get_account(&self, request: Request<GetAccountRequest>) -> Answer<GetAccountResponse> {
        let given = self.given.lock().expect("no panic").transactions.len() as u64;
        Ok(Response::new(GetAccountResponse {
            account: self.named(request.into_inner().account),
            sequence: FIRST,
            next_sequence: match self.lie {
                Lie::Ahead(by) => FIRST + by,
                _ => FIRST + given,
            },
            ..Default::default()
        }))
    }

    async fn list_balances(&self, _: Request<ListBalancesRequest>) -> Answer<ListBalancesResponse> {
        nothing()
    }

    async fn list_tokens(&self, _: Request<ListTokensRequest>) -> Answer<ListTokensResponse> {
        let mut given = self.given.lock().expect("no panic");
        given.pages += 1;
        Ok(Response::new(ListTokensResponse {
            tokens: self.tokens.clone(),
            next_page_token: match self.endless {
                true => given.pages.to_string(),
                false => String::new(),
            },
            ..Default::default()
        }))
    }
}

#[tonic::async_trait]
impl TransactionService for Stub {
    async fn submit(&self, request: Request<SubmitRequest>) -> Answer<SubmitResponse> {
        // Whoever asks for a sequence meanwhile sees the one before this transaction.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let bytes = request.into_inner().transaction;
        let hash = plasmid::wire::engine_hash(&bytes).to_vec();
        self.given
            .lock()
            .expect("no panic")
            .transactions
            .push(bytes);
        let taken = SubmitResponse {
            hash,
            ..Default::default()
        };
        match self.lie {
            Lie::None
            | Lie::Gone
            | Lie::Breaks
            | Lie::Tip(..)
            | Lie::Another
            | Lie::Ahead(_)
            | Lie::Included(_) => Ok(Response::new(taken)),
            Lie::Refuses(code) => Ok(Response::new(SubmitResponse {
                code,
                log: "taken by another".into(),
                ..taken
            })),
            Lie::Fails => Err(Status::unavailable("the node went away")),
            Lie::Silent => std::future::pending().await,
            Lie::OtherHash => Ok(Response::new(SubmitResponse {
                hash: vec![0xaa; 32],
                digest: vec![0xbb; 32],
                ..taken
            })),
        }
    }

    async fn submit_many(
        &self,
        _: Request<Streaming<SubmitManyRequest>>,
    ) -> Answer<SubmitManyResponse> {
        nothing()
    }

    async fn simulate(&self, _: Request<SimulateRequest>) -> Answer<SimulateResponse> {
        Ok(Response::new(SimulateResponse::default()))
    }

    async fn quote_fee(&self, _: Request<QuoteFeeRequest>) -> Answer<QuoteFeeResponse> {
        Ok(Response::new(QuoteFeeResponse {
            suggested_fee: match self.lie {
                Lie::Tip(_, fee) => fee.into(),
                _ => "1000".into(),
            },
            ..Default::default()
        }))
    }

    async fn get_transaction(
        &self,
        request: Request<GetTransactionRequest>,
    ) -> Answer<GetTransactionResponse> {
        // What is all 0xcc is a digest; everything else is a hash.
        let (hash, digest) = match request.into_inner().id {
            Some(get_transaction_request::Id::Hash(hash)) if hash != [0xcc; 32] => {
                (self.hash(hash), vec![])
            }
            Some(get_transaction_request::Id::Digest(digest)) => (vec![], self.hash(digest)),
            _ => return Err(Status::not_found("no such hash")),
        };
        let (stage, code) = match self.lie {
            Lie::Included(code) => (Stage::Included, code),
            _ => (Stage::Unspecified, 0),
        };
        Ok(Response::new(GetTransactionResponse {
            status: Some(Standing {
                hash,
                digest,
                stage: stage.into(),
                code,
                ..Default::default()
            }),
        }))
    }

    type FollowStream =
        Pin<Box<dyn tokio_stream::Stream<Item = Result<FollowResponse, Status>> + Send>>;

    async fn follow(&self, request: Request<FollowRequest>) -> Answer<Self::FollowStream> {
        if let Some(follow_request::Id::Hash(hash)) = request.into_inner().id {
            self.given.lock().expect("no panic").followed.push(hash);
        }
        let stage = match self.lie {
            Lie::Gone => Stage::Unknown,
            _ => Stage::Included,
        };
        let standing = Standing {
            stage: stage.into(),
            hash: vec![0xaa; 32],
            digest: vec![0xbb; 32],
            height: 6,
            ..Default::default()
        };
        let told = FollowResponse {
            status: Some(standing),
        };
        let told = match self.lie {
            Lie::Breaks => Err(Status::unavailable("the node went away")),
            _ => Ok(told),
        };
        Ok(Response::new(Box::pin(tokio_stream::iter([told]))))
    }
}

#[tonic::async_trait]
impl BridgeService for Stub {
    async fn get_checkpoint(
        &self,
        request: Request<GetCheckpointRequest>,
    ) -> Answer<GetCheckpointResponse> {
        let checkpoint = Checkpoint {
            epoch: self.about(request.into_inner().epoch),
            ..Default::default()
        };
        Ok(Response::new(GetCheckpointResponse {
            checkpoint: Some(checkpoint),
        }))
    }

    async fn list_checkpoints(
        &self,
        _: Request<ListCheckpointsRequest>,
    ) -> Answer<ListCheckpointsResponse> {
        nothing()
    }

    async fn get_shares(&self, _: Request<GetSharesRequest>) -> Answer<GetSharesResponse> {
        nothing()
    }

    async fn submit_share(&self, _: Request<SubmitShareRequest>) -> Answer<SubmitShareResponse> {
        nothing()
    }

    async fn get_proof(&self, _: Request<GetProofRequest>) -> Answer<GetProofResponse> {
        nothing()
    }

    async fn get_segments(&self, _: Request<GetSegmentsRequest>) -> Answer<GetSegmentsResponse> {
        nothing()
    }

    async fn get_leaves(&self, _: Request<GetLeavesRequest>) -> Answer<GetLeavesResponse> {
        nothing()
    }

    async fn get_genesis_parameters(
        &self,
        _: Request<GetGenesisParametersRequest>,
    ) -> Answer<GetGenesisParametersResponse> {
        nothing()
    }

    async fn get_withdrawal(
        &self,
        request: Request<GetWithdrawalRequest>,
    ) -> Answer<GetWithdrawalResponse> {
        let withdrawal = Withdrawal {
            number: self.about(request.into_inner().number),
            ..Default::default()
        };
        Ok(Response::new(GetWithdrawalResponse {
            withdrawal: Some(withdrawal),
        }))
    }

    async fn list_withdrawals(
        &self,
        request: Request<ListWithdrawalsRequest>,
    ) -> Answer<ListWithdrawalsResponse> {
        let withdrawal = Withdrawal {
            recipient: self.named(request.into_inner().recipient),
            ..Default::default()
        };
        Ok(Response::new(ListWithdrawalsResponse {
            withdrawals: vec![withdrawal],
            ..Default::default()
        }))
    }

    async fn prepare_deposit(
        &self,
        _: Request<PrepareDepositRequest>,
    ) -> Answer<PrepareDepositResponse> {
        nothing()
    }

    async fn prepare_claim(&self, _: Request<PrepareClaimRequest>) -> Answer<PrepareClaimResponse> {
        nothing()
    }

    async fn prepare_force(&self, _: Request<PrepareForceRequest>) -> Answer<PrepareForceResponse> {
        nothing()
    }
}
