//! What the stub says of stake: one line, whose commission it names, and what a delegation to it would do.

use std::pin::Pin;

use plasmid::{
    ledger::{
        Account, Domain,
        eip712::digest,
        transaction::{Body, Header, Scheme, StakeBody},
    },
    wire,
};
use plasmid_proto::{
    ledger::v1::{Attribute, Event},
    stake::v1::{
        FollowEventsRequest, FollowEventsResponse, GetMaturityRequest, GetMaturityResponse,
        GetPositionRequest, GetPositionResponse, GetRewardsRequest, GetRewardsResponse,
        GetValidatorRequest, GetValidatorResponse, Line, ListDelegationsRequest,
        ListDelegationsResponse, ListLinesRequest, ListLinesResponse, ListValidatorsRequest,
        ListValidatorsResponse, PrepareRequest, PrepareResponse, prepare_request::Action,
        stake_service_server::StakeService,
    },
};
use tonic::{Request, Response, Status};

use super::{Answer, DEPLOYMENT, Lie, Stub, nothing};

/// The commission that it names.
pub const COMMISSION: u16 = 700;

/// Clears a terminal, and begins a line of its own.
pub const HOSTILE: &str = "\u{1b}[2J\nsign it? [y/N] y\nno seat";

#[tonic::async_trait]
impl StakeService for Stub {
    async fn get_validator(
        &self,
        request: Request<GetValidatorRequest>,
    ) -> Answer<GetValidatorResponse> {
        Ok(Response::new(GetValidatorResponse {
            operator: self.named(request.into_inner().operator),
            line: Some(Line {
                number: 1,
                state: "open".into(),
                seat: Some(0),
                stake: "5000000000000000000".into(),
                commission: COMMISSION.into(),
                max_commission: 2_000,
                commission_step: 100,
                ..Line::default()
            }),
            epoch: 9,
            ..GetValidatorResponse::default()
        }))
    }

    async fn prepare(&self, request: Request<PrepareRequest>) -> Answer<PrepareResponse> {
        let asked = request.into_inner();
        let Some(Action::Delegate(one)) = &asked.action else {
            return nothing();
        };
        let body = Body::Stake(StakeBody::Delegate {
            operator: wire::address_bytes(&one.operator).expect("an address"),
            amount: one.amount.parse().expect("an amount"),
            line: one.line.expect("a line"),
            max_commission: one.max_commission.expect("a bound") as u16,
        });
        let header = Header {
            sender: asked.sender.parse().expect("an account"),
            lane: 0,
            sequence: asked.sequence.expect("a sequence"),
            fee: asked.fee.parse().expect("a fee"),
            fee_payer: Account::from_bytes(&[0; 21]),
            valid_until: asked.valid_until,
            memo: asked.memo.try_into().expect("32 bytes"),
        };
        let [_, _, root_chain] = plasmid_bridge::abi::created_by(self.registry);
        let domain = Domain {
            root_chain_id: 31_337,
            root_chain: root_chain.into(),
            deployment: DEPLOYMENT,
        };
        let digest = digest(Scheme::Secp256k1, &header, &body, &domain).to_vec();
        let attribute = |key: &str, value: &str| Attribute {
            key: key.into(),
            value: value.into(),
        };
        let opened = Event {
            name: "opened".into(),
            attributes: vec![
                attribute("position", "12"),
                attribute("amount", "2000000000000000000"),
            ],
        };
        let (code, log) = match self.lie {
            Lie::Refuses(code) => (code, HOSTILE.into()),
            _ => (0, String::new()),
        };
        Ok(Response::new(PrepareResponse {
            digest: self.hash(digest),
            code,
            log,
            events: vec![opened],
            ..PrepareResponse::default()
        }))
    }

    async fn get_position(&self, _: Request<GetPositionRequest>) -> Answer<GetPositionResponse> {
        nothing()
    }

    async fn list_delegations(
        &self,
        _: Request<ListDelegationsRequest>,
    ) -> Answer<ListDelegationsResponse> {
        nothing()
    }

    async fn list_validators(
        &self,
        _: Request<ListValidatorsRequest>,
    ) -> Answer<ListValidatorsResponse> {
        nothing()
    }

    async fn list_lines(&self, _: Request<ListLinesRequest>) -> Answer<ListLinesResponse> {
        nothing()
    }

    async fn get_rewards(&self, _: Request<GetRewardsRequest>) -> Answer<GetRewardsResponse> {
        nothing()
    }

    async fn get_maturity(&self, _: Request<GetMaturityRequest>) -> Answer<GetMaturityResponse> {
        nothing()
    }

    type FollowEventsStream =
        Pin<Box<dyn tokio_stream::Stream<Item = Result<FollowEventsResponse, Status>> + Send>>;

    async fn follow_events(
        &self,
        _: Request<FollowEventsRequest>,
    ) -> Answer<Self::FollowEventsStream> {
        nothing()
    }
}
