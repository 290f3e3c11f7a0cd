//! `plasmid init status`, and the table of operators that it shares with `init agree`: who has which share of the power.

use alloy_primitives::{Address, B256, U256};
use plasmid_bridge::abi::IRegistry;
use serde_json::{Value, json};

use super::{super::DECIMALS, Step, begun::Begun, money::Money};
use crate::{
    chain::genesis::Operator,
    cli::{CliError, amount, output::Output},
    node::founding::{self, Agreed, FoundingError},
};

/// Everybody's stake, keys and share of the power in the set of a genesis.
pub(super) struct Table {
    rows: Vec<Row>,
}

struct Row {
    operator: String,
    stake: String,
    checkpoint_key: String,
    power: u128,
    /// Tenths of a percent, rounded down.
    share: u128,
    /// Whether it has a third of the power or more, and whether it has more than two thirds.
    warns: Option<&'static str>,
}

impl Table {
    pub(super) fn of(agreed: &Agreed) -> Self {
        let operators = &agreed.genesis.operators;
        let unit = agreed.genesis.parameters.unit;
        let power = |operator: &Operator| operator.stake.checked_div(unit).unwrap_or(0);
        let total = operators.iter().map(power).fold(0, u128::saturating_add);
        let rows = operators.iter().map(|operator| {
            let power = power(operator);
            let part = power.saturating_mul(3);
            Row {
                operator: Address::from(operator.operator).to_string(),
                stake: amount::show(operator.stake, DECIMALS),
                checkpoint_key: hex::encode(operator.checkpoint_key),
                power,
                share: power.saturating_mul(1_000).checked_div(total).unwrap_or(0),
                warns: if part > total.saturating_mul(2) {
                    Some(
                        "has more than two thirds of the power: it alone decides on everything, and can take all money of the network",
                    )
                } else if part >= total {
                    Some("has a third of the power or more: it alone can stop the network")
                } else {
                    None
                },
            }
        });
        Self {
            rows: rows.collect(),
        }
    }

    /// All of it in one line.
    pub(super) fn sentence(&self) -> String {
        let rows = self.rows.iter().map(|row| {
            let key = row.checkpoint_key.get(..16).unwrap_or_default();
            format!(
                "{} with {} coins, {} of the power, checkpoint key {key}…",
                row.operator,
                row.stake,
                row.share()
            )
        });
        rows.collect::<Vec<_>>().join("; ")
    }

    /// What people should know before they agree, a sentence each.
    fn warnings(&self) -> Vec<String> {
        let rows = self.rows.iter();
        rows.filter_map(|row| Some(format!("operator {} {}", row.operator, row.warns?)))
            .collect()
    }

    /// Shows it beside the fields of `object`.
    pub(super) fn show(&self, output: Output, object: &mut Value) {
        let rows: Vec<_> = self.rows.iter().map(Row::object).collect();
        if output.is_json() {
            object["operators"] = rows.into();
            object["warnings"] = self.warnings().into();
            return output.object(object);
        }
        output.object(object);
        output.rows("operators", &["operator", "stake", "power", "share"], &rows);
        self.warn(output);
    }

    fn warn(&self, output: Output) {
        for warning in self.warnings() {
            output.say(&format!("warning: {warning}"));
        }
    }
}

impl Row {
    fn share(&self) -> String {
        format!("{}.{} %", self.share / 10, self.share % 10)
    }

    fn object(&self) -> Value {
        json!({
            "operator": self.operator,
            "stake": self.stake,
            "power": self.power.to_string(),
            "share": self.share(),
            "checkpoint_key": self.checkpoint_key,
        })
    }
}

