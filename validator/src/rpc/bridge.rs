//! The bridge's service: reads, late shares, and the calls that a wallet sends to root.

use alloy_primitives::{Address, FixedBytes, U256};
use alloy_sol_types::SolCall;
use plasmid_bridge::abi::{IInbox, IToken, IVault};
use plasmid_proto::bridge::v1::{
    GetCheckpointRequest, GetCheckpointResponse, GetGenesisParametersRequest,
    GetGenesisParametersResponse, GetLeavesRequest, GetLeavesResponse, GetProofRequest,
    GetProofResponse, GetSegmentsRequest, GetSegmentsResponse, GetSharesRequest, GetSharesResponse,
    GetWithdrawalRequest, GetWithdrawalResponse, ListCheckpointsRequest, ListCheckpointsResponse,
    ListWithdrawalsRequest, ListWithdrawalsResponse, PrepareClaimRequest, PrepareClaimResponse,
    PrepareDepositRequest, PrepareDepositResponse, PrepareForceRequest, PrepareForceResponse,
    RootCall, SubmitShareRequest, SubmitShareResponse, bridge_service_server::BridgeService,
};
use tonic::{Request, Response, Status};

use super::Services;
use crate::{
    app::reads::{Door, bridge, claims, leaves, segments},
    ledger::{OwnContracts, check::judge_forced},
    wire::{account, address_bytes, shown},
};

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl BridgeService for Services {
    async fn get_checkpoint(
        &self,
        request: Request<GetCheckpointRequest>,
    ) -> Answer<GetCheckpointResponse> {
        self.answer_set(request, bridge::get_checkpoint).await
    }

    async fn list_checkpoints(
        &self,
        request: Request<ListCheckpointsRequest>,
    ) -> Answer<ListCheckpointsResponse> {
        self.answer_set(request, bridge::list_checkpoints).await
    }

    async fn get_shares(&self, request: Request<GetSharesRequest>) -> Answer<GetSharesResponse> {
        self.answer_set(request, bridge::get_shares).await
    }

    async fn submit_share(
        &self,
        request: Request<SubmitShareRequest>,
    ) -> Answer<SubmitShareResponse> {
        self.hand_in(request).await
    }

    async fn get_proof(&self, request: Request<GetProofRequest>) -> Answer<GetProofResponse> {
        let read = bridge::get_proof;
        self.answer_by(&self.past, Door::Client, request, read)
            .await
    }

    async fn get_segments(
        &self,
        request: Request<GetSegmentsRequest>,
    ) -> Answer<GetSegmentsResponse> {
        self.answer_court(request, segments::get_segments).await
    }

    async fn get_leaves(&self, request: Request<GetLeavesRequest>) -> Answer<GetLeavesResponse> {
        self.answer_court(request, leaves::get_leaves).await
    }

    async fn get_genesis_parameters(
        &self,
        request: Request<GetGenesisParametersRequest>,
    ) -> Answer<GetGenesisParametersResponse> {
        self.answer(request, segments::get_genesis_parameters).await
    }

    async fn get_withdrawal(
        &self,
        request: Request<GetWithdrawalRequest>,
    ) -> Answer<GetWithdrawalResponse> {
        self.answer(request, claims::get_withdrawal).await
    }

    async fn list_withdrawals(
        &self,
        request: Request<ListWithdrawalsRequest>,
    ) -> Answer<ListWithdrawalsResponse> {
        self.answer(request, claims::list_withdrawals).await
    }

    async fn prepare_claim(
        &self,
        request: Request<PrepareClaimRequest>,
    ) -> Answer<PrepareClaimResponse> {
        let read = claims::prepare_claim;
        self.answer_by(&self.past, Door::Client, request, read)
            .await
    }

    async fn prepare_deposit(
        &self,
        request: Request<PrepareDepositRequest>,
    ) -> Answer<PrepareDepositResponse> {
        self.deposit(&request.into_inner()).await.map(Response::new)
    }

    async fn prepare_force(
        &self,
        request: Request<PrepareForceRequest>,
    ) -> Answer<PrepareForceResponse> {
        let transaction = request.into_inner().transaction;
        // Whoever sent these would burn the price: the child would record them without effect, whatever its state.
        let facts = self.source.facts();
        judge_forced(
            &transaction,
            &facts.domain,
            &OwnContracts::of(&facts.parameters),
        )
        .map_err(|reject| Status::invalid_argument(reject.to_string()))?;
        let price = self.prices.price().await?;
        let data = IInbox::forceCall {
            transaction: transaction.into(),
        }
        .abi_encode();
        let call = self.call(self.contract(|contracts| contracts.inbox), data, price);
        Ok(Response::new(PrepareForceResponse {
            call: Some(call),
            price: price.to_string(),
        }))
    }
}

impl Services {
    fn call(&self, to: Address, data: Vec<u8>, value: U256) -> RootCall {
        RootCall {
            to: to.to_string(),
            data,
            value: value.to_string(),
            chain_id: self.source.facts().parameters.root_chain_id,
        }
    }

    async fn deposit(
        &self,
        request: &PrepareDepositRequest,
    ) -> Result<PrepareDepositResponse, Status> {
        let to = account(&request.recipient)?;
        let recipient = IVault::Account {
            kind: to.kind,
            id: FixedBytes(to.id),
        };
        let refund = Address::from(address_bytes(&request.refund)?);
        let token = if request.token.is_empty() {
            Address::ZERO
        } else {
            Address::from(address_bytes(&request.token)?)
        };
        OwnContracts::of(&self.source.facts().parameters)
            .check_deposit(to, refund.into_array(), token.into_array())
            .map_err(|reject| Status::invalid_argument(reject.to_string()))?;
        let amount = amount(&request.amount, "amount")?;
        let native = if request.native_amount.is_empty() {
            0
        } else {
            amount_or_zero(&request.native_amount)?
        };
        let price = self.prices.price().await?;
        let vault = self.contract(|contracts| contracts.vault);
        if token.is_zero() {
            if native != 0 {
                return Err(Status::invalid_argument(
                    "native_amount goes with a token only: the deposit is native itself",
                ));
            }
            let data = IVault::depositNativeCall {
                amount,
                recipient,
                refund,
            }
            .abi_encode();
            let call = self.call(vault, data, price.saturating_add(U256::from(amount)));
            return Ok(PrepareDepositResponse {
                call: Some(call),
                price: price.to_string(),
                approval: None,
            });
        }
        let approve = IToken::approveCall {
            spender: vault,
            value: U256::from(amount),
        }
        .abi_encode();
        let data = IVault::depositTokenCall {
            token,
            amount,
            native,
            recipient,
            refund,
        }
        .abi_encode();
        Ok(PrepareDepositResponse {
            call: Some(self.call(vault, data, price.saturating_add(U256::from(native)))),
            price: price.to_string(),
            approval: Some(self.call(token, approve, U256::ZERO)),
        })
    }
}

fn amount_or_zero(text: &str) -> Result<u128, Status> {
    text.parse().map_err(|error| {
        Status::invalid_argument(format!("amount {text:?}: {error}", text = shown(text)))
    })
}

/// A positive amount in base units.
fn amount(text: &str, field: &str) -> Result<u128, Status> {
    match amount_or_zero(text)? {
        0 => Err(Status::invalid_argument(format!("{field} is zero"))),
        amount => Ok(amount),
    }
}
