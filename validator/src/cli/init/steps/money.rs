//! The money that a plan makes others pay: every operator its bond, and whoever creates the contracts the genesis balances and delegations.

use serde_json::{Value, json};

use alloy_primitives::Address;

use super::super::DECIMALS;
use crate::{
    chain::genesis::Backing,
    cli::{CliError, amount},
    ledger::Account,
    node::founding::{FoundingError, Plan},
};

/// How many balances, and how many delegations, one sentence names.
const NAMED: usize = 20;

/// What a plan asks for, in wei.
pub(super) struct Money {
    /// What each operator sends on top of its stake.
    pub bond: u128,
    /// Seconds for which an agreement locks stake and bond.
    lock_secs: u64,
    /// Who has how much from the first block.
    balances: Vec<(Account, u128)>,
    /// Who has how much behind whom from the first block.
    delegations: Vec<Backing>,
    /// All balances together.
    balances_sum: u128,
    /// All delegations together.
    delegations_sum: u128,
    /// Both together.
    pub paid: u128,
}

impl Money {
    pub(super) fn of(plan: &Plan) -> Result<Self, FoundingError> {
        let balances = plan.balances()?;
        let delegations = plan.delegations()?;
        let owned = balances.iter().map(|(_, wei)| *wei);
        let balances_sum = owned.fold(0, u128::saturating_add);
        let staked = delegations.iter().map(|one| one.amount);
        let delegations_sum = staked.fold(0, u128::saturating_add);
        Ok(Self {
            bond: plan.bond_wei,
            lock_secs: plan.lock_secs,
            paid: balances_sum.saturating_add(delegations_sum),
            balances,
            delegations,
            balances_sum,
            delegations_sum,
        })
    }

    /// All balances and delegations together, in coins.
    pub(super) fn paid_text(&self) -> String {
        amount::show(self.paid, DECIMALS)
    }

    /// One sentence of all.
    pub(super) fn sentence(&self) -> String {
        let bond = amount::show(self.bond, DECIMALS);
        let owned = self
            .balances
            .iter()
            .map(|(account, wei)| format!("{account} has {} coins", amount::show(*wei, DECIMALS)));
        let staked = self.delegations.iter().map(|one| {
            let (coins, operator) = (
                amount::show(one.amount, DECIMALS),
                Address::from(one.operator),
            );
            format!("{} has {coins} coins behind {operator}", one.owner)
        });
        let paid = match self.paid {
            0 => "no account has coin or stake from the first block".to_owned(),
            _ => format!(
                "whoever runs `plasmid init create` pays in the genesis balances, {} coins, and the genesis delegations, {} coins: {}",
                amount::show(self.balances_sum, DECIMALS),
                amount::show(self.delegations_sum, DECIMALS),
                named(owned, self.balances.len())
                    .chain(named(staked, self.delegations.len()))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        };
        format!(
            "each operator sends a bond of {bond} coins with its stake; agreeing locks both for {} seconds ({} days), and a creation that has \
             begun can lock them for as long again; {paid}",
            self.lock_secs,
            self.lock_secs / 86_400
        )
    }

    /// Puts all beside the fields of `object`.
    pub(super) fn add_to(&self, object: &mut Value) {
        let rows = self.balances.iter().map(|(account, wei)| {
            json!({ "account": account.to_string(), "amount": amount::show(*wei, DECIMALS) })
        });
        object["bond"] = amount::show(self.bond, DECIMALS).into();
        object["lock_secs"] = self.lock_secs.into();
        object["balances"] = rows.collect::<Vec<_>>().into();
        object["balances_sum"] = amount::show(self.balances_sum, DECIMALS).into();
        let rows = self.delegations.iter().map(|one| {
            json!({
                "owner": one.owner.to_string(),
                "operator": Address::from(one.operator).to_string(),
                "amount": amount::show(one.amount, DECIMALS),
            })
        });
        object["delegations"] = rows.collect::<Vec<_>>().into();
        object["delegations_sum"] = amount::show(self.delegations_sum, DECIMALS).into();
        object["paid"] = self.paid_text().into();
    }

    /// Refuses to pay another sum than the person named.
    pub(super) fn require(&self, named: Option<&str>) -> Result<(), CliError> {
        let named = named.map_or(Ok(0), |text| amount::parse(text, DECIMALS))?;
        if named == self.paid {
            return Ok(());
        }
        Err(CliError::new(format!(
            "the key that creates the contracts pays in the plan's genesis balances and delegations, {} coins, and you allowed {}: nothing was sent. {}; \
             if that is what you want to pay, name the sum: --pay {}",
            self.paid_text(),
            amount::show(named, DECIMALS),
            self.sentence(),
            self.paid_text()
        )))
    }
}

/// The first entries, and how many more there are.
fn named(entries: impl Iterator<Item = String>, count: usize) -> impl Iterator<Item = String> {
    let more = count.checked_sub(NAMED).filter(|more| *more > 0);
    entries
        .take(NAMED)
        .chain(more.map(|more| format!("and {more} more, which the plan lists")))
}

#[cfg(test)]
mod tests {
    use plasmid_bridge::client::wallet::ETHER;

