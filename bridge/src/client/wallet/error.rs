//! Why a transaction did not do what it was sent for.

use std::time::Duration;

use alloy_primitives::{Address, B256};

use crate::client::rpc::RpcError;

/// Why a transaction did not do what it was sent for.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// The node could not be asked.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// It would revert, so it was not sent and nothing was paid.
    #[error("not sent, because it would be refused: {0}")]
    WouldRevert(String),
    /// It was mined and reverted.
    #[error("transaction {hash} was refused in block {block}: {reason}")]
    Reverted {
        /// The transaction.
        hash: B256,
        /// The block that it stands in.
        block: u64,
        /// What the contract said.
        reason: String,
    },
    /// It needs more gas than a transaction may have.
    #[error("it needs {needed} gas, and a transaction may have at most {cap}")]
    GasCap {
        /// Gas estimated.
        needed: u64,
        /// Gas allowed.
        cap: u64,
    },
    /// The root chain is dearer than the policy allows.
    #[error(
        "the root chain asks for {needed} wei per gas, and at most {most} were allowed; wait, or allow more"
    )]
    TooDear {
        /// Wei per gas needed.
        needed: u128,
        /// Wei per gas allowed.
        most: u128,
    },
    /// The account cannot pay.
    #[error("account {0} cannot pay for value and gas; send it coin on the root chain")]
    Poor(Address),
    /// The nonce is taken by a transaction that this wallet does not know.
    #[error(
        "nonce {nonce} of account {address} was used by another transaction; does another process use the same key?"
    )]
    NonceTaken {
        /// The account.
        address: Address,
        /// The nonce.
        nonce: u64,
    },
    /// A replacement offered too little.
    #[error("the node holds a transaction with nonce {0} and wants a higher fee to replace it")]
    Underpriced(u64),
    /// The node is on another chain.
    #[error("the node is on root chain {seen}, and this account acts on root chain {expected}")]
    OtherChain {
        /// What was wanted.
        expected: u64,
        /// What the node says.
        seen: u64,
    },
    /// No receipt in time.
    #[error("transaction {hash} stands in no block after {waited:?}")]
    Lost {
        /// The last transaction sent for this nonce.
        hash: B256,
        /// The time waited.
        waited: Duration,
    },
}
