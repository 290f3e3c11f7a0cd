//! Stake: positions, operators and their lines, rewards, and how far epochs have matured.
//!
//! What a position has earned, and why it waits, is what the rules themselves say when they are tried on it; nothing is written.

use std::ops::Range;

use plasmid_proto::stake::v1::{
    self as proto, GetMaturityRequest, GetMaturityResponse, GetPositionRequest,
    GetPositionResponse, GetRewardsRequest, GetRewardsResponse, GetValidatorRequest,
    GetValidatorResponse, ListLinesRequest, ListLinesResponse,
};
use plasmid_staking::{
    Description, Line, LineId, LineState, Maturity, Operator, Registration, Rewards, Seat,
    SeatState, rules::take_seat,
};

use super::{
    ReadError, Reader,
    held::{Held, at_tip, next_epoch, page},
    page_size,
};
use crate::{
    ledger::{Parameters, Slot, leaf::Burned, stake, stake::Stake, transaction::Profile},
    wire::{self, address_text},
};

use positions::MaturityOutlook;

pub(super) mod positions;
#[cfg(test)]
pub(crate) mod tests;

/// Registrations that one page of lines looks at.
const LOOKED_AT: usize = 1_024;
/// How many of these registrations are looked at while the state is held.
const LOOK: usize = 64;

/// A position.
pub fn get_position(
    source: &Reader<'_>,
    request: &GetPositionRequest,
) -> Result<GetPositionResponse, ReadError> {
    let parameters = &source.facts().parameters;
    let outlook = MaturityOutlook::of(source, request.height);
    page(
        source,
        request.height,
        || Ok(()),
        |at, ()| at.read(|held, height| position_at(held, parameters, (height, outlook), request)),
    )
}

fn position_at(
    held: &mut Held<'_>,
    parameters: &Parameters,
    (height, outlook): (u64, Option<MaturityOutlook>),
    request: &GetPositionRequest,
) -> Result<GetPositionResponse, ReadError> {
    let GetPositionRequest {
        number, cuts_from, ..
    } = *request;
    let position = positions::standing(held, number)?
        .ok_or_else(|| ReadError::NotFound(format!("there is no position {number}")))?;
    let epoch = next_epoch(parameters, height);
    let told = positions::told(
        held,
        parameters,
        (epoch, outlook),
        (number, &position),
        cuts_from,
    )?;
    Ok(GetPositionResponse {
        position: Some(told),
        height,
        epoch,
    })
}

/// An operator.
pub fn get_validator(
    source: &Reader<'_>,
    request: &GetValidatorRequest,
) -> Result<GetValidatorResponse, ReadError> {
    let operator = wire::address_bytes(&request.operator)?;
    let parameters = &source.facts().parameters;
    at_tip(source, |held, height| {
        validator_at(held, parameters, height, operator)
    })
}

fn validator_at(
    held: &mut Held<'_>,
    parameters: &Parameters,
    height: u64,
    operator: [u8; 20],
) -> Result<GetValidatorResponse, ReadError> {
    let newest = newest_of(held, operator)?;
    let registration: Registration = held.stands((operator, newest.registration))?;
    let id = LineId {
        operator,
        line: newest.line,
    };
    let described: Option<Description> = held.leaf(operator)?;
    let rules = stake::staking_rules(parameters);
    let cheapest = take_seat::cheapest(&mut Stake(held), &rules);
    let (_, seat_costs) = cheapest.map_err(|error| ReadError::Internal(error.to_string()))?;
    Ok(GetValidatorResponse {
        operator: address_text(&operator),
        registration: newest.registration,
        tombstoned: registration.tombstoned,
        consensus_key: registration.consensus_key.to_vec(),
        checkpoint_key: registration.checkpoint_key.to_vec(),
        line: Some(line(held, id)?),
        description: described.map(description).transpose()?,
        seat_costs: seat_costs.to_string(),
        height,
        epoch: next_epoch(parameters, height),
    })
}

pub(super) fn newest_of(held: &mut Held<'_>, operator: [u8; 20]) -> Result<Operator, ReadError> {
    let newest: Option<Operator> = held.leaf(operator)?;
    newest.ok_or_else(|| {
        let operator = address_text(&operator);
        ReadError::NotFound(format!(
            "{operator} is not an operator: it never registered"
        ))
    })
}

pub(super) fn description(held: Description) -> Result<proto::Description, ReadError> {
    let profile =
        Profile::of_bytes(&held.0).map_err(|reject| ReadError::Internal(reject.to_string()))?;
    let [name, website, contact, details] = profile.texts().map(str::to_owned);
    Ok(proto::Description {
        name,
        website,
        contact,
        details,
    })
}