    use super::*;
    use crate::{
        ledger::Parameters,
        node::founding::{Balance, Delegated},
    };

    #[test]
    fn a_plans_sums_are_shown_and_paid_only_when_they_are_named() {
        let coin = u128::try_from(ETHER).expect("a coin");
        let operators = vec![Address::repeat_byte(1)];
        let mut plan = Plan::new(Parameters::local(), 2, operators);
        let none = Money::of(&plan).expect("a plan");
        assert!(none.require(None).is_ok() && none.require(Some("1")).is_err());
        plan.bond_wei = 7 * coin;
        plan.lock_secs = 30 * 86_400;
        for (byte, coins) in [(2, 40), (3, 2)] {
            plan.balances.push(Balance {
                account: Account::ethereum([byte; 20]).to_string(),
                wei: coins * coin,
            });
        }
        plan.delegations.push(Delegated {
            owner: Account::ethereum([4; 20]).to_string(),
            operator: plan.operators[0],
            wei: 5 * coin,
        });
        let money = Money::of(&plan).expect("a plan");
        let said = money.sentence();
        let mut shown = json!({});
        money.add_to(&mut shown);
        let behind = format!("has 5 coins behind {}", plan.operators[0]);
        for words in [
            "bond of 7 coins",
            "locks both for 2592000 seconds (30 days)",
            "balances, 42 coins",
            "delegations, 5 coins",
            "has 40 coins",
            "has 2 coins",
            &behind,
        ] {
            assert!(said.contains(words), "{said}");
        }
        assert_eq!(shown["bond"], "7");
        assert_eq!(shown["lock_secs"], 30 * 86_400);
        assert_eq!(shown["balances_sum"], "42");
        assert_eq!(shown["balances"].as_array().map(Vec::len), Some(2));
        assert_eq!(
            shown["delegations"],
            json!([{ "owner": Account::ethereum([4; 20]).to_string(), "operator": plan.operators[0].to_string(), "amount": "5" }])
        );
        assert_eq!(
            (&shown["delegations_sum"], &shown["paid"]),
            (&"5".into(), &"47".into())
        );
        assert!(money.require(Some("47")).is_ok());
        for named in [None, Some("0"), Some("42"), Some("48")] {
            let refused = money.require(named).expect_err("another sum").to_string();
            assert!(refused.contains("--pay 47"), "{refused}");
        }
        // A plan may list thousands; a person reads the first ones, and a program all.
        for number in 0..30u8 {
            plan.balances.push(Balance {
                account: Account::ethereum([0x40 + number; 20]).to_string(),
                wei: coin,
            });
        }
        let said = Money::of(&plan).expect("a plan").sentence();
        assert!(said.contains("and 12 more, which the plan lists"), "{said}");
    }
}
