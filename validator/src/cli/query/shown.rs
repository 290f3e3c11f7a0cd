//! What a node answers, as it is printed: one function for each kind of object.

use plasmid_bridge::relay::outbox::Missing;
use plasmid_proto::{
    bridge::v1::{Checkpoint, CheckpointStage, Withdrawal, WithdrawalStage},
    chain::v1::{
        AwaitedCheckpoint, GetBlockResponse, GetStatusResponse, ListValidatorsResponse, Parameter,
        Validator,
    },
    ledger::v1::{Balance, GetAccountResponse, QuoteFeeResponse, Token},
};
use serde_json::{Value, json};

use crate::{
    cli::{amount, relay},
    ledger::Account,
};

pub(super) fn account(account: &Account, found: &GetAccountResponse) -> Value {
    json!({
        "account": account.to_string(), "balance": found.balance, "sequence": found.sequence, "next_sequence": found.next_sequence,
        "payout": found.payout, "exists": found.exists, "height": found.height,
    })
}

pub(super) fn balance(balance: &Balance) -> Value {
    let coins = balance.amount.parse();
    let coins = coins.map(|base| amount::show(base, balance.decimals));
    json!({
        "symbol": balance.symbol, "amount": coins.unwrap_or_default(), "base_units": balance.amount, "token": balance.token,
    })
}

pub(super) fn token(token: &Token) -> Value {
    json!({
        "symbol": token.symbol, "decimals": token.decimals, "token": token.token, "credited": token.credited,
        "withdrawn": token.withdrawn,
    })
}

pub(super) fn quote(quote: &QuoteFeeResponse) -> Value {
    json!({
        "minimum_fee": quote.minimum_fee, "suggested_fee": quote.suggested_fee, "base_fee": quote.base_fee,
        "byte_fee": quote.byte_fee, "leaf_price": quote.leaf_price, "height": quote.height,
    })
}

pub(super) fn parameter(parameter: &Parameter) -> Value {
    json!({ "name": parameter.name, "value": parameter.value })
}

/// Without the checkpoint that root waits for.
pub(super) fn status(status: &GetStatusResponse) -> Value {
    json!({
        "chain_id": status.chain_id,
        "version": status.version,
        "height": status.height,
        "app_hash": hex::encode(&status.app_hash),
        "durable_height": status.durable_height,
        "height_stands_secs": status.height_stands_secs,
        "epoch": status.epoch,
        "leaf_count": status.leaf_count,
        "past_epochs": status.past_epochs,
        "past_leaves": status.past_leaves,
        "past_epochs_on_disk": status.past_epochs_on_disk,
        "past_leaves_on_disk": status.past_leaves_on_disk,
        "root_chain_id": status.root_chain_id,
        "root_height": status.root_height,
        "root_healthy": status.root_healthy,
        "root_trouble": status.root_trouble,
        "root_silent_secs": status.root_silent_secs,
        "troubles": status.troubles,
        "inbox_cursor": status.inbox_cursor,
        "inbox_seen": status.inbox_seen,
        "checkpoints_accepted": status.checkpoints_accepted,
        "checkpoints_final": status.checkpoints_final,
        "mempool_transactions": status.mempool_transactions,
        "registry": status.registry,
        "inbox": status.inbox,
        "vault": status.vault,
        "root_chain": status.root_chain,
    })
}

/// The status for programs, with the checkpoint that root waits for, if it waits for one.
pub(super) fn whole_status(
    found: &GetStatusResponse,
    waits: Option<&(&AwaitedCheckpoint, Vec<Missing>)>,
) -> Value {
    let mut object = status(found);
    object["checkpoint_awaited"] = json!(waits.map(awaited));
    object
}

/// The checkpoint that root waits for, and whose shares are missing.
pub(super) fn awaited((awaited, missing): &(&AwaitedCheckpoint, Vec<Missing>)) -> Value {
    json!({
        "epoch": awaited.epoch,
        "signed_power": awaited.signed_power,
        "total_power": awaited.total_power,
        "missing": relay::objects(missing),
    })
}

pub(super) fn block(block: &GetBlockResponse) -> Value {
    json!({
        "height": block.height,
        "time": block.time,
        "app_hash": hex::encode(&block.app_hash),
        "block_hash": hex::encode(&block.block_hash),
        "witness_hash": hex::encode(&block.witness_hash),
        "state_root_before": hex::encode(&block.state_root_before),
        "state_root_after": hex::encode(&block.state_root_after),
        "segments_root": hex::encode(&block.segments_root),
        "rules": block.rules,
    })
}

pub(super) fn validator(validator: &Validator) -> Value {
    json!({
        "seat": validator.seat, "operator": validator.operator, "registration": validator.registration, "power": validator.power,
        "present": validator.present, "consensus_key": hex::encode(&validator.consensus_key),
        "consensus_address": hex::encode(&validator.consensus_address),
    })
}

/// The whole set, with the rows of its members.
pub(super) fn validators(answer: &ListValidatorsResponse, rows: &[Value]) -> Value {
    json!({
        "epoch": answer.epoch, "total_power": answer.total_power, "commitment": hex::encode(&answer.commitment), "validators": rows,
    })
}

pub(super) fn checkpoint(checkpoint: &Checkpoint) -> Value {
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
        "inbox_link": hex::encode(&checkpoint.inbox_link),
        "next_set": hex::encode(&checkpoint.next_set),
        "relayer": checkpoint.relayer,
        "previous": hex::encode(&checkpoint.previous),
        "signed_power": checkpoint.signed_power,
        "total_power": checkpoint.total_power,
        "accepted_at": checkpoint.accepted_at,
        "final_at": checkpoint.final_at,
    })
}

/// `paid` is none where nobody can say.
pub(super) fn withdrawal(withdrawal: &Withdrawal, paid: Option<bool>) -> Value {
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
        "leaf_index": withdrawal.leaf_index,
        "paid": paid,
        "paid_by": paid.map(|_| "root, about the leaf that the node names"),
    })
}

#[cfg(test)]
mod tests;