pub(super) fn line(held: &mut Held<'_>, id: LineId) -> Result<proto::Line, ReadError> {
    let line: Line = held.stands(id)?;
    let jailed = match line.seated() {
        true => {
            let seat: Seat = held.stands(line.seat)?;
            seat.state == SeatState::Jailed
        }
        false => false,
    };
    let held = line;
    let state = match held.state {
        LineState::Open => "open",
        LineState::Retired => "retired",
        LineState::Frozen => "frozen",
    };
    Ok(proto::Line {
        number: id.line,
        state: state.to_owned(),
        seat: held.seated().then_some(held.seat.into()),
        jailed,
        until: (held.until != Line::UNLIMITED).then_some(held.until),
        stake: held.stake.to_string(),
        self_stake: held.self_stake.to_string(),
        min_self_stake: held.min_self_stake.to_string(),
        commission: held.commission.into(),
        max_commission: held.max_commission.into(),
        commission_step: held.commission_step.into(),
        commission_changed: held.changed,
        commission_owed: held.owed.to_string(),
        jailed_until: held.jailed,
        freezes: Some(freezes(held.freezes)),
    })
}

fn freezes(held: plasmid_staking::Freezes) -> proto::Freezes {
    proto::Freezes {
        count: held.count.into(),
        lowest: held.lowest,
        highest: held.highest,
    }
}

/// The lines of an operator, the newest first. A page's token is the number of the registration at which it begins; a page looks at a
/// bounded number of registrations, so it may be short although it is not the last one.
pub fn list_lines(
    source: &Reader<'_>,
    request: &ListLinesRequest,
) -> Result<ListLinesResponse, ReadError> {
    let operator = wire::address_bytes(&request.operator)?;
    let length = page_size(request.page_size, 100);
    let nothing = || Ok(());
    page(source, request.height, nothing, |at, ()| {
        let (height, newest) =
            at.read(|held, height| Ok((height, newest_of(held, operator)?.line)))?;
        let start = match request.page_token.as_str() {
            "" => newest,
            text => text.parse::<u64>().map_err(|_| {
                let text = wire::shown(text);
                ReadError::Invalid(format!("page token {text:?} is not one of ours"))
            })?,
        };
        let start = start.min(newest);
        let last = start.saturating_sub(LOOKED_AT as u64);
        let (mut lines, mut next) = (Vec::new(), start);
        while next > last && lines.len() < length {
            let at_once = at.at_once(LOOK, LOOKED_AT) as u64;
            let until = next.saturating_sub(at_once).max(last);
            next =
                at.read(|held, _| some_lines(held, operator, next..until, length, &mut lines))?;
        }
        Ok(ListLinesResponse {
            lines,
            next_page_token: match next {
                0 => String::new(),
                next => next.to_string(),
            },
            height,
        })
    })
}

/// Adds an operator's lines from a number down to another one, without that, while there are fewer than `length`; gives the next number.
fn some_lines(
    held: &mut Held<'_>,
    operator: [u8; 20],
    numbers: Range<u64>,
    length: usize,
    lines: &mut Vec<proto::Line>,
) -> Result<u64, ReadError> {
    let mut next = numbers.start;
    while next > numbers.end && lines.len() < length {
        let id = LineId {
            operator,
            line: next,
        };
        if held.leaf::<Line>(id)?.is_some() {
            lines.push(line(held, id)?);
        }
        next = next.saturating_sub(1);
    }
    Ok(next)
}

/// Money of rewards, and stake that was cut.
pub fn get_rewards(
    source: &Reader<'_>,
    _: &GetRewardsRequest,
) -> Result<GetRewardsResponse, ReadError> {
    let drip = source.facts().parameters.drip;
    at_tip(source, |held, height| {
        let Rewards { pool, owed } = held.stands(())?;
        let burned: Option<Burned> = held.value(&Slot::Burned)?;
        Ok(GetRewardsResponse {
            pool: pool.to_string(),
            owed: owed.to_string(),
            burned: burned.map_or(0, |burned| burned.amount).to_string(),
            height,
            drip,
        })
    })
}

/// How far epochs have matured, and which are frozen.
pub fn get_maturity(
    source: &Reader<'_>,
    _: &GetMaturityRequest,
) -> Result<GetMaturityResponse, ReadError> {
    let parameters = &source.facts().parameters;
    at_tip(source, |held, height| {
        let maturity: Maturity = held.stands(())?;
        Ok(GetMaturityResponse {
            matured: maturity.matured,
            freezes: Some(freezes(maturity.freezes)),
            height,
            epoch: next_epoch(parameters, height),
        })
    })
}
