//! What a transaction of stake does, in words about what is signed: amounts and names as the user typed them, and the rules that follow.

use clap::Args;

use super::{NATIVE_DECIMALS, StakeAction};
use crate::{
    cli::{amount, output::listed},
    ledger::{
        Account,
        transaction::{Profile, StakeBody},
    },
};

/// When a position counts that begins to back a line now.
const BEGINS: &str = "from the epoch after next on";

/// When an epoch has matured.
const MATURES: &str = "an epoch has matured when the unbonding time has passed on root since root accepted the checkpoint of the epoch after it";

/// How long it stays.
const STAYS: &str = "if the line has a seat, it is ended or moved from the next epoch on";

/// What an operator can do to an end that waits for its block.
const HELD: &str = "if the line takes a seat, or returns from jail, in the epoch of the block and before it, or has one and the position came to \
                    it in that epoch, this is refused, and can be sent again from the next epoch on: the line is then backed for one epoch more";

/// The whole reward.
const ALL: u16 = 10_000;

impl<S: Args> StakeAction<S> {
    /// What `body`, which was made of this command, does when `sender` signs it.
    pub fn words(&self, body: &StakeBody, sender: Account) -> String {
        let mut words = words(body, sender);
        if let Some(name) = self.typed_name() {
            words.push_str(&format!(" (typed as {name})"));
        }
        let unnamed = self.unnamed();
        if !unnamed.is_empty() {
            words.push_str(&format!(
                ". Not typed, and signed as this node says: {}",
                listed(unnamed)
            ));
        }
        words
    }

    /// How the user called whoever is backed or paid.
    fn typed_name(&self) -> Option<&str> {
        match self {
            Self::Delegate { to, .. } | Self::Redelegate { to, .. } => Some(to.name()),
            Self::Claim { payee, .. }
            | Self::ClaimRewards { payee, .. }
            | Self::ClaimCommission { payee, .. } => payee.to.as_deref(),
            _ => None,
        }
    }

