//! `plasmid query stake`: positions, operators, rewards, how far epochs have matured, and what happened.

use clap::Subcommand;
use plasmid_proto::stake::v1::{
    Description, Freezes, GetMaturityRequest, GetPositionRequest, GetRewardsRequest,
    GetRewardsResponse, GetValidatorRequest, GetValidatorResponse, Line, ListLinesRequest,
    Position,
};
use serde_json::{Value, json};

use super::{Page, print_page, same};
use crate::{
    cli::{CliError, connect::Connection, keys::KeyOptions, output::Output},
    ledger::Account,
};
use events::Events;
use lists::ListHeight;

mod events;
mod lists;
#[cfg(test)]
mod tests;

/// Reads of stake. Amounts are base units of the native coin.
#[derive(Debug, Subcommand)]
#[expect(
    missing_docs,
    reason = "what several commands share says what it is where it stands"
)]
pub enum StakeQuery {
    /// All positions of an owner: their worth, rewards, end of unbonding and cuts, and the validators that they back.
    Delegations {
        /// The owner: an account (0x… or plasmid1…) or the name of one of your keys.
        #[arg(value_name = "OWNER")]
        account: String,
        #[command(flatten)]
        page: Page,
        #[command(flatten)]
        at: ListHeight,
    },
    /// All operators, those with a seat first: power, commission, votes, jail, and what their lines have paid.
    Validators {
        #[command(flatten)]
        page: Page,
        #[command(flatten)]
        at: ListHeight,
    },
    /// What happened to stake, from a height on.
    Events(Events),
    /// A position: what it holds, what it has earned, what it backs and what it waits for.
    Position {
        /// Its number.
        number: u64,
        /// Leaves out cuts of earlier epochs: what an answer says as `more_cuts_from`, to read on.
        #[arg(long, default_value_t = 0, value_name = "EPOCH")]
        cuts_from: u64,
        #[command(flatten)]
        at: ListHeight,
    },
    /// An operator: its newest registration, its line and its seat.
    Validator {
        /// The operator: an address on root, or the name of one of your keys.
        operator: String,
    },
    /// The lines of an operator, the newest first.
    Lines {
        /// The operator: an address on root, or the name of one of your keys.
        operator: String,
        #[command(flatten)]
        page: Page,
        #[command(flatten)]
        at: ListHeight,
    },
    /// Money of rewards, and stake that was cut. `drip` is the part of the pool, in 10^9ths, that the end of each epoch gives to those who validated and to who backs them.
    Rewards,
    /// How far epochs have matured, and which are frozen.
    Maturity,
}

/// Runs `plasmid query stake …`.
///
/// # Errors
/// What the node said.
pub async fn run(
    question: StakeQuery,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    match question {
        StakeQuery::Delegations { account, page, at } => {
            let owner = keys.stated_account(&account)?;
            lists::delegations(connection, output, owner, (page, at)).await?;
        }
        StakeQuery::Validators { page, at } => {
            lists::validators(connection, output, (page, at)).await?;
        }
        StakeQuery::Events(wanted) => events::run(connection, output, keys, wanted).await?,
        StakeQuery::Position {
            number,
            cuts_from,
            at,
        } => {
            let request = GetPositionRequest {
                number,
                cuts_from,
                height: at.height,
            };
            output.object(&position_object(
                &found_position(connection, request).await?,
            ));
        }
        StakeQuery::Validator { operator } => {
            let operator = keys.stated_account(&operator)?;
            output.object(&validator_object(validator(connection, operator).await?));
        }
        StakeQuery::Lines { operator, page, at } => {
            let operator = keys.stated_account(&operator)?.to_string();
            lines(connection, output, operator, (page, at)).await?;
        }
        StakeQuery::Rewards => {
            let mut client = connection.stake().await?;
            let found = client.get_rewards(GetRewardsRequest {}).await?.into_inner();
            output.object(&rewards_object(&found));
        }
        StakeQuery::Maturity => {
            let mut client = connection.stake().await?;
            let found = client
                .get_maturity(GetMaturityRequest {})
                .await?
                .into_inner();
            let mut object =
                json!({ "matured": found.matured, "epoch": found.epoch, "height": found.height });
            add_freezes(&mut object, found.freezes);
            output.object(&object);
        }
    }
    Ok(())
}

fn rewards_object(found: &GetRewardsResponse) -> Value {
    json!({ "pool": found.pool, "drip": found.drip, "owed": found.owed, "burned": found.burned, "height": found.height })
}

/// The whole base of a position, as the node knows it.
///
/// # Errors
/// What the node said.
pub async fn base_of(connection: &Connection, number: u64) -> Result<u128, CliError> {
    let base = position(connection, number).await?.base;
    base.parse()
        .map_err(|error| CliError::new(format!("the node's amount {base:?}: {error}")))
}

