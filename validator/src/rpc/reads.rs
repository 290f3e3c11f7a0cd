//! The services that only read: accounts, and blocks.

use plasmid_proto::{
    chain::v1::{
        GetBlockRequest, GetBlockResponse, GetParametersRequest, GetParametersResponse,
        GetStatusRequest, GetStatusResponse, GetSupplyRequest, GetSupplyResponse,
        ListValidatorsRequest, ListValidatorsResponse, chain_service_server::ChainService,
    },
    ledger::v1::{
        GetAccountRequest, GetAccountResponse, ListBalancesRequest, ListBalancesResponse,
        ListTokensRequest, ListTokensResponse, account_service_server::AccountService,
    },
};
use tonic::{Request, Response, Status};

use super::Services;
use crate::app::reads::{accounts, chain};

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl AccountService for Services {
    async fn get_account(&self, request: Request<GetAccountRequest>) -> Answer<GetAccountResponse> {
        self.read(move |source| accounts::get_account(source, &request.into_inner()))
            .await
            .map(Response::new)
    }

    async fn list_balances(
        &self,
        request: Request<ListBalancesRequest>,
    ) -> Answer<ListBalancesResponse> {
        self.read(move |source| accounts::list_balances(source, &request.into_inner()))
            .await
            .map(Response::new)
    }

    async fn list_tokens(&self, request: Request<ListTokensRequest>) -> Answer<ListTokensResponse> {
        self.read(move |source| accounts::list_tokens(source, &request.into_inner()))
            .await
            .map(Response::new)
    }
}

#[tonic::async_trait]
impl ChainService for Services {
    async fn get_status(&self, _: Request<GetStatusRequest>) -> Answer<GetStatusResponse> {
        self.read(chain::get_status).await.map(Response::new)
    }

    async fn get_block(&self, request: Request<GetBlockRequest>) -> Answer<GetBlockResponse> {
        self.read(move |source| chain::get_block(source, &request.into_inner()))
            .await
            .map(Response::new)
    }

    async fn list_validators(
        &self,
        request: Request<ListValidatorsRequest>,
    ) -> Answer<ListValidatorsResponse> {
        self.read(move |source| chain::list_validators(source, &request.into_inner()))
            .await
            .map(Response::new)
    }

    async fn get_parameters(
        &self,
        _: Request<GetParametersRequest>,
    ) -> Answer<GetParametersResponse> {
        self.read(|source| Ok(chain::get_parameters(source)))
            .await
            .map(Response::new)
    }

    async fn get_supply(&self, _: Request<GetSupplyRequest>) -> Answer<GetSupplyResponse> {
        self.read(chain::get_supply).await.map(Response::new)
    }
}