    /// What is signed and was not typed.
    fn unnamed(&self) -> Vec<&'static str> {
        let (part, line, commission) = match self {
            Self::Bond { line, .. } => (None, Some(*line), false),
            Self::Delegate { to, .. } => (None, Some(to.line()), to.takes_any()),
            Self::Undelegate { part, .. } => (Some(part), None, false),
            Self::Redelegate { part, to, .. } => (Some(part), Some(to.line()), to.takes_any()),
            _ => (None, None, false),
        };
        let whole = part.filter(|part| part.amount.is_none());
        let line = line.filter(|line| line.is_unnamed());
        [
            whole.map(|_| "the amount, which is the whole position"),
            line.map(|_| "the line"),
            commission.then_some("the highest commission, which is that of now"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn coins(amount: u128) -> String {
    format!("{} coins", amount::show(amount, NATIVE_DECIMALS))
}

/// What is accepted of an operator.
fn terms(operator: [u8; 20], line: u64, most: u16, sender: Account) -> String {
    let operator = Account::ethereum(operator);
    match most {
        ALL if operator == sender => format!("its own line {line}"),
        most => format!(
            "line {line} of operator {operator}, at a commission of at most {most} / 10,000 (with a higher one when it is carried out it has no \
             effect; later the operator may change it)"
        ),
    }
}

fn words(body: &StakeBody, sender: Account) -> String {
    match body {
        StakeBody::Delegate {
            operator,
            amount,
            line,
            max_commission,
        } => format!(
            "this puts {} of {sender} as a new position behind {}. The position backs that line, earns and can be cut {BEGINS}; {STAYS}",
            coins(*amount),
            terms(*operator, *line, *max_commission, sender)
        ),
        StakeBody::Redelegate {
            position,
            amount,
            to,
            line,
            max_commission,
        } => format!(
            "this moves {} of position {position} behind {}. They back that line {BEGINS}; what they backed before they back to the end of the \
             next epoch at most, and they can be cut for it until that epoch has matured: {MATURES}; {HELD}",
            coins(*amount),
            terms(*to, *line, *max_commission, sender)
        ),
        StakeBody::Undelegate { position, amount } => format!(
            "this ends {} of position {position}. They back their line to the end of the next epoch at most, can be cut until that epoch has \
             matured, and `plasmid tx stake claim` pays them out then: {MATURES}; {HELD}",
            coins(*amount)
        ),
        StakeBody::CancelUnbonding { position } => format!(
            "this takes the end of position {position} back. It backs its line again, without a gap when it was ended in the epoch of the block, \
             and else {BEGINS}; then, {STAYS}"
        ),
        StakeBody::ClaimStake { position, to } => format!(
            "this pays what ended position {position} holds, with its rewards, to {to}. It is refused before all that the position backed has \
             matured: {MATURES}"
        ),
        StakeBody::ClaimRewards { to, positions } => format!(
            "this pays the rewards of positions {} to {to}. What they hold stays where it is",
            listed(positions)
        ),
        StakeBody::ClaimCommission { line, to } => {
            format!("this pays the commission that line {line} of {sender} has earned to {to}")
        }
        StakeBody::Restake { position } => format!(
            "this makes a position of the rewards of position {position}, for the same owner and behind the same line, which it backs {BEGINS}; {STAYS}"
        ),
        StakeBody::AllowRestake { position, allowed } => match allowed {
            true => format!(
                "this lets anybody make positions of the rewards of position {position}, for its owner and behind the same line"
            ),
            false => {
                format!("this lets nobody but the owner restake the rewards of position {position}")
            }
        },
        StakeBody::ApplyCut { position } => format!(
            "this takes from position {position} what the court cut of its lines. Nothing else can be done with it before"
        ),
        StakeBody::Merge { first, second } => format!(
            "this merges position {second} into position {first}: {first} then holds both, and {second} is gone"
        ),
        other => of_operator(other, sender),
    }
}

/// What an operator does with its own line.
fn of_operator(body: &StakeBody, sender: Account) -> String {
    match body {
        StakeBody::TakeSeat => format!(
            "this takes the weakest seat for the newest line of operator {sender}, and whoever has that seat loses it. The operator validates \
             {BEGINS}: its node has to run and to vote by then, because who votes too seldom is jailed. Until the next epoch begins it cannot give the seat \
             back, and nobody can end or move what backs its line; more stake or evidence can still take the seat"
        ),
        StakeBody::Leave => format!(
            "this gives the seat of operator {sender} back. The operator validates to the end of the next epoch, and what backs its line earns \
             nothing behind that. The line stays open: it can take a seat again from the epoch after next on, with more stake than the weakest seat counts"
        ),
        StakeBody::Retire => format!(
            "this closes the newest line of operator {sender} for ever, and gives its seat back: the operator validates to the end of the next \
             epoch. Nobody can put stake behind the line any more, and who did has to end or to move it. Another registration on root opens a \
             line without stake"
        ),
        StakeBody::Unjail => format!(
            "this lets the seat of operator {sender} count again {BEGINS}. Its node has to run and to vote by then, or it is jailed again"
        ),
        StakeBody::Edit {
            commission,
            max_commission,
            commission_step,
            min_self_stake,
        } => {
            let rate = |what: &str, rate: &Option<u16>| {
                rate.map(|rate| format!("{what} becomes {rate} / 10,000"))
            };
            let own = min_self_stake.map(|least| {
                format!(
                    "the least stake of its own with which it keeps a seat becomes {}, and can only rise",
                    coins(least)
                )
            });
            let changes = [
                rate("the commission", commission),
                rate("the most that the commission may become", max_commission)
                    .map(|text| text + ", and can only fall"),
                rate("the most that one change of it may be", commission_step)
                    .map(|text| text + ", and can only fall"),
                own,
            ];
            format!(
                "this changes what the newest line of operator {sender} promises: {}. A commission counts from the set on that is fixed next",
                listed(changes.into_iter().flatten())
            )
        }
        StakeBody::Describe(profile) => described(profile, sender),
        _ => String::new(),
    }
}

fn described(profile: &Profile, sender: Account) -> String {
    let [name, website, contact, details] = profile.texts();
    let said = [
        ("name", name),
        ("website", website),
        ("contact", contact),
        ("details", details),
    ];
    let said = said.map(|(what, text)| format!("{what} \"{text}\""));
    format!(
        "this says of operator {sender}, in place of all that it said before: {}",
        listed(said)
    )
}

#[cfg(test)]
mod tests;
