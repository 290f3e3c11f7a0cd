//! `plasmid query` and `plasmid status`: reads.

use clap::Subcommand;
use plasmid_proto::{
    bridge::v1::{
        CheckpointStage, GetCheckpointRequest, GetWithdrawalRequest, ListCheckpointsRequest,
        ListWithdrawalsRequest, WithdrawalStage,
    },
    chain::v1::{GetBlockRequest, GetParametersRequest, ListValidatorsRequest},
    ledger::v1::{
        GetAccountRequest, GetTransactionRequest, ListBalancesRequest, ListTokensRequest,
        QuoteFeeRequest, get_transaction_request,
    },
};
use serde_json::{Value, json};

use super::{CliError, amount, connect::Connection, keys::KeyOptions, output::Output, tx};

/// Reads of the child chain.
#[derive(Debug, Subcommand)]
pub enum QueryCommand {
    /// Balance, sequence and payout address of an account.
    Account {
        /// The account, or the name of one of your keys.
        account: String,
    },
    /// Balances of an account in every token.
    Balances {
        /// The account, or the name of one of your keys.
        account: String,
    },
    /// The token registry.
    Tokens,
    /// A block's commitment.
    Block {
        /// Its height; the tip when absent.
        height: Option<u64>,
    },
    /// Where a transaction stands.
    Tx {
        /// Engine hash or EIP-712 digest, in hex.
        id: String,
    },
    /// The validator set of an epoch.
    Validators {
        /// The epoch; the tip's when absent.
        #[arg(long)]
        epoch: Option<u64>,
    },
    /// A checkpoint.
    Checkpoint {
        /// Its epoch.
        epoch: u64,
    },
    /// The newest checkpoints.
    Checkpoints,
    /// A withdrawal.
    Withdrawal {
        /// Its number.
        number: u64,
    },
    /// Withdrawals, newest last.
    Withdrawals {
        /// Recipient on root; all when absent.
        #[arg(long, default_value = "")]
        recipient: String,
    },
    /// The least fee of a transaction of this shape.
    Fee {
        /// Length of the transaction in bytes.
        #[arg(long, default_value_t = 264)]
        length: u32,
        /// Leaves that it makes.
        #[arg(long, default_value_t = 0)]
        leaves: u32,
    },
    /// The deployment's parameters.
    Parameters,
}

/// Runs `plasmid query …`.
///
/// # Errors
/// What the node said.
pub async fn run(
    command: QueryCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    match command {
        QueryCommand::Account { account } => {
            let account = tx::account(&account, keys)?.to_string();
            let account = connection
                .accounts()
                .await?
                .get_account(GetAccountRequest { account })
                .await?
                .into_inner();
            output.object(&json!({
                "account": account.account, "balance": account.balance, "sequence": account.sequence,
                "payout": account.payout, "exists": account.exists, "height": account.height,
            }));
        }
        QueryCommand::Balances { account } => {
            balances(connection, output, tx::account(&account, keys)?.to_string()).await?;
        }
        QueryCommand::Tokens => tokens(connection, output).await?,
        QueryCommand::Block { height } => block(connection, output, height.unwrap_or(0)).await?,
        QueryCommand::Tx { id } => transaction(connection, output, &id).await?,
        QueryCommand::Validators { epoch } => validators(connection, output, epoch).await?,
        QueryCommand::Checkpoint { epoch } => {
            let answer = connection
                .bridge()
                .await?
                .get_checkpoint(GetCheckpointRequest { epoch })
                .await?
                .into_inner();
            output.object(
                &answer
                    .checkpoint
                    .as_ref()
                    .map(checkpoint)
                    .unwrap_or_default(),
            );
        }
        QueryCommand::Checkpoints => {
            let answer = connection
                .bridge()
                .await?
                .list_checkpoints(ListCheckpointsRequest::default())
                .await?
                .into_inner();
            let rows: Vec<Value> = answer.checkpoints.iter().map(checkpoint).collect();
            output.rows(
                "checkpoints",
                &[
                    "epoch",
                    "stage",
                    "digest",
                    "inbox_cursor",
                    "signed_power",
                    "total_power",
                ],
                &rows,
            );
        }
        QueryCommand::Withdrawal { number } => {
            let answer = connection
                .bridge()
                .await?
                .get_withdrawal(GetWithdrawalRequest { number })
                .await?
                .into_inner();
            output.object(
                &answer
                    .withdrawal
                    .as_ref()
                    .map(withdrawal)
                    .unwrap_or_default(),
            );
        }
        QueryCommand::Withdrawals { recipient } => {
            let request = ListWithdrawalsRequest {
                recipient,
                page_size: 100,
                page_token: String::new(),
            };
            let answer = connection
                .bridge()
                .await?
                .list_withdrawals(request)
                .await?
                .into_inner();
            let rows: Vec<Value> = answer.withdrawals.iter().map(withdrawal).collect();
            output.rows(
                "withdrawals",
                &[
                    "number",
                    "recipient",
                    "token",
                    "amount",
                    "stage",
                    "seconds_to_claim",
                ],
                &rows,
            );
        }
        QueryCommand::Fee { length, leaves } => {
            let request = QuoteFeeRequest {
                length,
                leaves_made: leaves,
            };
            let quote = connection
                .transactions()
                .await?
                .quote_fee(request)
                .await?
                .into_inner();
            output.object(&json!({
                "minimum_fee": quote.minimum_fee, "suggested_fee": quote.suggested_fee, "base_fee": quote.base_fee,
                "byte_fee": quote.byte_fee, "leaf_price": quote.leaf_price, "height": quote.height,
            }));
        }
        QueryCommand::Parameters => {
            let answer = connection
                .chain()
                .await?
                .get_parameters(GetParametersRequest {})
                .await?
                .into_inner();
            let rows: Vec<Value> = answer
                .parameters
                .iter()
                .map(|p| json!({ "name": p.name, "value": p.value }))
                .collect();
            output.rows("parameters", &["name", "value"], &rows);
        }
    }
    Ok(())
}

