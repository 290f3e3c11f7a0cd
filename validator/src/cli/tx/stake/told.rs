//! What the node says that a transaction of stake would do, and of the positions and the operator that it concerns. It is asked about the
//! very bytes that are signed, and whatever it answers is said as its own word: nothing that is signed follows from it here.

use std::{future::Future, time::Duration};

use plasmid_proto::{
    chain::v1::GetParametersRequest,
    ledger::v1::Event,
    stake::v1::{GetValidatorResponse, Line, Position, PrepareRequest, PrepareResponse},
};

use super::{NATIVE_DECIMALS, action};
use crate::{
    cli::{
        CliError, amount,
        connect::{Connection, value_of},
        query,
    },
    ledger::{
        Account, Code, Domain,
        eip712::digest,
        transaction::{Body, Header, Scheme, StakeBody},
    },
    plain,
};

#[cfg(test)]
mod tests;

/// How long the node may take for all that it is asked here.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most characters of a value, and of a sentence, that are taken over from a node.
const MAX_VALUE: usize = 80;
const MAX_SAID: usize = 600;

/// All that the node says, in a sentence. Where it does not answer, the sentence says so.
pub async fn by_node(
    connection: &Connection,
    (scheme, header, body): (Scheme, Header, &StakeBody),
    domain: &Domain,
) -> String {
    let (tried, around) = tokio::join!(
        patiently(tried(connection, (scheme, header, body), domain)),
        patiently(around(connection, header.sender, body)),
    );
    let tried = tried.unwrap_or_else(|error| {
        let why = plain::line(&error.to_string(), MAX_SAID);
        format!("not what the transaction would do ({why})")
    });
    let around = around.unwrap_or_default().into_iter();
    let said: Vec<String> = [tried].into_iter().chain(around).collect();
    format!("This node says: {}", said.join("; "))
}

async fn patiently<T>(answer: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let answer = tokio::time::timeout(PATIENCE, answer).await;
    answer.unwrap_or_else(|_| Err(CliError::new("it does not answer in time")))
}

/// What it would do as the next transaction of the chain.
async fn tried(
    connection: &Connection,
    (scheme, header, body): (Scheme, Header, &StakeBody),
    domain: &Domain,
) -> Result<String, CliError> {
    let request = PrepareRequest {
        sender: header.sender.to_string(),
        sequence: Some(header.sequence),
        fee: header.fee.to_string(),
        valid_until: header.valid_until,
        memo: header.memo.to_vec(),
        action: Some(action::of(body)),
    };
    let asked = digest(scheme, &header, &Body::Stake(body.clone()), domain);
    let mut client = connection.stake().await?;
    let answer = client.prepare(request).await?.into_inner();
    if answer.digest != asked.to_vec() {
        let told = hex::encode(&answer.digest);
        return Err(CliError::other_than_asked("transaction", asked, told));
    }
    Ok(effect(&answer))
}

fn effect(answer: &PrepareResponse) -> String {
    let (code, log) = (answer.code, plain::line(&answer.log, MAX_SAID));
    if code == Code::NonceAhead.number() {
        return "others of the sender come before it, and what it does depends on them".into();
    }
    if code != Code::Ok.number() {
        return format!("it would be refused now: {log} (code {code})");
    }
    let happens: Vec<String> = answer.events.iter().filter_map(happens).collect();
    match happens.is_empty() {
        true => "it would be carried out".into(),
        false => happens.join("; "),
    }
}

/// An event of stake in words; `None` for any other event.
fn happens(event: &Event) -> Option<String> {
    let of = |key: &str| {
        let found = event.attributes.iter().find(|one| one.key == key);
        found.map_or_else(String::new, |one| plain::line(&one.value, MAX_VALUE))
    };
    let (position, amount) = (of("position"), coins(&of("amount")));
    let line = format!("line {} of {}", of("line"), of("operator"));
    Some(match event.name.as_str() {
        "opened" => format!("position {position} is made, which holds {amount}"),
        "delegated" => format!("position {position} backs {line} with {amount}"),
        "undelegated" => {
            let last = of("last");
            format!("position {position} backs {line} up to epoch {last}")
        }
        "collected" => format!("{amount} of rewards are taken from position {position}"),
        "paid" => format!("{amount} are paid to {}", of("account")),
        "burned" => format!("{amount} belong to nobody any more, by rounding"),
        "cut" => format!("{amount} are cut from position {position}"),
        "merged" => format!("position {position} takes in position {}", of("from")),
        "seated" => format!(
            "{line} takes seat {} with {}",
            of("seat"),
            coins(&of("stake"))
        ),
        "unseated" => format!("{line} loses seat {} ({})", of("seat"), of("why")),
        "unjailed" => format!("the seat of {line} counts again"),
        "closed" => format!("{line} closes"),
        _ => return None,
    })
}

