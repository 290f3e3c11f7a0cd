//! Steps 9 to 13, and 16: stake of delegators, and a validator that comes, is absent, returns, and signs two votes.

use plasmid_proto::{
    ledger::v1::Status,
    stake::v1::{
        GetPositionRequest, GetValidatorRequest, GetValidatorResponse, Line, Position,
        PrepareRequest, PrepareResponse,
    },
};

use crate::{
    cli::{
        CliError,
        demo::{
            observe::{LegSeen, PositionSeen, RefusedSeen},
            people::{DemoPerson, FEE, World},
        },
        tx::{behind::DelegationTerms, stake::action},
    },
    ledger::{
        Account, Code,
        transaction::{Body, Header, StakeBody},
    },
};

pub mod delegator;
pub mod newcomer;
pub mod offences;

/// A transaction of stake that stands in a block.
pub(super) struct Done {
    /// The position that the node foretold; 0 for none.
    foretold: u64,
    /// The position that was made; 0 for none.
    position: u64,
    /// The fee that it paid.
    fee: u128,
    status: Status,
}

/// Has the node prepare a transaction of stake, and say what it would do.
async fn prepared(
    world: &World,
    person: &DemoPerson,
    body: &StakeBody,
) -> Result<PrepareResponse, CliError> {
    let request = PrepareRequest {
        sender: person.account.to_string(),
        fee: FEE.to_string(),
        action: Some(action::of(body)),
        ..PrepareRequest::default()
    };
    Ok(world.stake().prepare(request).await?.into_inner())
}

/// Prepares a transaction of stake by gRPC, signs it here with the person's own key, hands it in and follows it into a block.
pub(super) async fn act(
    world: &World,
    person: &DemoPerson,
    body: StakeBody,
) -> Result<Done, CliError> {
    let name = body.name();
    let prepared = prepared(world, person, &body).await?;
    if prepared.code != 0 {
        return Err(CliError::new(format!(
            "{name} would fail: {}",
            prepared.log
        )));
    }
    let header = Header {
        sequence: prepared.sequence,
        valid_until: prepared.valid_until,
        ..person.header()
    };
    let signed = person.signer.sign(header, Body::Stake(body), &world.domain);
    let digest = signed.digest(&world.domain);
    if digest.as_slice() != prepared.digest {
        let told = alloy_primitives::hex::encode(&prepared.digest);
        return Err(CliError::other_than_asked("transaction", digest, told));
    }
    let answer = world.submit(signed.encode()).await?;
    if answer.code != 0 {
        return Err(CliError::new(format!("{name} was refused: {}", answer.log)));
    }
    let status = world.included(answer.hash).await?;
    Ok(Done {
        foretold: prepared.positions.first().copied().unwrap_or(0),
        position: number(&status.data)?,
        fee: FEE,
        status,
    })
}

/// What the node says to a transaction of stake that must not be carried out now.
async fn refusal(
    world: &World,
    person: &DemoPerson,
    what: &str,
    body: StakeBody,
) -> Result<RefusedSeen, CliError> {
    let prepared = prepared(world, person, &body).await?;
    Ok(RefusedSeen {
        what: what.into(),
        code: prepared.code,
        expected: Code::Stake as u32,
        log: prepared.log,
    })
}

/// The number of a position in a result.
fn number(data: &[u8]) -> Result<u64, CliError> {
    match data {
        [] => Ok(0),
        data => data.try_into().map(u64::from_be_bytes).map_err(|_| {
            CliError::new(format!("{} bytes are no number of a position", data.len()))
        }),
    }
}

/// A position, or `None` when it is gone.
async fn position(world: &World, number: u64) -> Result<Option<Position>, CliError> {
    match world
        .stake()
        .get_position(GetPositionRequest {
            number,
            ..GetPositionRequest::default()
        })
        .await
    {
        Ok(answer) => Ok(answer.into_inner().position),
        Err(status) if status.code() == tonic::Code::NotFound => Ok(None),
        Err(status) => Err(status.into()),
    }
}

/// A position that is there.
pub(super) async fn standing(world: &World, number: u64) -> Result<Position, CliError> {
    let found = position(world, number).await?;
    found.ok_or_else(|| CliError::new(format!("there is no position {number}")))
}

fn told(position: &Position) -> PositionSeen {
    let legs = position.legs.iter().map(|leg| LegSeen {
        operator: leg.operator.clone(),
        first: leg.first,
        last: leg.last,
    });
    PositionSeen {
        number: position.number,
        owner: position.owner.clone(),
        held: position.held.clone(),
        legs: legs.collect(),
    }
}

pub(super) async fn validator(
    world: &World,
    operator: Account,
) -> Result<GetValidatorResponse, CliError> {
    let request = GetValidatorRequest {
        operator: operator.to_string(),
    };
    Ok(world.stake().get_validator(request).await?.into_inner())
}

/// The newest line of an operator.
pub(super) async fn line(world: &World, operator: Account) -> Result<Line, CliError> {
    let found = validator(world, operator).await?.line;
    found.ok_or_else(|| CliError::new(format!("operator {operator} has no line")))
}

/// The terms of an operator as they are now, which whoever puts stake behind it signs.
async fn terms(world: &World, operator: Account) -> Result<DelegationTerms, CliError> {
    let line = line(world, operator).await?;
    let commission = u16::try_from(line.commission);
    Ok(DelegationTerms {
        operator: operator.id,
        line: line.number,
        max_commission: commission.map_err(|error| CliError::new(error.to_string()))?,
    })
}

pub(super) fn amount(text: &str) -> Result<u128, CliError> {
    text.parse()
        .map_err(|error| CliError::new(format!("{text:?} is not an amount: {error}")))
}
