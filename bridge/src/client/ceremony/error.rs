//! Why the ceremony cannot go on.

use std::time::Duration;

use alloy_primitives::{Address, B256};

use crate::abi::DEPLOYMENT_PROXY;
use crate::client::endpoints::EndpointsError;
use crate::client::rpc::RpcError;
use crate::client::wallet::WalletError;

/// Why the ceremony cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum CeremonyError {
    /// The node could not be asked.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// Endpoints could not be asked, or do not say the same.
    #[error(transparent)]
    Endpoints(#[from] EndpointsError),
    /// What follows came after transactions that are mined.
    #[error(
        "{source}. These transactions of this command are mined: {}; what they made is not made again when the command is repeated",
        list(.hashes)
    )]
    AfterMined {
        /// The transactions.
        hashes: Vec<B256>,
        /// What then went wrong.
        source: Box<CeremonyError>,
    },
    /// A transaction is mined, and the contract did not do what it was sent for.
    #[error(
        "transaction {hash} is mined, and {contract} emitted no {event} in it: was the root chain reorganised? Look at that \
         transaction before anything is sent again; coin that it carried is at that address"
    )]
    EventMissing {
        /// The transaction.
        hash: B256,
        /// Where it was sent.
        contract: Address,
        /// What should have been emitted.
        event: &'static str,
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
    /// The consensus key cannot be used.
    #[error(
        "the consensus key {0} cannot be used: the key, or its signature, encodes no valid point of the Ed25519 curve"
    )]
    InvalidConsensusKey(B256),
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
    #[error("after {waited:?} this is still not so: {what}; {newest}. Run the command again later")]
    NotFinal {
        /// What was waited for.
        what: String,
        /// How far finality is, in words.
        newest: String,
        /// How long was waited.
        waited: Duration,
    },
}

impl CeremonyError {
    /// This error, with the transactions that were mined before it.
    #[must_use]
    pub fn after(self, hashes: &[B256]) -> Self {
        if hashes.is_empty() {
            return self;
        }
        Self::AfterMined {
            hashes: hashes.to_vec(),
            source: Box::new(self),
        }
    }
}

fn list(hashes: &[B256]) -> String {
    let texts: Vec<_> = hashes.iter().map(B256::to_string).collect();
    texts.join(", ")
}