/// What is known of the positions, of the operator and of the unbonding time, as far as the transaction concerns them. What cannot be read
/// is left out.
async fn around(
    connection: &Connection,
    sender: Account,
    body: &StakeBody,
) -> Result<Vec<String>, CliError> {
    let mut said = Vec::new();
    for number in positions(body) {
        if let Ok(found) = query::stake::position(connection, number).await {
            let claims = matches!(body, StakeBody::ClaimStake { .. });
            said.push(of_position(&found, claims));
        }
    }
    if let Some(operator) = operator(body, sender)
        && let Ok(found) = query::stake::validator(connection, operator).await
    {
        said.extend(of_operator(&found, body));
    }
    if matches!(
        body,
        StakeBody::Undelegate { .. } | StakeBody::Redelegate { .. }
    ) {
        let answer = connection.chain().await?;
        let answer = { answer }.get_parameters(GetParametersRequest {}).await?;
        let parameters = answer.into_inner().parameters;
        if let Some(secs) = value_of(&parameters, "unbonding_secs") {
            let secs = plain::line(secs, MAX_VALUE);
            said.push(format!("the unbonding time is {secs} seconds"));
        }
    }
    Ok(said)
}

/// The positions that a transaction concerns.
fn positions(body: &StakeBody) -> Vec<u64> {
    match body {
        StakeBody::Undelegate { position, .. }
        | StakeBody::CancelUnbonding { position }
        | StakeBody::Redelegate { position, .. }
        | StakeBody::ClaimStake { position, .. }
        | StakeBody::Restake { position }
        | StakeBody::AllowRestake { position, .. }
        | StakeBody::ApplyCut { position } => vec![*position],
        StakeBody::ClaimRewards { positions, .. } => positions.clone(),
        StakeBody::Merge { first, second } => vec![*first, *second],
        _ => Vec::new(),
    }
}

/// The operator whose line a transaction concerns.
fn operator(body: &StakeBody, sender: Account) -> Option<Account> {
    match body {
        StakeBody::Delegate { operator, .. } | StakeBody::Redelegate { to: operator, .. } => {
            Some(Account::ethereum(*operator))
        }
        StakeBody::ClaimCommission { .. }
        | StakeBody::TakeSeat
        | StakeBody::Leave
        | StakeBody::Retire
        | StakeBody::Unjail
        | StakeBody::Edit { .. } => Some(sender),
        _ => None,
    }
}

fn of_position(found: &Position, claims: bool) -> String {
    let mut said = format!(
        "position {} of {} holds {}, and rewards of {} are pending",
        found.number,
        plain::line(&found.owner, MAX_VALUE),
        coins(&found.held),
        coins(&found.rewards)
    );
    if !found.cut_waits.is_empty() {
        said += &format!(
            ", of which {} have to be cut first",
            coins(&found.cut_waits)
        );
    }
    if claims && !found.waits.is_empty() {
        said += &format!(", and it waits: {}", plain::line(&found.waits, MAX_SAID));
    }
    if let Some(at) = found.matures_at {
        said += &format!(", and what it backed last matures at second {at} of root's time");
    }
    said
}

fn of_operator(found: &GetValidatorResponse, body: &StakeBody) -> Vec<String> {
    let Some(line) = &found.line else {
        return Vec::new();
    };
    let mut said = vec![format!(
        "line {} takes a commission of {} / 10,000 now and may raise it to {} / 10,000, by at most {} / 10,000 in one change",
        line.number, line.commission, line.max_commission, line.commission_step
    )];
    let until = line.jailed_until;
    said.push(match line.seat {
        _ if found.tombstoned => {
            "its key has signed two votes and never validates again".into()
        }
        None if line.state != "open" => {
            format!("it is {} and never takes a seat again", line.state)
        }
        None => format!(
            "it has a stake of {} and no seat, so that nothing is earned behind it; the cheapest seat takes {}{}",
            coins(&line.stake),
            coins(&found.seat_costs),
            waits(line, found.epoch)
        ),
        Some(seat) if line.jailed => {
            format!("its seat {seat} is in jail until epoch {until} and earns nothing")
        }
        Some(seat) => format!("it has seat {seat} with a stake of {}", coins(&line.stake)),
    });
    if matches!(body, StakeBody::ClaimCommission { .. }) {
        said.push(format!(
            "{} of commission are pending",
            coins(&line.commission_owed)
        ));
    }
    let epoch = found.epoch;
    let begins = epoch.saturating_add(2);
    said.push(format!(
        "the epoch of the next block is {epoch}, so what counts from the epoch after next on counts from epoch {begins} on"
    ));
    said
}

/// From when on a line without a seat takes one, where something keeps it from that now.
fn waits(line: &Line, epoch: u64) -> String {
    let mut said = String::new();
    if let Some(last) = line.until.filter(|last| *last > 0 && epoch <= *last) {
        said += &format!(
            "; it lost one, and takes another from epoch {} on, or from epoch {last} on if another line took it, the set of that epoch has it there and no evidence came against its key",
            last.saturating_add(1)
        );
    }
    if epoch < line.jailed_until {
        said += &format!("; it is in jail until epoch {}", line.jailed_until);
    }
    said
}

/// An amount that a node names.
fn coins(text: &str) -> String {
    match text.parse() {
        Ok(units) => format!("{} coins", amount::show(units, NATIVE_DECIMALS)),
        Err(_) => format!(
            "\"{}\", which is not an amount,",
            plain::line(text, MAX_VALUE)
        ),
    }
}
