//! The table of operators that `init status` and `init agree` show: who has which share of the power.

use alloy_primitives::Address;
use serde_json::{Value, json};

use super::super::DECIMALS;
use crate::{
    chain::genesis::{Genesis, Operator},
    cli::{amount, output::Output},
    node::founding::AgreedGenesis,
};

/// Everybody's stake, keys and share of the power in the set of a genesis.
pub(super) struct OperatorTable {
    pub(super) rows: Vec<OperatorRow>,
}

pub(super) struct OperatorRow {
    operator: String,
    stake: String,
    /// What the genesis delegations put behind it, in coins.
    pub(super) delegated: String,
    checkpoint_key: String,
    /// Commission, maximum and greatest change, in 1/10,000.
    rates: [u16; 3],
    power: u128,
    /// In the sets of epochs 0 and 1.
    pub(super) share: PowerShare,
    /// From the set of epoch 2 on, with the delegations.
    pub(super) later: PowerShare,
}

/// A part of the power.
#[derive(Clone, Copy)]
pub(super) struct PowerShare {
    power: u128,
    total: u128,
}

impl PowerShare {
    pub(super) fn text(self) -> String {
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

impl OperatorTable {
    pub(super) fn of(agreed: &AgreedGenesis) -> Self {
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
            OperatorRow {
                operator: Address::from(operator.operator).to_string(),
                stake: amount::show(operator.stake, DECIMALS),
                delegated: amount::show(*delegated, DECIMALS),
                checkpoint_key: hex::encode(operator.checkpoint_key),
                rates: rates(genesis, operator),
                power,
                share: PowerShare { power, total },
                later: PowerShare {
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
            let [commission, most, step] = row.rates;
            format!(
                "{} with {} coins, {} of the power, commission {commission} of 10,000 (at most {most}, by at most {step} a change), checkpoint key {key}…, and with the {} coins of genesis delegations behind it {} from epoch 2 on",
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
    pub(super) fn warnings(&self) -> Vec<String> {
        self.rows.iter().flat_map(OperatorRow::warnings).collect()
    }

    /// Shows it beside the fields of `object`.
    pub(super) fn show(&self, output: Output, object: &mut Value) {
        let rows: Vec<_> = self.rows.iter().map(OperatorRow::object).collect();
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
            "commission",
            "max_commission",
            "commission_step",
        ];
        output.rows("operators", &columns, &rows);
        self.warn(output);
    }

    pub(super) fn warn(&self, output: Output) {
        for warning in self.warnings() {
            output.say(&format!("warning: {warning}"));
        }
    }
}

impl OperatorRow {
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
        let [commission, most, step] = self.rates;
        json!({
            "operator": self.operator,
            "stake": self.stake,
            "delegated": self.delegated,
            "power": self.power.to_string(),
            "share": self.share.text(),
            "later_share": self.later.text(),
            "commission": commission,
            "max_commission": most,
            "commission_step": step,
            "checkpoint_key": self.checkpoint_key,
        })
    }
}

/// What the line of an operator begins with.
fn rates(genesis: &Genesis, operator: &Operator) -> [u16; 3] {
    let (opening, given) = (&operator.opening, &genesis.parameters);
    [
        opening.commission,
        opening.max_commission.unwrap_or(given.max_commission_bps),
        opening.commission_step.unwrap_or(given.commission_step_bps),
    ]
}

/// What the genesis delegations put behind an operator.
fn delegated_to(genesis: &Genesis, operator: &Operator) -> u128 {
    let behind = genesis
        .delegations
        .iter()
        .filter(|one| one.operator == operator.operator);
    behind.map(|one| one.amount).fold(0, u128::saturating_add)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An operator with half of the power at first, and a part of it later.
    pub fn standing(first: u128, later: u128) -> OperatorRow {
        OperatorRow {
            operator: "0x1".into(),
            stake: "1".into(),
            delegated: "2".into(),
            checkpoint_key: "03".into(),
            rates: [4, 5, 6],
            power: first,
            share: PowerShare {
                power: first,
                total: 2,
            },
            later: PowerShare {
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
                "checkpoint_key": "03", "commission": 4, "max_commission": 5, "commission_step": 6,
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
}
