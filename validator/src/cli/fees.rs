//! What a command that runs for long pays on root, at most.

use clap::Args;
use plasmid_bridge::client::wallet::{Options, Policy as Spending};

use super::{CliError, amount};

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
    pub fn spending(&self) -> Result<Spending, CliError> {
        let max_tip = amount::parse(&self.max_tip, GWEI_DECIMALS)?;
        let max_cost = self.max_cost.as_deref();
        Ok(Spending {
            max_fee: amount::parse(&self.max_fee, GWEI_DECIMALS)?,
            max_cost: max_cost
                .map(|text| amount::parse(text, COIN_DECIMALS))
                .transpose()?,
            max_tip,
            min_tip: Spending::default().min_tip.min(max_tip),
            options: Some(Options {
                max_fee: "--max-fee",
                max_tip: "--max-tip",
                max_cost: "--max-cost",
            }),
            ..Spending::default()
        })
    }
}
