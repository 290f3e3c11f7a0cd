//! Lists of stake: the positions of an owner with all that belongs to them, and validators.

use clap::Args;
use plasmid_proto::stake::v1::{
    Attendance, Cut, ListDelegationsRequest, ListDelegationsResponse, ListValidatorsRequest,
    Position, Validator,
};
use serde_json::{Value, json};

use super::super::{Page, print_page, same};
use super::{described, line_object, position_object};
use crate::{
    cli::{CliError, connect::Connection, output::Output},
    ledger::Account,
};

/// The state that a list shows.
#[derive(Clone, Debug, Args)]
pub struct ListHeight {
    /// The last block of an epoch whose state the node still keeps, or 0 for the newest state.
    #[arg(long, default_value_t = 0)]
    pub height: u64,
}

/// `plasmid query stake delegations`.
pub(super) async fn delegations(
    connection: &Connection,
    output: Output,
    owner: Account,
    (page, at): (Page, ListHeight),
) -> Result<(), CliError> {
    let owner = owner.to_string();
    let request = ListDelegationsRequest {
        owner: owner.clone(),
        page_size: page.limit,
        page_token: page.page,
        height: at.height,
    };
    let mut client = connection.stake().await?;
    let found = client.list_delegations(request).await?.into_inner();
    for position in &found.positions {
        same("a position of", owner.clone(), position.owner.clone())?;
    }
    if output.is_json() {
        output.object(&delegations_object(&found));
        return Ok(());
    }
    let positions: Vec<Value> = found.positions.iter().map(delegation_object).collect();
    let validators: Vec<Value> = found.validators.iter().map(validator_row).collect();
    let columns = [
        "position",
        "held",
        "rewards",
        "bonded",
        "matures_at",
        "matures_about",
        "cut_waits",
        "backs",
        "waits",
    ];
    print_page(
        output,
        "positions",
        &columns,
        (&positions, &found.next_page_token),
        &[],
    );
    output.rows("validators", &VALIDATOR_COLUMNS, &validators);
    Ok(())
}

fn delegations_object(found: &ListDelegationsResponse) -> Value {
    json!({
        "positions": found.positions.iter().map(delegation_object).collect::<Vec<Value>>(),
        "validators": found.validators.iter().map(validator_row).collect::<Vec<Value>>(),
        "height": found.height,
        "epoch": found.epoch,
        "next_page": found.next_page_token,
    })
}

const VALIDATOR_COLUMNS: [&str; 10] = [
    "operator",
    "name",
    "seat",
    "power",
    "commission_today",
    "commission",
    "voted_percent",
    "signed_percent",
    "apr_basis_points",
    "jail_reason",
];

/// `plasmid query stake validators`.
pub(super) async fn validators(
    connection: &Connection,
    output: Output,
    (page, at): (Page, ListHeight),
) -> Result<(), CliError> {
    let request = ListValidatorsRequest {
        page_size: page.limit,
        page_token: page.page,
        height: at.height,
    };
    let mut client = connection.stake().await?;
    let found = client.list_validators(request).await?.into_inner();
    let rows: Vec<Value> = found.validators.iter().map(validator_row).collect();
    let page = (rows.as_slice(), found.next_page_token.as_str());
    let of = [("height", found.height), ("epoch", found.epoch)];
    print_page(output, "validators", &VALIDATOR_COLUMNS, page, &of);
    Ok(())
}

pub(super) fn cut_object(cut: &Cut) -> Value {
    json!({
        "operator": cut.operator, "line": cut.line, "epoch": cut.epoch, "fraction": cut.fraction, "applied": cut.applied,
    })
}

/// A position with what it backs in one word, for a row.
fn delegation_object(position: &Position) -> Value {
    let mut object = position_object(position);
    let newest = position.legs.last().map(|leg| leg.operator.clone());
    object["backs"] = newest.into();
    object
}

fn attendance_object(one: &Attendance) -> Value {
    json!({
        "epoch": one.epoch, "member": one.member, "votes": one.votes, "counted": one.counted,
        "signer": one.signer, "signed": one.signed,
    })
}

fn validator_row(found: &Validator) -> Value {
    let mut object = json!({
        "operator": found.operator,
        "registration": found.registration,
        "tombstoned": found.tombstoned,
        "power": found.power,
        "next_power": found.next_power,
        "commission_today": found.commission,
        "next_commission": found.next_commission,
        "jail_reason": found.jail_reason,
        "voted_percent": voted_percent(&found.attendance),
        "signed_percent": signed_percent(&found.attendance),
        "attendance": found.attendance.iter().map(attendance_object).collect::<Vec<Value>>(),
        "apr_basis_points": found.apr.as_ref().map(|apr| apr.basis_points),
    });
    if let Some(apr) = &found.apr {
        object["apr_first_epoch"] = apr.first_epoch.into();
        object["apr_last_epoch"] = apr.last_epoch.into();
        object["apr_seconds"] = apr.seconds.into();
    }
    if let (Some(line), Some(all)) = (&found.line, object.as_object_mut()) {
        all.extend(line_object(line).as_object().cloned().unwrap_or_default());
    }
    if let Some(said) = found.description.clone() {
        described(&mut object, said);
    }
    object
}

