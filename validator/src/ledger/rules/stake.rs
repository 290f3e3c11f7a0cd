//! Stake (kinds 0x10 to 0x20): what users do with it, each kind by the rule of staking that has its name.
//!
//! ```text
//! check    an amount that is named is above 0, or is the whole of a position that is ended; who is paid can receive, as in a transfer; the sender of an operator's kind is of kind 0
//! leaves   those of the rule of staking (`staking/src/rules`); then who pays or is paid w, `burned` w
//! made     at most: delegate, undelegate and restake 2; redelegate 3; cancel 1; a claim the account that is paid, describe the
//!          description, where it does not stand; the others none
//! refuses  (22) what the rule refuses; a balance that is too low, a sum beyond 128 bits
//! ```
//! Stake leaves also where the state is full: what ends a position, pays it or its rewards, or stands before that, makes its leaves in the
//! reserve.
//!
//! The fee pays for the leaves that the kind makes at most: whether a mark stands already changes when an epoch ends, and a
//! transaction that waits must not become too cheap by that.

use plasmid_staking::rules::{
    apply_cut::ApplyCut,
    cancel::Cancel,
    claim_commission::ClaimCommission,
    claim_rewards::ClaimRewards,
    claim_stake::ClaimStake,
    delegate::Delegate,
    edit::{Describe, Edit},
    leave::{Leave, Retire},
    merge::Merge,
    redelegate::Redelegate,
    restake::{AllowRestake, Restake},
    take_seat::TakeSeat,
    undelegate::Undelegate,
    unjail::Unjail,
};
use plasmid_staking::{Effect, Input, Key, LineId, Position, account_of};

use super::balance::slot;
use super::{Needs, ReceiptDraft, check_amount, transfer};
use crate::ledger::account::Account;
use crate::ledger::context::{Context, Error};
use crate::ledger::event;
use crate::ledger::fees::Maker;
use crate::ledger::leaf::NATIVE;
use crate::ledger::leaves::{Leaves, read};
use crate::ledger::reject::Reject;
use crate::ledger::slot::Slot;
use crate::ledger::stake;
use crate::ledger::transaction::StakeBody;

#[cfg(test)]
pub(crate) mod tests;

pub(super) fn check(sender: Account, body: &StakeBody) -> Result<(), Reject> {
    if body.is_of_operator() && sender.kind != Account::ETHEREUM {
        return Err(Reject::NotOperator { sender });
    }
    // Whether a position that is ended holds anything is for the rule to say: one that was cut to nothing is ended by an amount of 0.
    if let StakeBody::Delegate { amount, .. } | StakeBody::Redelegate { amount, .. } = body {
        check_amount(*amount)?;
    }
    match paid(body) {
        Some((to, _)) => transfer::check_recipient(to),
        None => Ok(()),
    }
}

pub(super) const fn paid(body: &StakeBody) -> Option<(Account, [u8; 20])> {
    match body {
        StakeBody::ClaimStake { to, .. }
        | StakeBody::ClaimRewards { to, .. }
        | StakeBody::ClaimCommission { to, .. } => Some((*to, NATIVE)),
        _ => None,
    }
}

pub(super) fn needs(sender: Account, body: &StakeBody) -> Needs {
    let native = match body {
        StakeBody::Delegate { amount, .. } => *amount,
        _ => 0,
    };
    let fresh = match body {
        StakeBody::Redelegate { .. } => 3,
        StakeBody::Delegate { .. } | StakeBody::Undelegate { .. } | StakeBody::Restake { .. } => 2,
        StakeBody::CancelUnbonding { .. } => 1,
        _ => 0,
    };
    let leaf = match body {
        StakeBody::Describe(_) => Some(Slot::from(Key::Description(sender.id))),
        _ => paid(body).map(|(to, token)| slot(to, token)),
    };
    Needs {
        native,
        maker: maker(body),
        leaf,
        fresh,
    }
}

