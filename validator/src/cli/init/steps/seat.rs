//! What an operator's stake must reach.

use super::super::DECIMALS;
use crate::{
    cli::{CliError, amount},
    ledger::Parameters,
};

/// That a stake gets a seat: one below makes no genesis for anybody.
pub(super) fn check(parameters: &Parameters, stake: u128) -> Result<(), CliError> {
    let least = parameters.unit.max(parameters.min_seat);
    match stake < least {
        true => Err(CliError::new(format!(
            "a stake of {} coins is less than a seat needs, {} coins (min_seat of the plan's parameters, and unit at least): nothing was sent",
            amount::show(stake, DECIMALS),
            amount::show(least, DECIMALS)
        ))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stake_that_gets_no_seat_is_not_sent() {
        let mut parameters = Parameters::local();
        for (unit, seat) in [(10, 30), (30, 10)] {
            (parameters.unit, parameters.min_seat) = (unit, seat);
            assert!(check(&parameters, 30).is_ok());
            let refused = check(&parameters, 29).unwrap_err().to_string();
            assert!(refused.contains("min_seat"), "{refused}");
        }
    }
}
