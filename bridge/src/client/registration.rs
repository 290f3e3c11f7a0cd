//! Registrations once RootChain exists: an operator's keys with a bounty bond of their own, and what raises a bond.
//!
//! The genesis operators' are part of the [`ceremony`](super::ceremony).

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolEvent};

use super::ceremony::{CeremonyError, OperatorKeys, proof_of_possession};
use super::follower::view_call;
use super::rpc::{At, Call, Receipt, Rpc, RpcError};
use super::wallet::{Fees, Wallet};
use crate::abi::IRegistry;

/// What a registration of `operator` under this number is, with its bond of now; `None` if there is none.
///
/// # Errors
/// Why the node could not be asked, or what it refused.
pub async fn read(
    rpc: &Rpc,
    registry: Address,
    operator: Address,
    number: u64,
) -> Result<Option<IRegistry::Member>, RpcError> {
    let call = IRegistry::registrationOfCall { operator, number };
    let member = view_call(rpc, registry, call, At::Latest).await?;
    Ok((member.registration != 0).then_some(member))
}

/// The newest registration of `operator`, if it has one.
///
/// # Errors
/// As [`read`].
pub async fn newest(
    rpc: &Rpc,
    registry: Address,
    operator: Address,
) -> Result<Option<IRegistry::Member>, RpcError> {
    let call = IRegistry::newestOfCall { operator };
    let number = view_call(rpc, registry, call, At::Latest).await?;
    read(rpc, registry, operator, number).await
}

/// The call that registers the wallet's account with both keys and this bond. `value` is the bond and at least the Inbox's price; the
/// Registry gives back what is over.
///
/// # Errors
/// When the node does not answer with its chain's id, or the consensus key encodes no valid point of the curve.
pub async fn call(
    wallet: &Wallet,
    registry: Address,
    keys: &OperatorKeys,
    bond: u128,
    value: U256,
) -> Result<Call, CeremonyError> {
    let consensus_key = B256::from(keys.consensus_key());
    let chain_id = wallet.rpc().chain_id().await?;
    let possession = proof_of_possession(keys, chain_id, registry, wallet.address())
        .ok_or(CeremonyError::InvalidConsensusKey(consensus_key))?;
    let call = IRegistry::registerKeysCall {
        consensusKey: consensus_key,
        checkpointKey: Bytes::copy_from_slice(&keys.checkpoint_key()),
        possession,
        bond,
    };
    Ok(Call {
        value,
        ..Call::to(registry, call.abi_encode())
    })
}

/// Sends such a call with this gas and these fees, and gives the number of the registration too.
///
/// # Errors
/// [`CeremonyError::EventMissing`] when the transaction was mined, and the Registry emitted no event that it registered these keys.
pub async fn register(
    wallet: &Wallet,
    registry: Address,
    keys: &OperatorKeys,
    call: Call,
    (gas, fees): (u64, Fees),
) -> Result<(u64, Receipt), CeremonyError> {
    let sent = wallet.send_with(call, gas, fees).await?;
    let receipt = wallet.wait(sent).await?;
    let own = |event: &IRegistry::Registered| {
        event.operator == wallet.address() && event.consensusKey.0 == keys.consensus_key()
    };
    let event = said(&receipt, registry, own)?;
    Ok((event.registration, receipt))
}

/// Adds `amount` to the bond of a registration, one's own or another operator's, and gives what the bond is then.
///
/// # Errors
/// [`CeremonyError::EventMissing`] when the transaction was mined, and the Registry emitted no event that it raised this bond.
pub async fn top_up(
    wallet: &Wallet,
    registry: Address,
    operator: Address,
    registration: u64,
    amount: U256,
) -> Result<(U256, Receipt), CeremonyError> {
    let call = IRegistry::topUpCall {
        operator,
        registration,
    };
    let call = Call {
        value: amount,
        ..Call::to(registry, call.abi_encode())
    };
    let receipt = wallet.execute(call).await?;
    let own = |event: &IRegistry::BondRaised| {
        event.operator == operator && event.registration == registration && event.amount == amount
    };
    let event = said(&receipt, registry, own)?;
    Ok((event.bond, receipt))
}

/// The event by which `contract` says that it did what was asked.
pub(super) fn said<E: SolEvent>(
    receipt: &Receipt,
    contract: Address,
    is_own: impl Fn(&E) -> bool,
) -> Result<E, CeremonyError> {
    let logs = receipt.logs.iter().filter(|log| log.address == contract);
    let mut events = logs
        .filter_map(|log| E::decode_raw_log_validate(log.topics.iter().copied(), &log.data).ok());
    events.find(is_own).ok_or(CeremonyError::EventMissing {
        hash: receipt.hash,
        contract,
        event: E::SIGNATURE,
    })
}

#[cfg(test)]
mod tests;
