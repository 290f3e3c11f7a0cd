//! `plasmid init status`, and the table of operators that it shares with `init agree`: who has which share of the power.

use alloy_primitives::{Address, B256, U256};
use plasmid_bridge::abi::IRegistry;
use serde_json::{Value, json};

use super::{super::DECIMALS, Step, begun::Begun, money::Money};
use crate::{
    chain::genesis::{Genesis, Operator},
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
    /// What the genesis delegations put behind it, in coins.
    delegated: String,
    checkpoint_key: String,
    power: u128,
    /// In the sets of epochs 0 and 1.
    share: Share,
    /// From the set of epoch 2 on, with the delegations.
    later: Share,
}

/// A part of the power.
#[derive(Clone, Copy)]
struct Share {
    power: u128,
    total: u128,
}

impl Share {
    fn text(self) -> String {
        let tenths = self.power.saturating_mul(1_000).checked_div(self.total);
        let tenths = tenths.unwrap_or(0);
        format!("{}.{} %", tenths / 10, tenths % 10)
    }

    /// Whether it is a third of the power or more, and whether it is more than two thirds.
    fn warns(self) -> Option<&'static str> {
        let part = self.power.saturating_mul(3);
        if part > self.total.saturating_mul(2) {
            Some(
                "more than two thirds of the power: it alone decides on everything, and can take all money of the network",
            )
        } else if part >= self.total {
            Some("a third of the power or more: it alone can stop the network")
        } else {
            None
        }
    }
}

impl Table {
    pub(super) fn of(agreed: &Agreed) -> Self {
        let genesis = &agreed.genesis;
        let unit = genesis.parameters.unit;
        let power = |stake: u128| stake.checked_div(unit).unwrap_or(0);
        let operators: Vec<_> = genesis
            .operators
            .iter()
            .map(|operator| (operator, delegated_to(genesis, operator)))
            .collect();
        let whole = |(operator, delegated): &(&Operator, u128)| {
            power(operator.stake.saturating_add(*delegated))
        };
        let first = operators.iter().map(|(operator, _)| power(operator.stake));
        let total = first.fold(0, u128::saturating_add);
        let later = operators.iter().map(whole).fold(0, u128::saturating_add);
        let rows = operators.iter().map(|both| {
            let (operator, delegated) = both;
            let power = power(operator.stake);
            Row {
                operator: Address::from(operator.operator).to_string(),
                stake: amount::show(operator.stake, DECIMALS),
                delegated: amount::show(*delegated, DECIMALS),
                checkpoint_key: hex::encode(operator.checkpoint_key),
                power,
                share: Share { power, total },
                later: Share {
                    power: whole(both),
                    total: later,
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
                "{} with {} coins, {} of the power, checkpoint key {key}…, and with the {} coins of genesis delegations behind it {} from epoch 2 on",
                row.operator,
                row.stake,
                row.share.text(),
                row.delegated,
                row.later.text()
            )
        });
        rows.collect::<Vec<_>>().join("; ")
    }

    /// What people should know before they agree, a sentence each.
    fn warnings(&self) -> Vec<String> {
        self.rows.iter().flat_map(Row::warnings).collect()
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
        let columns = [
            "operator",
            "stake",
            "delegated",
            "power",
            "share",
            "later_share",
        ];
        output.rows("operators", &columns, &rows);
        self.warn(output);
    }

    fn warn(&self, output: Output) {
        for warning in self.warnings() {
            output.say(&format!("warning: {warning}"));
        }
    }
}

impl Row {
    fn warnings(&self) -> Vec<String> {
        let (first, later) = (self.share.warns(), self.later.warns());
        let first = first.map(|what| format!("operator {} has {what}", self.operator));
        let later = later.map(|what| {
            format!(
                "operator {} has, from epoch 2 on with the genesis delegations behind it, {what}",
                self.operator
            )
        });
        // Said once where nobody delegates.
        let later = later.filter(|_| self.later.power != self.power || first.is_none());
        first.into_iter().chain(later).collect()
    }

    fn object(&self) -> Value {
        json!({
            "operator": self.operator,
            "stake": self.stake,
            "delegated": self.delegated,
            "power": self.power.to_string(),
            "share": self.share.text(),
            "later_share": self.later.text(),
            "checkpoint_key": self.checkpoint_key,
        })
    }
}

/// What the genesis delegations put behind an operator.
fn delegated_to(genesis: &Genesis, operator: &Operator) -> u128 {
    let behind = genesis
        .delegations
        .iter()
        .filter(|one| one.operator == operator.operator);
    behind.map(|one| one.amount).fold(0, u128::saturating_add)
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
            rows.push(self.standing(number, wanted, share).await?);
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
            "delegated",
            "later_share",
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
                "this plan with these registrations gives agreement {agreement}. When you have checked the operators, their stakes and their shares, the bond, the balances and the delegations, and that the \
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
        share: Option<&Row>,
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
    share: Option<&Row>,
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
        "share": share.map(|row| row.share.text()),
        "delegated": share.map(|row| row.delegated.as_str()),
        "later_share": share.map(|row| row.later.text()),
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

    /// An operator with half of the power at first, and a part of it later.
    fn standing(first: u128, later: u128) -> Row {
        Row {
            operator: "0x1".into(),
            stake: "1".into(),
            delegated: "2".into(),
            checkpoint_key: "03".into(),
            power: first,
            share: Share {
                power: first,
                total: 2,
            },
            later: Share {
                power: later,
                total: 3,
            },
        }
    }

    #[test]
    fn who_could_stop_or_take_the_network_is_named_with_the_delegations_too() {
        let shown = standing(1, 2).object();
        assert_eq!(
            shown,
            json!({
                "operator": "0x1", "stake": "1", "delegated": "2", "power": "1", "share": "50.0 %", "later_share": "66.6 %",
                "checkpoint_key": "03",
            })
        );
        for (first, later, said) in [
            (0, 0, &[][..]),
            (
                0,
                1,
                &["from epoch 2 on with the genesis delegations behind it, a third"],
            ),
            (
                0,
                3,
                &["from epoch 2 on with the genesis delegations behind it, more than two"],
            ),
            (1, 1, &["has a third"]),
            (
                1,
                3,
                &[
                    "has a third",
                    "from epoch 2 on with the genesis delegations behind it, more than two",
                ],
            ),
            (2, 0, &["has more than two"]),
        ] {
            let warnings = standing(first, later).warnings();
            assert_eq!(warnings.len(), said.len(), "{warnings:?}");
            for (warning, words) in warnings.iter().zip(said) {
                assert!(warning.contains(words), "{warning}");
            }
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
                    "share": "50.0 %", "delegated": "2", "later_share": "66.6 %", "agreed": agreed, "locked_until": 8,
                });
                let shown = row(&member, &found, wanted, Some(&standing(1, 2)));
                assert_eq!(shown, expected);
            }
        }
    }
}
