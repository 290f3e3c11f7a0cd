//! The services that only read: accounts and blocks.

use plasmid_proto::{
    chain::v1::{
        GetBlockRequest, GetBlockResponse, GetParametersRequest, GetParametersResponse,
        GetStatusRequest, GetStatusResponse, GetSupplyRequest, GetSupplyResponse,
        ListBlocksRequest, ListBlocksResponse, ListValidatorsRequest, ListValidatorsResponse,
        ListVotesRequest, ListVotesResponse, chain_service_server::ChainService,
    },
    ledger::v1::{
        GetAccountRequest, GetAccountResponse, ListBalancesRequest, ListBalancesResponse,
        ListTokensRequest, ListTokensResponse, account_service_server::AccountService,
    },
};
use tonic::{Request, Response, Status};

use super::{Services, votes::read_votes};
use crate::app::reads::{Door, accounts, chain, segments};

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl AccountService for Services {
    async fn get_account(&self, request: Request<GetAccountRequest>) -> Answer<GetAccountResponse> {
        self.answer(request, accounts::get_account).await
    }

    async fn list_balances(
        &self,
        request: Request<ListBalancesRequest>,
    ) -> Answer<ListBalancesResponse> {
        self.answer(request, accounts::list_balances).await
    }

    async fn list_tokens(&self, request: Request<ListTokensRequest>) -> Answer<ListTokensResponse> {
        self.answer(request, accounts::list_tokens).await
    }
}

#[tonic::async_trait]
impl ChainService for Services {
    async fn get_status(&self, request: Request<GetStatusRequest>) -> Answer<GetStatusResponse> {
        // Any thread tells how the node is; where all places of the sets are taken, it leaves out what needs one.
        self.answer_by(&self.workers, Door::Set, request, chain::get_status)
            .await
    }

    async fn get_block(&self, request: Request<GetBlockRequest>) -> Answer<GetBlockResponse> {
        self.answer(request, chain::get_block).await
    }

    async fn list_blocks(&self, request: Request<ListBlocksRequest>) -> Answer<ListBlocksResponse> {
        self.answer_court(request, segments::list_blocks).await
    }

    async fn list_votes(&self, request: Request<ListVotesRequest>) -> Answer<ListVotesResponse> {
        let page = read_votes(&self.vote_reads, &self.votes, request.into_inner());
        page.await.map(Response::new)
    }

    async fn list_validators(
        &self,
        request: Request<ListValidatorsRequest>,
    ) -> Answer<ListValidatorsResponse> {
        self.answer(request, chain::list_validators).await
    }

    async fn get_parameters(
        &self,
        request: Request<GetParametersRequest>,
    ) -> Answer<GetParametersResponse> {
        self.answer(request, chain::get_parameters).await
    }

    async fn get_supply(&self, request: Request<GetSupplyRequest>) -> Answer<GetSupplyResponse> {
        self.answer(request, chain::get_supply).await
    }
}
