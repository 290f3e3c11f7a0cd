//! Stake at the tip: positions, operators and their lines, rewards, and how far epochs have matured.
//!
//! What a position has earned, and why it waits, is what the rules themselves say when they are tried on it; nothing is written.

use plasmid_proto::stake::v1::{
    self as proto, GetMaturityRequest, GetMaturityResponse, GetPositionRequest,
    GetPositionResponse, GetRewardsRequest, GetRewardsResponse, GetValidatorRequest,
    GetValidatorResponse, ListLinesRequest, ListLinesResponse,
};
use plasmid_staking::{
    Description, Effect, Input, Key, Line, LineId, LineState, Maturity, Operator, Position,
    Registration, Rewards, Seat, SeatState, epoch_of,
    rules::{
        apply_cut::ApplyCut, claim_rewards::ClaimRewards, claim_stake::ClaimStake,
        restake::AllowRestake, take_seat,
    },
};

use super::{ReadError, Reader, accounts::value, on_tree, on_tree_and_height, page_size};
use crate::{
    chain::{overlay::Overlay, tree::Tree},
    ledger::{
        Account, Error, Parameters, Slot, leaf::Burned, leaves::expect, stake, stake::Stake,
        transaction::Profile,
    },
    wire::{self, address_text},
};

#[cfg(test)]
mod tests;

/// Registrations that one page of lines looks at.
const LOOKED_AT: u64 = 1_024;

/// A position.
pub fn get_position(
    source: &Reader<'_>,
    request: &GetPositionRequest,
) -> Result<GetPositionResponse, ReadError> {
    let parameters = &source.facts().parameters;
    let number = request.number;
    on_tree_and_height(source, |tree, height| {
        position_at(tree, parameters, height, number)
    })?
}

fn position_at(
    tree: &Tree,
    parameters: &Parameters,
    height: u64,
    number: u64,
) -> Result<GetPositionResponse, ReadError> {
    let held: Option<Position> = value(tree, &Slot::from(Key::Position(number)))?;
    let held = held
        .filter(|position| !position.is_gone())
        .ok_or_else(|| ReadError::NotFound(format!("there is no position {number}")))?;
    let epoch = next_epoch(parameters, height);
    Ok(GetPositionResponse {
        position: Some(position(tree, parameters, epoch, number, &held)?),
        height,
        epoch,
    })
}

/// The epoch of the block after this height.
fn next_epoch(parameters: &Parameters, height: u64) -> u64 {
    epoch_of(height.saturating_add(1), parameters.epoch_blocks).unwrap_or(0)
}

fn position(
    tree: &Tree,
    parameters: &Parameters,
    epoch: u64,
    number: u64,
    held: &Position,
) -> Result<proto::Position, ReadError> {
    let attempt = |input| attempt(tree, parameters, epoch, input);
    let (owner, to) = (held.owner, held.owner);
    let positions = vec![number];
    let rewards = attempt(Input::ClaimRewards(ClaimRewards {
        owner,
        positions,
        to,
    }))?;
    let claim = attempt(Input::ClaimStake(ClaimStake {
        owner,
        position: number,
        to,
    }))?;
    let cut = attempt(Input::ApplyCut(ApplyCut { position: number }))?;
    let rewards: u128 = rewards.unwrap_or_default().iter().map(collected).sum();
    let cut_waits = cut.ok().and_then(|effects| effects.iter().find_map(cut_of));
    let found = found_by_rules(tree, parameters, epoch, number, held)?;
    let legs = found.legs().zip(found.cuts).map(|(leg, cut)| proto::Leg {
        operator: address_text(&leg.line.operator),
        line: leg.line.line,
        first: leg.first,
        last: (!leg.is_bonded()).then_some(leg.last),
        cut,
    });
    Ok(proto::Position {
        number,
        owner: Account::from_bytes(&held.owner).to_string(),
        restake: held.restake,
        base: found.base.to_string(),
        held: found.held_down().to_string(),
        settled: held.pending.to_string(),
        rewards: rewards.to_string(),
        cut_waits: cut_waits.map_or_else(String::new, |amount| amount.to_string()),
        bonded: held.is_bonded(),
        waits: claim.err().unwrap_or_default(),
        legs: legs.collect(),
    })
}

/// The position as a transaction finds it: a first leg that is over is folded into the base, of which amounts are named. Where a cut waits,
/// no transaction but the one that applies it finds anything.
fn found_by_rules(
    tree: &Tree,
    parameters: &Parameters,
    epoch: u64,
    number: u64,
    held: &Position,
) -> Result<Position, ReadError> {
    let mut overlay = Overlay::new(tree);
    let nothing = Input::AllowRestake(AllowRestake {
        owner: held.owner,
        position: number,
        allowed: held.restake,
    });
    match stake::apply_at(&mut overlay, parameters, epoch, &nothing) {
        Ok(_) => expect(&mut overlay, &Slot::from(Key::Position(number)))
            .map_err(|fault| ReadError::Internal(fault.to_string())),
        Err(Error::Reject(_)) => Ok(held.clone()),
        Err(Error::Fault(fault)) => Err(ReadError::Internal(fault.to_string())),
    }
}

fn collected(effect: &Effect) -> u128 {
    match effect {
        Effect::Collected { amount, .. } => *amount,
        _ => 0,
    }
}

fn cut_of(effect: &Effect) -> Option<u128> {
    match effect {
        Effect::Cut { amount, .. } => Some(*amount),
        _ => None,
    }
}

