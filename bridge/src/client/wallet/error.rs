//! Why a transaction did not do what it was sent for.

use std::time::Duration;

use alloy_primitives::{Address, B256};

use crate::client::rpc::RpcError;

/// Said of a transaction whose bytes a node had. That it did not take them is its word alone.
const HELD: &str = "The node has the signed bytes and may still use them: look at that hash, at another node too, before you send the same again";

/// Why a transaction did not do what it was sent for. Wherever bytes may have left, the text names their hash and says what to do before the
/// same is sent again.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// The node could not be asked, and nothing was handed in.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// It would revert, so it was not sent and nothing was paid.
    #[error("nothing was sent, because the contract would refuse it: {0}")]
    WouldRevert(String),
    /// It was mined and reverted.
    #[error(
        "transaction {hash} was refused in block {block}: {reason}. It had no effect but its cost, so it may be sent again once the reason is gone"
    )]
    Reverted {
        /// The transaction.
        hash: B256,
        /// The block that it stands in.
        block: u64,
        /// What the contract said.
        reason: String,
    },
    /// It needs more gas than a transaction may have.
    #[error("it needs {needed} gas, and a transaction may have at most {cap}; nothing was sent")]
    GasCap {
        /// Gas estimated.
        needed: u64,
        /// Gas allowed.
        cap: u64,
    },
    /// The root chain is dearer than the policy allows.
    #[error(
        "the root chain asks for {needed} wei per gas, and this account offers at most {max}; nothing was sent: wait until the root chain is cheaper{}",
        raise(.option)
    )]
    TooDear {
        /// Wei per gas needed.
        needed: u128,
        /// Wei per gas allowed.
        max: u128,
        /// The option that allows more, where there is one.
        option: Option<&'static str>,
    },
    /// Nothing less than a higher tip would be taken.
    #[error(
        "the node wants a tip of {needed} wei per gas, and this account offers at most {max}; nothing more was sent: wait for what was sent before{}",
        raise(.option)
    )]
    TipTooHigh {
        /// Wei per gas needed.
        needed: u128,
        /// Wei per gas allowed.
        max: u128,
        /// The option that allows more, where there is one.
        option: Option<&'static str>,
    },
    /// The transaction costs more than the policy allows for one.
    #[error(
        "the transaction may cost {needed} wei, and this account spends at most {max} on one; nothing was sent: wait until the root chain is cheaper{}",
        raise(.option)
    )]
    TooCostly {
        /// Wei needed at most.
        needed: u128,
        /// Wei allowed.
        max: u128,
        /// The option that allows more, where there is one.
        option: Option<&'static str>,
    },
    /// The account cannot pay.
    #[error(
        "account {0} cannot pay for value and gas; nothing was sent: send it coin on the root chain"
    )]
    Poor(Address),
    /// The nonce is taken by a transaction that this wallet does not know, as the node says.
    #[error(
        "the node knows no transaction {hash}, and says that another transaction used nonce {nonce} of account {address} (does another process use the same key?). {HELD}"
    )]
    NonceTaken {
        /// The transaction.
        hash: B256,
        /// The account.
        address: Address,
        /// The nonce.
        nonce: u64,
    },
    /// A replacement offered too little.
    #[error(
        "the node did not take transaction {hash}: it wants a higher fee for nonce {nonce}, or holds another transaction with it. {HELD}"
    )]
    Underpriced {
        /// The transaction.
        hash: B256,
        /// The nonce.
        nonce: u64,
    },
    /// The node limits what a transaction may cost.
    #[error(
        "the node did not take transaction {hash}: {said}; wait until the root chain is cheaper, or use a node that allows more. {HELD}"
    )]
    OverNodeCap {
        /// The transaction.
        hash: B256,
        /// What the node said.
        said: String,
    },
    /// The node refused it when it was handed in, for another reason.
    #[error("the node did not take transaction {hash}: {said}. {HELD}")]
    NotTaken {
        /// The transaction.
        hash: B256,
        /// What the node said, or what that means.
        said: String,
    },
    /// The node is on another chain.
    #[error("the node is on root chain {seen}, and this account acts on root chain {expected}")]
    OtherChain {
        /// What was wanted.
        expected: u64,
        /// What the node says.
        seen: u64,
    },
    /// No receipt in time.
    #[error(
        "transaction {hash} was handed in, and after {waited:?} no receipt of it is known{}. It may still be mined: do not send it again before another transaction of the account has used nonce {nonce}; look at its hash meanwhile",
        last_trouble(.trouble)
    )]
    Lost {
        /// The last transaction sent for this nonce.
        hash: B256,
        /// Its nonce.
        nonce: u64,
        /// The time waited.
        waited: Duration,
        /// What the node said last instead of an answer.
        trouble: Option<String>,
    },
}

impl WalletError {
    /// The transaction whose bytes may have left, if there is one.
    #[must_use]
    pub fn hash(&self) -> Option<B256> {
        match self {
            Self::Reverted { hash, .. }
            | Self::NonceTaken { hash, .. }
            | Self::Underpriced { hash, .. }
            | Self::OverNodeCap { hash, .. }
            | Self::NotTaken { hash, .. }
            | Self::Lost { hash, .. } => Some(*hash),
            _ => None,
        }
    }

    /// Whether the same can be sent again without being done twice, and without a look at its hash before.
    #[must_use]
    pub fn may_repeat(&self) -> bool {
        self.hash().is_none() || matches!(self, Self::Reverted { .. })
    }
}

fn raise(option: &Option<&'static str>) -> String {
    option.map_or_else(String::new, |option| {
        format!(", or allow more with {option}")
    })
}

fn last_trouble(trouble: &Option<String>) -> String {
    trouble
        .as_ref()
        .map_or_else(String::new, |said| format!(" (the node last: {said})"))
}
