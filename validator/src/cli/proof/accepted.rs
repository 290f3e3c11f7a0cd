//! What RootChain has accepted, read from its events.

use alloy_primitives::Address;
use plasmid_bridge::{
    abi::IRootChain,
    client::{
        backwards::Backwards,
        follower::view_call,
        rpc::{At, Rpc},
    },
    relay::{
        acceptance::Acceptance,
        events::{self, ACCEPTANCE, Heard},
        seen::{Finality, Log, Which},
    },
};

use crate::cli::CliError;

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
    let first = view_call(rpc, address, IRootChain::genesisBlockCall {}, At::Latest).await?;
    let (which, depth) = match finality {
        Finality::Tag => (Which::Finalized, 0),
        Finality::Depth(depth) => (Which::Latest, u64::from(depth)),
    };
    let newest = rpc.block(which).await?;
    let newest = newest.and_then(|block| block.number.checked_sub(depth));
    let newest = newest.ok_or_else(|| CliError::new("no block of root is final yet"))?;
    let addresses = [address];
    let mut search = Backwards::new(rpc, &addresses, &[ACCEPTANCE], (first, newest));
    while let Some(logs) = search.look().await? {
        if let Some(found) = find(&logs, (address, id.0), epoch)? {
            return Ok(found);
        }
    }
    Err(CliError::new(format!(
        "RootChain {address} has not accepted a checkpoint of epoch {epoch} up to root block {newest}"
    )))
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
