//! A checkpoint that root accepted, as the child and as root's own event tell it.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolEvent;
use plasmid_bridge::abi::IRootChain;
use plasmid_proto::bridge::v1::{Checkpoint, CheckpointStage, GetCheckpointRequest};

use crate::cli::{
    CliError,
    demo::people::{World, until},
};

/// Waits until root has accepted the checkpoint of an epoch, and the child knows it.
pub async fn accepted_checkpoint(world: &World, epoch: u64) -> Result<Checkpoint, CliError> {
    let what = format!("root has accepted checkpoint {epoch} (see relayer.log)");
    until(&what, async || {
        let request = GetCheckpointRequest { epoch };
        let answer = world.bridge().get_checkpoint(request).await;
        let checkpoint = answer
            .ok()
            .and_then(|answer| answer.into_inner().checkpoint);
        let is_accepted = |found: &Checkpoint| found.stage >= CheckpointStage::Accepted as i32;
        Ok(checkpoint.filter(is_accepted))
    })
    .await
}

/// What root's own event says of an accepted checkpoint, and the gas of its transaction.
pub struct CarriedCheckpoint {
    pub digest: B256,
    pub carrier: Address,
    /// Commitment of the set of the epoch after next.
    pub next_set: B256,
    /// Who signed it, a bit for each member of the set of the next epoch.
    pub signers: [B256; 2],
    pub gas: u64,
}

impl CarriedCheckpoint {
    /// Whether member `number` of the signing set signed.
    pub fn has_signed(&self, number: usize) -> bool {
        let [low, high] = &self.signers;
        let mut bytes = low.iter().chain(high);
        bytes
            .nth(number / 8)
            .is_some_and(|byte| byte >> (number % 8) & 1 == 1)
    }
}

pub async fn acceptance_event(world: &World, epoch: u64) -> Result<CarriedCheckpoint, CliError> {
    let root_chain = Address::from(world.domain.root_chain);
    let topics = serde_json::json!([
        IRootChain::CheckpointAccepted::SIGNATURE_HASH,
        B256::from(U256::from(epoch))
    ]);
    let filter = serde_json::json!([{ "address": root_chain, "fromBlock": "0x0", "toBlock": "latest", "topics": topics }]);
    let logs = world.rpc.read("eth_getLogs", filter).await?;
    let log = logs
        .get(0)
        .ok_or_else(|| CliError::new(format!("root has no event of checkpoint {epoch}")))?;
    let field = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let topics: Vec<B256> = log["topics"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|topic| field(topic).parse().ok())
        .collect();
    let data: Bytes = field(&log["data"])
        .parse()
        .map_err(|_| CliError::new("the event's data is not hex"))?;
    let event = IRootChain::CheckpointAccepted::decode_raw_log(topics, &data)
        .map_err(|error| CliError::new(error.to_string()))?;
    let hash = field(&log["transactionHash"])
        .parse()
        .map_err(|_| CliError::new("the event has no transaction"))?;
    let receipt = world
        .rpc
        .receipt(hash)
        .await?
        .ok_or_else(|| CliError::new("the event's transaction has no receipt"))?;
    Ok(CarriedCheckpoint {
        digest: event.digest,
        carrier: event.carrier,
        next_set: event.checkpoint.nextSet,
        signers: event.acceptance.signers,
        gas: receipt.gas_used,
    })
}
