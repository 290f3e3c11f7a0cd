//! `plasmid bridge claim`: withdrawals are paid on root.

use std::{collections::BTreeSet, time::Duration};

use alloy_primitives::Address;
use alloy_sol_types::{SolCall, SolEvent};
use clap::Args;
use plasmid_bridge::{
    abi::IVault,
    client::{rpc::Call, wallet::Wallet},
    relay::seen::Log,
};
use plasmid_proto::bridge::v1::{
    GetWithdrawalRequest, PrepareClaimRequest, Withdrawal, WithdrawalStage,
};
use serde_json::json;

use super::{read, wallet};
use crate::cli::{
    CliError,
    connect::{self, Connection},
    keys::KeyOptions,
    output::Output,
};

/// How often a withdrawal is looked at while it cannot be claimed.
const POLL: Duration = Duration::from_millis(500);

/// Which withdrawals, and who carries them.
#[derive(Clone, Debug, Args)]
pub struct ClaimCommand {
    /// The numbers of the withdrawals.
    #[arg(required = true)]
    numbers: Vec<u64>,
    /// Name of the key that pays for the gas.
    #[arg(long)]
    from: String,
    /// Fails at once where a withdrawal cannot be claimed yet, and does not wait for it.
    #[arg(long)]
    no_wait: bool,
}

/// Runs `plasmid bridge claim`.
///
/// # Errors
/// What root or the node refused, and which withdrawals were not paid.
pub async fn run(
    command: &ClaimCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let numbers = &command.numbers;
    let status = connection.status().await?;
    let vault = connection.deployment(&status).await?.vault;
    let wallet = wallet(connection, keys, &command.from, status.root_chain_id).await?;
    let progress = output.progress("looking at the withdrawals");
    for number in numbers {
        // Nobody should pay gas for what root refuses.
        let withdrawal = get(connection, *number).await?;
        if is_paid(&wallet, vault, &withdrawal).await? {
            return Err(CliError::new(format!(
                "withdrawal {number} was paid to {} before: claim the others without it",
                withdrawal.recipient
            )));
        }
    }
    for number in numbers {
        wait_claimable(connection, *number, !command.no_wait, &progress).await?;
    }
    progress.set_message("claiming on root");
    let request = PrepareClaimRequest {
        withdrawals: numbers.clone(),
    };
    let mut client = connection.bridge().await?;
    let prepared = client.prepare_claim(request).await?.into_inner();
    let call = prepared
        .call
        .ok_or_else(|| CliError::new("the node answered without a call"))?;
    // A claim pays only the recipients in its leaves and carries no value: of the node's word, only the proof is used.
    if Address::from(connect::address(&call.to)?) != vault
        || !["", "0"].contains(&call.value.as_str())
    {
        return Err(CliError::new(format!(
            "the node's call goes to {} with {} wei, not to the vault {}",
            call.to, call.value, vault
        )));
    }
    require_claim_of(&call.data, numbers)?;
    let receipt = wallet.execute(Call::to(vault, call.data)).await?;
    progress.finish_and_clear();
    let paid = paid(vault, &receipt.logs);
    output.object(&json!({
        "root_transaction": receipt.hash.to_string(), "root_block": receipt.block, "gas_used": receipt.gas_used,
        "epoch": prepared.epoch, "paid": paid,
    }));
    let mut unpaid = Vec::new();
    for number in numbers.iter().filter(|number| !paid.contains(number)) {
        // Somebody else may have carried it at the same moment.
        let withdrawal = get(connection, *number).await?;
        if !is_paid(&wallet, vault, &withdrawal).await? {
            unpaid.push(number);
        }
    }
    if !unpaid.is_empty() {
        return Err(CliError::new(format!(
            "withdrawals {unpaid:?} were not paid: their recipient does not take the money now, or it takes more gas than a batch gives; \
             they stay claimable, each alone too"
        )));
    }
    output.next("plasmid status");
    Ok(())
}

/// Whether calldata is a claim of these withdrawals and of nothing else.
fn require_claim_of(data: &[u8], numbers: &[u64]) -> Result<(), CliError> {
    let one = IVault::claimCall::abi_decode(data).map(|call| vec![call.withdrawal]);
    let many = || IVault::claimBatchCall::abi_decode(data).map(|call| call.withdrawals);
    let withdrawals = one.or_else(|_| many()).map_err(|error| {
        CliError::new(format!(
            "the node's calldata is no claim ({error}): nothing was sent"
        ))
    })?;
    let claimed: BTreeSet<u64> = withdrawals.iter().map(|one| one.number).collect();
    if claimed == numbers.iter().copied().collect() {
        return Ok(());
    }
    Err(CliError::new(format!(
        "the node's calldata claims withdrawals {claimed:?}, asked were {numbers:?}: nothing was sent"
    )))
}

/// The withdrawals that the Vault paid in a transaction.
fn paid(vault: Address, logs: &[Log]) -> Vec<u64> {
    let own = logs.iter().filter(|log| log.address == vault);
    own.filter_map(|log| {
        IVault::Claimed::decode_raw_log(log.topics.iter().copied(), &log.data).ok()
    })
    .map(|claimed| claimed.number)
    .collect()
}

async fn get(connection: &Connection, number: u64) -> Result<Withdrawal, CliError> {
    let mut client = connection.bridge().await?;
    let answer = client
        .get_withdrawal(GetWithdrawalRequest { number })
        .await?;
    answer
        .into_inner()
        .withdrawal
        .ok_or_else(|| CliError::new(format!("no withdrawal {number}")))
}

/// Whether root has paid it.
async fn is_paid(
    wallet: &Wallet,
    vault: Address,
    withdrawal: &Withdrawal,
) -> Result<bool, CliError> {
    let index = withdrawal.leaf_index;
    read(wallet, vault, IVault::claimedCall { index }).await
}

async fn wait_claimable(
    connection: &Connection,
    number: u64,
    wait: bool,
    progress: &indicatif::ProgressBar,
) -> Result<(), CliError> {
    loop {
        let withdrawal = get(connection, number).await?;
        if withdrawal.stage == WithdrawalStage::Claimable as i32 {
            return Ok(());
        }
        let left = match withdrawal.seconds_to_claim {
            Some(seconds) => format!("about {seconds} s until it can be claimed"),
            None => "its checkpoint waits for a message that was due to be consumed".to_owned(),
        };
        if !wait {
            return Err(CliError::new(format!(
                "withdrawal {number} cannot be claimed yet: {left}; without --no-wait this command waits"
            )));
        }
        progress.set_message(format!("withdrawal {number}: {left}"));
        tokio::time::sleep(POLL).await;
    }
}
