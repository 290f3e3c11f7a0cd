//! What a command pays on root, at most.

use clap::Args;
use plasmid_bridge::client::wallet::{FeePolicy, Options};

use super::{CliError, amount, output};

/// Decimals of a gwei and of a coin in wei.
const GWEI_DECIMALS: u32 = 9;
const COIN_DECIMALS: u32 = 18;

/// Bounds of what is paid on root.
#[derive(Args)]
pub struct FeeOptions {
    /// The highest price that is offered per gas, base fee and tip together, in gwei (1.5); while root costs more, nothing is sent.
    #[arg(long, value_name = "GWEI", default_value = "500")]
    max_fee: String,
    /// The highest sum that the gas of one transaction may cost, in coins (0.05) [default: no limit but --max-fee].
    #[arg(long, value_name = "COINS")]
    max_cost: Option<String>,
    /// The largest tip per gas that is paid when the root node suggests one, in gwei; what replaces a transaction offers up to twice that. Up to
    /// 2 is paid back to whoever is paid its gas: by the child for a checkpoint, by the culprit's bond for a report.
    #[arg(long, value_name = "GWEI", default_value = "2")]
    max_tip: String,
}

impl FeeOptions {
    /// A sum that many transactions may cost together, in wei.
    ///
    /// # Errors
    /// That it is no amount.
    pub fn budget(&self, text: Option<&str>) -> Result<Option<u128>, CliError> {
        text.map(|text| amount::parse(text, COIN_DECIMALS))
            .transpose()
    }

    /// The policy of a wallet.
    ///
    /// # Errors
    /// Which of them is no amount.
    pub fn spending(&self) -> Result<FeePolicy, CliError> {
        let max_tip = amount::parse(&self.max_tip, GWEI_DECIMALS)?;
        let max_cost = self.max_cost.as_deref();
        Ok(FeePolicy {
            max_fee: amount::parse(&self.max_fee, GWEI_DECIMALS)?,
            max_cost: max_cost
                .map(|text| amount::parse(text, COIN_DECIMALS))
                .transpose()?,
            max_tip,
            min_tip: FeePolicy::default().min_tip.min(max_tip),
            options: Some(Options {
                max_fee: "--max-fee",
                max_tip: Some("--max-tip"),
                max_cost: Some("--max-cost"),
            }),
            ..FeePolicy::default()
        })
    }
}

/// The option of [`once`].
const MAX_ROOT_FEE: &str = "--max-root-fee";
/// Gas for which a price is shown in coins: what a claim, an exit or a deposit takes is about a tenth to half of it.
const SHOWN_GAS: u128 = 1_000_000;

/// What a command pays that sends a transaction and ends. More than the default is asked about where a person is there to answer: whoever
/// named it in a script has said so.
///
/// # Errors
/// That it is no amount, or that the answer was not yes.
pub fn once(max_fee: Option<&str>) -> Result<FeePolicy, CliError> {
    let policy = FeePolicy::default();
    let Some(max_fee) = max_fee else {
        return Ok(within(policy, policy.max_fee));
    };
    let named = amount::parse(max_fee, GWEI_DECIMALS)?;
    if named > policy.max_fee {
        let cost = named.saturating_mul(SHOWN_GAS);
        output::ask_if_there(&format!(
            "{MAX_ROOT_FEE} allows {max_fee} gwei per gas, above the usual limit of {}: a million gas may cost up to {} coins. Go on?",
            amount::show(policy.max_fee, GWEI_DECIMALS),
            amount::show(cost, COIN_DECIMALS)
        ))?;
    }
    Ok(within(policy, named))
}

fn within(policy: FeePolicy, max_fee: u128) -> FeePolicy {
    FeePolicy {
        max_fee,
        options: Some(Options {
            max_fee: MAX_ROOT_FEE,
            max_tip: None,
            max_cost: None,
        }),
        ..policy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_transaction_offers_up_to_the_named_price_and_without_one_up_to_500_gwei() {
        let gwei = |number: u128| number * 1_000_000_000;
        for (named, most) in [
            (None, gwei(500)),
            (Some("30"), gwei(30)),
            (Some("500"), gwei(500)),
            (Some("900.5"), gwei(900) + 500_000_000),
        ] {
            let policy = once(named).expect("no terminal asks in a test");
            assert_eq!(policy.max_fee, most);
            let option = policy.options.map(|options| options.max_fee);
            assert_eq!(option, Some("--max-root-fee"));
            assert_eq!(policy.max_tip, FeePolicy::default().max_tip);
        }
        for wrong in ["", "-1", "x", "0.0000000001"] {
            assert!(once(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