/// Runs `plasmid status`.
///
/// # Errors
/// What the node said.
pub async fn status(connection: &Connection, output: Output) -> Result<(), CliError> {
    let status = connection.status().await?;
    output.object(&json!({
        "chain_id": status.chain_id,
        "version": status.version,
        "height": status.height,
        "app_hash": hex::encode(&status.app_hash),
        "durable_height": status.durable_height,
        "epoch": status.epoch,
        "leaf_count": status.leaf_count,
        "root_chain_id": status.root_chain_id,
        "root_height": status.root_height,
        "root_healthy": status.root_healthy,
        "inbox_cursor": status.inbox_cursor,
        "inbox_seen": status.inbox_seen,
        "checkpoints_accepted": status.checkpoints_accepted,
        "checkpoints_final": status.checkpoints_final,
        "mempool_transactions": status.mempool_transactions,
        "registry": status.registry,
        "inbox": status.inbox,
        "vault": status.vault,
        "root_chain": status.root_chain,
    }));
    Ok(())
}

async fn balances(
    connection: &Connection,
    output: Output,
    account: String,
) -> Result<(), CliError> {
    let request = ListBalancesRequest {
        account,
        page_size: 1_000,
        page_token: String::new(),
    };
    let answer = connection
        .accounts()
        .await?
        .list_balances(request)
        .await?
        .into_inner();
    let rows: Vec<Value> = answer
        .balances
        .iter()
        .map(|balance| {
            let coins = balance.amount.parse().map(|base| amount::show(base, balance.decimals)).unwrap_or_default();
            json!({ "symbol": balance.symbol, "amount": coins, "base_units": balance.amount, "token": balance.token })
        })
        .collect();
    output.rows(
        "balances",
        &["symbol", "amount", "base_units", "token"],
        &rows,
    );
    Ok(())
}

async fn tokens(connection: &Connection, output: Output) -> Result<(), CliError> {
    let request = ListTokensRequest {
        page_size: 1_000,
        page_token: String::new(),
    };
    let answer = connection
        .accounts()
        .await?
        .list_tokens(request)
        .await?
        .into_inner();
    let rows: Vec<Value> = answer
        .tokens
        .iter()
        .map(|t| json!({ "symbol": t.symbol, "decimals": t.decimals, "token": t.token, "credited": t.credited, "withdrawn": t.withdrawn }))
        .collect();
    output.rows(
        "tokens",
        &["symbol", "decimals", "token", "credited", "withdrawn"],
        &rows,
    );
    Ok(())
}

