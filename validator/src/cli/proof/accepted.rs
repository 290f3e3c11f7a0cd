//! What RootChain has accepted, read from its events.

use alloy_primitives::Address;
use plasmid_bridge::{
    abi::IRootChain,
    client::{
        follower::view_call,
        rpc::{At, Rpc, RpcError},
    },
    relay::{
        acceptance::Acceptance,
        events::{self, ACCEPTANCE, Heard},
        seen::{Finality, Log, Which},
    },
};

use crate::cli::CliError;

/// Root blocks that are searched for an acceptance at a time, at most.
const MAX_RANGE: u64 = 2_000;

/// The acceptance of an epoch by a RootChain, searched backwards from the newest block that is final by this rule: at depth zero, the newest of all.
///
/// # Errors
/// When it has accepted none, or root could not be asked.
pub async fn accepted_by(
    rpc: &Rpc,
    address: Address,
    epoch: u64,
    finality: Finality,
) -> Result<Acceptance, CliError> {
    let id = view_call(rpc, address, IRootChain::deploymentCall {}, At::Latest).await?;
    let (which, depth) = match finality {
        Finality::Tag => (Which::Finalized, 0),
        Finality::Depth(depth) => (Which::Latest, u64::from(depth)),
    };
    let newest = rpc.block(which).await?;
    let newest = newest.and_then(|block| block.number.checked_sub(depth));
    let mut last = newest.ok_or_else(|| CliError::new("no block of root is final yet"))?;
    let mut range = MAX_RANGE;
    loop {
        let first = last.saturating_sub(range - 1);
        let logs = match rpc.logs(first, last, &[address], &[ACCEPTANCE]).await {
            // Too many blocks, or too many events, for this node at once.
            Err(
                RpcError::Refused { .. }
                | RpcError::TooLarge(_)
                | RpcError::Status(_)
                | RpcError::Unreachable(_),
            ) if range > 1 => {
                range /= 2;
                continue;
            }
            answer => answer?,
        };
        if let Some(found) = find(&logs, (address, id.0), epoch)? {
            return Ok(found);
        }
        if first == 0 {
            return Err(CliError::new(format!(
                "RootChain {address} has not accepted a checkpoint of epoch {epoch} up to root block {}",
                newest.unwrap_or_default()
            )));
        }
        last = first - 1;
    }
}

fn find(
    logs: &[Log],
    (address, deployment): (Address, [u8; 20]),
    epoch: u64,
) -> Result<Option<Acceptance>, CliError> {
    for log in logs {
        match events::decode(log, &deployment).map_err(CliError::new)? {
            Heard::Acceptance(found) if found.epoch == epoch && log.address == address => {
                return Ok(Some(*found));
            }
            _ => {}
        }
    }
    Ok(None)
}
