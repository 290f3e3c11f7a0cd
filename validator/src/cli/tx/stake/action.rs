//! A transaction of stake as a node is asked about it, with nothing left for the node to fill in.

use plasmid_proto::stake::v1::{
    AllowRestake, ApplyCut, CancelUnbonding, ClaimCommission, ClaimRewards, ClaimStake, Delegate,
    Description, Edit, Leave, Merge, Redelegate, Restake, Retire, TakeSeat, Undelegate, Unjail,
    prepare_request::Action,
};

use crate::{ledger::transaction::StakeBody, wire::address_text};

/// The action that `body` is made of.
pub fn of(body: &StakeBody) -> Action {
    match body {
        StakeBody::Delegate {
            operator,
            amount,
            line,
            max_commission,
        } => Action::Delegate(Delegate {
            operator: address_text(operator),
            amount: amount.to_string(),
            line: Some(*line),
            max_commission: Some((*max_commission).into()),
        }),
        StakeBody::Undelegate { position, amount } => Action::Undelegate(Undelegate {
            position: *position,
            amount: amount.to_string(),
        }),
        StakeBody::Redelegate {
            position,
            amount,
            to,
            line,
            max_commission,
        } => Action::Redelegate(Redelegate {
            position: *position,
            amount: amount.to_string(),
            to: address_text(to),
            line: Some(*line),
            max_commission: Some((*max_commission).into()),
        }),
        StakeBody::ClaimStake { position, to } => Action::ClaimStake(ClaimStake {
            position: *position,
            to: to.to_string(),
        }),
        StakeBody::ClaimRewards { to, positions } => Action::ClaimRewards(ClaimRewards {
            positions: positions.clone(),
            to: to.to_string(),
        }),
        StakeBody::ClaimCommission { line, to } => Action::ClaimCommission(ClaimCommission {
            line: *line,
            to: to.to_string(),
        }),
        StakeBody::CancelUnbonding { position } => Action::CancelUnbonding(CancelUnbonding {
            position: *position,
        }),
        StakeBody::Restake { position } => Action::Restake(Restake {
            position: *position,
        }),
        StakeBody::AllowRestake { position, allowed } => Action::AllowRestake(AllowRestake {
            position: *position,
            allowed: *allowed,
        }),
        StakeBody::ApplyCut { position } => Action::ApplyCut(ApplyCut {
            position: *position,
        }),
        StakeBody::Merge { first, second } => Action::Merge(Merge {
            first: *first,
            second: *second,
        }),
        StakeBody::TakeSeat => Action::TakeSeat(TakeSeat {}),
        StakeBody::Leave => Action::Leave(Leave {}),
        StakeBody::Retire => Action::Retire(Retire {}),
        StakeBody::Unjail => Action::Unjail(Unjail {}),
        StakeBody::Edit {
            commission,
            max_commission,
            commission_step,
            min_self_stake,
        } => Action::Edit(Edit {
            commission: commission.map(u32::from),
            max_commission: max_commission.map(u32::from),
            commission_step: commission_step.map(u32::from),
            min_self_stake: min_self_stake.map_or_else(String::new, |least| least.to_string()),
        }),
        StakeBody::Describe(profile) => {
            let [name, website, contact, details] = profile.texts().map(str::to_owned);
            Action::Describe(Description {
                name,
                website,
                contact,
                details,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{
        Account,
        transaction::{Profile, Text},
    };

    #[test]
    fn a_node_has_nothing_to_fill_in() {
        let operator = [1; 20];
        let to = Account::ethereum([2; 20]);
        let (named, paid) = (address_text(&operator), to.to_string());
        for (body, action) in [
            (
                StakeBody::Delegate {
                    operator,
                    amount: 3,
                    line: 4,
                    max_commission: 5,
                },
                Action::Delegate(Delegate {
                    operator: named.clone(),
                    amount: "3".into(),
                    line: Some(4),
                    max_commission: Some(5),
                }),
            ),
            (
                StakeBody::Redelegate {
                    position: 6,
                    amount: 0,
                    to: operator,
                    line: 0,
                    max_commission: 0,
                },
                Action::Redelegate(Redelegate {
                    position: 6,
                    amount: "0".into(),
                    to: named,
                    line: Some(0),
                    max_commission: Some(0),
                }),
            ),
            (
                StakeBody::ClaimRewards {
                    to,
                    positions: vec![7, 8],
                },
                Action::ClaimRewards(ClaimRewards {
                    positions: vec![7, 8],
                    to: paid.clone(),
                }),
            ),
            (
                StakeBody::ClaimStake { position: 9, to },
                Action::ClaimStake(ClaimStake {
                    position: 9,
                    to: paid,
                }),
            ),
            (
                StakeBody::Edit {
                    commission: Some(10),
                    max_commission: None,
                    commission_step: Some(0),
                    min_self_stake: Some(11),
                },
                Action::Edit(Edit {
                    commission: Some(10),
                    max_commission: None,
                    commission_step: Some(0),
                    min_self_stake: "11".into(),
                }),
            ),
            (
                StakeBody::Describe(Box::new(Profile {
                    name: Text::new("the name", "a").unwrap(),
                    website: Text::new("the website", "b").unwrap(),
                    contact: Text::new("the contact", "c").unwrap(),
                    details: Text::new("the details", "d").unwrap(),
                })),
                Action::Describe(Description {
                    name: "a".into(),
                    website: "b".into(),
                    contact: "c".into(),
                    details: "d".into(),
                }),
            ),
        ] {
            assert_eq!(of(&body), action);
        }
    }
}