/// What an input would do, or why it would be refused.
fn attempt(
    tree: &Tree,
    parameters: &Parameters,
    epoch: u64,
    input: Input,
) -> Result<Result<Vec<Effect>, String>, ReadError> {
    match stake::apply_at(&mut Overlay::new(tree), parameters, epoch, &input) {
        Ok(effects) => Ok(Ok(effects)),
        Err(Error::Reject(reject)) => Ok(Err(reject.to_string())),
        Err(Error::Fault(fault)) => Err(ReadError::Internal(fault.to_string())),
    }
}

/// An operator.
pub fn get_validator(
    source: &Reader<'_>,
    request: &GetValidatorRequest,
) -> Result<GetValidatorResponse, ReadError> {
    let operator = wire::address_bytes(&request.operator)?;
    let parameters = &source.facts().parameters;
    on_tree_and_height(source, |tree, height| {
        validator_at(tree, parameters, height, operator)
    })?
}

fn validator_at(
    tree: &Tree,
    parameters: &Parameters,
    height: u64,
    operator: [u8; 20],
) -> Result<GetValidatorResponse, ReadError> {
    let newest = newest_of(tree, operator)?;
    let key = Key::Registration {
        operator,
        number: newest.registration,
    };
    let registration: Registration = stands(tree, key)?;
    let id = LineId {
        operator,
        line: newest.line,
    };
    let described: Option<Description> = value(tree, &Slot::from(Key::Description(operator)))?;
    let rules = stake::staking_rules(parameters);
    let cheapest = take_seat::cheapest(&mut Stake(&mut Overlay::new(tree)), &rules);
    let (_, seat_costs) = cheapest.map_err(|error| ReadError::Internal(error.to_string()))?;
    Ok(GetValidatorResponse {
        operator: address_text(&operator),
        registration: newest.registration,
        tombstoned: registration.tombstoned,
        consensus_key: registration.consensus_key.to_vec(),
        checkpoint_key: registration.checkpoint_key.to_vec(),
        line: Some(line(tree, id)?),
        description: described.map(description).transpose()?,
        seat_costs: seat_costs.to_string(),
        height,
        epoch: next_epoch(parameters, height),
    })
}

fn newest_of(tree: &Tree, operator: [u8; 20]) -> Result<Operator, ReadError> {
    let newest: Option<Operator> = value(tree, &Slot::from(Key::Operator(operator)))?;
    newest.ok_or_else(|| {
        let operator = address_text(&operator);
        ReadError::NotFound(format!("{operator} is no operator: it never registered"))
    })
}

/// A leaf to which another one refers.
fn stands<T: plasmid_staking::Value>(tree: &Tree, key: Key) -> Result<T, ReadError> {
    let held = value(tree, &Slot::from(key))?;
    held.ok_or_else(|| ReadError::Internal(format!("the leaf {key:?} is missing")))
}

fn description(held: Description) -> Result<proto::Description, ReadError> {
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

fn line(tree: &Tree, id: LineId) -> Result<proto::Line, ReadError> {
    let held: Line = stands(tree, Key::Line(id))?;
    let jailed = match held.seated() {
        true => {
            let seat: Seat = stands(tree, Key::Seat(held.seat))?;
            seat.state == SeatState::Jailed
        }
        false => false,
    };
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
    on_tree(source, |tree| {
        lines_at(tree, operator, &request.page_token, length)
    })?
}

fn lines_at(
    tree: &Tree,
    operator: [u8; 20],
    token: &str,
    length: usize,
) -> Result<ListLinesResponse, ReadError> {
    let newest = newest_of(tree, operator)?;
    let start = match token {
        "" => newest.line,
        text => text.parse::<u64>().map_err(|_| {
            let text = wire::shown(text);
            ReadError::Invalid(format!("page token {text:?} is not one of ours"))
        })?,
    };
    let start = start.min(newest.line);
    let last = start.saturating_sub(LOOKED_AT);
    let (mut lines, mut next) = (Vec::new(), start);
    while next > last && lines.len() < length {
        let id = LineId {
            operator,
            line: next,
        };
        if value::<Line>(tree, &Slot::from(Key::Line(id)))?.is_some() {
            lines.push(line(tree, id)?);
        }
        next = next.saturating_sub(1);
    }
    Ok(ListLinesResponse {
        lines,
        next_page_token: match next {
            0 => String::new(),
            next => next.to_string(),
        },
    })
}

/// Money of rewards, and stake that was cut.
pub fn get_rewards(
    source: &Reader<'_>,
    _: &GetRewardsRequest,
) -> Result<GetRewardsResponse, ReadError> {
    let drip = source.facts().parameters.drip;
    on_tree_and_height(source, |tree, height| {
        let Rewards { pool, owed } = stands(tree, Key::Rewards)?;
        let burned: Option<Burned> = value(tree, &Slot::Burned)?;
        Ok(GetRewardsResponse {
            pool: pool.to_string(),
            owed: owed.to_string(),
            burned: burned.map_or(0, |burned| burned.amount).to_string(),
            height,
            drip,
        })
    })?
}

/// How far epochs have matured, and which are frozen.
pub fn get_maturity(
    source: &Reader<'_>,
    _: &GetMaturityRequest,
) -> Result<GetMaturityResponse, ReadError> {
    let parameters = &source.facts().parameters;
    on_tree_and_height(source, |tree, height| {
        let held: Maturity = stands(tree, Key::Maturity)?;
        Ok(GetMaturityResponse {
            matured: held.matured,
            freezes: Some(freezes(held.freezes)),
            height,
            epoch: next_epoch(parameters, height),
        })
    })?
}
