//! The highest block that is believed to be a node's newest: what is signed expires some blocks behind it, so a node that named any other
//! would decide for how long the signature holds.

use std::time::{SystemTime, UNIX_EPOCH};

use alloy_primitives::Address;
use plasmid_bridge::{
    abi::IRootChain,
    client::{follower::view_call, rpc::At},
};

use crate::{
    cli::{
        CliError,
        connect::{Connection, Deployment},
    },
    client::Accepted,
};

/// By the checkpoints that root accepted, and by the time since.
///
/// # Errors
/// When root does not tell of them.
pub async fn highest(connection: &Connection, deployment: &Deployment) -> Result<u64, CliError> {
    accepted(connection, deployment).await.map_err(|error| {
        or_name_one(format!(
            "root does not say which checkpoints it has accepted, from which it follows how high the chain can be ({error})"
        ))
    })
}

/// The height that the child has passed for certain: the one that a node names, and no higher than the checkpoints that root has accepted; 0
/// when root does not answer. What was signed up to a height counts until that height is passed, and neither a node's word nor the time
/// that went by passes it.
pub async fn passed(connection: &Connection, deployment: &Deployment, told: u64) -> u64 {
    let covered = async {
        let (head, parameters) = head(connection, deployment).await?;
        let blocks = u64::from(parameters.epochBlocks);
        Ok::<_, CliError>(head.accepted.saturating_mul(blocks))
    };
    covered.await.map_or(0, |covered| told.min(covered))
}

/// How many messages of the inbox the child has consumed for certain, by the checkpoints that root has accepted; 0 when root does not answer.
pub async fn consumed(connection: &Connection, deployment: &Deployment) -> u64 {
    let head = head(connection, deployment).await;
    head.map_or(0, |(head, _)| head.inboxCursor)
}

/// What RootChain says of the checkpoints that it has accepted, and its parameters.
async fn head(
    connection: &Connection,
    deployment: &Deployment,
) -> Result<(IRootChain::Head, IRootChain::Parameters), CliError> {
    let root = connection.root()?;
    let at = Address::from(deployment.domain.root_chain);
    let head = view_call(&root, at, IRootChain::headCall {}, At::Latest).await?;
    let parameters = view_call(&root, at, IRootChain::parametersCall {}, At::Latest).await?;
    Ok((head, parameters))
}

async fn accepted(connection: &Connection, deployment: &Deployment) -> Result<u64, CliError> {
    let (head, parameters) = head(connection, deployment).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_err(|error| CliError::new(error.to_string()))?;
    let accepted = Accepted {
        checkpoints: head.accepted,
        last_block_time: head.lastBlockTime,
        epoch_blocks: parameters.epochBlocks,
        epoch_min_secs: parameters.epochMinSecs,
    };
    Ok(accepted.highest_tip(now.as_secs()))
}

/// The same error with what a person can do about it.
pub fn or_name_one(error: impl std::fmt::Display) -> CliError {
    CliError::new(format!(
        "{error}; name the last height at which the transaction may stand in a block with --valid-until, if you know it"
    ))
}
