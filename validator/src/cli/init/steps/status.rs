//! `plasmid init status`: how far a founding has come.

use alloy_primitives::{B256, U256};
use plasmid_bridge::abi::IRegistry;
use serde_json::{Value, json};

use super::{
    super::DECIMALS,
    InitStep,
    begun::Begun,
    money::Money,
    preset::Differences,
    table::{OperatorRow, OperatorTable},
};
use crate::{
    cli::{CliError, amount},
    node::founding::{self, FounderTerms, FoundingError, Plan},
};

impl InitStep {
    pub(in crate::cli::init) async fn status(&self) -> Result<(), CliError> {
        self.is_deployed().await?;
        let (agreed, problem) =
            match founding::agreed(self.endpoints(), self.registry, &self.plan).await {
                Ok(agreed) => (Some(agreed), None),
                Err(FoundingError::Unregistered(_)) => (None, None),
                // All have registered, and no genesis follows: whoever it is due to is found among the rows.
                Err(FoundingError::Genesis(error)) => (None, Some(error.to_string())),
                Err(error) => return Err(error.into()),
            };
        let wanted = agreed.as_ref().map(|agreed| agreed.agreement);
        let table = agreed.as_ref().map(OperatorTable::of);
        let money = Money::of(&self.plan)?;
        let differences = Differences::of(&self.plan)?;
        let mut rows = Vec::new();
        for number in 0..self.plan.operators.len() {
            let share = table.as_ref().and_then(|table| table.rows.get(number));
            let mut row = self.standing(number, wanted, share).await?;
            add_terms(&self.plan, number, &mut row);
            rows.push(row);
        }
        let creation = self.read(IRegistry::creationCall {}).await?;
        let (made, steps) = (creation.made, creation.steps);
        let agreement = wanted.map(|hash| hash.to_string());
        if self.output.is_json() {
            let warnings = table
                .as_ref()
                .map(OperatorTable::warnings)
                .unwrap_or_default();
            let texts = [agreement.as_deref(), problem.as_deref()];
            let mut object = shown(texts, &rows, &warnings, &creation);
            money.add_to(&mut object);
            differences.add_to(&mut object);
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
            "commission",
            "max_commission",
            "commission_step",
            "name",
            "agreed",
            "locked_until",
        ];
        self.output.rows("operators", &columns, &rows);
        if let Some(table) = &table {
            table.warn(self.output);
        }
        if let Some(problem) = problem {
            self.output.say(&format!(
                "no genesis follows from these registrations: {problem}"
            ));
        }
        self.output.say(&money.sentence());
        differences.say(self.output);
        if made == steps {
            self.output
                .say("the network is created: `plasmid init join` makes a node's folder");
            return Ok(());
        }
        if let Some(agreement) = agreement {
            self.output.say(&format!(
                "this plan with these registrations gives agreement {agreement}. When you have checked the operators, their stakes, their shares and what they begin with (commissions in 1/10,000), the bond, the parameters, the balances and the delegations, and that the \
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
        share: Option<&OperatorRow>,
    ) -> Result<Value, CliError> {
        let index = U256::from(number);
        let member = self.read(IRegistry::memberAtCall { index }).await?;
        let operator = member.operator;
        let found = self.read(IRegistry::agreementByCall { operator }).await?;
        Ok(row(&member, &found, wanted, share))
    }
}

/// Adds what an operator of the plan begins with to its row: the commissions in 1/10,000.
fn add_terms(plan: &Plan, number: usize, row: &mut Value) {
    let operator = plan.operators.get(number);
    let terms = operator.and_then(|operator| plan.terms_of(operator));
    let opening = terms.map(FounderTerms::opening).unwrap_or_default();
    let given = &plan.parameters;
    row["commission"] = opening.commission.into();
    row["max_commission"] = opening
        .max_commission
        .unwrap_or(given.max_commission_bps)
        .into();
    row["commission_step"] = opening
        .commission_step
        .unwrap_or(given.commission_step_bps)
        .into();
    row["name"] = terms.map(|terms| terms.name.as_str()).into();
}

/// How far the founding has come, for programs.
fn shown(
    [agreement, problem]: [Option<&str>; 2],
    operators: &[Value],
    warnings: &[String],
    creation: &IRegistry::creationReturn,
) -> Value {
    let made = creation.made;
    json!({
        "agreement": agreement,
        // Why no genesis follows though all have registered.
        "problem": problem,
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
    share: Option<&OperatorRow>,
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
    use alloy_primitives::Address;

    use super::{super::table::tests::standing, *};
    use crate::ledger::Parameters;

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
                "agreement": "0x01", "problem": "low", "operators": [5], "warnings": warnings, "steps_made": made.to_string(), "steps": "3",
                "creation_until": until,
            });
            let found = shown(
                [Some("0x01"), Some("low")],
                &[json!(5)],
                &warnings,
                &creation,
            );
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn an_operator_is_shown_with_what_it_begins_with() {
        let operators = vec![Address::repeat_byte(1), Address::repeat_byte(2)];
        let mut plan = Plan::new(Parameters::local(), 2, operators);
        plan.terms.push(FounderTerms {
            commission: 500,
            commission_step: Some(20),
            name: "Two".into(),
            ..FounderTerms::of(plan.operators[1])
        });
        let most = plan.parameters.max_commission_bps;
        let step = plan.parameters.commission_step_bps;
        for (number, expected) in [
            (
                0,
                json!({ "commission": 0, "max_commission": most, "commission_step": step, "name": null }),
            ),
            (
                1,
                json!({ "commission": 500, "max_commission": most, "commission_step": 20, "name": "Two" }),
            ),
        ] {
            let mut row = json!({});
            add_terms(&plan, number, &mut row);
            assert_eq!(row, expected);
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
