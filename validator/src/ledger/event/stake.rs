//! Events of stake: what a rule of staking tells, in the words of those who search.
//!
//! | type | attributes (* indexed) |
//! |---|---|
//! | `paid` | account, amount |
//! | `burned`, `funded` | amount |
//! | `opened` | position*, owner, operator*, line, amount |
//! | `delegated` | position*, operator*, line, amount |
//! | `undelegated` | position*, operator*, line, last |
//! | `collected` | position*, amount |
//! | `cut` | position*, amount |
//! | `merged` | position* (that stays), from* (that is gone) |
//! | `seated` | operator*, line, seat, stake |
//! | `unseated` | operator*, line, seat, why |
//! | `rewarded` | operator*, line, epoch*, stakers, commission |
//! | `jailed` | operator*, line, epoch*, until |
//! | `unjailed`, `closed` | operator*, line |
//! | `registered` | operator*, line, registration |
//! | `tombstoned` | operator*, registration |
//! | `frozen`, `settled` | operator*, line, registration, epoch*; settled: fraction (of 10^9) |
//! | `matured`, `epoch_frozen`, `epoch_released` | epoch* |
//! | `set_fixed`, `set_copied` | epoch*, members, power, commitment |
//!
//! A redelegation is `undelegated` and `delegated` of one position. What the end of an epoch does (`rewarded`, `jailed`, `set_fixed`,
//! `set_copied`) is in no result: these are events of the block.

use alloy_primitives::Address;
use plasmid_staking::{Effect, LineId, Loss, account_of};

use super::{Attribute, Event, indexed, plain};
use crate::ledger::account::Account;

/// The events of effects, in their order.
pub fn of_stake(effects: &[Effect]) -> impl Iterator<Item = Event> {
    let told = effects.iter().filter(|effect| name(effect).is_some());
    told.cloned().map(Event::Stake)
}

/// Whom effects concern: owners, who is paid, and operators.
pub fn accounts_of_stake(effects: &[Effect]) -> impl Iterator<Item = Account> {
    effects.iter().filter_map(|effect| {
        let account = match effect {
            Effect::Take { from: account, .. }
            | Effect::Pay { to: account, .. }
            | Effect::Opened { owner: account, .. } => *account,
            Effect::Backs { line, .. }
            | Effect::Ended { line, .. }
            | Effect::Seated { line, .. }
            | Effect::Unseated { line, .. }
            | Effect::Jailed { line, .. }
            | Effect::Unjailed { line }
            | Effect::Registered { line, .. }
            | Effect::Closed { line }
            | Effect::Frozen { line, .. }
            | Effect::Settled { line, .. }
            | Effect::Paid { line, .. } => account_of(line.operator),
            Effect::Tombstoned { operator, .. } => account_of(*operator),
            _ => return None,
        };
        Some(Account::from_bytes(&account))
    })
}

/// Whether an event tells that something happened to stake, or that somebody did something with it that has no event of its own. `kind`
/// is the event's attribute of that name.
#[must_use]
pub fn is_of_stake(event: &str, kind: Option<&str>) -> bool {
    const OTHERS: [&str; 5] = ["transfer", "withdraw", "set_payout", "record", "message"];
    match event {
        "transaction" | "forced" => kind.is_some_and(|kind| !OTHERS.contains(&kind)),
        other => EVENTS.contains(&other),
    }
}

/// Whether an event concerns everybody who has stake, whomever it names.
#[must_use]
pub fn is_for_all(event: &str) -> bool {
    ["epoch_frozen", "epoch_released", "set_copied"].contains(&event)
}

/// The types of all events of stake, and of messages of the inbox that concern it.
const EVENTS: [&str; 25] = [
    "applied",
    "paid",
    "burned",
    "opened",
    "delegated",
    "undelegated",
    "collected",
    "cut",
    "merged",
    "seated",
    "unseated",
    "jailed",
    "unjailed",
    "registered",
    "closed",
    "tombstoned",
    "rewarded",
    "frozen",
    "settled",
    "funded",
    "matured",
    "epoch_frozen",
    "epoch_released",
    "set_fixed",
    "set_copied",
];