impl Step {
    pub(in crate::cli::init) async fn status(&self) -> Result<(), CliError> {
        self.is_deployed().await?;
        let agreed = match founding::agreed(&self.rpc, self.registry, &self.plan).await {
            Ok(agreed) => Some(agreed),
            Err(FoundingError::Unregistered(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let wanted = agreed.as_ref().map(|agreed| agreed.agreement);
        let table = agreed.as_ref().map(Table::of);
        let money = Money::of(&self.plan)?;
        let mut rows = Vec::new();
        for number in 0..self.plan.operators.len() {
            let share = table.as_ref().and_then(|table| table.rows.get(number));
            rows.push(self.standing(number, wanted, share.map(Row::share)).await?);
        }
        let creation = self.read(IRegistry::creationCall {}).await?;
        let (made, steps) = (creation.made, creation.steps);
        let agreement = wanted.map(|hash| hash.to_string());
        if self.output.is_json() {
            let warnings = table.as_ref().map(Table::warnings).unwrap_or_default();
            let mut object = shown(agreement.as_deref(), &rows, &warnings, &creation);
            money.add_to(&mut object);
            self.output.object(&object);
            return Ok(());
        }
        let columns = [
            "operator",
            "registered",
            "stake",
            "share",
            "agreed",
            "locked_until",
        ];
        self.output.rows("operators", &columns, &rows);
        if let Some(table) = &table {
            table.warn(self.output);
        }
        self.output.say(&money.sentence());
        if made == steps {
            self.output
                .say("the network is created: `plasmid init join` makes a node's folder");
            return Ok(());
        }
        if let Some(agreement) = agreement {
            self.output.say(&format!(
                "this plan with these registrations gives agreement {agreement}. When you have checked the operators, their stakes and their shares, the bond and the balances, and that the \
                 other operators see the same hash, agree to it with this command:"
            ));
            let next = format!("plasmid init agree --from KEY --agreement {agreement}");
            self.output.next(&next);
        }
        self.output
            .say(&match Begun::of(&creation, self.now().await?) {
                None => "the creation has not begun".to_owned(),
                Some(begun) => begun.sentence(&money.paid_text()),
            });
        Ok(())
    }

    /// An operator's row.
    async fn standing(
        &self,
        number: usize,
        wanted: Option<B256>,
        share: Option<String>,
    ) -> Result<Value, CliError> {
        let index = U256::from(number);
        let member = self.read(IRegistry::memberAtCall { index }).await?;
        let operator = member.operator;
        let found = self.read(IRegistry::agreementByCall { operator }).await?;
        Ok(row(&member, &found, wanted, share))
    }
}

/// How far the founding has come, for programs.
fn shown(
    agreement: Option<&str>,
    operators: &[Value],
    warnings: &[String],
    creation: &IRegistry::creationReturn,
) -> Value {
    let made = creation.made;
    json!({
        "agreement": agreement,
        "operators": operators,
        "warnings": warnings,
        "steps_made": made.to_string(),
        "steps": creation.steps.to_string(),
        // The root time until which anyone can take the steps that are left, and nobody can take a stake back.
        "creation_until": (!made.is_zero()).then(|| creation.until.to_string()),
    })
}

fn row(
    member: &IRegistry::Member,
    found: &IRegistry::agreementByReturn,
    wanted: Option<B256>,
    share: Option<String>,
) -> Value {
    let agreed = match wanted {
        _ if found.agreement == B256::ZERO => "no",
        Some(wanted) if wanted == found.agreement => "yes",
        _ => "on something else",
    };
    json!({
        "operator": member.operator.to_string(),
        "registered": if member.registration == 0 { "no" } else { "yes" },
        "stake": amount::show(u128::try_from(member.stake).unwrap_or(u128::MAX), DECIMALS),
        "share": share,
        "agreed": agreed,
        "locked_until": found.lockedUntil,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_a_founding_has_come_is_shown_under_its_names() {
        let warnings = ["a warning".to_owned()];
        for (made, until) in [(0, None), (1, Some("9"))] {
            let creation = IRegistry::creationReturn {
                made: U256::from(made),
                steps: U256::from(3),
                agreement: B256::repeat_byte(4),
                until: 9,
            };
            let expected = json!({
                "agreement": "0x01", "operators": [5], "warnings": warnings, "steps_made": made.to_string(), "steps": "3",
                "creation_until": until,
            });
            let found = shown(Some("0x01"), &[json!(5)], &warnings, &creation);
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn an_operator_is_shown_with_what_it_has_sent_and_agreed_to() {
        let own = B256::repeat_byte(1);
        let operator = Address::repeat_byte(2);
        for (agreement, wanted, agreed) in [
            (B256::ZERO, Some(own), "no"),
            (B256::ZERO, None, "no"),
            (own, Some(own), "yes"),
            (own, Some(B256::repeat_byte(3)), "on something else"),
            (own, None, "on something else"),
        ] {
            for registration in [0, 1] {
                let member = IRegistry::Member {
                    operator,
                    registration,
                    consensusKey: B256::ZERO,
                    checkpointKey: Default::default(),
                    stake: U256::from(1_500_000_000_000_000_000u128),
                    bond: U256::ZERO,
                };
                let found = IRegistry::agreementByReturn {
                    agreement,
                    lockedUntil: 8,
                };
                let expected = json!({
                    "operator": operator.to_string(), "registered": if registration == 0 { "no" } else { "yes" }, "stake": "1.5",
                    "share": "50.0 %", "agreed": agreed, "locked_until": 8,
                });
                let shown = row(&member, &found, wanted, Some("50.0 %".into()));
                assert_eq!(shown, expected);
            }
        }
    }
}
