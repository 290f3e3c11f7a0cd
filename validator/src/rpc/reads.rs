//! The services that only read: accounts, blocks and stake.

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
    stake::v1::{
        GetMaturityRequest, GetMaturityResponse, GetPositionRequest, GetPositionResponse,
        GetRewardsRequest, GetRewardsResponse, GetValidatorRequest, GetValidatorResponse,
        ListLinesRequest, ListLinesResponse, stake_service_server::StakeService,
    },
};
use tonic::{Request, Response, Status};

use super::Services;
use crate::app::reads::{accounts, chain, stake};

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
        self.answer(request, chain::get_status).await
    }

    async fn get_block(&self, request: Request<GetBlockRequest>) -> Answer<GetBlockResponse> {
        self.answer(request, chain::get_block).await
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

#[tonic::async_trait]
impl StakeService for Services {
    async fn get_position(
        &self,
        request: Request<GetPositionRequest>,
    ) -> Answer<GetPositionResponse> {
        self.answer(request, stake::get_position).await
    }

    async fn get_validator(
        &self,
        request: Request<GetValidatorRequest>,
    ) -> Answer<GetValidatorResponse> {
        self.answer(request, stake::get_validator).await
    }

    async fn list_lines(&self, request: Request<ListLinesRequest>) -> Answer<ListLinesResponse> {
        self.answer(request, stake::list_lines).await
    }

    async fn get_rewards(&self, request: Request<GetRewardsRequest>) -> Answer<GetRewardsResponse> {
        self.answer(request, stake::get_rewards).await
    }

    async fn get_maturity(
        &self,
        request: Request<GetMaturityRequest>,
    ) -> Answer<GetMaturityResponse> {
        self.answer(request, stake::get_maturity).await
    }
}