/// The type of an effect's event, or `None` when it has none.
pub(super) const fn name(effect: &Effect) -> Option<&'static str> {
    Some(match effect {
        Effect::Pay { .. } => "paid",
        Effect::Burn { .. } => "burned",
        Effect::Opened { .. } => "opened",
        Effect::Backs { .. } => "delegated",
        Effect::Ended { .. } => "undelegated",
        Effect::Collected { .. } => "collected",
        Effect::Cut { .. } => "cut",
        Effect::Merged { .. } => "merged",
        Effect::Seated { .. } => "seated",
        Effect::Unseated { .. } => "unseated",
        Effect::Jailed { .. } => "jailed",
        Effect::Unjailed { .. } => "unjailed",
        Effect::Registered { .. } => "registered",
        Effect::Closed { .. } => "closed",
        Effect::Tombstoned { .. } => "tombstoned",
        Effect::EpochFrozen { .. } => "epoch_frozen",
        Effect::EpochReleased { .. } => "epoch_released",
        Effect::Paid { .. } => "rewarded",
        Effect::Frozen { .. } => "frozen",
        Effect::Settled { .. } => "settled",
        Effect::Funded { .. } => "funded",
        Effect::Matured { .. } => "matured",
        Effect::Take { .. }
        | Effect::Released { .. }
        | Effect::Member(_)
        | Effect::Rolled { .. } => return None,
    })
}

pub(super) fn attributes(effect: &Effect) -> Vec<Attribute> {
    match effect {
        Effect::Pay { to, amount } => vec![
            plain("account", &Account::from_bytes(to)),
            plain("amount", amount),
        ],
        Effect::Burn { amount } | Effect::Funded { amount } => vec![plain("amount", amount)],
        Effect::EpochFrozen { epoch }
        | Effect::EpochReleased { epoch }
        | Effect::Matured { epoch } => vec![indexed("epoch", epoch)],
        Effect::Opened {
            position,
            owner,
            line,
            amount,
        } => {
            let owner = plain("owner", &Account::from_bytes(owner));
            let [operator, line] = of_line(line);
            vec![
                indexed("position", position),
                owner,
                operator,
                line,
                plain("amount", amount),
            ]
        }
        Effect::Backs {
            position,
            line,
            amount,
        } => {
            let [operator, line] = of_line(line);
            vec![
                indexed("position", position),
                operator,
                line,
                plain("amount", amount),
            ]
        }
        Effect::Ended {
            position,
            line,
            last,
        } => {
            let [operator, line] = of_line(line);
            let position = indexed("position", position);
            vec![position, operator, line, plain("last", last)]
        }
        Effect::Collected { position, amount } | Effect::Cut { position, amount } => {
            vec![indexed("position", position), plain("amount", amount)]
        }
        Effect::Merged { first, second } => {
            vec![indexed("position", first), indexed("from", second)]
        }
        other => attributes_of_line(other),
    }
}

fn attributes_of_line(effect: &Effect) -> Vec<Attribute> {
    let (line, more) = match effect {
        Effect::Seated { line, seat, stake } => {
            (line, vec![plain("seat", seat), plain("stake", stake)])
        }
        Effect::Unseated { line, seat, why } => {
            (line, vec![plain("seat", seat), plain("why", &words(*why))])
        }
        Effect::Jailed { line, epoch, until } => {
            (line, vec![indexed("epoch", epoch), plain("until", until)])
        }
        Effect::Paid {
            line,
            epoch,
            stakers,
            commission,
        } => {
            let (stakers, commission) =
                (plain("stakers", stakers), plain("commission", commission));
            (line, vec![indexed("epoch", epoch), stakers, commission])
        }
        Effect::Frozen {
            line,
            registration,
            epoch,
        } => {
            let registration = plain("registration", registration);
            (line, vec![registration, indexed("epoch", epoch)])
        }
        Effect::Settled {
            line,
            registration,
            epoch,
            fraction,
        } => {
            let (registration, fraction) = (
                plain("registration", registration),
                plain("fraction", fraction),
            );
            (line, vec![registration, indexed("epoch", epoch), fraction])
        }
        Effect::Unjailed { line } | Effect::Closed { line } => (line, Vec::new()),
        Effect::Registered { line, registration } => {
            (line, vec![plain("registration", registration)])
        }
        Effect::Tombstoned {
            operator,
            registration,
        } => return vec![of_operator(operator), plain("registration", registration)],
        _ => return Vec::new(),
    };
    of_line(line).into_iter().chain(more).collect()
}

fn of_line(line: &LineId) -> [Attribute; 2] {
    [of_operator(&line.operator), plain("line", &line.line)]
}

fn of_operator(operator: &[u8; 20]) -> Attribute {
    indexed("operator", &Address::from(*operator).to_checksum(None))
}

const fn words(why: Loss) -> &'static str {
    match why {
        Loss::Displaced => "displaced",
        Loss::Left => "left",
        Loss::Retired => "retired",
        Loss::TooSmall => "too_small",
        Loss::Frozen => "frozen",
        Loss::Tombstoned => "tombstoned",
    }
}
