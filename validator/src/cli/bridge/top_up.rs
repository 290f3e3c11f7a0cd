//! `plasmid bridge top-up`: adds to the bounty bond of a registration.

use alloy_primitives::{Address, U256};
use clap::Args;
use plasmid_bridge::client::registration;
use serde_json::json;

use super::{LOST, NATIVE_DECIMALS, beside, on_final_root};
use crate::{
    cli::{
        CliError, amount, connect::Connection, init::SecondRoot, keys::KeyOptions, output::Output,
    },
    ledger::address,
};

/// Whose bond, and by how much. It has no `Debug`: an endpoint may hold a provider's key.
#[derive(Args)]
pub struct TopUpCommand {
    /// The key on root that pays.
    #[arg(long)]
    from: String,
    /// The number of the registration, as `plasmid bridge register` printed it.
    #[arg(long, value_name = "NUMBER")]
    registration: u64,
    /// The operator's address on root [default: that of the key that pays].
    #[arg(long, value_parser = address::parse)]
    operator: Option<Address>,
    /// Coins that are added to the bond.
    #[arg(long)]
    amount: String,
    #[command(flatten)]
    second: SecondRoot,
}

/// Runs `plasmid bridge top-up`.
///
/// # Errors
/// What root refused.
pub async fn run(
    command: &TopUpCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let (deployment, wallet) = on_final_root(connection, keys, &command.from).await?;
    deployment.refuse_closing(wallet.rpc()).await?;
    let registry = connection.registry()?;
    beside(&command.second, &wallet, (&deployment, registry), 0, LOST).await?;
    let operator = command.operator.unwrap_or(wallet.address());
    let number = command.registration;
    let entry = registration::read(wallet.rpc(), registry, operator, number).await?;
    let entry = entry.ok_or_else(|| {
        CliError::new(format!(
            "operator {operator} has no registration {number}: nothing was sent; name its operator with --operator"
        ))
    })?;
    let units = amount::parse(&command.amount, NATIVE_DECIMALS)?;
    output.tell(&format!(
        "this adds {} coins to the bond of registration {number} of operator {operator}, which is {} wei; nobody can take a bond back yet",
        amount::show(units, NATIVE_DECIMALS),
        entry.bond
    ));
    let progress = output.progress("raising the bond on root");
    let units = U256::from(units);
    let done = registration::top_up(&wallet, registry, operator, number, units).await;
    progress.finish_and_clear();
    let (bond, receipt) = done?;
    output.object(&json!({
        "operator": operator.to_string(),
        "registration": number,
        "added": units.to_string(),
        "bond": bond.to_string(),
        "root_transaction": receipt.hash.to_string(),
        "root_block": receipt.block,
    }));
    Ok(())
}
