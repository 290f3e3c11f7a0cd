//! Why the ceremony cannot go on.

use std::time::Duration;

use alloy_primitives::{Address, B256};

use crate::abi::DEPLOYMENT_PROXY;
use crate::client::rpc::RpcError;
use crate::client::wallet::WalletError;

/// Why the ceremony cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum CeremonyError {
    /// The node could not be asked.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// A transaction is mined, and what it made could not be looked at.
    #[error(
        "transaction {hash} is mined, and its result could not be looked at: {source}. Repeat the command: what is there already is not made again"
    )]
    Unseen {
        /// The transaction.
        hash: B256,
        /// What the node said.
        source: RpcError,
    },
    /// A transaction did not do what it was sent for.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// The root chain lacks the proxy.
    #[error(
        "root chain {0} has no deployment proxy at {DEPLOYMENT_PROXY}; send it there first (github.com/Arachnid/deterministic-deployment-proxy)"
    )]
    NoProxy(u64),
    /// A deployment left no code.
    #[error("{name} was deployed, and there is no code at {address}")]
    NoCode {
        /// Which contract.
        name: &'static str,
        /// Where it should be.
        address: Address,
    },
    /// The Registry is not what this plan gives.
    #[error(
        "a Registry with these operators, codes and terms is at {expected}, not at {given}: do not send stake there"
    )]
    OtherRegistry {
        /// By the plan.
        expected: Address,
        /// As told.
        given: Address,
    },
    /// A key is no key.
    #[error("consensus key {0}, or what it signs, encodes no point of the curve")]
    NoPoint(B256),
    /// RootChain does not exist.
    #[error("Registry {0} has not created RootChain yet")]
    NotCreated(Address),
    /// RootChain's own id differs from what its fields give.
    #[error("RootChain says that its deployment id is {said}, and its fields give {computed}")]
    OtherId {
        /// What it says.
        said: String,
        /// What its fields give.
        computed: String,
    },
    /// The block before RootChain's is another one than RootChain saw.
    #[error(
        "RootChain was made on a parent {said}, and block {block} is {seen} now: the root chain was reorganised; look again when it is final"
    )]
    OtherParent {
        /// The block before.
        block: u64,
        /// What RootChain saw.
        said: B256,
        /// What the node says.
        seen: B256,
    },
    /// Finality did not come.
    #[error("root block {block} is not final after {waited:?}; final is {reached:?}")]
    NotFinal {
        /// Which one.
        block: u64,
        /// The newest one that is final, or `None` if the node knows of none.
        reached: Option<u64>,
        /// How long was waited.
        waited: Duration,
    },
}
