//! What is asked for, as the body of a transaction.

use plasmid_proto::stake::v1::{Description, Edit, prepare_request::Action};
use plasmid_staking::{Line, LineId};

use super::super::{
    ReadError,
    held::Held,
    stake::{newest_of, positions},
};
use crate::{
    ledger::{
        Account, Parameters, Reject,
        transaction::{Profile, StakeBody, Text},
    },
    wire,
};

/// The body of an action, by the parameters and in the epoch of the next block.
///
/// # Errors
/// [`ReadError::Invalid`] for what can stand in no transaction, [`ReadError::NotFound`] for the whole of a position that is not there.
pub(super) fn of(
    held: &mut Held<'_>,
    rules: (&Parameters, u64),
    sender: Account,
    action: &Action,
) -> Result<StakeBody, ReadError> {
    Ok(match action {
        Action::Delegate(one) => {
            let operator = wire::address_bytes(&one.operator)?;
            let amount = amount("the amount", &one.amount)?;
            let (line, max_commission) = terms(held, operator, (one.line, one.max_commission))?;
            StakeBody::Delegate {
                operator,
                amount,
                line,
                max_commission,
            }
        }
        Action::Undelegate(one) => StakeBody::Undelegate {
            position: one.position,
            amount: part(held, rules, one.position, &one.amount)?,
        },
        Action::Redelegate(one) => {
            let to = wire::address_bytes(&one.to)?;
            let amount = part(held, rules, one.position, &one.amount)?;
            let (line, max_commission) = terms(held, to, (one.line, one.max_commission))?;
            StakeBody::Redelegate {
                position: one.position,
                amount,
                to,
                line,
                max_commission,
            }
        }
        Action::ClaimStake(one) => StakeBody::ClaimStake {
            position: one.position,
            to: payee(sender, &one.to)?,
        },
        Action::ClaimRewards(one) => StakeBody::ClaimRewards {
            to: payee(sender, &one.to)?,
            positions: one.positions.clone(),
        },
        Action::ClaimCommission(one) => StakeBody::ClaimCommission {
            line: one.line,
            to: payee(sender, &one.to)?,
        },
        other => plain(other)?,
    })
}

/// What follows from the words alone.
fn plain(action: &Action) -> Result<StakeBody, ReadError> {
    Ok(match action {
        Action::CancelUnbonding(one) => StakeBody::CancelUnbonding {
            position: one.position,
        },
        Action::Restake(one) => StakeBody::Restake {
            position: one.position,
        },
        Action::AllowRestake(one) => StakeBody::AllowRestake {
            position: one.position,
            allowed: one.allowed,
        },
        Action::ApplyCut(one) => StakeBody::ApplyCut {
            position: one.position,
        },
        Action::Merge(one) => StakeBody::Merge {
            first: one.first,
            second: one.second,
        },
        Action::TakeSeat(_) => StakeBody::TakeSeat,
        Action::Leave(_) => StakeBody::Leave,
        Action::Retire(_) => StakeBody::Retire,
        Action::Unjail(_) => StakeBody::Unjail,
        Action::Edit(one) => edit(one)?,
        Action::Describe(one) => StakeBody::Describe(Box::new(profile(one)?)),
        _ => return Err(ReadError::Internal("an action is not known".into())),
    })
}

/// The line and the highest commission that are accepted of an operator. The commission is never taken from the state: one that was raised a
/// block before would be signed by who has not seen it. A line that is not named is the newest.
fn terms(
    held: &mut Held<'_>,
    operator: [u8; 20],
    (line, most): (Option<u64>, Option<u32>),
) -> Result<(u64, u16), ReadError> {
    let most = rate(most)?;
    if let (Some(line), Some(most)) = (line, most) {
        return Ok((line, most));
    }
    let newest = newest_of(held, operator)?.line;
    let Some(most) = most else {
        let id = LineId {
            operator,
            line: newest,
        };
        let known: Line = held.stands(id)?;
        return Err(ReadError::Invalid(format!(
            "name max_commission, the highest commission that you accept, in basis points (1/10,000): line {newest} of {} takes {} now",
            wire::address_text(&operator),
            known.commission
        )));
    };
    Ok((line.unwrap_or(newest), most))
}

fn rate(rate: Option<u32>) -> Result<Option<u16>, ReadError> {
    match rate.map(u16::try_from) {
        None => Ok(None),
        Some(Ok(rate)) if rate <= 10_000 => Ok(Some(rate)),
        Some(_) => Err(ReadError::Invalid(
            "a rate is in 1/10,000 and at most 10,000".into(),
        )),
    }
}

fn edit(one: &Edit) -> Result<StakeBody, ReadError> {
    Ok(StakeBody::Edit {
        commission: rate(one.commission)?,
        max_commission: rate(one.max_commission)?,
        commission_step: rate(one.commission_step)?,
        min_self_stake: match one.min_self_stake.as_str() {
            "" => None,
            text => Some(amount("the least own stake", text)?),
        },
    })
}

fn profile(one: &Description) -> Result<Profile, ReadError> {
    let invalid = |reject: Reject| ReadError::Invalid(reject.to_string());
    Ok(Profile {
        name: Text::new("the name", &one.name).map_err(invalid)?,
        website: Text::new("the website", &one.website).map_err(invalid)?,
        contact: Text::new("the contact", &one.contact).map_err(invalid)?,
        details: Text::new("the details", &one.details).map_err(invalid)?,
    })
}

/// The amount that is named, or the whole base of the position as the transaction will find it.
fn part(
    held: &mut Held<'_>,
    (parameters, epoch): (&Parameters, u64),
    number: u64,
    text: &str,
) -> Result<u128, ReadError> {
    if !text.is_empty() {
        return amount("the amount", text);
    }
    let position = positions::standing(held, number)?
        .ok_or_else(|| ReadError::NotFound(format!("there is no position {number}")))?;
    let found = held.found_by_rules(parameters, epoch, number, &position)?;
    Ok(found.base)
}

fn payee(sender: Account, text: &str) -> Result<Account, ReadError> {
    match text {
        "" => Ok(sender),
        text => Ok(wire::account(text)?),
    }
}

/// An amount in decimal base units.
pub(super) fn amount(what: &str, text: &str) -> Result<u128, ReadError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let amount = text.parse().ok().filter(|_| digits);
    amount.ok_or_else(|| {
        let text = wire::shown(text);
        ReadError::Invalid(format!(
            "{what} {text:?} is not a decimal number of base units below 2^128"
        ))
    })
}
