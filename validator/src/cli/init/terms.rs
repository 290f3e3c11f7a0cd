//! What `init plan` takes of each operator's line and name.

use alloy_primitives::Address;

use crate::{
    cli::CliError,
    ledger::address,
    node::founding::{FounderTerms, Plan},
};

/// Adds commissions, as `OPERATOR=COMMISSION[=MAX[=STEP]]` in 1/10,000, and names, as `OPERATOR=NAME`.
pub(super) fn add(
    plan: &mut Plan,
    commissions: &[String],
    names: &[String],
) -> Result<(), CliError> {
    for text in commissions {
        let refused = |why: &str| CliError::new(format!("commission {text:?}: {why}"));
        let form = "it must be OPERATOR=COMMISSION, OPERATOR=COMMISSION=MAX or OPERATOR=COMMISSION=MAX=STEP, in 1/10,000";
        let mut parts = text.split('=');
        let operator = parts.next().unwrap_or_default();
        let operator = address::parse(operator).map_err(|error| refused(&error.to_string()))?;
        let rates = parts.map(str::parse).collect::<Result<Vec<u16>, _>>();
        let rates = rates.map_err(|_| refused(form))?;
        let (&commission, bounds) = rates.split_first().ok_or_else(|| refused(form))?;
        if bounds.len() > 2 {
            return Err(refused(form));
        }
        if of(plan, operator).commission != 0 {
            return Err(refused("this operator's is named twice"));
        }
        let terms = of(plan, operator);
        terms.commission = commission;
        terms.max_commission = bounds.first().copied();
        terms.commission_step = bounds.get(1).copied();
    }
    for text in names {
        let refused = |why: &str| CliError::new(format!("name {text:?}: {why}"));
        let parts = text.split_once('=');
        let (operator, name) = parts.ok_or_else(|| refused("it must be OPERATOR=NAME"))?;
        let operator = address::parse(operator).map_err(|error| refused(&error.to_string()))?;
        name.clone_into(&mut of(plan, operator).name);
    }
    Ok(())
}

/// The terms of an operator, which begin here where there are none.
fn of(plan: &mut Plan, operator: Address) -> &mut FounderTerms {
    let known = plan
        .terms
        .iter()
        .position(|terms| terms.operator == operator);
    let place = known.unwrap_or(plan.terms.len());
    if known.is_none() {
        plan.terms.push(FounderTerms::of(operator));
    }
    &mut plan.terms[place]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Parameters;

    #[test]
    fn commissions_and_names_of_a_plan_are_read_and_what_is_neither_is_refused() {
        let [first, second] = [1, 2].map(Address::repeat_byte);
        let plan = || Plan::new(Parameters::local(), 2, vec![first, second]);
        let texts = |texts: &[String]| texts.to_vec();
        let mut filled = plan();
        let commissions = texts(&[format!("{first}=500=2000=100"), format!("{second}=7")]);
        add(&mut filled, &commissions, &[format!("{second}=Two = 2")]).expect("they are read");
        filled.check().expect("a plan");
        let [one, two] = &filled.terms[..] else {
            panic!("two operators have terms");
        };
        let expected = (500, Some(2_000), Some(100));
        assert_eq!(
            (one.commission, one.max_commission, one.commission_step),
            expected
        );
        assert_eq!(
            (two.commission, two.max_commission, two.name.as_str()),
            (7, None, "Two = 2")
        );
        for (commission, why) in [
            (format!("{first}"), "OPERATOR=COMMISSION"),
            (format!("{first}=1=2=3=4"), "OPERATOR=COMMISSION"),
            (format!("{first}=70000"), "OPERATOR=COMMISSION"),
            (format!("{first}=5 %"), "OPERATOR=COMMISSION"),
            ("0x12=5".to_owned(), "40 hexadecimal digits"),
        ] {
            let said = add(&mut plan(), &[commission], &[])
                .expect_err("refused")
                .to_string();
            assert!(said.contains(why), "{said}");
        }
        let twice = texts(&[format!("{first}=5"), format!("{first}=6")]);
        assert!(add(&mut plan(), &twice, &[]).is_err());
        assert!(add(&mut plan(), &[], &["Two".to_owned()]).is_err());
    }
}