/// A position, as the node knows it now.
///
/// # Errors
/// What the node said.
pub async fn position(connection: &Connection, number: u64) -> Result<Position, CliError> {
    let request = GetPositionRequest {
        number,
        ..GetPositionRequest::default()
    };
    found_position(connection, request).await
}

async fn found_position(
    connection: &Connection,
    request: GetPositionRequest,
) -> Result<Position, CliError> {
    let number = request.number;
    let mut client = connection.stake().await?;
    let found = client.get_position(request).await?.into_inner().position;
    let found = found.ok_or_else(|| CliError::new(format!("no position {number}")))?;
    same("position", number, found.number)?;
    Ok(found)
}

fn position_object(found: &Position) -> Value {
    let legs: Vec<Value> = found
        .legs
        .iter()
        .map(|leg| {
            json!({
                "operator": leg.operator, "line": leg.line, "first": leg.first, "last": leg.last, "cut": leg.cut,
            })
        })
        .collect();
    json!({
        "position": found.number,
        "owner": found.owner,
        "bonded": found.bonded,
        "base": found.base,
        "held": found.held,
        "settled": found.settled,
        "rewards": found.rewards,
        "restake": found.restake,
        "cut_waits": found.cut_waits,
        "waits": found.waits,
        "matures_at": found.matures_at,
        "matures_about": found.matures_about,
        "legs": legs,
        "cuts": found.cuts.iter().map(lists::cut_object).collect::<Vec<Value>>(),
        "more_cuts_from": found.more_cuts_from,
    })
}

/// The newest line of an operator, as the node knows it.
///
/// # Errors
/// What the node said.
pub async fn newest_line(connection: &Connection, operator: Account) -> Result<Line, CliError> {
    let line = validator(connection, operator).await?.line;
    line.ok_or_else(|| CliError::new(format!("the node tells no line of {operator}")))
}

/// An operator, as the node knows it.
///
/// # Errors
/// What the node said.
pub async fn validator(
    connection: &Connection,
    operator: Account,
) -> Result<GetValidatorResponse, CliError> {
    let request = GetValidatorRequest {
        operator: operator.to_string(),
    };
    let mut client = connection.stake().await?;
    let found = client.get_validator(request).await?.into_inner();
    same("operator", operator.to_string(), found.operator.clone())?;
    Ok(found)
}

fn validator_object(found: GetValidatorResponse) -> Value {
    let mut object = json!({
        "operator": found.operator,
        "registration": found.registration,
        "tombstoned": found.tombstoned,
        "consensus_key": hex::encode(&found.consensus_key),
        "checkpoint_key": hex::encode(&found.checkpoint_key),
        "seat_costs": found.seat_costs,
        "epoch": found.epoch,
        "height": found.height,
    });
    if let (Some(line), Some(all)) = (&found.line, object.as_object_mut()) {
        all.extend(line_object(line).as_object().cloned().unwrap_or_default());
    }
    if let Some(said) = found.description {
        described(&mut object, said);
    }
    object
}

fn described(object: &mut Value, said: Description) {
    object["name"] = said.name.into();
    object["website"] = said.website.into();
    object["contact"] = said.contact.into();
    object["details"] = said.details.into();
}

fn line_object(line: &Line) -> Value {
    let mut object = json!({
        "line": line.number,
        "state": line.state,
        "seat": line.seat,
        "jailed": line.jailed,
        "jailed_until": line.jailed_until,
        "until": line.until,
        "stake": line.stake,
        "self_stake": line.self_stake,
        "min_self_stake": line.min_self_stake,
        "commission": line.commission,
        "max_commission": line.max_commission,
        "commission_step": line.commission_step,
        "commission_changed": line.commission_changed,
        "commission_owed": line.commission_owed,
    });
    add_freezes(&mut object, line.freezes);
    object
}

fn add_freezes(object: &mut Value, freezes: Option<Freezes>) {
    let freezes = freezes.unwrap_or_default();
    object["freezes"] = freezes.count.into();
    if freezes.count > 0 {
        object["frozen_from"] = freezes.lowest.into();
        object["frozen_to"] = freezes.highest.into();
    }
}

async fn lines(
    connection: &Connection,
    output: Output,
    operator: String,
    (page, at): (Page, ListHeight),
) -> Result<(), CliError> {
    let request = ListLinesRequest {
        operator,
        page_size: page.limit,
        page_token: page.page,
        height: at.height,
    };
    let mut client = connection.stake().await?;
    let found = client.list_lines(request).await?.into_inner();
    let rows: Vec<Value> = found.lines.iter().map(line_object).collect();
    let columns = [
        "line",
        "state",
        "seat",
        "stake",
        "self_stake",
        "commission",
        "commission_owed",
    ];
    let page = (rows.as_slice(), found.next_page_token.as_str());
    print_page(output, "lines", &columns, page, &[("height", found.height)]);
    Ok(())
}