/// The share of the counted blocks in which its vote stands, of the epochs in whose sets it stood.
fn voted_percent(attendance: &[Attendance]) -> Option<u64> {
    let stood = || attendance.iter().filter(|one| one.member);
    let votes: u64 = stood().map(|one| u64::from(one.votes)).sum();
    let counted: u64 = stood().map(|one| u64::from(one.counted)).sum();
    votes.saturating_mul(100).checked_div(counted)
}

/// The share of the checkpoints that it signs, of those of the same epochs, for which its own share is known.
fn signed_percent(attendance: &[Attendance]) -> Option<usize> {
    let due = attendance.iter().filter(|one| one.signer).count();
    let signed = attendance.iter().filter(|one| one.signed).count();
    signed.saturating_mul(100).checked_div(due)
}

#[cfg(test)]
mod tests {
    use plasmid_proto::stake::v1::{Apr, Description, Leg, Line};

    use super::*;

    #[test]
    fn what_is_told_of_a_delegation_stands_under_its_names() {
        let cut = Cut {
            operator: "0x1".into(),
            line: 2,
            epoch: 3,
            fraction: 4,
            applied: true,
        };
        let position = Position {
            number: 1,
            legs: vec![Leg {
                operator: "0x2".into(),
                ..Leg::default()
            }],
            matures_at: Some(7),
            cuts: vec![cut],
            ..Position::default()
        };
        let object = delegation_object(&position);
        assert_eq!(
            (&object["position"], &object["backs"]),
            (&json!(1), &json!("0x2"))
        );
        assert_eq!(object["matures_at"], 7);
        assert_eq!(
            object["cuts"],
            json!([{ "operator": "0x1", "line": 2, "epoch": 3, "fraction": 4, "applied": true }])
        );
        let list = ListDelegationsResponse {
            positions: vec![position],
            validators: vec![Validator::default()],
            next_page_token: "d8".into(),
            height: 5,
            epoch: 6,
        };
        let whole = delegations_object(&list);
        assert_eq!(whole["positions"], json!([object]));
        assert_eq!(whole["validators"][0]["operator"], "");
        assert_eq!(
            (&whole["height"], &whole["epoch"], &whole["next_page"]),
            (&json!(5), &json!(6), &json!("d8"))
        );
    }

    #[test]
    fn what_is_told_of_a_validator_stands_under_its_names() {
        let attended = |epoch, member, votes| Attendance {
            epoch,
            member,
            votes,
            counted: 10,
            signer: member,
            signed: epoch == 7,
        };
        let found = Validator {
            operator: "0x1".into(),
            registration: 2,
            tombstoned: true,
            line: Some(Line {
                commission: 9,
                ..Line::default()
            }),
            description: Some(Description {
                name: "a".into(),
                ..Description::default()
            }),
            power: 3,
            commission: 4,
            next_power: 5,
            next_commission: 6,
            jail_reason: "absent".into(),
            attendance: vec![
                attended(8, true, 5),
                attended(7, true, 10),
                attended(6, false, 0),
            ],
            apr: Some(Apr {
                basis_points: 11,
                first_epoch: 12,
                last_epoch: 13,
                seconds: 14,
            }),
        };
        let object = validator_row(&found);
        for (name, value) in [
            ("operator", json!("0x1")),
            ("registration", json!(2)),
            ("tombstoned", json!(true)),
            ("power", json!(3)),
            ("commission_today", json!(4)),
            ("next_power", json!(5)),
            ("next_commission", json!(6)),
            ("jail_reason", json!("absent")),
            ("voted_percent", json!(75)),
            ("signed_percent", json!(50)),
            ("commission", json!(9)),
            ("name", json!("a")),
            ("apr_basis_points", json!(11)),
            ("apr_first_epoch", json!(12)),
            ("apr_last_epoch", json!(13)),
            ("apr_seconds", json!(14)),
        ] {
            assert_eq!(object[name], value, "{name}");
        }
        assert_eq!(
            object["attendance"][0],
            json!({ "epoch": 8, "member": true, "votes": 5, "counted": 10, "signer": true, "signed": false })
        );
        assert_eq!((voted_percent(&[]), signed_percent(&[])), (None, None));
    }
}