async fn block(connection: &Connection, output: Output, height: u64) -> Result<(), CliError> {
    let block = connection
        .chain()
        .await?
        .get_block(GetBlockRequest { height })
        .await?
        .into_inner();
    output.object(&json!({
        "height": block.height,
        "time": block.time,
        "app_hash": hex::encode(block.app_hash),
        "block_hash": hex::encode(block.block_hash),
        "witness_hash": hex::encode(block.witness_hash),
        "state_root_before": hex::encode(block.state_root_before),
        "state_root_after": hex::encode(block.state_root_after),
        "segments_root": hex::encode(block.segments_root),
        "rules": block.rules,
    }));
    Ok(())
}

async fn transaction(connection: &Connection, output: Output, id: &str) -> Result<(), CliError> {
    let bytes = hex::decode(id.trim_start_matches("0x"))
        .map_err(|error| CliError::new(format!("{id:?} is not hex: {error}")))?;
    if bytes.len() != 32 {
        return Err(CliError::new(format!(
            "a hash has 32 bytes; {id:?} has {}",
            bytes.len()
        )));
    }
    let mut client = connection.transactions().await?;
    let by_hash = GetTransactionRequest {
        id: Some(get_transaction_request::Id::Hash(bytes.clone())),
    };
    let mut answer = client.get_transaction(by_hash).await;
    if answer
        .as_ref()
        .is_err_and(|status| status.code() == tonic::Code::NotFound)
    {
        let by_digest = GetTransactionRequest {
            id: Some(get_transaction_request::Id::Digest(bytes)),
        };
        answer = client.get_transaction(by_digest).await;
    }
    output.object(
        &answer?
            .into_inner()
            .status
            .as_ref()
            .map(tx::shown)
            .unwrap_or_default(),
    );
    Ok(())
}

async fn validators(
    connection: &Connection,
    output: Output,
    epoch: Option<u64>,
) -> Result<(), CliError> {
    let answer = connection
        .chain()
        .await?
        .list_validators(ListValidatorsRequest { epoch })
        .await?
        .into_inner();
    let rows: Vec<Value> = answer
        .validators
        .iter()
        .map(|v| {
            json!({
                "seat": v.seat, "operator": v.operator, "registration": v.registration, "power": v.power, "present": v.present,
                "consensus_key": hex::encode(&v.consensus_key), "consensus_address": hex::encode(&v.consensus_address),
            })
        })
        .collect();
    output.rows(
        "validators",
        &["seat", "operator", "power", "present", "consensus_address"],
        &rows,
    );
    output.say(&format!(
        "epoch {}, total power {}, commitment {}",
        answer.epoch,
        answer.total_power,
        hex::encode(answer.commitment)
    ));
    Ok(())
}

/// A checkpoint as it is printed.
fn checkpoint(checkpoint: &plasmid_proto::bridge::v1::Checkpoint) -> Value {
    let stage = CheckpointStage::try_from(checkpoint.stage)
        .unwrap_or(CheckpointStage::Unspecified)
        .as_str_name();
    json!({
        "epoch": checkpoint.epoch,
        "stage": stage.trim_start_matches("CHECKPOINT_STAGE_").to_lowercase(),
        "digest": hex::encode(&checkpoint.digest),
        "last_block_time": checkpoint.last_block_time,
        "blocks_root": hex::encode(&checkpoint.blocks_root),
        "state_root": hex::encode(&checkpoint.state_root),
        "inbox_cursor": checkpoint.inbox_cursor,
        "inbox_hash": hex::encode(&checkpoint.inbox_hash),
        "next_set": hex::encode(&checkpoint.next_set),
        "relayer": checkpoint.relayer,
        "previous": hex::encode(&checkpoint.previous),
        "signed_power": checkpoint.signed_power,
        "total_power": checkpoint.total_power,
        "accepted_at": checkpoint.accepted_at,
        "final_at": checkpoint.final_at,
    })
}

fn withdrawal(withdrawal: &plasmid_proto::bridge::v1::Withdrawal) -> Value {
    let stage = WithdrawalStage::try_from(withdrawal.stage)
        .unwrap_or(WithdrawalStage::Unspecified)
        .as_str_name();
    json!({
        "number": withdrawal.number,
        "recipient": withdrawal.recipient,
        "token": withdrawal.token,
        "amount": withdrawal.amount,
        "stage": stage.trim_start_matches("WITHDRAWAL_STAGE_").to_lowercase(),
        "seconds_to_claim": withdrawal.seconds_to_claim,
    })
}
