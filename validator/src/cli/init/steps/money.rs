//! The money that a plan makes others pay: every operator its bond, and whoever creates the contracts the genesis balances.

use serde_json::{Value, json};

use super::super::DECIMALS;
use crate::{
    cli::{CliError, amount},
    ledger::Account,
    node::founding::{FoundingError, Plan},
};

/// What a plan asks for, in wei.
pub(super) struct Money {
    /// What each operator sends on top of its stake.
    pub bond: u128,
    /// Who has how much from the first block.
    balances: Vec<(Account, u128)>,
    /// All balances together.
    pub paid: u128,
}

impl Money {
    pub(super) fn of(plan: &Plan) -> Result<Self, FoundingError> {
        let balances = plan.balances()?;
        let wei = balances.iter().map(|(_, wei)| *wei);
        Ok(Self {
            bond: plan.bond_wei,
            paid: wei.fold(0, u128::saturating_add),
            balances,
        })
    }

    /// All balances together, in coins.
    pub(super) fn paid_text(&self) -> String {
        amount::show(self.paid, DECIMALS)
    }

    /// One sentence of both.
    pub(super) fn sentence(&self) -> String {
        let bond = amount::show(self.bond, DECIMALS);
        let entries = self.balances.iter();
        let entries: Vec<_> = entries
            .map(|(account, wei)| format!("{account} has {} coins", amount::show(*wei, DECIMALS)))
            .collect();
        let balances = match entries.is_empty() {
            true => "no account has coin from the first block".to_owned(),
            false => format!(
                "whoever runs `plasmid init create` pays in the genesis balances, {} coins: {}",
                self.paid_text(),
                entries.join(", ")
            ),
        };
        format!("each operator sends a bond of {bond} coins with its stake; {balances}")
    }

    /// Puts both beside the fields of `object`.
    pub(super) fn add_to(&self, object: &mut Value) {
        let rows = self.balances.iter().map(|(account, wei)| {
            json!({ "account": account.to_string(), "amount": amount::show(*wei, DECIMALS) })
        });
        object["bond"] = amount::show(self.bond, DECIMALS).into();
        object["balances"] = rows.collect::<Vec<_>>().into();
        object["balances_sum"] = self.paid_text().into();
    }

    /// Refuses to pay another sum than the person named.
    pub(super) fn require(&self, named: Option<&str>) -> Result<(), CliError> {
        let named = named.map_or(Ok(0), |text| amount::parse(text, DECIMALS))?;
        if named == self.paid {
            return Ok(());
        }
        Err(CliError::new(format!(
            "the key that creates the contracts pays in the plan's genesis balances, {} coins, and you allowed {}: nothing was sent. {}; \
             if that is what you want to pay, name the sum: --pay {}",
            self.paid_text(),
            amount::show(named, DECIMALS),
            self.sentence(),
            self.paid_text()
        )))
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::Address;
    use plasmid_bridge::client::wallet::ETHER;

    use super::*;
    use crate::{ledger::Parameters, node::founding::Balance};

    #[test]
    fn a_plans_sums_are_shown_and_paid_only_when_they_are_named() {
        let coin = u128::try_from(ETHER).expect("a coin");
        let operators = vec![Address::repeat_byte(1)];
        let mut plan = Plan::new(Parameters::local(), 2, operators);
        let none = Money::of(&plan).expect("a plan");
        assert!(none.require(None).is_ok() && none.require(Some("1")).is_err());
        plan.bond_wei = 7 * coin;
        for (byte, coins) in [(2, 40), (3, 2)] {
            plan.balances.push(Balance {
                account: Account::ethereum([byte; 20]).to_string(),
                wei: coins * coin,
            });
        }
        let money = Money::of(&plan).expect("a plan");
        let said = money.sentence();
        let mut shown = json!({});
        money.add_to(&mut shown);
        for words in ["bond of 7 coins", "42 coins", "has 40 coins", "has 2 coins"] {
            assert!(said.contains(words), "{said}");
        }
        assert_eq!(shown["bond"], "7");
        assert_eq!(shown["balances_sum"], "42");
        assert_eq!(shown["balances"].as_array().map(Vec::len), Some(2));
        assert!(money.require(Some("42")).is_ok());
        for named in [None, Some("0"), Some("41"), Some("43")] {
            let refused = money.require(named).expect_err("another sum").to_string();
            assert!(refused.contains("--pay 42"), "{refused}");
        }
    }
}