/// What lets stake out makes its leaves in the reserve, so that a full state keeps nobody's.
const fn maker(body: &StakeBody) -> Maker {
    match body {
        StakeBody::Undelegate { .. }
        | StakeBody::ClaimStake { .. }
        | StakeBody::ClaimRewards { .. }
        | StakeBody::ClaimCommission { .. }
        | StakeBody::ApplyCut { .. }
        | StakeBody::Merge { .. } => Maker::Reserved,
        _ => Maker::Ordinary,
    }
}

pub(super) fn apply<L: Leaves + ?Sized>(
    leaves: &mut L,
    sender: Account,
    body: &StakeBody,
    context: &Context<'_>,
    books: &mut ReceiptDraft,
) -> Result<(), Error<L::Error>> {
    // Anybody may apply a cut; it is the history of its owner too, and of the operators of its lines.
    if let StakeBody::ApplyCut { position } = body {
        let held: Option<Position> = read(leaves, &Slot::from(Key::Position(*position)))?;
        for held in held.iter().filter(|held| !held.is_gone()) {
            let operators = held.legs().map(|leg| account_of(leg.line.operator));
            let all = std::iter::once(held.owner).chain(operators);
            let all = all.map(|account| Account::from_bytes(&account));
            books.involved.extend(all);
        }
    }
    let effects = stake::apply(leaves, context, &input(sender, body))?;
    for effect in &effects {
        if let Effect::Opened { position, .. } = effect {
            books.data.extend(position.to_be_bytes());
        }
    }
    books.events.extend(event::of_stake(&effects));
    books.involved.extend(event::accounts_of_stake(&effects));
    Ok(())
}

/// What staking is asked to do: a table of the kinds.
fn input(sender: Account, body: &StakeBody) -> Input {
    let (owner, operator) = (sender.bytes(), sender.id);
    match *body {
        StakeBody::Delegate {
            operator,
            amount,
            line,
            max_commission,
        } => Input::Delegate(Delegate {
            from: owner,
            to: LineId { operator, line },
            amount,
            max_commission,
        }),
        StakeBody::Undelegate { position, amount } => Input::Undelegate(Undelegate {
            owner,
            position,
            amount,
        }),
        StakeBody::CancelUnbonding { position } => Input::Cancel(Cancel { owner, position }),
        StakeBody::Redelegate {
            position,
            amount,
            to: operator,
            line,
            max_commission,
        } => Input::Redelegate(Redelegate {
            owner,
            position,
            amount,
            to: LineId { operator, line },
            max_commission,
        }),
        StakeBody::ClaimStake { position, to } => Input::ClaimStake(ClaimStake {
            owner,
            position,
            to: to.bytes(),
        }),
        StakeBody::ClaimRewards { to, ref positions } => Input::ClaimRewards(ClaimRewards {
            owner,
            positions: positions.clone(),
            to: to.bytes(),
        }),
        StakeBody::ClaimCommission { line, to } => Input::ClaimCommission(ClaimCommission {
            line: LineId { operator, line },
            to: to.bytes(),
        }),
        StakeBody::Restake { position } => Input::Restake(Restake {
            by: owner,
            position,
        }),
        StakeBody::AllowRestake { position, allowed } => Input::AllowRestake(AllowRestake {
            owner,
            position,
            allowed,
        }),
        StakeBody::ApplyCut { position } => Input::ApplyCut(ApplyCut { position }),
        StakeBody::Merge { first, second } => Input::Merge(Merge {
            owner,
            first,
            second,
        }),
        StakeBody::TakeSeat => Input::TakeSeat(TakeSeat { operator }),
        StakeBody::Leave => Input::Leave(Leave { operator }),
        StakeBody::Retire => Input::Retire(Retire { operator }),
        StakeBody::Unjail => Input::Unjail(Unjail { operator }),
        StakeBody::Edit {
            commission,
            max_commission,
            commission_step,
            min_self_stake,
        } => Input::Edit(Edit {
            operator,
            commission,
            max_commission,
            commission_step,
            min_self_stake,
        }),
        StakeBody::Describe(ref profile) => Input::Describe(Describe {
            operator,
            description: Box::new(profile.bytes()),
        }),
    }
}
